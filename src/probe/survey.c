#include "probe/survey.h"

#include <string.h>
#include <sys/socket.h>

enum { HEADERS = 128 }; /* of IP, TCP and its options */
#define STORM_GAP (50 * SONDE_MILLISECOND)

static uint32_t longest(const struct sonde_survey_plan *plan)
{
	uint32_t a = sonde_method_size(&plan->look[0]), b = sonde_method_size(&plan->look[1]);
	uint32_t most = a > b ? a : b;

	return most > plan->most ? most : plan->most;
}

void sonde_survey_open(struct sonde_survey *s, struct sonde_arena *a,
		       const struct sonde_survey_plan *plan, sonde_ns now, sonde_ns real)
{
	*s = (struct sonde_survey){ .look = { plan->look[0], plan->look[1] },
				    .n = plan->n,
				    .began = now,
				    .packet_cap = longest(plan) + HEADERS };
	sonde_pace_init(&s->storm, STORM_GAP, SONDE_SECOND / STORM_GAP, now);
	sonde_wall_read(&s->wall, now, real);
	sonde_flight_init(&s->flight, a, plan->secret, plan->room);
	s->flight.no_zero = plan->look[0].method == SONDE_METHOD_UDP;
	s->to = sonde_arena_take(a, s->n * sizeof *s->to);
	s->from = sonde_arena_take(a, s->n * sizeof *s->from);
	s->name = sonde_arena_take(a, s->n * sizeof *s->name);
	s->told = sonde_arena_take(a, SONDE_SURVEY_TOLD * sizeof *s->told);
	s->packet = sonde_arena_take(a, s->packet_cap);
	for (uint32_t i = 0; i < s->n; i++) {
		s->to[i] = plan->given[i].to;
		s->from[i] = plan->given[i].from;
		s->name[i] = plan->given[i].name;
	}
}

static const struct sonde_method_look *look_at(const struct sonde_survey *s, uint32_t target)
{
	return &s->look[s->to[target].family == AF_INET6];
}

struct sonde_probe *sonde_survey_probe(struct sonde_survey *s, uint32_t target, sonde_ns now)
{
	struct sonde_probe *p = sonde_flight_send(&s->flight, target, &s->to[target], now);

	p->is.size = sonde_method_size(look_at(s, target));
	return p;
}

struct sonde_step sonde_survey_send(struct sonde_survey *s, struct sonde_probe *p)
{
	const struct sonde_address *to = &s->to[p->target];
	int len = sonde_method_make(look_at(s, p->target), &p->is, &s->from[p->target], to,
				    s->packet, s->packet_cap, &p->sum);

	return (struct sonde_step){ .is = SONDE_STEP_SEND,
				    .ttl = p->ttl,
				    .token = (uint32_t)p->is.serial,
				    .to = to,
				    .byte = { s->packet, (size_t)len } };
}

/* ---- arrivals ---- */

static bool hear_refusal(struct sonde_survey *s, const struct sonde_arrival *a,
			 struct sonde_heard *ret)
{
	struct sonde_probe *p = sonde_flight_token(&s->flight, a->token);

	if (!p || p->state != SONDE_PROBE_OUT)
		return false;
	p->state = SONDE_PROBE_REFUSED;
	ret->probe = p;
	ret->outcome = (struct sonde_outcome){ .probe = *p,
					       .status = SONDE_OUTCOME_LOCAL,
					       .error = a->error,
					       .mtu = a->mtu,
					       .ttl = -1,
					       .quoted_ttl = -1 };
	return true;
}

static void take_answer(struct sonde_outcome *o, const struct sonde_flight_verdict *v,
			const struct sonde_answer *n)
{
	*o = (struct sonde_outcome){ .probe = *v->probe,
				     .from = n->from,
				     .bytes = n->bytes,
				     .mtu = n->mtu,
				     .ttl = n->ttl,
				     .quoted_ttl = n->quoted_ttl,
				     .answer = n->is,
				     .type = n->type,
				     .code = n->code_of_type,
				     .auth_bits = v->auth_bits,
				     .rewritten = v->rewritten,
				     .has_mac = n->has_mac };
	memcpy(o->mac, n->mac, sizeof o->mac);
	o->route_len = (uint8_t)(n->route.len < sizeof o->route ? n->route.len : sizeof o->route);
	if (o->route_len)
		memcpy(o->route, n->route.at, o->route_len);
}

static bool hear_answer(struct sonde_survey *s, const struct sonde_arrival *a,
			struct sonde_heard *ret)
{
	uint16_t family = a->is == SONDE_ARRIVAL_ERROR ? a->to.family : a->from.family;
	const struct sonde_method_look *look = &s->look[family == AF_INET6];
	struct sonde_flight_verdict v = { 0 };

	sonde_method_read(look, a, &ret->answer);
	if (ret->answer.is)
		v = sonde_flight_match(&s->flight, look, &ret->answer, s->to);
	s->forgotten += v.match == SONDE_MATCH_FORGOTTEN;
	if (v.match == SONDE_MATCH_NOTHING)
		s->foreign++;
	if (v.match == SONDE_MATCH_NOTHING || !v.probe)
		return false;
	ret->match = v.match;
	ret->probe = v.probe;
	ret->end = sonde_method_is_end(look, &ret->answer, &s->to[v.probe->target]);
	if (v.match == SONDE_MATCH_FIRST && ret->end)
		v.probe->state = SONDE_PROBE_ANSWERED;
	take_answer(&ret->outcome, &v, &ret->answer);
	ret->outcome.timed = v.match != SONDE_MATCH_CORRUPTED && v.match != SONDE_MATCH_SPOOFED;
	if (ret->outcome.timed)
		s->unlikely += !sonde_trip_measure(&ret->outcome.trip, &s->wall, v.probe, a);
	return true;
}

bool sonde_survey_hear(struct sonde_survey *s, const struct sonde_arrival *a,
		       struct sonde_heard *ret)
{
	struct sonde_flight *f = &s->flight;

	ret->match = SONDE_MATCH_NOTHING;
	ret->end = s->heard = false;
	sonde_wall_read(&s->wall, a->now, a->real);
	switch (a->is) {
	case SONDE_ARRIVAL_QUEUED:
		s->unlikely += !sonde_flight_queued(f, &s->wall, a->token, a->stamp, a->now);
		return false;
	case SONDE_ARRIVAL_SENT:
		s->unlikely += !sonde_flight_sent(f, &s->wall, a->token, a->stamp, a->now);
		return false;
	case SONDE_ARRIVAL_REFUSED: return hear_refusal(s, a, ret);
	default: return hear_answer(s, a, ret);
	}
}

/* ---- what is told ---- */

static struct sonde_outcome *tell(struct sonde_survey *s)
{
	if (s->told_n == SONDE_SURVEY_TOLD)
		return NULL;
	return &s->told[(s->told_at + s->told_n++) % SONDE_SURVEY_TOLD];
}

void sonde_survey_tell_bare(struct sonde_survey *s, const struct sonde_probe *probe,
			    enum sonde_outcome_status status)
{
	struct sonde_outcome *o = tell(s);

	if (o)
		*o = (struct sonde_outcome){
			.probe = *probe, .status = (uint8_t)status, .ttl = -1, .quoted_ttl = -1
		};
}

/* Whether more of these came than anybody wants to read: then they are counted alone. */
static bool is_storm(struct sonde_survey *s, uint8_t status, sonde_ns now)
{
	if (status != SONDE_OUTCOME_DUPLICATE && status != SONDE_OUTCOME_CORRUPTED &&
	    status != SONDE_OUTCOME_SPOOFED)
		return false;
	if (sonde_pace_when(&s->storm) > now)
		return true;
	sonde_pace_take(&s->storm, now);
	return false;
}

void sonde_survey_tell(struct sonde_survey *s, const struct sonde_heard *heard, sonde_ns now)
{
	struct sonde_outcome *o = is_storm(s, heard->outcome.status, now) ? NULL : tell(s);

	if (o)
		*o = heard->outcome;
	s->heard = o;
}
