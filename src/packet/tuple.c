#include "packet/tuple.h"

#include <sys/socket.h>

/* The protocol number that an IP or extension header names, or -1: not such a header. */
static int carries(const struct sonde_packet *p, unsigned d)
{
	const uint8_t *h = p->byte + p->layer[d].at;

	/* clang-format off */
	switch (p->layer[d].shape) {
#define MATCH(role, arg, at, bits) \
		if ((role) == SONDE_ROLE_KEY && (unsigned)(arg) == SONDE_SPACE_ipproto) \
			return (int)sonde_get(h, at, bits);
#define MATCH_(...) MATCH(__VA_ARGS__)
#define PROTOCOL(p, ...) case SONDE_##p:
#define FIELD(p, n, full, bits, form, role, what) \
		if (SONDE_MATTERS(SONDE_OUGHT_##role)) \
			MATCH_(SONDE_OUGHT_##role, SONDE_AT_##p##_##n, bits)
#define OPTION(family, p, ...) case SONDE_##p:
#define SHAPE(p, ...) case SONDE_##p:
#define END(p) break;
#include "wire/pass.h"
	}
	/* clang-format on */
	return -1;
}

static bool is_ip(const struct sonde_layer *l)
{
	return l->shape == SONDE_ip || l->shape == SONDE_ipv6;
}

/* Addresses of the IP header at layer d; false where it is no such version. */
static bool read_ip(const struct sonde_packet *p, unsigned d, struct sonde_tuple *t)
{
	const struct sonde_ipv6 *six = sonde_header(p, d, ipv6);
	const struct sonde_ip *ip = sonde_header(p, d, ip);

	if (p->layer[d].shape == SONDE_ip) {
		t->src.family = t->dst.family = AF_INET;
		memcpy(t->src.ip, ip->byte + SONDE_AT_ip_src / 8, 4);
		memcpy(t->dst.ip, ip->byte + SONDE_AT_ip_dst / 8, 4);
		return sonde_ip_version(ip) == 4;
	}
	t->src.family = t->dst.family = AF_INET6;
	memcpy(t->src.ip, sonde_ipv6_src(six), 16);
	memcpy(t->dst.ip, sonde_ipv6_dst(six), 16);
	return sonde_ipv6_version(six) == 6;
}

/* A fragment header of either version at layer d. An atomic fragment (RFC 6946) is whole. */
static void read_fragment(const struct sonde_packet *p, unsigned d, struct sonde_tuple *t)
{
	bool more = false, middle = false;

	if (p->layer[d].shape == SONDE_ip) {
		more = sonde_ip_mf(sonde_header(p, d, ip));
		middle = sonde_ip_offset(sonde_header(p, d, ip));
	} else if (p->layer[d].shape == SONDE_ipv6_frag) {
		more = sonde_ipv6_frag_more(sonde_header(p, d, ipv6_frag));
		middle = sonde_ipv6_frag_offset(sonde_header(p, d, ipv6_frag));
	}
	if (middle)
		t->fragment = SONDE_FRAGMENT_LATER;
	else if (more)
		t->fragment = SONDE_FRAGMENT_FIRST;
}

static void read_tcp(const struct sonde_tcp *tcp, struct sonde_tuple *t)
{
	t->has |= SONDE_TUPLE_TCP;
	t->ack = sonde_tcp_ackseq(tcp);
	t->flags = sonde_tcp_flags(tcp);
	t->window = sonde_tcp_win(tcp);
}

static void read_transport(const struct sonde_packet *p, unsigned d, struct sonde_tuple *t)
{
	const struct sonde_tcp_start *ports = sonde_header(p, d, tcp_start);
	uint8_t shape = p->layer[d].shape;

	switch (shape) {
	case SONDE_tcp: read_tcp(sonde_header(p, d, tcp), t); /* fall through */
	case SONDE_tcp_start:
		t->has |= SONDE_TUPLE_SEQ;
		t->seq = sonde_tcp_start_seq(ports); /* fall through */
	case SONDE_udp:				     /* ports lie where those of TCP do */
		t->has |= SONDE_TUPLE_PORTS;
		t->src.port = sonde_tcp_start_sport(ports);
		t->dst.port = sonde_tcp_start_dport(ports);
		break;
	case SONDE_icmp:
	case SONDE_icmpv6:
		t->has |= SONDE_TUPLE_ICMP;
		t->type = sonde_icmp_type(sonde_header(p, d, icmp)); /* the same in both */
		t->code = sonde_icmp_code(sonde_header(p, d, icmp));
		if (d + 1 < p->n && (p->layer[d + 1].shape == SONDE_icmp_echo ||
				     p->layer[d + 1].shape == SONDE_icmpv6_echo)) {
			t->has |= SONDE_TUPLE_ECHO;
			t->id = sonde_icmp_echo_id(sonde_header(p, d + 1, icmp_echo));
		}
		break;
	}
}

/* The tuple of the IP packet whose header is layer d. */
static bool read_tuple(const struct sonde_packet *p, unsigned d, struct sonde_tuple *ret)
{
	struct sonde_tuple t = { 0 };
	const struct sonde_layer *l;
	uint32_t body, captured;

	if (!read_ip(p, d, &t))
		return false;
	for (int next; (next = carries(p, d)) >= 0; d++) {
		t.protocol = (uint8_t)next;
		read_fragment(p, d, &t);
		if (d + 1 == p->n || is_ip(&p->layer[d + 1]))
			break;
	}
	l = &p->layer[d];
	if (carries(p, d) < 0)
		read_transport(p, d, &t);
	body = l->at + l->head;
	captured = l->end < p->len ? l->end : p->len;
	t.length = l->end > body ? l->end - body : 0;
	t.body = (struct sonde_bytes){ p->byte + body, captured > body ? captured - body : 0 };
	*ret = t;
	return true;
}

bool sonde_packet_tuple(const struct sonde_packet *p, struct sonde_tuple *ret)
{
	for (unsigned d = p->n; d-- > 0;)
		if (is_ip(&p->layer[d]) && !(p->layer[d].part & SONDE_PART_QUOTED))
			return read_tuple(p, d, ret);
	return false;
}

bool sonde_packet_quoted(const struct sonde_packet *p, struct sonde_tuple *ret)
{
	for (unsigned d = 0; d < p->n; d++)
		if (is_ip(&p->layer[d]) && p->layer[d].part & SONDE_PART_QUOTED)
			return read_tuple(p, d, ret);
	return false;
}
