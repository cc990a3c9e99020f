#ifndef SONDE_PROBE_STATS_H
#define SONDE_PROBE_STATS_H

/* What is known of the round trips to one target, in bounded memory. The first SONDE_STATS_EXACT
 * round trips are kept as they are; from then on they are counted in buckets, each less than 1.6 %
 * wide, so that a percentile is within 0.8 % of the true one. All else is exact.
 *
 * Two things are told, each in its own order: round trips as answers come, and the fate of every
 * probe in the order in which they were sent, once it is known. */

#include <stdbool.h>

#include "base/arena.h"
#include "base/time.h"

enum {
	SONDE_STATS_EXACT = 64,
	SONDE_STATS_FINE = 64,	    /* buckets for every doubling */
	SONDE_STATS_DOUBLINGS = 32, /* from 64 ns up to 2^38 ns, 275 s; longer counts as that */
	SONDE_STATS_BUCKETS = SONDE_STATS_FINE * (SONDE_STATS_DOUBLINGS + 1),
};

struct sonde_stats {
	uint64_t n; /* round trips */
	sonde_ns min, max, last;
	unsigned __int128 squares;
	uint64_t sum;
	uint64_t jitter16; /* RFC 3550 appendix A.8: the estimate, times 16 */
	/* |difference| of round trips of consecutive probes */
	uint64_t changes, change_sum;
	sonde_ns change_last, change_max;
	uint64_t last_seq, highest; /* of answers, from 1; 0: none */
	uint64_t reordered;	    /* answers that came behind one of a later probe, RFC 4737 */
	uint64_t decided, lost;	    /* fates */
	uint64_t run, longest, bursts, single; /* of losses in a row: now, most, how many, of one */
	sonde_ns *exact;  /* the round trips themselves, while they are few; then NULL */
	uint32_t *bucket; /* how many fell into each; NULL before */
	uint32_t room;	  /* of exact */
};

/* An answer to the probe of this number of the target, counted from 0. */
void sonde_stats_answer(struct sonde_stats *s, struct sonde_arena *a, uint64_t seq, sonde_ns rtt);

/* The next probe, in the order of sending, was answered in time or was not. */
void sonde_stats_fate(struct sonde_stats *s, bool answered);

/* The least round trip that `part` of `whole` of them do not exceed (nearest rank): 999 of 1000 is
 * p99.9. 0 where there is none. */
sonde_ns sonde_stats_quantile(const struct sonde_stats *s, unsigned part, unsigned whole);

/* 0 where there are no round trips. */
sonde_ns sonde_stats_mean(const struct sonde_stats *s);
sonde_ns sonde_stats_deviation(const struct sonde_stats *s); /* of the population, as ping's mdev */

/* How many round trips were in [from, to), by the buckets or exactly. */
uint64_t sonde_stats_between(const struct sonde_stats *s, sonde_ns from, sonde_ns to);

#endif
