#ifndef SONDE_SYS_BATCH_H
#define SONDE_SYS_BATCH_H

/* Many changes to the interfaces, addresses and routes of one namespace, put to the kernel in one
 * message: rtnetlink(7), RFC 3549 section 3.1. Nothing is done before sonde_batch_send. Interfaces
 * are named by their numbers. Needs CAP_NET_ADMIN in the namespace.
 *
 *	sonde_batch_open(&b, netns);
 *	sonde_batch_pair(b, &here, &there, other_netns);
 *	sonde_batch_up(b, index);
 *	sonde_batch_address(b, index, &address, 24);
 *	r = sonde_batch_send(b);
 */

#include <stdbool.h>

#include "base/address.h"

struct sonde_batch;

struct sonde_batch_port {
	const char *name;
	unsigned index; /* its number in its namespace; 0: the kernel chooses */
	uint8_t mac[6]; /* all zero: the kernel chooses */
	unsigned mtu;	/* 0: 1500 */
};

enum { SONDE_BATCH_HOPS = 16 };

struct sonde_batch_route {
	struct sonde_address to;
	unsigned prefix; /* bits of it */
	uint8_t kind;	 /* RTN_UNREACHABLE, RTN_PROHIBIT, RTN_BLACKHOLE; 0: by the hops */
	unsigned hops;	 /* taken by flow, each as often */
	struct {
		unsigned index;
		struct sonde_address via;
	} hop[SONDE_BATCH_HOPS];
};

/* netns stays the caller's; -1: the one that the calling thread is in. 0 or -errno. */
int sonde_batch_open(struct sonde_batch **ret, int netns);

/* A cable with one end here and one in another namespace, whose descriptor must stay open until the
 * batch is sent. Both ends are down at first. */
void sonde_batch_pair(struct sonde_batch *b, const struct sonde_batch_port *here,
		      const struct sonde_batch_port *there, int netns);

void sonde_batch_up(struct sonde_batch *b, unsigned index);

/* Without asking whether somebody else has it (RFC 4862 section 5.4). */
void sonde_batch_address(struct sonde_batch *b, unsigned index, const struct sonde_address *a,
			 unsigned prefix);

void sonde_batch_route(struct sonde_batch *b, const struct sonde_batch_route *r);

/* Known for good, so that nobody asks for it by ARP or neighbour discovery. */
void sonde_batch_neighbour(struct sonde_batch *b, unsigned index, const struct sonde_address *a,
			   const uint8_t mac[6]);

/* Puts what was gathered to the kernel and forgets it. 0, or -errno of the first that failed; those
 * behind it were tried too. */
int sonde_batch_send(struct sonde_batch *b);

/* What the kernel said of the failure, as "Nexthop has invalid gateway", or "". Lives until the
 * next send. */
const char *sonde_batch_said(const struct sonde_batch *b);

/* The number of the interface of that name, or -errno. Done at once. */
int sonde_batch_index(struct sonde_batch *b, const char *name);

/* Makes an interface that is up ready at once, and what crosses it what a wire would carry
 * (sonde_link_carrier, sonde_link_plain). 0 or -errno. */
int sonde_batch_settle(struct sonde_batch *b, const char *name);

/* Waits until the namespace takes packets for this address; a work queue of the kernel sees to that
 * for IPv6. 0; -ETIMEDOUT after a second; -errno. */
int sonde_batch_wait(struct sonde_batch *b, const struct sonde_address *a);

/* NULL is fine; returns NULL. */
struct sonde_batch *sonde_batch_close(struct sonde_batch *b);

#endif
