/* Copies: read, written, read again. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/reason.h"
#include "capture/copy.h"
#include "capture/facts.h"
#include "capture/files.h"
#include "tests/captures.h"
#include "tests/corpus.h"

Suite *copy_suite(void);

static uint8_t out[40 << 20];
static size_t out_len;

static int keep(void *arg, const char *at, size_t len)
{
	(void)arg;
	ck_assert_uint_le(out_len + len, sizeof out);
	memcpy(out + out_len, at, len);
	out_len += len;
	return 0;
}

static struct sonde_savefile_lost lost;

/* Files into one, in out. How the writing went. */
static int copy(const struct corpus_file *file, unsigned n, const char *name)
{
	struct sonde_savefile_plan plan = sonde_savefile_named(name, NULL);
	struct memory m[8];
	struct sonde_files *files;
	struct sonde_savefile *to;
	struct sonde_copy *c;
	struct sonde_item item;
	unsigned from;
	int k = 0;

	out_len = 0;
	ck_assert_int_eq(sonde_savefile_open(&to, &plan, keep, NULL), 0);
	ck_assert_int_eq(sonde_copy_open(&c, to), 0);
	ck_assert_int_eq(sonde_files_open(&files), 0);
	for (unsigned i = 0; i < n; i++) {
		struct sonde_reader *r;

		m[i] = (struct memory){ file[i].at, file[i].len, 0 };
		r = memory_reader(&m[i]);
		ck_assert_int_eq(sonde_files_add(files, r), (int)i);
		ck_assert_int_eq(sonde_copy_from(c, r), (int)i);
	}
	while (!k && sonde_files_next(files, &item, &from))
		k = sonde_copy_item(c, from, &item);
	lost = *sonde_savefile_lost(to);
	ck_assert_ptr_null(sonde_copy_close(c));
	ck_assert_int_eq(sonde_savefile_close(to), 0);
	ck_assert_ptr_null(sonde_files_close(files));
	return k;
}

static void same_bytes(const char *path, struct sonde_bytes a, struct sonde_bytes b)
{
	ck_assert_msg(a.len == b.len && (!a.len || !memcmp(a.at, b.at, a.len)),
		      "%s: %zu bytes, then %zu", path, a.len, b.len);
}

static void same_process(const char *path, struct sonde_reader *x, struct sonde_reader *y,
			 unsigned n)
{
	struct sonde_process a, b;

	ck_assert(sonde_reader_process(x, n, &a) && sonde_reader_process(y, n, &b));
	ck_assert_msg(a.pid == b.pid && a.tid == b.tid && a.told == b.told, "%s: another process",
		      path);
	if (!a.told)
		return;
	ck_assert(a.ppid == b.ppid && a.uid == b.uid && a.start == b.start);
	same_bytes(path, a.name, b.name);
	same_bytes(path, a.path, b.path);
	same_bytes(path, a.user, b.user);
	same_bytes(path, a.command, b.command);
	same_bytes(path, a.uuid, b.uuid);
}

static void same_interface(const char *path, const struct sonde_interface *a,
			   const struct sonde_interface *b)
{
	ck_assert_msg(a->link == b->link && a->snaplen == b->snaplen && a->fcs == b->fcs &&
			      a->tsresol == b->tsresol && a->tsoffset == b->tsoffset &&
			      a->received == b->received && a->dropped == b->dropped &&
			      !strcmp(a->name, b->name),
		      "%s: another interface", path);
}

static void same_frame(const char *path, struct sonde_reader *x, struct sonde_reader *y,
		       const struct sonde_frame *a, const struct sonde_frame *b)
{
	const struct sonde_remark *m = sonde_reader_remark(x), *n = sonde_reader_remark(y);
	struct sonde_bytes s, t;

	same_bytes(path, a->byte, b->byte);
	ck_assert_msg(a->when == b->when && a->wire == b->wire && a->link == b->link &&
			      a->dir == b->dir && a->sum == b->sum && a->gso == b->gso &&
			      a->fcs == b->fcs && a->cookie == b->cookie,
		      "%s: another frame", path);
	ck_assert_msg(m->comments == n->comments && m->dropped == n->dropped &&
			      m->processes == n->processes && m->interface == n->interface &&
			      m->untimed == n->untimed,
		      "%s: other remarks", path);
	for (unsigned i = 0; i < m->comments; i++) {
		ck_assert(sonde_reader_option(x, SONDE_OPTION_COMMENT, i, &s));
		ck_assert(sonde_reader_option(y, SONDE_OPTION_COMMENT, i, &t));
		same_bytes(path, s, t);
	}
	for (unsigned i = 0; i < m->processes; i++)
		same_process(path, x, y, i);
	same_interface(path, sonde_reader_interface(x, m->interface),
		       sonde_reader_interface(y, n->interface));
}

static unsigned frames, turned, damaged;

static void copied_is_the_same(const struct corpus_file *f)
{
	struct memory in = { f->at, f->len, 0 }, again = { out, 0, 0 };
	struct sonde_reader *x, *y;
	struct sonde_item a, b;
	int k, n;

	ck_assert_int_eq(copy(f, 1, "x.pcapng"), 0);
	again.len = out_len;
	x = memory_reader(&in);
	y = memory_reader(&again);
	while ((k = sonde_reader_next(x, &a)) > 0) {
		n = sonde_reader_next(y, &b);
		ck_assert_msg(n == 1, "%s: %s", f->path, sonde_reason_text(n));
		ck_assert_uint_eq(a.is, b.is);
		ck_assert_int_eq(sonde_reader_ours(x), sonde_reader_ours(y));
		if (a.is == SONDE_ITEM_FRAME)
			same_frame(f->path, x, y, &a.frame, &b.frame);
		frames++;
		turned += sonde_reader_kind(x).big;
	}
	n = sonde_reader_next(y, &b);
	ck_assert_msg(n == 0, "%s: %s", f->path, sonde_reason_text(n));
	damaged += k < 0;
	if (!k && !strncmp(sonde_reader_kind(x).format, "pcapng", 6))
		ck_assert_uint_eq(sonde_reader_place(x).section, sonde_reader_place(y).section);
	for (uint32_t i = 0; sonde_reader_interface(x, i); i++) {
		ck_assert_ptr_nonnull(sonde_reader_interface(y, i));
		same_interface(f->path, sonde_reader_interface(x, i), sonde_reader_interface(y, i));
	}
	sonde_reader_close(x);
	sonde_reader_close(y);
}

START_TEST(a_copy_of_any_capture_says_the_same)
{
	unsigned files = corpus_each(copied_is_the_same);

	if (!files)
		return;
	printf("copy: %u files, %u packets, %u of them turned; %u files end early\n", files, frames,
	       turned, damaged);
	ck_assert_uint_gt(frames, 1000);
	ck_assert_uint_gt(turned, 10);
}
END_TEST

static unsigned refused, kept;

static void pcap_is_the_same(const struct corpus_file *f)
{
	struct memory in = { f->at, f->len, 0 }, again = { out, 0, 0 };
	struct sonde_reader *x, *y;
	struct sonde_item a, b;

	if (copy(f, 1, "x.pcap") == SONDE_ONE_LINK) {
		refused++;
		return;
	}
	again.len = out_len;
	x = memory_reader(&in);
	y = memory_reader(&again);
	while (sonde_reader_next(x, &a) > 0) {
		if (a.is != SONDE_ITEM_FRAME || sonde_reader_ours(x))
			continue;
		ck_assert_int_eq(sonde_reader_next(y, &b), 1);
		same_bytes(f->path, a.frame.byte, b.frame.byte);
		ck_assert_uint_eq(a.frame.wire, b.frame.wire);
		ck_assert_uint_eq(a.frame.link, b.frame.link);
		if (!lost.times)
			ck_assert_uint_eq(a.frame.when, b.frame.when);
		kept++;
	}
	sonde_reader_close(x);
	sonde_reader_close(y);
}

START_TEST(a_pcap_keeps_the_packets_of_one_link_type)
{
	unsigned files = corpus_each(pcap_is_the_same);

	if (!files)
		return;
	ck_assert_uint_gt(kept, 1000);
	ck_assert_uint_gt(refused, 0);
	ck_assert_uint_lt(refused, files / 20);
}
END_TEST

/* A little-endian file of one section keeps every byte. */
START_TEST(blocks_pass_unchanged)
{
	const char *root = corpus_root();
	char path[1024];
	struct corpus_file f;

	if (!root)
		return;
	for (unsigned i = 1; i <= 18; i++) {
		snprintf(path, sizeof path, "%s/pcapng/output_le/basic/test%03u.pcapng", root, i);
		f = corpus_file(path);
		ck_assert_int_eq(copy(&f, 1, "x.pcapng"), 0);
		/* The length of the section is not known in a copy, custom blocks may forbid it. */
		memset(f.at + 16, 0xff, 8);
		if (i != 17 && i != 18)
			same_bytes(path, (struct sonde_bytes){ f.at, f.len },
				   (struct sonde_bytes){ out, out_len });
		free(f.at);
	}
}
END_TEST

/* A pcap of packets at these seconds; each holds its second and the file's letter. */
static struct corpus_file seconds(char letter, unsigned link, unsigned n, const uint32_t *t)
{
	static uint8_t room[4][512];
	uint32_t head[6] = { 0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, link };
	struct corpus_file f = { .at = room[letter - 'a'], .len = sizeof head };

	memcpy(f.at, head, sizeof head);
	for (unsigned i = 0; i < n; i++) {
		uint32_t record[4] = { t[i], 0, 2, 2 };

		memcpy(f.at + f.len, record, sizeof record);
		f.len += sizeof record;
		f.at[f.len++] = (uint8_t)letter;
		f.at[f.len++] = (uint8_t)('0' + t[i]);
	}
	return f;
}

static void expect_order(const char *want)
{
	struct memory m = { out, out_len, 0 };
	struct sonde_reader *r = memory_reader(&m);
	struct sonde_item item;
	char got[128];
	size_t n = 0;
	int k;

	while ((k = sonde_reader_next(r, &item)) > 0) {
		const struct sonde_remark *remark = sonde_reader_remark(r);

		memcpy(got + n, item.frame.byte.at, 2);
		got[n + 2] = (char)('0' + remark->interface);
		got[n + 3] = ' ';
		n += 4;
		ck_assert_uint_eq(sonde_reader_interface(r, remark->interface)->link,
				  item.frame.link);
	}
	got[n] = 0;
	ck_assert_int_eq(k, 0);
	ck_assert_str_eq(got, want);
	sonde_reader_close(r);
}

START_TEST(files_are_merged_by_time_and_equal_times_in_the_order_of_files)
{
	struct corpus_file f[3];

	f[0] = seconds('a', 1, 4, (uint32_t[]){ 1, 3, 5, 5 });
	f[1] = seconds('b', 101, 3, (uint32_t[]){ 1, 5, 6 });
	f[2] = seconds('c', 1, 4, (uint32_t[]){ 0, 9, 2, 5 });
	ck_assert_int_eq(copy(f, 3, "x.pcapng"), 0);
	/* What goes back within a file stays behind what was before it. */
	expect_order("c02 a10 b11 a30 a50 a50 b51 b61 c92 c22 c52 ");
	ck_assert_int_eq(copy(f, 3, "x.pcap"), SONDE_ONE_LINK);
	f[1] = f[2];
	ck_assert_int_eq(copy(f, 2, "x.pcap"), 0);
	expect_order("c00 a10 a30 a50 a50 c90 c20 c50 ");
}
END_TEST

START_TEST(a_file_that_fails_ends_alone)
{
	struct corpus_file f[2];
	struct sonde_files *files;
	struct memory m[2];
	struct sonde_item item;
	unsigned from, n = 0;

	f[0] = seconds('a', 1, 4, (uint32_t[]){ 1, 3, 5, 7 });
	f[1] = seconds('b', 1, 3, (uint32_t[]){ 2, 4, 6 });
	f[1].len--;
	ck_assert_int_eq(sonde_files_open(&files), 0);
	for (unsigned i = 0; i < 2; i++) {
		m[i] = (struct memory){ f[i].at, f[i].len, 0 };
		ck_assert_int_eq(sonde_files_add(files, memory_reader(&m[i])), (int)i);
	}
	while (sonde_files_next(files, &item, &from)) {
		ck_assert_uint_eq(from, n < 4 ? n % 2 : 0);
		n++;
	}
	ck_assert_uint_eq(n, 6);
	ck_assert_int_eq(sonde_files_ended(files, 0), 0);
	ck_assert_int_eq(sonde_files_ended(files, 1), SONDE_CUT);
	ck_assert_uint_eq(sonde_reader_place(sonde_files_reader(files, 1)).frames, 2);
	ck_assert_uint_eq(sonde_reader_place(sonde_files_reader(files, 1)).at, 24 + 2 * 18);
	ck_assert_uint_eq(sonde_reader_place(sonde_files_reader(files, 1)).end, 24 + 3 * 18 - 1);
	ck_assert_int_eq(sonde_files_next(files, &item, &from), 0);
	sonde_files_close(files);
}
END_TEST

/* Every pcapng of the corpus with every other, so that numbers move and orders mix. */
static struct corpus_file all[64];
static unsigned n_all;

static void collect(const struct corpus_file *f)
{
	if (!strstr(f->path, "/test") || !strstr(f->path, "pcapng/output") || n_all == 64)
		return;
	all[n_all].len = f->len;
	all[n_all].at = malloc(f->len);
	memcpy(all[n_all++].at, f->at, f->len);
}

static void count(const uint8_t *at, size_t len, uint64_t *frames_, uint64_t *comments,
		  uint64_t *bytes)
{
	struct memory m = { at, len, 0 };
	struct sonde_reader *r = memory_reader(&m);
	struct sonde_facts facts;
	struct sonde_item item;
	int k;

	sonde_facts_init(&facts);
	ck_assert_uint_eq(sonde_facts_from(&facts, r), 0);
	while ((k = sonde_reader_next(r, &item)) > 0)
		sonde_facts_hear(&facts, 0, &item);
	ck_assert_int_eq(k, 0);
	sonde_facts_end(&facts);
	*frames_ += facts.packets;
	*comments += facts.comments;
	*bytes += facts.bytes;
	sonde_facts_done(&facts);
	sonde_reader_close(r);
}

START_TEST(merged_files_keep_packets_and_comments)
{
	corpus_each(collect);
	for (unsigned i = 0; i < n_all; i++) {
		for (unsigned k = 0; k < n_all; k++) {
			struct corpus_file two[2] = { all[i], all[k] };
			uint64_t want[3] = { 0 }, got[3] = { 0 };

			count(two[0].at, two[0].len, &want[0], &want[1], &want[2]);
			count(two[1].at, two[1].len, &want[0], &want[1], &want[2]);
			ck_assert_int_eq(copy(two, 2, "x.pcapng"), 0);
			count(out, out_len, &got[0], &got[1], &got[2]);
			ck_assert_uint_eq(want[0], got[0]);
			ck_assert_uint_eq(want[2], got[2]);
			/* Those of a section that has no interface have no place. */
			ck_assert_uint_le(got[1], want[1]);
			ck_assert_uint_ge(got[1] + 6, want[1]);
		}
	}
	for (unsigned i = 0; i < n_all; i++)
		free(all[i].at);
}
END_TEST

/* What the command prints about the copy. */
static unsigned long printed(const char *command)
{
	char path[64], line[512], got[256] = "";
	FILE *f;

	snprintf(path, sizeof path, "/tmp/sonde-copy-%d", (int)getpid());
	f = fopen(path, "wb");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(out, 1, out_len, f), out_len);
	fclose(f);
	snprintf(line, sizeof line, command, path);
	f = popen(line, "r");
	ck_assert_ptr_nonnull(f);
	(void)!fgets(got, sizeof got, f);
	pclose(f);
	unlink(path);
	return strtoul(got, NULL, 10);
}

static bool there(const char *command)
{
	if (!system(command))
		return true;
	printf("skipped: not here: %s\n", command);
	return false;
}

START_TEST(wireshark_and_tcpdump_read_copies)
{
	static const char *const names[] = { "x.pcapng", "x.pcapng.gz", "x.pcapng.zst", "x.pcap" };
	const char *root = corpus_root();
	char path[1024];

	if (!root)
		return;
	for (unsigned i = 0; i < 4 * 6; i++) {
		static const char *const files[] = {
			"tcpdump/802.1ad_QinQ.pcap",
			"pcapng/output_be/basic/test008.pcapng",
			"pcapng/output_le/difficult/test202.pcapng",
			"process-info/wireshark_pib_le_be.pcapng",
			"process-info/epb_flags.pcapng",
			"pcapng/output_be/advanced/test102.pcapng",
		};
		uint64_t want[3] = { 0 };
		struct corpus_file f;

		snprintf(path, sizeof path, "%s/%s", root, files[i / 4]);
		f = corpus_file(path);
		count(f.at, f.len, &want[0], &want[1], &want[2]);
		if (copy(&f, 1, names[i % 4]) == 0) {
			if (there("command -v capinfos >/dev/null"))
				ck_assert_msg(printed("capinfos -Tr -c %s 2>/dev/null | cut -f2") ==
						      want[0],
					      "%s to %s", path, names[i % 4]);
			if (i % 4 == 3 && there("command -v tcpdump >/dev/null"))
				ck_assert_uint_eq(printed("tcpdump --count -r %s 2>/dev/null"),
						  want[0]);
		}
		free(f.at);
	}
}
END_TEST

Suite *copy_suite(void)
{
	Suite *s = suite_create("copy");
	TCase *t = tcase_create("copy");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_copy_of_any_capture_says_the_same);
	tcase_add_test(t, a_pcap_keeps_the_packets_of_one_link_type);
	tcase_add_test(t, blocks_pass_unchanged);
	tcase_add_test(t, files_are_merged_by_time_and_equal_times_in_the_order_of_files);
	tcase_add_test(t, a_file_that_fails_ends_alone);
	tcase_add_test(t, merged_files_keep_packets_and_comments);
	tcase_add_test(t, wireshark_and_tcpdump_read_copies);
	suite_add_tcase(s, t);
	return s;
}
