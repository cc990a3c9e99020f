#ifndef SONDE_PACKET_MOLD_H
#define SONDE_PACKET_MOLD_H

/* Many packets of one kind, fast: the bytes that never change are written once, and each turn puts
 * in those that do and the checksums over them, RFC 1624. How a checksum depends on a field is not
 * known here but found: by encoding the packet again with another value. What was found is tried
 * before it is used, so that the bytes are those of sonde_craft_encode, or there is no mold. */

#include "packet/craft.h"

struct sonde_mold {
	const struct sonde_craft *craft; /* borrowed */
	uint64_t seed;
	uint8_t *byte; /* len of them: a packet in which all that varies is 0, sums too */
	uint32_t len;
	unsigned patches, sums;
	struct sonde_mold_patch *patch;
	struct sonde_mold_sum *sum;
};

/* 0, or SONDE_NO_MOLD: the packets of this craft differ in more than fields and Internet checksums
 * (lengths, random bytes, fragments, CRC32c, names that a script has learned); or as
 * sonde_craft_encode. What the mold needs is in the arena. */
int sonde_mold_make(struct sonde_mold *m, const struct sonde_craft *c, uint64_t seed,
		    struct sonde_arena *a);

/* The packet of turn n into a buffer of at least m->len bytes; returns m->len. Turns may come in
 * any order; one after the other they are fastest. */
uint32_t sonde_mold_next(struct sonde_mold *m, uint64_t n, uint8_t *buf);

#endif
