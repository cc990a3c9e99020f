#ifndef SONDE_LAB_ROUTE_H
#define SONDE_LAB_ROUTE_H

#include "lab/lab.h"

/* The links of each node: those of node i are edge[first[i]] to edge[first[i + 1] - 1], in the
 * order of the text. */
struct sonde_edges {
	struct sonde_edge {
		unsigned link, end, other; /* which end is ours; the node at the other */
	} * edge;
	unsigned *first;
};

void sonde_edges_init(struct sonde_edges *e, struct sonde_arena *arena,
		      const struct sonde_lab *lab);

/* Appends the routes that "route * auto" asks for: from every node to every other that it can
 * reach through routers, unless there is a route by hand; all shortest paths, by the sum of the
 * links' metrics. 0 or SONDE_DESCRIPTION: more next hops than a route can have. */
int sonde_route_auto(struct sonde_lab *lab, struct sonde_lab_error *ret_error);

#endif
