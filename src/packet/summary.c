#include "packet/summary.h"

#include "packet/line.h"
#include "packet/option.h"

char *sonde_line_value(char *o, enum sonde_row_id row, uint32_t v)
{
	const char *words = sonde_words(row, v);

	return words ? sonde_line_say(o, words) : sonde_line_number(o, "type-", v);
}

static const char *host_name(const struct sonde_manner *m, const struct sonde_layer *l,
			     const uint8_t *h, bool dst)
{
	if (!m->host)
		return NULL;
	if (l->shape == SONDE_ip)
		return m->host(m->arg, h + (dst ? SONDE_AT_ip_dst : SONDE_AT_ip_src) / 8, 4);
	return m->host(m->arg, h + (dst ? SONDE_AT_ipv6_dst : SONDE_AT_ipv6_src) / 8, 16);
}

/* m: the packet's manner; known to be NULL when compiling in the commonest case. */
SONDE_INLINE char *put_host(char *o, const struct sonde_packet *p, const struct sonde_layer *l,
			    bool dst, const struct sonde_manner *m)
{
	const uint8_t *h = p->byte + l->at;
	const char *name = m ? host_name(m, l, h, dst) : NULL;

	if (name)
		return sonde_line_say(o, name);
	if (l->shape == SONDE_ip)
		return sonde_put_ip4(o, h + (dst ? SONDE_AT_ip_dst : SONDE_AT_ip_src) / 8);
	return sonde_put_ip6(o, h + (dst ? SONDE_AT_ipv6_dst : SONDE_AT_ipv6_src) / 8);
}

/* The port of the transport that layer top is. */
SONDE_INLINE char *put_port(char *o, const struct sonde_packet *p, unsigned top, uint16_t port,
			    const struct sonde_manner *m)
{
	static const uint8_t protocols[SONDE_PROTOCOLS] = {
		[SONDE_tcp] = 6,    [SONDE_tcp_start] = 6, [SONDE_udp] = 17,
		[SONDE_sctp] = 132, [SONDE_udplite] = 136,
	};
	const char *name =
		m && m->port ? m->port(m->arg, protocols[p->layer[top].shape], port) : NULL;

	return name ? sonde_line_say(o, name) : sonde_put_dec(o, port);
}

char *sonde_line_address(char *o, const struct sonde_packet *p, const struct sonde_layer *l,
			 bool dst)
{
	return put_host(o, p, l, dst, p->manner);
}

/* What layer last, an IP or extension header, says of what it carries where no header that we know
 * follows: a later fragment, or a protocol that is not decoded. */
static char *carried_line(char *o, const struct sonde_packet *p, unsigned last)
{
	const uint8_t *h = p->byte + p->layer[last].at;
	/* every extension header begins with what follows it */
	uint8_t key = p->layer[last].shape == SONDE_ip	   ? h[SONDE_AT_ip_proto / 8]
		      : p->layer[last].shape == SONDE_ipv6 ? h[SONDE_AT_ipv6_nxt / 8]
							   : *h;
	const char *name = sonde_words(SONDE_ROW_ip_proto, key);

	if (p->stop == SONDE_STOP_FRAGMENT && p->layer[last].shape == SONDE_ipv6_frag)
		return o;
	if (key == 59)
		return p->layer[last].shape >= SONDE_mobility && p->layer[last].shape <= SONDE_shim6
			       ? o
			       : sonde_line_say(o, "no next header");
	if (name && p->stop != SONDE_STOP_FRAGMENT)
		return sonde_line_number(sonde_line_say(o, name), ", length ",
					 sonde_line_body(p, last));
	o = sonde_line_number(o, "ip-proto-", key);
	if (p->stop == SONDE_STOP_FRAGMENT)
		return o;
	return sonde_line_number(o, " ", sonde_line_body(p, last));
}

/* What the hop-by-hop options of layer d say of all that follows the header of IPv6 before them,
 * where that cannot, RFC 2675 section 2: bytes; 0: nothing. */
static uint32_t jumbo(const struct sonde_packet *p, unsigned d)
{
	const uint8_t *h = p->byte + p->layer[d].at;
	struct sonde_walk w = { h + SONDE_BYTES_ipv6_hopopts, h + p->layer[d].head };
	struct sonde_option o;

	if (!d || p->layer[d - 1].shape != SONDE_ipv6 ||
	    sonde_ipv6_plen(sonde_header(p, d - 1, ipv6)))
		return 0;
	while (sonde_option_next(&w, SONDE_FAMILY_ipv6opt, &o))
		if (o.kind == SONDE_KIND_ipv6_jumbo && o.len >= SONDE_BYTES_ipv6_jumbo)
			return sonde_ipv6_jumbo_len((const struct sonde_ipv6_jumbo *)o.at);
	return 0;
}

static char *hop_line(char *o, const struct sonde_packet *p, unsigned d)
{
	uint32_t told = jumbo(p, d), there = p->layer[d].end - p->layer[d].at;

	o = sonde_line_say(o, "HBH ");
	if (told <= there || p->layer[d].part & SONDE_PART_QUOTED)
		return o;
	o = sonde_put_dec(sonde_line_say(o, "[header+payload length "), told + 40ull);
	o = sonde_line_number(o, " > length ", there + SONDE_BYTES_ipv6);
	return sonde_line_say(o, "] (invalid) ");
}

/* What may stand behind the segments, RFC 8754 section 2.1. */
static char *segment_options(char *o, const uint8_t *at, const uint8_t *to)
{
	enum { PAD1 = 0, PADN = 4, HMAC = 5 };

	for (unsigned n = 0; at < to && n < 16; n++) {
		const char *name = *at == PAD1	 ? "Pad1"
				   : *at == PADN ? "PadN"
				   : *at == HMAC ? "HMAC"
						 : "Unknown";

		o = sonde_line_say(sonde_line_say(o, ", TLV-type="), name);
		o = sonde_line_say(sonde_line_number(o, "(", *at), ")");
		if (*at == PAD1) {
			at++;
			continue;
		}
		if (to - at < 2 || at[1] > to - at - 2)
			return sonde_line_say(o, ", bad");
		o = sonde_line_number(o, ", TLV-len=", at[1]);
		at += 2 + at[1];
	}
	return o;
}

/* "RT6 (len=4, type=4, segleft=1, last-entry=1, tag=0, [0]a::1, [1]b::2) " */
static char *routing_line(char *o, const struct sonde_packet *p, unsigned d)
{
	const struct sonde_ipv6_routing *r = sonde_header(p, d, ipv6_routing);
	const uint8_t *at = p->byte + p->layer[d].at + SONDE_BYTES_ipv6_routing;
	uint32_t n = (p->layer[d].head - SONDE_BYTES_ipv6_routing) / SONDE_BYTES_ipv6_segment;
	uint32_t data = sonde_ipv6_routing_data(r), last = data >> 24;
	unsigned type = sonde_ipv6_routing_type(r);

	o = sonde_line_number(o, "RT6 (len=", sonde_ipv6_routing_len(r));
	o = sonde_line_number(o, ", type=", type);
	o = sonde_line_say(o, type ? "" : " [Deprecated]"); /* RFC 5095 */
	o = sonde_line_number(o, ", segleft=", sonde_ipv6_routing_segleft(r));
	if (type == 4) { /* RFC 8754 section 2 */
		o = sonde_line_number(o, ", last-entry=", last);
		o = sonde_line_number(o, ", tag=", data & 0xffff);
		n = last < n ? last + 1 : n;
	}
	for (uint32_t i = 0; i < n && (type == 0 || type == 2 || type == 4); i++) {
		o = sonde_line_say(sonde_line_number(o, ", [", i), "]");
		o = sonde_put_ip6(o, at + i * SONDE_BYTES_ipv6_segment);
	}
	if (type == 4)
		o = segment_options(o, at + n * SONDE_BYTES_ipv6_segment,
				    p->byte + p->layer[d].at + p->layer[d].head);
	return sonde_line_say(o, ") ");
}

/* What an IPv6 extension header, or AH, says of itself. */
static char *extension(char *o, const struct sonde_packet *p, unsigned d)
{
	const struct sonde_ipv6_frag *f = sonde_header(p, d, ipv6_frag);

	switch (p->layer[d].shape) {
	case SONDE_ipv6_hopopts: return hop_line(o, p, d);
	case SONDE_ipv6_dstopts: return sonde_line_say(o, "DSTOPT ");
	case SONDE_ipv6_frag:
		o = sonde_line_number(o, "frag (", sonde_ipv6_frag_offset(f) * 8u);
		o = sonde_line_say(sonde_line_number(o, "|", sonde_line_body(p, d)), ")");
		break;
	case SONDE_ipv6_routing: return routing_line(o, p, d);
	case SONDE_ah: return sonde_line_ah(o, p, d);
	case SONDE_mobility:
		o = sonde_line_value(sonde_line_say(o, "mobility: "), SONDE_ROW_mobility_type,
				     sonde_mobility_type(sonde_header(p, d, mobility)));
		break;
	case SONDE_hip:
		o = sonde_line_number(o, "HIP, type ", sonde_hip_type(sonde_header(p, d, hip)));
		break;
	case SONDE_shim6:
		o = sonde_line_number(o, "shim6, type ",
				      sonde_shim6_type(sonde_header(p, d, shim6)));
	}
	return d + 1 < p->n ? sonde_line_say(o, " ") : o;
}

static bool is_extension(uint8_t shape)
{
	return shape >= SONDE_ipv6_hopopts && shape <= SONDE_ah;
}

/* Ports lie in the same place in all that have them. */
static bool has_ports(uint8_t shape)
{
	return shape == SONDE_tcp || shape == SONDE_tcp_start || shape == SONDE_udp ||
	       shape == SONDE_udplite || shape == SONDE_sctp;
}

/* A datagram that is not gone into. Its own length counts where this is the first fragment, and
 * where it is a lie. */
static char *udp_line(char *o, const struct sonde_packet *p, unsigned top)
{
	const struct sonde_layer *l = &p->layer[top];
	uint32_t body = sonde_line_body(p, top), told;

	if (l->shape == SONDE_udplite)
		return sonde_line_number(o, "UDPLite, length ", body);
	told = sonde_udp_len(sonde_header(p, top, udp));
	if (told <= body + SONDE_BYTES_udp || l->part & SONDE_PART_QUOTED)
		return sonde_line_number(o, "UDP, length ", body);
	if (l->part & SONDE_PART_FRAGMENT)
		return sonde_line_number(o, "UDP, length ", told - SONDE_BYTES_udp);
	o = sonde_line_number(o, "UDP, bad length ", told - SONDE_BYTES_udp);
	return sonde_line_number(o, " > ", body);
}

/* What IP carries from layer top on, after "10.0.0.1.53 > 10.0.0.2.4096". */
SONDE_INLINE char *transport(char *o, const struct sonde_packet *p, unsigned top,
			     const struct sonde_manner *m)
{
	const struct sonde_tcp_start *t = sonde_header(p, top, tcp_start);

	if (m && m->quick)
		switch (p->layer[top].shape) {
		case SONDE_tcp: return sonde_line_number(o, "tcp ", sonde_line_body(p, top));
		case SONDE_udplite:
		case SONDE_udp: return udp_line(o, p, top);
		case SONDE_igmp: return sonde_line_say(o, "igmp");
		}
	switch (p->layer[top].shape) {
	case SONDE_tcp: return sonde_line_tcp(o, p, top);
	case SONDE_tcp_start: return sonde_line_number(o, "tcp, seq ", sonde_tcp_start_seq(t));
	case SONDE_udplite:
	case SONDE_udp:
		if (top + 1 < p->n)
			return sonde_is_app(p->layer[top + 1].shape)
				       ? sonde_line_app(o, p, top + 1)
				       : sonde_line_tunnel(o, p, top + 1);
		return udp_line(o, p, top);
	case SONDE_sctp: return sonde_line_sctp(o, p, top);
	case SONDE_icmp: return sonde_line_icmp(o, p, top);
	case SONDE_icmpv6: return sonde_line_icmpv6(o, p, top);
	case SONDE_igmp: return sonde_line_igmp(o, p, top);
	case SONDE_gre:
	case SONDE_gre1: return sonde_line_gre(o, p, top);
	case SONDE_esp: return sonde_line_esp(o, p, top);
	case SONDE_ospf:
	case SONDE_ospf3:
	case SONDE_eigrp:
	case SONDE_vrrp:
	case SONDE_vrrp3:
	case SONDE_pim: return sonde_line_routing(o, p, top);
	default: return sonde_line_from(o, p, top);
	}
}

/* Bytes of the packet whose IP is layer l, as its header has it. */
SONDE_INLINE uint32_t declared(const struct sonde_packet *p, const struct sonde_layer *l)
{
	const void *h = p->byte + l->at;

	return l->shape == SONDE_ipv6 ? sonde_ipv6_plen(h) + (uint32_t)SONDE_BYTES_ipv6
				      : sonde_ip_len(h);
}

/* Longer than what it lies in has room for. What an ICMP error quotes is cut, as it should be. */
static char *too_long(char *o, const struct sonde_packet *p, const struct sonde_layer *l)
{
	if (l->part & SONDE_PART_QUOTED)
		return o;
	o = sonde_line_say(o,
			   l->shape == SONDE_ipv6 ? "[header+payload length " : "[total length ");
	o = sonde_line_number(sonde_put_dec(o, declared(p, l)), " > length ", l->end - l->at);
	return sonde_line_say(o, "] (invalid) ");
}

/* "IP 10.0.0.1.53 > 10.0.0.2.4096: UDP, length 12", for the packet whose IP is layer d. */
SONDE_INLINE char *ip_line(char *o, const struct sonde_packet *p, unsigned d,
			   const struct sonde_manner *m)
{
	const struct sonde_layer *l = &p->layer[d];
	const struct sonde_tcp_start *t = NULL;
	unsigned top = d + 1;
	bool plain;

	while (top < p->n && is_extension(p->layer[top].shape))
		top++;
	plain = top == d + 1; /* else ports come behind the extension headers */
	if (top < p->n && has_ports(p->layer[top].shape))
		t = sonde_header(p, top, tcp_start);
	o = l->shape == SONDE_ipv6 ? sonde_line_say(o, "IP6 ") : sonde_line_say(o, "IP ");
	if (__builtin_expect(declared(p, l) > l->end - l->at, 0))
		o = too_long(o, p, l);
	o = put_host(o, p, l, false, m);
	if (t && plain)
		o = put_port(sonde_line_say(o, "."), p, top, sonde_tcp_start_sport(t), m);
	o = put_host(sonde_line_say(o, " > "), p, l, true, m);
	if (t && plain)
		o = put_port(sonde_line_say(o, "."), p, top, sonde_tcp_start_dport(t), m);
	o = sonde_line_say(o, ": ");
	for (unsigned i = d + 1; i < top; i++)
		o = extension(o, p, i);
	if (t && !plain) {
		o = put_port(o, p, top, sonde_tcp_start_sport(t), m);
		o = put_port(sonde_line_say(o, " > "), p, top, sonde_tcp_start_dport(t), m);
		o = sonde_line_say(o, ": ");
	}
	return top < p->n ? transport(o, p, top, m) : carried_line(o, p, top - 1);
}

char *sonde_line_ip(char *o, const struct sonde_packet *p, unsigned d)
{
	return __builtin_expect(!p->manner, 1) ? ip_line(o, p, d, NULL)
					       : ip_line(o, p, d, p->manner);
}

/* Whether the outermost IPv6 has options that say how long it is. */
static bool has_jumbo(const struct sonde_packet *p)
{
	for (unsigned d = 1; d < p->n; d++)
		if (p->layer[d - 1].shape == SONDE_ipv6)
			return p->layer[d].shape == SONDE_ipv6_hopopts && jumbo(p, d);
	return false;
}

/* A length of 0 that the frame's stands in for; of what no device cuts into pieces it is a fault.
 */
static char *unsaid(char *o, const struct sonde_packet *p)
{
	const struct sonde_ipv6 *six = sonde_find(p, ipv6);
	const struct sonde_ip *ip = sonde_find(p, ip);
	bool big = (ip && !sonde_ip_len(ip)) ||
		   (six && !sonde_ipv6_plen(six) && sonde_ipv6_nxt(six) != 59 && !has_jumbo(p));

	if (!big)
		return o;
	if (!(sonde_has(p, tcp) || sonde_has(p, udp)))
		return p->stop == SONDE_STOP_MALFORMED ? o
						       : sonde_line_say(o, " [was 0] [malformed]");
	return sonde_line_say(o, p->told & SONDE_TOLD_SUPER ? " [was 0, TSO]"
							    : " [was 0, presumed TSO]");
}

char *sonde_summary(char *o, const struct sonde_packet *p)
{
	const struct sonde_layer *second = &p->layer[1];

	/* nearly always: Ethernet, which has nothing to say, and IP */
	if (p->n > 1 && p->layer->shape == SONDE_eth &&
	    (second->shape == SONDE_ip || second->shape == SONDE_ipv6))
		o = sonde_line_ip(o, p, 1);
	else
		o = sonde_line_from(o, p, 0);
	o = unsaid(o, p);
	if (p->stop != SONDE_STOP_TRUNCATED && p->stop != SONDE_STOP_MALFORMED)
		return o;
	if (p->n && p->layer[p->n - 1].part & SONDE_PART_QUOTED)
		return o;
	return sonde_line_say(o, p->stop == SONDE_STOP_TRUNCATED ? " [truncated]" : " [malformed]");
}
