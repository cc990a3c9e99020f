#ifndef SONDE_RUN_INSPECT_H
#define SONDE_RUN_INSPECT_H

/* sonde read: captures, packet by packet, as text, records, a number or a new capture. */

#include "packet/dump.h"
#include "run/stamp.h"

enum sonde_inspect_form {
	SONDE_INSPECT_LINE,  /* one line a packet, and what is asked for below it */
	SONDE_INSPECT_JSON,  /* one object a packet: the record `frame` (packet/facts.h) */
	SONDE_INSPECT_COUNT, /* one number */
};

struct sonde_inspect_file {
	const char *name;
	int fd; /* open for reading; the caller's */
};

struct sonde_inspect_plan {
	const struct sonde_inspect_file *file;
	size_t files;
	enum sonde_inspect_form form;
	enum sonde_dump dump;
	bool dump_link;	   /* the link header too */
	bool line_by_line; /* each line reaches the output at once */
	bool number;	   /* in front of each line */
	bool absolute;	   /* sequence numbers as they are, not from where they began */
	uint64_t most;	   /* packets; 0: no limit */
	struct sonde_stamp stamp;
	int out; /* descriptor */
	/* A file that could not be read to its end, told when it happened, after all that was
	 * shown of it: after whole packets, inside record number `record`. */
	void (*bad)(void *arg, const char *name, int code, uint64_t whole, uint64_t record);
	void *arg;
};

struct sonde_inspect_end {
	uint64_t packets; /* shown, counted or written */
	uint64_t events;  /* passed over: evidence holds what programs did, too */
};

/* 0, or the code with which the output failed. */
int sonde_inspect_run(const struct sonde_inspect_plan *plan, struct sonde_inspect_end *ret);

#endif
