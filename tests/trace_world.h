#ifndef SONDE_TESTS_TRACE_WORLD_H
#define SONDE_TESTS_TRACE_WORLD_H

/* A trace over paths that the test invents: hop k is 10.target.0.k or 2001:db8:target::k, k
 * milliseconds away (there and back), and says what the test has it say. */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "packet/draft.h"
#include "probe/trace.h"

#define MS SONDE_MILLISECOND

enum { PATH_MOST = 30, PATH_ROOM = 64, PATH_WAITING = 4096, PATH_BYTES = 256, PATH_TARGETS = 4 };

struct path_hop {
	bool silent;
	unsigned every;		   /* 0: answers all; n: only each n-th */
	uint8_t type, code;	   /* of an error in stead of time exceeded */
	unsigned asked, more;	   /* more: ms beyond the usual */
	unsigned copies;	   /* further answers, all at once */
	int refused;		   /* errno: its probes never leave */
	struct sonde_address from; /* who answers; family 0: the hop itself */
	int quote; /* bytes of the probe, with its IP header, that an error quotes; 0: that and 8;
		    * below 0: none */
	void (*lie)(uint8_t *quote, unsigned len); /* changes what is quoted */
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
	sonde_ns ahead; /* of CLOCK_REALTIME, before CLOCK_MONOTONIC */
	bool six;
	struct path_hop hop[PATH_TARGETS][PATH_ROOM + 1];
	unsigned length[PATH_TARGETS]; /* hops to the target */
	struct path_answer *waiting;
	unsigned n_waiting;
	uint64_t sent, told, beyond; /* beyond: with more hops than the target is away */
	uint64_t sent_to[PATH_ROOM + 1];
	bool done;
};

static inline struct sonde_address path_address(bool six, unsigned target, unsigned hop)
{
	uint8_t t = (uint8_t)target, h = (uint8_t)hop;

	if (six)
		return (struct sonde_address){ .family = AF_INET6,
					       .ip = { 0x20, 1, 0x0d, 0xb8, 0, t, [15] = h } };
	return (struct sonde_address){ .family = AF_INET, .ip = { 10, t, 0, h } };
}

static inline struct sonde_address path_here(bool six)
{
	return path_address(six, 200, 1);
}

static inline struct sonde_address path_target(bool six, unsigned target)
{
	return path_address(six, target, 99);
}

static inline struct path_world *path_open(struct sonde_trace_plan plan, unsigned targets,
					   unsigned length, bool six)
{
	struct path_world *w = calloc(1, sizeof *w);
	struct sonde_given given[PATH_TARGETS];

	ck_assert_ptr_nonnull(w);
	w->waiting = calloc(PATH_WAITING, sizeof *w->waiting);
	ck_assert_ptr_nonnull(w->waiting);
	w->now = 1000 * SONDE_SECOND;
	w->six = six;
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
		given[t] = (struct sonde_given){ "target", path_target(six, t), path_here(six) };
	}
	sonde_trace_open(&w->p, &plan, given, targets, w->now, w->now);
	return w;
}

static inline struct path_world *path_new(struct sonde_trace_plan plan, unsigned targets,
					  unsigned length)
{
	return path_open(plan, targets, length, false);
}

static inline void path_close(struct path_world *w)
{
	sonde_trace_close(&w->p);
	free(w->waiting);
	free(w);
}

static inline void push_path_ip(struct sonde_draft *d, const struct sonde_address *from, bool six,
				unsigned ttl)
{
	struct sonde_address here = path_here(six);

	sonde_draft_push(d, six ? SONDE_ipv6 : SONDE_ip);
	memcpy((uint8_t *)(uintptr_t)d->p.byte + (six ? 8 : 12), from->ip, six ? 16 : 4);
	memcpy((uint8_t *)(uintptr_t)d->p.byte + (six ? 24 : 16), here.ip, six ? 16 : 4);
	if (six)
		sonde_set(d, ipv6, hlim, (uint8_t)ttl);
	else
		sonde_set(d, ip, ttl, (uint8_t)ttl);
}

static inline void push_path_icmp(struct sonde_draft *d, bool six, uint8_t type, uint8_t code)
{
	sonde_draft_push(d, six ? SONDE_icmpv6 : SONDE_icmp);
	if (six) {
		sonde_set(d, icmpv6, type, type);
		sonde_set(d, icmpv6, code, code);
	} else {
		sonde_set(d, icmp, type, type);
		sonde_set(d, icmp, code, code);
	}
}

/* The probe as a router has it before it: its IP header, and what was sent. Returns its length. */
static inline unsigned path_probe(const struct path_world *w, const struct sonde_step *s,
				  uint8_t *buf)
{
	static const uint8_t protocols[] = { 1, 17, 6, 6 };
	uint8_t method = w->plan.look[0].method, protocol = protocols[method];
	struct sonde_address here = path_here(w->six);
	unsigned head = w->six ? 40 : 20;

	memset(buf, 0, head);
	if (w->six) {
		sonde_store(buf, 4, 6u << 28 | s->label);
		sonde_store(buf + 4, 2, s->byte.len);
		buf[6] = method ? protocol : 58;
		buf[7] = 1;
		memcpy(buf + 8, here.ip, 16);
		memcpy(buf + 24, s->to->ip, 16);
	} else {
		buf[0] = 0x45;
		sonde_store(buf + 2, 2, 20 + s->byte.len);
		buf[8] = 1;
		buf[9] = protocol;
		memcpy(buf + 12, here.ip, 4);
		memcpy(buf + 16, s->to->ip, 4);
	}
	memcpy(buf + head, s->byte.at, s->byte.len);
	return head + (unsigned)s->byte.len;
}

static inline void path_error(const struct path_world *w, const struct path_hop *h,
			      const struct sonde_step *s, struct sonde_draft *d, uint8_t type,
			      uint8_t code)
{
	uint8_t quote[PATH_BYTES];
	unsigned len = path_probe(w, s, quote), usual = (w->six ? 40 : 20) + 8;
	unsigned cut = h->quote < 0 ? 0 : h->quote ? (unsigned)h->quote : usual;

	len = cut < len ? cut : len;
	if (h->lie)
		h->lie(quote, len);
	push_path_icmp(d, w->six, type, code);
	sonde_draft_append(d, (const uint8_t[4]){ 0 }, 4);
	sonde_draft_append(d, quote, len);
}

/* What the target itself says. */
static inline void path_reply(const struct path_world *w, const struct path_hop *h,
			      const struct sonde_step *s, struct sonde_draft *d)
{
	const uint8_t *sent = s->byte.at;
	unsigned at;

	switch (w->plan.look[0].method) {
	case SONDE_METHOD_UDP: path_error(w, h, s, d, w->six ? 1 : 3, w->six ? 4 : 3); break;
	case SONDE_METHOD_ICMP:
		push_path_icmp(d, w->six, w->six ? 129 : 0, 0);
		at = d->p.len;
		sonde_draft_push(d, w->six ? SONDE_icmpv6_echo : SONDE_icmp_echo);
		sonde_draft_append(d, sent + 8, (uint32_t)s->byte.len - 8);
		memcpy((uint8_t *)(uintptr_t)d->p.byte + at, sent + 4, 4);
		break;
	default:
		sonde_draft_push(d, SONDE_tcp);
		sonde_set(d, tcp, sport, (uint16_t)sonde_load(sent + 2, 2));
		sonde_set(d, tcp, dport, (uint16_t)sonde_load(sent, 2));
		sonde_set(d, tcp, ackseq, (uint32_t)sonde_load(sent + 4, 4) + 1);
		sonde_set(d, tcp, ack, 1);
		sonde_set(d, tcp, rst, 1);
	}
}

static inline void path_refuse(struct path_world *w, const struct sonde_step *s, int error)
{
	struct sonde_arrival a = { .is = SONDE_ARRIVAL_REFUSED,
				   .error = error,
				   .token = s->token,
				   .ttl = -1,
				   .now = w->now,
				   .real = w->now + w->ahead };

	sonde_trace_hear(&w->p, &a);
}

/* What the network makes of a probe. */
static inline void path_carry(struct path_world *w, const struct sonde_step *s)
{
	unsigned t = s->to->ip[w->six ? 5 : 1];
	unsigned hop = s->ttl < w->length[t] ? s->ttl : w->length[t];
	bool end = s->ttl >= w->length[t];
	struct path_hop *h = &w->hop[t][hop];
	struct sonde_address from =
		h->from.family ? h->from : path_address(w->six, t, end ? 99 : hop);
	struct path_answer *a = &w->waiting[w->n_waiting];
	struct sonde_draft d;

	w->sent++;
	w->sent_to[s->ttl]++;
	w->beyond += s->ttl > w->length[t];
	if (h->refused)
		path_refuse(w, s, h->refused);
	if (h->refused || h->silent || (h->every && h->asked++ % h->every))
		return;
	a->at = w->now + (hop + h->more) * MS;
	sonde_draft_init(&d, a->byte, PATH_BYTES);
	push_path_ip(&d, &from, w->six, 65 - hop);
	if (h->type || h->code)
		path_error(w, h, s, &d, h->type, h->code);
	else if (!end)
		path_error(w, h, s, &d, w->six ? 3 : 11, 0);
	else
		path_reply(w, h, s, &d);
	a->len = (uint32_t)sonde_draft_encode(&d);
	ck_assert_uint_lt(w->n_waiting + h->copies + 1, PATH_WAITING);
	for (unsigned i = 0; i < h->copies; i++)
		a[i + 1] = *a;
	w->n_waiting += h->copies + 1;
}

static inline void path_hear(struct path_world *w, unsigned i)
{
	struct path_answer answer = w->waiting[i];
	struct sonde_arrival a = { .is = SONDE_ARRIVAL_PACKET,
				   .byte = { answer.byte, answer.len },
				   .ttl = -1,
				   .now = w->now,
				   .real = w->now + w->ahead,
				   .stamp = w->now + w->ahead,
				   .from.family = w->six ? AF_INET6 : AF_INET };

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
