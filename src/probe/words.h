#ifndef SONDE_PROBE_WORDS_H
#define SONDE_PROBE_WORDS_H

/* Errors of ICMP and ICMPv6 in the words that people know from ping, and the marks they know from
 * traceroute. */

#include <stdint.h>

/* "Destination Host Unreachable", for a type and code of family AF_INET or AF_INET6. Static, never
 * NULL. RFC 792, RFC 1812 section 5.2.7, RFC 4443 section 3. */
const char *sonde_words_of_error(uint16_t family, uint8_t type, uint8_t code);

enum { SONDE_WORDS_MARK = 16 };

/* What traceroute(8) prints behind the time: "!H", "!X", "!F-1400" (without a number where mtu is
 * 0), "!<13>" for a code of unreachable that it has no letter for, "!<12-0>" for another error; ""
 * where a hop or the target answered as it should: time exceeded on the way, port unreachable. Of
 * family AF_INET or AF_INET6. Returns buf. */
const char *sonde_words_mark(uint16_t family, uint8_t type, uint8_t code, uint32_t mtu,
			     char buf[static SONDE_WORDS_MARK]);

#endif
