/* What somebody asks of a trace while it runs. */
#include "tests/trace_world.h"

Suite *wish_suite(void);

static const struct sonde_trace_plan endless = { .look = { { .method = SONDE_METHOD_ICMP } },
						 .rounds = 1000,
						 .queries = 1,
						 .interval = SONDE_SECOND };

static void ask(struct path_world *w, enum sonde_wish_is is, uint64_t value)
{
	struct sonde_wish wish = { .is = (uint8_t)is, .value = value };

	sonde_trace_wish(&w->p, &wish);
}

START_TEST(while_it_is_paused_no_probe_leaves_and_answers_still_count)
{
	struct path_world *w = path_new(endless, 1, 5);
	struct sonde_trace_texts texts;
	uint64_t sent;

	path_until(w, w->now + 2 * MS); /* answers are on their way */
	ask(w, SONDE_WISH_PAUSE, 0);
	sent = w->sent;
	path_until(w, w->now + 10 * SONDE_SECOND);
	ck_assert_uint_gt(sent, 0);
	ck_assert_uint_eq(w->sent, sent);
	ck_assert_uint_eq(path_told(w, 0, 5, &texts).received, 1);
	ask(w, SONDE_WISH_RESUME, 0);
	path_until(w, w->now + 3 * SONDE_SECOND + 100 * MS);
	ck_assert_uint_eq(path_told(w, 0, 5, &texts).sent, 5); /* no burst makes up for it */
	path_close(w);
}
END_TEST

START_TEST(a_reset_forgets_what_was_counted_and_what_is_out_but_not_the_path)
{
	struct path_world *w = path_new(endless, 1, 5);
	struct sonde_trace_texts texts;
	struct sonde_hop_record r;
	uint64_t before;

	w->hop[0][4].more = 400; /* too late, as the next one is no slower */
	w->hop[0][5].more = 400; /* waited for */
	w->hop[0][3].every = 2;
	path_until(w, w->now + 8 * SONDE_SECOND + 100 * MS);
	ck_assert_uint_ge(path_told(w, 0, 4, &texts).sent, 9);
	ck_assert_uint_eq(path_told(w, 0, 5, &texts).pending, 1);
	before = w->p.survey.forgotten; /* those from beyond the end */
	ask(w, SONDE_WISH_RESET, 0);
	path_until(w, w->now + 800 * MS); /* before the next round */
	for (unsigned hop = 1; hop <= 5; hop++) {
		r = path_told(w, 0, hop, &texts);
		ck_assert_uint_eq(r.sent, 0);
		ck_assert_uint_eq(r.received, 0);
		ck_assert_uint_eq(r.lost, 0);
		ck_assert_uint_eq(r.late, 0);
		ck_assert_uint_eq(r.pending, 0);
		ck_assert_uint_eq(r.duplicates, 0);
		ck_assert_uint_eq(r.loss_ppm, SONDE_ABSENT);
		ck_assert_uint_eq(r.rtt_ns, SONDE_ABSENT);
		ck_assert_uint_eq(r.jitter_ns, SONDE_ABSENT);
		ck_assert_ptr_nonnull(r.from);
		ck_assert_str_ne(r.loss, "way");
	}
	ck_assert_str_eq(r.status, "target");
	ck_assert_uint_eq(w->p.survey.forgotten - before, 2); /* those that came since */
	path_until(w, w->now + 3 * SONDE_SECOND);
	r = path_told(w, 0, 5, &texts);
	ck_assert_uint_eq(r.sent, 3);
	ck_assert_uint_eq(r.received, 3);
	ck_assert_uint_eq(path_told(w, 0, 1, &texts).sent, 3);
	path_close(w);
}
END_TEST

START_TEST(another_interval_holds_from_the_next_round_on)
{
	struct path_world *w = path_new(endless, 1, 3);
	struct sonde_trace_texts texts;

	path_until(w, w->now + 100 * MS);
	ask(w, SONDE_WISH_INTERVAL, 100 * MS);
	path_until(w, w->now + SONDE_SECOND - 50 * MS);
	ck_assert_uint_eq(path_told(w, 0, 1, &texts).sent, 1 + 10);
	path_close(w);
}
END_TEST

START_TEST(a_reset_forgets_what_losses_were_put_down_to)
{
	struct path_world *w = path_new(endless, 1, 5);
	struct sonde_trace_texts texts;

	w->hop[0][3].every = 4;
	path_until(w, w->now + 40 * SONDE_SECOND);
	ck_assert_str_eq(path_told(w, 0, 3, &texts).loss, "limited");
	ask(w, SONDE_WISH_RESET, 0);
	w->hop[0][3].every = 0;
	path_until(w, w->now + 5 * SONDE_SECOND);
	ck_assert_str_eq(path_told(w, 0, 3, &texts).loss, "none");
	w->hop[0][3].silent = true;
	path_until(w, w->now + 2 * SONDE_SECOND);
	ck_assert_uint_ge(path_told(w, 0, 3, &texts).lost, 1);
	ck_assert_str_eq(path_told(w, 0, 3, &texts).loss, "answers");
	path_close(w);
}
END_TEST

Suite *wish_suite(void)
{
	Suite *s = suite_create("wish");
	TCase *c = tcase_create("wish");

	tcase_add_test(c, while_it_is_paused_no_probe_leaves_and_answers_still_count);
	tcase_add_test(c, a_reset_forgets_what_was_counted_and_what_is_out_but_not_the_path);
	tcase_add_test(c, another_interval_holds_from_the_next_round_on);
	tcase_add_test(c, a_reset_forgets_what_losses_were_put_down_to);
	suite_add_tcase(s, c);
	return s;
}
