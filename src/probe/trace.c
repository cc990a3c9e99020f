#include "probe/trace.h"

#include <string.h>
#include <sys/socket.h>

#define SLACK	 (50 * SONDE_MILLISECOND) /* what an answer may be slower beyond a multiple */
#define GRAIN	 (5 * SONDE_MILLISECOND)  /* how late the fate of one of many is noticed */
#define LATENESS (20 * SONDE_MILLISECOND) /* of timers, that is made up for by bursts */

enum { FEW = 256 }; /* probes, that are looked through with every answer */

/* ---- begin and end ---- */

static uint64_t room_for(const struct sonde_trace_plan *plan, uint32_t n)
{
	uint64_t each = (uint64_t)plan->most * plan->queries * n;

	return 4 * each; /* those of the rounds before, whose answers may come late */
}

/* How far to probe where this hop has answered. */
static uint8_t limit_of(const struct sonde_trace *p, unsigned hop)
{
	unsigned least = p->plan.first - 1u, limit = (hop > least ? hop : least) + p->plan.ahead;

	return limit < p->plan.most ? (uint8_t)limit : p->plan.most;
}

void sonde_trace_open(struct sonde_trace *p, const struct sonde_trace_plan *plan,
		      const struct sonde_given *given, uint32_t n, sonde_ns now, sonde_ns real)
{
	uint64_t late = plan->gap ? LATENESS / plan->gap + 1 : 1;

	*p = (struct sonde_trace){ .plan = *plan, .round_began = now };
	struct sonde_survey_plan survey = { .look = plan->look,
					    .secret = &plan->secret,
					    .given = given,
					    .n = n,
					    .room = room_for(plan, n) };

	sonde_survey_open(&p->survey, &p->arena, &survey, now, real);
	sonde_pace_init(&p->pace, plan->gap, plan->burst > late ? plan->burst : late, now);
	p->host = sonde_arena_take(&p->arena, n * sizeof *p->host);
	for (uint32_t i = 0; i < n; i++) {
		struct sonde_trace_host *h = &p->host[i];

		h->hop = sonde_arena_take(&p->arena, plan->most * sizeof *h->hop);
		h->round = sonde_arena_take(&p->arena, SONDE_TRACE_ROUNDS * sizeof *h->round);
		h->next = plan->first;
		h->limit = limit_of(p, 0);
		h->label = 1 + (uint32_t)sonde_secret_hash(&plan->secret, &i, sizeof i) % 0xfffff;
	}
}

void sonde_trace_close(struct sonde_trace *p)
{
	sonde_arena_done(&p->arena);
}

/* ---- what is waited for ---- */

static struct sonde_trace_hop *hop_of(const struct sonde_trace *p, const struct sonde_probe *probe)
{
	return &p->host[probe->target].hop[probe->ttl - 1];
}

/* How long the answer of this hop is waited for, by what has come. */
static sonde_ns patience(const struct sonde_trace *p, const struct sonde_probe *probe)
{
	const struct sonde_trace_host *h = &p->host[probe->target];
	const struct sonde_trace_hop *hop = hop_of(p, probe);
	sonde_ns wait = p->plan.timeout, fastest = UINT64_MAX;

	if (hop->stats.n)
		return p->plan.here * hop->stats.max + SLACK < wait
			       ? p->plan.here * hop->stats.max + SLACK
			       : wait;
	for (unsigned ttl = probe->ttl; ttl < p->plan.most; ttl++)
		if (h->hop[ttl].stats.n && h->hop[ttl].stats.min < fastest)
			fastest = h->hop[ttl].stats.min;
	if (fastest != UINT64_MAX && p->plan.near * fastest + SLACK < wait)
		wait = p->plan.near * fastest + SLACK;
	return wait;
}

static struct sonde_trace_answer *answer_of(const struct sonde_trace *p,
					    const struct sonde_probe *probe)
{
	struct sonde_trace_hop *hop = hop_of(p, probe);
	uint64_t first = p->round * p->plan.queries; /* of this round */

	return probe->seq >= first ? &hop->last[probe->seq - first] : NULL;
}

/* It is no longer waited for. */
static void leave(struct sonde_trace *p, const struct sonde_probe *probe)
{
	hop_of(p, probe)->out--;
	p->host[probe->target].out--;
}

/* Beyond the end of the path: nobody is asked whether the target answers that, too. */
static bool is_beyond(const struct sonde_trace *p, const struct sonde_probe *probe)
{
	uint8_t end = p->host[probe->target].end;

	return end && probe->ttl > end;
}

/* The oldest probe, in the order of sending. Where its fate is known, it counts. */
static void judge(struct sonde_trace *p, const struct sonde_probe *probe)
{
	bool answered = probe->state == SONDE_PROBE_ANSWERED || probe->state == SONDE_PROBE_ENDED;
	struct sonde_trace_host *h = &p->host[probe->target];
	struct sonde_trace_hop *hop;
	struct sonde_blame_round *round;

	if (probe->state == SONDE_PROBE_REFUSED || probe->state == SONDE_PROBE_DROPPED ||
	    probe->state == SONDE_PROBE_OUT)
		return;
	hop = hop_of(p, probe);
	round = &h->round[probe->seq % SONDE_TRACE_ROUNDS];
	sonde_stats_fate(&hop->stats, answered);
	sonde_limit_told(hop->limit, probe->asked, answered);
	if (probe->seq >= h->rounds) {
		*round = (struct sonde_blame_round){ 0 };
		h->rounds = probe->seq + 1;
	}
	round->sent |= 1ull << (probe->ttl - 1);
	round->answered |= (uint64_t)answered << (probe->ttl - 1);
}

static void lose(struct sonde_trace *p, struct sonde_probe *probe)
{
	struct sonde_trace_answer *last = answer_of(p, probe);

	probe->state = SONDE_PROBE_LOST;
	leave(p, probe);
	if (last)
		last->status = SONDE_TRACE_LOST;
	if (!p->plan.quiet)
		sonde_survey_tell_bare(&p->survey, probe, SONDE_OUTCOME_LOST);
}

/* As if it had never been sent. */
static void drop(struct sonde_trace *p, struct sonde_probe *probe)
{
	probe->state = SONDE_PROBE_DROPPED;
	leave(p, probe);
	hop_of(p, probe)->sent--;
}

/* Those that have been waited for long enough; at the end, what is known of all. */
static void decide(struct sonde_trace *p, sonde_ns now)
{
	struct sonde_flight *f = &p->survey.flight;
	struct sonde_probe *probe;

	if (now < p->check && !p->survey.ending)
		return;
	p->check = UINT64_MAX;
	for (uint64_t serial = f->undecided; serial < f->next; serial++) {
		sonde_ns until;

		probe = sonde_flight_token(f, (uint32_t)serial);
		if (probe->state != SONDE_PROBE_OUT)
			continue;
		if (is_beyond(p, probe)) {
			drop(p, probe);
			continue;
		}
		until = probe->asked + patience(p, probe);
		if (until <= now && p->survey.told_n < SONDE_SURVEY_TOLD)
			lose(p, probe);
		else if (until < p->check)
			p->check = until;
	}
	while ((probe = sonde_flight_oldest(f)) &&
	       (probe->state != SONDE_PROBE_OUT || p->survey.ending)) {
		judge(p, probe);
		sonde_flight_decide(f);
	}
}

/* ---- steps ---- */

/* The next hop of this host that has a query left in this round; false: none, for now. */
static bool has_query(struct sonde_trace *p, struct sonde_trace_host *h)
{
	uint8_t limit = h->end ? h->end : h->limit;

	while (h->next <= limit && h->hop[h->next - 1].queried == p->plan.queries)
		h->next++;
	if (h->next <= limit)
		return true;
	/* Nothing answers any more: the rest at once, but only the first time. */
	if (h->end || h->out || h->limit == p->plan.most || p->round)
		return false;
	h->limit = p->plan.most;
	return h->next <= h->limit;
}

/* Whether there is a probe to be sent in this round; p->turn is its target then. */
static bool has_next(struct sonde_trace *p)
{
	for (uint32_t looked = 0; looked < p->survey.n; looked++) {
		if (p->turn == p->survey.n)
			p->turn = 0;
		if (has_query(p, &p->host[p->turn]))
			return true;
		p->turn++;
	}
	return false;
}

/* The last hop that has answered. */
static unsigned farthest(const struct sonde_trace *p, const struct sonde_trace_host *h)
{
	unsigned ttl = p->plan.most;

	while (ttl && !h->hop[ttl - 1].n_who)
		ttl--;
	return ttl;
}

static void begin_round(struct sonde_trace *p, sonde_ns now)
{
	p->round++;
	p->round_began += p->plan.interval;
	if (p->round_began + p->plan.interval < now)
		p->round_began = now; /* it was too much for the interval */
	for (uint32_t i = 0; i < p->survey.n; i++) {
		struct sonde_trace_host *h = &p->host[i];

		h->next = p->plan.first;
		h->limit = limit_of(p, farthest(p, h));
		for (unsigned ttl = 0; ttl < p->plan.most; ttl++) {
			h->hop[ttl].queried = 0;
			memset(h->hop[ttl].last, 0, sizeof h->hop[ttl].last);
		}
	}
}

static struct sonde_step send_next(struct sonde_trace *p, sonde_ns now)
{
	struct sonde_trace_host *h = &p->host[p->turn];
	struct sonde_trace_hop *hop = &h->hop[h->next - 1];
	struct sonde_probe *probe = sonde_survey_probe(&p->survey, p->turn, now);
	struct sonde_step step;

	probe->ttl = h->next;
	probe->seq = p->round * p->plan.queries + hop->queried;
	hop->last[hop->queried++].status = SONDE_TRACE_OUT;
	if (!hop->limit)
		hop->limit = sonde_arena_take(&p->arena, sizeof *hop->limit);
	hop->sent++;
	hop->out++;
	h->out++;
	p->turn++;
	if (now + patience(p, probe) < p->check)
		p->check = now + patience(p, probe);
	sonde_pace_take(&p->pace, now);
	step = sonde_survey_send(&p->survey, probe);
	step.label = h->label;
	return step;
}

struct sonde_step sonde_trace_step(struct sonde_trace *p, sonde_ns now)
{
	const struct sonde_probe_record *record;
	sonde_ns until, t;
	bool more;

	/* Losses are decided in steps that a file of the run tells (run/probefile.h): those that
	 * tell the first of them, send, wait or are the last. */
	if (!(record = sonde_survey_told(&p->survey))) {
		decide(p, now);
		record = sonde_survey_told(&p->survey);
	}
	if (record)
		return (struct sonde_step){ .is = SONDE_STEP_TELL, .record = record };
	more = !p->survey.ending && has_next(p);
	if (!more && !p->survey.ending && p->round + 1 != p->plan.rounds &&
	    now >= p->round_began + p->plan.interval) {
		begin_round(p, now);
		more = has_next(p);
	}
	if (p->survey.ending ||
	    (!more && p->round + 1 == p->plan.rounds && !sonde_flight_oldest(&p->survey.flight)))
		return (struct sonde_step){ .is = SONDE_STEP_DONE };
	until = p->check;
	if (more && sonde_flight_has_room(&p->survey.flight)) {
		t = sonde_pace_when(&p->pace);
		if (t <= now)
			return send_next(p, now);
		until = t < until ? t : until;
	}
	t = p->round_began + p->plan.interval;
	if (!more && p->round + 1 != p->plan.rounds && t < until)
		until = t;
	return (struct sonde_step){ .is = SONDE_STEP_WAIT, .until = until };
}

/* ---- arrivals ---- */

static uint8_t who_is(struct sonde_trace *p, struct sonde_trace_hop *hop,
		      const struct sonde_address *from)
{
	uint8_t i = 0;

	while (i < hop->n_who && memcmp(hop->who[i].address.ip, from->ip, sizeof from->ip))
		i++;
	if (i == SONDE_TRACE_WHO) {
		hop->more_who = true;
		return i;
	}
	if (i == hop->n_who) {
		hop->who[hop->n_who++].address = *from;
		p->met++;
	}
	hop->who[i].n++;
	return i;
}

/* Whether the path goes no further than who sent this: all errors end it but that its time was
 * exceeded on the way, as in traceroute(8). */
static bool ends_path(const struct sonde_heard *heard, uint16_t family)
{
	const struct sonde_answer *a = &heard->answer;

	return heard->end || a->type != (family == AF_INET6 ? 3 : 11) || a->code_of_type;
}

/* What the answer says of where the path ends. */
static void place_end(struct sonde_trace *p, struct sonde_trace_host *h,
		      const struct sonde_heard *heard)
{
	const struct sonde_address *to = &p->survey.to[heard->probe->target];
	uint8_t ttl = heard->probe->ttl, limit = limit_of(p, ttl);

	if (ends_path(heard, to->family)) {
		if (!h->end || ttl <= h->end) {
			h->end = ttl;
			h->reached = heard->end || !memcmp(heard->outcome.from.ip, to->ip, 16);
		}
		return;
	}
	if (ttl == h->end) { /* it has become longer */
		h->end = 0;
		h->reached = false;
	}
	h->limit = limit > h->limit ? limit : h->limit;
}

static void keep_answer(struct sonde_trace *p, const struct sonde_heard *heard,
			enum sonde_trace_status status)
{
	const struct sonde_outcome *o = &heard->outcome;
	struct sonde_trace_hop *hop = hop_of(p, heard->probe);
	struct sonde_trace_answer *last = answer_of(p, heard->probe);
	uint8_t who = who_is(p, hop, &o->from);

	hop->is = o->answer;
	hop->type = o->type;
	hop->code = o->code;
	hop->ttl = o->ttl;
	hop->quoted_ttl = o->quoted_ttl;
	hop->mtu = o->mtu;
	if (last)
		*last = (struct sonde_trace_answer){ .status = (uint8_t)status,
						     .who = who,
						     .is = o->answer,
						     .type = o->type,
						     .code = o->code,
						     .rtt = o->trip.rtt };
}

static void hear_first(struct sonde_trace *p, const struct sonde_heard *heard)
{
	struct sonde_probe *probe = heard->probe;
	struct sonde_trace_hop *hop = hop_of(p, probe);

	leave(p, probe);
	sonde_stats_answer(&hop->stats, &p->arena, probe->seq, heard->outcome.trip.rtt);
	hop->clocks |= (uint8_t)(1u << heard->outcome.trip.clock);
	keep_answer(p, heard, SONDE_TRACE_ANSWERED);
	place_end(p, &p->host[probe->target], heard);
}

static uint8_t count(struct sonde_trace *p, const struct sonde_heard *heard)
{
	struct sonde_trace_hop *hop = hop_of(p, heard->probe);

	switch (heard->match) {
	case SONDE_MATCH_FIRST: hear_first(p, heard); return SONDE_OUTCOME_REPLY;
	case SONDE_MATCH_LATE:
		hop->late++;
		keep_answer(p, heard, SONDE_TRACE_LATE);
		place_end(p, &p->host[heard->probe->target], heard);
		return SONDE_OUTCOME_LATE;
	case SONDE_MATCH_DUPLICATE: hop->duplicates++; return SONDE_OUTCOME_DUPLICATE;
	case SONDE_MATCH_CORRUPTED: hop->corrupted++; return SONDE_OUTCOME_CORRUPTED;
	default: hop->spoofed++; return SONDE_OUTCOME_SPOOFED;
	}
}

static void hear_refusal(struct sonde_trace *p, const struct sonde_heard *heard)
{
	struct sonde_trace_hop *hop = hop_of(p, heard->probe);
	struct sonde_trace_answer *last = answer_of(p, heard->probe);

	leave(p, heard->probe);
	hop->sent--;
	hop->refused++;
	hop->error = sonde_outcome_words(&heard->outcome, 0);
	if (last)
		last->status = SONDE_TRACE_REFUSED;
}

/* Something has happened to a probe: others may be known by it to be lost, or to be over. */
static void notice(struct sonde_trace *p, sonde_ns now)
{
	const struct sonde_flight *f = &p->survey.flight;
	sonde_ns at = f->next - f->undecided > FEW ? now + GRAIN : now;

	p->check = p->check < at ? p->check : at;
}

void sonde_trace_hear(struct sonde_trace *p, const struct sonde_arrival *a)
{
	struct sonde_heard heard;

	if (!sonde_survey_hear(&p->survey, a, &heard))
		return;
	notice(p, a->now);
	if (heard.match == SONDE_MATCH_NOTHING)
		hear_refusal(p, &heard);
	else
		heard.outcome.status = count(p, &heard);
	if (heard.answer.is == SONDE_ANSWER_ERROR &&
	    (heard.match == SONDE_MATCH_FIRST || heard.match == SONDE_MATCH_LATE))
		sonde_trace_see(p, &heard, a);
	if (!p->plan.quiet)
		sonde_survey_tell(&p->survey, &heard, a->now);
}

static struct sonde_step step(void *of, sonde_ns now)
{
	return sonde_trace_step(of, now);
}

static void hear(void *of, const struct sonde_arrival *a)
{
	sonde_trace_hear(of, a);
}

struct sonde_engine sonde_trace_engine(struct sonde_trace *p)
{
	return (struct sonde_engine){ &p->survey, p, step, hear };
}
