/* Name resolution blocks, and what becomes of the names: nothing but a line that is easier to
 * read. */
#include <check.h>
#include <stdio.h>

#include "run/names.h"
#include "tests/captures.h"
#include "tests/pcapng_made.h"

Suite *names_suite(void);

static char heard[4096];

static void hear(void *arg, const uint8_t *address, size_t len, struct sonde_bytes name)
{
	size_t n = strlen(heard);

	(void)arg;
	snprintf(heard + n, sizeof heard - n, "%zu:%u..%u=%.*s ", len, address[0], address[len - 1],
		 (int)name.len, (const char *)name.at);
}

static void record(unsigned type, const void *at, size_t n)
{
	option(type, at, n);
}

static void read_made(void)
{
	struct memory m = { made, made_len, 0 };
	struct sonde_reader *r = memory_reader(&m);
	struct sonde_item item;

	*heard = 0;
	sonde_reader_hear_names(r, hear, NULL);
	while (sonde_reader_next(r, &item) > 0)
		;
	sonde_reader_close(r);
}

START_TEST(names_are_heard_in_both_byte_orders)
{
	for (unsigned big = 0; big < 2; big++) {
		size_t at;

		made_begin(big);
		section();
		at = block(4);
		record(1, "\x0a\0\0\x09one.example\0two.example", 28);
		record(3, "\1\2\3\4\5\6mac", 10);
		record(2, "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x01six", 20);
		record(0, "", 0);
		record(1, "\x0b\0\0\x09hidden", 11);
		block_end(at);
		read_made();
		ck_assert_str_eq(heard, "4:10..9=one.example 16:254..1=six ");
	}
}
END_TEST

START_TEST(a_record_that_is_cut_names_nobody)
{
	size_t at;

	made_begin(false);
	section();
	at = block(4);
	record(1, "\x0a\0\0\x09", 4); /* an address alone */
	record(1, "\x0a", 1);
	record(1, "\x0a\0\0\x08open", 8); /* without a NUL: the end of the record ends it */
	put(2, 1);
	put(2, 400); /* longer than the block */
	put(4, 0x0100000a);
	block_end(at);
	read_made();
	ck_assert_str_eq(heard, "4:10..8=open ");
}
END_TEST

static struct sonde_bytes text(const char *s)
{
	return (struct sonde_bytes){ (const uint8_t *)s, strlen(s) };
}

static const uint8_t ip[4] = { 203, 0, 113, 7 };

/* What the address is called, or "". */
static const char *called(struct sonde_names *names)
{
	const char *name = sonde_names_host(names, ip, 4);

	return name ? name : "";
}

START_TEST(what_a_file_says_counts_for_more_than_answers)
{
	struct sonde_names names;

	sonde_names_init(&names);
	ck_assert_str_eq(called(&names), "");
	sonde_names_learn(&names, SONDE_NAMES_ANSWER, ip, 4, text("first.example."));
	ck_assert_str_eq(called(&names), "first.example");
	sonde_names_learn(&names, SONDE_NAMES_ANSWER, ip, 4, text("later.example"));
	ck_assert_str_eq(called(&names), "later.example");
	sonde_names_learn(&names, SONDE_NAMES_FILE, ip, 4, text("file.example"));
	sonde_names_learn(&names, SONDE_NAMES_ANSWER, ip, 4, text("again.example"));
	sonde_names_learn(&names, SONDE_NAMES_FILE, ip, 4, text("other.example"));
	ck_assert_str_eq(called(&names), "file.example");
	sonde_names_done(&names);
}
END_TEST

START_TEST(a_name_is_harmless_or_none)
{
	struct sonde_names names;
	char most[SONDE_MANNER_NAME_MAX + 2];

	sonde_names_init(&names);
	for (const char *const *s = (const char *const[]){ "", "...", "10.1.2.3", "1", NULL }; *s;
	     s++)
		sonde_names_learn(&names, SONDE_NAMES_FILE, ip, 4, text(*s));
	memset(most, 'a', sizeof most - 1);
	most[sizeof most - 1] = 0;
	sonde_names_learn(&names, SONDE_NAMES_FILE, ip, 4, text(most));
	ck_assert_str_eq(called(&names), "");
	sonde_names_learn(&names, SONDE_NAMES_ANSWER, ip, 4, text("a\x1b[2J: > b\\\xff"));
	ck_assert_str_eq(called(&names), "a\\x1b\\x5b2J\\x3a\\x20\\x3e\\x20b\\x5c\\xff");
	sonde_names_learn(&names, SONDE_NAMES_FILE, ip, 4, text(most + 1));
	ck_assert_uint_eq(strlen(called(&names)), SONDE_MANNER_NAME_MAX);
	sonde_names_done(&names);
}
END_TEST

START_TEST(names_are_bounded)
{
	struct sonde_names names;
	uint8_t address[4];
	unsigned known = 0;

	sonde_names_init(&names);
	for (uint32_t i = 0; i < SONDE_NAMES_MOST + 1000; i++) {
		sonde_store(address, 4, 0xc6330000 + i);
		sonde_names_learn(&names, SONDE_NAMES_FILE, address, 4, text("host"));
		known += sonde_names_host(&names, address, 4) != NULL;
	}
	ck_assert_uint_le(known, SONDE_NAMES_MOST);
	ck_assert_uint_gt(known, SONDE_NAMES_MOST - 2000); /* beside the machine's own */
	sonde_names_done(&names);
}
END_TEST

Suite *names_suite(void)
{
	Suite *s = suite_create("names");
	TCase *c = tcase_create("names");

	tcase_add_test(c, names_are_heard_in_both_byte_orders);
	tcase_add_test(c, a_record_that_is_cut_names_nobody);
	tcase_add_test(c, what_a_file_says_counts_for_more_than_answers);
	tcase_add_test(c, a_name_is_harmless_or_none);
	tcase_add_test(c, names_are_bounded);
	suite_add_tcase(s, c);
	return s;
}
