#ifndef SONDE_PROBE_SAY_PATHS_H
#define SONDE_PROBE_SAY_PATHS_H

/* All paths to a target (trace_graph.h) for people: a tree, and a graph for Graphviz. Names are
 * escaped.
 *
 *	HOP  NODE               FLOWS  RTT ms  SEEN
 *	  1  10.0.1.2              31   0.041          a line for each node
 *	  2  ├─ 10.0.2.2            8   0.052          what a node leads to, where that is several
 *	  2  └─ 10.0.3.2           23   0.050
 *	  3  10.0.6.2              31   0.060          where they all meet again: as far left as
 *before 3     └─ → 10.0.9.2                          a way to a node that another way has led to
 */

#include "base/cell.h"
#include "probe/say_trace.h"
#include "probe/trace_graph.h"

/* "paths to www.example.org (192.0.2.7), 30 hops max; flow n is UDP to port 33434 + n" */
void sonde_say_paths_head(struct sonde_text *t, const struct sonde_trace_graph *g);

/* The tree; the grid is begun here, in this arena. */
void sonde_say_paths_tree(struct sonde_grid *grid, struct sonde_arena *a,
			  const struct sonde_trace_graph *g,
			  const struct sonde_say_path_look *look);

/* "4 paths of 4 hops, 81 probes; no further path with 95 % confidence a node", and what else there
 * is to be known. */
void sonde_say_paths_end(struct sonde_text *t, const struct sonde_trace_graph *g);

/* In the language of dot(1): _dot_open, _dot for each target, _dot_close. */
void sonde_say_paths_dot_open(struct sonde_text *t);
void sonde_say_paths_dot(struct sonde_text *t, const struct sonde_trace_graph *g,
			 const struct sonde_say_path_look *look);
void sonde_say_paths_dot_close(struct sonde_text *t);

#endif
