#include <check.h>
#include <errno.h>

#include "base/reason.h"
#include "capture/reader.h"
#include "tests/captures.h"

Suite *capture_suite(void);

/* A file being made, in either byte order. */
static uint8_t file[8192];
static size_t len;
static bool big;

static void put(unsigned width, uint64_t v)
{
	for (unsigned i = 0; i < width; i++)
		file[len++] = (uint8_t)(v >> 8 * (big ? width - 1 - i : i));
}

static void put_string(const char *s, size_t n)
{
	memcpy(file + len, s, n);
	len += n;
	while (len % 4)
		file[len++] = 0;
}

static size_t block(uint32_t type)
{
	put(4, type);
	put(4, 0);
	return len - 8;
}

static void block_end(size_t at)
{
	uint32_t size = (uint32_t)(len - at) + 4;
	size_t end;

	put(4, size);
	end = len;
	len = at + 4;
	put(4, size);
	len = end;
}

static void option(unsigned code, const void *at, size_t n)
{
	put(2, code);
	put(2, n);
	put_string(at, n);
}

static void section(void)
{
	size_t at = block(0x0a0d0d0a);

	put(4, 0x1a2b3c4d);
	put(2, 1);
	put(2, 0);
	put(8, UINT64_MAX);
	block_end(at);
}

/* tsresol 6 is left out: it is what a file without the option means. */
static void interface(unsigned link, unsigned snaplen, unsigned tsresol, int64_t offset)
{
	size_t at = block(1);

	put(2, link);
	put(2, 0);
	put(4, snaplen);
	option(2, "eth7", 4);
	if (tsresol != 6)
		option(9, &(uint8_t){ (uint8_t)tsresol }, 1);
	if (offset) {
		put(4, big ? 14 << 16 | 8 : 8 << 16 | 14);
		put(8, (uint64_t)offset);
	}
	put(4, 0);
	block_end(at);
}

static size_t packet_begin(unsigned interface_, uint64_t t, const char *bytes)
{
	size_t at = block(6);

	put(4, interface_);
	put(4, t >> 32);
	put(4, t & UINT32_MAX);
	put(4, strlen(bytes));
	put(4, strlen(bytes) + 100);
	put_string(bytes, strlen(bytes));
	return at;
}

static void packet(unsigned interface_, uint64_t t, const char *bytes)
{
	block_end(packet_begin(interface_, t, bytes));
}

static struct memory memory;
static struct sonde_reader *r;
static struct sonde_item item;
static const struct sonde_frame *const frame = &item.frame;

static void begin(bool is_big)
{
	len = 0;
	big = is_big;
}

static void open_file(void)
{
	memory = (struct memory){ file, len, 0 };
	r = memory_reader(&memory);
}

static void expect_frame(const char *bytes, sonde_ns when)
{
	ck_assert_int_eq(sonde_reader_next(r, &item), 1);
	ck_assert_int_eq(item.is, SONDE_ITEM_FRAME);
	ck_assert_uint_eq(frame->byte.len, strlen(bytes));
	ck_assert_mem_eq(frame->byte.at, bytes, strlen(bytes));
	ck_assert_uint_eq(frame->when, when);
	ck_assert(!sonde_reader_ours(r));
}

static void expect_end(int end)
{
	ck_assert_int_eq(sonde_reader_next(r, &item), end);
	ck_assert_int_eq(sonde_reader_next(r, &item), end);
	r = sonde_reader_close(r);
	ck_assert_ptr_null(r);
}

/* draft-ietf-opsawg-pcap section 4: link type 105, snapshot length 0x1000, at 0x01020304 s and 5
 * units, three bytes of 0x11. */
START_TEST(every_magic_of_pcap_is_read_in_both_byte_orders)
{
	static const struct {
		unsigned unit, head;
		const char *bytes;
	} files[] = {
		{ 1000, 16,
		  "\xd4\xc3\xb2\xa1\2\0\4\0\0\0\0\0\0\0\0\0\0\x10\0\0\x69\0\0\0"
		  "\4\3\2\1\5\0\0\0\3\0\0\0\x11\0\0\0abc" },
		{ 1000, 16,
		  "\xa1\xb2\xc3\xd4\0\2\0\4\0\0\0\0\0\0\0\0\0\0\x10\0\0\0\0\x69"
		  "\1\2\3\4\0\0\0\5\0\0\0\3\0\0\0\x11"
		  "abc" },
		{ 1, 16,
		  "\x4d\x3c\xb2\xa1\2\0\4\0\0\0\0\0\0\0\0\0\0\x10\0\0\x69\0\0\0"
		  "\4\3\2\1\5\0\0\0\3\0\0\0\x11\0\0\0abc" },
		{ 1, 16,
		  "\xa1\xb2\x3c\x4d\0\2\0\4\0\0\0\0\0\0\0\0\0\0\x10\0\0\0\0\x69"
		  "\1\2\3\4\0\0\0\5\0\0\0\3\0\0\0\x11"
		  "abc" },
		{ 1000, 24,
		  "\x34\xcd\xb2\xa1\2\0\4\0\0\0\0\0\0\0\0\0\0\x10\0\0\x69\0\0\0"
		  "\4\3\2\1\5\0\0\0\3\0\0\0\x11\0\0\0\7\0\0\0\0\0\4\0abc" },
		{ 1000, 24,
		  "\xa1\xb2\xcd\x34\0\2\0\4\0\0\0\0\0\0\0\0\0\0\x10\0\0\0\0\x69"
		  "\1\2\3\4\0\0\0\5\0\0\0\3\0\0\0\x11\0\0\0\7\0\0\4\0"
		  "abc" },
	};

	for (unsigned i = 0; i < 6; i++) {
		begin(false);
		len = 24 + files[i].head + 3;
		memcpy(file, files[i].bytes, len);
		open_file();
		expect_frame("abc", 0x01020304 * SONDE_SECOND + 5 * files[i].unit);
		ck_assert_uint_eq(frame->wire, 0x11);
		ck_assert_uint_eq(frame->link, 105);
		ck_assert_uint_eq(sonde_reader_interface(r, 0)->snaplen, 0x1000);
		ck_assert_uint_eq(sonde_reader_block(r), 1);
		expect_end(0);
		for (size_t cut = 0; cut < len; cut++) {
			unsigned items;
			uint64_t number;
			int want = cut == 24 ? 0 : SONDE_CUT;

			ck_assert_int_eq(memory_end(file, cut, &items, &number), want);
			ck_assert_uint_eq(items, 0);
		}
	}
}
END_TEST

START_TEST(a_pcapng_of_literal_bytes_is_read)
{
	static const char bytes[] =
		"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a\1\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff"
		"\x1c\0\0\0"
		"\1\0\0\0\x14\0\0\0\x71\0\0\0\0\0\4\0\x14\0\0\0"
		"\6\0\0\0\x24\0\0\0\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0xyz\0\x24\0\0\0";

	len = sizeof bytes - 1;
	memcpy(file, bytes, len);
	open_file();
	expect_frame("xyz", ((1ULL << 32) + 2) * 1000);
	ck_assert_uint_eq(frame->link, 113);
	ck_assert_uint_eq(frame->wire, 4);
	ck_assert_uint_eq(sonde_reader_block(r), 3);
	expect_end(0);
}
END_TEST

START_TEST(sections_have_their_own_byte_order_and_interfaces)
{
	begin(true);
	section();
	interface(1, 96, 6, 0);
	packet(0, 1, "one");
	interface(113, 0, 9, 0);
	packet(1, 2, "two");
	big = false;
	section();
	interface(101, 64, 9, 0);
	packet(0, 3, "three");
	packet(1, 4, "four");
	open_file();
	expect_frame("one", 1000);
	ck_assert_uint_eq(frame->link, 1);
	ck_assert_uint_eq(frame->wire, 103);
	expect_frame("two", 2);
	ck_assert_uint_eq(frame->link, 113);
	ck_assert_uint_eq(frame->ifindex, 1);
	expect_frame("three", 3);
	ck_assert_uint_eq(frame->link, 101);
	ck_assert_uint_eq(sonde_reader_interface(r, 0)->snaplen, 64);
	ck_assert_str_eq(sonde_reader_interface(r, 0)->name, "eth7");
	ck_assert_ptr_null(sonde_reader_interface(r, 1));
	expect_end(SONDE_DAMAGED);
}
END_TEST

/* draft-ietf-opsawg-pcapng section 4.2, if_tsresol and if_tsoffset. */
START_TEST(every_unit_and_offset_of_time_becomes_nanoseconds)
{
	static const struct {
		unsigned tsresol;
		int64_t offset;
		uint64_t t;
		sonde_ns when;
	} facts[] = {
		{ 6, 0, 1500000, 1500000000 }, { 0, 0, 7, 7000000000 },
		{ 3, 0, 7, 7000000 },	       { 9, 0, 1763700000123456789, 1763700000123456789 },
		{ 12, 0, 12345678, 12345 },    { 19, 0, 20000000000, 2 },
		{ 127, 0, UINT64_MAX, 0 },     { 0x80, 0, 7, 7000000000 },
		{ 0x88, 0, 384, 1500000000 },  { 0xa0, 0, 3ULL << 31, 1500000000 },
		{ 0xff, 0, UINT64_MAX, 0 },    { 9, 100, 5, 100000000005 },
		{ 9, -100, 100000000005, 5 },
	};

	for (unsigned i = 0; i < 2 * sizeof facts / sizeof *facts; i++) {
		unsigned k = i / 2;

		begin(i % 2);
		section();
		interface(1, 0, facts[k].tsresol, facts[k].offset);
		packet(0, facts[k].t, "x");
		open_file();
		expect_frame("x", facts[k].when);
		expect_end(0);
	}
}
END_TEST

START_TEST(what_a_packet_says_about_itself_is_told)
{
	static const struct {
		uint32_t flags;
		uint8_t dir, sum;
	} facts[] = {
		{ 1, SONDE_DIR_IN, SONDE_SUM_UNKNOWN },
		{ 2 | 1 << 9, SONDE_DIR_OUT, SONDE_SUM_NOT_READY },
		{ 1 << 10 | 3, SONDE_DIR_UNKNOWN, SONDE_SUM_VALID },
	};

	for (unsigned i = 0; i < 6; i++) {
		size_t at;

		begin(i % 2);
		section();
		interface(1, 0, 6, 0);
		at = packet_begin(0, 1, "odd");
		put(2, 2), put(2, 4), put(4, facts[i / 2].flags);
		option(1, "why", 3);
		option(1, "second", 6);
		put(2, 4), put(2, 8), put(8, 1ULL << 33);
		put(2, 8), put(2, 8), put(4, 77), put(4, 78);
		put(2, 8), put(2, 8), put(4, 99), put(4, 99);
		if (i / 2)
			put(4, 0); /* the end mark may be missing */
		block_end(at);
		packet(0, 2, "bare");
		open_file();
		expect_frame("odd", 1000);
		ck_assert_uint_eq(frame->dir, facts[i / 2].dir);
		ck_assert_uint_eq(frame->sum, facts[i / 2].sum);
		ck_assert_uint_eq(sonde_reader_remark(r)->comment.len, 3);
		ck_assert_mem_eq(sonde_reader_remark(r)->comment.at, "why", 3);
		ck_assert_uint_eq(sonde_reader_remark(r)->dropped, 1ULL << 33);
		ck_assert_uint_eq(sonde_reader_remark(r)->pid, 77);
		ck_assert_uint_eq(sonde_reader_remark(r)->tid, 78);
		expect_frame("bare", 2000);
		ck_assert_uint_eq(sonde_reader_remark(r)->comment.len, 0);
		ck_assert_uint_eq(sonde_reader_remark(r)->pid, 0);
		expect_end(0);
	}
}
END_TEST

START_TEST(simple_and_obsolete_packets_are_read)
{
	size_t at;

	begin(true);
	section();
	interface(1, 4, 6, 0);
	at = block(3);
	put(4, 9);
	put_string("four", 4);
	block_end(at);
	at = block(3);
	put(4, 3);
	put_string("abc", 3);
	block_end(at);
	at = block(2);
	put(2, 0), put(2, 6), put(4, 0), put(4, 8), put(4, 2), put(4, 2);
	put_string("ol", 2);
	block_end(at);
	open_file();
	expect_frame("four", 0);
	ck_assert_uint_eq(frame->wire, 9);
	expect_frame("abc", 0);
	expect_frame("ol", 8000);
	ck_assert_uint_eq(sonde_reader_remark(r)->dropped, 6);
	expect_end(0);
}
END_TEST

START_TEST(blocks_that_hold_no_packet_are_passed_over)
{
	/* names, statistics, a stranger's journal, secrets, custom ones, unknown ones */
	static const uint32_t types[] = { 4, 5, 9, 10, 0xbad, 0x40000bad, 0x80000010, 0 };

	begin(false);
	section();
	interface(1, 0, 6, 0);
	for (unsigned i = 0; i < 8; i++) {
		size_t at = block(types[i]);

		put_string("_PID=x\nCODE_FUNC=connect\nERRNO=99999999999999999999\n", 52);
		block_end(at);
		block_end(block(types[i]));
	}
	packet(0, 1, "x");
	open_file();
	expect_frame("x", 1000);
	ck_assert_uint_eq(sonde_reader_block(r), 2 + 16 + 1);
	expect_end(0);
}
END_TEST

/* One good packet, then a block of which one number is a lie. */
static void expect_damage(size_t at, unsigned width, uint64_t lie)
{
	size_t whole = len, bad;
	unsigned items;
	uint64_t number;

	begin(big);
	section();
	interface(1, 0, 6, 0);
	packet(0, 1, "good");
	bad = packet_begin(0, 2, "evil");
	option(1, "comment", 7);
	put(4, 0);
	block_end(bad);
	packet(0, 3, "unseen");
	whole = len;
	len = bad + at;
	put(width, lie);
	ck_assert_int_eq(memory_end(file, whole, &items, &number), SONDE_DAMAGED);
	ck_assert_uint_eq(items, 1);
	ck_assert_uint_eq(number, 4);
}

START_TEST(a_lying_number_is_damage_of_a_numbered_block)
{
	for (unsigned i = 0; i < 2; i++) {
		big = i;
		expect_damage(4, 4, 0);
		expect_damage(4, 4, 8);
		expect_damage(4, 4, 51);
		expect_damage(4, 4, 48);
		expect_damage(4, 4, SONDE_READER_BLOCK_MOST + 4);
		expect_damage(4, 4, UINT32_MAX - 3);
		expect_damage(8, 4, 1);	  /* interface */
		expect_damage(20, 4, 33); /* captured length */
		expect_damage(20, 4, UINT32_MAX);
		expect_damage(34, 2, 17); /* option length */
		expect_damage(34, 2, UINT16_MAX);
		expect_damage(0, 4, 0x0a0d0d0a); /* a section without its mark */
	}
}
END_TEST

START_TEST(a_block_too_short_for_its_type_is_damage)
{
	static const uint32_t types[] = { 1, 2, 3, 6 };
	unsigned items;
	uint64_t number;

	for (unsigned i = 0; i < 4; i++) {
		size_t at;

		begin(false);
		section();
		interface(1, 0, 6, 0);
		at = block(types[i]);
		if (i == 2)
			put(4, 1);
		block_end(at);
		ck_assert_int_eq(memory_end(file, len, &items, &number), SONDE_DAMAGED);
		ck_assert_uint_eq(number, 3);
	}
	begin(false);
	section();
	block_end(block(3));
	ck_assert_int_eq(memory_end(file, len, &items, &number), SONDE_DAMAGED);
}
END_TEST

/* As ntar and others wrote them: the padding is there and not counted, or is not there. */
START_TEST(a_block_whose_length_is_no_multiple_of_4_is_read)
{
	for (unsigned i = 0; i < 4; i++) {
		begin(i % 2);
		section();
		interface(1, 0, 6, 0);
		put(4, 99), put(4, 13), put(1, 0);
		if (i / 2)
			put(3, 0);
		put(4, 13);
		packet(0, 1, "behind");
		open_file();
		expect_frame("behind", 1000);
		expect_end(0);
	}
}
END_TEST

START_TEST(a_length_that_promises_more_than_the_file_has_is_a_cut)
{
	unsigned items;
	uint64_t number;

	begin(false);
	section();
	interface(1, 0, 6, 0);
	put(4, 6);
	put(4, SONDE_READER_BLOCK_MOST);
	put(4, 0);
	ck_assert_int_eq(memory_end(file, len, &items, &number), SONDE_CUT);
	ck_assert_uint_eq(number, 3);
}
END_TEST

START_TEST(what_is_no_capture_and_what_is_too_new_is_told_apart)
{
	static const char strange[] = "#!/bin/sh\necho this is no capture\n";
	unsigned items;
	uint64_t number;

	ck_assert_int_eq(memory_end(strange, sizeof strange, &items, &number), SONDE_NOT_CAPTURE);
	ck_assert_int_eq(memory_end(strange, 0, &items, &number), SONDE_CUT);
	ck_assert_int_eq(memory_end(strange, 3, &items, &number), SONDE_CUT);
	begin(false);
	section();
	file[12] = 2;
	ck_assert_int_eq(memory_end(file, len, &items, &number), SONDE_UNSUPPORTED);
	file[8] = 0;
	ck_assert_int_eq(memory_end(file, len, &items, &number), SONDE_NOT_CAPTURE);
	begin(false);
	put(4, 0xa1b2c3d4), put(2, 3), put(2, 0), put(8, 0), put(4, 96), put(4, 1);
	ck_assert_int_eq(memory_end(file, len, &items, &number), SONDE_UNSUPPORTED);
}
END_TEST

static ssize_t broken_pull(void *arg, void *buf, size_t n)
{
	struct memory *m = arg;

	return m->len ? memory_pull(arg, buf, n) : -EIO;
}

START_TEST(a_failure_of_the_source_is_passed_on)
{
	begin(false);
	section();
	interface(1, 0, 6, 0);
	packet(0, 1, "x");
	memory = (struct memory){ file, len, 0 };
	ck_assert_int_eq(sonde_reader_open(&r, broken_pull, &memory), 0);
	expect_frame("x", 1000);
	expect_end(-EIO);
}
END_TEST

/* Packets of all sizes, made as they are asked for. */
struct flood {
	uint32_t n; /* the one being given; its bytes all hold n */
	size_t at, size;
	uint32_t head[6]; /* of the file, then of a record */
};

enum { FLOOD = 600 };

static uint32_t flood_size(uint32_t n)
{
	return n % 100 == 99 ? 3 << 20 : n * 977 % 20011;
}

static ssize_t flood_pull(void *arg, void *buf, size_t n)
{
	struct flood *f = arg;
	size_t head = f->n ? 16 : 24;

	if (f->at == f->size) {
		if (f->n == FLOOD)
			return 0;
		f->size = 16 + flood_size(++f->n);
		f->at = 0;
		head = 16;
		memcpy(f->head, (uint32_t[]){ f->n, 0, flood_size(f->n), flood_size(f->n) }, 16);
	}
	n = n < f->size - f->at ? n : f->size - f->at;
	if (f->at < head) {
		n = n < head - f->at ? n : head - f->at;
		memcpy(buf, (char *)f->head + f->at, n);
	} else {
		memset(buf, (int)f->n, n);
	}
	f->at += n;
	return (ssize_t)n;
}

START_TEST(a_long_file_keeps_its_packets_apart)
{
	struct flood f = { .size = 24, .head = { 0xa1b2c3d4, 4 << 16 | 2, 0, 0, 0, 1 } };

	ck_assert_int_eq(sonde_reader_open(&r, flood_pull, &f), 0);
	for (uint32_t n = 1; n <= FLOOD; n++) {
		ck_assert_int_eq(sonde_reader_next(r, &item), 1);
		ck_assert_uint_eq(frame->when, n * SONDE_SECOND);
		ck_assert_uint_eq(frame->byte.len, flood_size(n));
		for (size_t i = 0; i < frame->byte.len; i++)
			if (frame->byte.at[i] != (uint8_t)n)
				ck_abort_msg("byte %zu of packet %u is of another", i, n);
	}
	expect_end(0);
}
END_TEST

Suite *capture_suite(void)
{
	Suite *s = suite_create("capture");
	TCase *t = tcase_create("capture");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, every_magic_of_pcap_is_read_in_both_byte_orders);
	tcase_add_test(t, a_pcapng_of_literal_bytes_is_read);
	tcase_add_test(t, sections_have_their_own_byte_order_and_interfaces);
	tcase_add_test(t, every_unit_and_offset_of_time_becomes_nanoseconds);
	tcase_add_test(t, what_a_packet_says_about_itself_is_told);
	tcase_add_test(t, simple_and_obsolete_packets_are_read);
	tcase_add_test(t, blocks_that_hold_no_packet_are_passed_over);
	tcase_add_test(t, a_lying_number_is_damage_of_a_numbered_block);
	tcase_add_test(t, a_block_too_short_for_its_type_is_damage);
	tcase_add_test(t, a_block_whose_length_is_no_multiple_of_4_is_read);
	tcase_add_test(t, a_length_that_promises_more_than_the_file_has_is_a_cut);
	tcase_add_test(t, what_is_no_capture_and_what_is_too_new_is_told_apart);
	tcase_add_test(t, a_failure_of_the_source_is_passed_on);
	tcase_add_test(t, a_long_file_keeps_its_packets_apart);
	suite_add_tcase(s, t);
	return s;
}
