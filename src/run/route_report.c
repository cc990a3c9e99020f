#include "run/route_report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "out/cells.h"
#include "out/csv.h"
#include "out/json.h"
#include "probe/hop_field.h"
#include "run/paths_report.h"
#include "run/stamp.h"
#include "sys/file.h"

enum { BUFFER = 1 << 17 };

static const char *name_of(void *arg, const struct sonde_address *a)
{
	return sonde_whois_name(arg, a);
}

static const char *as_of(void *arg, const struct sonde_address *a)
{
	return sonde_whois_as(arg, a);
}

int sonde_route_report_open(struct sonde_route_report *r, const struct sonde_route_plan *plan,
			    const struct sonde_trace *trace, struct sonde_whois *whois,
			    const char *mode, int64_t wall)
{
	*r = (struct sonde_route_report){
		.plan = plan,
		.trace = trace,
		.verdict = r->verdict,
		.whois = whois,
		.mode = mode,
		.wall = wall,
		.out = plan->out,
		.said = plan->trace.first - 1u,
		.look = { .name = name_of, .as = as_of, .arg = whois, .palette = plan->palette }
	};
	r->buf = malloc(BUFFER);
	r->asked = calloc(trace->survey.n, plan->trace.most);
	if (!r->buf || !r->asked)
		return -ENOMEM;
	sonde_text_init(&r->text, r->buf, BUFFER, sonde_file_sink, &r->out);
	if (trace->plan.paths)
		sonde_paths_report_begin(r);
	else if (plan->form == SONDE_ROUTE_CSV)
		sonde_csv_head(&r->text, &sonde_hop_schema);
	else if (plan->form == SONDE_ROUTE_LINES && trace->survey.n == 1)
		sonde_say_path_head(&r->text, trace, 0);
	return sonde_text_flush(&r->text);
}

void sonde_route_report_done(struct sonde_route_report *r)
{
	sonde_arena_done(&r->arena);
	free(r->buf);
	free(r->asked);
}

void sonde_route_report_probe(struct sonde_route_report *r, const struct sonde_probe_record *p)
{
	if (r->plan->form == SONDE_ROUTE_JSON)
		sonde_json_record(&r->text, &sonde_probe_schema, p);
}

/* ---- lines ---- */

/* Whether the names of those who answered for this hop are known, or will not be; asks for them. */
static bool is_named(struct sonde_route_report *r, const struct sonde_trace_hop *hop)
{
	for (unsigned i = 0; i < hop->n_who; i++)
		sonde_whois_name(r->whois, &hop->who[i].address);
	return !sonde_whois_waits(r->whois);
}

/* Whether all is known of this hop of the only path that a line of it says, and that it is to be
 * said: a silent one only if a later one is not. */
static bool is_ripe(struct sonde_route_report *r, unsigned ttl)
{
	const struct sonde_trace_host *h = &r->trace->host[0];
	const struct sonde_trace_hop *hop = &h->hop[ttl - 1];
	bool later = hop->n_who;

	for (unsigned i = ttl; i < r->trace->plan.most; i++)
		later |= h->hop[i].n_who > 0;
	return later && hop->queried == r->trace->plan.queries && !hop->out && is_named(r, hop);
}

static void say_ripe(struct sonde_route_report *r)
{
	const struct sonde_trace *p = r->trace;

	while (r->said < p->plan.most && (!p->host[0].end || r->said < p->host[0].end) &&
	       is_ripe(r, r->said + 1))
		sonde_say_path_hop(&r->text, p, 0, ++r->said, &r->look);
}

/* For the names of those who have not answered before, once: more of them may answer than names are
 * remembered. */
static void ask_names(struct sonde_route_report *r)
{
	const struct sonde_trace *p = r->trace;

	if (r->met == p->met)
		return;
	r->met = p->met;
	for (uint32_t i = 0; i < p->survey.n; i++)
		for (unsigned ttl = 0; ttl < p->plan.most; ttl++) {
			const struct sonde_trace_hop *hop = &p->host[i].hop[ttl];
			uint8_t *asked = &r->asked[(size_t)i * p->plan.most + ttl];

			while (*asked < hop->n_who)
				sonde_whois_name(r->whois, &hop->who[(*asked)++].address);
		}
}

void sonde_route_report_pause(struct sonde_route_report *r)
{
	const struct sonde_trace *p = r->trace;

	if (p->plan.paths) {
		sonde_paths_report_names(r);
		sonde_text_flush(&r->text);
		return;
	}
	if (r->plan->form == SONDE_ROUTE_LINES && p->survey.n == 1 && p->plan.rounds == 1)
		say_ripe(r);
	ask_names(r);
	sonde_text_flush(&r->text);
}

static void say_lines(struct sonde_route_report *r, uint32_t host)
{
	const struct sonde_trace *p = r->trace;
	unsigned hops = sonde_trace_hops(p, host), ttl = p->plan.first;
	struct sonde_trace_verdict v[SONDE_TRACE_MOST];

	if (p->survey.n == 1)
		ttl = r->said + 1;
	else
		sonde_say_path_head(&r->text, p, host);
	for (; ttl <= hops; ttl++) {
		const struct sonde_trace_hop *hop = &p->host[host].hop[ttl - 1];

		if (ttl == hops && !hop->n_who)
			sonde_say_path_rest(&r->text, p, host, ttl);
		else
			sonde_say_path_hop(&r->text, p, host, ttl, &r->look);
	}
	sonde_trace_judge(p, host, v);
	sonde_say_path_notes(&r->text, p, host, v);
	sonde_say_path_mtu(&r->text, p, host);
}

/* ---- the table and records ---- */

/* What is known of who answered most often. The name is borrowed until the next of them. */
static void put_who(struct sonde_route_report *r, uint32_t host, unsigned ttl,
		    struct sonde_hop_record *rec)
{
	const struct sonde_trace_hop *hop = &r->trace->host[host].hop[ttl - 1];
	uint32_t as;

	for (unsigned i = 0; i < hop->n_who; i++) {
		if (rec->from != rec->addresses.at[i])
			continue;
		rec->host = sonde_whois_name(r->whois, &hop->who[i].address);
		as = sonde_whois_as_number(r->whois, &hop->who[i].address);
		rec->as = as ? as : SONDE_ABSENT;
	}
}

static void say_row(const struct sonde_route_report *r, struct sonde_grid *g,
		    const struct sonde_hop_record *rec, const char *name)
{
	if (r->plan->order)
		sonde_hop_table_row(g, r->plan->order, rec,
				    sonde_say_path_host(g->arena, rec, name), SONDE_PAINT_BAD);
	else
		sonde_say_path_row(g, rec, name);
}

static void say_table(struct sonde_route_report *r, uint32_t host)
{
	const struct sonde_trace *p = r->trace;
	struct sonde_cells_style style = { .width = r->plan->width,
					   .utf8 = r->plan->utf8,
					   .palette = r->plan->palette };
	struct sonde_trace_verdict v[SONDE_TRACE_MOST];
	struct sonde_trace_texts texts;
	struct sonde_hop_record rec;
	struct sonde_grid g;

	sonde_say_path_head(&r->text, p, host);
	if (r->plan->order)
		sonde_hop_table(&g, &r->arena, r->plan->order);
	else
		sonde_say_path_table(&g, &r->arena);
	sonde_trace_judge(p, host, v);
	for (unsigned ttl = p->plan.first; ttl <= sonde_trace_hops(p, host); ttl++) {
		sonde_trace_hop(p, host, ttl, &v[ttl - 1], &rec, &texts);
		put_who(r, host, ttl, &rec);
		say_row(r, &g, &rec, rec.host);
	}
	sonde_cells_print(&r->text, &g, &style);
	sonde_arena_rewind(&r->arena);
	sonde_say_path_notes(&r->text, p, host, v);
	sonde_say_path_mtu(&r->text, p, host);
}

static void put_records(struct sonde_route_report *r, uint32_t host)
{
	const struct sonde_trace *p = r->trace;
	struct sonde_trace_verdict v[SONDE_TRACE_MOST];
	struct sonde_trace_texts texts;
	struct sonde_path_record path;
	struct sonde_hop_record rec;

	sonde_trace_judge(p, host, v);
	for (unsigned ttl = p->plan.first; ttl <= sonde_trace_hops(p, host); ttl++) {
		sonde_trace_hop(p, host, ttl, &v[ttl - 1], &rec, &texts);
		put_who(r, host, ttl, &rec);
		if (r->plan->form == SONDE_ROUTE_CSV)
			sonde_csv_row(&r->text, &sonde_hop_schema, &rec);
		else
			sonde_json_record(&r->text, &sonde_hop_schema, &rec);
	}
	sonde_trace_path(p, host, &path, &texts);
	if (r->plan->form == SONDE_ROUTE_JSON)
		sonde_json_record(&r->text, &sonde_path_schema, &path);
}

static void put_run(struct sonde_route_report *r, sonde_ns now, uint64_t dropped)
{
	const struct sonde_survey *s = &r->trace->survey;
	struct sonde_stamp stamp = { 0 };
	char started[SONDE_STAMP_MAX];
	struct sonde_ping_record run = { .started = started,
					 .duration_ns = now - s->began,
					 .method = sonde_method_word(s->look[0].method),
					 .sockets = r->mode,
					 .targets = s->n,
					 .dropped = dropped,
					 .foreign = s->foreign,
					 .forgotten = s->forgotten,
					 .unlikely_stamps = s->unlikely,
					 .clock_steps = s->wall.steps };

	*sonde_stamp_put_rfc3339(&stamp, started, (sonde_ns)r->wall) = 0;
	for (uint32_t i = 0; i < s->n; i++)
		run.answered += r->trace->host[i].reached;
	sonde_json_record(&r->text, &sonde_trace_schema, &run);
}

int sonde_route_report_end(struct sonde_route_report *r, sonde_ns now, uint64_t dropped,
			   bool *ret_met)
{
	const struct sonde_trace *p = r->trace;
	int k = 0;

	*ret_met = true;
	for (uint32_t i = 0; i < p->survey.n; i++) {
		if (p->plan.paths) {
			*ret_met &= p->host[i].reached;
			sonde_paths_report_put(r, i);
			continue;
		}
		switch (r->plan->form) {
		case SONDE_ROUTE_LINES: say_lines(r, i); break;
		case SONDE_ROUTE_TABLE: say_table(r, i); break;
		default: put_records(r, i);
		}
	}
	if (p->plan.paths)
		sonde_paths_report_end(r);
	else
		k = sonde_route_verdict_tell(r->verdict, p, r->whois, &r->text, ret_met);
	if (r->plan->form == SONDE_ROUTE_JSON)
		put_run(r, now, dropped);
	else if (dropped && r->plan->form != SONDE_ROUTE_CSV && r->plan->form != SONDE_ROUTE_DOT)
		sonde_text_print(&r->text, "local: %llu answers came faster than they were taken\n",
				 (unsigned long long)dropped);
	sonde_text_flush(&r->text);
	return r->text.error ? r->text.error : k;
}
