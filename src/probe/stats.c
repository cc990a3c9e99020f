#include "probe/stats.h"

/* Values below SONDE_STATS_FINE have a bucket each; above, every doubling has as many. */
static unsigned bucket_of(sonde_ns v)
{
	unsigned high = v < SONDE_STATS_FINE ? 0 : 63u - (unsigned)__builtin_clzll(v) - 5;
	unsigned at =
		high ? high * SONDE_STATS_FINE + (unsigned)(v >> (high - 1)) - SONDE_STATS_FINE
		     : (unsigned)v;

	return at < SONDE_STATS_BUCKETS ? at : SONDE_STATS_BUCKETS - 1;
}

static sonde_ns bucket_from(unsigned at)
{
	unsigned high = at / SONDE_STATS_FINE;

	return high ? (sonde_ns)(at % SONDE_STATS_FINE + SONDE_STATS_FINE) << (high - 1) : at;
}

/* The values a bucket stands for, as one. */
static sonde_ns bucket_middle(unsigned at)
{
	return bucket_from(at) + (bucket_from(at + 1) - bucket_from(at) - 1) / 2;
}

static void count(struct sonde_stats *s, struct sonde_arena *a, sonde_ns rtt)
{
	if (!s->bucket && s->n < SONDE_STATS_EXACT) {
		if (s->n == s->room) {
			uint32_t more = s->room ? s->room : 2;

			s->exact = sonde_arena_grow(a, s->exact, s->room, more, sizeof *s->exact);
			s->room += more;
		}
		s->exact[s->n] = rtt;
		return;
	}
	if (!s->bucket) {
		s->bucket = sonde_arena_take(a, SONDE_STATS_BUCKETS * sizeof *s->bucket);
		for (unsigned i = 0; i < SONDE_STATS_EXACT; i++)
			s->bucket[bucket_of(s->exact[i])]++;
		s->exact = NULL;
	}
	s->bucket[bucket_of(rtt)]++;
}

static sonde_ns distance(sonde_ns a, sonde_ns b)
{
	return a > b ? a - b : b - a;
}

void sonde_stats_answer(struct sonde_stats *s, struct sonde_arena *a, uint64_t seq, sonde_ns rtt)
{
	count(s, a, rtt);
	if (s->n) {
		sonde_ns d = distance(rtt, s->last);

		s->jitter16 += d - (s->jitter16 + 8) / 16;
		if (s->last_seq == seq) { /* counted from 1: the probe before this one */
			s->changes++;
			s->change_sum += d;
			s->change_last = d;
			s->change_max = d > s->change_max ? d : s->change_max;
		}
	}
	s->reordered += seq + 1 < s->highest;
	s->highest = seq + 1 > s->highest ? seq + 1 : s->highest;
	s->last_seq = seq + 1;
	s->last = rtt;
	s->min = !s->n || rtt < s->min ? rtt : s->min;
	s->max = rtt > s->max ? rtt : s->max;
	s->sum += rtt;
	s->squares += (unsigned __int128)rtt * rtt;
	s->n++;
}

void sonde_stats_fate(struct sonde_stats *s, bool answered)
{
	s->decided++;
	if (answered) {
		s->run = 0;
		return;
	}
	s->lost++;
	s->run++;
	s->bursts += s->run == 1;
	s->single += s->run == 1;
	s->single -= s->run == 2;
	s->longest = s->run > s->longest ? s->run : s->longest;
}

/* The k-th least of n values that are few, from 0. */
static sonde_ns least(const sonde_ns *v, uint64_t n, uint64_t k)
{
	for (uint64_t i = 0; i < n; i++) {
		uint64_t below = 0, same = 0;

		for (uint64_t j = 0; j < n; j++) {
			below += v[j] < v[i];
			same += v[j] == v[i];
		}
		if (below <= k && k < below + same)
			return v[i];
	}
	return 0;
}

sonde_ns sonde_stats_quantile(const struct sonde_stats *s, unsigned part, unsigned whole)
{
	uint64_t rank = (s->n * part + whole - 1) / whole, seen = 0;
	sonde_ns v;

	if (!s->n)
		return 0;
	rank = rank ? rank - 1 : 0;
	if (s->exact)
		return least(s->exact, s->n, rank);
	for (unsigned i = 0; i < SONDE_STATS_BUCKETS; i++) {
		seen += s->bucket[i];
		if (seen > rank) {
			v = bucket_middle(i);
			return v < s->min ? s->min : v > s->max ? s->max : v;
		}
	}
	return s->max;
}

sonde_ns sonde_stats_mean(const struct sonde_stats *s)
{
	return s->n ? (s->sum + s->n / 2) / s->n : 0;
}

static sonde_ns root(unsigned __int128 v)
{
	uint64_t r = 0;

	for (uint64_t bit = 1ull << 63; bit; bit >>= 1)
		if ((unsigned __int128)(r | bit) * (r | bit) <= v)
			r |= bit;
	return r;
}

sonde_ns sonde_stats_deviation(const struct sonde_stats *s)
{
	unsigned __int128 n = s->n;

	if (!s->n)
		return 0;
	return root(n * s->squares - (unsigned __int128)s->sum * s->sum) / s->n;
}

uint64_t sonde_stats_between(const struct sonde_stats *s, sonde_ns from, sonde_ns to)
{
	uint64_t n = 0;

	if (s->exact)
		for (uint64_t i = 0; i < s->n; i++)
			n += s->exact[i] >= from && s->exact[i] < to;
	else if (s->bucket)
		for (unsigned i = 0; i < SONDE_STATS_BUCKETS; i++)
			n += bucket_middle(i) >= from && bucket_middle(i) < to ? s->bucket[i] : 0;
	return n;
}
