#include "packet/match_inside.h"
#include "packet/value.h"

enum { EXPLAIN_WIDTH = 36 };

/* What a test has met so far. */
struct met {
	const struct sonde_match *m;
	const struct sonde_match_test *t;
	unsigned some, hits;
};

static bool is_part(const struct sonde_bytes *whole, const struct sonde_bytes *part)
{
	return !part->len || memmem(whole->at, whole->len, part->at, part->len);
}

/* A range compares the bytes that it has: a shorter one is a beginning only where it was cut out.
 */
static bool is_between(const struct sonde_bytes *v, const struct sonde_match_wanted *w)
{
	return v->len == w->low.len && w->low.len == w->high.len &&
	       (!v->len ||
		(memcmp(v->at, w->low.at, v->len) >= 0 && memcmp(v->at, w->high.at, v->len) <= 0));
}

static void meet_number(struct met *x, uint64_t v)
{
	const struct sonde_match_wanted *w;

	x->some++;
	v &= x->t->mask;
	for (unsigned i = 0; i < x->t->wants; i++) {
		w = &x->m->wanted[x->t->wanted + i];
		if (v >= w->least && v <= w->most) {
			x->hits++;
			return;
		}
	}
}

static void meet_octets(struct met *x, const void *at, size_t len)
{
	const struct sonde_match_wanted *w;
	struct sonde_bytes v = { at, len };

	if (x->t->slice_len) {
		if (len < (size_t)x->t->slice_at + x->t->slice_len)
			return;
		v = (struct sonde_bytes){ v.at + x->t->slice_at, x->t->slice_len };
	}
	x->some++;
	for (unsigned i = 0; i < x->t->wants; i++) {
		w = &x->m->wanted[x->t->wanted + i];
		if (x->t->how == SONDE_MATCH_CONTAINS ? is_part(&v, &w->low) : is_between(&v, w)) {
			x->hits++;
			return;
		}
	}
}

static void meet_column(struct met *x, const void *record)
{
	const struct sonde_column *c = x->t->what.column;
	union sonde_column_value v;

	if (!record || !sonde_column_get(c, record, &v))
		return;
	switch (c->kind) {
	case SONDE_COLUMN_UINT:
	case SONDE_COLUMN_BOOL: meet_number(x, v.number); break;
	case SONDE_COLUMN_INT: meet_number(x, v.integer < 0 ? 0 : (uint64_t)v.integer); break;
	case SONDE_COLUMN_EACH_UINT:
		for (size_t i = 0; i < v.numbers->n; i++)
			meet_number(x, v.numbers->at[i]);
		break;
	case SONDE_COLUMN_EACH_TEXT:
	case SONDE_COLUMN_LIST:
		for (size_t i = 0; i < v.list->n; i++)
			meet_octets(x, v.list->at[i], strlen(v.list->at[i]));
		break;
	case SONDE_COLUMN_MAP:
		for (size_t i = 0; i < v.map->n; i++)
			meet_octets(x, v.map->at[i].name, strlen(v.map->at[i].name));
		break;
	default: meet_octets(x, v.text, strlen(v.text));
	}
}

static void meet_field(struct met *x, const struct sonde_field *f)
{
	if (sonde_row_is_octets(&sonde_rows[f->row]))
		meet_octets(x, f->octets, f->octets_len);
	else
		meet_number(x, f->number);
}

/* A field with a fixed place in a header, read without a look at its neighbours. */
static void meet_row(struct met *x, const struct sonde_packet *p, const struct sonde_layer *l,
		     const struct sonde_row *r)
{
	const uint8_t *h = p->byte + l->at;

	if (sonde_row_is_octets(r))
		meet_octets(x, h + r->at / 8, r->bits / 8);
	else
		meet_number(x, sonde_get(h, r->at, r->bits) * (r->form == SONDE_FORM_X4 ? 4 : 1));
}

/* Whether a row lies in the fixed part of a header, where it is found without looking. */
static bool is_fixed(const struct sonde_row *r)
{
	return r->bits && r->shape < SONDE_PROTOCOLS && r->form != SONDE_FORM_TEXT &&
	       r->form != SONDE_FORM_TIME;
}

static void hear_field(void *arg, const struct sonde_field *f)
{
	struct met *x = arg;
	const struct sonde_lookup *what = &x->t->what;

	if (f->is == SONDE_FIELD_OPEN && what->shape && f->shape == what->shape)
		meet_octets(x, f->octets, f->octets_len);
	if (f->is != SONDE_FIELD_VALUE || is_fixed(&sonde_rows[f->row]))
		return;
	for (unsigned i = 0; i < what->rows; i++)
		if (what->row[i] == f->row)
			meet_field(x, f);
}

static void meet_layer(struct met *x, const struct sonde_packet *p, unsigned d)
{
	const struct sonde_lookup *what = &x->t->what;
	const struct sonde_layer *l = &p->layer[d];
	bool look = what->shape >= SONDE_PROTOCOLS;

	if (what->shape && l->shape == what->shape)
		meet_octets(x, p->byte + l->at, (l->end < p->len ? l->end : p->len) - l->at);
	for (unsigned i = 0; i < what->rows; i++) {
		const struct sonde_row *r = &sonde_rows[what->row[i]];

		if (!is_fixed(r))
			look = true;
		else if (r->shape == l->shape)
			meet_row(x, p, l, r);
	}
	if (look)
		sonde_field_each(p, d, hear_field, x);
}

static bool layer_counts(const struct sonde_match *m, const struct sonde_layer *l)
{
	return m->quoted || !(l->part & SONDE_PART_QUOTED);
}

static bool holds(const struct met *x)
{
	switch (x->t->how) {
	case SONDE_MATCH_HAS: return x->some;
	case SONDE_MATCH_DIFFERS: return x->some && !x->hits;
	default: return x->hits;
	}
}

static bool test(const struct sonde_match *m, const struct sonde_match_test *t,
		 const struct sonde_packet *p, const void *record)
{
	struct met x = { .m = m, .t = t };

	if (t->frame)
		meet_octets(&x, p->byte, p->len);
	else if (t->what.column)
		meet_column(&x, record);
	for (unsigned d = 0; d < p->n; d++)
		if (layer_counts(m, &p->layer[d]))
			meet_layer(&x, p, d);
	return holds(&x);
}

static bool evaluate(const struct sonde_match *m, unsigned at, const struct sonde_packet *p,
		     const void *record)
{
	const struct sonde_match_node *n = &m->node[at];

	switch ((enum sonde_match_op)n->op) {
	case SONDE_MATCH_TEST: return test(m, &m->test[n->a], p, record);
	case SONDE_MATCH_NOT: return !evaluate(m, n->a, p, record);
	case SONDE_MATCH_AND: return evaluate(m, n->a, p, record) && evaluate(m, n->b, p, record);
	case SONDE_MATCH_OR: return evaluate(m, n->a, p, record) || evaluate(m, n->b, p, record);
	}
	__builtin_unreachable();
}

bool sonde_match(const struct sonde_match *m, const struct sonde_packet *p, const void *record)
{
	return evaluate(m, m->root, p, record);
}

/* ---- why ---- */

struct showing {
	const struct sonde_match_test *t;
	struct sonde_text *text;
	unsigned n; /* values shown */
};

static void show_field(void *arg, const struct sonde_field *f)
{
	struct showing *s = arg;
	const struct sonde_lookup *what = &s->t->what;
	bool meant = f->is == SONDE_FIELD_OPEN && what->shape && f->shape == what->shape;

	for (unsigned i = 0; i < what->rows && f->is == SONDE_FIELD_VALUE; i++)
		meant |= what->row[i] == f->row;
	if (!meant)
		return;
	sonde_text_str(s->text, s->n++ ? ", " : "");
	if (f->is == SONDE_FIELD_VALUE)
		sonde_value_print(s->text, f);
	else
		sonde_text_str(s->text, "present");
}

static void show_column(struct showing *s, const void *record)
{
	const struct sonde_column *c = s->t->what.column;
	union sonde_column_value v;

	if (!record || !sonde_column_get(c, record, &v))
		return;
	if (c->kind == SONDE_COLUMN_EACH_UINT)
		for (size_t i = 0; i < v.numbers->n; i++)
			sonde_text_print(s->text, s->n++ ? ", %llu" : "%llu",
					 (unsigned long long)v.numbers->at[i]);
	if (c->kind == SONDE_COLUMN_EACH_TEXT)
		for (size_t i = 0; i < v.list->n; i++) {
			sonde_text_str(s->text, s->n++ ? ", " : "");
			sonde_text_escape(s->text, v.list->at[i], strlen(v.list->at[i]));
		}
	if (c->kind >= SONDE_COLUMN_EACH_UINT)
		return;
	s->n++;
	if (c->kind == SONDE_COLUMN_INT)
		sonde_text_print(s->text, "%lld", (long long)v.integer);
	else if (c->kind == SONDE_COLUMN_BOOL)
		sonde_text_str(s->text, v.number ? "true" : "false");
	else if (c->kind == SONDE_COLUMN_UINT)
		sonde_text_print(s->text, "%llu", (unsigned long long)v.number);
	else if (c->kind == SONDE_COLUMN_TEXT)
		sonde_text_escape(s->text, v.text, strlen(v.text));
	else
		sonde_text_str(s->text, "present");
}

static void show_values(struct showing *s, const struct sonde_match *m,
			const struct sonde_packet *p, const void *record)
{
	const struct sonde_lookup *what = &s->t->what;

	if (what->column)
		show_column(s, record);
	for (unsigned d = 0; d < p->n; d++) {
		if (!layer_counts(m, &p->layer[d]))
			continue;
		if (what->shape && what->shape == p->layer[d].shape)
			sonde_text_str(s->text, s->n++ ? "" : "present");
		else
			sonde_field_each(p, d, show_field, s);
	}
	if (!s->n && !s->t->frame)
		sonde_text_str(s->text, "absent");
}

void sonde_match_explain(const struct sonde_match *m, const struct sonde_packet *p,
			 const void *record, struct sonde_text *t)
{
	for (unsigned i = 0; i < m->tests; i++) {
		struct showing s = { .t = &m->test[i], .text = t };
		uint32_t len = s.t->to - s.t->from;

		sonde_text_str(t, test(m, s.t, p, record) ? "  true   " : "  false  ");
		sonde_text_escape(t, m->text + s.t->from, len);
		for (; len < EXPLAIN_WIDTH; len++)
			sonde_text_str(t, " ");
		sonde_text_str(t, "  ");
		show_values(&s, m, p, record);
		sonde_text_str(t, "\n");
	}
	sonde_text_str(t, sonde_match(m, p, record) ? "so it matches\n" : "so it does not match\n");
}
