/* A trace that is kept in a file and told again, whatever came between its steps. */
#include <unistd.h>

#include "run/keep.h"
#include "run/retell.h"
#include "run/route.h"
#include "tests/trace_world.h"

Suite *trace_kept_suite(void);

enum { TEXT = 1 << 16, RUNS = 300 };

/* What was told, a line for each record. */
struct story {
	char text[TEXT];
	size_t len;
	struct sonde_trace again; /* the run that is told from the file */
	struct sonde_trace_plan plan;
};

static void told(void *arg, const void *record)
{
	const struct sonde_probe_record *r = record;
	struct story *s = arg;

	s->len += (size_t)snprintf(s->text + s->len, TEXT - s->len, "%llu %llu %s\n",
				   (unsigned long long)r->hops, (unsigned long long)r->seq,
				   r->status);
	ck_assert_uint_lt(s->len, TEXT - 100);
}

static void sent(void *arg)
{
	(void)arg;
}

static int failed(void *arg)
{
	(void)arg;
	return 0;
}

static int begin_again(void *arg, const struct sonde_retell_begin *b, struct sonde_engine *ret)
{
	struct story *s = arg;

	sonde_trace_open(&s->again, &s->plan, b->given, b->n, b->now, b->real);
	*ret = sonde_trace_engine(&s->again);
	return 0;
}

static int end_again(void *arg, sonde_ns now, uint64_t dropped)
{
	(void)arg;
	(void)now;
	(void)dropped;
	return 0;
}

static void done_again(void *arg)
{
	struct story *s = arg;

	sonde_trace_close(&s->again);
}

static unsigned dice(unsigned *state, unsigned sides)
{
	*state = *state * 1103515245 + 12345;
	return (*state >> 16) % sides;
}

/* All that is due by now. */
static void hear_due(struct path_world *w, struct sonde_keep *keep)
{
	struct sonde_engine e = sonde_trace_engine(&w->p);

	for (unsigned i = 0; i < w->n_waiting;) {
		struct path_answer answer = w->waiting[i];
		struct sonde_arrival a = { .is = SONDE_ARRIVAL_PACKET,
					   .byte = { answer.byte, answer.len },
					   .ttl = -1,
					   .now = w->now,
					   .real = w->now,
					   .stamp = w->now,
					   .from.family = AF_INET };

		if (answer.at > w->now) {
			i++;
			continue;
		}
		w->waiting[i] = w->waiting[--w->n_waiting];
		sonde_keep_hear(keep, &e, &a);
	}
}

/* Live, with a reader who takes his time: between any two steps something may come. */
static void live(struct path_world *w, struct sonde_keep *keep, struct story *s, unsigned *state)
{
	for (struct sonde_step step = { 0 }; step.is != SONDE_STEP_DONE;) {
		step = sonde_trace_step(&w->p, w->now);
		sonde_keep_step(keep, w->now, &step);
		if (step.is == SONDE_STEP_TELL) {
			told(s, step.record);
			w->now += dice(state, 3) * MS;
		} else if (step.is == SONDE_STEP_SEND) {
			for (unsigned hop = 1; hop <= PATH_MOST; hop++) {
				w->hop[0][hop].more = dice(state, 90);
				w->hop[0][hop].silent = !dice(state, 6);
			}
			path_carry(w, &step);
		} else {
			w->now += MS / 2;
		}
		hear_due(w, keep);
	}
	sonde_keep_end(keep, w->now, 0);
}

static void keep_and_tell(unsigned seed)
{
	struct sonde_trace_plan plan = { .look = { { .method = SONDE_METHOD_UDP } },
					 .rounds = 2,
					 .interval = 100 * MS,
					 .timeout = 150 * MS,
					 .most = 10 };
	struct path_world *w = path_new(plan, 1, 3 + seed % 6);
	struct sonde_engine engine = sonde_trace_engine(&w->p);
	struct sonde_given given = { "target", path_target(false, 0), path_here(false) };
	char name[] = "/tmp/sonde-test-XXXXXX";
	struct story *was = calloc(2, sizeof *was), *is = was + 1;
	struct sonde_keep_begin k = { .verb = "trace",
				      .table = sonde_route_plan_table,
				      .plan = &w->p.plan,
				      .given = &given,
				      .local = w->p.survey.from,
				      .mode = "a test",
				      .now = w->now,
				      .real = w->now,
				      .hops = -1,
				      .tos = 0 };
	struct sonde_retell how = { .verb = "trace",
				    .table = sonde_route_plan_table,
				    .plan = &is->plan,
				    .look = is->plan.look,
				    .decides = true,
				    .arg = is,
				    .begin = begin_again,
				    .sent = sent,
				    .told = told,
				    .failed = failed,
				    .end = end_again,
				    .done = done_again };
	struct sonde_measure_end end = { 0 };
	struct sonde_keep *keep = NULL;
	int fd = mkstemp(name);

	ck_assert(was && fd >= 0);
	close(fd);
	ck_assert_int_eq(sonde_keep_open(&keep, name), 0);
	sonde_keep_begin(keep, &engine, &k);
	live(w, keep, was, &seed);
	ck_assert_int_eq(sonde_keep_close(keep), 0);
	ck_assert_int_eq(sonde_retell_file(&how, name, &end), 0);
	ck_assert_str_eq(was->text, is->text);
	ck_assert_uint_gt(was->len, 0);
	unlink(name);
	free(was);
	path_close(w);
}

START_TEST(what_was_kept_is_told_again_whatever_came_between_two_steps)
{
	for (unsigned seed = 1; seed <= RUNS; seed++)
		keep_and_tell(seed);
}
END_TEST

Suite *trace_kept_suite(void)
{
	Suite *s = suite_create("trace_kept");
	TCase *t = tcase_create("paths");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, what_was_kept_is_told_again_whatever_came_between_two_steps);
	suite_add_tcase(s, t);
	return s;
}
