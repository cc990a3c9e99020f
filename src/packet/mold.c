#include "packet/mold.h"

#include "base/random.h"
#include "packet/craft_inside.h"

/* 2^16 is 1 modulo 65535. So a checksum, which is a sum of 16-bit words with the carries
 * added back, is the whole of what it covers, taken as one number, modulo 65535, and a
 * field in there counts as its value times a power of two: its factor. That holds for
 * fields of any width at any place, for addresses that count in a pseudo-header as well,
 * and for sums over packets with sums of their own. Only 0 and 0xffff are the same number;
 * which of them it is, encode tells. */
enum { MODULUS = 65535 };

enum { PATCHES = 32, SUMS = 16, TURNS = 256 /* that are tried */ };

struct patch { /* a field that varies */
	const struct sonde_craft_value *value;
	const struct sonde_row *row;
	unsigned step;
	uint32_t at;	       /* of the header or option that it is in */
	uint64_t dial;	       /* one range in this many turns, with no other behind; 0: else */
	uint32_t factor[SUMS]; /* of the value in each sum, modulo 65535 */
};

struct sum {	       /* a checksum that may depend on them */
	uint32_t at;   /* of its 16 bits */
	uint32_t base; /* what it holds where all of them are 0, modulo 65535 */
};

struct sonde_mold {
	const struct sonde_craft *c;
	uint64_t seed;
	uint8_t *byte; /* len of them: the packet with 0 in all that varies */
	uint32_t len;
	unsigned patches, sums;
	struct patch patch[PATCHES];
	struct sum sum[SUMS];
};

struct trials {
	struct sonde_mold *m;
	struct sonde_craft_trial trial;
	uint8_t *room, *got; /* of most and of m->len bytes */
	uint32_t most;
};

static uint32_t load(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

/* Congruent to the value modulo 65535, and below 2^19. */
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

/* The packet with these values. False: a sum is 0 or 0xffff, and only encode can tell. */
static bool put_all(const struct sonde_mold *m, const sonde_wide *value, uint8_t *to)
{
	uint64_t folded[PATCHES];

	memcpy(to, m->byte, m->len);
	for (unsigned i = 0; i < m->patches; i++) {
		folded[i] = fold(value[i]);
		put_value(to + m->patch[i].at, m->patch[i].row, value[i]);
	}
	for (unsigned s = 0; s < m->sums; s++) {
		uint64_t sum = m->sum[s].base;
		uint16_t word;

		for (unsigned i = 0; i < m->patches; i++)
			sum += folded[i] * m->patch[i].factor[s];
		sum %= MODULUS;
		if (!sum)
			return false;
		word = htobe16((uint16_t)sum);
		memcpy(to + m->sum[s].at, &word, 2);
	}
	return true;
}

static inline sonde_wide value_of(const struct sonde_mold *m, const struct patch *p,
				  const struct sonde_craft_turn *turn)
{
	const struct sonde_craft_range *r = p->value->range;
	sonde_wide v = 0;

	if (p->dial)
		return r->least + r->by * (turn->n < p->dial ? turn->n : turn->n % p->dial);
	sonde_craft_turn_value(m->c, p->value, turn, &v); /* no name, so there is one */
	return v;
}

uint32_t sonde_mold_length(const struct sonde_mold *m)
{
	return m->len;
}

void sonde_mold_cast(const struct sonde_mold *m, uint64_t n, uint8_t *to)
{
	const struct sonde_craft_turn turn = { .n = n, .seed = m->seed };
	sonde_wide value[PATCHES];
	struct sonde_draft d;

	for (unsigned i = 0; i < m->patches; i++)
		value[i] = value_of(m, &m->patch[i], &turn);
	if (put_all(m, value, to))
		return;
	sonde_draft_init(&d, to, m->len);
	sonde_craft_encode(m->c, &turn, &d);
}

/* ---- trials ---- */

/* Encodes into t->room with these values. False: it has another length, or none. */
static bool encode(struct trials *t, const sonde_wide *value, struct sonde_draft *d)
{
	const struct sonde_craft_turn turn = { .seed = t->m->seed };
	int len;

	for (unsigned i = 0; i < t->m->patches; i++)
		t->trial.value[t->m->patch[i].step] = value[i];
	sonde_draft_init(d, t->room, t->most);
	len = sonde_craft_try(t->m->c, &turn, d, &t->trial);
	return len >= 0 && (!t->m->len || len == (int)t->m->len);
}

/* Whether the mold says the same as encode. */
static bool agrees(struct trials *t, const sonde_wide *value)
{
	struct sonde_draft d;

	return encode(t, value, &d) &&
	       (!put_all(t->m, value, t->got) || !memcmp(t->got, t->room, t->m->len));
}

/* Each bit of each field by itself, while the others are as they are. */
static bool agree_bits(struct trials *t, sonde_wide *value)
{
	for (unsigned i = 0; i < t->m->patches; i++) {
		sonde_wide kept = value[i];

		for (unsigned b = 0; b < t->m->patch[i].row->bits; b++) {
			value[i] = kept ^ (sonde_wide)1 << b;
			if (!agrees(t, value))
				return false;
		}
		value[i] = kept;
	}
	return agrees(t, value);
}

static bool agree_turns(struct trials *t)
{
	struct sonde_mold *m = t->m;
	sonde_wide value[PATCHES] = { 0 };
	uint64_t count = sonde_craft_count(m->c), state = m->seed;

	for (unsigned n = 0; n < TURNS; n++) {
		struct sonde_craft_turn turn = { .n = n, .seed = m->seed };

		if (n >= TURNS / 2)
			turn.n = sonde_random(&state) % count;
		for (unsigned i = 0; i < m->patches; i++)
			value[i] = value_of(m, &m->patch[i], &turn);
		if (!agrees(t, value))
			return false;
	}
	return agree_bits(t, value);
}

/* ---- making ---- */

/* Whether what the field holds decides of nothing else. */
static bool is_plain(const struct sonde_row *r)
{
	switch (r->shape) {
	case SONDE_ipv6_routing: /* where the packet goes in the end */
	case SONDE_ospf:
	case SONDE_pim: return false; /* what is summed */
	default: return r->bits && r->role != SONDE_ROLE_COVERS;
	}
}

static bool find_patches(struct sonde_mold *m)
{
	for (unsigned i = 0; i < m->c->steps; i++) {
		const struct sonde_craft_step *s = &m->c->step[i];
		const struct sonde_craft_value *v = &s->value;
		bool alone = v->how == SONDE_CRAFT_RANGES && v->ranges == 1 &&
			     v->dial == m->c->dials - 1 && v->n == m->c->dial[v->dial];

		if (s->op == SONDE_CRAFT_NOISE)
			return false;
		if (s->op != SONDE_CRAFT_FIELD || v->how == SONDE_CRAFT_FIXED)
			continue;
		if (m->patches == PATCHES || v->how == SONDE_CRAFT_VAR ||
		    !is_plain(&sonde_rows[s->row]))
			return false;
		m->patch[m->patches++] = (struct patch){
			.value = v, .row = &sonde_rows[s->row], .step = i, .dial = alone ? v->n : 0
		};
	}
	return m->patches;
}

/* Whether a port decides what encode writes: where the layer has a port that is not
 * said, and one behind it that has a port of its own. */
static bool decides(const struct patch *p, const struct sonde_draft *d)
{
	for (unsigned l = 0; p->row->role == SONDE_ROLE_PORT && l + 1 < d->p.n; l++) {
		const struct sonde_shape_info *s = &sonde_shapes[d->p.layer[l].shape];

		for (unsigned i = 0; i < s->rows && d->p.layer[l].at == p->at; i++)
			if (sonde_rows[s->row + i].role == SONDE_ROLE_PORT_TO &&
			    !(d->pinned[l] >> i & 1))
				return true;
	}
	return false;
}

/* Every sum that is worked out, in the header of each layer. */
static bool find_sums(struct trials *t, const struct sonde_draft *d)
{
	struct sonde_mold *m = t->m;

	for (unsigned l = 0; l < d->p.n; l++) {
		const struct sonde_shape_info *s = &sonde_shapes[d->p.layer[l].shape];

		for (unsigned i = 0; i < s->rows; i++) {
			const struct sonde_row *r = &sonde_rows[s->row + i];
			uint32_t at = d->p.layer[l].at + r->at / 8u;

			if (r->role < SONDE_ROLE_SUM_HEADER || r->bits != 16 ||
			    d->pinned[l] >> i & 1)
				continue;
			if (m->sums == SUMS)
				return false;
			m->sum[m->sums++] = (struct sum){ at, load(t->room + at) % MODULUS };
		}
	}
	return true;
}

/* What each field counts in each sum: by how much 1 moves it. */
static bool find_factors(struct trials *t)
{
	struct sonde_mold *m = t->m;

	for (unsigned i = 0; i < m->patches; i++) {
		sonde_wide value[PATCHES] = { 0 };
		struct sonde_draft d;

		value[i] = 1;
		if (!encode(t, value, &d))
			return false;
		for (unsigned j = 0; j < m->sums; j++)
			m->patch[i].factor[j] =
				(load(t->room + m->sum[j].at) + MODULUS - m->sum[j].base) % MODULUS;
	}
	return true;
}

/* The packet with 0 in all that varies. */
static bool find_base(struct trials *t, struct sonde_arena *a)
{
	static const sonde_wide zero[PATCHES];
	struct sonde_mold *m = t->m;
	struct sonde_draft d;

	for (unsigned i = 0; i < m->patches; i++)
		t->trial.forced[m->patch[i].step] = true;
	if (!encode(t, zero, &d))
		return false;
	m->len = d.p.len;
	m->byte = sonde_arena_take(a, m->len);
	t->got = sonde_arena_take(a, m->len);
	memcpy(m->byte, t->room, m->len);
	for (unsigned i = 0; i < m->patches; i++) {
		m->patch[i].at = t->trial.at[m->patch[i].step];
		if (decides(&m->patch[i], &d))
			return false;
	}
	return find_sums(t, &d);
}

struct sonde_mold *sonde_mold_make(const struct sonde_craft *c, uint64_t seed, uint8_t *room,
				   uint32_t most, struct sonde_arena *a)
{
	struct sonde_mold *m = sonde_arena_take(a, sizeof *m);
	struct trials t = { .m = m, .room = room, .most = most };
	sonde_wide value[PATCHES] = { 0 };

	m->c = c;
	m->seed = seed;
	t.trial.forced = sonde_arena_take(a, c->steps * sizeof *t.trial.forced);
	t.trial.value = sonde_arena_take(a, c->steps * sizeof *t.trial.value);
	t.trial.at = sonde_arena_take(a, c->steps * sizeof *t.trial.at);
	if (c->cut.asked || !find_patches(m) || !find_base(&t, a) || !find_factors(&t) ||
	    !agree_bits(&t, value) || !agree_turns(&t))
		return NULL;
	return m;
}
