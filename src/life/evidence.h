#ifndef SONDE_LIFE_EVIDENCE_H
#define SONDE_LIFE_EVIDENCE_H

/* The cells of the comparison: each a function from the lives of one kind to a text, or to NULL
 * where they give no evidence. */

#include "base/text.h"
#include "life/life.h"

struct sonde_evidence {
	struct sonde_arena *arena;
	const struct sonde_life *life;
	const struct sonde_endpoint **of; /* endpoints of the kind, listeners left out */
	size_t n;
	const struct sonde_flow **flow;
	size_t flows;
	const struct sonde_connection **pair; /* connections of which both ends are followed */
	size_t pairs;
	uint64_t *value; /* room for as many numbers as there are endpoints */
	unsigned kind;
};

struct sonde_evidence_row {
	const char *group, *name;
	const char *(*cell)(struct sonde_evidence *e);
	const char *(*with)(struct sonde_evidence *e, size_t arg); /* where cell is NULL */
	size_t arg;
};

/* In order; both lists end with an empty row. */
extern const struct sonde_evidence_row sonde_evidence_talk[], sonde_evidence_end[];

/* Gathers what there is of one kind; n 0: nothing. */
void sonde_evidence_gather(struct sonde_evidence *e, struct sonde_arena *arena,
			   const struct sonde_life *life, unsigned kind);

/* A count that may be absent, as a number. */
static inline uint64_t sonde_evidence_known(uint64_t v)
{
	return v == SONDE_ABSENT ? 0 : v;
}

/* A counter of all endpoints together; where it is absent it counts nothing. */
uint64_t sonde_evidence_sum(const struct sonde_evidence *e, size_t offset);
#define SONDE_EVIDENCE_SUM(e, member) sonde_evidence_sum(e, offsetof(struct sonde_endpoint, member))

bool sonde_evidence_was_in(const struct sonde_steps *s, unsigned state);

/* Receives that moved something, over all connections of which all that was sent was read. */
uint64_t sonde_evidence_reads(const struct sonde_evidence *e, uint64_t *ret_sends);
/* Datagrams lost on their way into the receiver; of these, those the sender was told of. */
uint64_t sonde_evidence_lost(const struct sonde_evidence *e, uint64_t *ret_told);
/* Endpoints that were in this state, of whichever axis it is. */
uint64_t sonde_evidence_in_state(const struct sonde_evidence *e, unsigned state);
/* Sends that gave EAGAIN. */
uint64_t sonde_evidence_again(const struct sonde_evidence *e);

/* Texts of numbers, from the arena. put: a writer as in base/text.h. */
const char *sonde_evidence_text(struct sonde_evidence *e, uint64_t v,
				char *(*put)(char *o, uint64_t v));
const char *sonde_evidence_plural(struct sonde_evidence *e, uint64_t n, const char *one);
/* Of the first n of e->value, NULL if n is 0: "3", or "3 to 5". */
const char *sonde_evidence_range(struct sonde_evidence *e, size_t n,
				 char *(*put)(char *o, uint64_t v));
/* Of as many durations: "56.0 us", "50.1 us and 56.0 us", or least, median, 99th percentile and
 * how many: "50.1 us / 56.0 us / 79.3 us (12)". */
const char *sonde_evidence_quantiles(struct sonde_evidence *e, size_t n);

/* Who began: not the side that was connected or sent to. */
bool sonde_evidence_opens(const struct sonde_endpoint *p);
/* Quantiles of a member of struct sonde_timing: of all, or of the side that begins alone, where the
 * other end measures something else. */
const char *sonde_evidence_timing(struct sonde_evidence *e, size_t offset);
const char *sonde_evidence_opener_timing(struct sonde_evidence *e, size_t offset);
#define SONDE_EVIDENCE_TIMING(member)                                                              \
	.with = sonde_evidence_timing, .arg = offsetof(struct sonde_timing, member)
#define SONDE_EVIDENCE_OPENER(member)                                                              \
	.with = sonde_evidence_opener_timing, .arg = offsetof(struct sonde_timing, member)

/* A few different texts with how often each came: "2 by bind, 1 by connect". */
struct sonde_census { /* zero at first */
	const char *text[6];
	uint64_t n[6], more;
};

void sonde_census_count(struct sonde_census *c, const char *what); /* borrowed; NULL: nothing */
const char *sonde_census_text(struct sonde_evidence *e, const struct sonde_census *c);

#endif
