#include "packet/summary.h"

#include "packet/line.h"

char *sonde_line_value(char *o, enum sonde_row_id row, uint32_t v)
{
	for (const struct sonde_value *i = sonde_values; i->words; i++)
		if (i->row == row && i->number == v)
			return sonde_line_say(o, i->words);
	return sonde_line_number(o, "type-", v);
}

char *sonde_line_address(char *o, const struct sonde_packet *p, const struct sonde_layer *l,
			 bool dst)
{
	const uint8_t *h = p->byte + l->at;

	if (l->shape == SONDE_ip)
		return sonde_put_ip4(o, h + (dst ? SONDE_AT_ip_dst : SONDE_AT_ip_src) / 8);
	return sonde_put_ip6(o, h + (dst ? SONDE_AT_ipv6_dst : SONDE_AT_ipv6_src) / 8);
}

/* What IPv4 says of itself where no header that we know follows: a later fragment, or a protocol
 * that is not decoded. */
static char *carried_line(char *o, const struct sonde_packet *p, unsigned d, unsigned last)
{
	const struct sonde_ipv6_frag *f = sonde_header(p, last, ipv6_frag);

	o = sonde_line_say(o, ": ");
	if (p->layer[last].shape == SONDE_ipv6_frag && sonde_ipv6_frag_offset(f)) {
		o = sonde_line_number(o, "frag (", sonde_ipv6_frag_offset(f) * 8u);
		return sonde_line_say(sonde_line_number(o, "|", sonde_line_body(p, last)), ")");
	}
	o = sonde_line_say(o, "ip-proto-");
	if (p->layer[d].shape == SONDE_ip)
		o = sonde_put_dec(o, sonde_ip_proto(sonde_header(p, d, ip)));
	else if (last == d)
		o = sonde_put_dec(o, sonde_ipv6_nxt(sonde_header(p, d, ipv6)));
	else /* every extension header begins with what follows it */
		o = sonde_put_dec(o, p->byte[p->layer[last].at]);
	if (p->stop == SONDE_STOP_FRAGMENT)
		return o;
	return sonde_line_number(o, " ", sonde_line_body(p, last));
}

/* "IP 10.0.0.1.53 > 10.0.0.2.4096: UDP, length 12", for the packet whose IP is layer d. */
char *sonde_line_ip(char *o, const struct sonde_packet *p, unsigned d)
{
	const struct sonde_layer *l = &p->layer[d];
	unsigned top = d + 1;
	const struct sonde_tcp_start *t = NULL; /* its ports lie where those of UDP do */

	while (top < p->n && p->layer[top].shape >= SONDE_ipv6_hopopts &&
	       p->layer[top].shape <= SONDE_ah)
		top++;
	if (top < p->n && (p->layer[top].shape == SONDE_tcp || p->layer[top].shape == SONDE_udp ||
			   p->layer[top].shape == SONDE_tcp_start))
		t = sonde_header(p, top, tcp_start);
	o = l->shape == SONDE_ipv6 ? sonde_line_say(o, "IP6 ") : sonde_line_say(o, "IP ");
	o = sonde_line_address(o, p, l, false);
	if (t)
		o = sonde_line_number(o, ".", sonde_tcp_start_sport(t));
	o = sonde_line_address(sonde_line_say(o, " > "), p, l, true);
	if (t)
		o = sonde_line_number(o, ".", sonde_tcp_start_dport(t));
	switch (top < p->n ? p->layer[top].shape : SONDE_NONE) {
	case SONDE_tcp: return sonde_line_tcp(o, p, top);
	case SONDE_tcp_start: return sonde_line_number(o, ": tcp, seq ", sonde_tcp_start_seq(t));
	case SONDE_udp:
		if (top + 1 < p->n && sonde_is_app(p->layer[top + 1].shape))
			return sonde_line_app(o, p, top + 1);
		return sonde_line_number(o, ": UDP, length ", sonde_line_body(p, top));
	case SONDE_icmp: return sonde_line_icmp(o, p, top);
	case SONDE_icmpv6: return sonde_line_icmpv6(o, p, top);
	case SONDE_ip:
	case SONDE_ipv6: return sonde_line_ip(sonde_line_say(o, ": "), p, top);
	}
	return carried_line(o, p, d, top - 1);
}

static char *packet_line(char *o, const struct sonde_packet *p)
{
	for (unsigned d = 0; d < p->n; d++)
		switch (p->layer[d].shape) {
		case SONDE_ip:
		case SONDE_ipv6: return sonde_line_ip(o, p, d);
		case SONDE_arp: return sonde_line_arp(o, p, d);
		}
	return sonde_line_link(o, p);
}

char *sonde_summary(char *o, const struct sonde_packet *p)
{
	bool cut_quote = p->n && p->layer[p->n - 1].part & SONDE_PART_QUOTED;

	o = packet_line(o, p);
	if (p->stop == SONDE_STOP_TRUNCATED && !cut_quote)
		o = sonde_line_say(o, " [truncated]");
	if (p->stop == SONDE_STOP_MALFORMED && !cut_quote)
		o = sonde_line_say(o, " [malformed]");
	return o;
}
