#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "capture/rotate.h"

Suite *rotate_suite(void);

static char folder[] = "/tmp/sonde-rotate-XXXXXX";

static void make_folder(void)
{
	setenv("TZ", "UTC0", 1);
	tzset();
	strcpy(strchr(folder, 'X'), "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
}

static void remove_folder(void)
{
	char command[100];

	ck_assert_int_eq(chdir("/"), 0);
	snprintf(command, sizeof command, "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static bool is_there(const char *name)
{
	return !access(name, F_OK);
}

static void open_files(struct sonde_rotate *r, struct sonde_rotate_plan plan)
{
	ck_assert_int_eq(sonde_rotate_open(r, &plan, 86400), 0);
	ck_assert_int_eq(sonde_rotate_sink(r, "hello", 5), 0);
}

START_TEST(a_number_goes_in_front_of_what_names_end_in)
{
	static const char *const names[][2] = {
		{ "f.pcapng", "f-00001.pcapng" }, { "f.pcap.gz", "f-00001.pcap.gz" },
		{ "my.host", "my.host-00001" },	  { "f.pcapng.zst", "f-00001.pcapng.zst" },
		{ ".pcap", ".pcap-00001" },	  { "%Y-%m-%d.pcap", "1970-01-02-00001.pcap" },
	};
	struct sonde_rotate r;

	make_folder();
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		open_files(&r, (struct sonde_rotate_plan){
				       .name = names[i][0], .many = true, .numbered = true });
		sonde_rotate_close(&r);
		ck_assert_msg(is_there(names[i][1]), "%s: not %s", names[i][0], names[i][1]);
	}
	remove_folder();
}
END_TEST

START_TEST(one_of_several_has_its_name_when_it_is_finished)
{
	struct sonde_rotate r;
	struct stat st;

	make_folder();
	open_files(&r, (struct sonde_rotate_plan){ .name = "f", .many = true, .numbered = true });
	ck_assert(is_there("f-00001.part") && !is_there("f-00001"));
	ck_assert_int_eq(sonde_rotate_finish(&r), 0);
	ck_assert(!is_there("f-00001.part") && is_there("f-00001"));
	ck_assert_int_eq(sonde_rotate_next(&r, 86401), 0);
	ck_assert(is_there("f-00002.part"));
	sonde_rotate_close(&r);
	ck_assert(is_there("f-00002"));
	open_files(&r, (struct sonde_rotate_plan){ .name = "single" });
	ck_assert(!stat("single", &st) && st.st_size == 5);
	sonde_rotate_close(&r);
	remove_folder();
}
END_TEST

START_TEST(the_oldest_goes_unless_its_name_was_given_again)
{
	struct sonde_rotate r;

	make_folder();
	open_files(&r, (struct sonde_rotate_plan){ .name = "f-%S", .many = true, .keep = 2 });
	for (time_t t = 86401; t <= 86403; t++) {
		ck_assert_int_eq(sonde_rotate_finish(&r), 0);
		ck_assert_int_eq(sonde_rotate_next(&r, t), 0);
	}
	sonde_rotate_close(&r);
	ck_assert(!is_there("f-00") && !is_there("f-01") && is_there("f-02") && is_there("f-03"));
	open_files(&r, (struct sonde_rotate_plan){ .name = "same", .many = true, .keep = 2 });
	for (unsigned i = 0; i < 5; i++) {
		ck_assert_int_eq(sonde_rotate_finish(&r), 0);
		ck_assert_int_eq(sonde_rotate_next(&r, 86400), 0);
	}
	sonde_rotate_close(&r);
	ck_assert(is_there("same"));
	remove_folder();
}
END_TEST

static size_t whole_words(const void *arg, uint64_t from, const char *at, size_t len)
{
	(void)arg;
	(void)from;
	(void)at;
	return len / 4 * 4;
}

START_TEST(of_what_does_not_fit_the_whole_part_stays)
{
	const struct rlimit most = { 10, 10 };
	struct sonde_rotate r;
	struct stat st;

	make_folder();
	ck_assert_int_eq(sonde_rotate_open(&r, &(struct sonde_rotate_plan){ .name = "f" }, 0), 0);
	r.whole = whole_words;
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &most), 0);
	ck_assert_int_eq(sonde_rotate_sink(&r, "abcd", 4), 0);
	ck_assert_int_eq(sonde_rotate_sink(&r, "efghijkl", 8), -EFBIG);
	sonde_rotate_close(&r);
	ck_assert(!stat("f", &st));
	ck_assert_int_eq(st.st_size, 8);
	remove_folder();
}
END_TEST

START_TEST(what_cannot_be_made_is_refused_with_its_reason)
{
	struct sonde_rotate_plan plan = { .name = "/no/such/folder/f" };
	char longer[PATH_MAX + 10];
	struct sonde_rotate r;

	ck_assert_int_eq(sonde_rotate_open(&r, &plan, 0), -ENOENT);
	sonde_rotate_close(&r);
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = 0;
	plan.name = longer;
	ck_assert_int_eq(sonde_rotate_open(&r, &plan, 0), -ENAMETOOLONG);
	sonde_rotate_close(&r);
}
END_TEST

Suite *rotate_suite(void)
{
	Suite *s = suite_create("rotate");
	TCase *t = tcase_create("rotate");

	tcase_add_test(t, a_number_goes_in_front_of_what_names_end_in);
	tcase_add_test(t, one_of_several_has_its_name_when_it_is_finished);
	tcase_add_test(t, the_oldest_goes_unless_its_name_was_given_again);
	tcase_add_test(t, of_what_does_not_fit_the_whole_part_stays);
	tcase_add_test(t, what_cannot_be_made_is_refused_with_its_reason);
	suite_add_tcase(s, t);
	return s;
}
