#include "packet/craft_inside.h"

static bool read_items(struct sonde_craft_parser *p, enum sonde_shape header,
		       enum sonde_shape within, unsigned depth);

static bool add_field(struct sonde_craft_parser *p, const struct sonde_row *r, unsigned depth,
		      const char *at, const struct sonde_craft_value *v)
{
	struct sonde_craft_step *s = sonde_craft_add(p, SONDE_CRAFT_FIELD, depth, at);

	if (!s)
		return false;
	s->row = (uint16_t)(r - sonde_rows);
	s->value = *v;
	return true;
}

/* The value behind =, or, of a flag alone, that it is set. */
static bool read_field(struct sonde_craft_parser *p, const struct sonde_row *r, unsigned depth,
		       const char *at)
{
	struct sonde_craft_value v = { .bits = r->bits, .number = 1 };
	struct sonde_bytes bytes;

	if (sonde_craft_take(p, '=')) {
		if (sonde_craft_is_rest(r))
			return sonde_craft_read_text(p, &bytes) &&
			       sonde_craft_add_bytes(p, SONDE_CRAFT_RAW, depth, at, bytes);
		if (!sonde_craft_read_value(p, r, &v))
			return false;
	} else if (r->form != SONDE_FORM_FLAG) {
		return sonde_craft_expected(p, "=");
	}
	return add_field(p, r, depth, at, &v);
}

/* "example.com" as RFC 1035 section 3.1 has it: the length of each part before it, and a 0. */
static bool read_domain(struct sonde_craft_parser *p, struct sonde_bytes *ret)
{
	const char *at = p->at;
	struct sonde_bytes text;
	uint8_t *out;
	size_t n = 0, from = 0;

	if (!sonde_craft_read_text(p, &text))
		return false;
	out = sonde_arena_take(p->arena, text.len + 2);
	for (size_t i = 0; i <= text.len; i++) {
		if (i < text.len && text.at[i] != '.')
			continue;
		if (i - from > 63)
			return sonde_craft_wrong(p, at, "parts of up to 63 bytes");
		if (i == from)
			continue;
		out[n++] = (uint8_t)(i - from);
		memcpy(out + n, text.at + from, i - from);
		n += i - from;
		from = i + 1;
	}
	out[n++] = 0;
	*ret = (struct sonde_bytes){ out, n };
	return true;
}

/* raw(...) and name("...") */
static bool read_raw(struct sonde_craft_parser *p, unsigned depth, bool domain, const char *at)
{
	struct sonde_bytes bytes;

	if (!sonde_craft_want(p, '(') ||
	    !(domain ? read_domain(p, &bytes) : sonde_craft_read_text(p, &bytes)) ||
	    !sonde_craft_want(p, ')') ||
	    !sonde_craft_add_bytes(p, SONDE_CRAFT_RAW, depth, at, bytes))
		return false;
	p->c->step[p->c->steps - 1].exact = true;
	return true;
}

/* What was said of a header, or option, itself comes behind what it holds, which raises flags of it
 * and makes it longer. */
static void sort(struct sonde_craft_parser *p, unsigned from, unsigned depth)
{
	struct sonde_craft *c = p->c;
	size_t size = (c->steps - from) * sizeof *c->step;
	struct sonde_craft_step *old = sonde_arena_take(p->arena, size ? size : 1);
	unsigned n = from;

	memcpy(old, c->step + from, size);
	for (unsigned fields = 0; fields < 2; fields++)
		for (unsigned i = 0; i < c->steps - from; i++)
			if ((old[i].op == SONDE_CRAFT_FIELD && old[i].depth == depth) == fields)
				c->step[n++] = old[i];
}

static bool read_option(struct sonde_craft_parser *p, enum sonde_shape header,
			enum sonde_shape shape, unsigned depth, const char *at)
{
	const struct sonde_row *first = sonde_craft_first_row(shape);
	struct sonde_craft_step *s;
	unsigned from;

	if (depth + 1 >= SONDE_CRAFT_DEPTH)
		return sonde_craft_wrong(p, at, "nothing that deep");
	if (!(s = sonde_craft_add(p, SONDE_CRAFT_OPTION, depth + 1, at)))
		return false;
	s->shape = (uint8_t)shape;
	sonde_craft_skip_space(p);
	if (*p->at == '=') {
		if (!first)
			return sonde_craft_expected(p, "no value: it has no field");
		return read_field(p, first, depth + 1, at);
	}
	from = p->c->steps;
	if (sonde_craft_take(p, '(') && !read_items(p, header, shape, depth + 1))
		return false;
	sort(p, from, depth + 1);
	return true;
}

/* A name, what it stands for in here, and what goes with it. */
static bool read_named(struct sonde_craft_parser *p, enum sonde_shape header,
		       enum sonde_shape within, unsigned depth)
{
	const char *at = p->at;
	size_t len = sonde_craft_name_length(at, true);
	struct sonde_craft_word w;
	uint8_t *single;

	if (!len)
		return sonde_craft_expected(p, "the name of a field or option");
	p->at += len;
	w = sonde_craft_word(header, within, at, len);
	switch (w.is) {
	case SONDE_CRAFT_IS_FIELD:
	case SONDE_CRAFT_IS_REST: return read_field(p, &sonde_rows[w.row], depth, at);
	case SONDE_CRAFT_IS_OPTION: return read_option(p, header, w.shape, depth, at);
	case SONDE_CRAFT_IS_SINGLE:
		single = sonde_arena_take(p->arena, 1);
		*single = w.number;
		return sonde_craft_add_bytes(p, SONDE_CRAFT_RAW, depth, at,
					     (struct sonde_bytes){ single, 1 });
	case SONDE_CRAFT_IS_EITHER:
		return sonde_craft_wrong(p, at, "%s or %s: this name means either",
					 sonde_rows[w.row].alias, sonde_rows[w.other].alias);
	case SONDE_CRAFT_IS_TOLD:
		return sonde_craft_wrong(
			p, at, "a field with a place of its own; this one goes into raw(...)");
	default: break;
	}
	if (sonde_craft_is_word(at, len, "raw") || sonde_craft_is_word(at, len, "name"))
		return read_raw(p, depth, *at == 'n', at);
	return sonde_craft_wrong_name(
		p, at,
		sonde_arena_print(p->arena, "a field or option of %s", sonde_shapes[within].name),
		sonde_craft_word_near(header, within, at, len));
}

/* !field: it stays 0. */
static bool read_zero(struct sonde_craft_parser *p, enum sonde_shape header,
		      enum sonde_shape within, unsigned depth)
{
	struct sonde_craft_value v = { 0 };
	struct sonde_craft_word w;
	const char *at;
	size_t len;

	sonde_craft_skip_space(p);
	at = p->at;
	len = sonde_craft_name_length(at, true);
	w = sonde_craft_word(header, within, at, len);
	if (!len || w.is != SONDE_CRAFT_IS_FIELD)
		return sonde_craft_wrong_name(p, at, "the name of a field",
					      sonde_craft_word_near(header, within, at, len));
	p->at += len;
	v.bits = sonde_rows[w.row].bits;
	if (sonde_craft_is_wide(&sonde_rows[w.row]))
		v.octets = (struct sonde_bytes){ sonde_arena_take(p->arena, v.bits / 8u),
						 v.bits / 8u };
	return add_field(p, &sonde_rows[w.row], depth, at, &v);
}

static bool read_items(struct sonde_craft_parser *p, enum sonde_shape header,
		       enum sonde_shape within, unsigned depth)
{
	if (sonde_craft_take(p, ')'))
		return true;
	do {
		bool good = sonde_craft_take(p, '!') ? read_zero(p, header, within, depth)
						     : read_named(p, header, within, depth);

		if (!good)
			return false;
	} while (sonde_craft_take(p, ','));
	return sonde_craft_take(p, ')') || sonde_craft_expected(p, ", or )");
}

bool sonde_craft_read_header(struct sonde_craft_parser *p, enum sonde_shape shape, const char *at)
{
	struct sonde_craft_step *s = sonde_craft_add(p, SONDE_CRAFT_HEADER, 0, at);
	unsigned from = p->c->steps;

	if (!s)
		return false;
	s->shape = (uint8_t)shape;
	if (sonde_craft_headers(p->c) > SONDE_LAYERS)
		return sonde_craft_wrong(p, at, "no more than %d headers", SONDE_LAYERS);
	if (sonde_craft_take(p, '(') && !read_items(p, shape, shape, 0))
		return false;
	sort(p, from, 0);
	return true;
}
