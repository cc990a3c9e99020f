#ifndef SONDE_SYS_PORT_H
#define SONDE_SYS_PORT_H

/* One interface, read and written frame by frame (packet(7)): what comes in is read from a ring
 * that is shared with the kernel, what goes out leaves in batches. What we send does not come back.
 *
 *	while ((k = sonde_port_read(port, &frame)) > 0) {
 *		...					frame is borrowed until:
 *		sonde_port_free(port);
 *	}
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

enum {
	SONDE_PORT_BATCH = 64,
	SONDE_PORT_TAG = 4, /* bytes of an IEEE 802.1Q tag */
};

struct sonde_port;

struct sonde_port_frame {
	uint8_t *at; /* from the hardware addresses on, with its tag; may be altered */
	uint32_t len;
	sonde_ns stamp; /* the kernel's: since 1970 */
	bool missed;	/* others found no room somewhere in front of it: ask how many */
};

/* What leaves: bytes are borrowed until send returns. */
struct sonde_port_bytes {
	const uint8_t *at;
	uint32_t len;
};

/* netns: where the interface of that name is; mtu: its largest packet; ring: bytes of the ring,
 * which are taken at once. A frame takes 256 of them, and a longer one up to 32 MB of a queue,
 * where CAP_NET_ADMIN lets us have one so long; else each takes the largest packet's, of which
 * there is room for 16 in any case. 0 or -errno. Needs CAP_NET_RAW there. */
int sonde_port_open(struct sonde_port **ret, int netns, const char *name, unsigned mtu,
		    uint32_t ring);

/* Readable while a frame is there. */
int sonde_port_fd(const struct sonde_port *p);

/* 1: a frame; 0: none is there. It stands in the ring until it is freed. */
int sonde_port_read(struct sonde_port *p, struct sonde_port_frame *ret);
void sonde_port_free(struct sonde_port *p);

/* How many frames found no room since it was asked last. Costs a system call. */
uint64_t sonde_port_missed(struct sonde_port *p);

/* Takes the error that poll(2) shows, so that it shows it no more: 0 or -errno. -ENETDOWN: the
 * interface was taken down, or has gone. */
int sonde_port_error(struct sonde_port *p);

/* Sends up to SONDE_PORT_BATCH frames in order, waiting for room for at most 0.1 s. How many went;
 * -errno where the first did not: -ENETDOWN, -EMSGSIZE ... */
int sonde_port_send(struct sonde_port *p, const struct sonde_port_bytes *frame, unsigned n);

/* NULL is fine. Returns NULL. */
struct sonde_port *sonde_port_close(struct sonde_port *p);

#endif
