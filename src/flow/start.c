#include "flow/start.h"

/* A line of the processor's cache: two conversations that share a place. */
struct sonde_starts_line {
	struct start {
		uint64_t key[2];
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

static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 m =
		(unsigned __int128)(a ^ 0x9e3779b97f4a7c15) * (b ^ 0xd6e8feb86659fd93);

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static uint64_t load(const uint8_t *at)
{
	return sonde_load(at, 8);
}

/* A key that both directions have in common; returns whether this one goes from the upper end to
 * the lower. The ports as they stand in the packet, four bytes. IPv4 gives its addresses, IPv6 a
 * hash of 128 bits. */
static bool make_key(const struct sonde_packet *p, const struct sonde_layer *ip, uint32_t ports,
		     uint64_t key[2])
{
	const uint8_t *h = p->byte + ip->at;
	uint32_t swapped = ports << 16 | ports >> 16;

	if (ip->shape == SONDE_ip) {
		uint64_t both = load(h + SONDE_AT_ip_src / 8), turned = both << 32 | both >> 32;
		bool back = both > turned || (both == turned && ports > swapped);

		key[0] = back ? turned : both;
		key[1] = 1ULL << 32 | (back ? swapped : ports);
		return back;
	}
	const uint8_t *src = h + SONDE_AT_ipv6_src / 8, *dst = h + SONDE_AT_ipv6_dst / 8;
	int order = memcmp(src, dst, 16);
	bool back = order > 0 || (!order && ports > swapped);
	const uint8_t *a = back ? dst : src, *b = back ? src : dst;
	uint64_t port = back ? swapped : ports;

	key[0] = mix(mix(load(a), load(a + 8)), mix(load(b), load(b + 8)) ^ port);
	key[1] = mix(mix(load(a), load(b + 8)) ^ port, mix(load(b), load(a + 8))) | 2ULL << 62;
	return back;
}

static struct start *find(struct sonde_starts *s, const uint64_t key[2], bool *ret_new)
{
	struct sonde_starts_line *l = &s->line[mix(key[0], key[1]) % LINES];
	unsigned i;

	for (i = 0; i < 2; i++)
		if (l->start[i].key[0] == key[0] && l->start[i].key[1] == key[1])
			break;
	*ret_new = i == 2;
	if (i == 2) {
		i = !l->last;
		l->start[i] = (struct start){ .key = { key[0], key[1] } };
	}
	l->last = i;
	return &l->start[i];
}

/* The TCP header and the IP header below it; NULL where the packet has none of its own. */
static const struct sonde_tcp *segment(const struct sonde_packet *p, const struct sonde_layer **ip)
{
	*ip = NULL;
	for (unsigned d = 0; d < p->n && !(p->layer[d].part & SONDE_PART_QUOTED); d++) {
		uint8_t shape = p->layer[d].shape;

		if (shape == SONDE_ip || shape == SONDE_ipv6)
			*ip = &p->layer[d];
		if (shape == SONDE_tcp)
			return *ip ? sonde_header(p, d, tcp) : NULL;
	}
	return NULL;
}

void sonde_starts_find(struct sonde_starts *s, struct sonde_packet *p)
{
	const struct sonde_layer *ip;
	const struct sonde_tcp *tcp = sonde_has(p, tcp) ? segment(p, &ip) : NULL;
	struct start *c;
	uint64_t key[2];
	bool back, new;

	if (!tcp || !sonde_tcp_ack(tcp))
		return;
	back = make_key(p, ip, (uint32_t)sonde_load(tcp->byte, 4), key);
	c = find(s, key, &new);
	if (new || sonde_tcp_syn(tcp)) {
		uint32_t seq = sonde_tcp_seq(tcp), ack = sonde_tcp_ackseq(tcp) - 1;

		c->seq = back ? ack : seq;
		c->ack = back ? seq : ack;
		return;
	}
	p->start.seq = back ? c->ack : c->seq;
	p->start.ack = back ? c->seq : c->ack;
}
