#ifndef SONDE_PROBE_ANSWER_H
#define SONDE_PROBE_ANSWER_H

/* Which of the packets that were sent, whatever they were, a packet that came is an answer to:
 *
 *	what was sent           what answers it
 *	TCP                     addresses and ports reversed, the acknowledgement within reach; a
 *reset as RFC 9293 section 3.5.2 makes it UDP                     addresses and ports reversed; of
 *DNS and DHCP the same identifier SCTP                    the same, and to an INIT with its tag,
 *RFC 9260 section 8.5.1 ICMP, ICMPv6 requests   the reply of that type, the same identifier and
 *sequence number neighbour solicitation  the advertisement of that target; of a router, an
 *advertisement ARP request             the reply about that address, RFC 826 another protocol the
 *same one back any                     an ICMP error that quotes it; 8 bytes behind its IP suffice
 *
 * In a tunnel all this must lie in the same one. A group or a broadcast address is answered by
 * anybody. The copy of what was sent that comes back to a tap is no answer. A whole datagram is put
 * here, also where it is sent in fragments.
 *
 * Each is found in a table by what an answer would hold; a run of any length keeps the last ones.
 */

#include "base/arena.h"
#include "packet/packet.h"
#include "probe/secret.h"

enum sonde_answers_kind {
	SONDE_ANSWERS_NONE, /* nothing that was asked for */
	SONDE_ANSWERS_REPLY,
	SONDE_ANSWERS_RESET, /* of TCP; of SCTP, an ABORT */
	SONDE_ANSWERS_ERROR, /* of ICMP or ICMPv6 */
};

struct sonde_answers_hit {
	uint8_t kind;	/* enum sonde_answers_kind */
	bool again;	/* all that it may answer had an answer before */
	uint32_t alike; /* others without an answer that nothing tells from this one: it was taken
			 * to be the oldest */
	uint64_t number;
};

struct sonde_answers_sent;
struct sonde_answers_slot;

struct sonde_answers { /* private */
	struct sonde_secret secret;
	struct sonde_answers_sent *sent; /* rings */
	struct sonde_answers_slot *slot;
	uint64_t *head; /* of the chain of a key, the last slot, counted from 1 */
	uint64_t sents, slots, most;
};

/* The last `most` packets are remembered, at least one. The secret keeps whoever sends from
 * choosing what falls together. */
void sonde_answers_init(struct sonde_answers *a, struct sonde_arena *arena, uint32_t most,
			const struct sonde_secret *secret);

/* A packet that is about to be sent, from its link's header or from IP on. Numbers go up. */
void sonde_answers_put(struct sonde_answers *a, const struct sonde_packet *p, uint64_t number);

/* A packet at a tap: whether it is one that was put, as it leaves or comes back. Of those that are
 * the same to the byte each is found once, the oldest first. */
bool sonde_answers_own(struct sonde_answers *a, const struct sonde_packet *p, uint64_t *ret_number);

/* A packet that came: whether it answers one that was put with a number of at least since. */
bool sonde_answers_find(struct sonde_answers *a, const struct sonde_packet *p, uint64_t since,
			struct sonde_answers_hit *ret);

#endif
