#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/stream.h"

Suite *stream_suite(void);

enum { SYN = 2, FIN = 1, ACK = 16 };

static struct sonde_stream s;
static char told[1 << 16];
static size_t told_len;
static uint64_t number;

static void hear(void *arg, const struct sonde_stream_chunk *c)
{
	(void)arg;
	told_len += (size_t)sprintf(told + told_len, "%c", c->back ? '<' : '>');
	if (c->missing)
		told_len += (size_t)sprintf(told + told_len, "(%u)", c->missing);
	memcpy(told + told_len, c->byte.at, c->byte.len);
	told_len += c->byte.len;
	told[told_len] = 0;
}

static void setup(void)
{
	sonde_stream_init(&s, 0);
	told_len = number = 0;
	told[0] = 0;
}

static void teardown(void)
{
	sonde_stream_done(&s);
}

static bool put(unsigned from, unsigned to, uint32_t seq, uint32_t ack, unsigned flags,
		const char *text)
{
	size_t len = strlen(text), total = 40 + len;
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
				   (uint8_t)from,
				   10,
				   0,
				   0,
				   (uint8_t)to,
				   (uint8_t)from,
				   80,
				   (uint8_t)to,
				   80,
				   (uint8_t)(seq >> 24),
				   (uint8_t)(seq >> 16),
				   (uint8_t)(seq >> 8),
				   (uint8_t)seq,
				   (uint8_t)(ack >> 24),
				   (uint8_t)(ack >> 16),
				   (uint8_t)(ack >> 8),
				   (uint8_t)ack,
				   0x50,
				   (uint8_t)flags,
				   1,
				   0 };
	uint8_t *x = malloc(total);
	struct sonde_packet p;
	bool ours;

	memcpy(x, head, 40);
	memcpy(x + 40, text, len);
	sonde_decode(&p, x, (uint32_t)total, (uint32_t)total, SONDE_ip);
	ours = sonde_stream_put(&s, &p, ++number, hear, NULL);
	free(x);
	return ours;
}

static void handshake(uint32_t a, uint32_t b)
{
	put(1, 2, a - 1, 0, SYN, "");
	put(2, 1, b - 1, a, SYN | ACK, "");
	put(1, 2, a, b, ACK, "");
}

START_TEST(both_sides_are_told_in_order)
{
	handshake(100, 500);
	put(1, 2, 100, 500, ACK, "hello");
	put(2, 1, 500, 105, ACK, "world");
	put(1, 2, 105, 505, ACK | FIN, "!");
	ck_assert_str_eq(told, ">hello<world>!");
	ck_assert_uint_eq(s.end[0].port, 1 << 8 | 80);
	ck_assert_uint_eq(s.end[1].ip[3], 2);
}
END_TEST

START_TEST(repeats_and_disorder_are_put_right)
{
	handshake(100, 500);
	put(1, 2, 105, 500, ACK, "fghij");
	put(1, 2, 100, 500, ACK, "abc");
	put(1, 2, 100, 500, ACK, "abcde");
	put(1, 2, 100, 500, ACK, "abcdefghijkl");
	put(1, 2, 99, 500, ACK, "x");
	ck_assert_str_eq(told, ">abc>de>fghij>kl");
}
END_TEST

START_TEST(sequence_numbers_wrap)
{
	handshake(0xfffffffe, 7);
	put(1, 2, 3, 7, ACK, "fgh");
	put(1, 2, 0xfffffffe, 7, ACK, "abcde");
	ck_assert_str_eq(told, ">abcde>fgh");
}
END_TEST

START_TEST(what_was_acknowledged_and_never_seen_is_missing)
{
	handshake(100, 500);
	put(1, 2, 100, 500, ACK, "ab");
	put(1, 2, 105, 500, ACK, "fg");
	put(2, 1, 500, 102, ACK, "");
	ck_assert_str_eq(told, ">ab");
	put(2, 1, 500, 107, ACK, "ok");
	ck_assert_str_eq(told, ">ab>(3)fg<ok");
}
END_TEST

START_TEST(what_waits_at_the_end_is_told_with_its_gap)
{
	handshake(100, 500);
	put(1, 2, 110, 500, ACK, "k");
	put(1, 2, 112, 500, ACK, "m");
	ck_assert_str_eq(told, "");
	sonde_stream_end(&s, hear, NULL);
	ck_assert_str_eq(told, ">(10)k>(1)m");
}
END_TEST

START_TEST(a_gap_wider_than_the_window_does_not_hold_up_the_rest)
{
	handshake(100, 500);
	put(1, 2, 100 + SONDE_STREAM_WINDOW + 5, 500, ACK, "far");
	ck_assert_str_eq(told, ">(1048581)far");
	for (unsigned i = 0; i < SONDE_STREAM_PIECES + 1; i++)
		put(2, 1, 501 + 2 * i, 100, ACK, "y");
	ck_assert(!strncmp(told + 13, "<(1)y", 5) && !told[18]);
}
END_TEST

START_TEST(conversations_are_numbered_as_they_come)
{
	sonde_stream_init(&s, 2);
	ck_assert(!put(1, 2, 1, 0, SYN, ""));
	ck_assert(!put(3, 2, 1, 0, SYN, ""));
	ck_assert(!put(1, 2, 1, 0, SYN, "")); /* sent again */
	ck_assert(put(1, 2, 9, 0, SYN, ""));  /* a new one on the same ports */
	ck_assert(put(2, 1, 50, 10, SYN | ACK, ""));
	ck_assert(!put(4, 2, 1, 0, SYN, ""));
	ck_assert(!put(3, 2, 2, 0, ACK, "no"));
	ck_assert(put(1, 2, 10, 51, ACK, "yes"));
	ck_assert_str_eq(told, ">yes");
	ck_assert(!put(1, 2, 99, 0, SYN, ""));
	ck_assert(!put(1, 2, 100, 0, ACK, "no"));
}
END_TEST

START_TEST(a_conversation_that_was_joined_late_is_read_from_there)
{
	put(2, 1, 500, 105, ACK, "first");
	put(1, 2, 105, 505, ACK, "then");
	ck_assert_str_eq(told, ">first<then");
}
END_TEST

START_TEST(the_answer_to_a_syn_does_not_speak_first)
{
	put(2, 1, 499, 100, SYN | ACK, "");
	put(1, 2, 100, 500, ACK, "hello");
	ck_assert_str_eq(told, ">hello");
}
END_TEST

START_TEST(any_order_gives_the_same_text)
{
	char text[4001], one[64];
	size_t n = 0;

	srand(7);
	for (size_t i = 0; i < 4000; i++)
		text[i] = (char)('a' + i * i % 26);
	text[4000] = 0;
	handshake(0xfffffc00, 500);
	for (size_t at = 0; at < 4000;) { /* within each 400 bytes in any order, with repeats */
		for (unsigned k = 0; k < 200; k++) {
			size_t from = at + (unsigned)rand() % 400, len = 1 + (unsigned)rand() % 40;

			len = from + len > at + 400 ? at + 400 - from : len;
			snprintf(one, len + 1, "%s", text + from);
			put(1, 2, 0xfffffc00 + (uint32_t)from, 500, ACK, one);
		}
		for (size_t from = at; from < at + 400; from += 25) {
			snprintf(one, 26, "%s", text + from);
			put(1, 2, 0xfffffc00 + (uint32_t)from, 500, ACK, one);
		}
		at += 400;
	}
	for (size_t i = 0; i < told_len; i++)
		if (told[i] != '>')
			ck_assert_int_eq(told[i], text[n++]);
	ck_assert_uint_eq(n, 4000);
}
END_TEST

Suite *stream_suite(void)
{
	Suite *suite = suite_create("stream");
	TCase *t = tcase_create("stream");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, both_sides_are_told_in_order);
	tcase_add_test(t, repeats_and_disorder_are_put_right);
	tcase_add_test(t, sequence_numbers_wrap);
	tcase_add_test(t, what_was_acknowledged_and_never_seen_is_missing);
	tcase_add_test(t, what_waits_at_the_end_is_told_with_its_gap);
	tcase_add_test(t, a_gap_wider_than_the_window_does_not_hold_up_the_rest);
	tcase_add_test(t, conversations_are_numbered_as_they_come);
	tcase_add_test(t, a_conversation_that_was_joined_late_is_read_from_there);
	tcase_add_test(t, the_answer_to_a_syn_does_not_speak_first);
	tcase_add_test(t, any_order_gives_the_same_text);
	suite_add_tcase(suite, t);
	return suite;
}
