#ifndef SONDE_TESTS_FUZZ_REPLY_H
#define SONDE_TESTS_FUZZ_REPLY_H

/* What comes back to a ping, of either version of IP and every kind of socket: hostile packets,
 * and true answers with some bytes changed. Whatever comes, every probe has one fate, nothing is
 * counted twice, and an answer that was not changed is always known. Each method has a target; of
 * an input the first byte chooses the rest of the plan, and what comes back follows. */

#include <sys/socket.h>

#include "packet/draft.h"
#include "probe/ping.h"
#include "probe/say.h"
#include "tests/fuzz/fuzz.h"

enum { PROBES = 8, ROOM = 1024, HEADERS = 48, LONGEST = 256 };

struct run {
	struct sonde_ping p;
	struct sonde_ping_plan plan;
	struct sonde_address here, there[2];
	uint8_t sent[PROBES][ROOM];
	uint32_t len[PROBES], token[PROBES];
	struct sonde_address to[PROBES];
	unsigned n;
	uint8_t method; /* enum sonde_method */
	uint64_t arrivals, told;
	sonde_ns now, real;
	bool six, done;
};

static inline void look_at(const struct sonde_probe_record *r)
{
	struct sonde_say_look look = { .several = true, .stamp = true };
	char buf[4096];
	struct sonde_text t;

	sonde_text_init(&t, buf, sizeof buf, NULL, NULL);
	sonde_say_probe(&t, r, &look, true);
	stop_unless_harmless(buf, t.len, true);
	stop_unless(r->status && r->target && r->seq);
	if (!strcmp(r->status, "reply"))
		stop_unless(r->from && r->rtt_ns < SONDE_SECOND * 100 &&
			    (r->auth_bits >= 16 || !strcmp(r->answer, "neighbour")));
}

/* Until it waits, or has ended. */
static inline void step(struct run *r)
{
	for (;;) {
		struct sonde_step s = sonde_ping_step(&r->p, r->now);

		if (s.is == SONDE_STEP_TELL) {
			look_at(s.record);
			r->told++;
		} else if (s.is == SONDE_STEP_SEND) {
			unsigned i = r->n++ % PROBES;

			stop_unless(s.byte.len <= ROOM - HEADERS);
			memcpy(r->sent[i], s.byte.at, s.byte.len);
			r->len[i] = (uint32_t)s.byte.len;
			r->token[i] = s.token;
			r->to[i] = *s.to;
		} else {
			r->done = s.is == SONDE_STEP_DONE;
			return;
		}
	}
}

static inline void begin(struct run *r, enum sonde_method method, unsigned choice)
{
	static const uint32_t sizes[] = { 56, 16, 8, 3 };
	struct sonde_given given[2] = { { .name = "a" }, { .name = "b" } };

	*r = (struct run){ .now = 1000 * SONDE_SECOND,
			   .method = (uint8_t)method,
			   .six = choice % 2 };
	r->real = r->now + 1700000000 * SONDE_SECOND;
	r->here.family = r->six ? AF_INET6 : AF_INET;
	r->here.ip[0] = 10;
	for (unsigned i = 0; i < 2; i++) {
		r->there[i] = r->here;
		r->there[i].ip[3] = (uint8_t)(i + 1);
		r->there[i].port = 7;
		given[i].to = r->there[i];
		given[i].from = r->here;
	}
	r->plan = (struct sonde_ping_plan){
		.secret = { { 1, 2 } },
		.count = PROBES / 2,
		.interval = SONDE_MILLISECOND,
		.timeout = 20 * SONDE_MILLISECOND,
		.preload = choice / 2 % 4,
	};
	for (unsigned v = 0; v < 2; v++)
		r->plan.look[v] = (struct sonde_method_look){
			.method = r->method,
			.ident = 0x1234,
			.port = 7,
			.size = r->method == SONDE_METHOD_UDP ? 32 : sizes[choice / 8 % 4],
		};
	sonde_ping_open(&r->p, &r->plan, given, 2, r->now, r->real);
	step(r);
}

static inline void push_ip(struct sonde_draft *d, const struct run *r,
			   const struct sonde_address *from, const struct sonde_address *to)
{
	sonde_draft_push(d, r->six ? SONDE_ipv6 : SONDE_ip);
	memcpy((uint8_t *)(uintptr_t)d->p.byte + d->p.layer[d->p.n - 1].at + (r->six ? 8 : 12),
	       from->ip, r->six ? 16 : 4);
	memcpy((uint8_t *)(uintptr_t)d->p.byte + d->p.layer[d->p.n - 1].at + (r->six ? 24 : 16),
	       to->ip, r->six ? 16 : 4);
}

/* An ICMP error that quotes so many bytes of a probe. */
static inline uint32_t make_error(const struct run *r, unsigned i, unsigned quote, uint8_t *buf)
{
	struct sonde_draft d;

	sonde_draft_init(&d, buf, ROOM);
	push_ip(&d, r, &r->there[1], &r->here);
	sonde_draft_push(&d, r->six ? SONDE_icmpv6 : SONDE_icmp);
	sonde_draft_push(&d, r->six ? SONDE_icmpv6_error : SONDE_icmp_unreach);
	push_ip(&d, r, &r->here, &r->to[i]);
	sonde_draft_push(&d, r->method == SONDE_METHOD_UDP    ? SONDE_udp
			     : sonde_method_is_tcp(r->method) ? SONDE_tcp
			     : r->six			      ? SONDE_icmpv6
							      : SONDE_icmp);
	d.p.len =
		d.p.layer[d.p.n - 1].at; /* its place in the key, and the probe's own bytes there */
	d.p.n--;
	d.open = false;
	sonde_draft_append(&d, r->sent[i], quote < r->len[i] ? quote : r->len[i]);
	buf[d.p.layer[d.p.n - 1].at + (r->six ? 6 : 9)] = r->method == SONDE_METHOD_UDP	   ? 17
							  : sonde_method_is_tcp(r->method) ? 6
							  : r->six			   ? 58
											   : 1;
	return (uint32_t)sonde_draft_encode(&d);
}

/* The right answer to a probe; 0: this method has none that is made here. */
static inline uint32_t make_answer(const struct run *r, unsigned i, uint8_t *buf)
{
	const uint8_t *h = r->sent[i];
	struct sonde_draft d;

	sonde_draft_init(&d, buf, ROOM);
	if (r->method == SONDE_METHOD_NEIGHBOUR && !r->six) {
		sonde_draft_push(&d, SONDE_arp);
		sonde_set(&d, arp, op, 2);
		sonde_draft_push(&d, SONDE_arp_ip);
		memcpy(buf + 8 + SONDE_AT_arp_ip_spa / 8, r->to[i].ip, 4);
		return (uint32_t)sonde_draft_encode(&d);
	}
	push_ip(&d, r, &r->to[i], &r->here);
	if (r->method == SONDE_METHOD_NEIGHBOUR) {
		buf[SONDE_AT_ipv6_hlim / 8] = 255;
		sonde_draft_push(&d, SONDE_icmpv6);
		sonde_draft_push(&d, SONDE_nd_na);
		memcpy(sonde_last(&d, nd_na)->byte + SONDE_AT_nd_na_target / 8, r->to[i].ip, 16);
	} else if (sonde_method_is_tcp(r->method)) {
		sonde_draft_push(&d, SONDE_tcp);
		sonde_set(&d, tcp, sport, (uint16_t)sonde_load(h + 2, 2));
		sonde_set(&d, tcp, dport, (uint16_t)sonde_load(h, 2));
		sonde_set(&d, tcp, seq, (uint32_t)sonde_load(h + 8, 4)); /* of an ACK */
		sonde_set(&d, tcp, ackseq, (uint32_t)sonde_load(h + 4, 4) + 1);
		sonde_set(&d, tcp, ack, r->method == SONDE_METHOD_TCP);
		sonde_set(&d, tcp, rst, 1);
	} else if (r->method == SONDE_METHOD_UDP) {
		sonde_draft_push(&d, SONDE_udp);
		sonde_set(&d, udp, sport, 7);
		sonde_set(&d, udp, dport, 0x1234);
		sonde_draft_append(&d, h + 8, r->len[i] - 8);
	} else if (r->six) {
		sonde_draft_push(&d, SONDE_icmpv6);
		sonde_set(&d, icmpv6, type, 129);
		sonde_draft_push(&d, SONDE_icmpv6_echo);
		sonde_draft_append(&d, h + 8, r->len[i] - 8);
		memcpy(buf + d.p.layer[d.p.n - 1].at, h + 4, 4);
	} else {
		sonde_draft_push(&d, SONDE_icmp);
		sonde_set(&d, icmp, type, 0);
		sonde_draft_push(&d, SONDE_icmp_echo);
		sonde_draft_append(&d, h + 8, r->len[i] - 8);
		memcpy(buf + d.p.layer[d.p.n - 1].at, h + 4, 4);
	}
	return (uint32_t)sonde_draft_encode(&d);
}

static inline void hear(struct run *r, struct sonde_arrival *a, const uint8_t *at, uint32_t len)
{
	uint8_t *flush = malloc(len ? len : 1); /* to the byte, so that ASan guards the end */

	stop_unless(flush);
	memcpy(flush, at, len);
	a->byte = (struct sonde_bytes){ flush, len };
	a->now = r->now;
	a->real = r->real;
	sonde_ping_hear(&r->p, a);
	r->arrivals++;
	free(flush);
	step(r);
}

/* One arrival as the input says. */
static inline void arrive(struct run *r, struct steps *in)
{
	unsigned kind = next_byte(in), i = next_byte(in) % (r->n < PROBES ? r->n : PROBES);
	struct sonde_arrival a = { .is = SONDE_ARRIVAL_PACKET, .ttl = -1 };
	uint8_t buf[ROOM] = { 0 };
	uint32_t len, begin_at = 0;

	a.from = r->there[kind >> 6 & 1];
	a.stamp = r->real - next_short(in) * 1000;
	a.token = r->token[i];
	switch (kind % 8) {
	case 0:
		len = make_answer(r, i, buf);
		if (r->method == SONDE_METHOD_NEIGHBOUR && !r->six)
			a.begins = SONDE_BEGINS_ARP;
		break;
	case 1: len = make_error(r, i, next_byte(in), buf); break;
	case 2: /* what an error queue tells */
		a.is = SONDE_ARRIVAL_ERROR;
		a.type = (uint8_t)next_byte(in);
		a.code = (uint8_t)next_byte(in);
		a.to = r->to[i];
		len = r->len[i];
		memcpy(buf, r->sent[i], len);
		a.begins = r->method == SONDE_METHOD_UDP ? SONDE_BEGINS_BODY : SONDE_BEGINS_ICMP;
		begin_at = r->method == SONDE_METHOD_UDP ? 8 : 0;
		break;
	case 3:
		a.is = kind & 16 ? SONDE_ARRIVAL_QUEUED : SONDE_ARRIVAL_SENT;
		a.token += kind >> 5;
		len = 0;
		break;
	case 4:
		a.is = SONDE_ARRIVAL_REFUSED;
		a.error = 1 + (int)(kind >> 3);
		len = 0;
		break;
	default: /* bytes of the input alone */
		a.begins = (uint8_t)((kind >> 3) % 5);
		len = next_byte(in);
		for (uint32_t k = 0; k < len; k++)
			buf[k] = (uint8_t)next_byte(in);
	}
	if (a.begins == SONDE_BEGINS_BODY && r->method != SONDE_METHOD_UDP)
		a.begins = SONDE_BEGINS_IP; /* no such socket */
	for (unsigned changes = next_byte(in) % 8; changes && len; changes--) {
		uint32_t at = next_short(in) % len;

		buf[at] ^= (uint8_t)next_byte(in);
	}
	if (kind & 32)
		len -= next_byte(in) % (len + 1);
	begin_at = begin_at < len ? begin_at : len;
	hear(r, &a, buf + begin_at, len - begin_at);
}

/* Each probe has one fate, and no more came than was heard. */
static inline void check(struct run *r)
{
	struct sonde_target_record t;
	char text[64];

	for (uint32_t i = 0; i < 2; i++) {
		sonde_ping_target(&r->p, i, &t, text);
		stop_unless(t.received + t.lost + t.pending == t.sent);
		stop_unless(t.sent + t.local_errors <= PROBES / 2);
		stop_unless(t.late + t.errors <= t.lost + t.pending + t.received);
		stop_unless(t.received + t.late + t.duplicates + t.errors + t.corrupted +
				    t.spoofed <=
			    r->arrivals);
		stop_unless(!t.received || t.rtt_min_ns <= t.rtt_p50_ns);
	}
}

/* What a target does with an input. */
static inline int fuzz_reply(enum sonde_method method, const uint8_t *at, size_t len)
{
	struct steps in = { at, len < LONGEST ? len : LONGEST };
	uint8_t buf[ROOM] = { 0 };
	static struct run r;

	begin(&r, method, next_byte(&in));
	while (in.len && !r.done) {
		sonde_ns past = next_byte(&in) * 100000;

		r.now += past;
		r.real += past;
		if (past > 200 * 100000)
			r.real += 3600 * SONDE_SECOND; /* somebody sets the clock */
		step(&r);
		if (!r.done)
			arrive(&r, &in);
	}
	check(&r);
	/* An answer that is as it should be is always known: of the last probe that is still out.
	 */
	if (!r.done && r.n) {
		unsigned last = (r.n - 1) % PROBES;
		struct sonde_probe *probe = sonde_flight_token(&r.p.survey.flight, r.token[last]);
		bool out = probe->state == SONDE_PROBE_OUT;
		bool arp = r.method == SONDE_METHOD_NEIGHBOUR && !r.six;
		uint64_t before = r.p.host[probe->target].stats.n;
		struct sonde_arrival a = { .is = SONDE_ARRIVAL_PACKET,
					   .begins = arp ? SONDE_BEGINS_ARP : SONDE_BEGINS_IP,
					   .from = r.to[last],
					   .ttl = -1,
					   .stamp = r.real };
		uint32_t n = make_answer(&r, last, buf);

		hear(&r, &a, buf, n);
		stop_unless(r.p.host[probe->target].stats.n == before + out);
	}
	check(&r);
	sonde_ping_close(&r.p);
	return 0;
}

#endif
