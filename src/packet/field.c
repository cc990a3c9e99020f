#include "packet/field.h"

#include "packet/option.h"

/* Where the fields go, and the one that is being told. */
struct telling {
	const struct sonde_packet *p;
	sonde_field_hear hear;
	void *arg;
	struct sonde_field f;
};

/* Always called with a place and form known when compiling: a load, a few stores, a call. */
SONDE_INLINE void tell(struct telling *t, const uint8_t *h, uint32_t from, enum sonde_row_id row,
		       unsigned at, unsigned bits, enum sonde_form form)
{
	struct sonde_field *f = &t->f;

	f->row = (uint16_t)row;
	f->at = from + at / 8;
	f->len = SONDE_SPAN(at, bits);
	if (form >= SONDE_FORM_MAC) {
		f->octets = h + at / 8;
		f->octets_len = bits / 8;
	} else {
		f->number = sonde_get(h, at, bits) * (form == SONDE_FORM_X4 ? 4 : 1);
	}
	t->hear(t->arg, f);
}

/* The rows of a header, option or element that begins at byte from of the packet. */
static void tell_rows(struct telling *t, unsigned shape, uint32_t from)
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
#define END(p) break;
#include "wire/pass.h"
	default: __builtin_unreachable();
	}
	/* clang-format on */
}

static void open_element(struct telling *t, struct sonde_field f)
{
	f.is = SONDE_FIELD_OPEN;
	f.layer = t->f.layer;
	t->hear(t->arg, &f);
}

static void close_element(struct telling *t)
{
	t->hear(t->arg, &(struct sonde_field){ .is = SONDE_FIELD_CLOSE, .layer = t->f.layer });
}

/* What repeats from at to end; a rest too short for another is no element. */
static void tell_each(struct telling *t, const struct sonde_shape_info *s, uint32_t at,
		      uint32_t end)
{
	uint32_t bytes = sonde_shapes[s->each].bytes;

	for (uint64_t n = 0; s->each && end - at >= bytes; n++, at += bytes) {
		open_element(t, (struct sonde_field){ .shape = s->each,
						      .list = s->list,
						      .number = n,
						      .at = at,
						      .len = bytes });
		tell_rows(t, s->each, at);
		close_element(t);
	}
}

/* An option of len bytes at byte at. */
static void tell_option(struct telling *t, enum sonde_family family, uint32_t at, uint32_t len,
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
	open_element(t, (struct sonde_field){ .shape = (uint8_t)shape,
					      .bad = bad,
					      .number = kind,
					      .name = name,
					      .list = "options",
					      .at = at,
					      .len = len,
					      .octets = h + head,
					      .octets_len = len - head });
	if (shape != SONDE_NONE && !bad) {
		tell_rows(t, shape, at);
		tell_each(t, s, at + s->bytes, at + len);
	}
	close_element(t);
}

static enum sonde_stop tell_options(struct telling *t, enum sonde_family family, uint32_t at,
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

enum sonde_stop sonde_field_each(const struct sonde_packet *p, unsigned d, sonde_field_hear hear,
				 void *arg)
{
	const struct sonde_layer *l = &p->layer[d];
	const struct sonde_shape_info *s = &sonde_shapes[l->shape];
	uint32_t at = l->at + s->bytes, end = l->at + l->head;
	struct telling t = { p, hear, arg, { .layer = (uint8_t)d } };

	tell_rows(&t, l->shape, l->at);
	if (s->each)
		tell_each(&t, s, at, end);
	return s->family ? tell_options(&t, s->family, at, end) : SONDE_STOP_END;
}
