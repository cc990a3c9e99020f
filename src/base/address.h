#ifndef SONDE_BASE_ADDRESS_H
#define SONDE_BASE_ADDRESS_H

/* An internet address with its port. Unix addresses are bytes and stay bytes (event.h). */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct sonde_address {
	uint16_t family; /* AF_INET, AF_INET6, or 0: not known */
	uint16_t port;	 /* host order; 0: none yet */
	uint32_t scope;	 /* interface index of a link-local address, else 0 */
	uint8_t ip[16];	 /* network order; an IPv4 address is the first four bytes */
};

static inline bool sonde_address_equal(const struct sonde_address *a, const struct sonde_address *b)
{
	return a->family == b->family && a->port == b->port && !memcmp(a->ip, b->ip, 16);
}

static inline bool sonde_address_is_any(const struct sonde_address *a)
{
	static const uint8_t zero[16];

	return !memcmp(a->ip, zero, 16);
}

#endif
