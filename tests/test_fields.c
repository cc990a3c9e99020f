#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "life/records.h"
#include "wire/wire.h"

Suite *fields_suite(void);

static char said[1 << 20];

/* Runs sonde-fields with standard error behind standard output; its exit code. */
static int run(const char *arguments)
{
	const char *bin = getenv("SONDE_BIN");
	char line[512];
	size_t n;
	FILE *f;
	int status;

	snprintf(line, sizeof line, "%s/sonde-fields %s 2>&1", bin ? bin : "build/bin", arguments);
	f = popen(line, "r");
	ck_assert_ptr_nonnull(f);
	n = fread(said, 1, sizeof said - 1, f);
	said[n] = 0;
	status = pclose(f);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

START_TEST(every_field_of_every_header_is_told)
{
	ck_assert_int_eq(run(""), 0);
	for (unsigned i = 0; i < SONDE_ROWS; i++)
		ck_assert_ptr_nonnull(strstr(said, sonde_rows[i].name));
	for (unsigned s = SONDE_NONE + 1; s < SONDE_SHAPES; s++)
		ck_assert_ptr_nonnull(strstr(said, sonde_shapes[s].title));
	ck_assert_int_eq(run("--json"), 0);
	for (const char *l = said; *l; l = strchr(l, '\n') + 1)
		ck_assert_int_eq(strncmp(l, "{\"record\":\"field\",\"v\":1,", 24), 0);
}
END_TEST

START_TEST(a_header_is_told_with_its_options_and_alone)
{
	ck_assert_int_eq(run("tcp"), 0);
	ck_assert_ptr_nonnull(strstr(said, "tcp.dstport "));
	ck_assert_ptr_nonnull(strstr(said, "tcp.options.sack_le"));
	ck_assert_ptr_null(strstr(said, "udp.dstport"));
	ck_assert_int_eq(run("ip"), 0);
	ck_assert_ptr_nonnull(strstr(said, "ip.rec_rt"));
	ck_assert_int_eq(run("--json udp"), 0);
	ck_assert_ptr_nonnull(strstr(said, "\"name\":\"udp.dstport\",\"alias\":\"dport\",\"at\":16,"
					   "\"bits\":16,\"form\":\"decimal\""));
}
END_TEST

START_TEST(every_member_of_every_record_is_told)
{
	static const struct sonde_schema *const records[] = { &sonde_run_schema,
							      &sonde_endpoint_schema };

	ck_assert_int_eq(run("--records"), 0);
	for (size_t i = 0; i < sizeof records / sizeof *records; i++)
		for (size_t c = 0; c < records[i]->n; c++)
			ck_assert_ptr_nonnull(strstr(said, records[i]->column[c].what));
	ck_assert_int_eq(run("--records tcp"), 2);
}
END_TEST

START_TEST(a_protocol_that_does_not_exist_is_one_sentence)
{
	ck_assert_int_eq(run("udp tpc"), 2);
	ck_assert_str_eq(said, "sonde fields: there is no protocol 'tpc'; 'tcp' is the nearest\n");
	ck_assert_int_eq(run("$(printf 'a\\033b')"), 2);
	ck_assert_ptr_null(strchr(said, '\033'));
}
END_TEST

START_TEST(a_full_disk_is_told)
{
	ck_assert_int_eq(run(">/dev/full"), 3);
}
END_TEST

Suite *fields_suite(void)
{
	Suite *s = suite_create("fields");
	TCase *c = tcase_create("fields");

	tcase_add_test(c, every_field_of_every_header_is_told);
	tcase_add_test(c, a_header_is_told_with_its_options_and_alone);
	tcase_add_test(c, every_member_of_every_record_is_told);
	tcase_add_test(c, a_protocol_that_does_not_exist_is_one_sentence);
	tcase_add_test(c, a_full_disk_is_told);
	suite_add_tcase(s, c);
	return s;
}
