#include "packet/teller.h"

#include "packet/object.h"
#include "packet/option.h"

/* RFC 5905 section 6; a first bit of 0 is the era that begins in 2036, RFC 4330 section 3. */
static uint64_t since_1970(uint64_t ntp)
{
	uint64_t seconds = (ntp >> 32) + (ntp >> 63 ? 0 : 1ULL << 32) - 2208988800;

	return seconds * 1000000000 + ((ntp & UINT32_MAX) * 1000000000 >> 32);
}

static uint32_t without_zeros(const uint8_t *at, uint32_t len)
{
	while (len && !at[len - 1])
		len--;
	return len;
}

void sonde_tell_number(struct sonde_teller *t, enum sonde_row_id row, uint32_t at, uint32_t len,
		       uint64_t number)
{
	t->f.is = SONDE_FIELD_VALUE;
	t->f.shape = sonde_rows[row].shape;
	t->f.row = (uint16_t)row;
	t->f.at = at;
	t->f.len = len;
	t->f.number = number;
	t->hear(t->arg, &t->f);
}

void sonde_tell_octets(struct sonde_teller *t, enum sonde_row_id row, uint32_t at, uint32_t len,
		       const void *octets, uint32_t octets_len)
{
	t->f.octets = octets;
	t->f.octets_len = octets_len;
	sonde_tell_number(t, row, at, len, 0);
}

/* Always called with a place and form known when compiling: a load, a few stores, a call. */
SONDE_INLINE void tell(struct sonde_teller *t, const uint8_t *h, uint32_t from,
		       enum sonde_row_id row, unsigned at, unsigned bits, enum sonde_form form)
{
	struct sonde_field *f = &t->f;

	f->row = (uint16_t)row;
	f->at = from + at / 8;
	f->len = SONDE_SPAN(at, bits);
	if (form >= SONDE_FORM_MAC) {
		f->octets = h + at / 8;
		f->octets_len = bits / 8;
		if (form == SONDE_FORM_TEXT &&
		    !(f->octets_len = without_zeros(f->octets, bits / 8)))
			return; /* absent */
	} else {
		f->number = sonde_get(h, at, bits) * (form == SONDE_FORM_X4 ? 4 : 1);
		if (form == SONDE_FORM_TIME) {
			if (!f->number)
				return; /* not known */
			f->number = since_1970(f->number);
		}
	}
	t->hear(t->arg, f);
}

static void tell_rest(struct sonde_teller *t, enum sonde_row_id row, enum sonde_form form,
		      uint32_t at, uint32_t end)
{
	const uint8_t *octets = t->p->byte + at;
	uint32_t len = end > at ? end - at : 0, shown = len;

	if (form == SONDE_FORM_TEXT)
		shown = without_zeros(octets, len);
	if (shown)
		sonde_tell_octets(t, row, at, len, octets, shown);
}

void sonde_tell_rows(struct sonde_teller *t, enum sonde_shape shape, uint32_t from, uint32_t end)
{
	const uint8_t *h = t->p->byte + from;

	t->f.is = SONDE_FIELD_VALUE;
	t->f.shape = (uint8_t)shape;
	/* clang-format off */
	switch (shape) {
#define PROTOCOL(p, ...) case SONDE_##p:
#define OPTION(family, p, ...) case SONDE_##p:
#define SHAPE(p, ...) case SONDE_##p:
#define FIELD(p, n, full, bits, form, role, what) \
		tell(t, h, from, SONDE_ROW_##p##_##n, SONDE_AT_##p##_##n, bits, SONDE_FORM_##form);
#define SPAN(p, n, full, first, last, form, what) \
		tell(t, h, from, SONDE_ROW_##p##_##n, SONDE_AT_##p##_##n, \
		     SONDE_TO_##p##_##last - SONDE_AT_##p##_##first + 1, SONDE_FORM_##form);
#define REST(p, n, full, form, what) \
		tell_rest(t, SONDE_ROW_##p##_##n, SONDE_FORM_##form, from + SONDE_BYTES_##p, end);
#define END(p) break;
#include "wire/pass.h"
	default: __builtin_unreachable();
	}
	/* clang-format on */
}

void sonde_tell_open(struct sonde_teller *t, struct sonde_field f)
{
	f.is = SONDE_FIELD_OPEN;
	f.layer = t->f.layer;
	t->hear(t->arg, &f);
}

void sonde_tell_close(struct sonde_teller *t)
{
	t->hear(t->arg, &(struct sonde_field){ .is = SONDE_FIELD_CLOSE, .layer = t->f.layer });
}

/* What repeats from at to end; a rest too short for another is no element. */
static void tell_each(struct sonde_teller *t, const struct sonde_shape_info *s, uint32_t at,
		      uint32_t end)
{
	uint32_t bytes = sonde_shapes[s->each].bytes;

	for (uint64_t n = 0; s->each && end - at >= bytes; n++, at += bytes) {
		sonde_tell_open(t, (struct sonde_field){ .shape = s->each,
							 .list = s->list,
							 .number = n,
							 .at = at,
							 .len = bytes });
		sonde_tell_rows(t, s->each, at, at + bytes);
		sonde_tell_close(t);
	}
}

/* An option of len bytes at byte at. */
static void tell_option(struct sonde_teller *t, enum sonde_family family, uint32_t at, uint32_t len,
			bool bad)
{
	const struct sonde_family_info *i = &sonde_families[family];
	const uint8_t *h = t->p->byte + at;
	uint32_t whole = sonde_family_head(i), head = len < whole ? len : whole;
	uint32_t kind = len < whole    ? *h
			: i->kind_bits ? (uint32_t)sonde_get(h, i->kind_at, i->kind_bits)
				       : 0;
	enum sonde_shape shape = sonde_option_shape(family, kind);
	const struct sonde_shape_info *s = &sonde_shapes[shape];
	const char *name = *h == i->pad ? "nop" : *h == i->end ? "eol" : NULL;

	if (name) {
		head = 1;
	} else if (shape != SONDE_NONE) {
		name = s->title;
		bad |= len < s->bytes;
	}
	sonde_tell_open(t, (struct sonde_field){ .shape = (uint8_t)shape,
						 .bad = bad,
						 .number = kind,
						 .name = name,
						 .list = "options",
						 .at = at,
						 .len = len,
						 .octets = h + head,
						 .octets_len = len - head });
	if (shape != SONDE_NONE && !bad) {
		sonde_tell_rows(t, shape, at, at + len);
		tell_each(t, s, at + s->bytes, at + len);
		if (shape == SONDE_icmp_interface)
			sonde_interface_tell(t, at, at + len);
		else if (shape == SONDE_icmp_ident)
			sonde_ident_tell(t, at, at + len);
	}
	sonde_tell_close(t);
}

static enum sonde_stop tell_options(struct sonde_teller *t, enum sonde_family family, uint32_t at,
				    uint32_t end)
{
	const uint8_t *byte = t->p->byte;
	struct sonde_walk w = { byte + at, byte + end };
	struct sonde_option o;
	bool ended;

	while (sonde_option_next(&w, family, &o))
		tell_option(t, family, (uint32_t)(o.at - byte), o.len, false);
	if (w.at == w.to)
		return SONDE_STOP_END;
	ended = *w.at == sonde_families[family].end;
	tell_option(t, family, (uint32_t)(w.at - byte), (uint32_t)(w.to - w.at), !ended);
	return ended ? SONDE_STOP_END : SONDE_STOP_MALFORMED;
}

/* What it means when the bytes of layer d end too early. */
static enum sonde_stop runs_out(const struct sonde_packet *p, unsigned d)
{
	if (p->layer[d].end > p->len)
		return SONDE_STOP_TRUNCATED;
	if (p->layer[d].head == UINT16_MAX) /* as long as a layer can be */
		return SONDE_STOP_MORE;
	return p->stop == SONDE_STOP_MORE && d + 1 == p->n ? SONDE_STOP_MORE : SONDE_STOP_MALFORMED;
}

/* What the flags of a header say follows its fields: fields too, and no elements. */
static void tell_pieces(struct sonde_teller *t, const struct sonde_layer *l)
{
	struct sonde_pieces w = sonde_pieces(t->p->byte + l->at, l->shape, l->head);
	uint32_t at;

	for (enum sonde_shape piece; (piece = sonde_piece_next(&w, &at));)
		sonde_tell_rows(t, piece, l->at + at, l->at + w.at);
}

/* Where the hops of a routing header end: of segment routing it says how many there are, RFC 8754
 * section 2, and options follow; any other has nothing but hops. */
static uint32_t behind_hops(const struct sonde_packet *p, const struct sonde_layer *l)
{
	const struct sonde_ipv6_routing *h = (const void *)(p->byte + l->at);
	uint32_t from = l->at + SONDE_BYTES_ipv6_routing, end = l->at + l->head;
	uint32_t hops = ((sonde_ipv6_routing_data(h) >> 24) + 1) * SONDE_BYTES_ipv6_segment;

	return sonde_ipv6_routing_type(h) == 4 && hops <= end - from ? from + hops : end;
}

enum sonde_stop sonde_field_each(const struct sonde_packet *p, unsigned d, sonde_field_hear hear,
				 void *arg)
{
	const struct sonde_layer *l = &p->layer[d];
	const struct sonde_shape_info *s = &sonde_shapes[l->shape];
	uint32_t at = l->at + s->bytes, end = l->at + l->head, options;
	struct sonde_teller t = { p, hear, arg, runs_out(p, d), { .layer = (uint8_t)d } };

	sonde_tell_rows(&t, l->shape, l->at, end);
	if (s->pieces)
		tell_pieces(&t, l);
	if (l->shape == SONDE_ipv6_routing) {
		options = behind_hops(p, l);
		tell_each(&t, s, at, options);
		return tell_options(&t, SONDE_FAMILY_srhopt, options, end);
	}
	if (s->each)
		tell_each(&t, s, at, end);
	/* clang-format off */
	switch (l->shape) {
#define READER(p) case SONDE_##p: return sonde_##p##_tell(&t, l->at, end);
#include "wire/pass.h"
	}
	/* clang-format on */
	return s->family ? tell_options(&t, s->family, at, end) : SONDE_STOP_END;
}
