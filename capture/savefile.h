#ifndef SONDE_CAPTURE_SAVEFILE_H
#define SONDE_CAPTURE_SAVEFILE_H

/* A capture file being written: pcapng or pcap, compressed or not, through a sink. For frames as
 * they come from an interface; copy.h copies what another file says of them.
 *
 *   open, interface, interface ..., then in any order: frame, process, interface ...
 *   statistics for each interface; close
 *
 * Bytes go out in large pieces. sonde_savefile_flush lets everything so far reach the sink, which
 * is then a whole file up to there: no block is ever given in part before the next one. Every
 * function returns 0 or more, or the first failure, which stays: what the sink gave, -ENOMEM.
 */

#include "base/frame.h"
#include "base/text.h"
#include "capture/pack.h"
#include "capture/reader.h"

enum sonde_savefile_format { SONDE_SAVEFILE_PCAPNG, SONDE_SAVEFILE_PCAP };

struct sonde_savefile_plan {
	enum sonde_savefile_format format;
	enum sonde_packing packing;
	const char *app;     /* program and version; NULL: not told. pcap has no place for it */
	const char *comment; /* on the whole; NULL: none. Nor for this */
};

/* Format and compression by the name's end: .pcap, .cap and .dmp are pcap, all else is pcapng; .gz
 * and .zst in addition. */
struct sonde_savefile_plan sonde_savefile_named(const char *name, const char *app);

/* The whole blocks of pcapng, or records of pcap, among the bytes at a place where one begins, as
 * sonde_rotate_sink asks for them; plan is a struct sonde_savefile_plan. */
size_t sonde_savefile_whole(const void *plan, uint64_t from, const char *at, size_t len);

struct sonde_savefile;

/* Nothing is written before the first interface or frame. -ENOMEM, SONDE_NO_GZIP, SONDE_NO_ZSTD. */
int sonde_savefile_open(struct sonde_savefile **ret, const struct sonde_savefile_plan *plan,
			sonde_text_sink sink, void *arg);

struct sonde_savefile_interface {
	uint16_t link;	  /* LINKTYPE_ number */
	uint8_t fcs;	  /* bytes of check sequence at the end of its frames */
	uint8_t unit;	  /* of times, a power of ten: 9 nanoseconds, 6 microseconds; at most 9 */
	uint32_t snaplen; /* 0: no limit */
	uint64_t speed;	  /* bits a second; 0: not told */
	/* At most 4,000 bytes each; NULL: not told. */
	const char *name, *description, *filter, *os;
};

/* The interface's number, from 0. Of a pcap, the first frame decides which is written. */
int sonde_savefile_interface(struct sonde_savefile *s, const struct sonde_savefile_interface *i);

/* What is known of a frame beyond itself. Zero: nothing. */
struct sonde_savefile_note {
	struct sonde_bytes comment; /* at most 4,000 bytes */
	uint64_t dropped;	    /* frames lost on this interface since the one before */
	const struct sonde_savefile_task *task;
	unsigned tasks; /* at most 16 */
};

struct sonde_savefile_task {
	uint32_t pid, tid;
};

/* The frame, its time since 1970; note may be NULL. dir, sum and gso_size are kept as well. Of a
 * pcap: SONDE_ONE_LINK for a link type other than the first frame's; that does not stay. */
int sonde_savefile_frame(struct sonde_savefile *s, uint32_t interface, const struct sonde_frame *f,
			 const struct sonde_savefile_note *note);

/* What is known of a process, before its first frame or when it changes: pid and whatever else is
 * told. Strings are cut at 4,000 bytes. */
int sonde_savefile_process(struct sonde_savefile *s, const struct sonde_process *p);

/* Of an interface: UINT64_MAX is not told; times since 1970. */
struct sonde_savefile_statistics {
	sonde_ns began, ended;
	uint64_t received;	/* frames the interface gave, after the filter */
	uint64_t dropped;	/* lost by the interface */
	uint64_t dropped_by_os; /* lost since the buffer was full */
	uint64_t delivered;	/* frames that came to us */
};

int sonde_savefile_statistics(struct sonde_savefile *s, uint32_t interface,
			      const struct sonde_savefile_statistics *t);

int sonde_savefile_flush(struct sonde_savefile *s);

/* Bytes given to the sink, and those that wait uncompressed. */
uint64_t sonde_savefile_size(const struct sonde_savefile *s);

/* What a pcap could not keep, how many of each. */
struct sonde_savefile_lost {
	uint64_t comments, directions, verdicts, drops, processes, names, secrets, statistics,
		events, others;
	uint64_t times; /* after 2106, or finer than the file's unit */
};

const struct sonde_savefile_lost *sonde_savefile_lost(const struct sonde_savefile *s);

/* Writes what is left. 0 or the first failure; s is freed either way. NULL is fine. */
int sonde_savefile_close(struct sonde_savefile *s);

#endif
