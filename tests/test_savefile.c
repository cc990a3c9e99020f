/* Files of frames as they come: what is written is read back, by us and by others. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/reason.h"
#include "capture/savefile.h"
#include "tests/captures.h"

Suite *savefile_suite(void);

static uint8_t file[1 << 20];
static size_t file_len;

static int keep(void *arg, const char *at, size_t len)
{
	(void)arg;
	ck_assert_uint_le(file_len + len, sizeof file);
	memcpy(file + file_len, at, len);
	file_len += len;
	return 0;
}

static struct sonde_savefile *begin(const char *name)
{
	struct sonde_savefile_plan plan = sonde_savefile_named(name, "sonde test");
	struct sonde_savefile *s;

	file_len = 0;
	ck_assert_int_eq(sonde_savefile_open(&s, &plan, keep, NULL), 0);
	return s;
}

static const char *const names[] = { "x.pcapng", "x.pcapng.gz", "x.pcapng.zst",
				     "x.pcap",	 "x.pcap.gz",	"x.cap.zst" };

enum { NAMES = sizeof names / sizeof *names, FRAMES = 300 };

static const sonde_ns epoch = 1763700000123456789;

static const struct sonde_savefile_interface eth = {
	.link = 1,
	.unit = 9,
	.snaplen = 65535,
	.name = "eth7",
	.description = "the uplink",
	.filter = "tcp",
	.os = "Linux",
	.speed = 1000000000,
};

/* Frame n: an Ethernet frame of n % 120 + 14 bytes. */
static struct sonde_frame frame(unsigned n)
{
	static uint8_t bytes[160];

	memset(bytes, (int)n, sizeof bytes);
	return (struct sonde_frame){
		.when = epoch + n,
		.byte = { bytes, n % 120 + 14 },
		.wire = n % 120 + 14 + n % 3,
		.link = 1,
		.dir = n % 3,
		.sum = n / 3 % 3,
	};
}

static void put(struct sonde_savefile *s, unsigned interface, unsigned n)
{
	static const struct sonde_savefile_task tasks[] = { { 77, 78 }, { 99, 99 } };
	struct sonde_savefile_note note = {
		.comment = { (const uint8_t *)"why", n % 2 ? 3 : 0 },
		.dropped = n % 5,
		.task = tasks,
		.tasks = n % 3,
	};
	struct sonde_frame f = frame(n);

	ck_assert_int_eq(sonde_savefile_frame(s, interface, &f, n % 7 ? &note : NULL), 0);
}

static void expect(struct sonde_reader *r, unsigned n, bool all)
{
	const struct sonde_remark *m = sonde_reader_remark(r);
	struct sonde_frame want = frame(n);
	struct sonde_item got;

	ck_assert_int_eq(sonde_reader_next(r, &got), 1);
	ck_assert_uint_eq(got.is, SONDE_ITEM_FRAME);
	ck_assert_uint_eq(got.frame.when, want.when);
	ck_assert_uint_eq(got.frame.wire, want.wire);
	ck_assert_uint_eq(got.frame.link, 1);
	ck_assert_uint_eq(got.frame.byte.len, want.byte.len);
	ck_assert_mem_eq(got.frame.byte.at, want.byte.at, want.byte.len);
	if (!all)
		return;
	ck_assert_uint_eq(got.frame.dir, want.dir);
	ck_assert_uint_eq(got.frame.sum, want.sum);
	ck_assert_uint_eq(m->comments, n % 7 && n % 2);
	ck_assert_uint_eq(m->dropped, n % 7 ? n % 5 : 0);
	ck_assert_uint_eq(m->processes, n % 7 ? n % 3 : 0);
	ck_assert_uint_eq(m->pid, n % 7 && n % 3 ? 77 : 0);
}

START_TEST(what_is_saved_is_read_back_in_every_format_and_compression)
{
	for (unsigned k = 0; k < NAMES; k++) {
		struct sonde_savefile *s = begin(names[k]);
		struct memory m = { file, 0, k % 2 ? 1 : 0 };
		struct sonde_reader *r;
		struct sonde_item end;

		ck_assert_int_eq(sonde_savefile_interface(s, &eth), 0);
		for (unsigned n = 0; n < FRAMES; n++)
			put(s, 0, n);
		ck_assert_uint_gt(sonde_savefile_size(s), 0);
		ck_assert_int_eq(sonde_savefile_close(s), 0);
		m.len = file_len;
		r = memory_reader(&m);
		for (unsigned n = 0; n < FRAMES; n++)
			expect(r, n, k < 3);
		ck_assert_int_eq(sonde_reader_next(r, &end), 0);
		ck_assert_str_eq(sonde_reader_kind(r).format,
				 k < 3 ? "pcapng" : "pcap with nanoseconds");
		ck_assert(!sonde_reader_kind(r).compression == (k % 3 == 0));
		sonde_reader_close(r);
	}
}
END_TEST

START_TEST(interfaces_processes_and_statistics_are_kept)
{
	struct sonde_savefile *s = begin("x.pcapng");
	struct sonde_savefile_interface lo = { .link = 276, .unit = 6, .name = "lo", .fcs = 4 };
	struct sonde_savefile_statistics t = { epoch, epoch + SONDE_SECOND, 10, 2, 3, UINT64_MAX };
	struct sonde_process told = { .pid = 77,
				      .name = { (const uint8_t *)"curl", 4 },
				      .command = { (const uint8_t *)"curl\0-s", 8 },
				      .ppid = 1,
				      .uid = 0,
				      .start = epoch },
			     got;
	struct memory m = { file, 0, 0 };
	struct sonde_bytes text;
	struct sonde_reader *r;
	struct sonde_item item;

	ck_assert_int_eq(sonde_savefile_interface(s, &eth), 0);
	ck_assert_int_eq(sonde_savefile_interface(s, &lo), 1);
	ck_assert_int_eq(sonde_savefile_process(s, &told), 0);
	put(s, 0, 1);
	put(s, 1, 2);
	ck_assert_int_eq(sonde_savefile_statistics(s, 0, &t), 0);
	ck_assert_int_eq(sonde_savefile_close(s), 0);
	m.len = file_len;
	r = memory_reader(&m);
	expect(r, 1, true);
	ck_assert(sonde_reader_process(r, 0, &got));
	ck_assert_uint_eq(got.pid, 77);
	ck_assert_uint_eq(got.tid, 78);
	ck_assert(got.told);
	ck_assert_uint_eq(got.name.len, 4);
	ck_assert_mem_eq(got.command.at, "curl\0-s", 8);
	ck_assert_int_eq(got.ppid, 1);
	ck_assert_int_eq(got.uid, 0);
	ck_assert_uint_eq(got.start, epoch);
	ck_assert(!sonde_reader_process(r, 1, &got));
	ck_assert_int_eq(sonde_reader_next(r, &item), 1);
	ck_assert_uint_eq(item.frame.when, epoch / 1000 * 1000);
	ck_assert_uint_eq(item.frame.link, 276);
	ck_assert_uint_eq(sonde_reader_remark(r)->interface, 1);
	ck_assert(sonde_reader_process(r, 1, &got));
	ck_assert_uint_eq(got.pid, 99);
	ck_assert(!got.told);
	ck_assert_int_eq(sonde_reader_next(r, &item), 0);
	ck_assert_str_eq(sonde_reader_interface(r, 0)->name, "eth7");
	ck_assert_uint_eq(sonde_reader_interface(r, 0)->snaplen, 65535);
	ck_assert_uint_eq(sonde_reader_interface(r, 0)->received, 10);
	ck_assert_uint_eq(sonde_reader_interface(r, 0)->dropped, 5);
	ck_assert_uint_eq(sonde_reader_interface(r, 1)->dropped, UINT64_MAX);
	ck_assert_uint_eq(sonde_reader_interface(r, 1)->fcs, 4);
	ck_assert(sonde_reader_interface_option(r, 0, SONDE_OPTION_INTERFACE_FILTER, 0, &text));
	ck_assert_uint_eq(text.len, 4);
	ck_assert_mem_eq(text.at, "\0tcp", 4);
	ck_assert(sonde_reader_section_option(r, SONDE_OPTION_SECTION_APP, 0, &text));
	ck_assert_mem_eq(text.at, "sonde test", text.len);
	sonde_reader_close(r);
}
END_TEST

START_TEST(what_a_flush_has_given_is_a_whole_file)
{
	for (unsigned k = 0; k < NAMES; k++) {
		struct sonde_savefile *s = begin(names[k]);
		bool packed = k % 3;

		ck_assert_int_eq(sonde_savefile_interface(s, &eth), 0);
		for (unsigned n = 0; n < 20; n++) {
			unsigned items;
			uint64_t block;

			put(s, 0, n);
			ck_assert_int_eq(sonde_savefile_flush(s), 0);
			/* The end of a compressed file is written when it is closed. */
			ck_assert_int_eq(memory_end(file, file_len, &items, &block),
					 packed ? SONDE_CUT : 0);
			ck_assert_uint_eq(items, n + 1);
		}
		ck_assert_int_eq(sonde_savefile_close(s), 0);
	}
}
END_TEST

static unsigned bad_pieces;

/* Each piece must end where a block ends. */
static int watch(void *arg, const char *at, size_t len)
{
	unsigned items;
	uint64_t block;

	keep(arg, at, len);
	bad_pieces += memory_end(file, file_len, &items, &block) != 0;
	return 0;
}

START_TEST(no_block_is_given_in_two_pieces)
{
	for (unsigned k = 0; k < NAMES; k += 3) {
		struct sonde_savefile_plan plan = sonde_savefile_named(names[k], NULL);
		struct sonde_savefile *s;

		file_len = bad_pieces = 0;
		ck_assert_int_eq(sonde_savefile_open(&s, &plan, watch, NULL), 0);
		ck_assert_int_eq(sonde_savefile_interface(s, &eth), 0);
		for (unsigned n = 0; n < 7000 && file_len < 500000; n++)
			put(s, 0, n);
		ck_assert_int_eq(sonde_savefile_close(s), 0);
		ck_assert_uint_gt(file_len, 500000);
		ck_assert_uint_eq(bad_pieces, 0);
	}
}
END_TEST

START_TEST(an_empty_capture_is_one)
{
	for (unsigned k = 0; k < NAMES; k++) {
		struct sonde_savefile *s = begin(names[k]);
		unsigned items;
		uint64_t block;

		ck_assert_int_eq(sonde_savefile_close(s), 0);
		ck_assert_int_eq(memory_end(file, file_len, &items, &block), 0);
		ck_assert_uint_eq(items, 0);
	}
}
END_TEST

START_TEST(a_pcap_has_one_link_type_and_tells_what_it_lost)
{
	struct sonde_savefile_interface other = { .link = 276, .unit = 9 };
	struct sonde_savefile *s = begin("x.pcap");
	struct sonde_frame f = frame(3);
	unsigned items;
	uint64_t block;

	ck_assert_int_eq(sonde_savefile_interface(s, &other), 0);
	ck_assert_int_eq(sonde_savefile_interface(s, &eth), 1);
	for (unsigned n = 0; n < 4; n++)
		put(s, 1, n);
	ck_assert_int_eq(sonde_savefile_frame(s, 0, &f, NULL), SONDE_ONE_LINK);
	f.when = (1ULL << 32) * SONDE_SECOND;
	ck_assert_int_eq(sonde_savefile_frame(s, 1, &f, NULL), 0);
	ck_assert_uint_eq(sonde_savefile_lost(s)->comments, 2);
	ck_assert_uint_eq(sonde_savefile_lost(s)->drops, 1 + 2 + 3);
	ck_assert_uint_eq(sonde_savefile_lost(s)->processes, 2);
	ck_assert_uint_eq(sonde_savefile_lost(s)->times, 1);
	ck_assert_int_eq(sonde_savefile_close(s), 0);
	ck_assert_int_eq(memory_end(file, file_len, &items, &block), 0);
	ck_assert_uint_eq(items, 5);
}
END_TEST

static int full(void *arg, const char *at, size_t len)
{
	(void)arg, (void)at, (void)len;
	return -ENOSPC;
}

START_TEST(a_full_disk_is_told_and_stays_told)
{
	for (unsigned k = 0; k < NAMES; k++) {
		struct sonde_savefile_plan plan = sonde_savefile_named(names[k], NULL);
		struct sonde_frame f = frame(1);
		struct sonde_savefile *s;

		ck_assert_int_eq(sonde_savefile_open(&s, &plan, full, NULL), 0);
		ck_assert_int_eq(sonde_savefile_interface(s, &eth), 0);
		ck_assert_int_eq(sonde_savefile_frame(s, 0, &f, NULL), 0);
		ck_assert_int_eq(sonde_savefile_flush(s), -ENOSPC);
		ck_assert_int_eq(sonde_savefile_frame(s, 0, &f, NULL), -ENOSPC);
		ck_assert_int_eq(sonde_savefile_close(s), -ENOSPC);
	}
}
END_TEST

/* Whether the command, with the saved file's name for %s, prints this. */
static void expect_printed(const char *name, const char *command, const char *want)
{
	char path[64], line[512], got[4096];
	FILE *f;
	size_t n;

	snprintf(path, sizeof path, "/tmp/sonde-%d-%s", (int)getpid(), name);
	f = fopen(path, "wb");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(file, 1, file_len, f), file_len);
	fclose(f);
	snprintf(line, sizeof line, command, path);
	f = popen(line, "r");
	ck_assert_ptr_nonnull(f);
	n = fread(got, 1, sizeof got - 1, f);
	got[n] = 0;
	pclose(f);
	unlink(path);
	ck_assert_msg(!strcmp(got, want), "%s: '%s', not '%s'", line, got, want);
}

START_TEST(tcpdump_and_wireshark_read_what_is_saved)
{
	for (unsigned k = 0; k < NAMES; k++) {
		struct sonde_savefile *s = begin(names[k]);

		ck_assert_int_eq(sonde_savefile_interface(s, &eth), 0);
		for (unsigned n = 0; n < FRAMES; n++)
			put(s, 0, n);
		ck_assert_int_eq(sonde_savefile_close(s), 0);
		if (k % 3 == 0 && !system("command -v tcpdump >/dev/null"))
			expect_printed(names[k], "tcpdump --count -r %s 2>/dev/null",
				       "300 packets\n");
		if (!system("command -v capinfos >/dev/null"))
			expect_printed(names[k], "capinfos -Tr -c %s 2>/dev/null | cut -f2",
				       "300\n");
	}
}
END_TEST

Suite *savefile_suite(void)
{
	Suite *s = suite_create("savefile");
	TCase *t = tcase_create("savefile");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, what_is_saved_is_read_back_in_every_format_and_compression);
	tcase_add_test(t, interfaces_processes_and_statistics_are_kept);
	tcase_add_test(t, what_a_flush_has_given_is_a_whole_file);
	tcase_add_test(t, no_block_is_given_in_two_pieces);
	tcase_add_test(t, an_empty_capture_is_one);
	tcase_add_test(t, a_pcap_has_one_link_type_and_tells_what_it_lost);
	tcase_add_test(t, a_full_disk_is_told_and_stays_told);
	tcase_add_test(t, tcpdump_and_wireshark_read_what_is_saved);
	suite_add_tcase(s, t);
	return s;
}
