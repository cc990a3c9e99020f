#ifndef SONDE_RUN_PROBEFILE_H
#define SONDE_RUN_PROBEFILE_H

/* A measurement in a file: all that its engine was told and when, in this order, so that told again
 * it says the same again. The file is evidence (capture/writer.h): a pcapng with the packets for
 * Wireshark, and between them events of the kind `measure`. The text of such an event is a word for
 * what it is, and then its fields as name=value; what is 0 is left out.
 *
 *   plan        verb=, and the fields of the verb's plan
 *   look        of IPv4, then of IPv6: struct sonde_method_look
 *   target      one for each. remote: whom, local: from where; name= is all that is left
 *   begin       real=; mode= is all that is left: what is sent by
 *   probe       token=: a SEND step. Its packet comes when it is known to have left
 *   arrival     struct sonde_arrival; remote: its from, local: its to. Of PACKET and ERROR the next
 *               item is the packet, where bytes= of it, behind skip=, are what the socket gave; the
 *               headers in front of them are made from what the kernel told beside
 *   told        a TELL step, of a probe that is lost
 *   stop        somebody asked for the end
 *   end         dropped=: answers that the kernel dropped
 *
 * `when` of an event is the moment, on CLOCK_MONOTONIC; of n[0], when the engine was asked last
 * since the item before, and wanted to wait; 0: it was not asked.
 *
 * The secret of the run is in its plan. It is that of one run alone, and is worth nothing when that
 * is over; whoever has the file can tell which answers were true.
 */

#include "base/arrival.h"
#include "base/event.h"
#include "base/step.h"
#include "capture/reader.h"
#include "capture/rotate.h"
#include "capture/savefile.h"
#include "capture/writer.h"
#include "probe/method.h"
#include "run/trait.h"

struct sonde_probefile {
	struct sonde_writer writer;
	struct sonde_text text;
	struct sonde_rotate files;
	struct sonde_savefile_plan format;
	sonde_ns stepped; /* not written yet */
	int64_t wall;
	int error; /* the first one; nothing is written after it */
};

/* Makes the file, as sonde_rotate_open. Nothing is written before begin. */
int sonde_probefile_open(struct sonde_probefile *f, const char *name);

/* wall: CLOCK_REALTIME minus CLOCK_MONOTONIC, ns. */
void sonde_probefile_begin(struct sonde_probefile *f, int64_t wall);

/* What the event says beside its kind and its fields. */
struct sonde_probefile_words {
	const struct sonde_trait *table; /* NULL: no fields */
	const void *from;		 /* the struct */
	const char *name,
		*rest; /* a last word; rest may hold anything, and is cut at 1,000 bytes */
	const struct sonde_address *local, *remote; /* NULL: none */
	const char *message;			    /* for people; NULL: the writer makes one */
};

/* An item of a kind that the list above has: "plan", "target". words may be NULL. */
void sonde_probefile_put(struct sonde_probefile *f, const char *kind, sonde_ns when,
			 const struct sonde_probefile_words *words);

/* The engine was asked, and wanted to wait. */
void sonde_probefile_step(struct sonde_probefile *f, sonde_ns now);

void sonde_probefile_probe(struct sonde_probefile *f, sonde_ns now, uint32_t token,
			   const char *message);

/* skip: bytes in front of the arrival's own in the packet that is put next; none follows where
 * packet is NULL. */
void sonde_probefile_arrival(struct sonde_probefile *f, const struct sonde_arrival *a,
			     const struct sonde_frame *packet, uint32_t skip, const char *message);

/* when: since 1970. byte begins with the header of IP, or is ARP. */
struct sonde_frame sonde_probefile_frame(const struct sonde_probefile *f, sonde_ns when,
					 struct sonde_bytes byte, bool arp, enum sonde_dir dir);
void sonde_probefile_packet(struct sonde_probefile *f, const struct sonde_frame *packet,
			    const char *message);

/* Everything so far reaches the file. */
void sonde_probefile_flush(struct sonde_probefile *f);

/* Ends the file, if it was begun, and closes it. Returns the first failure, or 0. */
int sonde_probefile_close(struct sonde_probefile *f);

/* ---- reading ---- */

enum sonde_probefile_is {
	SONDE_PROBEFILE_PLAN = 1,
	SONDE_PROBEFILE_LOOK,
	SONDE_PROBEFILE_TARGET,
	SONDE_PROBEFILE_BEGIN,
	SONDE_PROBEFILE_PROBE,
	SONDE_PROBEFILE_ARRIVAL,
	SONDE_PROBEFILE_STOP,
	SONDE_PROBEFILE_END,
	SONDE_PROBEFILE_TOLD,
};

struct sonde_probefile_item {
	uint8_t is;		  /* enum sonde_probefile_is */
	sonde_ns now, stepped;	  /* as above */
	struct sonde_bytes words; /* behind the kind; these are borrowed until the next call */
	struct sonde_address local, remote;
	uint32_t token;		      /* PROBE */
	struct sonde_arrival arrival; /* ARRIVAL */
};

/* 1: an item. 0: the end of the file. SONDE_OTHER_RUN: there is a run of something else;
 * SONDE_UNSUPPORTED: an item of a later sonde; SONDE_DAMAGED: it contradicts itself, or a time is
 * after 2116; or as sonde_reader_next. Packets that belong to no arrival, and what others put into
 * the file, are passed over. */
int sonde_probefile_next(struct sonde_reader *r, struct sonde_probefile_item *ret);

#endif
