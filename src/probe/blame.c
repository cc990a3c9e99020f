#include "probe/blame.h"

#include <stddef.h>

struct share { /* of probes that were lost */
	uint64_t lost, sent;
};

static double part(struct share s)
{
	return s.sent ? (double)s.lost / (double)s.sent : 0;
}

/* Whether a has lost more than b, beyond a chance of one in a hundred: the chi-squared statistic
 * of both, with the correction of Yates, against its quantile for one side. */
static bool is_more(struct share a, struct share b)
{
	double all = (double)(a.sent + b.sent), p = (double)(a.lost + b.lost) / all;
	double more = (double)a.lost - (double)a.sent * p - 0.5;
	double variance = (double)a.sent * p * (1 - p) * (double)b.sent / all;

	return more > 0 && more * more > 5.41 * variance;
}

static void count(const struct sonde_blame_round *round, uint32_t rounds, uint32_t hop,
		  uint64_t later, struct sonde_blame_hop *h)
{
	for (uint32_t i = 0; i < rounds; i++) {
		uint64_t sent = round[i].sent, answered = round[i].answered & sent;

		if (!(sent >> hop & 1))
			continue;
		h->sent++;
		if (answered >> hop & 1)
			continue;
		h->lost++;
		h->apart += (answered & later) > 0;
		h->together += later && (sent & later) == later && !(answered & later);
	}
}

static struct share share_of(const struct sonde_blame_hop *h)
{
	return (struct share){ h->lost, h->sent };
}

/* What is lost on the way to a hop, as the later witnesses have it: of the one that lost least, and
 * of those that did not lose more. */
static struct share least(const struct sonde_blame_hop *hop, uint32_t hops, uint64_t later)
{
	struct share best = { 1, 1 }, sum = { 0 };

	for (uint32_t i = 0; i < hops; i++)
		if (later >> i & 1 && part(share_of(&hop[i])) <= part(best))
			best = share_of(&hop[i]);
	for (uint32_t i = 0; i < hops; i++)
		if (later >> i & 1 && !is_more(share_of(&hop[i]), best)) {
			sum.lost += hop[i].lost;
			sum.sent += hop[i].sent;
		}
	return sum;
}

/* A witness that has lost; `later` are those behind it. */
static void weigh(struct sonde_blame_hop *hop, uint32_t at, uint32_t hops, uint64_t later)
{
	struct sonde_blame_hop *h = &hop[at];
	struct share own = share_of(h), way = least(hop, hops, later);
	bool more = is_more(own, way);

	h->way = part(way) < part(own) ? part(way) : part(own);
	if (part(own) > (more ? 2 : 4) * part(way)) {
		h->verdict = SONDE_BLAME_ANSWERS;
		h->sure = more;
		return;
	}
	h->verdict = SONDE_BLAME_WAY;
	/* Later hops lose for certain; or they lose just when this one does. */
	h->sure = is_more(way, (struct share){ way.sent / 1000, way.sent }) ||
		  is_more((struct share){ h->together, h->lost }, way);
}

/* The first hop of those that lose what is lost at the end as well. */
static void begin(struct sonde_blame_hop *hop, uint32_t hops)
{
	struct sonde_blame_hop *first = NULL;

	for (uint32_t i = hops; i--;) {
		struct sonde_blame_hop *h = &hop[i];

		if (h->verdict == SONDE_BLAME_WAY || h->verdict == SONDE_BLAME_END)
			first = h;
		else if (h->verdict == SONDE_BLAME_NONE ||
			 (h->verdict == SONDE_BLAME_ANSWERS && first &&
			  h->way * 2 < part(share_of(first))))
			break;
	}
	if (first)
		first->begins = true;
}

void sonde_blame_judge(const struct sonde_blame_round *round, uint32_t rounds, uint64_t limited,
		       uint32_t hops, bool reached, struct sonde_blame_hop *ret)
{
	uint64_t answering = 0, later = 0;

	for (uint32_t i = 0; i < rounds; i++)
		answering |= round[i].answered & round[i].sent;
	for (uint32_t i = hops; i--;) {
		struct sonde_blame_hop *h = &ret[i];
		bool answers = answering >> i & 1;

		*h = (struct sonde_blame_hop){ .verdict = SONDE_BLAME_UNCLEAR };
		count(round, rounds, i, later, h);
		if (h->sent && !answers)
			h->verdict = answering >> i ? SONDE_BLAME_SILENT : SONDE_BLAME_DARK;
		else if (h->sent && !h->lost)
			h->verdict = SONDE_BLAME_NONE;
		else if (limited >> i & 1)
			h->verdict = SONDE_BLAME_LIMITED;
		else if (h->sent && reached && i == hops - 1)
			h->verdict = SONDE_BLAME_END;
		else if (h->sent && later)
			weigh(ret, i, hops, later);
		later |= (answering & ~limited) & 1ull << i;
	}
	begin(ret, hops);
}
