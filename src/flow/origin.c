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

/* Where a packet goes, and which one it is on that way: only of bytes that an error quotes and
 * that no router changes. */
struct trait {
	uint64_t way;
	uint32_t mark;
};

static void add_ip(struct trait *t, const struct sonde_packet *p, const struct sonde_layer *l)
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

static void add_transport(struct trait *t, const struct sonde_packet *p,
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

/* Of the innermost IP packet among the layers that are quoted, or among those that are not. Returns
 * whether there is one. */
static bool take_trait(const struct sonde_packet *p, bool quoted, struct trait *ret)
{
	bool found = false, first = true;

	for (unsigned d = 0; d < p->n; d++) {
		const struct sonde_layer *l = &p->layer[d];

		if (!(l->part & SONDE_PART_QUOTED) == quoted)
			continue;
		if (l->shape == SONDE_ip || l->shape == SONDE_ipv6) {
			*ret = (struct trait){ 0 };
			add_ip(ret, p, l);
			found = first = true;
		} else if (found && first) {
			add_transport(ret, p, l);
			first = l->shape >= SONDE_ipv6_hopopts && l->shape <= SONDE_ah;
		}
	}
	return found;
}

static struct sonde_origins_line *line_of(struct sonde_origins *o, const struct trait *t)
{
	return &o->line[t->way % LINES];
}

static bool find(struct sonde_origins *o, const struct trait *t, struct sonde_origin *ret)
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

static void keep(struct sonde_origins *o, const struct trait *t, uint64_t number)
{
	struct sonde_origins_line *l = line_of(o, t);

	if (l->way != t->way)
		*l = (struct sonde_origins_line){ .way = t->way };
	memmove(l->mark + 1, l->mark, sizeof l->mark - sizeof *l->mark);
	memmove(l->frame + 1, l->frame, sizeof l->frame - sizeof *l->frame);
	l->mark[0] = t->mark;
	l->frame[0] = number;
}

bool sonde_origin_find(struct sonde_origins *o, const struct sonde_packet *p, uint64_t number,
		       struct sonde_origin *ret)
{
	struct trait t;

	if (take_trait(p, true, &t))
		return find(o, &t, ret);
	if (take_trait(p, false, &t))
		keep(o, &t, number);
	return false;
}
