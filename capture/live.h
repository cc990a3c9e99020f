#ifndef SONDE_CAPTURE_LIVE_H
#define SONDE_CAPTURE_LIVE_H

/* Frames from an interface of the network namespace that the caller is in at open; the socket stays
 * there afterwards. Needs CAP_NET_RAW, only at open.
 *
 * "any" sees every interface, each packet of the loopback interface once, and tells directions; an
 * interface by its name does not tell them.
 */

#include "base/frame.h"

struct sonde_live;

struct sonde_live_plan {
	const char *interface; /* "eth0", "any" */
	const char *filter;    /* pcap-filter(7); NULL: everything */
	unsigned snaplen;      /* bytes from the network header; 0: whole packets */
	unsigned buffer;       /* bytes in the kernel; 0: 16 MiB */
	uint32_t netns;	       /* of the namespace, to be put into the frames; 0: not known */
	int64_t clock;	       /* CLOCK_REALTIME minus CLOCK_MONOTONIC, ns */
};

/* Packets come up to 10 ms late, in blocks; see sonde_live_fd. -ENODEV, -ENETDOWN, -EINVAL (the
 * filter), -ENOMEM, SONDE_NO_PRIVILEGE, SONDE_UNSUPPORTED (what the link carries), -EIO. */
int sonde_live_open(struct sonde_live **ret, const struct sonde_live_plan *plan);

/* 1: a frame, link type 101, on CLOCK_MONOTONIC, whose bytes live until the next call; 0: none now.
 * What is no IP packet is a frame too, its ethertype in protocol. -EIO: the interface is gone. */
int sonde_live_read(struct sonde_live *l, struct sonde_frame *ret);

/* Readable when a block is full or 10 ms have passed since its first packet. */
int sonde_live_fd(const struct sonde_live *l);

/* Packets the kernel had no room for, since open; -EIO. */
int sonde_live_dropped(struct sonde_live *l, uint64_t *ret);

/* NULL is fine; returns NULL. */
struct sonde_live *sonde_live_close(struct sonde_live *l);

#endif
