#ifndef SONDE_PROBE_TRACE_H
#define SONDE_PROBE_TRACE_H

/* The path to one host or to many: probes with every time to live go out at once, all of one flow,
 * and every answer finds its probe by secrets (flight.h). Told times and arrivals, it says what to
 * do next; it reads no clock and sends nothing. It is driven as a ping is (ping.h).
 *
 * At first `ahead` hops are probed, and with every answer as many beyond it, so that a path is
 * known after about the longest round trip and few probes go further than the target. Where
 * nothing more answers, the rest is probed at once. How long an answer is waited for follows from
 * those that have come: `here` times the slowest of the same hop, `near` times the fastest of a
 * farther one, and the timeout where there is neither, as in traceroute(8). Whatever comes later
 * is late, and not lost from sight. */

#include "base/arena.h"
#include "base/arrival.h"
#include "base/step.h"
#include "probe/blame.h"
#include "probe/limit.h"
#include "probe/pace.h"
#include "probe/stats.h"
#include "probe/engine.h"
#include "probe/trace_records.h"

enum {
	SONDE_TRACE_MOST = 64,	  /* hops */
	SONDE_TRACE_QUERIES = 10, /* for a hop in a round, at most */
	SONDE_TRACE_WHO = 10,	  /* addresses that are kept of a hop: all of a round */
	SONDE_TRACE_CHANGES = 8,  /* that are kept of a hop */
	SONDE_TRACE_TEXT = 3072,  /* bytes of what a hop adds to its errors, as text */
	SONDE_TRACE_ROUNDS = 256, /* whose answers are remembered, to tell where loss is */
};

struct sonde_trace_plan {
	struct sonde_method_look look[2]; /* for IPv4 and IPv6 */
	struct sonde_secret secret;
	uint8_t first, most; /* hops, from 1 */
	uint8_t ahead;
	uint8_t queries; /* for each hop in a round */
	uint8_t here, near;
	uint8_t tos;	   /* that probes leave with */
	uint64_t rounds;   /* 0: no end */
	sonde_ns interval; /* between the beginnings of two rounds */
	sonde_ns gap;	   /* between any two probes */
	uint64_t burst;	   /* so many may go out without it */
	sonde_ns timeout;
	bool quiet; /* no probe is told, only counted */
};

struct sonde_trace_who { /* somebody who has answered for a hop */
	struct sonde_address address;
	uint64_t n;
};

struct sonde_trace_change { /* in a quote, against the probe as it was sent */
	const char *text;   /* "ip.dsfield.dscp 46 -> 0" */
	uint64_t n;	    /* quotes that had it */
};

struct sonde_trace_answer { /* of one query of the last round */
	uint8_t status;	    /* enum sonde_trace_status */
	uint8_t who;	    /* index; SONDE_TRACE_WHO: one too many, not kept */
	uint8_t is, type, code;
	sonde_ns rtt;
};

enum sonde_trace_status {
	SONDE_TRACE_NOT_SENT,
	SONDE_TRACE_OUT,
	SONDE_TRACE_ANSWERED,
	SONDE_TRACE_LOST,
	SONDE_TRACE_LATE,
	SONDE_TRACE_REFUSED, /* it never left */
};

struct sonde_trace_hop {
	struct sonde_stats stats;
	uint64_t sent, refused, late, duplicates, corrupted, spoofed;
	struct sonde_trace_who who[SONDE_TRACE_WHO];
	struct sonde_trace_answer last[SONDE_TRACE_QUERIES];
	uint8_t n_who, queried; /* in this round */
	uint16_t out;
	bool more_who;		 /* there were more than are kept */
	uint8_t is, type, code;	 /* of the last answer: enum sonde_answer_is */
	int16_t ttl, quoted_ttl; /* of the last answer; -1: not known */
	uint32_t mtu;
	uint8_t clocks;
	uint8_t n_change, nat; /* nat: enum sonde_rewrite_nat, the gravest that was seen */
	struct sonde_trace_change change[SONDE_TRACE_CHANGES];
	char *extension; /* of the last error that had one, as of traceroute -e; NULL: none */
	struct sonde_limit *limit; /* NULL: nothing was sent */
	const char *error;	   /* why the last one did not leave; static; NULL: none */
};

struct sonde_trace_host {	     /* a target, and what is known of its path */
	struct sonde_trace_hop *hop; /* of `most`, by hops - 1 */
	uint8_t end;		     /* hops to where the path ends; 0: not known */
	uint8_t limit;		     /* hops that are probed now */
	uint8_t next;		     /* the first hop that may have a query left in this round */
	bool reached;		     /* the end is the target itself */
	uint32_t out;
	uint32_t label;			 /* of IPv6 */
	uint64_t rounds;		 /* queries whose fate is known of some hop */
	struct sonde_blame_round *round; /* SONDE_TRACE_ROUNDS of them, a ring by query */
};

struct sonde_trace {
	struct sonde_trace_plan plan;
	struct sonde_arena arena;
	struct sonde_survey survey;
	struct sonde_pace pace;
	struct sonde_trace_host *host;
	uint32_t turn;
	uint64_t met;	/* addresses that are kept, of all hops */
	uint64_t round; /* from 0 */
	sonde_ns round_began;
	sonde_ns check; /* when the next probe is lost at the earliest */
};

/* n is at least 1. now and real: both clocks at this moment. */
void sonde_trace_open(struct sonde_trace *p, const struct sonde_trace_plan *plan,
		      const struct sonde_given *given, uint32_t n, sonde_ns now, sonde_ns real);

/* What to do at this moment. TELL: a struct sonde_probe_record, valid until the next step. */
struct sonde_step sonde_trace_step(struct sonde_trace *p, sonde_ns now);

void sonde_trace_hear(struct sonde_trace *p, const struct sonde_arrival *a);

/* How many hops of this target are worth telling: to the end where it is known, else one beyond
 * the last that answered, or all that were probed if there is none. */
unsigned sonde_trace_hops(const struct sonde_trace *p, uint32_t host);

struct sonde_trace_verdict { /* of a hop: what its missing answers are put down to */
	struct sonde_blame_hop blame;
	struct sonde_limit_fit limit;
};

/* By all queries that are remembered; of each of sonde_trace_hops. Some milliseconds of work for
 * each hop that lacks answers. */
void sonde_trace_judge(const struct sonde_trace *p, uint32_t host,
		       struct sonde_trace_verdict ret[static SONDE_TRACE_MOST]);

/* What is known of a hop (from 1); verdict is its own, NULL: nothing is said of that. Texts are
 * borrowed of struct sonde_trace_texts. */
struct sonde_trace_texts {
	char target[64], from[64], address[SONDE_TRACE_WHO][64], rate[160], mark[16];
	const char *list[SONDE_TRACE_WHO], *change[SONDE_TRACE_CHANGES];
};
void sonde_trace_hop(const struct sonde_trace *p, uint32_t host, unsigned hop,
		     const struct sonde_trace_verdict *verdict, struct sonde_hop_record *ret,
		     struct sonde_trace_texts *texts);

/* The whole path of this target; texts as above. */
void sonde_trace_path(const struct sonde_trace *p, uint32_t host, struct sonde_path_record *ret,
		      struct sonde_trace_texts *texts);

/* What an error says beside who sent it: inside of the engine. */
void sonde_trace_see(struct sonde_trace *p, const struct sonde_heard *heard,
		     const struct sonde_arrival *a);

/* For whoever drives measurements of any kind. */
struct sonde_engine sonde_trace_engine(struct sonde_trace *p);

void sonde_trace_close(struct sonde_trace *p);

#endif
