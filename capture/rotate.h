#ifndef SONDE_CAPTURE_ROTATE_H
#define SONDE_CAPTURE_ROTATE_H

/* The files of a capture, one after the other. Where there are to be several, each is written under
 * its name with ".part" behind it, in the same folder, and gets its name when it is finished: who
 * sees the name, sees a whole file. A single file has its name from the start. */

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct sonde_rotate_plan {
	const char
		*name; /* what strftime(3) makes of it at the file's start; "-": standard output */
	bool many;     /* there may be a next one */
	bool numbered; /* -00001, -00002 ... in front of .pcapng, .pcap.gz and their like */
	unsigned keep; /* how many files there may be, the oldest goes first; 0: all stay */
};

struct sonde_rotate {
	struct sonde_rotate_plan plan;
	int fd;
	unsigned number;	 /* of the file that is written, from 1 */
	uint64_t bytes;		 /* written to it */
	char name[PATH_MAX];	 /* that it has, or will get */
	char path[PATH_MAX + 8]; /* under which it is written */
	char (*kept)[PATH_MAX]; /* finished ones that count for keep; the newest at number % keep */
	size_t (*whole)(const void *arg, uint64_t from, const char *at, size_t len);
	const void *arg; /* see sonde_rotate_sink */
};

/* Makes the first file, as of `when`, seconds since 1970. 0, -ENAMETOOLONG, -ENOMEM, or -errno. */
int sonde_rotate_open(struct sonde_rotate *r, const struct sonde_rotate_plan *plan, time_t when);

/* The file is finished; next makes another one. 0 or -errno. */
int sonde_rotate_finish(struct sonde_rotate *r);
int sonde_rotate_next(struct sonde_rotate *r, time_t when);

/* A sink of base/text.h for the file. Where the disk is full, what was written of the last bytes is
 * cut to as much as whole() says is whole: so many of the bytes at `at`, which stand behind `from`
 * others in the file. */
int sonde_rotate_sink(void *rotate, const char *at, size_t len);

/* Whether whoever has no privilege may make a file in its folder. */
bool sonde_rotate_allowed(const struct sonde_rotate *r);

void sonde_rotate_close(struct sonde_rotate *r);

#endif
