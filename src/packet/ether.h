#ifndef SONDE_PACKET_ETHER_H
#define SONDE_PACKET_ETHER_H

/* What `tcpdump -e` puts before a packet's line: who sent the frame to whom on the link.
 *
 *   02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype 802.1Q (0x8100), length 64: vlan 7, p 0,
 *   ethertype IPv4 (0x0800),
 */

#include "packet/packet.h"

enum { SONDE_ETHER_MAX = 1024 }; /* bytes to keep free at o, slack of text.h included */

/* Returns the end of what was written at o. Of a link without such a header, the length alone. */
char *sonde_ether_put(char *o, const struct sonde_packet *p);

#endif
