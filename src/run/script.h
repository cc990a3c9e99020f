#ifndef SONDE_RUN_SCRIPT_H
#define SONDE_RUN_SCRIPT_H

/* sonde craft --script: packets that are sent and waited for as a file says (probe/script.h), with
 * a tap on each interface concerned, opened before the first is sent. */

#include "base/cell.h"
#include "run/voice.h"

enum sonde_script_form {
	SONDE_SCRIPT_TEXT, /* a line for each point, as it happens */
	SONDE_SCRIPT_TAP,  /* the Test Anything Protocol, version 13, which all know */
	SONDE_SCRIPT_JSON, /* the records `point`, and at the end `script` */
};

struct sonde_script_plan {
	const char *file;	   /* "-": standard input */
	const char *const *values; /* words NAME=VALUE of the command line */
	unsigned n;
	enum sonde_script_form form;
	const char *interface; /* all is sent and heard there; NULL: where the routes lead */
	const char *save;      /* a pcapng of the packets that were sent and came; NULL: none */
	uint64_t seed;	       /* of what is random */
	bool no_rst;  /* the kernel's resets of crafted connections are kept back; a script may say
		       * so itself */
	bool mean_it; /* spoofed sources and public addresses are meant */
	bool dry;     /* only read the script: takes no privilege */
	const char *const *palette; /* sonde_palette, or NULL */
	bool quiet;		    /* of points that are ok, nothing is said as text */
	int out;
	struct sonde_voice voice; /* hears what was set up */
};

struct sonde_script_end {
	char doing[1500]; /* while it failed */
	bool told;	  /* what stands there is all there is to say; of several lines */
	bool met;	  /* every point of the script was reached, and is ok */
};

/* 0, and end->met is yes or no; -EINVAL: the script or a value is wrong, and end says where;
 * SONDE_NO_PRIVILEGE, -EPERM; SONDE_LOST: packets were lost, so that what did not come may have
 * come; or -errno. Privileges are given up on the way. */
int sonde_script_run(const struct sonde_script_plan *plan, struct sonde_script_end *ret);

#endif
