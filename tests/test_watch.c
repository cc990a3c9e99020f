/* What somebody sees of a trace on a screen, and what their keys do about it: without a screen. */
#include "out/cells.h"
#include "probe/watch.h"
#include "tests/trace_world.h"

Suite *watch_suite(void);

enum { SEEN = 1 << 16 };

struct seat { /* of somebody who watches */
	struct path_world *w;
	struct sonde_watch watch;
	struct sonde_arena arena;
	struct sonde_watch_page page;
	char seen[SEEN]; /* the whole of the page, its lines one below the other */
	unsigned lines;
};

static const struct sonde_trace_plan endless = { .look = { { .method = SONDE_METHOD_ICMP } },
						 .rounds = 1000,
						 .queries = 1,
						 .interval = SONDE_SECOND };

static struct seat *sit(unsigned targets, unsigned hops, unsigned rounds)
{
	struct seat *s = calloc(1, sizeof *s);

	ck_assert_ptr_nonnull(s);
	s->w = path_new(endless, targets, hops);
	if (rounds)
		path_until(s->w, s->w->now + rounds * SONDE_SECOND - SONDE_SECOND / 2);
	sonde_watch_init(&s->watch, &s->w->p, NULL, true);
	return s;
}

static void leave(struct seat *s)
{
	path_close(s->w);
	sonde_arena_done(&s->arena);
	free(s);
}

/* With room for so many lines. */
static const char *see(struct seat *s, const struct sonde_say_path_look *look, unsigned width,
		       unsigned room)
{
	static const struct sonde_say_path_look plain;
	struct sonde_cells_style style = { .width = width, .utf8 = true };
	struct sonde_text t;

	sonde_arena_rewind(&s->arena);
	sonde_text_init(&t, s->seen, SEEN, NULL, NULL);
	sonde_watch_show(&s->watch, &s->w->p, look ? look : &plain, &s->arena, s->w->now, &s->page);
	sonde_cells_print(&t, &s->page.grid, &style);
	ck_assert_int_eq(t.error, 0);
	s->seen[t.len] = 0;
	s->lines = 0;
	for (size_t i = 0; i < t.len; i++)
		s->lines += s->seen[i] == '\n';
	sonde_watch_fit(&s->watch, &s->page, s->lines, room);
	return s->seen;
}

static const char *look_up(struct seat *s)
{
	return see(s, NULL, 120, 40);
}

static enum sonde_watch_wish press(struct seat *s, int key)
{
	return sonde_watch_press(&s->watch, &s->w->p, key);
}

static void type(struct seat *s, const char *keys)
{
	for (; *keys; keys++)
		ck_assert_int_eq(press(s, *keys), SONDE_WATCH_NOTHING);
}

static void ck_has(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part), "%s is not in\n%s", part, text);
}

static void ck_has_not(const char *text, const char *part)
{
	ck_assert_msg(!strstr(text, part), "%s is in\n%s", part, text);
}

/* ---- the table ---- */

START_TEST(a_table_has_a_row_for_each_hop_and_the_first_is_chosen)
{
	struct seat *s = sit(1, 4, 3);

	look_up(s);
	ck_assert_uint_eq(s->lines, 5);
	ck_assert_int_eq(strncmp(s->seen, "HOP  HOST ", 10), 0);
	ck_has(s->seen, "\n  1  10.0.0.1 ");
	ck_has(s->seen, "\n  4  10.0.0.99 ");
	ck_has(s->seen, "0%     3    4.000   4.000    4.000     4.000     0.000\n");
	ck_assert_int_eq(s->page.marked, 1);
	ck_assert_str_eq(s->page.title, "target (10.0.0.99): round 3, every 1 s");
	leave(s);
}
END_TEST

START_TEST(columns_are_those_of_the_set_that_d_and_j_choose)
{
	struct seat *s = sit(1, 3, 2);

	ck_assert_str_eq(sonde_watch_order(&s->watch), "LSNABWV");
	ck_has(look_up(s), "STDEV");
	type(s, "j");
	ck_assert_str_eq(sonde_watch_order(&s->watch), "DRAJMXI");
	ck_has(look_up(s), "JINT");
	ck_has_not(s->seen, "STDEV");
	type(s, "j");
	ck_assert_str_eq(sonde_watch_order(&s->watch), "LSNABWV");
	type(s, "dd");
	ck_assert_str_eq(sonde_watch_order(&s->watch), "LSB59PW");
	ck_has(look_up(s), "P90");
	type(s, "jj");
	ck_assert_str_eq(sonde_watch_order(&s->watch), "LSB59PW");
	type(s, "d");
	ck_assert_str_eq(sonde_watch_order(&s->watch), "LSNABWV");
	leave(s);
}
END_TEST

START_TEST(an_order_is_typed_taken_corrected_and_given_up)
{
	struct seat *s = sit(1, 3, 2);

	type(s, "oS Lx");
	look_up(s);
	ck_assert_str_eq(s->page.status, "columns: S Lx_");
	press(s, SONDE_KEY_BACKSPACE);
	type(s, "q"); /* is typed, and ends nothing */
	press(s, SONDE_KEY_BACKSPACE);
	press(s, SONDE_KEY_ENTER);
	ck_assert_str_eq(sonde_watch_order(&s->watch), "SL");
	look_up(s);
	ck_assert(strstr(s->seen, "SENT") < strstr(s->seen, "LOSS"));
	type(s, "oN");
	press(s, SONDE_KEY_ESCAPE);
	ck_assert_str_eq(sonde_watch_order(&s->watch), "SL");
	type(s, "oNQ");
	press(s, SONDE_KEY_ENTER);
	look_up(s);
	ck_assert_str_eq(s->page.status, "there is no column Q; h lists them");
	ck_assert_str_eq(sonde_watch_order(&s->watch), "SL");
	type(s, "oLLLLLLLLLLLLLLLLL");
	press(s, SONDE_KEY_ENTER);
	look_up(s);
	ck_assert_str_eq(s->page.status, "these are too many columns");
	type(s, "o"); /* nothing: nothing changes */
	press(s, SONDE_KEY_ENTER);
	ck_assert_str_eq(sonde_watch_order(&s->watch), "SL");
	type(s, "dddd"); /* around: it is one of the sets now */
	ck_assert_str_eq(sonde_watch_order(&s->watch), "SL");
	leave(s);
}
END_TEST

START_TEST(every_letter_is_a_column_of_its_own_and_no_line_is_longer_than_the_screen)
{
	struct seat *s = sit(1, 3, 4);

	for (const struct sonde_hop_field *f = sonde_hop_fields; f->letter; f++) {
		char order[2] = { f->letter, 0 };

		sonde_watch_init(&s->watch, &s->w->p, order, true);
		ck_has(look_up(s), f->title);
		ck_assert_ptr_eq(sonde_hop_field(f->letter), f);
		for (unsigned width = 40; width < 130; width += 30)
			for (const char *at = see(s, NULL, width, 40), *nl; *at; at = nl + 1) {
				nl = strchr(at, '\n');
				ck_assert_uint_le((unsigned)(nl - at), width);
			}
	}
	ck_assert_ptr_null(sonde_hop_field('G'));
	leave(s);
}
END_TEST

START_TEST(where_there_is_little_width_the_columns_at_the_right_are_left_out)
{
	struct seat *s = sit(1, 3, 2);

	ck_has(see(s, NULL, 40, 40), "LOSS");
	ck_has(s->seen, "SENT");
	ck_has_not(s->seen, "STDEV");
	leave(s);
}
END_TEST

/* ---- choosing, sorting, scrolling ---- */

START_TEST(arrows_choose_a_hop_and_stop_at_both_ends)
{
	struct seat *s = sit(1, 5, 2);

	look_up(s);
	ck_assert_int_eq(s->page.marked, 1);
	press(s, SONDE_KEY_UP);
	look_up(s);
	ck_assert_int_eq(s->page.marked, 1);
	press(s, SONDE_KEY_DOWN);
	press(s, SONDE_KEY_DOWN);
	look_up(s);
	ck_assert_int_eq(s->page.marked, 3);
	ck_assert_uint_eq(s->watch.ttl, 3);
	press(s, SONDE_KEY_END);
	ck_assert_uint_eq(s->watch.ttl, 5);
	press(s, SONDE_KEY_DOWN);
	ck_assert_uint_eq(s->watch.ttl, 5);
	press(s, SONDE_KEY_HOME);
	ck_assert_uint_eq(s->watch.ttl, 1);
	leave(s);
}
END_TEST

START_TEST(sorting_puts_the_greatest_first_the_unknown_last_and_keeps_the_chosen_hop)
{
	struct seat *s = sit(1, 5, 0);
	uint8_t ttl[SONDE_TRACE_MOST];

	s->w->hop[0][2].silent = true;
	path_until(s->w, s->w->now + 3 * SONDE_SECOND);
	press(s, SONDE_KEY_DOWN);
	press(s, SONDE_KEY_DOWN);
	type(s, "s"); /* by loss */
	ck_assert_uint_eq(sonde_watch_hops(&s->watch, &s->w->p, ttl), 5);
	ck_assert_mem_eq(ttl, ((uint8_t[]){ 2, 1, 3, 4, 5 }), 5);
	look_up(s);
	ck_has(s->page.title, "by LOSS");
	ck_assert_int_eq(s->page.marked, 3); /* hop 3 */
	type(s, ">>");			     /* by the last round trip: hop k is k ms away */
	sonde_watch_hops(&s->watch, &s->w->p, ttl);
	ck_assert_mem_eq(ttl, ((uint8_t[]){ 5, 4, 3, 1, 2 }), 5);
	type(s, "j"); /* there is no such column: by hops */
	sonde_watch_hops(&s->watch, &s->w->p, ttl);
	ck_assert_mem_eq(ttl, ((uint8_t[]){ 1, 2, 3, 4, 5 }), 5);
	type(s, "jsssssss");
	look_up(s);
	ck_has(s->page.title, "by STDEV");
	type(s, "s");
	sonde_watch_hops(&s->watch, &s->w->p, ttl);
	ck_assert_mem_eq(ttl, ((uint8_t[]){ 1, 2, 3, 4, 5 }), 5);
	leave(s);
}
END_TEST

START_TEST(more_hops_than_rows_scroll_below_their_head)
{
	struct seat *s = sit(1, 20, 2);

	see(s, NULL, 100, 6); /* the head, and five of them */
	ck_assert_uint_eq(s->lines, 21);
	ck_assert_uint_eq(s->page.fixed, 1);
	ck_assert_uint_eq(s->watch.top, 0);
	for (unsigned i = 0; i < 5; i++)
		press(s, SONDE_KEY_DOWN);
	see(s, NULL, 100, 6);
	ck_assert_uint_eq(s->watch.top, 1);
	press(s, SONDE_KEY_UP);
	see(s, NULL, 100, 6);
	ck_assert_uint_eq(s->watch.top, 1);
	press(s, SONDE_KEY_PAGE_DOWN);
	ck_assert_uint_eq(s->watch.ttl, 9);
	press(s, SONDE_KEY_END);
	see(s, NULL, 100, 6);
	ck_assert_uint_eq(s->watch.top, 15);
	see(s, NULL, 100, 30); /* there is room for all now */
	ck_assert_uint_eq(s->watch.top, 0);
	press(s, SONDE_KEY_HOME);
	see(s, NULL, 100, 1); /* hardly any */
	ck_assert_uint_eq(s->watch.top, 0);
	leave(s);
}
END_TEST

/* ---- one hop, and help ---- */

START_TEST(enter_tells_all_of_a_hop_and_escape_leads_back)
{
	struct seat *s = sit(1, 5, 4);

	press(s, SONDE_KEY_DOWN);
	press(s, SONDE_KEY_ENTER);
	look_up(s);
	ck_assert_int_eq(s->page.marked, -1);
	ck_has(s->seen, "2 of 5: answers");
	ck_has(s->seen, "10.0.0.2: 4 answers");
	ck_has(s->seen, "4 sent, 4 received, 0 lost (0%)");
	ck_has(s->seen, "nothing is missing");
	ck_has(s->seen, "LAST 2.000, BEST 2.000, AVG 2.000, WORST 2.000");
	ck_has(s->seen, "P50 2.000, P90 2.000, P99 2.000 ms");
	ck_has(s->seen, "came with ttl 63, so perhaps over 2 hops");
	press(s, SONDE_KEY_DOWN); /* the next one */
	ck_has(look_up(s), "3 of 5: answers");
	press(s, SONDE_KEY_ESCAPE);
	ck_has(look_up(s), "HOST");
	leave(s);
}
END_TEST

START_TEST(round_trips_that_differ_have_their_places_and_their_jitter)
{
	struct seat *s = sit(1, 2, 0);
	static const unsigned more[] = { 0, 1, 5, 2 };

	for (unsigned i = 0; i < 4; i++) {
		s->w->hop[0][1].more = more[i];
		path_until(s->w, s->w->now + SONDE_SECOND);
	}
	press(s, SONDE_KEY_ENTER);
	look_up(s);
	ck_has(s->seen, "LAST 3.000, BEST 1.000, AVG 3.000, WORST 6.000, STDEV 1.871 ms");
	ck_has(s->seen, "P50 2.000, P90 6.000, P99 6.000 ms");
	ck_has(s->seen, "JITTER 3.000, JAVG 2.667, JMAX 4.000");
	leave(s);
}
END_TEST

START_TEST(a_chosen_hop_that_is_no_more_gives_way_to_the_last)
{
	struct seat *s = sit(1, 5, 2);

	press(s, SONDE_KEY_END);
	press(s, SONDE_KEY_ENTER);
	s->w->p.host[0].end = 3;
	ck_has(look_up(s), "3 of 3");
	leave(s);
}
END_TEST

START_TEST(the_verdict_on_a_loss_comes_with_its_reason)
{
	struct seat *s = sit(1, 6, 0);

	s->w->hop[0][2].silent = true;
	s->w->hop[0][3].every = 4;
	path_until(s->w, s->w->now + 40 * SONDE_SECOND);
	press(s, SONDE_KEY_DOWN);
	press(s, SONDE_KEY_ENTER);
	ck_has(look_up(s), "silent: it never answers, but later hops do");
	ck_has(s->seen, "nobody so far");
	press(s, SONDE_KEY_DOWN);
	ck_has(look_up(s), "limited: it answers 0.2");
	press(s, SONDE_KEY_ESCAPE);
	ck_has(look_up(s), "10.0.0.3, limited");
	leave(s);
}
END_TEST

START_TEST(what_several_answered_and_what_was_changed_is_told)
{
	struct seat *s = sit(1, 5, 2);
	struct sonde_trace_hop *hop = &s->w->p.host[0].hop[0];
	char extension[] = "MPLS:L=16001,E=0,S=1,T=1";

	hop->who[1] = (struct sonde_trace_who){ path_address(false, 0, 77), 1 };
	hop->n_who = 2;
	hop->change[0] = (struct sonde_trace_change){ "ip.dsfield.dscp 46 -> 0", 2 };
	hop->n_change = 1;
	hop->extension = extension;
	hop->duplicates = 3;
	ck_has(look_up(s), "10.0.0.1 and 1 more");
	press(s, SONDE_KEY_ENTER);
	look_up(s);
	ck_has(s->seen, "10.0.0.1: 2 answers");
	ck_has(s->seen, "10.0.0.77: 1 answer\n");
	ck_has(s->seen, "ip.dsfield.dscp 46 -> 0, in 2 answers");
	ck_has(s->seen, "MPLS:L=16001");
	ck_has(s->seen, "3 further answers");
	leave(s);
}
END_TEST

START_TEST(help_lists_every_column_and_scrolls)
{
	struct seat *s = sit(1, 5, 2);

	type(s, "?");
	look_up(s);
	for (const struct sonde_hop_field *f = sonde_hop_fields; f->letter; f++)
		ck_has(s->seen, f->what);
	see(s, NULL, 100, 10);
	press(s, SONDE_KEY_DOWN);
	see(s, NULL, 100, 10);
	ck_assert_uint_eq(s->watch.top, 1);
	ck_assert_uint_eq(s->watch.ttl, 1); /* no hop was chosen meanwhile */
	for (unsigned i = 0; i < 20; i++)
		press(s, SONDE_KEY_PAGE_DOWN);
	see(s, NULL, 100, 10);
	ck_assert_uint_eq(s->watch.top, s->lines - 10);
	type(s, "h");
	ck_has(look_up(s), "HOST");
	leave(s);
}
END_TEST

/* ---- names ---- */

static const char *hostile(void *arg, const struct sonde_address *a)
{
	(void)arg;
	return a->ip[3] == 1 ? "\033[2J\001evil\n\xff" : NULL;
}

START_TEST(a_hostile_name_is_escaped_wherever_it_is_shown)
{
	struct sonde_say_path_look look = { .name = hostile };
	struct seat *s = sit(1, 3, 2);
	const char *harmless = "\\x1b[2J\\x01evil\\x0a\\xff (10.0.0.1)";

	s->w->p.survey.name[0] = "\033]0;mine\007";
	for (unsigned i = 0; i < 2; i++) {
		see(s, &look, 120, 40);
		ck_has(s->seen, harmless);
		ck_has(s->page.title, "\\x1b]0;mine\\x07 (10.0.0.99)");
		for (const char *at = s->seen; *at; at++)
			ck_assert(*at == '\n' || (unsigned char)*at >= ' ');
		press(s, SONDE_KEY_ENTER);
	}
	leave(s);
}
END_TEST

/* ---- what is asked of the trace ---- */

START_TEST(keys_ask_what_they_stand_for)
{
	struct seat *s = sit(1, 3, 2);

	ck_assert_int_eq(press(s, ' '), SONDE_WATCH_NOTHING); /* it is not paused */
	ck_assert_int_eq(press(s, 'p'), SONDE_WATCH_PAUSED);
	ck_assert(s->watch.paused);
	look_up(s);
	ck_has(s->page.title, "paused");
	ck_assert_int_eq(press(s, 'p'), SONDE_WATCH_NOTHING);
	ck_assert_int_eq(press(s, ' '), SONDE_WATCH_PAUSED);
	ck_assert(!s->watch.paused);
	ck_assert_int_eq(press(s, 'r'), SONDE_WATCH_RESET);
	ck_assert_int_eq(press(s, 'n'), SONDE_WATCH_NAMES);
	ck_assert(!s->watch.names);
	ck_assert_int_eq(press(s, SONDE_KEY_RESIZE), SONDE_WATCH_RENEW);
	ck_assert_int_eq(press(s, 'q'), SONDE_WATCH_QUIT);
	for (int key = 1; key <= SONDE_KEY_OTHER + 2; key++) /* none breaks it */
		press(s, key);
	leave(s);
}
END_TEST

START_TEST(the_interval_goes_by_known_steps_between_two_ends)
{
	struct seat *s = sit(1, 3, 2);

	ck_assert_int_eq(press(s, '-'), SONDE_WATCH_INTERVAL);
	ck_assert_uint_eq(s->watch.interval, 500 * MS);
	for (unsigned i = 0; i < 5; i++)
		press(s, '-');
	ck_assert_uint_eq(s->watch.interval, 100 * MS);
	ck_assert_int_eq(press(s, '-'), SONDE_WATCH_NOTHING);
	for (unsigned i = 0; i < 20; i++)
		press(s, '+');
	ck_assert_uint_eq(s->watch.interval, 60 * SONDE_SECOND);
	ck_assert_int_eq(press(s, '+'), SONDE_WATCH_NOTHING);
	s->watch.interval = 300 * MS; /* as --interval gave it: between two steps */
	press(s, '+');
	ck_assert_uint_eq(s->watch.interval, 500 * MS);
	s->watch.interval = 300 * MS;
	press(s, '-');
	ck_assert_uint_eq(s->watch.interval, 200 * MS);
	leave(s);
}
END_TEST

START_TEST(tab_leads_through_all_targets_and_back)
{
	struct seat *s = sit(3, 3, 2);

	press(s, SONDE_KEY_DOWN);
	look_up(s);
	ck_has(s->page.title, "target 1 of 3");
	ck_has(s->seen, "10.0.0.1");
	press(s, SONDE_KEY_TAB);
	look_up(s);
	ck_has(s->page.title, "10.1.0.99");
	ck_has(s->seen, "10.1.0.1");
	ck_assert_uint_eq(s->watch.ttl, 1);
	press(s, SONDE_KEY_BACK_TAB);
	press(s, SONDE_KEY_BACK_TAB);
	look_up(s);
	ck_has(s->page.title, "target 3 of 3");
	press(s, SONDE_KEY_TAB);
	look_up(s);
	ck_has(s->page.title, "target 1 of 3");
	leave(s);
}
END_TEST

Suite *watch_suite(void)
{
	Suite *s = suite_create("watch");
	TCase *c = tcase_create("watch");

	tcase_add_test(c, a_table_has_a_row_for_each_hop_and_the_first_is_chosen);
	tcase_add_test(c, columns_are_those_of_the_set_that_d_and_j_choose);
	tcase_add_test(c, an_order_is_typed_taken_corrected_and_given_up);
	tcase_add_test(c,
		       every_letter_is_a_column_of_its_own_and_no_line_is_longer_than_the_screen);
	tcase_add_test(c, where_there_is_little_width_the_columns_at_the_right_are_left_out);
	tcase_add_test(c, arrows_choose_a_hop_and_stop_at_both_ends);
	tcase_add_test(c,
		       sorting_puts_the_greatest_first_the_unknown_last_and_keeps_the_chosen_hop);
	tcase_add_test(c, more_hops_than_rows_scroll_below_their_head);
	tcase_add_test(c, enter_tells_all_of_a_hop_and_escape_leads_back);
	tcase_add_test(c, round_trips_that_differ_have_their_places_and_their_jitter);
	tcase_add_test(c, a_chosen_hop_that_is_no_more_gives_way_to_the_last);
	tcase_add_test(c, the_verdict_on_a_loss_comes_with_its_reason);
	tcase_add_test(c, what_several_answered_and_what_was_changed_is_told);
	tcase_add_test(c, help_lists_every_column_and_scrolls);
	tcase_add_test(c, a_hostile_name_is_escaped_wherever_it_is_shown);
	tcase_add_test(c, keys_ask_what_they_stand_for);
	tcase_add_test(c, the_interval_goes_by_known_steps_between_two_ends);
	tcase_add_test(c, tab_leads_through_all_targets_and_back);
	suite_add_tcase(s, c);
	return s;
}
