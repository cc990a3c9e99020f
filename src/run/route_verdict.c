#include "run/route_verdict.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/reason.h"
#include "out/json.h"
#include "run/demand.h"
#include "sys/file.h"

int sonde_route_verdict_open(struct sonde_route_verdict *v, const struct sonde_route_plan *plan,
			     struct sonde_measure_end *end)
{
	*v = (struct sonde_route_verdict){ .plan = plan, .junit = -1, .diff = -1 };
	if (plan->diff && (v->diff = sonde_file_open(plan->diff)) < 0)
		return sonde_measure_fail(end, v->diff, plan->diff);
	if (plan->junit && (v->junit = sonde_file_make(plan->junit)) < 0)
		return sonde_measure_fail(end, v->junit, plan->junit);
	return 0;
}

int sonde_route_verdict_read(struct sonde_route_verdict *v, struct sonde_measure_end *end)
{
	int k = v->diff < 0 ? 0
			    : sonde_earlier_read(&v->earlier, v->diff, end->why, sizeof end->why);

	if (!k)
		return 0;
	sonde_measure_fail(end, k, v->plan->diff);
	return k == SONDE_DAMAGED ? -EINVAL : k;
}

void sonde_route_verdict_done(struct sonde_route_verdict *v)
{
	sonde_earlier_close(v->earlier);
	sonde_arena_done(&v->arena);
	if (v->junit >= 0)
		close(v->junit);
	if (v->diff >= 0)
		close(v->diff);
}

/* ---- demands ---- */

static uint32_t as_of(void *arg, const struct sonde_address *a)
{
	return sonde_whois_as_number(arg, a);
}

static const void *subject_of(void *arg, uint32_t target, const char **ret_name, bool *ret_answered)
{
	struct sonde_route_verdict *v = arg;

	sonde_arena_rewind(&v->arena);
	sonde_path_facts_find(v->trace, target, as_of, v->whois, &v->arena, &v->facts);
	*ret_name = v->trace->survey.name[target];
	*ret_answered = v->facts.reached;
	return &v->facts;
}

/* ---- differences ---- */

/* The path as it is now, of the arena. */
static struct sonde_drift_path path_of(struct sonde_route_verdict *v, uint32_t host)
{
	const struct sonde_trace *p = v->trace;
	unsigned hops = sonde_trace_hops(p, host);
	struct sonde_hop_record *hop = sonde_arena_take(&v->arena, (hops + 1) * sizeof *hop);
	struct sonde_drift_path path = { hop, 0 };
	struct sonde_trace_verdict verdict[SONDE_TRACE_MOST];

	sonde_trace_judge(p, host, verdict);
	for (unsigned ttl = p->plan.first; ttl <= hops; ttl++) {
		struct sonde_trace_texts *texts = sonde_arena_take(&v->arena, sizeof *texts);

		sonde_trace_hop(p, host, ttl, &verdict[ttl - 1], &hop[path.n++], texts);
	}
	return path;
}

/* Whether this path differs; told in the form of the plan. */
static bool tell_diff(struct sonde_route_verdict *v, uint32_t host, struct sonde_text *text)
{
	struct sonde_drift_path path;
	struct sonde_diff_record *r;
	unsigned n;

	sonde_arena_rewind(&v->arena);
	path = path_of(v, host);
	if (!path.n)
		return false;
	n = sonde_drift_find(sonde_earlier_path(v->earlier, path.hop->target, path.hop->name),
			     &path, &v->arena, &r);
	if (v->plan->form == SONDE_ROUTE_JSON)
		for (unsigned i = 0; i < n; i++)
			sonde_json_record(text, &sonde_diff_schema, &r[i]);
	else if (v->plan->form != SONDE_ROUTE_CSV)
		sonde_drift_say(text, v->plan->diff, r, n);
	return r->differs;
}

int sonde_route_verdict_tell(struct sonde_route_verdict *v, const struct sonde_trace *trace,
			     struct sonde_whois *whois, struct sonde_text *text, bool *ret_met)
{
	bool words = v->plan->form == SONDE_ROUTE_LINES || v->plan->form == SONDE_ROUTE_TABLE;
	struct sonde_demands demands = { .expect = v->plan->expect, .n = v->plan->expects };
	struct sonde_demand_run run = { .demands = &demands,
					.suite = "sonde trace",
					.targets = trace->survey.n,
					.arg = v,
					.subject = subject_of };
	unsigned failed;

	v->trace = trace;
	v->whois = whois;
	failed = sonde_demand_judge(&run, words ? text : NULL);
	*ret_met = !failed || (v->earlier && !demands.n);
	for (uint32_t i = 0; v->earlier && i < run.targets; i++)
		*ret_met &= !tell_diff(v, i, text);
	return v->junit < 0 ? 0 : sonde_demand_write(&run, failed, v->junit);
}
