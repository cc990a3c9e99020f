#ifndef SONDE_SYS_LINK_H
#define SONDE_SYS_LINK_H

/* Network interfaces inside namespaces (sys/netns.h), over rtnetlink(7). Each function returns 0 or
 * -errno as the kernel gave it: -EEXIST, -ENODEV, -EPERM ... Needs CAP_NET_ADMIN there. */

#include "base/address.h"

/* A cable: two interfaces, each of which receives what the other one sends. They go when either
 * namespace goes. Both are down at first. */
int sonde_link_pair(int netns_a, const char *name_a, int netns_b, const char *name_b);

/* Addresses of the network (the first prefix bits of the address) are reached through it. */
int sonde_link_add_address(int netns, const char *name, const struct sonde_address *a,
			   unsigned prefix);

int sonde_link_up(int netns, const char *name);

/* What the program sends is what crosses the cable: checksums filled in, and segments of the size
 * that a real wire would carry, not the bundles that virtual links pass on as one. */
int sonde_link_plain(int netns, const char *name);

#endif
