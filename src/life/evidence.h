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
	const char *(*cell)(struct sonde_evidence *e, size_t arg);
	size_t arg;
};

extern const struct sonde_evidence_row sonde_evidence_rows[];
extern const size_t sonde_evidence_rows_n;

/* Gathers what there is of one kind; n 0: nothing. */
void sonde_evidence_gather(struct sonde_evidence *e, struct sonde_arena *arena,
			   const struct sonde_life *life, unsigned kind);

/* A count that may be absent, as a number. */
static inline uint64_t sonde_evidence_known(uint64_t v)
{
	return v == SONDE_ABSENT ? 0 : v;
}

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

/* A few different texts with how often each came: "2 by bind, 1 by connect". */
struct sonde_census { /* zero at first */
	const char *text[6];
	uint64_t n[6], more;
};

void sonde_census_count(struct sonde_census *c, const char *what); /* borrowed; NULL: nothing */
const char *sonde_census_text(struct sonde_evidence *e, const struct sonde_census *c);

#endif
