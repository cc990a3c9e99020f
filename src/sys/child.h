#ifndef SONDE_SYS_CHILD_H
#define SONDE_SYS_CHILD_H

/* A command that is followed from its first instruction on, and that cannot tell: same process
 * group, session and terminal, same signal mask and dispositions, same environment, also where the
 * loader took variables away from us because we have capabilities.
 *
 *	sonde_sleep_init();
 *	sonde_child_start(&child, &plan);	it exists and waits
 *	sonde_tracer_follow(tracer, child.pid);
 *	sonde_privilege_drop(-1);		it keeps its own: it was forked before
 *	sonde_child_release(&child);		it executes the command
 *	...					sonde_tracer_child_ended tells the status
 *	sonde_child_error(&child);
 *	sonde_child_done(&child);
 *	return sonde_child_leave(status);
 */

#include <stdbool.h>
#include <sys/types.h>

struct sonde_child_plan {
	char *const *argv;	   /* the command and its arguments, then NULL; or NULL: */
	int (*run)(void *arg);	   /* it is this function of ours instead; returns an exit code */
	int out;		   /* becomes its standard output; -1: ours */
	int (*prepare)(void *arg); /* run in it just before exec: 0 or -errno; may be NULL */
	void *arg;		   /* of run and prepare */
	bool first;		   /* it is the first process of a namespace of its own for them
				    * (pid_namespaces(7)); needs CAP_SYS_ADMIN */
};

struct sonde_child {
	pid_t pid;
	int release, report; /* pipes; -1 once closed */
	int error;	     /* -errno of exec or prepare, once known */
};

/* Forks; the child waits to be released, and ends by itself if we die before. From here on signals
 * sent to us go to it. Needs sonde_sleep_init before. 0 or -errno. */
int sonde_child_start(struct sonde_child *ret, const struct sonde_child_plan *plan);

/* Lets it execute the command; does not wait for that. */
void sonde_child_release(struct sonde_child *c);

/* Once it has ended: -errno with which the command could not be executed (its exit code is then
 * 127 for ENOENT, 126 for others, 125 if prepare failed), or 0: it was executed. */
int sonde_child_error(struct sonde_child *c);

/* Signals are our own again. */
void sonde_child_done(struct sonde_child *c);

/* The exit code of a wait(2) status: its own, or 128 + the signal it died of. */
int sonde_child_code(int status);

/* For the end of main: dies of the signal that the command died of, without a core file, so that
 * the shell sees what it would have seen; else returns the exit code. */
int sonde_child_leave(int status);

#endif
