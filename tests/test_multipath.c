#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "multipath_made.h"

Suite *multipath_suite(void);

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

/* One that was met while flows for another were looked for has a way there as well. */
START_TEST(every_node_is_led_to)
{
	struct net g;

	two_levels(&g);
	g.share = 900; /* of 1024: what is behind the others is met by chance */
	for (unsigned i = 0; i < 300; i++) {
		struct run r;

		g.seed = sonde_random_at(i + 1);
		run(&r, &g, &usual);
		for (uint8_t ttl = 1; ttl < g.ttls; ttl++) {
			struct sonde_multipath_edge *e;
			uint32_t n = sonde_multipath_edges(&r.m, &r.arena, ttl, &e);

			for (uint32_t to = 1; to < sonde_multipath_nodes(&r.m, ttl + 1); to++) {
				uint32_t led = 0;

				for (uint32_t k = 0; k < n; k++)
					led += e[k].to == to;
				ck_assert_uint_gt(led, 0);
			}
		}
		sonde_arena_done(&r.arena);
	}
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

START_TEST(what_is_behind_packets_that_are_spread_is_one)
{
	unsigned seen = 0, probes = 0;
	struct net g = { .ttls = 6, .per_packet[2] = true };

	lead(&g, 0, 1, 1);
	lead(&g, 1, 2, 2);
	lead(&g, 2, 3, 6);
	for (unsigned i = 3; i < 7; i++) { /* four ways that stay apart for a hop */
		lead(&g, i, i + 4, i + 4);
		lead(&g, i + 4, 11, 11);
	}
	lead(&g, 11, 12, 12);
	for (unsigned i = 0; i < 200; i++) {
		struct run r;

		g.seed = sonde_random_at(i + 1);
		run(&r, &g, &usual);
		if (sonde_multipath_varies(&r.m, 3)) {
			ck_assert(sonde_multipath_varies(&r.m, 4));
			ck_assert(!sonde_multipath_varies(&r.m, 5));
			probes += r.probes;
			seen++;
		}
		sonde_arena_done(&r.arena);
	}
	ck_assert_uint_ge(seen, 180);
	if (getenv("SONDE_SHOW"))
		fprintf(stderr, "behind packets that are spread: %.1f probes\n",
			(double)probes / seen);
	ck_assert_uint_lt(probes, 85 * seen);
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
	tcase_add_test(t, every_node_is_led_to);
	tcase_add_test(t, silent_routers_are_followed_through);
	tcase_add_test(t, a_target_that_is_silent_ends_behind_the_gap);
	tcase_add_test(t, lost_answers_are_asked_for_again);
	tcase_add_test(t, flows_that_were_barred_are_not_followed);
	tcase_add_test(t, spreading_by_packet_is_named_and_ends);
	tcase_add_test(t, what_is_behind_packets_that_are_spread_is_one);
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
