#ifndef SONDE_PROBE_TRACE_PATHS_H
#define SONDE_PROBE_TRACE_PATHS_H

/* All paths to the targets of a trace: what multipath.h asks for goes out as probes of that many
 * flows, and it is told what comes of them. trace.c calls what is here in the place of its rounds,
 * where the plan has a percentage. A flow is a destination port of UDP, a source port of TCP, a
 * checksum of ICMP, and over IPv6 a flow label beside it: what Linux and others hash.
 *
 * Silence where others have answered at the same hop is often a router's that answers only so often
 * (RFC 1812 section 4.3.2.8, RFC 4443 section 2.4 f): it is asked again after a second, one flow
 * after the other, until three in a row stay silent: then it is no limit.
 *
 * While more answers come, nothing is asked for: what is known only when all are here may make it
 * needless. */

#include "probe/multipath.h"
#include "probe/trace.h"

enum {
	SONDE_TRACE_FLOWS = 4096,  /* of a target, at most */
	SONDE_TRACE_PROBES = 4096, /* likewise */
};

struct sonde_trace_sight {    /* what a node has answered, beside being there */
	sonde_ns last, least; /* round trips */
	uint32_t answers;
	uint32_t mtu;
	uint8_t is, type, code; /* of the last answer: enum sonde_answer_is */
};

struct sonde_trace_sights { /* of a hop, by the numbers of its nodes; 0, the star, has none */
	struct sonde_trace_sight *at;
	uint32_t room;
	unsigned vain; /* probes again after silence, silent as well, in a row */
	sonde_ns last; /* when the last probe went there */
};

struct sonde_trace_due { /* a probe that is put off */
	uint16_t flow;
	uint8_t ttl;
};

struct sonde_trace_paths { /* of one target */
	struct sonde_multipath m;
	struct sonde_trace_sights *sights; /* by hops - plan.first */
	struct sonde_trace_due next;	   /* ttl 0: none is ready */
	struct sonde_trace_due *due;	   /* in no order */
	uint32_t due_n, due_room;
	sonde_ns settled; /* when to ask again, if no other comes */
};

/* Of this target; nothing has been sent to it. */
void sonde_trace_paths_open(struct sonde_trace *p, uint32_t host);

/* Whether a probe to this target should go now. False: *until is lowered to when one may. */
bool sonde_trace_paths_has(struct sonde_trace *p, uint32_t host, sonde_ns now, sonde_ns *until);

/* Makes this one that probe: hops, flow and number. */
void sonde_trace_paths_take(struct sonde_trace *p, struct sonde_probe *probe);

/* The first answer to a probe, in time or late; ends: the path goes no further than who sent it. */
void sonde_trace_paths_hear(struct sonde_trace *p, const struct sonde_heard *heard, bool ends,
			    sonde_ns now);

/* Nothing came, or it never left. */
void sonde_trace_paths_lose(struct sonde_trace *p, const struct sonde_probe *probe);

/* What a node of this hop has answered; NULL: the star. */
const struct sonde_trace_sight *sonde_trace_paths_sight(const struct sonde_trace *p, uint32_t host,
							uint8_t ttl, uint32_t number);

#endif
