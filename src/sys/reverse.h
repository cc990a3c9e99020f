#ifndef SONDE_SYS_REVERSE_H
#define SONDE_SYS_REVERSE_H

/* Names of addresses, without waiting for them: from /etc/hosts, and then from the name servers of
 * the machine, both as far as nsswitch.conf(5) has them, as c-ares reads all three. Who wants a
 *name asks whenever it prints, and is told what is known by then:
 *
 *	sonde_reverse_ask(r, &hop, &name) == SONDE_REVERSE_NAMED
 *	n = sonde_reverse_fds(r, fds, SONDE_REVERSE_FDS);
 *	sonde_sleep_for(fds, n, sonde_reverse_until(r, now) - now);
 *	sonde_reverse_recv(r);
 *
 * No call waits for the network, whatever a server does or leaves undone. */

#include <poll.h>

#include "base/address.h"
#include "base/time.h"

enum {
	SONDE_REVERSE_FDS = 16,
	SONDE_REVERSE_MOST = 4096, /* addresses remembered; the oldest make room for others */
	SONDE_REVERSE_FLYING = 64, /* questions out at a time; others follow them */
	SONDE_REVERSE_NAME = 255,  /* bytes; RFC 1035 section 2.3.4 */
};

struct sonde_reverse_plan {    /* 0: the usual */
	const char *servers;   /* "192.0.2.1:53,[2001:db8::1]:53"; NULL: those of the machine */
	sonde_ns patience;     /* for one try of one server; 2 s */
	unsigned tries;	       /* of each server; 2 */
	sonde_ns keep;	       /* how long a name, or that there is none, is remembered; 1 h */
	sonde_ns keep_failure; /* the same where nobody answered; 60 s */
};

enum sonde_reverse_is {
	SONDE_REVERSE_WAITING, /* asked, not answered yet */
	SONDE_REVERSE_NAMED,
	SONDE_REVERSE_NAMELESS, /* a server says that there is none */
	SONDE_REVERSE_FAILED,	/* no server answered, or none with sense */
};

struct sonde_reverse;

/* -ENOMEM, -EINVAL: servers is no list of addresses; -EIO: c-ares does not start. */
int sonde_reverse_open(struct sonde_reverse **ret, const struct sonde_reverse_plan *plan);
/* What was asked and not answered is forgotten. NULL is fine; returns NULL. */
struct sonde_reverse *sonde_reverse_close(struct sonde_reverse *r);

/* Asks for the name of an address of either family, unless that is known or being asked already;
 * port and scope do not matter. *ret_name, where it is SONDE_REVERSE_NAMED: bytes from the network,
 * ended by NUL and to be escaped; borrowed until the next call of anything here. */
enum sonde_reverse_is sonde_reverse_ask(struct sonde_reverse *r, const struct sonde_address *a,
					const char **ret_name);

/* How many questions are not answered yet. */
unsigned sonde_reverse_waiting(const struct sonde_reverse *r);

/* Descriptors to wait for, at most SONDE_REVERSE_FDS, and CLOCK_MONOTONIC of the moment to call
 * recv at the latest; UINT64_MAX: there is nothing to wait for. */
unsigned sonde_reverse_fds(struct sonde_reverse *r, struct pollfd fds[static SONDE_REVERSE_FDS]);
sonde_ns sonde_reverse_until(struct sonde_reverse *r, sonde_ns now);

/* Takes what came and gives up what took too long. How many questions it settled. */
unsigned sonde_reverse_recv(struct sonde_reverse *r);

#endif
