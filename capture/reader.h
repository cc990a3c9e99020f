#ifndef SONDE_CAPTURE_READER_H
#define SONDE_CAPTURE_READER_H

/* Captures and evidence as a stream of items: pcap in all its magics and pcapng in full, either of
 * them compressed by gzip or zstd. Bytes come through a function, so a file, a pipe and a test are
 * alike; memory does not grow with the file.
 *
 * Evidence of sonde (writer.h) gives back what was written: events, and frames from their network
 * header on with times of CLOCK_MONOTONIC. Any other capture gives its frames as they are there,
 * with times since 1970. A file may hold both; each item says which it is (sonde_reader_ours).
 *
 * Everything told here is of the item given last and of the section it is in, borrowed until the
 * next call of sonde_reader_next.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "base/event.h"

enum {
	SONDE_READER_BLOCK_MOST = 16 << 20,	/* bytes; a longer record or block is damage */
	SONDE_READER_INTERFACES_MOST = 1 << 16, /* in one section */
	SONDE_READER_KEPT_MOST = 4 << 20,	/* bytes of options and of processes kept, each in a
						   section; what comes after that is as if not told */
};

/* Up to len bytes into buf: how many, 0 at the end, or -errno. */
typedef ssize_t (*sonde_reader_pull)(void *arg, void *buf, size_t len);

struct sonde_reader;

/* Reads nothing yet. -ENOMEM. */
int sonde_reader_open(struct sonde_reader **ret, sonde_reader_pull pull, void *arg);

/* 1: the next item is in *ret. 0: the end. SONDE_CUT: the file ends inside a record; everything
 * before it has been given. SONDE_DAMAGED, SONDE_DAMAGED_COMPRESSION: see sonde_reader_place.
 * SONDE_NOT_CAPTURE, SONDE_UNSUPPORTED (a later version of the format), SONDE_NO_GZIP,
 * SONDE_NO_ZSTD, -ENOMEM, or what pull gave. A failure is final and is given again. */
int sonde_reader_next(struct sonde_reader *r, struct sonde_item *ret);

/* Where the reader is. Bytes count from the start of the file as it is without compression. */
struct sonde_reader_place {
	uint64_t block;	  /* number of the block (pcapng) or record (pcap) read last, good or bad,
			     from 1 */
	uint64_t at;	  /* byte it begins at */
	uint64_t end;	  /* bytes that have come; of a cut file: all there are */
	uint64_t frames;  /* given so far */
	uint32_t section; /* of pcapng, from 1 */
	bool compressed;
};

struct sonde_reader_place sonde_reader_place(const struct sonde_reader *r);
uint64_t sonde_reader_block(const struct sonde_reader *r);

/* Known after the first call of sonde_reader_next. */
struct sonde_reader_kind {
	const char *format;	 /* "pcap", "pcap with nanoseconds", "modified pcap", "pcapng" */
	const char *compression; /* "gzip", "zstd"; NULL: none */
	bool big;		 /* the byte order; of pcapng, the section's */
	uint16_t major, minor;	 /* version */
};

struct sonde_reader_kind sonde_reader_kind(const struct sonde_reader *r);

/* The item given last is evidence: its time is of CLOCK_MONOTONIC. */
bool sonde_reader_ours(const struct sonde_reader *r);

/* The time of the item given last since 1970, of evidence as well. */
sonde_ns sonde_reader_when(const struct sonde_reader *r, const struct sonde_item *item);

/* What the file says about the frame given last beyond struct sonde_frame. */
struct sonde_remark {
	struct sonde_bytes comment;   /* the first one; len 0: none */
	uint64_t dropped;	      /* packets lost between the frame before and this one */
	uint32_t pid, tid;	      /* the first of its processes; 0: none */
	uint32_t comments, processes; /* how many there are */
	uint32_t interface;	      /* its number in the section; of pcap 0 */
	bool untimed;		      /* no time is told: frame.when is 0 */
	bool odd_time; /* the fraction of a second was a second or more; carried over in frame.when
			*/
};

const struct sonde_remark *sonde_reader_remark(const struct sonde_reader *r);

/* One process of the frame given last: epb_processid_threadid of Wireshark, and what a process
 * information block told before. */
struct sonde_process {
	uint32_t pid, tid;
	bool told; /* there was such a block; else nothing below is known */
	struct sonde_bytes name, path, user; /* len 0: not told */
	struct sonde_bytes command;	     /* arguments, a NUL after each */
	struct sonde_bytes uuid;	     /* 16 bytes */
	int64_t ppid, uid;		     /* -1: not told */
	uint64_t start;			     /* ns since 1970; 0: not told */
};

/* n from 0; false where there are not so many. */
bool sonde_reader_process(const struct sonde_reader *r, unsigned n, struct sonde_process *ret);

/* One interface of the section that is being read. */
struct sonde_interface {
	uint16_t link;	  /* LINKTYPE_ number */
	uint32_t snaplen; /* 0: no limit told */
	uint32_t netns;	  /* of evidence, else 0 */
	uint32_t ifindex; /* of evidence, else 0 */
	int64_t clock;	  /* of evidence: what makes its times those since 1970, ns; else 0 */
	uint8_t tsresol;  /* if_tsresol: 6 microseconds, 9 nanoseconds ...; 0x80: powers of two */
	uint8_t fcs;	  /* bytes of frame check sequence at the end of its frames; 0: not told */
	int64_t tsoffset; /* seconds added to the times in the file */
	uint64_t received, dropped; /* by the statistics read last; UINT64_MAX: not told */
	uint64_t statistics;	    /* blocks of them */
	char name[64]; /* cut to fit; "" where none is told. Hostile bytes as they are */
};

/* NULL where there is no such interface (yet). pcap has one, number 0. */
const struct sonde_interface *sonde_reader_interface(const struct sonde_reader *r, uint32_t n);

/* Options of pcapng by their code, n from 0 where there are several: of the frame given last, of
 * an interface, of the section. Bytes as they are in the file; false where there are not so many.
 */
enum {
	SONDE_OPTION_COMMENT = 1,
	SONDE_OPTION_SECTION_HARDWARE = 2,
	SONDE_OPTION_SECTION_OS = 3,
	SONDE_OPTION_SECTION_APP = 4,
	SONDE_OPTION_INTERFACE_NAME = 2,
	SONDE_OPTION_INTERFACE_DESCRIPTION = 3,
	SONDE_OPTION_INTERFACE_FILTER = 11, /* behind one byte: 0 text, 1 BPF */
	SONDE_OPTION_INTERFACE_OS = 12,
};

bool sonde_reader_option(const struct sonde_reader *r, unsigned code, unsigned n,
			 struct sonde_bytes *ret);
bool sonde_reader_interface_option(const struct sonde_reader *r, uint32_t interface, unsigned code,
				   unsigned n, struct sonde_bytes *ret);
bool sonde_reader_section_option(const struct sonde_reader *r, unsigned code, unsigned n,
				 struct sonde_bytes *ret);

/* Who hears the name that a name resolution block gives an address, of 4 or 16 bytes: the first,
 * where it gives several. Hostile bytes as they are; borrowed until it returns. */
typedef void sonde_reader_name(void *arg, const uint8_t *address, size_t len,
			       struct sonde_bytes name);
void sonde_reader_hear_names(struct sonde_reader *r, sonde_reader_name *hear, void *arg);

/* NULL is fine; returns NULL. What pull reads from is the caller's. */
struct sonde_reader *sonde_reader_close(struct sonde_reader *r);

#endif
