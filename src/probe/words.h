#ifndef SONDE_PROBE_WORDS_H
#define SONDE_PROBE_WORDS_H

/* Errors of ICMP and ICMPv6 in the words that people know from ping. */

#include <stdint.h>

/* "Destination Host Unreachable", for a type and code of family AF_INET or AF_INET6. Static, never
 * NULL. RFC 792, RFC 1812 section 5.2.7, RFC 4443 section 3. */
const char *sonde_words_of_error(uint16_t family, uint8_t type, uint8_t code);

#endif
