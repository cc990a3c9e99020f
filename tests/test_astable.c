/* Numbers of autonomous systems from a file that tests/e2e/mmdb.py writes. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/reason.h"
#include "sys/astable.h"

#include <arpa/inet.h>

Suite *astable_suite(void);

static char file[64];

/* Writes a table of these words. */
static void write_table(const char *words)
{
	char command[1000];

	snprintf(file, sizeof file, "/tmp/sonde-astable-%d.mmdb", getpid());
	snprintf(command, sizeof command, "python3 tests/e2e/mmdb.py %s %s", file, words);
	ck_assert_int_eq(system(command), 0);
}

static struct sonde_astable *open_it(void)
{
	struct sonde_astable *t = NULL;

	ck_assert_int_eq(sonde_astable_open(&t, file), 0);
	return t;
}

static struct sonde_as as;

static int find(const struct sonde_astable *t, const char *text)
{
	struct sonde_address a = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	ck_assert_int_eq(inet_pton(a.family, text, a.ip), 1);
	as = (struct sonde_as){ .number = 7 };
	return sonde_astable_find(t, &a, &as);
}

/* "AS64500/24 Example", "0" where there is none */
static const char *found(const struct sonde_astable *t, const char *text)
{
	static char said[400];
	int r = find(t, text);

	if (r != 1) {
		ck_assert_uint_eq(as.number, 7); /* set only on success */
		snprintf(said, sizeof said, "%d", r);
	} else {
		snprintf(said, sizeof said, "AS%u/%u %.*s", as.number, as.prefix,
			 (int)as.organisation.len, (const char *)as.organisation.at);
	}
	return said;
}

#define N "autonomous_system_number="
#define O "autonomous_system_organization="

START_TEST(addresses_of_both_versions_are_found)
{
	struct sonde_astable *t;
	uint64_t made;

	write_table("192.0.2.0/24 " N "64500 " O "'Example, Inc.' "
		    "192.0.2.128/25 " N "64501 "
		    "2001:db8::/32 " N "4200000000 " O "Documentation");
	t = open_it();
	ck_assert_str_eq(found(t, "192.0.2.1"), "AS64500/25 Example, Inc.");
	ck_assert_str_eq(found(t, "192.0.2.127"), "AS64500/25 Example, Inc.");
	ck_assert_str_eq(found(t, "192.0.2.128"), "AS64501/25 ");
	ck_assert_uint_eq(as.organisation.len, 0);
	ck_assert_str_eq(found(t, "2001:db8::1"), "AS4200000000/32 Documentation");
	ck_assert_str_eq(found(t, "::ffff:192.0.2.200"), "AS64501/25 ");
	ck_assert_str_eq(found(t, "192.0.3.1"), "0");
	ck_assert_str_eq(found(t, "2001:db9::1"), "0");
	ck_assert_str_eq(found(t, "::ffff:198.51.100.1"), "0");
	ck_assert_str_eq(sonde_astable_name(t, &made), "Test-ASN");
	ck_assert_uint_eq(made, 1700000000);
	ck_assert_int_eq(sonde_astable_find(t, &(struct sonde_address){ 0 }, &as), 0);
	ck_assert_ptr_null(sonde_astable_close(t));
	unlink(file);
}
END_TEST

START_TEST(a_table_of_version_4_has_nothing_of_version_6)
{
	struct sonde_astable *t;

	write_table("198.51.100.0/24 " N "64502 " O "Four");
	t = open_it();
	ck_assert_str_eq(found(t, "198.51.100.9"), "AS64502/24 Four");
	ck_assert_str_eq(found(t, "::ffff:198.51.100.9"), "AS64502/24 Four");
	ck_assert_str_eq(found(t, "2001:db8::1"), "0");
	sonde_astable_close(t);
	unlink(file);
}
END_TEST

START_TEST(what_a_table_does_not_say_is_absent)
{
	struct sonde_astable *t;

	write_table("10.0.0.0/24 country=XX 10.0.1.0/24 asn=AS64503 as_name=Other "
		    "10.0.2.0/24 asn= as_name= 10.0.3.0/24 asn=ASX "
		    "10.0.4.0/24 " N "64504 " O "5 10.0.5.0/24 asn=AS4294967296");
	t = open_it();
	ck_assert_str_eq(found(t, "10.0.0.1"), "0");
	ck_assert_str_eq(found(t, "10.0.1.1"), "AS64503/24 Other");
	ck_assert_str_eq(found(t, "10.0.2.1"), "0");
	ck_assert_int_eq(find(t, "10.0.3.1"), SONDE_DAMAGED);
	ck_assert_str_eq(found(t, "10.0.4.1"), "AS64504/24 "); /* a name that is no text */
	ck_assert_int_eq(find(t, "10.0.5.1"), SONDE_DAMAGED);
	sonde_astable_close(t);
	unlink(file);
}
END_TEST

START_TEST(what_is_no_table_is_refused)
{
	struct sonde_astable *t = NULL;

	ck_assert_int_eq(sonde_astable_open(&t, "/nonexistent.mmdb"), -ENOENT);
	ck_assert_int_eq(sonde_astable_open(&t, "/tmp"), SONDE_NOT_ASTABLE);
	ck_assert_int_eq(sonde_astable_open(&t, "Makefile"), SONDE_NOT_ASTABLE);
	ck_assert_int_eq(sonde_astable_open(&t, "/dev/null"), SONDE_NOT_ASTABLE);
	snprintf(file, sizeof file, "/tmp/sonde-astable-%d.fifo", getpid());
	ck_assert_int_eq(mkfifo(file, 0600), 0);
	ck_assert_int_eq(sonde_astable_open(&t, file), SONDE_NOT_ASTABLE);
	unlink(file);
	fclose(fopen(file, "w")); /* empty */
	ck_assert_int_eq(sonde_astable_open(&t, file), SONDE_NOT_ASTABLE);
	unlink(file);
	ck_assert_ptr_null(t);
	ck_assert_ptr_null(sonde_astable_close(NULL));
	ck_assert_ptr_nonnull(strstr(sonde_reason_text(SONDE_NOT_ASTABLE), "no table"));
}
END_TEST

/* Every byte of a small table turned over: refused, or read with the same or another answer, and
 * never worse; some of it is seen to be damaged. */
START_TEST(a_damaged_table_is_refused_or_survived)
{
	uint8_t whole[4096];
	FILE *f;
	size_t len;
	unsigned refused = 0, damaged = 0, read = 0;

	write_table("192.0.2.0/25 " N "64500 " O "Example");
	f = fopen(file, "rb");
	len = fread(whole, 1, sizeof whole, f);
	fclose(f);
	ck_assert_uint_gt(len, 200);
	for (size_t i = 0; i < 2 * len; i++) {
		struct sonde_astable *t = NULL;
		size_t n = i < len ? len : i - len; /* then cut anywhere */
		int r;

		if (i < len)
			whole[i] ^= 0xff;
		f = fopen(file, "wb");
		ck_assert_uint_eq(fwrite(whole, 1, n, f), n);
		fclose(f);
		r = sonde_astable_open(&t, file);
		if (r) {
			refused++;
			ck_assert_int_eq(r, SONDE_NOT_ASTABLE);
		} else {
			r = find(t, "192.0.2.1");
			damaged += r == SONDE_DAMAGED;
			read += r >= 0;
			ck_assert(r == SONDE_DAMAGED || r == 0 || r == 1);
		}
		sonde_astable_close(t);
		if (i < len)
			whole[i] ^= 0xff;
	}
	ck_assert_uint_gt(refused, 50);
	ck_assert_uint_gt(damaged, 5);
	ck_assert_uint_gt(read, 5);
	unlink(file);
}
END_TEST

Suite *astable_suite(void)
{
	Suite *s = suite_create("astable");
	TCase *c = tcase_create("astable");

	tcase_add_test(c, addresses_of_both_versions_are_found);
	tcase_add_test(c, a_table_of_version_4_has_nothing_of_version_6);
	tcase_add_test(c, what_a_table_does_not_say_is_absent);
	tcase_add_test(c, what_is_no_table_is_refused);
	tcase_add_test(c, a_damaged_table_is_refused_or_survived);
	suite_add_tcase(s, c);
	return s;
}
