#ifndef SONDE_PACKET_LAYERS_H
#define SONDE_PACKET_LAYERS_H

/* All that a packet says, layer by layer and field by field. */

#include "base/text.h"
#include "packet/packet.h"

/* "end", "truncated" ..., for an enum sonde_stop. Static. */
const char *sonde_layers_stop(unsigned stop);

/* Members of an object of JSON, without its braces:
 *
 *   "layers":[{"layer":"ip","ip.version":4,...,"wrong":["ip.checksum"]},
 *             {"layer":"tcp",...,"options":[{"option":"mss","tcp.options.mss_val":1460},
 *                                           {"kind":253,"data":"070809"}]}],
 *   "stop":"end","data.len":12
 *
 * Numbers above 2^53 are strings of digits, octets are hex digits, times RFC 3339. An element that
 * is not known has its kind, and one that is bad has "bad":true; both have their data. */
void sonde_layers_json(struct sonde_text *t, const struct sonde_packet *p,
		       const struct sonde_verdict *v);

/* The same, told by packet/field.h alone; layers.c writes the commonest layers by a pass over the
 * rows, which is faster. For the test that compares them. */
void sonde_layers_json_told(struct sonde_text *t, const struct sonde_packet *p,
			    const struct sonde_verdict *v);

#endif
