#ifndef SONDE_PROBE_PACE_H
#define SONDE_PROBE_PACE_H

/* One token bucket: a token every gap, at most `burst` of them kept. Timers wake late, so what is
 * faster than they are goes out in small bursts, and the mean stays what was asked for. */

#include "base/time.h"

struct sonde_pace {
	sonde_ns gap;	/* between two tokens; 0: as fast as can be */
	uint64_t burst; /* at least 1 */
	sonde_ns next;	/* when the next token comes, as if none had been kept */
};

/* The bucket is full at this moment. */
void sonde_pace_init(struct sonde_pace *p, sonde_ns gap, uint64_t burst, sonde_ns now);

/* When a token will be there: now or before means now. */
sonde_ns sonde_pace_when(const struct sonde_pace *p);

/* Takes the token that is there. */
void sonde_pace_take(struct sonde_pace *p, sonde_ns now);

#endif
