/* What a file holds, as Wireshark's capinfos counts it. */
#include <check.h>

#include "base/reason.h"
#include "capture/facts.h"
#include "capture/files.h"
#include "tests/captures.h"
#include "tests/corpus.h"

Suite *facts_suite(void);

static struct sonde_facts facts;

static void count(struct corpus_file *f, unsigned n)
{
	struct sonde_files *files;
	struct memory m[4];
	struct sonde_item item;
	unsigned from;

	sonde_facts_init(&facts);
	ck_assert_int_eq(sonde_files_open(&files), 0);
	for (unsigned i = 0; i < n; i++) {
		struct sonde_reader *r;

		m[i] = (struct memory){ f[i].at, f[i].len, 0 };
		r = memory_reader(&m[i]);
		ck_assert_uint_eq(sonde_facts_from(&facts, r), i);
		ck_assert_int_eq(sonde_files_add(files, r), (int)i);
	}
	while (sonde_files_next(files, &item, &from))
		sonde_facts_hear(&facts, from, &item);
	sonde_facts_end(&facts);
	sonde_files_close(files);
}

/* The time as far as the text has digits. */
static bool same_time(const char *text, sonde_ns when)
{
	char want[64];

	snprintf(want, sizeof want, "%lu.%09lu", when / SONDE_SECOND, when % SONDE_SECOND);
	return !strncmp(text, want, strlen(text));
}

/* Wireshark does not count what stands before these packets: SunATM, Bluetooth. */
static bool has_pseudo_header(void)
{
	return facts.n && (facts.interface->told.link == 123 || facts.interface->told.link == 201);
}

static unsigned unseen;

/* path, packets, bytes, start, end, order */
static void compare(char *line)
{
	char *field[6] = { line };
	struct corpus_file f;

	for (unsigned i = 1; i < 6; i++) {
		field[i] = strchr(field[i - 1], '\t');
		ck_assert_ptr_nonnull(field[i]);
		*field[i]++ = 0;
	}
	field[5][strcspn(field[5], "\n")] = 0;
	f = corpus_file(field[0]);
	count(&f, 1);
	ck_assert_msg(facts.packets == strtoul(field[1], NULL, 10), "%s: %lu packets, not %s", line,
		      facts.packets, field[1]);
	if (!has_pseudo_header())
		ck_assert_msg(facts.bytes == strtoul(field[2], NULL, 10), "%s: %lu bytes, not %s",
			      line, facts.bytes, field[2]);
	/* Neither n/a nor fractions that are none. */
	if (facts.timed && field[3][0] != 'n' && !facts.odd_times && !facts.untimed) {
		/* It loses its way where times go back, and does not always see that they do. */
		ck_assert_msg(!facts.ordered || field[5][0] == 'T', "%s: not ordered", line);
		unseen += !facts.ordered && field[5][0] == 'T';
		if (facts.ordered) {
			ck_assert_msg(same_time(field[3], facts.first), "%s: from %lu, not %s",
				      line, facts.first, field[3]);
			ck_assert_msg(same_time(field[4], facts.last), "%s: to %lu, not %s", line,
				      facts.last, field[4]);
		}
	}
	sonde_facts_done(&facts);
	free(f.at);
}

START_TEST(packets_bytes_times_and_order_are_what_capinfos_counts)
{
	const char *root = corpus_root();
	char line[2048];
	unsigned files = 0;
	FILE *f;

	if (!root)
		return;
	if (system("command -v capinfos >/dev/null")) {
		printf("skipped: no capinfos here\n");
		return;
	}
	snprintf(line, sizeof line,
		 "find %s -name '*.pcap*' -print0 | "
		 "xargs -0 capinfos -T -r -M -S -c -d -a -e -o 2>/dev/null",
		 root);
	f = popen(line, "r");
	ck_assert_ptr_nonnull(f);
	for (; fgets(line, sizeof line, f); files++)
		compare(line);
	pclose(f);
	printf("facts: %u files as capinfos counts them\n", files);
	ck_assert_uint_gt(files, 700);
	ck_assert_uint_le(unseen, 3);
}
END_TEST

START_TEST(interfaces_are_listed_with_what_they_told)
{
	const char *root = corpus_root();
	const struct sonde_facts_interface *i;
	struct corpus_file f;
	char path[1024];

	if (!root)
		return;
	snprintf(path, sizeof path, "%s/pcapng/output_be/difficult/test202.pcapng", root);
	f = corpus_file(path);
	count(&f, 1);
	ck_assert_uint_eq(facts.sections, 3);
	ck_assert_uint_eq(facts.interfaces, 5);
	ck_assert_uint_eq(facts.n, 5);
	ck_assert_uint_eq(facts.packets, 8);
	ck_assert_uint_eq(facts.untimed, 2);
	i = facts.interface;
	ck_assert_uint_eq(i[0].section, 1);
	ck_assert_uint_eq(i[2].section, 2);
	ck_assert_uint_eq(i[4].section, 3);
	ck_assert_uint_eq(i[4].number, 1);
	ck_assert_str_eq(i[0].told.name, "eth0");
	ck_assert_str_eq(i[2].told.name, "silly ethernet interface 2");
	ck_assert_str_eq(i[4].told.name, "null1");
	ck_assert_uint_eq(i[0].packets + i[1].packets, 3);
	ck_assert_uint_eq(i[2].packets, 4 - 0);
	ck_assert_uint_eq(i[3].packets + i[4].packets, 1);
	ck_assert_uint_eq(i[0].told.statistics + i[1].told.statistics, 1);
	ck_assert_uint_eq(i[3].told.statistics + i[4].told.statistics, 2);
	sonde_facts_done(&facts);
	free(f.at);
}
END_TEST

START_TEST(several_files_are_counted_together)
{
	const char *root = corpus_root();
	struct corpus_file f[2];
	char path[1024];

	if (!root)
		return;
	snprintf(path, sizeof path, "%s/process-info/epb_flags.pcapng", root);
	f[0] = corpus_file(path);
	snprintf(path, sizeof path, "%s/tcpdump/802.1ad_QinQ.pcap", root);
	f[1] = corpus_file(path);
	count(f, 2);
	ck_assert_uint_eq(facts.interfaces, 2);
	ck_assert_uint_eq(facts.interface[0].file + facts.interface[1].file, 1);
	ck_assert_uint_eq(facts.interface[0].packets, 7);
	ck_assert_uint_eq(facts.interface[0].packets + facts.interface[1].packets, facts.packets);
	ck_assert_uint_eq(facts.dropped, 21);
	ck_assert_uint_eq(facts.comments, 14);
	ck_assert(facts.ordered);
	sonde_facts_done(&facts);
	free(f[0].at);
	free(f[1].at);
}
END_TEST

Suite *facts_suite(void)
{
	Suite *s = suite_create("facts");
	TCase *t = tcase_create("facts");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, packets_bytes_times_and_order_are_what_capinfos_counts);
	tcase_add_test(t, interfaces_are_listed_with_what_they_told);
	tcase_add_test(t, several_files_are_counted_together);
	suite_add_tcase(s, t);
	return s;
}
