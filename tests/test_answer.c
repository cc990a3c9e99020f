#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "packet/draft.h"
#include "packet/tuple.h"
#include "probe/answer.h"

Suite *answer_suite(void);

enum { A = 0x0a000001, B = 0x0a000002, R = 0x0a000009, GROUP = 0xe0000005 };
enum { SYN = SONDE_TCP_SYN, ACK = SONDE_TCP_ACK, RST = SONDE_TCP_RST, FIN = SONDE_TCP_FIN };

static const uint8_t a6[16] = { 0xfd, [15] = 1 }, b6[16] = { 0xfd, [15] = 2 },
		     all6[16] = { 0xff, 2, [15] = 1 };
static const struct sonde_secret secret = { { 1, 2 } };

static struct sonde_arena arena;
static struct sonde_answers answers;
static struct sonde_answers_hit hit;
static struct sonde_draft d;
static uint8_t buffer[2000];
static uint64_t number;

static void setup(void)
{
	sonde_answers_init(&answers, &arena, 16, &secret);
	number = 0;
}

static void teardown(void)
{
	sonde_arena_done(&arena);
}

/* The draft, read again as it would be from the wire. */
static struct sonde_packet taken(void)
{
	enum sonde_shape first = d.p.layer[0].shape;
	int len = sonde_draft_encode(&d);
	struct sonde_packet p;

	ck_assert_int_gt(len, 0);
	sonde_decode(&p, buffer, (uint32_t)len, (uint32_t)len, first);
	return p;
}

static uint64_t sent(void)
{
	struct sonde_packet p = taken();

	sonde_answers_put(&answers, &p, number);
	return number++;
}

static bool came(void)
{
	struct sonde_packet p = taken();

	hit = (struct sonde_answers_hit){ 0 };
	return sonde_answers_find(&answers, &p, 0, &hit);
}

static bool answers_as(enum sonde_answers_kind kind, uint64_t of)
{
	return came() && hit.kind == kind && hit.number == of;
}

static void begin(void)
{
	sonde_draft_init(&d, buffer, sizeof buffer);
}

static void ip(uint32_t src, uint32_t dst)
{
	sonde_draft_push(&d, SONDE_ip);
	sonde_set(&d, ip, src, src);
	sonde_set(&d, ip, dst, dst);
}

static void ipv6(const uint8_t *src, const uint8_t *dst)
{
	sonde_draft_push(&d, SONDE_ipv6);
	sonde_set(&d, ipv6, src, src);
	sonde_set(&d, ipv6, dst, dst);
}

static void tcp(uint16_t from, uint16_t to, uint16_t flags, uint32_t seq, uint32_t ack)
{
	sonde_draft_push(&d, SONDE_tcp);
	sonde_set(&d, tcp, sport, from);
	sonde_set(&d, tcp, dport, to);
	sonde_set(&d, tcp, flags, flags);
	sonde_set(&d, tcp, seq, seq);
	sonde_set(&d, tcp, ackseq, ack);
}

static void udp(uint16_t from, uint16_t to)
{
	sonde_draft_push(&d, SONDE_udp);
	sonde_set(&d, udp, sport, from);
	sonde_set(&d, udp, dport, to);
}

static void echo(uint8_t type, uint16_t id, uint16_t seq)
{
	sonde_draft_push(&d, SONDE_icmp);
	sonde_set(&d, icmp, type, type);
	sonde_draft_push(&d, SONDE_icmp_echo);
	sonde_set(&d, icmp_echo, id, id);
	sonde_set(&d, icmp_echo, seq, seq);
}

static void segment(uint32_t src, uint32_t dst, uint16_t from, uint16_t to, uint16_t flags,
		    uint32_t seq, uint32_t ack)
{
	begin();
	ip(src, dst);
	tcp(from, to, flags, seq, ack);
}

static void datagram(uint32_t src, uint32_t dst, uint16_t from, uint16_t to)
{
	begin();
	ip(src, dst);
	udp(from, to);
}

/* An error of that type from a router, up to its quote. */
static void error(uint8_t type, uint8_t code)
{
	begin();
	ip(R, A);
	sonde_draft_push(&d, SONDE_icmp);
	sonde_set(&d, icmp, type, type);
	sonde_set(&d, icmp, code, code);
	sonde_draft_push(&d, type == 3 ? SONDE_icmp_unreach : SONDE_icmp_error);
}

START_TEST(a_syn_is_answered_by_its_syn_ack_or_reset)
{
	segment(A, B, 40000, 80, SYN, 1000, 0);
	sent();
	segment(A, B, 40000, 81, SYN, 1000, 0);
	sent();
	segment(B, A, 80, 40000, SYN | ACK, 7, 1001);
	ck_assert(answers_as(SONDE_ANSWERS_REPLY, 0));
	segment(B, A, 81, 40000, RST | ACK, 0, 1001);
	ck_assert(answers_as(SONDE_ANSWERS_RESET, 1));
}
END_TEST

START_TEST(a_stale_acknowledgement_answers_no_syn)
{
	segment(A, B, 40000, 80, SYN, 1000, 0);
	sent();
	segment(B, A, 80, 40000, SYN | ACK, 7, 1000);
	ck_assert(!came());
	segment(B, A, 80, 40000, SYN | ACK, 7, 1002);
	ck_assert(!came());
	segment(B, A, 80, 40000, RST | ACK, 0, 999);
	ck_assert(!came());
	segment(B, A, 80, 40000, RST, 1001, 0);
	ck_assert(!came());
}
END_TEST

START_TEST(syns_that_only_differ_in_sequence_are_told_apart)
{
	for (uint32_t i = 0; i < 4; i++) {
		segment(A, B, 40000, 80, SYN, 1000 * i, 0);
		sent();
	}
	for (uint32_t i = 4; i-- > 0;) {
		segment(B, A, 80, 40000, SYN | ACK, 7, 1000 * i + 1);
		ck_assert(answers_as(SONDE_ANSWERS_REPLY, i));
		ck_assert_uint_eq(hit.alike, 0);
	}
}
END_TEST

START_TEST(a_bare_ack_is_reset_with_the_number_that_it_acknowledged)
{
	segment(A, B, 40000, 80, ACK, 5, 77);
	sent();
	segment(B, A, 80, 40000, RST, 78, 0);
	ck_assert(!came());
	segment(B, A, 80, 40000, RST, 77, 0);
	ck_assert(answers_as(SONDE_ANSWERS_RESET, 0));
}
END_TEST

START_TEST(data_is_answered_within_a_window_and_not_beyond)
{
	segment(A, B, 40000, 80, ACK, 0xfffffff0, 9);
	sonde_draft_append(&d, "twenty bytes of data", 20);
	sent();
	segment(B, A, 80, 40000, ACK, 9, 4); /* all of it: the number has come round */
	ck_assert(answers_as(SONDE_ANSWERS_REPLY, 0));
	segment(B, A, 80, 40000, ACK, 9, 0xfffffff0 - 1000);
	ck_assert(answers_as(SONDE_ANSWERS_REPLY, 0) && hit.again);
	segment(B, A, 80, 40000, ACK, 9, 4 + 70000);
	ck_assert(!came());
}
END_TEST

START_TEST(ports_and_addresses_must_be_those_reversed)
{
	datagram(A, B, 40000, 53000);
	sent();
	datagram(B, A, 53001, 40000);
	ck_assert(!came());
	datagram(B, A, 53000, 40001);
	ck_assert(!came());
	datagram(R, A, 53000, 40000);
	ck_assert(!came());
	datagram(B, R, 53000, 40000);
	ck_assert(!came());
	segment(B, A, 53000, 40000, SYN, 0, 0);
	ck_assert(!came());
	datagram(B, A, 53000, 40000);
	ck_assert(answers_as(SONDE_ANSWERS_REPLY, 0));
}
END_TEST

START_TEST(what_was_sent_is_no_answer_to_itself)
{
	datagram(A, A, 7, 7);
	sonde_draft_append(&d, "one", 3);
	sent();
	datagram(A, A, 7, 7);
	sonde_draft_append(&d, "one", 3);
	ck_assert(!came());
	datagram(A, A, 7, 7);
	sonde_draft_append(&d, "two", 3);
	ck_assert(answers_as(SONDE_ANSWERS_REPLY, 0));
	begin();
	ip(A, A);
	echo(8, 5, 1);
	sent();
	begin();
	ip(A, A);
	echo(8, 5, 1);
	ck_assert(!came());
	begin();
	ip(A, A);
	echo(0, 5, 1);
	ck_assert(answers_as(SONDE_ANSWERS_REPLY, 1));
}
END_TEST

START_TEST(each_copy_at_a_tap_is_of_one_that_was_sent_the_oldest_first)
{
	struct sonde_packet p;
	uint64_t of;

	for (unsigned i = 0; i < 3; i++) {
		datagram(A, B, 40000, 9);
		sent();
	}
	datagram(A, B, 40000, 9);
	p = taken();
	for (unsigned i = 0; i < 3; i++) {
		ck_assert(sonde_answers_own(&answers, &p, &of));
		ck_assert_uint_eq(of, i);
	}
	datagram(A, B, 40000, 10);
	p = taken();
	ck_assert(!sonde_answers_own(&answers, &p, &of));
}
END_TEST

START_TEST(an_echo_reply_has_the_same_identifier_and_sequence)
{
	for (uint16_t i = 0; i < 3; i++) {
		begin();
		ip(A, B);
		echo(8, 5, i);
		sent();
	}
	begin();
	ip(B, A);
	echo(0, 6, 1);
	ck_assert(!came());
	begin();
	ip(B, A);
	echo(0, 5, 3);
	ck_assert(!came());
	begin();
	ip(B, A);
	echo(0, 5, 1);
	ck_assert(answers_as(SONDE_ANSWERS_REPLY, 1) && !hit.again);
	ck_assert(answers_as(SONDE_ANSWERS_REPLY, 1) && hit.again);
}
END_TEST

START_TEST(an_error_that_quotes_eight_bytes_is_about_its_packet)
{
	static const uint8_t other[8] = { 0 };

	segment(A, B, 40000, 80, SYN, 1000, 0);
	sent();
	segment(A, B, 40000, 80, SYN, 2000, 0);
	sent();
	datagram(A, B, 40000, 33434);
	sent();
	error(11, 0);
	ip(A, B);
	sonde_draft_push(&d, SONDE_tcp_start);
	sonde_set(&d, tcp_start, sport, 40000);
	sonde_set(&d, tcp_start, dport, 80);
	sonde_set(&d, tcp_start, seq, 2000);
	ck_assert(answers_as(SONDE_ANSWERS_ERROR, 1) && !hit.alike);
	error(3, 3);
	ip(A, B);
	udp(40000, 33434);
	ck_assert(answers_as(SONDE_ANSWERS_ERROR, 2));
	error(3, 3);
	ip(A, B);
	udp(40000, 33435);
	ck_assert(!came());
	error(3, 3);
	ip(R, B);
	udp(40000, 33434);
	ck_assert(!came());
	error(3, 3);
	ip(A, B);
	sonde_set(&d, ip, proto, 17);
	sonde_draft_append(&d, other, 7); /* too little to tell by */
	ck_assert(!came());
}
END_TEST

START_TEST(arp_is_answered_about_the_address_that_was_asked_for)
{
	for (uint16_t op = 1; op <= 2; op++)
		for (uint32_t about = B; about <= B + 1; about++) {
			begin();
			sonde_draft_push(&d, SONDE_eth);
			sonde_draft_push(&d, SONDE_arp);
			sonde_set(&d, arp, op, op);
			sonde_draft_push(&d, SONDE_arp_ip);
			sonde_set(&d, arp_ip, spa, op == 1 ? A : about);
			sonde_set(&d, arp_ip, tpa, op == 1 ? B : A);
			if (op == 1 && about == B)
				sent();
			if (op == 2)
				ck_assert_int_eq(answers_as(SONDE_ANSWERS_REPLY, 0), about == B);
		}
}
END_TEST

static void neighbour(enum sonde_shape shape, const uint8_t *src, const uint8_t *dst,
		      const uint8_t *target)
{
	begin();
	ipv6(src, dst);
	sonde_draft_push(&d, SONDE_icmpv6);
	sonde_draft_push(&d, shape);
	memcpy(sonde_last(&d, nd_ns)->byte + SONDE_AT_nd_ns_target / 8, target, 16);
}

START_TEST(an_advertisement_answers_the_solicitation_of_its_target)
{
	neighbour(SONDE_nd_ns, a6, all6, b6);
	sent();
	neighbour(SONDE_nd_na, b6, a6, a6);
	ck_assert(!came());
	neighbour(SONDE_nd_na, b6, a6, b6);
	ck_assert(answers_as(SONDE_ANSWERS_REPLY, 0));
}
END_TEST

static void name(uint32_t src, uint32_t dst, uint16_t from, uint16_t to, uint16_t id)
{
	datagram(src, dst, from, to);
	sonde_draft_push(&d, SONDE_dns);
	sonde_set(&d, dns, id, id);
	sonde_set(&d, dns, response, src == B);
}

START_TEST(an_answer_of_dns_has_the_identifier_of_its_question)
{
	name(A, B, 40000, 53, 1);
	sent();
	name(A, B, 40000, 53, 2);
	sent();
	name(B, A, 53, 40000, 3);
	ck_assert(!came());
	name(B, A, 53, 40000, 2);
	ck_assert(answers_as(SONDE_ANSWERS_REPLY, 1));
}
END_TEST

static void association(uint32_t src, uint32_t dst, uint32_t tag, enum sonde_shape chunk,
			uint32_t own)
{
	begin();
	ip(src, dst);
	sonde_draft_push(&d, SONDE_sctp);
	sonde_set(&d, sctp, sport, 9);
	sonde_set(&d, sctp, dport, 9);
	sonde_set(&d, sctp, tag, tag);
	if (chunk) {
		int at = sonde_draft_option(&d, chunk);

		sonde_store(buffer + at + 4, 4, own);
	} else {
		sonde_draft_raw(&d, (const uint8_t[]){ 6, 1, 0, 4 }, 4);
	}
}

START_TEST(an_init_is_answered_with_its_tag)
{
	association(A, B, 0, SONDE_sctp_init, 0x1234);
	sent();
	association(B, A, 0x1235, SONDE_sctp_initack, 1);
	ck_assert(!came());
	association(B, A, 0x1234, SONDE_sctp_initack, 1);
	ck_assert(answers_as(SONDE_ANSWERS_REPLY, 0));
	association(B, A, 0x1234, SONDE_NONE, 0);
	ck_assert(answers_as(SONDE_ANSWERS_RESET, 0) && hit.again);
}
END_TEST

static void tunnel(uint32_t src, uint32_t dst, uint32_t vni)
{
	begin();
	ip(src, dst);
	udp(src == A ? 40000 : 50000, 4789);
	sonde_draft_push(&d, SONDE_vxlan);
	sonde_set(&d, vxlan, vni, vni);
	sonde_draft_push(&d, SONDE_eth);
}

START_TEST(an_answer_comes_through_the_same_tunnel)
{
	tunnel(A, B, 5);
	ip(0xc0a80001, 0xc0a80002);
	echo(8, 1, 1);
	sent();
	tunnel(B, A, 6);
	ip(0xc0a80002, 0xc0a80001);
	echo(0, 1, 1);
	ck_assert(!came());
	begin();
	ip(0xc0a80002, 0xc0a80001);
	echo(0, 1, 1);
	ck_assert(!came());
	tunnel(B, A, 5);
	ip(0xc0a80002, 0xc0a80001);
	echo(0, 1, 1);
	ck_assert(answers_as(SONDE_ANSWERS_REPLY, 0));
	error(11, 0); /* a router on the way of the tunnel */
	ip(A, B);
	udp(40000, 4789);
	ck_assert(answers_as(SONDE_ANSWERS_ERROR, 0));
}
END_TEST

START_TEST(a_group_is_answered_by_anybody)
{
	datagram(A, GROUP, 40000, 5353);
	sent();
	datagram(R, A, 5353, 40000);
	ck_assert(answers_as(SONDE_ANSWERS_REPLY, 0));
	datagram(R, A, 5354, 40000);
	ck_assert(!came());
}
END_TEST

START_TEST(of_those_that_are_alike_the_oldest_is_answered_and_it_is_said)
{
	for (unsigned i = 0; i < 3; i++) {
		datagram(A, B, 40000, 9);
		sent();
	}
	datagram(B, A, 9, 40000);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert(answers_as(SONDE_ANSWERS_REPLY, i));
		ck_assert_uint_eq(hit.alike, 2 - i);
	}
	ck_assert(came() && hit.again);
}
END_TEST

START_TEST(what_was_given_up_is_not_answered)
{
	struct sonde_packet p;

	datagram(A, B, 40000, 9);
	sent();
	datagram(A, B, 40000, 9);
	sent();
	datagram(B, A, 9, 40000);
	p = taken();
	ck_assert(sonde_answers_find(&answers, &p, 1, &hit));
	ck_assert_uint_eq(hit.number, 1);
	ck_assert(!sonde_answers_find(&answers, &p, 2, &hit));
}
END_TEST

START_TEST(the_last_ones_are_remembered_however_many_there_were)
{
	for (uint32_t i = 0; i < 1000; i++) {
		datagram(A, B, (uint16_t)(40000 + i), 9);
		sent();
		if (i >= 15) {
			datagram(B, A, 9, (uint16_t)(40000 + i - 15));
			ck_assert(answers_as(SONDE_ANSWERS_REPLY, i - 15));
		}
		if (i >= 16) {
			datagram(B, A, 9, (uint16_t)(40000 + i - 16));
			ck_assert(!came());
		}
	}
}
END_TEST

START_TEST(cut_packets_are_no_answers_and_no_harm)
{
	tunnel(A, B, 5);
	ip(0xc0a80001, 0xc0a80002);
	echo(8, 1, 1);
	sent();
	error(11, 0);
	ip(A, B);
	udp(40000, 4789);
	for (uint32_t len = taken().len; len-- > 0;) {
		uint8_t *exact = malloc(len ? len : 1);
		struct sonde_packet p;

		memcpy(exact, buffer, len);
		sonde_decode(&p, exact, len, len, SONDE_ip);
		ck_assert(!sonde_answers_find(&answers, &p, 0, &hit));
		sonde_answers_put(&answers, &p, number);
		free(exact);
	}
}
END_TEST

Suite *answer_suite(void)
{
	Suite *s = suite_create("answer");
	TCase *t = tcase_create("answer");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_syn_is_answered_by_its_syn_ack_or_reset);
	tcase_add_test(t, a_stale_acknowledgement_answers_no_syn);
	tcase_add_test(t, syns_that_only_differ_in_sequence_are_told_apart);
	tcase_add_test(t, a_bare_ack_is_reset_with_the_number_that_it_acknowledged);
	tcase_add_test(t, data_is_answered_within_a_window_and_not_beyond);
	tcase_add_test(t, ports_and_addresses_must_be_those_reversed);
	tcase_add_test(t, what_was_sent_is_no_answer_to_itself);
	tcase_add_test(t, each_copy_at_a_tap_is_of_one_that_was_sent_the_oldest_first);
	tcase_add_test(t, an_echo_reply_has_the_same_identifier_and_sequence);
	tcase_add_test(t, an_error_that_quotes_eight_bytes_is_about_its_packet);
	tcase_add_test(t, arp_is_answered_about_the_address_that_was_asked_for);
	tcase_add_test(t, an_advertisement_answers_the_solicitation_of_its_target);
	tcase_add_test(t, an_answer_of_dns_has_the_identifier_of_its_question);
	tcase_add_test(t, an_init_is_answered_with_its_tag);
	tcase_add_test(t, an_answer_comes_through_the_same_tunnel);
	tcase_add_test(t, a_group_is_answered_by_anybody);
	tcase_add_test(t, of_those_that_are_alike_the_oldest_is_answered_and_it_is_said);
	tcase_add_test(t, what_was_given_up_is_not_answered);
	tcase_add_test(t, the_last_ones_are_remembered_however_many_there_were);
	tcase_add_test(t, cut_packets_are_no_answers_and_no_harm);
	suite_add_tcase(s, t);
	return s;
}
