#include "probe/trace_paths.h"

#include <sys/socket.h>

enum { RETRIES = 2, GAP = 4, VAIN = 3 };
#define AGAIN  SONDE_SECOND
#define SETTLE SONDE_MILLISECOND

/* How many flows there can be, with ports that do not run over. */
static uint16_t flows_of(const struct sonde_method_look *look)
{
	uint32_t flows = look->flows ? look->flows : 1, most = flows;

	if (look->method == SONDE_METHOD_UDP)
		most = 65536u - look->port;
	else if (sonde_method_is_tcp(look->method))
		most = 65536u - look->ident;
	flows = flows < most ? flows : most;
	return (uint16_t)(flows < SONDE_TRACE_FLOWS ? flows : SONDE_TRACE_FLOWS);
}

void sonde_trace_paths_open(struct sonde_trace *p, uint32_t host)
{
	struct sonde_trace_paths *x = sonde_arena_take(&p->arena, sizeof *x);
	const struct sonde_method_look *look = &p->plan.look[p->survey.to[host].family == AF_INET6];
	struct sonde_multipath_plan plan = { .percent = p->plan.paths,
					     .first_ttl = p->plan.first,
					     .max_ttl = p->plan.most,
					     .retries = RETRIES,
					     .gap = GAP,
					     .most = SONDE_TRACE_PROBES,
					     .flows = flows_of(look) };

	sonde_multipath_init(&x->m, &p->arena, &plan);
	x->sights = sonde_arena_take(&p->arena, x->m.hops * sizeof *x->sights);
	p->host[host].paths = x;
}

static struct sonde_trace_sights *sights_of(const struct sonde_trace_paths *x, uint8_t ttl)
{
	return &x->sights[ttl - x->m.plan.first_ttl];
}

static const struct sonde_multipath_cell *cell_of(const struct sonde_trace_paths *x, uint8_t ttl,
						  uint16_t flow)
{
	return &x->m.cell[flow * x->m.hops + ttl - x->m.plan.first_ttl];
}

/* Whether this is asked again, where somebody else has answered and asking again is not in vain. */
static bool is_again(const struct sonde_trace_paths *x, const struct sonde_trace_due *due)
{
	const struct sonde_multipath_cell *c = cell_of(x, due->ttl, due->flow);

	return c->sent > 1 && !c->node && sonde_multipath_nodes(&x->m, due->ttl) > 1 &&
	       sights_of(x, due->ttl)->vain < VAIN;
}

static void put_off(struct sonde_trace *p, struct sonde_trace_paths *x, struct sonde_trace_due due)
{
	if (x->due_n == x->due_room) {
		uint32_t more = x->due_room ? x->due_room : 16;

		x->due = sonde_arena_grow(&p->arena, x->due, x->due_n, more, sizeof *x->due);
		x->due_room += more;
	}
	x->due[x->due_n++] = due;
}

/* When it may go: a second after whatever went to that hop. */
static sonde_ns when(const struct sonde_trace_paths *x, const struct sonde_trace_due *due)
{
	return is_again(x, due) ? sights_of(x, due->ttl)->last + AGAIN : 0;
}

static bool is_before(const struct sonde_trace_due *a, const struct sonde_trace_due *b)
{
	return a->ttl != b->ttl ? a->ttl < b->ttl : a->flow < b->flow;
}

/* One that was put off and may go now, whatever their order was; those that a late answer made
 * needless are forgotten. False: *until is lowered to when one may. */
static bool take_due(struct sonde_trace_paths *x, sonde_ns now, sonde_ns *until)
{
	uint32_t first = UINT32_MAX;

	for (uint32_t i = 0; i < x->due_n; i++) {
		sonde_ns t = when(x, &x->due[i]);

		if (!cell_of(x, x->due[i].ttl, x->due[i].flow)->out)
			x->due[i--] = x->due[--x->due_n];
		else if (t > now)
			*until = t < *until ? t : *until;
		else if (first == UINT32_MAX || is_before(&x->due[i], &x->due[first]))
			first = i;
	}
	if (first == UINT32_MAX)
		return false;
	x->next = x->due[first];
	x->due[first] = x->due[--x->due_n];
	return true;
}

/* A file tells only the last of the times at which nothing was to be done, so that nothing may
 * depend on the others: all is counted from when probes went and answers came. */
bool sonde_trace_paths_has(struct sonde_trace *p, uint32_t host, sonde_ns now, sonde_ns *until)
{
	struct sonde_trace_paths *x = p->host[host].paths;
	struct sonde_trace_due due = { 0 };

	if (x->next.ttl)
		return true;
	if (x->m.out && now < x->settled) {
		*until = x->settled < *until ? x->settled : *until;
		return take_due(x, now, until);
	}
	while (sonde_multipath_next(&x->m, &due.ttl, &due.flow)) {
		if (!is_again(x, &due)) {
			x->next = due;
			return true;
		}
		put_off(p, x, due);
	}
	return take_due(x, now, until);
}

void sonde_trace_paths_take(struct sonde_trace *p, struct sonde_probe *probe)
{
	struct sonde_trace_host *h = &p->host[probe->target];
	const struct sonde_trace_hop *hop;

	probe->ttl = h->paths->next.ttl;
	probe->is.flow = h->paths->next.flow;
	hop = &h->hop[probe->ttl - 1];
	probe->seq = hop->sent + hop->refused;
	h->paths->next.ttl = 0;
	sights_of(h->paths, probe->ttl)->last = probe->asked;
}

static bool is_retry(const struct sonde_trace_paths *x, const struct sonde_probe *probe)
{
	return cell_of(x, probe->ttl, probe->is.flow)->sent > 1;
}

void sonde_trace_paths_hear(struct sonde_trace *p, const struct sonde_heard *heard, bool ends,
			    sonde_ns now)
{
	const struct sonde_probe *probe = heard->probe;
	const struct sonde_outcome *o = &heard->outcome;
	struct sonde_trace_host *h = &p->host[probe->target];
	struct sonde_trace_paths *x = h->paths;
	bool is_target = ends && (heard->end || !memcmp(o->from.ip, p->survey.to[probe->target].ip,
							sizeof o->from.ip));
	struct sonde_trace_sights *s = sights_of(x, probe->ttl);
	struct sonde_trace_sight *at;
	int number = sonde_multipath_told(&x->m, probe->ttl, probe->is.flow, &o->from,
					  is_target ? SONDE_MULTIPATH_END
					  : ends    ? SONDE_MULTIPATH_BARRED
						    : SONDE_MULTIPATH_ROUTER);

	h->reached |= is_target;
	x->settled = now + SETTLE;
	if (is_retry(x, probe))
		s->vain = 0;
	if (number <= SONDE_MULTIPATH_STAR)
		return;
	while ((uint32_t)number >= s->room) {
		uint32_t more = s->room ? s->room : 4;

		s->at = sonde_arena_grow(&p->arena, s->at, s->room, more, sizeof *s->at);
		s->room += more;
	}
	at = &s->at[number];
	at->last = o->trip.rtt;
	at->least = at->answers++ && at->least < o->trip.rtt ? at->least : o->trip.rtt;
	at->is = o->answer;
	at->type = o->type;
	at->code = o->code;
	at->mtu = o->mtu;
}

void sonde_trace_paths_lose(struct sonde_trace *p, const struct sonde_probe *probe)
{
	struct sonde_trace_paths *x = p->host[probe->target].paths;

	if (is_retry(x, probe))
		sights_of(x, probe->ttl)->vain++;
	sonde_multipath_told(&x->m, probe->ttl, probe->is.flow, NULL, SONDE_MULTIPATH_SILENCE);
}

const struct sonde_trace_sight *sonde_trace_paths_sight(const struct sonde_trace *p, uint32_t host,
							uint8_t ttl, uint32_t number)
{
	const struct sonde_trace_sights *s = &p->host[host].paths->sights[ttl - p->plan.first];

	return number && number < s->room ? &s->at[number] : NULL;
}
