#ifndef SONDE_SYS_ASTABLE_H
#define SONDE_SYS_ASTABLE_H

/* Numbers of autonomous systems, from a file: nobody is asked. The file is a table in MaxMind's
 * format, version 2, as several publish one of autonomous systems (GeoLite2-ASN, DB-IP ASN Lite;
 * and of IPinfo those that have "asn" and "as_name"). libmaxminddb reads it. */

#include "base/address.h"
#include "base/bytes.h"

struct sonde_astable;

struct sonde_as {
	uint32_t number; /* RFC 6793 */
	uint8_t prefix;	 /* bits of the network that the table has for it in one piece */
	struct sonde_bytes organisation; /* UTF-8 or what the file has there: to be escaped; len 0:
					  * not told. Borrowed from the table */
};

/* The file stays mapped, so it must not be cut while it is open; who updates one puts another in
 * its place. -errno, -ENOMEM, or SONDE_NOT_ASTABLE. */
int sonde_astable_open(struct sonde_astable **ret, const char *file);
struct sonde_astable *sonde_astable_close(struct sonde_astable *t); /* NULL is fine; returns NULL */

/* What the table calls itself, such as "GeoLite2-ASN", to be escaped, and when it was made, seconds
 * since 1970. */
const char *sonde_astable_name(const struct sonde_astable *t, uint64_t *ret_made);

/* 1: *ret is set. 0: the table has no number for this address, which may be of either family; an
 * IPv4 address inside IPv6 (RFC 4291 section 2.5.5.2) is looked for as one of IPv4. SONDE_DAMAGED.
 */
int sonde_astable_find(const struct sonde_astable *t, const struct sonde_address *a,
		       struct sonde_as *ret);

#endif
