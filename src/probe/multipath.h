#ifndef SONDE_PROBE_MULTIPATH_H
#define SONDE_PROBE_MULTIPATH_H

/* All paths that routers spread flows over: the Multipath Detection Algorithm with node control,
 * Augustin, Friedman and Teixeira: "Multipath tracing with Paris traceroute", 2007; Veitch,
 * Augustin, Friedman and Teixeira: "Failure control in multipath route tracing", 2009. Told what
 * was answered, it says which probes should go; it sends nothing and reads no clock.
 *
 *	sonde_multipath_init(&m, &arena, &plan);
 *	while (!sonde_multipath_done(&m)) {
 *		while (sonde_multipath_next(&m, &ttl, &flow))
 *			...send it...
 *		...wait; for each answer and each silence...
 *		sonde_multipath_told(&m, ttl, flow, &from, SONDE_MULTIPATH_ROUTER);
 *	}
 *
 * The rule: where a node was seen to lead to k nodes, one more would have been seen, at the level
 * of confidence, had there been one, after sonde_multipath_stop(percent, k) flows through it. Flows
 * through a node that has too few are found by probing the node's own hop with others: that is node
 * control. Where a hop has one node alone, by the rule, it is spared: all flows pass that one.
 *
 * Silence is a node as well, one at each hop: the star, whose number is 0. A flow stands there when
 * all its probes were silent, and it is one of those that its predecessor leads to, so silent
 * routers are followed through. Where others answered, silence is asked again `retries` times;
 * where nothing did, by flow 0 alone. An answer that comes later takes the flow from the star.
 *
 * Where a node leads to several, two flows that have their answers are asked for them once more.
 * Another answer means that packets of one flow take several ways (or that the route changed): the
 * hop `varies`, its nodes count as one for what comes behind, and edges say only what was seen. Of
 * nodes that spread packets over n ways, 1 / n^2 escape this; the next hop is another chance.
 */

#include <stdbool.h>

#include "base/address.h"
#include "base/arena.h"

enum {
	SONDE_MULTIPATH_WIDEST = 256, /* nodes that a node may lead to and the rule is known for */
	SONDE_MULTIPATH_CROWD = 1024, /* nodes at a hop; what has more is no network */
	SONDE_MULTIPATH_AHEAD = 3,    /* hops at which flow 0 may be out, before others follow */
	SONDE_MULTIPATH_CHECKS = 2,   /* repeated probes for a node that leads to several */
	SONDE_MULTIPATH_STAR = 0,     /* the number of a hop's silence */
	SONDE_MULTIPATH_UNKNOWN = -1,
};

enum sonde_multipath_answer {
	SONDE_MULTIPATH_SILENCE,
	SONDE_MULTIPATH_ROUTER, /* that lets packets pass: its time to live was exceeded */
	SONDE_MULTIPATH_END,	/* the target */
	SONDE_MULTIPATH_BARRED, /* one that ends the path before the target: prohibited and such */
};

struct sonde_multipath_plan {
	uint8_t percent;	    /* of confidence that a node has no other successor: 50 to 99 */
	uint8_t first_ttl, max_ttl; /* 1 <= first_ttl <= max_ttl */
	uint8_t retries;	    /* after silence */
	uint8_t gap;		    /* hops in a row that are silent end it; 0: only max_ttl does */
	uint16_t most;		    /* probes in all */
	uint16_t flows;		    /* that there can be; 0: any number */
};

struct sonde_multipath_cell { /* a flow at a hop */
	uint16_t node;	      /* which answered first; 0: none */
	uint8_t sent, checks; /* probes that are planned or were given out */
	uint8_t out;	      /* given out, and not told of */
	bool planned;
};

struct sonde_multipath_hop {
	struct sonde_multipath_node *node; /* node[0] is the star */
	uint32_t n, room;
	bool varies; /* a flow was answered by two */
	/* As of the last plan: what led to it is known by the rule; the one node that all flows
	 * pass, or SONDE_MULTIPATH_UNKNOWN. */
	bool settled;
	int sole;
};

struct sonde_multipath {
	struct sonde_multipath_plan plan;
	struct sonde_arena *arena;
	struct sonde_multipath_hop *hop;   /* of first_ttl and on */
	struct sonde_multipath_cell *cell; /* of flow 0 at all hops, then of flow 1 */
	uint8_t *end;			   /* by flow: 1 + the hop that ended it; 0: none yet */
	uint32_t hops, flows, room;
	uint32_t sent, out; /* probes that were given out; those not told of */
	bool stale;	    /* something was told since the plan was made */
	bool full; /* more was wanted, but plan.most probes are sent, or a hop is crowded */
	struct sonde_multipath_asked *queue; /* planned, not given out */
	uint32_t queue_at, queue_n, queue_room;
	struct sonde_multipath_source *source; /* see multipath.c: of the hop that is planned */
	uint32_t source_room;
	uint32_t *links; /* flows that lead from each node of the hop before to each of it */
	uint32_t links_room;
	uint16_t stop[SONDE_MULTIPATH_WIDEST + 1]; /* by k; 0: not worked out yet */
};

/* How many flows through a node, seen to lead to k, must have been followed for it to lead to no
 * other, each being equally likely: 1 <= k <= SONDE_MULTIPATH_WIDEST, 50 <= percent <= 99. */
uint16_t sonde_multipath_stop(unsigned percent, unsigned k);

/* The arena is borrowed and outlives m. */
void sonde_multipath_init(struct sonde_multipath *m, struct sonde_arena *arena,
			  const struct sonde_multipath_plan *plan);

/* A probe that should go now. Many may be out at once; all that can be asked for at this moment is.
 * Flows are numbered from 0. False: wait for answers, or it is done. */
bool sonde_multipath_next(struct sonde_multipath *m, uint8_t *ret_ttl, uint16_t *ret_flow);

/* What came of a probe: each that was given out is told once, and what comes later may be told as
 * well. from NULL: silence. Ports are not compared. What was never asked is ignored. Returns the
 * number of who answered, or SONDE_MULTIPATH_UNKNOWN. */
int sonde_multipath_told(struct sonde_multipath *m, uint8_t ttl, uint16_t flow,
			 const struct sonde_address *from, enum sonde_multipath_answer is);

/* Nothing is out, and nothing is wanted. m->full: because a bound was reached. */
bool sonde_multipath_done(struct sonde_multipath *m);

/* The graph, at any time. Nodes have a number at their hop, which stays theirs. */

struct sonde_multipath_node {
	struct sonde_address address; /* port 0; family 0: the star */
	uint8_t is;		      /* enum sonde_multipath_answer */
	bool varies;		      /* it spreads packets of one flow, so far as can be told */
	bool unsure;	 /* too few flows reach it for the rule: it may lead elsewhere as well */
	uint32_t flows;	 /* that were seen here */
	uint32_t probes; /* of those flows at this hop */
};

/* Whether a flow was answered by several nodes at this hop, or must have been, as it was before. */
bool sonde_multipath_varies(const struct sonde_multipath *m, uint8_t ttl);

/* How many numbers are taken at this hop; 0 where nothing is known. */
uint32_t sonde_multipath_nodes(const struct sonde_multipath *m, uint8_t ttl);

/* flows 0: nothing stands here (no silence; all that came here had arrived before). */
struct sonde_multipath_node sonde_multipath_node(const struct sonde_multipath *m, uint8_t ttl,
						 uint32_t number);

struct sonde_multipath_edge {
	uint32_t from, to; /* numbers, at ttl and at ttl + 1 */
	uint32_t flows;	   /* that were seen at both */
	uint32_t inferred; /* that were seen at `to`, and must have passed `from`: all do */
};

/* The edges from this hop to the next, in the arena. */
uint32_t sonde_multipath_edges(const struct sonde_multipath *m, struct sonde_arena *arena,
			       uint8_t ttl, struct sonde_multipath_edge **ret);

/* The number of the node where a flow stands at this hop, or SONDE_MULTIPATH_UNKNOWN: not probed,
 * not answered yet, or arrived before. Flows are numbered up to m->flows. */
int sonde_multipath_at(const struct sonde_multipath *m, uint16_t flow, uint8_t ttl);

#endif
