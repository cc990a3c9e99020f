#include "run/keep.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "run/probefile.h"
#include "run/probepacket.h"

enum { REMARK = 300 }; /* bytes of a sentence */

struct sonde_keep {
	struct sonde_probefile file;
	struct sonde_engine engine;
	struct sonde_survey *survey; /* the engine's */
	struct sonde_address *local;
	int hops, tos;
	uint8_t packet[SONDE_PROBEPACKET_MOST], probe[SONDE_PROBEPACKET_MOST];
};

#define LOOK(form, member) SONDE_TRAIT(form, #member, struct sonde_method_look, member)
const struct sonde_trait sonde_keep_look_table[] = {
	LOOK(UINT, method), LOOK(UINT, pattern_len), LOOK(HEX, pattern), LOOK(UINT, ident),
	LOOK(BOOL, group),  LOOK(BOOL, via),	     LOOK(UINT, sum),	 LOOK(UINT, flows),
	LOOK(UINT, port),   LOOK(HEX, mac),	     LOOK(UINT, size),	 { .name = NULL },
};

const struct sonde_trait sonde_keep_real_table[] = {
	SONDE_TRAIT(UINT, "real", struct sonde_keep_real, real),
	{ .name = NULL },
};

const struct sonde_trait sonde_keep_dropped_table[] = {
	SONDE_TRAIT(UINT, "dropped", struct sonde_keep_dropped, dropped),
	{ .name = NULL },
};

const struct sonde_trait sonde_keep_wish_table[] = {
	SONDE_TRAIT(UINT, "is", struct sonde_wish, is),
	SONDE_TRAIT(UINT, "value", struct sonde_wish, value),
	{ .name = NULL },
};

int sonde_keep_open(struct sonde_keep **ret, const char *name)
{
	struct sonde_keep *s = calloc(1, sizeof *s);
	int r;

	if (!s)
		return -ENOMEM;
	r = sonde_probefile_open(&s->file, name);
	if (r)
		free(s);
	else
		*ret = s;
	return r;
}

static void put_target(struct sonde_keep *s, sonde_ns now, const struct sonde_given *g)
{
	struct sonde_probefile_words w = {
		.name = "name", .rest = g->name, .local = &g->from, .remote = &g->to
	};

	sonde_probefile_put(&s->file, "target", now, &w);
}

void sonde_keep_begin(struct sonde_keep *s, const struct sonde_engine *engine,
		      const struct sonde_keep_begin *b)
{
	struct sonde_survey *v = engine->survey;
	struct sonde_keep_real real = { b->real };
	struct sonde_probefile_words plan = {
		.table = b->table, .from = b->plan, .name = "verb", .rest = b->verb
	};
	struct sonde_probefile_words begin = {
		.table = sonde_keep_real_table, .from = &real, .name = "mode", .rest = b->mode
	};

	if (!s)
		return;
	s->engine = *engine;
	s->survey = v;
	s->hops = b->hops;
	s->tos = b->tos;
	s->local = reallocarray(NULL, v->n, sizeof *s->local);
	if (!s->local)
		abort();
	memcpy(s->local, b->local, v->n * sizeof *s->local);
	sonde_probefile_begin(&s->file, (int64_t)(b->real - b->now));
	sonde_probefile_put(&s->file, "plan", b->now, &plan);
	for (unsigned i = 0; i < 2; i++) {
		struct sonde_probefile_words look = { .table = sonde_keep_look_table,
						      .from = &v->look[i] };

		sonde_probefile_put(&s->file, "look", b->now, &look);
	}
	for (uint32_t i = 0; i < v->n; i++)
		put_target(s, b->now, &b->given[i]);
	sonde_probefile_put(&s->file, "begin", b->now, &begin);
}

/* ---- sentences ---- */

/* "probe 3 of 10.0.0.2" */
static char *say_probe(char *o, uint64_t seq, const struct sonde_address *to)
{
	o = sonde_put_dec(SONDE_PUT_LIT(o, "probe "), seq);
	o = SONDE_PUT_LIT(o, " of ");
	o = to->family == AF_INET6 ? sonde_put_ip6(o, to->ip) : sonde_put_ip4(o, to->ip);
	*o = 0;
	return o;
}

/* ": reply after 0.041 ms, 96 bits" */
static void say_fate(char *o, const struct sonde_probe_record *r)
{
	o = sonde_put_str(SONDE_PUT_LIT(o, ": "), r->status);
	if (r->answer && strcmp(r->status, "reply")) {
		o = SONDE_PUT_LIT(o, ", ");
		o = sonde_put_str(o, r->answer);
	}
	if (r->rtt_ns != SONDE_ABSENT) {
		o = sonde_put_dec(SONDE_PUT_LIT(o, " after "), r->rtt_ns / SONDE_MILLISECOND);
		*o++ = '.';
		o = sonde_put_dec_padded(o, r->rtt_ns % SONDE_MILLISECOND, 6);
		o = SONDE_PUT_LIT(o, " ms");
	}
	if (r->auth_bits != SONDE_ABSENT) {
		o = sonde_put_dec(SONDE_PUT_LIT(o, ", "), r->auth_bits);
		o = SONDE_PUT_LIT(o, " bits");
	}
	if (r->clock && strcmp(r->clock, "kernel")) {
		o = SONDE_PUT_LIT(o, ", clock ");
		o = sonde_put_str(o, r->clock);
	}
	*o = 0;
}

/* What will be told of the arrival heard last, and its target; false: nothing. */
static bool say_heard(struct sonde_survey *v, char *o, uint32_t *ret_target)
{
	const struct sonde_probe_record *r = sonde_survey_heard(v, ret_target);

	if (!r) {
		*sonde_put_str(o, "not about a probe of this run, or one of too many") = 0;
		return false;
	}
	say_fate(say_probe(o, r->seq, &v->to[*ret_target]), r);
	return true;
}

/* ---- steps ---- */

static struct sonde_probepacket packet_of(const struct sonde_keep *s, uint32_t target,
					  uint16_t family)
{
	struct sonde_probepacket p = { .look = &s->survey->look[family == AF_INET6],
				       .hops = s->hops,
				       .tos = s->tos };

	if (target < s->survey->n) {
		p.here = s->local[target];
		p.there = s->survey->to[target];
	}
	return p;
}

static void put_lost(struct sonde_keep *s, sonde_ns now, const struct sonde_probe_record *r)
{
	char remark[REMARK];
	struct sonde_probefile_words w = { .message = remark };

	snprintf(remark, sizeof remark, "probe %llu of %s: lost, no answer in time",
		 (unsigned long long)r->seq, r->target);
	sonde_probefile_put(&s->file, "told", now, &w);
}

void sonde_keep_step(struct sonde_keep *s, sonde_ns now, const struct sonde_step *step)
{
	const struct sonde_probe_record *r = step->record;
	const struct sonde_probe *probe;
	char remark[REMARK];

	if (!s)
		return;
	switch (step->is) {
	case SONDE_STEP_SEND:
		probe = sonde_flight_token(&s->survey->flight, step->token);
		say_probe(remark, probe->seq + 1, step->to);
		sonde_probefile_probe(&s->file, now, step->token, remark);
		break;
	case SONDE_STEP_TELL:
		if (!strcmp(r->status, "lost"))
			put_lost(s, now, r);
		break;
	default: sonde_probefile_step(&s->file, now);
	}
}

/* The probe as it left, at the kernel's stamp, else when it was handed over. */
static void put_sent(struct sonde_keep *s, const struct sonde_probe *probe, sonde_ns stamp)
{
	struct sonde_survey *p = s->survey;
	const struct sonde_address *to = &p->to[probe->target];
	struct sonde_probepacket packet = packet_of(s, probe->target, to->family);
	sonde_ns when = probe->sent ? stamp : probe->asked + (uint64_t)p->wall.offset;
	struct sonde_method_probe is = probe->is;
	struct sonde_frame frame;
	char remark[REMARK];
	uint16_t sum;
	int len = sonde_method_make(packet.look, &is, &p->from[probe->target], to, s->probe,
				    sizeof s->probe, &sum);

	if (probe->ttl)
		packet.hops = probe->ttl;
	if (len >= 0)
		len = sonde_probepacket_sent(&packet, (struct sonde_bytes){ s->probe, (size_t)len },
					     s->packet);
	if (len < 0)
		return;
	frame = sonde_probefile_frame(
		&s->file, when, (struct sonde_bytes){ s->packet, (size_t)len },
		sonde_probepacket_is_arp(packet.look, to->family), SONDE_DIR_OUT);
	say_probe(remark, probe->seq + 1, to);
	sonde_probefile_packet(&s->file, &frame, remark);
}

static void hear_sent(struct sonde_keep *s, const struct sonde_arrival *a)
{
	const struct sonde_probe *probe = sonde_flight_token(&s->survey->flight, a->token);
	bool first = probe && !probe->sent && !probe->left;
	char remark[REMARK];

	s->engine.hear(s->engine.of, a);
	if (probe)
		*sonde_put_str(say_probe(remark, probe->seq + 1, &s->survey->to[probe->target]),
			       a->is == SONDE_ARRIVAL_SENT ? " has left" : " is in the queue") = 0;
	sonde_probefile_arrival(&s->file, a, NULL, 0, probe ? remark : "a probe has left");
	if (first && a->is == SONDE_ARRIVAL_SENT)
		put_sent(s, probe, a->stamp);
}

static void hear_packet(struct sonde_keep *s, const struct sonde_arrival *a)
{
	bool error = a->is == SONDE_ARRIVAL_ERROR, arp = a->begins == SONDE_BEGINS_ARP;
	struct sonde_probepacket packet;
	struct sonde_frame frame;
	uint32_t target = s->survey->n == 1 ? 0 : UINT32_MAX, skip = 0;
	char remark[REMARK];
	int len;

	s->engine.hear(s->engine.of, a);
	say_heard(s->survey, remark, &target);
	packet = packet_of(s, target, error ? a->to.family : a->from.family);
	len = sonde_probepacket_came(&packet, a, s->packet, &skip);
	if (len < 0)
		abort(); /* there is room for the longest packet */
	frame = sonde_probefile_frame(&s->file, a->stamp ? a->stamp : a->real,
				      (struct sonde_bytes){ s->packet, (size_t)len }, arp,
				      SONDE_DIR_IN);
	frame.sum = a->checked ? SONDE_SUM_VALID : SONDE_SUM_UNKNOWN;
	sonde_probefile_arrival(&s->file, a, &frame, skip, remark);
}

void sonde_keep_hear(struct sonde_keep *s, const struct sonde_engine *engine,
		     const struct sonde_arrival *a)
{
	char remark[REMARK];
	uint32_t target;

	if (!s) {
		engine->hear(engine->of, a);
	} else if (a->is == SONDE_ARRIVAL_SENT || a->is == SONDE_ARRIVAL_QUEUED) {
		hear_sent(s, a);
	} else if (a->is == SONDE_ARRIVAL_REFUSED) {
		engine->hear(engine->of, a);
		say_heard(s->survey, remark, &target);
		sonde_probefile_arrival(&s->file, a, NULL, 0, remark);
	} else {
		hear_packet(s, a);
	}
}

void sonde_keep_wish(struct sonde_keep *s, sonde_ns now, const struct sonde_wish *w)
{
	struct sonde_probefile_words words = { .table = sonde_keep_wish_table, .from = w };

	if (s)
		sonde_probefile_put(&s->file, "wish", now, &words);
}

void sonde_keep_stop(struct sonde_keep *s, const struct sonde_engine *engine, sonde_ns now)
{
	if (s && !engine->survey->ending)
		sonde_probefile_put(&s->file, "stop", now, NULL);
	engine->survey->ending = true;
}

void sonde_keep_pause(struct sonde_keep *s)
{
	if (s)
		sonde_probefile_flush(&s->file);
}

void sonde_keep_end(struct sonde_keep *s, sonde_ns now, uint64_t dropped)
{
	struct sonde_keep_dropped end = { dropped };
	struct sonde_probefile_words w = { .table = sonde_keep_dropped_table, .from = &end };

	if (s)
		sonde_probefile_put(&s->file, "end", now, &w);
}

int sonde_keep_close(struct sonde_keep *s)
{
	int r;

	if (!s)
		return 0;
	r = sonde_probefile_close(&s->file);
	free(s->local);
	free(s);
	return r;
}
