/* A path held against an earlier one, and what is demanded of one. */
#include <errno.h>

#include "probe/drift.h"
#include "probe/expect.h"
#include "probe/path_facts.h"
#include "probe/rewrite.h"
#include "tests/trace_world.h"

Suite *drift_suite(void);

enum { HOPS = 12 };

struct path {
	struct sonde_hop_record hop[HOPS];
	const char *who[HOPS];
	const char *change[HOPS][4];
	struct sonde_drift_path path;
};

static struct sonde_arena arena;

/* "a b * D": who answers at hops from 1 on; * is silent, and a capital the target. */
static void make(struct path *p, const char *words)
{
	static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "D", "E" };

	memset(p, 0, sizeof *p);
	p->path.hop = p->hop;
	for (; *words; words += words[1] ? 2 : 1) {
		struct sonde_hop_record *r = &p->hop[p->path.n];

		sonde_record_clear(&sonde_hop_schema, r);
		r->target = "192.0.2.1";
		r->name = "host";
		r->ttl = ++p->path.n;
		r->received = r->sent = 3;
		r->lost = 0;
		r->loss_ppm = 0;
		r->status = *words == '*' ? "silent" : *words < 'a' ? "target" : "answers";
		if (*words == '*')
			continue;
		for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
			if (*names[i] == *words)
				p->who[r->ttl - 1] = names[i];
		r->from = p->who[r->ttl - 1];
		r->addresses = (struct sonde_list){ &p->who[r->ttl - 1], 1 };
		r->nat = "none seen";
	}
}

/* What the records of a difference say, in one line: "path whole; 3>4 address b>c; ..." without
 * hops that are as they were. */
static const char *told(const struct path *old, const struct path *new)
{
	static char line[1000];
	struct sonde_diff_record *r;
	unsigned n = sonde_drift_find(&old->path, &new->path, &arena, &r);
	size_t len = (size_t)snprintf(line, sizeof line, "%s", r->path);

	for (unsigned i = 1; i < n; i++)
		if (strcmp(r[i].path, "same"))
			len += (size_t)snprintf(
				line + len, sizeof line - len, "; %d>%d %s",
				r[i].old_ttl == SONDE_ABSENT ? 0 : (int)r[i].old_ttl,
				r[i].ttl == SONDE_ABSENT ? 0 : (int)r[i].ttl, r[i].path);
	ck_assert_int_eq(r->differs, strcmp(r->path, "same") != 0);
	return line;
}

START_TEST(hops_are_laid_side_by_side)
{
	static const struct {
		const char *old, *new, *told;
	} cases[] = {
		{ "a b c D", "a b c D", "same" },
		{ "a * c D", "a * c D", "same" },
		{ "a b c D", "a e c D", "differs; 2>2 address" },
		{ "a b c D", "a * c D", "differs; 2>2 silent" },
		{ "a * c D", "a b c D", "differs; 2>2 answers" },
		{ "a b c D", "a b e c D", "differs; 0>3 appeared" },
		{ "a b c D", "a c D", "differs; 2>0 vanished" },
		{ "a b c D", "a e f c D", "differs; 2>2 address; 0>3 appeared" },
		{ "a * b D", "a b D", "differs; 2>0 vanished" },
		{ "a b c d D", "e a b c d D", "differs; 0>1 appeared" },
		/* nothing is known behind where nothing answers */
		{ "a b c D", "a b *", "unreached; 3>3 silent" },
		{ "a b *", "a b c D", "reached; 3>3 answers" },
		{ "a b *", "a b *", "same" },
		{ "a b", "a b c D", "reached" },
		{ "a b c D", "a", "unreached" },
		{ "a b D", "c d E", "differs; 1>1 address; 2>2 address; 3>3 address" },
	};
	struct path old, new;

	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		make(&old, cases[i].old);
		make(&new, cases[i].new);
		ck_assert_msg(!strcmp(told(&old, &new), cases[i].told), "%s, then %s: %s",
			      cases[i].old, cases[i].new, told(&old, &new));
	}
}
END_TEST

START_TEST(hops_that_only_one_run_looked_at_are_no_difference)
{
	struct path old, new;

	make(&old, "a b c D");
	make(&new, "a b c D");
	new.path = (struct sonde_drift_path){ new.hop + 2, 2 };
	ck_assert_str_eq(told(&old, &new), "same");
	ck_assert_str_eq(told(&new, &old), "same");
}
END_TEST

START_TEST(a_target_that_was_not_traced_is_unknown_and_differs)
{
	struct sonde_diff_record *r;
	struct path new;

	make(&new, "a D");
	ck_assert_uint_eq(sonde_drift_find(NULL, &new.path, &arena, &r), 1);
	ck_assert_str_eq(r->path, "unknown");
	ck_assert_int_eq(r->differs, 1);
}
END_TEST

/* The second of two hops, with these round trips: n, mean and deviation, in microseconds. */
static void set_times(struct path *p, unsigned n, unsigned mean, unsigned deviation)
{
	struct sonde_hop_record *r = &p->hop[1];

	r->received = n;
	r->rtt_mean_ns = 1000ull * mean;
	r->rtt_deviation_ns = 1000ull * deviation;
}

START_TEST(round_trips_move_only_beyond_chance)
{
	static const struct {
		unsigned n, mean, deviation, then_n, then_mean, then_deviation;
		const char *moved; /* NULL: nobody knows */
	} cases[] = {
		{ 3, 1000, 10, 3, 5000, 10, "up" },
		{ 3, 5000, 10, 3, 1000, 10, "down" },
		{ 100, 200, 10, 100, 260, 10, "same" },	    /* less than 0.1 ms */
		{ 100, 50000, 10, 100, 54000, 10, "same" }, /* less than a tenth */
		{ 100, 50000, 10, 100, 56000, 10, "up" },
		{ 3, 1000, 500, 3, 2500, 900, "same" },
		{ 1000, 1000, 500, 1000, 2500, 900, "up" },
		/* Student's bound for four degrees of freedom is 8.61, times 0.2 ms */
		{ 3, 1000, 199, 3, 2700, 199, "same" },
		{ 3, 1000, 199, 3, 2740, 199, "up" },
		{ 1, 1000, 0, 3, 9000, 10, NULL },
		{ 3, 1000, 10, 1, 9000, 0, NULL },
	};
	struct sonde_diff_record *r;
	struct path old, new;

	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		make(&old, "a b D");
		make(&new, "a b D");
		set_times(&old, cases[i].n, cases[i].mean, cases[i].deviation);
		set_times(&new, cases[i].then_n, cases[i].then_mean, cases[i].then_deviation);
		ck_assert_uint_eq(sonde_drift_find(&old.path, &new.path, &arena, &r), 4);
		if (!cases[i].moved)
			ck_assert_ptr_null(r[2].rtt);
		else
			ck_assert_msg(!strcmp(r[2].rtt, cases[i].moved), "case %u: %s", i,
				      r[2].rtt);
		ck_assert_int_eq(r->differs, 0); /* it is the same path */
	}
}
END_TEST

START_TEST(loss_moves_only_beyond_chance)
{
	static const struct {
		unsigned lost, received, then_lost, then_received;
		const char *why, *moved;
	} cases[] = {
		{ 0, 10, 0, 10, "none", "same" },
		{ 0, 3, 2, 1, "end", "same" },
		{ 0, 10, 4, 6, "end", "same" },
		{ 0, 10, 8, 2, "end", "same" }, /* 10.2 with the correction, 13.3 without */
		{ 0, 20, 12, 8, "end", "up" },
		{ 12, 8, 0, 20, "none", "down" },
		{ 0, 1000, 20, 980, "way", "up" },
		{ 10, 990, 20, 980, "end", "same" },
		{ 0, 100, 80, 20, "limited", NULL },
	};
	struct sonde_diff_record *r;
	struct path old, new;

	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		make(&old, "a b D");
		make(&new, "a b D");
		old.hop[1].lost = cases[i].lost;
		old.hop[1].received = cases[i].received;
		new.hop[1].lost = cases[i].then_lost;
		new.hop[1].received = cases[i].then_received;
		new.hop[1].loss = cases[i].why;
		sonde_drift_find(&old.path, &new.path, &arena, &r);
		if (!cases[i].moved)
			ck_assert_ptr_null(r[2].loss);
		else
			ck_assert_msg(!strcmp(r[2].loss, cases[i].moved), "case %u: %s", i,
				      r[2].loss);
	}
}
END_TEST

static void set_change(struct path *p, unsigned hop, const char *text)
{
	p->change[hop - 1][0] = text;
	p->hop[hop - 1].changes = (struct sonde_list){ p->change[hop - 1], 1 };
}

START_TEST(what_is_changed_on_the_way_is_compared)
{
	static const struct {
		const char *old, *new;
		bool differs;
	} cases[] = {
		{ "ip.dsfield.dscp 46 -> 0", "ip.dsfield.dscp 46 -> 0", false },
		{ "ip.dsfield.dscp 46 -> 0", "ip.dsfield.dscp 46 -> 8", true },
		{ "udp.srcport 4711 -> 1024", "udp.srcport 4712 -> 99", false }, /* of one run */
		{ "udp.srcport 4711 -> 1024", "udp.dstport 4712 -> 99", true },
		{ "option 30 removed", "option 30 removed", false },
		{ "option 30 removed", "option 31 removed", true },
		{ NULL, "ip.dsfield.ecn 1 -> 0", true },
		{ "ip.dsfield.ecn 1 -> 0", NULL, true },
	};
	struct sonde_diff_record *r;
	struct path old, new;

	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		make(&old, "a b D");
		make(&new, "a b D");
		if (cases[i].old)
			set_change(&old, 2, cases[i].old);
		if (cases[i].new)
			set_change(&new, 2, cases[i].new);
		sonde_drift_find(&old.path, &new.path, &arena, &r);
		ck_assert_int_eq(r[2].differs, cases[i].differs);
		ck_assert_int_eq(r->differs, cases[i].differs);
		ck_assert_uint_eq(r[2].changes.n, cases[i].differs && cases[i].new);
		ck_assert_uint_eq(r[2].old_changes.n, cases[i].differs && cases[i].old);
		new.hop[1].nat = NULL; /* it quotes nothing, so nobody knows */
		sonde_drift_find(&old.path, &new.path, &arena, &r);
		ck_assert_int_eq(r->differs, false);
	}
}
END_TEST

START_TEST(a_difference_is_a_line_each)
{
	struct sonde_diff_record *r;
	struct path old, new;
	struct sonde_text t;
	char buf[2000];
	unsigned n;

	make(&old, "a b c d D");
	make(&new, "a e c f d D");
	set_times(&old, 3, 1000, 10);
	old.hop[2].rtt_mean_ns = 1000000;
	new.hop[2].rtt_mean_ns = 9500000;
	old.hop[2].rtt_deviation_ns = new.hop[2].rtt_deviation_ns = 1000;
	set_change(&new, 5, "ip.dsfield.ecn 1 -> 0");
	set_change(&new, 6, "ip.dsfield.ecn 1 -> 0"); /* the same one */
	n = sonde_drift_find(&old.path, &new.path, &arena, &r);
	sonde_text_init(&t, buf, sizeof buf, NULL, NULL);
	sonde_drift_say(&t, "o\033ld", r, n);
	sonde_text_bytes(&t, "", 1);
	ck_assert_str_eq(buf, "host against o\\x1bld:\n"
			      "  hop 2: e; it was b\n"
			      "  hop 3: round trip up: 9.500 ms; it was 1.000 ms\n"
			      "  hop 4: f appeared\n"
			      "  hop 5: the probe is now changed before it: "
			      "ip.dsfield.ecn 1 -> 0\n");
	n = sonde_drift_find(&old.path, &old.path, &arena, &r);
	sonde_text_init(&t, buf, sizeof buf, NULL, NULL);
	sonde_drift_say(&t, "old", r, n);
	sonde_text_bytes(&t, "", 1);
	ck_assert_str_eq(buf, "host is as in old\n");
}
END_TEST

/* ---- demands ---- */

static const struct sonde_trace_plan usual = { .look = { { .method = SONDE_METHOD_UDP } } };

static uint32_t as_of(void *arg, const struct sonde_address *a)
{
	(void)arg;
	return a->ip[3] == 3 ? 64500 : 0;
}

static void ck_demand(const struct path_world *w, const char *text, const char *is)
{
	struct sonde_expect e[SONDE_EXPECT_MOST];
	enum sonde_expect_verdict verdict;
	struct sonde_path_facts facts;
	char buf[200];
	struct sonde_text t;
	const char *expected;
	uint64_t value;
	unsigned at;

	ck_assert_msg(sonde_expect_parse(&sonde_expect_of_path, e, text, &at, &expected) == 1,
		      "%s: at %u expected %s", text, at, expected);
	sonde_path_facts_find(&w->p, 0, as_of, NULL, &arena, &facts);
	verdict = sonde_expect_judge(e, &facts, &value);
	sonde_text_init(&t, buf, sizeof buf, NULL, NULL);
	sonde_expect_say(&t, e, value);
	sonde_text_bytes(&t, "", 1);
	if (!is) {
		ck_assert_msg(verdict == SONDE_EXPECT_MET, "%s: it is %s", text, buf);
		return;
	}
	ck_assert_msg(verdict ==
			      (value == SONDE_ABSENT ? SONDE_EXPECT_UNKNOWN : SONDE_EXPECT_NOT_MET),
		      "%s", text);
	ck_assert_str_eq(buf, is);
}

START_TEST(demands_of_a_path_are_judged)
{
	struct path_world *w = path_new(usual, 1, 8);

	path_run(w);
	ck_demand(w, "reach", NULL);
	ck_demand(w, "hops<=8", NULL);
	ck_demand(w, "hops<8", "8");
	ck_demand(w, "loss<1%", NULL);
	ck_demand(w, "p99<20ms", NULL);
	ck_demand(w, "min>8ms", "8.000 ms");
	ck_demand(w, "via=10.0.0.3", NULL);
	ck_demand(w, "via==10.0.0.3", NULL);
	ck_demand(w, "via=10.0.0.33", "not seen");
	ck_demand(w, "via=AS64500", NULL);
	ck_demand(w, "via=as64501", "not seen");
	ck_demand(w, "via=::1", "not seen");
	ck_demand(w, "mtu>=1500", "not known");
	ck_demand(w, "nat=none", NULL);
	ck_demand(w, "ecn=kept", NULL);
	ck_demand(w, "dscp=kept", NULL);
	path_close(w);
}
END_TEST

START_TEST(what_a_quote_says_decides_what_was_kept)
{
	static struct sonde_trace_change changes[] = { { "ip.dsfield.dscp 46 -> 0", 1 },
						       { "ip.dsfield.ecn 1 -> 0", 1 } };
	struct path_world *w = path_new(usual, 1, 8);
	struct sonde_trace_hop *hop = w->p.host[0].hop;

	path_run(w);
	hop[4].change[0] = changes[0];
	hop[4].n_change = 1;
	ck_demand(w, "dscp=kept", "changed");
	ck_demand(w, "ecn=kept", NULL);
	hop[5].change[0] = changes[1];
	hop[5].n_change = 1;
	hop[5].nat = SONDE_REWRITE_NAT_INFERRED;
	hop[6].mtu = 1400;
	ck_demand(w, "ecn=kept", "changed");
	ck_demand(w, "nat=none", "translated");
	ck_demand(w, "mtu>=1500", "1400");
	ck_demand(w, "mtu>=1400", NULL);
	for (unsigned i = 0; i < 8; i++)
		hop[i].nat = SONDE_REWRITE_NAT_UNKNOWN; /* nothing is quoted */
	ck_demand(w, "dscp=kept", "not known");
	ck_demand(w, "ecn=kept", "not known");
	ck_demand(w, "nat=none", "not known");
	path_close(w);
}
END_TEST

START_TEST(of_a_target_that_is_not_reached_nothing_is_known)
{
	struct path_world *w = path_new(usual, 1, 8);

	w->hop[0][8].silent = true;
	path_run(w);
	ck_demand(w, "reach", "not reached");
	ck_demand(w, "hops<=8", "not known");
	ck_demand(w, "loss<100%", "not known");
	ck_demand(w, "p50<1s", "not known");
	ck_demand(w, "via=10.0.0.7", NULL);
	path_close(w);
}
END_TEST

START_TEST(a_wrong_demand_of_a_path_is_named)
{
	static const char *const cases[] = {
		"reach=1",
		"reach<1%",
		"hops",
		"hops<=12ms",
		"hops=12",
		"mtu>=1500%",
		"ecn",
		"ecn=lost",
		"ecn<kept",
		"nat=kept",
		"nat==",
		"via",
		"via=",
		"via=AS",
		"via=AS0",
		"via=AS4294967296",
		"via=AS1x",
		"via=router",
		"via=10.0.0",
		"reordered==0",
		"reach, hops<=12 ttl<3",
	};
	struct sonde_expect e[SONDE_EXPECT_MOST];
	const char *expected;
	unsigned at;

	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++)
		ck_assert_msg(sonde_expect_parse(&sonde_expect_of_path, e, cases[i], &at,
						 &expected) == -EINVAL,
			      "%s", cases[i]);
	ck_assert_uint_eq(at, 16);
	ck_assert_int_eq(sonde_expect_parse(&sonde_expect_of_target, e, "reach", &at, &expected),
			 -EINVAL);
	ck_assert_int_eq(sonde_expect_parse(&sonde_expect_of_path, e, "via=AS1 via=2001:DB8::1",
					    &at, &expected),
			 2);
	ck_assert(sonde_expect_is_as(&e[0]) && !sonde_expect_is_as(&e[1]));
}
END_TEST

static void done(void)
{
	sonde_arena_done(&arena);
}

Suite *drift_suite(void)
{
	Suite *s = suite_create("drift");
	TCase *t = tcase_create("drift");

	tcase_add_checked_fixture(t, NULL, done);
	tcase_add_test(t, hops_are_laid_side_by_side);
	tcase_add_test(t, hops_that_only_one_run_looked_at_are_no_difference);
	tcase_add_test(t, a_target_that_was_not_traced_is_unknown_and_differs);
	tcase_add_test(t, round_trips_move_only_beyond_chance);
	tcase_add_test(t, loss_moves_only_beyond_chance);
	tcase_add_test(t, what_is_changed_on_the_way_is_compared);
	tcase_add_test(t, a_difference_is_a_line_each);
	tcase_add_test(t, demands_of_a_path_are_judged);
	tcase_add_test(t, what_a_quote_says_decides_what_was_kept);
	tcase_add_test(t, of_a_target_that_is_not_reached_nothing_is_known);
	tcase_add_test(t, a_wrong_demand_of_a_path_is_named);
	suite_add_tcase(s, t);
	return s;
}
