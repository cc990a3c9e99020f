#include "packet/craft_inside.h"
#include "packet/derive.h"
#include "packet/option.h"

/* Every field that a packet derives, of layer d and its pieces. */
typedef bool (*each_derived)(void *arg, const struct sonde_row *r, uint32_t at, unsigned bit);

static bool derived_of(const struct sonde_shape_info *s, const struct sonde_shape_info *header,
		       uint32_t at, each_derived hear, void *arg)
{
	for (unsigned i = s->row; i < (unsigned)s->row + s->rows; i++) {
		const struct sonde_row *r = &sonde_rows[i];

		if (r->bits && !r->span &&
		    (!sonde_role_is_chosen(r->role) || r->role == SONDE_ROLE_PORT_TO) &&
		    !hear(arg, r, at, (i - header->row) % 32))
			return false;
	}
	return true;
}

static bool derived(const struct sonde_packet *p, unsigned d, each_derived hear, void *arg)
{
	const struct sonde_layer *l = &p->layer[d];
	const struct sonde_shape_info *s = &sonde_shapes[l->shape];
	struct sonde_pieces w = sonde_pieces(p->byte + l->at, l->shape, l->head);
	uint32_t at;

	if (!derived_of(s, s, l->at, hear, arg))
		return false;
	for (enum sonde_shape piece; (piece = sonde_piece_next(&w, &at));)
		if (!derived_of(&sonde_shapes[piece], s, l->at + at, hear, arg))
			return false;
	return true;
}

struct trial {
	const uint8_t *byte;
	uint8_t *again;
	uint32_t *pinned; /* of the layer */
	bool sums;
};

static bool is_sum(const struct sonde_row *r)
{
	return r->role >= SONDE_ROLE_SUM_HEADER;
}

/* As a header begins, for what encode will fill in. */
static bool forget(void *arg, const struct sonde_row *r, uint32_t at, unsigned bit)
{
	struct trial *t = arg;

	if (r->role == SONDE_ROLE_PORT_TO && sonde_get(t->byte + at, r->at, r->bits))
		*t->pinned |= 1u << bit; /* it is said anyhow */
	if (!(*t->pinned >> bit & 1))
		sonde_put(t->again + at, r->at, r->bits, r->role == SONDE_ROLE_IS ? r->arg : 0);
	return true;
}

/* Pins what came out otherwise; of sums only the first, since those around it cover it. */
static bool compare(void *arg, const struct sonde_row *r, uint32_t at, unsigned bit)
{
	struct trial *t = arg;

	if (is_sum(r) != t->sums ||
	    sonde_get(t->again + at, r->at, r->bits) == sonde_get(t->byte + at, r->at, r->bits))
		return true;
	*t->pinned |= 1u << bit;
	return !t->sums;
}

/* Lengths and keys, all of them, or sums, the innermost that differs. Whether none does. */
static bool all_same(const struct sonde_packet *p, struct trial *t, uint32_t pinned[SONDE_LAYERS])
{
	bool same = true;

	for (unsigned d = p->n; d-- > 0 && (same || !t->sums);) {
		uint32_t before = pinned[d];

		t->pinned = &pinned[d];
		derived(p, d, compare, t);
		same &= before == pinned[d];
	}
	return same;
}

void sonde_craft_pins(const struct sonde_packet *p, uint32_t end, uint32_t pinned[SONDE_LAYERS],
		      struct sonde_arena *a)
{
	struct sonde_packet q = *p;
	struct trial t = { .byte = p->byte, .again = sonde_arena_take(a, q.len + 1u) };

	memset(pinned, 0, SONDE_LAYERS * sizeof *pinned);
	sonde_draft_reach(&q, end);
	q.byte = t.again;
	q.wire = q.len;
	for (bool same = false; !same;) {
		memcpy(t.again, t.byte, q.len);
		for (unsigned d = 0; d < q.n; d++) {
			t.pinned = &pinned[d];
			derived(p, d, forget, &t);
		}
		sonde_fill(&q, t.again, pinned);
		t.sums = false;
		same = all_same(p, &t, pinned);
		t.sums = true;
		same = same && all_same(p, &t, pinned);
	}
}

uint32_t sonde_craft_counted(const struct sonde_packet *p)
{
	const struct sonde_layer *last = &p->layer[p->n ? p->n - 1 : 0];

	for (unsigned d = 0; d < p->n && p->wire <= p->len; d++)
		if (!p->layer[d].part && p->layer[d].end < p->len)
			return p->layer[d].end >= last->at + last->head ? p->layer[d].end : p->len;
	return p->len;
}
