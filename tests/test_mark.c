/* The marks of traceroute(8), for every error there can be. */
#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "probe/words.h"

Suite *mark_suite(void);

static const char *mark(bool v6, unsigned type, unsigned code, uint32_t mtu)
{
	static char buf[SONDE_WORDS_MARK];

	memset(buf, 'x', sizeof buf);
	return sonde_words_mark(v6 ? AF_INET6 : AF_INET, (uint8_t)type, (uint8_t)code, mtu, buf);
}

/* What is said of each; all else has its numbers. */
static const struct said {
	bool v6;
	unsigned type, code;
	const char *mark;
} said[] = {
	{ false, 3, 0, "!N" },	{ false, 3, 1, "!H" },	    { false, 3, 2, "!P" },
	{ false, 3, 3, "" },	{ false, 3, 4, "!F-1400" }, { false, 3, 5, "!S" },
	{ false, 3, 6, "!N" },	{ false, 3, 7, "!H" },	    { false, 3, 8, "!N" },
	{ false, 3, 9, "!X" },	{ false, 3, 10, "!X" },	    { false, 3, 11, "!N" },
	{ false, 3, 12, "!H" }, { false, 3, 13, "!X" },	    { false, 3, 14, "!V" },
	{ false, 3, 15, "!C" }, { false, 11, 0, "" },	    { true, 1, 0, "!N" },
	{ true, 1, 1, "!X" },	{ true, 1, 2, "!H" },	    { true, 1, 3, "!H" },
	{ true, 1, 4, "" },	{ true, 3, 0, "" },
};

static const char *expected(bool v6, unsigned type, unsigned code)
{
	static char buf[32];

	for (unsigned i = 0; i < sizeof said / sizeof *said; i++)
		if (said[i].v6 == v6 && said[i].type == type && said[i].code == code)
			return said[i].mark;
	if (v6 && type == 2)
		return "!F-1400";
	if (type == (v6 ? 1 : 3))
		snprintf(buf, sizeof buf, "!<%u>", code);
	else
		snprintf(buf, sizeof buf, "!<%u-%u>", type, code);
	return buf;
}

START_TEST(every_error_has_the_mark_that_traceroute_gives_it)
{
	for (unsigned v6 = 0; v6 < 2; v6++)
		for (unsigned type = 0; type < 256; type++)
			for (unsigned code = 0; code < 256; code++)
				ck_assert_str_eq(mark(v6, type, code, 1400),
						 expected(v6, type, code));
}
END_TEST

START_TEST(an_mtu_that_was_not_told_is_absent)
{
	ck_assert_str_eq(mark(false, 3, 4, 0), "!F");
	ck_assert_str_eq(mark(true, 2, 0, UINT32_MAX), "!F-4294967295");
}
END_TEST

Suite *mark_suite(void)
{
	Suite *s = suite_create("mark");
	TCase *c = tcase_create("mark");

	tcase_add_test(c, every_error_has_the_mark_that_traceroute_gives_it);
	tcase_add_test(c, an_mtu_that_was_not_told_is_absent);
	suite_add_tcase(s, c);
	return s;
}
