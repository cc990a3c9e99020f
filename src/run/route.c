#include "run/route.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/reason.h"
#include "run/drive.h"
#include "run/keep.h"
#include "run/retell.h"
#include "run/route_report.h"
#include "run/route_screen.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/privilege.h"
#include "sys/sleep.h"

enum { TARGETS_MOST = 1 << 14 };      /* what is known of a path takes some 100 KB */
#define NAMES_WAIT (2 * SONDE_SECOND) /* for names, when all else is known */

struct sonde_route {
	struct sonde_route_plan plan;
	struct sonde_sockets sockets;
	struct sonde_targets targets;
	struct sonde_trace trace;
	struct sonde_whois *whois;
	struct sonde_route_report report;
	struct sonde_route_screen screen;
	struct sonde_route_verdict verdict;
	struct sonde_keep *keep; /* NULL: nothing is kept */
	struct sonde_measure_end *end;
	int file; /* a descriptor, or -1 */
	bool begun;
};

#define PLAN(form, member) SONDE_TRAIT(form, #member, struct sonde_trace_plan, member)
const struct sonde_trait sonde_route_plan_table[] = {
	SONDE_TRAIT(UINT, "key0", struct sonde_trace_plan, secret.key[0]),
	SONDE_TRAIT(UINT, "key1", struct sonde_trace_plan, secret.key[1]),
	PLAN(UINT, first),
	PLAN(UINT, most),
	PLAN(UINT, ahead),
	PLAN(UINT, queries),
	PLAN(UINT, here),
	PLAN(UINT, near),
	PLAN(UINT, tos),
	PLAN(UINT, rounds),
	PLAN(UINT, interval),
	PLAN(UINT, gap),
	PLAN(UINT, burst),
	PLAN(UINT, timeout),
	PLAN(UINT, paths),
	PLAN(BOOL, mtu),
	{ .name = NULL },
};

/* ---- opening ---- */

static int open_files(struct sonde_route *r, struct sonde_measure_end *end)
{
	int k;

	if (r->plan.file && (r->file = sonde_file_open(r->plan.file)) < 0)
		return sonde_measure_fail(end, r->file, r->plan.file);
	if (r->plan.save && (k = sonde_keep_open(&r->keep, r->plan.save)) < 0)
		return sonde_measure_fail(end, k, r->plan.save);
	return sonde_route_verdict_open(&r->verdict, &r->plan, end);
}

static struct sonde_route *new_route(const struct sonde_route_plan *plan)
{
	struct sonde_route *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	r->plan = *plan;
	r->file = r->verdict.junit = r->verdict.diff = -1;
	r->targets = (struct sonde_targets){ .sockets = &r->sockets,
					     .look = r->plan.trace.look,
					     .family = plan->family,
					     .most = TARGETS_MOST,
					     .sources = true };
	return r;
}

static int open_whois(struct sonde_route *r, struct sonde_measure_end *end)
{
	int k = sonde_whois_open(&r->whois, r->plan.live || !r->plan.numeric, r->plan.as_table);

	return k ? sonde_measure_fail(end, k, r->plan.as_table ? r->plan.as_table : "names") : 0;
}

int sonde_route_open(struct sonde_route **ret, const struct sonde_route_plan *plan,
		     struct sonde_measure_end *end)
{
	struct sonde_route *r = new_route(plan);
	int k;

	*end = (struct sonde_measure_end){ 0 };
	if (!r)
		return -ENOMEM;
	if (!(k = open_files(r, end)) && !(k = open_whois(r, end))) {
		k = sonde_sockets_open(&r->sockets, &plan->sockets, plan->family,
				       r->plan.trace.look, &r->plan.trace.secret);
		sonde_privilege_drop(-1);
		if (!k)
			sonde_prober_await_stamps();
		else
			sonde_measure_fail(end, k, "opening a socket");
		k = k ? k : sonde_route_verdict_read(&r->verdict, end);
	}
	if (k)
		sonde_route_close(r);
	else
		*ret = r;
	return k;
}

struct sonde_route *sonde_route_close(struct sonde_route *r)
{
	if (!r)
		return NULL;
	sonde_sockets_close(&r->sockets);
	sonde_keep_close(r->keep);
	sonde_whois_close(r->whois);
	if (r->begun)
		sonde_trace_close(&r->trace);
	sonde_route_report_done(&r->report);
	sonde_route_verdict_done(&r->verdict);
	if (r->file >= 0)
		close(r->file);
	sonde_targets_done(&r->targets);
	free(r);
	return NULL;
}

int sonde_route_add(struct sonde_route *r, const char *word, struct sonde_measure_end *end)
{
	return sonde_targets_add(&r->targets, word, end);
}

int sonde_route_add_file(struct sonde_route *r, struct sonde_measure_end *end)
{
	return sonde_targets_add_file(&r->targets, r->file, r->plan.file, end);
}

/* ---- the report, as the loop and a file that is told again have it ---- */

static void sent(void *arg)
{
	(void)arg;
}

static void told(void *arg, const void *record)
{
	struct sonde_route *r = arg;

	sonde_route_report_probe(&r->report, record);
}

static void pause_(void *arg)
{
	struct sonde_route *r = arg;

	if (!r->plan.live)
		sonde_route_report_pause(&r->report);
}

static sonde_ns look(void *arg, sonde_ns now)
{
	struct sonde_route *r = arg;

	sonde_ns names, again = UINT64_MAX;

	sonde_whois_recv(r->whois);
	if (r->plan.live)
		again = sonde_route_screen_look(&r->screen, now);
	names = sonde_whois_until(r->whois, now);
	return names < again ? names : again;
}

static int failed(void *arg)
{
	struct sonde_route *r = arg;

	return r->report.text.error;
}

static unsigned fds(void *arg, struct pollfd ret[static SONDE_DRIVE_FDS])
{
	struct sonde_route *r = arg;

	unsigned n = sonde_whois_fds(r->whois, ret);

	if (r->plan.live)
		ret[n++] = (struct pollfd){ .fd = sonde_screen_fd(r->screen.screen),
					    .events = POLLIN };
	return n;
}

/* ---- the run ---- */

static int begin(struct sonde_route *r, const struct sonde_retell_begin *b)
{
	sonde_trace_open(&r->trace, &r->plan.trace, b->given, b->n, b->now, b->real);
	r->begun = true;
	r->report.verdict = &r->verdict;
	return sonde_route_report_open(&r->report, &r->plan, &r->trace, r->whois, b->mode,
				       (int64_t)b->real);
}

static void keep_begin(struct sonde_route *r, const struct sonde_engine *engine,
		       const struct sonde_retell_begin *b)
{
	struct sonde_keep_begin k = { .verb = "trace",
				      .table = sonde_route_plan_table,
				      .plan = &r->plan.trace,
				      .given = b->given,
				      .local = r->trace.survey.from,
				      .mode = b->mode,
				      .now = b->now,
				      .real = b->real,
				      .hops = -1,
				      .tos = r->plan.trace.tos };

	sonde_keep_begin(r->keep, engine, &k);
}

/* The names that are still being asked for. */
static void await_names(struct sonde_route *r)
{
	sonde_ns end = sonde_clock_now() + NAMES_WAIT, now;
	struct pollfd wait[SONDE_DRIVE_FDS];

	sonde_route_report_pause(&r->report);
	while (sonde_whois_waits(r->whois) && (now = sonde_clock_now()) < end &&
	       !sonde_sleep_signal()) {
		sonde_ns until = sonde_whois_until(r->whois, now);

		until = until < end ? until : end;
		sonde_sleep_for(wait, sonde_whois_fds(r->whois, wait),
				until > now ? until - now : 0);
		sonde_whois_recv(r->whois);
		sonde_route_report_pause(&r->report);
	}
}

static int open_screen(struct sonde_route *r, struct sonde_drive *l)
{
	struct sonde_route_screen_plan plan = { .trace = &r->trace,
						.whois = r->whois,
						.drive = l,
						.look = &r->report.look,
						.order = r->plan.order,
						.names = !r->plan.numeric,
						.color = r->plan.palette,
						.utf8 = r->plan.utf8,
						.out = r->plan.out };

	l->quit = &r->screen.quit;
	return sonde_route_screen_open(&r->screen, &plan);
}

/* The table at the end has the columns that were looked at last, and the width of the terminal as
 * it is by now. */
static void close_screen(struct sonde_route *r)
{
	if (r->plan.width == r->screen.columns)
		r->plan.width = sonde_screen_columns(r->screen.screen);
	sonde_route_screen_close(&r->screen);
	if (r->screen.watch.set)
		r->plan.order = sonde_watch_order(&r->screen.watch);
}

int sonde_route_run(struct sonde_route *r, struct sonde_measure_end *end)
{
	sonde_ns now = sonde_clock_now();
	struct sonde_retell_begin b = { .given = r->targets.given,
					.n = r->targets.n,
					.mode = sonde_sockets_mode(&r->sockets),
					.now = now,
					.real = now + (uint64_t)sonde_clock_offset() };
	struct sonde_drive l = { .sockets = &r->sockets,
				 .keep = r->keep,
				 .arg = r,
				 .sent = sent,
				 .told = told,
				 .pause = pause_,
				 .look = look,
				 .failed = failed,
				 .fds = fds };
	uint64_t dropped;
	int k;

	r->plan.trace.quiet = r->plan.form != SONDE_ROUTE_JSON && !r->keep;
	if ((k = begin(r, &b)))
		return sonde_measure_fail(end, k, "the report");
	l.engine = sonde_trace_engine(&r->trace);
	if (r->keep)
		keep_begin(r, &l.engine, &b);
	sonde_sleep_init();
	if (r->plan.live && (k = open_screen(r, &l))) {
		sonde_sleep_done();
		return sonde_measure_fail(end, k, "the live screen");
	}
	k = sonde_drive_run(&l);
	if (r->plan.live)
		close_screen(r);
	dropped = sonde_sockets_dropped(&r->sockets);
	now = sonde_clock_now();
	sonde_keep_end(r->keep, now, dropped);
	end->saved = sonde_keep_close(r->keep);
	r->keep = NULL;
	if (!k)
		await_names(r);
	if (!k)
		k = sonde_route_report_end(&r->report, now, dropped, &end->met);
	sonde_sleep_done();
	return k ? sonde_measure_fail(end, k, "the report") : 0;
}

/* ---- from a file ---- */

static int retell_begin(void *arg, const struct sonde_retell_begin *b, struct sonde_engine *ret)
{
	struct sonde_route *r = arg;
	const struct sonde_trace_plan *p = &r->plan.trace;

	if (b->n > TARGETS_MOST || p->look[0].method == SONDE_METHOD_NEIGHBOUR)
		return SONDE_UNSUPPORTED;
	if (!p->first || p->first > p->most || p->most > SONDE_TRACE_MOST || !p->queries ||
	    p->queries > SONDE_TRACE_QUERIES || !p->ahead ||
	    (p->paths && (p->paths < 50 || p->paths > 99 || p->rounds != 1)))
		return SONDE_DAMAGED;
	if (r->plan.form == SONDE_ROUTE_DOT && !p->paths)
		return SONDE_ONE_PATH;
	if (p->paths && (r->plan.expects || r->plan.junit || r->plan.diff))
		return SONDE_MANY_PATHS;
	*ret = sonde_trace_engine(&r->trace);
	return begin(r, b);
}

static int retell_end(void *arg, sonde_ns now, uint64_t dropped)
{
	struct sonde_route *r = arg;

	sonde_sleep_init();
	await_names(r);
	sonde_sleep_done();
	return sonde_route_report_end(&r->report, now, dropped, &r->end->met);
}

static void retell_wish(void *arg, const struct sonde_wish *w)
{
	struct sonde_route *r = arg;

	sonde_trace_wish(&r->trace, w);
}

static void retell_done(void *arg)
{
	sonde_route_close(arg);
}

int sonde_route_from(const struct sonde_route_plan *plan, const char *name,
		     struct sonde_measure_end *end)
{
	struct sonde_route *r = new_route(plan);
	struct sonde_retell how;
	int k;

	*end = (struct sonde_measure_end){ 0 };
	if (!r)
		return -ENOMEM;
	r->end = end;
	if ((k = sonde_route_verdict_open(&r->verdict, &r->plan, end)) ||
	    (k = sonde_route_verdict_read(&r->verdict, end)) || (k = open_whois(r, end))) {
		sonde_route_close(r);
		return k;
	}
	r->plan.trace = (struct sonde_trace_plan){ 0 };
	how = (struct sonde_retell){ .verb = "trace",
				     .table = sonde_route_plan_table,
				     .plan = &r->plan.trace,
				     .look = r->plan.trace.look,
				     .decides = true,
				     .arg = r,
				     .begin = retell_begin,
				     .sent = sent,
				     .told = told,
				     .failed = failed,
				     .wish = retell_wish,
				     .end = retell_end,
				     .done = retell_done };
	return sonde_retell_file(&how, name, end);
}
