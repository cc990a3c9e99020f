#ifndef SONDE_SYS_WAY_H
#define SONDE_SYS_WAY_H

/* How a packet to an address leaves the network namespace that the caller is in: what the kernel's
 * tables of routes, links and neighbours say (rtnetlink(7)). */

#include "base/address.h"

struct sonde_way {
	char device[16];
	uint32_t ifindex;
	uint16_t hatype; /* ARPHRD_ number */
	uint32_t mtu;	 /* the route's, else the link's; bytes from IP on */
	bool loopback;
	uint8_t mac[6];		      /* ours; 0 where the link has none */
	struct sonde_address source;  /* ours, that the kernel would take; family 0: none */
	struct sonde_address gateway; /* family 0: it is on the link itself */
	bool has_neighbour;	      /* neighbour is known: */
	uint8_t neighbour[6];
};

enum {				/* flags: its hardware address is wanted, ... */
       SONDE_WAY_NEIGHBOUR = 1, /* asked for, and waited for up to a second */
       SONDE_WAY_KNOWN = 2,	/* if it is known: nobody is asked */
};

/* device, source: NULL for any. 0; -ENETUNREACH: no route, or one that says unreachable; -EACCES: a
 * route that prohibits; -EINVAL: a blackhole; -ENETDOWN: the interface is down; -ENODEV: there is
 * none of this name; -EHOSTUNREACH: the neighbour does not answer, and *ret holds the rest; -errno.
 */
int sonde_way_find(struct sonde_way *ret, const struct sonde_address *to, const char *device,
		   const struct sonde_address *source, unsigned flags);

/* The same of an interface, whoever it goes to: without source, gateway and neighbour. */
int sonde_way_of_device(struct sonde_way *ret, const char *name);

/* 1: the address is one of this namespace's, 0: it is not; -errno. */
int sonde_way_is_ours(const struct sonde_address *a);

#endif
