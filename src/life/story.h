#ifndef SONDE_LIFE_STORY_H
#define SONDE_LIFE_STORY_H

/* What happened to each endpoint, step by step, kept for the ladders. Bounded: of each endpoint the
 * first HEAD and the last TAIL steps stay, what lies between is counted, and no more than `most`
 * steps are kept in all. Options and polling without a result are no
 * steps; states are kept by the engine. */

#include "life/life.h"

enum { SONDE_STORY_HEAD = 192, SONDE_STORY_TAIL = 64 };

enum sonde_story_what {
	SONDE_STORY_CALL = 1,
	SONDE_STORY_PACKET,  /* this endpoint sent it */
	SONDE_STORY_ARRIVAL, /* a packet for this endpoint, whose sender is not followed */
	SONDE_STORY_DROP,
	SONDE_STORY_RESET, /* the kernel's decision to send one */
	SONDE_STORY_RESET_IN,
	SONDE_STORY_ERROR,
	SONDE_STORY_RELEASED, /* by other means than a call on it */
	SONDE_STORY_PASSED,   /* a descriptor of it went into a message */
	SONDE_STORY_TAKEN,    /* one came out of it; why: who took it */
	SONDE_STORY_MOVED,    /* bytes that no call of the thread moved: io_uring */
};

struct sonde_story_step {
	sonde_ns when;	/* call: its entry; packet: first sight */
	sonde_ns until; /* call: its return; packet: arrival at the other end; 0: not known */
	int64_t ret;	/* call: result or -errno; error: -errno */
	uint64_t bytes;
	const char *why; /* drop, reset: the kernel's word; taken: the process; or NULL */
	uint64_t frame;
	uint64_t message; /* number of the datagram, or 0 */
	uint32_t flow;	  /* id of the datagram's flow, or 0 */
	uint32_t other;	  /* sid: accepted child, packet's other end, sender of a drop */
	int32_t arg;	  /* shutdown: how; listen: backlog; moved: 1 if sent; else: descriptor */
	uint32_t flags;	  /* packet: TCP flags; receiving call: MSG_ flags */
	uint8_t what;	  /* enum sonde_story_what */
	uint8_t call;	  /* enum sonde_call */
	uint8_t protocol; /* of a packet */
	uint8_t type;	  /* of an ICMP packet */
	bool inferred;	  /* that the packet is this endpoint's */
};

struct sonde_story_log {
	struct sonde_story_step *head, *tail; /* tail: a ring of SONDE_STORY_TAIL */
	uint32_t heads, room;
	uint64_t steps; /* in all, also those not kept */
};

struct sonde_story {
	struct sonde_arena *arena;
	struct sonde_story_log *log; /* [sid - 1] */
	size_t logs, log_room;
	size_t kept, most; /* steps there is room for */
	uint64_t refused;  /* steps that most left no room for */
};

/* story is zeroed; arena outlives it. most 0: 200,000 steps, some 20 MB. */
void sonde_story_init(struct sonde_story *story, struct sonde_arena *arena, size_t most);

/* After the engine has heard the item. */
void sonde_story_hear(struct sonde_story *story, const struct sonde_item *item,
		      const struct sonde_heard *heard);

/* The steps kept of sid, in order of hearing, into ret (of room places); returns how many
 * there are. io_gap, UINT64_MAX and 0 at first, is widened to the span outside which this log is
 * whole; untouched where nothing is missing. */
size_t sonde_story_read(const struct sonde_story *story, uint32_t sid, struct sonde_story_step *ret,
			size_t room, sonde_ns io_gap[2]);

#endif
