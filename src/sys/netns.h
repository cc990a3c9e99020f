#ifndef SONDE_SYS_NETNS_H
#define SONDE_SYS_NETNS_H

/* Network namespaces without names: each is a file descriptor and lasts as long as somebody holds
 * it or runs in it, so nothing is left behind however the program ends. The caller is never moved:
 * what must be done inside is done by a short-lived thread. Needs CAP_SYS_ADMIN. */

#include <stdint.h>

/* A new namespace with its loopback up. A descriptor that is closed by exec, or -errno. */
int sonde_netns_open(void);

/* n new ones by one thread. call is called inside each in turn, with its place; what it returns
 * below 0 ends it all. Descriptors go into ret, -1 where none was made; those of before a failure
 * are the caller's. 0 or -errno. */
int sonde_netns_open_many(int *ret, unsigned n, int (*call)(void *arg, unsigned place), void *arg);

/* One that has a name under /run/netns, as ip-netns(8) gives them, or a path that holds a slash, as
 * /proc/PID/ns/net. A descriptor that is closed by exec, or -errno. Needs no capability. */
int sonde_netns_named(const char *name);

/* What call returns, called inside the namespace by a thread of its own; or -errno. */
int sonde_netns_visit(int netns, int (*call)(void *arg), void *arg);

/* socket(2) inside the namespace; closed by exec. A descriptor, or -errno. */
int sonde_netns_socket(int netns, int family, int type, int protocol);

/* The number that names the namespace to the kernel (and in /proc/PID/ns/net), or 0. */
uint32_t sonde_netns_inode(int netns);

#endif
