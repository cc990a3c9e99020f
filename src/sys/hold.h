#ifndef SONDE_SYS_HOLD_H
#define SONDE_SYS_HOLD_H

/* A port that no other program gets as long as we have it: a socket that is bound to it and does
 * nothing else. To TCP the kernel then answers as if nobody had it; of UDP it takes what comes. */

#include "base/address.h"

/* protocol: IPPROTO_TCP or IPPROTO_UDP. at->port is the one that is wanted. A descriptor, or
 * -errno: -EADDRINUSE: somebody has it; -EADDRNOTAVAIL: the address is not ours. */
int sonde_hold_port(int protocol, const struct sonde_address *at);

#endif
