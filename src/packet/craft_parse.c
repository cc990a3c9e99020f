#include <stdarg.h>
#include <stdio.h>

#include "packet/craft_inside.h"

enum { NEST = 16, BODY_MOST = 1 << 18 };

static bool read_packet(struct sonde_craft_parser *p);

/* ---- what is wrong ---- */

bool sonde_craft_expected(struct sonde_craft_parser *p, const char *what)
{
	return sonde_craft_wrong(p, p->at, "%s", what);
}

bool sonde_craft_wrong(struct sonde_craft_parser *p, const char *at, const char *fmt, ...)
{
	char text[200];
	va_list list;

	if (p->error.expected)
		return false;
	va_start(list, fmt);
	vsnprintf(text, sizeof text, fmt, list);
	va_end(list);
	p->error.at = (size_t)(at - p->text);
	p->error.expected = sonde_arena_string(p->arena, text, strlen(text));
	return false;
}

static bool wrong_name(struct sonde_craft_parser *p, const char *at, const char *what,
		       const char *nearest)
{
	if (!p->error.expected)
		p->error.nearest = nearest;
	return sonde_craft_wrong(p, at, "%s", what);
}

/* ---- words ---- */

static void skip_space(struct sonde_craft_parser *p)
{
	while (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r')
		p->at++;
}

bool sonde_craft_take(struct sonde_craft_parser *p, char sign)
{
	skip_space(p);
	if (*p->at != sign)
		return false;
	p->at++;
	return true;
}

static bool want(struct sonde_craft_parser *p, char sign)
{
	const char text[] = { sign, 0 };

	return sonde_craft_take(p, sign) || sonde_craft_expected(p, text);
}

static bool is_letter(char c)
{
	return ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_';
}

/* A name, with dots and hyphens inside where those may be. len 0: there is none. */
static size_t name_length(const char *at, bool joined)
{
	size_t n = 0;

	if (is_letter(*at))
		while (is_letter(at[n]) || (at[n] >= '0' && at[n] <= '9') ||
		       (joined && (at[n] == '.' || at[n] == '-')))
			n++;
	return n;
}

static bool is(const char *name, size_t len, const char *word)
{
	return !strncmp(name, word, len) && !word[len];
}

/* ---- steps ---- */

static struct sonde_craft_step *add_step(struct sonde_craft_parser *p, enum sonde_craft_op op,
					 unsigned depth, const char *at)
{
	struct sonde_craft *c = p->c;

	if (c->steps == SONDE_CRAFT_STEPS) {
		sonde_craft_wrong(p, at, "no more than %d items", SONDE_CRAFT_STEPS);
		return NULL;
	}
	if (c->steps == c->room) {
		c->room = c->room ? 2 * c->room : 16;
		c->step = sonde_arena_grow(p->arena, c->step, c->steps, c->room - c->steps,
					   sizeof *c->step);
	}
	c->step[c->steps] = (struct sonde_craft_step){ .op = (uint8_t)op,
						       .depth = (uint8_t)depth,
						       .at = (uint32_t)(at - p->text) };
	return &c->step[c->steps++];
}

static bool add_bytes(struct sonde_craft_parser *p, enum sonde_craft_op op, unsigned depth,
		      const char *at, struct sonde_bytes bytes)
{
	struct sonde_craft_step *s = add_step(p, op, depth, at);

	if (s)
		s->bytes = bytes;
	return s;
}

static unsigned headers(const struct sonde_craft *c)
{
	unsigned n = 0;

	for (unsigned i = 0; i < c->steps; i++)
		n += c->step[i].op == SONDE_CRAFT_HEADER;
	return n;
}

/* ---- items ---- */

static bool read_items(struct sonde_craft_parser *p, enum sonde_shape header,
		       enum sonde_shape within, unsigned depth);

static bool add_field(struct sonde_craft_parser *p, const struct sonde_row *r, unsigned depth,
		      const char *at, const struct sonde_craft_value *v)
{
	struct sonde_craft_step *s = add_step(p, SONDE_CRAFT_FIELD, depth, at);

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
			       add_bytes(p, SONDE_CRAFT_RAW, depth, at, bytes);
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

	if (!want(p, '(') ||
	    !(domain ? read_domain(p, &bytes) : sonde_craft_read_text(p, &bytes)) ||
	    !want(p, ')') || !add_bytes(p, SONDE_CRAFT_RAW, depth, at, bytes))
		return false;
	p->c->step[p->c->steps - 1].exact = true;
	return true;
}

static bool read_option(struct sonde_craft_parser *p, enum sonde_shape header,
			enum sonde_shape shape, unsigned depth, const char *at)
{
	const struct sonde_row *first = sonde_craft_first_row(shape);
	struct sonde_craft_step *s;

	if (depth + 1 >= SONDE_CRAFT_DEPTH)
		return sonde_craft_wrong(p, at, "nothing that deep");
	if (!(s = add_step(p, SONDE_CRAFT_OPTION, depth + 1, at)))
		return false;
	s->shape = (uint8_t)shape;
	skip_space(p);
	if (*p->at == '=') {
		if (!first)
			return sonde_craft_expected(p, "no value: it has no field");
		return read_field(p, first, depth + 1, at);
	}
	return !sonde_craft_take(p, '(') || read_items(p, header, shape, depth + 1);
}

/* A name, what it stands for in here, and what goes with it. */
static bool read_named(struct sonde_craft_parser *p, enum sonde_shape header,
		       enum sonde_shape within, unsigned depth)
{
	const char *at = p->at;
	size_t len = name_length(at, true);
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
		return add_bytes(p, SONDE_CRAFT_RAW, depth, at, (struct sonde_bytes){ single, 1 });
	case SONDE_CRAFT_IS_EITHER:
		return sonde_craft_wrong(p, at, "one of the two that this name means");
	case SONDE_CRAFT_IS_TOLD:
		return sonde_craft_wrong(
			p, at, "a field with a place of its own; this one goes into raw(...)");
	default: break;
	}
	if (is(at, len, "raw") || is(at, len, "name"))
		return read_raw(p, depth, *at == 'n', at);
	return wrong_name(
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

	skip_space(p);
	at = p->at;
	len = name_length(at, true);
	w = sonde_craft_word(header, within, at, len);
	if (!len || w.is != SONDE_CRAFT_IS_FIELD)
		return wrong_name(p, at, "the name of a field",
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

/* What was said of the header itself comes behind its options, which raise flags of it. */
static void sort(struct sonde_craft_parser *p, unsigned from)
{
	struct sonde_craft *c = p->c;
	size_t size = (c->steps - from) * sizeof *c->step;
	struct sonde_craft_step *old = sonde_arena_take(p->arena, size ? size : 1);
	unsigned n = from;

	memcpy(old, c->step + from, size);
	for (unsigned fields = 0; fields < 2; fields++)
		for (unsigned i = 0; i < c->steps - from; i++)
			if ((old[i].op == SONDE_CRAFT_FIELD && !old[i].depth) == fields)
				c->step[n++] = old[i];
}

static bool read_header(struct sonde_craft_parser *p, enum sonde_shape shape, const char *at)
{
	struct sonde_craft_step *s = add_step(p, SONDE_CRAFT_HEADER, 0, at);
	unsigned from = p->c->steps;

	if (!s)
		return false;
	s->shape = (uint8_t)shape;
	if (headers(p->c) > SONDE_LAYERS)
		return sonde_craft_wrong(p, at, "no more than %d headers", SONDE_LAYERS);
	if (sonde_craft_take(p, '(') && !read_items(p, shape, shape, 0))
		return false;
	sort(p, from);
	return true;
}

/* ---- layers that are no headers ---- */

static bool read_file(struct sonde_craft_parser *p, const char *at)
{
	struct sonde_bytes name, bytes;
	const char *why = "no file";

	if (!want(p, '('))
		return false;
	skip_space(p);
	if (*p->at != '"')
		return sonde_craft_expected(p, "the name of a file in quotes");
	if (!sonde_craft_read_text(p, &name) || !want(p, ')'))
		return false;
	if (!p->world->file ||
	    !p->world->file(p->world->arg, sonde_arena_string(p->arena, name.at, name.len), &bytes,
			    &why))
		return sonde_craft_wrong(p, at, "a file that can be read: %s", why);
	return add_bytes(p, SONDE_CRAFT_BODY, 0, at, bytes);
}

static bool read_fill(struct sonde_craft_parser *p, bool noise, const char *at)
{
	struct sonde_craft_step *s;
	uint64_t n;

	if (!want(p, '(') || !sonde_craft_read_number(p, &n) || !want(p, ')'))
		return false;
	if (n > BODY_MOST)
		return sonde_craft_wrong(p, at, "at most %d bytes", BODY_MOST);
	if (!noise)
		return add_bytes(p, SONDE_CRAFT_BODY, 0, at,
				 (struct sonde_bytes){ sonde_arena_take(p->arena, n + 1), n });
	if (!(s = add_step(p, SONDE_CRAFT_NOISE, 0, at)))
		return false;
	s->len = (uint32_t)n;
	s->value.salt = p->c->steps;
	return true;
}

static bool read_pad(struct sonde_craft_parser *p, const char *at)
{
	struct sonde_bytes bytes;
	uint64_t n;

	if (!want(p, '('))
		return false;
	skip_space(p);
	if (!strncmp(p->at, "hex", 3)) {
		p->at += 3;
		if (!want(p, '(') || !sonde_craft_read_hex(p, &bytes) || !want(p, ')'))
			return false;
	} else {
		if (!sonde_craft_read_number(p, &n))
			return false;
		if (n > BODY_MOST)
			return sonde_craft_wrong(p, at, "at most %d bytes", BODY_MOST);
		bytes = (struct sonde_bytes){ sonde_arena_take(p->arena, n + 1), n };
	}
	return want(p, ')') && add_bytes(p, SONDE_CRAFT_PAD, 0, at, bytes);
}

static bool read_cut_item(struct sonde_craft_parser *p, struct sonde_craft_cut *cut)
{
	const char *at;
	size_t len;
	uint64_t n;

	skip_space(p);
	at = p->at;
	len = name_length(at, false);
	p->at += len;
	if (!is(at, len, "mtu") && !is(at, len, "order") && !is(at, len, "overlap") &&
	    !is(at, len, "id"))
		return sonde_craft_wrong(p, at, "mtu, order, overlap or id");
	if (!want(p, '='))
		return false;
	if (is(at, len, "order")) {
		skip_space(p);
		at = p->at;
		len = name_length(at, false);
		p->at += len;
		cut->reverse = is(at, len, "reverse");
		return cut->reverse || is(at, len, "forward") ||
		       sonde_craft_wrong(p, at, "forward or reverse");
	}
	if (!sonde_craft_read_number(p, &n))
		return false;
	if (n > UINT32_MAX || (*at != 'i' && n > 65535))
		return sonde_craft_wrong(p, at, "a smaller number");
	if (is(at, len, "overlap") && n % 8)
		return sonde_craft_wrong(p, at, "a multiple of 8 bytes");
	*(*at == 'i' ? &cut->id : *at == 'm' ? &cut->mtu : &cut->overlap) = (uint32_t)n;
	cut->has_id |= *at == 'i';
	return true;
}

static bool read_frag(struct sonde_craft_parser *p, const char *at)
{
	struct sonde_craft_cut *cut = &p->c->cut;
	unsigned n = headers(p->c);

	if (cut->asked || !n)
		return sonde_craft_wrong(
			p, at, cut->asked ? "one frag" : "a header of IP in front of frag");
	*cut = (struct sonde_craft_cut){ .asked = true, .layer = (uint8_t)(n - 1), .mtu = 1500 };
	if (!sonde_craft_take(p, '('))
		return true;
	do {
		if (!read_cut_item(p, cut))
			return false;
	} while (sonde_craft_take(p, ','));
	return sonde_craft_take(p, ')') || sonde_craft_expected(p, ", or )");
}

static bool splice(struct sonde_craft_parser *p, const struct sonde_craft *from, const char *at)
{
	for (unsigned i = 0; i < from->steps; i++) {
		struct sonde_craft_step *s = add_step(p, from->step[i].op, 0, at);

		if (!s)
			return false;
		*s = from->step[i];
		s->at = (uint32_t)(at - p->text);
	}
	if (headers(p->c) > SONDE_LAYERS)
		return sonde_craft_wrong(p, at, "no more than %d headers", SONDE_LAYERS);
	if (from->cut.asked) {
		unsigned before = headers(p->c) - headers(from);

		p->c->cut = from->cut;
		p->c->cut.layer = (uint8_t)(from->cut.layer + before);
	}
	return true;
}

/* A layer that begins with a name. */
static bool read_by_name(struct sonde_craft_parser *p)
{
	const char *at = p->at;
	size_t len = name_length(at, false);
	enum sonde_shape shape = sonde_craft_header(at, len);
	const struct sonde_craft *named = NULL;
	struct sonde_bytes bytes;

	p->at += len;
	if (shape)
		return read_header(p, shape, at);
	if (is(at, len, "hex"))
		return want(p, '(') && sonde_craft_read_hex(p, &bytes) && want(p, ')') &&
		       add_bytes(p, SONDE_CRAFT_BODY, 0, at, bytes);
	if (is(at, len, "file"))
		return read_file(p, at);
	if (is(at, len, "random") || is(at, len, "zero"))
		return read_fill(p, *at == 'r', at);
	if (is(at, len, "pad"))
		return read_pad(p, at);
	if (is(at, len, "frag"))
		return read_frag(p, at);
	if (len && p->world->named)
		named = p->world->named(p->world->arg, at, len);
	if (named)
		return splice(p, named, at);
	return len ? wrong_name(p, at, "the name of a header, hex(...) or \"text\"",
				sonde_craft_header_near(at, len))
		   : sonde_craft_expected(p, "a header, hex(...) or \"text\"");
}

/* LAYER*3: the steps from there on, so many times. */
static bool repeat(struct sonde_craft_parser *p, unsigned from)
{
	unsigned steps = p->c->steps - from;
	const char *at;
	uint64_t times;

	skip_space(p);
	at = p->at;
	if (!sonde_craft_read_number(p, &times))
		return false;
	if (!times || times > BODY_MOST)
		return sonde_craft_wrong(p, at, "a number from 1 to %d", BODY_MOST);
	if (steps == 1 && p->c->step[from].op == SONDE_CRAFT_BODY) {
		struct sonde_bytes *b = &p->c->step[from].bytes;
		uint8_t *all;

		if (b->len * times > BODY_MOST)
			return sonde_craft_wrong(p, at, "at most %d bytes", BODY_MOST);
		all = sonde_arena_take(p->arena, b->len * times + 1);
		for (uint64_t i = 0; i < times && b->len; i++)
			memcpy(all + i * b->len, b->at, b->len);
		*b = (struct sonde_bytes){ all, b->len * times };
		return true;
	}
	for (uint64_t i = 1; i < times; i++)
		for (unsigned j = from; j < from + steps; j++) {
			struct sonde_craft_step *s = add_step(p, SONDE_CRAFT_BODY, 0, at);

			if (!s)
				return false;
			*s = p->c->step[j];
		}
	return headers(p->c) <= SONDE_LAYERS ||
	       sonde_craft_wrong(p, at, "no more than %d headers", SONDE_LAYERS);
}

static bool read_layer(struct sonde_craft_parser *p)
{
	unsigned from = p->c->steps;
	struct sonde_bytes bytes;
	const char *at;
	bool good;

	skip_space(p);
	at = p->at;
	if (from && p->c->step[from - 1].op == SONDE_CRAFT_PAD)
		return sonde_craft_expected(p, "nothing behind pad");
	if (*at == '"')
		good = sonde_craft_read_text(p, &bytes) &&
		       add_bytes(p, SONDE_CRAFT_BODY, 0, at, bytes);
	else if (sonde_craft_take(p, '('))
		good = (++p->depth <= NEST || sonde_craft_expected(p, "nothing that deep")) &&
		       read_packet(p) && want(p, ')') && p->depth--;
	else
		good = read_by_name(p);
	return good && (!sonde_craft_take(p, '*') || repeat(p, from));
}

static bool read_packet(struct sonde_craft_parser *p)
{
	do {
		if (!read_layer(p))
			return false;
	} while (sonde_craft_take(p, '/'));
	return true;
}

/* A pattern compares fields and what the packet's body begins with; nothing else. */
static bool check_pattern(struct sonde_craft_parser *p)
{
	const struct sonde_craft *c = p->c;

	for (unsigned i = 0; i < c->steps; i++) {
		const struct sonde_craft_step *s = &c->step[i];

		if (s->op == SONDE_CRAFT_NOISE || s->op == SONDE_CRAFT_PAD ||
		    (s->op == SONDE_CRAFT_RAW && !s->depth) ||
		    (s->op == SONDE_CRAFT_BODY && i + 1 < c->steps) ||
		    (s->op == SONDE_CRAFT_FIELD && s->value.how == SONDE_CRAFT_STEP))
			return sonde_craft_wrong(p, p->text + s->at,
						 "something that a packet can be compared with");
	}
	return !c->cut.asked || sonde_craft_wrong(p, p->text, "a pattern without frag");
}

static bool ends(struct sonde_craft_parser *p)
{
	const char *end = p->world->end;

	skip_space(p);
	for (size_t n; end && *end; end += n + (end[n] == ' ')) {
		n = strcspn(end, " ");
		if (n && !strncmp(p->at, end, n) && !is_letter(p->at[n]))
			return true;
	}
	return p->at == p->to;
}

bool sonde_craft_parse(struct sonde_craft **ret, struct sonde_arena *a, const char *text,
		       size_t len, const struct sonde_craft_world *world, size_t *ret_len,
		       struct sonde_craft_error *ret_error)
{
	static const struct sonde_craft_world alone;
	struct sonde_craft_parser p = { .arena = a, .world = world ? world : &alone };

	p.text = p.at = sonde_arena_string(a, text, len);
	p.to = p.text + strnlen(p.text, len);
	p.c = sonde_arena_take(a, sizeof *p.c);
	p.c->arena = a;
	if (!read_packet(&p) ||
	    !(ends(&p) ||
	      sonde_craft_expected(&p, world && world->end ? "/, or the end of the packet"
							   : "/ or the end")) ||
	    (p.world->pattern && !check_pattern(&p)) ||
	    !(sonde_craft_wind(p.c) ||
	      sonde_craft_wrong(&p, p.text, "no more than %d values that vary",
				SONDE_CRAFT_DIALS))) {
		*ret_error = p.error;
		return false;
	}
	if (ret_len)
		*ret_len = (size_t)(p.at - p.text);
	*ret = p.c;
	return true;
}
