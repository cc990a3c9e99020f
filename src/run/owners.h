#ifndef SONDE_RUN_OWNERS_H
#define SONDE_RUN_OWNERS_H

/* Whose packet it is: a table of what the sockets of the whole machine told, filled by the tracer
 * as it happens where BPF is allowed, so that a socket that lived for milliseconds is known too;
 * else, and for what was missed, by asking the kernel's socket diagnosis and /proc when a packet
 * comes whose owner is not known, four times a second at most. */

#include <stdbool.h>

#include "base/event.h"
#include "packet/tuple.h"
#include "sys/diag.h"
#include "sys/tracer.h"

enum sonde_owner_how {
	SONDE_OWNER_EXACT, /* events of the socket itself, with both ends of the packet */
	SONDE_OWNER_PORT,  /* events: a socket that has this port, with no other end or any */
	SONDE_OWNER_LATER, /* asked for once the packet was seen: both ends fit */
	SONDE_OWNER_LATER_PORT,
};

struct sonde_owner {
	uint32_t pid, tid; /* tid 0: not known */
	char comm[16];	   /* NUL-padded; "": not known */
	uint8_t how;	   /* enum sonde_owner_how */
};

struct sonde_owners;

enum { SONDE_OWNERS_ENDS = 2, SONDE_OWNERS_NAMESPACES = 64 };

/* netns: descriptors of the namespaces that packets come from, -1 the one we are in; borrowed until
 * this returns. *ret_why: the reason for which there is no BPF, or 0. 0, -ENOMEM. */
int sonde_owners_open(struct sonde_owners **ret, const int *netns, size_t n, int *ret_why);

/* Takes in what has happened; what is older than this, on CLOCK_MONOTONIC, is complete. */
sonde_ns sonde_owners_read(struct sonde_owners *o);

/* ms until it must be read again. */
int sonde_owners_patience(const struct sonde_owners *o);

/* The owners of the packet's ends that are on this machine, the sender first: how many. netns is
 * the inode; when is of CLOCK_MONOTONIC. */
unsigned sonde_owners_find(struct sonde_owners *o, const struct sonde_tuple *t, uint32_t netns,
			   uint8_t dir, sonde_ns when, struct sonde_owner ret[SONDE_OWNERS_ENDS]);

/* What its last exec told, as long as that is known; NULL. */
const char *sonde_owners_path(const struct sonde_owners *o, uint32_t pid);

uint64_t sonde_owners_lost(const struct sonde_owners *o); /* events */

/* NULL is fine; returns NULL. */
struct sonde_owners *sonde_owners_close(struct sonde_owners *o);

#endif
