#ifndef SONDE_CAPTURE_READER_H
#define SONDE_CAPTURE_READER_H

/* Captures and evidence as a stream of items: pcap in all its magics, and pcapng as sonde, tcpdump
 * and Wireshark write it. Bytes come through a function, so a file, a pipe and a test are alike.
 *
 * Evidence of sonde (writer.h) gives back what was written: events, and frames from their network
 * header on with times of CLOCK_MONOTONIC. Any other capture gives its frames as they are there,
 * with times since 1970. A file may hold both; each item says which it is (sonde_reader_ours).
 */

#include <stdbool.h>
#include <sys/types.h>

#include "base/event.h"

enum {
	SONDE_READER_BLOCK_MOST = 16 << 20,	/* bytes; a longer record or block is damage */
	SONDE_READER_INTERFACES_MOST = 1 << 16, /* in one section */
};

/* Up to len bytes into buf: how many, 0 at the end, or -errno. */
typedef ssize_t (*sonde_reader_pull)(void *arg, void *buf, size_t len);

struct sonde_reader;

/* Reads nothing yet. -ENOMEM. */
int sonde_reader_open(struct sonde_reader **ret, sonde_reader_pull pull, void *arg);

/* 1: the next item is in *ret; what it borrows lives until the next call. 0: the end.
 * SONDE_CUT: the file ends inside a record; everything before it has been given. SONDE_DAMAGED:
 * see sonde_reader_block. SONDE_NOT_CAPTURE, SONDE_UNSUPPORTED (a later version of the format),
 * -ENOMEM, or what pull gave. A failure is final and is given again. */
int sonde_reader_next(struct sonde_reader *r, struct sonde_item *ret);

/* Number of the block (pcapng) or record (pcap) read last, good or bad, from 1. */
uint64_t sonde_reader_block(const struct sonde_reader *r);

/* The item given last is evidence: its time is of CLOCK_MONOTONIC. */
bool sonde_reader_ours(const struct sonde_reader *r);

/* What the file says about the frame given last beyond struct sonde_frame. */
struct sonde_remark {
	struct sonde_bytes comment; /* the first one; borrowed until the next call; len 0: none */
	uint64_t dropped;	    /* packets lost between the frame before and this one */
	uint32_t pid, tid; /* the first of its processes (epb_processid_threadid); 0: none */
};

const struct sonde_remark *sonde_reader_remark(const struct sonde_reader *r);

/* One interface of the section that is being read. */
struct sonde_interface {
	uint16_t link;	  /* LINKTYPE_ number */
	uint32_t snaplen; /* 0: no limit told */
	uint32_t netns;	  /* of evidence, else 0 */
	uint32_t ifindex; /* of evidence, else 0 */
	char name[64];	  /* cut to fit; "" where none is told. Hostile bytes as they are */
};

/* NULL where there is no such interface (yet). pcap has one, number 0. Borrowed until next. */
const struct sonde_interface *sonde_reader_interface(const struct sonde_reader *r, uint32_t n);

/* NULL is fine; returns NULL. What pull reads from is the caller's. */
struct sonde_reader *sonde_reader_close(struct sonde_reader *r);

#endif
