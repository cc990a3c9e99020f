#ifndef SONDE_SYS_WAY_H
#define SONDE_SYS_WAY_H

/* How a packet to an address leaves this machine: the interface, who we are there and whom the
 * frame goes to, as the kernel's own routes and neighbours have it (rtnetlink(7)). All of the
 * network namespace that the calling thread is in. Needs no privilege. */

#include <stdbool.h>

#include "base/address.h"

struct sonde_way {
	unsigned index;	   /* of the interface */
	char name[16];	   /* of the interface, "" where none is known */
	uint16_t type;	   /* ARPHRD_ number: 1 Ethernet, 772 loopback, 65534 none ... */
	unsigned link_mtu; /* of the interface */
	unsigned mtu;	   /* of the path, as far as the kernel knows; else link_mtu */
	bool up;	   /* administratively */
	bool carrier;	   /* and packets pass */
	bool loopback;	   /* what is sent comes in here again */
	bool framed;	   /* frames begin with a header of Ethernet; also of the loopback */
	uint8_t mac[6];	   /* our own; of the loopback zeros; only where framed */

	/* Only of a way to an address: */
	uint8_t kind;		      /* RTN_UNICAST, RTN_LOCAL, RTN_BROADCAST, RTN_MULTICAST */
	struct sonde_address source;  /* whom we speak as; family 0: nobody */
	struct sonde_address gateway; /* whom the frame goes to; family 0: to the address itself */
	bool has_next;
	uint8_t next[6]; /* its destination, where has_next */
};

enum {
	SONDE_WAY_NEXT = 1, /* has_next is wanted, and waited for up to a second */
};

/* The way to an address. device: leaves by that interface and no other; NULL: as the routes have
 * it. source: the route of what comes from there; passed over where it is not ours; NULL: the
 * kernel's choice. flags: SONDE_WAY_ bits. 0, or, with way->name set where an interface is to
 *blame:
 *
 *	-ENETUNREACH		there is no route
 *	SONDE_ROUTE_UNREACHABLE, SONDE_ROUTE_PROHIBIT, SONDE_ROUTE_BLACKHOLE, SONDE_ROUTE_THROW
 *				there is one, which refuses
 *	-ENODEV			there is no interface of that name
 *	-ENETDOWN		the interface is down
 *	SONDE_NO_CARRIER	the interface is up, but its cable leads nowhere
 *	-EHOSTUNREACH		nobody answers for the address of the next hop
 *	-errno			as netlink gave it
 */
int sonde_way_find(struct sonde_way *way, const struct sonde_address *to, const char *device,
		   const struct sonde_address *source, unsigned flags);

/* The interface alone, up or not. 0, -ENODEV, -errno. */
int sonde_way_of_device(struct sonde_way *way, const char *name);

/* 1: packets for this address are for this machine, so it may be spoken from; 0: not; -errno. */
int sonde_way_is_ours(const struct sonde_address *a);

#endif
