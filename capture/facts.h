#ifndef SONDE_CAPTURE_FACTS_H
#define SONDE_CAPTURE_FACTS_H

/* What capture files hold, counted while they are read: what capinfos tells. */

#include "base/arena.h"
#include "capture/reader.h"

enum { SONDE_FACTS_INTERFACES_MOST = 4096 }; /* rows; further interfaces are only counted */

struct sonde_facts_interface {
	unsigned file, section; /* from 0, from 1 (0: pcap) */
	uint32_t number;
	struct sonde_interface told;
	const char *description, *filter, *os; /* NULL: not told. Hostile bytes as they are */
	uint64_t packets, bytes, comments;
};

struct sonde_facts {
	uint64_t packets, events;
	uint64_t bytes;		      /* on the wire */
	uint64_t captured;	      /* of them, in the file */
	uint32_t cut_least, cut_most; /* lengths of packets that are not whole; 0: all are */
	uint64_t comments;	      /* of packets, interfaces and sections */
	uint64_t dropped;	      /* as packets told it; interfaces tell theirs by themselves */
	uint64_t untimed;	      /* packets without a time */
	uint64_t odd_times;
	uint64_t sections;
	uint64_t interfaces;  /* all of them */
	sonde_ns first, last; /* earliest and latest time since 1970; valid where timed */
	bool timed;	      /* there is a packet with a time */
	bool ordered;	      /* no time went back within a file, nor from file to file */
	const struct sonde_facts_interface *interface;
	size_t n;

	struct sonde_facts_source *source; /* the rest is inside */
	struct sonde_arena arena;
	size_t room;
	sonde_ns before;
};

void sonde_facts_init(struct sonde_facts *f);

/* Before the reader's first item. Its number, from 0. The reader outlives the facts, or is read no
 * more and sonde_facts_end has been called. */
unsigned sonde_facts_from(struct sonde_facts *f, struct sonde_reader *r);

/* The item, read last from this reader. */
void sonde_facts_hear(struct sonde_facts *f, unsigned from, const struct sonde_item *item);

/* Nothing more is read: what the last sections' statistics told is taken in. */
void sonde_facts_end(struct sonde_facts *f);

void sonde_facts_done(struct sonde_facts *f);

#endif
