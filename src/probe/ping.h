#ifndef SONDE_PROBE_PING_H
#define SONDE_PROBE_PING_H

/* Round trips to one host or to very many: probes go out in turn, paced by one token bucket, and
 * every answer finds its probe by secrets (flight.h). Told times and arrivals, it says what to do
 * next; it reads no clock and sends nothing.
 *
 *	sonde_ping_open(&p, &plan, targets, n, now, real);
 *	for (;;) {
 *		step = sonde_ping_step(p, now);		SEND, TELL, WAIT or DONE
 *		...
 *		sonde_ping_hear(p, &arrival);		then step until it no longer tells
 *	}
 *	sonde_ping_target(p, i, &record);
 */

#include "base/arena.h"
#include "probe/pace.h"
#include "probe/stats.h"
#include "probe/engine.h"

struct sonde_ping_plan {
	struct sonde_method_look look[2]; /* for IPv4 and IPv6 */
	struct sonde_secret secret;
	uint64_t count;	   /* probes for each target; 0: no end */
	sonde_ns interval; /* between two probes of one target */
	sonde_ns gap;	   /* between any two, at least */
	sonde_ns timeout;  /* after which a probe without an answer is lost */
	sonde_ns deadline; /* of the run; 0: none. With a count: as many answers, not probes */
	uint64_t preload;  /* probes that go out at once */
	bool flood;	   /* the next as soon as an answer comes, or after 10 ms */
	bool adaptive;	   /* the same, or after the interval */
	bool sweep;	   /* a target that has answered is left alone */
	bool quiet;	   /* no probe is told, only counted */
};

struct sonde_ping_host { /* a target, and what is known of it */
	struct sonde_stats stats;
	uint64_t seq, refused, late, duplicates, errors, corrupted, spoofed, rewritten;
	uint8_t clocks;	   /* a bit for each clock that was used */
	const char *error; /* the last one, ICMP or local, in words; static; NULL: none */
};

struct sonde_ping {
	struct sonde_ping_plan plan;
	struct sonde_arena arena;
	struct sonde_survey survey;
	struct sonde_pace pace;
	struct sonde_ping_host *host; /* of every target */
	uint32_t first, last;	      /* the targets that it asks: from first, below last */
	uint32_t turn, satisfied;
	uint64_t round;
	sonde_ns round_began;
};

/* n is at least 1. now and real: both clocks at this moment. *p is big; its memory is its own. */
void sonde_ping_open(struct sonde_ping *p, const struct sonde_ping_plan *plan,
		     const struct sonde_given *given, uint32_t n, sonde_ns now, sonde_ns real);

/* What to do at this moment. TELL: a struct sonde_probe_record, valid until the next step. */
struct sonde_step sonde_ping_step(struct sonde_ping *p, sonde_ns now);

void sonde_ping_hear(struct sonde_ping *p, const struct sonde_arrival *a);

/* The statistics of target i up to now. Texts are borrowed: of address_text, which holds 64 bytes.
 */
void sonde_ping_target(const struct sonde_ping *p, uint32_t i, struct sonde_target_record *ret,
		       char *address_text);

/* How many targets have answered at least once. */
uint32_t sonde_ping_answered(const struct sonde_ping *p);

/* It asks only targets from first up to, and without, last. Before the first step. */
void sonde_ping_share(struct sonde_ping *p, uint32_t first, uint32_t last);

/* What another of the same targets knows of its share, and has counted; it outlives p. */
void sonde_ping_take(struct sonde_ping *p, const struct sonde_ping *other);

/* For whoever drives measurements of any kind. */
struct sonde_engine sonde_ping_engine(struct sonde_ping *p);

void sonde_ping_close(struct sonde_ping *p);

#endif
