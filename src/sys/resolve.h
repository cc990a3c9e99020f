#ifndef SONDE_SYS_RESOLVE_H
#define SONDE_SYS_RESOLVE_H

/* Names to addresses, as this machine is set up to do it (getaddrinfo(3)). Waits. */

#include "base/address.h"

/* The first address of this family, 0 for whichever comes first. NULL, or why there is none, a
 * phrase such as "Name or service not known"; static. "fe80::1%eth0" has its scope. */
const char *sonde_resolve(const char *name, uint16_t family, struct sonde_address *ret);

#endif
