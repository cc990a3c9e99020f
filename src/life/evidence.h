#ifndef SONDE_LIFE_EVIDENCE_H
#define SONDE_LIFE_EVIDENCE_H

/* The cells of the comparison: each a function from the lives of one kind to a text, or to NULL
 * where they give no evidence. */

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

/* Sums that more than one file wants. */
uint64_t sonde_evidence_reads(const struct sonde_evidence *e, uint64_t *ret_sends); /* of both-ended pairs */
uint64_t sonde_evidence_lost(const struct sonde_evidence *e, uint64_t *ret_told);
uint64_t sonde_evidence_in_state(const struct sonde_evidence *e, unsigned state); /* endpoints */
uint64_t sonde_evidence_again(const struct sonde_evidence *e); /* sends that gave EAGAIN */

#endif
