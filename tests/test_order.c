/* Copies of files made here, in both byte orders, block by block. */
#include <check.h>
#include <stdlib.h>

#include "base/reason.h"
#include "capture/copy.h"
#include "capture/files.h"
#include "capture/order.h"
#include "capture/pcapng.h"
#include "tests/captures.h"
#include "tests/pcapng_made.h"

Suite *order_suite(void);

#define NUMBERS(...) ((const uint64_t[]){ __VA_ARGS__ })

static void put_interface(void)
{
	size_t at = interface_begin(1, 4096);

	option(2, "eth7", 4);
	option(4, "\x0a\0\0\1\xff\xff\xff\0", 8); /* IPv4 address and mask */
	option(6, "\2\0\0\0\0\1", 6);
	option_numbers(8, 8, 1, NUMBERS(10000000000));
	option(9, "\x09", 1);
	option_numbers(10, 4, 1, NUMBERS(3600));
	option(11, "\0tcp", 4);
	option(13, "\4", 1);
	option_numbers(14, 8, 1, NUMBERS(-7));
	option_numbers(16, 8, 1, NUMBERS(1000));
	option_numbers(17, 8, 1, NUMBERS(2000));
	put(4, 0);
	block_end(at);
}

static void put_packets(void)
{
	size_t at = packet_begin(0, 0x123456789abcdef0, "packet");

	option(1, "why", 3);
	option_numbers(2, 4, 1, NUMBERS(0xe05));
	option(3, "\2\1\2\3\4", 5); /* a hash */
	option_numbers(4, 8, 1, NUMBERS(77));
	option_numbers(5, 8, 1, NUMBERS(0x0102030405060708));
	option_numbers(6, 4, 1, NUMBERS(3));
	option_numbers(8, 4, 2, NUMBERS(1234, 5678));
	put(2, 2988), put(2, 9), put(4, 32622), put_bytes("ab\0cd", 5); /* custom text */
	option(9999, "\1\2\3\4", 4);
	put(4, 0);
	block_end(at);
	at = block(PCAPNG_OLD_PACKET);
	put(2, 0), put(2, 6), put(4, 1), put(4, 2), put(4, 3), put(4, 9);
	put_bytes("old", 3);
	option_numbers(2, 4, 1, NUMBERS(2));
	block_end(at);
	at = block(PCAPNG_SIMPLE_PACKET);
	put(4, 6);
	put_bytes("simple", 6);
	block_end(at);
}

static void put_names_and_secrets(void)
{
	size_t at = block(PCAPNG_NAMES);

	put(2, 1), put(2, 14), put_bytes("\x0a\0\0\1gateway\0\0\0", 14);
	put(2, 2), put(2, 20),
		put_bytes("\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\1"
			  "he\0",
			  20);
	put(4, 0);
	option(2, "resolver", 8);
	put(4, 0);
	block_end(at);
	at = block(PCAPNG_SECRETS);
	put(4, 0x544c534b), put(4, 13);
	put_bytes("CLIENT_RANDOM", 13);
	option(1, "keys", 4);
	put(4, 0);
	block_end(at);
	at = block(PCAPNG_CUSTOM);
	put(4, 4711);
	put_bytes("whatever it is", 14);
	block_end(at);
	/* Wireshark's entry is little-endian, the options behind it are not. */
	at = block(PCAPNG_CUSTOM);
	put(4, PCAPNG_WIRESHARK);
	put_bytes("\3\0\0\0\x0d\0\0\0\x4d\0\0\0\2\0\5\0pname", 21);
	option(1, "the process", 11);
	put(4, 0);
	block_end(at);
	at = block(PCAPNG_JOURNAL);
	put_bytes("_PID=7\nMESSAGE=a journal entry of somebody\n", 43);
	block_end(at);
}

static void put_statistics(void)
{
	size_t at = block(PCAPNG_STATISTICS);

	put(4, 0), put(4, 1), put(4, 2);
	option_numbers(2, 4, 2, NUMBERS(1, 2));
	option_numbers(3, 4, 2, NUMBERS(3, 4));
	for (unsigned code = 4; code <= 8; code++)
		option_numbers(code, 8, 1, NUMBERS(code * 0x0102030405));
	put(4, 0);
	block_end(at);
}

static void make(bool big)
{
	made_begin(big);
	section();
	put_interface();
	put_packets();
	put_names_and_secrets();
	put_statistics();
}

static uint8_t out[65536];
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

/* The files one after the other into one. */
static void copy(struct memory *m, unsigned n, const char *name)
{
	struct sonde_savefile_plan plan = sonde_savefile_named(name, NULL);
	struct sonde_files *files;
	struct sonde_savefile *to;
	struct sonde_copy *c;
	struct sonde_item item;
	unsigned from;

	out_len = 0;
	ck_assert_int_eq(sonde_savefile_open(&to, &plan, keep, NULL), 0);
	ck_assert_int_eq(sonde_copy_open(&c, to), 0);
	ck_assert_int_eq(sonde_files_open(&files), 0);
	for (unsigned i = 0; i < n; i++) {
		struct sonde_reader *r = memory_reader(&m[i]);

		ck_assert_int_eq(sonde_files_add(files, r), (int)i);
		ck_assert_int_eq(sonde_copy_from(c, r), (int)i);
	}
	while (sonde_files_next(files, &item, &from))
		ck_assert_int_eq(sonde_copy_item(c, from, &item), 0);
	for (unsigned i = 0; i < n; i++)
		ck_assert_int_eq(sonde_files_ended(files, i), 0);
	lost = *sonde_savefile_lost(to);
	sonde_copy_close(c);
	ck_assert_int_eq(sonde_savefile_close(to), 0);
	sonde_files_close(files);
}

START_TEST(every_number_of_the_other_order_is_turned_and_nothing_else)
{
	static const uint16_t one = 1;
	bool big = !*(const uint8_t *)&one;
	static uint8_t want[sizeof made];
	size_t want_len;
	struct memory m;

	make(big);
	memcpy(want, made, want_len = made_len);
	for (unsigned i = 0; i < 2; i++) {
		make(i ? !big : big);
		m = (struct memory){ made, made_len, 0 };
		copy(&m, 1, "x.pcapng");
		ck_assert_uint_eq(out_len, want_len);
		for (size_t at = 0; at < want_len; at++)
			ck_assert_msg(out[at] == want[at], "byte %zu is %02x, not %02x", at,
				      out[at], want[at]);
		ck_assert_uint_eq(lost.others, 0);
	}
}
END_TEST

START_TEST(a_block_that_may_not_be_copied_and_one_that_nobody_knows_are_left_out)
{
	static const uint32_t types[] = { PCAPNG_CUSTOM_PRIVATE, 0x80000010 };

	for (unsigned i = 0; i < 4; i++) {
		struct memory m;
		size_t before, at;

		made_begin(i / 2);
		section();
		before = made_len;
		at = block(types[i % 2]);
		put(4, 4711);
		block_end(at);
		m = (struct memory){ made, made_len, 0 };
		copy(&m, 1, "x.pcapng");
		/* An unknown one passes where its numbers need not be turned. */
		ck_assert_uint_eq(out_len == made_len, types[i % 2] >> 31 && !(i / 2));
		ck_assert(out_len == made_len || out_len == before);
	}
}
END_TEST

static uint8_t first[sizeof made];

/* Two of the file made last: the second one's interface is number 1. */
static void merge_with_itself(const char *name)
{
	struct memory m[2];

	memcpy(first, made, made_len);
	m[0] = (struct memory){ first, made_len, 0 };
	m[1] = (struct memory){ made, made_len, 0 };
	copy(m, 2, name);
}

START_TEST(merged_files_keep_statistics_and_comments_with_their_interfaces)
{
	struct memory m = { out, 0, 0 };
	struct sonde_bytes comment;
	struct sonde_reader *r;
	struct sonde_item item;
	unsigned frames = 0;

	make(false);
	merge_with_itself("x.pcapng");
	m.len = out_len;
	r = memory_reader(&m);
	while (sonde_reader_next(r, &item) > 0)
		frames++;
	ck_assert_uint_eq(frames, 6);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_ptr_nonnull(sonde_reader_interface(r, i));
		ck_assert_uint_eq(sonde_reader_interface(r, i)->statistics, 1);
		ck_assert_uint_eq(sonde_reader_interface(r, i)->received, 4 * 0x0102030405ULL);
	}
	ck_assert_ptr_null(sonde_reader_interface(r, 2));
	ck_assert_uint_eq(sonde_reader_place(r).section, 1);
	ck_assert(sonde_reader_section_option(r, SONDE_OPTION_COMMENT, 0, &comment));
	ck_assert(!sonde_reader_interface_option(r, 0, SONDE_OPTION_COMMENT, 0, &comment));
	ck_assert(sonde_reader_interface_option(r, 1, SONDE_OPTION_COMMENT, 0, &comment));
	ck_assert_mem_eq(comment.at, "a section", 9);
	ck_assert(!sonde_reader_interface_option(r, 1, SONDE_OPTION_COMMENT, 1, &comment));
	ck_assert_uint_eq(sonde_reader_interface(r, 1)->fcs, 4);
	sonde_reader_close(r);
}
END_TEST

START_TEST(a_comment_of_a_section_goes_to_one_interface_alone)
{
	struct memory m = { out, 0, 0 };
	struct sonde_bytes comment;
	struct sonde_reader *r;
	struct sonde_item item;

	made_begin(false);
	section();
	put_interface();
	put_interface();
	merge_with_itself("x.pcapng");
	m.len = out_len;
	r = memory_reader(&m);
	ck_assert_int_eq(sonde_reader_next(r, &item), 0);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq(
			sonde_reader_interface_option(r, i, SONDE_OPTION_COMMENT, 0, &comment),
			i == 2);
	sonde_reader_close(r);
}
END_TEST

/* The simple packet stands behind the one that was before it, not at the start of all. */
START_TEST(a_packet_without_a_time_stays_with_its_neighbour)
{
	struct memory m = { out, 0, 0 };
	struct sonde_reader *r;
	struct sonde_item item;
	char order[64] = "";
	size_t at;

	made_begin(false);
	section();
	put_interface();
	block_end(packet_begin(0, 100, "a"));
	at = block(PCAPNG_SIMPLE_PACKET);
	put(4, 1);
	put_bytes("s", 1);
	block_end(at);
	block_end(packet_begin(0, 300, "c"));
	merge_with_itself("x.pcapng");
	m.len = out_len;
	r = memory_reader(&m);
	while (sonde_reader_next(r, &item) > 0)
		strncat(order, (const char *)item.frame.byte.at, 1);
	ck_assert_str_eq(order, "asascc");
	sonde_reader_close(r);
}
END_TEST

START_TEST(a_pcap_keeps_the_length_of_the_check_sequence_and_counts_the_rest)
{
	struct memory m = { made, 0, 0 };
	struct sonde_reader *r;
	struct sonde_item item;

	make(true);
	m.len = made_len;
	copy(&m, 1, "x.pcap");
	ck_assert_uint_eq(lost.comments, 1);
	ck_assert_uint_eq(lost.drops, 77 + 6);
	ck_assert_uint_eq(lost.directions, 2);
	ck_assert_uint_eq(lost.verdicts, 1);
	ck_assert_uint_eq(lost.processes, 2); /* the packet's, and who it is */
	ck_assert_uint_eq(lost.names, 1);
	ck_assert_uint_eq(lost.secrets, 1);
	ck_assert_uint_eq(lost.statistics, 1);
	ck_assert_uint_eq(lost.others, 2);
	ck_assert_uint_eq(lost.events, 0);
	m = (struct memory){ out, out_len, 0 };
	r = memory_reader(&m);
	ck_assert_int_eq(sonde_reader_next(r, &item), 1);
	ck_assert_uint_eq(sonde_reader_interface(r, 0)->fcs, 4);
	ck_assert_str_eq(sonde_reader_kind(r).format, "pcap with nanoseconds");
	sonde_reader_close(r);
}
END_TEST

/* epb_flags bits 5 to 8 are of this packet, if_fcslen of all others. */
START_TEST(a_packet_may_tell_its_own_check_sequence)
{
	struct memory m = { made, 0, 0 };
	struct sonde_reader *r;
	struct sonde_item item;
	size_t at;

	made_begin(true);
	section();
	put_interface();
	for (unsigned fcs = 0; fcs < 8; fcs += 2) {
		at = block(PCAPNG_PACKET);
		put(4, 0), put(8, 0), put(4, 12), put(4, 12);
		put_bytes("twelve bytes", 12);
		option_numbers(2, 4, 1, NUMBERS(fcs << 5));
		block_end(at);
	}
	m.len = made_len;
	r = memory_reader(&m);
	for (unsigned fcs = 0; fcs < 8; fcs += 2) {
		ck_assert_int_eq(sonde_reader_next(r, &item), 1);
		ck_assert_uint_eq(item.frame.fcs, fcs ? fcs : 4);
	}
	sonde_reader_close(r);
}
END_TEST

Suite *order_suite(void)
{
	Suite *s = suite_create("order");
	TCase *t = tcase_create("order");

	tcase_add_test(t, every_number_of_the_other_order_is_turned_and_nothing_else);
	tcase_add_test(t, a_block_that_may_not_be_copied_and_one_that_nobody_knows_are_left_out);
	tcase_add_test(t, merged_files_keep_statistics_and_comments_with_their_interfaces);
	tcase_add_test(t, a_comment_of_a_section_goes_to_one_interface_alone);
	tcase_add_test(t, a_packet_without_a_time_stays_with_its_neighbour);
	tcase_add_test(t, a_pcap_keeps_the_length_of_the_check_sequence_and_counts_the_rest);
	tcase_add_test(t, a_packet_may_tell_its_own_check_sequence);
	suite_add_tcase(s, t);
	return s;
}
