#ifndef SONDE_PACKET_HINT_H
#define SONDE_PACKET_HINT_H

/* What somebody knows of ports that the rows do not: --decode-as tcp.port==8080,http. */

#include "packet/packet.h"

enum { SONDE_HINTS = 16 };

struct sonde_hint {
	unsigned n;
	struct {
		uint16_t port;	   /* either of the two */
		uint8_t transport; /* SONDE_tcp or SONDE_udp */
		uint8_t shape;
	} is[SONDE_HINTS];
};

/* Adds "tcp.port==8080,http"; the name is that of a protocol which goes over that transport. A
 * later one for the same port comes first. False, and *ret_expected is a phrase, where it is not
 * understood or there are SONDE_HINTS already. */
bool sonde_hint_parse(struct sonde_hint *h, const char *text, const char **ret_expected);

/* What follows the transport header at byte at; SONDE_NONE where nobody said so. */
enum sonde_shape sonde_hint_find(const struct sonde_hint *h, enum sonde_shape transport,
				 const uint8_t *at);

/* As sonde_decode_link; hint may be NULL. Bytes that cannot be what it says are body. */
void sonde_decode_hinted(struct sonde_packet *p, const uint8_t *byte, uint32_t len, uint32_t wire,
			 unsigned linktype, const struct sonde_hint *hint);

#endif
