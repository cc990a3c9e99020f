#include "probe/method.h"

#include <sys/socket.h>

#include "base/reason.h"
#include "packet/draft.h"
#include "packet/option.h"

void sonde_method_payload(const struct sonde_method_look *look,
			  const struct sonde_method_probe *probe, uint8_t *buf, size_t at,
			  size_t len)
{
	uint8_t head[SONDE_METHOD_HEAD];
	size_t n = at < sizeof head ? sizeof head - at : 0;

	sonde_store(head, 8, probe->tag);
	sonde_store(head + SONDE_METHOD_TAG, 8, probe->serial);
	n = n < len ? n : len;
	memcpy(buf, head + (n ? at : 0), n);
	if (!look->pattern_len)
		sonde_secret_fill(probe->tag, buf + n, at + n, len - n);
	else
		for (size_t i = n; i < len; i++)
			buf[i] = look->pattern[(at + i - sizeof head) % look->pattern_len];
}

static void push_ip(struct sonde_draft *d, const struct sonde_address *from,
		    const struct sonde_address *to)
{
	if (to->family == AF_INET) {
		sonde_draft_push(d, SONDE_ip);
		sonde_set(d, ip, src, (uint32_t)sonde_load(from->ip, 4));
		sonde_set(d, ip, dst, (uint32_t)sonde_load(to->ip, 4));
	} else {
		sonde_draft_push(d, SONDE_ipv6);
		memcpy(sonde_last(d, ipv6)->byte + SONDE_AT_ipv6_src / 8, from->ip, 16);
		memcpy(sonde_last(d, ipv6)->byte + SONDE_AT_ipv6_dst / 8, to->ip, 16);
	}
}

static void push_icmp(struct sonde_draft *d, const struct sonde_method_look *look, uint16_t code,
		      bool six)
{
	if (six) {
		sonde_draft_push(d, SONDE_icmpv6);
		sonde_draft_push(d, SONDE_icmpv6_echo);
		sonde_set(d, icmpv6_echo, id, look->ident);
		sonde_set(d, icmpv6_echo, seq, code);
	} else {
		sonde_draft_push(d, SONDE_icmp);
		sonde_draft_push(d, SONDE_icmp_echo);
		sonde_set(d, icmp_echo, id, look->ident);
		sonde_set(d, icmp_echo, seq, code);
	}
}

static void push_udp(struct sonde_draft *d, const struct sonde_method_look *look)
{
	sonde_draft_push(d, SONDE_udp);
	sonde_set(d, udp, sport, look->ident);
	sonde_set(d, udp, dport, look->port);
}

static void push_tcp(struct sonde_draft *d, const struct sonde_method_look *look,
		     const struct sonde_method_probe *probe)
{
	uint32_t code = (uint32_t)probe->code << 16 | (uint16_t)probe->tag;

	sonde_draft_push(d, SONDE_tcp);
	sonde_set(d, tcp, sport, look->ident);
	sonde_set(d, tcp, dport, look->port);
	sonde_set(d, tcp, seq, code);
	if (look->method == SONDE_METHOD_ACK) {
		sonde_set(d, tcp, ackseq, code);
		sonde_set(d, tcp, ack, 1);
		return;
	}
	sonde_set(d, tcp, syn, 1);
	sonde_draft_option(d, SONDE_tcp_mss);
}

static void push_arp(struct sonde_draft *d, const struct sonde_method_look *look,
		     const struct sonde_address *from, const struct sonde_address *to)
{
	sonde_draft_push(d, SONDE_arp);
	sonde_draft_push(d, SONDE_arp_ip);
	memcpy(sonde_last(d, arp_ip)->byte + SONDE_AT_arp_ip_sha / 8, look->mac, 6);
	memcpy(sonde_last(d, arp_ip)->byte + SONDE_AT_arp_ip_spa / 8, from->ip, 4);
	memcpy(sonde_last(d, arp_ip)->byte + SONDE_AT_arp_ip_tpa / 8, to->ip, 4);
}

static void push_solicitation(struct sonde_draft *d, const struct sonde_method_look *look,
			      const struct sonde_address *to)
{
	int at;

	sonde_draft_push(d, SONDE_icmpv6);
	sonde_draft_push(d, SONDE_nd_ns);
	memcpy(sonde_last(d, nd_ns)->byte + SONDE_AT_nd_ns_target / 8, to->ip, 16);
	at = sonde_draft_option(d, SONDE_nd_source);
	if (at >= 0)
		memcpy((uint8_t *)(uintptr_t)d->p.byte + at + SONDE_AT_nd_source_addr / 8,
		       look->mac, sizeof look->mac);
}

/* The checksum of the header that was pushed first behind IP. */
static uint16_t sum_of(const uint8_t *h, enum sonde_method method)
{
	static const uint8_t at[] = { SONDE_AT_icmp_checksum / 8, SONDE_AT_udp_checksum / 8,
				      SONDE_AT_tcp_checksum / 8, SONDE_AT_tcp_checksum / 8 };

	return (uint16_t)sonde_load(h + at[method], 2);
}

int sonde_method_make(const struct sonde_method_look *look, const struct sonde_method_probe *probe,
		      const struct sonde_address *from, const struct sonde_address *to,
		      uint8_t *buf, uint32_t cap, uint16_t *ret_sum)
{
	bool six = to->family == AF_INET6, known = from->family || !six;
	bool neighbour = look->method == SONDE_METHOD_NEIGHBOUR;
	bool framed = six || (look->method != SONDE_METHOD_ICMP && !neighbour);
	uint32_t body, size = sonde_method_is_tcp(look->method) || neighbour ? 0 : look->size;
	struct sonde_draft d;
	int at;

	sonde_draft_init(&d, buf, cap);
	if (framed)
		push_ip(&d, from, to);
	body = d.p.len;
	switch (look->method) {
	case SONDE_METHOD_ICMP: push_icmp(&d, look, probe->code, six); break;
	case SONDE_METHOD_UDP: push_udp(&d, look); break;
	case SONDE_METHOD_TCP:
	case SONDE_METHOD_ACK: push_tcp(&d, look, probe); break;
	default:
		if (six)
			push_solicitation(&d, look, to);
		else
			push_arp(&d, look, from, to);
	}
	for (uint32_t done = 0, n; done < size; done += n) {
		uint8_t piece[256];

		n = size - done < sizeof piece ? size - done : sizeof piece;
		sonde_method_payload(look, probe, piece, done, n);
		if (sonde_draft_append(&d, piece, n) < 0)
			return SONDE_NO_SPACE;
	}
	at = sonde_draft_encode(&d);
	*ret_sum = known && !neighbour ? sum_of(buf + body, look->method) : 0;
	memmove(buf, buf + body, (size_t)at - body);
	return at - (int)body;
}

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

static void take_udp(struct reading *r, const struct sonde_layer *l, bool quoted)
{
	const struct sonde_udp *udp = (const struct sonde_udp *)(r->p->byte + l->at);
	uint16_t near = quoted ? sonde_udp_sport(udp) : sonde_udp_dport(udp);
	uint16_t far = quoted ? sonde_udp_dport(udp) : sonde_udp_sport(udp);

	r->ours = r->look->method == SONDE_METHOD_UDP && far == r->look->port;
	r->answer->other_ident = near != r->look->ident;
	if (!quoted)
		r->answer->is = SONDE_ANSWER_DATA;
	r->answer->sum = sonde_udp_checksum(udp);
	r->answer->has_sum = quoted;
	take_payload(r, l);
}

static void take_tcp(struct reading *r, const struct sonde_layer *l, bool quoted)
{
	const struct sonde_tcp *tcp = (const struct sonde_tcp *)(r->p->byte + l->at);
	uint16_t near = quoted ? sonde_tcp_sport(tcp) : sonde_tcp_dport(tcp);
	uint16_t far = quoted ? sonde_tcp_dport(tcp) : sonde_tcp_sport(tcp);
	bool ack = r->look->method == SONDE_METHOD_ACK;
	uint32_t seq = quoted || ack ? sonde_tcp_seq(tcp) : sonde_tcp_ackseq(tcp) - 1;

	r->ours = sonde_method_is_tcp(r->look->method) && far == r->look->port;
	r->answer->other_ident = near != r->look->ident;
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

static void read_packet(struct reading *r, const struct sonde_arrival *a, bool six)
{
	static const enum sonde_shape first[2][4] = {
		{ SONDE_ip, SONDE_icmp, SONDE_tcp, SONDE_arp },
		{ SONDE_ipv6, SONDE_icmpv6, SONDE_tcp, SONDE_arp },
	};
	uint32_t len = (uint32_t)a->byte.len;
	struct sonde_packet p;

	sonde_decode(&p, a->byte.at, len, len, first[six][a->begins]);
	r->p = &p;
	for (unsigned d = 0; d < p.n; d++)
		if (!take_layer(r, &p.layer[d])) {
			r->ours = false;
			break;
		}
	if (r->ours)
		r->answer->bad_sum = !a->checked && sums_are_wrong(&p);
	r->p = NULL;
}

/* The kernel has found the socket by what the error quotes, and gives what is quoted of ours. */
static void read_told(struct reading *r, const struct sonde_arrival *a)
{
	struct sonde_answer *ret = r->answer;
	struct sonde_arrival quoted = *a;

	r->ours = a->begins == SONDE_BEGINS_BODY;
	if (r->ours) {
		ret->payload = a->byte;
		ret->has_payload = a->byte.len;
	} else {
		quoted.is = SONDE_ARRIVAL_PACKET;
		quoted.checked = r->told = true;
		read_packet(r, &quoted, a->to.family == AF_INET6);
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
				      .bytes = (uint32_t)a->byte.len };
	if (a->is == SONDE_ARRIVAL_ERROR) {
		read_told(&r, a);
	} else if (a->begins == SONDE_BEGINS_BODY) {
		r.ours = look->method == SONDE_METHOD_UDP && a->from.port == look->port;
		ret->is = SONDE_ANSWER_DATA;
		ret->payload = a->byte;
		ret->has_payload = a->byte.len;
	} else {
		read_packet(&r, a, a->from.family == AF_INET6);
	}
	if (!r.ours)
		ret->is = SONDE_ANSWER_NONE;
}
