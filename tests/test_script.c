/* Scripts of packets in invented time, with invented answers: nothing is sent, nobody waits. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "probe/script.h"

Suite *script_suite(void);

enum { POINTS = 64, BYTES = 70000 };

struct stage {
	struct sonde_arena arena;
	struct sonde_script *s;
	struct sonde_craft_error error;
	sonde_ns now;
	unsigned told;
	struct sonde_script_point point[POINTS]; /* as they were told, texts copied */
	unsigned sent;
	uint8_t last[BYTES]; /* the packet that was sent last */
	uint32_t len;
	sonde_ns at[POINTS]; /* when each was sent */
};

static bool no_file(void *arg, const char *name, struct sonde_bytes *ret, const char **ret_why)
{
	static const uint8_t bytes[] = "of a file";

	(void)arg;
	*ret = (struct sonde_bytes){ bytes, sizeof bytes - 1 };
	*ret_why = "there is no such file";
	return !strcmp(name, "there");
}

static int parse(struct stage *g, const char *text, const struct sonde_script_given *given,
		 unsigned n)
{
	struct sonde_script_world world = { .file = no_file, .given = given, .n = n, .seed = 7 };

	g->now = 1000 * SONDE_SECOND;
	return sonde_script_parse(&g->s, &g->arena, text, strlen(text), &world, &g->error);
}

static struct stage *stage_given(const char *text, const struct sonde_script_given *given,
				 unsigned n)
{
	struct stage *g = calloc(1, sizeof *g);
	int r;

	ck_assert_ptr_nonnull(g);
	r = parse(g, text, given, n);
	ck_assert_msg(!r, "at %zu: expected %s", g->error.at, g->error.expected);
	return g;
}

static struct stage *stage(const char *text)
{
	return stage_given(text, NULL, 0);
}

static void leave(struct stage *g)
{
	sonde_script_done(g->s);
	sonde_arena_done(&g->arena);
	free(g);
}

static const char *copy(struct stage *g, const char *text)
{
	return text ? sonde_arena_string(&g->arena, text, strlen(text)) : NULL;
}

static void note_told(struct stage *g, const struct sonde_script_point *p)
{
	struct sonde_script_point *to = &g->point[g->told];

	ck_assert_uint_lt(g->told++, POINTS);
	*to = *p;
	to->packet = copy(g, p->packet);
	to->nearest = copy(g, p->nearest);
	to->why = copy(g, p->why);
}

/* Until it waits or is done; refuse: why nothing can be sent, or NULL. */
static struct sonde_script_step play(struct stage *g, const char *refuse)
{
	for (unsigned i = 0; i < 100000; i++) {
		struct sonde_script_step step = sonde_script_step(g->s, g->now);

		if (step.is == SONDE_STEP_WAIT || step.is == SONDE_STEP_DONE)
			return step;
		if (step.is == SONDE_STEP_TELL) {
			note_told(g, step.point);
			continue;
		}
		g->len = step.packet->p.len;
		memcpy(g->last, step.packet->p.byte, g->len);
		if (g->sent < POINTS)
			g->at[g->sent] = g->now;
		g->sent++;
		sonde_script_sent(g->s, refuse);
	}
	ck_abort_msg("it never waits");
}

/* A packet in words that comes so much after now. */
static void hear_at(struct stage *g, const char *words, sonde_ns when, enum sonde_dir dir)
{
	static uint8_t buf[BYTES];
	struct sonde_craft_world world = { 0 };
	struct sonde_craft_turn turn = { 0 };
	struct sonde_craft_error e;
	struct sonde_craft *c;
	struct sonde_draft d;
	int len;

	ck_assert(sonde_craft_parse(&c, &g->arena, words, strlen(words), &world, NULL, &e));
	sonde_draft_init(&d, buf, sizeof buf);
	len = sonde_craft_encode(c, &turn, &d);
	ck_assert_int_gt(len, 0);
	sonde_script_hear(g->s, &(struct sonde_frame){ .when = when,
						       .byte = { buf, (size_t)len },
						       .wire = (uint32_t)len,
						       .link = 101,
						       .dir = (uint8_t)dir });
}

static void hear(struct stage *g, const char *words)
{
	hear_at(g, words, g->now, SONDE_DIR_IN);
}

static void pass_time(struct stage *g, sonde_ns time)
{
	g->now += time;
}

/* ---- the grammar ---- */

START_TEST(every_statement_is_understood)
{
	static const char *const text[] = {
		"send ip(dst=10.0.0.2)/udp/\"x\"",
		"send ip(dst=10.0.0.2)/udp x3 every 10ms",
		"send ip(dst=10.0.0.2)/udp every 1.5s x2",
		"  \tsend ip(dst=10.0.0.2)/udp\t# why\r\n\r\n# nothing\n",
		"send ip(dst=10.0.0.2) / udp / \\\n  \"# is text; so is within 1s and \\\" x2\"",
		"send ip(dst=10.0.0.2)/ \\\r\n udp",
		"let x3 = ip(dst=10.0.0.2)\nsend x3/ x3 x3",
		"expect ip/tcp(flags=SA)",
		"expect ip/tcp(flags=SA, seq=$s) within 250us",
		"expect nothing ip/tcp within 2",
		"let a = ip(dst=$b)\nset $b = 10.0.0.1\nsend a/udp",
		"set $m = 02:00:00:00:00:01\nset $v = fd00::1\nset $n = 0xff\nwait 1ms",
		"set $r = random\nset $s = random(1-9)\nset $t = $r + $s - 1\ncheck $t != $r",
		"repeat 2\nrepeat 3\nwait 0\nend\nend",
		"capture eth0 lo\nno-rst\nwait 1m",
		"expect ip/tcp(seq=$s)\nset $x = $s\ncheck $s == $x\ncheck 1 < 2\ncheck "
		"2<=2\ncheck 3>2\ncheck 1+1>=0x2",
		"send ip(dst=10.0.0.2)/udp/file(\"there\")",
	};

	leave(stage(text[_i]));
}
END_TEST

static const struct {
	const char *text;
	unsigned line, column;
	const char *expected, *nearest; /* the beginning of what was expected */
} wrong[] = {
	{ "", 1, 1, "a statement", NULL },
	{ "# nothing\n", 1, 1, "a statement", NULL },
	{ "wait 1s\nsned ip", 2, 1, "a statement: let", "send" },
	{ "\n\n  expekt ip", 3, 3, "a statement: let", "expect" },
	{ "+", 1, 1, "a statement: let", NULL },
	{ "wait", 1, 5, "a time", NULL },
	{ "wait 5 s", 1, 8, "the end of the line", NULL },
	{ "wait 5sec", 1, 6, "a time", NULL },
	{ "wait 1.2.3s", 1, 6, "a time", NULL },
	{ "wait 61m", 1, 6, "a time", NULL },
	{ "wait -1s", 1, 6, "a time", NULL },
	{ "wait .5s", 1, 6, "a time", NULL },
	{ "wait 99999999999999999999999999999999999999999999s", 1, 6, "a time", NULL },
	{ "repeat 0\nend", 1, 8, "a number from 1", NULL },
	{ "repeat 1000001\nend", 1, 8, "a number from 1", NULL },
	{ "repeat 2x\nend", 1, 8, "a number from 1", NULL },
	{ "repeat 2\nwait 1s", 1, 1, "an end for this repeat", NULL },
	{ "wait 1s\nend", 2, 1, "a repeat in front", NULL },
	{ "repeat 1000\n repeat 1000\nwait 0\nend\nend", 2, 2, NULL, NULL },
	{ "repeat 1\nrepeat 1\nrepeat 1\nrepeat 1\nrepeat 1\nrepeat 1\nrepeat 1\nrepeat 1\nrepeat "
	  "1",
	  9, 1, "no more than 8", NULL },
	{ "send ip(dst=10.0.0.1)/tpc", 1, 23, "", "tcp" },
	{ "send ip(dst=10.0.0.1, tlt=3)", 1, 23, "", "ttl" },
	{ "send ip(ttl=300)", 1, 13, "", NULL },
	{ "send \\\n ip(dst=10.0.0.1)/ \\\n  udp(dprt=1)", 3, 7, "", "dport" },
	{ "send ip/udp x0", 1, 14, "a number from 1", NULL },
	{ "send ip/udp x2 x3", 1, 16, "xN, every TIME", NULL },
	{ "send ip/udp x2 evry 1s", 1, 16, "xN, every TIME", "every" },
	{ "send ip/udp every", 1, 18, "a time", NULL },
	{ "send ip/udp within 1s", 1, 13, "xN, every TIME", NULL },
	{ "send ip(dst=fd00::)/udp", 1, 13, "", NULL },
	{ "send ip(id=1-60000,ttl=1-200)", 1, 6, "xN behind it", NULL },
	{ "send ip(id=$x)", 1, 12, "a name that has been set", NULL },
	{ "let a = ip(id=$x)\nsend a/udp", 1, 15, "a name that has been set", NULL },
	{ "send ip/udp/file(\"gone\")", 1, 13, "", NULL },
	{ "send ip/\"no end", 1, 9, "a closing quote", NULL },
	{ "send", 1, 5, "", NULL },
	{ "expect", 1, 7, "", NULL },
	{ "expect ip within", 1, 17, "a time", NULL },
	{ "expect ip every 1s", 1, 11, "within TIME", NULL },
	{ "expect ip wihtin 1s", 1, 11, "", NULL },
	{ "expect nothing ip", 1, 18, "within TIME", NULL },
	{ "expect nothing ip(id=$x) within 1s", 1, 22, "a name that has been set", NULL },
	{ "let = ip", 1, 5, "a name for the packet", NULL },
	{ "let 3 = ip", 1, 5, "a name for the packet", NULL },
	{ "let tcp = ip", 1, 5, "a name that no header has", NULL },
	{ "let a ip", 1, 7, "=", NULL },
	{ "let a = ip\nlet a = ip", 2, 5, "a name that no packet has", NULL },
	{ "let a = a", 1, 9, "", NULL },
	{ "let a = ip\nsend aa", 2, 6, "", NULL },
	{ "set x = 1", 1, 5, "$ and a name", NULL },
	{ "set $ = 1", 1, 6, "a name", NULL },
	{ "set $x 1", 1, 8, "=", NULL },
	{ "set $x = y", 1, 10, "a number or an address", NULL },
	{ "set $x = $x", 1, 10, "a name that has been set", NULL },
	{ "set $x = 0x10000000000000000", 1, 10, "a number or an address", NULL },
	{ "set $x = 02:00:00:00:00", 1, 10, "a number or an address", NULL },
	{ "set $x = random(9-1)", 1, 19, "an end above", NULL },
	{ "set $x = random(9)", 1, 18, "- and the end", NULL },
	{ "set $x = 1 +", 1, 13, "a number or an address", NULL },
	{ "set $x = 1 2", 1, 12, "the end of the line", NULL },
	{ "check 1", 1, 8, "+, - or one of", NULL },
	{ "check $y == 1", 1, 7, "a name that has been set", NULL },
	{ "check 1 == $y", 1, 12, "a name that has been set", NULL },
	{ "check 1 = 1", 1, 9, "+, - or one of", NULL },
	{ "capture", 1, 8, "the name of an interface", NULL },
	{ "capture a-name-too-long-for-it", 1, 9, "the name of an interface", NULL },
	{ "no-rst now", 1, 8, "the end of the line", NULL },
};

START_TEST(every_error_has_its_place)
{
	struct stage *g = calloc(1, sizeof *g);
	unsigned line, column;

	ck_assert_ptr_nonnull(g);
	if (!wrong[_i].expected) { /* the inner one alone is not too much */
		ck_assert_int_eq(parse(g, wrong[_i].text, NULL, 0), -EINVAL);
		ck_assert_uint_eq(g->error.at, 0);
		leave(g);
		return;
	}
	ck_assert_int_eq(parse(g, wrong[_i].text, NULL, 0), -EINVAL);
	ck_assert_ptr_nonnull(g->error.expected);
	sonde_script_place(wrong[_i].text, strlen(wrong[_i].text), g->error.at, &line, &column);
	ck_assert_msg(line == wrong[_i].line && column == wrong[_i].column,
		      "%s: at %u:%u, expected %s", wrong[_i].text, line, column, g->error.expected);
	ck_assert_msg(!strncmp(g->error.expected, wrong[_i].expected, strlen(wrong[_i].expected)),
		      "%s: expected %s", wrong[_i].text, g->error.expected);
	ck_assert_pstr_eq(g->error.nearest, wrong[_i].nearest);
	leave(g);
}
END_TEST

START_TEST(what_is_given_wins_and_is_asked_for)
{
	static const char text[] = "set $to = 10.0.0.1\nset $n = 5\nsend ip(dst=$to,id=$n)/udp";
	struct stage *g =
		stage_given(text, (struct sonde_script_given[]){ { "to", "10.0.0.9" } }, 1);

	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_DONE);
	ck_assert_uint_eq(sonde_load(g->last + 16, 4), 0x0a000009);
	ck_assert_uint_eq(sonde_load(g->last + 4, 2), 5);
	leave(g);

	g = calloc(1, sizeof *g);
	ck_assert_ptr_nonnull(g);
	ck_assert_int_eq(parse(g, text, (struct sonde_script_given[]){ { "tto", "1" } }, 1),
			 -EINVAL);
	ck_assert_uint_eq(g->error.at, SIZE_MAX);
	ck_assert_str_eq(g->error.nearest, "tto");
	ck_assert_str_eq(g->error.expected, "a name that the script has, such as to");
	ck_assert_int_eq(parse(g, text, (struct sonde_script_given[]){ { "to", "me" } }, 1),
			 -EINVAL);
	ck_assert_str_eq(g->error.expected, "a number or an address");
	ck_assert_int_eq(parse(g, text, (struct sonde_script_given[]){ { "t-o", "1" } }, 1),
			 -EINVAL);
	leave(g);
}
END_TEST

START_TEST(values_before_the_run_are_those_that_are_set)
{
	static const uint64_t value[] = { 0x0a000007, 0x0a000008, 0, 5 };
	struct stage *g = stage("set $a = 10.0.0.7\nset $b = $a + 1\nset $a = 3\n"
				"expect ip(id=$c)\nset $d = random(5-5)");
	const struct sonde_craft_vars *v = sonde_script_vars(g->s);

	ck_assert_uint_eq(v->n, 4);
	for (unsigned i = 0; i < v->n; i++) {
		ck_assert(v->of[i].known);
		ck_assert_uint_eq((uint64_t)v->of[i].value, value[i]);
	}
	leave(g);
}
END_TEST

START_TEST(what_a_script_asks_of_the_machine_is_told)
{
	struct stage *g = stage("capture a b\nno-rst\nsend ip/udp\nrepeat 2\nsend ip/tcp x2\nend\n"
				"capture c");
	struct sonde_script_send send;

	ck_assert(sonde_script_no_rst(g->s));
	ck_assert_str_eq(sonde_script_capture(g->s, 0), "a");
	ck_assert_str_eq(sonde_script_capture(g->s, 2), "c");
	ck_assert_ptr_null(sonde_script_capture(g->s, 3));
	ck_assert(sonde_script_send(g->s, 0, &send));
	ck_assert_uint_eq(send.line, 3);
	ck_assert(!send.repeated);
	ck_assert(sonde_script_send(g->s, 1, &send));
	ck_assert_uint_eq(send.line, 5);
	ck_assert(send.repeated);
	ck_assert_int_eq(sonde_craft_layer(send.craft, 1), SONDE_tcp);
	ck_assert(!sonde_script_send(g->s, 2, &send));
	leave(g);
}
END_TEST

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
	struct stage *g = stage("set $x = 70000\nsend ip(id=$x)");

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
	hear(g, "ip(src=10.0.0.3)/tcp(sport=81,flags=S)");
	pass_time(g, SONDE_SECOND);
	ck_assert_int_eq(play(g, NULL).is, SONDE_STEP_DONE);
	ck_assert_str_eq(g->point[1].status, "not ok");
	ck_assert_uint_eq(g->point[1].passed, 3);
	ck_assert_msg(strstr(g->point[1].nearest, "Flags [R.]"), "%s", g->point[1].nearest);
	ck_assert_msg(strstr(g->point[1].why, "tcp.flags"), "%s", g->point[1].why);
	ck_assert_ptr_null(g->point[1].packet);
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
	struct stage *g = stage(_i ? "send ip(id=9)/udp/zero(100)/frag(mtu=60)\nexpect ip(id=9)"
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
	struct stage *g = stage("send ip(id=9)/udp/zero(100)/frag(mtu=60)\nexpect ip(id=9)");
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

/* ---- ends ---- */

START_TEST(who_asks_for_the_end_gets_it)
{
	struct stage *g = stage("send ip/udp\nexpect ip/tcp\nexpect ip/tcp");

	play(g, NULL);
	sonde_script_stop(g->s, g->now);
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
			 "of what came, 1 packets were not looked at: there were too many");
	leave(g);
}
END_TEST

Suite *script_suite(void)
{
	Suite *s = suite_create("script");
	TCase *t = tcase_create("script");

	tcase_add_loop_test(t, every_statement_is_understood, 0, 17);
	tcase_add_loop_test(t, every_error_has_its_place, 0, sizeof wrong / sizeof *wrong);
	tcase_add_test(t, what_is_given_wins_and_is_asked_for);
	tcase_add_test(t, values_before_the_run_are_those_that_are_set);
	tcase_add_test(t, what_a_script_asks_of_the_machine_is_told);
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
	tcase_add_test(t, who_asks_for_the_end_gets_it);
	tcase_add_test(t, too_much_to_look_at_is_told);
	suite_add_tcase(s, t);
	return s;
}
