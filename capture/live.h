#ifndef SONDE_CAPTURE_LIVE_H
#define SONDE_CAPTURE_LIVE_H

/* Frames from an interface of the network namespace that the caller is in at open; the socket stays
 * there afterwards. Needs CAP_NET_RAW, only at open.
 *
 * The kernel puts them into a ring that is shared with us (ring.h). libpcap stands in where there
 * is no such ring, and for what is no network interface to the kernel (nflog, usbmon0, bluetooth0).
 *
 * A packet of the loopback interface is seen by the kernel twice, as it leaves and as it comes; it
 * is given once, as it comes, unless what leaves was asked for.
 */

#include "base/frame.h"

struct sonde_live;

enum sonde_live_way { SONDE_LIVE_BEST, SONDE_LIVE_RING, SONDE_LIVE_LIBPCAP };

struct sonde_live_plan {
	const char *interface; /* "eth0", "any" */
	const char *filter;    /* pcap-filter(7); NULL: everything */
	uint32_t snaplen;      /* bytes of each frame as it is given; 0: as many as there are */
	uint32_t buffer;       /* bytes in the kernel; 0: 16 MiB */
	uint32_t netns;	       /* of the namespace, to be put into the frames; 0: not known */
	int64_t clock;	       /* taken off the times, which are since 1970; 0: as they are */
	uint8_t dir;	       /* enum sonde_dir: only these; SONDE_DIR_UNKNOWN: both */
	uint8_t way;	       /* enum sonde_live_way */
	bool network;	       /* frames begin at the network header: link type 101 */
	bool promiscuous;      /* also what is not for us */
	bool hardware;	       /* times as the device takes them */
};

/* What has come of the plan. */
struct sonde_live_facts {
	uint8_t way;	  /* RING or LIBPCAP */
	uint16_t link;	  /* LINKTYPE_ number */
	uint32_t ifindex; /* 0: any */
	uint32_t snaplen;
	uint32_t blocks, block; /* how many, bytes of each; libpcap: 1, all */
	uint32_t frame;		/* bytes of the ring that a frame takes on top of its own */
};

enum { SONDE_LIVE_LATE = 10 }; /* ms until a block that is not full is handed over */
/* A frame comes at most so long after its time, on a machine that is not busy. */
#define SONDE_LIVE_LATENESS (2 * SONDE_LIVE_LATE * SONDE_MILLISECOND)
#define SONDE_LIVE_SNAPLEN  262144u /* if nothing is asked for; libpcap's own limit */

/* Frames come late, in blocks; see sonde_live_fd. -ENODEV, SONDE_FILTER, -ENOMEM,
 * SONDE_NO_PRIVILEGE, SONDE_UNSUPPORTED (what the link carries), -EIO. */
int sonde_live_open(struct sonde_live **ret, const struct sonde_live_plan *plan);

struct sonde_live_facts sonde_live_facts(const struct sonde_live *l);

/* 1: a frame, whose bytes live until the next call; 0: none now. With plan.network what is no IP
 * packet is a frame too, its ethertype in protocol. */
int sonde_live_read(struct sonde_live *l, struct sonde_frame *ret);

/* Frames for which the kernel had no room right before the one that was read last. */
uint32_t sonde_live_gap(const struct sonde_live *l);

/* 0, -ENETDOWN: the interface went down, and frames come again once it is up; -ENODEV: it is gone.
 * Each is told once. To be asked when the descriptor has POLLERR. */
int sonde_live_state(struct sonde_live *l);

/* Readable when a block is full or 10 ms have passed since its first packet. */
int sonde_live_fd(const struct sonde_live *l);

/* Packets the kernel had no room for, since open; -EIO. */
int sonde_live_dropped(struct sonde_live *l, uint64_t *ret);

/* NULL is fine; returns NULL. */
struct sonde_live *sonde_live_close(struct sonde_live *l);

#endif
