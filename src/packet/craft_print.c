#include "packet/craft_inside.h"
#include "packet/derive.h"
#include "packet/option.h"
#include "packet/value.h"

/* A packet that is being said. */
struct saying {
	const struct sonde_packet *p;
	struct sonde_text *t;
	uint32_t pinned[SONDE_LAYERS]; /* derived fields that encode would write otherwise */
	unsigned said;		       /* items of the header or option at hand */
	bool exact;		       /* the last of these is raw, so that encode pads nothing */
};

/* ---- words ---- */

static void put_hex(struct sonde_text *t, const char *open, const uint8_t *at, uint32_t len)
{
	sonde_text_str(t, open);
	for (uint32_t i = 0; i < len; i++) {
		char *o = sonde_text_room(t, 2);

		memcpy(o, sonde_text_tables.hex2 + 2 * at[i], 2);
		sonde_text_end(t, o + 2);
	}
	sonde_text_str(t, ")");
}

static bool is_zeros(const uint8_t *at, uint32_t len)
{
	while (len && !at[len - 1])
		len--;
	return !len;
}

static bool is_text(const uint8_t *at, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		if ((at[i] < ' ' || at[i] > '~') && at[i] != '\n' && at[i] != '\r' && at[i] != '\t')
			return false;
	return len;
}

static void put_quoted(struct sonde_text *t, const uint8_t *at, uint32_t len)
{
	static const char special[] = "\n\r\t\"\\", letter[] = "nrt\"\\";

	sonde_text_str(t, "\"");
	for (uint32_t i = 0; i < len; i++) {
		const char *known = at[i] ? strchr(special, at[i]) : NULL;
		char *o = sonde_text_room(t, 4);

		if (known) {
			*o++ = '\\';
			*o++ = letter[known - special];
		} else if (at[i] >= ' ' && at[i] <= '~') {
			*o++ = (char)at[i];
		} else {
			*o++ = '\\';
			*o++ = 'x';
			memcpy(o, sonde_text_tables.hex2 + 2 * at[i], 2);
			o += 2;
		}
		sonde_text_end(t, o);
	}
	sonde_text_str(t, "\"");
}

static void put_bytes(struct sonde_text *t, const char *hex, const char *text, const uint8_t *at,
		      uint32_t len)
{
	if (!is_text(at, len)) {
		put_hex(t, hex, at, len);
		return;
	}
	sonde_text_str(t, text);
	put_quoted(t, at, len);
	if (*text)
		sonde_text_str(t, ")");
}

/* ( in front of the first item, a comma in front of the others. */
static void begin_item(struct saying *s)
{
	sonde_text_str(s->t, s->said++ ? ", " : "(");
}

static void end_items(struct saying *s)
{
	if (s->said)
		sonde_text_str(s->t, ")");
}

static void put_flags(struct sonde_text *t, uint64_t flags)
{
	static const char letters[] = SONDE_CRAFT_FLAGS;

	sonde_text_str(t, "flags=");
	for (unsigned i = 0; letters[i]; i++)
		if (flags >> i & 1)
			sonde_text_bytes(t, &letters[i], 1);
}

static void put_value(struct sonde_text *t, const struct sonde_row *r, const uint8_t *h)
{
	struct sonde_field f = { .row = (uint16_t)(r - sonde_rows) };

	if (sonde_row_is_octets(r)) {
		f.octets = h + r->at / 8;
		f.octets_len = r->bits / 8;
		if (r->form == SONDE_FORM_TEXT) {
			while (f.octets_len && !f.octets[f.octets_len - 1])
				f.octets_len--;
			put_quoted(t, f.octets, f.octets_len);
			return;
		}
	} else {
		f.number = sonde_get(h, r->at, r->bits) * (r->form == SONDE_FORM_X4 ? 4 : 1);
		if (r->form == SONDE_FORM_TIME) {
			sonde_text_print(t, "0x%llx", (unsigned long long)f.number);
			return;
		}
	}
	sonde_value_print(t, &f);
}

static bool is_zero(const struct sonde_row *r, const uint8_t *h)
{
	if (!sonde_row_is_octets(r))
		return !sonde_get(h, r->at, r->bits);
	return is_zeros(h + r->at / 8, r->bits / 8u);
}

/* Whether a field has to be said. pieces: flags are raised by what follows them. */
static bool counts(const struct sonde_row *r, const uint8_t *h, bool pinned, bool pieces)
{
	if (!r->bits || r->span)
		return false;
	if (pinned)
		return true;
	if (r->role == SONDE_ROLE_USUALLY)
		return sonde_get(h, r->at, r->bits) != r->arg;
	if (!sonde_role_is_chosen(r->role) || (r->role == SONDE_ROLE_HAS && pieces))
		return false;
	return !is_zero(r, h);
}

/* Flags of TCP are said as letters, as long as there are letters for them. */
static bool put_tcp_flags(struct saying *s, const uint8_t *h, const struct sonde_row *r)
{
	const struct sonde_row *all = &sonde_rows[SONDE_ROW_tcp_flags];
	uint64_t flags;

	if (r->shape != SONDE_tcp || r->at < all->at || r->at >= all->at + all->bits)
		return false;
	flags = sonde_get(h, all->at, all->bits);
	if (flags >> (sizeof SONDE_CRAFT_FLAGS - 1))
		return false;
	if (r->at + r->bits == all->at + all->bits && flags) {
		begin_item(s);
		put_flags(s->t, flags);
	}
	return true;
}

/* Whether it is how long an option is, which goes without saying where it is right. */
static bool is_length(const struct sonde_row *r)
{
	const struct sonde_shape_info *s = &sonde_shapes[r->shape];
	const struct sonde_family_info *f = &sonde_families[s->family];

	return r->shape >= SONDE_PROTOCOLS && s->family && r->at == f->len_at &&
	       r->bits == f->len_bits;
}

static void say_fields(struct saying *s, enum sonde_shape shape, const uint8_t *h, uint32_t pinned,
		       bool pieces)
{
	const struct sonde_shape_info *i = &sonde_shapes[shape];

	for (unsigned n = 0; n < i->rows; n++) {
		const struct sonde_row *r = &sonde_rows[i->row + n];

		if ((r->bits && !r->span && put_tcp_flags(s, h, r)) || is_length(r) ||
		    !counts(r, h, pinned >> n % 32 & 1, pieces))
			continue;
		begin_item(s);
		sonde_text_str(s->t, r->alias);
		if (r->form == SONDE_FORM_FLAG && sonde_get(h, r->at, r->bits))
			continue;
		sonde_text_str(s->t, "=");
		put_value(s->t, r, h);
	}
}

/* ---- options ---- */

static void say_raw(struct saying *s, const uint8_t *at, uint32_t len)
{
	begin_item(s);
	put_bytes(s->t, "raw(", "raw(", at, len);
	s->exact = true;
}

/* The single field that NAME=VALUE would set, if that says all. */
static const struct sonde_row *only_field(enum sonde_shape shape)
{
	const struct sonde_shape_info *s = &sonde_shapes[shape];
	const struct sonde_row *first = sonde_craft_first_row(shape);
	unsigned n = 0;

	for (unsigned i = s->row; i < (unsigned)s->row + s->rows; i++)
		n += sonde_rows[i].bits && !sonde_rows[i].span;
	return n == 1 && first && first->bits && sonde_role_is_chosen(first->role) ? first : NULL;
}

/* An element or piece of one shape; header: that of the layer. */
static void say_element(struct saying *s, enum sonde_shape header, enum sonde_shape within,
			enum sonde_shape shape, const uint8_t *at, uint32_t pinned)
{
	const struct sonde_row *only = only_field(shape);
	unsigned outer = s->said;

	begin_item(s);
	sonde_text_str(s->t, sonde_craft_option_name(header, within, shape));
	if (only) {
		sonde_text_str(s->t, "=");
		put_value(s->t, only, at);
	} else {
		s->said = 0;
		say_fields(s, shape, at, pinned, false);
		end_items(s);
	}
	s->said = outer + 1;
}

/* What repeats from at to end; returns where what is left over begins. */
static const uint8_t *say_each(struct saying *s, enum sonde_shape header, enum sonde_shape within,
			       const uint8_t *at, const uint8_t *end)
{
	enum sonde_shape each = sonde_shapes[within].each;
	uint32_t bytes = sonde_shapes[each].bytes;

	for (; each && end - at >= bytes; at += bytes)
		say_element(s, header, within, each, at, 0);
	return at;
}

/* Whether the option would come out the same from its fields and what follows them: kind, length
 * and what pads it up to next are all that encode writes by itself. */
static bool is_regular(enum sonde_shape shape, const struct sonde_option *o, const uint8_t *next)
{
	enum { LONGEST = 64 };
	const struct sonde_shape_info *s = &sonde_shapes[shape];
	const struct sonde_family_info *f = &sonde_families[s->family];
	uint32_t pad = (uint32_t)(next - o->at - o->len);
	uint8_t again[LONGEST] = { 0 };

	if (s->bytes > LONGEST || o->len < s->bytes || (o->len - f->uncounted) % f->unit)
		return false;
	if (pad != -o->len % f->grain || !is_zeros(o->at + o->len, pad))
		return false;
	if (f->kind_bits)
		sonde_put(again, f->kind_at, f->kind_bits, s->kind);
	for (const struct sonde_row *r = &sonde_rows[s->row]; r < &sonde_rows[s->row + s->rows];
	     r++)
		if (r->bits && !r->span)
			sonde_craft_put(again, r,
					sonde_role_is_chosen(r->role) ? sonde_craft_get(o->at, r)
					: r->role == SONDE_ROLE_IS    ? r->arg
								      : 0);
	sonde_put(again, f->len_at, f->len_bits, (o->len - f->uncounted) / f->unit);
	return !memcmp(again, o->at, s->bytes);
}

static void say_option(struct saying *s, enum sonde_shape header, enum sonde_family family,
		       const struct sonde_option *o, const uint8_t *next)
{
	const struct sonde_family_info *f = &sonde_families[family];
	enum sonde_shape shape = sonde_option_shape(family, o->kind);
	const struct sonde_row *only = only_field(shape);
	const struct sonde_shape_info *i = &sonde_shapes[shape];
	unsigned outer = s->said;
	const uint8_t *rest;

	s->exact = false;
	if (*o->at == f->pad) {
		begin_item(s);
		sonde_text_str(s->t, "nop");
		return;
	}
	if (shape == SONDE_NONE || !is_regular(shape, o, next)) {
		say_raw(s, o->at, (uint32_t)(next - o->at));
		return;
	}
	begin_item(s);
	sonde_text_str(s->t, sonde_craft_option_name(header, header, shape));
	if (only && o->len == i->bytes) {
		sonde_text_str(s->t, "=");
		put_value(s->t, only, o->at);
		s->said = outer + 1;
		return;
	}
	s->said = 0;
	say_fields(s, shape, o->at, 0, false);
	rest = say_each(s, header, shape, o->at + i->bytes, o->at + o->len);
	if (rest < o->at + o->len)
		say_raw(s, rest, (uint32_t)(o->at + o->len - rest));
	end_items(s);
	s->said = outer + 1;
	s->exact = false;
}

/* Bytes that pad a header with zeros up to the unit of its length. */
static bool is_padding(const struct sonde_layer *l, const uint8_t *at, const uint8_t *end,
		       const uint8_t *h)
{
	uint32_t grain = sonde_shapes[l->shape].grain, len = (uint32_t)(end - at);

	return len == (grain ? -(uint32_t)(at - h) % grain : 0) && is_zeros(at, len);
}

/* ---- a header ---- */

/* Whether the pieces that its flags tell of are all that follows the fields. */
static bool has_pieces(const struct sonde_packet *p, const struct sonde_layer *l)
{
	struct sonde_pieces w = sonde_pieces(p->byte + l->at, l->shape, l->head);
	uint32_t at;

	if (!sonde_shapes[l->shape].pieces)
		return false;
	while (sonde_piece_next(&w, &at))
		;
	return w.at == l->head;
}

static void say_pieces(struct saying *s, unsigned d)
{
	const struct sonde_layer *l = &s->p->layer[d];
	const uint8_t *h = s->p->byte + l->at;
	struct sonde_pieces w = sonde_pieces(h, l->shape, l->head);
	uint32_t at;

	for (enum sonde_shape piece; (piece = sonde_piece_next(&w, &at));) {
		unsigned first = sonde_shapes[piece].row - sonde_shapes[l->shape].row;
		uint32_t pinned = s->pinned[d] >> first % 32 |
				  (first % 32 ? s->pinned[d] << (32 - first % 32) : 0);

		say_element(s, l->shape, l->shape, piece, h + at, pinned);
	}
}

static void say_header(struct saying *s, unsigned d)
{
	const struct sonde_layer *l = &s->p->layer[d];
	const struct sonde_shape_info *i = &sonde_shapes[l->shape];
	const uint8_t *h = s->p->byte + l->at, *end = h + l->head;
	struct sonde_walk w = { h + i->bytes, end };
	bool pieces = has_pieces(s->p, l);
	struct sonde_option o;

	sonde_text_str(s->t, i->name);
	s->said = 0;
	s->exact = false;
	say_fields(s, l->shape, h, s->pinned[d], pieces);
	if (pieces) {
		say_pieces(s, d);
		w.at = end;
	}
	if (i->family)
		while (sonde_option_next(&w, i->family, &o))
			say_option(s, l->shape, i->family, &o, w.at);
	else
		w.at = say_each(s, l->shape, l->shape, w.at, end);
	if (!is_padding(l, w.at, end, h) || (s->exact && w.at < end))
		say_raw(s, w.at, (uint32_t)(end - w.at));
	end_items(s);
}

static void say_body(struct saying *s, uint32_t at, uint32_t end, bool first)
{
	if (at >= end)
		return;
	if (!first)
		sonde_text_str(s->t, "/");
	if (is_zeros(s->p->byte + at, end - at))
		sonde_text_print(s->t, "zero(%u)", end - at);
	else
		put_bytes(s->t, "hex(", "", s->p->byte + at, end - at);
}

static void say_pad(struct saying *s, uint32_t at)
{
	uint32_t len = s->p->len - at;

	if (is_zeros(s->p->byte + at, len)) {
		sonde_text_print(s->t, "/pad(%u)", len);
		return;
	}
	put_hex(s->t, "/pad(hex(", s->p->byte + at, len);
	sonde_text_str(s->t, ")");
}

void sonde_craft_print(struct sonde_text *t, const struct sonde_packet *p, struct sonde_arena *a)
{
	struct saying s = { .p = p, .t = t };
	uint32_t at = 0, end = sonde_craft_counted(p);

	sonde_craft_pins(p, end, s.pinned, a);
	for (unsigned d = 0; d < p->n; d++) {
		say_body(&s, at, p->layer[d].at, !d); /* what a quoted packet carried */
		if (d)
			sonde_text_str(t, "/");
		say_header(&s, d);
		at = p->layer[d].at + p->layer[d].head;
	}
	say_body(&s, at, end, !p->n);
	if (!p->len && !p->n)
		sonde_text_str(t, "zero(0)"); /* a packet has at least one layer */
	if (end < p->len)
		say_pad(&s, end);
}
