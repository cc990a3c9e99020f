/* Who holds a socket: copies, forks, exec, messages, and the last close. */
#include "life_told.h"

Suite *descriptor_suite(void);

static void teardown(void)
{
	sonde_arena_done(&arena);
}

START_TEST(a_copy_keeps_it_and_the_last_close_releases_it)
{
	begin();
	call(SONDE_CALL_DUP, 10, 1, 3, 4, 4);
	call(SONDE_CALL_CLOSE, 10, 1, 3, -1, 0);
	ck_assert_uint_eq(heard.releases, 0);
	ck_assert_uint_eq(nth(1)->release, SONDE_RELEASE_NONE);
	call(SONDE_CALL_CLOSE, 10, 1, 4, -1, 0);
	ck_assert_uint_eq(heard.releases, 1);
	ck_assert_uint_eq(heard.released[0], 1);
	ck_assert_uint_eq(heard.milestone, SONDE_MILESTONE_RELEASED);
	ck_assert_uint_eq(nth(1)->release, SONDE_RELEASE_CLOSE);
	ck_assert_uint_eq(nth(1)->owners, 2);
}
END_TEST

START_TEST(a_call_that_returns_0_has_made_no_descriptor)
{
	begin();
	call(SONDE_CALL_GETSOCKNAME, 10, 1, 3, -1, 0);
	call(SONDE_CALL_GETPEERNAME, 10, 1, 3, -1, 0);
	ck_assert_uint_eq(nth(1)->references, 1);
	call(SONDE_CALL_CLOSE, 10, 1, 3, -1, 0);
	ck_assert_uint_eq(heard.releases, 1);
}
END_TEST

START_TEST(dup2_over_the_last_releases_what_was_there)
{
	begin();
	make(10, 2, 4);
	call(SONDE_CALL_DUP2, 10, 1, 3, 4, 4);
	ck_assert_uint_eq(heard.releases, 1);
	ck_assert_uint_eq(nth(2)->release, SONDE_RELEASE_CLOSE);
	ck_assert_uint_eq(nth(1)->references, 2);
	call(SONDE_CALL_DUP2, 10, 0, 9, 3, 3); /* no socket is put there */
	ck_assert_uint_eq(nth(1)->references, 1);
}
END_TEST

START_TEST(fork_copies_and_a_shared_table_does_not)
{
	begin();
	fork_of(10, 11, 0);
	ck_assert_uint_eq(nth(1)->references, 2);
	fork_of(10, 12, SONDE_FLAG_SHARED);
	ck_assert_uint_eq(nth(1)->references, 2);
	call(SONDE_CALL_CLOSE, 12, 1, 3, -1, 0); /* for both that share */
	ck_assert_uint_eq(nth(1)->references, 1);
	ends(SONDE_EVENT_EXIT, 10, 0);
	ends(SONDE_EVENT_EXIT, 12, 0);
	ck_assert_uint_eq(nth(1)->release, SONDE_RELEASE_NONE);
	ends(SONDE_EVENT_EXIT, 11, 9);
	ck_assert_uint_eq(nth(1)->release, SONDE_RELEASE_KILL);
}
END_TEST

START_TEST(the_end_of_a_thread_ends_nothing)
{
	struct sonde_event e;

	begin();
	e = blank(SONDE_EVENT_FORK, 10);
	e.n[0] = 10;
	e.n[1] = 99;
	e.flags = SONDE_FLAG_SHARED;
	tell(e);
	e = blank(SONDE_EVENT_EXIT, 10);
	e.tid = 99;
	tell(e);
	ck_assert_uint_eq(nth(1)->references, 1);
	ck_assert_uint_eq(nth(1)->release, SONDE_RELEASE_NONE);
}
END_TEST

START_TEST(exec_leaves_a_shared_table_and_drops_what_is_marked)
{
	struct sonde_event e;

	begin();
	e = blank(SONDE_EVENT_CALL, 10);
	e.call = SONDE_CALL_SOCKET;
	e.ino = 2;
	e.family = AF_INET;
	e.type = SOCK_DGRAM;
	e.fd = 4;
	e.ret = 4;
	e.flags = SONDE_FLAG_CLOEXEC;
	tell(e);
	fork_of(10, 11, SONDE_FLAG_SHARED);
	ends(SONDE_EVENT_EXEC, 11, 0);
	ck_assert_uint_eq(nth(1)->references, 2);
	ck_assert_uint_eq(nth(2)->references, 1); /* its maker still has it */
	ends(SONDE_EVENT_EXEC, 10, 0);
	ck_assert_uint_eq(nth(2)->release, SONDE_RELEASE_EXEC);
	ck_assert_uint_eq(nth(1)->release, SONDE_RELEASE_NONE);
}
END_TEST

START_TEST(close_range_takes_the_range_or_marks_it)
{
	struct sonde_event e;

	begin();
	for (int fd = 4; fd < 8; fd++)
		make(10, (uint64_t)fd, fd);
	e = blank(SONDE_EVENT_CALL, 10);
	e.call = SONDE_CALL_CLOSE_RANGE;
	e.arg[0] = 4;
	e.arg[1] = 5;
	tell(e);
	ck_assert_uint_eq(heard.releases, 2);
	e.arg[0] = 6;
	e.arg[1] = -1;
	e.arg[2] = 4; /* CLOSE_RANGE_CLOEXEC */
	tell(e);
	ck_assert_uint_eq(heard.releases, 0);
	ends(SONDE_EVENT_EXEC, 10, 0);
	ck_assert_uint_eq(heard.releases, 2);
	ck_assert_uint_eq(nth(1)->release, SONDE_RELEASE_NONE);
}
END_TEST

START_TEST(a_descriptor_in_flight_is_a_reference)
{
	struct sonde_event e;

	begin();
	e = blank(SONDE_EVENT_CALL, 10);
	e.call = SONDE_CALL_SOCKETPAIR;
	e.family = AF_UNIX;
	e.type = SOCK_STREAM;
	e.fd = 4;
	e.fd2 = 5;
	e.ino = 100;
	e.ino2 = 101;
	tell(e);
	ck_assert_uint_eq(heard.sid2, 3);
	e = blank(SONDE_EVENT_PASS, 10);
	e.fd = 3;
	e.ino = 1;
	e.ino2 = 100;
	tell(e);
	call(SONDE_CALL_CLOSE, 10, 1, 3, -1, 0);
	ck_assert_uint_eq(nth(1)->references, 1);
	ck_assert_uint_eq(nth(1)->in_flight, 1);
	call(SONDE_CALL_CLOSE, 10, 101, 5, -1, 0); /* nobody will read the message */
	ck_assert_uint_eq(heard.releases, 2);
	ck_assert_uint_eq(nth(1)->release, SONDE_RELEASE_PASSED);
}
END_TEST

START_TEST(a_call_that_outlasts_its_descriptor_does_not_bring_it_back)
{
	struct sonde_event e;

	begin();
	call(SONDE_CALL_CLOSE, 10, 1, 3, -1, 0);
	e = blank(SONDE_EVENT_CALL, 10);
	e.call = SONDE_CALL_RECVFROM;
	e.ino = 1;
	e.fd = 3;
	e.took = 1500; /* began before the close */
	tell(e);
	ck_assert_uint_eq(nth(1)->release, SONDE_RELEASE_CLOSE);
	e = blank(SONDE_EVENT_CALL, 11); /* a process whose fork was not seen */
	e.call = SONDE_CALL_RECVFROM;
	e.ino = 1;
	e.fd = 3;
	e.took = 10;
	tell(e);
	ck_assert_uint_eq(nth(1)->release, SONDE_RELEASE_NONE);
}
END_TEST

/* The thread that closes returns after another has got the number for a socket of its own. */
START_TEST(a_close_releases_what_it_closed_and_not_what_has_the_number_now)
{
	struct sonde_event e;

	begin();
	make(10, 2, 3); /* the number was free, so 1 is closed */
	ck_assert_uint_eq(heard.releases, 1);
	ck_assert_uint_eq(heard.released[0], 1);
	e = blank(SONDE_EVENT_CALL, 10);
	e.call = SONDE_CALL_CLOSE;
	e.ino = 1;
	e.fd = 3;
	e.took = 5000;
	tell(e);
	ck_assert_uint_eq(heard.releases, 0);
	ck_assert_uint_eq(nth(1)->release, SONDE_RELEASE_CLOSE);
	ck_assert_uint_eq(nth(2)->release, SONDE_RELEASE_NONE);
	ck_assert_uint_eq(nth(2)->references, 1);
	make(10, 4, 5);
	e = blank(SONDE_EVENT_CALL, 10); /* without its inode it began before 4 was made */
	e.call = SONDE_CALL_CLOSE;
	e.fd = 5;
	e.took = 1500;
	tell(e);
	ck_assert_uint_eq(nth(3)->release, SONDE_RELEASE_NONE);
	call(SONDE_CALL_CLOSE, 10, 0, 5, -1, 0);
	ck_assert_uint_eq(nth(3)->release, SONDE_RELEASE_CLOSE);
	ck_assert_uint_eq(nth(2)->release, SONDE_RELEASE_NONE);
}
END_TEST

START_TEST(what_the_kernel_ended_before_the_process_ended_was_closed)
{
	struct sonde_event e;

	begin();
	make(10, 2, 4);
	e = blank(SONDE_EVENT_DESTROY, 0);
	e.ino = 1;
	tell(e);
	ends(SONDE_EVENT_EXIT, 10, 0);
	ck_assert_uint_eq(nth(1)->release, SONDE_RELEASE_CLOSE);
	ck_assert(nth(1)->release_inferred);
	ck_assert_uint_eq(nth(1)->closed, nth(1)->gone);
	ck_assert_uint_eq(nth(2)->release, SONDE_RELEASE_EXIT);
	ck_assert(!nth(2)->release_inferred);
}
END_TEST

Suite *descriptor_suite(void)
{
	Suite *s = suite_create("descriptor");
	TCase *t = tcase_create("descriptor");

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, a_copy_keeps_it_and_the_last_close_releases_it);
	tcase_add_test(t, a_call_that_returns_0_has_made_no_descriptor);
	tcase_add_test(t, dup2_over_the_last_releases_what_was_there);
	tcase_add_test(t, fork_copies_and_a_shared_table_does_not);
	tcase_add_test(t, the_end_of_a_thread_ends_nothing);
	tcase_add_test(t, exec_leaves_a_shared_table_and_drops_what_is_marked);
	tcase_add_test(t, close_range_takes_the_range_or_marks_it);
	tcase_add_test(t, a_descriptor_in_flight_is_a_reference);
	tcase_add_test(t, a_call_that_outlasts_its_descriptor_does_not_bring_it_back);
	tcase_add_test(t, a_close_releases_what_it_closed_and_not_what_has_the_number_now);
	tcase_add_test(t, what_the_kernel_ended_before_the_process_ended_was_closed);
	suite_add_tcase(s, t);
	return s;
}
