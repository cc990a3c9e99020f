#include "packet/craft_inside.h"

enum { NEST = 16, BODY_MOST = 1 << 18, REPEATED_MOST = 4096 };

static bool read_packet(struct sonde_craft_parser *p);

/* ---- layers that are no headers ---- */

static bool read_file(struct sonde_craft_parser *p, const char *at)
{
	struct sonde_bytes name, bytes;
	const char *why = "no file";

	if (!sonde_craft_want(p, '('))
		return false;
	sonde_craft_skip_space(p);
	if (*p->at != '"')
		return sonde_craft_expected(p, "the name of a file in quotes");
	if (!sonde_craft_read_text(p, &name) || !sonde_craft_want(p, ')'))
		return false;
	if (!p->world->file ||
	    !p->world->file(p->world->arg, sonde_arena_string(p->arena, name.at, name.len), &bytes,
			    &why))
		return sonde_craft_wrong(p, at, "a file that can be read: %s", why);
	return sonde_craft_add_bytes(p, SONDE_CRAFT_BODY, 0, at, bytes);
}

static bool read_fill(struct sonde_craft_parser *p, bool noise, const char *at)
{
	struct sonde_craft_step *s;
	uint64_t n;

	if (!sonde_craft_want(p, '(') || !sonde_craft_read_number(p, &n) ||
	    !sonde_craft_want(p, ')'))
		return false;
	if (n > BODY_MOST)
		return sonde_craft_wrong(p, at, "at most %d bytes", BODY_MOST);
	if (!noise)
		return sonde_craft_add_bytes(
			p, SONDE_CRAFT_BODY, 0, at,
			(struct sonde_bytes){ sonde_arena_take(p->arena, n + 1), n });
	if (!(s = sonde_craft_add(p, SONDE_CRAFT_NOISE, 0, at)))
		return false;
	s->len = (uint32_t)n;
	s->value.salt = p->c->steps;
	return true;
}

static bool read_pad(struct sonde_craft_parser *p, const char *at)
{
	struct sonde_bytes bytes;
	uint64_t n;

	if (!sonde_craft_want(p, '('))
		return false;
	sonde_craft_skip_space(p);
	if (!strncmp(p->at, "hex", 3)) {
		p->at += 3;
		if (!sonde_craft_want(p, '(') || !sonde_craft_read_hex(p, &bytes) ||
		    !sonde_craft_want(p, ')'))
			return false;
	} else {
		if (!sonde_craft_read_number(p, &n))
			return false;
		if (n > BODY_MOST)
			return sonde_craft_wrong(p, at, "at most %d bytes", BODY_MOST);
		bytes = (struct sonde_bytes){ sonde_arena_take(p->arena, n + 1), n };
	}
	return sonde_craft_want(p, ')') && sonde_craft_add_bytes(p, SONDE_CRAFT_PAD, 0, at, bytes);
}

static bool read_cut_item(struct sonde_craft_parser *p, struct sonde_craft_cut *cut)
{
	const char *at;
	size_t len;
	uint64_t n;

	sonde_craft_skip_space(p);
	at = p->at;
	len = sonde_craft_name_length(at, false);
	p->at += len;
	if (!sonde_craft_is_word(at, len, "mtu") && !sonde_craft_is_word(at, len, "order") &&
	    !sonde_craft_is_word(at, len, "overlap") && !sonde_craft_is_word(at, len, "id"))
		return sonde_craft_wrong(p, at, "mtu, order, overlap or id");
	if (!sonde_craft_want(p, '='))
		return false;
	if (sonde_craft_is_word(at, len, "order")) {
		sonde_craft_skip_space(p);
		at = p->at;
		len = sonde_craft_name_length(at, false);
		p->at += len;
		cut->reverse = sonde_craft_is_word(at, len, "reverse");
		return cut->reverse || sonde_craft_is_word(at, len, "forward") ||
		       sonde_craft_wrong(p, at, "forward or reverse");
	}
	if (!sonde_craft_read_number(p, &n))
		return false;
	if (n > UINT32_MAX || (*at != 'i' && n > 65535))
		return sonde_craft_wrong(p, at, "a smaller number");
	if (sonde_craft_is_word(at, len, "overlap") && n % 8)
		return sonde_craft_wrong(p, at, "a multiple of 8 bytes");
	*(*at == 'i' ? &cut->id : *at == 'm' ? &cut->mtu : &cut->overlap) = (uint32_t)n;
	cut->has_id |= *at == 'i';
	return true;
}

/* RFC 791 section 3.2, RFC 8200 section 4.5: behind these, fragments begin. */
static bool is_cut_behind(enum sonde_shape shape)
{
	return shape == SONDE_ip || shape == SONDE_ipv6 || shape == SONDE_ipv6_hopopts ||
	       shape == SONDE_ipv6_dstopts || shape == SONDE_ipv6_routing;
}

static bool read_frag(struct sonde_craft_parser *p, const char *at)
{
	struct sonde_craft_cut *cut = &p->c->cut;
	unsigned n = sonde_craft_headers(p->c);

	if (cut->asked || !n || !is_cut_behind(sonde_craft_layer(p->c, n - 1)))
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
		struct sonde_craft_step *s = sonde_craft_add(p, from->step[i].op, 0, at);

		if (!s)
			return false;
		*s = from->step[i];
		s->at = (uint32_t)(at - p->text);
	}
	if (sonde_craft_headers(p->c) > SONDE_LAYERS)
		return sonde_craft_wrong(p, at, "no more than %d headers", SONDE_LAYERS);
	if (from->cut.asked) {
		unsigned before = sonde_craft_headers(p->c) - sonde_craft_headers(from);

		p->c->cut = from->cut;
		p->c->cut.layer = (uint8_t)(from->cut.layer + before);
	}
	return true;
}

/* A layer that begins with a name. */
static bool read_by_name(struct sonde_craft_parser *p)
{
	const char *at = p->at;
	size_t len = sonde_craft_name_length(at, false);
	enum sonde_shape shape = sonde_craft_header(at, len);
	const struct sonde_craft *named = NULL;
	struct sonde_bytes bytes;

	p->at += len;
	if (shape)
		return sonde_craft_read_header(p, shape, at);
	if (sonde_craft_is_word(at, len, "hex"))
		return sonde_craft_want(p, '(') && sonde_craft_read_hex(p, &bytes) &&
		       sonde_craft_want(p, ')') &&
		       sonde_craft_add_bytes(p, SONDE_CRAFT_BODY, 0, at, bytes);
	if (sonde_craft_is_word(at, len, "file"))
		return read_file(p, at);
	if (sonde_craft_is_word(at, len, "random") || sonde_craft_is_word(at, len, "zero"))
		return read_fill(p, *at == 'r', at);
	if (sonde_craft_is_word(at, len, "pad"))
		return read_pad(p, at);
	if (sonde_craft_is_word(at, len, "frag"))
		return read_frag(p, at);
	if (len && p->world->named)
		named = p->world->named(p->world->arg, at, len);
	if (named)
		return splice(p, named, at);
	return len ? sonde_craft_wrong_name(p, at, "the name of a header, hex(...) or \"text\"",
					    sonde_craft_header_near(at, len))
		   : sonde_craft_expected(p, "a header, hex(...) or \"text\"");
}

/* LAYER*3: the steps from there on, so many times. */
static bool repeat(struct sonde_craft_parser *p, unsigned from)
{
	unsigned steps = p->c->steps - from;
	const char *at;
	uint64_t times;

	sonde_craft_skip_space(p);
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
	if (steps * times > REPEATED_MOST)
		return sonde_craft_wrong(p, at, "no more than %d items", REPEATED_MOST);
	for (uint64_t i = 1; i < times; i++)
		for (unsigned j = from; j < from + steps; j++) {
			struct sonde_craft_step *s = sonde_craft_add(p, SONDE_CRAFT_BODY, 0, at);

			if (!s)
				return false;
			*s = p->c->step[j];
		}
	return sonde_craft_headers(p->c) <= SONDE_LAYERS ||
	       sonde_craft_wrong(p, at, "no more than %d headers", SONDE_LAYERS);
}

static bool read_layer(struct sonde_craft_parser *p)
{
	unsigned from = p->c->steps;
	struct sonde_bytes bytes;
	const char *at;
	bool good;

	sonde_craft_skip_space(p);
	at = p->at;
	if (from && p->c->step[from - 1].op == SONDE_CRAFT_PAD)
		return sonde_craft_expected(p, "nothing behind pad");
	if (*at == '"')
		good = sonde_craft_read_text(p, &bytes) &&
		       sonde_craft_add_bytes(p, SONDE_CRAFT_BODY, 0, at, bytes);
	else if (sonde_craft_take(p, '('))
		good = (++p->depth <= NEST || sonde_craft_expected(p, "nothing that deep")) &&
		       read_packet(p) && sonde_craft_want(p, ')') && p->depth--;
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

	sonde_craft_skip_space(p);
	for (size_t n; end && *end; end += n + (end[n] == ' ')) {
		n = strcspn(end, " ");
		if (n && !strncmp(p->at, end, n) && !sonde_craft_is_letter(p->at[n]))
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
