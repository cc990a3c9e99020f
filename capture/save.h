#ifndef SONDE_CAPTURE_SAVE_H
#define SONDE_CAPTURE_SAVE_H

/* What a live capture writes, packet by packet: frames as they came from their interfaces, in
 * pcapng or pcap (with nanoseconds). writer.h keeps runs of sonde, which hold events too.
 *
 * A pcapng file holds one section; an interface block for each interface; the packets, each with
 * epb_flags (direction, what the kernel said of the checksum, whether it is a super-packet),
 * epb_dropcount where frames are missing in front of it, epb_processid_threadid where its owner is
 * known; a custom block with Wireshark's process information in front of a process's first packet;
 * interface statistics at the end. A pcap file holds the packets.
 */

#include "base/frame.h"
#include "base/text.h"

enum { SONDE_SAVE_BUFFER_LEAST = 1 << 20 }; /* capacity of the text below */

enum sonde_save_format { SONDE_SAVE_PCAPNG, SONDE_SAVE_PCAP };

struct sonde_save {
	struct sonde_text *text; /* borrowed */
	uint8_t format;		 /* enum sonde_save_format */
	uint32_t interfaces;
};

struct sonde_save_interface {
	const char *name, *description, *filter; /* NULL: none */
	uint16_t link;				 /* LINKTYPE_ number; of pcap, the first one's */
	uint32_t snaplen;
};

/* What is known of a frame beside itself. */
struct sonde_save_note {
	uint32_t dropped;    /* frames missing right in front of it */
	uint32_t pid, tid;   /* owner; 0: not known */
	const char *comment; /* NULL: none; at most 200 bytes */
};

struct sonde_save_process {
	uint32_t pid;
	const char *name, *path;    /* NULL: not known */
	struct sonde_bytes command; /* arguments, a NUL after each */
	int64_t ppid, uid;	    /* -1: not known */
	uint64_t start;		    /* ns since 1970; 0: not known */
};

/* Since the first frame of the capture, not of the file. */
struct sonde_save_counts {
	uint64_t received;   /* by us */
	uint64_t dropped;    /* for want of room */
	sonde_ns begin, end; /* of the file, since 1970 */
};

/* Each returns text->error. app is the program with its version; comment may be NULL. */
int sonde_save_begin(struct sonde_save *s, struct sonde_text *text, enum sonde_save_format format,
		     const char *app, const char *comment);

/* They get the numbers 0, 1 ... */
int sonde_save_add(struct sonde_save *s, const struct sonde_save_interface *interface);

int sonde_save_tell(struct sonde_save *s, const struct sonde_save_process *process);

/* Times are since 1970. */
int sonde_save_put(struct sonde_save *s, uint32_t interface, const struct sonde_frame *frame,
		   const struct sonde_save_note *note);

/* How many of the bytes at `at`, which stand behind `from` others in the file, are whole blocks. */
size_t sonde_save_whole(const struct sonde_save *s, uint64_t from, const char *at, size_t len);

int sonde_save_count(struct sonde_save *s, uint32_t interface,
		     const struct sonde_save_counts *counts);

#endif
