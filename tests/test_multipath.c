#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/random.h"
#include "probe/multipath.h"

Suite *multipath_suite(void);

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

static void lead(struct net *g, unsigned from, unsigned first, unsigned last)
{
	for (unsigned to = first; to <= last; to++)
		g->next[from][g->n[from]++] = (uint8_t)to;
}

static unsigned walk(struct net *g, unsigned ttl, unsigned flow)
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

static unsigned id_of(const struct sonde_multipath_node *node)
{
	return node->address.family ? node->address.ip[3] : NODES;
}

/* Edges between hops, as the network has them and as they were found; NODES stands for silence. */
static bool edges[2][TTLS][NODES + 1][NODES + 1];

static void true_edges(const struct net *g)
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

static bool is_whole(struct run *r, const struct net *g)
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

static void answer(struct run *r, struct net *g, struct asked a)
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
static void run_so(struct run *r, struct net *g, const struct sonde_multipath_plan *plan,
		   bool one_by_one)
{
	static struct asked out[FLOWS];
	unsigned n = 0;

	*r = (struct run){ 0 };
	sonde_multipath_init(&r->m, &r->arena, plan);
	for (; !sonde_multipath_done(&r->m); r->rounds++) {
		while (n < FLOWS && sonde_multipath_next(&r->m, &out[n].ttl, &out[n].flow)) {
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

static void run(struct run *r, struct net *g, const struct sonde_multipath_plan *plan)
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

static unsigned reference_probe(struct reference *r, unsigned ttl, unsigned flow)
{
	unsigned at = walk(r->g, ttl, flow);

	ck_assert_uint_lt(flow, FLOWS);
	r->flows = flow < r->flows ? r->flows : flow + 1;
	r->at[flow][ttl] = (uint8_t)(at + 1);
	r->probes++;
	return at;
}

static bool reference_ended(const struct reference *r, unsigned ttl, unsigned flow)
{
	for (unsigned i = 1; i < ttl; i++)
		if (r->at[flow][i] && !r->g->n[r->at[flow][i] - 1])
			return true;
	return false;
}

/* The only node of a hop, or NODES. */
static unsigned reference_sole(const struct reference *r, unsigned ttl)
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
static bool reference_follow(struct reference *r, unsigned ttl, unsigned from)
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

static unsigned reference(struct net *g)
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

struct sum {
	unsigned runs, whole, rounds;
	double probes, reference;
};

static struct sum many(struct net *g, unsigned runs, const struct sonde_multipath_plan *plan)
{
	struct sum s = { .runs = runs };

	for (unsigned i = 0; i < runs; i++) {
		struct run r;

		g->seed = sonde_random_at(i + 1);
		g->serial = 0;
		run(&r, g, plan);
		ck_assert(!r.m.full);
		s.whole += r.whole;
		s.rounds += r.rounds;
		s.probes += r.probes;
		sonde_arena_done(&r.arena);
		s.reference += reference(g);
	}
	return s;
}

static void chain(struct net *g, unsigned hops)
{
	*g = (struct net){ .ttls = hops };
	for (unsigned i = 0; i < hops; i++)
		lead(g, i, i + 1, i + 1);
}

/* A router, a balancer, `wide` routers, a router, the target. */
static void diamond(struct net *g, unsigned wide)
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
static void two_levels(struct net *g)
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

static void unequal(struct net *g)
{
	*g = (struct net){ .ttls = 6 };
	lead(g, 0, 1, 1);
	lead(g, 1, 2, 3);
	lead(g, 2, 9, 9);
	lead(g, 3, 4, 4);
	lead(g, 4, 5, 5);
	lead(g, 5, 9, 9);
}

static void print(const char *name, struct sum s)
{
	if (getenv("SONDE_SHOW"))
		fprintf(stderr,
			"%-22s %5u runs: %6.2f %% whole, %.1f probes, the rule's %.1f (%.3f), "
			"%.1f rounds\n",
			name, s.runs, 100.0 * s.whole / s.runs, s.probes / s.runs,
			s.reference / s.runs, s.probes / s.reference, (double)s.rounds / s.runs);
}

/* So many of 1000 runs find all, with at most so many thousandths of the reference's probes. */
static void expect(const char *name, struct sum s, unsigned whole, unsigned probes)
{
	print(name, s);
	ck_assert_msg(s.whole * 1000ull >= s.runs * (uint64_t)whole, "%s: %u of %u runs were whole",
		      name, s.whole, s.runs);
	ck_assert_msg(s.probes * 1000 <= s.reference * probes, "%s: %.1f probes, not %.1f", name,
		      s.probes / s.runs, s.reference / s.runs);
}

START_TEST(the_stopping_points_are_the_published_ones)
{
	for (unsigned k = 1; k <= 17; k++) {
		ck_assert_uint_eq(sonde_multipath_stop(95, k), published[0][k - 1]);
		ck_assert_uint_eq(sonde_multipath_stop(99, k), published[1][k - 1]);
	}
	ck_assert_uint_eq(sonde_multipath_stop(95, 55), 389);
	ck_assert_uint_eq(sonde_multipath_stop(99, 55), 479);
	ck_assert_uint_gt(sonde_multipath_stop(99, SONDE_MULTIPATH_WIDEST),
			  sonde_multipath_stop(99, SONDE_MULTIPATH_WIDEST - 1));
}
END_TEST

START_TEST(four_ways_are_found_99_times_of_100_with_the_probes_of_the_rule_and_a_tenth)
{
	struct net g;

	diamond(&g, 4);
	expect("4-way", many(&g, 3000, &usual), 990, 1100);
}
END_TEST

START_TEST(a_chain_costs_what_the_rule_demands_and_a_step_too_far)
{
	struct net g;

	for (unsigned hops = 1; hops < 13; hops++) {
		struct sum s;

		chain(&g, hops);
		s = many(&g, 10, &usual);
		ck_assert_uint_eq(s.whole, s.runs);
		ck_assert(s.reference == s.runs * hops * 6.0);
		ck_assert(s.probes <= s.reference + s.runs * (SONDE_MULTIPATH_AHEAD - 1.0));
		ck_assert_uint_le(s.rounds, s.runs * (hops / SONDE_MULTIPATH_AHEAD + 2));
	}
}
END_TEST

START_TEST(networks_are_found_as_surely_as_the_rule_says)
{
	struct sonde_multipath_plan sure = usual;
	struct net g;

	diamond(&g, 2);
	expect("2-way", many(&g, 1000, &usual), 950, 1100);
	sure.percent = 99;
	print("2-way at 99 %", many(&g, 1000, &sure));
	ck_assert_uint_ge(many(&g, 1000, &sure).whole, 990);
	diamond(&g, 16);
	expect("16-way", many(&g, 100, &usual), 990, 1120);
	unequal(&g);
	expect("unequal lengths", many(&g, 1000, &usual), 950, 1100);
	two_levels(&g); /* three balancers, each of which may be taken for a plain router */
	expect("two levels", many(&g, 1000, &usual), 900, 1120);
}
END_TEST

START_TEST(a_16_way_diamond_takes_few_round_trips)
{
	struct net g;
	struct sum s;

	diamond(&g, 16);
	s = many(&g, 50, &usual);
	ck_assert_uint_le(s.rounds, 50 * 12);
}
END_TEST

START_TEST(answers_may_come_in_any_order)
{
	unsigned whole = 0, probes = 0;
	struct sum rounds;
	struct net g;

	diamond(&g, 4);
	rounds = many(&g, 200, &usual);
	for (unsigned i = 0; i < 200; i++) {
		struct run r;

		g.seed = sonde_random_at(i + 1);
		run_so(&r, &g, &usual, true);
		whole += r.whole;
		probes += r.probes;
		sonde_arena_done(&r.arena);
	}
	ck_assert_uint_ge(whole, 198);
	ck_assert(probes <= rounds.probes * 1.1);
}
END_TEST

START_TEST(every_flow_stands_where_it_goes)
{
	struct net g;
	struct run r;
	unsigned known = 0;

	unequal(&g);
	g.seed = 7;
	run(&r, &g, &usual);
	for (uint16_t f = 0; f < r.m.flows; f++)
		for (uint8_t ttl = 1; ttl < TTLS; ttl++) {
			int at = sonde_multipath_at(&r.m, f, ttl);
			struct sonde_multipath_node node;

			if (at == SONDE_MULTIPATH_UNKNOWN)
				continue;
			node = sonde_multipath_node(&r.m, ttl, (uint32_t)at);
			ck_assert_uint_eq(id_of(&node), walk(&g, ttl, f));
			ck_assert_uint_eq(node.is, g.n[id_of(&node)] ? SONDE_MULTIPATH_ROUTER
								     : SONDE_MULTIPATH_END);
			known++;
		}
	ck_assert_uint_gt(known, 20);
	ck_assert_int_eq(sonde_multipath_at(&r.m, (uint16_t)r.m.flows, 1), SONDE_MULTIPATH_UNKNOWN);
	ck_assert_int_eq(sonde_multipath_at(&r.m, 0, TTLS), SONDE_MULTIPATH_UNKNOWN);
	sonde_arena_done(&r.arena);
}
END_TEST

START_TEST(silent_routers_are_followed_through)
{
	struct net g;
	struct sum s;

	chain(&g, 7);
	g.silent[3] = true;
	s = many(&g, 50, &usual);
	print("chain, one is silent", s);
	ck_assert_uint_eq(s.whole, s.runs);
	ck_assert(s.probes <= s.reference + 5.0 * s.runs); /* flow 0 alone asks silence again */
	g.silent[4] = g.silent[5] = true;
	ck_assert_uint_eq(many(&g, 50, &usual).whole, 50);
	diamond(&g, 4);
	g.silent[5] = true;
	s = many(&g, 300, &usual);
	print("4-way, one is silent", s);
	ck_assert_uint_ge(s.whole, 297);
}
END_TEST

START_TEST(a_target_that_is_silent_ends_behind_the_gap)
{
	struct net g;
	struct run r;

	chain(&g, 4);
	g.silent[4] = true;
	run(&r, &g, &usual);
	/* Three hops that answer; four that do not, whose silence flow 0 asks twice again; flow 0
	 * ahead of them; and a hop that five flows come to before flow 0 has asked its last. */
	ck_assert_uint_le(r.probes, 7 * 6 + 4 * 2 + (SONDE_MULTIPATH_AHEAD - 1) * 3 + 5);
	ck_assert_int_eq(sonde_multipath_at(&r.m, 0, 4), SONDE_MULTIPATH_STAR);
	ck_assert_int_eq(sonde_multipath_at(&r.m, 5, 7), SONDE_MULTIPATH_STAR);
	ck_assert(!r.m.full);
	sonde_arena_done(&r.arena);
}
END_TEST

START_TEST(lost_answers_are_asked_for_again)
{
	struct net g;
	struct sum s;

	diamond(&g, 4);
	g.loss = 20;
	s = many(&g, 500, &usual);
	print("4-way, 2 % loss", s);
	ck_assert_uint_ge(s.whole, 490);
}
END_TEST

START_TEST(flows_that_were_barred_are_not_followed)
{
	struct sonde_multipath_node node;
	struct net g;
	struct run r;

	two_levels(&g);
	g.barred[4] = true;
	g.n[4] = 0;
	g.seed = 3;
	run(&r, &g, &usual);
	ck_assert(r.whole);
	for (uint32_t i = 1; i < sonde_multipath_nodes(&r.m, 3); i++) {
		node = sonde_multipath_node(&r.m, 3, i);
		ck_assert_uint_eq(node.is, id_of(&node) == 4 ? SONDE_MULTIPATH_BARRED
							     : SONDE_MULTIPATH_ROUTER);
	}
	sonde_arena_done(&r.arena);
}
END_TEST

/* How many of 200 runs name the balancer, node 2 at hop 2; each ends. */
static unsigned named(struct net *g, unsigned *ret_others)
{
	unsigned names = 0;

	for (unsigned i = 0; i < 200; i++) {
		struct run r;

		g->seed = sonde_random_at(i + 1);
		run(&r, g, &usual);
		ck_assert(!r.m.full);
		ck_assert_uint_lt(r.probes, 200);
		for (uint8_t ttl = 1; ttl < TTLS; ttl++)
			for (uint32_t n = 0; n < sonde_multipath_nodes(&r.m, ttl); n++) {
				struct sonde_multipath_node node =
					sonde_multipath_node(&r.m, ttl, n);

				names += node.varies && id_of(&node) == 2;
				*ret_others += node.varies && id_of(&node) != 2;
			}
		ck_assert(!sonde_multipath_varies(&r.m, 1) && !sonde_multipath_varies(&r.m, 2));
		sonde_arena_done(&r.arena);
	}
	return names;
}

START_TEST(spreading_by_packet_is_named_and_ends)
{
	unsigned others = 0, two, four;
	struct net g;

	diamond(&g, 4);
	g.per_packet[2] = true;
	four = named(&g, &others);
	ck_assert_uint_ge(four, 180); /* 1 - 1/16 */
	diamond(&g, 2);
	g.per_packet[2] = true;
	two = named(&g, &others);
	ck_assert_uint_ge(two, 140); /* 1 - 1/4 */
	ck_assert_uint_eq(others, 0);
	if (getenv("SONDE_SHOW"))
		fprintf(stderr, "by packet: named %u and %u of 200\n", four, two);
}
END_TEST

START_TEST(flows_that_are_spread_are_not_taken_for_packets_that_are)
{
	unsigned others = 0;
	struct net g;

	diamond(&g, 4);
	ck_assert_uint_eq(named(&g, &others), 0);
	two_levels(&g);
	ck_assert_uint_eq(named(&g, &others), 0);
	ck_assert_uint_eq(others, 0);
}
END_TEST

START_TEST(all_that_may_be_sent_is_sent_and_no_more)
{
	struct sonde_multipath_plan plan = usual;
	struct net g;
	struct run r;

	diamond(&g, 16);
	for (plan.most = 0; plan.most < 200; plan.most += 13) {
		run(&r, &g, &plan);
		ck_assert_uint_eq(r.probes, plan.most);
		ck_assert(r.m.full);
		sonde_arena_done(&r.arena);
	}
	chain(&g, 6); /* what is enough is not called too little */
	plan.most = 36;
	run(&r, &g, &plan);
	ck_assert_uint_eq(r.probes, 36);
	ck_assert(!r.m.full && r.whole);
	sonde_arena_done(&r.arena);
}
END_TEST

START_TEST(a_node_that_hardly_any_flow_comes_to_is_called_unsure)
{
	unsigned unsure = 0;
	struct net g;

	diamond(&g, 2);
	g.share = 1010; /* of 1024 */
	for (unsigned i = 0; i < 300; i++) {
		struct run r;

		g.seed = sonde_random_at(i + 1);
		run(&r, &g, &usual);
		ck_assert(!r.m.full);
		ck_assert_uint_lt(r.probes, 1000);
		for (uint32_t n = 0; n < sonde_multipath_nodes(&r.m, 3); n++) {
			struct sonde_multipath_node node = sonde_multipath_node(&r.m, 3, n);

			ck_assert(!node.unsure || (id_of(&node) == 4 && node.flows < 6));
			unsure += node.unsure;
		}
		sonde_arena_done(&r.arena);
	}
	ck_assert_uint_gt(unsure, 3);
}
END_TEST

/* Addresses, kinds and silences at random: nothing holds together, and it ends all the same. */
START_TEST(a_network_of_nonsense_ends)
{
	struct sonde_multipath_plan plan = usual;

	plan.most = 700;
	plan.max_ttl = 9;
	for (uint64_t seed = 0; seed < 60; seed++) {
		struct sonde_arena arena = { 0 };
		struct sonde_multipath_edge *edge;
		struct sonde_multipath m;
		uint64_t state = seed;
		unsigned sent = 0;
		uint16_t flow;
		uint8_t ttl;

		plan.first_ttl = (uint8_t)(1 + seed % 3);
		plan.gap = (uint8_t)(seed % 4);
		sonde_multipath_init(&m, &arena, &plan);
		while (!sonde_multipath_done(&m))
			while (sonde_multipath_next(&m, &ttl, &flow)) {
				uint64_t r = sonde_random(&state);
				struct sonde_address from = { .family = AF_INET,
							      .ip = { 10, ttl, 0,
								      (uint8_t)(r % (1 + seed)) } };

				ck_assert_uint_le(++sent, plan.most);
				sonde_multipath_told(&m, ttl, flow, r >> 32 & 7 ? &from : NULL,
						     r >> 40 & 31 ? SONDE_MULTIPATH_ROUTER
								  : SONDE_MULTIPATH_END);
			}
		ck_assert_uint_eq(m.out, 0);
		for (ttl = 0; ttl < 12; ttl++)
			for (uint32_t i = sonde_multipath_edges(&m, &arena, ttl, &edge); i--;) {
				ck_assert_uint_lt(edge[i].from, sonde_multipath_nodes(&m, ttl));
				ck_assert_uint_lt(edge[i].to,
						  sonde_multipath_nodes(&m, (uint8_t)(ttl + 1)));
			}
		sonde_arena_done(&arena);
	}
}
END_TEST

START_TEST(a_crowd_at_a_hop_ends_it)
{
	struct sonde_multipath_plan plan = usual;
	struct sonde_arena arena = { 0 };
	struct sonde_multipath m;
	uint32_t serial = 0;
	uint16_t flow;
	uint8_t ttl;

	plan.most = UINT16_MAX;
	sonde_multipath_init(&m, &arena, &plan);
	while (!sonde_multipath_done(&m))
		while (sonde_multipath_next(&m, &ttl, &flow)) {
			struct sonde_address from = { .family = AF_INET };

			memcpy(from.ip, &serial, sizeof serial);
			serial++;
			sonde_multipath_told(&m, ttl, flow, &from, SONDE_MULTIPATH_ROUTER);
		}
	ck_assert(m.full);
	ck_assert_uint_lt(m.sent, 4 * SONDE_MULTIPATH_CROWD);
	ck_assert_uint_lt(arena.used, 50 << 20);
	sonde_arena_done(&arena);
}
END_TEST

START_TEST(what_was_not_asked_is_not_heard)
{
	static const struct sonde_address from = { .family = AF_INET, .ip = { 9 } };
	struct sonde_arena arena = { 0 };
	struct sonde_multipath m;
	uint16_t flow;
	uint8_t ttl;

	sonde_multipath_init(&m, &arena, &usual);
	ck_assert(sonde_multipath_next(&m, &ttl, &flow));
	ck_assert_uint_eq(ttl, 1);
	sonde_multipath_told(&m, 0, 0, &from, SONDE_MULTIPATH_ROUTER);
	sonde_multipath_told(&m, TTLS, 0, &from, SONDE_MULTIPATH_ROUTER);
	sonde_multipath_told(&m, 1, 999, &from, SONDE_MULTIPATH_ROUTER);
	sonde_multipath_told(&m, 9, 0, &from, SONDE_MULTIPATH_END);
	ck_assert_uint_eq(m.out, 1);
	ck_assert_uint_eq(sonde_multipath_nodes(&m, 9), 1);
	ck_assert_uint_eq(sonde_multipath_nodes(&m, 0), 0);
	sonde_arena_done(&arena);
}
END_TEST

START_TEST(a_late_answer_takes_a_flow_from_the_star)
{
	struct sonde_address from = { .family = AF_INET, .ip = { 10, 0, 0, 1 } };
	struct sonde_multipath_plan plan = usual;
	struct sonde_arena arena = { 0 };
	struct sonde_multipath m;
	uint16_t flow;
	uint8_t ttl;

	plan.max_ttl = 1;
	plan.retries = 0;
	sonde_multipath_init(&m, &arena, &plan);
	ck_assert(sonde_multipath_next(&m, &ttl, &flow));
	sonde_multipath_told(&m, 1, 0, NULL, SONDE_MULTIPATH_SILENCE);
	ck_assert_int_eq(sonde_multipath_at(&m, 0, 1), SONDE_MULTIPATH_STAR);
	sonde_multipath_told(&m, 1, 0, &from, SONDE_MULTIPATH_ROUTER);
	ck_assert_int_eq(sonde_multipath_at(&m, 0, 1), 1);
	ck_assert_uint_eq(sonde_multipath_node(&m, 1, SONDE_MULTIPATH_STAR).flows, 0);
	from.ip[3] = 2; /* and yet another, to the same probe */
	sonde_multipath_told(&m, 1, 0, &from, SONDE_MULTIPATH_ROUTER);
	ck_assert(sonde_multipath_varies(&m, 1));
	ck_assert_int_eq(sonde_multipath_at(&m, 0, 1), 1);
	sonde_arena_done(&arena);
}
END_TEST

Suite *multipath_suite(void)
{
	Suite *s = suite_create("multipath");
	TCase *t = tcase_create("");

	tcase_add_test(t, the_stopping_points_are_the_published_ones);
	tcase_add_test(t,
		       four_ways_are_found_99_times_of_100_with_the_probes_of_the_rule_and_a_tenth);
	tcase_add_test(t, a_chain_costs_what_the_rule_demands_and_a_step_too_far);
	tcase_add_test(t, networks_are_found_as_surely_as_the_rule_says);
	tcase_add_test(t, a_16_way_diamond_takes_few_round_trips);
	tcase_add_test(t, answers_may_come_in_any_order);
	tcase_add_test(t, every_flow_stands_where_it_goes);
	tcase_add_test(t, silent_routers_are_followed_through);
	tcase_add_test(t, a_target_that_is_silent_ends_behind_the_gap);
	tcase_add_test(t, lost_answers_are_asked_for_again);
	tcase_add_test(t, flows_that_were_barred_are_not_followed);
	tcase_add_test(t, spreading_by_packet_is_named_and_ends);
	tcase_add_test(t, flows_that_are_spread_are_not_taken_for_packets_that_are);
	tcase_add_test(t, all_that_may_be_sent_is_sent_and_no_more);
	tcase_add_test(t, a_node_that_hardly_any_flow_comes_to_is_called_unsure);
	tcase_add_test(t, a_network_of_nonsense_ends);
	tcase_add_test(t, a_crowd_at_a_hop_ends_it);
	tcase_add_test(t, what_was_not_asked_is_not_heard);
	tcase_add_test(t, a_late_answer_takes_a_flow_from_the_star);
	suite_add_tcase(s, t);
	return s;
}
