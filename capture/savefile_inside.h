#ifndef SONDE_CAPTURE_SAVEFILE_INSIDE_H
#define SONDE_CAPTURE_SAVEFILE_INSIDE_H

/* The inside of a file being written, shared by savefile.c, savefile_pcap.c and copy.c. */

#include "capture/savefile.h"

enum { SONDE_SAVEFILE_BUFFER = 320 << 10 /* any frame that a live capture gives */ };

struct sonde_savefile_place { /* an interface of the section being written */
	uint16_t link;
	uint8_t fcs, unit;
	uint32_t snaplen;
};

struct sonde_savefile {
	struct sonde_savefile_plan plan;
	struct sonde_text text;
	char *buffer;
	sonde_text_sink sink;
	void *arg;
	uint64_t size; /* bytes given to the sink */
	struct sonde_pack *pack;
	bool begun;    /* the section, or the header of the pcap, is written */
	uint16_t link; /* pcap */
	uint8_t unit;  /* pcap: 6 or 9 */
	struct sonde_savefile_place *interface;
	uint32_t n, room;
	struct sonde_savefile_lost lost;
};

/* A section of pcapng; its interfaces begin at 0 again. options as they are in the file, in this
 * machine's order; len 0: the program is told. */
int sonde_savefile_section(struct sonde_savefile *s, struct sonde_bytes options);

/* Counts an interface whose block the caller writes. Its number or -ENOMEM. */
int sonde_savefile_count(struct sonde_savefile *s, const struct sonde_savefile_place *i);

/* A place where a whole block of len bytes can be, so that it is not given to the sink in two
 * pieces. */
void sonde_savefile_room(struct sonde_savefile *s, size_t len);

/* The pcap's record; as sonde_savefile_frame. */
int sonde_savefile_record(struct sonde_savefile *s, uint32_t interface, sonde_ns when,
			  struct sonde_bytes byte, uint32_t wire);
/* Its header, unless it is there: of this interface, or of Ethernet where there is none. */
int sonde_savefile_record_begin(struct sonde_savefile *s, uint32_t interface);

#endif
