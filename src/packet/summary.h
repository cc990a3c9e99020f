#ifndef SONDE_PACKET_SUMMARY_H
#define SONDE_PACKET_SUMMARY_H

#include <stdbool.h>

#include "packet/packet.h"

/* One line for a person, in the words and the order of `tcpdump -nn -S`; with p->start set, of
 * `tcpdump -nn`. */

enum { SONDE_SUMMARY_MAX = 4096 }; /* bytes to keep free at o, slack of text.h included */

/* Another manner of saying it, borrowed by the packet: p->manner. */
struct sonde_manner {
	bool quick; /* less of TCP, UDP and IGMP, as tcpdump -q */
	/* A name for the address of 4 or 16 bytes, or for the port of that protocol of IP; NULL:
	 * none is known. Harmless on a terminal, up to SONDE_MANNER_NAME_MAX bytes. Both NULL:
	 * numbers, always. */
	const char *(*host)(void *arg, const uint8_t *address, unsigned len);
	const char *(*port)(void *arg, uint8_t protocol, uint16_t port);
	void *arg;
};

enum {
	SONDE_MANNER_NAME_MAX = 255,
	/* bytes to keep free where names are told: a layer names five ends at most */
	SONDE_SUMMARY_NAMED_MAX =
		SONDE_SUMMARY_MAX + SONDE_LAYERS * 5 * (SONDE_MANNER_NAME_MAX + 1),
};

/* Returns the end of what was written at o; no newline. What comes from the wire as
 * text is escaped. */
char *sonde_summary(char *o, const struct sonde_packet *p);

#endif
