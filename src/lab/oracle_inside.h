#ifndef SONDE_LAB_ORACLE_INSIDE_H
#define SONDE_LAB_ORACLE_INSIDE_H

#include "lab/oracle.h"
#include "lab/route.h"

/* Why a path ends where it does. */
enum sonde_oracle_end {
	SONDE_ORACLE_REACHED,
	SONDE_ORACLE_LOOP,
	SONDE_ORACLE_NO_FORWARDING, /* a host or sim on the way */
	SONDE_ORACLE_FIREWALL,
	SONDE_ORACLE_KIND, /* a route that refuses */
	SONDE_ORACLE_NO_ROUTE,
};

struct sonde_oracle_place {
	unsigned node;
	unsigned link, end; /* it came by this link, to this end of it; not of the first place */
};

struct sonde_oracle {
	const struct sonde_lab *lab;
	const struct sonde_lab_route **route; /* from node i to node k, at i * nodes + k */
	struct sonde_edges edges;
	struct sonde_arena *scratch;
	sonde_oracle_tell tell;
	void *arg;
	unsigned from, to;
	struct sonde_oracle_place place[SONDE_LAB_NODES + 1]; /* the path so far */
	unsigned places;
	bool on_path[SONDE_LAB_NODES];
	unsigned found, paths;
	bool counting; /* the paths of the pair, before they are told */
};

/* The next hops from a node to another: links and which end of each is ours, at most
 * SONDE_LAB_HOPS. The network of a link leads to its ends where no route does. */
unsigned sonde_oracle_next(const struct sonde_oracle *o, unsigned node, unsigned to,
			   struct sonde_edge *ret);

/* Tells the path in o->place, which ends for this reason. */
void sonde_oracle_path(struct sonde_oracle *o, enum sonde_oracle_end end);

#endif
