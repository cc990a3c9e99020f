#ifndef SONDE_RUN_SPEC_H
#define SONDE_RUN_SPEC_H

/* A packet in words from a command line: files that it names are read, and what is wrong with it is
 * said with a sign under the place.
 *
 *	at byte 23, expected a number up to 255; the nearest name is ttl
 *	  ip(dst=10.0.0.2, ttl=300)
 *	                       ^
 */

#include "packet/craft.h"

enum { SONDE_SPEC_FILE_MOST = 1 << 20 }; /* bytes of a file in a packet; more is refused */

/* As sonde_craft_parse; -EINVAL: why holds the lines above, no newline behind the last; the first
 * is not escaped. */
int sonde_spec_read(struct sonde_craft **ret, struct sonde_arena *a, const char *text,
		    struct sonde_text *why);

/* All of a file, in the arena. 0, -EFBIG, or -errno. */
int sonde_spec_bytes(struct sonde_arena *a, const char *name, struct sonde_bytes *ret);

/* The same as struct sonde_craft_world asks for it, whose arg is the arena. */
bool sonde_spec_file(void *arena, const char *name, struct sonde_bytes *ret, const char **ret_why);

/* The text, escaped, with a sign under the byte at, as above. */
void sonde_spec_point(struct sonde_text *why, const char *text, size_t at);

#endif
