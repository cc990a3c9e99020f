#ifndef SONDE_PROBE_HARMLESS_H
#define SONDE_PROBE_HARMLESS_H

/* Who is asked without harm to strangers. */

#include "base/address.h"

/* Whether the address belongs to this machine, this link or a network of one's own, or to nobody:
 * this host and loopback (RFC 1122 section 3.2.1.3, RFC 4291 section 2.5), private (RFC 1918),
 * shared (RFC 6598), link-local (RFC 3927, RFC 4291 section 2.5.6), unique local (RFC 4193),
 * documentation (RFC 5737, RFC 3849, RFC 9637), benchmarking (RFC 2544, RFC 5180), the limited
 * broadcast (RFC 919 section 7), and multicast that no router passes on further than the site (RFC
 * 5771 section 4, RFC 2365 section 6, RFC 4291 section 2.7). An IPv4 address inside of one of IPv6
 * (RFC 4291 section 2.5.5.2) is that address. Family 0: false. */
bool sonde_address_is_local(const struct sonde_address *a);

#endif
