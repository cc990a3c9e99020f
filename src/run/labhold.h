#ifndef SONDE_RUN_LABHOLD_H
#define SONDE_RUN_LABHOLD_H

/* A lab with a name: a process holds it and answers what other programs of the same user ask
 * (sys/control.h). A question is a line, its answer a code, a text and descriptors:
 *
 *	enter NODE		name of the node; its namespace, its /etc/hosts, *
 *	link A-B		"INTERFACE NODE"; the namespace, *
 *	set A-B WORDS		what is wrong with them
 *	truth			the ring (lab/truth.h), the description
 *	about			"PID NODES LINKS COMMANDS SECONDS FILE"
 *	down			once all is gone
 *
 * * and the user namespace, if the lab has one of its own. Who entered is in the lab until the
 * connection ends; the lab's end is the connection's end. */

#include "run/labfile.h"
#include "run/labsite.h"
#include "sys/control.h"

struct sonde_labhold_plan {
	struct sonde_labfile *file;
	struct sonde_labsite *site; /* is closed at the end */
	const char *path;	    /* of the description, as it was given */
	int listener;		    /* from sonde_control_listen */
	int userns;		    /* -1: none of its own */
	int ready;		    /* a pipe, which is told an int: 0, all stands, or -errno */
};

/* Holds the lab until it is told to let go, by a question or a signal. The process should have no
 * terminal. 0 or -errno. */
int sonde_labhold_run(const struct sonde_labhold_plan *plan);

/* Asks the lab of that name. Returns the connection, open still, or -errno: -ENOENT, there is none;
 * -EPIPE, it went meanwhile. What the lab itself says is in *ret. */
int sonde_labhold_ask(uid_t uid, const char *name, const char *question,
		      struct sonde_control_message *ret);

#endif
