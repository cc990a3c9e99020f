#ifndef SONDE_PROBE_SURVEY_H
#define SONDE_PROBE_SURVEY_H

/* What every measurement is made of: targets, probes in flight, both clocks, what is to be told,
 * and what came and was nobody's. A measurement decides what goes when, and what an answer means.
 *
 *	probe = sonde_survey_probe(s, target, now);	then its flow, hops and size
 *	step = sonde_survey_send(s, probe);
 *	if (sonde_survey_hear(s, arrival, &heard))	heard is about a probe of ours
 *		sonde_survey_tell(s, &heard, now);
 *	record = sonde_survey_told(s);			what happened, one after the other
 */

#include "base/arena.h"
#include "base/arrival.h"
#include "base/step.h"
#include "probe/flight.h"
#include "probe/pace.h"
#include "probe/records.h"
#include "probe/trip.h"

enum {
	SONDE_SURVEY_ARRIVALS = 512,		       /* that may be heard between two steps */
	SONDE_SURVEY_TOLD = 2 * SONDE_SURVEY_ARRIVALS, /* that may wait to be told */
	SONDE_SURVEY_ROUTE = 9, /* addresses that a record route option has room for */
};

enum sonde_outcome_status {
	SONDE_OUTCOME_REPLY,
	SONDE_OUTCOME_LOST,
	SONDE_OUTCOME_LATE,
	SONDE_OUTCOME_DUPLICATE,
	SONDE_OUTCOME_ERROR,
	SONDE_OUTCOME_LOCAL,
	SONDE_OUTCOME_CORRUPTED,
	SONDE_OUTCOME_SPOOFED
};

struct sonde_outcome {		  /* something that happened to a probe */
	struct sonde_probe probe; /* as it was then */
	struct sonde_address from;
	struct sonde_trip trip;
	uint32_t bytes, mtu;
	int error;
	int16_t ttl, quoted_ttl;
	uint8_t status; /* enum sonde_outcome_status */
	uint8_t answer; /* enum sonde_answer_is */
	uint8_t type, code, auth_bits;
	bool rewritten, timed, has_mac;
	uint8_t mac[6];
	uint8_t route[4 * SONDE_SURVEY_ROUTE], route_len;
};

struct sonde_heard {
	struct sonde_outcome outcome;
	uint8_t match;		   /* enum sonde_match; NOTHING of a refusal */
	bool end;		   /* it is from the target itself, and no error on the way */
	struct sonde_probe *probe; /* in flight */
	struct sonde_answer answer;
};

struct sonde_given {		       /* a target */
	const char *name;	       /* as it was given; borrowed as long as the measurement */
	struct sonde_address to, from; /* from: family 0 where it is not known */
};

struct sonde_survey {
	struct sonde_method_look look[2]; /* for IPv4 and IPv6 */
	struct sonde_flight flight;
	struct sonde_wall wall;
	struct sonde_address *to;   /* of every target */
	struct sonde_address *from; /* that probes to it will have; family 0: not known */
	const char **name;
	uint32_t n;
	sonde_ns began;
	uint64_t foreign;	    /* arrivals that were nobody's */
	uint64_t forgotten;	    /* answers to probes that are no longer known */
	uint64_t unlikely;	    /* stamps that could not be so */
	struct sonde_pace storm;    /* answers that are none are told so often; all are counted */
	struct sonde_outcome *told; /* a ring, to be told */
	unsigned told_at, told_n;
	bool heard;	 /* the last arrival will be told */
	bool ending;	 /* somebody asked for the end: no more probes, and no waiting */
	uint8_t *packet; /* the one that is to be sent */
	uint32_t packet_cap;
	struct sonde_probe_record record; /* the one that is told, with its texts */
	char target_text[64], from_text[64], route_text[SONDE_SURVEY_ROUTE][16], mac_text[24];
	const char *route[SONDE_SURVEY_ROUTE];
};

struct sonde_survey_plan {
	const struct sonde_method_look *look; /* two, for IPv4 and IPv6 */
	const struct sonde_secret *secret;
	const struct sonde_given *given; /* n of them, at least 1 */
	uint32_t n;
	uint64_t room; /* probes that are remembered */
	uint32_t most; /* bytes of payload of the longest; 0: as looks have it */
};

/* now and real: both clocks at this moment. All of the plan is copied. */
void sonde_survey_open(struct sonde_survey *s, struct sonde_arena *a,
		       const struct sonde_survey_plan *plan, sonde_ns now, sonde_ns real);

/* A probe of this target, out from now on, with the usual size. */
struct sonde_probe *sonde_survey_probe(struct sonde_survey *s, uint32_t target, sonde_ns now);

/* The step that sends it, with its hops. */
struct sonde_step sonde_survey_send(struct sonde_survey *s, struct sonde_probe *probe);

/* Something befell this probe without an arrival; told with the rest. */
void sonde_survey_tell_bare(struct sonde_survey *s, const struct sonde_probe *probe,
			    enum sonde_outcome_status status);

/* Takes what came. True: it is an answer, or a refusal, about a probe; *ret says it all but its
 * status. The state of the probe has moved on. */
bool sonde_survey_hear(struct sonde_survey *s, const struct sonde_arrival *a,
		       struct sonde_heard *ret);

/* What was heard is to be told, now that its status is known; of duplicates and of answers that are
 * none, twenty a second. */
void sonde_survey_tell(struct sonde_survey *s, const struct sonde_heard *heard, sonde_ns now);

/* The next one that is to be told, valid until the next call, or NULL. */
const struct sonde_probe_record *sonde_survey_told(struct sonde_survey *s);

/* What will be told of the arrival that was heard last, and its target; NULL: nothing. Valid
 * likewise. */
const struct sonde_probe_record *sonde_survey_heard(struct sonde_survey *s, uint32_t *ret_target);

/* "192.0.2.1", "fe80::1%2"; NULL where there is none. text is filled. */
const char *sonde_survey_put_host(char text[static 64], const struct sonde_address *a);

/* What the answer was, in words; static; NULL: there was none. */
const char *sonde_outcome_words(const struct sonde_outcome *o, uint16_t family);

#endif
