#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"
#include "probe/limit.h"

Suite *limit_suite(void);

/* An invented hop: a bucket, loss on the way there and on the way back, outages. */
struct hop {
	double rate, burst; /* rate 0: no limit */
	double loss;	    /* of all probes; half there, half back */
	double spacing;	    /* seconds between probes */
	double jitter;	    /* of the spacing, as a part of it; and of the way there, in seconds */
	double way;
	double from, to; /* probes of an outage, as parts of all */
	bool runs;	 /* loss comes in runs of 5 */
};

static double chance(uint64_t *state)
{
	return (double)(sonde_random(state) >> 11) / (double)(1ull << 53);
}

static void fill(struct sonde_limit *l, const struct hop *h, unsigned n, uint64_t seed)
{
	double at = 1000, level = h->burst, last = at;
	bool bad = false;

	for (unsigned i = 0; i < n; i++) {
		double there;
		bool lost, out = i >= h->from * n && i < h->to * n, ok = true;

		at += h->spacing * (1 + h->jitter * (2 * chance(&seed) - 1));
		there = at + h->way * chance(&seed);
		there = there > last ? there : last;
		if (h->runs)
			bad = bad ? chance(&seed) < 0.8 : chance(&seed) < h->loss / 5;
		lost = h->runs ? bad : chance(&seed) < h->loss / 2;
		if (h->rate > 0 && !lost && !out) {
			level += (there - last) * h->rate;
			level = level > h->burst ? h->burst : level;
			last = there;
			ok = level >= 1;
			level -= ok;
		}
		if (!h->runs)
			lost |= chance(&seed) < h->loss / 2;
		sonde_limit_told(l, (sonde_ns)(at * 1e9), ok && !lost && !out);
	}
}

/* What was said of many series, and how often the bucket that was found is not the true one. */
struct said {
	const char *of;
	unsigned n, verdict[3];
	unsigned rate_off;		 /* by more than a tenth */
	unsigned burst_known, burst_off; /* by more than a quarter */
};

static void judge(struct said *s, const struct hop *h, unsigned n, unsigned seeds)
{
	for (unsigned seed = 0; seed < seeds; seed++) {
		struct sonde_limit l = { 0 };
		struct sonde_limit_fit f;

		fill(&l, h, n, sonde_random_at(seed + 1));
		f = sonde_limit_judge(&l);
		ck_assert_uint_eq(f.n, n < SONDE_LIMIT_KEPT ? n : SONDE_LIMIT_KEPT);
		s->n++;
		s->verdict[f.verdict]++;
		if (f.verdict != SONDE_LIMIT_FOUND)
			continue;
		s->rate_off += f.rate < h->rate * 0.9 || f.rate > h->rate * 1.1;
		s->burst_known += f.burst > 0;
		s->burst_off += f.burst && (f.burst < h->burst * 0.75 || f.burst > h->burst * 1.25);
	}
}

/* At most so many of 1000 are called limited, and not limited. */
static void expect(const struct said *s, unsigned found, unsigned none)
{
	if (getenv("SONDE_SHOW"))
		fprintf(stderr,
			"%-44s %5u: unclear %5.2f %%, none %6.2f %%, found %6.2f %%; rate off %u; "
			"burst known %u, off %u\n",
			s->of, s->n, 100. * s->verdict[SONDE_LIMIT_UNCLEAR] / s->n,
			100. * s->verdict[SONDE_LIMIT_NONE] / s->n,
			100. * s->verdict[SONDE_LIMIT_FOUND] / s->n, s->rate_off, s->burst_known,
			s->burst_off);
	ck_assert_msg(s->verdict[SONDE_LIMIT_FOUND] * 1000 <= s->n * found, "%s: %u found", s->of,
		      s->verdict[SONDE_LIMIT_FOUND]);
	ck_assert_msg(s->verdict[SONDE_LIMIT_NONE] * 1000 <= s->n * none, "%s: %u none", s->of,
		      s->verdict[SONDE_LIMIT_NONE]);
}

/* Of those that are limited, so many of 1000 are found at least, with the right rate and burst. */
static void expect_found(const struct said *s, unsigned found, unsigned none)
{
	expect(s, 1000, none);
	ck_assert_msg(s->verdict[SONDE_LIMIT_FOUND] * 1000 >= s->n * found, "%s: %u of %u", s->of,
		      s->verdict[SONDE_LIMIT_FOUND], s->n);
	ck_assert_uint_le(s->rate_off * 20, s->verdict[SONDE_LIMIT_FOUND]);
	ck_assert_uint_le(s->burst_off * 20, s->verdict[SONDE_LIMIT_FOUND]);
}

START_TEST(the_limits_of_linux_are_found)
{
	struct hop v4 = { .rate = 1, .burst = 6, .spacing = 0.1, .jitter = 0.1, .way = 0.01 };
	struct hop v6 = { .rate = 10, .burst = 6, .spacing = 0.02, .jitter = 0.1, .way = 0.001 };
	struct said s = { .of = "as Linux, IPv4" }, t = { .of = "as Linux, IPv6" };
	struct sonde_limit l = { 0 };
	struct sonde_limit_fit f;

	judge(&s, &v4, 100, 100);
	expect_found(&s, 1000, 0);
	ck_assert_uint_eq(s.burst_known, s.n);
	judge(&t, &v6, 100, 100);
	expect_found(&t, 1000, 0);
	ck_assert_uint_eq(t.burst_known, t.n);
	fill(&l, &v4, 100, 5);
	f = sonde_limit_judge(&l);
	ck_assert_uint_eq(f.burst, 6);
	ck_assert_uint_eq(f.missing, 100 - 6 - 9);
	ck_assert_uint_eq(f.lost, 0);
}
END_TEST

/* 2 to 1000 probes a second, at twice to ten times of what is answered. */
static void all_limits(struct said *s, double loss, unsigned n)
{
	static const double rates[] = { 1, 10, 100 }, bursts[] = { 1, 6, 10, 50 },
			    times[] = { 2, 3, 5, 10 };

	for (unsigned r = 0; r < 3; r++)
		for (unsigned b = 0; b < 4; b++)
			for (unsigned t = 0; t < 4; t++)
				judge(s,
				      &(struct hop){ .rate = rates[r],
						     .burst = bursts[b],
						     .loss = loss,
						     .spacing = 1 / rates[r] / times[t],
						     .jitter = 0.1,
						     .way = 0.002 / rates[r] },
				      n, 6);
}

START_TEST(limits_are_found_whatever_their_rate_and_burst)
{
	struct said s = { .of = "limits" }, t = { .of = "limits, their beginning forgotten" };

	all_limits(&s, 0, 256);
	expect_found(&s, 1000, 0);
	ck_assert_uint_ge(s.burst_known * 100, s.n * 95);
	all_limits(&t, 0, 600);
	expect_found(&t, 1000, 0);
}
END_TEST

START_TEST(limits_are_found_beside_true_loss)
{
	struct said s = { .of = "limits and 1 % loss" }, t = { .of = "limits and 5 % loss" },
		    u = { .of = "limits and 5 % loss, 100 probes" };

	all_limits(&s, 0.01, 256);
	expect_found(&s, 990, 5);
	all_limits(&t, 0.05, 256);
	expect_found(&t, 980, 10);
	for (double burst = 1; burst < 11; burst += 3)
		judge(&u,
		      &(struct hop){ .rate = 1,
				     .burst = burst,
				     .loss = 0.05,
				     .spacing = 0.2,
				     .jitter = 0.1 },
		      100, 50);
	expect_found(&u, 950, 20);
}
END_TEST

START_TEST(a_limit_that_is_hardly_exceeded_is_seldom_called_none)
{
	struct said s = { .of = "1.5 times the rate, 5 % loss" };

	for (double burst = 6; burst < 11; burst += 2)
		judge(&s,
		      &(struct hop){ .rate = 1,
				     .burst = burst,
				     .loss = 0.05,
				     .spacing = 1 / 1.5,
				     .jitter = 0.1 },
		      256, 60);
	expect(&s, 1000, 50);
}
END_TEST

START_TEST(random_loss_is_no_limit)
{
	static const double losses[] = { .01, .02, .05, .1, .2, .3, .5 };
	static const unsigned ns[] = { 20, 40, 100, 256, 600 };
	struct said few = { .of = "random loss, 20 to 40 probes" },
		    many = { .of = "random loss, 100 to 600 probes" };

	for (unsigned l = 0; l < 7; l++)
		for (unsigned n = 0; n < 5; n++)
			judge(ns[n] < 100 ? &few : &many,
			      &(struct hop){ .loss = losses[l], .spacing = 0.1, .jitter = 0.1 },
			      ns[n], 60);
	expect(&few, 3, 1000);
	expect(&many, 0, 1000);
	ck_assert_uint_ge(many.verdict[SONDE_LIMIT_NONE] * 100, many.n * 97);
}
END_TEST

START_TEST(loss_in_runs_and_outages_are_no_limit)
{
	struct said runs = { .of = "loss in runs of 5" }, out = { .of = "an outage" },
		    now = { .of = "an outage that lasts" };

	for (double loss = 0.05; loss < 0.5; loss *= 2)
		for (unsigned n = 40; n < 300; n += 100)
			judge(&runs,
			      &(struct hop){
				      .loss = loss, .spacing = 0.1, .jitter = 0.1, .runs = true },
			      n, 30);
	expect(&runs, 5, 1000);
	for (double from = 0.1; from < 0.75; from += 0.2)
		for (unsigned n = 40; n < 300; n += 100)
			judge(&out,
			      &(struct hop){ .loss = 0.01,
					     .spacing = 0.1,
					     .jitter = 0.1,
					     .from = from,
					     .to = from + 0.2 },
			      n, 30);
	expect(&out, 0, 1000);
	judge(&now, &(struct hop){ .spacing = 0.1, .jitter = 0.1, .from = 0.3, .to = 1 }, 100, 30);
	expect(&now, 0, 1000);
}
END_TEST

START_TEST(little_is_too_little_to_say)
{
	struct hop h = { .rate = 1, .burst = 6, .spacing = 0.001 };
	struct said burst = { .of = "a burst of 40" }, few = { .of = "fewer than 20" };

	judge(&burst, &h, 40, 20); /* 6 answers, and silence */
	ck_assert_uint_eq(burst.verdict[SONDE_LIMIT_UNCLEAR], 20);
	h.spacing = 0.2;
	for (unsigned n = 0; n < 20; n++)
		judge(&few, &h, n, 1);
	ck_assert_uint_eq(few.verdict[SONDE_LIMIT_UNCLEAR], 20);
	h = (struct hop){ .spacing = 1, .to = 1 };
	few = (struct said){ 0 };
	judge(&few, &h, 100, 5); /* a hop that never answers */
	ck_assert_uint_eq(few.verdict[SONDE_LIMIT_UNCLEAR], 5);
}
END_TEST

START_TEST(what_is_answered_is_not_limited)
{
	struct said s = { .of = "all answered" };

	judge(&s, &(struct hop){ .spacing = 1 }, 20, 1);
	judge(&s, &(struct hop){ .spacing = 0.001 }, 1000, 1);
	judge(&s, &(struct hop){ .rate = 10, .burst = 6, .spacing = 0.2 }, 1000, 1);
	expect(&s, 0, 1000);
	ck_assert_uint_eq(s.verdict[SONDE_LIMIT_NONE], 3);
}
END_TEST

START_TEST(times_that_do_not_pass_are_no_trouble)
{
	struct sonde_limit l = { 0 };

	for (unsigned i = 0; i < 100; i++)
		sonde_limit_told(&l, 5, i % 2);
	ck_assert_uint_eq(sonde_limit_judge(&l).verdict, SONDE_LIMIT_UNCLEAR);
	for (unsigned i = 0; i < 300; i++) /* and some that go back */
		sonde_limit_told(&l, 1000 * SONDE_SECOND - i % 7, i % 3);
	ck_assert_uint_ne(sonde_limit_judge(&l).verdict, SONDE_LIMIT_FOUND);
}
END_TEST

Suite *limit_suite(void)
{
	Suite *s = suite_create("limit");
	TCase *t = tcase_create("");

	tcase_add_test(t, the_limits_of_linux_are_found);
	tcase_add_test(t, limits_are_found_whatever_their_rate_and_burst);
	tcase_add_test(t, limits_are_found_beside_true_loss);
	tcase_add_test(t, a_limit_that_is_hardly_exceeded_is_seldom_called_none);
	tcase_add_test(t, random_loss_is_no_limit);
	tcase_add_test(t, loss_in_runs_and_outages_are_no_limit);
	tcase_add_test(t, little_is_too_little_to_say);
	tcase_add_test(t, what_is_answered_is_not_limited);
	tcase_add_test(t, times_that_do_not_pass_are_no_trouble);
	suite_add_tcase(s, t);
	return s;
}
