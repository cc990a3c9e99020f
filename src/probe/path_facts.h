#ifndef SONDE_PROBE_PATH_FACTS_H
#define SONDE_PROBE_PATH_FACTS_H

/* What may be demanded of a path (expect.h). SONDE_ABSENT: not known, as what is kept is not where
 * no router quotes the probe. */

#include "probe/trace.h"

struct sonde_path_via { /* somebody who answered on the path */
	struct sonde_address address;
	uint32_t as; /* 0: not known */
};

struct sonde_path_facts {
	uint64_t reached;	      /* 0, 1 */
	uint64_t hops;		      /* to the end */
	uint64_t mtu;		      /* bytes; the least that was told */
	uint64_t dscp_kept, ecn_kept; /* 0, 1; so far as quotes go */
	uint64_t nat_none;	      /* 0, 1; a NAT that hides itself is none */
	struct sonde_hop_record end;  /* of the target; all absent: it was not reached */
	const struct sonde_path_via *via;
	unsigned n_via;
	struct sonde_trace_texts texts; /* of end */
};

/* The number of the system that an address belongs to, 0: not known. */
typedef uint32_t (*sonde_path_as)(void *arg, const struct sonde_address *a);

/* via is taken from the arena. as: NULL where nobody knows. */
void sonde_path_facts_find(const struct sonde_trace *p, uint32_t host, sonde_path_as as, void *arg,
			   struct sonde_arena *arena, struct sonde_path_facts *ret);

#endif
