#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"
#include "probe/blame.h"

Suite *blame_suite(void);

enum { ROUNDS = 1000, HOPS = 8 };

/* An invented path. Each hop's probe goes its own way, all of a round at about the same time. */
struct path {
	double link[HOPS];   /* loss on the link to this hop, each way, of each probe */
	double outage[HOPS]; /* the same, of whole rounds: all that passes then is lost */
	double own[HOPS];    /* answers that this hop withholds */
	unsigned hops, rounds;
};

static struct sonde_blame_round rounds[ROUNDS];
static struct sonde_blame_hop said[SONDE_BLAME_HOPS];

static double chance(uint64_t *state)
{
	return (double)(sonde_random(state) >> 11) / (double)(1ull << 53);
}

static void judge(const struct path *p, uint64_t limited, bool reached, uint64_t seed)
{
	for (unsigned r = 0; r < p->rounds; r++) {
		unsigned cut = p->hops; /* the first hop that an outage keeps from being reached */

		rounds[r] = (struct sonde_blame_round){ .sent = (1ull << p->hops) - 1 };
		for (unsigned h = p->hops; h--;)
			if (chance(&seed) < p->outage[h])
				cut = h;
		for (unsigned h = 0; h < p->hops; h++) {
			bool lost = h >= cut || chance(&seed) < p->own[h];

			for (unsigned i = 0; i <= h; i++) {
				lost |= chance(&seed) < p->link[i];
				lost |= chance(&seed) < p->link[i];
			}
			rounds[r].answered |= (uint64_t)!lost << h;
		}
	}
	sonde_blame_judge(rounds, p->rounds, limited, p->hops, reached, said);
}

/* Of 200 runs, how often this hop has this verdict, and how often for certain another. */
static unsigned times(const struct path *p, unsigned hop, uint8_t verdict, unsigned *ret_wrong)
{
	unsigned n = 0;

	for (unsigned seed = 0; seed < 200; seed++) {
		judge(p, 0, true, sonde_random_at(seed + 1));
		n += said[hop].verdict == verdict;
		*ret_wrong += said[hop].verdict != verdict &&
			      said[hop].verdict != SONDE_BLAME_NONE && said[hop].sure;
	}
	if (getenv("SONDE_SHOW"))
		fprintf(stderr,
			"hop %u of %u, %u rounds: verdict %u %u times of 200; for certain wrong "
			"%u\n",
			hop + 1, p->hops, p->rounds, verdict, n, *ret_wrong);
	return n;
}

static unsigned begins(void)
{
	unsigned at = SONDE_BLAME_HOPS;

	for (unsigned h = 0; h < HOPS; h++)
		if (said[h].begins) {
			ck_assert_uint_eq(at, SONDE_BLAME_HOPS);
			at = h;
		}
	return at;
}

START_TEST(loss_that_no_later_hop_shares_is_the_hops_answers)
{
	struct path p = { .own = { [2] = 0.3 }, .hops = 6, .rounds = 20 };

	judge(&p, 0, true, 1);
	ck_assert_uint_gt(said[2].lost, 0);
	ck_assert_uint_eq(said[2].verdict, SONDE_BLAME_ANSWERS);
	ck_assert(said[2].sure && !said[2].begins && said[2].way == 0);
	ck_assert_uint_eq(said[2].apart, said[2].lost);
	ck_assert_uint_eq(said[2].together, 0);
	for (unsigned h = 0; h < 6; h++)
		if (h != 2)
			ck_assert_uint_eq(said[h].verdict, SONDE_BLAME_NONE);
	ck_assert_uint_eq(begins(), SONDE_BLAME_HOPS);
}
END_TEST

START_TEST(one_answer_that_is_missing_is_no_certainty)
{
	struct sonde_blame_round r[10];

	for (unsigned i = 0; i < 10; i++)
		r[i] = (struct sonde_blame_round){ .sent = 7, .answered = i == 4 ? 6 : 7 };
	sonde_blame_judge(r, 10, 0, 3, true, said);
	ck_assert_uint_eq(said[0].verdict, SONDE_BLAME_ANSWERS);
	ck_assert(!said[0].sure);
	ck_assert_uint_eq(said[0].apart, 1);
}
END_TEST

START_TEST(an_outage_is_lost_on_the_way_from_where_it_is)
{
	struct path p = { .outage = { [3] = 0.1 }, .hops = 7, .rounds = 100 };

	judge(&p, 0, true, 3);
	ck_assert_uint_eq(said[2].verdict, SONDE_BLAME_NONE);
	for (unsigned h = 3; h < 6; h++) {
		ck_assert_uint_eq(said[h].verdict, SONDE_BLAME_WAY);
		ck_assert(said[h].sure);
		ck_assert_uint_eq(said[h].together, said[h].lost);
		ck_assert_uint_eq(said[h].apart, 0);
	}
	ck_assert_uint_eq(said[6].verdict, SONDE_BLAME_END);
	ck_assert_uint_eq(begins(), 3);
}
END_TEST

START_TEST(single_losses_on_a_link_are_seen_in_the_shares)
{
	struct path p = { .link = { [2] = 0.05 }, .hops = 7, .rounds = 100 };
	unsigned wrong = 0, begun = 0;

	for (unsigned h = 2; h < 6; h++)
		ck_assert_uint_ge(times(&p, h, SONDE_BLAME_WAY, &wrong), 195);
	ck_assert_uint_eq(times(&p, 6, SONDE_BLAME_END, &wrong), 200);
	ck_assert_uint_le(wrong, 8); /* of 1000 */
	for (unsigned seed = 0; seed < 200; seed++) {
		judge(&p, 0, true, sonde_random_at(seed + 1));
		begun += begins() == 2;
	}
	ck_assert_uint_ge(begun, 195);
}
END_TEST

START_TEST(a_hops_own_loss_is_told_from_that_of_its_way)
{
	struct path p = { .link = { [1] = 0.01 }, .own = { [3] = 0.3 }, .hops = 6, .rounds = 300 };
	unsigned wrong = 0;

	ck_assert_uint_ge(times(&p, 3, SONDE_BLAME_ANSWERS, &wrong), 199);
	ck_assert_uint_ge(times(&p, 2, SONDE_BLAME_WAY, &wrong), 190);
	ck_assert_uint_ge(times(&p, 1, SONDE_BLAME_WAY, &wrong), 190);
	ck_assert_uint_le(wrong, 6);
	judge(&p, 0, true, 1);
	ck_assert(said[3].way > 0.005 && said[3].way < 0.04);
	ck_assert_uint_eq(begins(), 1); /* not behind the hop that loses more */
}
END_TEST

START_TEST(what_is_certain_is_seldom_wrong)
{
	static const unsigned lengths[] = { 10, 20, 50, 100, 1000 };
	static const double losses[] = { 0.005, 0.02, 0.05, 0.1, 0.3 };
	unsigned runs = 0, way_wrong = 0, own_wrong = 0;

	for (unsigned i = 0; i < 5; i++)
		for (unsigned l = 0; l < 5; l++) {
			struct path way = { .hops = 8, .rounds = lengths[i] }, own = way;

			way.link[2] = losses[l];
			own.own[3] = losses[l];
			for (unsigned seed = 0; seed < 40; seed++) {
				judge(&way, 0, true, sonde_random_at(seed + 1));
				for (unsigned h = 2; h < 7; h++, runs++)
					way_wrong += said[h].sure &&
						     said[h].verdict == SONDE_BLAME_ANSWERS;
				judge(&own, 0, true, sonde_random_at(seed + 1));
				own_wrong += said[3].verdict == SONDE_BLAME_WAY;
			}
		}
	if (getenv("SONDE_SHOW"))
		fprintf(stderr,
			"certain and wrong: %u of %u where the way lost, %u of %u where not\n",
			way_wrong, runs, own_wrong, runs / 5);
	ck_assert_uint_le(way_wrong * 100, runs);
	ck_assert_uint_eq(own_wrong, 0);
}
END_TEST

START_TEST(the_targets_own_loss_begins_at_the_target)
{
	struct path p = { .own = { [5] = 0.1 }, .hops = 6, .rounds = 100 };

	judge(&p, 0, true, 1);
	ck_assert_uint_eq(said[5].verdict, SONDE_BLAME_END);
	ck_assert_uint_eq(begins(), 5);
	for (unsigned h = 0; h < 5; h++)
		ck_assert_uint_eq(said[h].verdict, SONDE_BLAME_NONE);
}
END_TEST

START_TEST(limited_and_silent_hops_bear_no_witness)
{
	struct path p = { .own = { [1] = 0.9, [2] = 1, [4] = 0.8 }, .hops = 6, .rounds = 200 };

	p.outage[3] = 0.1;
	judge(&p, 1 << 1 | 1 << 4, true, 1);
	ck_assert_uint_eq(said[0].verdict, SONDE_BLAME_NONE);
	ck_assert_uint_eq(said[1].verdict, SONDE_BLAME_LIMITED);
	ck_assert_uint_eq(said[2].verdict, SONDE_BLAME_SILENT);
	ck_assert_uint_eq(said[3].verdict, SONDE_BLAME_WAY);
	ck_assert_uint_eq(said[4].verdict, SONDE_BLAME_LIMITED);
	ck_assert_uint_eq(said[5].verdict, SONDE_BLAME_END);
	ck_assert_uint_eq(said[3].together, said[3].lost);
	ck_assert_uint_eq(begins(), 3);
	/* Had they been heard, hop 4 would have to lose as much as they owe. */
	judge(&p, 0, true, 1);
	ck_assert_uint_eq(said[4].verdict, SONDE_BLAME_ANSWERS);
	ck_assert_uint_eq(said[1].verdict, SONDE_BLAME_ANSWERS);
}
END_TEST

START_TEST(where_nothing_answers_any_more_it_is_dark)
{
	struct path p = { .own = { [1] = 1, [4] = 1, [5] = 1 }, .hops = 6, .rounds = 50 };

	p.own[3] = 0.2;
	judge(&p, 0, false, 1);
	ck_assert_uint_eq(said[1].verdict, SONDE_BLAME_SILENT);
	ck_assert_uint_eq(said[3].verdict, SONDE_BLAME_UNCLEAR); /* nobody behind it says more */
	ck_assert_uint_eq(said[4].verdict, SONDE_BLAME_DARK);
	ck_assert_uint_eq(said[5].verdict, SONDE_BLAME_DARK);
	ck_assert_uint_eq(begins(), SONDE_BLAME_HOPS);
	p.own[5] = 1;
	judge(&p, 0, true, 1); /* a target that never answers loses nothing that could be told */
	ck_assert_uint_eq(said[5].verdict, SONDE_BLAME_DARK);
}
END_TEST

START_TEST(what_was_not_sent_is_not_lost)
{
	struct sonde_blame_round r[20];

	for (unsigned i = 0; i < 20;
	     i++) /* hop 2 in every other round; what it did not send counts not */
		r[i] = (struct sonde_blame_round){ .sent = i % 2 ? 7 : 5, .answered = 7 };
	sonde_blame_judge(r, 20, 0, 4, true, said);
	ck_assert_uint_eq(said[0].sent, 20);
	ck_assert_uint_eq(said[1].sent, 10);
	ck_assert_uint_eq(said[1].lost, 0);
	ck_assert_uint_eq(said[3].sent, 0);
	ck_assert_uint_eq(said[3].verdict, SONDE_BLAME_UNCLEAR);
	sonde_blame_judge(r, 0, 0, 3, true, said);
	ck_assert_uint_eq(said[2].verdict, SONDE_BLAME_UNCLEAR);
}
END_TEST

START_TEST(all_64_hops_are_judged)
{
	struct sonde_blame_round r[30];

	for (unsigned i = 0; i < 30; i++)
		r[i] = (struct sonde_blame_round){ .sent = UINT64_MAX,
						   .answered = i % 3 ? UINT64_MAX : 0 };
	sonde_blame_judge(r, 30, 0, SONDE_BLAME_HOPS, true, said);
	ck_assert_uint_eq(said[63].verdict, SONDE_BLAME_END);
	ck_assert_uint_eq(said[62].verdict, SONDE_BLAME_WAY);
	ck_assert_uint_eq(said[0].verdict, SONDE_BLAME_WAY);
	ck_assert_uint_eq(said[0].together, 10);
	ck_assert(said[0].begins && said[0].sure);
}
END_TEST

Suite *blame_suite(void)
{
	Suite *s = suite_create("blame");
	TCase *t = tcase_create("");

	tcase_add_test(t, loss_that_no_later_hop_shares_is_the_hops_answers);
	tcase_add_test(t, one_answer_that_is_missing_is_no_certainty);
	tcase_add_test(t, an_outage_is_lost_on_the_way_from_where_it_is);
	tcase_add_test(t, single_losses_on_a_link_are_seen_in_the_shares);
	tcase_add_test(t, a_hops_own_loss_is_told_from_that_of_its_way);
	tcase_add_test(t, what_is_certain_is_seldom_wrong);
	tcase_add_test(t, the_targets_own_loss_begins_at_the_target);
	tcase_add_test(t, limited_and_silent_hops_bear_no_witness);
	tcase_add_test(t, where_nothing_answers_any_more_it_is_dark);
	tcase_add_test(t, what_was_not_sent_is_not_lost);
	tcase_add_test(t, all_64_hops_are_judged);
	suite_add_tcase(s, t);
	return s;
}
