#ifndef SONDE_SYS_HOLDER_H
#define SONDE_SYS_HOLDER_H

/* Processes and the sockets they hold, as /proc tells: a look, not a watch. Of processes of other
 * users it tells little without CAP_SYS_PTRACE. */

#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

struct sonde_holder {
	uint32_t pid, ppid, uid;
	sonde_ns start; /* since 1970 */
	char comm[16];
	char path[512];	    /* of its program; "": not told */
	char command[1024]; /* arguments, a NUL after each; cut to fit */
	size_t command_len;
};

/* 0, or -errno: it is gone. */
int sonde_holder_read(struct sonde_holder *ret, uint32_t pid);

/* Every socket that a process holds, by its inode; the same one again for each holder. 0 or -errno.
 */
int sonde_holder_each(void (*hear)(void *arg, uint32_t pid, uint64_t ino), void *arg);

#endif
