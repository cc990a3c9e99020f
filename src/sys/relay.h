#ifndef SONDE_SYS_RELAY_H
#define SONDE_SYS_RELAY_H

/* Frames that wait. What comes in at a port is told; what is to leave is kept until it is due, and
 * then leaves at a port, in the order of times. What becomes of a frame is somebody else's to
 * decide:
 *
 *   port ──came──▶ hooks ──keep──▶ waits ──due──▶ port
 *                                           └──▶ hooks.left: it has
 *
 * All times are CLOCK_MONOTONIC: steps of the wall clock move nothing, though the kernel's stamps
 * are on it. One loop, one thread; hooks are called from run and may call keep. */

#include <stdbool.h>
#include <stddef.h>

#include "base/time.h"
#include "sys/ports.h"

struct sonde_relay;

enum {
	SONDE_RELAY_INSIDE = -1, /* a port that is none: what is due there is only told */
	SONDE_RELAY_NOTE = 64,	 /* bytes that the caller may keep with a frame */
};

struct sonde_relay_hooks {
	void *arg;
	/* A frame came in at a port, at the time of the kernel's stamp. It is borrowed until return
	 * and may be altered. */
	void (*came)(void *arg, int port, sonde_ns at, uint8_t *frame, uint32_t len);
	/* So many frames came to ports, which is not known, and found no room. */
	void (*missed)(void *arg, uint64_t n);
	/* A frame that was kept has been given to the kernel at the time out, before which it was
	 * due, in one call with up to 63 others; or not, with err: -errno. Frame and note are
	 * borrowed until return. */
	void (*left)(void *arg, const void *note, sonde_ns out, int err, uint8_t *frame,
		     uint32_t len);
	/* control is readable: 0: go on; else run returns it. */
	int (*asked)(void *arg, int control);
};

/* A frame that is to be kept. */
struct sonde_relay_item {
	int port;     /* where it leaves */
	sonde_ns due; /* may lie behind us: it leaves next */
	bool precise; /* do not sleep but spin in the last 200 us before it is due */
	const uint8_t *frame;
	uint32_t len;
	const void *note;
	size_t note_len; /* SONDE_RELAY_NOTE at most */
};

/* The ports of a relay are interfaces of one namespace: port N is the interface number first + N.
 */
struct sonde_relay_ports {
	int netns; /* borrowed until open returns */
	unsigned first, n;
	unsigned mtu; /* the largest packet of any of them */
};

/* hooks: borrowed. 0 or -errno. Needs CAP_NET_RAW in the namespace. */
int sonde_relay_open(struct sonde_relay **ret, const struct sonde_relay_ports *ports,
		     const struct sonde_relay_hooks *hooks);

/* Copies a frame and its note and keeps them until due. Where the copy stands, which may be altered
 * until the hook returns; NULL: there is no room. For each port, and for what stays inside, 64 MB
 * are kept at most, a small frame counting some 200 bytes, and for all together 512 MB. */
uint8_t *sonde_relay_keep(struct sonde_relay *r, const struct sonde_relay_item *item);

/* Whether all that comes waits for a millisecond or more, as far as is known. Then, when much
 * comes, it may be read some 200 us later than it came, all at once: its times are the kernel's
 * stamps and stay as they are, and there is a tenth of the waking up. At first it does not. */
void sonde_relay_rest(struct sonde_relay *r, bool all_waits);

/* Carries frames until a hook asks to end: what that returned, or -errno. What waits then waits
 * still. */
int sonde_relay_run(struct sonde_relay *r, int control);

/* Sleeps as short as the kernel can, and with real-time priority if it lets us (CAP_SYS_NICE):
 * whether it does. Concerns the calling thread; before run. */
bool sonde_relay_hurry(void);

/* NULL is fine; what waits is forgotten. Returns NULL. */
struct sonde_relay *sonde_relay_close(struct sonde_relay *r);

#endif
