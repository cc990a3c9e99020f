#include <errno.h>
#include <netinet/in.h>

#include "base/random.h"
#include "run/fill_inside.h"
#include "sys/hold.h"

enum {
	TRIES = 64, /* ports */
	EPHEMERAL = 49152,
	HOPS_NEIGHBOUR = 255, /* RFC 4861 section 7.1 */
	SEQUENCE_STEP = 1 << 16,
};

void sonde_filling_numbers(struct sonde_filling *g)
{
	for (unsigned i = 0; i < g->n; i++) {
		uint64_t v = sonde_random(&g->random);
		int at = (int)i;

		switch (sonde_craft_layer(g->c, i)) {
		case SONDE_ip: {
			uint16_t id = (uint16_t)(v % 65535 + 1); /* a raw socket writes over 0 */

			sonde_filling_say(g, at, SONDE_ROW_ip_id, id);
			break;
		}
		case SONDE_tcp:
			if (!sonde_filling_says(g, at, SONDE_ROW_tcp_seq) && g->plan->repeated)
				sonde_craft_say_step(g->c, i, SONDE_ROW_tcp_seq, (uint32_t)v,
						     SEQUENCE_STEP);
			sonde_filling_say(g, at, SONDE_ROW_tcp_seq, (uint32_t)v);
			break;
		case SONDE_icmp_echo:
			sonde_filling_say(g, at, SONDE_ROW_icmp_echo_id, (uint16_t)v);
			if (!sonde_filling_says(g, at, SONDE_ROW_icmp_echo_seq) &&
			    g->plan->repeated)
				sonde_craft_say_step(g->c, i, SONDE_ROW_icmp_echo_seq, 1, 1);
			break;
		case SONDE_icmpv6_echo:
			sonde_filling_say(g, at, SONDE_ROW_icmpv6_echo_id, (uint16_t)v);
			if (!sonde_filling_says(g, at, SONDE_ROW_icmpv6_echo_seq) &&
			    g->plan->repeated)
				sonde_craft_say_step(g->c, i, SONDE_ROW_icmpv6_echo_seq, 1, 1);
			break;
		case SONDE_dns: sonde_filling_say(g, at, SONDE_ROW_dns_id, (uint16_t)v); break;
		case SONDE_nd_ns:
		case SONDE_nd_na:
		case SONDE_nd_rs:
		case SONDE_nd_ra:
			if (sonde_filling_layer(g, g->ip) == SONDE_ipv6)
				sonde_filling_say(g, g->ip, SONDE_ROW_ipv6_hlim, HOPS_NEIGHBOUR);
			break;
		default: break;
		}
	}
}

bool sonde_filling_port(enum sonde_shape shape, enum sonde_row_id *ret_row, int *ret_protocol)
{
	switch (shape) {
	case SONDE_tcp:
		*ret_row = SONDE_ROW_tcp_sport;
		*ret_protocol = IPPROTO_TCP;
		return true;
	case SONDE_udp:
		*ret_row = SONDE_ROW_udp_sport;
		*ret_protocol = IPPROTO_UDP;
		return true;
	case SONDE_udplite:
		*ret_row = SONDE_ROW_udplite_sport;
		*ret_protocol = 0;
		return true;
	case SONDE_sctp:
		*ret_row = SONDE_ROW_sctp_sport;
		*ret_protocol = 0;
		return true;
	default: return false;
	}
}

/* A port of the ephemeral range (RFC 6335 section 6); of the outermost transport one that is kept
 * from others, where the address is ours. */
static uint16_t choose_port(struct sonde_filling *g, int protocol, bool hold)
{
	struct sonde_address at = g->f->src;

	for (unsigned i = 0; i < TRIES; i++) {
		at.port = (uint16_t)(EPHEMERAL + sonde_random(&g->random) % (65536 - EPHEMERAL));
		if (!hold || !protocol || !at.family || g->f->spoofed)
			break;
		at.scope = g->f->ifindex;
		g->f->held = sonde_hold_port(protocol, &at);
		if (g->f->held >= 0 || g->f->held != -EADDRINUSE)
			break;
	}
	if (g->f->held < 0)
		g->f->held = -1;
	return at.port;
}

void sonde_filling_ports(struct sonde_filling *g)
{
	bool outermost = true;
	enum sonde_row_id row;
	int protocol;

	for (unsigned i = 0; i < g->n; i++) {
		if (!sonde_filling_port(sonde_craft_layer(g->c, i), &row, &protocol))
			continue;
		if (!sonde_filling_says(g, (int)i, row))
			sonde_craft_say(g->c, i, row,
					choose_port(g, protocol, outermost && !g->plan->apart));
		outermost = false;
	}
}
