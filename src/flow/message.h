#ifndef SONDE_FLOW_MESSAGE_H
#define SONDE_FLOW_MESSAGE_H

/* Messages of applications that came in several TCP segments, put together within fixed bounds.
 *
 * A segment whose message goes on is kept until the one comes that follows at once. What was lost
 * or overtaken is not waited for: such a message stays in the pieces it came in. */

#include "base/arena.h"
#include "packet/packet.h"

enum {
	SONDE_MESSAGES = 256, /* at once; of 8 that share a place in the table, the one held
			       * longest is given up for a ninth */
	SONDE_MESSAGE_MOST = 16 << 10, /* bytes held of one; what is longer is given up */
	SONDE_MESSAGE_FRAMES = 64,     /* that one may come in */
};

/* What a message came in. */
struct sonde_message {
	unsigned frames;
	uint64_t frame[SONDE_MESSAGE_FRAMES]; /* their numbers */
};

struct sonde_messages {
	unsigned held;
	struct sonde_message_slot *slot; /* made when needed, as is whole */
	uint8_t *whole;
	struct sonde_arena arena;
};

/* Looks at the outermost TCP segment, and changes what the packet says of the application:
 *
 * - A message that goes on is taken out of the packet: its layers end before it, p->stop is
 *   SONDE_STOP_MORE.
 * - The packet that completes one has it whole, as if it had come in this packet alone: true, and
 *   *ret is set. p->byte is then borrowed until the next call; the bytes of the frame are there,
 * and those of the message behind them; p->wire stays the frame's.
 *
 * number is the frame's. Zeroed memory is a good beginning for m. */
static inline bool sonde_message_put(struct sonde_messages *m, struct sonde_packet *p,
				     uint64_t number, struct sonde_message *ret);

void sonde_messages_done(struct sonde_messages *m);

/* Once there is something to look for. */
bool sonde_message_put_(struct sonde_messages *m, struct sonde_packet *p, uint64_t number,
			struct sonde_message *ret);

static inline bool sonde_message_put(struct sonde_messages *m, struct sonde_packet *p,
				     uint64_t number, struct sonde_message *ret)
{
	return (p->stop == SONDE_STOP_MORE || (m->held && sonde_has(p, tcp))) &&
	       sonde_message_put_(m, p, number, ret);
}

#endif
