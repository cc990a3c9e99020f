#include "packet/mold.h"

#include "base/random.h"
#include "packet/craft_inside.h"

enum { PATCHES = 16, SUMS = 16, TRIALS = 4 };

struct patch { /* a field that varies */
	const struct sonde_craft_value *value;
	const struct sonde_row *row;
	unsigned step;
	uint32_t at;	   /* of its header */
	uint8_t shift;	   /* of its number in the 16-bit words of the packet */
	int8_t felt[SUMS]; /* by each sum: as it is, not at all, or taken away */
};

struct sum {
	uint32_t at;
	uint16_t base; /* the words it covers, all but those that vary */
	bool odd;      /* its words begin at odd bytes */
	bool optional; /* 0 would mean that there is none */
};

struct sonde_mold {
	const struct sonde_craft *c;
	struct sonde_craft_turn turn;
	uint8_t *byte;
	uint32_t len;
	unsigned patches, sums;
	struct patch patch[PATCHES];
	struct sum sum[SUMS];
};

/* ---- one's complement ---- */

/* Folded to 16 bits; only a sum of nothing is 0. */
SONDE_INLINE uint32_t fold(uint64_t v)
{
	v = (v & 0xffffffff) + (v >> 32);
	v = (v & 0xffff) + (v >> 16 & 0xffff) + (v >> 32);
	v = (v & 0xffff) + (v >> 16);
	return (uint32_t)((v & 0xffff) + (v >> 16));
}

/* What a number adds to the sum of the words that it lies in. */
SONDE_INLINE uint32_t weight(sonde_wide v, unsigned shift)
{
	uint32_t low = fold((uint64_t)v);

	if (v >> 64)
		low = fold((uint64_t)low + fold((uint64_t)(v >> 64)));
	return fold((uint64_t)low << shift);
}

SONDE_INLINE uint32_t swapped(uint32_t v)
{
	return (v & 0xff) << 8 | v >> 8;
}

/* ---- trials ---- */

struct trials {
	struct sonde_mold *m;
	struct sonde_craft_trial trial;
	uint8_t *room;
	uint32_t most;
	uint64_t random;
};

/* Encodes with the values that are forced; the packet is in t->room. False: it has another length,
 * or none. */
static bool encode(struct trials *t, struct sonde_draft *d)
{
	sonde_draft_init(d, t->room, t->most);
	return sonde_craft_try(t->m->c, &t->m->turn, d, &t->trial) >= 0 &&
	       (!t->m->len || d->p.len == t->m->len);
}

static sonde_wide of_width(sonde_wide v, unsigned bits)
{
	return bits >= 128 ? v : v & (((sonde_wide)1 << bits) - 1);
}

static void force(struct trials *t, const struct patch *p, sonde_wide v)
{
	t->trial.forced[p->step] = true;
	t->trial.value[p->step] = of_width(v, p->row->bits);
}

static bool lies_in(uint32_t at, const struct patch *p)
{
	return at >= p->at + p->row->at / 8u && at < p->at + (p->row->at + p->row->bits + 7u) / 8u;
}

static uint32_t word(const uint8_t *byte, uint32_t at)
{
	return (uint32_t)sonde_load(byte + at, 2);
}

/* How a sum felt that a number was added to its words: once, not at all, taken away; 2: in no such
 * way. */
static int felt(uint32_t before, uint32_t after, uint32_t by)
{
	/* The field holds the complement of the sum. */
	uint32_t moved = fold((uint64_t)(~after & 0xffff) + before);

	if (moved % 0xffff == 0)
		return 0;
	if (moved % 0xffff == by % 0xffff)
		return 1;
	return fold((uint64_t)moved + by) % 0xffff ? 2 : -1;
}

/* Whether nothing changed but that field and sums. */
static bool only_sums(const struct trials *t, const struct patch *p)
{
	const struct sonde_mold *m = t->m;

	for (uint32_t i = 0; i < m->len; i++) {
		bool known = t->room[i] == m->byte[i] || lies_in(i, p);

		for (unsigned j = 0; j < m->sums && !known; j++)
			known = i - m->sum[j].at < 2;
		if (!known)
			return false;
	}
	return true;
}

/* Finds which sums feel a field, all others at 0. */
static bool try_patch(struct trials *t, struct patch *p)
{
	struct sonde_mold *m = t->m;

	for (unsigned n = 0; n < TRIALS; n++) {
		sonde_wide v =
			(sonde_wide)sonde_random(&t->random) << 64 | sonde_random(&t->random);
		struct sonde_draft d;

		force(t, p, n ? v : 1);
		if (!encode(t, &d) || !only_sums(t, p))
			return false;
		v = t->trial.value[p->step];
		for (unsigned j = 0; j < m->sums; j++) {
			const struct sum *s = &m->sum[j];
			uint32_t w = weight(v, p->shift);
			int f = felt(word(m->byte, s->at), word(t->room, s->at),
				     s->odd ? swapped(w) : w);

			if (w % 0xffff == 0)
				continue; /* it says nothing */
			if (f == 2 || (n && p->felt[j] != f))
				return false;
			p->felt[j] = (int8_t)f;
		}
	}
	force(t, p, 0);
	return true;
}

/* ---- making ---- */

static bool is_sum(const struct sonde_row *r)
{
	return r->role >= SONDE_ROLE_SUM_HEADER && r->bits == 16;
}

/* Every sum of the packet, in the header of each layer, where nobody pinned it, and in its pieces.
 */
static bool find_sums(struct sonde_mold *m, const struct sonde_draft *d)
{
	for (unsigned i = 0; i < d->p.n; i++) {
		const struct sonde_layer *l = &d->p.layer[i];
		const struct sonde_shape_info *s = &sonde_shapes[l->shape];

		if (s->pieces)
			return false;
		for (unsigned n = 0; n < s->rows; n++) {
			const struct sonde_row *r = &sonde_rows[s->row + n];

			if (!is_sum(r) || d->pinned[i] >> n & 1)
				continue;
			if (m->sums == SUMS)
				return false;
			m->sum[m->sums++] = (struct sum){
				.at = l->at + r->at / 8u,
				.odd = l->at & 1,
				.optional = r->role == SONDE_ROLE_SUM_OPTIONAL ||
					    r->role == SONDE_ROLE_SUM_ALL_OPTIONAL,
			};
		}
	}
	return true;
}

static bool find_patches(struct sonde_mold *m, const uint32_t *at)
{
	for (unsigned i = 0; i < m->c->steps; i++) {
		const struct sonde_craft_step *s = &m->c->step[i];
		const struct sonde_row *r = &sonde_rows[s->row];
		uint32_t end;

		if (s->op == SONDE_CRAFT_NOISE)
			return false;
		if (s->op != SONDE_CRAFT_FIELD || s->value.how == SONDE_CRAFT_FIXED)
			continue;
		if (m->patches == PATCHES)
			return false;
		end = 8 * at[i] + r->at + r->bits;
		m->patch[m->patches++] = (struct patch){
			.value = &s->value,
			.row = r,
			.step = i,
			.at = at[i],
			.shift = (uint8_t)(-end % 16),
		};
	}
	return m->patches;
}

/* The sums with every field that varies at 0. */
static bool find_bases(struct trials *t)
{
	struct sonde_mold *m = t->m;
	struct sonde_draft d;

	for (unsigned i = 0; i < m->patches; i++)
		force(t, &m->patch[i], 0);
	if (!encode(t, &d))
		return false;
	memcpy(m->byte, t->room, m->len);
	for (unsigned j = 0; j < m->sums; j++) {
		uint32_t have = word(m->byte, m->sum[j].at);

		/* Of an optional sum 0xffff stands for 0, and the sum was not one of nothing. */
		m->sum[j].base = m->sum[j].optional && have == 0xffff ? 0xffff : (uint16_t)~have;
	}
	return true;
}

struct sonde_mold *sonde_mold_make(const struct sonde_craft *c, uint64_t seed, uint8_t *room,
				   uint32_t most, struct sonde_arena *a)
{
	struct sonde_mold *m = sonde_arena_take(a, sizeof *m);
	struct trials t = { .m = m, .room = room, .most = most, .random = seed };
	struct sonde_draft d;

	m->c = c;
	m->turn.seed = seed;
	t.trial.forced = sonde_arena_take(a, c->steps * sizeof *t.trial.forced);
	t.trial.value = sonde_arena_take(a, c->steps * sizeof *t.trial.value);
	t.trial.at = sonde_arena_take(a, c->steps * sizeof *t.trial.at);
	if (c->cut.asked || !encode(&t, &d))
		return NULL;
	m->len = d.p.len;
	m->byte = sonde_arena_take(a, m->len + 8u);
	if (!find_patches(m, t.trial.at) || !find_sums(m, &d) || !find_bases(&t))
		return NULL;
	for (unsigned i = 0; i < m->patches; i++)
		if (!try_patch(&t, &m->patch[i]))
			return NULL;
	return m;
}

uint32_t sonde_mold_length(const struct sonde_mold *m)
{
	return m->len;
}

void sonde_mold_cast(const struct sonde_mold *m, uint64_t n, uint8_t *to)
{
	struct sonde_craft_turn turn = { .n = n, .seed = m->turn.seed };
	uint64_t sum[SUMS];

	memcpy(to, m->byte, m->len);
	for (unsigned j = 0; j < m->sums; j++)
		sum[j] = m->sum[j].base;
	for (unsigned i = 0; i < m->patches; i++) {
		const struct patch *p = &m->patch[i];
		sonde_wide v = 0;
		uint32_t w;

		sonde_craft_turn_value(m->c, p->value, &turn, &v);
		sonde_craft_put(to + p->at, p->row, v);
		w = weight(v, p->shift);
		for (unsigned j = 0; j < m->sums; j++) {
			uint32_t here = m->sum[j].odd ? swapped(w) : w;

			sum[j] += p->felt[j] > 0 ? here : p->felt[j] < 0 ? ~here & 0xffff : 0;
		}
	}
	for (unsigned j = 0; j < m->sums; j++) {
		uint16_t field = (uint16_t)~fold(sum[j]);

		sonde_store(to + m->sum[j].at, 2, m->sum[j].optional && !field ? 0xffff : field);
	}
}
