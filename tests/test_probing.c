/* The small nouns that measurements are made of: pace, clocks, blocks of addresses, demands. */
#include <check.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"
#include "probe/block.h"
#include "probe/expect.h"
#include "probe/pace.h"
#include "probe/wall.h"

Suite *probing_suite(void);

#define MS SONDE_MILLISECOND
#define T0 (1000 * SONDE_SECOND)

/* How many tokens are taken within a time by somebody who looks so often. */
static uint64_t taken(sonde_ns gap, uint64_t burst, sonde_ns look, sonde_ns time)
{
	struct sonde_pace p;
	uint64_t n = 0;

	sonde_pace_init(&p, gap, burst, T0);
	for (sonde_ns now = T0; now < T0 + time; now += look)
		while (sonde_pace_when(&p) <= now) {
			sonde_pace_take(&p, now);
			n++;
		}
	return n;
}

START_TEST(a_bucket_gives_what_its_rate_allows)
{
	ck_assert_uint_eq(taken(10 * MS, 1, MS, SONDE_SECOND), 100);
	ck_assert_uint_eq(taken(10 * MS, 5, MS, SONDE_SECOND), 104);
}
END_TEST

START_TEST(timers_that_are_late_do_not_lower_the_rate)
{
	/* looked at every 3 ms, which 10 ms is no multiple of, and 10 times slower than the rate */
	ck_assert_uint_ge(taken(10 * MS, 1, 3 * MS, SONDE_SECOND), 99);
	ck_assert_uint_ge(taken(100000, 11, MS, SONDE_SECOND), 9990);
	ck_assert_uint_le(taken(100000, 11, MS, SONDE_SECOND), 10012);
}
END_TEST

START_TEST(a_pause_is_not_made_up_for_beyond_the_bucket)
{
	struct sonde_pace p;
	unsigned n = 0;

	sonde_pace_init(&p, 100 * MS, 3, T0);
	while (sonde_pace_when(&p) <= T0 + 60 * SONDE_SECOND) {
		sonde_pace_take(&p, T0 + 60 * SONDE_SECOND);
		n++;
	}
	ck_assert_uint_eq(n, 3);
}
END_TEST

START_TEST(a_stamp_is_mapped_by_the_offset_of_its_time)
{
	struct sonde_wall w = { 0 };
	sonde_ns real = 1700000000 * SONDE_SECOND, hour = 3600 * SONDE_SECOND;

	ck_assert_uint_eq(sonde_wall_map(&w, real, 0, UINT64_MAX / 2), 0);
	sonde_wall_read(&w, T0, real);
	ck_assert_uint_eq(sonde_wall_map(&w, real + MS, T0, T0 + 2 * MS), T0 + MS);
	/* reading noise changes nothing, so that differences are exact */
	sonde_wall_read(&w, T0 + MS, real + MS + 900);
	ck_assert_uint_eq(sonde_wall_map(&w, real + MS, T0, T0 + 2 * MS), T0 + MS);
	ck_assert_uint_eq(w.steps, 0);
	/* a step: stamps from before it and from behind it both come out right */
	sonde_wall_read(&w, T0 + 3 * MS, real + 3 * MS - hour);
	ck_assert_uint_eq(w.steps, 1);
	ck_assert_uint_eq(sonde_wall_map(&w, real + 2 * MS, T0, T0 + 3 * MS), T0 + 2 * MS);
	ck_assert_uint_eq(sonde_wall_map(&w, real + 2 * MS - hour, T0, T0 + 3 * MS), T0 + 2 * MS);
	/* what fits neither says nothing */
	ck_assert_uint_eq(sonde_wall_map(&w, real + 2 * MS - hour / 2, T0, T0 + 3 * MS), 0);
}
END_TEST

static const char *block(const char *word)
{
	static char text[200];
	struct sonde_block b;
	struct sonde_address last;
	int r = sonde_block_parse(word, &b);
	char *o = text;

	if (r != 1)
		return r == -EINVAL ? "wrong" : r == -E2BIG ? "large" : "name";
	last = sonde_block_at(&b, b.n - 1);
	o = b.first.family == AF_INET ? sonde_put_ip4(o, b.first.ip) : sonde_put_ip6(o, b.first.ip);
	*o++ = ' ';
	o = last.family == AF_INET ? sonde_put_ip4(o, last.ip) : sonde_put_ip6(o, last.ip);
	*o++ = ' ';
	*sonde_put_dec(o, b.n) = 0;
	return text;
}

START_TEST(prefixes_and_ranges_are_blocks_and_all_else_is_a_name)
{
	static const char *const cases[][2] = {
		{ "192.0.2.0/24", "192.0.2.1 192.0.2.254 254" },
		{ "192.0.2.77/24", "192.0.2.1 192.0.2.254 254" },
		{ "192.0.2.7/32", "192.0.2.7 192.0.2.7 1" },
		{ "192.0.2.7/31", "192.0.2.6 192.0.2.7 2" },
		{ "192.0.2.7/30", "192.0.2.5 192.0.2.6 2" },
		{ "127.0.0.0-127.0.255.255", "127.0.0.0 127.0.255.255 65536" },
		{ "192.0.2.9-192.0.2.9", "192.0.2.9 192.0.2.9 1" },
		{ "255.255.255.250-255.255.255.255", "255.255.255.250 255.255.255.255 6" },
		{ "2001:db8::/126", "2001:db8:: 2001:db8::3 4" },
		{ "2001:db8::ffff-2001:db8::1:1", "2001:db8::ffff 2001:db8::1:1 3" },
		{ "10.0.0.0/8", "large" },
		{ "::/0", "large" },
		{ "0.0.0.0-255.255.255.255", "large" },
		{ "192.0.2.0/33", "wrong" },
		{ "192.0.2.0/", "wrong" },
		{ "192.0.2.0/2x", "wrong" },
		{ "192.0.2.0/024", "192.0.2.1 192.0.2.254 254" },
		{ "192.0.2.0/1234", "wrong" },
		{ "host/24", "wrong" },
		{ "192.0.2.9-192.0.2.8", "wrong" },
		{ "192.0.2.9-", "wrong" },
		{ "192.0.2.9-::1", "wrong" },
		{ "2001:db8::1-2001:db9::1", "wrong" },
		{ "192.0.2.1", "name" },
		{ "www-1.example", "name" },
		{ "fe80::1%eth0", "name" },
		{ "", "name" },
	};

	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++)
		ck_assert_msg(!strcmp(block(cases[i][0]), cases[i][1]), "%s: %s", cases[i][0],
			      block(cases[i][0]));
}
END_TEST

static struct sonde_target_record record(void)
{
	struct sonde_target_record r;

	sonde_record_clear(&sonde_target_schema, &r);
	r.loss_ppm = 10000;
	r.rtt_p99_ns = 20 * MS;
	r.duplicates = 0;
	return r;
}

START_TEST(demands_are_judged)
{
	static const struct {
		const char *text;
		enum sonde_expect_verdict verdict;
	} cases[] = {
		{ "loss<1%", SONDE_EXPECT_NOT_MET },	  { "loss<=1%", SONDE_EXPECT_MET },
		{ "loss<1.0001%", SONDE_EXPECT_MET },	  { "loss>=1%", SONDE_EXPECT_MET },
		{ "loss>1%", SONDE_EXPECT_NOT_MET },	  { "p99<20ms", SONDE_EXPECT_NOT_MET },
		{ "p99<=20ms", SONDE_EXPECT_MET },	  { "p99==0.02s", SONDE_EXPECT_MET },
		{ "p99<20.000001ms", SONDE_EXPECT_MET },  { "p99<20001us", SONDE_EXPECT_MET },
		{ "p99>19999999ns", SONDE_EXPECT_MET },	  { "duplicates==0", SONDE_EXPECT_MET },
		{ "duplicates>0", SONDE_EXPECT_NOT_MET }, { "jitter<2ms", SONDE_EXPECT_UNKNOWN },
		{ "p50<1s", SONDE_EXPECT_UNKNOWN },
	};
	struct sonde_target_record r = record();
	struct sonde_expect e[SONDE_EXPECT_MOST];
	const char *expected;
	uint64_t is;
	unsigned at;

	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		ck_assert_int_eq(sonde_expect_parse(&sonde_expect_of_target, e, cases[i].text, &at,
						    &expected),
				 1);
		ck_assert_msg(sonde_expect_judge(e, &r, &is) == cases[i].verdict, "%s",
			      cases[i].text);
	}
	ck_assert_int_eq(sonde_expect_parse(&sonde_expect_of_target, e,
					    " loss<1%,  p99<20ms jitter<2ms ", &at, &expected),
			 3);
}
END_TEST

START_TEST(a_wrong_demand_is_named_by_its_place)
{
	static const struct {
		const char *text;
		unsigned at;
	} cases[] = {
		{ "", 0 },
		{ "loss", 0 },
		{ "loss<", 0 },
		{ "loss<1", 0 },
		{ "loss<1ms", 0 },
		{ "p99<1%", 0 },
		{ "p99<20", 0 },
		{ "loss<1% p98<1ms", 8 },
		{ "loss<1% p99", 8 },
		{ "loss=1%", 0 },
		{ "duplicates<1%", 0 },
		{ "loss<1% x<y", 8 },
		{ "loss<99999999999%", 0 },
		{ "p99<1..5ms", 0 },
	};
	struct sonde_expect e[SONDE_EXPECT_MOST];
	const char *expected;
	char many[400] = "";
	unsigned at;

	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		at = 99;
		ck_assert_msg(sonde_expect_parse(&sonde_expect_of_target, e, cases[i].text, &at,
						 &expected) == -EINVAL,
			      "%s", cases[i].text);
		ck_assert_uint_eq(at, cases[i].at);
	}
	for (unsigned i = 0; i <= SONDE_EXPECT_MOST; i++)
		strcat(many, "loss<1% ");
	ck_assert_int_eq(sonde_expect_parse(&sonde_expect_of_target, e, many, &at, &expected),
			 -E2BIG);
}
END_TEST

Suite *probing_suite(void)
{
	Suite *s = suite_create("probing");
	TCase *t = tcase_create("");

	tcase_add_test(t, a_bucket_gives_what_its_rate_allows);
	tcase_add_test(t, timers_that_are_late_do_not_lower_the_rate);
	tcase_add_test(t, a_pause_is_not_made_up_for_beyond_the_bucket);
	tcase_add_test(t, a_stamp_is_mapped_by_the_offset_of_its_time);
	tcase_add_test(t, prefixes_and_ranges_are_blocks_and_all_else_is_a_name);
	tcase_add_test(t, demands_are_judged);
	tcase_add_test(t, a_wrong_demand_is_named_by_its_place);
	suite_add_tcase(s, t);
	return s;
}
