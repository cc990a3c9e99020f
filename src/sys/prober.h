#ifndef SONDE_SYS_PROBER_H
#define SONDE_SYS_PROBER_H

/* The sockets of a measurement, for one version of IP: probes go out in batches, and what comes
 * back, with the kernel's stamps, comes as arrivals (base/arrival.h).
 *
 *              with CAP_NET_RAW                       without
 *   ICMP       a raw socket                           a ping socket, if
 *                                                     net.ipv4.ping_group_range allows it
 *   UDP        a raw socket, a port that is kept,     a UDP socket and its error queue
 *              and a raw socket for ICMP errors
 *   TCP        the same                               not at all
 *   neighbour  a packet socket for ARP, a raw one     not at all
 *              for neighbour solicitation
 *
 * A filter in the kernel drops whatever does not carry our identifier, so that a flood of other
 * packets costs nothing here. Stamps of packets that leave come from the error queue: they are the
 * driver's moment, behind the queue and the search for the neighbour. */

#include <poll.h>
#include <stdbool.h>

#include "base/arrival.h"
#include "base/step.h"

enum { SONDE_PROBER_BATCH = 64, SONDE_PROBER_FDS = 2, SONDE_PROBER_GATES = 8 };

struct sonde_prober_plan {
	uint16_t family;    /* AF_INET or AF_INET6 */
	uint8_t protocol;   /* IPPROTO_ICMP for both versions, IPPROTO_UDP, IPPROTO_TCP */
	bool neighbour;	    /* instead of that: ARP, or neighbour solicitation; needs a device */
	uint16_t ident;	    /* for a raw ICMP socket; random, from the caller */
	uint16_t flows;	    /* of TCP: so many source ports; 0 is one */
	const char *device; /* leave by this interface; NULL: as the routes say */
	struct sonde_address source; /* family 0: as the routes say */
	int ttl, tos;		     /* -1: the kernel's own */
	int discover;		     /* IP_PMTUDISC_ number; -1: the kernel's own */
	int64_t mark;		     /* -1: none; needs CAP_NET_ADMIN or CAP_NET_RAW */
	uint32_t most;		     /* bytes of the longest answer */
	bool stamps;		     /* ask for stamps of what leaves */
	bool split;		     /* and of its coming to the device's queue */
	bool broadcast;		     /* to an address of a whole network, too */
	bool record_route;	     /* of IPv4, RFC 791 section 3.1 */
	uint8_t gates; /* routers to go through, of IPv4, likewise: loose source routing */
	uint8_t gate[SONDE_PROBER_GATES][4];
};

struct sonde_prober;

/* 0; -EPERM or -EACCES: neither way is allowed; -ENODEV, -EADDRNOTAVAIL: device or source is not
 * there; -EAFNOSUPPORT: this kernel has no such version of IP; or -errno. */
int sonde_prober_open(struct sonde_prober **ret, const struct sonde_prober_plan *plan);

/* The kernel begins to stamp what comes a moment after the first socket asks for it: waits that
 * moment. Once, when all are open. */
void sonde_prober_await_stamps(void);

/* NULL is fine; returns NULL. */
struct sonde_prober *sonde_prober_close(struct sonde_prober *p);

/* What marks our probes: ICMP identifier or source port. Host order. */
uint16_t sonde_prober_ident(const struct sonde_prober *p);

/* "raw socket", "ping socket", "udp socket", "packet socket". Static. */
const char *sonde_prober_mode(const struct sonde_prober *p);

/* The link address of the device; zeros unless plan->neighbour. */
const uint8_t *sonde_prober_mac(const struct sonde_prober *p);

/* The address that packets to there would come from: 0, or -errno, such as -ENETUNREACH. */
int sonde_prober_source(const struct sonde_prober *p, const struct sonde_address *to,
			struct sonde_address *ret);

/* Whether this is an address of a whole network, and plan->broadcast does not allow it. */
bool sonde_prober_lacks_broadcast(const struct sonde_prober *p, const struct sonde_address *to);

/* Readiness of these wakes whoever waits for answers. Returns how many, at most
 * SONDE_PROBER_FDS. */
unsigned sonde_prober_fds(const struct sonde_prober *p, struct pollfd *ret);

typedef void (*sonde_prober_hear)(void *arg, const struct sonde_arrival *a);

/* Takes a SEND step; its bytes are copied. The packet leaves with the next flush, or with this call
 * if the batch is full. hear is told what did not leave, and where there are no stamps that it did.
 */
void sonde_prober_put(struct sonde_prober *p, const struct sonde_step *s, sonde_prober_hear hear,
		      void *arg);
void sonde_prober_flush(struct sonde_prober *p, sonde_prober_hear hear, void *arg);

/* What has come: stamps first, then the answers. Does not wait. True: there may be more. */
bool sonde_prober_recv(struct sonde_prober *p, sonde_prober_hear hear, void *arg);

/* Answers that the kernel dropped because we did not take them in time, or, other than of ICMP over
 * IPv4, for their checksum: it counts these as one. */
uint64_t sonde_prober_dropped(const struct sonde_prober *p);

#endif
