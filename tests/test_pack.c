/* Compressed captures. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/reason.h"
#include "capture/pack.h"
#include "capture/reader.h"
#include "tests/captures.h"

Suite *pack_suite(void);

enum { PACKETS = 3000, RECORD = 16 + 200 };

static uint8_t plain[24 + PACKETS * RECORD], packed[sizeof plain + 4096];
static size_t packed_len;

static int keep(void *arg, const char *at, size_t len)
{
	(void)arg;
	ck_assert_uint_le(packed_len + len, sizeof packed);
	memcpy(packed + packed_len, at, len);
	packed_len += len;
	return 0;
}

/* A pcap of packets whose bytes do not repeat, so that it stays long. */
static void make_plain(void)
{
	uint32_t head[6] = { 0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, 1 }, random = 1;

	memcpy(plain, head, sizeof head);
	for (unsigned n = 0; n < PACKETS; n++) {
		uint32_t record[4] = { n, 0, 200, 200 };
		uint8_t *at = plain + 24 + n * RECORD;

		memcpy(at, record, sizeof record);
		for (unsigned i = 0; i < 200; i++)
			at[16 + i] = (uint8_t)((random = random * 1664525 + 1013904223) >> 24);
	}
}

static void pack(enum sonde_packing packing, size_t from, size_t to)
{
	struct sonde_pack *p;

	ck_assert_int_eq(sonde_pack_open(&p, packing, keep, NULL), 0);
	ck_assert_int_eq(sonde_pack_sink(p, (char *)plain + from, to - from), 0);
	ck_assert_int_eq(sonde_pack_end(p), 0);
	ck_assert_ptr_null(sonde_pack_close(p));
}

static void begin(void)
{
	make_plain();
	packed_len = 0;
}

static void expect(int end, unsigned packets)
{
	unsigned items;
	uint64_t block;
	int k = memory_end(packed, packed_len, &items, &block);

	ck_assert_int_eq(k, end);
	ck_assert_uint_eq(items, packets);
}

static bool built_in(enum sonde_packing packing)
{
	struct sonde_pack *p;
	int r = sonde_pack_open(&p, packing, keep, NULL);

	if (r == 0)
		sonde_pack_close(p);
	return r == 0;
}

static const uint8_t magic[][8] = { [SONDE_PACKING_GZIP] = "\x1f\x8b\x08\0\0\0\0",
				    [SONDE_PACKING_ZSTD] = "\x28\xb5\x2f\xfd\0\0\0" };

START_TEST(a_library_that_is_missing_is_named)
{
	for (unsigned k = SONDE_PACKING_GZIP; k <= SONDE_PACKING_ZSTD; k++) {
		unsigned items;
		uint64_t block;
		int r = memory_end(magic[k], 7, &items, &block);

		if (built_in(k))
			ck_assert(r == SONDE_CUT || r == SONDE_DAMAGED_COMPRESSION);
		else
			ck_assert_int_eq(r,
					 k == SONDE_PACKING_GZIP ? SONDE_NO_GZIP : SONDE_NO_ZSTD);
	}
}
END_TEST

START_TEST(members_one_after_the_other_are_one_file)
{
	for (unsigned k = SONDE_PACKING_GZIP; k <= SONDE_PACKING_ZSTD; k++) {
		if (!built_in(k))
			continue;
		begin();
		pack(k, 0, sizeof plain);
		expect(0, PACKETS);
		begin();
		pack(k, 0, 3);
		pack(k, 3, 3); /* nothing */
		pack(k, 3, 100000);
		pack(k, 100000, sizeof plain);
		expect(0, PACKETS);
		if (k == SONDE_PACKING_GZIP) { /* what fills up a block of tape */
			memset(packed + packed_len, 0, 512);
			packed_len += 512;
			expect(0, PACKETS);
		}
	}
}
END_TEST

START_TEST(a_cut_gives_what_was_whole)
{
	for (unsigned k = SONDE_PACKING_GZIP; k <= SONDE_PACKING_ZSTD; k++) {
		size_t whole;
		unsigned last = 0;

		if (!built_in(k))
			continue;
		begin();
		pack(k, 0, 100000);
		pack(k, 100000, sizeof plain);
		whole = packed_len;
		for (packed_len = 4; packed_len < whole;
		     packed_len += packed_len < 40 || packed_len + 40 > whole ? 1 : 9973) {
			unsigned items;
			uint64_t block;
			int r = memory_end(packed, packed_len, &items, &block);

			ck_assert_int_eq(r, SONDE_CUT);
			ck_assert_uint_ge(items, last);
			last = items;
			if (packed_len + 40 < whole)
				packed_len = packed_len + 9973 > whole ? whole - 40 : packed_len;
		}
		ck_assert_uint_gt(last, PACKETS / 2);
	}
}
END_TEST

START_TEST(damage_is_told_and_what_came_before_is_given)
{
	for (unsigned k = SONDE_PACKING_GZIP; k <= SONDE_PACKING_ZSTD; k++) {
		unsigned items, damaged = 0;
		uint64_t block;

		if (!built_in(k))
			continue;
		begin();
		pack(k, 0, sizeof plain);
		memcpy(packed + packed_len, "garbage", 7);
		packed_len += 7;
		expect(SONDE_DAMAGED_COMPRESSION, PACKETS);
		packed_len -= 7;
		for (size_t at = 20; at < packed_len; at += 20011) {
			packed[at] ^= 0x10;
			damaged += memory_end(packed, packed_len, &items, &block) < 0;
			packed[at] ^= 0x10;
		}
		ck_assert_uint_gt(damaged, 3);
		expect(0, PACKETS);
	}
}
END_TEST

START_TEST(the_size_of_the_pieces_does_not_matter)
{
	for (unsigned k = SONDE_PACKING_GZIP; k <= SONDE_PACKING_ZSTD; k++) {
		static const size_t steps[] = { 1, 7, 4096 };

		if (!built_in(k))
			continue;
		begin();
		pack(k, 0, sizeof plain);
		for (unsigned i = 0; i < 3; i++) {
			struct memory m = { packed, packed_len, steps[i] };
			struct sonde_reader *r = memory_reader(&m);
			struct sonde_item item;
			unsigned n = 0;

			while (sonde_reader_next(r, &item) > 0) {
				ck_assert_mem_eq(item.frame.byte.at, plain + 24 + n * RECORD + 16,
						 200);
				n++;
			}
			ck_assert_uint_eq(n, PACKETS);
			ck_assert_str_eq(sonde_reader_kind(r).compression,
					 k == SONDE_PACKING_GZIP ? "gzip" : "zstd");
			ck_assert_uint_eq(sonde_reader_place(r).end, sizeof plain);
			sonde_reader_close(r);
		}
	}
}
END_TEST

static ssize_t file_pull(void *arg, void *buf, size_t len)
{
	return (ssize_t)fread(buf, 1, len, arg);
}

/* Levels and windows that we never write ourselves, through a pipe. */
START_TEST(what_gzip_and_zstd_write_is_read)
{
	static const char *const commands[] = {
		"gzip -1",     "gzip -9",	   "zstd -q -1",
		"zstd -q -19", "zstd -q --fast=5", "zstd -q --no-check --long=24"
	};
	char path[] = "/tmp/sonde-pack-XXXXXX", line[128];
	int fd = mkstemp(path);

	make_plain();
	ck_assert_int_eq(write(fd, plain, sizeof plain), (ssize_t)sizeof plain);
	close(fd);
	for (unsigned i = 0; i < sizeof commands / sizeof *commands; i++) {
		struct sonde_reader *r;
		struct sonde_item item;
		unsigned n = 0;
		FILE *f;

		snprintf(line, sizeof line, "command -v %.4s >/dev/null", commands[i]);
		if (!built_in(i < 2 ? SONDE_PACKING_GZIP : SONDE_PACKING_ZSTD) || system(line))
			continue;
		snprintf(line, sizeof line, "%s <%s", commands[i], path);
		f = popen(line, "r");
		ck_assert_ptr_nonnull(f);
		ck_assert_int_eq(sonde_reader_open(&r, file_pull, f), 0);
		while (sonde_reader_next(r, &item) > 0)
			n++;
		ck_assert_msg(n == PACKETS, "%s: %u packets", commands[i], n);
		ck_assert_int_eq(sonde_reader_next(r, &item), 0);
		sonde_reader_close(r);
		pclose(f);
	}
	unlink(path);
}
END_TEST

START_TEST(a_name_tells_the_compression)
{
	size_t len;

	ck_assert_int_eq(sonde_packing_named("a.pcap.gz", &len), SONDE_PACKING_GZIP);
	ck_assert_uint_eq(len, 6);
	ck_assert_int_eq(sonde_packing_named("a.pcapng.zst", &len), SONDE_PACKING_ZSTD);
	ck_assert_uint_eq(len, 8);
	ck_assert_int_eq(sonde_packing_named("a.gz.pcap", &len), SONDE_PACKING_NONE);
	ck_assert_int_eq(sonde_packing_named(".gz", &len), SONDE_PACKING_NONE);
	ck_assert_uint_eq(len, 3);
}
END_TEST

Suite *pack_suite(void)
{
	Suite *s = suite_create("pack");
	TCase *t = tcase_create("pack");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_library_that_is_missing_is_named);
	tcase_add_test(t, members_one_after_the_other_are_one_file);
	tcase_add_test(t, a_cut_gives_what_was_whole);
	tcase_add_test(t, damage_is_told_and_what_came_before_is_given);
	tcase_add_test(t, the_size_of_the_pieces_does_not_matter);
	tcase_add_test(t, what_gzip_and_zstd_write_is_read);
	tcase_add_test(t, a_name_tells_the_compression);
	suite_add_tcase(s, t);
	return s;
}
