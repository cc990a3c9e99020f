/* The search for the MTU of a path: over paths of which nothing but their links is invented, and
 * within a trace. */
#include "tests/mtu_world.h"

Suite *trace_mtu_suite(void);

/* ---- the search alone ---- */

enum { HERE_MTU = 1500, BASE = 60, TRUE = -1 };

struct line_hop {
	uint32_t mtu;	   /* of the link behind it; 0: what the one before takes */
	bool hush, silent; /* it does not say what is too big; nor when a packet's hops are over */
	int says;	   /* of its link, be it true or not; TRUE: as it is */
	unsigned least;	   /* ms between two times that it says so */
	sonde_ns said;
};

struct line {
	unsigned n;	/* hops; the last is the target */
	bool six, deaf; /* deaf: the kernel does not say what the first link takes */
	unsigned loss;	/* of a thousand probes */
	uint32_t link;
	struct line_hop hop[SONDE_TRACE_MTU_HOPS + 1];
	/* a run */
	sonde_ns now;
	unsigned sent;
	uint32_t chance;
	struct sonde_trace_mtu m;
	struct sonde_trace_mtu_hop known[SONDE_TRACE_MTU_HOPS + 1];
};

static struct line line(unsigned n)
{
	struct line l = { .n = n, .link = HERE_MTU, .chance = 1, .now = SONDE_SECOND };

	for (unsigned k = 0; k <= n; k++)
		l.hop[k].says = TRUE;
	return l;
}

static uint32_t draw(struct line *l, uint32_t of)
{
	l->chance = l->chance * 1664525 + 1013904223;
	return (l->chance >> 8) % of;
}

static struct sonde_address router(unsigned k)
{
	return (struct sonde_address){ .family = AF_INET, .ip = { 10, 0, 0, (uint8_t)k } };
}

static void lose(struct line *l)
{
	l->now += 100 * MS;
	sonde_trace_mtu_lost(&l->m, l->now);
}

static void say_too_big(struct line *l, const struct sonde_trace_mtu_ask *a, unsigned k)
{
	struct line_hop *h = &l->hop[k];
	struct sonde_address from = router(k);

	if (h->hush || (h->said && l->now < h->said + h->least * MS)) {
		lose(l);
		return;
	}
	h->said = l->now;
	l->now += 10 * MS;
	sonde_trace_mtu_stopped(&l->m, a->ttl, a->size, true, h->silent ? 0 : k, &from,
				h->says == TRUE ? h->mtu : (uint32_t)h->says);
}

static void carry(struct line *l, const struct sonde_trace_mtu_ask *a)
{
	l->sent++;
	ck_assert_uint_ge(a->size, BASE);
	if (a->size > l->link) {
		sonde_trace_mtu_refused(&l->m, l->deaf ? 0 : l->link);
		return;
	}
	if (draw(l, 1000) < l->loss) {
		lose(l);
		return;
	}
	for (unsigned k = 1; k < a->ttl; k++)
		if (l->hop[k].mtu && a->size > l->hop[k].mtu) {
			say_too_big(l, a, k);
			return;
		}
	if (l->hop[a->ttl].silent) {
		lose(l);
		return;
	}
	l->now += 10 * MS;
	sonde_trace_mtu_reached(&l->m, a->ttl, a->size, true);
}

static void search(struct line *l)
{
	uint64_t answering = 0;

	memset(l->known, 0, sizeof l->known);
	l->sent = 0;
	for (unsigned k = 1; k <= l->n; k++)
		answering |= (uint64_t)!l->hop[k].silent << (k - 1);
	sonde_trace_mtu_begin(&l->m, l->known, l->n, answering, BASE, l->six, l->now);
	while (!l->m.done) {
		struct sonde_trace_mtu_ask a = sonde_trace_mtu_next(&l->m, l->now);

		if (a.size) {
			carry(l, &a);
		} else if (!l->m.done) {
			ck_assert(a.until > l->now && a.until < UINT64_MAX);
			l->now = a.until;
		}
	}
	ck_assert_uint_le(l->sent, SONDE_TRACE_MTU_PROBES);
}

/* What reaches this hop, by the links. */
static uint32_t truth(const struct line *l, unsigned ttl)
{
	uint32_t least = l->link;

	for (unsigned k = 1; k < ttl; k++)
		least = l->hop[k].mtu && l->hop[k].mtu < least ? l->hop[k].mtu : least;
	return least;
}

/* The hop whose link takes no more than what reaches this one; 0: our own. */
static unsigned narrow(const struct line *l, unsigned ttl)
{
	for (unsigned k = 1; k < ttl; k++)
		if (l->hop[k].mtu && l->hop[k].mtu == truth(l, ttl))
			return truth(l, ttl) < l->link ? k : 0;
	return 0;
}

/* All that can be known is known, and is so. */
static void ck_line(const struct line *l)
{
	ck_assert_uint_eq(sonde_trace_mtu_path(&l->m), truth(l, l->n));
	ck_assert(sonde_trace_mtu_is_confirmed(&l->m));
	for (unsigned t = 1; t <= l->n; t++) {
		unsigned k = narrow(l, t), before, behind = k;

		if (l->hop[t].silent) {
			ck_assert_uint_le(l->known[t].passed, truth(l, t));
			continue;
		}
		ck_assert_uint_eq(l->known[t].passed, truth(l, t));
		ck_assert_uint_eq(l->known[t].stopped, truth(l, t) + 1);
		ck_assert_uint_eq(l->known[t].why, !k		    ? SONDE_TRACE_MTU_LINK
						   : l->hop[k].hush ? SONDE_TRACE_MTU_VANISH
								    : SONDE_TRACE_MTU_TOLD);
		if (!k || !l->hop[k].hush) {
			ck_assert_int_eq(sonde_trace_mtu_hole(&l->m, t, &before), -1);
			continue;
		}
		while (behind && l->hop[behind].silent)
			behind--;
		ck_assert_int_eq(sonde_trace_mtu_hole(&l->m, t, &before), (int)behind);
		ck_assert_uint_le(before, t);
		ck_assert_uint_gt(before, k);
	}
}

START_TEST(where_all_links_are_alike_three_probes_tell)
{
	struct line l = line(12);

	search(&l);
	ck_line(&l);
	ck_assert_uint_eq(l.sent, 3); /* one of them never leaves */
}
END_TEST

START_TEST(what_a_router_says_is_followed_and_verified)
{
	struct line l = line(6);

	l.hop[2].mtu = 1400;
	l.hop[4].mtu = 1300;
	search(&l);
	ck_line(&l);
	ck_assert_uint_eq(l.known[2].told, 1400);
	ck_assert_uint_eq(l.known[4].told, 1300);
	ck_assert_uint_eq(l.known[6].teller, 4);
	ck_assert_uint_eq(l.known[4].teller, 2);
	ck_assert_uint_le(l.sent, 8);
}
END_TEST

START_TEST(a_black_hole_is_found_behind_its_hop)
{
	for (unsigned k = 1; k < 12; k++) {
		struct line l = line(12);
		unsigned before;

		l.hop[k].mtu = 1300;
		l.hop[k].hush = true;
		search(&l);
		ck_line(&l);
		ck_assert_int_eq(sonde_trace_mtu_hole(&l.m, 12, &before), (int)k);
		ck_assert_uint_eq(before, k + 1);
		ck_assert_uint_eq(l.known[k].passed, 1500);
		ck_assert_uint_le(l.sent, 90);
	}
}
END_TEST

START_TEST(any_links_are_found_as_they_are)
{
	struct line dice = line(1);

	for (unsigned i = 0; i < 3000; i++) {
		struct line l = line(2 + draw(&dice, 20));

		l.chance = i;
		l.link = 1280 + draw(&dice, 8000);
		for (unsigned k = 1; k < l.n; k++) {
			bool narrow = !draw(&dice, 6);

			l.hop[k].mtu = narrow ? 576 + draw(&dice, 9000) : 0;
			l.hop[k].hush = !draw(&dice, 3);
			l.hop[k].silent = !draw(&dice, 4);
		}
		search(&l);
		ck_line(&l);
	}
}
END_TEST

START_TEST(loss_by_chance_is_no_black_hole)
{
	struct line dice = line(1);

	for (unsigned i = 0; i < 1000; i++) {
		struct line l = line(2 + draw(&dice, 12));
		unsigned k = 1 + draw(&dice, l.n - 1);

		l.chance = i;
		l.loss = 50;
		if (i % 2) {
			l.hop[k].mtu = 1280 + draw(&dice, 220);
			l.hop[k].hush = i % 4 == 1;
		}
		search(&l);
		ck_assert_uint_eq(sonde_trace_mtu_path(&l.m), truth(&l, l.n));
		if (!l.hop[k].mtu)
			ck_assert_int_eq(sonde_trace_mtu_hole(&l.m, l.n, &k), -1);
	}
}
END_TEST

START_TEST(what_cannot_be_so_is_named_and_the_truth_is_found_all_the_same)
{
	static const struct {
		int says;
		uint8_t doubt;
		bool six;
	} t[] = {
		{ 0, SONDE_TRACE_MTU_ZERO, false },	   { 1500, SONDE_TRACE_MTU_NO_LESS, false },
		{ 65535, SONDE_TRACE_MTU_NO_LESS, false }, { 67, SONDE_TRACE_MTU_LEAST, false },
		{ 1279, SONDE_TRACE_MTU_LEAST, true },	   { 1300, SONDE_TRACE_MTU_PASSES, false },
		{ 68, SONDE_TRACE_MTU_PASSES, false },
	};

	for (unsigned i = 0; i < sizeof t / sizeof *t; i++) {
		struct line l = line(6);

		l.six = t[i].six;
		l.hop[3].mtu = 1400;
		l.hop[3].says = t[i].says;
		search(&l);
		ck_line(&l);
		ck_assert_uint_eq(l.known[3].doubt, t[i].doubt);
		ck_assert_uint_eq(l.known[6].teller, 3);
		ck_assert_ptr_nonnull(sonde_trace_mtu_doubt(t[i].doubt));
	}
}
END_TEST

START_TEST(a_router_that_says_more_than_is_so_is_not_believed_beyond_what_passes)
{
	struct line l = line(6);

	l.hop[3].mtu = 1300;
	l.hop[3].says = 1400; /* of 1500, and then of 1400 */
	search(&l);
	ck_line(&l);
	ck_assert_uint_eq(l.known[3].told, 1400);
}
END_TEST

START_TEST(who_says_it_seldom_makes_no_black_hole)
{
	struct line l = line(6);

	l.hop[3].mtu = 1300;
	l.hop[3].least = 3600 * 1000;
	search(&l);
	ck_line(&l);
	ck_assert_uint_eq(l.known[6].teller, 3);
}
END_TEST

START_TEST(who_is_no_hop_may_say_so)
{
	struct line l = line(6);
	struct sonde_address from = router(3);

	l.hop[3].silent = true;
	l.hop[3].mtu = 1300;
	search(&l);
	ck_line(&l);
	ck_assert_uint_eq(l.known[6].teller, 0);
	ck_assert_uint_eq(l.known[0].told, 1300);
	ck_assert_mem_eq(&l.known[0].from, &from, sizeof from);
}
END_TEST

START_TEST(of_several_who_are_no_hops_the_one_counts_that_says_least)
{
	struct line l = line(9);

	l.hop[2].silent = l.hop[6].silent = true;
	l.hop[2].mtu = 1400;
	l.hop[6].mtu = 1300;
	search(&l);
	ck_line(&l);
	ck_assert_uint_eq(l.known[0].told, 1300);
}
END_TEST

START_TEST(a_path_that_narrows_meanwhile_is_searched_anew)
{
	struct line l = line(6);

	l.hop[3].mtu = 1400;
	sonde_trace_mtu_begin(&l.m, l.known, l.n, 0x3f, BASE, false, l.now);
	while (!l.m.done) {
		struct sonde_trace_mtu_ask a = sonde_trace_mtu_next(&l.m, l.now);

		ck_assert(a.size || l.m.done);
		if (a.size)
			carry(&l, &a);
		if (l.known[6].passed == 1400)
			l.hop[3].mtu = 1300;
	}
	ck_line(&l);
	ck_assert_uint_eq(sonde_trace_mtu_path(&l.m), 1300);
}
END_TEST

START_TEST(a_router_that_refuses_every_size_ends_the_search)
{
	struct line l = line(6);

	l.hop[3].mtu = BASE - 1;
	l.hop[3].says = 0;
	search(&l);
	ck_assert_uint_eq(sonde_trace_mtu_path(&l.m), 0);
	ck_assert(!sonde_trace_mtu_is_confirmed(&l.m));
	ck_assert_uint_le(l.sent, 20);
}
END_TEST

START_TEST(an_end_that_answers_nothing_more_ends_the_search)
{
	struct line l = line(6);

	l.loss = 1000;
	search(&l);
	ck_assert_uint_eq(sonde_trace_mtu_path(&l.m), 0);
	ck_assert(l.m.mute);
	ck_assert_uint_le(l.now, 10 * SONDE_SECOND);
}
END_TEST

START_TEST(a_path_without_rest_is_given_up)
{
	struct line l = line(6);

	l.hop[3].hush = true;
	sonde_trace_mtu_begin(&l.m, l.known, l.n, 0x3f, BASE, false, l.now);
	while (!l.m.done) {
		struct sonde_trace_mtu_ask a = sonde_trace_mtu_next(&l.m, l.now);

		l.hop[3].mtu = 1300 + draw(&l, 200); /* for each packet anew */
		if (a.size)
			carry(&l, &a);
		else if (!l.m.done)
			l.now = a.until;
	}
	ck_assert_uint_le(l.sent, 200);
	ck_assert(!sonde_trace_mtu_is_confirmed(&l.m));
}
END_TEST

START_TEST(a_first_link_that_nobody_tells_is_searched_for)
{
	struct line l = line(4);

	l.deaf = true;
	search(&l);
	ck_assert_uint_eq(sonde_trace_mtu_path(&l.m), 1500);
	ck_assert_uint_le(l.sent, 30);
}
END_TEST

START_TEST(an_answer_behind_its_time_counts)
{
	struct line l = line(4);
	struct sonde_trace_mtu_ask a;

	sonde_trace_mtu_begin(&l.m, l.known, 4, 0xf, BASE, false, 0);
	ck_assert_uint_eq(sonde_trace_mtu_next(&l.m, 0).size, SONDE_TRACE_MTU_TOP);
	sonde_trace_mtu_refused(&l.m, 1500);
	ck_assert_uint_eq(sonde_trace_mtu_next(&l.m, 0).size, 1500);
	sonde_trace_mtu_lost(&l.m, 1);
	a = sonde_trace_mtu_next(&l.m, 1);
	ck_assert_uint_eq(a.size, BASE);
	sonde_trace_mtu_reached(&l.m, 4, 1500, false); /* while the small one is out */
	ck_assert_uint_eq(l.known[4].passed, 1500);
	ck_assert_uint_eq(sonde_trace_mtu_next(&l.m, 1).size, 0);
	sonde_trace_mtu_reached(&l.m, 4, BASE, true);
	ck_assert_uint_eq(sonde_trace_mtu_next(&l.m, 1).size, 1500); /* once more */
}
END_TEST

/* ---- within a trace ---- */

static const struct sonde_trace_plan usual = { .mtu = true,
					       .look = { { .method = SONDE_METHOD_UDP } } };

START_TEST(a_search_counts_for_no_hop)
{
	for (unsigned method = SONDE_METHOD_ICMP; method <= SONDE_METHOD_UDP; method++) {
		struct sonde_trace_plan plan = { .mtu = true,
						 .look = { { .method = (uint8_t)method } } };
		struct mtu_world m = { .link = 1500,
				       .hop = { [4] = { .mtu = 1300, .hush = true } } };
		struct path_world *w = mtu_new(&m, plan, 8);
		struct sonde_trace_texts texts;
		struct sonde_path_record path;

		path_run(w);
		for (unsigned ttl = 1; ttl <= 8; ttl++) {
			struct sonde_hop_record r = path_told(w, 0, ttl, &texts);

			ck_assert_uint_eq(r.sent, 3);
			ck_assert_uint_eq(r.received, 3);
			ck_assert_uint_eq(r.lost, 0);
			ck_assert_uint_eq(r.late, 0);
			ck_assert_uint_eq(r.local_errors, 0);
			ck_assert_uint_eq(r.pending, 0);
			ck_assert_uint_eq(r.rtt_max_ns, ttl * MS);
			ck_assert_str_eq(r.loss, "none");
			ck_assert_uint_eq(r.pmtu, ttl <= 4 ? 1500 : 1300);
		}
		sonde_trace_path(&w->p, 0, &path, &texts);
		ck_assert_uint_eq(path.mtu, 1300);
		ck_assert_uint_eq(path.mtu_confirmed, 1);
		ck_assert_uint_eq(path.black_hole_after, 4);
		ck_assert_ptr_null(path.mtu_from);
		path_close(w);
	}
}
END_TEST

START_TEST(who_said_it_is_known_by_address_and_hop)
{
	struct mtu_world m = { .link = 9000,
			       .hop = { [2] = { .mtu = 1500 }, [5] = { .mtu = 1400 } } };
	struct path_world *w = mtu_new(&m, usual, 8);
	struct sonde_trace_texts texts;
	struct sonde_path_record path;

	path_run(w);
	sonde_trace_path(&w->p, 0, &path, &texts);
	ck_assert_uint_eq(path.mtu, 1400);
	ck_assert_str_eq(path.mtu_from, "10.0.0.5");
	ck_assert_uint_eq(path.mtu_from_ttl, 5);
	ck_assert_uint_eq(path.black_hole_after, SONDE_ABSENT);
	ck_assert_uint_eq(path_told(w, 0, 2, &texts).pmtu, 9000);
	ck_assert_uint_eq(path_told(w, 0, 2, &texts).mtu, 1500);
	ck_assert_uint_eq(path_told(w, 0, 3, &texts).pmtu, 1500);
	ck_assert_ptr_null(path_told(w, 0, 2, &texts).mtu_doubt);
	/* what they quote tells nothing of the last hop */
	ck_assert_uint_eq(path_told(w, 0, 8, &texts).changes.n, 0);
	path_close(w);
}
END_TEST

START_TEST(a_target_that_answers_once_a_second_is_no_black_hole)
{
	struct mtu_world m = { .link = 1500, .hop = { [6] = { .gap = SONDE_SECOND } } };
	struct path_world *w = mtu_new(&m, usual, 6);
	struct sonde_trace_texts texts;
	struct sonde_path_record path;

	path_run(w);
	sonde_trace_path(&w->p, 0, &path, &texts);
	ck_assert_uint_eq(path.mtu, 1500);
	ck_assert_uint_eq(path.mtu_confirmed, 1);
	ck_assert_uint_eq(path.black_hole_after, SONDE_ABSENT);
	ck_assert_uint_le(path_took(w), 8 * SONDE_SECOND);
	path_close(w);
}
END_TEST

START_TEST(where_the_target_is_silent_the_mtu_is_known_as_far_as_somebody_answers)
{
	struct mtu_world m = { .link = 1500, .hop = { [2] = { .mtu = 1400 } } };
	struct path_world *w = mtu_new(&m, usual, 6);
	struct sonde_trace_texts texts;
	struct sonde_path_record path;
	char buf[600];
	struct sonde_text t;

	w->hop[0][6].silent = true;
	w->plan.most = 6;
	path_run(w);
	sonde_trace_path(&w->p, 0, &path, &texts);
	ck_assert_uint_eq(path.mtu, SONDE_ABSENT);
	ck_assert_uint_eq(path_told(w, 0, 5, &texts).pmtu, 1400);
	ck_assert_uint_eq(path_told(w, 0, 6, &texts).pmtu, SONDE_ABSENT);
	sonde_text_init(&t, buf, sizeof buf, NULL, NULL);
	sonde_say_path_mtu(&t, &w->p, 0);
	sonde_text_bytes(&t, "", 1);
	ck_assert_str_eq(buf, "  hop 2: the next link takes 1400 bytes, says 10.0.0.2\n"
			      "mtu 1400 as far as hop 5\n");
	path_close(w);
}
END_TEST

START_TEST(lines_name_liars_and_black_holes)
{
	struct mtu_world m = {
		.link = 1500,
		.hop = { [1] = { .mtu = 1400, .says = 60 }, [3] = { .mtu = 1300, .hush = true } }
	};
	struct path_world *w = mtu_new(&m, usual, 6);
	char buf[600];
	struct sonde_text t;

	w->hop[0][4].silent = true;
	path_run(w);
	sonde_text_init(&t, buf, sizeof buf, NULL, NULL);
	sonde_say_path_mtu(&t, &w->p, 0);
	sonde_text_bytes(&t, "", 1);
	ck_assert_str_eq(buf,
			 "  hop 1: the next link takes 60 bytes, says 10.0.0.1 of 1500; not "
			 "believed: every link takes more\n"
			 "  black hole behind hop 3 and before hop 5: packets above 1300 bytes "
			 "vanish\n"
			 "mtu 1300\n");
	path_close(w);
}
END_TEST

START_TEST(a_search_keeps_to_the_rate)
{
	struct mtu_world m = { .link = 1500, .hop = { [2] = { .mtu = 1300, .hush = true } } };
	struct path_world *w = mtu_new(&m, usual, 4);

	sonde_pace_init(&w->p.pace, 100 * MS, 1, w->now);
	path_run(w);
	ck_assert_uint_ge(path_took(w), (w->sent - 1) * 100 * MS);
	path_close(w);
}
END_TEST

START_TEST(nothing_is_searched_for_where_nothing_answers)
{
	struct mtu_world m = { .link = 1500 };
	struct path_world *w = mtu_new(&m, usual, 6);

	for (unsigned k = 1; k <= PATH_MOST; k++)
		w->hop[0][k].silent = true;
	path_run(w);
	ck_assert_uint_eq(m.sized, 0);
	path_close(w);
}
END_TEST

START_TEST(probes_of_a_search_are_told_with_their_size)
{
	struct mtu_world m = { .link = 1500 };
	struct path_world *w = mtu_new(&m, usual, 2);

	path_run(w);
	/* both queries of 1500 bytes, and the one that did not leave */
	ck_assert_uint_eq(m.sized, 3);
	ck_assert_uint_eq(m.refused, 1);
	path_close(w);
}
END_TEST

Suite *trace_mtu_suite(void)
{
	Suite *s = suite_create("trace_mtu");
	TCase *t = tcase_create("search");

	tcase_add_test(t, where_all_links_are_alike_three_probes_tell);
	tcase_add_test(t, what_a_router_says_is_followed_and_verified);
	tcase_add_test(t, a_black_hole_is_found_behind_its_hop);
	tcase_add_test(t, any_links_are_found_as_they_are);
	tcase_add_test(t, loss_by_chance_is_no_black_hole);
	tcase_add_test(t, what_cannot_be_so_is_named_and_the_truth_is_found_all_the_same);
	tcase_add_test(t, a_router_that_says_more_than_is_so_is_not_believed_beyond_what_passes);
	tcase_add_test(t, who_says_it_seldom_makes_no_black_hole);
	tcase_add_test(t, who_is_no_hop_may_say_so);
	tcase_add_test(t, of_several_who_are_no_hops_the_one_counts_that_says_least);
	tcase_add_test(t, a_path_that_narrows_meanwhile_is_searched_anew);
	tcase_add_test(t, a_router_that_refuses_every_size_ends_the_search);
	tcase_add_test(t, an_end_that_answers_nothing_more_ends_the_search);
	tcase_add_test(t, a_path_without_rest_is_given_up);
	tcase_add_test(t, a_first_link_that_nobody_tells_is_searched_for);
	tcase_add_test(t, an_answer_behind_its_time_counts);
	suite_add_tcase(s, t);
	t = tcase_create("trace");
	tcase_add_test(t, a_search_counts_for_no_hop);
	tcase_add_test(t, who_said_it_is_known_by_address_and_hop);
	tcase_add_test(t, a_target_that_answers_once_a_second_is_no_black_hole);
	tcase_add_test(t, where_the_target_is_silent_the_mtu_is_known_as_far_as_somebody_answers);
	tcase_add_test(t, lines_name_liars_and_black_holes);
	tcase_add_test(t, a_search_keeps_to_the_rate);
	tcase_add_test(t, nothing_is_searched_for_where_nothing_answers);
	tcase_add_test(t, probes_of_a_search_are_told_with_their_size);
	suite_add_tcase(s, t);
	return s;
}
