/* sonde ping --from: the engine hears again what it heard, and the report is written as it was. */
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/reason.h"
#include "capture/reader.h"
#include "probe/block.h"
#include "run/measure_report.h"
#include "run/measure_save.h"
#include "run/probefile.h"
#include "sys/file.h"

enum { SIZE_MOST = 65507 };

struct replay {
	struct sonde_measure_plan plan;
	struct sonde_arena words;
	struct sonde_ping_given *given;
	uint32_t n, room;
	unsigned plans, looks;
	struct sonde_ping ping;
	struct sonde_report report;
	int junit;
	bool begun, ended;
	sonde_ns now; /* of the last item */
	uint64_t dropped;
};

/* ---- what there is to know before it begins ---- */

static bool is_ping(struct sonde_bytes verb)
{
	return verb.len == 4 && !memcmp(verb.at, "ping", 4);
}

static int take_plan(struct replay *r, const struct sonde_probefile_item *i)
{
	struct sonde_ping_plan *p = &r->plan.ping;

	if (!is_ping(sonde_traits_rest(i->words, "verb")))
		return SONDE_OTHER_RUN;
	*p = (struct sonde_ping_plan){ 0 };
	if (r->plans++ || sonde_traits_get(i->words, sonde_measure_plan_table, p) < 0)
		return SONDE_DAMAGED;
	return 0;
}

static int take_look(struct replay *r, const struct sonde_probefile_item *i)
{
	struct sonde_method_look *look = &r->plan.ping.look[r->looks];

	if (r->looks == 2 || sonde_traits_get(i->words, sonde_measure_look_table, look) < 0 ||
	    look->size > SIZE_MOST || look->pattern_len > SONDE_METHOD_PATTERN)
		return SONDE_DAMAGED;
	if (look->method > SONDE_METHOD_NEIGHBOUR)
		return SONDE_UNSUPPORTED;
	if (r->looks++ && look->method != look[-1].method)
		return SONDE_DAMAGED;
	return 0;
}

static bool is_family(const struct sonde_address *a)
{
	return a->family == AF_INET || a->family == AF_INET6;
}

static int take_target(struct replay *r, const struct sonde_probefile_item *i)
{
	struct sonde_bytes name = sonde_traits_rest(i->words, "name");

	if (r->n == SONDE_BLOCK_MOST || !is_family(&i->remote) ||
	    (i->local.family && i->local.family != i->remote.family) || !name.len ||
	    memchr(name.at, 0, name.len))
		return SONDE_DAMAGED;
	if (r->n == r->room) {
		uint32_t more = r->room ? r->room : 16;

		r->given = sonde_arena_grow(&r->words, r->given, r->n, more, sizeof *r->given);
		r->room += more;
	}
	r->given[r->n++] = (struct sonde_ping_given){
		.name = sonde_arena_string(&r->words, name.at, name.len),
		.to = i->remote,
		.from = i->local,
	};
	return 0;
}

static int take_begin(struct replay *r, const struct sonde_probefile_item *i)
{
	struct sonde_bytes mode = sonde_traits_rest(i->words, "mode");
	struct sonde_measure_real real = { 0 };

	if (!r->plans || r->looks != 2 || !r->n || !mode.len || memchr(mode.at, 0, mode.len) ||
	    sonde_traits_get(i->words, sonde_measure_real_table, &real) < 0 ||
	    real.real > INT64_MAX / 2)
		return SONDE_DAMAGED;
	sonde_measure_settle(&r->plan, r->n);
	sonde_ping_open(&r->ping, &r->plan.ping, r->given, r->n, i->now, real.real);
	r->begun = true;
	return sonde_report_open(&r->report, &r->plan, &r->ping,
				 sonde_arena_string(&r->words, mode.at, mode.len),
				 (int64_t)real.real, r->junit);
}

/* ---- the run ---- */

/* What the engine wants when it is asked at this moment; what it tells is reported. */
static struct sonde_step ask(struct replay *r, sonde_ns now)
{
	struct sonde_step s;

	while ((s = sonde_ping_step(&r->ping, now)).is == SONDE_STEP_TELL)
		sonde_report_probe(&r->report, s.record);
	return s;
}

static int send_again(struct replay *r, const struct sonde_probefile_item *i)
{
	struct sonde_step s = ask(r, i->now);

	if (s.is != SONDE_STEP_SEND || s.token != i->token)
		return SONDE_DAMAGED;
	sonde_report_sent(&r->report);
	return 0;
}

static int run(struct replay *r, const struct sonde_probefile_item *i)
{
	struct sonde_measure_dropped end = { 0 };

	r->now = i->now;
	if (i->is == SONDE_PROBEFILE_PROBE)
		return send_again(r, i);
	if (i->is == SONDE_PROBEFILE_END) {
		if (sonde_traits_get(i->words, sonde_measure_dropped_table, &end) < 0)
			return SONDE_DAMAGED;
		if (i->stepped && ask(r, i->stepped).is != SONDE_STEP_DONE)
			return SONDE_DAMAGED;
		r->dropped = end.dropped;
		r->ended = true;
		return 0;
	}
	if (i->stepped && ask(r, i->stepped).is != SONDE_STEP_WAIT)
		return SONDE_DAMAGED;
	if (i->is == SONDE_PROBEFILE_STOP)
		sonde_ping_end(&r->ping);
	else
		sonde_ping_hear(&r->ping, &i->arrival);
	return 0;
}

static int take(struct replay *r, const struct sonde_probefile_item *i)
{
	bool early = i->is <= SONDE_PROBEFILE_BEGIN;

	if (early == r->begun || r->ended)
		return SONDE_DAMAGED;
	switch (i->is) {
	case SONDE_PROBEFILE_PLAN: return take_plan(r, i);
	case SONDE_PROBEFILE_LOOK: return take_look(r, i);
	case SONDE_PROBEFILE_TARGET: return take_target(r, i);
	case SONDE_PROBEFILE_BEGIN: return take_begin(r, i);
	default: return run(r, i);
	}
}

/* Of a run without an end, what there is. */
static int finish(struct replay *r, struct sonde_measure_end *end)
{
	if (!r->ended) {
		sonde_ping_end(&r->ping);
		ask(r, r->now);
	}
	return sonde_report_end(&r->report, r->now, r->dropped, &end->met);
}

int sonde_measure_replay(const struct sonde_measure_plan *plan, struct sonde_reader *reader,
			 int junit, struct sonde_measure_end *end)
{
	struct replay r = { .plan = *plan, .junit = junit };
	struct sonde_probefile_item item;
	int why = 0, k = 0;

	*end = (struct sonde_measure_end){ 0 };
	while (!why && !r.report.text.error && (k = sonde_probefile_next(reader, &item)) > 0)
		why = take(&r, &item);
	if (!why)
		why = k < 0 ? k : r.ended ? 0 : r.plans ? SONDE_ENDLESS : SONDE_NOT_EVIDENCE;
	if (r.begun) {
		k = r.report.text.error ? r.report.text.error : finish(&r, end);
		if (k < 0) {
			why = k;
			snprintf(end->doing, sizeof end->doing, "the report");
		}
		sonde_report_done(&r.report);
		sonde_ping_close(&r.ping);
	}
	sonde_arena_done(&r.words);
	return why;
}

static int open_junit(const struct sonde_measure_plan *plan, struct sonde_measure_end *end)
{
	int fd = plan->junit ? sonde_file_make(plan->junit) : -1;

	if (plan->junit && fd < 0)
		snprintf(end->doing, sizeof end->doing, "%s", plan->junit);
	return fd;
}

int sonde_measure_from(const struct sonde_measure_plan *plan, const char *name,
		       struct sonde_measure_end *end)
{
	struct sonde_reader *reader = NULL;
	int file = sonde_file_open(name), junit = -1, r = file;

	*end = (struct sonde_measure_end){ 0 };
	if (r >= 0)
		r = junit = open_junit(plan, end);
	if (r >= 0 || !plan->junit)
		r = file < 0 ? file : sonde_reader_open(&reader, sonde_file_pull, &file);
	if (!r)
		r = sonde_measure_replay(plan, reader, junit, end);
	if (r < 0 && !*end->doing)
		snprintf(end->doing, sizeof end->doing, "%s", name);
	sonde_reader_close(reader);
	if (junit >= 0)
		close(junit);
	if (file >= 0)
		close(file);
	return r;
}
