#ifndef SONDE_RUN_DRIVE_H
#define SONDE_RUN_DRIVE_H

/* The one loop in which a measurement's time passes: its engine says what to do, the sockets do it,
 * and what comes is heard, kept and reported. */

#include "run/keep.h"
#include "run/sockets.h"
#include "sys/crew.h"

enum { SONDE_DRIVE_FDS = 24 }; /* that a report may wait for */

struct sonde_drive {
	struct sonde_engine engine;
	struct sonde_sockets *sockets; /* all borrowed */
	struct sonde_keep *keep;       /* NULL: nothing is kept */

	/* The report. */
	void *arg;
	void (*sent)(void *arg);
	void (*told)(void *arg, const void *record);
	void (*pause)(void *arg); /* before waiting: what a reader should see by now */
	/* What was asked for meanwhile, and what is to be drawn from time to time. Returns when to
	 * look again. */
	sonde_ns (*look)(void *arg, sonde_ns now);
	int (*failed)(void *arg); /* why it cannot be written, or 0 */
	/* Descriptors of its own that end a wait; NULL: there are none. */
	unsigned (*fds)(void *arg, struct pollfd ret[static SONDE_DRIVE_FDS]);

	/* Of several at once, each in its own thread, for one report. */
	struct sonde_crew_lock *lock; /* of the report; NULL: it is alone */
	const bool *stop; /* another thread than the main one: it has no signals, and ends when this
			   * becomes true, too; pause and look are not called */

	sonde_ns time;	    /* the engine's */
	sonde_ns caught_up; /* until when nothing has been left in the sockets */
	unsigned behind;    /* readings one after the other that left something */
	bool news;	    /* something was heard since the last step, which is out of date then */
};

/* Until the engine is done or somebody asks for the end. The signals are those of sys/sleep.h,
 * which whoever calls has begun. Returns l->failed. */
int sonde_drive_run(struct sonde_drive *l);

#endif
