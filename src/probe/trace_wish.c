/* What somebody who watches a trace asks of it. */
#include "probe/trace.h"

static void reset_hop(struct sonde_trace_hop *hop)
{
	hop->stats = (struct sonde_stats){ 0 };
	hop->sent = hop->refused = hop->late = 0;
	hop->duplicates = hop->corrupted = hop->spoofed = 0;
	hop->out = 0;
	hop->clocks = 0;
	hop->error = NULL;
	for (unsigned i = 0; i < hop->n_who; i++)
		hop->who[i].n = 0;
	for (unsigned i = 0; i < hop->n_change; i++)
		hop->change[i].n = 0;
	if (hop->limit)
		*hop->limit = (struct sonde_limit){ 0 };
	memset(hop->last, 0, sizeof hop->last);
}

static void reset(struct sonde_trace *p)
{
	sonde_flight_drop(&p->survey.flight);
	for (uint32_t i = 0; i < p->survey.n; i++) {
		struct sonde_trace_host *h = &p->host[i];

		h->out = 0;
		memset(h->round, 0, SONDE_TRACE_ROUNDS * sizeof *h->round);
		for (unsigned k = 0; k < p->plan.most; k++)
			reset_hop(&h->hop[k]);
	}
}

void sonde_trace_wish(struct sonde_trace *p, const struct sonde_wish *w)
{
	switch (w->is) {
	case SONDE_WISH_RESET: reset(p); break;
	case SONDE_WISH_PAUSE: p->paused = true; break;
	case SONDE_WISH_RESUME: p->paused = false; break;
	case SONDE_WISH_INTERVAL: p->plan.interval = w->value; break;
	}
}
