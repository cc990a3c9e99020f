#ifndef SONDE_LAB_FATE_H
#define SONDE_LAB_FATE_H

/* What becomes of a packet on an impaired link. One struct serves one direction; the same seed
 * gives the same fate to the same packet number, whatever the times. */

#include "lab/lab.h"

enum sonde_fate_verdict {
	SONDE_FATE_PASS,
	SONDE_FATE_LOST, /* by chance */
	SONDE_FATE_FULL, /* the queue in front of the rate was full */
};

struct sonde_fate {
	struct sonde_lab_impair impair;	  /* may be changed at any time */
	uint64_t random;		  /* state of the generator */
	uint64_t number;		  /* packets so far */
	sonde_ns free;			  /* when the rate lets the next packet begin */
	sonde_ns begins[SONDE_LAB_QUEUE]; /* when those did that came last, in turn */
	uint64_t begun;			  /* how many those were, in all */
};

/* What was decided of one packet. */
struct sonde_fate_decision {
	uint64_t number; /* of the packet in this direction, from 1 */
	enum sonde_fate_verdict verdict;
	unsigned copies;  /* 1, or 2: duplicated; 0: it does not pass */
	sonde_ns due[2];  /* when each copy leaves, on the clock of the packet's arrival */
	bool reordered;	  /* it waited for the rate alone, and may overtake */
	uint32_t corrupt; /* bit to be flipped, counted from the frame's 15th byte, plus 1; 0: none
			   */
};

void sonde_fate_init(struct sonde_fate *f, const struct sonde_lab_impair *impair, uint64_t seed);

/* A packet of len bytes (with its link-layer header) arrived at the time at, which is not before
 * that of the packet before. A duplicate takes its share of the rate; what is lost takes none. */
void sonde_fate_decide(struct sonde_fate *f, sonde_ns at, uint32_t len,
		       struct sonde_fate_decision *ret);

#endif
