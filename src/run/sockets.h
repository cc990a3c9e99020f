#ifndef SONDE_RUN_SOCKETS_H
#define SONDE_RUN_SOCKETS_H

/* The sockets of a measurement, for both versions of IP or one of them. */

#include "probe/method.h"
#include "probe/secret.h"
#include "sys/prober.h"

enum { SONDE_SOCKETS_FDS = 2 * SONDE_PROBER_FDS };

struct sonde_sockets {
	struct sonde_prober *of[2]; /* IPv4, IPv6; NULL: there are none */
	bool asked;		    /* only one of them was asked for */
};

/* What does not depend on the version is taken from plan; family: AF_INET, AF_INET6, or 0 for both.
 * Fills in what looks have from the sockets, and the secret of the run. 0 where at least one could
 * be opened; else why the first could not. */
int sonde_sockets_open(struct sonde_sockets *s, const struct sonde_prober_plan *plan,
		       uint16_t family, struct sonde_method_look look[static 2],
		       struct sonde_secret *ret_secret);

/* Fine of what is zero. */
void sonde_sockets_close(struct sonde_sockets *s);

/* That of this address, or NULL. */
struct sonde_prober *sonde_sockets_for(const struct sonde_sockets *s,
				       const struct sonde_address *a);

/* As sonde_prober_mode, of the first. */
const char *sonde_sockets_mode(const struct sonde_sockets *s);

void sonde_sockets_flush(struct sonde_sockets *s, sonde_prober_hear hear, void *arg);

/* True: there may be more. */
bool sonde_sockets_recv(struct sonde_sockets *s, sonde_prober_hear hear, void *arg);

/* Returns how many, at most SONDE_SOCKETS_FDS. */
unsigned sonde_sockets_fds(const struct sonde_sockets *s, struct pollfd *ret);

uint64_t sonde_sockets_dropped(const struct sonde_sockets *s);

#endif
