#ifndef SONDE_BASE_FRAME_H
#define SONDE_BASE_FRAME_H

/* Bytes as they were seen at one place of the network stack, and what is known of the seeing. */

#include "base/bytes.h"
#include "base/time.h"

enum sonde_dir { SONDE_DIR_UNKNOWN, SONDE_DIR_IN, SONDE_DIR_OUT };

enum { /* sonde_frame.sum: the kernel's verdict on the transport checksum */
       SONDE_SUM_UNKNOWN,
       SONDE_SUM_NOT_READY, /* not filled in yet: transmit offload will */
       SONDE_SUM_VALID,	    /* checked by the kernel or the device */
};

struct sonde_frame {
	sonde_ns when; /* CLOCK_MONOTONIC in a live stream; since 1970 in a capture file */
	struct sonde_bytes byte; /* captured; borrowed from whoever gave the frame */
	uint32_t wire;		 /* bytes there were; >= byte.len, except in lying files */
	uint16_t link;		 /* LINKTYPE_ number: 1 Ethernet, 101 raw IP, 276 cooked v2 ... */
	uint8_t dir;		 /* enum sonde_dir */
	uint8_t sum;		 /* SONDE_SUM_ */
	uint32_t netns;		 /* inode of the network namespace; 0: not known */
	uint32_t ifindex;  /* of the interface, in that namespace; in a file, the block's number */
	uint64_t cookie;   /* of the socket it was sent by; 0: not known */
	uint16_t gso_size; /* bytes a segment of a super-packet carries; 0: it is one packet */
	uint16_t gso_segs;
	uint16_t cpu;
	uint16_t protocol; /* ethertype where link is 101 and the kernel told, else 0 */
	bool gso;	   /* a super-packet, also where the size of its segments was not told */
	uint8_t fcs; /* how many of the captured bytes, at their end, are a frame check sequence */
};

#endif
