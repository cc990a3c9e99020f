/* Ports of hosts that the test invents, in time that it invents. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "packet/draft.h"
#include "probe/portscan.h"

Suite *portscan_suite(void);

#define MS SONDE_MILLISECOND

enum { MOST = 1 << 17, BYTES = 128, IDENT = 0x4711, RATE = 1000 };

static const struct sonde_address here = { .family = AF_INET, .ip = { 10, 0, 0, 1 } },
				  there = { .family = AF_INET, .ip = { 10, 0, 0, 2 } },
				  router = { .family = AF_INET, .ip = { 10, 9, 9, 9 } };

enum answer {
	NOTHING,
	SYN_ACK,
	RST,
	DATA,
	PORT_UNREACHABLE,
	PROHIBITED,
	HOST_UNREACHABLE,
	PORT_BY_ROUTER,
	FORGED
};

struct event {
	sonde_ns at;
	uint32_t len;
	uint8_t byte[BYTES];
};

struct world {
	struct sonde_portscan scan;
	sonde_ns now;
	struct event *event; /* in the order of their times, which all have the same delay */
	uint64_t first, events, sent;
	unsigned asked[65536];
	enum answer (*fate)(struct world *w, uint16_t port);
	bool udp;
	sonde_ns delay;
	uint64_t most_out;
	sonde_ns tokens_at; /* of a target that limits its errors */
	double tokens;
};

static uint32_t number(const struct sonde_address *a)
{
	return (uint32_t)sonde_load(a->ip, 4);
}

static void push_ip(struct sonde_draft *d, const struct sonde_address *from,
		    const struct sonde_address *to)
{
	sonde_draft_push(d, SONDE_ip);
	sonde_set(d, ip, src, number(from));
	sonde_set(d, ip, dst, number(to));
}

/* An ICMP error about the probe, which it quotes. */
static void push_error(struct sonde_draft *d, const struct sonde_address *from, uint8_t code,
		       struct sonde_bytes probe, bool udp)
{
	push_ip(d, from, &here);
	sonde_draft_push(d, SONDE_icmp);
	sonde_set(d, icmp, code, code);
	sonde_draft_push(d, SONDE_icmp_unreach);
	push_ip(d, &here, &there);
	sonde_set(d, ip, proto, udp ? 17 : 6);
	sonde_draft_append(d, probe.at, (uint32_t)probe.len);
}

static void push_segment(struct sonde_draft *d, struct sonde_bytes probe, enum answer answer)
{
	const struct sonde_tcp *asked = (const struct sonde_tcp *)probe.at;

	push_ip(d, &there, &here);
	sonde_draft_push(d, SONDE_tcp);
	sonde_set(d, tcp, sport, sonde_tcp_dport(asked));
	sonde_set(d, tcp, dport, sonde_tcp_sport(asked));
	sonde_set(d, tcp, ackseq, sonde_tcp_seq(asked) + 1 + (answer == FORGED ? 5 : 0));
	sonde_set(d, tcp, ack, 1);
	if (answer == RST)
		sonde_set(d, tcp, rst, 1);
	else
		sonde_set(d, tcp, syn, 1);
}

static void push_datagram(struct sonde_draft *d, struct sonde_bytes probe)
{
	const struct sonde_udp *asked = (const struct sonde_udp *)probe.at;

	push_ip(d, &there, &here);
	sonde_draft_push(d, SONDE_udp);
	sonde_set(d, udp, sport, sonde_udp_dport(asked));
	sonde_set(d, udp, dport, sonde_udp_sport(asked));
	sonde_draft_append(d, "what?", 5);
}

static void answer(struct world *w, const struct sonde_step *s)
{
	uint16_t port = sonde_tcp_dport((const struct sonde_tcp *)s->byte.at);
	struct event *e = &w->event[w->events % MOST];
	enum answer a;
	struct sonde_draft d;

	w->asked[port]++;
	a = w->fate(w, port);
	if (a == NOTHING)
		return;
	sonde_draft_init(&d, e->byte, BYTES);
	switch (a) {
	case DATA: push_datagram(&d, s->byte); break;
	case PORT_UNREACHABLE: push_error(&d, &there, 3, s->byte, w->udp); break;
	case PROHIBITED: push_error(&d, &router, 13, s->byte, w->udp); break;
	case PORT_BY_ROUTER: push_error(&d, &router, 3, s->byte, w->udp); break;
	case HOST_UNREACHABLE: push_error(&d, &router, 1, s->byte, w->udp); break;
	default: push_segment(&d, s->byte, a);
	}
	e->len = (uint32_t)sonde_draft_encode(&d);
	e->at = w->now + w->delay;
	w->events++;
	ck_assert_uint_lt(w->events - w->first, MOST);
}

static void hear(struct world *w)
{
	struct event *e = &w->event[w->first++ % MOST];
	struct sonde_arrival a = { .is = SONDE_ARRIVAL_PACKET,
				   .begins = SONDE_BEGINS_IP,
				   .ttl = -1,
				   .from = there,
				   .now = e->at,
				   .real = e->at + 5 * SONDE_SECOND,
				   .stamp = e->at + 5 * SONDE_SECOND,
				   .byte = { e->byte, e->len } };

	sonde_portscan_hear(&w->scan, &a);
}

static struct world *scan(enum answer (*fate)(struct world *, uint16_t), uint16_t first,
			  uint16_t last, bool udp)
{
	struct world *w = calloc(1, sizeof *w);
	uint16_t *port = calloc(65536, sizeof *port);
	struct sonde_method_look look = { .method = udp ? SONDE_METHOD_UDP : SONDE_METHOD_TCP,
					  .ident = IDENT,
					  .size = udp ? SONDE_METHOD_HEAD : 0 };
	struct sonde_portscan_plan plan = { .look = { look, look },
					    .secret = { { 1, 2 } },
					    .port = port,
					    .retries = 2,
					    .timeout = SONDE_SECOND };
	struct sonde_given given = { "there", there, here };

	ck_assert(w && port);
	for (uint32_t p = first; p <= last; p++)
		port[plan.n++] = (uint16_t)p;
	w->event = calloc(MOST, sizeof *w->event);
	w->fate = fate;
	w->udp = udp;
	w->delay = 2 * MS;
	w->now = 1000 * SONDE_SECOND;
	w->tokens = 6;
	sonde_portscan_open(&w->scan, &plan, &given, 1, w->now, w->now + 5 * SONDE_SECOND);
	for (;;) {
		struct sonde_step s = sonde_portscan_step(&w->scan, w->now);

		if (s.is == SONDE_STEP_DONE)
			break;
		if (s.is == SONDE_STEP_SEND) {
			answer(w, &s);
			w->most_out = w->scan.out > w->most_out ? w->scan.out : w->most_out;
			w->now += SONDE_MICROSECOND;
			continue;
		}
		if (w->first < w->events && w->event[w->first % MOST].at <= s.until) {
			if (w->event[w->first % MOST].at > w->now)
				w->now = w->event[w->first % MOST].at;
			hear(w);
		} else {
			ck_assert_uint_ne(s.until, UINT64_MAX);
			w->now = s.until > w->now ? s.until : w->now;
		}
	}
	return w;
}

static const struct sonde_portscan *scan_of(const struct world *w)
{
	return &w->scan;
}

static const struct sonde_port *port(const struct world *w, uint16_t first, uint16_t number)
{
	return sonde_portscan_port(scan_of(w), 0, (uint32_t)(number - first));
}

static uint64_t count(const struct world *w, enum sonde_port_state s)
{
	uint64_t all[SONDE_PORT_STATES];

	sonde_portscan_count(scan_of(w), 0, all);
	return all[s];
}

static void done(struct world *w)
{
	free((void *)(uintptr_t)w->scan.plan.port);
	sonde_portscan_close(&w->scan);
	free(w->event);
	free(w);
}

/* ---- */

static enum answer some_of_each(struct world *w, uint16_t port)
{
	(void)w;
	switch (port % 100) {
	case 22: return SYN_ACK;
	case 33: return NOTHING;
	case 44: return PROHIBITED;
	case 55: return HOST_UNREACHABLE;
	case 66: return PORT_UNREACHABLE;
	default: return RST;
	}
}

START_TEST(what_comes_back_says_what_a_port_is)
{
	struct world *w = scan(some_of_each, 1, 65535, false);

	ck_assert_uint_eq(count(w, SONDE_PORT_OPEN), 656);
	ck_assert_uint_eq(count(w, SONDE_PORT_UNREACHABLE), 655);
	ck_assert_uint_eq(count(w, SONDE_PORT_FILTERED), 656 + 655 + 655);
	ck_assert_uint_eq(count(w, SONDE_PORT_CLOSED), 65535 - 656 - 655 - 656 - 655 - 655);
	for (unsigned p = 1; p <= 65535; p++)
		ck_assert_uint_eq(w->asked[p], p % 100 == 33 ? 3 : 1);
	ck_assert_uint_eq(port(w, 1, 122)->answer, SONDE_ANSWER_SYN_ACK);
	ck_assert_uint_eq(port(w, 1, 122)->ttl, 64);
	ck_assert_uint_eq(port(w, 1, 122)->rtt, 2 * MS);
	ck_assert_uint_eq(port(w, 1, 144)->code, 13);
	ck_assert(sonde_address_equal(&w->scan.router[port(w, 1, 144)->from], &router));
	ck_assert_uint_eq(port(w, 1, 133)->answer, SONDE_ANSWER_NONE);
	ck_assert_uint_eq(w->scan.losses, 0);
	ck_assert_uint_gt(w->most_out, 2000); /* the window grew with the answers */
	done(w);
}
END_TEST

/* Every third probe is lost, whoever it asks. */
static enum answer lossy(struct world *w, uint16_t port)
{
	return ++w->sent % 3 == 0 ? NOTHING : port % 10 == 0 ? SYN_ACK : RST;
}

START_TEST(loss_is_noticed_and_asked_about_again)
{
	struct world *w = scan(lossy, 1, 5000, false);

	ck_assert_uint_eq(count(w, SONDE_PORT_OPEN), 500);
	ck_assert_uint_eq(count(w, SONDE_PORT_CLOSED), 4500);
	ck_assert_uint_gt(w->scan.losses, 1000);
	ck_assert(w->scan.threshold < 256); /* the window was halved below where it began */
	done(w);
}
END_TEST

/* The line takes so many in 10 ms; what is more is lost. */
static enum answer narrow(struct world *w, uint16_t port)
{
	w->tokens += (double)(w->now - w->tokens_at) / 1e9 * 20000;
	w->tokens = w->tokens > 200 ? 200 : w->tokens;
	w->tokens_at = w->now;
	if (w->tokens < 1)
		return NOTHING;
	w->tokens--;
	return port % 50 == 0 ? SYN_ACK : RST;
}

START_TEST(a_narrow_line_is_not_taken_for_a_filter)
{
	struct world *w = scan(narrow, 1, 20000, false);

	ck_assert_uint_eq(count(w, SONDE_PORT_OPEN), 400);
	ck_assert_uint_eq(count(w, SONDE_PORT_CLOSED), 19600);
	ck_assert_uint_lt(w->scan.sent, 2 * 20000);
	done(w);
}
END_TEST

static enum answer forged(struct world *w, uint16_t port)
{
	(void)w, (void)port;
	return FORGED;
}

START_TEST(an_answer_without_the_secret_opens_no_port)
{
	struct world *w = scan(forged, 20, 25, false);

	ck_assert_uint_eq(count(w, SONDE_PORT_FILTERED), 6);
	ck_assert_uint_eq(w->scan.open, 0);
	done(w);
}
END_TEST

/* A target of Linux: six errors at once, then one a second for whoever asks. */
static enum answer limited(struct world *w, uint16_t port)
{
	if (port == 53)
		return DATA;
	if (port == 69)
		return NOTHING; /* a server that does not answer what it does not know */
	w->tokens += (double)(w->now - w->tokens_at) / 1e9;
	w->tokens = w->tokens > 6 ? 6 : w->tokens;
	w->tokens_at = w->now;
	if (w->tokens < 1)
		return NOTHING;
	w->tokens--;
	return PORT_UNREACHABLE;
}

START_TEST(of_udp_errors_that_are_limited_do_not_make_closed_ports_open)
{
	struct world *w = scan(limited, 50, 79, true);

	ck_assert_uint_eq(count(w, SONDE_PORT_OPEN), 1);
	ck_assert_uint_eq(port(w, 50, 53)->answer, SONDE_ANSWER_DATA);
	ck_assert_uint_eq(count(w, SONDE_PORT_OPEN_OR_FILTERED), 1);
	ck_assert_uint_eq(port(w, 50, 69)->state, SONDE_PORT_OPEN_OR_FILTERED);
	ck_assert_uint_eq(count(w, SONDE_PORT_CLOSED), 28);
	done(w);
}
END_TEST

static enum answer of_routers(struct world *w, uint16_t port)
{
	static const enum answer all[] = { PROHIBITED, HOST_UNREACHABLE, PORT_UNREACHABLE,
					   PORT_BY_ROUTER };

	(void)w;
	return all[port % 4];
}

START_TEST(of_udp_only_the_target_says_that_a_port_is_closed)
{
	struct world *w = scan(of_routers, 300, 339, true);

	ck_assert_uint_eq(count(w, SONDE_PORT_FILTERED), 20);
	ck_assert_uint_eq(count(w, SONDE_PORT_UNREACHABLE), 10);
	ck_assert_uint_eq(count(w, SONDE_PORT_CLOSED), 10);
	done(w);
}
END_TEST

static enum answer late(struct world *w, uint16_t port)
{
	if (w->asked[port] > 1)
		return NOTHING;
	w->delay = 300 * MS;
	return SYN_ACK;
}

START_TEST(a_late_answer_still_counts)
{
	struct world *w = scan(late, 1, 3, false);

	ck_assert_uint_eq(count(w, SONDE_PORT_OPEN), 3);
	done(w);
}
END_TEST

Suite *portscan_suite(void)
{
	Suite *s = suite_create("portscan");
	TCase *t = tcase_create("all");

	tcase_add_test(t, what_comes_back_says_what_a_port_is);
	tcase_add_test(t, loss_is_noticed_and_asked_about_again);
	tcase_add_test(t, a_narrow_line_is_not_taken_for_a_filter);
	tcase_add_test(t, an_answer_without_the_secret_opens_no_port);
	tcase_add_test(t, of_udp_errors_that_are_limited_do_not_make_closed_ports_open);
	tcase_add_test(t, of_udp_only_the_target_says_that_a_port_is_closed);
	tcase_add_test(t, a_late_answer_still_counts);
	suite_add_tcase(s, t);
	return s;
}
