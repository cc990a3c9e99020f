#include "packet/ether.h"

#include "base/text.h"
#include "packet/summary.h"

/* As tcpdump calls them; the last one stands for all others. */
static const struct {
	uint16_t type;
	const char *name;
} types[] = {
	{ 0x0800, "IPv4" },	    { 0x86dd, "IPv6" },	       { 0x0806, "ARP" },
	{ 0x8100, "802.1Q" },	    { 0x88a8, "802.1Q-QinQ" }, { 0x9100, "802.1Q-9100" },
	{ 0x8847, "MPLS unicast" }, { 0x8863, "PPPoE D" },     { 0x8864, "PPPoE S" },
	{ 0x88cc, "LLDP" },	    { 0x888e, "EAPOL" },       { 0, "Unknown" },
};

static char *put_type(char *o, const struct sonde_packet *p, uint16_t type)
{
	unsigned i = 0;

	while (types[i].type && types[i].type != type)
		i++;
	if (p->manner && p->manner->quick && types[i].type)
		return sonde_put_str(o, types[i].name);
	o = sonde_put_str(o, "ethertype ");
	o = sonde_put_str(o, types[i].name);
	o = sonde_put_str(o, " (0x");
	memcpy(o, &sonde_text_tables.hex2[type >> 8 << 1], 2);
	memcpy(o + 2, &sonde_text_tables.hex2[(type & 255) << 1], 2);
	return sonde_put_str(o + 4, ")");
}

static char *put_length(char *o, const struct sonde_packet *p)
{
	return sonde_put_str(sonde_put_dec(sonde_put_str(o, "length "), p->wire), ": ");
}

static char *put_tag(char *o, const struct sonde_packet *p, const struct sonde_vlan *vlan)
{
	o = sonde_put_dec(sonde_put_str(o, "vlan "), sonde_vlan_id(vlan));
	o = sonde_put_dec(sonde_put_str(o, ", p "), sonde_vlan_prio(vlan));
	o = sonde_put_str(o, sonde_vlan_dei(vlan) ? ", DEI, " : ", ");
	return sonde_put_str(put_type(o, p, sonde_vlan_type(vlan)), ", ");
}

static char *put_eth(char *o, const struct sonde_packet *p, const struct sonde_eth *eth)
{
	uint16_t type = sonde_eth_type(eth);

	o = sonde_put_mac(o, sonde_eth_src(eth));
	o = sonde_put_mac(sonde_put_str(o, " > "), sonde_eth_dst(eth));
	o = sonde_put_str(o, ", ");
	o = type < 1536 ? sonde_put_str(o, "802.3") : put_type(o, p, type);
	return put_length(sonde_put_str(o, ", "), p);
}

/* A frame of a cooked capture: where it was going, and its sender if it has one. */
static char *put_cooked(char *o, const struct sonde_packet *p, unsigned pkttype, unsigned halen,
			const uint8_t *src, uint16_t type)
{
	static const char *const ways[] = { "In", "B", "M", "P", "Out" };

	o = sonde_put_str(o, pkttype < 5 ? ways[pkttype] : "?");
	*o++ = ' ';
	if (halen == 6)
		o = sonde_put_str(sonde_put_mac(o, src), " ");
	return put_length(sonde_put_str(put_type(o, p, type), ", "), p);
}

char *sonde_ether_put(char *o, const struct sonde_packet *p)
{
	unsigned d = 0;
	const void *h = p->n ? p->byte + p->layer->at : NULL;

	switch (p->n ? p->layer->shape : SONDE_NONE) {
	case SONDE_eth: o = put_eth(o, p, h); break;
	case SONDE_sll:
		o = put_cooked(o, p, sonde_sll_pkttype(h), sonde_sll_halen(h), sonde_sll_src(h),
			       sonde_sll_type(h));
		break;
	case SONDE_sll2:
		o = put_cooked(o, p, sonde_sll2_pkttype(h), sonde_sll2_halen(h), sonde_sll2_src(h),
			       sonde_sll2_type(h));
		break;
	default: o = put_length(o, p);
	}
	while (++d < p->n &&
	       (p->layer[d].shape == SONDE_vlan || p->layer[d].shape == SONDE_ieee8021ad))
		o = put_tag(o, p, sonde_header(p, d, vlan));
	return o;
}
