#ifndef SONDE_RUN_FOLLOW_H
#define SONDE_RUN_FOLLOW_H

/* sonde follow: a command, running processes or the whole machine, watched as it happens. */

#include "run/session.h"
#include "sys/tracer.h"

struct sonde_follow_name {
	uint32_t netns; /* inode */
	const char *name;
};

struct sonde_follow_plan {
	char *const *argv;     /* the command, then NULL; or NULL */
	int (*run)(void *arg); /* a function to be followed in its stead; or NULL */
	void *arg;
	const char *name; /* of what is followed, for the report, where there is no argv */
	const struct sonde_follow_name *name_of; /* namespaces that have a name of ours */
	size_t names;
	const unsigned *pid; /* processes that run already */
	size_t pids;
	bool wait_all; /* until the last descendant has ended */
	struct sonde_tracer_plan tracer;
	struct sonde_look look;
	int report; /* descriptor */
	int out;    /* the command's standard output; -1: ours */
	int save;   /* descriptor of the evidence, or -1 */
};

struct sonde_follow_end {
	char doing[80]; /* what failed, where a code is returned */
	int status;	/* wait(2) status of the command */
	int exec;	/* -errno with which it could not be started, or 0 */
	int why;	/* reason for which the run is not complete, or 0 */
	int saved;	/* the same for the evidence */
};

/* Returns when the command has ended, or with -p and -a when a signal asks for it. 0, or the code
 * with which it could not begin: nothing was started then. */
int sonde_follow_run(const struct sonde_follow_plan *plan, struct sonde_follow_end *ret);

/* The report of evidence again: to the same engine, without privilege. 0, or what was wrong with
 * the file: all that came before is reported. */
int sonde_follow_replay(int file, const struct sonde_look *look, int report);

#endif
