#ifndef SONDE_SYS_LINK_H
#define SONDE_SYS_LINK_H

/* Network interfaces inside namespaces (sys/netns.h), over rtnetlink(7). Each function returns 0 or
 * more, or -errno as the kernel gave it: -EEXIST, -ENODEV, -EPERM ... Needs CAP_NET_ADMIN there. */

#include "base/address.h"

/* A cable: two interfaces, each of which receives what the other one sends. They go when either
 * namespace goes. Both are down at first. */
int sonde_link_pair(int netns_a, const char *name_a, int netns_b, const char *name_b);

int sonde_link_up(int netns, const char *name);

/* 1: both ends are up and packets pass from now on; 0: the other end is down. The kernel makes an
 * end ready some time after the other one came up, and until then drops what is sent; asking has it
 * done at once. */
int sonde_link_carrier(int netns, const char *name);

/* Addresses of the network (the first prefix bits of the address) are reached through it. Packets
 * for the address are taken when this returns, if the link is up. That nobody else has it is for
 * the caller to know: nothing is asked. */
int sonde_link_add_address(int netns, const char *name, const struct sonde_address *a,
			   unsigned prefix);

/* What the program sends is what crosses the cable: checksums filled in, and segments of the size
 * that a real wire would carry, not the bundles that virtual links pass on as one. */
int sonde_link_plain(int netns, const char *name);

#endif
