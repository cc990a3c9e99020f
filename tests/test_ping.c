#include "tests/probe_world.h"

Suite *ping_suite(void);

START_TEST(an_answer_gives_the_round_trip_between_the_kernels_stamps)
{
	struct world *w = world_new((struct sonde_ping_plan){ .count = 1 }, 1);

	world_step(w);
	ck_assert_uint_eq(w->n, 1);
	w->now += 10 * MS;
	world_answer(w, 0, (struct world_answer){ 0 });
	ck_told(w, "reply");
	ck_assert_str_eq(w->tell[0].answer, "echo-reply");
	ck_assert_str_eq(w->tell[0].clock, "kernel");
	ck_assert_str_eq(w->tell[0].from, "10.1.0.0");
	ck_assert_uint_eq(w->tell[0].rtt, 10 * MS - 1000);
	ck_assert_uint_eq(w->tell[0].uncertainty, 0);
	ck_assert_uint_eq(w->tell[0].bits, 96);
	ck_assert(w->done);
	world_close(w);
}
END_TEST

START_TEST(without_a_stamp_of_leaving_the_time_of_asking_counts)
{
	struct world *w = world_new((struct sonde_ping_plan){ .count = 1 }, 1);

	w->stamped = false;
	world_step(w);
	w->now += 10 * MS;
	world_answer(w, 0, (struct world_answer){ 0 });
	ck_assert_str_eq(w->tell[0].clock, "kernel-rx");
	ck_assert_uint_eq(w->tell[0].rtt, 10 * MS);
	ck_assert_uint_eq(w->tell[0].uncertainty, SONDE_ABSENT);
	world_close(w);
}
END_TEST

START_TEST(a_probe_without_an_answer_is_lost_when_its_time_is_over)
{
	struct world *w = world_new((struct sonde_ping_plan){ .count = 1 }, 1);

	world_pass(w, SONDE_SECOND - 1);
	ck_assert_uint_eq(w->told, 0);
	world_pass(w, 1);
	ck_told(w, "lost");
	ck_assert(w->done);
	ck_assert_uint_eq(world_target(w, 0).lost, 1);
	ck_assert_uint_eq(world_target(w, 0).loss_ppm, 1000000);
	world_close(w);
}
END_TEST

START_TEST(an_answer_after_its_time_is_late_once_and_then_a_duplicate)
{
	struct world *w = world_new((struct sonde_ping_plan){ .count = 4 }, 1);
	struct sonde_target_record r;

	world_pass(w, 1500 * MS);
	ck_told(w, "lost");
	world_answer(w, 0, (struct world_answer){ 0 });
	ck_told(w, "late");
	ck_assert_uint_eq(w->tell[w->told - 1].rtt, 1500 * MS - 1000);
	world_answer(w, 0, (struct world_answer){ 0 });
	ck_told(w, "duplicate");
	world_pass(w, 5 * SONDE_SECOND);
	r = world_target(w, 0);
	ck_assert_uint_eq(r.sent, 4);
	ck_assert_uint_eq(r.lost, 4);
	ck_assert_uint_eq(r.late, 1);
	ck_assert_uint_eq(r.received, 0);
	ck_assert_uint_eq(r.duplicates, 1);
	world_close(w);
}
END_TEST

START_TEST(seventy_thousand_duplicates_are_counted_and_change_nothing)
{
	struct world *w = world_new((struct sonde_ping_plan){ .count = 2, .quiet = true }, 1);
	struct sonde_target_record r;

	world_step(w);
	w->now += MS;
	for (unsigned i = 0; i <= 70000; i++)
		world_answer(w, 0, (struct world_answer){ 0 });
	r = world_target(w, 0);
	ck_assert_uint_eq(r.received, 1);
	ck_assert_uint_eq(r.duplicates, 70000);
	ck_assert_uint_eq(r.rtt_max_ns, MS - 1000);
	world_close(w);
}
END_TEST

START_TEST(seventy_thousand_probes_wrap_nothing)
{
	struct sonde_ping_plan plan = { .count = 70000, .interval = 10 * MS, .quiet = true };
	struct world *w = world_new(plan, 1);
	struct sonde_target_record r;

	for (uint64_t i = 0; i < 70000; i++) {
		while (w->n == i)
			w->now = world_step(w) > w->now ? world_step(w) : w->now;
		w->now += MS;
		if (i % 1000 != 999)
			world_answer(w, i, (struct world_answer){ 0 });
		if (i == 65536) /* has the same sequence number as 0, but is not it */
			ck_assert_uint_eq(sonde_load(w->sent[i % WORLD_SENT].byte + 6, 2),
					  (uint16_t)w->p.survey.flight.start);
	}
	world_pass(w, 2 * SONDE_SECOND);
	r = world_target(w, 0);
	ck_assert(w->done);
	ck_assert_uint_eq(r.received, 69930);
	ck_assert_uint_eq(r.lost, 70);
	ck_assert_uint_eq(r.loss_single, 70);
	ck_assert_uint_eq(r.duplicates, 0);
	ck_assert_uint_eq(r.spoofed, 0);
	ck_assert_uint_eq(r.reordered, 0);
	world_close(w);
}
END_TEST

/* More than 65,536 out at once: a code on the wire stands for several. */
START_TEST(the_tag_tells_probes_with_the_same_code_apart)
{
	struct sonde_ping_plan plan = { .count = 70000,
					.interval = 20000,
					.timeout = 60 * SONDE_SECOND };
	struct world *w = world_new(plan, 1);
	static struct world_sent first;

	world_step(w);
	first = w->sent[0];
	ck_assert_uint_lt(w->n, WORLD_SENT);
	world_pass(w, 2 * SONDE_SECOND);
	ck_assert_uint_eq(w->n, 70000);
	w->sent[0] = first;
	world_answer(w, 0, (struct world_answer){ 0 });
	ck_told(w, "reply");
	ck_assert_uint_eq(w->tell[w->told - 1].seq, 1);
	world_close(w);
}
END_TEST

START_TEST(an_answer_to_a_probe_of_too_long_ago_is_forgotten_not_forged)
{
	struct sonde_ping_plan plan = {
		.count = 3000, .interval = 10 * MS, .timeout = 100 * MS, .quiet = true
	};
	struct world *w = world_new(plan, 1);
	static struct world_sent first;

	world_step(w);
	first = w->sent[0];
	world_pass(w, 28 * SONDE_SECOND);
	w->sent[0] = first;
	world_answer(w, 0, (struct world_answer){ 0 });
	ck_assert_uint_eq(w->p.survey.forgotten, 1);
	ck_assert_uint_eq(world_target(w, 0).spoofed, 0);
	world_close(w);
}
END_TEST

START_TEST(answers_in_another_order_are_reordered_and_all_received)
{
	struct world *w = world_new((struct sonde_ping_plan){ .count = 4, .interval = MS }, 1);
	static const uint64_t order[] = { 1, 0, 3, 2 };
	struct sonde_target_record r;

	world_pass(w, 10 * MS);
	ck_assert_uint_eq(w->n, 4);
	for (unsigned i = 0; i < 4; i++)
		world_answer(w, order[i], (struct world_answer){ 0 });
	r = world_target(w, 0);
	ck_assert_uint_eq(r.received, 4);
	ck_assert_uint_eq(r.reordered, 2);
	ck_assert_uint_eq(r.jitter_ns, SONDE_ABSENT); /* never one after the other */
	ck_assert_uint_ne(r.jitter_rfc3550_ns, SONDE_ABSENT);
	world_close(w);
}
END_TEST

START_TEST(a_probe_that_did_not_leave_is_a_local_error_and_no_loss)
{
	struct world *w = world_new((struct sonde_ping_plan){ .count = 2 }, 1);
	static const int errors[] = { 1, 90, 101, 105 }; /* EPERM EMSGSIZE ENETUNREACH ENOBUFS */

	for (unsigned i = 0; i < 4; i++) {
		struct sonde_arrival a = { .is = SONDE_ARRIVAL_REFUSED, .error = errors[i] };
		struct world *v = world_new((struct sonde_ping_plan){ .count = 1 }, 1);

		v->stamped = false;
		world_step(v);
		a.token = v->sent[0].token;
		world_clocks(v, &a);
		sonde_ping_hear(&v->p, &a);
		world_step(v);
		ck_told(v, "local");
		ck_assert_str_eq(v->tell[0].answer, strerrordesc_np(errors[i]));
		ck_assert_uint_eq(world_target(v, 0).sent, 0);
		ck_assert_uint_eq(world_target(v, 0).local_errors, 1);
		ck_assert_uint_eq(world_target(v, 0).lost, 0);
		ck_assert_uint_eq(world_target(v, 0).loss_ppm, SONDE_ABSENT);
		ck_assert(v->done);
		world_close(v);
	}
	world_close(w);
}
END_TEST

/* By an hour, while the probe is out: the stamps then are on both sides of it. */
START_TEST(a_step_of_the_clock_moves_no_round_trip)
{
	for (int64_t step = -3600; step <= 3600; step += 3600) {
		struct world *w = world_new((struct sonde_ping_plan){ .count = 3 }, 1);

		world_step(w);
		w->offset += step * (int64_t)SONDE_SECOND;
		w->now += 10 * MS;
		world_answer(w, 0, (struct world_answer){ 0 });
		ck_told(w, "reply");
		ck_assert_str_eq(w->tell[0].clock, "kernel");
		ck_assert_uint_eq(w->tell[0].rtt, 10 * MS - 1000);
		ck_assert_uint_eq(w->tell[0].uncertainty, step ? SONDE_WALL_NOISE : 0);
		ck_assert_uint_eq(w->p.survey.wall.steps, step != 0);
		world_close(w);
	}
}
END_TEST

START_TEST(an_end_leaves_what_is_out_undecided)
{
	struct world *w = world_new((struct sonde_ping_plan){ .count = 5 }, 1);
	struct sonde_target_record r;

	world_step(w);
	world_answer(w, 0, (struct world_answer){ 0 });
	world_pass(w, SONDE_SECOND);
	w->p.survey.ending = true;
	world_step(w);
	ck_assert(w->done);
	r = world_target(w, 0);
	ck_assert_uint_eq(r.sent, 2);
	ck_assert_uint_eq(r.received, 1);
	ck_assert_uint_eq(r.pending, 1);
	ck_assert_uint_eq(r.lost, 0);
	ck_assert_uint_eq(r.loss_ppm, 0);
	world_close(w);
}
END_TEST

START_TEST(a_deadline_ends_it_and_with_a_count_waits_for_as_many_answers)
{
	struct sonde_ping_plan plan = { .count = 2, .deadline = 10 * SONDE_SECOND };
	struct world *w = world_new(plan, 1);

	world_pass(w, 5500 * MS); /* the first ones are lost */
	ck_assert_uint_eq(w->n, 6);
	world_answer(w, 5, (struct world_answer){ 0 });
	ck_assert(!w->done);
	world_pass(w, 600 * MS);
	world_answer(w, 6, (struct world_answer){ 0 });
	ck_assert_uint_eq(w->n, 7);
	world_pass(w, SONDE_SECOND);
	ck_assert(w->done);
	world_close(w);
	w = world_new((struct sonde_ping_plan){ .deadline = 3 * SONDE_SECOND }, 1);
	world_pass(w, 3 * SONDE_SECOND - 1);
	ck_assert(!w->done);
	world_pass(w, 1);
	ck_assert(w->done);
	world_close(w);
}
END_TEST

START_TEST(a_sweep_leaves_those_alone_that_have_answered)
{
	struct sonde_ping_plan plan = { .count = 3, .sweep = true, .interval = 500 * MS };
	struct world *w = world_new(plan, 5);

	world_step(w);
	ck_assert_uint_eq(w->n, 5);
	for (uint64_t i = 0; i < 4; i++)
		world_answer(w, i, (struct world_answer){ 0 });
	world_pass(w, 3 * SONDE_SECOND);
	ck_assert(w->done);
	ck_assert_uint_eq(w->n, 7);
	ck_assert_uint_eq(sonde_ping_answered(&w->p), 4);
	ck_assert_uint_eq(world_target(w, 4).sent, 3);
	ck_assert_uint_eq(world_target(w, 4).lost, 3);
	world_close(w);
}
END_TEST

START_TEST(many_targets_are_spread_over_the_interval_each_at_its_rate)
{
	struct world *w = world_new((struct sonde_ping_plan){ .count = 3 }, 10);

	world_pass(w, 450 * MS);
	ck_assert_uint_eq(w->n, 5);
	world_pass(w, 500 * MS);
	ck_assert_uint_eq(w->n, 10);
	world_pass(w, 2 * SONDE_SECOND);
	ck_assert_uint_eq(w->n, 30);
	for (uint32_t i = 0; i < 10; i++)
		ck_assert_uint_eq(w->p.host[i].seq, 3);
	world_close(w);
}
END_TEST

START_TEST(a_flood_sends_with_each_answer_or_a_hundred_times_a_second)
{
	struct world *w = world_new((struct sonde_ping_plan){ .flood = true }, 1);

	world_pass(w, 995 * MS); /* nobody answers */
	ck_assert_uint_eq(w->n, 100);
	for (unsigned i = 0; i < 50; i++)
		world_answer(w, w->n - 1, (struct world_answer){ 0 });
	ck_assert_uint_eq(w->n, 150);
	world_close(w);
}
END_TEST

START_TEST(a_preload_goes_out_at_once)
{
	struct world *w = world_new((struct sonde_ping_plan){ .count = 8, .preload = 5 }, 1);

	world_step(w);
	ck_assert_uint_eq(w->n, 5);
	world_pass(w, 1500 * MS);
	ck_assert_uint_eq(w->n, 6);
	world_close(w);
}
END_TEST

Suite *ping_suite(void)
{
	Suite *s = suite_create("ping");
	TCase *t = tcase_create("");

	tcase_add_test(t, an_answer_gives_the_round_trip_between_the_kernels_stamps);
	tcase_add_test(t, without_a_stamp_of_leaving_the_time_of_asking_counts);
	tcase_add_test(t, a_probe_without_an_answer_is_lost_when_its_time_is_over);
	tcase_add_test(t, an_answer_after_its_time_is_late_once_and_then_a_duplicate);
	tcase_add_test(t, seventy_thousand_duplicates_are_counted_and_change_nothing);
	tcase_add_test(t, seventy_thousand_probes_wrap_nothing);
	tcase_add_test(t, the_tag_tells_probes_with_the_same_code_apart);
	tcase_add_test(t, an_answer_to_a_probe_of_too_long_ago_is_forgotten_not_forged);
	tcase_add_test(t, answers_in_another_order_are_reordered_and_all_received);
	tcase_add_test(t, a_probe_that_did_not_leave_is_a_local_error_and_no_loss);
	tcase_add_test(t, a_step_of_the_clock_moves_no_round_trip);
	tcase_add_test(t, an_end_leaves_what_is_out_undecided);
	tcase_add_test(t, a_deadline_ends_it_and_with_a_count_waits_for_as_many_answers);
	tcase_add_test(t, a_sweep_leaves_those_alone_that_have_answered);
	tcase_add_test(t, many_targets_are_spread_over_the_interval_each_at_its_rate);
	tcase_add_test(t, a_flood_sends_with_each_answer_or_a_hundred_times_a_second);
	tcase_add_test(t, a_preload_goes_out_at_once);
	suite_add_tcase(s, t);
	return s;
}
