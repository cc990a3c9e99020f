/* Paths over networks that lie, change and fall silent. */
#include <errno.h>

#include "probe/say_trace.h"
#include "tests/trace_world.h"

Suite *trace_hostile_suite(void);

enum { METHODS = 3 }; /* ICMP, UDP, TCP */

static struct sonde_trace_plan plan_of(unsigned method)
{
	return (struct sonde_trace_plan){ .look = { { .method = (uint8_t)method } } };
}

static struct sonde_trace_plan rounds_of(uint64_t rounds)
{
	return (struct sonde_trace_plan){ .rounds = rounds,
					  .queries = 1,
					  .interval = SONDE_SECOND,
					  .look = { { .method = SONDE_METHOD_ICMP } } };
}

static void ck_status(const struct path_world *w, unsigned hop, const char *status,
		      uint64_t received)
{
	struct sonde_trace_texts texts;
	struct sonde_hop_record r = path_told(w, 0, hop, &texts);

	ck_assert_str_eq(r.status, status);
	ck_assert_uint_eq(r.received, received);
}

/* Each probe has one fate. */
static void ck_fates(const struct path_world *w)
{
	for (unsigned hop = 1; hop <= w->plan.most; hop++) {
		struct sonde_trace_texts texts;
		struct sonde_hop_record r;

		sonde_trace_hop(&w->p, 0, hop, NULL, &r, &texts);
		ck_assert_uint_eq(r.sent, r.received + r.lost + r.pending);
		ck_assert_uint_le(r.late, r.lost);
		ck_assert(r.loss_ppm == SONDE_ABSENT ||
			  r.loss_ppm == r.lost * 1000000 / (r.received + r.lost));
	}
}

static void close_all(struct path_world *w)
{
	ck_fates(w);
	path_close(w);
}

/* ---- codes ---- */

struct code {
	uint8_t type, code;
	bool ends;
	const char *mark;
};

/* This path, whose router 4 answers so all that would go further. */
static void ck_code(const struct code *c, unsigned method, bool six)
{
	struct path_world *w = path_open(plan_of(method), 1, 8, six);
	struct sonde_trace_texts texts;
	struct sonde_hop_record r;

	for (unsigned hop = 4; hop <= 8; hop++) {
		w->hop[0][hop].type = c->type;
		w->hop[0][hop].code = c->code;
		w->hop[0][hop].from = path_address(six, 0, 4);
	}
	path_run(w);
	r = path_told(w, 0, 4, &texts);
	ck_assert_msg(sonde_trace_hops(&w->p, 0) == (c->ends ? 4 : PATH_MOST), "%u/%u", c->type,
		      c->code);
	ck_assert_str_eq(r.status, c->ends ? "end" : "answers");
	ck_assert_msg(r.mark && !strcmp(r.mark, c->mark), "%u/%u: %s", c->type, c->code, r.mark);
	ck_assert_ptr_nonnull(r.answer);
	ck_assert_uint_eq(r.received, 3);
	ck_assert_uint_eq(r.lost, 0);
	ck_assert(!w->p.host[0].reached);
	close_all(w);
}

START_TEST(every_error_ends_the_path_but_time_exceeded_on_the_way)
{
	static const struct code four[] = {
		{ 3, 0, true, "!N" },		{ 3, 1, true, "!H" },
		{ 3, 2, true, "!P" },		{ 3, 3, true, "" },
		{ 3, 4, true, "!F" },		{ 3, 5, true, "!S" },
		{ 3, 6, true, "!N" },		{ 3, 7, true, "!H" },
		{ 3, 8, true, "!N" },		{ 3, 9, true, "!X" },
		{ 3, 10, true, "!X" },		{ 3, 11, true, "!N" },
		{ 3, 12, true, "!H" },		{ 3, 13, true, "!X" },
		{ 3, 14, true, "!V" },		{ 3, 15, true, "!C" },
		{ 3, 16, true, "!<16>" },	{ 11, 0, false, "" },
		{ 11, 1, true, "!<11-1>" },	{ 12, 0, true, "!<12-0>" },
		{ 12, 255, true, "!<12-255>" },
	};
	static const struct code six[] = {
		{ 1, 0, true, "!N" },	  { 1, 1, true, "!X" },	    { 1, 2, true, "!H" },
		{ 1, 3, true, "!H" },	  { 1, 4, true, "" },	    { 1, 5, true, "!<5>" },
		{ 1, 6, true, "!<6>" },	  { 2, 0, true, "!F" },	    { 3, 0, false, "" },
		{ 3, 1, true, "!<3-1>" }, { 4, 0, true, "!<4-0>" }, { 4, 1, true, "!<4-1>" },
	};

	for (unsigned method = 0; method < METHODS; method++) {
		for (size_t i = 0; i < sizeof four / sizeof *four; i++)
			ck_code(&four[i], method, false);
		for (size_t i = 0; i < sizeof six / sizeof *six; i++)
			ck_code(&six[i], method, true);
	}
}
END_TEST

START_TEST(whatever_ends_it_from_the_target_itself_has_reached_it)
{
	static const uint8_t types[2][3] = { { 3, 11, 12 }, { 1, 3, 4 } };

	for (unsigned six = 0; six < 2; six++)
		for (unsigned i = 0; i < 3; i++) {
			struct path_world *w = path_open(plan_of(SONDE_METHOD_UDP), 1, 5, six);

			w->hop[0][5].type = types[six][i];
			w->hop[0][5].code = 1;
			path_run(w);
			ck_status(w, 5, "target", 3);
			close_all(w);
		}
}
END_TEST

/* ---- quotes ---- */

START_TEST(a_quote_is_known_from_eight_bytes_behind_its_ip_header_on)
{
	for (unsigned k = 0; k < 2 * METHODS; k++) {
		bool six = k % 2;
		int head = six ? 40 : 20;

		for (int quote = 0; quote <= head + 40; quote++) {
			struct path_world *w = path_open(plan_of(k / 2), 1, 4, six);
			bool known = quote >= head + 8;

			w->hop[0][2].quote = quote ? quote : -1;
			path_run(w);
			ck_status(w, 2, known ? "answers" : "silent", known ? 3 : 0);
			ck_assert_uint_eq(w->p.survey.foreign, known ? 0 : 3);
			ck_status(w, 4, "target", 3);
			close_all(w);
		}
	}
}
END_TEST

static unsigned head_of(const uint8_t *quote)
{
	return *quote >> 4 == 6 ? 40 : 20;
}

static void lie_near(uint8_t *quote, unsigned len)
{
	quote[head_of(quote) + (len > 0 && quote[*quote >> 4 == 6 ? 6 : 9] == 17 ? 1 : 5)] ^= 1;
}

static void lie_far(uint8_t *quote, unsigned len)
{
	(void)len;
	quote[head_of(quote) + 3] ^= 1;
}

static void lie_code(uint8_t *quote, unsigned len)
{
	(void)len;
	quote[head_of(quote) + 6] ^= 0x40;
}

static void lie_target(uint8_t *quote, unsigned len)
{
	(void)len;
	quote[head_of(quote) - 1] ^= 1;
}

static void lie_protocol(uint8_t *quote, unsigned len)
{
	(void)len;
	quote[head_of(quote) == 40 ? 6 : 9] = 50;
}

static void lie_version(uint8_t *quote, unsigned len)
{
	(void)len;
	*quote ^= 0x20;
}

static void lie_header(uint8_t *quote, unsigned len)
{
	(void)len;
	*quote ^= 0x0f;
}

START_TEST(a_quote_of_another_port_target_protocol_or_probe_is_nobodys)
{
	static void (*const lies[])(uint8_t *,
				    unsigned) = { lie_near,   lie_far,	    lie_code,
						  lie_target, lie_protocol, lie_version };

	for (unsigned six = 0; six < 2; six++)
		for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
			struct path_world *w = path_open(plan_of(SONDE_METHOD_UDP), 1, 4, six);

			w->hop[0][2].lie = lies[i];
			path_run(w);
			ck_status(w, 2, "silent", 0);
			ck_status(w, 4, "target", 3);
			close_all(w);
		}
}
END_TEST

START_TEST(a_header_length_that_lies_makes_a_quote_nobodys)
{
	for (unsigned method = 0; method < METHODS; method++) {
		struct path_world *w = path_new(plan_of(method), 1, 4);

		w->hop[0][2].lie = lie_header;
		path_run(w);
		ck_status(w, 2, "silent", 0);
		close_all(w);
	}
}
END_TEST

/* With the secret in it, it is ours, whatever somebody made of the address. */
START_TEST(a_whole_quote_of_another_target_is_ours_and_says_so)
{
	struct path_world *w = path_new(plan_of(SONDE_METHOD_UDP), 1, 4);
	struct sonde_trace_texts texts;
	struct sonde_hop_record r;

	w->hop[0][2].lie = lie_target;
	w->hop[0][2].quote = 20 + 40;
	path_run(w);
	r = path_told(w, 0, 2, &texts);
	ck_assert_uint_eq(r.received, 3);
	ck_assert_ptr_nonnull(r.nat);
	ck_assert_str_eq(r.changes.at[0], "ip.dst 10.0.0.99 -> 10.0.0.98");
	close_all(w);
}
END_TEST

static void lie_ttl(uint8_t *quote, unsigned len)
{
	(void)len;
	quote[head_of(quote) == 40 ? 7 : 8] = 77;
}

START_TEST(another_time_to_live_in_a_quote_is_told)
{
	for (unsigned six = 0; six < 2; six++) {
		struct path_world *w = path_open(plan_of(SONDE_METHOD_ICMP), 1, 4, six);
		struct sonde_trace_texts texts;

		w->hop[0][2].lie = lie_ttl;
		path_run(w);
		ck_assert_uint_eq(path_told(w, 0, 2, &texts).quoted_ttl, 77);
		ck_assert_uint_eq(path_told(w, 0, 3, &texts).quoted_ttl, 1);
		close_all(w);
	}
}
END_TEST

/* ---- who answers ---- */

START_TEST(the_targets_own_address_in_the_middle_is_no_end)
{
	for (unsigned k = 0; k < 2 * METHODS; k++) {
		struct path_world *w = path_open(plan_of(k / 2), 1, 8, k % 2);

		w->hop[0][3].from = path_target(k % 2, 0);
		path_run(w);
		ck_status(w, 3, "answers", 3);
		ck_status(w, 8, "target", 3);
		ck_assert(w->p.host[0].reached);
		close_all(w);
	}
}
END_TEST

START_TEST(a_loop_is_shown_as_it_is_and_ends_with_the_last_hop)
{
	struct path_world *w = path_new(plan_of(SONDE_METHOD_UDP), 1, 64);
	struct sonde_trace_texts texts;

	for (unsigned hop = 4; hop <= PATH_MOST; hop++)
		w->hop[0][hop].from = path_address(false, 0, 4 + hop % 2);
	path_run(w);
	ck_assert_uint_eq(sonde_trace_hops(&w->p, 0), PATH_MOST);
	ck_assert_str_eq(path_told(w, 0, 28, &texts).from, "10.0.0.4");
	ck_assert_str_eq(path_told(w, 0, 29, &texts).from, "10.0.0.5");
	ck_assert_uint_eq(w->sent, 3 * PATH_MOST);
	ck_assert_uint_le(path_took(w), 200 * MS);
	close_all(w);
}
END_TEST

START_TEST(a_router_that_answers_for_later_hops_is_no_end)
{
	struct path_world *w = path_new(plan_of(SONDE_METHOD_ICMP), 1, 8);
	struct sonde_trace_texts texts;

	w->hop[0][4].from = w->hop[0][5].from = path_address(false, 0, 3);
	path_run(w);
	ck_assert_str_eq(path_told(w, 0, 5, &texts).from, "10.0.0.3");
	ck_status(w, 8, "target", 3);
	close_all(w);
}
END_TEST

START_TEST(of_hops_at_which_the_target_answers_the_least_counts)
{
	struct path_world *w = path_new(plan_of(SONDE_METHOD_UDP), 1, 8);

	w->hop[0][8].more = 1; /* to all that go as far */
	w->hop[0][6].type = w->hop[0][6].code = 3;
	w->hop[0][6].more = 20; /* and this one comes last */
	w->hop[0][6].from = path_target(false, 0);
	path_run(w);
	ck_assert_uint_eq(sonde_trace_hops(&w->p, 0), 6);
	ck_status(w, 6, "target", 3);
	close_all(w);
}
END_TEST

START_TEST(a_line_names_everybody_who_answered)
{
	struct sonde_trace_plan plan = plan_of(SONDE_METHOD_UDP);
	struct sonde_say_path_look look = { 0 };
	char buf[2048], want[32];
	struct path_world *w;
	struct sonde_text t;

	plan.queries = SONDE_TRACE_QUERIES;
	plan.first = plan.most = 3;
	plan.gap = 20 * MS; /* one after the other */
	w = path_new(plan, 1, 8);
	w->p.pace.burst = 1;
	for (unsigned i = 0; i < SONDE_TRACE_QUERIES; i++) {
		w->hop[0][3].from = path_address(false, 0, 40 + i);
		path_until(w, w->now + 20 * MS);
	}
	path_run(w);
	sonde_text_init(&t, buf, sizeof buf, NULL, NULL);
	sonde_say_path_hop(&t, &w->p, 0, 3, &look);
	buf[t.len] = 0;
	for (unsigned i = 0; i < SONDE_TRACE_QUERIES; i++) {
		snprintf(want, sizeof want, " 10.0.0.%u  3.000 ms", 40 + i);
		ck_assert_msg(strstr(buf, want) != NULL, "%s is not in %s", want, buf);
	}
	close_all(w);
}
END_TEST

/* ---- silence ---- */

START_TEST(nothing_but_silence_ends_in_twice_the_timeout)
{
	struct path_world *w = path_new(plan_of(SONDE_METHOD_UDP), 1, 8);

	for (unsigned hop = 1; hop <= 8; hop++)
		w->hop[0][hop].silent = true;
	path_run(w);
	ck_assert_uint_eq(sonde_trace_hops(&w->p, 0), 1);
	ck_status(w, 1, "unknown", 0);
	ck_assert_uint_eq(w->sent, 3 * PATH_MOST);
	ck_assert_uint_le(path_took(w), 4 * SONDE_SECOND + 100 * MS);
	close_all(w);
}
END_TEST

START_TEST(a_target_behind_nothing_but_silence_is_found)
{
	for (unsigned six = 0; six < 2; six++) {
		struct path_world *w = path_open(plan_of(SONDE_METHOD_TCP), 1, 20, six);

		for (unsigned hop = 1; hop < 20; hop++)
			w->hop[0][hop].silent = true;
		path_run(w);
		ck_assert_uint_eq(sonde_trace_hops(&w->p, 0), 20);
		ck_status(w, 19, "silent", 0);
		ck_status(w, 20, "target", 3);
		ck_assert_uint_le(path_took(w), 2 * SONDE_SECOND + 300 * MS);
		close_all(w);
	}
}
END_TEST

/* ---- what changes ---- */

START_TEST(a_path_that_changes_during_a_round_ends_in_bounded_time)
{
	for (unsigned ms = 1; ms < 20; ms++)
		for (unsigned other = 2; other < 16; other += 3) {
			struct path_world *w = path_new(plan_of(SONDE_METHOD_UDP), 1, 8);
			unsigned hops;

			path_until(w, w->now + ms * MS);
			w->length[0] = other;
			path_run(w);
			hops = sonde_trace_hops(&w->p, 0);
			ck_assert_uint_ge(hops, other < 8 ? other : 8);
			ck_assert_uint_le(hops, other < 8 ? 8 : other);
			ck_assert(w->p.host[0].reached);
			ck_assert_uint_le(path_took(w), 400 * MS);
			close_all(w);
		}
}
END_TEST

START_TEST(an_answer_to_a_probe_beyond_an_end_that_was_none_is_no_loss)
{
	struct path_world *w = path_new(rounds_of(4), 1, 10);
	struct sonde_trace_texts texts;
	struct sonde_hop_record r;

	w->hop[0][3].type = 3; /* once, and what goes further answers late */
	for (unsigned hop = 4; hop <= 10; hop++)
		w->hop[0][hop].more = 500;
	path_until(w, w->now + SONDE_SECOND - MS);
	ck_assert_uint_eq(sonde_trace_hops(&w->p, 0), 3);
	w->hop[0][3].type = 0;
	for (unsigned hop = 4; hop <= 10; hop++)
		w->hop[0][hop].more = 0;
	path_run(w);
	ck_assert_uint_eq(sonde_trace_hops(&w->p, 0), 10);
	r = path_told(w, 0, 5, &texts);
	ck_assert_uint_eq(r.late, 0);
	ck_assert_uint_eq(r.lost, 0);
	ck_assert_uint_eq(r.sent, r.received);
	close_all(w);
}
END_TEST

START_TEST(a_target_that_was_reached_on_another_path_is_not_reached_by_this_one)
{
	struct path_world *w = path_new(rounds_of(4), 1, 5);

	path_until(w, w->now + SONDE_SECOND - MS);
	ck_assert(w->p.host[0].reached);
	w->length[0] = 9;
	w->hop[0][9].silent = true;
	path_run(w);
	ck_assert(!w->p.host[0].end && !w->p.host[0].reached);
	close_all(w);
}
END_TEST

START_TEST(duplicates_are_told_and_change_nothing)
{
	struct path_world *w = path_new(plan_of(SONDE_METHOD_UDP), 1, 5);
	struct sonde_trace_texts texts;
	struct sonde_hop_record r;

	for (unsigned hop = 1; hop <= 5; hop++)
		w->hop[0][hop].copies = 2;
	path_run(w);
	while (w->n_waiting)
		path_hear(w, 0);
	for (unsigned hop = 1; hop <= 5; hop++) {
		r = path_told(w, 0, hop, &texts);
		ck_assert_uint_eq(r.received, 3);
		ck_assert_uint_eq(r.duplicates, 6);
		ck_assert_uint_eq(r.rtt_max_ns, hop * MS);
	}
	close_all(w);
}
END_TEST

START_TEST(a_clock_that_is_set_changes_no_round_trip)
{
	struct path_world *w = path_new(rounds_of(40), 1, 5);
	struct sonde_trace_texts texts;
	struct sonde_hop_record r;

	for (int i = 0; i < 10; i++) {
		path_until(w, w->now + 3 * SONDE_SECOND + 2 * MS + MS / 2);
		w->ahead += i % 2 ? -(7200 * SONDE_SECOND) : 3600 * SONDE_SECOND;
	}
	path_run(w);
	for (unsigned hop = 1; hop <= 5; hop++) {
		r = path_told(w, 0, hop, &texts);
		ck_assert_uint_eq(r.received, 40);
		ck_assert_uint_eq(r.rtt_min_ns, hop * MS);
		ck_assert_uint_eq(r.rtt_max_ns, hop * MS);
	}
	ck_assert_uint_eq(w->p.survey.wall.steps, 10);
	close_all(w);
}
END_TEST

/* ---- what does not leave ---- */

START_TEST(a_probe_that_did_not_leave_is_no_loss)
{
	struct path_world *w = path_new(plan_of(SONDE_METHOD_UDP), 1, 5);
	struct sonde_trace_texts texts;
	struct sonde_hop_record r;

	w->hop[0][2].refused = ENOBUFS;
	path_run(w);
	r = path_told(w, 0, 2, &texts);
	ck_assert_str_eq(r.status, "local");
	ck_assert_uint_eq(r.sent, 0);
	ck_assert_uint_eq(r.local_errors, 3);
	ck_assert_uint_eq(r.lost, 0);
	ck_assert_str_eq(r.last_error, "No buffer space available");
	ck_status(w, 5, "target", 3);
	close_all(w);
}
END_TEST

START_TEST(a_path_that_nothing_leaves_for_says_why_at_once)
{
	static const int errors[] = { ENETUNREACH, EPERM, 4000 /* of no name */ };

	for (unsigned i = 0; i < 3; i++) {
		struct path_world *w = path_new(plan_of(SONDE_METHOD_UDP), 1, 5);
		struct sonde_trace_texts texts;
		struct sonde_hop_record r;
		char buf[512];
		struct sonde_text t;

		for (unsigned hop = 0; hop <= PATH_ROOM; hop++)
			w->hop[0][hop].refused = errors[i];
		path_run(w);
		ck_assert_uint_eq(sonde_trace_hops(&w->p, 0), 1);
		r = path_told(w, 0, 1, &texts);
		ck_assert_str_eq(r.status, "local");
		ck_assert_uint_eq(r.loss_ppm, SONDE_ABSENT);
		ck_assert_uint_le(path_took(w), 10 * MS);
		ck_assert_ptr_nonnull(r.last_error);
		sonde_text_init(&t, buf, sizeof buf, NULL, NULL);
		sonde_say_path_rest(&t, &w->p, 0, 1);
		buf[t.len] = 0;
		ck_assert_ptr_nonnull(strstr(buf, r.last_error));
		close_all(w);
	}
}
END_TEST

START_TEST(a_run_that_is_stopped_knows_the_fate_of_each_probe)
{
	struct path_world *w = path_new(plan_of(SONDE_METHOD_UDP), 1, 8);
	struct sonde_trace_texts texts;

	w->hop[0][1].every = 4; /* the first answers, and so slowly that others are waited for */
	w->hop[0][1].more = 30;
	w->hop[0][2].silent = true; /* given up before */
	path_until(w, w->now + 100 * MS);
	ck_assert(!w->done);
	w->p.survey.ending = true;
	path_run(w);
	ck_assert_uint_eq(path_told(w, 0, 1, &texts).pending, 2);
	ck_assert_uint_eq(path_told(w, 0, 2, &texts).lost, 3);
	close_all(w);
}
END_TEST

/* ---- much ---- */

START_TEST(sixty_four_hops_are_a_path)
{
	for (unsigned six = 0; six < 2; six++) {
		struct sonde_trace_plan plan = plan_of(SONDE_METHOD_ICMP);
		struct path_world *w;

		plan.most = SONDE_TRACE_MOST;
		w = path_open(plan, 1, SONDE_TRACE_MOST, six);
		path_run(w);
		ck_assert_uint_eq(sonde_trace_hops(&w->p, 0), SONDE_TRACE_MOST);
		ck_status(w, 64, "target", 3);
		ck_status(w, 63, "answers", 3);
		close_all(w);
	}
}
END_TEST

START_TEST(statistics_are_exact_when_the_rounds_that_are_remembered_are_over)
{
	struct path_world *w = path_new(rounds_of(SONDE_TRACE_ROUNDS + 44), 1, 5);
	struct sonde_trace_texts texts;
	struct sonde_hop_record r;

	w->hop[0][2].every = 4;
	path_run(w);
	r = path_told(w, 0, 2, &texts);
	ck_assert_uint_eq(r.received, 75);
	ck_assert_uint_eq(r.lost, 225);
	ck_assert_uint_eq(r.loss_ppm, 750000);
	r = path_told(w, 0, 3, &texts);
	ck_assert_uint_eq(r.received, 300);
	ck_assert_uint_eq(r.rtt_p99_ns, 3 * MS);
	ck_assert_str_eq(r.loss, "none");
	close_all(w);
}
END_TEST

START_TEST(codes_of_sixteen_bits_come_again_and_nothing_is_mistaken)
{
	for (unsigned method = 0; method < METHODS; method++) {
		struct sonde_trace_plan plan = rounds_of(3500);
		struct path_world *w;
		uint64_t received = 0;

		plan.queries = 4;
		plan.look[0].method = (uint8_t)method;
		w = path_new(plan, 1, 5);
		path_run(w);
		ck_assert_uint_ge(w->sent, 70000);
		for (unsigned hop = 0; hop < PATH_MOST; hop++)
			received += w->p.host[0].hop[hop].stats.n;
		ck_assert_uint_ge(received, 5 * 4 * 3500);
		ck_assert_uint_eq(w->p.survey.foreign, 0);
		close_all(w);
	}
}
END_TEST

Suite *trace_hostile_suite(void)
{
	Suite *s = suite_create("trace_hostile");
	TCase *t = tcase_create("paths");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, every_error_ends_the_path_but_time_exceeded_on_the_way);
	tcase_add_test(t, whatever_ends_it_from_the_target_itself_has_reached_it);
	tcase_add_test(t, a_quote_is_known_from_eight_bytes_behind_its_ip_header_on);
	tcase_add_test(t, a_quote_of_another_port_target_protocol_or_probe_is_nobodys);
	tcase_add_test(t, a_header_length_that_lies_makes_a_quote_nobodys);
	tcase_add_test(t, a_whole_quote_of_another_target_is_ours_and_says_so);
	tcase_add_test(t, another_time_to_live_in_a_quote_is_told);
	tcase_add_test(t, the_targets_own_address_in_the_middle_is_no_end);
	tcase_add_test(t, a_loop_is_shown_as_it_is_and_ends_with_the_last_hop);
	tcase_add_test(t, a_router_that_answers_for_later_hops_is_no_end);
	tcase_add_test(t, of_hops_at_which_the_target_answers_the_least_counts);
	tcase_add_test(t, a_line_names_everybody_who_answered);
	tcase_add_test(t, nothing_but_silence_ends_in_twice_the_timeout);
	tcase_add_test(t, a_target_behind_nothing_but_silence_is_found);
	tcase_add_test(t, a_path_that_changes_during_a_round_ends_in_bounded_time);
	tcase_add_test(t, an_answer_to_a_probe_beyond_an_end_that_was_none_is_no_loss);
	tcase_add_test(t, a_target_that_was_reached_on_another_path_is_not_reached_by_this_one);
	tcase_add_test(t, duplicates_are_told_and_change_nothing);
	tcase_add_test(t, a_clock_that_is_set_changes_no_round_trip);
	tcase_add_test(t, a_probe_that_did_not_leave_is_no_loss);
	tcase_add_test(t, a_path_that_nothing_leaves_for_says_why_at_once);
	tcase_add_test(t, a_run_that_is_stopped_knows_the_fate_of_each_probe);
	tcase_add_test(t, sixty_four_hops_are_a_path);
	tcase_add_test(t, statistics_are_exact_when_the_rounds_that_are_remembered_are_over);
	tcase_add_test(t, codes_of_sixteen_bits_come_again_and_nothing_is_mistaken);
	suite_add_tcase(s, t);
	return s;
}
