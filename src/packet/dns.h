#ifndef SONDE_PACKET_DNS_H
#define SONDE_PACKET_DNS_H

/* Messages of DNS. Names are compressed: a name may end in a pointer to one further up, RFC 1035
 * section 4.1.4. */

#include "packet/app.h"

/* 255 bytes on the wire, RFC 1035 section 2.3.4; a dot or backslash inside a label takes two. */
enum { SONDE_DNS_NAME_MAX = 512 };

struct sonde_dns_name {
	uint16_t len;
	uint8_t text[SONDE_DNS_NAME_MAX]; /* without the last dot; the root is "." alone. Not yet
					   * escaped for a terminal */
};

/* Reads the name at byte *at of a message, and sets *at behind it. SONDE_STOP_MORE where the bytes
 * run out, SONDE_STOP_MALFORMED for a pointer that does not point backwards, a label above 63 or a
 * name above 255 bytes. */
enum sonde_stop sonde_dns_name(const struct sonde_bytes *message, uint32_t *at,
			       struct sonde_dns_name *ret);

/* RFC 6762 section 18: by its port. */
bool sonde_dns_is_multicast(const struct sonde_udp *udp);

/* What EDNS adds above dns.flags.rcode, RFC 6891 section 6.1.3; 0 where the message says nothing.
 */
uint32_t sonde_dns_upper_rcode(const struct sonde_bytes *message);

struct sonde_reach sonde_dns_tcp_reach(const struct sonde_range *r);

#endif
