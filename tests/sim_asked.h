#ifndef SONDE_TESTS_SIM_ASKED_H
#define SONDE_TESTS_SIM_ASKED_H

/* A sim behind one link, packets to it, and its answers. */

#include <sys/socket.h>

#include "base/text.h"
#include "packet/draft.h"
#include "packet/tuple.h"
#include "tests/lab_read.h"

/* What the sim sent: copies, in order. */
enum { ANSWERS = 16, MOST = 4096 };
static struct {
	sonde_ns due;
	uint8_t *byte; /* to the byte, so that a sanitizer sees one too far */
	size_t len;
	struct sonde_packet p;
	struct sonde_tuple t;
	struct sonde_verdict v;
} answer[ANSWERS];
static unsigned answers;
static struct sonde_sim sim;
static uint8_t buf[70000];
static struct sonde_draft d;
static const uint8_t asker[6] = { 2, 0, 0, 0, 1, 1 };

static void hear(void *arg, sonde_ns due, const uint8_t *frame, size_t len)
{
	ck_assert_ptr_eq(arg, &answers);
	ck_assert_uint_lt(answers, ANSWERS);
	answer[answers].due = due;
	answer[answers].byte = malloc(len);
	memcpy(answer[answers].byte, frame, len);
	answer[answers].len = len;
	sonde_decode(&answer[answers].p, answer[answers].byte, (uint32_t)len, (uint32_t)len,
		     SONDE_eth);
	sonde_packet_tuple(&answer[answers].p, &answer[answers].t);
	sonde_judge(&answer[answers].p, SONDE_JUDGE_SUMS, &answer[answers].v);
	answers++;
}

static unsigned send_raw(const uint8_t *frame, size_t len)
{
	for (unsigned i = 0; i < answers; i++)
		free(answer[i].byte);
	answers = 0;
	ck_assert_int_eq(sonde_sim_hear(&sim, 1000, frame, len, hear, &answers), (int)answers);
	return answers;
}

/* A host "h" with the address 10.0.1.1 and a sim with a profile, at 10.0.1.2. */
static void begin(const char *profile)
{
	char text[2048];

	snprintf(text, sizeof text, "lab x seed=5\nhost h\nsim s {\n%s\n}\nlink h s\n", profile);
	lab_read(text);
	sonde_sim_init(&sim, &arena, &lab, 1);
}

/* To hop K's address 10.128.0.K or fd00:1::K; K 0: the sim's own end. */
static void to(bool v6, unsigned k, unsigned ttl)
{
	sonde_draft_init(&d, buf, sizeof buf);
	sonde_draft_push(&d, SONDE_eth);
	sonde_set(&d, eth, src, asker);
	sonde_set(&d, eth, dst, lab.link[0].end[1].mac);
	if (v6) {
		struct sonde_address a = k ? lab.node[1].net6 : lab.link[0].end[1].v6;

		a.ip[15] = (uint8_t)(a.ip[15] + k);
		sonde_draft_push(&d, SONDE_ipv6);
		sonde_set(&d, ipv6, src, lab.link[0].end[0].v6.ip);
		sonde_set(&d, ipv6, dst, a.ip);
		sonde_set(&d, ipv6, hlim, (uint8_t)ttl);
	} else {
		sonde_draft_push(&d, SONDE_ip);
		sonde_set(&d, ip, src, 0x0a000101);
		sonde_set(&d, ip, dst, k ? 0x0a800000 + k : 0x0a000102);
		sonde_set(&d, ip, ttl, (uint8_t)ttl);
		sonde_set(&d, ip, id, 0x1234);
	}
}

static void udp(unsigned port, unsigned body)
{
	static const uint8_t zero[MOST];

	sonde_draft_push(&d, SONDE_udp);
	sonde_set(&d, udp, sport, 40000);
	sonde_set(&d, udp, dport, (uint16_t)port);
	sonde_draft_append(&d, zero, body);
}

static void echo(bool v6, unsigned seq)
{
	if (v6) {
		sonde_draft_push(&d, SONDE_icmpv6);
		sonde_draft_push(&d, SONDE_icmpv6_echo);
		sonde_set(&d, icmpv6_echo, id, 77);
		sonde_set(&d, icmpv6_echo, seq, (uint16_t)seq);
	} else {
		sonde_draft_push(&d, SONDE_icmp);
		sonde_draft_push(&d, SONDE_icmp_echo);
		sonde_set(&d, icmp_echo, id, 77);
		sonde_set(&d, icmp_echo, seq, (uint16_t)seq);
	}
	sonde_draft_append(&d, "payload", 7);
}

static unsigned probe(void)
{
	int len = sonde_draft_encode(&d);
	uint8_t *exact;
	unsigned n;

	ck_assert_int_gt(len, 0);
	exact = malloc((size_t)len);
	memcpy(exact, buf, (size_t)len);
	n = send_raw(exact, (size_t)len);
	free(exact);
	return n;
}

static unsigned trace(bool v6, unsigned ttl)
{
	to(v6, 99, ttl);
	udp(33434, 20);
	return probe();
}

/* The source of an answer as text. */
static const char *from(unsigned i)
{
	static char text[64 + SONDE_TEXT_SLACK];
	const struct sonde_address *a = &answer[i].t.src;

	*(a->family == AF_INET ? sonde_put_ip4(text, a->ip) : sonde_put_ip6(text, a->ip)) = 0;
	return text;
}

static void ck_assert_right(unsigned i)
{
	for (unsigned l = 0; l < answer[i].p.n; l++)
		ck_assert_msg(!answer[i].v.wrong[l], "layer %u of answer %u: %x", l, i,
			      answer[i].v.wrong[l]);
	ck_assert(!memcmp(answer[i].byte, asker, 6));
	ck_assert(!memcmp(answer[i].byte + 6, lab.link[0].end[1].mac, 6));
}

#endif
