#ifndef SONDE_PROBE_MULTIPATH_INSIDE_H
#define SONDE_PROBE_MULTIPATH_INSIDE_H

/* Where flows stand, as both the planning and the graph of multipath.h ask it. Hops are counted
 * from 0, the hop of first_ttl; what stands before it is one node, whose number is 0. */

#include "probe/multipath.h"

struct sonde_multipath_links { /* how many flows lead from each node of a hop to each of the next */
	uint32_t *flows;       /* of (from, to) at from * width + to */
	uint32_t width, room;
};

static inline struct sonde_multipath_cell *sonde_multipath_cell(const struct sonde_multipath *m,
								uint32_t hop, uint32_t flow)
{
	return &m->cell[flow * m->hops + hop];
}

/* Whether this flow never comes to this hop, having ended before. */
static inline bool sonde_multipath_arrived(const struct sonde_multipath *m, uint32_t hop,
					   uint32_t flow)
{
	return m->end[flow] && hop >= m->end[flow];
}

/* Whether somebody answered at this hop. */
static inline bool sonde_multipath_heard(const struct sonde_multipath *m, uint32_t hop)
{
	return m->hop[hop].n > 1;
}

/* Whether silence is asked again. */
bool sonde_multipath_is_due(const struct sonde_multipath *m, uint32_t hop, uint32_t flow);

/* The number of the node where a flow is known to stand, or SONDE_MULTIPATH_UNKNOWN. */
int sonde_multipath_stands(const struct sonde_multipath *m, uint32_t hop, uint32_t flow);

/* The number of the node before this hop that a flow comes from: where it stands, or the only one
 * there is; where that hop varies, 0 stands for all of its nodes. */
int sonde_multipath_source(const struct sonde_multipath *m, uint32_t hop, uint32_t flow);

#endif
