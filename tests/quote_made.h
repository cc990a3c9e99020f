#ifndef SONDE_TESTS_QUOTE_MADE_H
#define SONDE_TESTS_QUOTE_MADE_H

/* Probes as they leave, and what an ICMP error quotes of them. */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "packet/draft.h"
#include "packet/sum.h"
#include "probe/rewrite.h"

enum { BYTES = 400, PAYLOAD = 41 };

static uint8_t sent[BYTES], quote[BYTES];
static uint32_t len;
static struct sonde_rewrite w;

/* ---- probes ---- */

struct made { /* 0: the usual */
	uint8_t source;
	uint16_t mss;
	bool no_sackok, route, no_sum;
};

static inline void push_ip(struct sonde_draft *d, bool v6, const struct made *m)
{
	const uint8_t a[16] = { 0x20, 1, 13, 0xb8, [15] = m->source ? m->source : 1 };
	const uint8_t b[16] = { 0x20, 1, 13, 0xb8, [15] = 9 };

	if (v6) {
		sonde_draft_push(d, SONDE_ipv6);
		sonde_set(d, ipv6, dscp, 46);
		sonde_set(d, ipv6, flow, 0x12345);
		sonde_set(d, ipv6, src, a);
		sonde_set(d, ipv6, dst, b);
	} else {
		sonde_draft_push(d, SONDE_ip);
		sonde_set(d, ip, dscp, 46);
		sonde_set(d, ip, id, 0x1234);
		sonde_set(d, ip, df, 1);
		sonde_set(d, ip, src, 0x0a000000u + (m->source ? m->source : 1));
		sonde_set(d, ip, dst, 0x0a000009);
	}
}

static inline void push_transport(struct sonde_draft *d, unsigned shape, const struct made *m)
{
	sonde_draft_push(d, (enum sonde_shape)shape);
	if (shape == SONDE_udp) {
		sonde_set(d, udp, sport, 40000);
		sonde_set(d, udp, dport, 33434);
		if (m->no_sum)
			sonde_set(d, udp, checksum, 0);
	} else if (shape == SONDE_tcp) {
		sonde_set(d, tcp, sport, 40000);
		sonde_set(d, tcp, dport, 80);
		sonde_set(d, tcp, seq, 0x01020304);
		sonde_set(d, tcp, syn, 1);
		sonde_draft_option(d, SONDE_tcp_mss);
		sonde_tcp_mss_val_put((void *)(d->p.byte + d->option), m->mss ? m->mss : 1460);
		if (!m->no_sackok) {
			sonde_draft_option(d, SONDE_tcp_sackok);
			sonde_draft_raw(d, (const uint8_t *)"\1\1", 2);
		}
		sonde_draft_option(d, SONDE_tcp_ts);
		sonde_draft_raw(d, (const uint8_t *)"\1\1", 2);
	} else if (shape == SONDE_icmp) {
		sonde_draft_push(d, SONDE_icmp_echo);
		sonde_set(d, icmp_echo, id, 77);
		sonde_set(d, icmp_echo, seq, 3);
	} else {
		sonde_draft_push(d, SONDE_icmpv6_echo);
		sonde_set(d, icmpv6_echo, id, 77);
		sonde_set(d, icmpv6_echo, seq, 3);
	}
}

enum { PROBES = 8 };

static inline uint32_t make(unsigned n, struct made m, uint8_t *buf)
{
	static const struct {
		bool v6, option;
		uint16_t transport;
	} probes[PROBES] = {
		{ false, false, SONDE_udp },  { false, false, SONDE_tcp },
		{ false, false, SONDE_icmp }, { true, false, SONDE_udp },
		{ true, false, SONDE_tcp },   { true, false, SONDE_icmpv6 },
		{ false, true, SONDE_udp },   { true, true, SONDE_tcp },
	};
	static const uint8_t route[] = { 7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 1 };
	static const uint8_t alert[] = { 148, 4, 0, 0 }, alert6[] = { 5, 2, 0, 0, 1, 0 };
	struct sonde_draft d;
	uint8_t body[PAYLOAD];

	for (unsigned i = 0; i < PAYLOAD; i++)
		body[i] = (uint8_t)(0xa5 + 7 * i);
	sonde_draft_init(&d, buf, BYTES);
	push_ip(&d, probes[n].v6, &m);
	if (probes[n].option && probes[n].v6) {
		sonde_draft_push(&d, SONDE_ipv6_hopopts);
		sonde_draft_raw(&d, alert6, sizeof alert6);
	} else if (probes[n].option) {
		if (m.route)
			sonde_draft_raw(&d, route, sizeof route);
		else
			sonde_draft_raw(&d, alert, sizeof alert);
	}
	push_transport(&d, probes[n].transport, &m);
	sonde_draft_append(&d, body, PAYLOAD);
	return (uint32_t)sonde_draft_encode(&d);
}

static struct sonde_packet p; /* of what was sent */

/* Sent, and quoted as the next router sees it. */
static inline void begin(unsigned n)
{
	len = make(n, (struct made){ 0 }, sent);
	sonde_decode(&p, sent, len, len, sent[0] >> 4 == 4 ? SONDE_ip : SONDE_ipv6);
	memcpy(quote, sent, len);
	if (sent[0] >> 4 == 6) {
		quote[7] = 1;
	} else {
		quote[8] = 1;
		sonde_store(quote + 10, 2, 0);
		sonde_store(quote + 10, 2, sonde_sum_end(sonde_sum(quote, p.layer[0].head)));
	}
}

/* Exactly so many bytes, so that a sanitizer sees a read behind them. */
static inline void find(uint32_t cut, bool padded)
{
	static uint8_t *exact;

	free(exact);
	exact = malloc(cut ? cut : 1);
	memcpy(exact, quote, cut);
	sonde_rewrite_find(&w, (struct sonde_bytes){ sent, len },
			   (struct sonde_bytes){ cut ? exact : NULL, cut }, padded);
}

static inline const char *name(unsigned i)
{
	static char buf[16];

	return i < w.n ? sonde_rewrite_name(&w.finding[i], buf, sizeof buf) : "";
}

/* "ip.src tcp.checksum" */
static inline const char *names(void)
{
	static char all[600];

	*all = 0;
	for (unsigned i = 0; i < w.n; i++)
		snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? " " : "",
			 name(i));
	return all;
}

/* Where the checksum of the transport ends. */
static inline uint32_t sum_end(void)
{
	for (unsigned d = 0; d < p.n; d++)
		switch (p.layer[d].shape) {
		case SONDE_udp: return p.layer[d].at + 8;
		case SONDE_tcp: return p.layer[d].at + 18;
		case SONDE_icmp:
		case SONDE_icmpv6: return p.layer[d].at + 4;
		}
	abort();
}

#endif
