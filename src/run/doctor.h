#ifndef SONDE_RUN_DOCTOR_H
#define SONDE_RUN_DOCTOR_H

/* What stands in the way of a verb on this machine, for this user, and what puts it right: the
 * table of rights (run/rights.h) and what the verbs ask of the kernel, each looked at or tried. It
 * changes nothing: what is loaded or made for a trial is gone when it ends. */

#include "base/record.h"

enum sonde_doctor_state {
	SONDE_DOCTOR_OK,
	SONDE_DOCTOR_MISSING,
	SONDE_DOCTOR_UNKNOWN, /* it cannot be told from here; what says what would */
};

/* One line; borrowed, and good until the next one is told. */
struct sonde_doctor_record {
	const char *topic; /* a verb, "kernel", "bpf", "interface" */
	const char *name;
	const char *state; /* "ok", "missing", "unknown" */
	const char *value; /* of a setting, as it is; NULL: it has none, or it is not known */
	const char *what;  /* a sentence without a capital or a full stop */
	const char *fix;   /* a command for root, or NULL: none is needed or none is known */
};
extern const struct sonde_schema sonde_doctor_schema;

typedef void (*sonde_doctor_hear)(void *arg, const struct sonde_doctor_record *line);

/* verb: only what this one needs, such as "ping"; NULL: what any verb does whose program is in
 * folder. Returns how many lines say that something is missing; -ENOENT: there is no such verb. */
int sonde_doctor_run(const char *folder, const char *verb, sonde_doctor_hear hear, void *arg);

#endif
