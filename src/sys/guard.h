#ifndef SONDE_SYS_GUARD_H
#define SONDE_SYS_GUARD_H

/* The kernel knows nothing of a TCP connection that is crafted, and resets it as soon as the peer
 * answers (RFC 9293 section 3.10.7.1). A guard keeps these resets back: a table of nftables that is
 * owned by this process, so that it is gone whenever the process is, however that ends; and that
 * nobody else can change. Resets that are crafted pass: they have the mark, or leave by a packet
 * socket. Needs CAP_NET_ADMIN, only at open. */

#include <stddef.h>

#include "base/address.h"

enum { SONDE_GUARD_MARK = 0x736e6465, SONDE_GUARD_ENDS = 64 };

struct sonde_guard_end {	       /* of a connection; both of one family */
	struct sonde_address from, to; /* port 0: all ports; the any address: all */
};

struct sonde_guard;

/* Up to SONDE_GUARD_ENDS of them, in the network namespace that we are in. 0; -EPERM; SONDE_RULES:
 * this kernel cannot have the rules; -ENOMEM, -E2BIG, -errno. */
int sonde_guard_open(struct sonde_guard **ret, const struct sonde_guard_end *end, size_t n);

/* NULL is fine; returns NULL. */
struct sonde_guard *sonde_guard_close(struct sonde_guard *g);

#endif
