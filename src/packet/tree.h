#ifndef SONDE_PACKET_TREE_H
#define SONDE_PACKET_TREE_H

/* A packet as people read it: a line for each layer and each field, with what is wrong in it.
 *
 *    ip: Internet Protocol, version 4, 20 bytes at 14
 *      ip.ttl               64
 *      ip.checksum          0xdead  wrong: it does not agree with the packet
 *    tcp: Transmission Control Protocol, 32 bytes at 34
 *      tcp.dstport          80
 *      options: mss
 *        tcp.options.mss_val  1460
 *    12 bytes of data at 66
 */

#include "base/cell.h"
#include "base/text.h"
#include "packet/packet.h"

/* palette: sonde_palette, or NULL for none. */
void sonde_tree(struct sonde_text *t, const struct sonde_packet *p, const struct sonde_verdict *v,
		const char *const *palette);

#endif
