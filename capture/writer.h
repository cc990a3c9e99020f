#ifndef SONDE_CAPTURE_WRITER_H
#define SONDE_CAPTURE_WRITER_H

/* Evidence: the merged stream as one pcapng file that Wireshark and tcpdump open as it is, and from
 * which sonde_reader_next gives every item back exactly.
 *
 *   section header         hardware, system, program
 *   interface 0            for frames of which no interface is known; before any event, since
 *                          editcap and mergecap refuse events before the first interface
 *   interface 1, 2 ...     one per (namespace, interface), when its first frame comes
 *   packet                 one per frame, with a cooked v2 header in front
 *   journal entry          one per event, between the packets
 *   custom block           a process (Wireshark's process information), before its first packet
 *   interface statistics   one per interface, at the end
 *
 * All interfaces have one link type and one snapshot length: libpcap refuses anything else.
 *
 * Every interface has a description, `sonde netns=N ifindex=N clock=N`, where clock is
 * CLOCK_REALTIME minus CLOCK_MONOTONIC in nanoseconds. It marks the packets as ours and turns their
 * times back. A packet has a comment where there is something to say, words of the form key=value
 * after `sonde:`:
 *
 *   sid= sid2= how= pid= comm=      told by the engine, for people; ignored when read back
 *   cookie= gso_size= gso_segs= cpu=   of struct sonde_frame, where not 0
 *   protocol=0                      the frame did not tell its protocol; the cooked header guesses
 *   link=276                        the frame had this link type itself, else 101
 *
 * Who wrote the file may have a sentence for people in a further comment.
 *
 * The fields of a journal entry are listed in journal.c.
 */

#include "base/arena.h"
#include "base/event.h"
#include "base/text.h"

enum {
	SONDE_WRITER_BUFFER_LEAST = 64 << 10, /* capacity of the text below */
	SONDE_WRITER_TEXT_MOST =
		60000, /* bytes of event.text; Wireshark refuses blocks over 256 KiB */
	SONDE_WRITER_ADDRESS_MOST = 1024,   /* bytes of event.address */
	SONDE_WRITER_SNAPLEN_MOST = 262124, /* libpcap's limit less the cooked header */
};

/* What the engine concluded about an item. Decorates, for people and for filters of Wireshark, and
 * is ignored when read back: nothing here may be needed for a replay. */
struct sonde_writer_note {
	const char *message; /* a sentence about an event; NULL: the writer makes a short one. Of a
			      * frame, a further comment; NULL: none. At most 1,000 bytes */
	const char *comm;  /* owner's; NULL: not known. Also read where the event has none itself */
	const char *how;   /* how the owner is known: "cookie", "tuple" ...; NULL */
	uint32_t pid, tid; /* owner's; 0: not known. Also used where the event has none itself */
	uint32_t sid, sid2; /* socket, and a second one (listener, peer); 0: none */
	uint32_t dropped;   /* frames lost on the interface since the one before */
};

struct sonde_writer_table { /* by a key of 64 bits; open addressing */
	struct sonde_writer_slot *slot;
	size_t n, room; /* used; a power of two */
};

struct sonde_writer {
	struct sonde_text *text;
	struct sonde_arena arena;
	int64_t clock;
	uint32_t snaplen;    /* from the network header on */
	uint32_t interfaces; /* blocks written */
	struct sonde_writer_table interface, process;
	uint64_t items;
};

/* Begins a file: text has a buffer of at least SONDE_WRITER_BUFFER_LEAST and flushes to where the
 * file is; it must outlive the writer. snaplen counts from the network header. clock:
 * CLOCK_REALTIME minus CLOCK_MONOTONIC, ns. app is the program with its version. Returns
 * text->error. */
int sonde_writer_begin(struct sonde_writer *w, struct sonde_text *text, uint32_t snaplen,
		       int64_t clock, const char *app);

/* The item as the file's next. note may be NULL. Frames are cut to snaplen, event.text and
 * event.address to the lengths above; a frame of another link type than 101 and 276 or an event
 * without a kind is refused with SONDE_UNSUPPORTED; else text->error. */
int sonde_writer_put(struct sonde_writer *w, const struct sonde_item *item,
		     const struct sonde_writer_note *note);

/* The statistics, a flush, and the writer's memory is freed. A file without them is good as well:
 * whatever reached the sink in whole blocks can be read. Returns text->error. */
int sonde_writer_end(struct sonde_writer *w);

#endif
