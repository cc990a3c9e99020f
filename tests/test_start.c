#include <check.h>

#include "flow/start.h"
#include "packet/draft.h"

Suite *start_suite(void);

static struct sonde_arena arena;
static struct sonde_starts starts;

static void begin(void)
{
	sonde_starts_init(&starts, &arena);
}

static void finish(void)
{
	sonde_arena_done(&arena);
}

struct end {
	uint8_t host;
	uint16_t port;
};

static const struct end here = { 1, 4000 }, there = { 2, 80 };

/* What the line of such a segment counts from. */
static struct sonde_packet told(enum sonde_shape ip, struct end from, struct end to, uint32_t seq,
				int64_t ack, bool syn)
{
	static uint8_t buf[128];
	uint8_t a[16] = { 10, [15] = from.host }, b[16] = { 10, [15] = to.host };
	struct sonde_packet p;
	struct sonde_draft d;

	sonde_draft_init(&d, buf, sizeof buf);
	sonde_draft_push(&d, ip);
	if (ip == SONDE_ip) {
		sonde_set(&d, ip, src, 0x0a000000u + from.host);
		sonde_set(&d, ip, dst, 0x0a000000u + to.host);
	} else {
		sonde_set(&d, ipv6, src, a);
		sonde_set(&d, ipv6, dst, b);
	}
	sonde_draft_push(&d, SONDE_tcp);
	sonde_set(&d, tcp, sport, from.port);
	sonde_set(&d, tcp, dport, to.port);
	sonde_set(&d, tcp, seq, seq);
	sonde_set(&d, tcp, ackseq, (uint32_t)ack);
	sonde_set(&d, tcp, ack, ack >= 0);
	sonde_set(&d, tcp, syn, syn);
	sonde_decode(&p, buf, (uint32_t)sonde_draft_encode(&d), 0, ip);
	sonde_starts_find(&starts, &p);
	return p;
}

static void ck_starts(struct sonde_packet p, uint32_t seq, uint32_t ack)
{
	ck_assert_uint_eq(p.start.seq, seq);
	ck_assert_uint_eq(p.start.ack, ack);
}

static void converse(enum sonde_shape ip)
{
	ck_starts(told(ip, here, there, 1000, -1, true), 0, 0);
	ck_starts(told(ip, there, here, 7000, 1001, true), 0, 0);
	ck_starts(told(ip, here, there, 1001, 7001, false), 1000, 7000);
	ck_starts(told(ip, there, here, 7001, 1001, false), 7000, 1000);
}

START_TEST(both_sides_count_from_the_syn_and_ack)
{
	converse(SONDE_ip);
	converse(SONDE_ipv6);
}
END_TEST

START_TEST(without_a_syn_they_count_from_what_was_seen_first)
{
	ck_starts(told(SONDE_ip, here, there, 500, 900, false), 0, 0);
	ck_starts(told(SONDE_ip, here, there, 600, 900, false), 500, 899);
	ck_starts(told(SONDE_ip, there, here, 900, 600, false), 899, 500);
}
END_TEST

START_TEST(a_second_syn_and_ack_begins_anew)
{
	converse(SONDE_ip);
	ck_starts(told(SONDE_ip, there, here, 50, 60, true), 0, 0);
	ck_starts(told(SONDE_ip, here, there, 60, 51, false), 59, 50);
}
END_TEST

START_TEST(other_ports_and_hosts_are_other_conversations)
{
	struct end other = { 1, 4001 }, elsewhere = { 3, 80 };

	converse(SONDE_ip);
	ck_starts(told(SONDE_ip, other, there, 5, 6, false), 0, 0);
	ck_starts(told(SONDE_ip, here, elsewhere, 5, 6, false), 0, 0);
	ck_starts(told(SONDE_ip, here, there, 1001, 7001, false), 1000, 7000);
}
END_TEST

START_TEST(a_segment_to_itself_has_one_conversation)
{
	ck_starts(told(SONDE_ip, here, here, 500, 900, false), 0, 0);
	ck_starts(told(SONDE_ip, here, here, 500, 900, false), 500, 899);
}
END_TEST

/* However many there are, the table does not grow, and the last one is still known. */
START_TEST(old_conversations_make_room_for_new_ones)
{
	for (uint32_t i = 0; i < 300000; i++)
		told(SONDE_ip, (struct end){ (uint8_t)(i >> 16), (uint16_t)i }, there, i, 1, false);
	ck_starts(told(SONDE_ip, (struct end){ 299999 >> 16, 299999 & 65535 }, there, 300000, 1,
		       false),
		  299999, 0);
}
END_TEST

Suite *start_suite(void)
{
	Suite *s = suite_create("start");
	TCase *c = tcase_create("start");

	tcase_add_checked_fixture(c, begin, finish);
	tcase_add_test(c, both_sides_count_from_the_syn_and_ack);
	tcase_add_test(c, without_a_syn_they_count_from_what_was_seen_first);
	tcase_add_test(c, a_second_syn_and_ack_begins_anew);
	tcase_add_test(c, other_ports_and_hosts_are_other_conversations);
	tcase_add_test(c, a_segment_to_itself_has_one_conversation);
	tcase_add_test(c, old_conversations_make_room_for_new_ones);
	suite_add_tcase(s, c);
	return s;
}
