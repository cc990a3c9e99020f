#ifndef SONDE_LIFE_INDEX_H
#define SONDE_LIFE_INDEX_H

/* Numbers to pointers, by one probe or few. Keys are numbers of the kernel or hashes; 0 is no key.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct sonde_index {
	struct sonde_index_slot *at;	/* zero at first */
	struct sonde_index_slot *spare; /* the place it had before, of the same size, or NULL */
	size_t used, room;		/* room: a power of two */
};

/* NULL where the key is unknown, 0, or was put with NULL. */
void *sonde_index_get(const struct sonde_index *x, uint64_t key);

/* One value per key: a new one takes the place of the old. NULL takes it out. */
void sonde_index_put(struct sonde_index *x, struct sonde_arena *a, uint64_t key, void *value);

/* 64 well mixed bits of some bytes, never 0; to be chained over several pieces by seed. */
uint64_t sonde_index_hash(uint64_t seed, const void *at, size_t len);

#endif
