#include "run/measure_report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "out/cells.h"
#include "out/csv.h"
#include "out/json.h"
#include "run/demand.h"
#include "run/stamp.h"
#include "sys/file.h"

enum { BUFFER = 1 << 18, TABLE_MOST = 40, BARS = 12 };
#define DRAW_EVERY (SONDE_SECOND / 4)

void sonde_measure_settle(struct sonde_measure_plan *plan, uint32_t targets)
{
	bool records = plan->form == SONDE_MEASURE_JSON || plan->form == SONDE_MEASURE_CSV;

	plan->dots = plan->ping.flood && !plan->quiet && !records;
	plan->quiet |= plan->ping.flood;
	plan->ping.quiet = plan->quiet && !plan->dots && !plan->audible;
	if (plan->form == SONDE_MEASURE_USUAL)
		plan->form = plan->ping.sweep ? SONDE_MEASURE_ALIVE
			     : targets > 1    ? SONDE_MEASURE_TABLE
					      : SONDE_MEASURE_LINES;
}

int sonde_report_open(struct sonde_report *r, const struct sonde_measure_plan *plan,
		      const struct sonde_ping *ping, const char *mode, int64_t wall, int junit)
{
	*r = (struct sonde_report){ .plan = plan,
				    .ping = ping,
				    .mode = mode,
				    .junit = junit,
				    .out = plan->out,
				    .width = plan->width,
				    .columns = sonde_file_width(plan->out),
				    .look = { .several = ping->survey.n > 1,
					      .numeric = plan->numeric,
					      .split = plan->split,
					      .stamp = plan->stamp,
					      .wall = wall,
					      .palette = plan->palette } };
	r->buf = malloc(BUFFER);
	if (!r->buf)
		return -ENOMEM;
	sonde_text_init(&r->text, r->buf, BUFFER, sonde_file_sink, &r->out);

	if (plan->form == SONDE_MEASURE_CSV)
		sonde_csv_head(&r->text, plan->quiet ? &sonde_target_schema : &sonde_probe_schema);
	if (plan->form == SONDE_MEASURE_LINES)
		sonde_say_head(&r->text, ping);
	return sonde_text_flush(&r->text);
}

void sonde_report_done(struct sonde_report *r)
{

	sonde_arena_done(&r->arena);
	free(r->buf);
}

void sonde_report_sent(struct sonde_report *r)
{
	if (r->plan->dots)
		sonde_text_str(&r->text, ".");
}

/* "10.0.0.7 is alive (0.041 ms)" */
static void say_alive(struct sonde_report *r, const struct sonde_probe_record *p)
{
	if (strcmp(p->status, "reply"))
		return;
	sonde_text_escape(&r->text, p->name, strlen(p->name));
	if (strcmp(p->name, p->target))
		sonde_text_print(&r->text, " (%s)", p->target);
	sonde_text_print(&r->text, " is alive (%llu.%03llu ms)\n",
			 (unsigned long long)(p->rtt_ns / 1000000),
			 (unsigned long long)(p->rtt_ns / 1000 % 1000));
}

void sonde_report_probe(struct sonde_report *r, const struct sonde_probe_record *p)
{
	bool reply = !strcmp(p->status, "reply");

	if (r->plan->dots && reply)
		sonde_text_str(&r->text, "\b \b");
	if (r->plan->audible && reply)
		sonde_text_str(&r->text, "\a");
	if (r->plan->quiet)
		return;
	switch (r->plan->form) {
	case SONDE_MEASURE_LINES: sonde_say_probe(&r->text, p, &r->look, r->plan->lost); break;
	case SONDE_MEASURE_ALIVE: say_alive(r, p); break;
	case SONDE_MEASURE_JSON: sonde_json_record(&r->text, &sonde_probe_schema, p); break;
	case SONDE_MEASURE_CSV: sonde_csv_row(&r->text, &sonde_probe_schema, p); break;
	case SONDE_MEASURE_USUAL:
	case SONDE_MEASURE_TABLE: break;
	}
}

void sonde_report_pause(struct sonde_report *r)
{
	sonde_text_flush(&r->text);
}

/* ---- the table ---- */

/* Those without an answer first, where there is not room for all. */
static unsigned rows_of(const struct sonde_report *r, uint32_t *ret, unsigned most)
{
	unsigned n = 0;

	for (int silent = r->ping->survey.n > most; silent >= 0; silent--)
		for (uint32_t i = 0; i < r->ping->survey.n && n < most; i++)
			if (r->ping->survey.n <= most || (r->ping->host[i].stats.n == 0) == silent)
				ret[n++] = i;
	return n;
}

static void draw(struct sonde_report *r, struct sonde_text *t, unsigned most)
{
	struct sonde_cells_style style = { .width = r->width,
					   .utf8 = r->plan->utf8,
					   .palette = r->plan->palette };
	uint32_t *row = sonde_arena_take(&r->arena, most * sizeof *row);
	unsigned n = rows_of(r, row, most);
	struct sonde_target_record rec;
	struct sonde_grid g;
	char address[64];

	sonde_say_table(&g, &r->arena);
	for (unsigned i = 0; i < n; i++) {
		sonde_ping_target(r->ping, row[i], &rec, address);
		sonde_say_row(&g, &rec);
	}
	sonde_cells_print(t, &g, &style);
	if (n < r->ping->survey.n)
		sonde_text_print(t, "and %u more targets\n", r->ping->survey.n - n);
	r->lines = n + 1 + (n < r->ping->survey.n);
	sonde_arena_rewind(&r->arena);
}

/* Takes the drawing back. The terminal may have echoed a key in front of us; and in another width
 * it may have wrapped the lines anew or not, so that nobody knows where they are. */
static void erase(struct sonde_report *r)
{
	unsigned columns = sonde_file_width(r->out);

	if (columns && columns != r->columns) {
		sonde_text_str(&r->text, r->lines ? "\033[H\033[J" : "");
		r->width = r->width == r->columns ? columns : r->width;
		r->columns = columns;
	} else if (r->lines) {
		sonde_text_print(&r->text, "\r\033[%uA\033[J", r->lines);
	}
	r->lines = 0;
}

sonde_ns sonde_report_redraw(struct sonde_report *r, sonde_ns now)
{
	if (r->plan->form != SONDE_MEASURE_TABLE || !r->plan->redraw)
		return UINT64_MAX;
	if (now >= r->drawn + DRAW_EVERY) {
		unsigned lines = sonde_file_height(r->out);

		erase(r);
		sonde_text_str(&r->text, "\033[?7l"); /* what is too wide is cut off */
		draw(r, &r->text, lines > 4 ? lines - 3 : lines ? 1 : TABLE_MOST);
		sonde_text_str(&r->text, "\033[?7h");
		sonde_text_flush(&r->text);
		r->drawn = now;
	}
	return r->drawn + DRAW_EVERY;
}

void sonde_report_glance(struct sonde_report *r, sonde_ns now)
{
	struct sonde_target_record rec;
	char address[64], buf[4096];
	struct sonde_text t;
	int err = STDERR_FILENO;

	erase(r);
	sonde_text_flush(&r->text);
	sonde_text_init(&t, buf, sizeof buf, sonde_file_sink, &err);
	for (uint32_t i = 0; i < r->ping->survey.n && i < TABLE_MOST; i++) {
		sonde_ping_target(r->ping, i, &rec, address);
		sonde_say_glance(&t, &rec);
	}
	sonde_text_flush(&t);
	r->drawn = 0;
	sonde_report_redraw(r, now); /* below it */
}

/* ---- demands ---- */

static const void *subject_of(void *arg, uint32_t target, const char **ret_name, bool *ret_answered)
{
	struct sonde_report *r = arg;

	sonde_ping_target(r->ping, target, &r->judged, r->address);
	*ret_name = r->judged.name;
	*ret_answered = r->judged.received;
	return &r->judged;
}

static int judge(struct sonde_report *r, struct sonde_text *words, bool *ret_met)
{
	struct sonde_demands demands = { .expect = r->plan->expect, .n = r->plan->expects };
	struct sonde_demand_run run = { .demands = &demands,
					.suite = "sonde ping",
					.targets = r->ping->survey.n,
					.arg = r,
					.subject = subject_of };
	unsigned failed = demands.n ? sonde_demand_judge(&run, words)
				    : run.targets - sonde_ping_answered(r->ping);
	int code = sonde_text_flush(&r->text);

	*ret_met = !failed;
	return code || r->junit < 0 ? code : sonde_demand_write(&run, failed, r->junit);
}

/* ---- the end ---- */

static void end_records(struct sonde_report *r, sonde_ns now, uint64_t dropped)
{
	const struct sonde_ping *p = r->ping;
	bool csv = r->plan->form == SONDE_MEASURE_CSV;
	struct sonde_target_record rec;
	struct sonde_ping_record run;
	struct sonde_stamp stamp = { 0 };
	char address[64], started[SONDE_STAMP_MAX];

	for (uint32_t i = 0; i < p->survey.n && (!csv || r->plan->quiet); i++) {
		sonde_ping_target(p, i, &rec, address);
		if (csv)
			sonde_csv_row(&r->text, &sonde_target_schema, &rec);
		else
			sonde_json_record(&r->text, &sonde_target_schema, &rec);
	}
	if (csv)
		return;
	*sonde_stamp_put_rfc3339(&stamp, started, (sonde_ns)r->look.wall) = 0;
	run = (struct sonde_ping_record){ .started = started,
					  .duration_ns = now - p->survey.began,
					  .method = sonde_method_word(p->plan.look[0].method),
					  .sockets = r->mode,
					  .targets = p->survey.n,
					  .answered = sonde_ping_answered(p),
					  .dropped = dropped,
					  .foreign = p->survey.foreign,
					  .forgotten = p->survey.forgotten,
					  .unlikely_stamps = p->survey.unlikely,
					  .clock_steps = p->survey.wall.steps };
	sonde_json_record(&r->text, &sonde_ping_schema, &run);
}

static void end_words(struct sonde_report *r, sonde_ns now, uint64_t dropped)
{
	const struct sonde_ping *p = r->ping;
	struct sonde_text *t = &r->text;
	struct sonde_target_record rec;
	char address[64];

	if (r->plan->form == SONDE_MEASURE_LINES) {
		for (uint32_t i = 0; i < p->survey.n; i++) {
			sonde_ping_target(p, i, &rec, address);
			sonde_say_target(t, &rec, now - p->survey.began);
			if (r->plan->histogram)
				sonde_say_histogram(t, &p->host[i].stats, BARS, r->width);
		}
	} else if (r->plan->form == SONDE_MEASURE_TABLE) {
		erase(r);
		draw(r, t, p->survey.n);
	} else {
		sonde_text_print(t, "%u of %u alive\n", sonde_ping_answered(p), p->survey.n);
	}
	if (r->plan->form == SONDE_MEASURE_LINES && !strcmp(r->mode, "ping socket"))
		sonde_text_str(t, "sent by a ping socket, without privilege\n");
	if (dropped)
		sonde_text_print(t,
				 "local: %llu answers were dropped here, not taken in time or with "
				 "a wrong checksum\n",
				 (unsigned long long)dropped);
	if (p->survey.forgotten)
		sonde_text_print(t, "%llu answers came so late that their probes were forgotten\n",
				 (unsigned long long)p->survey.forgotten);
	if (p->survey.wall.steps)
		sonde_text_print(t, "the time of day was set %llu times meanwhile\n",
				 (unsigned long long)p->survey.wall.steps);
}

int sonde_report_end(struct sonde_report *r, sonde_ns now, uint64_t dropped, bool *ret_met)
{
	bool records = r->plan->form == SONDE_MEASURE_JSON || r->plan->form == SONDE_MEASURE_CSV;

	if (records)
		end_records(r, now, dropped);
	else
		end_words(r, now, dropped);
	return judge(r, records ? NULL : &r->text, ret_met);
}
