#include "packet/lookup.h"

#include "base/near.h"

static bool same(const char *name, size_t len, const char *full)
{
	return !strncmp(name, full, len) && !full[len];
}

/* "tcp.dport": the header's name, a dot, the short name of the field. */
static bool aliased(const char *name, size_t len, unsigned shape, const char *alias)
{
	size_t n = strlen(sonde_shapes[shape].name);

	return len > n && !memcmp(name, sonde_shapes[shape].name, n) && name[n] == '.' &&
	       same(name + n + 1, len - n - 1, alias);
}

static void add(struct sonde_lookup *l, uint16_t row)
{
	for (unsigned i = 0; i < l->rows; i++)
		if (l->row[i] == row)
			return;
	if (l->rows < SONDE_LOOKUP_ROWS)
		l->row[l->rows++] = row;
}

bool sonde_lookup(struct sonde_lookup *ret, const char *name, size_t len,
		  const struct sonde_schema *beside)
{
	struct sonde_lookup l = { .rows = 0 };

	for (uint16_t i = 0; i < SONDE_ROWS; i++) {
		const struct sonde_row *r = &sonde_rows[i];

		if (same(name, len, r->name) || aliased(name, len, r->shape, r->alias))
			add(&l, i);
	}
	for (const struct sonde_either *e = sonde_eithers; e->name; e++)
		if (same(name, len, e->name) || aliased(name, len, e->shape, e->alias)) {
			add(&l, e->a);
			add(&l, e->b);
		}
	for (unsigned i = 1; i < SONDE_SHAPES && !l.rows; i++)
		if (same(name, len, sonde_shapes[i].name))
			l.shape = i;
	for (size_t i = 0; beside && i < beside->n; i++)
		if (same(name, len, beside->column[i].name))
			l.column = &beside->column[i];
	if (!l.rows && !l.shape && !l.column)
		return false;
	*ret = l;
	return true;
}

struct nearest {
	const char *name, *best;
	size_t len;
	unsigned far;
};

static void try(struct nearest *n, const char *candidate)
{
	unsigned d = sonde_near(n->name, n->len, candidate, n->far - 1);

	if (d < n->far) {
		n->far = d;
		n->best = candidate;
	}
}

const char *sonde_lookup_nearest(const char *name, size_t len, const struct sonde_schema *beside)
{
	struct nearest n = { name, NULL, len, (unsigned)(len / 3 < 4 ? len / 3 : 4) + 1 };

	for (unsigned i = 0; i < SONDE_ROWS && n.far; i++)
		try(&n, sonde_rows[i].name);
	for (const struct sonde_either *e = sonde_eithers; e->name; e++)
		try(&n, e->name);
	for (unsigned i = 1; i < SONDE_SHAPES && n.far; i++)
		try(&n, sonde_shapes[i].name);
	for (size_t i = 0; beside && i < beside->n; i++)
		try(&n, beside->column[i].name);
	return n.best;
}
