#ifndef SONDE_PACKET_ALTER_H
#define SONDE_PACKET_ALTER_H

/* Fields of a packet that is there, set anew: 'ip.dst=10.0.0.2', by the names of `sonde fields`,
 * with the values of the crafting language (craft.h). Lengths, keys and sums that were right are
 * right again, and what was wrong stays as it is. What a packet only quotes is left alone. */

#include "packet/craft.h"

struct sonde_alter {
	struct sonde_craft *craft; /* a step for each field; NULL: there are none */
};

/* Reads one assignment more; text is borrowed. All zero before the first. False, and *ret_error is
 * set, where it is not understood, or there are too many. */
bool sonde_alter_parse(struct sonde_alter *a, struct sonde_arena *arena, const char *text,
		       struct sonde_craft_error *ret_error);

/* Writes the packet, with the values of this turn, to p->len bytes at to. What the device was to
 * fill in (p->told) is filled in. Returns how many fields were set. The arena is for the moment.
 */
unsigned sonde_alter_apply(const struct sonde_alter *a, const struct sonde_packet *p,
			   const struct sonde_craft_turn *turn, uint8_t *to,
			   struct sonde_arena *arena);

#endif
