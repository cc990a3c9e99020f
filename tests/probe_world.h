#ifndef SONDE_TESTS_PROBE_WORLD_H
#define SONDE_TESTS_PROBE_WORLD_H

/* A ping with a network that the test invents: what it sends is kept here, time passes when the
 * test says so, and answers are made from what was sent. */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "packet/draft.h"
#include "packet/sum.h"
#include "probe/ping.h"

enum { WORLD_SENT = 256, WORLD_BYTES = 2048, WORLD_TOLD = 4096 };

struct world_sent {
	uint8_t byte[WORLD_BYTES];
	uint32_t len, token;
	struct sonde_address to;
};

struct world {
	struct sonde_ping p;
	struct sonde_ping_plan plan;
	sonde_ns now;
	int64_t offset;			    /* CLOCK_REALTIME minus CLOCK_MONOTONIC */
	struct world_sent sent[WORLD_SENT]; /* the last so many, by number */
	uint64_t n, told;
	bool done, stamped; /* stamped: each probe leaves 1 us after it was asked for */
	struct {
		char status[16], answer[64], clock[16], from[64];
		uint64_t seq, rtt, bits, uncertainty;
		uint8_t rewritten;
	} tell[WORLD_TOLD];
};

#define MS SONDE_MILLISECOND

static const struct sonde_address world_here = { .family = AF_INET, .ip = { 10, 0, 0, 1 } };

static inline struct sonde_address world_host(unsigned i)
{
	return (struct sonde_address){ .family = AF_INET,
				       .port = 7,
				       .ip = { 10, 1, (uint8_t)(i >> 8), (uint8_t)i } };
}

static inline void world_open(struct world *w, const struct sonde_ping_plan *plan, unsigned targets)
{
	struct sonde_ping_given *given = calloc(targets, sizeof *given);

	ck_assert_ptr_nonnull(given);
	memset(w, 0, sizeof *w);
	w->now = 1000 * SONDE_SECOND;
	w->offset = 1700000000ll * (int64_t)SONDE_SECOND;
	w->plan = *plan;
	w->plan.secret.key[0] = 0x0706050403020100;
	w->plan.secret.key[1] = 0x0f0e0d0c0b0a0908;
	for (unsigned v = 0; v < 2; v++) {
		w->plan.look[v].ident = 0x4711;
		w->plan.look[v].port = 7;
		w->plan.look[v].method = plan->look[0].method;
		w->plan.look[v].size = plan->look[0].size;
	}
	for (unsigned i = 0; i < targets; i++)
		given[i] = (struct sonde_ping_given){ "host", world_host(i), world_here };
	w->stamped = true;
	sonde_ping_open(&w->p, &w->plan, given, targets, w->now, w->now + (uint64_t)w->offset);
	free(given);
}

static inline struct world *world_new(struct sonde_ping_plan plan, unsigned targets)
{
	struct world *w = malloc(sizeof *w);

	ck_assert_ptr_nonnull(w);
	plan.look[0].size = plan.look[0].size ? plan.look[0].size : 56;
	plan.timeout = plan.timeout ? plan.timeout : SONDE_SECOND;
	plan.interval = plan.interval ? plan.interval : SONDE_SECOND;
	world_open(w, &plan, targets);
	return w;
}

static inline void world_close(struct world *w)
{
	sonde_ping_close(&w->p);
	free(w);
}

static inline void world_clocks(const struct world *w, struct sonde_arrival *a)
{
	a->now = w->now;
	a->real = w->now + (uint64_t)w->offset;
}

static inline void copy_text(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}

static inline void world_told(struct world *w, const struct sonde_probe_record *r)
{
	if (w->told >= WORLD_TOLD) {
		w->told++;
		return;
	}
	copy_text(w->tell[w->told].status, 16, r->status);
	copy_text(w->tell[w->told].answer, 64, r->answer);
	copy_text(w->tell[w->told].clock, 16, r->clock);
	copy_text(w->tell[w->told].from, 64, r->from);
	w->tell[w->told].seq = r->seq;
	w->tell[w->told].rtt = r->rtt_ns;
	w->tell[w->told].bits = r->auth_bits;
	w->tell[w->told].uncertainty = r->uncertainty_ns;
	w->tell[w->told].rewritten = r->rewritten;
	w->told++;
}

/* Steps until it waits; returns until when. */
static inline sonde_ns world_step(struct world *w)
{
	for (;;) {
		struct sonde_step s = sonde_ping_step(&w->p, w->now);
		struct sonde_arrival a = { .is = SONDE_ARRIVAL_SENT, .token = s.token };
		struct world_sent *sent = &w->sent[w->n % WORLD_SENT];

		if (s.is == SONDE_STEP_WAIT)
			return s.until;
		if (s.is == SONDE_STEP_DONE) {
			w->done = true;
			return UINT64_MAX;
		}
		if (s.is == SONDE_STEP_TELL) {
			world_told(w, s.record);
			continue;
		}
		ck_assert_uint_le(s.byte.len, WORLD_BYTES);
		memcpy(sent->byte, s.byte.at, s.byte.len);
		sent->len = (uint32_t)s.byte.len;
		sent->token = s.token;
		sent->to = *s.to;
		w->n++;
		if (!w->stamped)
			continue;
		world_clocks(w, &a);
		a.stamp = a.real + 1000;
		a.now += 2000;
		a.real += 2000;
		sonde_ping_hear(&w->p, &a);
	}
}

/* Time passes up to there, with all that the ping does meanwhile. */
static inline void world_until(struct world *w, sonde_ns t)
{
	sonde_ns next = world_step(w);

	while (!w->done && next <= t) {
		w->now = next > w->now ? next : w->now + 1;
		next = world_step(w);
	}
	if (w->now < t)
		w->now = t;
	world_step(w);
}

static inline void world_pass(struct world *w, sonde_ns time)
{
	world_until(w, w->now + time);
}

/* A packet comes at this moment, and is read 5 us later. */
static inline void world_hear(struct world *w, const uint8_t *at, size_t len)
{
	struct sonde_arrival a = { .is = SONDE_ARRIVAL_PACKET, .byte = { at, len }, .ttl = -1 };
	uint8_t *flush = malloc(len ? len : 1); /* to the byte, for ASan */

	ck_assert_ptr_nonnull(flush);
	memcpy(flush, at, len);
	a.byte.at = flush;
	a.from.family = AF_INET;
	world_clocks(w, &a);
	a.stamp = a.real;
	a.now += 5000;
	a.real += 5000;
	w->now += 5000;
	sonde_ping_hear(&w->p, &a);
	free(flush);
	world_step(w);
}

struct world_answer { /* how an answer differs from the right one */
	const struct sonde_address *from;
	uint16_t ident, seq, sum; /* are xored */
	uint32_t cut;
	uint8_t error; /* 0: an echo reply; else the type of an ICMP error with code `code` */
	uint8_t code;
	uint32_t quote; /* bytes of the probe's header and payload that it quotes; 0: all */
};

static inline void push_addresses(struct sonde_draft *d, const struct sonde_address *from,
				  const struct sonde_address *to)
{
	sonde_draft_push(d, SONDE_ip);
	sonde_set(d, ip, src, (uint32_t)sonde_load(from->ip, 4));
	sonde_set(d, ip, dst, (uint32_t)sonde_load(to->ip, 4));
	sonde_set(d, ip, ttl, 60);
}

/* The reply to, or an error about, the probe of this number (from 0). Returns its length. */
static inline uint32_t world_make(const struct world *w, uint64_t n, const struct world_answer *how,
				  uint8_t *buf)
{
	const struct world_sent *s = &w->sent[n % WORLD_SENT];
	const struct sonde_address *from = how->from ? how->from : &s->to;
	uint32_t quote = how->quote && how->quote < s->len ? how->quote : s->len;
	struct sonde_draft d;
	uint32_t len;

	sonde_draft_init(&d, buf, WORLD_BYTES);
	push_addresses(&d, from, &world_here);
	sonde_draft_push(&d, SONDE_icmp);
	if (how->error) {
		sonde_set(&d, icmp, type, how->error);
		sonde_set(&d, icmp, code, how->code);
		sonde_draft_append(&d, (const uint8_t[4]){ 0 }, 4);
		len = d.p.len;
		sonde_draft_append(&d, (const uint8_t[20]){ 0 }, 20);
		buf[len] = 0x45;
		sonde_store(buf + len + 2, 2, 20 + s->len);
		buf[len + 8] = 1;
		buf[len + 9] = w->plan.look[0].method == SONDE_METHOD_ICMP  ? 1
			       : w->plan.look[0].method == SONDE_METHOD_UDP ? 17
									    : 6;
		memcpy(buf + len + 12, world_here.ip, 4);
		memcpy(buf + len + 16, s->to.ip, 4);
		sonde_draft_append(&d, s->byte, quote);
	} else {
		sonde_set(&d, icmp, type, 0);
		sonde_draft_push(&d, SONDE_icmp_echo);
		sonde_set(&d, icmp_echo, id, (uint16_t)sonde_load(s->byte + 4, 2) ^ how->ident);
		sonde_set(&d, icmp_echo, seq, (uint16_t)sonde_load(s->byte + 6, 2) ^ how->seq);
		sonde_draft_append(&d, s->byte + 8, s->len - 8);
	}
	len = (uint32_t)sonde_draft_encode(&d);
	sonde_store(buf + 22, 2, sonde_load(buf + 22, 2) ^ how->sum);
	return len - how->cut;
}

static inline void world_answer(struct world *w, uint64_t n, struct world_answer how)
{
	uint8_t buf[WORLD_BYTES];
	uint32_t len = world_make(w, n, &how, buf);

	world_hear(w, buf, len);
}

static inline struct sonde_target_record world_target(const struct world *w, uint32_t i)
{
	static char text[64];
	struct sonde_target_record r;

	sonde_ping_target(&w->p, i, &r, text);
	return r;
}

#define last_status(w)	     ((w)->tell[(w)->told - 1].status)
#define ck_told(w, expected) ck_assert_str_eq(last_status(w), expected)

#endif
