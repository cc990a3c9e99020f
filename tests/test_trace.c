/* Paths, over a network that the test invents. */
#include "tests/trace_world.h"

Suite *trace_suite(void);

static const struct sonde_trace_plan usual = { .look = { { .method = SONDE_METHOD_UDP } } };

static void ck_hop(const struct path_world *w, unsigned target, unsigned hop, const char *status,
		   const char *from, uint64_t received)
{
	struct sonde_trace_texts texts;
	struct sonde_hop_record r = path_told(w, target, hop, &texts);

	ck_assert_str_eq(r.status, status);
	if (from)
		ck_assert_str_eq(r.from, from);
	else
		ck_assert_ptr_null(r.from);
	ck_assert_uint_eq(r.received, received);
}

START_TEST(a_path_is_known_after_about_its_longest_round_trip)
{
	for (unsigned method = SONDE_METHOD_ICMP; method <= SONDE_METHOD_UDP; method++) {
		struct sonde_trace_plan plan = { .look = { { .method = (uint8_t)method } } };
		struct path_world *w = path_new(plan, 1, 12);

		path_run(w);
		ck_assert_uint_eq(sonde_trace_hops(&w->p, 0), 12);
		for (unsigned hop = 1; hop < 12; hop++) {
			char from[32];

			snprintf(from, sizeof from, "10.0.0.%u", hop);
			ck_hop(w, 0, hop, "answers", from, 3);
		}
		ck_hop(w, 0, 12, "target", "10.0.0.99", 3);
		/* ahead by six: hop 12 is probed when hop 6 answers */
		ck_assert_uint_le(path_took(w), (12 + 6) * MS);
		ck_assert_uint_le(w->beyond, 6 * 3);
		path_close(w);
	}
}
END_TEST

START_TEST(a_silent_hop_costs_little_and_is_no_end)
{
	struct path_world *w = path_new(usual, 1, 8);

	w->hop[0][3].silent = true;
	path_run(w);
	ck_hop(w, 0, 3, "silent", NULL, 0);
	ck_hop(w, 0, 8, "target", "10.0.0.99", 3);
	ck_assert_uint_le(path_took(w), 200 * MS);
	path_close(w);
}
END_TEST

START_TEST(where_nothing_answers_the_rest_is_probed_at_once)
{
	struct path_world *w = path_new(usual, 1, 40);

	for (unsigned hop = 5; hop <= PATH_MOST; hop++)
		w->hop[0][hop].silent = true;
	path_run(w);
	ck_assert_uint_eq(sonde_trace_hops(&w->p, 0), 5);
	ck_hop(w, 0, 4, "answers", "10.0.0.4", 3);
	ck_hop(w, 0, 5, "unknown", NULL, 0);
	ck_assert_uint_le(path_took(w), 2 * (2 * SONDE_SECOND) + 20 * MS);
	ck_assert_uint_eq(w->sent, PATH_MOST * 3);
	path_close(w);
}
END_TEST

START_TEST(a_router_that_refuses_or_cannot_pass_it_on_ends_the_path)
{
	static const struct {
		uint8_t code;
		const char *answer;
	} refusals[] = { { 13, "Packet filtered" }, { 4, "Frag needed and DF set" } };

	for (unsigned i = 0; i < 2; i++) {
		struct path_world *w = path_new(usual, 1, 10);
		struct sonde_trace_texts texts;

		for (unsigned hop = 4; hop <= 10; hop++)
			w->hop[0][hop].type = 3, w->hop[0][hop].code = refusals[i].code;
		path_run(w);
		ck_assert_uint_eq(sonde_trace_hops(&w->p, 0), 4);
		ck_hop(w, 0, 4, "end", "10.0.0.4", 3);
		ck_assert_str_eq(path_told(w, 0, 4, &texts).answer, refusals[i].answer);
		path_close(w);
	}
}
END_TEST

START_TEST(an_answer_after_its_time_is_late_and_known)
{
	struct path_world *w = path_new(usual, 1, 8);
	struct sonde_trace_texts texts;

	w->hop[0][2].more = 150;
	w->hop[0][8].silent = true; /* who waits for this one hears the late ones */
	path_run(w);
	ck_hop(w, 0, 2, "answers", "10.0.0.2", 0);
	ck_assert_uint_eq(path_told(w, 0, 2, &texts).late, 3);
	ck_assert_uint_eq(path_told(w, 0, 2, &texts).loss_ppm, 1000000);
	path_close(w);
}
END_TEST

START_TEST(rounds_follow_the_interval_and_hops_have_statistics)
{
	struct sonde_trace_plan plan = { .rounds = 20,
					 .queries = 1,
					 .interval = SONDE_SECOND,
					 .look = { { .method = SONDE_METHOD_ICMP } } };
	struct path_world *w = path_new(plan, 1, 5);
	struct sonde_trace_texts texts;

	w->hop[0][2].every = 4;
	path_run(w);
	ck_hop(w, 0, 1, "answers", "10.0.0.1", 20);
	ck_hop(w, 0, 2, "answers", "10.0.0.2", 5);
	ck_assert_uint_eq(path_told(w, 0, 2, &texts).loss_ppm, 750000);
	ck_assert_str_eq(path_told(w, 0, 1, &texts).loss, "none");
	ck_assert_str_ne(path_told(w, 0, 2, &texts).loss, "way");
	ck_assert_uint_eq(path_told(w, 0, 3, &texts).rtt_p50_ns, 3 * MS);
	ck_assert_uint_eq(path_told(w, 0, 3, &texts).back_hops, 3);
	ck_assert_uint_ge(path_took(w), 19 * SONDE_SECOND);
	ck_assert_uint_le(path_took(w), 20 * SONDE_SECOND);
	ck_assert_uint_eq(w->sent_to[6], 1); /* the first round alone went further */
	path_close(w);
}
END_TEST

START_TEST(a_path_may_become_longer_or_shorter_between_rounds)
{
	struct sonde_trace_plan plan = { .rounds = 9,
					 .queries = 1,
					 .interval = SONDE_SECOND,
					 .look = { { .method = SONDE_METHOD_ICMP } } };
	struct path_world *w = path_new(plan, 1, 5);

	path_until(w, w->now + 3 * SONDE_SECOND + SONDE_SECOND / 2);
	ck_assert_uint_eq(sonde_trace_hops(&w->p, 0), 5);
	w->length[0] = 9;
	path_until(w, w->now + 3 * SONDE_SECOND);
	ck_assert_uint_eq(sonde_trace_hops(&w->p, 0), 9);
	w->length[0] = 4;
	path_run(w);
	ck_assert_uint_eq(sonde_trace_hops(&w->p, 0), 4);
	path_close(w);
}
END_TEST

START_TEST(several_paths_are_traced_at_once)
{
	struct path_world *w = path_new(usual, PATH_TARGETS, 6);

	for (unsigned t = 0; t < PATH_TARGETS; t++)
		w->length[t] = 3 + t;
	path_run(w);
	for (unsigned t = 0; t < PATH_TARGETS; t++)
		ck_assert_uint_eq(sonde_trace_hops(&w->p, t), 3 + t);
	ck_assert_uint_le(path_took(w), 25 * MS);
	path_close(w);
}
END_TEST

Suite *trace_suite(void)
{
	Suite *s = suite_create("trace");
	TCase *t = tcase_create("paths");

	tcase_add_test(t, a_path_is_known_after_about_its_longest_round_trip);
	tcase_add_test(t, a_silent_hop_costs_little_and_is_no_end);
	tcase_add_test(t, where_nothing_answers_the_rest_is_probed_at_once);
	tcase_add_test(t, a_router_that_refuses_or_cannot_pass_it_on_ends_the_path);
	tcase_add_test(t, an_answer_after_its_time_is_late_and_known);
	tcase_add_test(t, rounds_follow_the_interval_and_hops_have_statistics);
	tcase_add_test(t, a_path_may_become_longer_or_shorter_between_rounds);
	tcase_add_test(t, several_paths_are_traced_at_once);
	suite_add_tcase(s, t);
	return s;
}
