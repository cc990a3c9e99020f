#include "packet/layers.h"

#include "base/date.h"
#include "packet/field.h"
#include "packet/option.h"

/* A name as JSON has it, copied whole: a few moves instead of a call. */
enum { KEY_MOST = 48 };
struct key {
	char text[KEY_MOST];
	uint8_t len;
};

/* clang-format off */
#define KEY(full) { ",\"" full "\":", sizeof full + 3 },
static const struct key keys[SONDE_ROWS] = { /* of fields */
#define FIELD(p, n, full, ...) [SONDE_ROW_##p##_##n] = KEY(full)
#define SPAN(p, n, full, ...) [SONDE_ROW_##p##_##n] = KEY(full)
#define TOLD(p, n, full, ...) [SONDE_ROW_##p##_##n] = KEY(full)
#define REST(p, n, full, ...) [SONDE_ROW_##p##_##n] = KEY(full)
#include "wire/pass.h"
};

static const struct key layers[SONDE_PROTOCOLS] = { /* the beginning of each */
#define PROTOCOL(p, ...) [SONDE_##p] = { ",{\"layer\":\"" #p "\"", sizeof ",{\"layer\":\"" #p },
#include "wire/pass.h"
};

const char *sonde_layers_stop(unsigned stop)
{
	static const char *const words[] = {
		[SONDE_STOP_END] = "end", [SONDE_STOP_UNKNOWN] = "unknown",
		[SONDE_STOP_TRUNCATED] = "truncated", [SONDE_STOP_MALFORMED] = "malformed",
		[SONDE_STOP_FRAGMENT] = "fragment", [SONDE_STOP_DEEP] = "deep",
		[SONDE_STOP_MORE] = "more",
	};

	return words[stop];
}
/* clang-format on */

SONDE_INLINE char *put_key(char *o, const struct key *key)
{
	memcpy(o, key->text, KEY_MOST);
	return o + key->len;
}

SONDE_INLINE char *put_flag(char *o, bool v)
{
	memcpy(o, v ? "true " : "false", 5);
	return o + 5 - v;
}

/* A reader with numbers of 64 bits of which 53 are exact must not meet a wrong one. */
static char *put_number(char *o, uint64_t v)
{
	if (v <= 1ULL << 53)
		return sonde_put_dec(o, v);
	*o++ = '"';
	o = sonde_put_dec(o, v);
	*o++ = '"';
	return o;
}

static char *put_quoted_ip4(char *o, uint32_t address)
{
	uint8_t a[4];

	sonde_store(a, 4, address);
	*o++ = '"';
	o = sonde_put_ip4(o, a);
	*o++ = '"';
	return o;
}

static void put_hex(struct sonde_text *t, const uint8_t *at, size_t len)
{
	char *o;

	sonde_text_bytes(t, "\"", 1);
	for (size_t n; len; at += n, len -= n) {
		n = len < 64 ? len : 64;
		o = sonde_text_room(t, 2 * n);
		for (size_t i = 0; i < n; i++, o += 2)
			memcpy(o, &sonde_text_tables.hex2[2 * at[i]], 2);
		sonde_text_end(t, o);
	}
	sonde_text_bytes(t, "\"", 1);
}

/* What is being written: the lists that are open, outermost first. */
struct telling {
	struct sonde_text *t;
	const char *list[SONDE_FIELD_DEPTH + 1]; /* the one last begun inside each open element */
	unsigned depth;
	bool bare; /* nothing stands yet in the innermost element */
};

static void tell_value(struct telling *s, const struct sonde_field *f)
{
	char *o = sonde_text_room(s->t, KEY_MOST + 64), *from = o;

	o = put_key(o, &keys[f->row]);
	if (s->bare) {
		memmove(from, from + 1, (size_t)(o - from));
		o--;
	}
	s->bare = false;
	switch ((enum sonde_form)sonde_rows[f->row].form) {
	case SONDE_FORM_DEC:
	case SONDE_FORM_HEX:
	case SONDE_FORM_X4: o = put_number(o, f->number); break;
	case SONDE_FORM_FLAG: o = put_flag(o, f->number); break;
	case SONDE_FORM_IP4: o = put_quoted_ip4(o, (uint32_t)f->number); break;
	case SONDE_FORM_TIME:
		*o++ = '"';
		o = sonde_date_put(o, (int64_t)f->number);
		*o++ = '"';
		break;
	case SONDE_FORM_MAC:
		*o++ = '"';
		o = sonde_put_mac(o, f->octets);
		*o++ = '"';
		break;
	case SONDE_FORM_IP6:
		*o++ = '"';
		o = sonde_put_ip6(o, f->octets);
		*o++ = '"';
		break;
	case SONDE_FORM_TEXT:
		sonde_text_end(s->t, o);
		sonde_text_json(s->t, f->octets, f->octets_len);
		return;
	default:
		sonde_text_end(s->t, o);
		put_hex(s->t, f->octets, f->octets_len);
		return;
	}
	sonde_text_end(s->t, o);
}

static void end_list(struct telling *s)
{
	if (s->list[s->depth])
		sonde_text_bytes(s->t, "]", 1);
	s->list[s->depth] = NULL;
}

/* "options" is a list of each an "option". */
static char *singular(char *o, const char *list)
{
	size_t n = strlen(list);

	if (n > 3 && !strcmp(list + n - 3, "ies")) {
		memcpy(o, list, n - 3);
		o[n - 3] = 'y';
		return o + n - 2;
	}
	memcpy(o, list, n - 1);
	return o + n - 1;
}

static void tell_open(struct telling *s, const struct sonde_field *f)
{
	bool unknown = f->shape == SONDE_NONE && !f->name;
	char *o;

	if (s->list[s->depth] != f->list) {
		end_list(s);
		o = sonde_text_room(s->t, 64);
		*o = ',';
		o += !s->bare;
		*o++ = '"';
		o = sonde_put_str(o, f->list);
		o = SONDE_PUT_LIT(o, "\":[");
	} else {
		o = sonde_text_room(s->t, 1);
		*o++ = ',';
	}
	*o++ = '{';
	sonde_text_end(s->t, o);
	s->list[s->depth] = f->list;
	if (s->depth < SONDE_FIELD_DEPTH)
		s->list[++s->depth] = NULL;
	s->bare = !f->name && !unknown;
	if (f->name) {
		o = sonde_text_room(s->t, 64);
		*o++ = '"';
		o = singular(o, f->list);
		o = SONDE_PUT_LIT(o, "\":");
		sonde_text_end(s->t, o);
		sonde_text_json(s->t, f->name, strlen(f->name));
	}
	if (unknown) {
		o = SONDE_PUT_LIT(sonde_text_room(s->t, 64), "\"kind\":");
		sonde_text_end(s->t, put_number(o, f->number));
	}
	if (f->bad)
		sonde_text_str(s->t, s->bare ? "\"bad\":true" : ",\"bad\":true");
	s->bare &= !f->bad;
	if (unknown || f->bad) {
		sonde_text_str(s->t, ",\"data\":");
		put_hex(s->t, f->octets, f->octets_len);
	}
}

static void hear(void *arg, const struct sonde_field *f)
{
	struct telling *s = arg;

	switch ((enum sonde_field_is)f->is) {
	case SONDE_FIELD_VALUE:
		end_list(s);
		tell_value(s, f);
		break;
	case SONDE_FIELD_OPEN: tell_open(s, f); break;
	case SONDE_FIELD_CLOSE:
		end_list(s);
		sonde_text_bytes(s->t, "}", 1);
		s->depth--;
		s->bare = false;
		break;
	}
}

static void tell_layer(struct sonde_text *t, const struct sonde_packet *p, unsigned d)
{
	struct telling s = { .t = t };

	sonde_field_each(p, d, hear, &s);
	end_list(&s);
}

/* The names of rows, as a list behind the words before it. */
static void put_names(struct sonde_text *t, const char *before, unsigned shape, uint32_t rows)
{
	char *o = sonde_put_str(sonde_text_room(t, 33 * KEY_MOST), before), *list = o;

	for (; rows; rows &= rows - 1)
		o = put_key(o, &keys[sonde_shapes[shape].row + __builtin_ctz(rows)]) - 1;
	*list = '[';
	*o++ = ']';
	sonde_text_end(t, o);
}

/* What lies behind the headers, and what lies behind the packet by their account. */
static void put_end(struct sonde_text *t, const struct sonde_packet *p)
{
	const struct sonde_layer *last = p->n ? &p->layer[p->n - 1] : NULL;
	uint32_t from = last ? last->at + last->head : 0, end = p->len;
	char *o = sonde_text_room(t, 128);

	if (last && last->end < end && last->end >= from)
		end = last->end;
	o = SONDE_PUT_LIT(o, "],\"stop\":\"");
	o = p->stop == SONDE_STOP_END ? SONDE_PUT_LIT(o, "end")
				      : sonde_put_str(o, sonde_layers_stop(p->stop));
	*o++ = '"';
	if (from < end) {
		o = SONDE_PUT_LIT(o, ",\"data.len\":");
		o = sonde_put_dec(o, end - from);
	}
	if (end < p->len) {
		o = SONDE_PUT_LIT(o, ",\"padding.len\":");
		o = sonde_put_dec(o, p->len - end);
	}
	sonde_text_end(t, o);
}

/* The commonest layers once more, unrolled from the rows. */
#define OUT_DEC(v, h, at)  (sizeof(v) == 1 ? sonde_put_octet(o, (uint8_t)(v)) : put_number(o, v))
#define OUT_HEX(v, h, at)  OUT_DEC(v, h, at)
#define OUT_X4(v, h, at)   sonde_put_dec(o, (v)*4u)
#define OUT_FLAG(v, h, at) put_flag(o, v)
#define OUT_IP4(v, h, at)  put_quoted(o, h, at, sonde_put_ip4)
#define OUT_IP6(v, h, at)  put_quoted(o, h, at, sonde_put_ip6)
#define OUT_MAC(v, h, at)  put_quoted(o, h, at, sonde_put_mac)

SONDE_INLINE char *put_quoted(char *o, const uint8_t *h, unsigned at,
			      char *(*put)(char *, const uint8_t *))
{
	*o++ = '"';
	o = put(o, h + at / 8);
	*o++ = '"';
	return o;
}

#define OUT_TIME(v, h, at)  o
#define OUT_TEXT(v, h, at)  o
#define OUT_BYTES(v, h, at) o

/* Those that are unrolled; none has fields of the last three forms. */
#define HOT(shape)                                                                                 \
	((shape) == SONDE_eth || (shape) == SONDE_vlan || (shape) == SONDE_sll2 ||                 \
	 (shape) == SONDE_ip || (shape) == SONDE_ipv6 || (shape) == SONDE_udp ||                   \
	 (shape) == SONDE_tcp || (shape) == SONDE_tcp_mss || (shape) == SONDE_tcp_wscale ||        \
	 (shape) == SONDE_tcp_sackok || (shape) == SONDE_tcp_sack || (shape) == SONDE_tcp_ts ||    \
	 (shape) == SONDE_tcp_sack_block || (shape) == SONDE_arp || (shape) == SONDE_arp_ip ||     \
	 (shape) == SONDE_icmp || (shape) == SONDE_icmp_echo)

/* Bytes for one layer of these with its options: 40 of "nop", and what is between. */
enum { HOT_MOST = 4096 };

/* clang-format off */
/* The fields; of an option, its beginning too. NULL: it is none of them. */
static char *put_rows(char *o, unsigned shape, const uint8_t *h)
{
	switch (shape) {
#define BEGIN(p) case SONDE_##p: if (!HOT(SONDE_##p)) return NULL;
#define PROTOCOL(p, ...) BEGIN(p)
#define OPTION(family, p, kind, bytes, title, source) \
		BEGIN(p) \
		o = SONDE_PUT_LIT(o, "{\"option\":\"" title "\"");
#define SHAPE(p, ...) BEGIN(p)
#define FIELD(p, n, full, bits, form, role, what) \
		if (HOT(SONDE_##p)) { \
			o = SONDE_PUT_LIT(o, ",\"" full "\":"); \
			o = OUT_##form(sonde_##p##_##n((const struct sonde_##p *)h), h, \
				       SONDE_AT_##p##_##n); \
		}
#define SPAN(p, n, full, first, last, form, what) FIELD(p, n, full, 0, form, ANY, what)
#define END(p) return o;
#include "wire/pass.h"
	}
	return NULL;
}
/* clang-format on */

/* With a comma behind it; NULL: it is told the long way, being unknown or not whole. */
static char *put_tcp_option(char *o, const struct sonde_option *opt)
{
	enum sonde_shape shape = sonde_option_shape_(SONDE_FAMILY_tcpopt, opt->kind);
	const struct sonde_shape_info *s = &sonde_shapes[shape];
	uint32_t each = sonde_shapes[s->each].bytes, at = s->bytes;

	if (opt->kind == 1)
		return SONDE_PUT_LIT(o, "{\"option\":\"nop\"},");
	if (opt->len < s->bytes || !(o = put_rows(o, shape, opt->at)))
		return NULL;
	if (s->each && at + each <= opt->len) {
		o = SONDE_PUT_LIT(o, ",\"blocks\":[");
		for (; at + each <= opt->len; at += each) {
			char *from = o;

			o = put_rows(from, s->each, opt->at + at);
			*from = '{'; /* instead of the comma */
			o = SONDE_PUT_LIT(o, "},");
		}
		o[-1] = ']';
	}
	return SONDE_PUT_LIT(o, "},");
}

/* NULL: one of them is told the long way, and so are they all. */
static char *put_tcp_options(char *o, const uint8_t *from, const uint8_t *to)
{
	struct sonde_walk w = { from, to };
	struct sonde_option opt;

	o = SONDE_PUT_LIT(o, ",\"options\":[");
	while (o && sonde_option_next(&w, SONDE_FAMILY_tcpopt, &opt))
		o = put_tcp_option(o, &opt);
	if (!o || w.at < w.to)
		return NULL;
	o[-1] = ']';
	return o;
}

/* NULL: it is told the long way. */
static char *put_layer(char *o, const struct sonde_packet *p, unsigned d)
{
	const struct sonde_layer *l = &p->layer[d];
	const uint8_t *h = p->byte + l->at;
	unsigned bytes = sonde_shapes[l->shape].bytes;

	o = put_rows(o, l->shape, h);
	if (!o || l->head <= bytes)
		return o;
	return l->shape == SONDE_tcp ? put_tcp_options(o, h + bytes, h + l->head) : NULL;
}

SONDE_INLINE void json(struct sonde_text *t, const struct sonde_packet *p,
		       const struct sonde_verdict *v, bool long_way)
{
	char *o = sonde_text_room(t, KEY_MOST), *end;

	o = p->n ? SONDE_PUT_LIT(o, "\"layers\":") : SONDE_PUT_LIT(o, "\"layers\":[");
	for (unsigned d = 0; d < p->n; d++) {
		unsigned shape = p->layer[d].shape;

		sonde_text_end(t, o);
		o = put_key(sonde_text_room(t, HOT_MOST), &layers[shape]);
		if (!d)
			o[-layers[shape].len] = '['; /* instead of the comma */
		end = long_way ? NULL : put_layer(o, p, d);
		sonde_text_end(t, end ? end : o);
		if (!end)
			tell_layer(t, p, d);
		if (v->wrong[d])
			put_names(t, ",\"wrong\":", shape, v->wrong[d]);
		if (v->later[d])
			put_names(t, ",\"later\":", shape, v->later[d]);
		if (v->presumed[d])
			put_names(t, ",\"presumed\":", shape, v->presumed[d]);
		o = SONDE_PUT_LIT(sonde_text_room(t, KEY_MOST), "}");
	}
	sonde_text_end(t, o);
	put_end(t, p);
}

void sonde_layers_json(struct sonde_text *t, const struct sonde_packet *p,
		       const struct sonde_verdict *v)
{
	json(t, p, v, false);
}

void sonde_layers_json_told(struct sonde_text *t, const struct sonde_packet *p,
			    const struct sonde_verdict *v)
{
	json(t, p, v, true);
}
