#include "packet/line.h"
#include "packet/option.h"

/* Zeros in front, as many digits as a field of so many bits has. */
static char *hex8(char *o, uint32_t v)
{
	for (int shift = 24; shift >= 0; shift -= 8, o += 2)
		memcpy(o, &sonde_text_tables.hex2[2 * (v >> shift & 255)], 2);
	return o;
}

/* What a tunnel's header leads to, or why that is not known. */
static char *inside(char *o, const struct sonde_packet *p, unsigned d, const char *words,
		    uint32_t key)
{
	if (d + 1 < p->n)
		return sonde_line_from(o, p, d + 1);
	return sonde_put_hex(sonde_line_say(o, words), key);
}

static char *gre_words(char *o, enum sonde_shape piece, const void *h)
{
	switch (piece) {
	case SONDE_gre_sum:
		return sonde_put_hex(sonde_line_say(o, ", off 0x"), sonde_gre_sum_reserved(h));
	case SONDE_gre_key:
		return sonde_put_hex(sonde_line_say(o, ", key=0x"), sonde_gre_key_key(h));
	case SONDE_gre_seq: return sonde_line_number(o, ", seq ", sonde_gre_seq_seq(h));
	case SONDE_gre1_key: return sonde_line_number(o, ", call ", sonde_gre1_key_call(h));
	case SONDE_gre1_seq: return sonde_line_number(o, ", seq ", sonde_gre1_seq_seq(h));
	case SONDE_gre1_ack: return sonde_line_number(o, ", ack ", sonde_gre1_ack_ack(h));
	default: return o;
	}
}

char *sonde_line_gre(char *o, const struct sonde_packet *p, unsigned d)
{
	const struct sonde_layer *l = &p->layer[d];
	const struct sonde_gre1 *one = sonde_header(p, d, gre1);
	const uint8_t *h = p->byte + l->at;
	struct sonde_pieces w = sonde_pieces(h, l->shape, l->head);
	bool empty = l->shape == SONDE_gre1 && !sonde_gre1_s(one);
	uint32_t at;

	o = sonde_line_say(o, l->shape == SONDE_gre ? "GREv0" : "GREv1");
	for (enum sonde_shape piece; (piece = sonde_piece_next(&w, &at));)
		o = gre_words(o, piece, h + at);
	o = sonde_line_say(o, empty ? ", no-payload" : "");
	o = sonde_line_number(o, ", length ", sonde_line_total(p, d));
	if (empty)
		return o;
	return inside(sonde_line_say(o, ": "), p, d, "gre-proto-0x",
		      sonde_gre_proto(sonde_header(p, d, gre)));
}

static char *geneve(char *o, const struct sonde_packet *p, unsigned d)
{
	const struct sonde_geneve *h = sonde_header(p, d, geneve);
	bool oam = sonde_geneve_o(h), critical = sonde_geneve_c(h);

	o = sonde_line_say(o, "Geneve, Flags [");
	o = sonde_line_say(o, oam ? "O" : "");
	o = sonde_line_say(o, critical ? "C" : "");
	o = sonde_line_say(o, oam || critical ? "]" : "none]");
	o = sonde_put_hex(sonde_line_say(o, ", vni 0x"), sonde_geneve_vni(h));
	if (p->layer[d].head > SONDE_BYTES_geneve)
		o = sonde_line_say(
			sonde_line_number(o, ", options [", p->layer[d].head - SONDE_BYTES_geneve),
			" bytes]");
	return inside(sonde_line_say(o, ": "), p, d, "geneve-proto-0x", sonde_geneve_proto(h));
}

static char *vxlan(char *o, const struct sonde_packet *p, unsigned d)
{
	const struct sonde_vxlan *h = sonde_header(p, d, vxlan);

	o = sonde_line_say(o, "VXLAN, flags [");
	o = sonde_line_say(o, sonde_vxlan_i(h) ? "I" : ".");
	o = sonde_line_say(o, "] (0x");
	memcpy(o, &sonde_text_tables.hex2[2 * (sonde_vxlan_flags(h) >> 8)], 2);
	o = sonde_line_number(o + 2, "), vni ", sonde_vxlan_vni(h));
	return d + 1 < p->n ? sonde_line_from(sonde_line_say(o, ": "), p, d + 1) : o;
}

/* The tunnel that layer d is, in UDP. */
char *sonde_line_tunnel(char *o, const struct sonde_packet *p, unsigned d)
{
	switch (p->layer[d].shape) {
	case SONDE_vxlan: return vxlan(o, p, d);
	case SONDE_geneve: return geneve(o, p, d);
	default: return sonde_line_from(o, p, d);
	}
}

char *sonde_line_esp(char *o, const struct sonde_packet *p, unsigned d)
{
	const struct sonde_esp *h = sonde_header(p, d, esp);

	o = hex8(sonde_line_say(o, "ESP(spi=0x"), sonde_esp_spi(h));
	o = sonde_put_hex(sonde_line_say(o, ",seq=0x"), sonde_esp_seq(h));
	return sonde_line_number(o, "), length ", sonde_line_total(p, d));
}

enum { ICV_MOST = 64 }; /* bytes of an integrity check that a line shows */

char *sonde_line_ah(char *o, const struct sonde_packet *p, unsigned d)
{
	const struct sonde_ah *h = sonde_header(p, d, ah);
	const uint8_t *at = p->byte + p->layer[d].at;
	uint32_t head = p->layer[d].head;

	o = hex8(sonde_line_say(o, "AH(spi=0x"), sonde_ah_spi(h));
	o = sonde_put_hex(sonde_line_say(o, ",seq=0x"), sonde_ah_seq(h));
	o = sonde_line_say(o, ",icv=0x");
	for (uint32_t i = SONDE_BYTES_ah; i < head && i < SONDE_BYTES_ah + ICV_MOST; i++, o += 2)
		memcpy(o, &sonde_text_tables.hex2[2 * at[i]], 2);
	return sonde_line_say(o, "): ");
}
