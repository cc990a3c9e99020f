#include "probe/trace_graph.h"

#include <sys/socket.h>

#include "base/text.h"

/* Whether this flow is known to pass the node. */
static bool passes(const struct sonde_multipath *m, uint32_t flow, uint8_t ttl, uint32_t number)
{
	int at = sonde_multipath_at(m, flow, ttl);
	uint32_t hop = ttl - m->plan.first_ttl;

	if (at != SONDE_MULTIPATH_UNKNOWN)
		return at == (int)number;
	return hop + 1 < m->hops && m->hop[hop].sole == (int)number &&
	       sonde_multipath_at(m, flow, (uint8_t)(ttl + 1)) != SONDE_MULTIPATH_UNKNOWN;
}

static void add_node(struct sonde_trace_graph *g, uint8_t ttl, uint32_t number)
{
	const struct sonde_multipath *m = &g->trace->host[g->host].paths->m;
	struct sonde_trace_node *n = &g->node[g->n];

	*n = (struct sonde_trace_node){ .is = sonde_multipath_node(m, ttl, number),
					.sight = sonde_trace_paths_sight(g->trace, g->host, ttl,
									 number),
					.ttl = ttl,
					.number = number };
	if (!n->is.flows)
		return;
	for (uint32_t f = 0; f < m->flows; f++)
		n->flows += passes(m, f, ttl, number);
	g->nodes += number != SONDE_MULTIPATH_STAR;
	g->n++;
}

/* The place of a node by its number; at: where its hop begins. 0: no flow stands there any more. */
static uint32_t find(const struct sonde_trace_graph *g, uint32_t at, uint32_t number)
{
	uint8_t ttl = g->node[at].ttl;

	for (; at < g->n && g->node[at].ttl == ttl; at++)
		if (g->node[at].number == number)
			return at;
	return 0;
}

/* Those from the hop whose nodes are from..to to the next. */
static void add_edges(struct sonde_trace_graph *g, struct sonde_arena *a, uint32_t from,
		      uint32_t to)
{
	const struct sonde_multipath *m = &g->trace->host[g->host].paths->m;
	struct sonde_multipath_edge *e = NULL;
	uint32_t n = sonde_multipath_edges(m, a, g->node[from].ttl, &e), last = g->edges;

	g->edge = sonde_arena_grow(a, g->edge, g->edges, n, sizeof *g->edge);
	for (uint32_t i = 0; i < n; i++) { /* they are in the order of their first nodes */
		struct sonde_trace_edge edge = { .from = find(g, from, e[i].from),
						 .to = find(g, to, e[i].to),
						 .flows = e[i].flows,
						 .inferred = e[i].inferred };

		if (!edge.from || !edge.to)
			continue;
		if (!g->node[edge.from].edges++)
			g->node[edge.from].edge = last;
		g->edge[last++] = edge;
	}
	g->edges = last;
}

/* From the source to all of the first hop. */
static void add_first(struct sonde_trace_graph *g, struct sonde_arena *a)
{
	struct sonde_trace_node *source = g->node;

	while (1 + source->edges < g->n && g->node[1 + source->edges].ttl == source->ttl + 1)
		source->edges++;
	g->edge = sonde_arena_grow(a, NULL, 0, source->edges, sizeof *g->edge);
	for (g->edges = 0; g->edges < source->edges; g->edges++) {
		g->edge[g->edges] =
			(struct sonde_trace_edge){ .to = 1 + g->edges,
						   .flows = g->node[1 + g->edges].flows };
		source->flows += g->node[1 + g->edges].flows;
	}
}

/* The first node that all ways from both come to. */
static uint32_t meet(const struct sonde_trace_graph *g, uint32_t a, uint32_t b)
{
	while (a != b)
		*(a < b ? &a : &b) = g->node[a < b ? a : b].join;
	return a;
}

/* What follows from what comes behind a node; all of that is known. */
static void look_ahead(struct sonde_trace_graph *g, uint32_t at)
{
	struct sonde_trace_node *n = &g->node[at];

	n->dark = at && n->number == SONDE_MULTIPATH_STAR;
	for (uint32_t i = 0; i < n->edges; i++)
		n->dark &= g->node[g->edge[n->edge + i].to].dark;
	n->edges = n->dark ? 0 : n->edges;
	n->join = g->n;
	n->ways = !n->edges;
	for (uint32_t i = 0; i < n->edges; i++) {
		uint32_t to = g->edge[n->edge + i].to;

		n->join = i ? meet(g, n->join, to) : to;
		if (__builtin_add_overflow(n->ways, g->node[to].ways, &n->ways))
			n->ways = UINT64_MAX;
	}
}

static void look_around(struct sonde_trace_graph *g)
{
	for (uint32_t i = g->n; i--;)
		look_ahead(g, i);
	g->node[0].known = true;
	for (uint32_t i = 0; i < g->n; i++) {
		const struct sonde_trace_node *n = &g->node[i];

		for (uint32_t k = 0; n->known && k < n->edges; k++)
			g->node[g->edge[n->edge + k].to].known = true;
		g->varies |= n->is.varies;
		if (n->is.is != SONDE_MULTIPATH_END)
			continue;
		g->least = g->least && g->least < n->ttl ? g->least : n->ttl;
		g->most = n->ttl;
	}
	g->paths = g->nodes ? g->node[0].ways : 0;
}

/* Of how many flows a probe was sent. */
static uint32_t flows_of(const struct sonde_multipath *m)
{
	uint32_t n = 0;

	for (uint32_t f = 0; f < m->flows; f++) {
		const struct sonde_multipath_cell *c = &m->cell[f * m->hops];
		bool any = false;

		for (uint32_t h = 0; h < m->hops; h++)
			any |= c[h].sent > c[h].planned;
		n += any;
	}
	return n;
}

void sonde_trace_graph_make(struct sonde_trace_graph *g, struct sonde_arena *a,
			    const struct sonde_trace *p, uint32_t host)
{
	const struct sonde_multipath *m = &p->host[host].paths->m;
	uint32_t room = 1, begin[SONDE_TRACE_MOST + 2] = { 0 }, hops = 0;

	*g = (struct sonde_trace_graph){ .trace = p, .host = host, .n = 1, .flows = flows_of(m) };
	for (uint32_t h = 0; h < m->hops; h++)
		room += m->hop[h].n;
	g->node = sonde_arena_take(a, room * sizeof *g->node);
	g->node[0].ttl = (uint8_t)(m->plan.first_ttl - 1);
	for (; hops < m->hops; hops++) {
		uint8_t ttl = (uint8_t)(m->plan.first_ttl + hops);

		begin[hops] = g->n;
		for (uint32_t i = 0; i < m->hop[hops].n; i++)
			add_node(g, ttl, i);
		g->varies |= m->hop[hops].varies;
	}
	begin[hops] = g->n;
	add_first(g, a);
	for (uint32_t h = 0; h + 1 < hops; h++)
		if (begin[h] < begin[h + 1] && begin[h + 1] < begin[h + 2])
			add_edges(g, a, begin[h], begin[h + 1]);
	look_around(g);
	g->whole = !m->full && !m->stale && !m->out && m->queue_at == m->queue_n;
}

bool sonde_trace_graph_has(const struct sonde_trace_graph *g, uint32_t node)
{
	return g->node[node].known || !g->node[node].dark;
}

const char *sonde_trace_graph_flows(const struct sonde_trace_graph *g, struct sonde_arena *a,
				    uint32_t node)
{
	const struct sonde_multipath *m = &g->trace->host[g->host].paths->m;
	const struct sonde_trace_node *n = &g->node[node];
	char *text = sonde_arena_take(a, 6 * (size_t)n->flows + 64), *o = text;

	for (uint32_t f = 0, end; f < m->flows; f = end + 1) {
		for (end = f; end < m->flows && passes(m, end, n->ttl, n->number);)
			end++;
		if (end == f)
			continue;
		if (o > text)
			*o++ = ',';
		o = sonde_put_dec(o, f);
		if (end > f + 1) {
			*o++ = end > f + 2 ? '-' : ',';
			o = sonde_put_dec(o, end - 1);
		}
	}
	*o = 0; /* writers may write beyond their end */
	return text;
}

int sonde_trace_graph_port(const struct sonde_trace_graph *g)
{
	const struct sonde_survey *s = &g->trace->survey;
	const struct sonde_method_look *look = &s->look[s->to[g->host].family == AF_INET6];

	return look->method == SONDE_METHOD_UDP	   ? look->port
	       : sonde_method_is_tcp(look->method) ? look->ident
						   : -1;
}
