#include "packet/line.h"

#include "packet/ether.h"
#include "packet/option.h"

/* A hardware address of any size. */
static char *hardware(char *o, const uint8_t *a, uint8_t size)
{
	for (uint8_t i = 0; i < size; i++) {
		if (i)
			*o++ = ':';
		memcpy(o, &sonde_text_tables.hex2[2 * a[i]], 2);
		o += 2;
	}
	return o;
}

enum {
	ARP_HARDWARE_MOST = 32,
	ARP_ATM = 19, /* RFC 2225 section 8.1: sizes and addresses lie elsewhere */
};		      /* bytes of a hardware address that a line shows */

/* Asking and answering for IPv4 over hardware addresses of any size, which lie at a. */
static char *arp_words(char *o, uint16_t op, const uint8_t *a, uint8_t size)
{
	static const uint8_t nobody[ARP_HARDWARE_MOST];
	const uint8_t *spa = a + size, *tha = spa + 4, *tpa = tha + size;

	switch (op) {
	case 1:
		o = sonde_put_ip4(sonde_line_say(o, "Request who-has "), tpa);
		if (memcmp(tha, nobody, size))
			o = sonde_line_say(hardware(sonde_line_say(o, " ("), tha, size), ")");
		return sonde_put_ip4(sonde_line_say(o, " tell "), spa);
	case 2:
		o = sonde_put_ip4(sonde_line_say(o, "Reply "), spa);
		return hardware(sonde_line_say(o, " is-at "), a, size);
	case 3:
		o = hardware(sonde_line_say(o, "Reverse Request who-is "), tha, size);
		return hardware(sonde_line_say(o, " tell "), a, size);
	case 4:
		o = hardware(sonde_line_say(o, "Reverse Reply "), tha, size);
		return sonde_put_ip4(sonde_line_say(o, " at "), tpa);
	case 8:
		o = hardware(sonde_line_say(o, "Inverse Request who-is "), tha, size);
		return hardware(sonde_line_say(o, " tell "), a, size);
	case 9:
		o = hardware(sonde_line_say(o, "Inverse Reply "), a, size);
		return sonde_put_ip4(sonde_line_say(o, " at "), spa);
	}
	o = sonde_put_ip4(sonde_line_say(sonde_line_number(o, "op ", op), " "), spa);
	return hardware(sonde_line_say(o, " is-at "), a, size);
}

char *sonde_line_arp(char *o, const struct sonde_packet *p, unsigned d)
{
	const struct sonde_arp *arp = sonde_header(p, d, arp);
	uint32_t at = p->layer[d].at + SONDE_BYTES_arp;
	uint8_t size = sonde_arp_hwsize(arp);
	bool ip = sonde_arp_prototype(arp) == 0x0800 && sonde_arp_protosize(arp) == 4 &&
		  sonde_arp_hwtype(arp) != ARP_ATM;

	o = sonde_line_say(o, "ARP, ");
	if (ip && size && size <= ARP_HARDWARE_MOST && at + 2u * (size + 4u) <= p->len) {
		o = arp_words(o, sonde_arp_op(arp), p->byte + at, size);
	} else {
		o = sonde_line_number(o, "hardware ", sonde_arp_hwtype(arp));
		o = sonde_line_number(o, " (len ", size);
		o = sonde_put_hex(sonde_line_say(o, "), protocol 0x"), sonde_arp_prototype(arp));
		o = sonde_line_number(o, " (len ", sonde_arp_protosize(arp));
		o = sonde_line_number(o, "), op ", sonde_arp_op(arp));
	}
	o = sonde_line_number(o, ", length ", sonde_line_total(p, d));
	return 2u * (size + sonde_arp_protosize(arp)) > sonde_line_body(p, d) && !p->layer[d].part
		       ? sonde_line_say(o, " [malformed]")
		       : o;
}

static char *tag(char *o, const struct sonde_option *opt)
{
	enum sonde_shape shape = sonde_option_shape(SONDE_FAMILY_pppoetag, opt->kind);

	o = sonde_line_say(o, " [");
	if (shape == SONDE_NONE)
		o = sonde_put_hex(sonde_line_say(o, "TAG-0x"), opt->kind);
	else
		o = sonde_line_say(o, sonde_shapes[shape].title);
	for (uint32_t i = 4; i < opt->len && i < 4 + ARP_HARDWARE_MOST; i++) {
		if (i == 4)
			o = sonde_line_say(o, " 0x");
		memcpy(o, &sonde_text_tables.hex2[2 * opt->at[i]], 2);
		o += 2;
	}
	return sonde_line_say(o, "]");
}

enum { TAGS_MOST = 16 }; /* that a line shows */

static char *pppoed(char *o, const struct sonde_packet *p, unsigned d)
{
	const struct sonde_pppoed *h = sonde_header(p, d, pppoed);
	const uint8_t *at = p->byte + p->layer[d].at;
	struct sonde_walk w = { at + SONDE_BYTES_pppoed, at + p->layer[d].head };
	const char *name = sonde_words(SONDE_ROW_pppoed_code, sonde_pppoed_code(h));
	struct sonde_option opt;

	o = sonde_line_say(o, "PPPoE ");
	o = name ? sonde_line_say(o, name)
		 : sonde_put_hex(sonde_line_say(o, "PAD-"), sonde_pppoed_code(h));
	if (sonde_pppoed_session(h))
		o = sonde_line_say(
			sonde_put_hex(sonde_line_say(o, " [ses 0x"), sonde_pppoed_session(h)), "]");
	for (unsigned n = 0; n < TAGS_MOST && sonde_option_next(&w, SONDE_FAMILY_pppoetag, &opt);
	     n++)
		o = tag(o, &opt);
	return o;
}

/* "LCP, Conf-Request (0x01), id 1, length 16" */
/* What PAP (RFC 1334 section 2.2) and CHAP (RFC 1994 section 4) ask and answer. */
static const char *proof(bool pap, unsigned code)
{
	static const char *const words[2][4] = {
		{ "Challenge", "Response", "Success", "Fail" },
		{ "Auth-Req", "Auth-ACK", "Auth-NACK", NULL },
	};

	return code - 1 < 4 ? words[pap][code - 1] : NULL;
}

static char *ppp_control(char *o, const struct sonde_packet *p, unsigned d)
{
	const struct sonde_ppp_cp *h = sonde_header(p, d, ppp_cp);
	const char *name = "PPP", *code = sonde_words(SONDE_ROW_ppp_cp_code, sonde_ppp_cp_code(h));
	uint32_t length = sonde_line_total(p, d) + 2;

	if (d && p->layer[d - 1].shape == SONDE_ppp) {
		unsigned proto = sonde_ppp_proto(sonde_header(p, d - 1, ppp));

		name = sonde_words(SONDE_ROW_ppp_proto, proto);
		if (proto == 0xc023 || proto == 0xc223)
			code = proof(proto == 0xc023, sonde_ppp_cp_code(h));
		length = sonde_line_total(p, d - 1);
	}
	o = sonde_line_say(sonde_line_say(o, name), ", ");
	o = sonde_line_say(o, code ? code : "unknown");
	o = sonde_line_say(o, " (0x");
	memcpy(o, &sonde_text_tables.hex2[2 * sonde_ppp_cp_code(h)], 2);
	o = sonde_line_number(o + 2, "), id ", sonde_ppp_cp_id(h));
	return sonde_line_number(o, ", length ", length);
}

static char *stp_flags(char *o, uint8_t flags)
{
	static const struct {
		uint8_t bit;
		const char *name;
	} names[] = { { 0x01, "Topology change" }, { 0x02, "Proposal" },
		      { 0x10, "Learn" },	   { 0x20, "Forward" },
		      { 0x40, "Agreement" },	   { 0x80, "Topology change ACK" } };
	const char *between = "";

	o = sonde_line_say(o, "Flags [");
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (flags & names[i].bit) {
			o = sonde_line_say(sonde_line_say(o, between), names[i].name);
			between = ", ";
		}
	return sonde_line_say(o, *between ? "]" : "none]");
}

static char *hex4(char *o, uint16_t v)
{
	memcpy(o, &sonde_text_tables.hex2[2 * (v >> 8)], 2);
	memcpy(o + 2, &sonde_text_tables.hex2[2 * (v & 255)], 2);
	return o + 4;
}

static char *stp(char *o, const struct sonde_packet *p, unsigned d)
{
	const struct sonde_stp *h = sonde_header(p, d, stp);
	const struct sonde_stp_config *c = sonde_header(p, d + 1, stp_config);
	uint8_t version = sonde_stp_version(h), type = sonde_stp_type(h);

	o = sonde_line_say(o, version == 0   ? "STP 802.1d"
			      : version == 2 ? "STP 802.1w"
			      : version == 3 ? "STP 802.1s"
			      : version == 4 ? "STP 802.1aq"
					     : "STP version unknown");
	o = sonde_line_say(o, type == 0	     ? ", Config"
			      : type == 2    ? ", Rapid STP"
			      : type == 0x80 ? ", Topology Change"
					     : ", type unknown");
	if (d + 1 < p->n && (type == 0 || type == 2)) {
		o = sonde_line_say(o, version >= 3 ? ", CIST " : ", ");
		o = stp_flags(o, sonde_stp_config_flags(c));
		o = hex4(sonde_line_say(o, version >= 3 ? ", CIST bridge-id " : ", bridge-id "),
			 sonde_stp_config_bridge_prio(c));
		o = sonde_put_mac(sonde_line_say(o, "."), sonde_stp_config_bridge(c));
		o = hex4(sonde_line_say(o, "."), sonde_stp_config_port(c));
	}
	return sonde_line_number(o, ", length ", sonde_line_total(p, d));
}

/* Whoever is not decoded further is told by its numbers. */
static char *llc(char *o, const struct sonde_packet *p, unsigned d)
{
	const struct sonde_llc *h = sonde_header(p, d, llc);
	bool wide = p->layer[d].shape == SONDE_llc_numbered;

	if (sonde_llc_dsap(h) == 0xfe && !wide)
		return sonde_line_number(o, "OSI, length ", sonde_line_body(p, d));
	if (sonde_llc_dsap(h) == 0xe0 && !wide)
		return sonde_line_number(o, "IPX, length ", sonde_line_body(p, d));
	o = sonde_put_hex(sonde_line_say(o, "LLC, dsap 0x"), sonde_llc_dsap(h));
	o = sonde_put_hex(sonde_line_say(o, ", ssap 0x"), sonde_llc_ssap(h));
	o = sonde_put_hex(sonde_line_say(o, ", ctrl 0x"),
			  wide ? sonde_llc_numbered_control(sonde_header(p, d, llc_numbered))
			       : sonde_llc_control(h));
	return sonde_line_number(o, ", length ", sonde_line_total(p, d));
}

static char *snap(char *o, const struct sonde_packet *p, unsigned d)
{
	static const struct {
		uint64_t key;
		const char *name;
	} names[] = { { 0x00000c0104, "DRiP" },
		      { 0x00000c0111, "UDLD" },
		      { 0x00000c2003, "VTP" },
		      { 0x00000c2004, "DTP" },
		      { 0x00000c010c, "VLAN-bridge-STP" },
		      { 0x080007809b, "AppleTalk" } };
	const struct sonde_snap *h = sonde_header(p, d, snap);
	uint64_t key = (uint64_t)sonde_snap_oui(h) << 16 | sonde_snap_pid(h);
	const char *name =
		sonde_snap_oui(h) ? NULL : sonde_words(SONDE_ROW_eth_type, sonde_snap_pid(h));

	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].key == key)
			name = names[i].name;
	if (name)
		return sonde_line_number(sonde_line_say(o, name), ", length ",
					 sonde_line_body(p, d));
	o = sonde_put_hex(sonde_line_say(o, "SNAP, oui 0x"), sonde_snap_oui(h));
	o = hex4(sonde_line_say(o, ", pid 0x"), sonde_snap_pid(h));
	return sonde_line_number(o, ", length ", sonde_line_body(p, d));
}

static char *mpls(char *o, const struct sonde_packet *p, unsigned d)
{
	o = sonde_line_say(o, "MPLS");
	for (; d < p->n && p->layer[d].shape == SONDE_mpls; d++) {
		const struct sonde_mpls *h = sonde_header(p, d, mpls);

		o = sonde_line_number(o, " (label ", sonde_mpls_label(h));
		o = sonde_line_number(o, ", tc ", sonde_mpls_tc(h));
		o = sonde_line_say(o, sonde_mpls_s(h) ? ", [S]" : "");
		o = sonde_line_say(sonde_line_number(o, ", ttl ", sonde_mpls_ttl(h)), ")");
	}
	if (d < p->n)
		return sonde_line_from(sonde_line_say(o, " "), p, d);
	return sonde_line_number(o, ", length ", sonde_line_body(p, d - 1));
}

/* Of a type that nobody knows the header of the link says most. */
static char *stranger(char *o, const struct sonde_packet *p)
{
	o = sonde_ether_put(o, p);
	while (o[-1] == ' ' || o[-1] == ':' || o[-1] == ',')
		o--;
	return o;
}

/* What the last header of all names, but nobody knows. */
static char *unknown(char *o, const struct sonde_packet *p)
{
	unsigned last = p->n - 1;
	const uint8_t *h = p->byte + p->layer[last].at;
	const struct sonde_shape_info *s = &sonde_shapes[p->layer[last].shape];
	const char *name;

	for (unsigned i = s->row; i < (unsigned)s->row + s->rows; i++) {
		const struct sonde_row *r = &sonde_rows[i];
		uint32_t key;

		if (r->role != SONDE_ROLE_KEY && r->role != SONDE_ROLE_KEY_OR_BODY)
			continue;
		key = (uint32_t)sonde_get(h, r->at, r->bits);
		switch (r->arg) {
		case SONDE_SPACE_ethertype:
			if ((name = sonde_words(SONDE_ROW_eth_type, key)))
				return sonde_line_number(sonde_line_say(o, name), ", length ",
							 sonde_line_body(p, last));
			if (p->layer->shape == SONDE_eth && p->stop == SONDE_STOP_UNKNOWN)
				return stranger(o, p);
			o = sonde_put_hex(sonde_line_say(o, "ethertype 0x"), key);
			break;
		case SONDE_SPACE_ppp:
			if ((name = sonde_words(SONDE_ROW_ppp_proto, key)))
				return sonde_line_number(sonde_line_say(o, name), ", length ",
							 sonde_line_total(p, last));
			o = sonde_put_hex(sonde_line_say(o, "unknown PPP protocol (0x"), key);
			return sonde_line_number(o, "), length ", sonde_line_total(p, last));
		case SONDE_SPACE_chdlc:
			if (key == 0x8035)
				return sonde_line_say(sonde_line_number(o, "SLARP (length: ",
									sonde_line_body(p, last)),
						      ")");
			o = sonde_put_hex(sonde_line_say(o, "unknown CHDLC protocol (0x"), key);
			return sonde_line_number(o, "), length ", sonde_line_body(p, last));
		case SONDE_SPACE_af: o = sonde_put_hex(sonde_line_say(o, "family 0x"), key); break;
		default: o = sonde_put_hex(sonde_line_say(o, "protocol 0x"), key);
		}
		return sonde_line_number(o, ", length ", last ? sonde_line_body(p, last) : p->wire);
	}
	o = sonde_line_say(sonde_line_say(o, s->title), ", length ");
	return sonde_put_dec(o, last ? sonde_line_total(p, last) : p->wire);
}

char *sonde_line_from(char *o, const struct sonde_packet *p, unsigned d)
{
	for (; d < p->n; d++)
		switch (p->layer[d].shape) {
		case SONDE_ip:
		case SONDE_ipv6: return sonde_line_ip(o, p, d);
		case SONDE_arp: return sonde_line_arp(o, p, d);
		case SONDE_mpls: return mpls(o, p, d);
		case SONDE_pppoed: return pppoed(o, p, d);
		case SONDE_pppoe:
			o = sonde_put_hex(sonde_line_say(o, "PPPoE  [ses 0x"),
					  sonde_pppoe_session(sonde_header(p, d, pppoe)));
			o = sonde_line_say(o, "] ");
			break;
		case SONDE_ppp_cp: return ppp_control(o, p, d);
		case SONDE_stp: return stp(o, p, d);
		case SONDE_cdp:
			o = sonde_line_number(o, "CDPv",
					      sonde_cdp_version(sonde_header(p, d, cdp)));
			o = sonde_line_number(o, ", ttl: ", sonde_cdp_ttl(sonde_header(p, d, cdp)));
			return sonde_line_number(o, "s, length ", sonde_line_total(p, d));
		case SONDE_llc:
			if (d + 1 == p->n)
				return llc(o, p, d);
			break;
		case SONDE_llc_numbered: return llc(o, p, d);
		case SONDE_snap:
			if (d + 1 == p->n)
				return snap(o, p, d);
			break;
		}
	if (p->n)
		return unknown(o, p);
	o = p->link ? sonde_line_number(o, "link type ", p->link) : sonde_line_say(o, "unknown");
	return sonde_line_number(o, ", length ", p->wire);
}
