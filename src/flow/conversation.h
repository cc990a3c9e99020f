#ifndef SONDE_FLOW_CONVERSATION_H
#define SONDE_FLOW_CONVERSATION_H

/* What a packet shares with all others of its conversation, in both directions. */

#include "packet/packet.h"

struct sonde_conversation {
	uint64_t key[2];
};

static inline bool sonde_conversation_same(const struct sonde_conversation *a,
					   const struct sonde_conversation *b)
{
	return a->key[0] == b->key[0] && a->key[1] == b->key[1];
}

/* Spreads two numbers over one; not meant to withstand who wants collisions. */
static inline uint64_t sonde_conversation_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 m =
		(unsigned __int128)(a ^ 0x9e3779b97f4a7c15) * (b ^ 0xd6e8feb86659fd93);

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* The TCP header that is not quoted, and the IP header below it; NULL where the packet has none. */
static inline const struct sonde_tcp *sonde_conversation_tcp(const struct sonde_packet *p,
							     const struct sonde_layer **ret_ip,
							     unsigned *ret_layer)
{
	*ret_ip = NULL;
	for (unsigned d = 0; d < p->n && !(p->layer[d].part & SONDE_PART_QUOTED); d++) {
		uint8_t shape = p->layer[d].shape;

		if (shape == SONDE_ip || shape == SONDE_ipv6)
			*ret_ip = &p->layer[d];
		*ret_layer = d;
		if (shape == SONDE_tcp)
			return *ret_ip ? sonde_header(p, d, tcp) : NULL;
	}
	return NULL;
}

/* Of a packet with this IP header; ports are the four bytes of both as they stand there. IPv4 gives
 * its addresses, IPv6 128 bits of hash. Returns whether it goes from the upper end to the lower. */
static inline bool sonde_conversation_find(const struct sonde_packet *p,
					   const struct sonde_layer *ip, uint32_t ports,
					   struct sonde_conversation *ret)
{
	const uint8_t *h = p->byte + ip->at;
	uint32_t swapped = ports << 16 | ports >> 16;

	if (ip->shape == SONDE_ip) {
		uint64_t both = sonde_load(h + SONDE_AT_ip_src / 8, 8);
		uint64_t turned = both << 32 | both >> 32;
		bool back = both > turned || (both == turned && ports > swapped);

		ret->key[0] = back ? turned : both;
		ret->key[1] = 1ULL << 32 | (back ? swapped : ports);
		return back;
	}
	const uint8_t *src = h + SONDE_AT_ipv6_src / 8, *dst = h + SONDE_AT_ipv6_dst / 8;
	int order = memcmp(src, dst, 16);
	bool back = order > 0 || (!order && ports > swapped);
	const uint8_t *a = back ? dst : src, *b = back ? src : dst;
	uint64_t port = back ? swapped : ports;
	uint64_t a0 = sonde_load(a, 8), a1 = sonde_load(a + 8, 8);
	uint64_t b0 = sonde_load(b, 8), b1 = sonde_load(b + 8, 8);

	ret->key[0] = sonde_conversation_mix(sonde_conversation_mix(a0, a1),
					     sonde_conversation_mix(b0, b1) ^ port);
	ret->key[1] = sonde_conversation_mix(sonde_conversation_mix(a0, b1) ^ port,
					     sonde_conversation_mix(b0, a1)) |
		      2ULL << 62;
	return back;
}

#endif
