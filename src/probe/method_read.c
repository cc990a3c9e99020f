/* What comes back, as far as it can be about a probe of ours. */
#include <sys/socket.h>

#include "packet/option.h"
#include "packet/packet.h"
#include "probe/method.h"

/* What the reading of one packet knows so far. */
struct reading {
	const struct sonde_method_look *look;
	const struct sonde_packet *p;
	struct sonde_answer *answer;
	bool ours; /* the header that our probes have was there, and fits */
	bool told; /* these are bytes of our own that an error quotes */
};

static void take_payload(struct reading *r, const struct sonde_layer *l)
{
	uint32_t at = l->at + l->head, end = l->end < r->p->len ? l->end : r->p->len;

	if (end > at)
		r->answer->payload = (struct sonde_bytes){ r->p->byte + at, end - at };
	r->answer->has_payload = end > at;
}

static void take_echo(struct reading *r, const struct sonde_layer *l, uint16_t ident, uint16_t code)
{
	r->ours = r->look->method == SONDE_METHOD_ICMP;
	r->answer->other_ident = ident != r->look->ident;
	r->answer->code = code;
	r->answer->has_code = true;
	take_payload(r, l);
}

/* Of the address that stands in so many bytes. */
static struct sonde_address address(const uint8_t *at, uint16_t family)
{
	struct sonde_address ret = { .family = family };

	memcpy(ret.ip, at, family == AF_INET ? 4 : 16);
	return ret;
}

/* What routers have written into a record route option, RFC 791 section 3.1. */
static void take_route(struct reading *r, const struct sonde_layer *l)
{
	const uint8_t *h = r->p->byte + l->at;
	struct sonde_walk w = { h + sizeof(struct sonde_ip), h + l->head };
	struct sonde_option o;

	while (sonde_option_next(&w, SONDE_FAMILY_ipopt, &o)) {
		uint32_t room = o.len > 3 ? (o.len - 3) / 4 : 0, n;

		if (o.kind != 7 || o.len < 3)
			continue;
		n = o.at[2] >= 4 ? (o.at[2] - 4u) / 4 : 0;
		r->answer->route = (struct sonde_bytes){ o.at + 3, 4 * (n < room ? n : room) };
	}
}

static void take_ip(struct reading *r, const struct sonde_layer *l, bool quoted)
{
	const uint8_t *h = r->p->byte + l->at;
	bool six = l->shape == SONDE_ipv6;
	unsigned src = six ? SONDE_AT_ipv6_src / 8 : SONDE_AT_ip_src / 8;
	unsigned dst = six ? SONDE_AT_ipv6_dst / 8 : SONDE_AT_ip_dst / 8;
	uint8_t ttl = six ? sonde_ipv6_hlim((const struct sonde_ipv6 *)h)
			  : sonde_ip_ttl((const struct sonde_ip *)h);

	if (quoted) {
		r->answer->asked = address(h + dst, six ? AF_INET6 : AF_INET);
		r->answer->quoted_ttl = ttl;
	} else {
		r->answer->from = r->answer->asked = address(h + src, six ? AF_INET6 : AF_INET);
		r->answer->ttl = ttl;
		r->answer->bytes = l->end - l->at - l->head;
		if (!six)
			take_route(r, l);
	}
}

/* An ICMP or ICMPv6 header; false: of a type that is no answer, or quoted and no request. */
static bool take_icmp(struct reading *r, uint8_t type, uint8_t code, uint16_t sum, bool six,
		      bool quoted)
{
	if (quoted) {
		r->answer->sum = sum;
		r->answer->has_sum = true;
		return type == (six ? 128 : 8);
	}
	r->answer->type = type;
	r->answer->code_of_type = code;
	if (type == (six ? 129 : 0))
		r->answer->is = SONDE_ANSWER_ECHO;
	else if (six && type == 136 && r->look->method == SONDE_METHOD_NEIGHBOUR)
		r->answer->is = SONDE_ANSWER_NEIGHBOUR;
	else if (six ? type >= 1 && type <= 4 : type == 3 || type == 11 || type == 12)
		r->answer->is = SONDE_ANSWER_ERROR;
	return r->answer->is;
}

static uint16_t flows(const struct sonde_method_look *look)
{
	return look->flows ? look->flows : 1;
}

static void take_udp(struct reading *r, const struct sonde_layer *l, bool quoted)
{
	const struct sonde_udp *udp = (const struct sonde_udp *)(r->p->byte + l->at);
	uint16_t near = quoted ? sonde_udp_sport(udp) : sonde_udp_dport(udp);
	uint16_t far = quoted ? sonde_udp_dport(udp) : sonde_udp_sport(udp);

	uint16_t flow = (uint16_t)(far - r->look->port);

	/* A length that lies, or another port, makes it a datagram to nobody; what is quoted may
	 * have been written anew on the way. */
	r->ours = r->look->method == SONDE_METHOD_UDP &&
		  (quoted || (flow < flows(r->look) && sonde_udp_len(udp) == l->end - l->at));
	r->answer->flow = flow;
	r->answer->other_ident = near != r->look->ident;
	if (!quoted)
		r->answer->is = SONDE_ANSWER_DATA;
	r->answer->sum = sonde_udp_checksum(udp);
	r->answer->code = sonde_method_gather(r->answer->sum);
	r->answer->has_code = r->answer->has_sum = quoted;
	take_payload(r, l);
}

static void take_tcp(struct reading *r, const struct sonde_layer *l, bool quoted)
{
	const struct sonde_tcp *tcp = (const struct sonde_tcp *)(r->p->byte + l->at);
	uint16_t near = quoted ? sonde_tcp_sport(tcp) : sonde_tcp_dport(tcp);
	uint16_t far = quoted ? sonde_tcp_dport(tcp) : sonde_tcp_sport(tcp);
	/* Of a reset without an acknowledgment the sequence number is what it was asked with, RFC
	 * 9293 section 3.5.2. */
	bool ack = r->look->method == SONDE_METHOD_ACK ||
		   (!quoted && sonde_tcp_rst(tcp) && !sonde_tcp_ack(tcp));
	bool ports = r->look->ports;
	uint16_t flow = (uint16_t)(ports ? far - r->look->port : near - r->look->ident);
	uint32_t seq = quoted || ack ? sonde_tcp_seq(tcp) : sonde_tcp_ackseq(tcp) - 1;

	r->ours = sonde_method_is_tcp(r->look->method) &&
		  (ports ? flow < flows(r->look) : far == r->look->port);
	r->answer->other_ident = ports ? near != r->look->ident : flow >= flows(r->look);
	r->answer->flow = flow;
	r->answer->code = (uint16_t)(seq >> 16);
	r->answer->low = (uint16_t)seq;
	r->answer->has_code = r->answer->has_low = true;
	if (quoted)
		return;
	/* A data offset that lies makes it a segment to nobody. */
	r->ours = r->ours && (ack || sonde_tcp_ack(tcp)) && l->head == 4 * sonde_tcp_doff(tcp);
	r->answer->is = sonde_tcp_rst(tcp)	     ? SONDE_ANSWER_RST
			: !ack && sonde_tcp_syn(tcp) ? SONDE_ANSWER_SYN_ACK
						     : SONDE_ANSWER_NONE;
}

static void take_arp(struct reading *r, const struct sonde_layer *l)
{
	const uint8_t *h = r->p->byte + l->at;

	r->ours = r->look->method == SONDE_METHOD_NEIGHBOUR;
	r->answer->from = r->answer->asked = address(h + SONDE_AT_arp_ip_spa / 8, AF_INET);
	r->answer->has_mac = true;
	memcpy(r->answer->mac, h + SONDE_AT_arp_ip_sha / 8, 6);
}

/* A neighbour advertisement; its target link-layer address is option 2, RFC 4861 section 4.6.1. */
static void take_advertisement(struct reading *r, const struct sonde_layer *l)
{
	const uint8_t *h = r->p->byte + l->at;
	struct sonde_walk w = { h + sizeof(struct sonde_nd_na), h + l->head };
	struct sonde_option o;

	/* RFC 4861 section 7.1.2: what a router has passed on does not count. */
	r->ours = r->look->method == SONDE_METHOD_NEIGHBOUR &&
		  (r->answer->ttl == 255 || r->answer->ttl < 0);
	r->answer->asked = address(h + SONDE_AT_nd_na_target / 8, AF_INET6);
	while (sonde_option_next(&w, SONDE_FAMILY_ndopt, &o))
		if (o.kind == 2 && o.len == 8) {
			r->answer->has_mac = true;
			memcpy(r->answer->mac, o.at + 2, 6);
		}
}

/* One layer; false: this packet is none of ours. */
static bool take_layer(struct reading *r, const struct sonde_layer *l)
{
	const uint8_t *h = r->p->byte + l->at;
	bool quoted = r->told || l->part & SONDE_PART_QUOTED;
	const struct sonde_icmp *icmp = (const struct sonde_icmp *)h;
	const struct sonde_icmpv6 *icmpv6 = (const struct sonde_icmpv6 *)h;
	const struct sonde_icmp_echo *echo = (const struct sonde_icmp_echo *)h;
	const struct sonde_icmpv6_echo *echo6 = (const struct sonde_icmpv6_echo *)h;

	switch (l->shape) {
	case SONDE_ip:
	case SONDE_ipv6: take_ip(r, l, quoted); return true;
	case SONDE_icmp:
		return take_icmp(r, sonde_icmp_type(icmp), sonde_icmp_code(icmp),
				 sonde_icmp_checksum(icmp), false, quoted);
	case SONDE_icmpv6:
		return take_icmp(r, sonde_icmpv6_type(icmpv6), sonde_icmpv6_code(icmpv6),
				 sonde_icmpv6_checksum(icmpv6), true, quoted);
	case SONDE_icmp_echo:
		take_echo(r, l, sonde_icmp_echo_id(echo), sonde_icmp_echo_seq(echo));
		return true;
	case SONDE_icmpv6_echo:
		take_echo(r, l, sonde_icmpv6_echo_id(echo6), sonde_icmpv6_echo_seq(echo6));
		return true;
	case SONDE_icmp_unreach:
		r->answer->mtu = sonde_icmp_unreach_mtu((const struct sonde_icmp_unreach *)h);
		return true;
	case SONDE_icmpv6_toobig:
		r->answer->mtu = sonde_icmpv6_toobig_mtu((const struct sonde_icmpv6_toobig *)h);
		return true;
	case SONDE_arp:
		r->answer->is = SONDE_ANSWER_NEIGHBOUR;
		return sonde_arp_op((const struct sonde_arp *)h) == 2;
	case SONDE_arp_ip: take_arp(r, l); return true;
	case SONDE_nd_na: take_advertisement(r, l); return true;
	case SONDE_udp: take_udp(r, l, quoted); return true;
	case SONDE_tcp: take_tcp(r, l, quoted); return true;
	case SONDE_tcp_start:
		if (quoted)
			take_tcp(r, l, true); /* reads no further than the sequence number */
		return true;
	}
	return true;
}

/* Whether a checksum that covers an answer of ours is wrong; those of a quote are the quoted. The
 * kernel has checked that of the IP header, and changes options behind it. */
static bool sums_are_wrong(const struct sonde_packet *p)
{
	struct sonde_verdict v;

	sonde_judge(p, SONDE_JUDGE_SUMS, &v);
	for (unsigned d = 0; d < p->n; d++)
		if (!(p->layer[d].part & SONDE_PART_QUOTED) &&
		    ((p->layer[d].shape == SONDE_ip &&
		      p->layer[d].head == sizeof(struct sonde_ip) &&
		      sonde_is_wrong(&v, d, ip, checksum)) ||
		     (p->layer[d].shape == SONDE_icmp && sonde_is_wrong(&v, d, icmp, checksum)) ||
		     (p->layer[d].shape == SONDE_icmpv6 &&
		      sonde_is_wrong(&v, d, icmpv6, checksum)) ||
		     (p->layer[d].shape == SONDE_udp && sonde_is_wrong(&v, d, udp, checksum)) ||
		     (p->layer[d].shape == SONDE_tcp && sonde_is_wrong(&v, d, tcp, checksum))))
			return true;
	return false;
}

bool sonde_method_decode(const struct sonde_arrival *a, struct sonde_packet *ret)
{
	static const enum sonde_shape first[2][6] = {
		{ SONDE_ip, SONDE_icmp, SONDE_tcp, SONDE_arp, [SONDE_BEGINS_UDP] = SONDE_udp },
		{ SONDE_ipv6, SONDE_icmpv6, SONDE_tcp, SONDE_arp, [SONDE_BEGINS_UDP] = SONDE_udp },
	};
	bool six = (a->is == SONDE_ARRIVAL_ERROR ? a->to.family : a->from.family) == AF_INET6;
	uint32_t len = (uint32_t)a->byte.len;

	if (a->begins == SONDE_BEGINS_BODY)
		return false;
	sonde_decode(ret, a->byte.at, len, len, first[six][a->begins]);
	return true;
}

static void read_packet(struct reading *r, const struct sonde_arrival *a)
{
	struct sonde_packet p;

	if (!sonde_method_decode(a, &p))
		return;
	r->p = &p;
	for (unsigned d = 0; d < p.n; d++)
		if (!take_layer(r, &p.layer[d])) {
			r->ours = false;
			break;
		}
	if (r->ours)
		r->answer->bad_sum = !r->told && !a->checked && sums_are_wrong(&p);
	r->p = NULL;
}

/* The kernel has found the socket by what the error quotes, and gives what is quoted of ours. */
static void read_told(struct reading *r, const struct sonde_arrival *a)
{
	struct sonde_answer *ret = r->answer;

	r->ours = a->begins == SONDE_BEGINS_BODY;
	if (r->ours) {
		ret->payload = a->byte;
		ret->has_payload = a->byte.len;
	} else {
		r->told = true;
		read_packet(r, a);
		r->ours = ret->has_code;
	}
	ret->is = SONDE_ANSWER_ERROR;
	ret->type = a->type;
	ret->code_of_type = a->code;
	ret->mtu = a->mtu;
	ret->has_sum = false;
}

void sonde_method_read(const struct sonde_method_look *look, const struct sonde_arrival *a,
		       struct sonde_answer *ret)
{
	struct reading r = { .look = look, .answer = ret };

	*ret = (struct sonde_answer){ .from = a->from,
				      .asked = a->is == SONDE_ARRIVAL_ERROR ? a->to : a->from,
				      .ttl = a->ttl,
				      .quoted_ttl = -1,
				      .flow = -1,
				      .bytes = (uint32_t)a->byte.len };
	if (a->is == SONDE_ARRIVAL_ERROR) {
		read_told(&r, a);
	} else if (a->begins == SONDE_BEGINS_BODY) {
		r.ours = look->method == SONDE_METHOD_UDP && a->from.port == look->port;
		ret->is = SONDE_ANSWER_DATA;
		ret->payload = a->byte;
		ret->has_payload = a->byte.len;
	} else {
		read_packet(&r, a);
	}
	if (!r.ours)
		ret->is = SONDE_ANSWER_NONE;
}

bool sonde_method_is_end(const struct sonde_method_look *look, const struct sonde_answer *answer,
			 const struct sonde_address *to)
{
	bool six = to->family == AF_INET6;

	if (answer->is != SONDE_ANSWER_ERROR)
		return true;
	return look->method == SONDE_METHOD_UDP && answer->type == (six ? 1 : 3) &&
	       answer->code_of_type == (six ? 4 : 3) && !memcmp(answer->from.ip, to->ip, 16);
}
