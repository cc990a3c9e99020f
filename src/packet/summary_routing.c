#include "packet/line.h"

static char *ospf(char *o, const struct sonde_packet *p, unsigned d)
{
	const struct sonde_ospf *h = sonde_header(p, d, ospf); /* both begin alike */

	o = sonde_line_number(o, "OSPFv", sonde_ospf_version(h));
	o = sonde_line_value(sonde_line_say(o, ", "), SONDE_ROW_ospf_type, sonde_ospf_type(h));
	/* of all that IP carries: behind what the header counts may lie a signature */
	return sonde_line_number(o, ", length ",
				 d ? sonde_line_body(p, d - 1) : sonde_line_total(p, d));
}

static char *vrrp(char *o, const struct sonde_packet *p, unsigned d)
{
	const struct sonde_vrrp *h = sonde_header(p, d, vrrp);
	const struct sonde_vrrp3 *three = sonde_header(p, d, vrrp3);
	bool old = p->layer[d].shape == SONDE_vrrp;

	o = sonde_line_number(o, "VRRPv", sonde_vrrp_version(h));
	o = sonde_vrrp_type(h) == 1 ? sonde_line_say(o, ", Advertisement")
				    : sonde_line_number(o, ", type ", sonde_vrrp_type(h));
	o = sonde_line_number(o, ", vrid ", sonde_vrrp_vrid(h));
	o = sonde_line_number(o, ", prio ", sonde_vrrp_prio(h));
	if (old) {
		o = sonde_line_value(sonde_line_say(o, ", authtype "), SONDE_ROW_vrrp_autype,
				     sonde_vrrp_autype(h));
		o = sonde_line_say(sonde_line_number(o, ", intvl ", sonde_vrrp_interval(h)), "s");
	} else {
		o = sonde_line_say(sonde_line_number(o, ", intvl ", sonde_vrrp3_interval(three)),
				   "cs");
	}
	return sonde_line_number(o, ", length ", sonde_line_total(p, d));
}

char *sonde_line_routing(char *o, const struct sonde_packet *p, unsigned d)
{
	switch (p->layer[d].shape) {
	case SONDE_ospf:
	case SONDE_ospf3: return ospf(o, p, d);
	case SONDE_vrrp:
	case SONDE_vrrp3: return vrrp(o, p, d);
	case SONDE_eigrp:
		o = sonde_line_value(sonde_line_say(o, "EIGRP "), SONDE_ROW_eigrp_opcode,
				     sonde_eigrp_opcode(sonde_header(p, d, eigrp)));
		return sonde_line_number(o, ", length: ", sonde_line_total(p, d));
	default:
		o = sonde_line_number(o, "PIMv", sonde_pim_version(sonde_header(p, d, pim)));
		o = sonde_line_value(sonde_line_say(o, ", "), SONDE_ROW_pim_type,
				     sonde_pim_type(sonde_header(p, d, pim)));
		return sonde_line_number(o, ", length ", sonde_line_total(p, d));
	}
}

/* Tenths of seconds, from a code that from 128 on is an exponent and a mantissa, RFC 3376 section
 * 4.1.1. */
static char *response_time(char *o, uint32_t code)
{
	uint32_t t = code < 128 ? code : (16 | (code & 15)) << ((code >> 4 & 7) + 3);

	if (t < 600)
		return sonde_line_say(
			sonde_line_number(sonde_line_number(o, "", t / 10), ".", t % 10), "s");
	o = sonde_line_say(sonde_line_number(o, "", t / 600), "m");
	return t % 600 ? sonde_line_say(sonde_line_number(o, "", t % 600 / 10), "s") : o;
}

static char *igmp_query(char *o, const struct sonde_packet *p, unsigned d)
{
	uint32_t most = sonde_igmp_maxresp(sonde_header(p, d, igmp));
	const struct sonde_igmp_query *q = sonde_header(p, d + 1, igmp_query);
	bool three = d + 2 < p->n;
	uint16_t sources;

	o = sonde_line_say(o, three ? " query v3" : most ? " query v2" : " query v1");
	if (most != 100 && (three || most)) {
		o = sonde_line_say(o, " [max resp time ");
		o = three ? response_time(o, most) : sonde_put_dec(o, most);
		o = sonde_line_say(o, "]");
	}
	if (!sonde_igmp_query_group(q))
		return o;
	o = sonde_put_ip4(sonde_line_say(o, " [gaddr "), q->byte);
	sources = three ? sonde_igmp_query3_sources(sonde_header(p, d + 2, igmp_query3)) : 0;
	if (sources)
		o = sonde_line_say(sonde_line_number(o, ", ", sources), " source(s)");
	return sonde_line_say(o, "]");
}

char *sonde_line_igmp(char *o, const struct sonde_packet *p, unsigned d)
{
	uint8_t type = sonde_igmp_type(sonde_header(p, d, igmp));

	o = sonde_line_say(o, "igmp");
	switch (d + 1 < p->n ? p->layer[d + 1].shape : SONDE_NONE) {
	case SONDE_igmp_query: return igmp_query(o, p, d);
	case SONDE_igmp_member:
		o = sonde_line_say(o, type == 0x12   ? " v1 report "
				      : type == 0x16 ? " v2 report "
						     : " leave ");
		return sonde_put_ip4(o, p->byte + p->layer[d + 1].at);
	case SONDE_igmp_report3:
		o = sonde_line_number(
			o, " v3 report, ",
			sonde_igmp_report3_records(sonde_header(p, d + 1, igmp_report3)));
		return sonde_line_say(o, " group record(s)");
	}
	o = sonde_put_hex(sonde_line_say(o, "-0x"), type);
	return sonde_line_number(o, ", length ", sonde_line_total(p, d));
}
