#include "probe/portscan.h"

#include <sys/socket.h>

enum {
	FIRST = 256, /* probes out at first; as many are always allowed */
	LEAST = 16,
	MOST = 16384,
	PATIENCE = 8, /* further probes that loss earns at most */
	UDP_LEAST = 1,
	UDP_FEW = 64, /* ports that are worth a second each */
	UDP_PATIENCE = 2,
};

#define SHORTEST     (100 * SONDE_MILLISECOND)
#define UDP_SHORTEST (300 * SONDE_MILLISECOND)
#define UDP_GAP	     (SONDE_SECOND + 50 * SONDE_MILLISECOND) /* net.ipv4.icmp_ratelimit */
#define UNKNOWN_RTT  UINT64_MAX

static bool is_udp(const struct sonde_portscan *p)
{
	return p->plan.look[0].method == SONDE_METHOD_UDP;
}

/* ---- begin and end ---- */

static uint64_t gcd(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t t = a % b;

		a = b;
		b = t;
	}
	return a;
}

/* Steps of this size come to every job. */
static uint64_t stride_of(uint64_t jobs)
{
	uint64_t s = jobs * 618 / 1000 | 1;

	while (s < jobs && gcd(s, jobs) != 1)
		s += 2;
	return s < jobs ? s : 1;
}

static void index_ports(struct sonde_portscan *p)
{
	uint16_t least = UINT16_MAX, most = 0;

	for (uint32_t i = 0; i < p->plan.n; i++) {
		least = p->plan.port[i] < least ? p->plan.port[i] : least;
		most = p->plan.port[i] > most ? p->plan.port[i] : most;
		p->index[p->plan.port[i]] = (uint16_t)i;
	}
	for (unsigned i = 0; i < 2; i++) {
		p->plan.look[i].ports = true;
		p->plan.look[i].port = least;
		p->plan.look[i].flows =
			(uint16_t)(most - least < UINT16_MAX ? most - least + 1 : UINT16_MAX);
	}
}

void sonde_portscan_open(struct sonde_portscan *p, const struct sonde_portscan_plan *plan,
			 const struct sonde_given *given, uint32_t n, sonde_ns now, sonde_ns real)
{
	struct sonde_survey_plan survey = {
		.secret = &plan->secret, .given = given, .n = n, .room = 4 * MOST
	};

	*p = (struct sonde_portscan){ .plan = *plan, .jobs = (uint64_t)n * plan->n };
	p->index = sonde_arena_take(&p->arena, (UINT16_MAX + 1) * sizeof *p->index);
	index_ports(p);
	survey.look = p->plan.look;
	sonde_pace_init(&p->pace, plan->gap, plan->gap ? 20 * SONDE_MILLISECOND / plan->gap + 1 : 1,
			now);
	sonde_survey_open(&p->survey, &p->arena, &survey, now, real);
	p->of = sonde_arena_take(&p->arena, p->jobs * sizeof *p->of);
	p->again = sonde_arena_take(&p->arena, p->jobs * sizeof *p->again);
	p->stride = stride_of(p->jobs);
	p->window = FIRST;
	p->threshold = MOST;
	for (uint64_t i = 0; i < p->jobs; i++)
		p->of[i] = (struct sonde_port){ .ttl = -1, .rtt = UNKNOWN_RTT };
}

void sonde_portscan_close(struct sonde_portscan *p)
{
	sonde_arena_done(&p->arena);
}

/* ---- the time of an answer, and how many probes may be out ---- */

/* RFC 6298 section 2. */
static void measure(struct sonde_portscan *p, sonde_ns rtt)
{
	sonde_ns off = rtt > p->srtt ? rtt - p->srtt : p->srtt - rtt;

	if (!p->srtt) {
		p->srtt = rtt;
		p->rttvar = rtt / 2;
		return;
	}
	p->rttvar = (3 * p->rttvar + off) / 4;
	p->srtt = (7 * p->srtt + rtt) / 8;
}

static sonde_ns patience(const struct sonde_portscan *p)
{
	sonde_ns least = is_udp(p) ? UDP_SHORTEST : SHORTEST, wait = p->srtt + 4 * p->rttvar;

	if (!p->srtt)
		return p->plan.timeout;
	wait = wait < least ? least : wait;
	return wait < p->plan.timeout ? wait : p->plan.timeout;
}

static void grow(struct sonde_portscan *p)
{
	p->window += p->window < p->threshold ? 1 : 1 / p->window;
	if (p->window > MOST)
		p->window = MOST;
}

/* A target that limits its ICMP errors, as Linux does to one a second for each host that asks, is
 * asked less and less often, and at its own pace where few are left. */
static void slow_down(struct sonde_portscan *p)
{
	uint64_t left = p->jobs - p->next + p->again_n + p->out;
	sonde_ns gap = left <= UDP_FEW ? UDP_GAP : 2 * p->pace.gap;

	p->patience = left <= UDP_FEW ? UDP_PATIENCE : PATIENCE;
	p->pace.gap = gap < SONDE_MILLISECOND ? SONDE_MILLISECOND : gap < UDP_GAP ? gap : UDP_GAP;
	p->pace.burst = 1;
}

/* A second probe was answered, so the first was lost, or its answer was: once for all that were out
 * then. */
static void shrink(struct sonde_portscan *p, const struct sonde_probe *probe)
{
	uint32_t least = is_udp(p) ? UDP_LEAST : LEAST;

	p->losses++;
	if (probe->is.serial < p->cut)
		return;
	p->cut = p->survey.flight.next;
	p->window = p->window / 2 < least ? least : p->window / 2;
	p->threshold = p->window;
	p->patience += p->patience < PATIENCE;
	if (is_udp(p))
		slow_down(p);
}

/* ---- steps ---- */

static struct sonde_port *port_of(struct sonde_portscan *p, const struct sonde_probe *probe)
{
	return &p->of[(uint64_t)probe->target * p->plan.n + probe->seq];
}

static void ask_again(struct sonde_portscan *p, const struct sonde_probe *probe)
{
	uint64_t job = (uint64_t)probe->target * p->plan.n + probe->seq;

	p->again[(p->again_at + p->again_n++) % p->jobs] = (uint32_t)job;
}

/* Asked again, or what silence means. A target that says of other ports that they are closed may
 * only have been kept from saying it of this one. */
static void hear_silence(struct sonde_portscan *p, struct sonde_port *port,
			 const struct sonde_probe *probe)
{
	bool last = port->probes > p->plan.retries + p->patience;

	if (last && is_udp(p) && p->denied && p->pace.gap < UDP_GAP &&
	    p->jobs - p->next + p->again_n + p->out < UDP_FEW) {
		slow_down(p);
		last = false;
	}
	if (!last)
		ask_again(p, probe);
	else
		port->state = is_udp(p) ? SONDE_PORT_OPEN_OR_FILTERED : SONDE_PORT_FILTERED;
}

/* What nobody answered in time is told of. */
static void decide(struct sonde_portscan *p, sonde_ns now)
{
	struct sonde_probe *probe;
	sonde_ns wait = patience(p);

	while ((probe = sonde_flight_oldest(&p->survey.flight))) {
		struct sonde_port *port = port_of(p, probe);

		if (probe->state == SONDE_PROBE_OUT) {
			if (now < probe->asked + wait)
				return;
			probe->state = SONDE_PROBE_LOST;
			p->out--;
			if (port->state == SONDE_PORT_UNKNOWN)
				hear_silence(p, port, probe);
		}
		sonde_flight_decide(&p->survey.flight);
	}
}

/* The next port to be asked, those that wait to be asked again first; false: none for now. */
static bool take_job(struct sonde_portscan *p, uint64_t *ret)
{
	while (p->again_n) {
		*ret = p->again[p->again_at];
		p->again_at = (p->again_at + 1) % p->jobs;
		p->again_n--;
		if (p->of[*ret].state == SONDE_PORT_UNKNOWN)
			return true;
	}
	if (p->next == p->jobs)
		return false;
	*ret = p->next++ * p->stride % p->jobs;
	return true;
}

static struct sonde_step ask(struct sonde_portscan *p, uint64_t job, sonde_ns now)
{
	uint32_t target = (uint32_t)(job / p->plan.n);
	struct sonde_probe *probe = sonde_survey_probe(&p->survey, target, now);

	probe->seq = job % p->plan.n;
	probe->is.flow = (uint16_t)(p->plan.port[probe->seq] - p->plan.look[0].port);
	p->repeated += p->of[job].probes > 0;
	p->of[job].probes += p->of[job].probes < UINT8_MAX;
	p->sent++;
	p->out++;
	sonde_pace_take(&p->pace, now);
	return sonde_survey_send(&p->survey, probe);
}

struct sonde_step sonde_portscan_step(struct sonde_portscan *p, sonde_ns now)
{
	const struct sonde_probe *oldest;
	sonde_ns until = UINT64_MAX, when;
	uint64_t job;

	decide(p, now);
	oldest = sonde_flight_oldest(&p->survey.flight);
	if (p->survey.ending || (!oldest && !p->again_n && p->next == p->jobs))
		return (struct sonde_step){ .is = SONDE_STEP_DONE };
	when = sonde_pace_when(&p->pace);
	if (p->out < p->window && sonde_flight_has_room(&p->survey.flight) &&
	    (p->again_n || p->next < p->jobs)) {
		if (when > now)
			until = when;
		else if (take_job(p, &job))
			return ask(p, job, now);
	}
	if (oldest && oldest->asked + patience(p) < until)
		until = oldest->asked + patience(p);
	return (struct sonde_step){ .is = SONDE_STEP_WAIT, .until = until };
}

/* ---- arrivals ---- */

static uint32_t router_of(struct sonde_portscan *p, const struct sonde_address *a)
{
	for (uint32_t i = 0; i < p->routers; i++)
		if (sonde_address_equal(&p->router[i], a))
			return i;
	if (p->routers == SONDE_PORTSCAN_ROUTERS)
		return p->routers - 1;
	p->router[p->routers] = *a;
	return p->routers++;
}

/* What an ICMP error from there says of a port: RFC 792, RFC 1812 section 5.2.7.1, RFC 4443 section
 * 3.1. */
static enum sonde_port_state state_by_error(const struct sonde_portscan *p,
					    const struct sonde_outcome *o, bool own, bool six)
{
	bool port = o->type == (six ? 1 : 3) && o->code == (six ? 4 : 3);
	bool prohibited = six ? o->type == 1 && (o->code == 1 || o->code == 5 || o->code == 6)
			      : o->type == 3 && (o->code == 9 || o->code == 10 || o->code == 13);

	if (port && own && is_udp(p))
		return SONDE_PORT_CLOSED;
	return prohibited || port ? SONDE_PORT_FILTERED : SONDE_PORT_UNREACHABLE;
}

static enum sonde_port_state state_by(const struct sonde_portscan *p, const struct sonde_heard *h)
{
	const struct sonde_outcome *o = &h->outcome;
	const struct sonde_address *to = &p->survey.to[h->probe->target];

	switch (o->answer) {
	case SONDE_ANSWER_SYN_ACK:
	case SONDE_ANSWER_DATA: return SONDE_PORT_OPEN;
	case SONDE_ANSWER_RST: return SONDE_PORT_CLOSED;
	default:
		return state_by_error(p, o, sonde_address_equal(&o->from, to),
				      to->family == AF_INET6);
	}
}

static void note(struct sonde_portscan *p, struct sonde_port *port, enum sonde_port_state state,
		 const struct sonde_outcome *o)
{
	p->open += state == SONDE_PORT_OPEN && port->state != SONDE_PORT_OPEN;
	p->denied |= state == SONDE_PORT_CLOSED;
	port->state = (uint8_t)state;
	port->answer = o->answer;
	port->type = o->type;
	port->code = o->code;
	port->ttl = o->ttl;
	if (o->answer == SONDE_ANSWER_ERROR)
		port->from = router_of(p, &o->from);
}

/* A datagram from a port that was asked, whatever it says: servers do not send our secret back. */
static void hear_server(struct sonde_portscan *p, const struct sonde_arrival *a)
{
	const struct sonde_method_look *look = &p->plan.look[a->from.family == AF_INET6];
	struct sonde_outcome o = { .answer = SONDE_ANSWER_DATA };
	struct sonde_answer n;
	uint16_t number;

	if (a->is != SONDE_ARRIVAL_PACKET || !is_udp(p))
		return;
	sonde_method_read(look, a, &n);
	if (n.is != SONDE_ANSWER_DATA || n.other_ident || n.bad_sum || n.flow < 0)
		return;
	number = (uint16_t)(look->port + n.flow);
	o.ttl = n.ttl;
	for (uint32_t i = 0; i < p->survey.n; i++) {
		struct sonde_port *port = &p->of[(uint64_t)i * p->plan.n + p->index[number]];

		if (sonde_address_equal(&n.from, &p->survey.to[i]) &&
		    p->plan.port[p->index[number]] == number && port->probes &&
		    port->state != SONDE_PORT_OPEN)
			note(p, port, SONDE_PORT_OPEN, &o);
	}
}

static void hear_refusal(struct sonde_portscan *p, const struct sonde_heard *h)
{
	struct sonde_port *port = port_of(p, h->probe);

	p->refused++;
	p->out--;
	if (port->state == SONDE_PORT_UNKNOWN && port->probes <= p->plan.retries)
		ask_again(p, h->probe);
	else if (port->state == SONDE_PORT_UNKNOWN)
		port->state = SONDE_PORT_UNREACHABLE;
}

void sonde_portscan_hear(struct sonde_portscan *p, const struct sonde_arrival *a)
{
	struct sonde_heard h;
	struct sonde_port *port;
	bool first;

	if (!sonde_survey_hear(&p->survey, a, &h) || h.match == SONDE_MATCH_SPOOFED) {
		hear_server(p, a);
		return;
	}
	if (h.match == SONDE_MATCH_NOTHING) {
		hear_refusal(p, &h);
		return;
	}
	if (h.match == SONDE_MATCH_CORRUPTED)
		return;
	port = port_of(p, h.probe);
	first = h.match == SONDE_MATCH_FIRST;
	p->out -= first;
	if (h.outcome.timed && (first || h.match == SONDE_MATCH_LATE))
		measure(p, h.outcome.trip.rtt);
	if (first)
		grow(p);
	if (port->state != SONDE_PORT_UNKNOWN && port->answer)
		return; /* the first word counts */
	if (port->probes > 1 && first)
		shrink(p, h.probe);
	port->rtt = h.outcome.timed ? h.outcome.trip.rtt : UNKNOWN_RTT;
	note(p, port, state_by(p, &h), &h.outcome);
}

/* ---- what is known ---- */

const struct sonde_port *sonde_portscan_port(const struct sonde_portscan *p, uint32_t target,
					     uint32_t i)
{
	return &p->of[(uint64_t)target * p->plan.n + i];
}

void sonde_portscan_count(const struct sonde_portscan *p, uint32_t target,
			  uint64_t ret[static SONDE_PORT_STATES])
{
	for (unsigned i = 0; i < SONDE_PORT_STATES; i++)
		ret[i] = 0;
	for (uint32_t i = 0; i < p->plan.n; i++)
		ret[sonde_portscan_port(p, target, i)->state]++;
}

const char *sonde_port_word(uint8_t state)
{
	static const char *const words[] = { "unknown",	 "open",	"closed",
					     "filtered", "unreachable", "open|filtered" };

	return words[state];
}

static struct sonde_step step(void *of, sonde_ns now)
{
	return sonde_portscan_step(of, now);
}

static void hear(void *of, const struct sonde_arrival *a)
{
	sonde_portscan_hear(of, a);
}

struct sonde_engine sonde_portscan_engine(struct sonde_portscan *p)
{
	return (struct sonde_engine){ &p->survey, p, step, hear };
}
