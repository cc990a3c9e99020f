#include <check.h>
#include <string.h>

#include <pcap/pcap.h>

#include "base/reason.h"
#include "capture/filter.h"

Suite *filter_suite(void);

/* 10.0.0.1.1024 > 10.0.0.2.80, SYN; its first 20 bytes are the IP header. */
static const uint8_t tcp[] = "\x45\0\0\x28\0\0\0\0\x40\6\0\0\x0a\0\0\1\x0a\0\0\2"
			     "\4\0\0\x50\0\0\0\0\0\0\0\0\x50\2\0\0\0\0\0\0";

/* The same as link type 101, 1, and 1 with a VLAN tag of 7. */
static struct sonde_frame as(unsigned link, bool tagged)
{
	static uint8_t bytes[64];
	size_t len = 0;

	if (link == 1) {
		memset(bytes, 2, 12);
		len = 12;
		if (tagged) {
			memcpy(bytes + len, "\x81\0\0\7", 4);
			len += 4;
		}
		memcpy(bytes + len, "\x08\0", 2);
		len += 2;
	}
	memcpy(bytes + len, tcp, 40);
	return (struct sonde_frame){
		.byte = { bytes, len + 40 },
		.wire = (uint32_t)len + 40,
		.link = (uint16_t)link,
	};
}

static struct sonde_filter *filter(const char *expression)
{
	struct sonde_filter *f;

	ck_assert_int_eq(sonde_filter_open(&f, expression), 0);
	return f;
}

static int match(const char *expression, unsigned link, bool tagged)
{
	struct sonde_filter *f = filter(expression);
	struct sonde_frame frame = as(link, tagged);
	int k = sonde_filter_match(f, &frame);

	ck_assert_int_eq(sonde_filter_match(f, &frame), k);
	ck_assert_ptr_null(sonde_filter_close(f));
	return k;
}

START_TEST(a_frame_is_matched_as_libpcap_does)
{
	for (unsigned link = 1; link <= 101; link += 100) {
		ck_assert_int_eq(match("", link, false), 1);
		ck_assert_int_eq(match("tcp port 80", link, false), 1);
		ck_assert_int_eq(match("udp or host 10.0.0.3", link, false), 0);
		ck_assert_int_eq(match("tcp[tcpflags] & tcp-syn != 0", link, false), 1);
		ck_assert_int_eq(match("greater 41", link, false), link == 1);
	}
	ck_assert_int_eq(match("tcp port 80", 1, true), 0);
	ck_assert_int_eq(match("vlan 7 and tcp port 80", 1, true), 1);
	ck_assert_int_eq(match("vlan 8", 1, true), 0);
}
END_TEST

START_TEST(one_filter_serves_several_link_types)
{
	struct sonde_filter *f = filter("dst port 80");

	for (unsigned i = 0; i < 6; i++) {
		struct sonde_frame frame = as(i % 2 ? 1 : 101, false);

		ck_assert_int_eq(sonde_filter_match(f, &frame), 1);
	}
	sonde_filter_close(f);
}
END_TEST

/* A cut frame's missing bytes do not match, and are not read. */
START_TEST(what_was_not_captured_does_not_match)
{
	struct sonde_filter *f = filter("dst port 80");
	struct sonde_frame frame = as(101, false);

	frame.byte.len = 22;
	ck_assert_int_eq(sonde_filter_match(f, &frame), 0);
	sonde_filter_close(f);
}
END_TEST

START_TEST(a_link_type_for_which_there_is_no_such_filter_is_told)
{
	struct sonde_filter *f = filter("wlan type mgt");
	struct sonde_frame frame = as(1, false);

	ck_assert_str_eq(sonde_filter_error(f), "");
	ck_assert_int_eq(sonde_filter_match(f, &frame), SONDE_FILTER);
	ck_assert_ptr_nonnull(strstr(sonde_filter_error(f), "802.11"));
	ck_assert_ptr_null(sonde_filter_wrong(f).at);
	ck_assert_int_eq(sonde_filter_program(f, 105, NULL), 0);
	sonde_filter_close(f);
}
END_TEST

START_TEST(what_does_not_parse_is_pointed_at)
{
	static const struct {
		const char *expression, *wrong;
	} facts[] = {
		{ "tcp port", "" },
		{ "tcp prot 80", "prot" },
		{ "tcp port 80 80 and", "80" },
		{ "tcp port 80 )", ")" },
		{ "(tcp port 80", "" },
		{ "port and", "and" },
		{ "tcp and and udp", "and" },
		{ "tcp &&& udp", "&&&" },
		{ "not (udp port 53 or) tcp", "or)" },
		{ "tcp[13 & 2 != 0", "!=" },
		{ "tcp[tcpflags] & tcp-syn", "" },
		{ "ether host 1:2:3:4:5:6 and net", "" },
		{ "tcp port 80 host host 1.1.1.1", "host" },
	};

	for (unsigned i = 0; i < sizeof facts / sizeof *facts; i++) {
		struct sonde_filter *f = filter(facts[i].expression);
		struct sonde_bytes wrong;

		ck_assert_int_eq(sonde_filter_program(f, 1, NULL), SONDE_FILTER);
		wrong = sonde_filter_wrong(f);
		ck_assert_msg(wrong.len == strlen(facts[i].wrong) &&
				      !memcmp(wrong.at, facts[i].wrong, wrong.len),
			      "%s: '%.*s', not '%s' (%s)", facts[i].expression, (int)wrong.len,
			      wrong.at ? (const char *)wrong.at : "", facts[i].wrong,
			      sonde_filter_error(f));
		sonde_filter_close(f);
	}
}
END_TEST

Suite *filter_suite(void)
{
	Suite *s = suite_create("filter");
	TCase *t = tcase_create("filter");

	tcase_add_test(t, a_frame_is_matched_as_libpcap_does);
	tcase_add_test(t, one_filter_serves_several_link_types);
	tcase_add_test(t, what_was_not_captured_does_not_match);
	tcase_add_test(t, a_link_type_for_which_there_is_no_such_filter_is_told);
	tcase_add_test(t, what_does_not_parse_is_pointed_at);
	suite_add_tcase(s, t);
	return s;
}
