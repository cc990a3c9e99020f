/* What a ping tells: records of what happened, and the statistics of a target. */
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"
#include "probe/ping_inside.h"
#include "probe/words.h"

static const char *const status_words[] = { "reply", "lost",  "late",	   "duplicate",
					    "error", "local", "corrupted", "spoofed" };

const char *sonde_ping_words(const struct sonde_ping_outcome *o, uint16_t family)
{
	switch (o->answer) {
	case SONDE_ANSWER_ECHO: return "echo-reply";
	case SONDE_ANSWER_DATA: return "data";
	case SONDE_ANSWER_SYN_ACK: return "syn-ack";
	case SONDE_ANSWER_RST: return "rst";
	case SONDE_ANSWER_NEIGHBOUR: return "neighbour";
	case SONDE_ANSWER_ERROR: return sonde_words_of_error(family, o->type, o->code);
	default: return o->error ? strerrordesc_np(o->error) : NULL;
	}
}

static const char *put_host(char text[static 64], const struct sonde_address *a)
{
	char *o = a->family == AF_INET ? sonde_put_ip4(text, a->ip) : sonde_put_ip6(text, a->ip);

	if (a->scope) {
		*o++ = '%';
		o = sonde_put_dec(o, a->scope);
	}
	*o = 0;
	return a->family ? text : NULL;
}

static void put_route(struct sonde_ping *p, const struct sonde_ping_outcome *o)
{
	for (unsigned i = 0; i < o->route_len / 4; i++) {
		*sonde_put_ip4(p->route_text[i], o->route + 4 * i) = 0;
		p->route[i] = p->route_text[i];
	}
	if (o->route_len)
		p->record.route = (struct sonde_list){ p->route, o->route_len / 4 };
}

void sonde_ping_record(struct sonde_ping *p, const struct sonde_ping_outcome *o)
{
	struct sonde_probe_record *r = &p->record;
	const struct sonde_probe *probe = &o->probe;
	uint16_t family = p->to[probe->target].family;

	sonde_record_clear(&sonde_probe_schema, r);
	r->target = put_host(p->target_text, &p->to[probe->target]);
	r->name = p->host[probe->target].name;
	r->seq = probe->seq + 1;
	r->status = status_words[o->status];
	r->answer = sonde_ping_words(o, family);
	r->asked_ns = probe->asked - p->began;
	if (probe->sent)
		r->stack_ns = probe->sent - probe->asked;
	if (probe->sent && probe->queued)
		r->queue_ns = probe->sent > probe->queued ? probe->sent - probe->queued : 0;
	if (o->timed) {
		r->rtt_ns = o->trip.rtt;
		r->clock = sonde_trip_word(o->trip.clock);
		r->uncertainty_ns = o->trip.uncertainty;
		r->wake_ns = o->trip.wake;
	}
	r->from = put_host(p->from_text, &o->from);
	if (!o->answer)
		return;
	r->bytes = o->bytes;
	r->auth_bits = o->auth_bits;
	r->rewritten = o->rewritten;
	put_route(p, o);
	if (o->has_mac) {
		*sonde_put_mac(p->mac_text, o->mac) = 0;
		r->mac = p->mac_text;
	}
	if (o->ttl >= 0)
		r->ttl = (uint64_t)o->ttl;
	if (o->answer == SONDE_ANSWER_ERROR) {
		r->type = o->type;
		r->code = o->code;
		r->mtu = o->mtu ? o->mtu : SONDE_ABSENT;
	}
}

uint32_t sonde_ping_answered(const struct sonde_ping *p)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->n; i++)
		n += p->host[i].stats.n > 0;
	return n;
}

void sonde_ping_target(const struct sonde_ping *p, uint32_t i, struct sonde_target_record *ret,
		       char *address_text)
{
	const struct sonde_ping_host *h = &p->host[i];
	const struct sonde_stats *s = &h->stats;
	uint64_t decided = s->n + s->lost;

	sonde_record_clear(&sonde_target_schema, ret);
	ret->target = put_host(address_text, &p->to[i]);
	ret->name = h->name;
	ret->sent = h->seq - h->refused;
	ret->lost = s->lost;
	ret->received = s->n;
	ret->pending = ret->sent - s->n - s->lost;
	ret->late = h->late;
	ret->duplicates = h->duplicates;
	ret->errors = h->errors;
	ret->local_errors = h->refused;
	ret->corrupted = h->corrupted;
	ret->spoofed = h->spoofed;
	ret->rewritten = h->rewritten;
	ret->reordered = s->reordered;
	if (decided)
		ret->loss_ppm = s->lost * 1000000 / decided;
	ret->loss_bursts = s->bursts;
	ret->loss_single = s->single;
	ret->loss_longest = s->longest;
	ret->last_error = h->error;
	ret->clock = sonde_trip_words(h->clocks);
	if (!s->n)
		return;
	ret->rtt_min_ns = s->min;
	ret->rtt_mean_ns = sonde_stats_mean(s);
	ret->rtt_max_ns = s->max;
	ret->rtt_deviation_ns = sonde_stats_deviation(s);
	ret->rtt_p50_ns = sonde_stats_quantile(s, 500, 1000);
	ret->rtt_p90_ns = sonde_stats_quantile(s, 900, 1000);
	ret->rtt_p95_ns = sonde_stats_quantile(s, 950, 1000);
	ret->rtt_p99_ns = sonde_stats_quantile(s, 990, 1000);
	ret->rtt_p999_ns = sonde_stats_quantile(s, 999, 1000);
	if (s->n > 1)
		ret->jitter_rfc3550_ns = s->jitter16 / 16;
	if (s->changes)
		ret->jitter_ns = (s->change_sum + s->changes / 2) / s->changes;
}
