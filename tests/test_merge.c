#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "life/merge.h"

Suite *merge_suite(void);

enum { N = 100000, SOURCES = 3 };

static struct sonde_arena arena;
static struct sonde_merge merge;

static void setup(void)
{
	sonde_merge_init(&merge, &arena);
}

static void teardown(void)
{
	sonde_arena_done(&arena);
}

static uint32_t seed = 1;

static uint32_t random_below(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)seed * n >> 32);
}

/* Item number i of the true stream; three sources take turns, some stamps are equal. */
static struct sonde_item item(uint32_t i, const char *text)
{
	struct sonde_item it = { .is = SONDE_ITEM_EVENT };

	it.event.when = 1000 + i / 2 * 10;
	it.event.n[0] = i;
	it.event.text = (struct sonde_bytes){ (const uint8_t *)text, strlen(text) };
	return it;
}

/* Arrival of 0..N-1: each may be up to `far` places away from its own. */
static void shuffle(uint32_t *order, uint32_t far)
{
	for (uint32_t i = 0; i < N; i++)
		order[i] = i;
	for (uint32_t i = 0; far && i + far < N; i += far)
		for (uint32_t k = far - 1; k > 0; k--) {
			uint32_t j = random_below(k + 1), swap = order[i + k];

			order[i + k] = order[i + j];
			order[i + j] = swap;
		}
}

/* All of it through the merge with this window; the numbers in their order into got. */
static size_t run(const uint32_t *order, sonde_ns window, uint32_t *got)
{
	struct sonde_item ret;
	sonde_ns newest = 0;
	size_t n = 0;

	for (uint32_t i = 0; i <= N; i++) {
		sonde_ns mark = UINT64_MAX;

		if (i < N) {
			char text[16];
			struct sonde_item it;

			snprintf(text, sizeof text, "%u", order[i]);
			it = item(order[i], text);
			sonde_merge_push(&merge, order[i] % SOURCES, &it);
			memset(text, 'x', sizeof text);
			newest = it.event.when > newest ? it.event.when : newest;
			mark = newest > window ? newest - window : 0;
		}
		while (sonde_merge_pop(&merge, mark, &ret)) {
			ck_assert_uint_lt(n, N);
			ck_assert_uint_eq(strtoul((const char *)ret.event.text.at, NULL, 10),
					  ret.event.n[0]);
			got[n++] = (uint32_t)ret.event.n[0];
		}
	}
	return n;
}

START_TEST(shuffled_arrival_comes_out_in_order_whatever_the_window)
{
	static uint32_t order[N], first[N], got[N];

	for (int round = 0; round < 3; round++) {
		sonde_ns window = (sonde_ns[]){ 5000, 20000, 10000000 }[round];

		shuffle(order, 1000);
		sonde_merge_init(&merge, &arena);
		ck_assert_uint_eq(run(order, window, round ? got : first), N);
		ck_assert_uint_eq(merge.late, 0);
		ck_assert_uint_eq(merge.held, 0);
		if (round)
			ck_assert_mem_eq(got, first, sizeof got);
	}
	for (uint32_t i = 1; i < N; i++) {
		uint32_t a = first[i - 1], b = first[i];

		ck_assert_uint_le(a / 2, b / 2);
		if (a / 2 == b / 2)
			ck_assert_uint_lt(a % SOURCES, b % SOURCES);
	}
}
END_TEST

START_TEST(what_comes_behind_the_last_released_is_released_at_once_marked_and_counted)
{
	struct sonde_item a = item(100, "a"), b = item(0, "b"), ret;

	sonde_merge_push(&merge, 0, &a);
	ck_assert_int_eq(sonde_merge_pop(&merge, UINT64_MAX, &ret), 1);
	sonde_merge_push(&merge, 1, &b);
	ck_assert_int_eq(sonde_merge_pop(&merge, 0, &ret), 1);
	ck_assert_uint_eq(ret.event.n[0], 0);
	ck_assert_uint_eq(ret.event.flags, SONDE_FLAG_LATE);
	ck_assert_uint_eq(merge.late, 1);
	ck_assert_int_eq(sonde_merge_pop(&merge, UINT64_MAX, &ret), 0);
}
END_TEST

START_TEST(a_frame_keeps_its_bytes_and_its_place)
{
	uint8_t byte[3000];
	struct sonde_item f = { .is = SONDE_ITEM_FRAME }, e = item(4, "event"), ret;

	memset(byte, 7, sizeof byte);
	f.frame = (struct sonde_frame){ .when = 1020, .byte = { byte, sizeof byte }, .wire = 3000 };
	sonde_merge_push(&merge, 1, &f);
	sonde_merge_push(&merge, 0, &e);
	memset(byte, 0, sizeof byte);
	ck_assert_int_eq(sonde_merge_pop(&merge, 1019, &ret), 0);
	ck_assert_int_eq(sonde_merge_pop(&merge, 1020, &ret), 1);
	ck_assert_int_eq(ret.is, SONDE_ITEM_EVENT); /* equal stamps: source 0 first */
	ck_assert_int_eq(sonde_merge_pop(&merge, 1020, &ret), 1);
	ck_assert_uint_eq(ret.frame.byte.len, 3000);
	ck_assert_uint_eq(ret.frame.byte.at[2999], 7);
}
END_TEST

START_TEST(a_source_that_runs_backwards_costs_no_more_than_a_logarithm)
{
	struct sonde_item ret;
	sonde_ns last = 0;

	for (uint32_t i = N; i-- > 0;) {
		struct sonde_item it = item(i, "");

		sonde_merge_push(&merge, 0, &it);
	}
	for (uint32_t i = 0; i < N; i++) {
		ck_assert_int_eq(sonde_merge_pop(&merge, UINT64_MAX, &ret), 1);
		ck_assert_uint_ge(ret.event.when, last);
		last = ret.event.when;
	}
}
END_TEST

START_TEST(places_are_used_again)
{
	struct sonde_item ret;
	size_t used = 0;

	for (uint32_t i = 0; i < N; i++) {
		struct sonde_item it = item(i * 2, "some bytes that are borrowed");

		sonde_merge_push(&merge, i % SOURCES, &it);
		if (i >= 100)
			ck_assert_int_eq(sonde_merge_pop(&merge, UINT64_MAX, &ret), 1);
		if (i == 2000)
			used = arena.used;
	}
	ck_assert_uint_eq(arena.used, used);
}
END_TEST

Suite *merge_suite(void)
{
	Suite *s = suite_create("merge");
	TCase *t = tcase_create("merge");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, shuffled_arrival_comes_out_in_order_whatever_the_window);
	tcase_add_test(t,
		       what_comes_behind_the_last_released_is_released_at_once_marked_and_counted);
	tcase_add_test(t, a_frame_keeps_its_bytes_and_its_place);
	tcase_add_test(t, a_source_that_runs_backwards_costs_no_more_than_a_logarithm);
	tcase_add_test(t, places_are_used_again);
	suite_add_tcase(s, t);
	return s;
}
