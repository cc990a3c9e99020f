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
#include "base/arrival.h"
#include "base/step.h"
#include "probe/flight.h"
#include "probe/pace.h"
#include "probe/records.h"
#include "probe/stats.h"

enum {
	SONDE_PING_ARRIVALS = 512, /* that may be heard between two steps */
	SONDE_PING_ROUTE = 9,	   /* addresses that a record route option has room for */
};

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

struct sonde_ping_host {	   /* a target, and what is known of it */
	const char *name;	   /* borrowed, as given */
	struct sonde_address from; /* that probes will have; family 0: not known */
	struct sonde_stats stats;
	uint64_t seq, refused, late, duplicates, errors, corrupted, spoofed, rewritten;
	uint8_t clocks;	   /* a bit for each clock that was used */
	const char *error; /* the last one, ICMP or local, in words; static; NULL: none */
};

struct sonde_ping_outcome;

struct sonde_ping {
	struct sonde_ping_plan plan;
	struct sonde_arena arena;
	struct sonde_flight flight;
	struct sonde_pace pace;
	struct sonde_wall wall;
	struct sonde_address *to; /* of every target */
	struct sonde_ping_host *host;
	uint32_t n, turn, satisfied;
	uint64_t round;
	sonde_ns began, round_began;
	bool ending;
	uint64_t foreign;	 /* arrivals that were nobody's */
	uint64_t forgotten;	 /* answers to probes that are no longer known */
	uint64_t unlikely;	 /* stamps that could not be so */
	struct sonde_pace storm; /* answers that are none are told so often; all are counted */
	struct sonde_ping_outcome *told; /* a ring, to be told */
	unsigned told_at, told_n;
	bool heard;	 /* the last arrival will be told */
	uint8_t *packet; /* the one that is to be sent */
	uint32_t packet_cap;
	struct sonde_probe_record record; /* the one that is told, with its texts */
	char target_text[64], from_text[64], route_text[SONDE_PING_ROUTE][16];
	const char *route[SONDE_PING_ROUTE];
	char mac_text[24];
};

struct sonde_ping_given {	       /* one target */
	const char *name;	       /* borrowed as long as the ping */
	struct sonde_address to, from; /* from: family 0 where it is not known */
};

/* n is at least 1. now and real: both clocks at this moment. *p is big; its memory is its own. */
void sonde_ping_open(struct sonde_ping *p, const struct sonde_ping_plan *plan,
		     const struct sonde_ping_given *given, uint32_t n, sonde_ns now, sonde_ns real);

/* What to do at this moment. TELL: a struct sonde_probe_record, valid until the next step. */
struct sonde_step sonde_ping_step(struct sonde_ping *p, sonde_ns now);

void sonde_ping_hear(struct sonde_ping *p, const struct sonde_arrival *a);

/* What will be told of the arrival that was heard last, and its target; NULL: nothing. Valid until
 * the next step. */
const struct sonde_probe_record *sonde_ping_heard(struct sonde_ping *p, uint32_t *ret_target);

/* No more probes from now on, and no waiting for those that are out. */
void sonde_ping_end(struct sonde_ping *p);

/* The statistics of target i up to now. Texts are borrowed: of address_text, which holds 64 bytes.
 */
void sonde_ping_target(const struct sonde_ping *p, uint32_t i, struct sonde_target_record *ret,
		       char *address_text);

/* How many targets have answered at least once. */
uint32_t sonde_ping_answered(const struct sonde_ping *p);

void sonde_ping_close(struct sonde_ping *p);

#endif
