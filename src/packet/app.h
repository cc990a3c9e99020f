#ifndef SONDE_PACKET_APP_H
#define SONDE_PACKET_APP_H

/* What an application sent, as layers of the packet behind those of the transport. A message may
 * go on in the next segment: then the stop is SONDE_STOP_MORE, and whoever puts the bytes of a
 * stream together can have them decoded again, from p->more on (flow/message.h). */

#include "packet/packet.h"

/* Bytes of a message, or of what may be one. */
struct sonde_range {
	const uint8_t *at;
	uint32_t len; /* that are here */
	uint32_t all; /* that there are; those beyond len were not captured */
	bool goes_on; /* more may come in the next packet */
};

/* How far a message reaches, and what comes behind it. */
struct sonde_reach {
	uint32_t head;	       /* bytes of the layer, at most r->len */
	uint32_t all;	       /* bytes by its own account; 0: those of the range */
	enum sonde_shape next; /* of the bytes behind head; SONDE_NONE: they are body */
	enum sonde_stop stop;
	uint32_t whole; /* SONDE_STOP_MORE: bytes of messages before the one that goes on */
	bool goes_on;	/* set by who asks: what is behind head may go on in the next packet */
};

/* Whether these are the first bytes of such a message, as far as can be told cheaply: port numbers
 * alone prove nothing. */
bool sonde_app_is(enum sonde_shape shape, const struct sonde_range *r);
/* sonde_dns_is and the like, each in its protocol's file. */
#define APP(p) bool sonde_##p##_is(const struct sonde_range *r);
#include "wire/pass.h"

/* Adds the layers of the application to a packet that is decoded up to byte at, whose data ends at
 * end, and sets p->stop. Behind a transport header only where sonde_app_is; a packet that has no
 * layer yet is what the caller says. */
void sonde_app_decode(struct sonde_packet *p, enum sonde_shape shape, uint32_t at, uint32_t end,
		      uint8_t part);

#endif
