#ifndef SONDE_RUN_DOCTOR_INSIDE_H
#define SONDE_RUN_DOCTOR_INSIDE_H

/* What the parts of the doctor share. */

#include <stdbool.h>

#include "run/doctor.h"

struct sonde_doctor {
	const char *verb;   /* NULL: all */
	const char *folder; /* of the programs */
	bool ping_group;    /* allows it */
	int userns;	    /* 0: they are to be had; or -errno */
	bool foreign;	    /* the network namespace belongs to a user namespace outside of ours */
	int missing;
	sonde_doctor_hear hear;
	void *arg;
	char fix[4800]; /* of the line that is being made */
};

/* Whether one of the words of verbs, with spaces between, is asked for. */
bool sonde_doctor_wants(const struct sonde_doctor *d, const char *verbs);

/* Whether that program would hold the capability, with an effect, if this user started it. */
bool sonde_doctor_has(const struct sonde_doctor *d, const char *program, int cap);

/* One line. name, value, fix as in the record; what is printed as printf has it. */
__attribute__((format(printf, 7, 8))) void sonde_doctor_say(struct sonde_doctor *d,
							    const char *topic, const char *name,
							    enum sonde_doctor_state state,
							    const char *value, const char *fix,
							    const char *what, ...);

/* doctor_kernel.c: settings of the kernel and what it was built with. */
void sonde_doctor_kernel(struct sonde_doctor *d);

/* doctor_bpf.c: what the BPF tracer finds. */
void sonde_doctor_bpf(struct sonde_doctor *d);

/* doctor_device.c: the interfaces of this network namespace. */
void sonde_doctor_devices(struct sonde_doctor *d);

#endif
