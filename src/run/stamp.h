#ifndef SONDE_RUN_STAMP_H
#define SONDE_RUN_STAMP_H

/* The time in front of a packet's line, in the forms of tcpdump. The words of a second are made
 * once, however many packets it has. */

#include <stdbool.h>

#include "base/text.h"
#include "base/time.h"

enum sonde_stamp_form {			   /* how often -t was given */
			SONDE_STAMP_CLOCK, /* 14:03:59.123456 */
			SONDE_STAMP_NONE,
			SONDE_STAMP_EPOCH, /* seconds since 1970 */
			SONDE_STAMP_DELTA, /* since the line before */
			SONDE_STAMP_DATE,  /* 2026-01-31 14:03:59.123456 */
			SONDE_STAMP_SINCE, /* since the first line */
			SONDE_STAMP_FORMS,
};

enum { SONDE_STAMP_MAX = 64 }; /* bytes that one takes at most */

struct sonde_stamp {
	uint8_t form; /* enum sonde_stamp_form */
	bool nano;    /* nine digits behind the point, else six */
	bool utc;     /* else the local time */
	bool begun;
	sonde_ns from;	 /* what a delta counts from */
	uint64_t second; /* that word is of, plus one; 0: none yet */
	char word[48];
	unsigned len;
};

/* when: nanoseconds since 1970. Returns the end of what was written, with a space behind it. */
char *sonde_stamp_put(struct sonde_stamp *s, char *o, sonde_ns when);

/* "2026-01-31T14:03:59.123456789Z", RFC 3339 in UTC; of s only second, word and len are used. */
char *sonde_stamp_put_rfc3339(struct sonde_stamp *s, char *o, sonde_ns when);

#endif
