#ifndef SONDE_RUN_LABCELL_H
#define SONDE_RUN_LABCELL_H

/* What runs in a lab: a command at a node, and the processes that carry impaired links and serve.
 * They share a process namespace, whose first process is a fork of ours, the keeper. When the
 * keeper ends the kernel kills all others in it, and it ends when the command does, or when we do:
 * it holds the reading end of a pipe whose writing end is ours alone. So nothing outlives us.
 *
 *   we ── pipe ── keeper ─┬─ relay
 *                         ├─ servers
 *                         └─ command
 */

#include "run/labsite.h"
#include "sys/child.h"

struct sonde_labcell_plan {
	const struct sonde_labsite *site; /* whose relay and servers run here; NULL: none do */
	int lifeline;			  /* a socket: all ends when its other end is closed; -1 */
	/* a command, or NULL and none */
	char *const *argv;
	const char *node; /* its name: the command's host name */
	int netns;
	int hosts; /* descriptor of its /etc/hosts */
};

struct sonde_labcell {
	const struct sonde_labcell_plan *plan;
	struct sonde_child keeper;
	int control; /* of the relay (run/labwire.h); -1: there is none */
	int life[2], verdict[2], relay;
};

struct sonde_labcell_end {
	int status;  /* of the command, as wait(2) has it */
	int error;   /* -errno: it was not executed; 0: it was */
	bool placed; /* it was in its place by then */
};

/* Needs sonde_sleep_init before, and CAP_SYS_ADMIN. Signals that are sent to us go to the command.
 * plan is borrowed until done. 0 or -errno. */
int sonde_labcell_start(struct sonde_labcell *ret, const struct sonde_labcell_plan *plan);

/* Waits for the end of the command: 0, and the end; -ECHILD: the keeper was killed, or the relay or
 * the servers fell. */
int sonde_labcell_wait(struct sonde_labcell *c, struct sonde_labcell_end *ret);

/* Kills what still runs there. */
void sonde_labcell_done(struct sonde_labcell *c);

#endif
