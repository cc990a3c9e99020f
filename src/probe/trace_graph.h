#ifndef SONDE_PROBE_TRACE_GRAPH_H
#define SONDE_PROBE_TRACE_GRAPH_H

/* All paths to a target as one graph, made from what its multipath knows at this moment: node 0 is
 * the source, and edges lead from a hop to the next, so that nodes stand behind all those that lead
 * to them.
 *
 * Silence at the end of a path is one node, of the first silent hop: nothing answers from there on.
 */

#include "probe/trace_paths.h"

struct sonde_trace_node {
	struct sonde_multipath_node is;
	const struct sonde_trace_sight *sight; /* NULL: the source, and silence */
	uint8_t ttl;
	uint32_t number; /* at its hop */
	uint32_t flows;	 /* that pass it: that were seen there, or must have passed, as all do */
	uint32_t edge, edges; /* to the next hop: the first of graph->edge, and how many */
	uint32_t join;	      /* where all ways from here meet again; graph->n: nowhere */
	uint64_t ways;	      /* from here to where they end; UINT64_MAX: so many or more */
	bool known;	      /* a way leads here from the source */
	bool dark;	      /* silence, as is all that follows */
};

struct sonde_trace_edge {
	uint32_t from, to;	  /* nodes of the graph */
	uint32_t flows, inferred; /* as in multipath.h */
};

struct sonde_trace_graph {
	const struct sonde_trace *trace;
	uint32_t host;
	struct sonde_trace_node *node;
	struct sonde_trace_edge *edge;
	uint32_t n, edges;
	uint32_t nodes;	      /* that have answered */
	uint32_t flows;	      /* of which a probe was sent */
	uint64_t paths;	      /* as ways of node 0; 0: nothing has answered */
	unsigned least, most; /* hops to the target; 0: it has not answered */
	bool varies;	      /* somewhere packets of one flow take several ways */
	bool whole;	      /* the rule was met: no probe is missing */
};

/* In the arena, which is borrowed as long as the graph is used; so is the trace. */
void sonde_trace_graph_make(struct sonde_trace_graph *g, struct sonde_arena *a,
			    const struct sonde_trace *p, uint32_t host);

/* Whether this node is told of: not what lies behind a path's silent end. */
bool sonde_trace_graph_has(const struct sonde_trace_graph *g, uint32_t node);

/* "0-3,7,9": which flows pass this node; in the arena. */
const char *sonde_trace_graph_flows(const struct sonde_trace_graph *g, struct sonde_arena *a,
				    uint32_t node);

/* How flow 0 is known, and what the next ones count on: a port, or -1 where it is no port. */
int sonde_trace_graph_port(const struct sonde_trace_graph *g);

#endif
