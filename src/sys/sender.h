#ifndef SONDE_SYS_SENDER_H
#define SONDE_SYS_SENDER_H

/* The way out for packets that somebody else made, right or wrong: many in one system call, and
 * each of them counted, as sent or as refused.
 *
 *   raw socket     packets of IP, for whom their header says, by the kernel's routes. Of IPv4 the
 *                  kernel writes total length and header checksum itself, and an id and a source
 *                  that are 0, raw(7)
 *   packet socket  frames with their link header, by one interface, as they are; packet(7)
 *   AF_XDP         the same past the queue and past whoever captures on this side, xdp(7); in copy
 *                  mode, which all drivers have
 *
 *	sonde_sender_open(&s, &plan);
 *	sonde_sender_put(s, byte, len);		as often as there are packets
 *	sonde_sender_flush(s);
 *	sonde_sender_close(s);
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

enum sonde_sender_way {
	SONDE_SENDER_RAW,
	SONDE_SENDER_PACKET,
	SONDE_SENDER_XDP, /* where that cannot be had, a packet socket: sonde_sender_why */
};

enum {
	SONDE_SENDER_BATCH = 64,
	SONDE_SENDER_MOST = 65535 + 22, /* bytes of the longest packet; of XDP 4,096 */
};

struct sonde_sender_plan {
	enum sonde_sender_way way;
	const char *device; /* leaves by this interface; NULL, of a raw socket: as the routes say */
	unsigned batch;	    /* packets in a system call; 0: SONDE_SENDER_BATCH, which is most */
};

struct sonde_sender;

/* 0; -EPERM: lacks CAP_NET_RAW; -ENODEV: there is no such interface; -ENETDOWN: it is down; or
 * -errno. */
int sonde_sender_open(struct sonde_sender **ret, const struct sonde_sender_plan *plan);

/* "raw socket", "packet socket", "AF_XDP". Static. */
const char *sonde_sender_mode(const struct sonde_sender *s);

/* Why there is no AF_XDP where it was asked for, as a code; 0: it is there, or nobody asked. */
int sonde_sender_why(const struct sonde_sender *s);

/* A place for a packet of at most len bytes, up to SONDE_SENDER_MOST, which the caller writes; what
 * it holds is not told. NULL: the packet is too long or, of XDP, the device gives no place back.
 * It is counted as refused then. */
uint8_t *sonde_sender_room(struct sonde_sender *s, uint32_t len);

/* The packet that was written into the room, as long as it became. It leaves with the next flush,
 * or now if the batch is full. */
void sonde_sender_push(struct sonde_sender *s, uint32_t len);

/* Both of them for a packet that is elsewhere. */
void sonde_sender_put(struct sonde_sender *s, const uint8_t *byte, uint32_t len);

/* All that waits leaves, or is refused. Where the device or the socket is full it is tried again
 * for a tenth of a second; then what waits is refused. */
void sonde_sender_flush(struct sonde_sender *s);

struct sonde_sender_count {
	uint64_t sent, bytes; /* that the kernel took */
	uint64_t refused;     /* that it did not */
	uint64_t waits;	      /* how often it had no room */
	int error;	      /* of the first that was refused, -errno; 0: none was */
	int last;	      /* of the last one */
};

/* What waits in a batch is in none of these. */
const struct sonde_sender_count *sonde_sender_count(const struct sonde_sender *s);

/* Flushes. NULL is fine; returns NULL. */
struct sonde_sender *sonde_sender_close(struct sonde_sender *s);

#endif
