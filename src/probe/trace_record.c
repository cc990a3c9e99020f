/* What a trace knows at its end: hops and paths, as records. */
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"
#include "probe/rewrite.h"
#include "probe/trace.h"
#include "probe/words.h"

static const struct sonde_column hop_columns[] = { SONDE_HOP_COLUMNS(SONDE_MEMBER_COLUMN,
								     sonde_hop_record) };
static const struct sonde_column path_columns[] = { SONDE_PATH_COLUMNS(SONDE_MEMBER_COLUMN,
								       sonde_path_record) };

const struct sonde_schema sonde_hop_schema = { "hop", hop_columns,
					       sizeof hop_columns / sizeof *hop_columns };
const struct sonde_schema sonde_path_schema = { "path", path_columns,
						sizeof path_columns / sizeof *path_columns };

unsigned sonde_trace_hops(const struct sonde_trace *p, uint32_t host)
{
	const struct sonde_trace_host *h = &p->host[host];
	unsigned last = 0, probed = 0;

	if (h->end)
		return h->end;
	for (unsigned ttl = 1; ttl <= p->plan.most; ttl++) {
		const struct sonde_trace_hop *hop = &h->hop[ttl - 1];

		last = hop->n_who ? ttl : last;
		probed = hop->sent || hop->refused ? ttl : probed;
	}
	return last < probed ? last + 1 : last;
}

static const char *status_of(const struct sonde_trace *p, const struct sonde_trace_host *h,
			     unsigned ttl)
{
	const struct sonde_trace_hop *hop = &h->hop[ttl - 1];

	if (ttl == h->end)
		return h->reached ? "target" : "end";
	if (hop->n_who)
		return "answers";
	if (!hop->sent)
		return hop->refused ? "local" : "unknown";
	for (unsigned i = ttl; i < p->plan.most; i++)
		if (h->hop[i].n_who)
			return "silent";
	return "unknown";
}

/* Hosts begin with one of these; so far it has come back. */
static uint64_t hops_back(int16_t ttl)
{
	return (ttl <= 64 ? 64u : ttl <= 128 ? 128u : 255u) - (uint64_t)ttl + 1;
}

static void put_who(const struct sonde_trace_hop *hop, struct sonde_hop_record *ret,
		    struct sonde_trace_texts *texts)
{
	unsigned most = 0;

	for (unsigned i = 0; i < hop->n_who; i++) {
		texts->list[i] = sonde_survey_put_host(texts->address[i], &hop->who[i].address);
		most = hop->who[i].n > hop->who[most].n ? i : most;
	}
	if (hop->n_who) {
		ret->from = texts->list[most];
		ret->addresses = (struct sonde_list){ texts->list, hop->n_who };
	}
}

static void put_times(const struct sonde_stats *s, struct sonde_hop_record *ret)
{
	ret->rtt_ns = s->last;
	ret->rtt_min_ns = s->min;
	ret->rtt_mean_ns = sonde_stats_mean(s);
	ret->rtt_max_ns = s->max;
	ret->rtt_deviation_ns = sonde_stats_deviation(s);
	ret->rtt_p50_ns = sonde_stats_quantile(s, 500, 1000);
	ret->rtt_p90_ns = sonde_stats_quantile(s, 900, 1000);
	ret->rtt_p99_ns = sonde_stats_quantile(s, 990, 1000);
	if (s->n > 1)
		ret->jitter_rfc3550_ns = s->jitter16 / 16;
	if (!s->changes)
		return;
	ret->jitter_ns = (s->change_sum + s->changes / 2) / s->changes;
	ret->jitter_last_ns = s->change_last;
	ret->jitter_max_ns = s->change_max;
}

static void put_counts(const struct sonde_trace_hop *hop, struct sonde_hop_record *ret)
{
	const struct sonde_stats *s = &hop->stats;

	ret->sent = hop->sent;
	ret->received = s->n;
	ret->lost = s->lost;
	ret->pending = hop->out;
	ret->late = hop->late;
	ret->duplicates = hop->duplicates;
	ret->corrupted = hop->corrupted;
	ret->spoofed = hop->spoofed;
	ret->local_errors = hop->refused;
	ret->last_error = hop->error;
	if (s->decided)
		ret->loss_ppm = s->lost * 1000000 / s->decided;
}

static void put_answer(const struct sonde_trace_hop *hop, uint16_t family,
		       struct sonde_hop_record *ret, struct sonde_trace_texts *texts)
{
	struct sonde_outcome o = { .answer = hop->is, .type = hop->type, .code = hop->code };

	ret->answer = sonde_outcome_words(&o, family);
	if (hop->mtu)
		ret->mtu = hop->mtu;
	if (hop->ttl >= 0) {
		ret->back_ttl = (uint64_t)hop->ttl;
		ret->back_hops = hops_back(hop->ttl);
	}
	if (hop->is != SONDE_ANSWER_ERROR)
		return;
	ret->mark = sonde_words_mark(family, hop->type, hop->code, hop->mtu, texts->mark);
	if (hop->quoted_ttl >= 0)
		ret->quoted_ttl = (uint64_t)hop->quoted_ttl;
}

void sonde_trace_judge(const struct sonde_trace *p, uint32_t host,
		       struct sonde_trace_verdict ret[static SONDE_TRACE_MOST])
{
	const struct sonde_trace_host *h = &p->host[host];
	struct sonde_blame_hop blame[SONDE_BLAME_HOPS];
	unsigned hops = sonde_trace_hops(p, host);
	uint64_t limited = 0, rounds = h->rounds;

	for (unsigned i = 0; i < hops; i++) {
		ret[i] = (struct sonde_trace_verdict){ 0 };
		if (h->hop[i].limit && h->hop[i].stats.lost)
			ret[i].limit = sonde_limit_judge(h->hop[i].limit);
		limited |= (uint64_t)(ret[i].limit.verdict == SONDE_LIMIT_FOUND) << i;
	}
	sonde_blame_judge(h->round,
			  (uint32_t)(rounds < SONDE_TRACE_ROUNDS ? rounds : SONDE_TRACE_ROUNDS),
			  limited, hops, h->reached, blame);
	for (unsigned i = 0; i < hops; i++)
		ret[i].blame = blame[i];
}

static void put_verdict(const struct sonde_trace_verdict *v, struct sonde_hop_record *ret,
			struct sonde_trace_texts *texts)
{
	static const char *const words[] = { "unclear", "none",	   "limited", "silent",
					     "dark",	"answers", "way",     "end" };

	struct sonde_text t;

	ret->loss = words[v->blame.verdict];
	if (v->blame.verdict >= SONDE_BLAME_WAY)
		ret->loss_begins = v->blame.begins;
	if (v->blame.verdict != SONDE_BLAME_LIMITED)
		return;
	sonde_text_init(&t, texts->rate, sizeof texts->rate, NULL, NULL);
	sonde_text_print(&t, "%.3g", v->limit.rate);
	sonde_text_bytes(&t, "", 1);
	ret->limit_rate = texts->rate;
	if (v->limit.burst)
		ret->limit_burst = v->limit.burst;
}

static void put_seen(const struct sonde_trace_hop *hop, struct sonde_hop_record *ret,
		     struct sonde_trace_texts *texts)
{
	for (unsigned i = 0; i < hop->n_change; i++)
		texts->change[i] = hop->change[i].text;
	if (hop->n_change)
		ret->changes = (struct sonde_list){ texts->change, hop->n_change };
	if (hop->nat)
		ret->nat = sonde_rewrite_nat_text(hop->nat);
	ret->extensions = hop->extension;
}

void sonde_trace_hop(const struct sonde_trace *p, uint32_t host, unsigned ttl,
		     const struct sonde_trace_verdict *verdict, struct sonde_hop_record *ret,
		     struct sonde_trace_texts *texts)
{
	const struct sonde_trace_host *h = &p->host[host];
	const struct sonde_trace_hop *hop = &h->hop[ttl - 1];

	sonde_record_clear(&sonde_hop_schema, ret);
	ret->target = sonde_survey_put_host(texts->target, &p->survey.to[host]);
	ret->name = p->survey.name[host];
	ret->ttl = ttl;
	ret->status = status_of(p, h, ttl);
	put_counts(hop, ret);
	put_who(hop, ret, texts);
	if (hop->stats.n)
		put_times(&hop->stats, ret);
	ret->clock = sonde_trip_words(hop->clocks);
	if (hop->n_who)
		put_answer(hop, p->survey.to[host].family, ret, texts);
	if (verdict)
		put_verdict(verdict, ret, texts);
	put_seen(hop, ret, texts);
	sonde_trace_sizes_hop(p, host, ttl, ret);
}

void sonde_trace_path(const struct sonde_trace *p, uint32_t host, struct sonde_path_record *ret,
		      struct sonde_trace_texts *texts)
{
	const struct sonde_trace_host *h = &p->host[host];

	sonde_record_clear(&sonde_path_schema, ret);
	ret->target = sonde_survey_put_host(texts->target, &p->survey.to[host]);
	ret->name = p->survey.name[host];
	ret->reached = h->reached;
	if (h->end)
		ret->hops = h->end;
	ret->source = sonde_survey_put_host(texts->from, &p->survey.from[host]);
	sonde_trace_sizes_path(p, host, ret, texts);
}
