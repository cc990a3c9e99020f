#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/say.h"
#include "probe/stats.h"

Suite *stats_suite(void);

enum { MOST = 20000 };
static sonde_ns given[MOST];

static int by_value(const void *a, const void *b)
{
	sonde_ns x = *(const sonde_ns *)a, y = *(const sonde_ns *)b;

	return x < y ? -1 : x > y;
}

static uint64_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 33;
}

/* Round trips of a long tail: 50 us to some 200 ms. */
static sonde_ns invent(uint64_t *state)
{
	uint64_t scale = 1ull << next_random(state) % 12;

	return 50000 + next_random(state) % (50000 * scale);
}

static void fill(struct sonde_stats *s, struct sonde_arena *a, unsigned n, uint64_t seed)
{
	for (unsigned i = 0; i < n; i++) {
		given[i] = invent(&seed);
		sonde_stats_answer(s, a, i, given[i]);
	}
}

static bool near_enough(sonde_ns is, sonde_ns ought, double by)
{
	return fabs((double)is - (double)ought) <= by * (double)ought;
}

/* The reference: all of them, in memory, with floating point. */
static void compare(unsigned n, double by)
{
	static const unsigned parts[] = { 1, 500, 900, 950, 990, 999, 1000 };
	struct sonde_stats s = { 0 };
	struct sonde_arena a = { 0 };
	double sum = 0, squares = 0, changes = 0, jitter = 0, mean;

	fill(&s, &a, n, n);
	for (unsigned i = 0; i < n; i++) {
		double d = i ? fabs((double)given[i] - (double)given[i - 1]) : 0;

		sum += (double)given[i];
		changes += d;
		if (i)
			jitter += (d - jitter) / 16;
	}
	mean = sum / n;
	for (unsigned i = 0; i < n; i++)
		squares += ((double)given[i] - mean) * ((double)given[i] - mean);
	ck_assert_double_eq_tol((double)sonde_stats_mean(&s), mean, 1);
	ck_assert_double_eq_tol((double)sonde_stats_deviation(&s), sqrt(squares / n), 2);
	if (n > 1) {
		ck_assert_double_eq_tol((double)s.change_sum / (double)s.changes, changes / (n - 1),
					1);
		ck_assert_double_eq_tol((double)s.jitter16 / 16, jitter, 16);
	}
	qsort(given, n, sizeof *given, by_value);
	ck_assert_uint_eq(s.min, given[0]);
	ck_assert_uint_eq(s.max, given[n - 1]);
	for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++) {
		uint64_t rank = ((uint64_t)n * parts[i] + 999) / 1000;
		sonde_ns q = sonde_stats_quantile(&s, parts[i], 1000);

		ck_assert_msg(near_enough(q, given[rank - 1], by), "%u of %u: %llu, not %llu",
			      parts[i], n, (unsigned long long)q,
			      (unsigned long long)given[rank - 1]);
	}
	ck_assert_uint_eq(sonde_stats_between(&s, 0, UINT64_MAX), n);
	sonde_arena_done(&a);
}

START_TEST(few_round_trips_are_kept_exactly)
{
	for (unsigned n = 1; n <= SONDE_STATS_EXACT; n++)
		compare(n, 0);
}
END_TEST

START_TEST(many_round_trips_are_within_a_bucket_of_the_truth)
{
	static const unsigned sizes[] = { SONDE_STATS_EXACT + 1, 100, 1000, 1001, MOST };

	for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++)
		compare(sizes[i], 0.0079);
}
END_TEST

START_TEST(every_value_has_a_bucket_that_it_is_near)
{
	for (sonde_ns v = 1; v < 200 * SONDE_SECOND; v += v / 7 + 1) {
		struct sonde_stats s = { 0 };
		struct sonde_arena a = { 0 };

		/* Extremes beside it, so that it is not put right by the least and the greatest. */
		for (unsigned i = 0; i < SONDE_STATS_EXACT; i++)
			sonde_stats_answer(&s, &a, i, i % 2 ? 0 : 250 * SONDE_SECOND);
		for (unsigned i = 0; i < 101; i++)
			sonde_stats_answer(&s, &a, SONDE_STATS_EXACT + i, v);
		ck_assert(near_enough(sonde_stats_quantile(&s, 500, 1000), v, 0.0079));
		sonde_arena_done(&a);
	}
}
END_TEST

START_TEST(memory_does_not_grow_with_round_trips)
{
	struct sonde_stats s = { 0 };
	struct sonde_arena a = { 0 };
	size_t used;

	fill(&s, &a, SONDE_STATS_EXACT + 1, 1);
	used = a.used;
	fill(&s, &a, MOST, 2);
	ck_assert_uint_eq(a.used, used);
	ck_assert_uint_lt(used, 12000);
	sonde_arena_done(&a);
}
END_TEST

START_TEST(loss_has_its_pattern)
{
	static const char fates[] = "..x..xx.xxx..x.x....xxxxx";
	struct sonde_stats s = { 0 };

	for (const char *f = fates; *f; f++)
		sonde_stats_fate(&s, *f == '.');
	ck_assert_uint_eq(s.decided, sizeof fates - 1);
	ck_assert_uint_eq(s.lost, 13);
	ck_assert_uint_eq(s.bursts, 6);
	ck_assert_uint_eq(s.single, 3);
	ck_assert_uint_eq(s.longest, 5);
}
END_TEST

START_TEST(differences_are_of_consecutive_probes_only)
{
	struct sonde_stats s = { 0 };
	struct sonde_arena a = { 0 };

	sonde_stats_answer(&s, &a, 0, 1000);
	sonde_stats_answer(&s, &a, 1, 1500);
	sonde_stats_answer(&s, &a, 3, 9000); /* 2 is lost */
	sonde_stats_answer(&s, &a, 4, 9100);
	ck_assert_uint_eq(s.changes, 2);
	ck_assert_uint_eq(s.change_sum, 600);
	sonde_arena_done(&a);
}
END_TEST

START_TEST(nothing_is_known_of_nothing)
{
	struct sonde_stats s = { 0 };

	ck_assert_uint_eq(sonde_stats_quantile(&s, 500, 1000), 0);
	ck_assert_uint_eq(sonde_stats_mean(&s), 0);
	ck_assert_uint_eq(sonde_stats_deviation(&s), 0);
	ck_assert_uint_eq(sonde_stats_between(&s, 0, UINT64_MAX), 0);
}
END_TEST

/* What a histogram shows: its bars hold all round trips, no two begin alike, and the longest has
 * the whole width. */
static void ck_bars(const struct sonde_stats *s, unsigned rows)
{
	char buf[8192], last[32] = "";
	struct sonde_text t;
	uint64_t all = 0;
	size_t longest = 0, n = 0;

	sonde_text_init(&t, buf, sizeof buf, NULL, NULL);
	sonde_say_histogram(&t, s, rows, 72);
	sonde_text_bytes(&t, "", 1);
	for (char *line = strtok(buf, "\n"); line; line = strtok(NULL, "\n"), n++) {
		char from[32];
		unsigned long long count;
		int end;

		ck_assert_int_eq(sscanf(line, " %31s ms %llu %n", from, &count, &end), 2);
		ck_assert_str_ne(from, last);
		strcpy(last, from);
		all += count;
		ck_assert_int_eq(!count, !line[end]);
		longest = strlen(line + end) > longest ? strlen(line + end) : longest;
	}
	ck_assert_uint_eq(all, s->n);
	ck_assert_uint_le(n, rows);
	ck_assert_uint_eq(longest, 40);
}

START_TEST(a_histogram_holds_all_round_trips)
{
	struct sonde_arena a = { 0 };
	struct sonde_stats close = { 0 }, wide = { 0 };
	uint64_t state = 5;

	for (uint64_t i = 0; i < 50; i++) {
		sonde_stats_answer(&close, &a, i, 12000 + next_random(&state) % 3000);
		sonde_stats_answer(&wide, &a, i, 12000 + next_random(&state) % 90000000);
	}
	for (unsigned rows = 1; rows < 20; rows++) {
		ck_bars(&close, rows);
		ck_bars(&wide, rows);
	}
	sonde_arena_done(&a);
}
END_TEST

Suite *stats_suite(void)
{
	Suite *s = suite_create("stats");
	TCase *t = tcase_create("");

	tcase_add_test(t, few_round_trips_are_kept_exactly);
	tcase_add_test(t, many_round_trips_are_within_a_bucket_of_the_truth);
	tcase_add_test(t, every_value_has_a_bucket_that_it_is_near);
	tcase_add_test(t, memory_does_not_grow_with_round_trips);
	tcase_add_test(t, loss_has_its_pattern);
	tcase_add_test(t, differences_are_of_consecutive_probes_only);
	tcase_add_test(t, nothing_is_known_of_nothing);
	tcase_add_test(t, a_histogram_holds_all_round_trips);
	suite_add_tcase(s, t);
	return s;
}
