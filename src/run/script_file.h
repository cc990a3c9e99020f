#ifndef SONDE_RUN_SCRIPT_FILE_H
#define SONDE_RUN_SCRIPT_FILE_H

/* A script from a file, with the values that the command line has for it. */

#include "probe/script.h"
#include "run/script.h"

/* Everything lives in the arena. -EINVAL: ret->doing says what is wrong with it, and where; or
 * -errno, and ret->doing is the file. */
int sonde_script_read(struct sonde_script **ret, struct sonde_arena *a,
		      const struct sonde_script_plan *plan, struct sonde_script_end *ret_end);

#endif
