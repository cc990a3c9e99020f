#ifndef SONDE_PACKET_OPTION_H
#define SONDE_PACKET_OPTION_H

/* Options, one after the other: kind, length, data. How far each reaches is the family's business;
 * with a family known when compiling, the walk is as short as one written by hand. */

#include "wire/wire.h"

struct sonde_walk {
	const uint8_t *at, *to; /* what is left; not empty after a walk: an end, or nonsense */
};

struct sonde_option {
	const uint8_t *at;
	uint32_t len; /* with kind and length, without what pads it */
	uint32_t kind;
};

SONDE_INLINE bool sonde_option_next(struct sonde_walk *w, enum sonde_family family,
				    struct sonde_option *o)
{
	const struct sonde_family_info f = sonde_families[family];
	uint32_t left = (uint32_t)(w->to - w->at), len = 1, kind;

	if (!left || *w->at == f.end)
		return false;
	kind = *w->at;
	if (*w->at != f.pad) {
		if (left < sonde_family_head(&f))
			return false;
		len = (uint32_t)sonde_get(w->at, f.len_at, f.len_bits) * f.unit + f.uncounted;
		if (f.aux_at >= 0)
			len += 4u * w->at[f.aux_at / 8];
		if (len < sonde_family_head(&f) || len > left)
			return false;
		kind = f.kind_bits ? (uint32_t)sonde_get(w->at, f.kind_at, f.kind_bits) : 0;
	}
	*o = (struct sonde_option){ w->at, len, kind };
	len += -len % f.grain;
	w->at += len < left ? len : left;
	return true;
}

/* The pieces that the flags of a header at h say follow its fields. */
struct sonde_pieces {
	const uint8_t *h;
	const struct sonde_row *row, *last; /* of the header; flags from row on are to be asked */
	uint32_t at, head; /* of the next piece, and bytes of the header with all */
};

static inline struct sonde_pieces sonde_pieces(const uint8_t *h, enum sonde_shape shape,
					       uint32_t head)
{
	const struct sonde_shape_info *s = &sonde_shapes[shape];
	const struct sonde_row *row = &sonde_rows[s->row];

	return (struct sonde_pieces){ h, row, s->pieces ? row + s->rows : row, s->bytes, head };
}

/* SONDE_NONE: there are no more. *at is the first byte of the piece, from that of the header. */
static inline enum sonde_shape sonde_piece_next(struct sonde_pieces *w, uint32_t *at)
{
	for (const struct sonde_row *r; w->row < w->last;) {
		r = w->row++;
		if (r->role != SONDE_ROLE_HAS || !sonde_get(w->h, r->at, r->bits))
			continue;
		*at = w->at;
		w->at += sonde_shapes[r->arg].bytes;
		return w->at <= w->head ? (enum sonde_shape)r->arg : SONDE_NONE;
	}
	return SONDE_NONE;
}

#endif
