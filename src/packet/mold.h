#ifndef SONDE_PACKET_MOLD_H
#define SONDE_PACKET_MOLD_H

/* Packets that differ in a few fields, made fast: the bytes of one, and for each field that varies
 * where it lies and what it counts in which checksums. That is not reasoned out but found, by
 * encoding the packet with other values (RFC 1071 section 2, RFC 1624), and then tried with many
 * more; where it does not hold, as with a CRC, there is no mold, and each packet is encoded by
 * itself. */

#include "packet/craft.h"

struct sonde_mold;

/* All of it lives in the arena; c has to outlive it. room: of most bytes, for the while. NULL: the
 * packet does not vary so. */
struct sonde_mold *sonde_mold_make(const struct sonde_craft *c, uint64_t seed, uint8_t *room,
				   uint32_t most, struct sonde_arena *a);

/* Bytes of each packet. */
uint32_t sonde_mold_length(const struct sonde_mold *m);

/* The packet of the n-th turn, as sonde_craft_encode would make it. to holds so many bytes. */
void sonde_mold_cast(const struct sonde_mold *m, uint64_t n, uint8_t *to);

#endif
