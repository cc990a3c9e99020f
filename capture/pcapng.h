#ifndef SONDE_CAPTURE_PCAPNG_H
#define SONDE_CAPTURE_PCAPNG_H

/* draft-ietf-opsawg-pcapng. Every block: type, total length, body, options, total length again; all
 * in the byte order of its section.
 *
 *   section      order mark, version 16 + 16, length of the section 64 (-1: not told)
 *   interface    link type 16, 0 16, snaplen
 *   packet       interface, time 64 (high half first), captured, length, bytes
 *   old packet   interface 16, drops 16 (-1: not told), then as packet
 *   simple       length, bytes
 *   statistics   interface, time 64
 *   names        records: type 16, length 16, value, up to a record of type 0
 *   secrets      type, length, bytes
 *   custom       private enterprise number, bytes
 */

enum {
	PCAPNG_INTERFACE = 1,
	PCAPNG_OLD_PACKET = 2,
	PCAPNG_SIMPLE_PACKET = 3,
	PCAPNG_NAMES = 4,
	PCAPNG_STATISTICS = 5,
	PCAPNG_PACKET = 6,
	PCAPNG_JOURNAL = 9,
	PCAPNG_SECRETS = 10,
	PCAPNG_CUSTOM = 0xbad,
	PCAPNG_CUSTOM_PRIVATE = 0x40000bad, /* not to be copied where it may not fit any more */
	PCAPNG_SECTION = 0x0a0d0d0a,
	PCAPNG_ORDER_MARK = 0x1a2b3c4d,
	PCAPNG_WIRESHARK = 32622, /* private enterprise number; process.h */
};

enum { /* options of an interface */
       PCAPNG_SPEED = 8,
       PCAPNG_TSRESOL = 9,
       PCAPNG_TZONE = 10,
       PCAPNG_FCSLEN = 13,
       PCAPNG_TSOFFSET = 14,
       PCAPNG_SEND_SPEED = 16,
       PCAPNG_RECV_SPEED = 17,
};

enum { /* options of a packet */
       PCAPNG_FLAGS = 2,
       PCAPNG_HASH = 3,
       PCAPNG_DROPCOUNT = 4,
       PCAPNG_PACKETID = 5,
       PCAPNG_QUEUE = 6,
       PCAPNG_PROCESSES = 8, /* Wireshark's epb_processid_threadid */
};

enum { /* epb_flags */
       PCAPNG_IN = 1,
       PCAPNG_OUT = 2,
       PCAPNG_FLAGS_FCS = 5, /* lowest of four bits: its length in bytes */
       PCAPNG_SUM_NOT_READY = 1 << 9,
       PCAPNG_SUM_VALID = 1 << 10,
       PCAPNG_SEGMENTED = 1 << 11, /* one super-packet of several segments */
};

enum { /* options of statistics */
       PCAPNG_BEGAN = 2,
       PCAPNG_ENDED = 3,
       PCAPNG_RECEIVED = 4,
       PCAPNG_DROPPED = 5,
       PCAPNG_ACCEPTED = 6,
       PCAPNG_DROPPED_BY_OS = 7,
       PCAPNG_DELIVERED = 8,
};

#endif
