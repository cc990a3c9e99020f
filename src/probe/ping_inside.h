#ifndef SONDE_PROBE_PING_INSIDE_H
#define SONDE_PROBE_PING_INSIDE_H

/* What the files of the ping share: what happened to a probe, until it is told. */

#include "probe/ping.h"
#include "probe/trip.h"

enum sonde_ping_status {
	SONDE_PING_REPLY,
	SONDE_PING_LOST,
	SONDE_PING_LATE,
	SONDE_PING_DUPLICATE,
	SONDE_PING_ERROR,
	SONDE_PING_LOCAL,
	SONDE_PING_CORRUPTED,
	SONDE_PING_SPOOFED
};

struct sonde_ping_outcome {
	struct sonde_probe probe; /* as it was then */
	struct sonde_address from;
	struct sonde_trip trip;
	uint32_t bytes, mtu;
	int error, ttl;
	uint8_t status, answer, type, code, auth_bits;
	bool rewritten, timed, has_mac;
	uint8_t mac[6];
	uint8_t route[4 * SONDE_PING_ROUTE], route_len;
};

/* What the answer was, in words; static; NULL: there was none. */
const char *sonde_ping_words(const struct sonde_ping_outcome *o, uint16_t family);

/* p->record of it, with its texts. */
void sonde_ping_record(struct sonde_ping *p, const struct sonde_ping_outcome *o);

#endif
