#ifndef SONDE_PROBE_BLOCK_H
#define SONDE_PROBE_BLOCK_H

/* Addresses that lie side by side, as one word names them:
 *
 *	192.0.2.0/24                 all but the first and the last, as fping -g has it
 *	192.0.2.7/31, /32            both, one
 *	192.0.2.5-192.0.2.9          from there to there
 *	2001:db8::/120               all of them
 */

#include <stdbool.h>

#include "base/address.h"

enum { SONDE_BLOCK_MOST = 1 << 20 }; /* addresses */

struct sonde_block {
	struct sonde_address first;
	uint64_t n;
};

/* 1: it is a prefix or a range; 0: it is neither, so a name or an address alone; -EINVAL: a prefix
 * or range that is wrong; -E2BIG: of more than SONDE_BLOCK_MOST addresses. */
int sonde_block_parse(const char *word, struct sonde_block *ret);

/* The i-th, from 0. */
struct sonde_address sonde_block_at(const struct sonde_block *b, uint64_t i);

#endif
