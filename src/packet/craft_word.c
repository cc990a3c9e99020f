#include "packet/craft_inside.h"

#include "base/near.h"

static char plain(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
}

static bool is_filler(char c)
{
	return c == '_' || c == '-' || c == ' ' || c == '.';
}

/* "sack_ok" is "sackOK": neither case nor what joins words counts. */
static bool same(const char *name, size_t len, const char *full)
{
	const char *end = name + len;

	for (;; name++, full++) {
		while (name < end && is_filler(*name))
			name++;
		while (is_filler(*full))
			full++;
		if (name == end || !*full)
			return name == end && !*full;
		if (plain(*name) != plain(*full))
			return false;
	}
}

static bool exactly(const char *name, size_t len, const char *full)
{
	return !strncmp(name, full, len) && !full[len];
}

/* What is left of a shape's name behind that of another, or NULL. */
static const char *behind(enum sonde_shape shape, enum sonde_shape outer)
{
	const char *name = sonde_shapes[shape].name, *prefix = sonde_shapes[outer].name;
	size_t n = strlen(prefix);

	return !strncmp(name, prefix, n) && name[n] == '_' ? name + n + 1 : NULL;
}

/* What is left of it behind the first word, where that is the outer one's too: "source" of
 * nd_source in nd_ns. */
static const char *beside(enum sonde_shape shape, enum sonde_shape outer)
{
	const char *name = sonde_shapes[shape].name;
	size_t n = strcspn(name, "_");

	return name[n] && !strncmp(name, sonde_shapes[outer].name, n + 1) ? name + n + 1 : NULL;
}

static bool is_row(enum sonde_shape shape, const struct sonde_row *r, const char *name, size_t len)
{
	size_t n = strlen(sonde_shapes[shape].name);

	return exactly(name, len, r->alias) || exactly(name, len, r->name) ||
	       (!strncmp(r->name, sonde_shapes[shape].name, n) && r->name[n] == '.' &&
		exactly(name, len, r->name + n + 1)) ||
	       (exactly(name, len, "sum") && !strcmp(r->alias, "checksum"));
}

static bool find_row(struct sonde_craft_word *w, enum sonde_shape within, const char *name,
		     size_t len)
{
	const struct sonde_shape_info *s = &sonde_shapes[within];

	for (uint16_t i = s->row; i < s->row + s->rows; i++) {
		const struct sonde_row *r = &sonde_rows[i];

		if (!is_row(within, r, name, len))
			continue;
		w->row = i;
		w->is = r->bits			 ? SONDE_CRAFT_IS_FIELD
			: sonde_craft_is_rest(r) ? SONDE_CRAFT_IS_REST
						 : SONDE_CRAFT_IS_TOLD;
		if (r->bits)
			return true;
	}
	return w->is;
}

/* Whether a shape can stand inside of another: an option of its family, what repeats in it, or a
 * piece that a flag of it tells of. */
static bool belongs(enum sonde_shape within, enum sonde_shape shape)
{
	const struct sonde_shape_info *s = &sonde_shapes[within];

	if (shape < SONDE_PROTOCOLS)
		return false;
	if (shape == s->each ||
	    (within < SONDE_PROTOCOLS && s->family && sonde_shapes[shape].family == s->family))
		return true;
	if (within == SONDE_ipv6_routing && sonde_shapes[shape].family == SONDE_FAMILY_srhopt)
		return true;
	for (unsigned i = s->row; s->pieces && i < (unsigned)s->row + s->rows; i++)
		if (sonde_rows[i].role == SONDE_ROLE_HAS && sonde_rows[i].arg == shape)
			return true;
	return false;
}

/* How well a name fits an option: 0 is its own, 1 without that of what it stands in, 2 its title;
 * 3 not at all. */
static unsigned fit(enum sonde_shape header, enum sonde_shape within, enum sonde_shape shape,
		    const char *name, size_t len)
{
	const char *less[] = { behind(shape, within), behind(shape, header),
			       beside(shape, header) };

	if (same(name, len, sonde_shapes[shape].name))
		return 0;
	for (unsigned i = 0; i < sizeof less / sizeof *less; i++)
		if (less[i] && same(name, len, less[i]))
			return 1;
	return same(name, len, sonde_shapes[shape].title) ? 2 : 3;
}

static void find_option(struct sonde_craft_word *w, enum sonde_shape header,
			enum sonde_shape within, const char *name, size_t len)
{
	unsigned best = 3;

	for (unsigned i = SONDE_PROTOCOLS; i < SONDE_SHAPES && best; i++) {
		unsigned f = belongs(within, i) ? fit(header, within, i, name, len) : 3;

		if (f >= best)
			continue;
		best = f;
		*w = (struct sonde_craft_word){ .is = SONDE_CRAFT_IS_OPTION, .shape = (uint8_t)i };
	}
}

static bool find_single(struct sonde_craft_word *w, enum sonde_shape within, const char *name,
			size_t len)
{
	const struct sonde_family_info *f = &sonde_families[sonde_shapes[within].family];
	int number;

	if (within >= SONDE_PROTOCOLS || !sonde_shapes[within].family)
		return false;
	number = same(name, len, "nop") ? f->pad : same(name, len, "eol") ? f->end : -1;
	if (number < 0)
		return false;
	w->is = SONDE_CRAFT_IS_SINGLE;
	w->number = (uint8_t)number;
	return true;
}

struct sonde_craft_word sonde_craft_word(enum sonde_shape header, enum sonde_shape within,
					 const char *name, size_t len)
{
	struct sonde_craft_word w = { .is = SONDE_CRAFT_IS_NONE };

	if (find_row(&w, within, name, len) || find_single(&w, within, name, len))
		return w;
	find_option(&w, header, within, name, len);
	if (w.is == SONDE_CRAFT_IS_OPTION)
		return w;
	for (const struct sonde_either *e = sonde_eithers; e->name; e++)
		if (e->shape == within &&
		    (exactly(name, len, e->name) || exactly(name, len, e->alias)))
			return (struct sonde_craft_word){ .is = SONDE_CRAFT_IS_EITHER,
							  .row = e->a,
							  .other = e->b };
	return w;
}

struct nearest {
	const char *name, *best;
	size_t len;
	unsigned far;
};

static struct nearest nearest(const char *name, size_t len)
{
	return (struct nearest){ name, NULL, len, (unsigned)(len / 3 < 4 ? len / 3 : 4) + 1 };
}

static void try(struct nearest *n, const char *candidate)
{
	unsigned d = n->far ? sonde_near(n->name, n->len, candidate, n->far - 1) : 0;

	if (d < n->far) {
		n->far = d;
		n->best = candidate;
	}
}

const char *sonde_craft_word_near(enum sonde_shape header, enum sonde_shape within,
				  const char *name, size_t len)
{
	const struct sonde_shape_info *s = &sonde_shapes[within];
	struct nearest n = nearest(name, len);

	for (unsigned i = s->row; i < (unsigned)s->row + s->rows; i++) {
		try(&n, sonde_rows[i].alias);
		try(&n, sonde_rows[i].name);
	}
	for (unsigned i = SONDE_PROTOCOLS; i < SONDE_SHAPES; i++)
		if (belongs(within, i))
			try(&n, sonde_craft_option_name(header, within, i));
	return n.best;
}

enum sonde_shape sonde_craft_header(const char *name, size_t len)
{
	for (unsigned i = 1; i < SONDE_PROTOCOLS; i++)
		if (exactly(name, len, sonde_shapes[i].name))
			return i;
	return SONDE_NONE;
}

const char *sonde_craft_header_near(const char *name, size_t len)
{
	static const char *const other[] = { "hex", "file", "random", "zero", "frag", "pad" };
	struct nearest n = nearest(name, len);

	for (unsigned i = 1; i < SONDE_PROTOCOLS; i++)
		try(&n, sonde_shapes[i].name);
	for (size_t i = 0; i < sizeof other / sizeof *other; i++)
		try(&n, other[i]);
	return n.best;
}

const char *sonde_craft_option_name(enum sonde_shape header, enum sonde_shape within,
				    enum sonde_shape option)
{
	const char *name[] = { behind(option, within), behind(option, header),
			       beside(option, header) };

	for (unsigned i = 0; i < sizeof name / sizeof *name; i++) {
		struct sonde_craft_word w;

		if (!name[i])
			continue;
		w = sonde_craft_word(header, within, name[i], strlen(name[i]));
		if (w.is == SONDE_CRAFT_IS_OPTION && w.shape == option)
			return name[i];
	}
	return sonde_shapes[option].name;
}

const struct sonde_row *sonde_craft_first_row(enum sonde_shape shape)
{
	const struct sonde_shape_info *s = &sonde_shapes[shape];

	for (unsigned i = s->row; i < (unsigned)s->row + s->rows; i++)
		if (!sonde_rows[i].span && strncmp(sonde_rows[i].alias, "reserved", 8) != 0 &&
		    (sonde_rows[i].bits || sonde_craft_is_rest(&sonde_rows[i])))
			return &sonde_rows[i];
	return NULL;
}

sonde_wide sonde_craft_get(const uint8_t *h, const struct sonde_row *r)
{
	sonde_wide v = 0;

	if (!sonde_row_is_octets(r) && r->bits <= 64)
		return sonde_get(h, r->at, r->bits);
	for (unsigned i = 0; i < r->bits / 8u; i++)
		v = v << 8 | h[r->at / 8 + i];
	return v;
}

void sonde_craft_put(uint8_t *h, const struct sonde_row *r, sonde_wide v)
{
	if (!sonde_row_is_octets(r) && r->bits <= 64) {
		sonde_put(h, r->at, r->bits, (uint64_t)v);
		return;
	}
	for (unsigned i = r->bits / 8u; i-- > 0; v >>= 8)
		h[r->at / 8 + i] = (uint8_t)v;
}
