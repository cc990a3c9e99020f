#ifndef SONDE_PACKET_ALTER_H
#define SONDE_PACKET_ALTER_H

/* Captured packets made different: `ip.dst=10.0.0.2`. A field that is set is sent as given; sums
 * that were right before are right afterwards, and wrong ones stay as they are. Nothing moves, so
 * lengths stay. What an error quotes, and what is carried in a fragment, is left alone, but for the
 * sum there of the addresses that were set around it: it changes by as much as they do. */

#include "packet/craft.h"

struct sonde_alter_set;

struct sonde_alter {
	struct sonde_alter_set *set; /* in the arena */
	unsigned n;
	bool varies; /* from packet to packet */
};

/* Adds FIELD=VALUE: a field of a header, or of an option, by the name that `sonde fields` lists,
 * the value as in the crafting language, so it may vary from packet to packet. False, and
 * *ret_error is set, where that is not understood; at counts from the start of text. */
bool sonde_alter_parse(struct sonde_alter *alter, struct sonde_arena *a, const char *text,
		       struct sonde_craft_error *ret_error);

/* Changes the packet in place: byte is where p->byte points. turn: which value, where it varies.
 * How many fields were set; 0: nothing was changed. */
unsigned sonde_alter_packet(const struct sonde_alter *alter, const struct sonde_packet *p,
			    uint8_t *byte, const struct sonde_craft_turn *turn);

#endif
