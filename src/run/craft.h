#ifndef SONDE_RUN_CRAFT_H
#define SONDE_RUN_CRAFT_H

/* sonde craft SPEC: a packet in words (packet/craft.h), sent or written to a file, and what came
 * back, each answer with the packet that it answers (probe/answer.h).
 *
 * All that leaves and comes is seen by one tap, which is open before the first packet leaves and
 * whose stamps are the kernel's: a round trip is the time between two of them.
 */

#include "base/cell.h"
#include "base/record.h"
#include "base/time.h"
#include "run/voice.h"

enum sonde_craft_form {
	SONDE_CRAFT_LINES, /* one for each packet that leaves or comes */
	SONDE_CRAFT_JSON,  /* the records `craft`, `sent`, `came`, and at the end `crafted` */
};

struct sonde_craft_plan {
	const char *spec;
	uint64_t count; /* packets; 0: as often as its values give another one */
	bool paced;	/* gap was asked for: one packet alone goes on and on */
	bool endless;	/* until somebody asks for the end */
	sonde_ns gap;	/* between two of them; 0: as fast as can be; UINT64_MAX: gap_varied where
			 * values vary, else a second */
	sonde_ns gap_varied;
	bool xdp;	    /* by AF_XDP */
	bool flood;	    /* nothing is shown of each, and no answer is looked for */
	sonde_ns timeout;   /* for an answer to each */
	sonde_ns listen;    /* after the last packet, whatever has come; UINT64_MAX: until all
			     * have an answer or it is too late for one; 0: not at all */
	uint64_t seed;	    /* of what is random */
	const char *device; /* NULL: the route's */
	const char *write;  /* a capture file instead of the wire; NULL */
	const char *save;   /* a capture file of what was sent and came; NULL */
	bool dry;	    /* nothing is sent or written */
	bool no_rst;	    /* this kernel's resets of the TCP that is crafted are kept back */
	bool meant;	    /* --i-mean-it */
	enum sonde_craft_form form;
	bool quiet; /* nothing is shown of each */
	bool tree;  /* all fields below each line */
	bool hex;   /* the bytes below each line */
	const char *const *palette;
	int out;
};

struct sonde_craft_end {
	char doing[200];
	char why[4096];	  /* sentences, where the code alone does not say it; else "" */
	uint64_t refused; /* packets that this machine did not send */
	bool blind;	  /* packets were lost at the tap, and some that were sent have no answer */
	bool met;	  /* something answered, or no answer was looked for and all was sent */
	int saved;	  /* why a file could not be written in full, or 0 */
};

/* 0; -EINVAL and others: end->why says why nothing was sent; SONDE_NO_PRIVILEGE, -EPERM; or -errno.
 * Privileges are given up on the way. */
int sonde_craft_run(const struct sonde_craft_plan *plan, struct sonde_craft_end *end);

#endif
