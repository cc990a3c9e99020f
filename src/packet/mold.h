#ifndef SONDE_PACKET_MOLD_H
#define SONDE_PACKET_MOLD_H

/* Many packets of one kind, fast: the bytes that never change are there from the start, and each
 * turn puts in the fields that do, and the checksums over them, as RFC 1624 does. What a field
 * counts in a checksum is not known here but found, by encoding the packet again with another
 * value. What was found is tried before it is used: the bytes are those of sonde_craft_encode, or
 * there is no mold. */

#include "packet/craft.h"

enum { SONDE_MOLD_PATCHES = 32, SONDE_MOLD_SUMS = 16 };

struct sonde_mold_patch { /* a field that varies */
	const struct sonde_craft_value *value;
	const struct sonde_row *row;
	uint32_t at;			  /* of the header or option that it is in, bytes */
	bool counted;			  /* by a dial that nothing else is behind: */
	uint64_t dial;			  /* positions of it */
	uint32_t factor[SONDE_MOLD_SUMS]; /* of the value in each sum, modulo 65535 */
};

struct sonde_mold_sum { /* a checksum that depends on them */
	uint32_t at;	/* of its 16 bits, bytes */
	uint32_t base;	/* what it holds where all of them are 0, modulo 65535 */
};

struct sonde_mold {
	const struct sonde_craft *craft; /* borrowed */
	uint64_t seed;
	uint8_t *byte; /* len of them: the packet with 0 in all that varies */
	uint32_t len;
	unsigned patches, sums;
	struct sonde_mold_patch patch[SONDE_MOLD_PATCHES];
	struct sonde_mold_sum sum[SONDE_MOLD_SUMS];
};

/* 0; SONDE_NO_MOLD: the packets differ in more than fields and Internet checksums (lengths, keys,
 * random bytes, fragments, CRC32c, names that a script has learned); or as sonde_craft_encode. The
 * mold keeps its bytes in the arena. */
int sonde_mold_make(struct sonde_mold *m, const struct sonde_craft *c, uint64_t seed,
		    struct sonde_arena *a);

/* The packet of turn n, into a buffer of at least m->len bytes. Returns m->len. */
uint32_t sonde_mold_put(const struct sonde_mold *m, uint64_t n, uint8_t *buf);

#endif
