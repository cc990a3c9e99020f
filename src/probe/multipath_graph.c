#include "probe/multipath_inside.h"

bool sonde_multipath_is_due(const struct sonde_multipath *m, uint32_t hop, uint32_t flow)
{
	const struct sonde_multipath_cell *c = sonde_multipath_cell(m, hop, flow);

	return c->sent && c->sent <= m->plan.retries && !c->out && !c->planned && !c->node &&
	       (!flow || sonde_multipath_heard(m, hop));
}

int sonde_multipath_stands(const struct sonde_multipath *m, uint32_t hop, uint32_t flow)
{
	const struct sonde_multipath_cell *c = sonde_multipath_cell(m, hop, flow);

	if (sonde_multipath_arrived(m, hop, flow))
		return SONDE_MULTIPATH_UNKNOWN;
	if (c->node)
		return c->node;
	return c->sent && !c->out && !c->planned && !sonde_multipath_is_due(m, hop, flow)
		       ? SONDE_MULTIPATH_STAR
		       : SONDE_MULTIPATH_UNKNOWN;
}

int sonde_multipath_source(const struct sonde_multipath *m, uint32_t hop, uint32_t flow)
{
	const struct sonde_multipath_hop *before = hop ? &m->hop[hop - 1] : NULL;
	int at;

	if (!hop)
		return 0;
	if (before->sole != SONDE_MULTIPATH_UNKNOWN)
		return before->sole;
	at = sonde_multipath_arrived(m, hop, flow) ? SONDE_MULTIPATH_UNKNOWN
						   : sonde_multipath_stands(m, hop - 1, flow);
	return at != SONDE_MULTIPATH_UNKNOWN && before->varies ? 0 : at;
}

static bool is_hop(const struct sonde_multipath *m, uint8_t ttl)
{
	return ttl >= m->plan.first_ttl && ttl <= m->plan.max_ttl;
}

bool sonde_multipath_varies(const struct sonde_multipath *m, uint8_t ttl)
{
	return is_hop(m, ttl) && m->hop[ttl - m->plan.first_ttl].varies;
}

uint32_t sonde_multipath_nodes(const struct sonde_multipath *m, uint8_t ttl)
{
	return is_hop(m, ttl) ? m->hop[ttl - m->plan.first_ttl].n : 0;
}

int sonde_multipath_at(const struct sonde_multipath *m, uint16_t flow, uint8_t ttl)
{
	return is_hop(m, ttl) && flow < m->flows
		       ? sonde_multipath_stands(m, ttl - m->plan.first_ttl, flow)
		       : SONDE_MULTIPATH_UNKNOWN;
}

struct sonde_multipath_node sonde_multipath_node(const struct sonde_multipath *m, uint8_t ttl,
						 uint32_t number)
{
	uint32_t hop = ttl - m->plan.first_ttl;
	struct sonde_multipath_node node;

	if (number >= sonde_multipath_nodes(m, ttl))
		return (struct sonde_multipath_node){ 0 };
	node = m->hop[hop].node[number];
	for (uint32_t f = 0; f < m->flows; f++) {
		const struct sonde_multipath_cell *c = sonde_multipath_cell(m, hop, f);

		if (sonde_multipath_stands(m, hop, f) != (int)number)
			continue;
		node.flows++;
		node.probes += c->sent + c->checks;
	}
	return node;
}

uint32_t sonde_multipath_edges(const struct sonde_multipath *m, struct sonde_arena *arena,
			       uint8_t ttl, struct sonde_multipath_edge **ret)
{
	uint32_t from = sonde_multipath_nodes(m, ttl), to, n = 0, hop = ttl - m->plan.first_ttl + 1;
	struct sonde_multipath_edge *edge;

	if (!from || hop == m->hops)
		return 0;
	to = m->hop[hop].n;
	edge = sonde_arena_take(arena, (size_t)from * to * sizeof *edge);
	for (uint32_t f = 0; f < m->flows; f++) {
		int b = sonde_multipath_stands(m, hop, f),
		    a = sonde_multipath_stands(m, hop - 1, f);
		bool seen = a != SONDE_MULTIPATH_UNKNOWN;
		struct sonde_multipath_edge *e;

		a = seen ? a : sonde_multipath_source(m, hop, f);
		if (b == SONDE_MULTIPATH_UNKNOWN || a == SONDE_MULTIPATH_UNKNOWN)
			continue;
		e = &edge[(uint32_t)a * to + (uint32_t)b];
		e->from = (uint32_t)a;
		e->to = (uint32_t)b;
		e->flows += seen;
		e->inferred += !seen;
	}
	for (uint32_t i = 0; i < from * to; i++)
		if (edge[i].flows + edge[i].inferred)
			edge[n++] = edge[i];
	*ret = edge;
	return n;
}
