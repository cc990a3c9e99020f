#include <check.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/date.h"

Suite *date_suite(void);

static const char *written(int64_t ns)
{
	static char text[128];

	*sonde_date_put(text, ns) = 0;
	return text;
}

START_TEST(a_moment_is_that_of_the_c_library_and_comes_back)
{
	/* steps of some 11 days and a bit, over all that 64 bits hold */
	for (int64_t ns = INT64_MIN + 1; ns < INT64_MAX - 987654321987654; ns += 987654321987654) {
		time_t second = ns / 1000000000 - (ns % 1000000000 < 0);
		long long fraction = (ns % 1000000000 + 1000000000) % 1000000000;
		char want[64], date[40];
		int64_t again;
		struct tm tm;

		gmtime_r(&second, &tm);
		strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
		snprintf(want, sizeof want, "%s.%09lldZ", date, fraction);
		ck_assert_str_eq(written(ns), want);
		ck_assert_msg(sonde_date_parse(want, &again), "%s is not read", want);
		ck_assert_msg(again == ns, "%s is read as %lld", want, (long long)again);
	}
}
END_TEST

START_TEST(parts_may_be_missing_and_nothing_else)
{
	static const struct {
		const char *text;
		int64_t ns;
	} good[] = { { "1970-01-01", 0 },
		     { "1970-01-01T00:01", 60000000000 },
		     { "1970-01-01 00:00:01.5Z", 1500000000 },
		     { "2000-02-29", 951782400000000000 } };
	static const char *const bad[] = { "",
					   "2026",
					   "2026-1-1",
					   "2026-00-01",
					   "2026-13-01",
					   "2026-02-29",
					   "1900-02-29",
					   "2026-01-32",
					   "2026-01-01T",
					   "2026-01-01T24:00",
					   "2026-01-01T10",
					   "2026-01-01T10:00:00.",
					   "2026-01-01T10:00:00Z ",
					   "2263-01-01",
					   "9999-12-31" };
	int64_t ns;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		ck_assert_msg(sonde_date_parse(good[i].text, &ns), "%s", good[i].text);
		ck_assert_int_eq(ns, good[i].ns);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(!sonde_date_parse(bad[i], &ns), "'%s' was taken", bad[i]);
}
END_TEST

Suite *date_suite(void)
{
	Suite *s = suite_create("date");
	TCase *c = tcase_create("date");

	tcase_add_test(c, a_moment_is_that_of_the_c_library_and_comes_back);
	tcase_add_test(c, parts_may_be_missing_and_nothing_else);
	suite_add_tcase(s, c);
	return s;
}
