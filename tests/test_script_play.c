/* Scripts that are gone through. */
#include "tests/script_stage.h"

Suite *script_play_suite(void);

/* ---- sending and waiting ---- */

START_TEST(packets_are_sent_at_their_times)
{
	struct stage *g = stage("send ip/udp x3 every 10ms\nwait 5ms\nsend ip/udp");
	struct sonde_script_step step;

	for (unsigned i = 1; i < 3; i++) {
		step = play(g, NULL);
		ck_assert_int_eq(step.is, SONDE_STEP_WAIT);
		ck_assert(!step.listens);
		ck_assert_uint_eq(step.until, 1000 * SONDE_SECOND + i * 10 * SONDE_MILLISECOND);
		ck_assert_uint_eq(g->sent, i);
		g->now = step.until;
	}
	step = play(g, NULL);
	ck_assert_uint_eq(g->sent, 3);
	ck_assert_uint_eq(step.until, g->now + 5 * SONDE_MILLISECOND);
	ck_assert_uint_eq(g->told, 1);
	ck_assert_uint_eq(g->point[0].sent, 3);
	ck_assert_uint_eq(g->point[0].took_ns, 20 * SONDE_MILLISECOND);
	g->now = step.until - 1;
	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_WAIT);
	g->now++;
	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_DONE);
	ck_assert_uint_eq(g->sent, 4);
	leave(g);
}
END_TEST

START_TEST(a_send_makes_each_of_its_packets_and_goes_on_where_it_was)
{
	struct stage *g = stage("send ip(id={3,5},ttl=7-9)\nrepeat 2\nsend ip(id=1-9) x3\nend");

	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_DONE);
	ck_assert_uint_eq(g->sent, 12);
	ck_assert_uint_eq(g->point[0].sent, 6);
	ck_assert_uint_eq(sonde_load(g->last + 4, 2), 6);
	leave(g);
}
END_TEST

START_TEST(what_cannot_be_sent_is_not_ok)
{
	struct stage *g = stage("send ip/udp x2\nsend ip/udp\nexpect ip\n");

	ck_assert_int_eq(play(g, "the way is blocked").is, SONDE_STEP_DONE);
	ck_assert_str_eq(g->point[0].status, "not ok");
	ck_assert_str_eq(g->point[0].why, "the way is blocked");
	ck_assert_uint_eq(g->point[0].refused, 2);
	ck_assert_uint_eq(g->point[0].sent, 0);
	ck_assert_uint_eq(g->sent, 2);
	ck_assert_uint_eq(g->told, 3);
	ck_assert_str_eq(g->point[2].status, "not reached");
	leave(g);
}
END_TEST

START_TEST(a_name_too_wide_for_its_field_is_not_sent)
{
	struct stage *g = stage("set $x = 70000\nsend ip(id=$x) x5");

	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_DONE);
	ck_assert_uint_eq(g->sent, 0);
	ck_assert_str_eq(g->point[0].status, "not ok");
	ck_assert_uint_eq(g->point[0].refused, 1);
	leave(g);
}
END_TEST

/* ---- expecting ---- */

START_TEST(silence_fails_after_the_time_that_is_said_or_a_second)
{
	struct stage *g = stage(_i ? "send ip/udp\nexpect ip/tcp within 20ms\nsend ip/udp"
				   : "send ip/udp\nexpect ip/tcp\nsend ip/udp");
	sonde_ns within = _i ? 20 * SONDE_MILLISECOND : SONDE_SECOND;
	struct sonde_script_step step = play(g, NULL);
	struct sonde_script_record all;

	ck_assert(step.listens);
	ck_assert_uint_eq(step.until, g->now + within);
	g->now = step.until - 1;
	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_WAIT);
	g->now++;
	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_DONE);
	ck_assert_uint_eq(g->told, 3);
	ck_assert_str_eq(g->point[1].status, "not ok");
	ck_assert_str_eq(g->point[1].why, "nothing came");
	ck_assert_uint_eq(g->point[1].took_ns, within);
	ck_assert_str_eq(g->point[2].status, "not reached");
	ck_assert_uint_eq(g->sent, 1);
	sonde_script_told(g->s, g->now, &all);
	ck_assert_uint_eq(all.points, 3);
	ck_assert_uint_eq(all.ok, 1);
	ck_assert_uint_eq(all.failed, 1);
	ck_assert_uint_eq(all.unreached, 1);
	leave(g);
}
END_TEST

START_TEST(an_answer_is_taken_with_its_round_trip)
{
	struct stage *g = stage("send ip/tcp(flags=S)\nexpect ip/tcp(flags=SA)");

	play(g, NULL);
	hear_at(g, "ip/tcp(flags=SA)", g->now + 70, SONDE_DIR_IN);
	pass_time(g, SONDE_MILLISECOND);
	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_DONE);
	ck_assert_str_eq(g->point[1].status, "ok");
	ck_assert_uint_eq(g->point[1].took_ns, 70);
	ck_assert_ptr_nonnull(strstr(g->point[1].packet, "Flags [S.]"));
	ck_assert_ptr_null(g->point[1].why);
	leave(g);
}
END_TEST

START_TEST(what_was_stamped_in_time_counts_however_late_it_is_heard)
{
	struct stage *g = stage("send ip/udp\nexpect ip/tcp within 10ms");
	sonde_ns until = play(g, NULL).until;

	hear_at(g, "ip/tcp", until + 1, SONDE_DIR_IN);
	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_WAIT);
	hear_at(g, "ip/tcp", until, SONDE_DIR_IN);
	g->now = until + (_i ? 30 * SONDE_MILLISECOND : 0);
	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_DONE);
	ck_assert_str_eq(g->point[1].status, "ok");
	leave(g);
}
END_TEST

START_TEST(an_answer_that_is_faster_than_the_script_is_not_missed)
{
	struct stage *g = stage("send ip/udp\nwait 50ms\nexpect ip/tcp(seq=1)\nsend ip/udp\n"
				"expect ip/tcp(seq=2)");

	play(g, NULL);
	hear(g, "ip/tcp(seq=1)");
	hear(g, "ip/tcp(seq=2)"); /* before the second send, but nobody has taken it */
	pass_time(g, 50 * SONDE_MILLISECOND);
	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_DONE);
	ck_assert_uint_eq(g->told, 4);
	ck_assert_str_eq(g->point[3].status, "ok");
	ck_assert_uint_eq(g->point[3].took_ns, SONDE_ABSENT);
	leave(g);
}
END_TEST

START_TEST(packets_are_taken_in_their_order_and_once)
{
	struct stage *g = stage("send ip/udp\nexpect ip/tcp(flags=A)\nexpect ip/tcp(flags=A)\n"
				"expect ip/tcp(flags=R)");

	play(g, NULL);
	hear(g, "ip/tcp(flags=R)"); /* passed over */
	hear(g, "ip/tcp(flags=A,seq=1)");
	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_WAIT);
	ck_assert_uint_eq(g->told, 2);
	ck_assert_uint_eq(g->point[1].passed, 1);
	hear(g, "ip/tcp(flags=A,seq=2)");
	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_WAIT);
	ck_assert_uint_eq(g->told, 3);
	pass_time(g, SONDE_SECOND);
	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_DONE);
	ck_assert_str_eq(g->point[3].status, "not ok");
	leave(g);
}
END_TEST

START_TEST(the_nearest_and_its_first_difference_are_told)
{
	struct stage *g = stage("send ip/udp\nexpect ip(src=10.0.0.2)/tcp(sport=80,flags=SA)");

	play(g, NULL);
	hear(g, "ip(src=10.0.0.2)/icmp");
	hear(g, "ip(src=10.0.0.2)/tcp(sport=80,flags=RA)");
	hear(g, "ip(src=10.0.0.2)/tcp(sport=80,flags=R)"); /* as near, but later */
	hear(g, "ip(src=10.0.0.3)/tcp(sport=81,flags=S)");
	pass_time(g, SONDE_SECOND);
	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_DONE);
	ck_assert_str_eq(g->point[1].status, "not ok");
	ck_assert_uint_eq(g->point[1].passed, 4);
	ck_assert_msg(strstr(g->point[1].nearest, "Flags [R.]"), "%s", g->point[1].nearest);
	ck_assert_msg(strstr(g->point[1].why, "tcp.flags"), "%s", g->point[1].why);
	ck_assert_ptr_null(g->point[1].packet);
	leave(g);
}
END_TEST

START_TEST(a_header_counts_more_than_fields)
{
	struct stage *g = stage("send ip/udp\nexpect ip(src=10.0.0.2,id=7,ttl=9)/tcp");

	play(g, NULL);
	hear(g, "ip(src=10.0.0.2,id=7,ttl=9)/icmp");
	hear(g, "ip(src=10.0.0.3)/tcp");
	hear(g, "ip(src=10.0.0.2,id=7,ttl=9)/udp");
	pass_time(g, SONDE_SECOND);
	play(g, NULL);
	ck_assert_msg(strstr(g->point[1].nearest, "Flags"), "%s", g->point[1].nearest);
	leave(g);
}
END_TEST

START_TEST(sends_in_a_row_count_from_the_first)
{
	struct stage *g = stage("expect ip/tcp\nsend ip/udp\nwait 1ms\nsend ip/udp\n"
				"expect nothing ip/tcp within 1ms");

	play(g, NULL);
	hear(g, "ip/tcp");
	play(g, NULL);
	hear(g, "ip/tcp"); /* between the two */
	pass_time(g, SONDE_MILLISECOND);
	play(g, NULL);
	ck_assert_uint_eq(g->told, 4);
	ck_assert_str_eq(g->point[3].status, "not ok");
	leave(g);
}
END_TEST

START_TEST(nothing_means_none_since_the_last_send)
{
	struct stage *g = stage("send ip/udp\nexpect ip/tcp(seq=1)\nsend ip/udp\n"
				"expect nothing ip/tcp(flags=R) within 10ms\nsend ip/udp");

	play(g, NULL);
	hear(g, "ip/tcp(seq=1)");
	if (_i == 0)
		hear(g, "ip/tcp(flags=R)"); /* before the second send */
	pass_time(g, 5);
	play(g, NULL);
	if (_i == 1)
		hear(g, "ip/tcp(flags=R)");
	hear(g, "ip/tcp(flags=A)");
	pass_time(g, 10 * SONDE_MILLISECOND);
	if (_i == 2)
		hear(g, "ip/tcp(flags=R)"); /* at its very end */
	pass_time(g, 1);
	if (_i == 3)
		hear(g, "ip/tcp(flags=R)"); /* too late */
	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_DONE);
	ck_assert_uint_eq(g->told, 5);
	ck_assert_str_eq(g->point[3].status, _i == 1 || _i == 2 ? "not ok" : "ok");
	if (_i == 1 || _i == 2)
		ck_assert_ptr_nonnull(strstr(g->point[3].packet, "Flags [R]"));
	leave(g);
}
END_TEST

START_TEST(what_was_sent_is_no_answer_but_its_like_is)
{
	struct stage *g = stage(_i ? "send ip(id=9)/frag(mtu=60)/udp/zero(100)\nexpect ip(id=9)"
				   : "send ip(id=9)/udp(dport=7)\nexpect ip(id=9)/udp");
	struct sonde_frame f = { .wire = 0, .link = 101, .dir = SONDE_DIR_IN };

	play(g, NULL);
	if (!_i) { /* as the loopback interface gives it */
		f.when = g->now;
		f.byte = (struct sonde_bytes){ g->last, g->len };
		f.wire = g->len;
		sonde_script_hear(g->s, &f);
		ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_WAIT);
		sonde_script_hear(g->s, &f);
	} else {
		hear(g, "ip(id=9,mf)/zero(40)"); /* not what we sent: no UDP header in it */
	}
	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_DONE);
	ck_assert_str_eq(g->point[1].status, "ok");
	leave(g);
}
END_TEST

struct fragments {
	struct stage *g;
	unsigned n;
};

static int hear_fragment(void *arg, const uint8_t *byte, uint32_t len)
{
	struct fragments *f = arg;

	f->n++;
	sonde_script_hear(f->g->s, &(struct sonde_frame){ .when = f->g->now,
							  .byte = { byte, len },
							  .wire = len,
							  .link = 101 });
	return 0;
}

START_TEST(fragments_that_were_sent_are_no_answers)
{
	struct stage *g = stage("send ip(id=9)/frag(mtu=60)/udp/zero(100)\nexpect ip(id=9)");
	struct sonde_script_step step = sonde_script_step(g->s, g->now);
	struct fragments f = { g, 0 };

	ck_assert_int_eq(step.is, SONDE_STEP_SEND);
	ck_assert_int_ge(sonde_craft_send(step.craft, step.packet, hear_fragment, &f), 0);
	ck_assert_uint_gt(f.n, 1);
	sonde_script_sent(g->s, NULL);
	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_WAIT);
	leave(g);
}
END_TEST

START_TEST(what_leaves_and_what_is_older_than_the_run_is_no_answer)
{
	struct stage *g = stage("expect ip/tcp");

	hear(g, "ip/tcp"); /* before the run */
	play(g, NULL);
	hear_at(g, "ip/tcp", g->now, SONDE_DIR_OUT);
	hear_at(g, "ip/tcp", g->now - 1, SONDE_DIR_IN);
	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_WAIT);
	hear(g, "ip/tcp");
	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_DONE);
	leave(g);
}
END_TEST

/* ---- names ---- */

START_TEST(what_is_learned_goes_into_the_next_packet)
{
	struct stage *g = stage("send ip/tcp(flags=S)\nexpect ip/tcp(flags=SA, seq=$s)\n"
				"send ip/tcp(flags=A, ackseq=$s+1)\ncheck $s == 4294967295\n"
				"check $s + 1 == 0");

	play(g, NULL);
	hear(g, "ip/tcp(flags=SA, seq=4294967295)");
	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_DONE);
	ck_assert_uint_eq(g->told, 5);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_msg(!strcmp(g->point[i].status, "ok"), "%s: %s: %s", g->point[i].text,
			      g->point[i].status, g->point[i].why ? g->point[i].why : "");
	ck_assert_uint_eq(sonde_load(g->last + 20 + 8, 4), 0);
	leave(g);
}
END_TEST

START_TEST(what_is_known_must_agree)
{
	struct stage *g = stage("let answer = ip/tcp(seq=$s)\nexpect answer\nexpect answer");

	play(g, NULL);
	hear(g, "ip/tcp(seq=5)");
	hear(g, "ip/tcp(seq=6)");
	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_WAIT);
	hear(g, "ip/tcp(seq=5)");
	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_DONE);
	leave(g);
}
END_TEST

START_TEST(each_round_of_a_repeat_learns_anew)
{
	struct stage *g = stage("repeat 3\nsend ip/udp\nexpect ip/tcp(seq=$s)\n"
				"send ip(id=$s)\nend\nsend ip/udp");
	static const char *const answer[] = { "ip/tcp(seq=5)", "ip/tcp(seq=6)", "ip/tcp(seq=7)" };

	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_WAIT);
		ck_assert_uint_eq(g->told, 3 * i + 1);
		hear(g, answer[i]);
	}
	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_DONE);
	ck_assert_uint_eq(g->told, 10);
	ck_assert_uint_eq(g->sent, 7);
	ck_assert_uint_eq(g->point[9].line, 6);
	leave(g);
}
END_TEST

START_TEST(repeats_nest_and_end)
{
	struct stage *g = stage("repeat 3\nsend ip/udp\nrepeat 4\nsend ip/udp\nend\nend\n");

	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_DONE);
	ck_assert_uint_eq(g->sent, 15);
	leave(g);
}
END_TEST

START_TEST(a_failed_check_says_both_sides)
{
	struct stage *g = stage("set $a = 7\ncheck $a + 1 == 9\nsend ip/udp");

	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_DONE);
	ck_assert_str_eq(g->point[0].status, "not ok");
	ck_assert_str_eq(g->point[0].why, "the left side is 8, the right side 9");
	ck_assert_str_eq(g->point[0].text, "check $a + 1 == 9");
	ck_assert_uint_eq(g->sent, 0);
	leave(g);
}
END_TEST

START_TEST(comparisons_compare)
{
	static const struct {
		const char *text;
		bool holds;
	} cases[] = {
		{ "check 1 == 1", true },
		{ "check 1 == 2", false },
		{ "check 1 != 2", true },
		{ "check 1 != 1", false },
		{ "check 1 < 2", true },
		{ "check 2 < 2", false },
		{ "check 2 <= 2", true },
		{ "check 3 <= 2", false },
		{ "check 3 > 2", true },
		{ "check 2 > 2", false },
		{ "check 2 >= 2", true },
		{ "check 1 >= 2", false },
		{ "check 1 - 2 == 0xffffffff", true },
		{ "check fd00::1 == fd00::1", true },
		{ "check 10.0.0.1 + 1 == 10.0.0.2", true },
		{ "check fd00::1 == fd00::2", false },
	};
	struct stage *g = stage(cases[_i].text);

	play(g, NULL);
	ck_assert_str_eq(g->point[0].status, cases[_i].holds ? "ok" : "not ok");
	leave(g);
}
END_TEST

START_TEST(chance_follows_from_the_seed_and_stays_in_its_range)
{
	static const char text[] = "repeat 20\nset $x = random(10-12)\nsend ip(id=$x,ttl=random)\n"
				   "end";
	struct stage *a = stage(text), *b = stage(text);
	unsigned seen = 0;

	for (unsigned i = 0; i < 20; i++) {
		struct sonde_script_step step;

		while ((step = sonde_script_step(a->s, a->now)).is != SONDE_STEP_SEND)
			continue;
		memcpy(a->last, step.packet->p.byte, step.packet->p.len);
		sonde_script_sent(a->s, NULL);
	}
	for (unsigned i = 0; i < 20; i++) {
		struct sonde_script_step step;

		while ((step = sonde_script_step(b->s, b->now)).is != SONDE_STEP_SEND)
			continue;
		seen |= 1u << step.packet->p.byte[5];
		if (i == 19)
			ck_assert_mem_eq(step.packet->p.byte + 4, a->last + 4, 6);
		sonde_script_sent(b->s, NULL);
	}
	ck_assert_uint_eq(seen, 7u << 10);
	leave(a);
	leave(b);
}
END_TEST

START_TEST(chance_is_known_before_the_run)
{
	struct stage *g = stage("set $x = random(1-60000)\nsend ip(id=$x)");
	uint64_t before = (uint64_t)sonde_script_vars(g->s)->of[0].value;

	play(g, NULL);
	ck_assert_uint_eq(sonde_load(g->last + 4, 2), before);
	leave(g);
}
END_TEST

/* ---- ends ---- */

START_TEST(who_asks_for_the_end_gets_it)
{
	struct stage *g = stage("send ip/udp\nexpect ip/tcp\nexpect ip/tcp");

	play(g, NULL);
	sonde_script_stop(g->s, g->now, "it was interrupted");
	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_DONE);
	ck_assert_uint_eq(g->told, 3);
	ck_assert_str_eq(g->point[1].status, "not ok");
	ck_assert_str_eq(g->point[1].why, "it was interrupted");
	ck_assert_str_eq(g->point[2].status, "not reached");
	leave(g);
}
END_TEST

START_TEST(too_much_to_look_at_is_told)
{
	struct stage *g = stage("send ip/udp\nwait 1s\nexpect nothing ip/tcp within 1s");

	play(g, NULL);
	for (unsigned i = 0; i <= SONDE_SCRIPT_HEARD; i++)
		hear(g, "ip/icmp");
	pass_time(g, SONDE_SECOND);
	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_WAIT);
	pass_time(g, SONDE_SECOND);
	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_DONE);
	ck_assert_str_eq(g->point[1].status, "not ok");
	ck_assert_str_eq(g->point[1].why,
			 "there was no room to look at 1 of the packets that came");
	leave(g);
}
END_TEST

START_TEST(what_an_expect_passes_over_makes_room)
{
	struct stage *g = stage("send ip/udp\nexpect ip/tcp\nexpect nothing ip/icmp within 1s");

	play(g, NULL);
	for (unsigned i = 0; i <= 2 * SONDE_SCRIPT_HEARD; i++) {
		hear(g, "ip/icmp");
		ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_WAIT);
	}
	hear(g, "ip/tcp");
	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_WAIT);
	ck_assert_str_eq(g->point[1].status, "ok");
	ck_assert_uint_eq(g->point[1].passed, 2 * SONDE_SCRIPT_HEARD + 1);
	pass_time(g, SONDE_SECOND);
	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_DONE);
	ck_assert_str_eq(g->point[2].status, "not ok"); /* they came, but are not kept */
	ck_assert_ptr_nonnull(strstr(g->point[2].why, "no room to look at"));
	leave(g);
}
END_TEST

START_TEST(too_much_is_forgotten_with_the_next_exchange)
{
	struct stage *g = stage("send ip/udp\nwait 1s\nexpect ip/icmp\nsend ip/udp\n"
				"expect nothing ip/icmp within 1s");

	play(g, NULL);
	for (unsigned i = 0; i <= SONDE_SCRIPT_HEARD; i++)
		hear(g, "ip/icmp");
	pass_time(g, SONDE_SECOND);
	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_WAIT);
	pass_time(g, SONDE_SECOND);
	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_DONE);
	ck_assert_str_eq(g->point[3].status, "ok");
	leave(g);
}
END_TEST

Suite *script_play_suite(void)
{
	Suite *s = suite_create("script_play");
	TCase *t = tcase_create("script_play");

	tcase_add_test(t, packets_are_sent_at_their_times);
	tcase_add_test(t, a_send_makes_each_of_its_packets_and_goes_on_where_it_was);
	tcase_add_test(t, what_cannot_be_sent_is_not_ok);
	tcase_add_test(t, a_name_too_wide_for_its_field_is_not_sent);
	tcase_add_loop_test(t, silence_fails_after_the_time_that_is_said_or_a_second, 0, 2);
	tcase_add_test(t, an_answer_is_taken_with_its_round_trip);
	tcase_add_loop_test(t, what_was_stamped_in_time_counts_however_late_it_is_heard, 0, 2);
	tcase_add_test(t, an_answer_that_is_faster_than_the_script_is_not_missed);
	tcase_add_test(t, packets_are_taken_in_their_order_and_once);
	tcase_add_test(t, the_nearest_and_its_first_difference_are_told);
	tcase_add_test(t, a_header_counts_more_than_fields);
	tcase_add_test(t, sends_in_a_row_count_from_the_first);
	tcase_add_loop_test(t, nothing_means_none_since_the_last_send, 0, 4);
	tcase_add_loop_test(t, what_was_sent_is_no_answer_but_its_like_is, 0, 2);
	tcase_add_test(t, fragments_that_were_sent_are_no_answers);
	tcase_add_test(t, what_leaves_and_what_is_older_than_the_run_is_no_answer);
	tcase_add_test(t, what_is_learned_goes_into_the_next_packet);
	tcase_add_test(t, what_is_known_must_agree);
	tcase_add_test(t, each_round_of_a_repeat_learns_anew);
	tcase_add_test(t, repeats_nest_and_end);
	tcase_add_test(t, a_failed_check_says_both_sides);
	tcase_add_loop_test(t, comparisons_compare, 0, 16);
	tcase_add_test(t, chance_follows_from_the_seed_and_stays_in_its_range);
	tcase_add_test(t, chance_is_known_before_the_run);
	tcase_add_test(t, who_asks_for_the_end_gets_it);
	tcase_add_test(t, too_much_to_look_at_is_told);
	tcase_add_test(t, what_an_expect_passes_over_makes_room);
	tcase_add_test(t, too_much_is_forgotten_with_the_next_exchange);
	suite_add_tcase(s, t);
	return s;
}
