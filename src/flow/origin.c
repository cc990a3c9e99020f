#include "flow/origin.h"

#include "flow/conversation.h"

enum { LINES = 1 << 14, FRAMES = 4 };

/* Packets that went one way, a cache line: the last frames, the newest first. */
struct sonde_origins_line {
	uint64_t way;
	uint32_t mark[FRAMES];
	uint64_t frame[FRAMES]; /* 0: none */
	uint64_t unused;
};

_Static_assert(sizeof(struct sonde_origins_line) == 64, "not a cache line");

void sonde_origins_init(struct sonde_origins *o, struct sonde_arena *arena)
{
	uintptr_t at = (uintptr_t)sonde_arena_take(arena, (LINES + 1) * sizeof *o->line);

	o->line = (struct sonde_origins_line *)((at + 63) & ~(uintptr_t)63);
}

static void add_ip(struct sonde_trait *t, const struct sonde_packet *p, const struct sonde_layer *l)
{
	const uint8_t *h = p->byte + l->at;
	const uint8_t *a = h + SONDE_AT_ipv6_src / 8;

	if (l->shape == SONDE_ip) {
		t->way = sonde_conversation_mix(sonde_load(h + SONDE_AT_ip_src / 8, 8),
						sonde_ip_proto((void *)h));
		t->mark = sonde_ip_id((void *)h);
	} else {
		t->way = sonde_conversation_mix(
			sonde_conversation_mix(sonde_load(a, 8), sonde_load(a + 8, 8)),
			sonde_conversation_mix(sonde_load(a + 16, 8), sonde_load(a + 24, 8)));
	}
}

static void add_transport(struct sonde_trait *t, const struct sonde_packet *p,
			  const struct sonde_layer *l)
{
	const uint8_t *h = p->byte + l->at;

	if (l->at + 8 > p->len)
		return;
	switch (l->shape) {
	case SONDE_tcp:
	case SONDE_tcp_start:
		t->mark ^= (uint32_t)sonde_load(h + 4, 4); /* sequence number */
	/* fall through */
	case SONDE_udp: t->way = sonde_conversation_mix(t->way, sonde_load(h, 4)); break;
	case SONDE_icmp:
	case SONDE_icmpv6: /* type, code, identifier of an echo; then its sequence number */
		t->way = sonde_conversation_mix(t->way,
						sonde_load(h, 2) << 16 | sonde_load(h + 4, 2));
		t->mark ^= (uint32_t)sonde_load(h + 6, 2) << 16;
		break;
	}
}

static bool quotes(const struct sonde_packet *p)
{
	uint8_t part = 0;

	for (unsigned d = 0; d < p->n; d++)
		part |= p->layer[d].part;
	return part & SONDE_PART_QUOTED;
}

/* Of the innermost IP packet among the layers that are quoted, or among those that are not. Returns
 * whether there is one. */
static bool take_trait(const struct sonde_packet *p, bool quoted, struct sonde_trait *ret)
{
	bool found = false, first = true;

	for (unsigned d = 0; d < p->n; d++) {
		const struct sonde_layer *l = &p->layer[d];

		if (!(l->part & SONDE_PART_QUOTED) == quoted)
			continue;
		if (l->shape == SONDE_ip || l->shape == SONDE_ipv6) {
			*ret = (struct sonde_trait){ 0 };
			add_ip(ret, p, l);
			found = first = true;
		} else if (found && first) {
			add_transport(ret, p, l);
			first = l->shape >= SONDE_ipv6_hopopts && l->shape <= SONDE_ah;
		}
	}
	return found;
}

static struct sonde_origins_line *line_of(struct sonde_origins *o, const struct sonde_trait *t)
{
	return &o->line[t->way % LINES];
}

static bool find(struct sonde_origins *o, const struct sonde_trait *t, struct sonde_origin *ret)
{
	const struct sonde_origins_line *l = line_of(o, t);

	if (l->way != t->way || !l->frame[0])
		return false;
	*ret = (struct sonde_origin){ l->frame[0], false };
	for (unsigned i = 0; i < FRAMES && l->frame[i]; i++)
		if (l->mark[i] == t->mark) {
			*ret = (struct sonde_origin){ l->frame[i], true };
			break;
		}
	return true;
}

static void settle(struct sonde_origins *o)
{
	struct sonde_origins_line *l = line_of(o, &o->last);

	if (!o->number)
		return;
	if (l->way != o->last.way)
		*l = (struct sonde_origins_line){ .way = o->last.way };
	memmove(l->mark + 1, l->mark, sizeof l->mark - sizeof *l->mark);
	memmove(l->frame + 1, l->frame, sizeof l->frame - sizeof *l->frame);
	l->mark[0] = o->last.mark;
	l->frame[0] = o->number;
	o->number = 0;
}

/* The last frame into the table, and this one instead of it: meanwhile the memory for it comes. */
static void keep(struct sonde_origins *o, const struct sonde_trait *t, uint64_t number)
{
	__builtin_prefetch(line_of(o, t), 1);
	settle(o);
	o->last = *t;
	o->number = number;
}
bool sonde_origin_find(struct sonde_origins *o, const struct sonde_packet *p, uint64_t number,
		       struct sonde_origin *ret)
{
	struct sonde_trait t;

	if (quotes(p) && take_trait(p, true, &t)) {
		settle(o);
		return find(o, &t, ret);
	}
	if (take_trait(p, false, &t))
		keep(o, &t, number);
	return false;
}
