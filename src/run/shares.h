#ifndef SONDE_RUN_SHARES_H
#define SONDE_RUN_SHARES_H

/* A sweep as fast as the machine is: on the loopback and on quick links the kernel's work for each
 * packet takes most of the time, and it is done by whoever sends. So each further processor has a
 * share of the targets, with an engine, sockets and a secret of its own; the first share is the
 * caller's. When all are through, the first engine knows of all targets.
 */

#include "probe/ping.h"
#include "run/drive.h"
#include "run/sockets.h"

enum { SONDE_SHARES_FROM = 4096 }; /* targets; fewer are the caller's alone */

struct sonde_shares;

/* Sockets for every further processor, as sonde_sockets_open. *ret NULL: there is none. */
int sonde_shares_open(struct sonde_shares **ret, const struct sonde_prober_plan *plan,
		      uint16_t family, const struct sonde_method_look look[static 2]);

struct sonde_shares_begin {
	const struct sonde_given *given; /* all of them, as first was given */
	sonde_ns now, real;
};

/* Divides the targets of first, which has just been opened and is driven by l, and begins with all
 * shares but that. What is told is told to l's report, one at a time. */
void sonde_shares_begin(struct sonde_shares *s, struct sonde_ping *first, struct sonde_drive *l,
			const struct sonde_shares_begin *b);

/* Waits for the others, and makes first know what they know; where first was ended, they end.
 * Returns how many answers the kernel dropped that were theirs. */
uint64_t sonde_shares_join(struct sonde_shares *s, struct sonde_ping *first);

/* After the last use of first. NULL is fine; returns NULL. */
struct sonde_shares *sonde_shares_close(struct sonde_shares *s);

#endif
