#ifndef SONDE_PROBE_FLIGHT_H
#define SONDE_PROBE_FLIGHT_H

/* The probes that are out, and those that were a while ago: a ring by serial number, so that the
 * oldest is always known and a 16-bit code on the wire leads to a handful of candidates. A serial
 * number has 64 bits and never comes again; what wraps on the wire does not wrap here.
 *
 *	probe = sonde_flight_send(f, target, now);	it goes into the ring
 *	verdict = sonde_flight_match(f, &answer, ...);	whose answer is this
 *	probe = sonde_flight_oldest(f);			whose time is over
 */

#include "base/arena.h"
#include "probe/method.h"
#include "probe/wall.h"

enum sonde_probe_state {
	SONDE_PROBE_FREE,
	SONDE_PROBE_OUT,
	SONDE_PROBE_ANSWERED,
	SONDE_PROBE_LOST,    /* its time was over before an answer came */
	SONDE_PROBE_LATE,    /* and then one came */
	SONDE_PROBE_REFUSED, /* it never left: a local error */
	SONDE_PROBE_ENDED,   /* an ICMP error came for it */
	SONDE_PROBE_DROPPED, /* nobody wants to know its fate any more */
};

struct sonde_probe {
	struct sonde_method_probe is;
	sonde_ns asked; /* before it was handed to the kernel; CLOCK_MONOTONIC, as all times here */
	sonde_ns queued; /* the kernel's stamp of its coming to the device's queue; 0: not known */
	sonde_ns sent;	 /* the kernel's stamp of its leaving; 0: not known */
	sonde_ns left;	 /* when the kernel had it for certain; 0: not told */
	uint64_t seq;	 /* which probe of its target, from 0 */
	uint32_t target;
	uint16_t sum;  /* as sonde_method_make tells */
	uint8_t state; /* enum sonde_probe_state */
	uint8_t ttl;   /* hops it was given; 0: as the socket has it */
	uint8_t aim;   /* what for: the measurement's to say */
	uint8_t steps; /* of the wall clock, when the stamp was mapped; modulo 256 */
};

struct sonde_flight {
	struct sonde_secret secret;
	struct sonde_probe *ring;
	uint64_t room; /* a power of two */
	uint64_t next,
		undecided; /* serials: the one to be sent, and the oldest whose fate is open */
	uint16_t start;	   /* the code of serial 0 */
	bool no_zero;	   /* no probe has the code 0, which a checksum of UDP cannot be */
};

/* room probes are remembered, at least; a power of two up to 1 << 20 is made of it. */
void sonde_flight_init(struct sonde_flight *f, struct sonde_arena *a,
		       const struct sonde_secret *secret, uint64_t room);

/* Whether another probe can be sent without forgetting one whose fate is open. */
bool sonde_flight_has_room(const struct sonde_flight *f);

/* A new probe, out from now on, of flow 0 and no size; to is its target's address, which the tag
 * covers. */
struct sonde_probe *sonde_flight_send(struct sonde_flight *f, uint32_t target,
				      const struct sonde_address *to, sonde_ns now);

/* The oldest whose fate is open, or NULL: all are decided. _decide leaves it behind. */
struct sonde_probe *sonde_flight_oldest(const struct sonde_flight *f);
void sonde_flight_decide(struct sonde_flight *f);

/* A probe by the low 32 bits of its serial, as step and arrival carry them, or NULL. */
struct sonde_probe *sonde_flight_token(const struct sonde_flight *f, uint32_t token);

/* The kernel's word that it left, at this stamp, or with 0 at some time before now. False: that
 * cannot be so, and the stamp is not used. */
bool sonde_flight_sent(struct sonde_flight *f, const struct sonde_wall *w, uint32_t token,
		       sonde_ns stamp, sonde_ns now);

/* Likewise, that it came to the queue. */
bool sonde_flight_queued(struct sonde_flight *f, const struct sonde_wall *w, uint32_t token,
			 sonde_ns stamp, sonde_ns now);

enum sonde_match {
	SONDE_MATCH_NOTHING,   /* none of ours */
	SONDE_MATCH_FIRST,     /* the first answer to a probe that is out */
	SONDE_MATCH_LATE,      /* the first one, after its time */
	SONDE_MATCH_DUPLICATE, /* another one to a probe that has its answer */
	SONDE_MATCH_FORGOTTEN, /* the secret is right, but the probe is too long ago: late, and
				* perhaps not the first; or it was dropped; no probe is given */
	SONDE_MATCH_CORRUPTED, /* a checksum is wrong, or bytes behind the secret are not ours */
	SONDE_MATCH_SPOOFED,   /* it names a probe of ours, but not its secret */
};

struct sonde_flight_verdict {
	uint8_t match;	   /* enum sonde_match */
	bool rewritten;	   /* the secret is right; an address, port or identifier is not as sent */
	uint8_t auth_bits; /* of secrets that were found to be right */
	struct sonde_probe *probe; /* of SPOOFED and CORRUPTED the one that it names, or NULL */
};

/* to: the addresses of all targets, by their numbers. The state of the probe moves on with the
 * verdict. */
struct sonde_flight_verdict sonde_flight_match(struct sonde_flight *f,
					       const struct sonde_method_look *look,
					       const struct sonde_answer *answer,
					       const struct sonde_address *to);

#endif
