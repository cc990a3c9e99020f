#ifndef SONDE_RUN_FILL_H
#define SONDE_RUN_FILL_H

/* What the text of a packet did not say and the machine knows: by which interface and from which
 * address it leaves, the hardware addresses of both ends, a source port that nobody else has. What
 * is left to chance follows from the seed. And which socket sends it just so: a raw socket (raw(7))
 * writes length, checksum, and an identification or source of 0 of IPv4 by itself, and firewalls
 * here put fragments together, so what has these as it wants leaves by a packet socket (packet(7)).
 *
 *	sonde_craft_parse(&c, ...);
 *	r = sonde_fill_make(&fill, c, &plan);	below 0: fill.wrong is a sentence
 *	... sonde_craft_encode(c, ...)		now gives what is to be sent
 *	sonde_fill_done(&fill);			after the last answer
 */

#include "base/address.h"
#include "packet/craft.h"

struct sonde_fill_plan {
	const char *link;   /* why it leaves by a packet socket where that is as good; NULL */
	bool must;	    /* ... and by nothing else */
	const char *device; /* it leaves by this interface; NULL: by the route's */
	uint64_t seed;	    /* of identifications, sequence numbers and ports */
	const struct sonde_craft_vars *vars; /* $names that are known; NULL: none */
	bool repeated; /* several are sent: those that nothing else tells apart are counted by their
			* identification and sequence number */
	bool dry;      /* nobody on the link is asked: an address that is not known stays 0 */
	bool apart; /* it is not sent: the machine is not asked, and what only it knows stays 0 */
};

struct sonde_fill {
	bool link;	   /* by a packet socket on the device, else by a raw socket */
	const char *why;   /* by a packet socket: "the IPv4 checksum is pinned"; static, or NULL */
	char device[16];   /* by which it leaves; "" apart */
	uint32_t ifindex;  /* of that */
	uint32_t mtu;	   /* the longest packet of IP that goes there, bytes; 0: not known */
	uint32_t len;	   /* bytes of the first packet */
	uint16_t linktype; /* LINKTYPE_ number of the packets as encode makes them */
	bool loopback;	   /* the device is */
	bool deaf;	   /* this machine takes no packet of IPv4 that comes so from itself */
	bool spoofed;	   /* src is no address of this machine, or varies */
	bool varied_dst;   /* dst varies */
	struct sonde_address src, dst; /* of the first packet's outermost IP or ARP, the port that
					* of the transport on it, or 0; family 0: it has none */
	int held;	 /* the socket that keeps the source port from others; -1: none */
	char wrong[400]; /* why not, a sentence without a full stop */
};

/* Fills in whatever was not said, of the outermost headers up to the first that is quoted. The
 * device and the way are asked for once, by the first packet: -ENETUNREACH no route, -EHOSTUNREACH
 * no neighbour, -ENETDOWN, -ENODEV, -EMSGSIZE longer than the link allows and no frag(),
 * -EDESTADDRREQ it says not where to, SONDE_NO_SPACE, SONDE_TOO_WIDE; in each case ret->wrong says
 * more. */
int sonde_fill_make(struct sonde_fill *ret, struct sonde_craft *c,
		    const struct sonde_fill_plan *plan);

/* Gives back the port. */
void sonde_fill_done(struct sonde_fill *f);

#endif
