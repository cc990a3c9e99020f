#include "lab/fate.h"

#include "base/random.h"

void sonde_fate_init(struct sonde_fate *f, const struct sonde_lab_impair *impair, uint64_t seed)
{
	*f = (struct sonde_fate){ .impair = *impair };
	f->random = sonde_random(&seed); /* seeds near each other begin far apart */
}

/* A number below n, as evenly as 64 bits allow. */
static uint64_t below(uint64_t random, uint64_t n)
{
	return (uint64_t)((unsigned __int128)random * n >> 64);
}

/* When the rate lets a packet pass that came at the time at. False: the queue is full. */
static bool take_turn(struct sonde_fate *f, sonde_ns at, uint32_t len, sonde_ns *ret)
{
	const struct sonde_lab_impair *i = &f->impair;
	unsigned most = i->queue && i->queue < SONDE_LAB_QUEUE ? i->queue : SONDE_LAB_QUEUE;
	sonde_ns begin = f->free > at ? f->free : at;

	*ret = at;
	if (!i->rate)
		return true;
	if (f->begun >= most && f->begins[(f->begun - most) % SONDE_LAB_QUEUE] > at)
		return false; /* so many wait already */
	f->begins[f->begun++ % SONDE_LAB_QUEUE] = begin;
	f->free = *ret = begin + 8 * SONDE_SECOND * len / i->rate;
	return true;
}

static sonde_ns delayed(const struct sonde_lab_impair *i, sonde_ns at, uint64_t random)
{
	sonde_ns wait = i->delay + below(random, 2 * i->jitter + 1);

	return at + (wait > i->jitter ? wait - i->jitter : 0);
}

void sonde_fate_decide(struct sonde_fate *f, sonde_ns at, uint32_t len,
		       struct sonde_fate_decision *ret)
{
	enum { LOSS, DUP, REORDER, CORRUPT, BIT, WAIT, WAIT_COPY, DRAWS };
	const struct sonde_lab_impair *i = &f->impair;
	uint64_t random[DRAWS];
	sonde_ns passes;
	unsigned copies;

	/* As many for each packet, so that settings do not shift the fate of later ones. */
	for (unsigned d = 0; d < DRAWS; d++)
		random[d] = sonde_random(&f->random);
	*ret = (struct sonde_fate_decision){ .number = ++f->number };
	if (below(random[LOSS], 1000000) < i->loss) {
		ret->verdict = SONDE_FATE_LOST;
		return;
	}
	ret->reordered = below(random[REORDER], 1000000) < i->reorder;
	if (below(random[CORRUPT], 1000000) < i->corrupt && len > 14)
		ret->corrupt = 1 + (uint32_t)below(random[BIT], 8 * (len - 14));
	copies = below(random[DUP], 1000000) < i->dup ? 2 : 1;
	while (ret->copies < copies && take_turn(f, at, len, &passes)) {
		ret->due[ret->copies] =
			ret->reordered ? passes : delayed(i, passes, random[WAIT + ret->copies]);
		ret->copies++;
	}
	if (!ret->copies)
		*ret = (struct sonde_fate_decision){ .number = f->number,
						     .verdict = SONDE_FATE_FULL };
}
