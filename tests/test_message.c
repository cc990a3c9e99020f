#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "flow/message.h"
#include "packet/summary.h"

Suite *message_suite(void);

enum { ACK = 16 };

static struct sonde_messages m;
static struct sonde_message of;
static struct sonde_packet p;
static uint8_t *frame; /* the last one */
static uint64_t number;
static char line[SONDE_SUMMARY_MAX];

static void setup(void)
{
	m = (struct sonde_messages){ 0 };
	number = 0;
}

static void teardown(void)
{
	sonde_messages_done(&m);
	free(frame);
	frame = NULL;
}

/* A segment over IPv4, of which cut bytes at its end are not captured. */
static bool put_cut(unsigned sport, unsigned dport, uint32_t seq, const void *data, size_t len,
		    size_t not_there)
{
	size_t total = 40 + len;
	const uint8_t head[40] = { 0x45,
				   0,
				   (uint8_t)(total >> 8),
				   (uint8_t)total,
				   0,
				   0,
				   0,
				   0,
				   64,
				   6,
				   0,
				   0,
				   10,
				   0,
				   0,
				   (uint8_t)(sport < dport ? 1 : 2),
				   10,
				   0,
				   0,
				   (uint8_t)(sport < dport ? 2 : 1),
				   (uint8_t)(sport >> 8),
				   (uint8_t)sport,
				   (uint8_t)(dport >> 8),
				   (uint8_t)dport,
				   (uint8_t)(seq >> 24),
				   (uint8_t)(seq >> 16),
				   (uint8_t)(seq >> 8),
				   (uint8_t)seq,
				   0,
				   0,
				   0,
				   1,
				   0x50,
				   ACK,
				   1,
				   0 };
	size_t there = total - not_there;
	bool whole;

	free(frame);
	frame = malloc(there);
	memcpy(frame, head, 40);
	memcpy(frame + 40, data, there - 40);
	sonde_decode(&p, frame, (uint32_t)there, (uint32_t)total, SONDE_ip);
	whole = sonde_message_put(&m, &p, ++number, &of);
	*sonde_summary(line, &p) = 0;
	return whole;
}

static bool put(unsigned sport, unsigned dport, uint32_t seq, const void *data, size_t len)
{
	return put_cut(sport, dport, seq, data, len, 0);
}

/* What the line says behind the length. */
static const char *said(void)
{
	const char *at = strstr(line, ", length ") + strlen(", length ");

	return at + strspn(at, "0123456789");
}

/* "example." over TCP, with its length before it. */
static const uint8_t ask[] = "\0\x19\0\x07\x01\0\0\1\0\0\0\0\0\0\7example\0\0\1\0\1";
enum { ASK = sizeof ask - 1, CUT = 20 };

START_TEST(two_halves_are_one_message_in_the_second_packet)
{
	ck_assert(!put(4000, 53, 100, ask, CUT));
	ck_assert_str_eq(said(), "");
	ck_assert_uint_eq(p.stop, SONDE_STOP_MORE);
	ck_assert(!sonde_has(&p, dns));
	ck_assert_uint_eq(m.held, 1);
	ck_assert(put(4000, 53, 100 + CUT, ask + CUT, ASK - CUT));
	ck_assert_str_eq(said(), " 7+ A? example. (25)");
	ck_assert(strstr(line, ", seq 120:127,"));
	ck_assert(sonde_has(&p, tcp));
	ck_assert_uint_eq(sonde_dns_id(sonde_find(&p, dns)), 7);
	ck_assert_uint_eq(p.stop, SONDE_STOP_END);
	ck_assert_uint_eq(of.frames, 2);
	ck_assert_uint_eq(of.frame[0], 1);
	ck_assert_uint_eq(of.frame[1], 2);
	ck_assert_uint_eq(m.held, 0);
	ck_assert(!put(4000, 53, 100 + ASK, "", 0));
}
END_TEST

START_TEST(wherever_it_is_split_in_three_it_is_whole_in_the_third)
{
	for (size_t a = 14; a < ASK - 1; a++)
		for (size_t b = a + 1; b < ASK; b++) {
			ck_assert(!put(4000, 53, UINT32_MAX - 20, ask, a));
			ck_assert(!put(4000, 53, UINT32_MAX - 20 + (uint32_t)a, ask + a, b - a));
			ck_assert_str_eq(said(), "");
			ck_assert(put(4000, 53, UINT32_MAX - 20 + (uint32_t)b, ask + b, ASK - b));
			ck_assert_str_eq(said(), " 7+ A? example. (25)");
			ck_assert_uint_eq(of.frames, 3);
			ck_assert_uint_eq(of.frame[1], number - 1);
			ck_assert_uint_eq(m.held, 0);
		}
}
END_TEST

START_TEST(the_length_alone_in_a_segment_is_no_obstacle)
{
	ck_assert(!put(4000, 53, 100, ask, 2));
	ck_assert_str_eq(said(), "");
	ck_assert(put(4000, 53, 102, ask + 2, ASK - 2));
	ck_assert_str_eq(said(), " 7+ A? example. (25)");
}
END_TEST

START_TEST(what_is_sent_again_counts_once)
{
	ck_assert(!put(4000, 53, 100, ask, CUT));
	ck_assert(!put(4000, 53, 100, ask, CUT));
	ck_assert_str_eq(said(), "");
	ck_assert(!put(4000, 53, 90, "0123456789", 10));
	ck_assert(!put(4000, 53, 115, ask + 15, 2));
	ck_assert_uint_eq(m.held, 1);
	ck_assert(put(4000, 53, 100 + CUT, ask + CUT, ASK - CUT));
	ck_assert_uint_eq(of.frames, 2);
	ck_assert_uint_eq(of.frame[0], 1);
	ck_assert_str_eq(said(), " 7+ A? example. (25)");
	ck_assert(!put(4000, 53, 100 + CUT, ask + CUT, ASK - CUT));
	ck_assert_str_eq(said(), "");
}
END_TEST

START_TEST(sent_again_in_one_piece_it_is_whole_and_nothing_is_held)
{
	ck_assert(!put(4000, 53, 100, ask, CUT));
	ck_assert(!put(4000, 53, 100, ask, ASK));
	ck_assert_str_eq(said(), " 7+ A? example. (25)");
	ck_assert_uint_eq(m.held, 0);
}
END_TEST

START_TEST(without_its_middle_it_is_not_joined)
{
	ck_assert(!put(4000, 53, 100, ask, CUT));
	ck_assert(!put(4000, 53, 100 + CUT + 2, ask + CUT + 2, ASK - CUT - 2));
	ck_assert_str_eq(said(), "");
	ck_assert(put(4000, 53, 100 + CUT, ask + CUT, ASK - CUT));
	ck_assert(!put(4000, 53, 100, ask, CUT));
	ck_assert(!put(4000, 53, 100 + CUT + SONDE_MESSAGE_MOST + 1, "x", 1));
	ck_assert_uint_eq(m.held, 0);
}
END_TEST

START_TEST(what_was_not_captured_is_not_made_up)
{
	ck_assert(!put(4000, 53, 100, ask, CUT));
	ck_assert(!put_cut(4000, 53, 100 + CUT, ask + CUT, ASK - CUT, 1));
	ck_assert_str_eq(said(), "");
	ck_assert(!put_cut(4001, 53, 100, ask, CUT, 1));
	ck_assert_uint_eq(m.held, 1);
}
END_TEST

START_TEST(a_new_conversation_on_the_same_ports_begins_anew)
{
	ck_assert(!put(4000, 53, 1u << 31, ask, CUT));
	ck_assert(!put(4000, 53, 100, ask, CUT));
	ck_assert(put(4000, 53, 100 + CUT, ask + CUT, ASK - CUT));
	ck_assert_uint_eq(of.frame[0], 2);
	ck_assert_uint_eq(m.held, 0);
}
END_TEST

START_TEST(directions_and_conversations_are_kept_apart)
{
	uint8_t answer[ASK];

	memcpy(answer, ask, ASK);
	answer[3] = 8;
	ck_assert(!put(4000, 53, 100, ask, CUT));
	ck_assert(!put(53, 4000, 100, answer, CUT));
	ck_assert(!put(4001, 53, 100, answer, CUT));
	ck_assert_uint_eq(m.held, 3);
	ck_assert(put(53, 4000, 100 + CUT, ask + CUT, ASK - CUT));
	ck_assert_str_eq(said(), " 8+ A? example. (25)");
	ck_assert_uint_eq(of.frame[0], 2);
	ck_assert(put(4000, 53, 100 + CUT, ask + CUT, ASK - CUT));
	ck_assert_str_eq(said(), " 7+ A? example. (25)");
	ck_assert_uint_eq(of.frame[0], 1);
	ck_assert(put(4001, 53, 100 + CUT, ask + CUT, ASK - CUT));
	ck_assert_uint_eq(of.frame[0], 3);
	for (unsigned i = 0; i < 500; i++) { /* some directions share a place */
		ck_assert(!put(20000 + i, 53, 100, ask, CUT));
		ck_assert(!put(53, 20000 + i, 100 + CUT, ask + CUT, ASK - CUT));
		ck_assert(put(20000 + i, 53, 100 + CUT, ask + CUT, ASK - CUT));
	}
}
END_TEST

START_TEST(what_is_whole_before_it_is_told_at_once)
{
	uint8_t two[2 * ASK];

	memcpy(two, ask, ASK);
	memcpy(two + ASK, ask, ASK);
	two[ASK + 3] = 8;
	ck_assert(!put(4000, 53, 100, two, ASK + CUT));
	ck_assert_str_eq(said(), " 7+ A? example. (25) [continues]");
	ck_assert_uint_eq(p.layer[p.n - 1].shape, SONDE_dns);
	ck_assert_uint_eq(p.n, 4);
	ck_assert(put(4000, 53, 100 + ASK + CUT, two + ASK + CUT, ASK - CUT));
	ck_assert_str_eq(said(), " 8+ A? example. (25)");
	ck_assert_uint_eq(p.n, 4);
}
END_TEST

START_TEST(the_segment_that_ends_one_may_begin_the_next)
{
	uint8_t three[3 * ASK];

	for (unsigned i = 0; i < 3; i++) {
		memcpy(three + i * ASK, ask, ASK);
		three[i * ASK + 3] = (uint8_t)(7 + i);
	}
	ck_assert(!put(4000, 53, 100, three, CUT));
	ck_assert(put(4000, 53, 100 + CUT, three + CUT, 2 * ASK));
	ck_assert_uint_eq(sonde_dns_id(sonde_find(&p, dns)), 7);
	ck_assert_uint_eq(p.n, 6);
	ck_assert_uint_eq(m.held, 1);
	ck_assert(put(4000, 53, 100 + CUT + 2 * ASK, three + CUT + 2 * ASK, ASK - CUT));
	ck_assert_str_eq(said(), " 9+ A? example. (25)");
	ck_assert_uint_eq(of.frames, 2);
	ck_assert_uint_eq(of.frame[0], 2);
}
END_TEST

START_TEST(records_of_tls_are_told_as_they_become_whole)
{
	/* an alert; then a handshake of 8 bytes: a HelloRequest, twice */
	static const uint8_t tls[] = "\x15\3\3\0\2\1\0"
				     "\x16\3\3\0\x08\0\0\0\0\0\0\0\0";

	ck_assert(!put(4000, 443, 100, tls, 15));
	ck_assert_str_eq(said(), ": TLS Alert close_notify [continues]");
	ck_assert_uint_eq(p.layer[2].head, 7);
	ck_assert(put(4000, 443, 115, tls + 15, sizeof tls - 1 - 15));
	ck_assert_uint_eq(p.layer[2].head, 13);
	ck_assert_uint_eq(p.stop, SONDE_STOP_END);
}
END_TEST

START_TEST(the_head_of_a_page_and_what_follows_it_in_a_long_segment)
{
	static uint8_t body[60000] = " HTTP/1.1\r\nHost: a.example\r\n\r\n";

	ck_assert(!put(4000, 80, 100, "GET /index", 10));
	ck_assert_str_eq(said(), "");
	ck_assert(put(4000, 80, 110, body, sizeof body));
	ck_assert_str_eq(said(), ": HTTP: GET /index HTTP/1.1");
	ck_assert_uint_eq(p.layer[2].head, 40);
	ck_assert(!put(4000, 80, 100, "GET /index", 10));
	ck_assert(!put(4000, 80, 110, " no version\r\n\r\n", 15));
	ck_assert_str_eq(said(), "");
	ck_assert_uint_eq(m.held, 0);
}
END_TEST

START_TEST(one_that_is_too_long_is_given_up)
{
	static uint8_t text[SONDE_MESSAGE_MOST];
	uint32_t seq = 100 + 14;

	memset(text, 'a', sizeof text);
	ck_assert(!put(4000, 80, 100, "GET / HTTP/1.1", 14));
	for (int i = 0; i < 4; i++, seq += 4000)
		ck_assert(!put(4000, 80, seq, text, 4000));
	ck_assert_uint_eq(m.held, 1);
	ck_assert(!put(4000, 80, seq, text, 4000));
	ck_assert_uint_eq(m.held, 0);
	ck_assert(!put(4000, 80, 100, "GET / HTTP/1.1", 14));
	seq = 114;
	for (unsigned i = 1; i < SONDE_MESSAGE_FRAMES; i++)
		ck_assert(!put(4000, 80, seq++, "a", 1));
	ck_assert_uint_eq(m.held, 0);
}
END_TEST

START_TEST(memory_is_bounded_and_the_oldest_is_given_up)
{
	enum { MANY = 5000 };
	unsigned kept = 0;

	for (unsigned i = 0; i < MANY; i++)
		ck_assert(!put(10000 + i, 53, 100, ask, CUT));
	ck_assert_uint_le(m.held, SONDE_MESSAGES);
	ck_assert_uint_ge(m.held, SONDE_MESSAGES - 8);
	ck_assert_uint_lt(m.arena.used, 6 << 20);
	for (unsigned i = MANY - 100; i < MANY;
	     i++) /* most of these are the youngest of their place */
		kept += put(10000 + i, 53, 100 + CUT, ask + CUT, ASK - CUT);
	ck_assert_uint_ge(kept, 90);
	ck_assert(!put(10000, 53, 100 + CUT, ask + CUT, ASK - CUT));
}
END_TEST

START_TEST(nothing_is_taken_for_packets_without_messages)
{
	ck_assert(!put(4000, 53, 100, ask, ASK));
	ck_assert(!put(4000, 4001, 100, "hello", 5));
	ck_assert_uint_eq(m.arena.used, 0);
}
END_TEST

Suite *message_suite(void)
{
	Suite *s = suite_create("message");
	TCase *c = tcase_create("message");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, two_halves_are_one_message_in_the_second_packet);
	tcase_add_test(c, wherever_it_is_split_in_three_it_is_whole_in_the_third);
	tcase_add_test(c, the_length_alone_in_a_segment_is_no_obstacle);
	tcase_add_test(c, what_is_sent_again_counts_once);
	tcase_add_test(c, sent_again_in_one_piece_it_is_whole_and_nothing_is_held);
	tcase_add_test(c, without_its_middle_it_is_not_joined);
	tcase_add_test(c, what_was_not_captured_is_not_made_up);
	tcase_add_test(c, a_new_conversation_on_the_same_ports_begins_anew);
	tcase_add_test(c, directions_and_conversations_are_kept_apart);
	tcase_add_test(c, what_is_whole_before_it_is_told_at_once);
	tcase_add_test(c, the_segment_that_ends_one_may_begin_the_next);
	tcase_add_test(c, records_of_tls_are_told_as_they_become_whole);
	tcase_add_test(c, the_head_of_a_page_and_what_follows_it_in_a_long_segment);
	tcase_add_test(c, one_that_is_too_long_is_given_up);
	tcase_add_test(c, memory_is_bounded_and_the_oldest_is_given_up);
	tcase_add_test(c, nothing_is_taken_for_packets_without_messages);
	suite_add_tcase(s, c);
	return s;
}
