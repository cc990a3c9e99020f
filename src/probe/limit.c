#include "probe/limit.h"

#include <string.h>

/* How well the level of the bucket is known, in tokens: probes cross a network that is not always
 * as fast. The finer one is for the rate of a bucket that is found, which the rough one makes too
 * high by as much. */
#define ROUGH 0.06
#define FINE  0.01

enum { EMPTY, EDGE, FILLED, LEVELS };

struct series {
	double gap[SONDE_LIMIT_KEPT]; /* seconds since the probe before */
	bool answered[SONDE_LIMIT_KEPT];
	uint32_t n, all;
	double span;  /* seconds */
	double first; /* answers before the first silence */
	bool whole;   /* nothing is forgotten: the first probe found a full bucket */
};

struct bucket {
	double rate, burst, blur;
	double likelihood; /* its logarithm */
	uint32_t lost;	   /* though there was a token */
	bool drained;	   /* it was full, and then used up */
};

void sonde_limit_told(struct sonde_limit *l, sonde_ns sent, bool answered)
{
	l->sent[l->told % SONDE_LIMIT_KEPT] = sent;
	l->answered[l->told++ % SONDE_LIMIT_KEPT] = answered;
}

/* The natural logarithm of v > 0, to some 1e-7: 2 atanh((m - 1) / (m + 1)) of the mantissa. */
static double logarithm(double v)
{
	uint64_t bits;
	double z, z2;
	int exponent;

	memcpy(&bits, &v, sizeof bits);
	exponent = (int)(bits >> 52) - 1023;
	bits = (bits & 0xfffffffffffff) | 0x3ff0000000000000;
	memcpy(&v, &bits, sizeof v);
	z = (v - 1) / (v + 1);
	z2 = z * z;
	return exponent * 0.69314718055994531 +
	       2 * z *
		       (1 +
			z2 * (1. / 3 + z2 * (1. / 5 + z2 * (1. / 7 + z2 * (1. / 9 + z2 / 11)))));
}

/* How likely, at best, `a` answers and `b` silences are where each is as likely as the next. */
static double likelihood(double a, double b)
{
	return (a > 0 ? a * logarithm(a / (a + b)) : 0) + (b > 0 ? b * logarithm(b / (a + b)) : 0);
}

static struct series series_of(const struct sonde_limit *l)
{
	struct series s = { .whole = l->told <= SONDE_LIMIT_KEPT };
	uint64_t from = s.whole ? 0 : l->told - SONDE_LIMIT_KEPT;

	for (uint64_t i = from; i < l->told; i++) {
		uint64_t at = i % SONDE_LIMIT_KEPT, before = (i - 1) % SONDE_LIMIT_KEPT;

		if (i > from && l->sent[at] > l->sent[before])
			s.gap[s.n] = (double)(l->sent[at] - l->sent[before]) / 1e9;
		s.span += s.gap[s.n];
		s.answered[s.n] = l->answered[at];
		s.all += l->answered[at];
		s.first += s.all == s.n + 1;
		s.n++;
	}
	return s;
}

/* Lays a bucket upon the series. Where it errs, what was seen decides: who answered had a token. */
static void lay(struct bucket *b, const struct series *s)
{
	double level = s->whole || b->burst < s->first ? b->burst : s->first + 0.5;
	uint32_t n[LEVELS][2] = { { 0 } };
	bool full = s->whole;

	b->drained = false;
	for (uint32_t i = 0; i < s->n; i++) {
		unsigned is;

		level += s->gap[i] * b->rate;
		full |= level > b->burst + 1;
		level = level > b->burst ? b->burst : level;
		is = level < 1 - b->blur			? EMPTY
		     : level < (b->burst > 1 ? 1 + b->blur : 1) ? EDGE
								: FILLED;
		n[is][s->answered[i]]++;
		b->drained |= full && is == EMPTY;
		if (s->answered[i] || is == FILLED)
			level = level > 1 ? level - 1 : 0;
	}
	b->lost = n[FILLED][0];
	b->likelihood = -1e9;
	if (n[EMPTY][0] < 3 || n[EMPTY][1] * 3 > n[EMPTY][0] || n[FILLED][0] * 3 > n[FILLED][1])
		return;
	b->likelihood = 0;
	for (unsigned i = 0; i < LEVELS; i++)
		b->likelihood += likelihood(n[i][1], n[i][0]);
}

static bool try(struct bucket *best, const struct series *s, double rate, double burst)
{
	struct bucket b = { .rate = rate, .burst = burst, .blur = ROUGH };

	lay(&b, s);
	if (b.likelihood <= best->likelihood)
		return false;
	*best = b;
	return true;
}

/* From rough steps to fine ones. */
static struct bucket fit(const struct series *s)
{
	struct bucket best = { .likelihood = -1e9 };
	double mean = s->all / s->span, high = s->n / s->span;

	high = high > 8 * mean ? 8 * mean : high;
	for (double burst = 1; burst <= s->n; burst += burst < 8 ? 1 : (double)(int)(burst / 4)) {
		for (double rate = mean / 20; rate < high; rate *= 1.05)
			try(&best, s, rate, burst);
		/* A bucket that was full once and never again: all that came was answered. */
		for (double lost = -2; lost < s->all / 16. + 2; lost += 0.5)
			if (s->all + lost > burst)
				try(&best, s, (s->all + lost - burst) / s->span, burst);
	}
	for (unsigned i = 0; i < 64 && best.burst > 0; i++) {
		struct bucket at = best;

		if (!(try(&best, s, at.rate * 1.01, at.burst) |
		      try(&best, s, at.rate / 1.01, at.burst) |
		      try(&best, s, at.rate, at.burst + 1) |
		      (at.burst > 1 && try(&best, s, at.rate, at.burst - 1))))
			break;
	}
	return best;
}

/* The middle of the rates that fit best when looked at closely. */
static double refine(const struct series *s, const struct bucket *found)
{
	double best = -1e8, low = found->rate, high = low;

	for (double rate = found->rate * 0.8; rate < found->rate * 1.2; rate *= 1.003) {
		struct bucket b = { .rate = rate, .burst = found->burst, .blur = FINE };

		lay(&b, s);
		if (b.likelihood < best)
			continue;
		low = b.likelihood > best ? rate : low;
		high = rate;
		best = b.likelihood;
	}
	return (low + high) / 2;
}

/* Whether another burst would fit worse. */
static bool is_worse(const struct series *s, const struct bucket *found, uint32_t burst)
{
	struct bucket b = { .rate = found->rate, .burst = burst, .blur = ROUGH };

	lay(&b, s);
	return b.likelihood < found->likelihood - 3;
}

/* The best of the rivals: loss without memory, and loss in runs, which depends on the fate of the
 * probe before. Each pays half the logarithm of n for every number it chooses. */
static double rival(const struct series *s)
{
	uint32_t n[2][2] = { { 0 } };
	double alone = likelihood(s->all, s->n - s->all) - 0.5 * logarithm(s->n), runs;

	for (uint32_t i = 1; i < s->n; i++)
		n[s->answered[i - 1]][s->answered[i]]++;
	runs = likelihood(n[0][1], n[0][0]) + likelihood(n[1][1], n[1][0]) - logarithm(s->n);
	/* Silence that makes silence less likely is no way to lose packets. */
	if (n[0][0] * (uint64_t)(n[1][0] + n[1][1]) < n[1][0] * (uint64_t)(n[0][0] + n[0][1]))
		return alone;
	return runs > alone ? runs : alone;
}

struct sonde_limit_fit sonde_limit_judge(const struct sonde_limit *l)
{
	enum { ENOUGH = 20, SURE = 5 };
	struct series s = series_of(l);
	struct sonde_limit_fit f = { .n = s.n, .missing = s.n - s.all };
	struct bucket b;
	uint32_t burst;

	if (s.n < ENOUGH || !s.all || !(s.span > 0))
		return f;
	f.verdict = SONDE_LIMIT_NONE;
	if (f.missing < 3)
		return f;
	b = fit(&s);
	f.odds = b.likelihood - 2.5 * logarithm(s.n) - rival(&s);
	/* What explains all but is no likelier than its rivals is not refuted. */
	if (f.odds < -SURE && b.likelihood < -3)
		return f;
	f.verdict = f.odds < SURE ? SONDE_LIMIT_UNCLEAR : SONDE_LIMIT_FOUND;
	if (f.verdict == SONDE_LIMIT_UNCLEAR)
		return f;
	f.rate = refine(&s, &b);
	f.lost = b.lost;
	burst = (uint32_t)b.burst;
	if (b.drained && is_worse(&s, &b, burst * 2) && (burst == 1 || is_worse(&s, &b, burst / 2)))
		f.burst = burst;
	return f;
}
