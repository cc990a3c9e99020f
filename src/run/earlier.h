#ifndef SONDE_RUN_EARLIER_H
#define SONDE_RUN_EARLIER_H

/* The paths of an earlier run, out of what sonde trace --json wrote. */

#include "probe/drift.h"

struct sonde_earlier;

/* Reads it all, and what matters of it, the records of hops. 0, -errno, or SONDE_DAMAGED: why says
 * where it is no such file. */
int sonde_earlier_read(struct sonde_earlier **ret, int fd, char *why, size_t cap);
struct sonde_earlier *sonde_earlier_close(struct sonde_earlier *e); /* NULL is fine; returns NULL */

/* The path to this target: the one to the same address, or else to the same name; NULL: there is
 * none. */
const struct sonde_drift_path *sonde_earlier_path(const struct sonde_earlier *e, const char *target,
						  const char *name);

#endif
