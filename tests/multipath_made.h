#ifndef SONDE_TESTS_MULTIPATH_MADE_H
#define SONDE_TESTS_MULTIPATH_MADE_H

/* Invented networks that spread flows by a seeded hash, a run of multipath.h over one, and the
 * reference that its probes are compared with. */

#include <check.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/random.h"
#include "probe/multipath.h"

enum { NODES = 64, WIDE = 32, TTLS = 16, FLOWS = 4096 };

/* An invented network. Node 0 sends; a node without successors is the target. */
struct net {
	uint8_t next[NODES][WIDE], n[NODES];
	bool silent[NODES], per_packet[NODES], barred[NODES];
	unsigned loss;	/* of 1000 answers */
	unsigned share; /* of 1024 flows take the first successor; 0: all are equally likely */
	uint64_t seed, serial;
	unsigned ttls; /* the longest path */
};

static inline void lead(struct net *g, unsigned from, unsigned first, unsigned last)
{
	for (unsigned to = first; to <= last; to++)
		g->next[from][g->n[from]++] = (uint8_t)to;
}

static inline void chain(struct net *g, unsigned hops)
{
	*g = (struct net){ .ttls = hops };
	for (unsigned i = 0; i < hops; i++)
		lead(g, i, i + 1, i + 1);
}

/* A router, a balancer, `wide` routers, a router, the target. */
static inline void diamond(struct net *g, unsigned wide)
{
	*g = (struct net){ .ttls = 5 };
	lead(g, 0, 1, 1);
	lead(g, 1, 2, 2);
	lead(g, 2, 3, 2 + wide);
	for (unsigned i = 0; i < wide; i++)
		lead(g, 3 + i, 3 + wide, 3 + wide);
	lead(g, 3 + wide, 4 + wide, 4 + wide);
}

/* A balancer over two, each over two others, which meet. */
static inline void two_levels(struct net *g)
{
	*g = (struct net){ .ttls = 5 };
	lead(g, 0, 1, 1);
	lead(g, 1, 2, 3);
	lead(g, 2, 4, 5);
	lead(g, 3, 6, 7);
	for (unsigned i = 4; i < 8; i++)
		lead(g, i, 8, 8);
	lead(g, 8, 9, 9);
}

static inline void unequal(struct net *g)
{
	*g = (struct net){ .ttls = 6 };
	lead(g, 0, 1, 1);
	lead(g, 1, 2, 3);
	lead(g, 2, 9, 9);
	lead(g, 3, 4, 4);
	lead(g, 4, 5, 5);
	lead(g, 5, 9, 9);
}

static inline unsigned walk(struct net *g, unsigned ttl, unsigned flow)
{
	unsigned at = 0;

	g->serial++;
	for (unsigned i = 0; i < ttl && g->n[at]; i++) {
		uint64_t key = g->per_packet[at] ? g->serial << 20 : flow;
		uint64_t hash = sonde_random_at(g->seed + sonde_random_at(key * NODES + at));

		if (g->share && hash >> 54 < g->share)
			at = g->next[at][0];
		else
			at = g->next[at][hash % g->n[at]];
	}
	return at;
}

struct run {
	struct sonde_multipath m;
	struct sonde_arena arena;
	unsigned probes, rounds;
	uint8_t end[FLOWS]; /* the least ttl that the target answered a flow at; 0: none */
	bool whole;	    /* every edge of the network was found, and none that it has not */
};

static inline unsigned id_of(const struct sonde_multipath_node *node)
{
	return node->address.family ? node->address.ip[3] : NODES;
}

/* Edges between hops, as the network has them and as they were found; NODES stands for silence. */
static bool edges[2][TTLS][NODES + 1][NODES + 1];

static inline void true_edges(const struct net *g)
{
	bool here[NODES] = { true };

	memset(edges, 0, sizeof edges);
	for (unsigned ttl = 0; ttl < g->ttls; ttl++) {
		bool there[NODES] = { false };

		for (unsigned a = 0; a < NODES; a++)
			for (unsigned i = 0; here[a] && i < g->n[a]; i++) {
				unsigned b = g->next[a][i];

				there[b] = true;
				edges[0][ttl][g->silent[a] ? NODES : a][g->silent[b] ? NODES : b] =
					true;
			}
		memcpy(here, there, sizeof here);
	}
}

static inline bool is_whole(struct run *r, const struct net *g)
{
	const struct sonde_multipath *m = &r->m;

	true_edges(g);
	for (uint32_t i = 0; i < sonde_multipath_nodes(m, 1); i++) {
		struct sonde_multipath_node node = sonde_multipath_node(m, 1, i);

		edges[1][0][0][id_of(&node)] = node.flows;
	}
	for (unsigned ttl = 1; ttl < g->ttls; ttl++) {
		struct sonde_multipath_edge *e;
		uint32_t n = sonde_multipath_edges(m, &r->arena, (uint8_t)ttl, &e);

		for (uint32_t i = 0; i < n; i++) {
			struct sonde_multipath_node a = sonde_multipath_node(m, (uint8_t)ttl,
									     e[i].from),
						    b = sonde_multipath_node(m, (uint8_t)(ttl + 1),
									     e[i].to);

			edges[1][ttl][id_of(&a)][id_of(&b)] = true;
		}
	}
	return !memcmp(edges[0], edges[1], sizeof edges[0]);
}

static const struct sonde_multipath_plan usual = {
	.percent = 95, .first_ttl = 1, .max_ttl = TTLS - 1, .retries = 2, .gap = 4, .most = 4000
};

struct asked {
	uint8_t ttl;
	uint16_t flow;
};

static inline void answer(struct run *r, struct net *g, struct asked a)
{
	unsigned at = walk(g, a.ttl, a.flow);
	struct sonde_address from = { .family = AF_INET,
				      .port = a.flow,
				      .ip = { 10, 0, 0, (uint8_t)at } };
	bool lost = g->silent[at] || sonde_random_at(g->seed + g->serial * 99) % 1000 < g->loss;

	sonde_multipath_told(&r->m, a.ttl, a.flow, lost ? NULL : &from,
			     g->barred[at] ? SONDE_MULTIPATH_BARRED
			     : g->n[at]	   ? SONDE_MULTIPATH_ROUTER
					   : SONDE_MULTIPATH_END);
	if (!lost && !g->n[at] && (!r->end[a.flow] || r->end[a.flow] > a.ttl))
		r->end[a.flow] = a.ttl;
}

/* All that may be out is out; then all of it is answered, a round, or where `one_by_one` one of it,
 * any. */
static inline void run_so(struct run *r, struct net *g, const struct sonde_multipath_plan *plan,
			  bool one_by_one)
{
	static struct asked out[FLOWS];
	unsigned n = 0;

	*r = (struct run){ 0 };
	sonde_multipath_init(&r->m, &r->arena, plan);
	for (; !sonde_multipath_done(&r->m); r->rounds++) {
		while (n < (one_by_one ? 8 : FLOWS) &&
		       sonde_multipath_next(&r->m, &out[n].ttl, &out[n].flow)) {
			ck_assert_uint_ge(out[n].ttl, plan->first_ttl);
			ck_assert_uint_le(out[n].ttl, plan->max_ttl);
			ck_assert_uint_lt(out[n].flow, FLOWS);
			ck_assert(!r->end[out[n].flow] || out[n].ttl <= r->end[out[n].flow]);
			r->probes++;
			n++;
		}
		ck_assert_uint_gt(n, 0);
		while (n) {
			unsigned i = (unsigned)(sonde_random_at(g->serial + g->seed) % n);

			answer(r, g, out[i]);
			out[i] = out[--n];
			if (one_by_one)
				break;
		}
	}
	ck_assert_uint_eq(r->probes, r->m.sent);
	r->whole = is_whole(r, g);
}

static inline void run(struct run *r, struct net *g, const struct sonde_multipath_plan *plan)
{
	run_so(r, g, plan, false);
}

/* The reference: the same rule one probe at a time, hop by hop, without repeated probes and without
 * going ahead; written for networks that answer all. Its stopping points are the published ones:
 * Augustin, Friedman and Teixeira 2007, Veitch et al. 2009, table I. */
static const unsigned published[2][17] = {
	{ 6, 11, 16, 21, 27, 33, 38, 44, 51, 57, 63, 70, 76, 83, 90, 96, 103 },
	{ 8, 15, 21, 28, 36, 43, 51, 58, 66, 74, 82, 90, 98, 106, 115, 123, 132 },
};

struct reference {
	struct net *g;
	uint8_t at[FLOWS][TTLS]; /* 1 + the node; 0: not probed */
	unsigned flows, probes;
};

static inline unsigned reference_probe(struct reference *r, unsigned ttl, unsigned flow)
{
	unsigned at = walk(r->g, ttl, flow);

	if (flow >= FLOWS)
		abort(); /* it is used by what is no test, too */
	r->flows = flow < r->flows ? r->flows : flow + 1;
	r->at[flow][ttl] = (uint8_t)(at + 1);
	r->probes++;
	return at;
}

static inline bool reference_ended(const struct reference *r, unsigned ttl, unsigned flow)
{
	for (unsigned i = 1; i < ttl; i++)
		if (r->at[flow][i] && !r->g->n[r->at[flow][i] - 1])
			return true;
	return false;
}

/* The only node of a hop, or NODES. */
static inline unsigned reference_sole(const struct reference *r, unsigned ttl)
{
	unsigned only = NODES;

	if (!ttl)
		return 0;
	for (unsigned f = 0; f < r->flows; f++) {
		if (reference_ended(r, ttl + 1, f))
			return NODES;
		if (!r->at[f][ttl])
			continue;
		if (only != NODES && only != r->at[f][ttl] - 1u)
			return NODES;
		only = r->at[f][ttl] - 1u;
	}
	return only;
}

/* Looks for what `from`, at ttl - 1, leads to. False: node control met a node that is new there. */
static inline bool reference_follow(struct reference *r, unsigned ttl, unsigned from)
{
	bool all = reference_sole(r, ttl - 1) == from, met[NODES] = { false },
	     there[NODES] = { false };
	unsigned k = 0, probed = 0, f;

	for (f = 0; f < r->flows; f++) {
		unsigned a = r->at[f][ttl - 1], b = r->at[f][ttl];

		if (a)
			there[a - 1] = true;
		if (!b || (!all && a != from + 1) || reference_ended(r, ttl, f))
			continue;
		probed++;
		k += !met[b - 1];
		met[b - 1] = true;
	}
	while (probed < published[0][k ? k - 1 : 0]) {
		unsigned at;

		for (f = 0; f < r->flows; f++)
			if ((all || r->at[f][ttl - 1] == from + 1) && !r->at[f][ttl] &&
			    !reference_ended(r, ttl, f))
				break;
		if (f == r->flows && !all) { /* node control */
			at = reference_probe(r, ttl - 1, f);
			if (!there[at])
				return false;
			continue;
		}
		at = reference_probe(r, ttl, f);
		probed++;
		k += !met[at];
		met[at] = true;
	}
	return true;
}

static inline unsigned reference(struct net *g)
{
	static struct reference r;

	r = (struct reference){ .g = g };
	for (unsigned ttl = 1; ttl <= g->ttls; ttl++) {
		bool here[NODES] = { ttl == 1 };

		for (unsigned f = 0; f < r.flows; f++)
			if (r.at[f][ttl - 1] && !reference_ended(&r, ttl - 1, f))
				here[r.at[f][ttl - 1] - 1] = true;
		for (unsigned a = 0; a < NODES; a++)
			if (here[a] && g->n[a] && !reference_follow(&r, ttl, a)) {
				ttl -= 2; /* what led there leads to one more */
				break;
			}
	}
	return r.probes;
}

#endif
