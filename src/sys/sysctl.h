#ifndef SONDE_SYS_SYSCTL_H
#define SONDE_SYS_SYSCTL_H

/* Settings of the kernel's network stack: /proc/sys/net as the calling thread's network namespace
 * has it (sonde_netns_visit enters another). */

#include <stddef.h>

struct sonde_sysctl {
	const char *name; /* below /proc/sys/net: "ipv4/ip_forward" */
	const char *value;
	const char *what; /* what is missing without it; NULL: it may be missing, that is no harm */
};

/* Sets them in turn. 0; or -errno of the first that failed though it has a `what`, with *ret_bad
 * that row: -ENOENT is a kernel that has no such setting. */
int sonde_sysctl_put(const struct sonde_sysctl *s, unsigned n, const struct sonde_sysctl **ret_bad);

/* What it is: a digit or a word, cut to fit; "" where there is no such setting. */
void sonde_sysctl_get(const char *name, char *ret, size_t size);

#endif
