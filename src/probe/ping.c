#include "probe/ping.h"

#define FLOOD_GAP (10 * SONDE_MILLISECOND)
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

void sonde_ping_open(struct sonde_ping *p, const struct sonde_ping_plan *plan,
		     const struct sonde_given *given, uint32_t n, sonde_ns now, sonde_ns real)
{
	sonde_ns gap = plan->flood ? FLOOD_GAP : plan->sweep ? 0 : plan->interval / n;
	uint64_t at_first = plan->preload ? plan->preload : 1, burst;
	struct sonde_survey_plan survey = {
		.look = plan->look, .secret = &plan->secret, .given = given, .n = n
	};

	*p = (struct sonde_ping){ .plan = *plan, .last = n, .round_began = now };
	gap = gap < plan->gap ? plan->gap : gap;
	burst = gap && !plan->flood ? LATENESS / gap + 1 : 1;
	burst = burst > at_first ? burst : at_first;
	sonde_pace_init(&p->pace, gap, burst, now);
	p->pace.next += gap * (burst - at_first); /* not full at first */
	survey.room = room_for(plan, n, gap);
	sonde_survey_open(&p->survey, &p->arena, &survey, now, real);
	p->host = sonde_arena_take(&p->arena, n * sizeof *p->host);
}

void sonde_ping_share(struct sonde_ping *p, uint32_t first, uint32_t last)
{
	p->first = p->turn = first;
	p->last = last;
}

void sonde_ping_take(struct sonde_ping *p, const struct sonde_ping *other)
{
	for (uint32_t i = other->first; i < other->last; i++)
		p->host[i] = other->host[i];
	p->survey.foreign += other->survey.foreign;
	p->survey.forgotten += other->survey.forgotten;
	p->survey.unlikely += other->survey.unlikely;
}

void sonde_ping_close(struct sonde_ping *p)
{
	sonde_arena_done(&p->arena);
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

	while ((probe = sonde_flight_oldest(&p->survey.flight)) &&
	       p->survey.told_n < SONDE_SURVEY_TOLD) {
		struct sonde_ping_host *h = &p->host[probe->target];
		bool open = probe->state == SONDE_PROBE_OUT;

		if (open && now < probe->asked + p->plan.timeout)
			return;
		if (probe->state != SONDE_PROBE_REFUSED)
			sonde_stats_fate(&h->stats, probe->state == SONDE_PROBE_ANSWERED);
		if (open) {
			probe->state = SONDE_PROBE_LOST;
			if (!p->plan.quiet)
				sonde_survey_tell_bare(&p->survey, probe, SONDE_OUTCOME_LOST);
		}
		sonde_flight_decide(&p->survey.flight);
	}
}

/* Whether there is a probe to be sent, now or later; p->turn is its target then. */
static bool has_next(struct sonde_ping *p)
{
	bool bounded = p->plan.count && !(p->plan.deadline && !p->plan.sweep);

	if (p->survey.ending || p->satisfied == p->last - p->first)
		return false;
	for (uint32_t looked = p->first; looked <= p->last; looked++) {
		if (p->turn == p->last) {
			p->turn = p->first;
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
	struct sonde_probe *probe = sonde_survey_probe(&p->survey, p->turn, now);

	probe->seq = p->host[p->turn++].seq++;
	sonde_pace_take(&p->pace, now);
	return sonde_survey_send(&p->survey, probe);
}

static bool is_over(const struct sonde_ping *p, sonde_ns now)
{
	return p->survey.ending || (p->plan.deadline && now - p->survey.began >= p->plan.deadline);
}

struct sonde_step sonde_ping_step(struct sonde_ping *p, sonde_ns now)
{
	const struct sonde_probe_record *record;
	const struct sonde_probe *oldest;
	sonde_ns until = UINT64_MAX, t;
	bool more;

	decide(p, now);
	if ((record = sonde_survey_told(&p->survey)))
		return (struct sonde_step){ .is = SONDE_STEP_TELL, .record = record };
	oldest = sonde_flight_oldest(&p->survey.flight);
	more = has_next(p);
	if (is_over(p, now) || (!more && !oldest))
		return (struct sonde_step){ .is = SONDE_STEP_DONE };
	if (more && sonde_flight_has_room(&p->survey.flight)) {
		t = when(p);
		if (t <= now)
			return send_next(p, now);
		until = t;
	}
	if (oldest && oldest->asked + p->plan.timeout < until)
		until = oldest->asked + p->plan.timeout;
	if (p->plan.deadline && p->survey.began + p->plan.deadline < until)
		until = p->survey.began + p->plan.deadline;
	return (struct sonde_step){ .is = SONDE_STEP_WAIT, .until = until };
}

/* ---- arrivals ---- */

/* What came when its probe was past its time, and is heard before that has been told. */
static bool is_past(const struct sonde_ping *p, const struct sonde_outcome *o)
{
	sonde_ns begin = o->probe.sent ? o->probe.sent : o->probe.asked;

	return begin - o->probe.asked + o->trip.rtt > p->plan.timeout;
}

static void count_first(struct sonde_ping *p, struct sonde_ping_host *h,
			const struct sonde_outcome *o)
{
	bool before = is_enough(p, h);

	sonde_stats_answer(&h->stats, &p->arena, o->probe.seq, o->trip.rtt);
	h->clocks |= (uint8_t)(1u << o->trip.clock);
	p->satisfied += !before && is_enough(p, h);
}

/* Returns what it is. */
static enum sonde_outcome_status count(struct sonde_ping *p, const struct sonde_heard *heard)
{
	const struct sonde_outcome *o = &heard->outcome;
	struct sonde_ping_host *h = &p->host[heard->probe->target];

	h->rewritten += o->rewritten;
	switch (heard->match) {
	case SONDE_MATCH_FIRST:
		if (heard->end) {
			count_first(p, h, o);
			return SONDE_OUTCOME_REPLY;
		}
		h->errors++;
		h->error = sonde_outcome_words(o, p->survey.to[heard->probe->target].family);
		return SONDE_OUTCOME_ERROR;
	case SONDE_MATCH_LATE:
		h->late += heard->end;
		return heard->end ? SONDE_OUTCOME_LATE : SONDE_OUTCOME_ERROR;
	case SONDE_MATCH_DUPLICATE: h->duplicates++; return SONDE_OUTCOME_DUPLICATE;
	case SONDE_MATCH_CORRUPTED: h->corrupted++; return SONDE_OUTCOME_CORRUPTED;
	default: h->spoofed++; return SONDE_OUTCOME_SPOOFED;
	}
}

/* The next one need not wait any longer. */
static void hurry(struct sonde_ping *p, const struct sonde_probe *probe, sonde_ns now)
{
	if ((p->plan.flood || p->plan.adaptive) && probe->is.serial + 1 == p->survey.flight.next &&
	    p->pace.next > now + p->plan.gap)
		p->pace.next = now + p->plan.gap;
}

static void hear_answer(struct sonde_ping *p, struct sonde_heard *heard, sonde_ns now)
{
	if (heard->match == SONDE_MATCH_FIRST && is_past(p, &heard->outcome)) {
		heard->match = SONDE_MATCH_LATE;
		heard->probe->state = SONDE_PROBE_LATE;
		if (!p->plan.quiet)
			sonde_survey_tell_bare(&p->survey, heard->probe, SONDE_OUTCOME_LOST);
	}
	heard->outcome.status = (uint8_t)count(p, heard);
	if (heard->match == SONDE_MATCH_FIRST)
		hurry(p, heard->probe, now);
}

static void hear_refusal(struct sonde_ping *p, const struct sonde_heard *heard)
{
	struct sonde_ping_host *h = &p->host[heard->probe->target];

	h->refused++;
	h->error = sonde_outcome_words(&heard->outcome, 0);
}

void sonde_ping_hear(struct sonde_ping *p, const struct sonde_arrival *a)
{
	struct sonde_heard heard;

	if (!sonde_survey_hear(&p->survey, a, &heard))
		return;
	if (heard.match == SONDE_MATCH_NOTHING)
		hear_refusal(p, &heard);
	else
		hear_answer(p, &heard, a->now);
	if (!p->plan.quiet)
		sonde_survey_tell(&p->survey, &heard, a->now);
}

static struct sonde_step step(void *of, sonde_ns now)
{
	return sonde_ping_step(of, now);
}

static void hear(void *of, const struct sonde_arrival *a)
{
	sonde_ping_hear(of, a);
}

struct sonde_engine sonde_ping_engine(struct sonde_ping *p)
{
	return (struct sonde_engine){ &p->survey, p, step, hear };
}
