#ifndef SONDE_RUN_ALBUM_H
#define SONDE_RUN_ALBUM_H

/* What a live capture leaves: its frames in one file, or in one after the other. */

#include "capture/rotate.h"
#include "capture/savefile.h"

enum { SONDE_ALBUM_TOLD = 4096 };

struct sonde_album_plan {
	const char *name;	 /* see rotate.h; its end tells format and compression */
	uint64_t bytes, packets; /* of a file at most, the last block left out; 0: no limit */
	sonde_ns time;		 /* that a file spans; 0: no limit */
	unsigned keep;
	const char *comment; /* of the capture; NULL */
};

struct sonde_album {
	struct sonde_album_plan plan;
	const struct sonde_savefile_interface *interface; /* borrowed */
	const struct sonde_savefile_statistics *count; /* borrowed: as they are when a file ends */
	size_t interfaces;
	struct sonde_savefile_plan format;
	struct sonde_savefile *file;
	struct sonde_rotate files;
	uint64_t packets;    /* in this file */
	uint64_t total;	     /* bytes in all files before */
	sonde_ns begin, end; /* of this file, since 1970; end: when a new one begins, 0: never */
	sonde_ns flushed;
	uint32_t told[SONDE_ALBUM_TOLD]; /* processes, in this file */
	int error;			 /* the first one */
};

/* Times are since 1970. Each returns 0 or the code of the first failure; nothing is written after
 * it, and what was written can be read. */
int sonde_album_open(struct sonde_album *a, const struct sonde_album_plan *plan,
		     const struct sonde_savefile_interface *interface,
		     const struct sonde_savefile_statistics *count, size_t interfaces,
		     sonde_ns now);

int sonde_album_put(struct sonde_album *a, uint32_t interface, const struct sonde_frame *frame,
		    const struct sonde_savefile_note *note);

/* What is known of a process, before its first frame in this file; path may be NULL. Told once. */
int sonde_album_tell(struct sonde_album *a, uint32_t pid, const char *comm, const char *path);

/* No frame older than now will come: files end by the clock, too. */
int sonde_album_pass(struct sonde_album *a, sonde_ns now);

/* Everything reaches the file; what is compressed, once a second: each time costs compression. */
int sonde_album_flush(struct sonde_album *a, sonde_ns now);

uint64_t sonde_album_bytes(const struct sonde_album *a); /* in all files */

int sonde_album_close(struct sonde_album *a, sonde_ns now);

#endif
