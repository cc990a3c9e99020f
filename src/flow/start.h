#ifndef SONDE_FLOW_START_H
#define SONDE_FLOW_START_H

/* Where the sequence numbers of TCP conversations began, so that a line can count from there, by
 * the rules of tcpdump: a conversation begins with its SYN and ACK, or with the first segment
 * with an ACK that was seen; that one is shown as it is, those after it from there.
 *
 * The table has one size, whatever is fed to it. A conversation that was pushed out of it by
 * others begins anew. */

#include "base/arena.h"
#include "packet/packet.h"

struct sonde_starts {
	struct sonde_starts_line *line;
};

/* Takes 2 MiB. */
void sonde_starts_init(struct sonde_starts *s, struct sonde_arena *arena);

/* Sets p->start, for a packet with a TCP header of its own (not a quoted one). */
void sonde_starts_find(struct sonde_starts *s, struct sonde_packet *p);

#endif
