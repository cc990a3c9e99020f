#include "lab/truth.h"

#include <string.h>

#include "base/name.h"
#include "base/reason.h"

static const char magic[8] = "sondeT1";

size_t sonde_truth_size(uint64_t capacity)
{
	return sizeof(struct sonde_truth_ring) + capacity * sizeof(struct sonde_truth);
}

void sonde_truth_init(struct sonde_truth_ring *r, uint64_t capacity, sonde_ns began,
		      sonde_ns began_real)
{
	r->began = began;
	r->began_real = began_real;
	r->capacity = capacity;
	r->realtime = 2;
	memcpy(r->magic, magic, sizeof magic);
}

bool sonde_truth_check(const struct sonde_truth_ring *r, size_t len)
{
	return len >= sizeof *r && !memcmp(r->magic, magic, sizeof magic) && r->capacity &&
	       r->capacity <= (len - sizeof *r) / sizeof *r->at;
}

void sonde_truth_put(struct sonde_truth_ring *r, const struct sonde_truth *t)
{
	/* A reader that finds this record also finds that the one it replaces has gone. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	r->at[r->written % r->capacity] = *t;
	__atomic_store_n(&r->written, r->written + 1, __ATOMIC_RELEASE);
}

int sonde_truth_get(const struct sonde_truth_ring *r, uint64_t place, struct sonde_truth *ret)
{
	struct sonde_truth t;

	if (place >= __atomic_load_n(&r->written, __ATOMIC_ACQUIRE))
		return 0;
	t = r->at[place % r->capacity];
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	/* One less than there is room for: the oldest may just be giving way. */
	if (__atomic_load_n(&r->written, __ATOMIC_RELAXED) - place >= r->capacity)
		return SONDE_LOST;
	*ret = t;
	return 1;
}

static const struct sonde_column columns[] = { SONDE_TRUTH_COLUMNS(SONDE_MEMBER_COLUMN,
								   sonde_truth_record) };

const struct sonde_schema sonde_truth_schema = { "truth", columns,
						 sizeof columns / sizeof *columns };

static const struct sonde_column run_columns[] = { SONDE_TRUTH_RUN_COLUMNS(
	SONDE_MEMBER_COLUMN, sonde_truth_run_record) };

const struct sonde_schema sonde_truth_run_schema = { "truth_run", run_columns,
						     sizeof run_columns / sizeof *run_columns };

uint64_t sonde_truth_tell_run(struct sonde_truth_run_record *ret, const struct sonde_truth_ring *r,
			      const char *started)
{
	uint64_t written = __atomic_load_n(&r->written, __ATOMIC_ACQUIRE);

	*ret = (struct sonde_truth_run_record){
		.started = started,
		.realtime = r->realtime,
		.records = written,
		.gone = written < r->capacity ? 0 : written - r->capacity + 1,
	};
	return ret->gone;
}

static const char *const verdicts[] = { "pass", "lost", "full", "overflow", "unsent", "missed" };

static uint64_t since(const struct sonde_truth_ring *r, sonde_ns when)
{
	return when > r->began ? when - r->began : when ? 0 : SONDE_ABSENT;
}

void sonde_truth_tell(struct sonde_truth_record *ret, const struct sonde_lab *lab,
		      const struct sonde_truth_ring *r, const struct sonde_truth *t)
{
	sonde_record_clear(&sonde_truth_schema, ret);
	if (t->link != SONDE_TRUTH_ANY)
		ret->link = t->link;
	if (t->link < lab->links && t->end < 2) {
		const struct sonde_lab_link *l = &lab->link[t->link];

		ret->from = lab->node[l->end[t->end].node].name;
		ret->to = lab->node[l->end[!t->end].node].name;
	}
	if (t->verdict < sizeof verdicts / sizeof *verdicts)
		ret->verdict = verdicts[t->verdict];
	if (t->verdict == SONDE_TRUTH_MISSED) {
		ret->packets = t->number;
		return;
	}
	if (t->number)
		ret->number = t->number;
	ret->in_ns = since(r, t->in);
	ret->due_ns = since(r, t->due);
	ret->out_ns = since(r, t->out);
	ret->length = t->len;
	if (t->copy)
		ret->copy = t->copy;
	if (t->reordered)
		ret->reordered = 1;
	if (t->corrupt)
		ret->corrupt_bit = t->corrupt - 1;
	if (t->error)
		ret->error = sonde_name_errno(-t->error);
}
