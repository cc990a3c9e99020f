#ifndef SONDE_PROBE_BLAME_H
#define SONDE_PROBE_BLAME_H

/* What the loss at each hop of a path is to be put down to. A packet that is lost on the way to a
 * hop is lost on the way to every later one, so loss that no later hop shares is none of the
 * path's: the hop, or the way back from it, is slow to answer or does not. Witnesses are the hops
 * that answer and are not limited (limit.h); what limited and silent ones owe says nothing.
 *
 * Two things are looked at. Shares: a hop loses as much of all its probes as the later hops that
 * lose least, or more by chance alone. Rounds, where one probe goes to each hop about the same
 * time: in which of them it and all later witnesses were silent together, and in which a later one
 * answered. An outage shows in rounds first; single losses are independent, and show in shares. */

#include <stdbool.h>
#include <stdint.h>

enum { SONDE_BLAME_HOPS = 64 };

enum sonde_blame_verdict {
	SONDE_BLAME_UNCLEAR, /* nothing was sent, or nobody behind it answers who could bear witness
			      */
	SONDE_BLAME_NONE,    /* nothing is missing */
	SONDE_BLAME_LIMITED, /* it answers so often and no more: not loss */
	SONDE_BLAME_SILENT,  /* it never answers, but later hops do */
	SONDE_BLAME_DARK,    /* nothing from here on answers */
	SONDE_BLAME_ANSWERS, /* its own answers, mostly: later hops do not lose, or much less */
	SONDE_BLAME_WAY,     /* on the way there, mostly: later hops lose as well */
	SONDE_BLAME_END,     /* the target's: what is lost end to end */
};

struct sonde_blame_round { /* bit 0 is the first hop */
	uint64_t sent;	   /* which hops were probed */
	uint64_t answered; /* which of those answered in time */
};

struct sonde_blame_hop {
	uint8_t verdict; /* enum sonde_blame_verdict */
	bool sure;	 /* ANSWERS, WAY: by chance, that would be rarer than one in a hundred */
	bool begins;	 /* WAY, END: no earlier witness shares this loss, so it is lost between
			  * the one before and this */
	uint32_t sent, lost;
	uint32_t together; /* rounds in which it and all later witnesses were probed and lost */
	uint32_t apart;	   /* rounds in which it lost, and a later witness answered */
	double way;	   /* of 1: the share that is lost on the way there, as later witnesses
			    * have it; 0 where there are none */
};

/* Judges `hops` hops, at most SONDE_BLAME_HOPS, by all rounds. limited: the hops that a limit was
 * found for. reached: the last of them is the target. */
void sonde_blame_judge(const struct sonde_blame_round *round, uint32_t rounds, uint64_t limited,
		       uint32_t hops, bool reached, struct sonde_blame_hop *ret);

#endif
