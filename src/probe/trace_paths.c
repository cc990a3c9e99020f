#include "probe/trace_paths.h"

#include <sys/socket.h>

enum { RETRIES = 2, GAP = 4 };
#define AGAIN SONDE_SECOND

/* How many flows there can be, with ports that do not run over. */
static uint32_t flows_of(const struct sonde_method_look *look)
{
	uint32_t flows = look->flows ? look->flows : 1, most = SONDE_TRACE_FLOWS;

	if (look->method == SONDE_METHOD_UDP)
		most = 65536u - look->port;
	else if (sonde_method_is_tcp(look->method))
		most = 65536u - look->ident;
	return flows < most ? flows : most;
}

void sonde_trace_paths_open(struct sonde_trace *p, uint32_t host)
{
	struct sonde_trace_paths *x = sonde_arena_take(&p->arena, sizeof *x);
	struct sonde_multipath_plan plan = { .percent = p->plan.paths,
					     .first_ttl = p->plan.first,
					     .max_ttl = p->plan.most,
					     .retries = RETRIES,
					     .gap = GAP,
					     .most = SONDE_TRACE_PROBES };

	sonde_multipath_init(&x->m, &p->arena, &plan);
	x->sights = sonde_arena_take(&p->arena, x->m.hops * sizeof *x->sights);
	x->flows = flows_of(&p->plan.look[p->survey.to[host].family == AF_INET6]);
	p->host[host].paths = x;
}

static void put_off(struct sonde_trace *p, struct sonde_trace_paths *x, struct sonde_trace_due due)
{
	if (x->due_at == x->due_n)
		x->due_at = x->due_n = 0;
	if (x->due_n == x->due_room) {
		uint32_t more = x->due_room ? x->due_room : 16;

		x->due = sonde_arena_grow(&p->arena, x->due, x->due_n, more, sizeof *x->due);
		x->due_room += more;
	}
	x->due[x->due_n++] = due;
}

static const struct sonde_multipath_cell *cell_of(const struct sonde_trace_paths *x,
						  const struct sonde_trace_due *due)
{
	return &x->m.cell[due->flow * x->m.hops + due->ttl - x->m.plan.first_ttl];
}

/* Whether it is asked again, and somebody else has answered there. */
static bool is_again(const struct sonde_trace_paths *x, const struct sonde_trace_due *due)
{
	const struct sonde_multipath_cell *c = cell_of(x, due);

	return c->sent > 1 && !c->node && sonde_multipath_nodes(&x->m, due->ttl) > 1;
}

/* One that was put off and whose time has come, unless a late answer made it needless. */
static bool take_due(struct sonde_trace_paths *x, sonde_ns now)
{
	for (; x->due_at < x->due_n && x->due[x->due_at].when <= now; x->due_at++)
		if (cell_of(x, &x->due[x->due_at])->out) {
			x->next = x->due[x->due_at++];
			return true;
		}
	return false;
}

bool sonde_trace_paths_has(struct sonde_trace *p, uint32_t host, sonde_ns now, sonde_ns *until)
{
	struct sonde_trace_paths *x = p->host[host].paths;
	struct sonde_trace_due due = { .when = now + AGAIN };

	if (x->next.ttl || take_due(x, now))
		return true;
	while (sonde_multipath_next(&x->m, &due.ttl, &due.flow)) {
		if (due.flow >= x->flows) {
			x->m.full = true;
			sonde_multipath_told(&x->m, due.ttl, due.flow, NULL,
					     SONDE_MULTIPATH_SILENCE);
		} else if (is_again(x, &due)) {
			put_off(p, x, due);
		} else {
			x->next = due;
			return true;
		}
	}
	if (x->due_at < x->due_n && x->due[x->due_at].when < *until)
		*until = x->due[x->due_at].when;
	return false;
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
}

void sonde_trace_paths_hear(struct sonde_trace *p, const struct sonde_heard *heard, bool ends)
{
	const struct sonde_probe *probe = heard->probe;
	const struct sonde_outcome *o = &heard->outcome;
	struct sonde_trace_host *h = &p->host[probe->target];
	struct sonde_trace_paths *x = h->paths;
	bool is_target = ends && (heard->end || !memcmp(o->from.ip, p->survey.to[probe->target].ip,
							sizeof o->from.ip));
	struct sonde_trace_sights *s = &x->sights[probe->ttl - p->plan.first];
	struct sonde_trace_sight *at;
	int number = sonde_multipath_told(&x->m, probe->ttl, probe->is.flow, &o->from,
					  is_target ? SONDE_MULTIPATH_END
					  : ends    ? SONDE_MULTIPATH_BARRED
						    : SONDE_MULTIPATH_ROUTER);

	h->reached |= is_target;
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
	sonde_multipath_told(&p->host[probe->target].paths->m, probe->ttl, probe->is.flow, NULL,
			     SONDE_MULTIPATH_SILENCE);
}

const struct sonde_trace_sight *sonde_trace_paths_sight(const struct sonde_trace *p, uint32_t host,
							uint8_t ttl, uint32_t number)
{
	const struct sonde_trace_sights *s = &p->host[host].paths->sights[ttl - p->plan.first];

	return number && number < s->room ? &s->at[number] : NULL;
}
