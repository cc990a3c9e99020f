/* The crafting language beside bytes: values that vary, what is wrong with a text, patterns, and
 * what a packet in words can be asked. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/craft_made.h"

Suite *craft_words_suite(void);

/* ---- values ---- */

/* Each turn's 16 bits at that byte. */
static void turns(const char *spec, uint32_t at, uint64_t n, const unsigned *want)
{
	struct sonde_craft *c = craft_parsed(spec);

	ck_assert_msg(sonde_craft_count(c) == n, "%s: %llu packets", spec,
		      (unsigned long long)sonde_craft_count(c));
	ck_assert(sonde_craft_varies(c) == (n > 1));
	for (uint64_t i = 0; i < 2 * n; i++) {
		struct sonde_draft d = craft_turn(c, i);
		unsigned have = (unsigned)sonde_load(d.p.byte + at, 2);

		ck_assert_msg(have == want[i % n], "%s: turn %llu has %u", spec,
			      (unsigned long long)i, have);
	}
}

#define TURNS(spec, at, ...)                                                                       \
	turns(spec, at, sizeof((unsigned[]){ __VA_ARGS__ }) / sizeof(unsigned),                    \
	      (const unsigned[]){ __VA_ARGS__ })

START_TEST(values_go_in_turn_and_round_again)
{
	TURNS("udp(sport=7)", 0, 7);
	TURNS("udp(sport=7-9)", 0, 7, 8, 9);
	TURNS("udp(sport=1-10/4)", 0, 1, 5, 9);
	TURNS("udp(sport={22, 80, 1000-1002/2})", 0, 22, 80, 1000, 1002);
	TURNS("udp(sport={5, 5})", 0, 5, 5);
	TURNS("ip(src=10.0.0.255/30)", 14, 0xfc, 0xfd, 0xfe, 0xff);
	TURNS("ip(src=10.0.0.254-10.0.1.1)", 14, 0xfe, 0xff, 0x100, 0x101);
	TURNS("ipv6(src=::ffff-::1:1)", 22, 0xffff, 0, 1);
	TURNS("eth(dst=02:00:00:00:00:fe-02:00:00:00:01:00)", 4, 0xfe, 0xff, 0x100);
}
END_TEST

START_TEST(values_are_crossed_and_the_last_goes_fastest)
{
	TURNS("udp(sport=1-2, dport=5-6)", 0, 1, 1, 2, 2);
	TURNS("udp(sport=1-2, dport=5-6)", 2, 5, 6, 5, 6);
	TURNS("ip(id=1-2)/udp(sport=1-2)/vxlan(gbp=1-2)", 20, 1, 1, 2, 2, 1, 1, 2, 2);
}
END_TEST

START_TEST(values_of_a_letter_go_together)
{
	TURNS("udp(sport=1-2@a, dport=5-6@a)", 0, 1, 2);
	TURNS("udp(sport=1-2@a, dport=5-6@a)", 2, 5, 6);
	TURNS("udp(sport=1-2@a, dport=5-8@a)", 0, 1, 2, 1, 2); /* the shorter begins again */
	TURNS("ip(id=1-2@a, ttl=7-8)/udp(sport=1-2@a)", 20, 1, 1, 2, 2);
}
END_TEST

START_TEST(a_step_goes_on_and_wraps)
{
	struct sonde_craft *c = craft_parsed("udp(sport=step(4, 65530), dport=step(1))");

	ck_assert_uint_eq(sonde_craft_count(c), 1);
	ck_assert(sonde_craft_varies(c));
	for (unsigned i = 0; i < 5; i++) {
		struct sonde_draft d = craft_turn(c, i);

		ck_assert_uint_eq(sonde_load(d.p.byte, 2), (65530 + 4 * i) % 65536);
		ck_assert_uint_eq(sonde_load(d.p.byte + 2, 2), i);
	}
}
END_TEST

START_TEST(what_is_random_is_the_same_for_the_same_seed_and_no_other)
{
	struct sonde_craft *c = craft_parsed("ip(src=random)/udp(sport=random(10-19, 30), "
					     "dport=random)/random(50)");
	uint8_t first[78];
	unsigned seen[31] = { 0 }, differ = 0;

	for (unsigned i = 0; i < 400; i++) {
		struct sonde_craft_turn t = { .n = i, .seed = 5 };
		struct sonde_draft d, e;
		uint64_t sport;

		sonde_draft_init(&d, craft_bytes, CRAFT_MOST);
		ck_assert_int_eq(sonde_craft_encode(c, &t, &d), 78);
		memcpy(first, craft_bytes, 78);
		sport = sonde_load(first + 20, 2);
		ck_assert(sport == 30 || (sport >= 10 && sport <= 19));
		seen[sport]++;
		sonde_draft_init(&e, craft_bytes, CRAFT_MOST);
		sonde_craft_encode(c, &t, &e);
		ck_assert(!memcmp(first, craft_bytes, 78));
		t.seed = 6;
		sonde_draft_init(&e, craft_bytes, CRAFT_MOST);
		sonde_craft_encode(c, &t, &e);
		differ += memcmp(first + 28, craft_bytes + 28, 50) != 0;
	}
	ck_assert_uint_eq(differ, 400);
	for (unsigned i = 10; i < 20; i++)
		ck_assert_msg(seen[i], "%u is never taken", i);
	ck_assert(seen[30]);
}
END_TEST

START_TEST(counts_that_are_too_many_saturate)
{
	ck_assert_uint_eq(sonde_craft_count(craft_parsed("ipv6(src=::/0)")), UINT64_MAX);
	ck_assert_uint_eq(sonde_craft_count(craft_parsed("ip(src=0.0.0.0/0, dst=0.0.0.0/0)/"
							 "udp(sport=0-65535)")),
			  UINT64_MAX);
	ck_assert_uint_eq(sonde_craft_count(craft_parsed("udp(sport=0-65535,dport=0-65535)")),
			  1ull << 32);
}
END_TEST

/* ---- errors ---- */

START_TEST(what_is_wrong_is_told_where_and_what_was_expected)
{
	/* clang-format off */
	static const struct { const char *text; size_t at; const char *expected, *nearest; } wrong[] = {
		{ "", 0, "a header, hex(...) or \"text\"", NULL },
		{ "udp/", 4, "a header, hex(...) or \"text\"", NULL },
		{ "upd", 0, "the name of a header, hex(...) or \"text\"", "udp" },
		{ "ip/udp(foo=1)", 7, "a field or option of udp", NULL },
		{ "tcp(dprot=1)", 4, "a field or option of tcp", "dport" },
		{ "udp(sport=70000)", 10, "a number of up to 16 bits", NULL },
		{ "ip(ttl=256)", 7, "a number of up to 8 bits", NULL },
		{ "udp(sport=)", 10, "a number", NULL },
		{ "udp(sport 1)", 10, "=", NULL },
		{ "udp(sport=1", 11, ", or )", NULL },
		{ "udp(sport=1 dport=2)", 12, ", or )", NULL },
		{ "udp(dport=80)x", 13, "/ or the end", NULL },
		{ "ip(dst=1.2.3)", 7, "an IPv4 address", NULL },
		{ "ipv6(dst=1.2.3.4)", 9, "an IPv6 address", NULL },
		{ "ip(dst=10.0.0.0/33)", 16, "a prefix of up to 32 bits", NULL },
		{ "eth(dst=02:00)", 8, "a MAC address such as 02:00:00:00:00:01", NULL },
		{ "ip(df=2)", 6, "a number of up to 1 bits", NULL },
		{ "ip(ihl=22)", 7, "a multiple of 4 bytes", NULL },
		{ "tcp(flags=SX)", 10, "a number, or letters of FSRPAUECN", NULL },
		{ "tcp(port=5)", 4, "sport or dport: this name means either", NULL },
		{ "udp(sport=5-1)", 12, "an end that is not below the beginning", NULL },
		{ "udp(sport=1-9/0)", 14, "a step above 0", NULL },
		{ "udp(sport=1-2@1)", 14, "a single letter", NULL },
		{ "udp(sport=random@a)", 17, "a range or a set in front of @", NULL },
		{ "udp(sport=$x)", 10, "a value: names are for scripts", NULL },
		{ "ip(!foo)", 4, "the name of a field", NULL },
		{ "ip/\"abc", 3, "a closing quote for this one", NULL },
		{ "\"\\q\"", 2, "one of \\\" \\\\ \\n \\r \\t \\xNN", NULL },
		{ "hex(0)", 5, "a second hex digit", NULL },
		{ "pad(4)/ip", 7, "nothing behind pad", NULL },
		{ "frag", 0, "a header of IP in front of frag", NULL },
		{ "eth/frag", 4, "a header of IP in front of frag", NULL },
		{ "ip/frag/frag", 8, "one frag", NULL },
		{ "ip/frag(overlap=7)", 8, "a multiple of 8 bytes", NULL },
		{ "ip/frag(size=7)", 8, "mtu, order, overlap or id", NULL },
		{ "ip*17", 3, "no more than 16 headers", NULL },
		{ "ip*0", 3, "a number from 1 to 262144", NULL },
		{ "(hex(00)/\"a\")*4096", 14, "no more than 4096 items", NULL },
		{ "file(\"x\")", 0, "a file that can be read: no file", NULL },
		{ "((((((((((((((((((ip", 17, "nothing that deep", NULL },
		{ "dhcp(sname=\"0123456789012345678901234567890123456789012345678901234567890123x\")",
		  11, "text of up to 64 bytes", NULL },
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct sonde_craft_error e = { 0 };
		const char *text = wrong[i].text;
		struct sonde_craft *c;

		ck_assert_msg(
			!sonde_craft_parse(&c, &craft_arena, text, strlen(text), NULL, NULL, &e),
			"%s is understood", text);
		ck_assert_msg(e.at == wrong[i].at && !strcmp(e.expected, wrong[i].expected),
			      "%s: at %zu: expected %s", text, e.at, e.expected);
		ck_assert_msg(wrong[i].nearest ? e.nearest && !strcmp(e.nearest, wrong[i].nearest)
					       : !e.nearest,
			      "%s: nearest %s", text, e.nearest ? e.nearest : "none");
	}
}
END_TEST

START_TEST(an_option_that_has_no_room_is_refused)
{
	struct sonde_craft_turn turn = { 0 };
	struct sonde_draft d;

	sonde_draft_init(&d, craft_bytes, CRAFT_MOST);
	ck_assert_int_eq(sonde_craft_encode(craft_parsed("tcp(ts, ts, ts, ts, ts)"), &turn, &d),
			 SONDE_NO_ROOM_FOR_OPTION);
	sonde_draft_init(&d, craft_bytes, 27);
	ck_assert_int_eq(sonde_craft_encode(craft_parsed("ip/udp"), &turn, &d), SONDE_NO_SPACE);
	sonde_draft_init(&d, craft_bytes, 28);
	ck_assert_int_eq(sonde_craft_encode(craft_parsed("ip/udp"), &turn, &d), 28);
}
END_TEST

/* ---- patterns ---- */

static struct sonde_craft_vars vars;
static char why[300];

/* Whether the packet fits; why not is in why. */
static bool fits(const char *pattern, const char *packet)
{
	struct sonde_craft_world world = { .vars = &vars, .pattern = true };
	struct sonde_draft d = craft_made(packet);
	struct sonde_craft_error e;
	struct sonde_craft *c;
	struct sonde_packet p;
	struct sonde_text t;
	bool does;

	ck_assert_msg(
		sonde_craft_parse(&c, &craft_arena, pattern, strlen(pattern), &world, NULL, &e),
		"%s: at %zu: expected %s", pattern, e.at, e.expected);
	sonde_decode(&p, d.p.byte, d.p.len, d.p.len, d.p.layer[0].shape);
	sonde_text_init(&t, why, sizeof why - 1, NULL, NULL);
	does = sonde_craft_match(c, &p, &vars, &t);
	why[t.len] = 0;
	return does;
}

#define PACKET                                                                                     \
	"eth/ip(src=10.0.0.1, dst=10.0.0.2, ttl=9)/tcp(sport=80, dport=1000, flags=SA, seq=7, "    \
	"ackseq=8, mss=1460, nop, wscale=2)/\"hello\""

START_TEST(a_pattern_is_a_part_of_what_fits_it)
{
	static const char *const good[] = {
		"tcp",
		"ip",
		"eth/tcp",
		"ip/tcp(flags=SA)",
		"tcp(flags=0x12)",
		"tcp(syn, ack)",
		"tcp(sport={22, 80})",
		"tcp(dport=1000-1004/2)",
		"ip(src=10.0.0.0/24)",
		"tcp(seq=random)",
		"ip(ttl=random(5-9))",
		"tcp(mss=1460)",
		"tcp(mss)",
		"tcp(wscale(shift=2))",
		"tcp(!urp)",
		"tcp/\"hello\"",
		"tcp/\"he\"",
		"tcp/hex(68)",
	};
	static const char *const bad[] = {
		"udp",
		"tcp/ip",
		"ip/ip",
		"tcp(flags=S)",
		"tcp(flags=-)",
		"tcp(sport={22, 81})",
		"tcp(dport=1001-1003)",
		"ip(src=10.0.1.0/24)",
		"ip(ttl=random(1-8))",
		"tcp(mss=1461)",
		"tcp(sackok)",
		"tcp(!seq)",
		"tcp/\"hellO\"",
		"tcp/\"hello!\"",
		"tcp(rst)",
	};

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		ck_assert_msg(fits(good[i], PACKET), "%s: %s", good[i], why);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ck_assert_msg(!fits(bad[i], PACKET), "%s fits", bad[i]);
		ck_assert_msg(*why, "%s: nobody says why not", bad[i]);
	}
}
END_TEST

START_TEST(why_a_packet_does_not_fit_is_its_first_difference)
{
	ck_assert(!fits("tcp(flags=S)", PACKET));
	ck_assert_msg(strstr(why, "tcp.flags is ") && strstr(why, "SA") && strstr(why, "not S"),
		      "%s", why);
	ck_assert(!fits("ip(ttl=64)", PACKET));
	ck_assert_str_eq(why, "ip.ttl is 9, not 64");
	ck_assert(!fits("tcp(sport={1, 2})", PACKET));
	ck_assert_str_eq(why, "tcp.srcport is 80, which is none of those");
	ck_assert(!fits("udp", PACKET));
	ck_assert_str_eq(why, "it has no udp");
	ck_assert(!fits("tcp(sackok)", PACKET));
	ck_assert_str_eq(why, "it has no such tcp_sackok");
	ck_assert(!fits("tcp/\"bye\"", PACKET));
	ck_assert_str_eq(why, "it has no such body");
}
END_TEST

START_TEST(names_are_learned_if_all_agrees_and_hold_afterwards)
{
	ck_assert(!fits("tcp(seq=$s, ackseq=9)", PACKET));
	ck_assert(vars.n == 1 && !vars.of[0].known);
	ck_assert(fits("tcp(seq=$s, ackseq=$s+1)", PACKET));
	ck_assert(vars.of[0].known && vars.of[0].value == 7);
	ck_assert(fits("tcp(ackseq=$s+1, seq=$s)", PACKET));
	ck_assert(!fits("tcp(ackseq=$s)", PACKET));
	ck_assert(strstr(why, "tcp.ack_raw is 8, not 7"));
	ck_assert(fits("ip(src=$a)", PACKET) && vars.of[1].value == 0x0a000001);
	ck_assert(fits("tcp(sport=$p-1)", PACKET) && vars.of[2].value == 81);
}
END_TEST

START_TEST(a_learned_name_is_the_next_packets_value)
{
	struct sonde_craft_world world = { .vars = &vars };
	struct sonde_craft_turn turn = { .vars = &vars };
	const char *text = "tcp(sport=1, dport=2, ackseq=$s+1, win=$w)";
	struct sonde_craft_error e;
	struct sonde_craft *c;
	struct sonde_draft d;

	ck_assert(fits("tcp(seq=$s)", PACKET));
	ck_assert(sonde_craft_parse(&c, &craft_arena, text, strlen(text), &world, NULL, &e));
	sonde_draft_init(&d, craft_bytes, CRAFT_MOST);
	ck_assert_int_eq(sonde_craft_encode(c, &turn, &d), SONDE_TOO_WIDE); /* $w is not known */
	vars.of[1].known = true;
	vars.of[1].value = 65536;
	sonde_draft_init(&d, craft_bytes, CRAFT_MOST);
	ck_assert_int_eq(sonde_craft_encode(c, &turn, &d), SONDE_TOO_WIDE);
	vars.of[1].value = 65535;
	sonde_draft_init(&d, craft_bytes, CRAFT_MOST);
	ck_assert_int_eq(sonde_craft_encode(c, &turn, &d), 20);
	ck_assert_uint_eq(sonde_load(craft_bytes + 8, 4), 8);
}
END_TEST

START_TEST(what_cannot_be_compared_is_no_pattern)
{
	static const char *const bad[] = { "ip/random(4)",	 "ip/pad(3)", "ip(raw(00))",
					   "udp(sport=step(1))", "ip/frag",   "\"a\"/ip" };
	struct sonde_craft_world world = { .vars = &vars, .pattern = true };
	struct sonde_craft_error e;
	struct sonde_craft *c;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(!sonde_craft_parse(&c, &craft_arena, bad[i], strlen(bad[i]), &world,
						 NULL, &e),
			      "%s", bad[i]);
}
END_TEST

/* ---- what it can be asked ---- */

START_TEST(a_packet_in_words_tells_what_was_said)
{
	struct sonde_craft *c = craft_parsed("ip(dst=10.0.0.2, ttl=1-2, tos=4)/udp(sport=7)");
	sonde_wide v;

	ck_assert_int_eq(sonde_craft_layer(c, 0), SONDE_ip);
	ck_assert_int_eq(sonde_craft_layer(c, 1), SONDE_udp);
	ck_assert_int_eq(sonde_craft_layer(c, 2), SONDE_NONE);
	ck_assert(sonde_craft_says(c, 0, SONDE_ROW_ip_ttl));
	ck_assert(sonde_craft_says(c, 0, SONDE_ROW_ip_dscp)); /* as a part of tos */
	ck_assert(!sonde_craft_says(c, 0, SONDE_ROW_ip_src));
	ck_assert(!sonde_craft_says(c, 2, SONDE_ROW_udp_sport));
	ck_assert(sonde_craft_value(c, 0, SONDE_ROW_ip_dst, &v) && v == 0x0a000002);
	ck_assert(sonde_craft_value(c, 1, SONDE_ROW_udp_sport, &v) && v == 7);
	ck_assert(!sonde_craft_value(c, 0, SONDE_ROW_ip_ttl, &v)); /* it varies */
	ck_assert(!sonde_craft_value(c, 0, SONDE_ROW_ip_src, &v));
}
END_TEST

START_TEST(more_can_be_said_afterwards)
{
	struct sonde_craft *c = craft_parsed("ip(dst=10.0.0.2)/frag/udp(sport=7, dport=9)");
	struct sonde_draft d, want;
	uint8_t kept[100];

	sonde_craft_say(c, 0, SONDE_ROW_ip_src, 0x0a000001);
	sonde_craft_wrap(c, SONDE_eth);
	sonde_craft_say(c, 0, SONDE_ROW_eth_dst, 0x020000000001);
	ck_assert(sonde_craft_fragments(c));
	ck_assert_int_eq(sonde_craft_layer(c, 0), SONDE_eth);
	d = craft_turn(c, 0);
	memcpy(kept, d.p.byte, d.p.len);
	want = craft_made("eth(dst=02:00:00:00:00:01)/ip(src=10.0.0.1, dst=10.0.0.2)/"
			  "udp(sport=7, dport=9)");
	ck_assert_uint_eq(d.p.len, want.p.len);
	ck_assert(!memcmp(kept, want.p.byte, want.p.len));
}
END_TEST

START_TEST(headers_that_do_not_follow_each_other_are_told)
{
	static const struct {
		const char *spec;
		int layer;
		size_t at;
	} odd[] = {
		{ "ip/udp", -1, 0 },
		{ "ip/arp", 1, 3 },
		{ "eth/tcp", 1, 4 },
		{ "ip(proto=6)/udp", -1, 0 },	  /* a lie, and meant */
		{ "udp(dport=53)/vxlan", -1, 0 }, /* and so may this be */
		{ "icmp/icmp_unreach/ip/tcp", -1, 0 },
		{ "ip(ttl=1)/udp/vxlan/ip", 3, 20 },
	};

	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		struct sonde_craft *c = craft_parsed(odd[i].spec);
		struct sonde_draft d = craft_turn(c, 0);
		size_t at = 0;

		ck_assert_msg(sonde_craft_contradicts(c, &d, &at) == odd[i].layer &&
				      at == odd[i].at,
			      "%s: layer %d at %zu", odd[i].spec,
			      sonde_craft_contradicts(c, &d, &at), at);
	}
}
END_TEST

/* ---- the world around ---- */

static bool file(void *arg, const char *name, struct sonde_bytes *ret, const char **ret_why)
{
	*ret = (struct sonde_bytes){ arg, 3 };
	*ret_why = "it is not here";
	return !strcmp(name, "abc");
}

static const struct sonde_craft *named(void *arg, const char *name, size_t len)
{
	(void)arg;
	return len == 4 && !memcmp(name, "base", 4) ? craft_parsed("ip(ttl=3)/udp(sport=1-2)")
						    : NULL;
}

START_TEST(files_names_and_ends_come_from_outside)
{
	static char bytes[] = "xyz";
	struct sonde_craft_world world = {
		.arg = bytes, .file = file, .named = named, .end = "within every"
	};
	const char *text = "base/file(\"abc\") within 1s";
	struct sonde_craft_error e;
	struct sonde_craft *c;
	struct sonde_draft d;
	size_t len;

	ck_assert(sonde_craft_parse(&c, &craft_arena, text, strlen(text), &world, &len, &e));
	ck_assert_uint_eq(len, strlen("base/file(\"abc\") "));
	ck_assert_uint_eq(sonde_craft_count(c), 2);
	d = craft_turn(c, 1);
	ck_assert_uint_eq(d.p.byte[8], 3);
	ck_assert_uint_eq(d.p.byte[21], 2);
	ck_assert(!memcmp(d.p.byte + 28, "xyz", 3));
	text = "ip/file(\"no\")";
	ck_assert(!sonde_craft_parse(&c, &craft_arena, text, strlen(text), &world, NULL, &e));
	ck_assert_str_eq(e.expected, "a file that can be read: it is not here");
	ck_assert_uint_eq(e.at, 3);
	text = "base withins";
	ck_assert(!sonde_craft_parse(&c, &craft_arena, text, strlen(text), &world, NULL, &e));
	ck_assert_uint_eq(e.at, 5);
}
END_TEST

Suite *craft_words_suite(void)
{
	Suite *s = suite_create("craft_words");
	TCase *v = tcase_create("values"), *e = tcase_create("errors"),
	      *p = tcase_create("patterns"), *t = tcase_create("asked");

	tcase_add_test(v, values_go_in_turn_and_round_again);
	tcase_add_test(v, values_are_crossed_and_the_last_goes_fastest);
	tcase_add_test(v, values_of_a_letter_go_together);
	tcase_add_test(v, a_step_goes_on_and_wraps);
	tcase_add_test(v, what_is_random_is_the_same_for_the_same_seed_and_no_other);
	tcase_add_test(v, counts_that_are_too_many_saturate);
	suite_add_tcase(s, v);
	tcase_add_test(e, what_is_wrong_is_told_where_and_what_was_expected);
	tcase_add_test(e, an_option_that_has_no_room_is_refused);
	suite_add_tcase(s, e);
	tcase_add_test(p, a_pattern_is_a_part_of_what_fits_it);
	tcase_add_test(p, why_a_packet_does_not_fit_is_its_first_difference);
	tcase_add_test(p, names_are_learned_if_all_agrees_and_hold_afterwards);
	tcase_add_test(p, a_learned_name_is_the_next_packets_value);
	tcase_add_test(p, what_cannot_be_compared_is_no_pattern);
	suite_add_tcase(s, p);
	tcase_add_test(t, a_packet_in_words_tells_what_was_said);
	tcase_add_test(t, more_can_be_said_afterwards);
	tcase_add_test(t, headers_that_do_not_follow_each_other_are_told);
	tcase_add_test(t, files_names_and_ends_come_from_outside);
	suite_add_tcase(s, t);
	return s;
}
