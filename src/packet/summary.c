#include "packet/summary.h"

#include "base/text.h"
#include "packet/option.h"

SONDE_INLINE char *say(char *o, const char *words)
{
	return sonde_put_str(o, words);
}

/* Bytes of layer d with all that follows, and of what follows alone. */
static uint32_t total(const struct sonde_packet *p, unsigned d)
{
	return p->layer[d].end - p->layer[d].at;
}

static uint32_t body(const struct sonde_packet *p, unsigned d)
{
	return total(p, d) - p->layer[d].head;
}

SONDE_INLINE char *number(char *o, const char *words, uint32_t v)
{
	return sonde_put_dec(say(o, words), v);
}

/* What a number is called, or "type-" and the number. */
static char *value(char *o, enum sonde_row_id row, uint32_t v)
{
	for (const struct sonde_value *i = sonde_values; i->words; i++)
		if (i->row == row && i->number == v)
			return say(o, i->words);
	return number(o, "type-", v);
}

static char *tcp_option(char *o, const struct sonde_option *opt)
{
	enum sonde_shape shape = sonde_option_shape(SONDE_FAMILY_tcpopt, opt->kind);
	const void *h = opt->at;

	if (opt->kind == 1)
		return say(o, "nop");
	if (shape == SONDE_NONE || opt->len < sonde_shapes[shape].bytes)
		return number(o, "unknown-", opt->kind);
	switch (shape) {
	case SONDE_tcp_mss: return number(o, "mss ", sonde_tcp_mss_val(h));
	case SONDE_tcp_wscale: return number(o, "wscale ", sonde_tcp_wscale_shift(h));
	case SONDE_tcp_sackok: return say(o, "sackOK");
	case SONDE_tcp_ts:
		o = number(o, "TS val ", sonde_tcp_ts_val(h));
		return number(o, " ecr ", sonde_tcp_ts_ecr(h));
	default: break;
	}
	o = number(o, "sack ", (opt->len - 2) / SONDE_BYTES_tcp_sack_block);
	*o++ = ' ';
	for (uint32_t at = 2; at + SONDE_BYTES_tcp_sack_block <= opt->len;
	     at += SONDE_BYTES_tcp_sack_block) {
		const void *b = opt->at + at;

		o = number(o, "{", sonde_tcp_sack_block_left(b));
		o = number(o, ":", sonde_tcp_sack_block_right(b));
		*o++ = '}';
	}
	return o;
}

static char *tcp_options(char *o, const struct sonde_packet *p, unsigned d)
{
	const uint8_t *h = p->byte + p->layer[d].at;
	struct sonde_walk w = { h + SONDE_BYTES_tcp, h + p->layer[d].head };
	struct sonde_option opt;

	o = say(o, ", options [");
	while (sonde_option_next(&w, SONDE_FAMILY_tcpopt, &opt)) {
		o = tcp_option(o, &opt);
		*o++ = ',';
	}
	if (w.at < w.to)
		o = *w.at ? say(o, "bad,") : say(o, "eol,");
	o[-1] = ']';
	return o;
}

/* The letters of the low and of the high four flags, in every combination. */
static const char low_flags[16][5] = { "",  "F",  "S",	"FS",  "R",  "FR",  "SR",  "FSR",
				       "P", "FP", "SP", "FSP", "RP", "FRP", "SRP", "FSRP" };
static const char high_flags[16][5] = { "",  ".",  "U",	 ".U",	"E",  ".E",  "UE",  ".UE",
					"W", ".W", "UW", ".UW", "EW", ".EW", "UEW", ".UEW" };

static char *tcp_line(char *o, const struct sonde_packet *p, unsigned d)
{
	const struct sonde_tcp *tcp = sonde_header(p, d, tcp);
	uint32_t len = body(p, d), seq = sonde_tcp_seq(tcp);
	uint8_t flag = (uint8_t)sonde_tcp_flags(tcp);

	o = say(o, ": Flags [");
	o = say(o, flag ? low_flags[flag & 15] : "none");
	o = say(o, high_flags[flag >> 4]);
	*o++ = ']';
	if (len || flag & 7) { /* SYN, FIN, RST */
		o = number(o, ", seq ", seq);
		if (len)
			o = number(o, ":", seq + len);
	}
	if (sonde_tcp_ack(tcp))
		o = number(o, ", ack ", sonde_tcp_ackseq(tcp));
	o = number(o, ", win ", sonde_tcp_win(tcp));
	if (sonde_tcp_urg(tcp))
		o = number(o, ", urg ", sonde_tcp_urp(tcp));
	if (p->layer[d].head > SONDE_BYTES_tcp)
		o = tcp_options(o, p, d);
	return number(o, ", length ", len);
}

/* The IP packet that layer d, an ICMP error, quotes; NULL where the quote is too short for that. */
static const struct sonde_layer *quoted(const struct sonde_packet *p, unsigned d)
{
	const struct sonde_layer *l = &p->layer[d + 2];

	return d + 2 < p->n && (l->shape == SONDE_ip || l->shape == SONDE_ipv6) ? l : NULL;
}

static char *address(char *o, const struct sonde_packet *p, const struct sonde_layer *l, bool dst)
{
	const uint8_t *h = p->byte + l->at;

	if (l->shape == SONDE_ip)
		return sonde_put_ip4(o, h + (dst ? SONDE_AT_ip_dst : SONDE_AT_ip_src) / 8);
	return sonde_put_ip6(o, h + (dst ? SONDE_AT_ipv6_dst : SONDE_AT_ipv6_src) / 8);
}

/* "udp port 53", of the transport header that layer d is; ports lie in the same place in all. */
static char *port_words(char *o, const struct sonde_packet *p, unsigned d)
{
	if (d >= p->n)
		return o;
	switch (p->layer[d].shape) {
	case SONDE_udp: return number(o, " udp port ", sonde_udp_dport(sonde_header(p, d, udp)));
	case SONDE_tcp:
	case SONDE_tcp_start:
		return number(o, " tcp port ",
			      sonde_tcp_start_dport(sonde_header(p, d, tcp_start)));
	}
	return o;
}

/* RFC 792, RFC 1122 section 3.2.2.1 and RFC 1812 section 5.2.7.1: before and behind the address. */
static const char *const unreachable[16][2] = {
	{ "net ", "" },
	{ "host ", "" },
	{ "", "" },
	{ "", "" },
	{ "", " - need to frag" },
	{ "", " - source route failed" },
	{ "net ", " - unknown" },
	{ "host ", " - unknown" },
	{ "", " - source host isolated" },
	{ "net ", " - admin prohibited" },
	{ "host ", " - admin prohibited" },
	{ "net ", " - tos prohibited" },
	{ "host ", " - tos prohibited" },
	{ "host ", " - admin prohibited filter" },
	{ "host ", " - host precedence violation" },
	{ "host ", " - precedence cutoff" },
};

static char *unreachable_line(char *o, const struct sonde_packet *p, unsigned d)
{
	uint8_t code = sonde_icmp_code(sonde_header(p, d, icmp));
	const struct sonde_layer *l = quoted(p, d);
	uint32_t mtu = sonde_icmp_unreach_mtu(sonde_header(p, d + 1, icmp_unreach));

	if (!l || code > 15)
		return number(o, "unreachable-#", code);
	o = address(say(o, unreachable[code][0]), p, l, true);
	if (code == 2)
		o = number(o, " protocol ", sonde_ip_proto(sonde_header(p, d + 2, ip)));
	if (code == 3)
		o = port_words(o, p, d + 3);
	o = say(say(o, " unreachable"), unreachable[code][1]);
	if (code == 4 && mtu)
		o = say(number(o, " (mtu ", mtu), ")");
	return o;
}

static char *echo(char *o, uint32_t id, uint32_t seq)
{
	return number(number(o, ", id ", id), ", seq ", seq);
}

static char *icmp_line(char *o, const struct sonde_packet *p, unsigned d)
{
	const struct sonde_icmp *icmp = sonde_header(p, d, icmp);
	uint8_t type = sonde_icmp_type(icmp), code = sonde_icmp_code(icmp);
	enum sonde_shape next = d + 1 < p->n ? p->layer[d + 1].shape : SONDE_NONE;
	const struct sonde_icmp_echo *e;
	const struct sonde_layer *l;

	o = say(o, ": ICMP ");
	switch (next) {
	case SONDE_icmp_echo:
		e = sonde_header(p, d + 1, icmp_echo);
		o = value(o, SONDE_ROW_icmp_type, type);
		o = echo(o, sonde_icmp_echo_id(e), sonde_icmp_echo_seq(e));
		break;
	case SONDE_icmp_unreach: o = unreachable_line(o, p, d); break;
	case SONDE_icmp_redirect:
		o = code & 2 ? say(o, "redirect-tos ") : say(o, "redirect ");
		if ((l = quoted(p, d)))
			o = address(o, p, l, true);
		o = code & 1 ? say(o, " to host ") : say(o, " to net ");
		o = sonde_put_ip4(o, p->byte + p->layer[d + 1].at);
		break;
	case SONDE_icmp_param:
		o = number(o, "parameter problem - octet ",
			   sonde_icmp_param_pointer(sonde_header(p, d + 1, icmp_param)));
		break;
	default:
		if (type == 11 && code == 1)
			o = say(o, "ip reassembly ");
		o = value(o, SONDE_ROW_icmp_type, type);
		if (type == 11 && code != 1)
			o = say(o, " in-transit");
	}
	return number(o, ", length ", total(p, d));
}

/* RFC 4443 section 3.1. */
static const char *const unreachable6[] = {
	", unreachable route ",	  ", unreachable prohibited ", ", beyond scope ",
	", unreachable address ", ", unreachable port, ",      ", source address failed policy ",
	", reject route to ",
};

static char *icmpv6_error(char *o, const struct sonde_packet *p, unsigned d, uint8_t type)
{
	uint8_t code = sonde_icmpv6_code(sonde_header(p, d, icmpv6));
	const struct sonde_layer *l = quoted(p, d);

	if (!l)
		return o;
	if (type == 1) {
		if (code >= sizeof unreachable6 / sizeof *unreachable6)
			return number(o, ", unreach code ", code);
		o = address(say(o, unreachable6[code]), p, l, true);
		return code == 4 ? port_words(o, p, d + 3) : o;
	}
	return code ? say(o, " (reassembly)") : address(say(o, " for "), p, l, true);
}

static char *icmpv6_line(char *o, const struct sonde_packet *p, unsigned d)
{
	uint8_t type = sonde_icmpv6_type(sonde_header(p, d, icmpv6));
	const void *h = d + 1 < p->n ? p->byte + p->layer[d + 1].at : NULL;

	o = say(o, ": ICMP6, ");
	o = value(o, SONDE_ROW_icmpv6_type, type);
	switch (h ? p->layer[d + 1].shape : SONDE_NONE) {
	case SONDE_icmpv6_echo:
		o = echo(o, sonde_icmpv6_echo_id(h), sonde_icmpv6_echo_seq(h));
		break;
	case SONDE_icmpv6_error: o = icmpv6_error(o, p, d, type); break;
	case SONDE_icmpv6_toobig: o = number(o, ", mtu ", sonde_icmpv6_toobig_mtu(h)); break;
	case SONDE_icmpv6_param: o = number(o, " - octet ", sonde_icmpv6_param_pointer(h)); break;
	case SONDE_nd_ns: o = sonde_put_ip6(say(o, ", who has "), sonde_nd_ns_target(h)); break;
	case SONDE_nd_na: o = sonde_put_ip6(say(o, ", tgt is "), sonde_nd_na_target(h)); break;
	case SONDE_nd_redirect:
		o = sonde_put_ip6(say(o, ", "), sonde_nd_redirect_dst(h));
		o = sonde_put_ip6(say(o, " to "), sonde_nd_redirect_target(h));
		break;
	}
	return number(o, ", length ", total(p, d));
}

static char *arp_line(char *o, const struct sonde_packet *p, unsigned d)
{
	const struct sonde_arp *arp = sonde_header(p, d, arp);
	const struct sonde_arp_ip *a = sonde_header(p, d + 1, arp_ip);
	static const uint8_t nobody[6];
	uint16_t op = sonde_arp_op(arp);

	o = say(o, "ARP, ");
	if (d + 1 == p->n) {
		o = number(o, "hardware ", sonde_arp_hwtype(arp));
		o = number(o, " (len ", sonde_arp_hwsize(arp));
		o = sonde_put_hex(say(o, "), protocol 0x"), sonde_arp_prototype(arp));
		o = number(o, " (len ", sonde_arp_protosize(arp));
		o = number(o, "), op ", op);
	} else if (op == 1) {
		o = say(o, "Request who-has ");
		o = sonde_put_ip4(o, a->byte + SONDE_AT_arp_ip_tpa / 8);
		if (memcmp(sonde_arp_ip_tha(a), nobody, 6))
			o = say(sonde_put_mac(say(o, " ("), sonde_arp_ip_tha(a)), ")");
		o = sonde_put_ip4(say(o, " tell "), a->byte + SONDE_AT_arp_ip_spa / 8);
	} else {
		o = op == 2 ? say(o, "Reply ") : number(o, "op ", op);
		o = op == 2 ? o : say(o, " ");
		o = sonde_put_ip4(o, a->byte + SONDE_AT_arp_ip_spa / 8);
		o = sonde_put_mac(say(o, " is-at "), sonde_arp_ip_sha(a));
	}
	return number(o, ", length ", total(p, d));
}

/* What IPv4 says of itself where no header that we know follows: a later fragment, or a protocol
 * that is not decoded. */
static char *carried_line(char *o, const struct sonde_packet *p, unsigned d, unsigned last)
{
	const struct sonde_ipv6_frag *f = sonde_header(p, last, ipv6_frag);

	o = say(o, ": ");
	if (p->layer[last].shape == SONDE_ipv6_frag && sonde_ipv6_frag_offset(f)) {
		o = number(o, "frag (", sonde_ipv6_frag_offset(f) * 8u);
		return say(number(o, "|", body(p, last)), ")");
	}
	o = say(o, "ip-proto-");
	if (p->layer[d].shape == SONDE_ip)
		o = sonde_put_dec(o, sonde_ip_proto(sonde_header(p, d, ip)));
	else if (last == d)
		o = sonde_put_dec(o, sonde_ipv6_nxt(sonde_header(p, d, ipv6)));
	else /* every extension header begins with what follows it */
		o = sonde_put_dec(o, p->byte[p->layer[last].at]);
	if (p->stop == SONDE_STOP_FRAGMENT)
		return o;
	return number(o, " ", body(p, last));
}

/* "IP 10.0.0.1.53 > 10.0.0.2.4096: UDP, length 12", for the packet whose IP is layer d. */
static char *ip_line(char *o, const struct sonde_packet *p, unsigned d)
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
	o = l->shape == SONDE_ipv6 ? say(o, "IP6 ") : say(o, "IP ");
	o = address(o, p, l, false);
	if (t)
		o = number(o, ".", sonde_tcp_start_sport(t));
	o = address(say(o, " > "), p, l, true);
	if (t)
		o = number(o, ".", sonde_tcp_start_dport(t));
	switch (top < p->n ? p->layer[top].shape : SONDE_NONE) {
	case SONDE_tcp: return tcp_line(o, p, top);
	case SONDE_tcp_start: return number(o, ": tcp, seq ", sonde_tcp_start_seq(t));
	case SONDE_udp: return number(o, ": UDP, length ", body(p, top));
	case SONDE_icmp: return icmp_line(o, p, top);
	case SONDE_icmpv6: return icmpv6_line(o, p, top);
	case SONDE_ip:
	case SONDE_ipv6: return ip_line(say(o, ": "), p, top);
	}
	return carried_line(o, p, d, top - 1);
}

/* A frame without a network layer that we know. */
static char *link_line(char *o, const struct sonde_packet *p)
{
	const struct sonde_shape_info *s = p->n ? &sonde_shapes[p->layer[p->n - 1].shape] : NULL;

	for (unsigned i = 0; s && i < s->rows; i++) {
		const struct sonde_row *r = &sonde_rows[s->row + i];

		if (r->role != SONDE_ROLE_KEY)
			continue;
		o = r->arg == SONDE_SPACE_ethertype ? say(o, "ethertype 0x") : say(o, "family 0x");
		o = sonde_put_hex(o, sonde_get(p->byte + p->layer[p->n - 1].at, r->at, r->bits));
		return number(o, ", length ", p->wire);
	}
	return number(o, "unknown, length ", p->wire);
}

static char *packet_line(char *o, const struct sonde_packet *p)
{
	for (unsigned d = 0; d < p->n; d++)
		switch (p->layer[d].shape) {
		case SONDE_ip:
		case SONDE_ipv6: return ip_line(o, p, d);
		case SONDE_arp: return arp_line(o, p, d);
		}
	return link_line(o, p);
}

char *sonde_summary(char *o, const struct sonde_packet *p)
{
	bool cut_quote = p->n && p->layer[p->n - 1].part & SONDE_PART_QUOTED;

	o = packet_line(o, p);
	if (p->stop == SONDE_STOP_TRUNCATED && !cut_quote)
		o = say(o, " [truncated]");
	if (p->stop == SONDE_STOP_MALFORMED && !cut_quote)
		o = say(o, " [malformed]");
	return o;
}
