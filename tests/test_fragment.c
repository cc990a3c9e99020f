#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "flow/fragment.h"

Suite *fragment_suite(void);

enum { PAYLOAD = 3000, STEP = 1000 };

static struct sonde_fragments f;
static struct sonde_datagram whole;
static uint8_t payload[PAYLOAD];
static uint64_t number;

static void setup(void)
{
	number = 0;
	for (size_t i = 0; i < sizeof payload; i++)
		payload[i] = (uint8_t)(i * 7 + i / 256);
	/* A UDP header, so that the whole can be decoded. */
	memcpy(payload, (const uint8_t[]){ 0, 9, 0, 53, PAYLOAD >> 8, PAYLOAD & 255, 0, 0 }, 8);
}

static void teardown(void)
{
	sonde_fragments_done(&f);
}

/* A frame of its own memory, so that a read beyond its end is found out. */
static enum sonde_fragment_fate put(enum sonde_shape first, const void *head, size_t head_len,
				    const void *data, size_t len, size_t captured, sonde_ns when)
{
	uint8_t *x = malloc(captured), all[4096];
	enum sonde_fragment_fate fate;
	struct sonde_packet p;

	memcpy(all, head, head_len);
	memcpy(all + head_len, data, len);
	memcpy(x, all, captured);
	sonde_decode(&p, x, (uint32_t)captured, (uint32_t)(head_len + len), first);
	fate = sonde_fragment_put(&f, &p, 1, ++number, when, &whole);
	free(x);
	return fate;
}

static enum sonde_fragment_fate put_ip(unsigned at, unsigned len, bool more, const uint8_t *data,
				       uint8_t id, sonde_ns when)
{
	uint16_t total = (uint16_t)(24 + len), place = (uint16_t)(at / 8 | (more ? 0x2000 : 0));
	const uint8_t head[] = { 0x46,
				 0,
				 (uint8_t)(total >> 8),
				 (uint8_t)total,
				 0,
				 id,
				 (uint8_t)(place >> 8),
				 (uint8_t)place,
				 64,
				 17,
				 0,
				 0,
				 10,
				 0,
				 0,
				 1,
				 10,
				 0,
				 0,
				 2,
				 148,
				 4,
				 0,
				 0 };

	return put(SONDE_ip, head, sizeof head, data, len, sizeof head + len, when);
}

static enum sonde_fragment_fate piece(unsigned at, unsigned len)
{
	return put_ip(at, len, at + len < PAYLOAD, payload + at, 7, 0);
}

static enum sonde_fragment_fate put_ipv6(unsigned at, unsigned len, const uint8_t *data)
{
	uint16_t plen = (uint16_t)(16 + len), place = (uint16_t)(at | (at + len < PAYLOAD));
	const uint8_t head[56] = { 0x60, 0, 0, 0, (uint8_t)(plen >> 8), (uint8_t)plen, 0,
				   64, [8] = 0xfe, [23] = 1, [24] = 0xfe, [39] = 2,
				   /* hop-by-hop: padding; then the fragment header */
				   [40] = 44, 0, 1, 4, [48] = 17, 0, (uint8_t)(place >> 8),
				   (uint8_t)place, 0, 0, 0, 9 };

	return put(SONDE_ipv6, head, sizeof head, data, len, sizeof head + len, 0);
}

static void is_whole(enum sonde_shape shape, size_t head_len)
{
	struct sonde_verdict v = { 0 };
	struct sonde_packet p;

	ck_assert_int_eq(whole.shape, shape);
	ck_assert_uint_eq(whole.byte.len, head_len + PAYLOAD);
	ck_assert_mem_eq(whole.byte.at + head_len, payload, PAYLOAD);
	sonde_decode(&p, whole.byte.at, (uint32_t)whole.byte.len, (uint32_t)whole.byte.len, shape);
	ck_assert(sonde_find(&p, udp));
	sonde_judge(&p, SONDE_JUDGE_SUMS, &v);
	ck_assert_uint_eq(v.wrong[0], 0);
	for (unsigned d = 0; d < p.n; d++)
		ck_assert(!p.layer[d].part);
}

START_TEST(pieces_come_together_in_any_order)
{
	static const uint8_t orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
					      { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
	const uint8_t *o = orders[_i];

	for (unsigned round = 0; round < 2; round++) {
		ck_assert_int_eq(piece(STEP * o[0], STEP), SONDE_FRAGMENT_HELD);
		ck_assert_int_eq(piece(STEP * o[1], STEP), SONDE_FRAGMENT_HELD);
		ck_assert_int_eq(piece(STEP * o[2], STEP), SONDE_FRAGMENT_COMPLETE);
		is_whole(SONDE_ip, 24);
		ck_assert_uint_eq(whole.first, 3 * round + 1);
		ck_assert_uint_eq(whole.last, 3 * round + 3);
		ck_assert_uint_eq(whole.pieces, 3);
		ck_assert(!whole.overlap);
	}
}
END_TEST

START_TEST(ipv6_is_put_together_without_its_fragment_header)
{
	ck_assert_int_eq(put_ipv6(2000, 1000, payload + 2000), SONDE_FRAGMENT_HELD);
	ck_assert_int_eq(put_ipv6(0, 1000, payload), SONDE_FRAGMENT_HELD);
	ck_assert_int_eq(put_ipv6(1000, 1000, payload + 1000), SONDE_FRAGMENT_COMPLETE);
	is_whole(SONDE_ipv6, 48);
}
END_TEST

START_TEST(a_piece_that_comes_twice_changes_nothing)
{
	piece(0, STEP);
	ck_assert_int_eq(piece(0, STEP), SONDE_FRAGMENT_AGAIN);
	piece(STEP, STEP);
	ck_assert_int_eq(piece(2 * STEP, STEP), SONDE_FRAGMENT_COMPLETE);
	ck_assert(!whole.overlap);
}
END_TEST

START_TEST(of_bytes_that_come_twice_the_first_stay_and_it_is_said)
{
	static const uint8_t other[STEP];
	uint8_t mixed[1600] = { 0 };

	memcpy(mixed, payload, STEP);
	piece(STEP, STEP);
	ck_assert_int_eq(put_ip(STEP, STEP, true, other, 7, 0), SONDE_FRAGMENT_OVERLAP);
	piece(2 * STEP, STEP);
	/* All before the middle piece, and a stretch into it. */
	ck_assert_int_eq(put_ip(0, 1600, true, mixed, 7, 0), SONDE_FRAGMENT_COMPLETE);
	is_whole(SONDE_ip, 24);
	ck_assert(whole.overlap);
}
END_TEST

START_TEST(an_ipv6_datagram_with_overlap_is_thrown_away)
{
	static const uint8_t other[STEP];

	put_ipv6(0, 1000, payload);
	ck_assert_int_eq(put_ipv6(0, 1000, other), SONDE_FRAGMENT_OVERLAP);
	ck_assert_int_eq(put_ipv6(1000, 1000, payload + 1000), SONDE_FRAGMENT_HELD);
	ck_assert_int_eq(put_ipv6(2000, 1000, payload + 2000), SONDE_FRAGMENT_HELD);
}
END_TEST

START_TEST(datagrams_are_kept_apart_by_what_identifies_them)
{
	piece(0, STEP);
	piece(STEP, STEP);
	ck_assert_int_eq(put_ip(2 * STEP, STEP, false, payload + 2 * STEP, 8, 0),
			 SONDE_FRAGMENT_HELD);
	ck_assert_int_eq(piece(2 * STEP, STEP), SONDE_FRAGMENT_COMPLETE);
}
END_TEST

START_TEST(what_waits_too_long_is_given_up)
{
	piece(0, 2 * STEP);
	ck_assert_int_eq(put_ip(2 * STEP, STEP, false, payload + 2 * STEP, 7, 61 * SONDE_SECOND),
			 SONDE_FRAGMENT_HELD);
}
END_TEST

static enum sonde_fragment_fate begin(unsigned id, sonde_ns when)
{
	return put_ip(0, 2 * STEP, true, payload, (uint8_t)id, when);
}

static enum sonde_fragment_fate finish(unsigned id, sonde_ns when)
{
	return put_ip(2 * STEP, STEP, false, payload + 2 * STEP, (uint8_t)id, when);
}

START_TEST(the_oldest_of_too_many_is_given_up)
{
	for (unsigned id = 1; id <= SONDE_FRAGMENT_DATAGRAMS; id++)
		ck_assert_int_eq(begin(id, id), SONDE_FRAGMENT_HELD);
	ck_assert_int_eq(finish(1, 100), SONDE_FRAGMENT_COMPLETE);
	begin(101, 101);
	begin(102, 102);
	ck_assert_int_eq(finish(101, 103), SONDE_FRAGMENT_COMPLETE);
	ck_assert_int_eq(finish(3, 104), SONDE_FRAGMENT_COMPLETE);
	ck_assert_int_eq(finish(2, 105), SONDE_FRAGMENT_HELD);
}
END_TEST

START_TEST(no_piece_is_made_of_what_contradicts_itself)
{
	ck_assert_int_eq(put_ip(0, 1001, true, payload, 1, 0), SONDE_FRAGMENT_BAD);
	ck_assert_int_eq(put_ip(65520, 1000, false, payload, 2, 0), SONDE_FRAGMENT_BAD);
	ck_assert_int_eq(put_ip(0, 0, true, payload, 3, 0), SONDE_FRAGMENT_BAD);
	piece(2 * STEP, STEP);
	ck_assert_int_eq(put_ip(PAYLOAD, 8, false, payload, 7, 0), SONDE_FRAGMENT_BAD);
	ck_assert_int_eq(put_ip(STEP, 16, false, payload, 7, 0), SONDE_FRAGMENT_BAD);
}
END_TEST

START_TEST(no_end_lies_before_what_came)
{
	ck_assert_int_eq(put_ip(800, 800, true, payload, 7, 0), SONDE_FRAGMENT_HELD);
	ck_assert_int_eq(put_ip(0, 8, true, payload, 7, 0), SONDE_FRAGMENT_HELD);
	ck_assert_int_eq(put_ip(80, 80, false, payload, 7, 0), SONDE_FRAGMENT_BAD);
}
END_TEST

START_TEST(a_piece_that_was_cut_by_the_capture_is_not_kept)
{
	static const uint8_t head[] = { 0x45, 0, 1,  0, 0, 7, 0x20, 0, 64, 17,
					0,    0, 10, 0, 0, 1, 10,   0, 0,  2 };

	ck_assert_int_eq(put(SONDE_ip, head, sizeof head, payload, 236, 100, 0),
			 SONDE_FRAGMENT_CUT);
}
END_TEST

START_TEST(what_is_whole_or_quoted_is_no_fragment)
{
	static const uint8_t atomic[56] = {
		0x60, [5] = 16, 44, 64, [8] = 0xfe, [24] = 0xfe, [40] = 17
	};
	static const uint8_t error[] = {
		0x45, 0, 0, 56, 0,    0, 0, 0, 64, 1, 0,  0, 10, 0,  0, 1, 10, 0, 0, 2, 11, 1, 0, 0,
		0,    0, 0, 0,	0x45, 0, 5, 0, 0,  7, 32, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2
	};

	ck_assert_int_eq(put_ip(0, 40, false, payload, 7, 0), SONDE_FRAGMENT_NOT_ONE);
	ck_assert_int_eq(put(SONDE_ipv6, atomic, 48, payload, 8, 56, 0), SONDE_FRAGMENT_NOT_ONE);
	ck_assert_int_eq(put(SONDE_ip, error, sizeof error, payload, 8, sizeof error + 8, 0),
			 SONDE_FRAGMENT_NOT_ONE);
}
END_TEST

START_TEST(any_cutting_gives_the_same_bytes)
{
	srand(42);
	for (unsigned round = 0; round < 500; round++) {
		unsigned at[64], n = 0, last = SONDE_FRAGMENT_HELD;

		for (unsigned from = 0; from < PAYLOAD && n < 63; from += 8 + 8 * (rand() % 40))
			at[n++] = from;
		at[n] = PAYLOAD;
		for (unsigned left = n, done[64] = { 0 }; left;) {
			unsigned i = (unsigned)rand() % n;

			if (done[i])
				continue;
			done[i] = 1;
			left--;
			last = put_ip(at[i], at[i + 1] - at[i], i + 1 < n, payload + at[i],
				      (uint8_t)round, 0);
			ck_assert_int_eq(last,
					 left ? SONDE_FRAGMENT_HELD : SONDE_FRAGMENT_COMPLETE);
		}
		is_whole(SONDE_ip, 24);
	}
}
END_TEST

Suite *fragment_suite(void)
{
	Suite *s = suite_create("fragment");
	TCase *t = tcase_create("fragment");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, pieces_come_together_in_any_order, 0, 6);
	tcase_add_test(t, ipv6_is_put_together_without_its_fragment_header);
	tcase_add_test(t, a_piece_that_comes_twice_changes_nothing);
	tcase_add_test(t, of_bytes_that_come_twice_the_first_stay_and_it_is_said);
	tcase_add_test(t, an_ipv6_datagram_with_overlap_is_thrown_away);
	tcase_add_test(t, datagrams_are_kept_apart_by_what_identifies_them);
	tcase_add_test(t, what_waits_too_long_is_given_up);
	tcase_add_test(t, the_oldest_of_too_many_is_given_up);
	tcase_add_test(t, no_piece_is_made_of_what_contradicts_itself);
	tcase_add_test(t, no_end_lies_before_what_came);
	tcase_add_test(t, a_piece_that_was_cut_by_the_capture_is_not_kept);
	tcase_add_test(t, what_is_whole_or_quoted_is_no_fragment);
	tcase_add_test(t, any_cutting_gives_the_same_bytes);
	suite_add_tcase(s, t);
	return s;
}
