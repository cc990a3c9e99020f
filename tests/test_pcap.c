/* What pcap files say beside the packets, and what is odd about old ones. */
#include <check.h>

#include "base/reason.h"
#include "tests/captures.h"

Suite *pcap_suite(void);

static uint8_t file[256];
static size_t file_len;

static void put(unsigned width, uint64_t v)
{
	memcpy(file + file_len, &v, width);
	file_len += width;
}

static void begin(uint32_t magic, unsigned major, unsigned minor, uint32_t link)
{
	file_len = 0;
	put(4, magic), put(2, major), put(2, minor), put(8, 0), put(4, 96), put(4, link);
}

static void record(uint32_t seconds, uint32_t fraction, uint32_t first, uint32_t second)
{
	put(4, seconds), put(4, fraction), put(4, first), put(4, second);
}

static struct memory memory;
static struct sonde_item item;
static const struct sonde_frame *const frame = &item.frame;

static struct sonde_reader *first(void)
{
	struct sonde_reader *r;

	memory = (struct memory){ file, file_len, 0 };
	r = memory_reader(&memory);
	ck_assert_int_eq(sonde_reader_next(r, &item), 1);
	return r;
}

/* draft-ietf-opsawg-pcap section 4: FCS length in units of 16 bits, valid with the bit P alone. */
START_TEST(the_length_of_the_check_sequence_is_told_with_the_link_type)
{
	static const struct {
		uint32_t link;
		unsigned fcs;
	} facts[] = {
		{ 1, 0 },	   { 0x24000001, 4 },
		{ 0x14000001, 2 }, { 0x20000001, 0 }, /* not valid */
		{ 0x2bff0001, 0 },		      /* reserved bits say nothing */
		{ 0x2fff0001, 4 },
	};

	for (unsigned i = 0; i < sizeof facts / sizeof *facts; i++) {
		struct sonde_reader *r;

		begin(0xa1b2c3d4, 2, 4, facts[i].link);
		record(1, 0, 8, 8), put(8, 0);
		r = first();
		ck_assert_uint_eq(frame->link, 1);
		ck_assert_uint_eq(frame->fcs, facts[i].fcs);
		ck_assert_uint_eq(frame->byte.len, 8);
		ck_assert_uint_eq(sonde_reader_interface(r, 0)->fcs, facts[i].fcs);
		sonde_reader_close(r);
	}
}
END_TEST

START_TEST(a_cut_packet_has_as_much_of_its_check_sequence_as_was_captured)
{
	for (unsigned wire = 6; wire < 13; wire++) {
		begin(0xa1b2c3d4, 2, 4, 0x24000001);
		record(1, 0, 8, wire), put(8, 0);
		sonde_reader_close(first());
		ck_assert_uint_eq(frame->fcs, wire <= 8 ? 4 : wire < 12 ? 12 - wire : 0);
	}
}
END_TEST

START_TEST(seconds_are_unsigned_and_odd_fractions_are_carried_and_told)
{
	static const struct {
		uint32_t magic, seconds, fraction;
		sonde_ns when;
		bool odd;
	} facts[] = {
		{ 0xa1b2c3d4, 0x7fffffff, 999999, 0x7fffffffULL * SONDE_SECOND + 999999000, false },
		{ 0xa1b2c3d4, 0x80000000, 0, 0x80000000ULL * SONDE_SECOND, false },
		{ 0xa1b23c4d, 0xffffffff, 999999999, 0xffffffffULL * SONDE_SECOND + 999999999,
		  false },
		{ 0xa1b2c3d4, 7, 1000000, 8 * SONDE_SECOND, true },
		{ 0xa1b23c4d, 7, 1000000001, 8 * SONDE_SECOND + 1, true },
		{ 0xa1b2c3d4, 7, UINT32_MAX, 7 * SONDE_SECOND + UINT32_MAX * 1000ULL, true },
	};

	for (unsigned i = 0; i < sizeof facts / sizeof *facts; i++) {
		struct sonde_reader *r;

		begin(facts[i].magic, 2, 4, 1);
		record(facts[i].seconds, facts[i].fraction, 0, 0);
		r = first();
		ck_assert_uint_eq(frame->when, facts[i].when);
		ck_assert_uint_eq(sonde_reader_when(r, &item), facts[i].when);
		ck_assert_int_eq(sonde_reader_remark(r)->odd_time, facts[i].odd);
		sonde_reader_close(r);
	}
}
END_TEST

/* libpcap, sf-pcap.c. */
START_TEST(before_version_2_4_the_lengths_stand_the_other_way_round)
{
	static const struct {
		unsigned major, minor, first, second, captured;
	} facts[] = {
		{ 2, 4, 4, 9, 4 }, { 2, 3, 4, 9, 4 },	{ 2, 3, 9, 4, 4 },
		{ 2, 2, 9, 4, 4 }, { 543, 0, 9, 4, 4 }, { 2, 5, 4, 9, 4 },
	};

	for (unsigned i = 0; i < sizeof facts / sizeof *facts; i++) {
		struct sonde_reader *r;

		begin(0xa1b2c3d4, facts[i].major, facts[i].minor, 1);
		record(1, 0, facts[i].first, facts[i].second), put(4, 0);
		r = first();
		ck_assert_uint_eq(frame->byte.len, facts[i].captured);
		ck_assert_uint_eq(frame->wire, 9);
		ck_assert_uint_eq(sonde_reader_kind(r).major, facts[i].major);
		ck_assert_uint_eq(sonde_reader_kind(r).minor, facts[i].minor);
		sonde_reader_close(r);
	}
}
END_TEST

START_TEST(a_modified_pcap_tells_directions)
{
	static const uint8_t dirs[] = { SONDE_DIR_IN,	   SONDE_DIR_IN,  SONDE_DIR_IN,
					SONDE_DIR_UNKNOWN, SONDE_DIR_OUT, SONDE_DIR_UNKNOWN };

	for (unsigned type = 0; type < sizeof dirs; type++) {
		struct sonde_reader *r;

		begin(0xa1b2cd34, 2, 4, 1);
		record(1, 0, 2, 2), put(4, 7), put(2, 0x800), put(1, type), put(1, 0), put(2, 0);
		r = first();
		ck_assert_uint_eq(frame->dir, dirs[type]);
		ck_assert_str_eq(sonde_reader_kind(r).format, "modified pcap");
		sonde_reader_close(r);
	}
}
END_TEST

START_TEST(a_cut_file_tells_its_whole_packets_and_the_byte)
{
	struct sonde_reader_place place;
	struct sonde_reader *r;

	begin(0xa1b2c3d4, 2, 4, 1);
	record(1, 0, 2, 2), put(2, 0);
	record(2, 0, 9, 9), put(2, 0);
	r = first();
	ck_assert_int_eq(sonde_reader_next(r, &item), SONDE_CUT);
	place = sonde_reader_place(r);
	ck_assert_uint_eq(place.frames, 1);
	ck_assert_uint_eq(place.block, 2);
	ck_assert_uint_eq(place.at, 24 + 18);
	ck_assert_uint_eq(place.end, file_len);
	ck_assert_uint_eq(place.section, 0);
	sonde_reader_close(r);
}
END_TEST

Suite *pcap_suite(void)
{
	Suite *s = suite_create("pcap");
	TCase *t = tcase_create("pcap");

	tcase_add_test(t, the_length_of_the_check_sequence_is_told_with_the_link_type);
	tcase_add_test(t, a_cut_packet_has_as_much_of_its_check_sequence_as_was_captured);
	tcase_add_test(t, seconds_are_unsigned_and_odd_fractions_are_carried_and_told);
	tcase_add_test(t, before_version_2_4_the_lengths_stand_the_other_way_round);
	tcase_add_test(t, a_modified_pcap_tells_directions);
	tcase_add_test(t, a_cut_file_tells_its_whole_packets_and_the_byte);
	suite_add_tcase(s, t);
	return s;
}
