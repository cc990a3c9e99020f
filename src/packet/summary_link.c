#include "packet/line.h"

char *sonde_line_arp(char *o, const struct sonde_packet *p, unsigned d)
{
	const struct sonde_arp *arp = sonde_header(p, d, arp);
	const struct sonde_arp_ip *a = sonde_header(p, d + 1, arp_ip);
	static const uint8_t nobody[6];
	uint16_t op = sonde_arp_op(arp);

	o = sonde_line_say(o, "ARP, ");
	if (d + 1 == p->n) {
		o = sonde_line_number(o, "hardware ", sonde_arp_hwtype(arp));
		o = sonde_line_number(o, " (len ", sonde_arp_hwsize(arp));
		o = sonde_put_hex(sonde_line_say(o, "), protocol 0x"), sonde_arp_prototype(arp));
		o = sonde_line_number(o, " (len ", sonde_arp_protosize(arp));
		o = sonde_line_number(o, "), op ", op);
	} else if (op == 1) {
		o = sonde_line_say(o, "Request who-has ");
		o = sonde_put_ip4(o, a->byte + SONDE_AT_arp_ip_tpa / 8);
		if (memcmp(sonde_arp_ip_tha(a), nobody, 6))
			o = sonde_line_say(
				sonde_put_mac(sonde_line_say(o, " ("), sonde_arp_ip_tha(a)), ")");
		o = sonde_put_ip4(sonde_line_say(o, " tell "), a->byte + SONDE_AT_arp_ip_spa / 8);
	} else {
		o = op == 2 ? sonde_line_say(o, "Reply ") : sonde_line_number(o, "op ", op);
		o = op == 2 ? o : sonde_line_say(o, " ");
		o = sonde_put_ip4(o, a->byte + SONDE_AT_arp_ip_spa / 8);
		o = sonde_put_mac(sonde_line_say(o, " is-at "), sonde_arp_ip_sha(a));
	}
	return sonde_line_number(o, ", length ", sonde_line_total(p, d));
}

/* A frame without a network layer that we know. */
char *sonde_line_link(char *o, const struct sonde_packet *p)
{
	const struct sonde_shape_info *s = p->n ? &sonde_shapes[p->layer[p->n - 1].shape] : NULL;

	for (unsigned i = 0; s && i < s->rows; i++) {
		const struct sonde_row *r = &sonde_rows[s->row + i];

		if (r->role != SONDE_ROLE_KEY)
			continue;
		o = r->arg == SONDE_SPACE_ethertype ? sonde_line_say(o, "ethertype 0x")
						    : sonde_line_say(o, "family 0x");
		o = sonde_put_hex(o, sonde_get(p->byte + p->layer[p->n - 1].at, r->at, r->bits));
		return sonde_line_number(o, ", length ", p->wire);
	}
	return sonde_line_number(o, "unknown, length ", p->wire);
}
