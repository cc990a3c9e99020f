#ifndef SONDE_PROBE_PATHS_RECORDS_H
#define SONDE_PROBE_PATHS_RECORDS_H

/* What a trace of all paths tells at its end: a record for each node and each edge of its graph
 * (trace_graph.h), and one for each target. */

#include "base/record.h"
#include "probe/trace_graph.h"

/* clang-format off */
#define SONDE_NODE_COLUMNS(C, x) \
	C(x, target, TEXT, "", "the address that the paths lead to") \
	C(x, name, TEXT, "", "the target as it was given") \
	C(x, ttl, UINT, "", "which hop, from 1") \
	C(x, address, TEXT, "", "who answered; absent: silence, which counts as one node of its hop") \
	C(x, host, TEXT, "", "its name, where one is known") \
	C(x, status, TEXT, "", "answers; silent: though later hops answer; unknown: nothing came from here on; end: paths end here, though this is not the target; target: this is it") \
	C(x, answer, TEXT, "", "the last answer: time exceeded or another ICMP error in words, echo-reply, data, syn-ack or rst") \
	C(x, mark, TEXT, "", "of that answer, as traceroute has it: !H, !N, !X ...") \
	C(x, flows, UINT, "", "that are known to pass it") \
	C(x, flow_numbers, TEXT, "", "which: 0-3,7") \
	C(x, probes, UINT, "", "of flows that were seen here, to this hop") \
	C(x, received, UINT, "", "answers") \
	C(x, rtt_ns, UINT, "ns", "the last round trip") \
	C(x, rtt_min_ns, UINT, "ns", "the least") \
	C(x, next, UINT, "", "nodes of the next hop that it leads to") \
	C(x, balances, TEXT, "", "where it leads to several: by flow; by packet: packets of one flow take several ways") \
	C(x, unsure, BOOL, "", "too few flows come here for the rule: it may lead elsewhere as well") \
	C(x, paths, UINT, "", "ways from here to where they end")
#define SONDE_EDGE_COLUMNS(C, x) \
	C(x, target, TEXT, "", "the address that the paths lead to") \
	C(x, name, TEXT, "", "the target as it was given") \
	C(x, ttl, UINT, "", "the hop that it leads from; 0: the source") \
	C(x, from, TEXT, "", "the node it leads from, at that hop; absent: silence") \
	C(x, to, TEXT, "", "the node it leads to, at the next hop; absent: silence") \
	C(x, flows, UINT, "", "that were seen at both") \
	C(x, inferred, UINT, "", "further ones that were seen at the second, and must have passed the first, as all do")
#define SONDE_PATHS_COLUMNS(C, x) \
	C(x, target, TEXT, "", "the address that the paths lead to") \
	C(x, name, TEXT, "", "the target as it was given") \
	C(x, source, TEXT, "", "the address that probes came from") \
	C(x, reached, BOOL, "", "the target answered") \
	C(x, paths, UINT, "", "ways through the graph; where balancers choose alike, fewer can be taken") \
	C(x, hops, UINT, "", "of the shortest path to the target") \
	C(x, hops_max, UINT, "", "of the longest") \
	C(x, nodes, UINT, "", "that answered, those of each hop counted") \
	C(x, flows, UINT, "", "that were sent") \
	C(x, probes, UINT, "", "that were sent") \
	C(x, confidence_percent, UINT, "", "of each node having no further successor, if it chooses among all of them alike") \
	C(x, complete, BOOL, "", "all that this takes was sent and answered, or found silent") \
	C(x, per_packet, BOOL, "", "packets of one flow were seen to take several ways") \
	C(x, first_port, UINT, "", "of flow 0, to which UDP, from which TCP was sent; the others follow by their numbers")
/* clang-format on */

struct sonde_node_record {
	SONDE_NODE_COLUMNS(SONDE_MEMBER, )
};
struct sonde_edge_record {
	SONDE_EDGE_COLUMNS(SONDE_MEMBER, )
};
struct sonde_paths_record {
	SONDE_PATHS_COLUMNS(SONDE_MEMBER, )
};

extern const struct sonde_schema sonde_node_schema, sonde_edge_schema, sonde_paths_schema;

/* Texts are in the arena. */
void sonde_trace_graph_node(const struct sonde_trace_graph *g, struct sonde_arena *a, uint32_t node,
			    struct sonde_node_record *ret);
void sonde_trace_graph_edge(const struct sonde_trace_graph *g, struct sonde_arena *a, uint32_t edge,
			    struct sonde_edge_record *ret);
void sonde_trace_graph_paths(const struct sonde_trace_graph *g, struct sonde_arena *a,
			     struct sonde_paths_record *ret);

#endif
