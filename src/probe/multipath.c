#include "probe/multipath_inside.h"

#include <assert.h>

struct sonde_multipath_asked {
	uint16_t hop, flow;
	bool check;
};

struct sonde_multipath_source { /* a node at the hop before, as what it leads to is looked for */
	uint32_t through;	/* flows that stand there */
	uint32_t probed, known; /* of them: probed at this hop; known where they stand */
	uint32_t k, named;	/* nodes it is seen to lead to; those that are no star */
	uint32_t checks;
	uint32_t lacks; /* flows through it that the rule asks for, and nobody knows */
	bool waits;	/* for what is out */
};

/* The chance that n flows, each to one of k + 1 equally likely nodes, leave one out: by the number
 * of nodes met so far, from flow to flow. */
uint16_t sonde_multipath_stop(unsigned percent, unsigned k)
{
	double met[SONDE_MULTIPATH_WIDEST + 2] = { 1 }, all = k + 1;
	uint16_t n = 0;

	while ((1 - met[k + 1]) * 100 > 100 - percent) {
		for (unsigned j = k + 1; j; j--)
			met[j] = met[j] * j / all + met[j - 1] * (all - j + 1) / all;
		met[0] = 0;
		n++;
	}
	return n;
}

static uint32_t stop(struct sonde_multipath *m, uint32_t k)
{
	k = k < 1 ? 1 : k > SONDE_MULTIPATH_WIDEST ? SONDE_MULTIPATH_WIDEST : k;
	if (!m->stop[k])
		m->stop[k] = sonde_multipath_stop(m->plan.percent, k);
	return m->stop[k];
}

void sonde_multipath_init(struct sonde_multipath *m, struct sonde_arena *arena,
			  const struct sonde_multipath_plan *plan)
{
	assert(plan->percent >= 50 && plan->percent <= 99);
	assert(plan->first_ttl && plan->first_ttl <= plan->max_ttl);
	*m = (struct sonde_multipath){ .plan = *plan, .arena = arena, .stale = true };
	m->hops = plan->max_ttl - plan->first_ttl + 1u;
	m->hop = sonde_arena_take(arena, m->hops * sizeof *m->hop);
	for (uint32_t i = 0; i < m->hops; i++) {
		m->hop[i].n = 1;
		m->hop[i].room = 4;
		m->hop[i].node = sonde_arena_take(arena, 4 * sizeof *m->hop[i].node);
		m->hop[i].sole = SONDE_MULTIPATH_UNKNOWN;
	}
}

static void add_flow(struct sonde_multipath *m)
{
	if (m->flows == m->room) {
		uint32_t more = m->room ? m->room : 32;

		m->cell = sonde_arena_grow(m->arena, m->cell, m->room * m->hops, more * m->hops,
					   sizeof *m->cell);
		m->end = sonde_arena_grow(m->arena, m->end, m->room, more, sizeof *m->end);
		m->room += more;
	}
	m->flows++;
}

static void ask(struct sonde_multipath *m, uint32_t hop, uint32_t flow)
{
	struct sonde_multipath_cell *c = sonde_multipath_cell(m, hop, flow);

	if (m->queue_n == m->queue_room) {
		uint32_t more = m->queue_room ? m->queue_room : 32;

		m->queue = sonde_arena_grow(m->arena, m->queue, m->queue_n, more, sizeof *m->queue);
		m->queue_room += more;
	}
	m->queue[m->queue_n++] = (struct sonde_multipath_asked){ .hop = (uint16_t)hop,
								 .flow = (uint16_t)flow,
								 .check = c->node > 0 };
	*(c->node ? &c->checks : &c->sent) += 1;
	c->planned = true;
}

static bool is_open(const struct sonde_multipath_cell *c)
{
	return !c->node && (c->out || c->planned);
}

static bool is_new(const struct sonde_multipath *m, uint32_t hop, uint32_t flow)
{
	return !sonde_multipath_cell(m, hop, flow)->sent && !sonde_multipath_arrived(m, hop, flow);
}

/* Whether so many hops before this one were silent that nobody looks further. */
static bool is_gap(const struct sonde_multipath *m, uint32_t hop)
{
	if (!m->plan.gap || hop < m->plan.gap)
		return false;
	for (uint32_t h = hop - m->plan.gap; h < hop; h++)
		if (sonde_multipath_heard(m, h) ||
		    sonde_multipath_stands(m, h, 0) != SONDE_MULTIPATH_STAR)
			return false;
	return true;
}

/* Flow 0 goes ahead, so that the length of the path is known soon; the flows that the rule asks for
 * at any hop follow as far as it was answered. */
static void plan_first(struct sonde_multipath *m)
{
	uint32_t reach = 0, out = 0;

	while (m->flows < stop(m, 1))
		add_flow(m);
	for (uint32_t h = 0; h < m->hops && out < SONDE_MULTIPATH_AHEAD; h++) {
		if (sonde_multipath_arrived(m, h, 0) || is_gap(m, h))
			break;
		if (is_new(m, h, 0))
			ask(m, h, 0);
		out += sonde_multipath_stands(m, h, 0) == SONDE_MULTIPATH_UNKNOWN;
		if (sonde_multipath_cell(m, h, 0)->node)
			reach = h + 1;
	}
	for (uint32_t f = 1; f < stop(m, 1); f++)
		for (uint32_t h = 0; h < reach; h++)
			if (is_new(m, h, f))
				ask(m, h, f);
}

/* What flows from each node of the hop before are known to have come to at this one. */
static void tally(struct sonde_multipath *m, uint32_t hop)
{
	uint32_t from = hop ? m->hop[hop - 1].n : 1, to = m->hop[hop].n;

	if (m->links_room < from * to) {
		m->links_room = 2 * from * to;
		m->links = sonde_arena_take(m->arena, m->links_room * sizeof *m->links);
	}
	if (m->source_room < from) {
		m->source_room = 2 * from;
		m->source = sonde_arena_take(m->arena, m->source_room * sizeof *m->source);
	}
	memset(m->links, 0, from * to * sizeof *m->links);
	memset(m->source, 0, from * sizeof *m->source);
	for (uint32_t f = 0; f < m->flows; f++) {
		const struct sonde_multipath_cell *c = sonde_multipath_cell(m, hop, f);
		int a = sonde_multipath_source(m, hop, f), b = sonde_multipath_stands(m, hop, f);
		struct sonde_multipath_source *s = &m->source[a < 0 ? 0 : a];
		uint32_t *link =
			&m->links[(uint32_t)(a < 0 ? 0 : a) * to + (b < 0 ? 0 : (uint32_t)b)];

		if (a == SONDE_MULTIPATH_UNKNOWN)
			continue;
		s->through++;
		s->probed += c->sent > 0;
		s->checks += c->checks;
		if (b == SONDE_MULTIPATH_UNKNOWN)
			continue;
		s->known++;
		s->k += !*link;
		s->named += !*link && b != SONDE_MULTIPATH_STAR;
		*link += 1;
	}
}

static void plan_retries(struct sonde_multipath *m, uint32_t hop)
{
	for (uint32_t f = 0; f < m->flows; f++)
		if (!sonde_multipath_arrived(m, hop, f) && sonde_multipath_is_due(m, hop, f))
			ask(m, hop, f);
}

/* What the rule asks for behind one node. */
static void plan_rule(struct sonde_multipath *m, uint32_t hop, uint32_t from)
{
	struct sonde_multipath_source *s = &m->source[from];
	uint32_t want = stop(m, s->k), lacks = want > s->probed ? want - s->probed : 0;
	bool all_pass = !hop || m->hop[hop - 1].sole != SONDE_MULTIPATH_UNKNOWN;

	for (uint32_t f = 0; f < m->flows && lacks; f++)
		if (sonde_multipath_source(m, hop, f) == (int)from && is_new(m, hop, f)) {
			ask(m, hop, f);
			s->probed++;
			lacks--;
		}
	for (; lacks && all_pass; lacks--) {
		add_flow(m);
		ask(m, hop, m->flows - 1);
	}
	s->lacks = lacks;
	s->waits = s->known < (lacks ? s->probed : want);
}

/* Whether so few of the flows come to a node that it is in vain to look for more of them: 16 times
 * fewer than if its hop's nodes were equally likely. */
static bool is_rare(uint32_t through, uint32_t nodes, uint32_t known)
{
	return known >= 128 && (uint64_t)through * nodes * 16 < known;
}

/* Whether packets of one flow go one way. */
static void plan_checks(struct sonde_multipath *m, uint32_t hop, uint32_t from)
{
	uint32_t checks = m->source[from].checks;

	if (m->source[from].named < 2 || m->hop[hop].varies)
		return;
	for (uint32_t f = 0; f < m->flows && checks < SONDE_MULTIPATH_CHECKS; f++) {
		const struct sonde_multipath_cell *c = sonde_multipath_cell(m, hop, f);

		if (sonde_multipath_source(m, hop, f) != (int)from || !c->node || c->checks ||
		    c->planned)
			continue;
		ask(m, hop, f);
		checks++;
	}
}

/* A node of this hop that nobody is known to lead to: where did its flow come from? */
static void plan_links(struct sonde_multipath *m, uint32_t hop)
{
	uint32_t from = m->hop[hop - 1].n, width = m->hop[hop].n;

	for (uint32_t to = 1; to < width; to++) {
		uint32_t linked = 0, flow = m->flows;

		for (uint32_t i = 0; i < from; i++)
			linked += m->links[i * width + to];
		for (uint32_t f = 0; f < m->flows && !linked; f++) {
			if (sonde_multipath_stands(m, hop, f) != (int)to)
				continue;
			linked += is_open(sonde_multipath_cell(m, hop - 1, f));
			flow = f;
		}
		if (!linked && flow < m->flows && is_new(m, hop - 1, flow))
			ask(m, hop - 1, flow);
	}
}

/* How many more flows to look for at the hop before, of whose flows so many are known: one helps
 * one node at most, and a third of those that are likely to be needed is hardly ever too many. */
static uint32_t control(struct sonde_multipath *m, uint32_t hop, uint32_t known)
{
	struct sonde_multipath_hop *at = &m->hop[hop - 1];
	uint32_t sum = 0, most = 0;

	for (uint32_t i = 0; i < at->n; i++) {
		struct sonde_multipath_source *s = &m->source[i];
		uint32_t likely;

		at->node[i].unsure = s->lacks && is_rare(s->through, at->n, known);
		if (at->node[i].unsure)
			s->lacks = 0;
		if (!s->lacks)
			continue;
		likely = s->lacks * known / (3 * s->through);
		most = likely > most ? likely : most;
		sum += s->lacks;
	}
	return sum > most ? sum : most;
}

/* Node control: so many flows more are probed at this hop: first those that are known at the hop
 * before, then others, then new ones. */
static void plan_control(struct sonde_multipath *m, uint32_t at, uint32_t lacks)
{
	for (uint32_t f = 0; f < m->flows && lacks; f++)
		lacks -= is_open(sonde_multipath_cell(m, at, f));
	for (int known = 1; known >= 0; known--)
		for (uint32_t f = 0; f < m->flows && lacks; f++) {
			if (!is_new(m, at, f) || (sonde_multipath_source(m, at, f) >= 0) != known)
				continue;
			ask(m, at, f);
			lacks--;
		}
	for (; lacks; lacks--) {
		add_flow(m);
		ask(m, at, m->flows - 1);
	}
}

/* The one node where all flows stand, or SONDE_MULTIPATH_UNKNOWN. */
static int sole(const struct sonde_multipath *m, uint32_t hop)
{
	int found = SONDE_MULTIPATH_UNKNOWN;

	for (uint32_t f = 0; f < m->flows; f++) {
		int at = sonde_multipath_stands(m, hop, f);

		if (m->end[f] && m->end[f] <= hop + 1)
			return SONDE_MULTIPATH_UNKNOWN;
		if (at == SONDE_MULTIPATH_UNKNOWN || at == found)
			continue;
		if (found != SONDE_MULTIPATH_UNKNOWN)
			return SONDE_MULTIPATH_UNKNOWN;
		found = at;
	}
	return found;
}

static void plan_hop(struct sonde_multipath *m, uint32_t hop)
{
	struct sonde_multipath_hop *before = hop ? &m->hop[hop - 1] : NULL, *h = &m->hop[hop];
	uint32_t known = 0, more = 0;

	h->settled = !before || before->settled;
	h->varies |= before && before->varies && h->n > 2;
	plan_retries(m, hop);
	tally(m, hop);
	for (uint32_t i = 0; i < (before ? before->n : 1) && !is_gap(m, hop); i++) {
		if (before && !m->source[i].through)
			continue;
		plan_rule(m, hop, i);
		plan_checks(m, hop, i);
	}
	for (uint32_t f = 0; before && f < m->flows; f++)
		known += sonde_multipath_stands(m, hop - 1, f) != SONDE_MULTIPATH_UNKNOWN;
	if (before)
		more = control(m, hop, known);
	for (uint32_t i = 0; i < (before ? before->n : 1); i++)
		h->settled &= !m->source[i].lacks && !m->source[i].waits;
	if (before && before->sole == SONDE_MULTIPATH_UNKNOWN)
		plan_links(m, hop);
	if (before && before->settled)
		plan_control(m, hop - 1, more);
	h->sole = h->settled ? sole(m, hop) : SONDE_MULTIPATH_UNKNOWN;
}

static void plan(struct sonde_multipath *m)
{
	if (!m->stale || m->full)
		return;
	m->stale = false;
	if (m->queue_at == m->queue_n)
		m->queue_at = m->queue_n = 0;
	plan_first(m);
	for (uint32_t h = 0; h < m->hops; h++)
		plan_hop(m, h);
}

/* The next of the queue that is still of use, or NULL. */
static const struct sonde_multipath_asked *front(struct sonde_multipath *m)
{
	plan(m);
	for (; m->queue_at < m->queue_n; m->queue_at++) {
		const struct sonde_multipath_asked *a = &m->queue[m->queue_at];
		struct sonde_multipath_cell *c = sonde_multipath_cell(m, a->hop, a->flow);

		m->full |= m->sent == m->plan.most || (m->plan.flows && a->flow >= m->plan.flows);
		if (!m->full && !sonde_multipath_arrived(m, a->hop, a->flow) &&
		    (!c->node || a->check))
			return a;
		c->planned = false;
		*(a->check ? &c->checks : &c->sent) -= 1;
	}
	return NULL;
}

bool sonde_multipath_next(struct sonde_multipath *m, uint8_t *ret_ttl, uint16_t *ret_flow)
{
	const struct sonde_multipath_asked *a = front(m);
	struct sonde_multipath_cell *c;

	if (!a)
		return false;
	c = sonde_multipath_cell(m, a->hop, a->flow);
	c->planned = false;
	c->out++;
	m->queue_at++;
	m->out++;
	m->sent++;
	*ret_ttl = (uint8_t)(m->plan.first_ttl + a->hop);
	*ret_flow = a->flow;
	return true;
}

bool sonde_multipath_done(struct sonde_multipath *m)
{
	return !front(m) && !m->out;
}

static uint16_t node_of(struct sonde_multipath *m, struct sonde_multipath_hop *h,
			const struct sonde_address *from, enum sonde_multipath_answer is)
{
	struct sonde_address address = *from;

	address.port = 0;
	for (uint32_t i = 1; i < h->n; i++)
		if (h->node[i].is == is && h->node[i].address.scope == address.scope &&
		    sonde_address_equal(&h->node[i].address, &address))
			return (uint16_t)i;
	if (h->n == h->room) {
		h->node = sonde_arena_grow(m->arena, h->node, h->n, h->n, sizeof *h->node);
		h->room *= 2;
	}
	h->node[h->n] = (struct sonde_multipath_node){ .address = address, .is = (uint8_t)is };
	return (uint16_t)h->n++;
}

/* The flow was answered by another before: is the hop before it to blame, or one further up? */
static void vary(struct sonde_multipath *m, uint32_t hop, uint32_t flow)
{
	int from = sonde_multipath_source(m, hop, flow);

	m->hop[hop].varies = true;
	if (hop && from != SONDE_MULTIPATH_UNKNOWN && !m->hop[hop - 1].varies)
		m->hop[hop - 1].node[from].varies = true;
}

int sonde_multipath_told(struct sonde_multipath *m, uint8_t ttl, uint16_t flow,
			 const struct sonde_address *from, enum sonde_multipath_answer is)
{
	uint32_t hop = (uint32_t)ttl - m->plan.first_ttl;
	struct sonde_multipath_cell *c;
	uint16_t node;

	if (hop >= m->hops || flow >= m->flows || !sonde_multipath_cell(m, hop, flow)->sent)
		return SONDE_MULTIPATH_UNKNOWN;
	c = sonde_multipath_cell(m, hop, flow);
	m->stale = true;
	m->out -= c->out > 0;
	c->out -= c->out > 0;
	if (!from || is == SONDE_MULTIPATH_SILENCE)
		return SONDE_MULTIPATH_UNKNOWN;
	node = node_of(m, &m->hop[hop], from, is);
	m->full |= node > SONDE_MULTIPATH_CROWD;
	if (c->node && c->node != node)
		vary(m, hop, flow);
	else
		c->node = node;
	if (is != SONDE_MULTIPATH_ROUTER && (!m->end[flow] || m->end[flow] > hop + 1))
		m->end[flow] = (uint8_t)(hop + 1);
	return node;
}
