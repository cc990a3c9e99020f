#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/call.h"
#include "base/event.h"
#include "base/name.h"
#include "base/reason.h"
#include "base/text.h"

Suite *base_suite(void);

static char buf[4096];
static struct sonde_text text;

static const char *written(void)
{
	text.at[text.len] = 0;
	return text.at;
}

static void begin(void)
{
	sonde_text_init(&text, buf, sizeof buf, NULL, NULL);
}

START_TEST(numbers_print_as_printf_prints_them)
{
	static const uint64_t edge[] = {
		0, 9, 10, 99999999, 100000000, 4294967295u, 9999999999999999u, 18446744073709551615u
	};

	for (size_t i = 0; i < sizeof edge / sizeof *edge; i++) {
		char want[64], got[128];

		snprintf(want, sizeof want, "%llu", (unsigned long long)edge[i]);
		*sonde_put_dec(got, edge[i]) = 0;
		ck_assert_str_eq(got, want);
		snprintf(want, sizeof want, "%llx", (unsigned long long)edge[i]);
		*sonde_put_hex(got, edge[i]) = 0;
		ck_assert_str_eq(got, want);
		snprintf(want, sizeof want, "%lld", (long long)edge[i]);
		*sonde_put_int(got, (int64_t)edge[i]) = 0;
		ck_assert_str_eq(got, want);
	}
	*sonde_put_dec_padded(buf, 1234567, 9) = 0;
	ck_assert_str_eq(buf, "001234567");
}
END_TEST

START_TEST(addresses_print_in_their_canonical_form)
{
	static const struct {
		uint8_t ip[16];
		const char *text;
	} facts[] = {
		{ { 0 }, "::" },
		{ { [15] = 1 }, "::1" },
		{ { 0x20, 1, 0x0d, 0xb8, [15] = 1 }, "2001:db8::1" },
		{ { 0xfe, 0x80, [8] = 2, [15] = 3 }, "fe80::200:0:0:3" },
		{ { [1] = 1, [5] = 1, [15] = 1 }, "1:0:1::1" },
		{ { [10] = 0xff, 0xff, 10, 0, 0, 1 }, "::ffff:10.0.0.1" },
		{ { [1] = 1, [3] = 2, [5] = 3, [7] = 4, [9] = 5, [11] = 6, [13] = 7, [15] = 0 },
		  "1:2:3:4:5:6:7:0" },
		{ { [1] = 1 }, "1::" },
	};

	for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
		*sonde_put_ip6(buf, facts[i].ip) = 0;
		ck_assert_str_eq(buf, facts[i].text);
	}
	struct sonde_address a = { .family = AF_INET, .port = 80, .ip = { 10, 0, 0, 255 } };

	*sonde_put_address(buf, &a) = 0;
	ck_assert_str_eq(buf, "10.0.0.255:80");
}
END_TEST

/* All that glibc does not write as an IPv4 address: those begin with six words of zero. */
START_TEST(zero_words_are_shortened_wherever_they_stand)
{
	static const uint16_t words[8] = { 0x1, 0x20, 0x300, 0x4000, 0xff, 0x10, 0xfff, 0x1000 };

	for (unsigned mask = 0; mask < 256; mask++) {
		char want[INET6_ADDRSTRLEN];
		uint8_t ip[16];

		if ((mask & 63) == 63)
			continue;
		for (unsigned i = 0; i < 8; i++)
			sonde_store(ip + 2 * i, 2, mask >> i & 1 ? 0 : words[i]);
		inet_ntop(AF_INET6, ip, want, sizeof want);
		*sonde_put_ip6(buf, ip) = 0;
		ck_assert_str_eq(buf, want);
	}
}
END_TEST

START_TEST(one_odd_byte_of_a_json_string_is_seen_wherever_it_stands)
{
	static const struct {
		char odd;
		const char *text;
	} facts[] = { { '"', "\\\"" },	   { '\\', "\\\\" },	      { 0x1f, "\\u001f" },
		      { 0x7f, "\\u007f" }, { (char)0xff, "\\\\xff" }, { '~', "~" } };
	char from[40], want[64];

	memset(from, 'a', sizeof from);
	for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
		for (int len = 1; len < (int)sizeof from; len++)
			for (int at = 0; at < len; at++) {
				begin();
				from[at] = facts[i].odd;
				sonde_text_json(&text, from, (size_t)len);
				from[at] = 'a';
				snprintf(want, sizeof want, "\"%.*s%s%.*s\"", at, from,
					 facts[i].text, len - at - 1, from);
				ck_assert_str_eq(written(), want);
			}
}
END_TEST

START_TEST(hostile_bytes_are_escaped_and_good_text_is_not)
{
	begin();
	sonde_text_escape(&text, "a\x1b[31m\\ \xc3\xa9 \xc0\x80 \xe2\x80\xae", 17);
	ck_assert_str_eq(written(), "a\\x1b[31m\\x5c \xc3\xa9 \\xc0\\x80 \\xe2\\x80\\xae");
}
END_TEST

static int full(void *arg, const char *at, size_t len)
{
	(void)arg, (void)at, (void)len;
	return -ENOSPC;
}

START_TEST(a_failing_sink_is_reported_and_loses_nothing_silently)
{
	char small[128];

	sonde_text_init(&text, small, sizeof small, full, NULL);
	for (int i = 0; i < 100; i++)
		sonde_text_str(&text, "0123456789");
	ck_assert_int_eq(sonde_text_flush(&text), -ENOSPC);
	sonde_text_init(&text, small, sizeof small, NULL, NULL);
	for (int i = 0; i < 100; i++)
		sonde_text_str(&text, "0123456789");
	ck_assert_int_eq(text.error, SONDE_NO_SPACE);
}
END_TEST

START_TEST(every_name_leads_back_to_its_number)
{
	for (unsigned i = 1; i < SONDE_CALL_END_; i++) {
		const char *name = sonde_call_name(i);

		ck_assert_uint_eq(sonde_call_find(name, strlen(name)), i);
	}
	for (unsigned i = 1; i < SONDE_EVENT_END_; i++) {
		const char *name = sonde_event_name(i);

		ck_assert_uint_eq(sonde_event_find(name, strlen(name)), i);
	}
	ck_assert_uint_eq(sonde_call_find("accep", 5), SONDE_CALL_NONE);
	ck_assert_uint_eq(sonde_call_find("bind\0\0\0\0", 8), SONDE_CALL_NONE);
	ck_assert_uint_eq(sonde_event_find("run\0\0\0\0\0", 8), SONDE_EVENT_NONE);
	ck_assert_str_eq(sonde_name_tcp_state(11), "CLOSING");
	ck_assert_str_eq(sonde_name_errno(111), "ECONNREFUSED");
	ck_assert_str_eq(sonde_name_family(10), "AF_INET6");
	ck_assert_str_eq(sonde_name_family(999), "?");
}
END_TEST

START_TEST(every_reason_has_a_sentence)
{
	for (int code = SONDE_REASON_BASE_ + 1; code < SONDE_REASON_END_; code++)
		ck_assert_uint_gt(strlen(sonde_reason_text(code)), 10);
	ck_assert_str_eq(sonde_reason_text(-ENOENT), "No such file or directory");
}
END_TEST

START_TEST(an_arena_gives_zeroed_memory_apart)
{
	struct sonde_arena a = { 0 };
	uint8_t *p[100];
	size_t dirty = 0;

	for (size_t i = 0; i < 100; i++) {
		p[i] = sonde_arena_take(&a, i * 977);
		for (size_t k = 0; k < i * 977; k++)
			dirty += p[i][k];
		memset(p[i], 0xff, i * 977);
	}
	ck_assert_uint_eq(dirty, 0);
	ck_assert_str_eq(sonde_arena_string(&a, "abc", 2), "ab");
	sonde_arena_done(&a);
	ck_assert_ptr_null(a.last);
}
END_TEST

Suite *base_suite(void)
{
	Suite *s = suite_create("base");
	TCase *t = tcase_create("base");

	tcase_add_test(t, numbers_print_as_printf_prints_them);
	tcase_add_test(t, addresses_print_in_their_canonical_form);
	tcase_add_test(t, zero_words_are_shortened_wherever_they_stand);
	tcase_add_test(t, one_odd_byte_of_a_json_string_is_seen_wherever_it_stands);
	tcase_add_test(t, hostile_bytes_are_escaped_and_good_text_is_not);
	tcase_add_test(t, a_failing_sink_is_reported_and_loses_nothing_silently);
	tcase_add_test(t, every_name_leads_back_to_its_number);
	tcase_add_test(t, every_reason_has_a_sentence);
	tcase_add_test(t, an_arena_gives_zeroed_memory_apart);
	suite_add_tcase(s, t);
	return s;
}
