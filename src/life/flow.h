#ifndef SONDE_LIFE_FLOW_H
#define SONDE_LIFE_FLOW_H

/* The flows of the ledger (datagram.c): who sends to whom, and the newest messages by number. */

#include "life/inside.h"

enum { SONDE_FLOW_SEARCH = 16 }; /* how far the order of messages may be out */

/* What of a message was met. */
enum {
	SONDE_MESSAGE_CALLED = 1,
	SONDE_MESSAGE_WIRED = 2,
	SONDE_MESSAGE_ARRIVED = 4,
	SONDE_MESSAGE_SETTLED = 8
};

struct sonde_message {
	uint64_t bytes;
	sonde_ns when;
	uint8_t is;
	uint8_t fate;
};

struct sonde_flow_inside {
	struct sonde_message *ring; /* by number */
	uint32_t room;		    /* of ring: a power of two, up to REMEMBERED */
	uint64_t last;		    /* number of the youngest */
	uint64_t called, wired;	    /* numbers of the last that were */
	struct sonde_endpoint *to;
};

/* Of a message that is remembered. */
struct sonde_message *sonde_flow_message(const struct sonde_flow *f, uint64_t number);
bool sonde_flow_remembers(const struct sonde_flow *f, uint64_t number);
/* Returns its number. */
uint64_t sonde_flow_add(struct sonde_life *l, struct sonde_flow *f, uint64_t bytes, sonde_ns when,
			uint8_t is);
/* The next message that was not yet `is`, of that size if any near is; 0: none waits. */
uint64_t sonde_flow_next(const struct sonde_flow *f, uint64_t after, uint64_t bytes, uint8_t is);
/* e: the event that told, or NULL. */
void sonde_flow_lose(struct sonde_life *l, struct sonde_flow *f, uint64_t number, uint8_t fate,
		     const struct sonde_event *e, bool inferred);
/* Of this sender to there, made where it is new. */
struct sonde_flow *sonde_flow_of(struct sonde_life *l, struct sonde_endpoint *sender,
				 const struct sonde_address *to, struct sonde_bytes path,
				 struct sonde_endpoint *receiver, sonde_ns when);
/* From a sender that is not followed, or not known yet. */
struct sonde_flow *sonde_flow_into(struct sonde_life *l, const struct sonde_address *from,
				   struct sonde_endpoint *receiver);
void sonde_flow_receiver_is(struct sonde_flow *f, struct sonde_endpoint *receiver);
/* A member of the group that f goes to read a message: no other sign tells who is a member. */
void sonde_flow_reader_is(struct sonde_life *l, struct sonde_flow *f,
			  const struct sonde_endpoint *reader);

#endif
