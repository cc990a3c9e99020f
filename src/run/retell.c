#include "run/retell.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/reason.h"
#include "capture/reader.h"
#include "probe/block.h"
#include "run/keep.h"
#include "run/probefile.h"
#include "sys/file.h"

enum { SIZE_MOST = 65507 };

struct retelling {
	const struct sonde_retell *how;
	struct sonde_arena words;
	struct sonde_given *given;
	uint32_t n, room;
	unsigned plans, looks;
	struct sonde_engine engine;
	bool begun, ended;
	sonde_ns now; /* of the last item */
	uint64_t dropped;
};

/* ---- what there is to know before it begins ---- */

static bool is(struct sonde_bytes verb, const char *word)
{
	return verb.len == strlen(word) && !memcmp(verb.at, word, verb.len);
}

static int take_plan(struct retelling *r, const struct sonde_probefile_item *i)
{
	if (!is(sonde_traits_rest(i->words, "verb"), r->how->verb))
		return SONDE_OTHER_RUN;
	if (r->plans++ || sonde_traits_get(i->words, r->how->table, r->how->plan) < 0)
		return SONDE_DAMAGED;
	return 0;
}

static int take_look(struct retelling *r, const struct sonde_probefile_item *i)
{
	struct sonde_method_look *look = &r->how->look[r->looks];

	if (r->looks == 2 || sonde_traits_get(i->words, sonde_keep_look_table, look) < 0 ||
	    look->size > SIZE_MOST || look->pattern_len > SONDE_METHOD_PATTERN)
		return SONDE_DAMAGED;
	if (look->method > SONDE_METHOD_NEIGHBOUR)
		return SONDE_UNSUPPORTED;
	if (r->looks++ && look->method != look[-1].method)
		return SONDE_DAMAGED;
	return 0;
}

static bool is_family(const struct sonde_address *a)
{
	return a->family == AF_INET || a->family == AF_INET6;
}

static int take_target(struct retelling *r, const struct sonde_probefile_item *i)
{
	struct sonde_bytes name = sonde_traits_rest(i->words, "name");

	if (r->n == SONDE_BLOCK_MOST || !is_family(&i->remote) ||
	    (i->local.family && i->local.family != i->remote.family) || !name.len ||
	    memchr(name.at, 0, name.len))
		return SONDE_DAMAGED;
	if (r->n == r->room) {
		uint32_t more = r->room ? r->room : 16;

		r->given = sonde_arena_grow(&r->words, r->given, r->n, more, sizeof *r->given);
		r->room += more;
	}
	r->given[r->n++] = (struct sonde_given){
		.name = sonde_arena_string(&r->words, name.at, name.len),
		.to = i->remote,
		.from = i->local,
	};
	return 0;
}

static int take_begin(struct retelling *r, const struct sonde_probefile_item *i)
{
	struct sonde_bytes mode = sonde_traits_rest(i->words, "mode");
	struct sonde_keep_real real = { 0 };
	struct sonde_retell_begin b = { .given = r->given, .n = r->n, .now = i->now };

	if (!r->plans || r->looks != 2 || !r->n || !mode.len || memchr(mode.at, 0, mode.len) ||
	    sonde_traits_get(i->words, sonde_keep_real_table, &real) < 0 ||
	    real.real > INT64_MAX / 2)
		return SONDE_DAMAGED;
	b.real = real.real;
	b.mode = sonde_arena_string(&r->words, mode.at, mode.len);
	r->begun = true;
	return r->how->begin(r->how->arg, &b, &r->engine);
}

/* ---- the run ---- */

/* What the engine wants when it is asked at this moment; what it tells is reported. */
static struct sonde_step ask(struct retelling *r, sonde_ns now)
{
	struct sonde_step s;

	while ((s = r->engine.step(r->engine.of, now)).is == SONDE_STEP_TELL)
		r->how->told(r->how->arg, s.record);
	return s;
}

static int send_again(struct retelling *r, const struct sonde_probefile_item *i)
{
	struct sonde_step s = ask(r, i->now);

	if (s.is != SONDE_STEP_SEND || s.token != i->token)
		return SONDE_DAMAGED;
	r->how->sent(r->how->arg);
	return 0;
}

/* Up to the next loss, which was told at this moment. */
static int tell_again(struct retelling *r, sonde_ns now)
{
	const struct sonde_probe_record *record;

	do {
		struct sonde_step s = r->engine.step(r->engine.of, now);

		if (s.is != SONDE_STEP_TELL)
			return SONDE_DAMAGED;
		record = s.record;
		r->how->told(r->how->arg, record);
	} while (strcmp(record->status, "lost"));
	return 0;
}

static int run(struct retelling *r, const struct sonde_probefile_item *i)
{
	struct sonde_keep_dropped end = { 0 };

	if (i->is == SONDE_PROBEFILE_TOLD && !r->how->decides)
		return 0;
	r->now = i->now;
	if (i->is == SONDE_PROBEFILE_TOLD)
		return tell_again(r, i->now);
	if (i->is == SONDE_PROBEFILE_PROBE)
		return send_again(r, i);
	if (i->is == SONDE_PROBEFILE_END) {
		if (sonde_traits_get(i->words, sonde_keep_dropped_table, &end) < 0)
			return SONDE_DAMAGED;
		if (i->stepped && ask(r, i->stepped).is != SONDE_STEP_DONE)
			return SONDE_DAMAGED;
		r->dropped = end.dropped;
		r->ended = true;
		return 0;
	}
	if (i->stepped && ask(r, i->stepped).is != SONDE_STEP_WAIT)
		return SONDE_DAMAGED;
	if (i->is == SONDE_PROBEFILE_STOP)
		r->engine.survey->ending = true;
	else
		r->engine.hear(r->engine.of, &i->arrival);
	return 0;
}

static int take(struct retelling *r, const struct sonde_probefile_item *i)
{
	bool early = i->is <= SONDE_PROBEFILE_BEGIN;

	if (early == r->begun || r->ended)
		return SONDE_DAMAGED;
	switch (i->is) {
	case SONDE_PROBEFILE_PLAN: return take_plan(r, i);
	case SONDE_PROBEFILE_LOOK: return take_look(r, i);
	case SONDE_PROBEFILE_TARGET: return take_target(r, i);
	case SONDE_PROBEFILE_BEGIN: return take_begin(r, i);
	default: return run(r, i);
	}
}

/* Of a run without an end, what there is. */
static int finish(struct retelling *r)
{
	if (!r->ended) {
		r->engine.survey->ending = true;
		ask(r, r->now);
	}
	return r->how->end(r->how->arg, r->now, r->dropped);
}

int sonde_retell(const struct sonde_retell *how, struct sonde_reader *reader,
		 struct sonde_measure_end *end)
{
	struct retelling r = { .how = how };
	struct sonde_probefile_item item;
	int why = 0, k = 0;

	while (!why && !(r.begun && how->failed(how->arg)) &&
	       (k = sonde_probefile_next(reader, &item)) > 0)
		why = take(&r, &item);
	if (!why)
		why = k < 0 ? k : r.ended ? 0 : r.plans ? SONDE_ENDLESS : SONDE_NOT_EVIDENCE;
	if (r.begun) {
		k = how->failed(how->arg);
		k = k ? k : finish(&r);
		if (k < 0)
			why = sonde_measure_fail(end, k, "the report");
	}
	how->done(how->arg);
	sonde_arena_done(&r.words);
	return why;
}

int sonde_retell_file(const struct sonde_retell *how, const char *name,
		      struct sonde_measure_end *end)
{
	struct sonde_reader *reader = NULL;
	int file = sonde_file_open(name), r;

	r = file < 0 ? file : sonde_reader_open(&reader, sonde_file_pull, &file);
	if (!r)
		r = sonde_retell(how, reader, end);
	else
		how->done(how->arg);
	if (r < 0 && !*end->doing)
		sonde_measure_fail(end, r, name);
	sonde_reader_close(reader);
	if (file >= 0)
		close(file);
	return r;
}
