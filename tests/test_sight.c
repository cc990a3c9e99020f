#include <check.h>
#include <string.h>

#include "life/sight.h"

Suite *sight_suite(void);

static struct sonde_arena arena;
static struct sonde_sight sight;

static void setup(void)
{
	sonde_sight_init(&sight, &arena);
}

static void teardown(void)
{
	sonde_arena_done(&arena);
}

enum { IPV4 = 20, UDP = 8, BODY = 4 };

static const uint8_t packet[IPV4 + UDP + BODY] = {
	0x45, 0,    0, 32, 0,  1,  0,	 0,    64,  17,	 0xaa, 0xbb,
	10,   0,    0, 1,  10, 0,  0,	 2, /* ttl 64 */
	0x30, 0x39, 0, 53, 0,  12, 0xcc, 0xdd, 'a', 'b', 'c',  'd',
};

static struct sonde_item io;
static uint8_t sent[64];

/* Passes the packet, with what differs at each place as it may. Number of the frame it is, negative
 * where it was seen again. */
static int64_t pass(sonde_ns when, uint32_t netns, uint32_t ifindex, uint8_t dir, uint16_t id)
{
	memcpy(sent, packet, sizeof packet);
	sent[4] = (uint8_t)(id >> 8), sent[5] = (uint8_t)id;
	sent[8] = (uint8_t)(64 - ifindex);		     /* each hop */
	sent[10] = (uint8_t)when, sent[26] = (uint8_t)netns; /* checksums */
	io = (struct sonde_item){ .is = SONDE_ITEM_FRAME };
	io.frame = (struct sonde_frame){ .when = when,
					 .byte = { sent, sizeof packet },
					 .wire = sizeof packet,
					 .link = 101,
					 .dir = dir,
					 .netns = netns,
					 .ifindex = ifindex };
	sonde_sight_pass(&sight, &io);
	if (io.is == SONDE_ITEM_FRAME)
		return (int64_t)sight.frames;
	ck_assert_int_eq(io.is, SONDE_ITEM_EVENT);
	ck_assert_int_eq(io.event.kind, SONDE_EVENT_ARRIVED);
	ck_assert_uint_eq(io.event.when, when);
	ck_assert_uint_eq(io.event.netns, netns);
	ck_assert_uint_eq(io.event.n[1], ifindex);
	ck_assert_int_eq(io.event.arg[0], dir);
	return -(int64_t)io.event.n[0];
}

enum { IN = SONDE_DIR_IN, OUT = SONDE_DIR_OUT };

START_TEST(a_packet_seen_elsewhere_is_the_same_that_arrived)
{
	ck_assert_int_eq(pass(1000, 7, 2, OUT, 1), 1);
	ck_assert_int_eq(pass(1001, 8, 3, IN, 1), -1);
	ck_assert_int_eq(pass(1002, 8, 4, OUT, 1), -1); /* forwarded */
	ck_assert_int_eq(pass(1003, 9, 2, IN, 1), -1);
	ck_assert_uint_eq(sight.again, 3);
	ck_assert_int_eq(pass(1004, 7, 2, OUT, 2), 2); /* another id */
	ck_assert_int_eq(pass(1005, 8, 3, IN, 2), -2);
}
END_TEST

/* Numbers of namespaces that are made one after another differ in the same bits as directions. */
START_TEST(neighbouring_namespaces_are_two_places)
{
	for (uint32_t netns = 1000; netns < 1016; netns++)
		for (uint32_t other = 1000; other < 1016; other++) {
			uint16_t id = (uint16_t)(netns << 4 ^ other);
			int64_t n;

			if (netns == other)
				continue;
			n = pass(1000, netns, 2, OUT, id);
			ck_assert_int_eq(n, (int64_t)sight.frames);
			ck_assert_int_eq(pass(1001, other, 2, IN, id), -n);
		}
}
END_TEST

START_TEST(what_is_seen_twice_at_one_place_was_sent_twice)
{
	ck_assert_int_eq(pass(1000, 7, 1, OUT, 1), 1);
	ck_assert_int_eq(pass(1001, 7, 1, IN, 1), -1);
	ck_assert_int_eq(pass(1002, 7, 1, OUT, 1), 2);
	ck_assert_int_eq(pass(1003, 7, 1, IN, 1), -2);
	ck_assert_int_eq(pass(1004, 7, 1, OUT, 1), 3);
	ck_assert_int_eq(pass(1005, 7, 1, OUT, 1), 4);
	ck_assert_int_eq(pass(1006, 7, 1, IN, 1), -3);
	ck_assert_int_eq(pass(1007, 7, 1, IN, 1), -4);
	ck_assert_int_eq(pass(1008, 7, 1, IN, 1), 5);
}
END_TEST

START_TEST(over_the_loopback_nothing_is_waited_for_where_it_is_seen_once)
{
	sight.loops_once = true;
	ck_assert_int_eq(pass(1000, 7, 1, OUT, 1), 1);
	ck_assert_int_eq(pass(1001, 7, 2, OUT, 2), 2); /* another device */
	ck_assert_int_eq(pass(1002, 8, 1, IN, 1), 3);
	ck_assert_int_eq(pass(1003, 8, 3, IN, 2), -2);
}
END_TEST

START_TEST(after_a_second_it_is_another)
{
	ck_assert_int_eq(pass(1000, 7, 2, OUT, 1), 1);
	ck_assert_int_eq(pass(1000 + SONDE_SECOND, 8, 3, IN, 1), 2);
}
END_TEST

START_TEST(many_equal_ones_are_told_apart_by_their_order)
{
	for (int64_t i = 1; i <= 20000; i++)
		ck_assert_int_eq(pass(1000 + (uint64_t)i, 7, 2, OUT, 1), i);
	/* the ring has forgotten the first */
	for (int64_t i = 20000 - 8191; i <= 20000; i++)
		ck_assert_int_eq(pass(30000, 8, 3, IN, 1), -i);
	ck_assert_int_eq(pass(30000, 8, 3, IN, 1), 20001);
}
END_TEST

START_TEST(different_ones_pass_and_memory_stays)
{
	size_t used = arena.used;

	for (uint32_t i = 0; i < 100000; i++)
		ck_assert_int_eq(pass(1000 + i, 7, 2, OUT, (uint16_t)i), i + 1);
	ck_assert_uint_eq(arena.used, used);
}
END_TEST

START_TEST(a_hostile_frame_passes)
{
	uint8_t byte[64];

	for (unsigned len = 0; len < sizeof byte; len++)
		for (unsigned link = 0; link < 300; link += link < 2 ? 1 : 25) {
			memset(byte, 0x4f, sizeof byte);
			io = (struct sonde_item){ .is = SONDE_ITEM_FRAME };
			io.frame = (struct sonde_frame){ .when = 1,
							 .byte = { byte, len },
							 .wire = len % 3,
							 .link = (uint16_t)link };
			sonde_sight_pass(&sight, &io);
			ck_assert_int_eq(io.is, SONDE_ITEM_FRAME);
		}
}
END_TEST

Suite *sight_suite(void)
{
	Suite *s = suite_create("sight");
	TCase *t = tcase_create("sight");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_packet_seen_elsewhere_is_the_same_that_arrived);
	tcase_add_test(t, neighbouring_namespaces_are_two_places);
	tcase_add_test(t, what_is_seen_twice_at_one_place_was_sent_twice);
	tcase_add_test(t, over_the_loopback_nothing_is_waited_for_where_it_is_seen_once);
	tcase_add_test(t, after_a_second_it_is_another);
	tcase_add_test(t, many_equal_ones_are_told_apart_by_their_order);
	tcase_add_test(t, different_ones_pass_and_memory_stays);
	tcase_add_test(t, a_hostile_frame_passes);
	suite_add_tcase(s, t);
	return s;
}
