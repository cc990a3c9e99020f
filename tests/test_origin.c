#include <check.h>
#include <string.h>

#include "flow/origin.h"

Suite *origin_suite(void);

static struct sonde_arena arena;
static struct sonde_origins origins;
static struct sonde_origin found;
static uint64_t number;

static void setup(void)
{
	sonde_origins_init(&origins, &arena);
	number = 0;
}

static void teardown(void)
{
	sonde_arena_done(&arena);
}

static bool put(enum sonde_shape shape, const uint8_t *at, size_t len)
{
	struct sonde_packet p;

	found = (struct sonde_origin){ 0 };
	sonde_decode(&p, at, (uint32_t)len, (uint32_t)len, shape);
	return sonde_origin_find(&origins, &p, ++number, &found);
}

/* 28 bytes of IPv4: a header and the first 8 of what it carries. */
static void make_ip(uint8_t h[static 28], uint8_t proto, uint16_t id, uint16_t dport, uint32_t word)
{
	const uint8_t all[28] = { 0x45,
				  0,
				  0,
				  40,
				  (uint8_t)(id >> 8),
				  (uint8_t)id,
				  0,
				  0,
				  1,
				  proto,
				  0,
				  0,
				  10,
				  0,
				  0,
				  1,
				  10,
				  0,
				  0,
				  9,
				  0x82,
				  0x35,
				  (uint8_t)(dport >> 8),
				  (uint8_t)dport,
				  (uint8_t)(word >> 24),
				  (uint8_t)(word >> 16),
				  (uint8_t)(word >> 8),
				  (uint8_t)word };

	memcpy(h, all, 28);
}

static void send_ip(uint8_t proto, uint16_t id, uint16_t dport, uint32_t word)
{
	uint8_t x[40] = { 0 };

	make_ip(x, proto, id, dport, word);
	x[32] = 0x50;
	ck_assert(!put(SONDE_ip, x, sizeof x));
}

/* A router's answer with the least that must be quoted. */
static bool answer(uint8_t proto, uint16_t id, uint16_t dport, uint32_t word)
{
	uint8_t x[56] = { 0x45, 0, 0, 56, 0, 0, 0, 0, 64, 1, 0, 0, 10, 0, 5, 5, 10, 0, 0, 1, 11 };

	make_ip(x + 28, proto, id, dport, word);
	return put(SONDE_ip, x, sizeof x);
}

START_TEST(an_error_is_about_the_frame_that_it_quotes)
{
	send_ip(6, 500, 443, 1000);
	send_ip(6, 501, 443, 2000);
	send_ip(6, 0, 80, 2000);
	ck_assert(answer(6, 500, 443, 1000));
	ck_assert_uint_eq(found.frame, 1);
	ck_assert(found.exact);
	ck_assert(answer(6, 501, 443, 2000));
	ck_assert_uint_eq(found.frame, 2);
	ck_assert(answer(6, 0, 80, 2000));
	ck_assert_uint_eq(found.frame, 3);
}
END_TEST

START_TEST(a_frame_that_only_went_the_same_way_is_said_to_be_such)
{
	send_ip(17, 1, 33434, 0x00140000);
	send_ip(17, 2, 33434, 0x00140000);
	ck_assert(answer(17, 3, 33434, 0x00140000));
	ck_assert_uint_eq(found.frame, 2);
	ck_assert(!found.exact);
}
END_TEST

START_TEST(an_error_about_what_was_not_captured_points_nowhere)
{
	send_ip(17, 1, 33434, 0);
	ck_assert(!answer(17, 1, 33435, 0));
	ck_assert(!answer(6, 1, 33434, 0));
	ck_assert_uint_eq(found.frame, 0);
}
END_TEST

START_TEST(the_error_itself_is_not_taken_for_a_cause)
{
	send_ip(17, 1, 33434, 0);
	answer(17, 1, 33434, 0);
	ck_assert(answer(17, 1, 33434, 0));
	ck_assert_uint_eq(found.frame, 1);
}
END_TEST

START_TEST(ipv6_behind_extension_headers_is_found)
{
	uint8_t probe[56] = { 0x60,	   [5] = 16, 0,		1,    [8] = 0xfd, [23] = 1,
			      [24] = 0xfd, [39] = 2, [40] = 17, 0,    1,	  4,
			      [48] = 0x82, 0x35,     0x82,	0x9a, 0,	  8 };
	uint8_t error[104] = {
		0x60, [5] = 64, 58, 64, [8] = 0xfd, [23] = 7, [24] = 0xfd, [39] = 1, [40] = 3
	};

	memcpy(error + 48, probe, sizeof probe);
	ck_assert(!put(SONDE_ipv6, probe, sizeof probe));
	ck_assert(put(SONDE_ipv6, error, sizeof error));
	ck_assert_uint_eq(found.frame, 1);
	error[48 + 50] ^= 1;
	ck_assert(!put(SONDE_ipv6, error, sizeof error));
}
END_TEST

Suite *origin_suite(void)
{
	Suite *s = suite_create("origin");
	TCase *t = tcase_create("origin");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, an_error_is_about_the_frame_that_it_quotes);
	tcase_add_test(t, a_frame_that_only_went_the_same_way_is_said_to_be_such);
	tcase_add_test(t, an_error_about_what_was_not_captured_points_nowhere);
	tcase_add_test(t, the_error_itself_is_not_taken_for_a_cause);
	tcase_add_test(t, ipv6_behind_extension_headers_is_found);
	suite_add_tcase(s, t);
	return s;
}
