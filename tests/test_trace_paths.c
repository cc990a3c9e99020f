/* All paths, over a network that the test invents. */
#include "out/cells.h"
#include "probe/paths_records.h"
#include "probe/say_paths.h"
#include "tests/trace_world.h"

Suite *trace_paths_suite(void);

static struct sonde_trace_plan plan_of(unsigned method)
{
	return (struct sonde_trace_plan){
		.paths = 95, .look = { { .method = (uint8_t)method, .flows = SONDE_TRACE_FLOWS } }
	};
}

static struct sonde_arena arena;

static struct sonde_trace_graph graph_of(const struct path_world *w, uint32_t target)
{
	struct sonde_trace_graph g;

	sonde_trace_graph_make(&g, &arena, &w->p, target);
	return g;
}

/* The node of this router; it has to be there. */
static uint32_t node_at(const struct sonde_trace_graph *g, unsigned hop, unsigned way)
{
	for (uint32_t i = 1; i < g->n; i++)
		if (g->node[i].ttl == hop && g->node[i].number &&
		    g->node[i].is.address.ip[2] == way)
			return i;
	ck_abort_msg("hop %u has no router %u", hop, way);
}

static unsigned nodes_at(const struct sonde_trace_graph *g, unsigned hop)
{
	unsigned n = 0;

	for (uint32_t i = 1; i < g->n; i++)
		n += g->node[i].ttl == hop && sonde_trace_graph_has(g, i);
	return n;
}

static const struct sonde_say_path_look plain;

/* The report, in an arena; NULL palette, UTF-8. */
static const char *tree_of(const struct path_world *w, uint32_t target, unsigned width)
{
	struct sonde_cells_style style = { .width = width, .utf8 = true };
	struct sonde_trace_graph g = graph_of(w, target);
	static char buf[1 << 16];
	struct sonde_text t;
	struct sonde_grid grid;

	sonde_text_init(&t, buf, sizeof buf, NULL, NULL);
	sonde_say_paths_head(&t, &g);
	sonde_say_paths_tree(&grid, &arena, &g, &plain);
	sonde_cells_print(&t, &grid, &style);
	sonde_say_paths_end(&t, &g);
	ck_assert_int_eq(t.error, 0);
	return sonde_arena_string(&arena, t.at, t.len);
}

START_TEST(four_ways_that_meet_again_are_found_with_the_flows_of_each)
{
	for (unsigned method = SONDE_METHOD_ICMP; method <= SONDE_METHOD_UDP; method++) {
		struct path_world *w = path_new(plan_of(method), 1, 6);
		struct sonde_trace_graph g;

		w->hop[0][3].wide = w->hop[0][4].wide = 4;
		w->hop[0][4].follows = true;
		path_run(w);
		g = graph_of(w, 0);
		ck_assert(g.whole);
		ck_assert(!g.varies);
		ck_assert_uint_eq(g.paths, 4);
		ck_assert_uint_eq(g.nodes, 12);
		ck_assert_uint_eq(g.least, 6);
		ck_assert_uint_eq(g.most, 6);
		ck_assert_uint_eq(g.node[node_at(&g, 2, 0)].edges, 4);
		ck_assert_uint_eq(g.node[node_at(&g, 2, 0)].join, node_at(&g, 5, 0));
		for (unsigned way = 0; way < 4; way++) {
			const struct sonde_trace_node *n = &g.node[node_at(&g, 3, way)];

			ck_assert_uint_eq(n->edges, 1);
			ck_assert_uint_eq(g.edge[n->edge].to, node_at(&g, 4, way));
			ck_assert_uint_ge(n->flows, 6);
			ck_assert_uint_eq(n->sight->least, 3 * MS);
		}
		ck_assert_uint_eq(w->sent, w->p.host[0].paths->m.sent);
		ck_assert(w->p.host[0].reached);
		sonde_arena_done(&arena);
		path_close(w);
	}
}
END_TEST

START_TEST(a_flow_is_told_at_the_router_that_it_passed)
{
	struct path_world *w = path_new(plan_of(SONDE_METHOD_UDP), 1, 5);
	const struct sonde_multipath *m = &w->p.host[0].paths->m;
	unsigned seen = 0;

	w->hop[0][2].wide = 3;
	w->hop[0][3].wide = 2;
	path_run(w);
	for (uint8_t hop = 2; hop <= 3; hop++)
		for (uint16_t f = 0; f < m->flows; f++) {
			int at = sonde_multipath_at(m, f, hop);

			if (at <= 0)
				continue;
			ck_assert_uint_eq(sonde_multipath_node(m, hop, (uint32_t)at).address.ip[2],
					  path_way(w, 0, hop, 0x4711u << 16 | (33434u + f)));
			seen++;
		}
	ck_assert_uint_ge(seen, 16 + 3 * 11);
	path_close(w);
}
END_TEST

START_TEST(all_of_99_percent_takes_more_flows_than_95)
{
	unsigned sent[2];

	for (unsigned i = 0; i < 2; i++) {
		struct sonde_trace_plan plan = plan_of(SONDE_METHOD_UDP);
		struct path_world *w;

		plan.paths = i ? 99 : 95;
		w = path_new(plan, 1, 3);
		path_run(w);
		sent[i] = w->sent_to[2];
		path_close(w);
	}
	ck_assert_uint_eq(sent[0], 6);
	ck_assert_uint_eq(sent[1], 8);
}
END_TEST

START_TEST(each_flow_has_a_label_of_its_own_at_all_hops)
{
	struct path_world *w = path_new(plan_of(SONDE_METHOD_UDP), 1, 5);
	unsigned flows = 0;

	w->hop[0][2].wide = 4;
	path_run(w); /* the world holds the labels of a flow against each other */
	for (unsigned f = 0; f < 1 << 12; f++) {
		flows += w->label[0][f] > 0;
		ck_assert_uint_le(w->label[0][f], 0xfffff);
		for (unsigned k = 0; k < f && w->label[0][f]; k++)
			ck_assert_uint_ne(w->label[0][f], w->label[0][k]);
	}
	ck_assert_uint_ge(flows, 27);
	path_close(w);
}
END_TEST

START_TEST(several_targets_are_traced_at_once)
{
	struct path_world *w = path_new(plan_of(SONDE_METHOD_UDP), 4, 5);

	for (unsigned t = 0; t < 4; t++)
		w->hop[t][3].wide = t + 1;
	path_run(w);
	for (unsigned t = 0; t < 4; t++) {
		struct sonde_trace_graph g = graph_of(w, t);

		ck_assert(g.whole);
		ck_assert_uint_eq(g.paths, t + 1);
	}
	ck_assert_uint_le(path_took(w), 300 * MS);
	sonde_arena_done(&arena);
	path_close(w);
}
END_TEST

START_TEST(a_silent_router_beside_others_is_a_way_of_its_own_and_followed)
{
	struct path_world *w = path_new(plan_of(SONDE_METHOD_UDP), 1, 5);
	struct sonde_trace_graph g;
	uint32_t star;

	w->hop[0][2].wide = w->hop[0][3].wide = 2;
	w->hop[0][3].follows = true;
	w->hop[0][2].dumb = 1;
	path_run(w);
	g = graph_of(w, 0);
	ck_assert(g.whole);
	ck_assert_uint_eq(g.paths, 2);
	ck_assert_uint_eq(nodes_at(&g, 2), 2);
	for (star = 1; g.node[star].ttl != 2 || g.node[star].number; star++)
		;
	ck_assert_uint_eq(g.node[star].edges, 1);
	ck_assert_uint_eq(g.edge[g.node[star].edge].to, node_at(&g, 3, 0));
	ck_assert(!g.node[star].dark);
	ck_assert_uint_le(path_took(w),
			  5 * SONDE_SECOND); /* it is not taken for a limit for long */
	sonde_arena_done(&arena);
	path_close(w);
}
END_TEST

START_TEST(who_answers_only_so_often_is_asked_again_one_flow_a_second)
{
	struct path_world *w = path_new(plan_of(SONDE_METHOD_UDP), 1, 4);
	struct sonde_trace_graph g;

	w->hop[0][2].pause = 900 * MS;
	path_run(w);
	g = graph_of(w, 0);
	ck_assert_uint_eq(g.paths, 1); /* no star stands beside it */
	ck_assert_uint_eq(nodes_at(&g, 2), 1);
	ck_assert_uint_eq(w->sent_to[2], 11);
	ck_assert_uint_ge(path_took(w), 5 * SONDE_SECOND);
	ck_assert_uint_le(path_took(w), 6 * SONDE_SECOND);
	sonde_arena_done(&arena);
	path_close(w);
}
END_TEST

START_TEST(a_late_answer_takes_its_flow_from_the_star)
{
	struct path_world *w = path_new(plan_of(SONDE_METHOD_UDP), 1, 8);
	struct sonde_trace_graph g;

	w->hop[0][2].more = 150;
	path_run(w);
	g = graph_of(w, 0);
	ck_assert_uint_eq(g.paths, 1);
	ck_assert_uint_eq(g.node[node_at(&g, 2, 0)].is.flows, 6);
	sonde_arena_done(&arena);
	path_close(w);
}
END_TEST

START_TEST(balancing_by_packet_is_named)
{
	struct path_world *w = path_new(plan_of(SONDE_METHOD_UDP), 1, 5);
	struct sonde_trace_graph g;
	struct sonde_node_record r;

	w->hop[0][3].wide = 4;
	w->hop[0][3].per_packet = true;
	path_run(w);
	g = graph_of(w, 0);
	ck_assert(g.varies);
	ck_assert_uint_eq(nodes_at(&g, 3), 4);
	sonde_trace_graph_node(&g, &arena, node_at(&g, 2, 0), &r);
	ck_assert_str_eq(r.balances, "by packet");
	ck_assert_ptr_nonnull(strstr(tree_of(w, 0, 0), "spreads packets, not flows"));
	sonde_arena_done(&arena);
	path_close(w);
}
END_TEST

START_TEST(where_nothing_answers_any_more_is_told_once)
{
	struct path_world *w = path_new(plan_of(SONDE_METHOD_UDP), 1, 20);
	struct sonde_trace_graph g;
	const char *text;

	w->hop[0][2].wide = 2;
	for (unsigned hop = 4; hop <= 20; hop++)
		w->hop[0][hop].silent = true;
	path_run(w);
	g = graph_of(w, 0);
	ck_assert_uint_eq(g.paths, 2);
	ck_assert_uint_eq(g.least, 0);
	ck_assert_uint_eq(nodes_at(&g, 4), 1);
	ck_assert_uint_eq(nodes_at(&g, 5), 0);
	text = tree_of(w, 0, 0);
	ck_assert_ptr_nonnull(strstr(text, "\n  4  * nothing answers from here on"));
	ck_assert_ptr_nonnull(strstr(text, "2 paths, none to the target, "));
	ck_assert_ptr_null(strstr(text, "\n  5 "));
	sonde_arena_done(&arena);
	path_close(w);
}
END_TEST

START_TEST(a_target_that_nobody_answers_for_has_no_paths)
{
	struct path_world *w = path_new(plan_of(SONDE_METHOD_UDP), 1, 20);
	struct sonde_paths_record r;
	struct sonde_trace_graph g;

	for (unsigned hop = 1; hop <= 20; hop++)
		w->hop[0][hop].silent = true;
	path_run(w);
	g = graph_of(w, 0);
	sonde_trace_graph_paths(&g, &arena, &r);
	ck_assert_uint_eq(r.paths, 0);
	ck_assert_uint_eq(r.hops, SONDE_ABSENT);
	ck_assert_uint_eq(r.reached, 0);
	ck_assert_ptr_nonnull(strstr(tree_of(w, 0, 0), "nothing answers, "));
	ck_assert_uint_le(w->sent, 6 * (6 + 2));
	sonde_arena_done(&arena);
	path_close(w);
}
END_TEST

START_TEST(who_refuses_ends_its_path_and_no_other)
{
	struct path_world *w = path_new(plan_of(SONDE_METHOD_UDP), 1, 10);
	struct sonde_trace_graph g;
	struct sonde_node_record r;

	for (unsigned hop = 3; hop <= 10; hop++)
		w->hop[0][hop].type = 3, w->hop[0][hop].code = 13;
	path_run(w);
	g = graph_of(w, 0);
	sonde_trace_graph_node(&g, &arena, node_at(&g, 3, 0), &r);
	ck_assert_str_eq(r.status, "end");
	ck_assert_str_eq(r.mark, "!X");
	ck_assert_uint_eq(r.next, 0);
	ck_assert(!w->p.host[0].reached);
	ck_assert_uint_eq(nodes_at(&g, 4), 0);
	sonde_arena_done(&arena);
	path_close(w);
}
END_TEST

START_TEST(branches_are_indented_and_what_they_meet_at_is_not)
{
	struct path_world *w = path_new(plan_of(SONDE_METHOD_UDP), 1, 5);

	w->seed = 1;
	w->hop[0][2].wide = w->hop[0][3].wide = 2;
	w->hop[0][3].follows = true;
	path_run(w);
	ck_assert_str_eq(
		tree_of(w, 0, 0),
		"paths to target (10.0.0.99), 30 hops max; flow n is UDP to port 33434 + n\n"
		"HOP  NODE         FLOWS  RTT ms  REMARK  WHICH\n"
		"  1  10.0.0.1        17   1.000          0-16\n"
		"  2  ├─ 10.0.1.2     11   2.000          0-4,7,10-13,15\n"
		"  3  │  10.0.1.3      6   3.000          0-4,7\n"
		"  2  └─ 10.0.0.2      6   2.000          5,6,8,9,14,16\n"
		"  3     10.0.0.3      6   3.000          5,6,8,9,14,16\n"
		"  4  10.0.0.4        12   4.000          0-9,14,16\n"
		"  5  10.0.0.99        6   5.000  target  0-5\n"
		"2 paths of 5 hops, 57 probes; no further path with 95 % confidence a node\n");
	sonde_arena_done(&arena);
	path_close(w);
}
END_TEST

START_TEST(a_way_to_a_node_that_another_has_led_to_is_an_arrow)
{
	struct path_world *w = path_new(plan_of(SONDE_METHOD_UDP), 1, 5);

	w->seed = 1;
	w->hop[0][2].wide = w->hop[0][3].wide = 2;
	path_run(w);
	ck_assert_uint_eq(graph_of(w, 0).paths, 4);
	ck_assert_str_eq(
		tree_of(w, 0, 0),
		"paths to target (10.0.0.99), 30 hops max; flow n is UDP to port 33434 + n\n"
		"HOP  NODE              FLOWS  RTT ms  REMARK  WHICH\n"
		"  1  10.0.0.1             28   1.000          0-27\n"
		"  2  ├─ 10.0.1.2          17   2.000          0-4,7,10-13,15,17,19,21,22,24,25\n"
		"  3  │  ├─ 10.0.1.3       15   3.000          0,1,4-9,12,14,18,20,23,26,27\n"
		"  3  │  └─ 10.0.0.3        7   3.000          2,3,10,11,13,15,16\n"
		"  2  └─ 10.0.0.2          11   2.000          5,6,8,9,14,16,18,20,23,26,27\n"
		"  3     ├─ → 10.0.1.3\n"
		"  3     └─ → 10.0.0.3\n"
		"  4  10.0.0.4             12   4.000          0-7,10,11,13,15\n"
		"  5  10.0.0.99             6   5.000  target  0-5\n"
		"4 paths of 5 hops, 82 probes; no further path with 95 % confidence a node\n");
	sonde_arena_done(&arena);
	path_close(w);
}
END_TEST

START_TEST(no_line_of_the_tree_is_wider_than_asked_for)
{
	struct path_world *w = path_new(plan_of(SONDE_METHOD_UDP), 1, 12);

	for (unsigned hop = 2; hop < 11; hop++)
		w->hop[0][hop].wide = 3;
	path_run(w);
	for (unsigned width = 40; width < 120; width += 13) {
		const char *line = strchr(tree_of(w, 0, width), '\n') + 1, *end;
		unsigned lines = 0;

		for (; strncmp(line, "at least", 8) && strncmp(line, "19683 ", 6); line = end + 1) {
			end = strchr(line, '\n');
			ck_assert_ptr_nonnull(end);
			ck_assert_uint_le(sonde_text_columns(line, (size_t)(end - line)), width);
			lines++;
		}
		ck_assert_uint_ge(lines, 1 + 1 + 27);
	}
	ck_assert_uint_eq(graph_of(w, 0).paths, 19683);
	sonde_arena_done(&arena);
	path_close(w);
}
END_TEST

START_TEST(more_flows_than_there_are_ports_for_are_not_claimed)
{
	struct sonde_trace_plan plan = plan_of(SONDE_METHOD_UDP);
	struct sonde_trace_graph g;
	struct path_world *w;

	plan.look[0].port = 65526; /* ten flows */
	w = path_new(plan, 1, 5);
	w->hop[0][2].wide = 4;
	path_run(w);
	g = graph_of(w, 0);
	ck_assert(!g.whole);
	ck_assert_uint_le(g.flows, 10);
	ck_assert_ptr_nonnull(strstr(tree_of(w, 0, 0), "at least "));
	ck_assert_ptr_nonnull(strstr(tree_of(w, 0, 0), "it takes too many probes"));
	sonde_arena_done(&arena);
	path_close(w);
}
END_TEST

START_TEST(a_run_that_is_ended_tells_what_it_has_and_claims_no_more)
{
	for (unsigned ms = 0; ms < 40; ms++) {
		struct path_world *w = path_new(plan_of(SONDE_METHOD_UDP), 1, 8);
		struct sonde_trace_graph g;

		w->hop[0][3].wide = 4;
		path_until(w, w->now + ms * MS / 2);
		w->p.survey.ending = true;
		path_run(w);
		g = graph_of(w, 0);
		ck_assert(!g.whole || g.paths == 4);
		ck_assert(!g.whole || ms > 16);
		tree_of(w, 0, 80);
		sonde_arena_done(&arena);
		path_close(w);
	}
}
END_TEST

static const char *evil_name(void *arg, const struct sonde_address *a)
{
	(void)arg;
	return a->ip[3] == 1 ? "a\"];b\\\x1b[31m\xff" : NULL;
}

START_TEST(names_cannot_leave_their_quotes_in_the_language_of_dot)
{
	struct path_world *w = path_new(plan_of(SONDE_METHOD_UDP), 1, 3);
	const struct sonde_say_path_look look = { .name = evil_name };
	struct sonde_trace_graph g;
	char buf[1 << 14];
	struct sonde_text t;

	path_run(w);
	g = graph_of(w, 0);
	sonde_text_init(&t, buf, sizeof buf, NULL, NULL);
	sonde_say_paths_dot_open(&t);
	sonde_say_paths_dot(&t, &g, &look);
	sonde_say_paths_dot_close(&t);
	sonde_text_bytes(&t, "", 1);
	ck_assert_int_eq(t.error, 0);
	ck_assert_ptr_nonnull(
		strstr(buf, "[label=\"a\\\"];b\\\\x5c\\\\x1b[31m\\\\xff (10.0.0.1)\\nhop 1, "));
	ck_assert_ptr_nonnull(strstr(buf, "t0_1_1 -> t0_2_1 [label=\"6\"];\n"));
	sonde_arena_done(&arena);
	path_close(w);
}
END_TEST

START_TEST(edges_say_how_many_flows_were_seen_on_them)
{
	struct path_world *w = path_new(plan_of(SONDE_METHOD_UDP), 1, 4);
	struct sonde_address from = path_here(false);
	struct sonde_trace_graph g;
	unsigned first = 0, flows = 0;
	char text[64];
	const char *here = sonde_survey_put_host(text, &from);

	w->hop[0][2].wide = 2;
	path_run(w);
	g = graph_of(w, 0);
	for (uint32_t i = 0; i < g.edges; i++) {
		struct sonde_edge_record e;

		sonde_trace_graph_edge(&g, &arena, i, &e);
		first += e.ttl == 0 && !strcmp(e.from, here) && !strcmp(e.to, "10.0.0.1");
		if (e.ttl != 1)
			continue;
		ck_assert_str_eq(e.from, "10.0.0.1");
		flows += (unsigned)(e.flows + e.inferred);
	}
	ck_assert_uint_eq(first, 1);
	ck_assert_uint_ge(flows, 11);
	ck_assert_uint_eq(flows,
			  g.node[node_at(&g, 2, 0)].is.flows + g.node[node_at(&g, 2, 1)].is.flows);
	sonde_arena_done(&arena);
	path_close(w);
}
END_TEST

START_TEST(flow_numbers_are_ranges)
{
	struct path_world *w = path_new(plan_of(SONDE_METHOD_UDP), 1, 4);
	struct sonde_trace_graph g;

	path_run(w);
	g = graph_of(w, 0);
	ck_assert_str_eq(sonde_trace_graph_flows(&g, &arena, node_at(&g, 2, 0)), "0-5");
	sonde_arena_done(&arena);
	path_close(w);
}
END_TEST

Suite *trace_paths_suite(void)
{
	Suite *s = suite_create("trace_paths");
	TCase *c = tcase_create("trace_paths");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, four_ways_that_meet_again_are_found_with_the_flows_of_each);
	tcase_add_test(c, a_flow_is_told_at_the_router_that_it_passed);
	tcase_add_test(c, all_of_99_percent_takes_more_flows_than_95);
	tcase_add_test(c, each_flow_has_a_label_of_its_own_at_all_hops);
	tcase_add_test(c, several_targets_are_traced_at_once);
	tcase_add_test(c, a_silent_router_beside_others_is_a_way_of_its_own_and_followed);
	tcase_add_test(c, who_answers_only_so_often_is_asked_again_one_flow_a_second);
	tcase_add_test(c, a_late_answer_takes_its_flow_from_the_star);
	tcase_add_test(c, balancing_by_packet_is_named);
	tcase_add_test(c, where_nothing_answers_any_more_is_told_once);
	tcase_add_test(c, a_target_that_nobody_answers_for_has_no_paths);
	tcase_add_test(c, who_refuses_ends_its_path_and_no_other);
	tcase_add_test(c, branches_are_indented_and_what_they_meet_at_is_not);
	tcase_add_test(c, a_way_to_a_node_that_another_has_led_to_is_an_arrow);
	tcase_add_test(c, no_line_of_the_tree_is_wider_than_asked_for);
	tcase_add_test(c, more_flows_than_there_are_ports_for_are_not_claimed);
	tcase_add_test(c, a_run_that_is_ended_tells_what_it_has_and_claims_no_more);
	tcase_add_test(c, names_cannot_leave_their_quotes_in_the_language_of_dot);
	tcase_add_test(c, edges_say_how_many_flows_were_seen_on_them);
	tcase_add_test(c, flow_numbers_are_ranges);
	suite_add_tcase(s, c);
	return s;
}
