#include "run/measure.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run/keep.h"
#include "run/drive.h"
#include "run/measure_report.h"
#include "run/probepacket.h"
#include "run/retell.h"
#include "run/shares.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/privilege.h"
#include "sys/sleep.h"

struct sonde_measure {
	struct sonde_measure_plan plan;
	struct sonde_sockets sockets;
	struct sonde_targets targets;
	struct sonde_ping ping;
	struct sonde_report report;
	struct sonde_keep *keep;     /* NULL: nothing is kept */
	struct sonde_shares *shares; /* NULL: it is alone */
	struct sonde_measure_end *end;
	int junit, file; /* descriptors, or -1 */
	bool begun;
};

#define PLAN(form, member) SONDE_TRAIT(form, #member, struct sonde_ping_plan, member)
static const struct sonde_trait plan_table[] = {
	SONDE_TRAIT(UINT, "key0", struct sonde_ping_plan, secret.key[0]),
	SONDE_TRAIT(UINT, "key1", struct sonde_ping_plan, secret.key[1]),
	PLAN(UINT, count),
	PLAN(UINT, interval),
	PLAN(UINT, gap),
	PLAN(UINT, timeout),
	PLAN(UINT, deadline),
	PLAN(UINT, preload),
	PLAN(BOOL, flood),
	PLAN(BOOL, adaptive),
	PLAN(BOOL, sweep),
	{ .name = NULL },
};

/* ---- opening ---- */

/* A folder of somebody else is closed to us once we have no privileges, root though we are. */
static int open_files(struct sonde_measure *m, struct sonde_measure_end *end)
{
	int r;

	if (m->plan.file && (m->file = sonde_file_open(m->plan.file)) < 0)
		return sonde_measure_fail(end, m->file, m->plan.file);
	if (m->plan.junit && (m->junit = sonde_file_make(m->plan.junit)) < 0)
		return sonde_measure_fail(end, m->junit, m->plan.junit);
	if (m->plan.save && (r = sonde_keep_open(&m->keep, m->plan.save)) < 0)
		return sonde_measure_fail(end, r, m->plan.save);
	return 0;
}

static struct sonde_measure *new_measure(const struct sonde_measure_plan *plan)
{
	struct sonde_measure *m = calloc(1, sizeof *m);

	if (!m)
		return NULL;
	m->plan = *plan;
	m->junit = m->file = -1;
	m->targets = (struct sonde_targets){ .sockets = &m->sockets,
					     .look = m->plan.ping.look,
					     .family = plan->family };
	return m;
}

/* Whether it may go as fast as the machine can. */
static bool is_fast(const struct sonde_measure_plan *plan)
{
	return plan->ping.sweep && !plan->ping.gap && !plan->save &&
	       plan->ping.look[0].method == SONDE_METHOD_ICMP;
}

int sonde_measure_open(struct sonde_measure **ret, const struct sonde_measure_plan *plan,
		       struct sonde_measure_end *end)
{
	struct sonde_measure *m = new_measure(plan);
	int r;

	*end = (struct sonde_measure_end){ 0 };
	if (!m)
		return -ENOMEM;
	r = open_files(m, end);
	if (!r) {
		r = sonde_sockets_open(&m->sockets, &plan->sockets, plan->family, m->plan.ping.look,
				       &m->plan.ping.secret);
		if (!r && is_fast(plan))
			r = sonde_shares_open(&m->shares, &plan->sockets, plan->family,
					      m->plan.ping.look);
		sonde_privilege_drop(-1);
		if (!r)
			sonde_prober_await_stamps();
		else
			sonde_measure_fail(end, r, "opening a socket");
	}
	if (r)
		sonde_measure_close(m);
	else
		*ret = m;
	return r;
}

struct sonde_measure *sonde_measure_close(struct sonde_measure *m)
{
	if (!m)
		return NULL;
	sonde_sockets_close(&m->sockets);
	sonde_keep_close(m->keep);
	if (m->begun)
		sonde_ping_close(&m->ping);
	sonde_report_done(&m->report);
	sonde_shares_close(m->shares);
	if (m->junit >= 0)
		close(m->junit);
	if (m->file >= 0)
		close(m->file);
	sonde_targets_done(&m->targets);
	free(m);
	return NULL;
}

int sonde_measure_add(struct sonde_measure *m, const char *word, struct sonde_measure_end *end)
{
	return sonde_targets_add(&m->targets, word, end);
}

int sonde_measure_add_file(struct sonde_measure *m, struct sonde_measure_end *end)
{
	int fd = m->file;

	return sonde_targets_add_file(&m->targets, fd, m->plan.file, end);
}

/* ---- the report, as the loop and a file that is told again have it ---- */

static void sent(void *arg)
{
	struct sonde_measure *m = arg;

	sonde_report_sent(&m->report);
}

static void told(void *arg, const void *record)
{
	struct sonde_measure *m = arg;

	sonde_report_probe(&m->report, record);
}

static void pause_(void *arg)
{
	struct sonde_measure *m = arg;

	sonde_report_pause(&m->report);
}

static sonde_ns look(void *arg, sonde_ns now)
{
	struct sonde_measure *m = arg;

	if (sonde_sleep_counted())
		sonde_report_glance(&m->report, now);
	return sonde_report_redraw(&m->report, now);
}

static int failed(void *arg)
{
	struct sonde_measure *m = arg;

	return m->report.text.error;
}

/* ---- the run ---- */

/* Where probes come from as far as can be known; the ping is told only what it needs. */
static struct sonde_address source_of(const struct sonde_measure *m, const struct sonde_given *g)
{
	const struct sonde_method_look *look = &m->plan.ping.look[g->to.family == AF_INET6];
	struct sonde_address to = sonde_probepacket_goes(look, &g->to), ret = g->from;

	if (!ret.family || !sonde_address_equal(&to, &g->to))
		sonde_prober_source(sonde_sockets_for(&m->sockets, &g->to), &to, &ret);
	return ret;
}

static void keep_begin(struct sonde_measure *m, const struct sonde_engine *engine, sonde_ns now,
		       sonde_ns real)
{
	const struct sonde_targets *t = &m->targets;
	struct sonde_keep_begin b = { .verb = "ping",
				      .table = plan_table,
				      .plan = &m->plan.ping,
				      .given = t->given,
				      .mode = sonde_sockets_mode(&m->sockets),
				      .now = now,
				      .real = real,
				      .hops = m->plan.sockets.ttl,
				      .tos = m->plan.sockets.tos };
	struct sonde_address *local;

	b.local = local = sonde_arena_take(&m->targets.words, t->n * sizeof *local);
	for (uint32_t i = 0; i < t->n; i++)
		local[i] = source_of(m, &t->given[i]);
	sonde_keep_begin(m->keep, engine, &b);
}

/* What is measured begins at this moment. */
static int begin(struct sonde_measure *m, const struct sonde_retell_begin *b)
{
	sonde_measure_settle(&m->plan, b->n);
	m->plan.ping.quiet &= !m->keep; /* the file tells all */
	sonde_ping_open(&m->ping, &m->plan.ping, b->given, b->n, b->now, b->real);
	m->begun = true;
	return sonde_report_open(&m->report, &m->plan, &m->ping, b->mode, (int64_t)b->real,
				 m->junit);
}

int sonde_measure_run(struct sonde_measure *m, struct sonde_measure_end *end)
{
	sonde_ns now = sonde_clock_now();
	struct sonde_retell_begin b = { .given = m->targets.given,
					.n = m->targets.n,
					.mode = sonde_sockets_mode(&m->sockets),
					.now = now,
					.real = now + (uint64_t)sonde_clock_offset() };
	struct sonde_drive l = { .sockets = &m->sockets,
				 .keep = m->keep,
				 .arg = m,
				 .sent = sent,
				 .told = told,
				 .pause = pause_,
				 .look = look,
				 .failed = failed };
	uint64_t dropped;
	int r = begin(m, &b);

	if (r)
		return sonde_measure_fail(end, r, "the report");
	l.engine = sonde_ping_engine(&m->ping);
	if (m->keep)
		keep_begin(m, &l.engine, b.now, b.real);
	sonde_sleep_init();
	sonde_sleep_count(SIGQUIT);
	if (m->shares && b.n >= SONDE_SHARES_FROM)
		sonde_shares_begin(m->shares, &m->ping, &l,
				   &(struct sonde_shares_begin){ b.given, b.now, b.real });
	r = sonde_drive_run(&l);
	dropped = sonde_sockets_dropped(&m->sockets);
	if (l.lock)
		dropped += sonde_shares_join(m->shares, &m->ping);
	now = sonde_clock_now();
	sonde_keep_end(m->keep, now, dropped);
	end->saved = sonde_keep_close(m->keep);
	m->keep = NULL;
	if (!r)
		r = sonde_report_end(&m->report, now, dropped, &end->met);
	sonde_sleep_done();
	return r ? sonde_measure_fail(end, r, "the report") : 0;
}

/* ---- from a file ---- */

static int retell_begin(void *arg, const struct sonde_retell_begin *b, struct sonde_engine *ret)
{
	struct sonde_measure *m = arg;
	int r = begin(m, b);

	*ret = sonde_ping_engine(&m->ping);
	return r;
}

static int retell_end(void *arg, sonde_ns now, uint64_t dropped)
{
	struct sonde_measure *m = arg;

	return sonde_report_end(&m->report, now, dropped, &m->end->met);
}

static void retell_done(void *arg)
{
	sonde_measure_close(arg);
}

static struct sonde_retell retell_of(struct sonde_measure *m)
{
	m->plan.ping = (struct sonde_ping_plan){ 0 };
	return (struct sonde_retell){ .verb = "ping",
				      .table = plan_table,
				      .plan = &m->plan.ping,
				      .look = m->plan.ping.look,
				      .arg = m,
				      .begin = retell_begin,
				      .sent = sent,
				      .told = told,
				      .failed = failed,
				      .end = retell_end,
				      .done = retell_done };
}

int sonde_measure_replay(const struct sonde_measure_plan *plan, struct sonde_reader *reader,
			 int junit, struct sonde_measure_end *end)
{
	struct sonde_measure *m = new_measure(plan);
	struct sonde_retell how;

	*end = (struct sonde_measure_end){ 0 };
	if (!m)
		return -ENOMEM;
	m->end = end;
	m->junit = junit;
	how = retell_of(m);
	return sonde_retell(&how, reader, end);
}

int sonde_measure_from(const struct sonde_measure_plan *plan, const char *name,
		       struct sonde_measure_end *end)
{
	struct sonde_measure *m = new_measure(plan);
	struct sonde_retell how;

	*end = (struct sonde_measure_end){ 0 };
	if (!m)
		return -ENOMEM;
	m->end = end;
	if (plan->junit && (m->junit = sonde_file_make(plan->junit)) < 0) {
		int r = sonde_measure_fail(end, m->junit, plan->junit);

		sonde_measure_close(m);
		return r;
	}
	how = retell_of(m);
	return sonde_retell_file(&how, name, end);
}
