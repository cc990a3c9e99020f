#include "packet/match_inside.h"

#include <stdlib.h>

enum { DEPTH = 64, TEXT_MOST = 16000 };

bool sonde_match_expected(struct sonde_match_parser *p, const char *what)
{
	if (!p->error.expected) {
		p->error.at = (size_t)(p->at - p->text);
		p->error.expected = what;
	}
	return false;
}

/* ---- words ---- */

static bool is_letter(char c)
{
	return (c | 32) >= 'a' && (c | 32) <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name(char c)
{
	return is_letter(c) || is_digit(c) || c == '_' || c == '.' || c == '-';
}

void sonde_match_skip_space(struct sonde_match_parser *p)
{
	while (*p->at == ' ' || *p->at == '\t' || *p->at == '\n')
		p->at++;
}

bool sonde_match_take(struct sonde_match_parser *p, const char *sign)
{
	size_t n = strlen(sign);

	sonde_match_skip_space(p);
	if (strncmp(p->at, sign, n) || (is_letter(*sign) && is_name(p->at[n])))
		return false;
	p->at += n;
	return true;
}

static void want(struct sonde_match_parser *p, struct sonde_match_test *t,
		 const struct sonde_match_wanted *w)
{
	struct sonde_match *m = p->m;

	if (!(m->wants & (m->wants - 1)))
		m->wanted = sonde_arena_grow(p->arena, m->wanted, m->wants, m->wants ? m->wants : 1,
					     sizeof *m->wanted);
	if (!t->wants++)
		t->wanted = m->wants;
	m->wanted[m->wants++] = *w;
}

/* ---- a test ---- */

static const struct {
	const char *sign, *word;
	uint8_t how;
	int8_t side; /* -1: below the value, 1: above it */
	bool open;   /* and not it */
} relations[] = {
	{ "==", "eq", SONDE_MATCH_IN, 0, false },  { "!=", "ne", SONDE_MATCH_DIFFERS, 0, false },
	{ "<=", "le", SONDE_MATCH_IN, -1, false }, { ">=", "ge", SONDE_MATCH_IN, 1, false },
	{ "<", "lt", SONDE_MATCH_IN, -1, true },   { ">", "gt", SONDE_MATCH_IN, 1, true },
};

/* "< 10" is the range from 0 to 9. */
static bool beyond(struct sonde_match_parser *p, const struct sonde_match_test *t,
		   struct sonde_match_wanted *w, int side, bool open)
{
	if (t->kind != SONDE_MATCH_NUMBER)
		return sonde_match_expected(p, "== or !=, or a number on the left");
	if (side < 0) {
		w->most = w->least;
		w->least = 0;
		if (open && !w->most--)
			w->least = 1; /* nothing is below 0 */
	} else {
		w->least = w->most;
		w->most = UINT64_MAX;
		if (open && !++w->least)
			w->most = 0;
	}
	return true;
}

static bool relation(struct sonde_match_parser *p, struct sonde_match_test *t, bool *ret_there)
{
	struct sonde_match_wanted w = { 0 };

	for (size_t i = 0; i < sizeof relations / sizeof *relations; i++) {
		if (!sonde_match_take(p, relations[i].sign) &&
		    !sonde_match_take(p, relations[i].word))
			continue;
		*ret_there = true;
		t->how = relations[i].how;
		if (!sonde_match_value(p, t, &w) ||
		    (relations[i].side && !beyond(p, t, &w, relations[i].side, relations[i].open)))
			return false;
		want(p, t, &w);
		return true;
	}
	*ret_there = false;
	return true;
}

static bool set(struct sonde_match_parser *p, struct sonde_match_test *t)
{
	struct sonde_match_wanted w = { 0 };

	t->how = SONDE_MATCH_IN;
	if (!sonde_match_take(p, "{"))
		return sonde_match_expected(p, "{");
	do {
		if (!sonde_match_range(p, t, &w))
			return false;
		want(p, t, &w);
		sonde_match_take(p, ",");
		sonde_match_skip_space(p);
	} while (*p->at && *p->at != '}');
	return sonde_match_take(p, "}") || sonde_match_expected(p, "}");
}

static bool small_number(struct sonde_match_parser *p, uint32_t *ret)
{
	char *end;
	unsigned long v;

	sonde_match_skip_space(p);
	v = strtoul(p->at, &end, 0);
	if (!is_digit(*p->at) || v > UINT16_MAX)
		return sonde_match_expected(p, "a number of bytes");
	p->at = end;
	*ret = (uint32_t)v;
	return true;
}

/* [at] or [at:len] */
static bool slice(struct sonde_match_parser *p, struct sonde_match_test *t)
{
	t->slice_len = 1;
	if (t->kind == SONDE_MATCH_NUMBER)
		return sonde_match_expected(
			p, "a comparison: only octets, text and headers have parts");
	t->kind = SONDE_MATCH_OCTETS;
	return small_number(p, &t->slice_at) &&
	       (!sonde_match_take(p, ":") || (small_number(p, &t->slice_len) && t->slice_len) ||
		sonde_match_expected(p, "a length above 0")) &&
	       (sonde_match_take(p, "]") || sonde_match_expected(p, "]"));
}

/* What the name stands for, and so what may be said of it. */
static bool subject(struct sonde_match_parser *p, struct sonde_match_test *t)
{
	size_t len = 0;

	sonde_match_skip_space(p);
	while (is_name(p->at[len]))
		len++;
	if (!is_letter(*p->at))
		return sonde_match_expected(p, "the name of a field or protocol");
	if (len == 5 && !memcmp(p->at, "frame", 5)) {
		t->frame = true;
		t->kind = SONDE_MATCH_OCTETS;
	} else if (!sonde_lookup(&t->what, p->at, len, p->beside)) {
		p->error.nearest = sonde_lookup_nearest(p->at, len, p->beside);
		return sonde_match_expected(p, "the name of a field or protocol");
	} else if (t->what.rows) {
		const struct sonde_row *r = &sonde_rows[t->what.row[0]];

		t->form = r->form;
		t->kind = r->form == SONDE_FORM_TEXT ? SONDE_MATCH_TEXT
			  : sonde_row_is_octets(r)   ? SONDE_MATCH_OCTETS
						     : SONDE_MATCH_NUMBER;
	} else if (t->what.column) {
		t->form = t->what.column->kind == SONDE_COLUMN_BOOL ? SONDE_FORM_FLAG
								    : SONDE_FORM_DEC;
		t->kind = t->what.column->kind <= SONDE_COLUMN_BOOL ||
					  t->what.column->kind == SONDE_COLUMN_EACH_UINT
				  ? SONDE_MATCH_NUMBER
				  : SONDE_MATCH_TEXT;
	} else {
		t->kind = SONDE_MATCH_OCTETS;
		t->form = SONDE_FORM_MAC;
	}
	p->at += len;
	return true;
}

static bool comparison(struct sonde_match_parser *p, struct sonde_match_test *t)
{
	struct sonde_match_wanted w = { 0 };
	bool there, header = !t->what.rows && !t->what.column;

	t->mask = UINT64_MAX;
	if (sonde_match_take(p, "[") && !slice(p, t))
		return false;
	if (strncmp(p->at, "&&", 2) && sonde_match_take(p, "&")) {
		if (t->kind != SONDE_MATCH_NUMBER)
			return sonde_match_expected(p, "a comparison: only numbers have bits");
		if (!sonde_match_value(p, t, &w))
			return false;
		t->mask = w.least;
		if (!relation(p, t, &there) || there)
			return there;
		t->how = SONDE_MATCH_IN;
		want(p, t, &(struct sonde_match_wanted){ .least = 1, .most = UINT64_MAX });
		return true;
	}
	if (sonde_match_take(p, "in"))
		return set(p, t);
	if (sonde_match_take(p, "contains")) {
		t->how = SONDE_MATCH_CONTAINS;
		if (t->kind == SONDE_MATCH_NUMBER)
			return sonde_match_expected(p, "a comparison: a number contains nothing");
		if (!sonde_match_value(p, t, &w))
			return false;
		want(p, t, &w);
		return true;
	}
	if (!relation(p, t, &there))
		return false;
	if (there)
		return !header || t->slice_len ||
		       sonde_match_expected(p, "contains: a whole header equals nothing");
	t->how = SONDE_MATCH_HAS;
	if (t->form == SONDE_FORM_FLAG) {
		t->how = SONDE_MATCH_IN;
		want(p, t, &(struct sonde_match_wanted){ .least = 1, .most = 1 });
	}
	return !t->slice_len || sonde_match_expected(p, "a comparison");
}

/* ---- the expression ---- */

static uint16_t add(struct sonde_match_parser *p, uint8_t op, unsigned a, unsigned b)
{
	struct sonde_match *m = p->m;

	if (!(m->nodes & (m->nodes - 1)))
		m->node = sonde_arena_grow(p->arena, m->node, m->nodes, m->nodes ? m->nodes : 1,
					   sizeof *m->node);
	m->node[m->nodes] = (struct sonde_match_node){ op, (uint16_t)a, (uint16_t)b };
	return m->nodes++;
}

static bool test(struct sonde_match_parser *p, uint16_t *ret)
{
	struct sonde_match *m = p->m;
	struct sonde_match_test t = { .form = SONDE_FORM_DEC };

	sonde_match_skip_space(p);
	t.from = (uint32_t)(p->at - p->text);
	if (!subject(p, &t) || !comparison(p, &t))
		return false;
	t.to = (uint32_t)(p->at - p->text);
	while (t.to > t.from && p->text[t.to - 1] == ' ')
		t.to--;
	if (!(m->tests & (m->tests - 1)))
		m->test = sonde_arena_grow(p->arena, m->test, m->tests, m->tests ? m->tests : 1,
					   sizeof *m->test);
	m->test[m->tests] = t;
	*ret = add(p, SONDE_MATCH_TEST, m->tests++, 0);
	return true;
}

static bool any_of(struct sonde_match_parser *p, uint16_t *ret);

static bool single(struct sonde_match_parser *p, uint16_t *ret)
{
	bool good;

	if (p->depth == DEPTH)
		return sonde_match_expected(p, "fewer parentheses within each other");
	p->depth++;
	if (sonde_match_take(p, "not") || sonde_match_take(p, "!")) {
		good = single(p, ret);
		*ret = good ? add(p, SONDE_MATCH_NOT, *ret, 0) : 0;
	} else if (sonde_match_take(p, "(")) {
		good = any_of(p, ret) &&
		       (sonde_match_take(p, ")") || sonde_match_expected(p, ") or && or ||"));
	} else {
		good = test(p, ret);
	}
	p->depth--;
	return good;
}

static bool all_of(struct sonde_match_parser *p, uint16_t *ret)
{
	uint16_t b;

	if (!single(p, ret))
		return false;
	while (sonde_match_take(p, "&&") || sonde_match_take(p, "and")) {
		if (!single(p, &b))
			return false;
		*ret = add(p, SONDE_MATCH_AND, *ret, b);
	}
	return true;
}

static bool any_of(struct sonde_match_parser *p, uint16_t *ret)
{
	uint16_t b;

	if (!all_of(p, ret))
		return false;
	while (sonde_match_take(p, "||") || sonde_match_take(p, "or")) {
		if (!all_of(p, &b))
			return false;
		*ret = add(p, SONDE_MATCH_OR, *ret, b);
	}
	return true;
}

bool sonde_match_parse(struct sonde_match *ret, struct sonde_arena *a, const char *text,
		       const struct sonde_schema *beside, struct sonde_match_error *ret_error)
{
	struct sonde_match m = { .text = sonde_arena_string(a, text, strlen(text)) };
	struct sonde_match_parser p = {
		.text = m.text, .at = m.text, .arena = a, .beside = beside, .m = &m
	};
	bool good = strlen(text) <= TEXT_MOST ? any_of(&p, &m.root)
					      : sonde_match_expected(&p, "a shorter expression");

	sonde_match_skip_space(&p);
	if (good && *p.at)
		good = sonde_match_expected(&p, "a comparison, && or ||");
	if (good)
		*ret = m;
	else
		*ret_error = p.error;
	return good;
}
