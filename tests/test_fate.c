#include <check.h>
#include <math.h>

#include "lab/fate.h"

Suite *fate_suite(void);

enum { PACKETS = 10000, LEN = 114 };

static struct sonde_fate f, g;
static struct sonde_fate_decision d, e;

static void begin(struct sonde_fate *fate, struct sonde_lab_impair impair, uint64_t seed)
{
	sonde_fate_init(fate, &impair, seed);
}

static sonde_ns at(unsigned packet)
{
	return SONDE_SECOND + packet * SONDE_MILLISECOND;
}

/* 4 sigma of a binomial distribution, by the chance in parts of a million. */
static void ck_assert_binomial(unsigned seen, uint32_t chance, unsigned of)
{
	double p = chance / 1e6, sigma = sqrt(of * p * (1 - p));

	ck_assert_msg(fabs(seen - of * p) <= 4 * sigma, "%u of %u at %g", seen, of, p);
}

struct tally {
	unsigned lost, dup, reordered, corrupt, passed;
};

static struct tally tallied(struct sonde_lab_impair impair, uint64_t seed)
{
	struct tally t = { 0 };

	begin(&f, impair, seed);
	for (unsigned i = 0; i < PACKETS; i++) {
		sonde_fate_decide(&f, at(i), LEN, &d);
		ck_assert_uint_eq(d.number, i + 1);
		t.lost += d.verdict == SONDE_FATE_LOST;
		t.passed += d.verdict == SONDE_FATE_PASS;
		t.dup += d.copies == 2;
		t.reordered += d.reordered;
		t.corrupt += d.corrupt > 0;
	}
	return t;
}

START_TEST(chances_come_true_within_four_sigma_in_each_direction_for_itself)
{
	static const uint32_t chances[] = { 1000, 10000, 100000, 500000 };

	for (unsigned seed = 0; seed < 20; seed++)
		for (unsigned i = 0; i < 4; i++) {
			uint32_t c = chances[i];
			struct sonde_lab_impair impair = {
				.loss = c, .dup = c, .reorder = c, .corrupt = c
			};
			struct tally t = tallied(impair, seed);

			ck_assert_binomial(t.lost, c, PACKETS);
			ck_assert_uint_eq(t.passed, PACKETS - t.lost);
			ck_assert_binomial(t.dup, c, t.passed);
			ck_assert_binomial(t.reordered, c, t.passed);
			ck_assert_binomial(t.corrupt, c, t.passed);
		}
}
END_TEST

START_TEST(all_and_nothing_are_exact)
{
	struct tally t = tallied((struct sonde_lab_impair){ .loss = 1000000 }, 3);

	ck_assert_uint_eq(t.lost, PACKETS);
	t = tallied((struct sonde_lab_impair){ .dup = 1000000, .corrupt = 1000000 }, 3);
	ck_assert_uint_eq(t.dup, PACKETS);
	ck_assert_uint_eq(t.corrupt, PACKETS);
	t = tallied((struct sonde_lab_impair){ .delay = 5 }, 3);
	ck_assert_uint_eq(t.passed, PACKETS);
	ck_assert_uint_eq(t.lost + t.dup + t.reordered + t.corrupt, 0);
}
END_TEST

/* The chances of two directions share neither a packet's fate nor its opposite, also where one seed
 * is as far from the other as the generator steps. */
START_TEST(two_seeds_are_two_directions)
{
	enum { SHIFT = 5 };
	static bool lost[2][PACKETS];

	for (unsigned k = 1; k < 30; k++) {
		begin(&f, (struct sonde_lab_impair){ .loss = 500000 }, 42);
		begin(&g, (struct sonde_lab_impair){ .loss = 500000 },
		      42 + (k % 2 ? k : k / 2 * 0x9e3779b97f4a7c15));
		for (unsigned i = 0; i < PACKETS; i++) {
			sonde_fate_decide(&f, at(i), LEN, &d);
			sonde_fate_decide(&g, at(i), LEN, &e);
			lost[0][i] = d.verdict == SONDE_FATE_LOST;
			lost[1][i] = e.verdict == SONDE_FATE_LOST;
		}
		for (unsigned s = 0; s <= 2 * SHIFT; s++) {
			unsigned same = 0;

			for (unsigned i = SHIFT; i < PACKETS - SHIFT; i++)
				same += lost[0][i] == lost[1][i + s - SHIFT];
			ck_assert_binomial(same, 500000, PACKETS - 2 * SHIFT);
		}
	}
}
END_TEST

START_TEST(the_same_number_has_the_same_fate_whatever_the_times_and_the_delay)
{
	struct sonde_lab_impair near = {
		.loss = 100000, .dup = 100000, .reorder = 100000, .corrupt = 100000
	};
	struct sonde_lab_impair far = near;

	far.delay = 5 * SONDE_MILLISECOND;
	far.jitter = SONDE_MILLISECOND;
	begin(&f, near, 7);
	begin(&g, far, 7);
	for (unsigned i = 0; i < PACKETS; i++) {
		sonde_fate_decide(&f, at(i), LEN, &d);
		sonde_fate_decide(&g, at(7 * i), LEN, &e);
		ck_assert_int_eq(d.verdict, e.verdict);
		ck_assert_uint_eq(d.copies, e.copies);
		ck_assert_uint_eq(d.corrupt, e.corrupt);
		ck_assert_int_eq(d.reordered, e.reordered);
	}
}
END_TEST

START_TEST(delay_and_jitter_stay_within_their_bounds_and_fill_them)
{
	sonde_ns least = UINT64_MAX, most = 0;
	double sum = 0;

	begin(&f,
	      (struct sonde_lab_impair){ .delay = 5 * SONDE_MILLISECOND,
					 .jitter = SONDE_MILLISECOND },
	      1);
	for (unsigned i = 0; i < PACKETS; i++) {
		sonde_ns wait;

		sonde_fate_decide(&f, at(i), LEN, &d);
		wait = d.due[0] - at(i);
		least = wait < least ? wait : least;
		most = wait > most ? wait : most;
		sum += (double)wait / PACKETS;
	}
	ck_assert(least >= 4 * SONDE_MILLISECOND && least < 4010 * SONDE_MICROSECOND);
	ck_assert(most <= 6 * SONDE_MILLISECOND && most > 5990 * SONDE_MICROSECOND);
	/* uniform: sigma of the mean is 2 ms / sqrt(12 * 10,000) */
	ck_assert(fabs(sum - 5e6) < 4 * 2e6 / sqrt(12.0 * PACKETS));
}
END_TEST

START_TEST(more_jitter_than_delay_never_sends_before_the_packet_came)
{
	unsigned at_once = 0;

	begin(&f, (struct sonde_lab_impair){ .delay = 10, .jitter = 100 }, 1);
	for (unsigned i = 0; i < PACKETS; i++) {
		sonde_fate_decide(&f, at(i), LEN, &d);
		ck_assert(d.due[0] >= at(i) && d.due[0] <= at(i) + 110);
		at_once += d.due[0] == at(i);
	}
	ck_assert(at_once > PACKETS / 3);
}
END_TEST

START_TEST(a_reordered_packet_overtakes)
{
	begin(&f, (struct sonde_lab_impair){ .delay = SONDE_SECOND, .reorder = 1000000 }, 1);
	sonde_fate_decide(&f, 77, LEN, &d);
	ck_assert(d.reordered);
	ck_assert_uint_eq(d.due[0], 77);
}
END_TEST

START_TEST(corruption_flips_any_bit_behind_the_link_header)
{
	unsigned seen[8 * (LEN - 14)] = { 0 };

	begin(&f, (struct sonde_lab_impair){ .corrupt = 1000000 }, 9);
	for (unsigned i = 0; i < 2 * PACKETS; i++) {
		sonde_fate_decide(&f, at(i), LEN, &d);
		ck_assert(d.corrupt >= 1 && d.corrupt <= 8 * (LEN - 14));
		seen[d.corrupt - 1]++;
	}
	for (unsigned i = 0; i < 8 * (LEN - 14); i++)
		ck_assert_msg(seen[i] > 0 && seen[i] < 75, "bit %u: %u", i, seen[i]);
	sonde_fate_decide(&f, at(0), 14, &d);
	ck_assert_uint_eq(d.corrupt, 0);
}
END_TEST

/* 1,000 bits take a millisecond at 1 Mbit/s. */
START_TEST(the_rate_is_a_clock_and_what_waits_is_counted_in_packets)
{
	begin(&f, (struct sonde_lab_impair){ .rate = 1000000, .queue = 3, .delay = SONDE_SECOND },
	      1);
	for (unsigned i = 0; i < 6; i++) { /* one is on its way, three wait */
		sonde_fate_decide(&f, 50, 125, &d);
		ck_assert_int_eq(d.verdict, i < 4 ? SONDE_FATE_PASS : SONDE_FATE_FULL);
		ck_assert_uint_eq(d.copies, i < 4);
		if (i < 4)
			ck_assert_uint_eq(d.due[0],
					  50 + (i + 1) * SONDE_MILLISECOND + SONDE_SECOND);
	}
	sonde_fate_decide(&f, 50 + SONDE_MILLISECOND, 125, &d); /* the second has begun */
	ck_assert_int_eq(d.verdict, SONDE_FATE_PASS);
	ck_assert_uint_eq(d.due[0], 50 + 5 * SONDE_MILLISECOND + SONDE_SECOND);
	sonde_fate_decide(&f, SONDE_SECOND, 250, &d); /* idle again: nothing was saved up */
	ck_assert_uint_eq(d.due[0], 2 * SONDE_SECOND + 2 * SONDE_MILLISECOND);
}
END_TEST

START_TEST(small_packets_fill_a_queue_as_large_ones_do)
{
	unsigned full = 0;

	begin(&f, (struct sonde_lab_impair){ .rate = 1000 }, 1);
	for (unsigned i = 0; i < 2000; i++) {
		sonde_fate_decide(&f, 1, i % 2 ? 60 : 1514, &d);
		full += d.verdict == SONDE_FATE_FULL;
	}
	ck_assert_uint_eq(full, 2000 - 1 - SONDE_LAB_QUEUE);
}
END_TEST

START_TEST(a_rate_sends_as_much_as_it_says)
{
	unsigned passed = 0;

	begin(&f, (struct sonde_lab_impair){ .rate = 10000000, .queue = 20 }, 1);
	for (unsigned i = 0; i < PACKETS; i++) { /* 20 Mbit/s for a second */
		sonde_fate_decide(&f, i * (SONDE_SECOND / PACKETS), 250, &d);
		passed += d.verdict == SONDE_FATE_PASS;
	}
	ck_assert_msg(passed >= 5000 && passed <= 5022, "%u", passed);
}
END_TEST

Suite *fate_suite(void)
{
	Suite *s = suite_create("fate");
	TCase *t = tcase_create("fate");

	tcase_add_test(t, chances_come_true_within_four_sigma_in_each_direction_for_itself);
	tcase_add_test(t, all_and_nothing_are_exact);
	tcase_add_test(t, two_seeds_are_two_directions);
	tcase_add_test(t, the_same_number_has_the_same_fate_whatever_the_times_and_the_delay);
	tcase_add_test(t, delay_and_jitter_stay_within_their_bounds_and_fill_them);
	tcase_add_test(t, more_jitter_than_delay_never_sends_before_the_packet_came);
	tcase_add_test(t, a_reordered_packet_overtakes);
	tcase_add_test(t, corruption_flips_any_bit_behind_the_link_header);
	tcase_add_test(t, the_rate_is_a_clock_and_what_waits_is_counted_in_packets);
	tcase_add_test(t, small_packets_fill_a_queue_as_large_ones_do);
	tcase_add_test(t, a_rate_sends_as_much_as_it_says);
	suite_add_tcase(s, t);
	return s;
}
