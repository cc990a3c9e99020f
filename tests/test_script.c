/* What a script may say, and what is wrong with one. */
#include "tests/script_stage.h"

Suite *script_suite(void);

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
		("expect ip/tcp(seq=$s)\nset $x = $s\ncheck $s == $x\ncheck 1 < 2\ncheck "
		 "2<=2\ncheck 3>2\ncheck 1+1>=0x2"),
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

START_TEST(names_of_names_do_not_grow_without_end)
{
	struct stage *g = calloc(1, sizeof *g);
	char text[65536], *o = text;

	ck_assert_ptr_nonnull(g);
	o += sprintf(o, "let a0 = ip(id=$x)\nexpect a0\n");
	for (unsigned i = 0; i < 4; i++)
		o += sprintf(o, "let a%u = a%u/a%u\n", i + 1, i, i);
	for (unsigned i = 0; i < 1000; i++)
		o += sprintf(o, "send a4\n");
	ck_assert_int_eq(parse(g, text, NULL, 0), 0);
	ck_assert_uint_lt(g->arena.used, 100 << 20);
	o = text;
	for (unsigned i = 0; i < 4097; i++)
		o += sprintf(o, "wait 0\n");
	ck_assert_int_eq(parse(g, text, NULL, 0), -EINVAL);
	ck_assert_uint_eq(g->error.at, 4096 * strlen("wait 0\n"));
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

Suite *script_suite(void)
{
	Suite *s = suite_create("script");
	TCase *t = tcase_create("script");

	tcase_add_loop_test(t, every_statement_is_understood, 0, 17);
	tcase_add_loop_test(t, every_error_has_its_place, 0, sizeof wrong / sizeof *wrong);
	tcase_add_test(t, names_of_names_do_not_grow_without_end);
	tcase_add_test(t, what_is_given_wins_and_is_asked_for);
	tcase_add_test(t, values_before_the_run_are_those_that_are_set);
	tcase_add_test(t, what_a_script_asks_of_the_machine_is_told);
	suite_add_tcase(s, t);
	return s;
}
