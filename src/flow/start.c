#include "flow/start.h"

#include "flow/conversation.h"

/* A line of the processor's cache: two conversations that share a place. */
struct sonde_starts_line {
	struct start {
		struct sonde_conversation of;
		uint32_t seq, ack; /* of the lower end, and what the upper end's count from */
	} start[2];
	uint64_t last; /* which of them was asked for last */
	uint64_t unused;
};

enum { LINES = 1 << 15 };

_Static_assert(sizeof(struct sonde_starts_line) == 64, "not a cache line");

void sonde_starts_init(struct sonde_starts *s, struct sonde_arena *arena)
{
	uintptr_t at = (uintptr_t)sonde_arena_take(arena, (LINES + 1) * sizeof *s->line);

	s->line = (struct sonde_starts_line *)((at + 63) & ~(uintptr_t)63);
}

static struct start *find(struct sonde_starts *s, const struct sonde_conversation *of,
			  bool *ret_new)
{
	struct sonde_starts_line *l =
		&s->line[sonde_conversation_mix(of->key[0], of->key[1]) % LINES];
	unsigned i;

	for (i = 0; i < 2; i++)
		if (sonde_conversation_same(&l->start[i].of, of))
			break;
	*ret_new = i == 2;
	if (i == 2) {
		i = !l->last;
		l->start[i] = (struct start){ .of = *of };
	}
	l->last = i;
	return &l->start[i];
}

void sonde_starts_find(struct sonde_starts *s, struct sonde_packet *p)
{
	const struct sonde_layer *ip;
	const struct sonde_tcp *tcp;
	struct sonde_conversation of;
	struct start *c;
	unsigned layer;
	bool back, new;

	tcp = sonde_has(p, tcp) ? sonde_conversation_tcp(p, &ip, &layer) : NULL;
	if (!tcp || !sonde_tcp_ack(tcp))
		return;
	back = sonde_conversation_find(p, ip, (uint32_t)sonde_load(tcp->byte, 4), &of);
	c = find(s, &of, &new);
	if (new || sonde_tcp_syn(tcp)) {
		uint32_t seq = sonde_tcp_seq(tcp), ack = sonde_tcp_ackseq(tcp) - 1;

		c->seq = back ? ack : seq;
		c->ack = back ? seq : ack;
		return;
	}
	p->start.seq = back ? c->ack : c->seq;
	p->start.ack = back ? c->seq : c->ack;
}
