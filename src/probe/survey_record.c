/* What happened to a probe, as a record with its texts. */
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"
#include "probe/survey.h"
#include "probe/words.h"

static const char *const status_words[] = { "reply", "lost",  "late",	   "duplicate",
					    "error", "local", "corrupted", "spoofed" };

const char *sonde_outcome_words(const struct sonde_outcome *o, uint16_t family)
{
	const char *words;

	switch (o->answer) {
	case SONDE_ANSWER_ECHO: return "echo-reply";
	case SONDE_ANSWER_DATA: return "data";
	case SONDE_ANSWER_SYN_ACK: return "syn-ack";
	case SONDE_ANSWER_RST: return "rst";
	case SONDE_ANSWER_NEIGHBOUR: return "neighbour";
	case SONDE_ANSWER_ERROR: return sonde_words_of_error(family, o->type, o->code);
	}
	if (o->status != SONDE_OUTCOME_LOCAL)
		return NULL;
	words = o->error ? strerrordesc_np(o->error) : NULL;
	return words ? words : "an error without a name";
}

const char *sonde_survey_put_host(char text[static 64], const struct sonde_address *a)
{
	char *o = a->family == AF_INET ? sonde_put_ip4(text, a->ip) : sonde_put_ip6(text, a->ip);

	if (a->scope) {
		*o++ = '%';
		o = sonde_put_dec(o, a->scope);
	}
	*o = 0;
	return a->family ? text : NULL;
}

static void put_route(struct sonde_survey *s, const struct sonde_outcome *o)
{
	for (unsigned i = 0; i < o->route_len / 4; i++) {
		*sonde_put_ip4(s->route_text[i], o->route + 4 * i) = 0;
		s->route[i] = s->route_text[i];
	}
	if (o->route_len)
		s->record.route = (struct sonde_list){ s->route, o->route_len / 4 };
}

static void put_times(struct sonde_probe_record *r, const struct sonde_outcome *o)
{
	const struct sonde_probe *p = &o->probe;

	if (p->sent)
		r->stack_ns = p->sent - p->asked;
	if (p->sent && p->queued)
		r->queue_ns = p->sent > p->queued ? p->sent - p->queued : 0;
	if (o->timed) {
		r->rtt_ns = o->trip.rtt;
		r->clock = sonde_trip_word(o->trip.clock);
		r->uncertainty_ns = o->trip.uncertainty;
		r->wake_ns = o->trip.wake;
	}
}

static void put_answer(struct sonde_survey *s, const struct sonde_outcome *o)
{
	struct sonde_probe_record *r = &s->record;

	r->bytes = o->bytes;
	r->auth_bits = o->auth_bits;
	r->rewritten = o->rewritten;
	put_route(s, o);
	if (o->has_mac) {
		*sonde_put_mac(s->mac_text, o->mac) = 0;
		r->mac = s->mac_text;
	}
	if (o->ttl >= 0)
		r->ttl = (uint64_t)o->ttl;
	if (o->answer != SONDE_ANSWER_ERROR)
		return;
	r->type = o->type;
	r->code = o->code;
	r->mtu = o->mtu ? o->mtu : SONDE_ABSENT;
	if (o->quoted_ttl >= 0)
		r->quoted_ttl = (uint64_t)o->quoted_ttl;
}

static const struct sonde_probe_record *record(struct sonde_survey *s,
					       const struct sonde_outcome *o)
{
	struct sonde_probe_record *r = &s->record;

	sonde_record_clear(&sonde_probe_schema, r);
	r->target = sonde_survey_put_host(s->target_text, &s->to[o->probe.target]);
	r->name = s->name[o->probe.target];
	r->seq = o->probe.seq + 1;
	r->status = status_words[o->status];
	r->answer = sonde_outcome_words(o, s->to[o->probe.target].family);
	r->asked_ns = o->probe.asked - s->began;
	if (o->probe.ttl) {
		r->hops = o->probe.ttl;
		r->flow = o->probe.is.flow;
	}
	put_times(r, o);
	r->from = sonde_survey_put_host(s->from_text, &o->from);
	if (o->answer)
		put_answer(s, o);
	return r;
}

const struct sonde_probe_record *sonde_survey_told(struct sonde_survey *s)
{
	const struct sonde_outcome *o = &s->told[s->told_at];

	if (!s->told_n)
		return NULL;
	s->told_at = (s->told_at + 1) % SONDE_SURVEY_TOLD;
	s->told_n--;
	return record(s, o);
}

const struct sonde_probe_record *sonde_survey_heard(struct sonde_survey *s, uint32_t *ret_target)
{
	const struct sonde_outcome *o = &s->told[(s->told_at + s->told_n - 1) % SONDE_SURVEY_TOLD];

	if (!s->heard)
		return NULL;
	*ret_target = o->probe.target;
	return record(s, o);
}
