#ifndef SONDE_SYS_GUARD_H
#define SONDE_SYS_GUARD_H

/* Keeps the kernel from resetting a connection that it knows nothing of, since somebody crafts it
 * (RFC 9293 section 3.5.2): resets that the kernel makes from guarded ports are dropped on their
 * way out. Those that a program sends by a raw or packet socket pass. The rules are a table of
 * nftables that this process owns: it is gone whenever the process is, and nobody else can change
 * it. Of the network namespace that the calling thread is in. */

#include "base/address.h"
#include "base/text.h"

struct sonde_guard;

/* A table without a rule yet. -EPERM: CAP_NET_ADMIN is missing; SONDE_RULES: the kernel has no
 * nftables, or none with owners; -errno. */
int sonde_guard_open(struct sonde_guard **ret);

/* Guards local, whose port is set. remote: resets to there only; NULL, or without a port: to that
 * address, or to anybody. Needs CAP_NET_ADMIN still. 0; -EINVAL: the two are of different families,
 * or there is no port; SONDE_RULES; -errno. */
int sonde_guard_add(struct sonde_guard *g, const struct sonde_address *local,
		    const struct sonde_address *remote);

/* A sentence of what is guarded, without a full stop: "the kernel's resets from 10.0.0.1 port 4000
 * to 10.0.0.2 port 80 are dropped until this run ends (nftables table inet sonde-guard-4711)". */
void sonde_guard_say(const struct sonde_guard *g, struct sonde_text *t);

/* Takes the table away. NULL is fine; returns NULL. */
struct sonde_guard *sonde_guard_close(struct sonde_guard *g);

#endif
