/* What is kept of an endpoint, however events come, and what that costs. */
#include "life_told.h"

#include <errno.h>
#include <time.h>

Suite *endpoint_suite(void);

static void teardown(void)
{
	sonde_arena_done(&arena);
}

START_TEST(bytes_told_by_the_socket_and_by_a_call_without_entry_count_once)
{
	struct sonde_event e;

	begin();
	for (int i = 0; i < 4; i++) {
		e = blank(i & 1 ? SONDE_EVENT_CALL : SONDE_EVENT_SENT, 10);
		e.call = i & 1 ? SONDE_CALL_SENDTO : 0;
		e.flags = i == 1 ? SONDE_FLAG_BLOCKED : 0; /* the last had its entry seen */
		e.ino = 1;
		e.fd = 3;
		e.ret = 5;
		e.bytes = 5;
		tell(e);
	}
	ck_assert_uint_eq(nth(1)->sent.bytes, 15);
	ck_assert_uint_eq(nth(1)->sent.messages, 3);
}
END_TEST

START_TEST(a_connect_that_failed_has_no_connect_time_and_its_error_is_named)
{
	struct sonde_event e;

	for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
		sonde_life_init(&life, &arena);
		e = blank(SONDE_EVENT_CALL, 10);
		e.call = SONDE_CALL_SOCKET;
		e.ino = 1;
		e.family = AF_UNIX;
		e.type = (uint16_t)type;
		e.fd = e.ret = 3;
		tell(e);
		e.when = now += 9000;
		e.call = SONDE_CALL_CONNECT;
		e.took = 5000;
		e.ret = -ENOENT;
		tell(e);
		ck_assert_uint_eq(nth(1)->timing.connect, SONDE_ABSENT);
		call(SONDE_CALL_CLOSE, 10, 1, 3, -1, 0);
		ck_assert_uint_eq(nth(1)->cause, SONDE_CAUSE_CLOSED);
		ck_assert_str_eq(nth(1)->detail, "connect ENOENT");
		sonde_arena_done(&arena);
	}
	begin(); /* the time of one that succeeds is its own */
	call(SONDE_CALL_CONNECT, 10, 1, 3, -1, -ENETUNREACH);
	e = blank(SONDE_EVENT_CALL, 10);
	e.when = now += 5000000;
	e.call = SONDE_CALL_CONNECT;
	e.ino = 1;
	e.fd = 3;
	e.took = 700;
	tell(e);
	ck_assert_uint_eq(nth(1)->timing.connect, 700);
}
END_TEST

START_TEST(a_message_that_is_cut_has_one_line)
{
	struct sonde_event e;

	begin();
	e = blank(SONDE_EVENT_TRUNCATED, 10);
	e.ino = 1;
	e.ret = 3;
	e.n[0] = 5;
	tell(e);
	ck_assert_uint_eq(heard.milestone, SONDE_MILESTONE_TRUNCATED);
	e = blank(SONDE_EVENT_CALL, 10);
	e.call = SONDE_CALL_RECVFROM;
	e.ino = 1;
	e.fd = 3;
	e.ret = e.bytes = 3;
	tell(e);
	ck_assert_uint_eq(heard.milestone, SONDE_MILESTONE_FIRST_RECEIVED);
	e.when = now += 1000;
	e.flags = SONDE_FLAG_TRUNC; /* what it had is not known */
	tell(e);
	ck_assert_uint_eq(heard.milestone, SONDE_MILESTONE_TRUNCATED);
	ck_assert_uint_eq(nth(1)->truncated, 2);
	ck_assert_uint_eq(nth(1)->truncated_bytes, 2);
}
END_TEST

START_TEST(a_connect_that_did_not_wait_took_until_the_kernel_had_done_it)
{
	struct sonde_event e;

	sonde_life_init(&life, &arena);
	e = blank(SONDE_EVENT_CALL, 10);
	e.family = AF_INET;
	e.type = SOCK_STREAM;
	e.cookie = 7;
	e.ino = 1;
	e.fd = e.ret = 3;
	e.call = SONDE_CALL_SOCKET;
	tell(e);
	e.when = now += 1000;
	e.call = SONDE_CALL_CONNECT;
	e.took = 1000;
	e.ret = -EINPROGRESS;
	tell(e);
	for (int to = SONDE_STATE_SYN_SENT; to; to = to == SONDE_STATE_SYN_SENT) {
		struct sonde_event s = e;

		s.kind = SONDE_EVENT_STATE;
		s.when = now += 1000;
		s.to = (uint8_t)to;
		tell(s);
	}
	e.when = now += 5000000;
	e.call = SONDE_CALL_GETSOCKOPT;
	e.arg[0] = SOL_SOCKET;
	e.arg[1] = SO_ERROR;
	e.ret = 0;
	tell(e);
	ck_assert_uint_eq(heard.milestone, SONDE_MILESTONE_CONNECTED);
	ck_assert_uint_eq(nth(1)->timing.connect, 3000);
}
END_TEST

START_TEST(bytes_that_were_only_looked_at_count_when_they_are_read)
{
	struct sonde_event e;

	begin();
	for (int i = 0; i < 2; i++) {
		e = blank(SONDE_EVENT_CALL, 10);
		e.call = SONDE_CALL_RECVFROM;
		e.ino = 1;
		e.fd = 3;
		e.ret = 5;
		e.bytes = 5;
		e.arg[0] = i ? 0 : MSG_PEEK;
		tell(e);
	}
	ck_assert_uint_eq(nth(1)->received.bytes, 5);
	ck_assert_uint_eq(nth(1)->received.messages, 1);
}
END_TEST

START_TEST(two_thousand_sockets_are_each_there_once)
{
	sonde_life_init(&life, &arena);
	for (uint64_t i = 1; i <= 2000; i++) {
		make(10, i, (int)i);
		call(SONDE_CALL_SENDTO, 10, i, (int)i, -1, 5);
		call(SONDE_CALL_CLOSE, 10, i, (int)i, -1, 0);
	}
	sonde_life_end(&life);
	ck_assert_uint_eq(life.endpoints, 2000);
	for (uint32_t sid = 1; sid <= 2000; sid++) {
		ck_assert_uint_eq(nth(sid)->ino, sid);
		ck_assert_uint_eq(nth(sid)->cause, SONDE_CAUSE_CLOSED);
		ck_assert_uint_eq(nth(sid)->release, SONDE_RELEASE_CLOSE);
	}
}
END_TEST

/* One short TCP connection of which one end is followed, as the tracer tells it. */
static void short_connection(uint64_t n)
{
	struct sonde_event e = blank(SONDE_EVENT_CALL, 10);
	static const uint8_t states[] = { SONDE_STATE_CLOSE,	   SONDE_STATE_SYN_SENT,
					  SONDE_STATE_ESTABLISHED, SONDE_STATE_FIN_WAIT1,
					  SONDE_STATE_FIN_WAIT2,   SONDE_STATE_CLOSE };
	static const uint8_t calls[] = { SONDE_CALL_SOCKET, SONDE_CALL_CONNECT, SONDE_CALL_SENDTO,
					 SONDE_CALL_RECVFROM, SONDE_CALL_CLOSE };

	e.cookie = 1000000 + n;
	e.ino = 1 + n;
	e.family = AF_INET;
	e.type = SOCK_STREAM;
	e.fd = 3;
	e.netns = 1;
	for (size_t i = 0; i < sizeof calls; i++) {
		e.when = now += 1000;
		e.call = calls[i];
		e.ret = i ? 0 : 3;
		e.ret = i == 2 || i == 3 ? 5 : e.ret;
		if (i == 1) {
			e.local = (struct sonde_address){ .family = AF_INET, .ip = { 10 } };
			e.remote = (struct sonde_address){ .family = AF_INET, .ip = { 11 } };
			e.local.port = (uint16_t)(1024 + n % 60000);
			e.remote.port = 80;
		}
		tell(e);
		if (i + 1 < sizeof states) {
			struct sonde_event s = e;

			s.kind = SONDE_EVENT_STATE;
			s.from = states[i];
			s.to = states[i + 1];
			tell(s);
		}
	}
	e.kind = SONDE_EVENT_DESTROY;
	e.when = now += 1000;
	tell(e);
}

START_TEST(what_has_ended_costs_little_however_long_the_run)
{
	size_t used;

	sonde_life_init(&life, &arena);
	for (uint64_t n = 0; n < 50000; n++)
		short_connection(n);
	used = arena.used;
	for (uint64_t n = 50000; n < 150000; n++)
		short_connection(n);
	if (getenv("SONDE_SPEED"))
		printf("life: %zu bytes an ended endpoint\n", (arena.used - used) / 100000);
	ck_assert_uint_eq(life.endpoints, 150000);
	ck_assert_uint_lt((arena.used - used) / 100000, 2100);
	call(SONDE_CALL_SENDTO, 10, 150000, 3, -1, 5); /* the last is known still */
	ck_assert_uint_eq(heard.sid, 150000);
	sonde_life_end(&life);
	ck_assert_uint_eq(nth(1)->cause, SONDE_CAUSE_FIN_LOCAL);
	ck_assert_uint_eq(nth(1)->sent.bytes, 5);
}
END_TEST

START_TEST(a_namespace_has_the_name_that_was_told)
{
	struct sonde_event e = blank(SONDE_EVENT_NAME, 0);

	sonde_life_init(&life, &arena);
	e.netns = 7;
	e.text = (struct sonde_bytes){ (const uint8_t *)"ser\033ver", 7 };
	tell(e);
	e.netns = 8;
	e.n[1] = 2; /* an interface's */
	tell(e);
	ck_assert_str_eq(sonde_life_netns(&life, 7), "ser\\x1bver");
	ck_assert_ptr_null(sonde_life_netns(&life, 8));
}
END_TEST

START_TEST(an_inode_number_used_again_is_another_socket)
{
	begin();
	call(SONDE_CALL_CLOSE, 10, 1, 3, -1, 0);
	make(10, 1, 3);
	ck_assert_uint_eq(heard.sid, 2);
	call(SONDE_CALL_SENDTO, 10, 1, 3, -1, 7);
	ck_assert_uint_eq(nth(2)->sent.bytes, 7);
	ck_assert_uint_eq(nth(1)->sent.bytes, SONDE_ABSENT);
}
END_TEST

START_TEST(cookie_and_inode_that_come_together_join_what_came_apart)
{
	struct sonde_event e;

	begin();
	e = blank(SONDE_EVENT_SENT, 0);
	e.cookie = 77;
	e.ret = 5;
	tell(e);
	ck_assert_uint_eq(heard.sid, 2);
	e = blank(SONDE_EVENT_RECEIVED, 0);
	e.cookie = 77;
	e.ino = 1;
	e.ret = 4;
	tell(e);
	ck_assert_uint_eq(heard.sid, 1);
	ck_assert_ptr_eq(nth(2), nth(1));
	ck_assert_uint_eq(nth(1)->sent.bytes, 5);
	ck_assert_uint_eq(nth(1)->received.bytes, 4);
}
END_TEST

START_TEST(what_waits_at_a_listener_when_we_come_is_known_when_it_is_accepted)
{
	const struct sonde_address here = { .family = AF_INET, .port = 80, .ip = { 127, 0, 0, 1 } };
	struct sonde_event e;

	sonde_life_init(&life, &arena);
	e = blank(SONDE_EVENT_SEED, 10);
	e.family = AF_INET;
	e.type = SOCK_STREAM;
	e.ino = 1;
	e.fd = 3;
	e.local = here;
	e.state = SONDE_STATE_LISTEN;
	tell(e);
	e.ino = 0;
	e.fd = -1;
	e.pid = e.tid = 0;
	e.cookie = 7;
	e.remote = here;
	e.remote.port = 81;
	e.state = SONDE_STATE_ESTABLISHED;
	tell(e);
	tell(e); /* told twice it waits once */
	ck_assert_uint_eq(heard.sid, 2);
	ck_assert(nth(2)->seeded);
	ck_assert_uint_eq(nth(2)->role, SONDE_ROLE_SERVER);
	ck_assert_uint_eq(nth(2)->listener, 1);
	ck_assert_uint_eq(nth(1)->queued, 1);
	e = blank(SONDE_EVENT_CALL, 10);
	e.call = SONDE_CALL_ACCEPT4;
	e.ino = 1;
	e.fd = 3;
	e.ret = e.fd2 = 4;
	e.cookie2 = 7;
	e.ino2 = 2;
	tell(e);
	ck_assert_uint_eq(heard.sid2, 2);
	ck_assert_uint_eq(nth(1)->queued, 0);
	/* how long it had waited before is not known */
	ck_assert_uint_eq(nth(2)->timing.accept_wait, SONDE_ABSENT);
}
END_TEST

START_TEST(any_stream_of_events_is_survived)
{
	uint32_t seed = 1;
	uint8_t byte[128];

	sonde_life_init(&life, &arena);
	for (int i = 0; i < 200000; i++) {
		struct sonde_item item;
		uint8_t *at = (uint8_t *)&item;

		for (size_t k = 0; k < sizeof item; k++)
			at[k] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 29);
		for (size_t k = 0; k < sizeof byte; k++)
			byte[k] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
		item.is = i % 8 ? SONDE_ITEM_EVENT : SONDE_ITEM_FRAME;
		if (item.is == SONDE_ITEM_FRAME) {
			byte[0] = 0x45;
			byte[9] = (uint8_t[]){ 6, 17, 1, 6 }[byte[9] % 4];
			for (int k = 12; k < 24; k++)
				byte[k] &= 1;
			item.frame.link = 101;
			at[offsetof(struct sonde_item, frame.gso)] &= 1; /* no other bool can be */
			item.frame.byte = (struct sonde_bytes){ byte, byte[40] % sizeof byte };
		} else {
			item.event.kind = (uint16_t)(1 + byte[0] % (SONDE_EVENT_END_ - 1));
			item.event.call = (uint8_t)(byte[1] % SONDE_CALL_END_);
			item.event.family =
				(uint16_t[]){ AF_INET, AF_INET6, AF_UNIX, 0 }[byte[2] % 4];
			item.event.type = byte[3] % 5;
			item.event.fd = (int32_t)byte[4] % 8 - 1;
			item.event.fd2 = (int32_t)byte[5] % 8 - 1;
			item.event.ret = byte[6] % 4 ? byte[6] : -(int64_t)byte[7];
			item.event.ino &= 7;
			item.event.ino2 &= 7;
			item.event.cookie &= 7;
			item.event.cookie2 &= 7;
			item.event.pid &= 3;
			item.event.n[0] &= 3;
			item.event.to = byte[8] % 13;
			item.event.address = (struct sonde_bytes){ byte, byte[9] % 112 };
			item.event.text = (struct sonde_bytes){ byte + 10, byte[10] % 64 };
		}
		sonde_life_hear(&life, &item, &heard);
	}
	sonde_life_end(&life);
}
END_TEST

static double per_second(int rounds, uint64_t type)
{
	struct timespec a, b;

	begin();
	make(10, 2, 4);
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (int i = 0; i < rounds; i++) {
		struct sonde_event e = blank(SONDE_EVENT_CALL, 10);
		struct sonde_item item = { .is = SONDE_ITEM_EVENT };

		e.call = i & 1 ? SONDE_CALL_RECVFROM : SONDE_CALL_SENDTO;
		e.ino = 1 + ((i >> 1) & 1);
		e.fd = 2 + (int)e.ino;
		e.ret = 64;
		e.bytes = 64;
		e.family = AF_INET;
		e.type = (uint16_t)type;
		item.event = e;
		sonde_life_hear(&life, &item, &heard);
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	return rounds / ((double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9);
}

START_TEST(data_calls_cost_one_look_up_each)
{
	size_t used;
	double speed = per_second(1000000, SOCK_STREAM);

	used = arena.used;
	(void)per_second(10000, SOCK_STREAM);
	ck_assert_uint_lt(arena.used - used, 200000);
	if (getenv("SONDE_SPEED"))
		printf("life: %.2f million data calls a second\n", speed / 1e6);
	ck_assert(speed > 100000);
}
END_TEST

Suite *endpoint_suite(void)
{
	Suite *s = suite_create("endpoint");
	TCase *t = tcase_create("endpoint");

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, bytes_told_by_the_socket_and_by_a_call_without_entry_count_once);
	tcase_add_test(t, a_connect_that_failed_has_no_connect_time_and_its_error_is_named);
	tcase_add_test(t, a_message_that_is_cut_has_one_line);
	tcase_add_test(t, a_connect_that_did_not_wait_took_until_the_kernel_had_done_it);
	tcase_add_test(t, bytes_that_were_only_looked_at_count_when_they_are_read);
	tcase_add_test(t, two_thousand_sockets_are_each_there_once);
	tcase_add_test(t, what_has_ended_costs_little_however_long_the_run);
	tcase_add_test(t, a_namespace_has_the_name_that_was_told);
	tcase_add_test(t, an_inode_number_used_again_is_another_socket);
	tcase_add_test(t, cookie_and_inode_that_come_together_join_what_came_apart);
	tcase_add_test(t, what_waits_at_a_listener_when_we_come_is_known_when_it_is_accepted);
	tcase_add_test(t, any_stream_of_events_is_survived);
	tcase_add_test(t, data_calls_cost_one_look_up_each);
	suite_add_tcase(s, t);
	return s;
}
