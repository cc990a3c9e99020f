#ifndef SONDE_SYS_SENDER_H
#define SONDE_SYS_SENDER_H

/* The way out for packets that are made whole elsewhere: in batches, each counted as sent or as
 * refused.
 *
 *	RAW	packets of IP, from their header on, to where they say (raw(7), IP_HDRINCL). The
 *kernel writes total length and checksum of IPv4 itself, and a source or identification of 0. LINK
 *frames as they are, through one interface (packet(7)). XDP	the same through AF_XDP, without a
 *buffer of the kernel for each.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SONDE_SENDER_BATCH = 64, SONDE_SENDER_MOST = 1 << 16 };

enum sonde_sender_by { SONDE_SENDER_RAW, SONDE_SENDER_LINK, SONDE_SENDER_XDP };

struct sonde_sender_plan {
	uint8_t by;	    /* enum sonde_sender_by */
	const char *device; /* by this interface; NULL: as the routes say, of RAW alone */
	int64_t mark;	    /* of what is sent, for routing and filters; -1: none */
};

struct sonde_sender_count {
	uint64_t sent, bytes;
	uint64_t refused; /* packets that did not leave */
	int error;	  /* errno of the first of them, above 0 */
};

struct sonde_sender;

/* 0; -EPERM: CAP_NET_RAW is missing, or CAP_NET_ADMIN for the mark; -ENODEV: there is no such
 * interface; -ENETDOWN: it is down; SONDE_NO_XDP: this sonde was built without libxdp; or -errno.
 */
int sonde_sender_open(struct sonde_sender **ret, const struct sonde_sender_plan *plan);

/* NULL is fine; returns NULL. What was not flushed is not sent. */
struct sonde_sender *sonde_sender_close(struct sonde_sender *s);

/* "raw socket", "packet socket", "AF_XDP". Static. */
const char *sonde_sender_mode(const struct sonde_sender *s);

/* A packet of len bytes, copied; it leaves with the next flush, or with this call if the batch is
 * full. 0, or -EMSGSIZE: longer than SONDE_SENDER_MOST, and counted as refused. */
int sonde_sender_put(struct sonde_sender *s, const uint8_t *byte, uint32_t len);

/* The same without a copy: room for the next packet in the batch, bytes of it are
 * SONDE_SENDER_MOST, of XDP 4096; then how long it is. */
uint8_t *sonde_sender_room(struct sonde_sender *s);
void sonde_sender_put_room(struct sonde_sender *s, uint32_t len);

/* All of the batch leaves or is refused. A queue that is full is waited for, up to a second for the
 * batch. The second waits besides until the kernel has sent what it took. */
void sonde_sender_flush(struct sonde_sender *s);
void sonde_sender_drain(struct sonde_sender *s);

struct sonde_sender_count sonde_sender_count(const struct sonde_sender *s);

#endif
