#include "packet/mold.h"

#include "base/random.h"
#include "packet/craft_inside.h"

/* 2^16 is 1 modulo 65535. So a checksum, which is a sum of 16-bit words with the carries added
 * back, is the whole of what it covers, taken as one number, modulo 65535, and a field in there
 * counts as its value times a power of two: its factor. That holds for fields of any width at any
 * place, for addresses that count in a pseudo-header as well, and for sums over packets with sums
 * of their own. Only 0 and 0xffff are the same number; which of them it is, encode tells. */
enum { MODULUS = 65535 };

enum { ROOM = 1 << 17 /* bytes of the longest packet */, TURNS = 256 /* that are tried */ };

struct making {
	struct sonde_mold *m;
	struct sonde_craft craft; /* the same with fixed values in all that varies */
	struct sonde_craft_step *step[SONDE_MOLD_PATCHES]; /* these, in it */
	uint8_t *want, *got;				   /* ROOM bytes each */
};

static uint32_t load(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

/* Congruent to the value modulo 65535, and below 2^18. */
static inline uint64_t fold(sonde_wide v)
{
	uint64_t high = (uint64_t)(v >> 64), low = (uint64_t)v, sum;

	sum = (high >> 32) + (high & UINT32_MAX) + (low >> 32) + (low & UINT32_MAX);
	return (sum & 0xffff) + (sum >> 16);
}

/* ---- turns ---- */

static inline void put_value(uint8_t *h, const struct sonde_row *r, sonde_wide v)
{
	unsigned at = r->at / 8;
	uint16_t v16 = htobe16((uint16_t)v);
	uint32_t v32 = htobe32((uint32_t)v);

	if (r->at % 8 == 0 && r->bits == 16)
		memcpy(h + at, &v16, 2);
	else if (r->at % 8 == 0 && r->bits == 32)
		memcpy(h + at, &v32, 4);
	else
		sonde_craft_put(h, r, v);
}

/* False: only encode can tell a sum. */
static bool put_sums(const struct sonde_mold *m, const uint64_t *folded, uint8_t *buf)
{
	for (unsigned s = 0; s < m->sums; s++) {
		uint64_t sum = m->sum[s].base;
		uint16_t word;

		for (unsigned i = 0; i < m->patches; i++)
			sum += folded[i] * m->patch[i].factor[s];
		sum %= MODULUS;
		if (!sum)
			return false;
		word = htobe16((uint16_t)sum);
		memcpy(buf + m->sum[s].at, &word, 2);
	}
	return true;
}

static inline sonde_wide value_of(const struct sonde_mold *m, unsigned i,
				  const struct sonde_craft_turn *turn)
{
	const struct sonde_mold_patch *p = &m->patch[i];
	const struct sonde_craft_range *r = p->value->range;
	sonde_wide v = 0;

	if (p->counted)
		return r->least + r->by * (turn->n < p->dial ? turn->n : turn->n % p->dial);
	sonde_craft_turn_value(m->craft, p->value, turn, &v); /* a value of a mold has one */
	return v;
}

uint32_t sonde_mold_put(const struct sonde_mold *m, uint64_t n, uint8_t *buf)
{
	const struct sonde_craft_turn turn = { .n = n, .seed = m->seed };
	uint64_t folded[SONDE_MOLD_PATCHES];
	struct sonde_draft d;

	memcpy(buf, m->byte, m->len);
	for (unsigned i = 0; i < m->patches; i++) {
		sonde_wide v = value_of(m, i, &turn);

		folded[i] = fold(v);
		put_value(buf + m->patch[i].at, m->patch[i].row, v);
	}
	if (!put_sums(m, folded, buf)) {
		sonde_draft_init(&d, buf, m->len);
		sonde_craft_encode(m->craft, &turn, &d);
	}
	return m->len;
}

/* ---- making ---- */

/* Whether a field changes nothing in the packet around it but sums. */
static bool is_plain(const struct sonde_row *r)
{
	switch (r->shape) {
	case SONDE_ipv6_routing: /* where the packet goes in the end */
	case SONDE_ospf:
	case SONDE_pim: return false; /* what is summed */
	default: break;
	}
	return r->bits && (r->role <= SONDE_ROLE_USUALLY || r->role == SONDE_ROLE_PORT ||
			   r->role == SONDE_ROLE_PORT_TO);
}

/* Whether encode may find the next layer's port where a varying field is. */
static bool finds_port(const struct sonde_draft *d, unsigned layer)
{
	const struct sonde_shape_info *s = &sonde_shapes[d->p.layer[layer].shape];

	for (unsigned i = 0; i < s->rows && layer + 1 < d->p.n; i++)
		if (sonde_rows[s->row + i].role == SONDE_ROLE_PORT_TO &&
		    !(d->pinned[layer] >> i & 1))
			return true;
	return false;
}

static bool add_patch(struct making *k, unsigned step)
{
	struct sonde_mold *m = k->m;
	const struct sonde_craft_value *v = &m->craft->step[step].value;
	const struct sonde_row *r = &sonde_rows[m->craft->step[step].row];

	if (m->patches == SONDE_MOLD_PATCHES || v->how == SONDE_CRAFT_VAR || !is_plain(r))
		return false;
	k->step[m->patches] = &k->craft.step[step];
	k->step[m->patches]->value = (struct sonde_craft_value){ .bits = v->bits };
	m->patch[m->patches++] = (struct sonde_mold_patch){
		.value = v,
		.row = r,
		.counted = v->how == SONDE_CRAFT_RANGES && v->ranges == 1 &&
			   v->dial == m->craft->dials - 1 && v->n == m->craft->dial[v->dial],
		.dial = v->how == SONDE_CRAFT_RANGES ? m->craft->dial[v->dial] : 0,
	};
	return true;
}

static bool add_patches(struct making *k, struct sonde_arena *a)
{
	const struct sonde_craft *c = k->m->craft;

	k->craft = *c;
	k->craft.step = sonde_arena_take(a, c->steps * sizeof *c->step);
	memcpy(k->craft.step, c->step, c->steps * sizeof *c->step);
	for (unsigned i = 0; i < c->steps; i++) {
		if (c->step[i].op == SONDE_CRAFT_NOISE)
			return false;
		if (c->step[i].op == SONDE_CRAFT_FIELD &&
		    c->step[i].value.how != SONDE_CRAFT_FIXED && !add_patch(k, i))
			return false;
	}
	return true;
}

/* The packet as its values are now, into k->want. */
static int encode(struct making *k, struct sonde_draft *d, uint32_t *ret_at)
{
	const struct sonde_craft_turn turn = { .seed = k->m->seed };

	sonde_draft_init(d, k->want, ROOM);
	return sonde_craft_encode_places(&k->craft, &turn, d, ret_at);
}

/* The sums that are worked out. */
static bool add_sums(struct making *k, const struct sonde_draft *d)
{
	struct sonde_mold *m = k->m;

	for (unsigned l = 0; l < d->p.n; l++) {
		const struct sonde_shape_info *s = &sonde_shapes[d->p.layer[l].shape];

		for (unsigned i = 0; i < s->rows; i++) {
			const struct sonde_row *r = &sonde_rows[s->row + i];
			uint32_t at = d->p.layer[l].at + r->at / 8;

			if (r->role < SONDE_ROLE_SUM_HEADER || r->bits != 16 || r->at % 16 ||
			    d->pinned[l] >> i & 1 || at + 2 > m->len)
				continue;
			if (m->sums == SONDE_MOLD_SUMS)
				return false;
			m->sum[m->sums++] =
				(struct sonde_mold_sum){ at, load(k->want + at) % MODULUS };
		}
	}
	return true;
}

static int find_places(struct making *k, struct sonde_arena *a)
{
	struct sonde_mold *m = k->m;
	uint32_t *at = sonde_arena_take(a, k->craft.steps * sizeof *at);
	struct sonde_draft d;
	int r = encode(k, &d, at);

	if (r < 0)
		return r;
	m->len = (uint32_t)r;
	m->byte = sonde_arena_take(a, m->len);
	memcpy(m->byte, k->want, m->len);
	for (unsigned i = 0; i < m->patches; i++) {
		m->patch[i].at = at[k->step[i] - k->craft.step];
		for (unsigned l = 0; l < d.p.n; l++)
			if (m->patch[i].row->role > SONDE_ROLE_USUALLY &&
			    d.p.layer[l].at == m->patch[i].at && finds_port(&d, l))
				return SONDE_NO_MOLD;
	}
	return add_sums(k, &d) ? 0 : SONDE_NO_MOLD;
}

/* What each field counts in each sum. */
static int find_factors(struct making *k)
{
	struct sonde_mold *m = k->m;
	struct sonde_draft d;

	for (unsigned i = 0; i < m->patches; i++) {
		k->step[i]->value.number = 1;
		if (encode(k, &d, NULL) != (int)m->len)
			return SONDE_NO_MOLD;
		k->step[i]->value.number = 0;
		for (unsigned s = 0; s < m->sums; s++)
			m->patch[i].factor[s] =
				(load(k->want + m->sum[s].at) + MODULUS - m->sum[s].base) % MODULUS;
	}
	return 0;
}

/* Whether the mold says the same as encode for the values as they are now. */
static bool agrees(struct making *k)
{
	struct sonde_mold *m = k->m;
	uint64_t folded[SONDE_MOLD_PATCHES];
	struct sonde_draft d;

	if (encode(k, &d, NULL) != (int)m->len)
		return false;
	memcpy(k->got, m->byte, m->len);
	for (unsigned i = 0; i < m->patches; i++) {
		sonde_wide v = k->step[i]->value.number;

		folded[i] = fold(v);
		put_value(k->got + m->patch[i].at, m->patch[i].row, v);
	}
	return !put_sums(m, folded, k->got) || !memcmp(k->got, k->want, m->len);
}

/* Each bit of each field by itself, with the others 0 and as some turn has them. */
static bool tries_bits(struct making *k, const sonde_wide *others)
{
	struct sonde_mold *m = k->m;

	for (unsigned i = 0; i < m->patches; i++)
		k->step[i]->value.number = others ? others[i] : 0;
	for (unsigned i = 0; i < m->patches; i++) {
		sonde_wide *number = &k->step[i]->value.number, kept = *number;

		for (unsigned b = 0; b < m->patch[i].row->bits; b++) {
			*number = kept ^ (sonde_wide)1 << b;
			if (!agrees(k))
				return false;
		}
		*number = kept;
	}
	return agrees(k);
}

static bool tries(struct making *k)
{
	struct sonde_mold *m = k->m;
	uint64_t count = sonde_craft_count(m->craft), state = m->seed;
	sonde_wide others[SONDE_MOLD_PATCHES] = { 0 };
	struct sonde_craft_turn turn = { .n = count / 2, .seed = m->seed };

	for (unsigned i = 0; i < m->patches; i++)
		others[i] = value_of(m, i, &turn);
	if (!tries_bits(k, NULL) || !tries_bits(k, others))
		return false;
	for (uint64_t i = 0; i < TURNS; i++) {
		struct sonde_draft d;

		turn.n = i < TURNS / 2 ? i : sonde_random(&state) % count;
		sonde_draft_init(&d, k->want, ROOM);
		if (sonde_craft_encode(m->craft, &turn, &d) != (int)m->len ||
		    sonde_mold_put(m, turn.n, k->got) != m->len || memcmp(k->got, k->want, m->len))
			return false;
	}
	return true;
}

int sonde_mold_make(struct sonde_mold *m, const struct sonde_craft *c, uint64_t seed,
		    struct sonde_arena *a)
{
	struct making k = { .m = m };
	int r;

	*m = (struct sonde_mold){ .craft = c, .seed = seed };
	if (sonde_craft_fragments(c) || !add_patches(&k, a))
		return SONDE_NO_MOLD;
	k.want = sonde_arena_take(a, ROOM);
	k.got = sonde_arena_take(a, ROOM);
	r = find_places(&k, a);
	if (!r)
		r = find_factors(&k);
	return r || tries(&k) ? r : SONDE_NO_MOLD;
}
