#ifndef SONDE_PACKET_QUIC_H
#define SONDE_PACKET_QUIC_H

/* The long header of QUIC, RFC 9000 section 17.2, as far as it is not protected. */

#include "packet/app.h"

struct sonde_quic_long {
	struct sonde_bytes dcid, scid; /* borrowed from the packet */
	uint8_t type;		       /* as in version 1, whatever the version */
	uint64_t length;	       /* of packet number and payload */
	uint32_t length_at;	       /* from the header's start */
	uint32_t length_len;	       /* 0: it has none, or is cut before that */
};

/* False where it cannot be one. */
bool sonde_quic_read(const uint8_t *s, uint32_t len, struct sonde_quic_long *ret);

#endif
