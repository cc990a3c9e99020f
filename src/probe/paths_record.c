#include "probe/paths_records.h"

#include "probe/words.h"

static const struct sonde_column node_columns[] = { SONDE_NODE_COLUMNS(SONDE_MEMBER_COLUMN,
								       sonde_node_record) };
static const struct sonde_column edge_columns[] = { SONDE_EDGE_COLUMNS(SONDE_MEMBER_COLUMN,
								       sonde_edge_record) };
static const struct sonde_column paths_columns[] = { SONDE_PATHS_COLUMNS(SONDE_MEMBER_COLUMN,
									 sonde_paths_record) };

const struct sonde_schema sonde_node_schema = { "node", node_columns,
						sizeof node_columns / sizeof *node_columns };
const struct sonde_schema sonde_edge_schema = { "edge", edge_columns,
						sizeof edge_columns / sizeof *edge_columns };
const struct sonde_schema sonde_paths_schema = { "paths", paths_columns,
						 sizeof paths_columns / sizeof *paths_columns };

static const char *host_text(struct sonde_arena *a, const struct sonde_address *address)
{
	return sonde_survey_put_host(sonde_arena_take(a, 64), address);
}

static const char *target_text(const struct sonde_trace_graph *g, struct sonde_arena *a)
{
	return host_text(a, &g->trace->survey.to[g->host]);
}

static const char *status_of(const struct sonde_trace_node *n)
{
	switch (n->is.is) {
	case SONDE_MULTIPATH_END: return "target";
	case SONDE_MULTIPATH_BARRED: return "end";
	case SONDE_MULTIPATH_ROUTER: return "answers";
	default: return n->dark ? "unknown" : "silent";
	}
}

static void put_sight(const struct sonde_trace_sight *s, uint16_t family, struct sonde_arena *a,
		      struct sonde_node_record *ret)
{
	struct sonde_outcome o = { .answer = s->is, .type = s->type, .code = s->code };

	ret->answer = sonde_outcome_words(&o, family);
	ret->received = s->answers;
	ret->rtt_ns = s->last;
	ret->rtt_min_ns = s->least;
	if (s->is == SONDE_ANSWER_ERROR)
		ret->mark = sonde_words_mark(family, s->type, s->code, s->mtu,
					     sonde_arena_take(a, SONDE_WORDS_MARK));
}

void sonde_trace_graph_node(const struct sonde_trace_graph *g, struct sonde_arena *a, uint32_t node,
			    struct sonde_node_record *ret)
{
	const struct sonde_trace_node *n = &g->node[node];

	sonde_record_clear(&sonde_node_schema, ret);
	ret->target = target_text(g, a);
	ret->name = g->trace->survey.name[g->host];
	ret->ttl = n->ttl;
	ret->address = host_text(a, &n->is.address);
	ret->status = status_of(n);
	if (n->sight)
		put_sight(n->sight, g->trace->survey.to[g->host].family, a, ret);
	ret->flows = n->flows;
	ret->flow_numbers = sonde_trace_graph_flows(g, a, node);
	ret->probes = n->is.probes;
	ret->next = n->edges;
	if (n->is.varies)
		ret->balances = "by packet";
	else if (n->edges > 1)
		ret->balances = "by flow";
	ret->unsure = n->is.unsure;
	ret->paths = n->ways;
}

static const char *node_text(const struct sonde_trace_graph *g, struct sonde_arena *a,
			     uint32_t node)
{
	return host_text(a, node ? &g->node[node].is.address : &g->trace->survey.from[g->host]);
}

void sonde_trace_graph_edge(const struct sonde_trace_graph *g, struct sonde_arena *a, uint32_t edge,
			    struct sonde_edge_record *ret)
{
	const struct sonde_trace_edge *e = &g->edge[edge];

	sonde_record_clear(&sonde_edge_schema, ret);
	ret->target = target_text(g, a);
	ret->name = g->trace->survey.name[g->host];
	ret->ttl = g->node[e->from].ttl;
	ret->from = node_text(g, a, e->from);
	ret->to = node_text(g, a, e->to);
	ret->flows = e->flows;
	ret->inferred = e->inferred;
}

void sonde_trace_graph_paths(const struct sonde_trace_graph *g, struct sonde_arena *a,
			     struct sonde_paths_record *ret)
{
	const struct sonde_trace *p = g->trace;
	const struct sonde_trace_host *h = &p->host[g->host];

	sonde_record_clear(&sonde_paths_schema, ret);
	ret->target = target_text(g, a);
	ret->name = p->survey.name[g->host];
	ret->source = node_text(g, a, 0);
	ret->reached = h->reached;
	ret->paths = g->paths;
	if (g->least) {
		ret->hops = g->least;
		ret->hops_max = g->most;
	}
	ret->nodes = g->nodes;
	ret->flows = g->flows;
	ret->probes = h->paths->m.sent;
	ret->confidence_percent = p->plan.paths;
	ret->complete = g->whole;
	ret->per_packet = g->varies;
	if (sonde_trace_graph_port(g) >= 0)
		ret->first_port = (uint64_t)sonde_trace_graph_port(g);
}
