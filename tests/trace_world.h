#ifndef SONDE_TESTS_TRACE_WORLD_H
#define SONDE_TESTS_TRACE_WORLD_H

/* A trace over paths that the test invents: hop k is 10.target.0.k, k milliseconds away (there and
 * back), and says what the test has it say. */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "packet/draft.h"
#include "probe/trace.h"

#define MS SONDE_MILLISECOND

enum { PATH_MOST = 30, PATH_WAITING = 4096, PATH_BYTES = 2048, PATH_TARGETS = 4 };

struct path_hop {
	bool silent;
	unsigned every;	      /* 0: answers all; n: only each n-th */
	uint8_t type, code;   /* of an error in stead of time exceeded */
	unsigned asked, more; /* more: ms beyond the usual */
};

struct path_answer {
	sonde_ns at;
	uint32_t len;
	uint8_t byte[PATH_BYTES];
};

struct path_world {
	struct sonde_trace p;
	struct sonde_trace_plan plan;
	sonde_ns now;
	struct path_hop hop[PATH_TARGETS][PATH_MOST + 1];
	unsigned length[PATH_TARGETS]; /* hops to the target */
	struct path_answer *waiting;
	unsigned n_waiting;
	uint64_t sent, told, beyond; /* beyond: with more hops than the target is away */
	uint64_t sent_to[PATH_MOST + 1];
	bool done;
	/* Whether the links deal with this probe by themselves; NULL: they carry each. */
	bool (*links)(struct path_world *w, const struct sonde_step *s);
	void *links_of;
};

static const struct sonde_address path_here = { .family = AF_INET, .ip = { 192, 0, 2, 1 } };

static inline struct sonde_address path_host(unsigned target, unsigned hop)
{
	return (struct sonde_address){ .family = AF_INET,
				       .ip = { 10, (uint8_t)target, 0, (uint8_t)hop } };
}

static inline struct sonde_address path_target(unsigned target)
{
	return path_host(target, 99);
}

static inline struct path_world *path_new(struct sonde_trace_plan plan, unsigned targets,
					  unsigned length)
{
	struct path_world *w = calloc(1, sizeof *w);
	struct sonde_given given[PATH_TARGETS];

	ck_assert_ptr_nonnull(w);
	w->waiting = calloc(PATH_WAITING, sizeof *w->waiting);
	ck_assert_ptr_nonnull(w->waiting);
	w->now = 1000 * SONDE_SECOND;
	for (unsigned v = 0; v < 2; v++) {
		plan.look[v] = plan.look[0];
		plan.look[v].ident = 0x4711;
		plan.look[v].port = 33434;
		plan.look[v].size = 32;
	}
	plan.first = plan.first ? plan.first : 1;
	plan.most = plan.most ? plan.most : PATH_MOST;
	plan.ahead = plan.ahead ? plan.ahead : 6;
	plan.queries = plan.queries ? plan.queries : 3;
	plan.here = plan.near = 3;
	plan.rounds = plan.rounds ? plan.rounds : 1;
	plan.burst = 100;
	plan.timeout = plan.timeout ? plan.timeout : 2 * SONDE_SECOND;
	plan.secret.key[0] = 77;
	w->plan = plan;
	for (unsigned t = 0; t < targets; t++) {
		w->length[t] = length;
		given[t] = (struct sonde_given){ "target", path_target(t), path_here };
	}
	sonde_trace_open(&w->p, &plan, given, targets, w->now, w->now);
	return w;
}

static inline void path_close(struct path_world *w)
{
	sonde_trace_close(&w->p);
	free(w->waiting);
	free(w);
}

static inline void push_path_ip(struct sonde_draft *d, const struct sonde_address *from,
				const struct sonde_address *to, unsigned ttl)
{
	sonde_draft_push(d, SONDE_ip);
	sonde_set(d, ip, src, (uint32_t)sonde_load(from->ip, 4));
	sonde_set(d, ip, dst, (uint32_t)sonde_load(to->ip, 4));
	sonde_set(d, ip, ttl, (uint8_t)ttl);
}

static inline void path_error(struct sonde_draft *d, const struct sonde_address *from,
			      const struct sonde_step *s, unsigned back, uint8_t protocol,
			      uint8_t type, uint8_t code)
{
	unsigned at;

	push_path_ip(d, from, &path_here, back);
	sonde_draft_push(d, SONDE_icmp);
	sonde_set(d, icmp, type, type);
	sonde_set(d, icmp, code, code);
	sonde_draft_append(d, (const uint8_t[4]){ 0 }, 4);
	at = d->p.len;
	sonde_draft_append(d, (const uint8_t[20]){ 0x45 }, 20);
	sonde_store((uint8_t *)(uintptr_t)d->p.byte + at + 2, 2, 20 + s->byte.len);
	sonde_store((uint8_t *)(uintptr_t)d->p.byte + at + 8, 2, 1u << 8 | protocol);
	memcpy((uint8_t *)(uintptr_t)d->p.byte + at + 12, path_here.ip, 4);
	memcpy((uint8_t *)(uintptr_t)d->p.byte + at + 16, s->to->ip, 4);
	sonde_draft_append(d, s->byte.at, 8);
}

/* What the network makes of a probe. */
static inline void path_carry(struct path_world *w, const struct sonde_step *s)
{
	unsigned t = s->to->ip[1], method = w->plan.look[0].method;
	unsigned hop = s->ttl < w->length[t] ? s->ttl : w->length[t];
	bool end = s->ttl >= w->length[t];
	struct path_hop *h = &w->hop[t][hop];
	struct sonde_address from = end ? path_target(t) : path_host(t, hop);
	struct path_answer *a = &w->waiting[w->n_waiting];
	struct sonde_draft d;

	w->sent++;
	w->sent_to[s->ttl]++;
	w->beyond += s->ttl > w->length[t];
	if (w->links && w->links(w, s))
		return;
	if (h->silent || (h->every && h->asked++ % h->every))
		return;
	ck_assert_uint_lt(w->n_waiting++, PATH_WAITING);
	a->at = w->now + (hop + h->more) * MS;
	sonde_draft_init(&d, a->byte, PATH_BYTES);
	if (h->type) {
		path_error(&d, &from, s, 65 - hop, method ? 17 : 1, h->type, h->code);
	} else if (!end) {
		path_error(&d, &from, s, 65 - hop, method ? 17 : 1, 11, 0);
	} else if (method == SONDE_METHOD_UDP) {
		path_error(&d, &from, s, 65 - hop, 17, 3, 3);
	} else {
		push_path_ip(&d, &from, &path_here, 65 - hop);
		sonde_draft_push(&d, SONDE_icmp);
		sonde_set(&d, icmp, type, 0);
		sonde_draft_push(&d, SONDE_icmp_echo);
		sonde_set(&d, icmp_echo, id, (uint16_t)sonde_load(s->byte.at + 4, 2));
		sonde_set(&d, icmp_echo, seq, (uint16_t)sonde_load(s->byte.at + 6, 2));
		sonde_draft_append(&d, s->byte.at + 8, (uint32_t)s->byte.len - 8);
	}
	a->len = (uint32_t)sonde_draft_encode(&d);
}

static inline void path_hear(struct path_world *w, unsigned i)
{
	struct path_answer answer = w->waiting[i];
	struct sonde_arrival a = { .is = SONDE_ARRIVAL_PACKET,
				   .byte = { answer.byte, answer.len },
				   .ttl = -1,
				   .now = w->now,
				   .real = w->now,
				   .stamp = w->now,
				   .from.family = AF_INET };

	w->waiting[i] = w->waiting[--w->n_waiting];
	sonde_trace_hear(&w->p, &a);
}

/* Until it is done, or this time has come. */
static inline void path_until(struct path_world *w, sonde_ns until)
{
	while (!w->done && w->now < until) {
		struct sonde_step s = sonde_trace_step(&w->p, w->now);
		sonde_ns next = s.until;
		unsigned first = w->n_waiting;

		if (s.is == SONDE_STEP_SEND) {
			path_carry(w, &s);
			continue;
		}
		w->told += s.is == SONDE_STEP_TELL;
		w->done = s.is == SONDE_STEP_DONE;
		if (s.is != SONDE_STEP_WAIT)
			continue;
		for (unsigned i = 0; i < w->n_waiting; i++)
			if (w->waiting[i].at <= next) {
				next = w->waiting[i].at;
				first = i;
			}
		next = next < until ? next : until;
		w->now = next > w->now ? next : w->now;
		if (first < w->n_waiting && w->waiting[first].at <= w->now)
			path_hear(w, first);
	}
}

static inline void path_run(struct path_world *w)
{
	path_until(w, w->now + 3600 * SONDE_SECOND);
	ck_assert(w->done);
}

static inline sonde_ns path_took(const struct path_world *w)
{
	return w->now - 1000 * SONDE_SECOND;
}

static inline struct sonde_hop_record path_told(const struct path_world *w, unsigned target,
						unsigned hop, struct sonde_trace_texts *texts)
{
	struct sonde_trace_verdict v[SONDE_TRACE_MOST];
	struct sonde_hop_record r;

	sonde_trace_judge(&w->p, target, v);
	sonde_trace_hop(&w->p, target, hop, &v[hop - 1], &r, texts);
	return r;
}

#endif
