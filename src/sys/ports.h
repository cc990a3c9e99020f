#ifndef SONDE_SYS_PORTS_H
#define SONDE_SYS_PORTS_H

/* All interfaces of a namespace, read and written frame by frame (packet(7)): what comes in is read
 * from a ring that is shared with the kernel, what goes out leaves in batches. What is sent there
 * does not come back. One ring for all, since each one costs tens of milliseconds to set up and to
 * give back, whatever its size.
 *
 *	while (sonde_ports_read(ports, &frame) > 0) {
 *		...					frame is borrowed until:
 *		sonde_ports_free(ports);
 *	}
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

enum {
	SONDE_PORTS_BATCH = 64,
	SONDE_PORTS_TAG = 4, /* bytes of an IEEE 802.1Q tag */
};

struct sonde_ports;

struct sonde_ports_frame {
	unsigned index; /* number of the interface where it came */
	uint8_t *at;	/* from the hardware addresses on, with its tag; may be altered */
	uint32_t len;
	sonde_ns stamp; /* the kernel's: since 1970 */
	bool missed;	/* others found no room somewhere in front of it: ask how many */
};

/* What leaves: bytes are borrowed until send returns. */
struct sonde_ports_bytes {
	unsigned index; /* of the interface where they leave */
	const uint8_t *at;
	uint32_t len;
};

/* netns: borrowed; mtu: the largest packet of any interface there; ring: bytes of the ring, which
 * are taken at once. A frame takes 256 of them, and a longer one up to 32 MB of a queue as well,
 * where CAP_NET_ADMIN lets us have one so long; else each takes the largest packet's, of which
 * there is room for 16 in any case. 0 or -errno. Needs CAP_NET_RAW there. */
int sonde_ports_open(struct sonde_ports **ret, int netns, unsigned mtu, uint32_t ring);

/* Readable while a frame is there. */
int sonde_ports_fd(const struct sonde_ports *p);

/* 1: a frame; 0: none is there. It stands in the ring until it is freed. */
int sonde_ports_read(struct sonde_ports *p, struct sonde_ports_frame *ret);
void sonde_ports_free(struct sonde_ports *p);

/* How many frames found no room since it was asked last. Costs a system call. */
uint64_t sonde_ports_missed(struct sonde_ports *p);

/* Takes the error that poll(2) shows, so that it shows it no more: 0 or -errno. -ENETDOWN: an
 * interface was taken down, or has gone. */
int sonde_ports_error(struct sonde_ports *p);

/* Sends up to SONDE_PORTS_BATCH frames in order, waiting for room for at most 0.1 s. How many went;
 * -errno where the first did not: -ENETDOWN, -EMSGSIZE ... */
int sonde_ports_send(struct sonde_ports *p, const struct sonde_ports_bytes *frame, unsigned n);

/* NULL is fine. Returns NULL. */
struct sonde_ports *sonde_ports_close(struct sonde_ports *p);

#endif
