#ifndef SONDE_TESTS_CRAFT_CHANCE_H
#define SONDE_TESTS_CRAFT_CHANCE_H

/* Packets in words by chance, from the rows alone: a chain of headers along the graph of keys,
 * fields, options, elements, pieces, bodies, pins. Written as sonde_craft_print would say them, or
 * loosely: fields backwards behind their options, by their full names, in other spellings. The same
 * seed is the same packet either way. */

#include <arpa/inet.h>
#include <stdlib.h>

#include "base/random.h"
#include "packet/craft_inside.h"

enum { CHANCE_DEEP = 7, CHANCE_ROWS = 64 };

struct chance {
	struct sonde_text t;
	uint64_t state;
	uint64_t flip;	/* another value for each pin */
	bool loose;	/* not as it would be printed */
	bool lies;	/* lengths and keys may be pinned too */
	unsigned items; /* of the header or option at hand */
	uint32_t len;	/* of the header at hand */
	bool quoted;	/* behind a header that quotes */
	bool counted;	/* by a header in front, so that there may be padding */
	unsigned n;	/* headers */
	uint8_t shape[CHANCE_DEEP];
};

static inline unsigned chance_of(struct chance *c, unsigned n)
{
	return (unsigned)(sonde_random(&c->state) >> 16) % n;
}

static inline bool chance_once_in(struct chance *c, unsigned n)
{
	return !chance_of(c, n);
}

/* ---- the graph ---- */

/* Whether a key may lead to that shape. */
static inline bool chance_child(enum sonde_space space, uint64_t key, enum sonde_shape to)
{
	/* clang-format off */
#define AMONG(p, s, k, ...) if (space == SONDE_SPACE_##s && key == (k) && to == SONDE_##p) return true;
#include "wire/pass.h"
	/* clang-format on */
	return sonde_child(space, key) == to;
}

/* Whether a header of that shape may lead to the other one. */
static inline bool chance_leads(enum sonde_shape from, enum sonde_shape to)
{
	enum { IPV4_OF_ETHERNET = 0x08000604 };
	const struct sonde_shape_info *s = &sonde_shapes[from];

	/* clang-format off */
#define QUOTES(p, s, k)	      if (from == SONDE_##p && chance_child(SONDE_SPACE_##s, k, to)) return true;
#define CARRIES(p, s, k)      if (from == SONDE_##p && chance_child(SONDE_SPACE_##s, k, to)) return true;
#define THEN(p, next)	      if (from == SONDE_##p && to == SONDE_##next) return true;
#define TELLS(p, a, b, space) if (from == SONDE_##p && chance_child(SONDE_SPACE_##space, IPV4_OF_ETHERNET, to)) return true;
#include "wire/pass.h"
	/* clang-format on */
	if (from == SONDE_dns_tcp && to == SONDE_dns)
		return true;
	for (unsigned i = s->row; i < (unsigned)s->row + s->rows; i++) {
		const struct sonde_row *r = &sonde_rows[i];

		if ((r->role == SONDE_ROLE_KEY || r->role == SONDE_ROLE_KEY_OR_BODY ||
		     r->role == SONDE_ROLE_PORT_TO) &&
		    sonde_key(r->arg, to) >= 0)
			return true;
	}
	return false;
}

/* One that leads there, or that is led to, by chance; SONDE_NONE: there is none. */
static inline enum sonde_shape chance_step(struct chance *c, enum sonde_shape at, bool back)
{
	enum sonde_shape best = SONDE_NONE;
	unsigned seen = 0;

	for (unsigned i = 1; i < SONDE_PROTOCOLS; i++)
		if ((back ? chance_leads(i, at) : chance_leads(at, i)) && !chance_of(c, ++seen))
			best = i;
	return best;
}

/* Headers around the one that is wanted. */
static inline void chance_chain(struct chance *c, enum sonde_shape wanted)
{
	uint8_t front[3];
	unsigned before = 0;

	for (enum sonde_shape s = wanted; before < 3 && !chance_once_in(c, 4); before++)
		if (!(s = chance_step(c, s, true)))
			break;
		else
			front[before] = (uint8_t)s;
	c->n = 0;
	while (before)
		c->shape[c->n++] = front[--before];
	c->shape[c->n++] = (uint8_t)wanted;
	while (c->n < CHANCE_DEEP && (!chance_once_in(c, 3) || wanted == SONDE_dns_tcp)) {
		enum sonde_shape next = chance_step(c, c->shape[c->n - 1], false);

		if (!next)
			break;
		c->shape[c->n++] = (uint8_t)next;
	}
}

/* ---- values ---- */

static inline uint64_t chance_number(struct chance *c, unsigned bits)
{
	uint64_t v = sonde_random(&c->state);

	switch (chance_of(c, 4)) {
	case 0: v &= 3; break;
	case 1: v = ~0ull; break;
	default: break;
	}
	return bits >= 64 ? v : v & ((1ull << bits) - 1);
}

static inline void chance_blank(struct chance *c)
{
	if (c->loose)
		sonde_text_str(&c->t, " ");
}

static inline void chance_item(struct chance *c)
{
	sonde_text_str(&c->t, c->items++ ? c->loose ? " , " : ", " : "(");
}

static inline void chance_octets(struct chance *c, const struct sonde_row *r)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t a[128];

	for (unsigned i = 0; i < r->bits / 8u; i++)
		a[i] = chance_once_in(c, 3) ? 0 : (uint8_t)chance_of(c, 256);
	if (r->form == SONDE_FORM_IP6) {
		a[0] = 0x20; /* no IPv4 address in disguise, which is spelled in two ways */
		sonde_text_str(&c->t, inet_ntop(AF_INET6, a, text, sizeof text));
		return;
	}
	a[0] |= 1;
	for (unsigned i = 0; i < r->bits / 8u; i++)
		sonde_text_print(&c->t, "%s%02x",
				 i && !(c->loose && r->form == SONDE_FORM_BYTES) ? ":" : "", a[i]);
}

static inline void chance_quoted(struct chance *c, unsigned n)
{
	sonde_text_str(&c->t, "\"");
	while (n--)
		sonde_text_print(&c->t, "%c",
				 "etaoin shrdlu 0123456789 .,:;()/*$"[chance_of(c, 34)]);
	sonde_text_str(&c->t, "\"");
}

/* A value of that row: a number as it would be printed, or octets. */
static inline void chance_value(struct chance *c, const struct sonde_row *r, uint64_t v)
{
	uint8_t ip[4];

	if (r->form == SONDE_FORM_TEXT)
		chance_quoted(c, 1 + chance_of(c, 8));
	else if (sonde_row_is_octets(r))
		chance_octets(c, r);
	else if (r->form == SONDE_FORM_IP4) {
		sonde_store(ip, 4, v);
		sonde_text_print(&c->t, "%u.%u.%u.%u", ip[0], ip[1], ip[2], ip[3]);
	} else if (r->form == SONDE_FORM_X4)
		sonde_text_print(&c->t, "%llu", 4ull * v);
	else if (r->form == SONDE_FORM_FLAG)
		sonde_text_str(&c->t, c->loose ? v ? "1" : "0" : v ? "true" : "false");
	else if (r->form == SONDE_FORM_TIME || (c->loose && r->form != SONDE_FORM_HEX))
		sonde_text_print(&c->t, "0x%llx", (unsigned long long)v);
	else if (r->form == SONDE_FORM_HEX && !c->loose)
		sonde_text_print(&c->t, "0x%0*llx", (r->bits + 3) / 4, (unsigned long long)v);
	else
		sonde_text_print(&c->t, "%llu", (unsigned long long)v);
}

static inline void chance_say(struct chance *c, const struct sonde_row *r, uint64_t v)
{
	chance_item(c);
	sonde_text_str(&c->t, c->loose ? r->name : r->alias);
	if (r->form == SONDE_FORM_FLAG && v && !c->loose)
		return;
	chance_blank(c);
	sonde_text_str(&c->t, "=");
	chance_blank(c);
	chance_value(c, r, v);
}

/* ---- fields ---- */

static inline bool chance_is_length(const struct sonde_shape_info *s, const struct sonde_row *r)
{
	const struct sonde_family_info *f = &sonde_families[s->family];

	return r->shape >= SONDE_PROTOCOLS && s->family &&
	       ((r->at < f->len_at + f->len_bits && r->at + r->bits > f->len_at) ||
		(f->aux_at >= 0 && r->at == f->aux_at));
}

/* Whether a field is said by chance, and with what number. The chances are the same either way. */
static inline bool chance_wants(struct chance *c, enum sonde_shape shape, const struct sonde_row *r,
				bool last, uint64_t *v)
{
	const struct sonde_shape_info *s = &sonde_shapes[shape];
	bool wanted = chance_once_in(c, 3), rare = chance_once_in(c, 12);
	uint64_t number = chance_number(c, r->bits);

	*v = number;
	if (!r->bits || r->span || chance_is_length(s, r))
		return false;
	if (shape == SONDE_dns && r->at >= SONDE_AT_dns_queries)
		wanted = rare; /* records that are not there make it none */
	if (r->role == SONDE_ROLE_PORT_TO && !number)
		*v = number = 9; /* of 0 another may be worked out */
	if (sonde_row_is_octets(r))
		return wanted;
	if (r->role == SONDE_ROLE_USUALLY)
		return wanted && number != r->arg;
	if (r->role == SONDE_ROLE_PORT_TO) {
		for (unsigned i = 0; !last && i + 1 < c->n; i++)
			if (c->shape[i] == shape && sonde_key(r->arg, c->shape[i + 1]) >= 0)
				*v = (uint64_t)sonde_key(r->arg, c->shape[i + 1]);
		return true;
	}
	if (r->role == SONDE_ROLE_MORE || r->role == SONDE_ROLE_OFFSET)
		return rare && number;
	if (r->role <= SONDE_ROLE_PORT_TO)
		return wanted && number;
	if (r->role == SONDE_ROLE_HAS)
		return false; /* its piece says so */
	if (r->role >= SONDE_ROLE_SUM_HEADER) {
		*v ^= c->flip & ((1ull << r->bits) - 1);
		return rare && !c->quoted && *v;
	}
	if (last && r->role == SONDE_ROLE_KEY && r->bits >= 8 && r->bits <= 16) { /* to nobody */
		*v = number | (r->bits == 16 ? 0xfe00 : 0xf0);
		return sonde_child(r->arg, *v) == SONDE_NONE && !sonde_is_among(r->arg, *v);
	}
	return c->lies && rare;
}

static inline void chance_flags(struct chance *c, uint64_t flags)
{
	chance_item(c);
	sonde_text_str(&c->t, "flags=");
	for (unsigned i = 0; i < 9; i++)
		if (flags >> i & 1)
			sonde_text_print(&c->t, "%c", "FSRPAUECN"[i]);
}

static inline void chance_fields(struct chance *c, enum sonde_shape shape, bool last)
{
	const struct sonde_shape_info *s = &sonde_shapes[shape];
	uint64_t v[CHANCE_ROWS], state[CHANCE_ROWS], flags = 0;
	bool said[CHANCE_ROWS];

	for (unsigned i = 0; i < s->rows; i++) {
		const struct sonde_row *r = &sonde_rows[s->row + i];

		said[i] = chance_wants(c, shape, r, last, &v[i]);
		state[i] = sonde_random(&c->state);
		if (shape == SONDE_tcp && r->bits && !r->span && r->at >= SONDE_AT_tcp_res &&
		    r->at <= SONDE_AT_tcp_fin) { /* as letters */
			flags |= said[i] && r->bits == 1 ? 1ull << (SONDE_AT_tcp_fin - r->at) : 0;
			said[i] = false;
		}
	}
	for (unsigned i = 0; i < s->rows; i++) {
		unsigned k = c->loose ? s->rows - 1 - i : i;
		uint64_t before = c->state;

		c->state = state[k];
		if (said[k])
			chance_say(c, &sonde_rows[s->row + k], v[k]);
		if (flags && s->row + k == SONDE_ROW_tcp_fin)
			chance_flags(c, flags);
		c->state = before;
	}
}

/* ---- bytes ---- */

/* name(hex) of n bytes, which are neither text nor all zeros. */
static inline void chance_hex(struct chance *c, const char *open, unsigned n)
{
	sonde_text_str(&c->t, open);
	for (unsigned i = 0; i < n; i++)
		sonde_text_print(&c->t, c->loose ? "%02X" : "%02x",
				 i ? chance_of(c, 256) : 128 | chance_of(c, 128));
	sonde_text_str(&c->t, ")");
}

static inline void chance_raw(struct chance *c, unsigned n)
{
	if (!n)
		return;
	chance_item(c);
	if (chance_once_in(c, 2)) {
		chance_hex(c, "raw(", n);
		return;
	}
	sonde_text_str(&c->t, "raw(");
	chance_quoted(c, n);
	sonde_text_str(&c->t, ")");
}

/* ---- options ---- */

static inline const struct sonde_row *chance_only(enum sonde_shape shape)
{
	const struct sonde_shape_info *s = &sonde_shapes[shape];
	const struct sonde_row *only = NULL;
	unsigned n = 0;

	for (unsigned i = s->row; i < (unsigned)s->row + s->rows; i++)
		if (sonde_rows[i].bits && !sonde_rows[i].span && ++n == 1)
			only = &sonde_rows[i];
	return n == 1 && only->role <= SONDE_ROLE_USUALLY &&
			       strncmp(only->alias, "reserved", 8) != 0
		       ? only
		       : NULL;
}

/* Its single field, or what is said of all; more: something follows the fields. */
static inline void chance_begin(struct chance *c, enum sonde_shape header, enum sonde_shape within,
				enum sonde_shape shape, bool more)
{
	const struct sonde_row *only = chance_only(shape);

	chance_item(c);
	sonde_text_str(&c->t, c->loose ? sonde_shapes[shape].name
				       : sonde_craft_option_name(header, within, shape));
	c->items = 0;
	if (only && !more) {
		sonde_text_str(&c->t, "=");
		chance_value(c, only, chance_number(c, only->bits));
	} else {
		chance_fields(c, shape, false);
	}
}

static inline void chance_end(struct chance *c, unsigned outer)
{
	if (c->items)
		sonde_text_str(&c->t, ")");
	c->items = outer + 1;
}

static inline void chance_element(struct chance *c, enum sonde_shape header,
				  enum sonde_shape within, enum sonde_shape shape)
{
	unsigned outer = c->items;

	chance_begin(c, header, within, shape, false);
	chance_end(c, outer);
}

/* Bytes up to a whole unit of the option's length. */
static inline unsigned chance_rest(struct chance *c, const struct sonde_shape_info *s,
				   const struct sonde_family_info *f, uint32_t len)
{
	unsigned most = s->each ? sonde_shapes[s->each].bytes : 17;
	unsigned n = chance_once_in(c, 3) ? chance_of(c, most) : 0;
	unsigned up = -(len + n - f->uncounted) % f->unit;

	if (f->unit > 1 && s->each)
		return -(len - f->uncounted) % f->unit;
	return n + up;
}

static inline void chance_option(struct chance *c, enum sonde_shape header, enum sonde_shape shape)
{
	const struct sonde_shape_info *s = &sonde_shapes[shape];
	const struct sonde_family_info *f = &sonde_families[s->family];
	unsigned outer = c->items, n = s->each ? chance_of(c, 4) : 0;
	uint32_t len = s->bytes + n * sonde_shapes[s->each].bytes;
	unsigned rest = chance_rest(c, s, f, len);

	chance_begin(c, header, header, shape, n || rest);
	for (unsigned i = 0; i < n; i++)
		chance_element(c, header, shape, s->each);
	chance_raw(c, rest);
	chance_end(c, outer);
	len += rest;
	c->len += len + -len % f->grain;
}

/* An option that nobody knows, whole units of everything. */
static inline void chance_unknown(struct chance *c, enum sonde_family family)
{
	const struct sonde_family_info *f = &sonde_families[family];
	uint8_t o[64] = { 0 };
	uint32_t len = 16 + (-(16 - f->uncounted) % f->unit), kind;

	if (!f->kind_bits)
		return;
	len += -len % f->grain;
	kind = 0xc0 | chance_of(c, 32);
	if (sonde_option_shape(family, kind) != SONDE_NONE || (len - f->uncounted) % f->unit)
		return;
	for (unsigned i = 0; i < len; i++)
		o[i] = (uint8_t)chance_of(c, 256);
	sonde_put(o, f->kind_at, f->kind_bits, kind);
	sonde_put(o, f->len_at, f->len_bits, (len - f->uncounted) / f->unit);
	o[len - 1] = 0;
	chance_item(c);
	sonde_text_str(&c->t, "raw(");
	for (unsigned i = 0; i < len; i++)
		sonde_text_print(&c->t, "%02x", o[i]);
	sonde_text_str(&c->t, ")");
	c->len += len;
}

/* An option of that family by chance, or SONDE_NONE. */
static inline enum sonde_shape chance_of_family(struct chance *c, enum sonde_family family)
{
	enum sonde_shape best = SONDE_NONE;
	unsigned seen = 0;

	for (unsigned i = SONDE_PROTOCOLS; i < SONDE_SHAPES; i++)
		if (sonde_shapes[i].family == family && !chance_of(c, ++seen))
			best = i;
	return best;
}

static inline void chance_nops(struct chance *c, unsigned n)
{
	for (c->len += n; n--;) {
		chance_item(c);
		sonde_text_str(&c->t, "nop");
	}
}

static inline void chance_options(struct chance *c, enum sonde_shape header)
{
	const struct sonde_shape_info *s = &sonde_shapes[header];
	const struct sonde_family_info *f = &sonde_families[s->family];

	for (unsigned n = chance_of(c, 4); s->family && n--;) {
		enum sonde_shape o = chance_of_family(c, s->family);

		if (o && !chance_once_in(c, 6))
			chance_option(c, header, o);
		else
			chance_unknown(c, s->family);
	}
	if (s->family && f->pad >= 0 && chance_once_in(c, 4))
		chance_nops(c, 1 + chance_of(c, 3));
	if (s->family && f->pad >= 0 && s->grain)
		chance_nops(c, -c->len % s->grain);
	for (unsigned n = s->each ? chance_of(c, 4) : 0; n--;)
		chance_element(c, header, header, s->each);
	for (unsigned i = s->row; s->pieces && i < (unsigned)s->row + s->rows; i++)
		if (sonde_rows[i].role == SONDE_ROLE_HAS && chance_once_in(c, 2))
			chance_element(c, header, header, sonde_rows[i].arg);
}

/* ---- all ---- */

/* What an application says behind its fields. */
static inline void chance_message(struct chance *c, enum sonde_shape shape)
{
	static const struct {
		enum sonde_shape shape;
		const char *raw;
	} real[] = {
		{ SONDE_http, "raw(\"GET /a HTTP/1.1\\r\\nHost: b\\r\\n\\r\\n\")" },
		{ SONDE_ssh, "raw(\"SSH-2.0-sonde\\r\\n\")" },
		{ SONDE_dns, "raw(01610000010001)" },
		{ SONDE_tls, "raw(1503030002022f)" },
		{ SONDE_quic, "raw(c0000000010848656c6c6f20776f00004100)" },
	};

	for (unsigned i = 0; i < sizeof real / sizeof *real; i++)
		if (real[i].shape == shape && !chance_once_in(c, 4)) {
			chance_item(c);
			sonde_text_str(&c->t, real[i].raw);
			return;
		}
	if (sonde_is_app(shape) && !sonde_shapes[shape].family && shape != SONDE_dns_tcp)
		chance_raw(c, chance_of(c, 30));
}

static inline void chance_header(struct chance *c, unsigned d)
{
	enum sonde_shape shape = c->shape[d];
	uint64_t before = c->state, behind;

	c->items = 0;
	c->len = sonde_shapes[shape].bytes;
	sonde_text_str(&c->t, sonde_shapes[shape].name);
	if (c->loose) { /* options first */
		struct chance probe = *c;
		char away[1 << 15];

		sonde_text_init(&probe.t, away, sizeof away, NULL, NULL);
		chance_fields(&probe, shape, d + 1 == c->n);
		c->state = probe.state;
		chance_options(c, shape);
		chance_message(c, shape);
		behind = c->state;
		c->state = before;
		chance_fields(c, shape, d + 1 == c->n);
		c->state = behind;
	} else {
		chance_fields(c, shape, d + 1 == c->n);
		chance_options(c, shape);
		chance_message(c, shape);
	}
	if (c->items)
		sonde_text_str(&c->t, ")");
	c->counted |= !c->quoted && (shape == SONDE_ip || shape == SONDE_udp);
	c->quoted |= sonde_quotes(shape);
}

static inline void chance_body(struct chance *c)
{
	unsigned n = 1 + chance_of(c, 40);

	switch (sonde_is_app(c->shape[c->n - 1]) ? 4 : chance_of(c, 5)) { /* its body is its own */
	case 0: sonde_text_print(&c->t, "/zero(%u)", n); break;
	case 1: chance_hex(c, "/hex(", n); break;
	case 2:
		sonde_text_str(&c->t, "/");
		chance_quoted(c, n);
		break;
	default: break;
	}
	if (!c->counted || !chance_once_in(c, 4))
		return;
	if (chance_once_in(c, 2)) {
		sonde_text_print(&c->t, "/pad(%u)", n);
	} else {
		chance_hex(c, "/pad(hex(", n);
		sonde_text_str(&c->t, ")");
	}
}

/* A packet with a header of that shape in it, as text of len bytes, borrowed from buf. */
static inline size_t chance_spec(struct chance *c, uint64_t seed, enum sonde_shape wanted,
				 char *buf, size_t cap)
{
	c->state = seed;
	c->quoted = c->counted = false;
	sonde_text_init(&c->t, buf, cap, NULL, NULL);
	chance_chain(c, wanted);
	for (unsigned d = 0; d < c->n; d++) {
		if (d)
			sonde_text_str(&c->t, c->loose ? " / " : "/");
		chance_header(c, d);
	}
	chance_body(c);
	return c->t.len;
}

#endif
