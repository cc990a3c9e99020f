/* What a ping knows of its targets at the end, as records. */
#include "probe/ping.h"

uint32_t sonde_ping_answered(const struct sonde_ping *p)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->survey.n; i++)
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
	ret->target = sonde_survey_put_host(address_text, &p->survey.to[i]);
	ret->name = p->survey.name[i];
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
