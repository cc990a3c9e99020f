#include "probe/ping_inside.h"

#include <string.h>
#include <sys/socket.h>

enum { TOLD = 2 * SONDE_PING_ARRIVALS }; /* outcomes that wait to be told */
#define FLOOD_GAP (10 * SONDE_MILLISECOND)
#define STORM_GAP (50 * SONDE_MILLISECOND)
#define LATENESS  (20 * SONDE_MILLISECOND) /* of timers, that is made up for by bursts */

/* ---- begin and end ---- */

/* The answers that may still come are remembered for as long again as their time. */
static uint64_t room_for(const struct sonde_ping_plan *plan, uint32_t n, sonde_ns gap)
{
	uint64_t at_once = gap ? 2 * plan->timeout / gap + 2 * (uint64_t)plan->preload : UINT64_MAX;
	uint64_t all = plan->count && plan->count < UINT64_MAX / n ? plan->count * n : UINT64_MAX;
	uint64_t room = at_once < all ? at_once : all;

	room = room < 2 * (uint64_t)n ? 2 * (uint64_t)n : room;
	return room < 1 << 17 || gap ? room : 1 << 17;
}

static uint32_t longest_packet(const struct sonde_ping_plan *plan)
{
	uint32_t a = plan->look[0].size, b = plan->look[1].size;

	return (a > b ? a : b) + 128; /* headers of IP, TCP and its options */
}

void sonde_ping_open(struct sonde_ping *p, const struct sonde_ping_plan *plan,
		     const struct sonde_ping_given *given, uint32_t n, sonde_ns now, sonde_ns real)
{
	sonde_ns gap = plan->flood ? FLOOD_GAP : plan->sweep ? 0 : plan->interval / n;
	uint64_t at_first = plan->preload ? plan->preload : 1, burst;

	*p = (struct sonde_ping){ .plan = *plan, .n = n, .began = now, .round_began = now };
	gap = gap < plan->gap ? plan->gap : gap;
	burst = gap && !plan->flood ? LATENESS / gap + 1 : 1;
	burst = burst > at_first ? burst : at_first;
	sonde_pace_init(&p->pace, gap, burst, now);
	p->pace.next += gap * (burst - at_first); /* not full at first */
	sonde_pace_init(&p->storm, STORM_GAP, SONDE_SECOND / STORM_GAP, now);
	sonde_wall_read(&p->wall, now, real);
	sonde_flight_init(&p->flight, &p->arena, &plan->secret, room_for(plan, n, gap));
	p->flight.no_zero = plan->look[0].method == SONDE_METHOD_UDP;
	p->to = sonde_arena_take(&p->arena, n * sizeof *p->to);
	p->host = sonde_arena_take(&p->arena, n * sizeof *p->host);
	p->told = sonde_arena_take(&p->arena, TOLD * sizeof *p->told);
	p->packet_cap = longest_packet(plan);
	p->packet = sonde_arena_take(&p->arena, p->packet_cap);
	for (uint32_t i = 0; i < n; i++) {
		p->to[i] = given[i].to;
		p->host[i].name = given[i].name;
		p->host[i].from = given[i].from;
	}
}

void sonde_ping_end(struct sonde_ping *p)
{
	p->ending = true;
}

void sonde_ping_close(struct sonde_ping *p)
{
	sonde_arena_done(&p->arena);
}

/* ---- outcomes ---- */

static struct sonde_ping_outcome *tell(struct sonde_ping *p)
{
	return p->told_n < TOLD ? &p->told[(p->told_at + p->told_n++) % TOLD] : NULL;
}

static void tell_bare(struct sonde_ping *p, const struct sonde_probe *probe,
		      enum sonde_ping_status status, int error)
{
	struct sonde_ping_outcome *o = p->plan.quiet ? NULL : tell(p);

	if (o)
		*o = (struct sonde_ping_outcome){
			.probe = *probe, .status = (uint8_t)status, .error = error, .ttl = -1
		};
}

/* ---- steps ---- */

/* Whether this target needs no more probes. */
static bool is_enough(const struct sonde_ping *p, const struct sonde_ping_host *h)
{
	if (p->plan.sweep)
		return h->stats.n;
	return p->plan.deadline && p->plan.count && h->stats.n >= p->plan.count;
}

/* The fate of the oldest probes, as far as it is known: in the order of sending. */
static void decide(struct sonde_ping *p, sonde_ns now)
{
	struct sonde_probe *probe;

	while ((probe = sonde_flight_oldest(&p->flight)) && p->told_n < TOLD) {
		struct sonde_ping_host *h = &p->host[probe->target];
		bool open = probe->state == SONDE_PROBE_OUT;

		if (open && now < probe->asked + p->plan.timeout)
			return;
		if (probe->state != SONDE_PROBE_REFUSED)
			sonde_stats_fate(&h->stats, probe->state == SONDE_PROBE_ANSWERED);
		if (open) {
			probe->state = SONDE_PROBE_LOST;
			tell_bare(p, probe, SONDE_PING_LOST, 0);
		}
		sonde_flight_decide(&p->flight);
	}
}

/* Whether there is a probe to be sent, now or later; p->turn is its target then. */
static bool has_next(struct sonde_ping *p)
{
	bool bounded = p->plan.count && !(p->plan.deadline && !p->plan.sweep);

	if (p->ending || p->satisfied == p->n)
		return false;
	for (uint32_t looked = 0; looked <= p->n; looked++) {
		if (p->turn == p->n) {
			p->turn = 0;
			p->round++;
			p->round_began += p->plan.interval;
		}
		if (bounded && p->round >= p->plan.count)
			return false;
		if (!is_enough(p, &p->host[p->turn]))
			return true;
		p->turn++;
	}
	return false;
}

/* When it may go. */
static sonde_ns when(const struct sonde_ping *p)
{
	sonde_ns t = sonde_pace_when(&p->pace);

	/* A sweep goes around at once, and then gives the answers their time. */
	return p->plan.sweep && t < p->round_began ? p->round_began : t;
}

static struct sonde_step send_next(struct sonde_ping *p, sonde_ns now)
{
	uint32_t at = p->turn++;
	struct sonde_ping_host *h = &p->host[at];
	struct sonde_probe *probe = sonde_flight_send(&p->flight, at, &p->to[at], now);
	int len;

	probe->seq = h->seq++;
	probe->is.size = sonde_method_size(&p->plan.look[p->to[at].family == AF_INET6]);
	sonde_pace_take(&p->pace, now);
	len = sonde_method_make(&p->plan.look[p->to[at].family == AF_INET6], &probe->is, &h->from,
				&p->to[at], p->packet, p->packet_cap, &probe->sum);
	return (struct sonde_step){ .is = SONDE_STEP_SEND,
				    .token = (uint32_t)probe->is.serial,
				    .to = &p->to[at],
				    .byte = { p->packet, (size_t)len } };
}

static bool is_over(const struct sonde_ping *p, sonde_ns now)
{
	return p->ending || (p->plan.deadline && now - p->began >= p->plan.deadline);
}

struct sonde_step sonde_ping_step(struct sonde_ping *p, sonde_ns now)
{
	const struct sonde_probe *oldest;
	sonde_ns until = UINT64_MAX, t;
	bool more;

	decide(p, now);
	if (p->told_n) {
		sonde_ping_record(p, &p->told[p->told_at]);
		p->told_at = (p->told_at + 1) % TOLD;
		p->told_n--;
		return (struct sonde_step){ .is = SONDE_STEP_TELL, .record = &p->record };
	}
	oldest = sonde_flight_oldest(&p->flight);
	more = has_next(p);
	if (is_over(p, now) || (!more && !oldest))
		return (struct sonde_step){ .is = SONDE_STEP_DONE };
	if (more && sonde_flight_has_room(&p->flight)) {
		t = when(p);
		if (t <= now)
			return send_next(p, now);
		until = t;
	}
	if (oldest && oldest->asked + p->plan.timeout < until)
		until = oldest->asked + p->plan.timeout;
	if (p->plan.deadline && p->began + p->plan.deadline < until)
		until = p->began + p->plan.deadline;
	return (struct sonde_step){ .is = SONDE_STEP_WAIT, .until = until };
}

/* ---- arrivals ---- */

static void hear_refusal(struct sonde_ping *p, const struct sonde_arrival *a)
{
	struct sonde_probe *probe = sonde_flight_token(&p->flight, a->token);
	struct sonde_ping_host *h;

	if (!probe || probe->state != SONDE_PROBE_OUT)
		return;
	h = &p->host[probe->target];
	probe->state = SONDE_PROBE_REFUSED;
	h->refused++;
	h->error = strerrordesc_np(a->error);
	tell_bare(p, probe, SONDE_PING_LOCAL, a->error);
}

/* What came when its probe was past its time, and is heard before that has been told. */
static bool is_past(const struct sonde_ping *p, const struct sonde_ping_outcome *o)
{
	sonde_ns begin = o->probe.sent ? o->probe.sent : o->probe.asked;

	return begin - o->probe.asked + o->trip.rtt > p->plan.timeout;
}

static void count_first(struct sonde_ping *p, struct sonde_ping_host *h,
			const struct sonde_ping_outcome *o)
{
	bool before = is_enough(p, h);

	sonde_stats_answer(&h->stats, &p->arena, o->probe.seq, o->trip.rtt);
	h->clocks |= (uint8_t)(1u << o->trip.clock);
	p->satisfied += !before && is_enough(p, h);
}

static enum sonde_ping_status count(struct sonde_ping *p, const struct sonde_flight_verdict *v,
				    bool reply, const struct sonde_ping_outcome *o)
{
	struct sonde_ping_host *h = &p->host[v->probe->target];

	h->rewritten += v->rewritten;
	switch (v->match) {
	case SONDE_MATCH_FIRST:
		if (!reply) {
			h->errors++;
			h->error = sonde_ping_words(o, p->to[v->probe->target].family);
			return SONDE_PING_ERROR;
		}
		v->probe->state = SONDE_PROBE_ANSWERED;
		count_first(p, h, o);
		return SONDE_PING_REPLY;
	case SONDE_MATCH_LATE: h->late += reply; return reply ? SONDE_PING_LATE : SONDE_PING_ERROR;
	case SONDE_MATCH_DUPLICATE: h->duplicates++; return SONDE_PING_DUPLICATE;
	case SONDE_MATCH_CORRUPTED: h->corrupted++; return SONDE_PING_CORRUPTED;
	default: h->spoofed++; return SONDE_PING_SPOOFED;
	}
}

/* The next one need not wait any longer. */
static void hurry(struct sonde_ping *p, const struct sonde_probe *probe, sonde_ns now)
{
	if ((p->plan.flood || p->plan.adaptive) && probe->is.serial + 1 == p->flight.next &&
	    p->pace.next > now + p->plan.gap)
		p->pace.next = now + p->plan.gap;
}

/* Whether more of these came than anybody wants to read: then they are counted alone. */
static bool is_storm(struct sonde_ping *p, enum sonde_ping_status status, sonde_ns now)
{
	if (status != SONDE_PING_DUPLICATE && status != SONDE_PING_CORRUPTED &&
	    status != SONDE_PING_SPOOFED)
		return false;
	if (sonde_pace_when(&p->storm) > now)
		return true;
	sonde_pace_take(&p->storm, now);
	return false;
}

static void hear_answer(struct sonde_ping *p, const struct sonde_arrival *a)
{
	uint16_t family = a->is == SONDE_ARRIVAL_ERROR ? a->to.family : a->from.family;
	const struct sonde_method_look *look = &p->plan.look[family == AF_INET6];
	struct sonde_flight_verdict v;
	struct sonde_ping_outcome o, *keep;
	struct sonde_answer n;

	sonde_method_read(look, a, &n);
	v = (struct sonde_flight_verdict){ 0 };
	if (n.is)
		v = sonde_flight_match(&p->flight, look, &n, p->to);
	p->forgotten += v.match == SONDE_MATCH_FORGOTTEN;
	p->foreign += !v.probe && v.match != SONDE_MATCH_FORGOTTEN;
	if (!v.probe)
		return;
	o = (struct sonde_ping_outcome){ .probe = *v.probe,
					 .from = n.from,
					 .bytes = n.bytes,
					 .mtu = n.mtu,
					 .ttl = n.ttl,
					 .answer = n.is,
					 .type = n.type,
					 .code = n.code_of_type,
					 .auth_bits = v.auth_bits,
					 .rewritten = v.rewritten };
	o.has_mac = n.has_mac;
	memcpy(o.mac, n.mac, sizeof o.mac);
	o.route_len = (uint8_t)(n.route.len < sizeof o.route ? n.route.len : sizeof o.route);
	if (o.route_len)
		memcpy(o.route, n.route.at, o.route_len);
	o.timed = v.match != SONDE_MATCH_CORRUPTED && v.match != SONDE_MATCH_SPOOFED;
	if (o.timed)
		p->unlikely += !sonde_trip_measure(&o.trip, &p->wall, &o.probe, a);
	if (v.match == SONDE_MATCH_FIRST && is_past(p, &o)) {
		v.match = SONDE_MATCH_LATE;
		v.probe->state = SONDE_PROBE_LATE;
		tell_bare(p, v.probe, SONDE_PING_LOST, 0);
	}
	o.status =
		(uint8_t)count(p, &v, sonde_method_is_end(look, &n, &p->to[v.probe->target]), &o);
	if (v.match == SONDE_MATCH_FIRST)
		hurry(p, v.probe, a->now);
	keep = p->plan.quiet || is_storm(p, o.status, a->now) ? NULL : tell(p);
	if (keep)
		*keep = o;
}

void sonde_ping_hear(struct sonde_ping *p, const struct sonde_arrival *a)
{
	unsigned before = p->told_n;

	sonde_wall_read(&p->wall, a->now, a->real);
	switch (a->is) {
	case SONDE_ARRIVAL_QUEUED:
		p->unlikely +=
			!sonde_flight_queued(&p->flight, &p->wall, a->token, a->stamp, a->now);
		break;
	case SONDE_ARRIVAL_SENT:
		p->unlikely += !sonde_flight_sent(&p->flight, &p->wall, a->token, a->stamp, a->now);
		break;
	case SONDE_ARRIVAL_REFUSED: hear_refusal(p, a); break;
	default: hear_answer(p, a);
	}
	p->heard = p->told_n > before;
}

const struct sonde_probe_record *sonde_ping_heard(struct sonde_ping *p, uint32_t *ret_target)
{
	const struct sonde_ping_outcome *o = &p->told[(p->told_at + p->told_n - 1) % TOLD];

	if (!p->heard)
		return NULL;
	sonde_ping_record(p, o);
	*ret_target = o->probe.target;
	return &p->record;
}
