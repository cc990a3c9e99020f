#include "packet/line.h"

/* The IP packet that layer d, an ICMP error, quotes; NULL where the quote is too short for that. */
static const struct sonde_layer *quoted(const struct sonde_packet *p, unsigned d)
{
	const struct sonde_layer *l = &p->layer[d + 2];

	return d + 2 < p->n && (l->shape == SONDE_ip || l->shape == SONDE_ipv6) ? l : NULL;
}

/* "udp port 53", of the transport header that layer d is; ports lie in the same place in all. */
static char *port_words(char *o, const struct sonde_packet *p, unsigned d)
{
	if (d >= p->n)
		return o;
	switch (p->layer[d].shape) {
	case SONDE_udp:
		return sonde_line_number(o, " udp port ", sonde_udp_dport(sonde_header(p, d, udp)));
	case SONDE_tcp:
	case SONDE_tcp_start:
		return sonde_line_number(o, " tcp port ",
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
		return sonde_line_number(o, "unreachable-#", code);
	o = sonde_line_address(sonde_line_say(o, unreachable[code][0]), p, l, true);
	if (code == 2)
		o = sonde_line_number(o, " protocol ", sonde_ip_proto(sonde_header(p, d + 2, ip)));
	if (code == 3)
		o = port_words(o, p, d + 3);
	o = sonde_line_say(sonde_line_say(o, " unreachable"), unreachable[code][1]);
	if (code == 4 && mtu)
		o = sonde_line_say(sonde_line_number(o, " (mtu ", mtu), ")");
	return o;
}

static char *echo(char *o, uint32_t id, uint32_t seq)
{
	return sonde_line_number(sonde_line_number(o, ", id ", id), ", seq ", seq);
}

char *sonde_line_icmp(char *o, const struct sonde_packet *p, unsigned d)
{
	const struct sonde_icmp *icmp = sonde_header(p, d, icmp);
	uint8_t type = sonde_icmp_type(icmp), code = sonde_icmp_code(icmp);
	enum sonde_shape next = d + 1 < p->n ? p->layer[d + 1].shape : SONDE_NONE;
	const struct sonde_icmp_echo *e;
	const struct sonde_layer *l;

	o = sonde_line_say(o, "ICMP ");
	switch (next) {
	case SONDE_icmp_echo:
		e = sonde_header(p, d + 1, icmp_echo);
		o = sonde_line_value(o, SONDE_ROW_icmp_type, type);
		o = echo(o, sonde_icmp_echo_id(e), sonde_icmp_echo_seq(e));
		break;
	case SONDE_icmp_xecho:
	case SONDE_icmp_xreply:
		o = sonde_line_value(o, SONDE_ROW_icmp_type, type);
		o = echo(o, sonde_icmp_xecho_id(sonde_header(p, d + 1, icmp_xecho)),
			 sonde_icmp_xecho_seq(sonde_header(p, d + 1, icmp_xecho)));
		break;
	case SONDE_icmp_unreach: o = unreachable_line(o, p, d); break;
	case SONDE_icmp_redirect:
		o = code & 2 ? sonde_line_say(o, "redirect-tos ") : sonde_line_say(o, "redirect ");
		if ((l = quoted(p, d)))
			o = sonde_line_address(o, p, l, true);
		o = code & 1 ? sonde_line_say(o, " to host ") : sonde_line_say(o, " to net ");
		o = sonde_put_ip4(o, p->byte + p->layer[d + 1].at);
		break;
	case SONDE_icmp_param:
		o = sonde_line_number(o, "parameter problem - octet ",
				      sonde_icmp_param_pointer(sonde_header(p, d + 1, icmp_param)));
		break;
	default:
		if (type == 11 && code == 1)
			o = sonde_line_say(o, "ip reassembly ");
		o = sonde_line_value(o, SONDE_ROW_icmp_type, type);
		if (type == 11 && code != 1)
			o = sonde_line_say(o, " in-transit");
	}
	return sonde_line_number(o, ", length ", sonde_line_total(p, d));
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
			return sonde_line_number(o, ", unreach code ", code);
		o = sonde_line_address(sonde_line_say(o, unreachable6[code]), p, l, true);
		return code == 4 ? port_words(o, p, d + 3) : o;
	}
	return code ? sonde_line_say(o, " (reassembly)")
		    : sonde_line_address(sonde_line_say(o, " for "), p, l, true);
}

/* Whom a multicast listener message is about; a query of version 2 says it in brackets. */
static char *mld(char *o, uint16_t maxresp, const uint8_t *group, bool brackets)
{
	static const uint8_t all[16];

	if (!brackets) {
		o = sonde_line_number(o, "max resp delay: ", maxresp);
		return sonde_put_ip6(sonde_line_say(o, " addr: "), group);
	}
	if (maxresp != 10000)
		o = sonde_line_say(sonde_line_number(o, " [max resp delay=", maxresp), "]");
	if (memcmp(group, all, 16))
		o = sonde_line_say(sonde_put_ip6(sonde_line_say(o, " [gaddr "), group), "]");
	return o;
}

char *sonde_line_icmpv6(char *o, const struct sonde_packet *p, unsigned d)
{
	static const char *const params[] = { ", erroneous", ", next header", ", option",
					      ", incomplete header chain" };
	uint8_t type = sonde_icmpv6_type(sonde_header(p, d, icmpv6));
	uint8_t code = sonde_icmpv6_code(sonde_header(p, d, icmpv6));
	const void *h = d + 1 < p->n ? p->byte + p->layer[d + 1].at : NULL;

	o = sonde_line_say(o, "ICMP6, ");
	o = sonde_line_value(o, SONDE_ROW_icmpv6_type, type);
	switch (h ? p->layer[d + 1].shape : SONDE_NONE) {
	case SONDE_icmpv6_echo:
		o = echo(o, sonde_icmpv6_echo_id(h), sonde_icmpv6_echo_seq(h));
		break;
	case SONDE_icmpv6_error: o = icmpv6_error(o, p, d, type); break;
	case SONDE_icmpv6_toobig:
		o = sonde_line_number(o, ", mtu ", sonde_icmpv6_toobig_mtu(h));
		break;
	case SONDE_icmpv6_param:
		if (code < sizeof params / sizeof *params)
			o = sonde_line_say(o, params[code]);
		else
			o = sonde_line_number(o, ", code-#", code);
		o = sonde_line_number(o, " - octet ", sonde_icmpv6_param_pointer(h));
		break;
	case SONDE_icmpv6_xecho:
	case SONDE_icmpv6_xreply:
		o = echo(o, sonde_icmpv6_xecho_id(h), sonde_icmpv6_xecho_seq(h));
		break;
	case SONDE_mld_query:
		if (d + 2 < p->n)
			o = sonde_line_say(o, " v2");
		o = mld(o, sonde_mld_query_maxresp(h), sonde_mld_query_group(h), d + 2 < p->n);
		break;
	case SONDE_mld_member:
		o = mld(o, sonde_mld_member_maxresp(h), sonde_mld_member_group(h), false);
		break;
	case SONDE_mld_report2:
		o = sonde_line_number(o, ", ", sonde_mld_report2_records(h));
		o = sonde_line_say(o, " group record(s)");
		break;
	case SONDE_nd_ns:
		o = sonde_put_ip6(sonde_line_say(o, ", who has "), sonde_nd_ns_target(h));
		break;
	case SONDE_nd_na:
		o = sonde_put_ip6(sonde_line_say(o, ", tgt is "), sonde_nd_na_target(h));
		break;
	case SONDE_nd_redirect:
		o = sonde_put_ip6(sonde_line_say(o, ", "), sonde_nd_redirect_dst(h));
		o = sonde_put_ip6(sonde_line_say(o, " to "), sonde_nd_redirect_target(h));
		break;
	}
	return sonde_line_number(o, ", length ", sonde_line_total(p, d));
}
