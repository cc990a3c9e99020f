#ifndef SONDE_PROBE_LIMIT_H
#define SONDE_PROBE_LIMIT_H

/* Whether the answers that a hop owes are withheld by a limit rather than lost. Routers answer from
 * a token bucket (RFC 4443 section 2.4, RFC 1812 section 4.3.2.8): an answer takes a token, tokens
 * come at a rate, and at most `burst` are kept. Linux has 6 and 1 a second for each peer.
 *
 * Buckets of all rates and bursts are laid upon the outcomes of the last probes; the one that says
 * best which were answered is compared with loss that knows nothing of the past and with loss that
 * comes in runs, by their likelihoods, each paying for what it may choose. Nothing is concluded
 * from one run of answers and one of silence: an outage looks the same. */

#include <stdbool.h>

#include "base/time.h"

enum { SONDE_LIMIT_KEPT = 256 }; /* probes that are remembered */

enum sonde_limit_verdict {
	SONDE_LIMIT_UNCLEAR, /* too little to say */
	SONDE_LIMIT_NONE,    /* what is missing, if anything, is lost, or withheld in another way */
	SONDE_LIMIT_FOUND,
};

struct sonde_limit {
	sonde_ns sent[SONDE_LIMIT_KEPT];
	bool answered[SONDE_LIMIT_KEPT];
	uint64_t told;
};

struct sonde_limit_fit {
	uint8_t verdict; /* enum sonde_limit_verdict; the rest only where it is FOUND */
	double rate;	 /* answers a second */
	uint32_t burst;	 /* answers; 0: not known, it was not seen to be full and used up */
	double odds;	 /* natural logarithm of how much likelier it is than the best rival */
	/* Of the last probes: how many; without an answer; without one though the bucket had a
	 * token, so that they are lost as any. */
	uint32_t n, missing, lost;
};

/* The next probe to the hop, in the order of sending, all on one clock, and whether it was answered
 * in time. */
void sonde_limit_told(struct sonde_limit *l, sonde_ns sent, bool answered);

/* Some milliseconds of work, for all that is remembered. */
struct sonde_limit_fit sonde_limit_judge(const struct sonde_limit *l);

#endif
