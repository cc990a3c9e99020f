#include "tests/ptrace_run.h"

Suite *ptrace_suite(void);

START_TEST(a_tcp_session_is_seen_from_socket_to_end)
{
	const struct sonde_event *e, *accepted;
	uint64_t client, server;

	settle(_i);
	run(false, "causes", "local-first", 0);
	client = ino_of("client");
	server = ino_of("server");
	e = CALL(SOCKET, client);
	ck_assert_int_eq(e->family, AF_INET);
	ck_assert_int_eq(e->type, SOCK_STREAM);
	ck_assert_int_eq(e->protocol, IPPROTO_TCP);
	ck_assert_int_eq(e->fd, e->ret);
	ck_assert_uint_ne(e->cookie, 0);
	ck_assert_uint_ne(e->netns, 0);
	ck_assert_str_eq(e->comm, "causes");
	ck_assert_uint_eq(e->pid, (unsigned)child.pid);
	e = CALL(CONNECT, client);
	ck_assert_int_eq(e->ret, 0);
	ck_assert_uint_eq(e->state, TCP_ESTABLISHED);
	ck_assert_uint_eq(e->address.len, sizeof(struct sockaddr_in));
	ck_assert_uint_ne(e->local.port, 0);
	ck_assert_uint_gt(e->took, 0);
	accepted = CALL(ACCEPT, 0);
	ck_assert_uint_eq(accepted->ino2, server);
	ck_assert_uint_ne(accepted->cookie2, 0);
	ck_assert_int_eq(accepted->fd2, accepted->ret);
	ck_assert_uint_eq(accepted->remote.port, e->local.port);
	e = find(SONDE_EVENT_DIAG, 0, client);
	ck_assert_uint_eq(e->state, TCP_ESTABLISHED);
	ck_assert_uint_eq(e->n[0], 5);
	e = find(SONDE_EVENT_DIAG, 0, server);
	ck_assert_uint_eq(e->state, TCP_CLOSE_WAIT);
	ck_assert_uint_eq(e->n[1], 5);
	ck_assert_uint_eq(e->cookie, accepted->cookie2);
	ck_assert_uint_eq(count(SONDE_EVENT_CALL, SONDE_CALL_CLOSE, client), 1);
	ck_assert_uint_eq(count(SONDE_EVENT_CALL, SONDE_CALL_CLOSE, server), 1);
	e = find(SONDE_EVENT_EXIT, 0, 0);
	ck_assert_int_eq(e->arg[0], 0);
	ck_assert_int_eq(e->arg[1], 1);
	/* Without --calls nothing that sends or receives is stopped at. */
	for (size_t i = 0; i < n_heard; i++)
		ck_assert(heard[i].kind != SONDE_EVENT_CALL ||
			  (sonde_call_class(heard[i].call) != SONDE_CALL_SEND &&
			   sonde_call_class(heard[i].call) != SONDE_CALL_RECV));
}
END_TEST

/* The last DIAG of the socket's cookie that has the flag. */
static const struct sonde_event *diag(uint64_t ino, unsigned flag, unsigned state)
{
	const struct sonde_event *e, *found = NULL;
	uint64_t cookie = 0;
	size_t at = 0;

	for (size_t i = 0; i < n_heard; i++) {
		if (heard[i].ino == ino && heard[i].cookie)
			cookie = heard[i].cookie;
		if (heard[i].ino2 == ino && heard[i].cookie2)
			cookie = heard[i].cookie2;
	}
	while ((e = next(&at, SONDE_EVENT_DIAG, 0, 0)))
		if (e->cookie == cookie && e->flags & flag && (!state || e->state == state))
			found = e;
	return found;
}

static bool waits(uint64_t ino)
{
	return diag(ino, SONDE_FLAG_COPY, TCP_TIME_WAIT) ||
	       diag(ino, SONDE_FLAG_COPY, TCP_FIN_WAIT2);
}

START_TEST(who_closed_first_is_known_from_time_wait)
{
	settle(_i);
	wait_for_ends = true;
	run(false, "causes", "local-first", 0);
	ck_assert(waits(ino_of("client")));
	ck_assert(!waits(ino_of("server")));
	ck_assert_uint_eq(diag(ino_of("client"), SONDE_FLAG_LAST, 0)->n[0], 5);
	ck_assert_uint_eq(diag(ino_of("client"), SONDE_FLAG_LAST, 0)->n[1], 0);
	ck_assert_uint_eq(diag(ino_of("server"), SONDE_FLAG_LAST, 0)->n[1], 5);
	n_heard = 0;
	run(false, "causes", "peer-first", 0);
	ck_assert(!waits(ino_of("client")));
	ck_assert(waits(ino_of("server")));
}
END_TEST

/* The child made no call on it that was stopped at; the FIN is no byte. */
START_TEST(what_a_child_has_inherited_is_looked_at_before_it_ends)
{
	settle(_i);
	wait_for_ends = true;
	run(false, "causes", _i ? "kill" : "exit", 0);
	ck_assert_uint_eq(diag(ino_of("client"), SONDE_FLAG_COPY, TCP_ESTABLISHED)->n[1], 5);
	ck_assert_uint_eq(diag(ino_of("client"), SONDE_FLAG_LAST, 0)->n[1], 5);
}
END_TEST

START_TEST(what_will_reset_is_seen_before_the_close)
{
	settle(_i);
	run(false, "causes", "linger", 0);
	ck_assert_int_eq(diag(ino_of("client"), SONDE_FLAG_COPY, 0)->arg[1], 1);
	ck_assert_int_eq(diag(ino_of("client"), SONDE_FLAG_COPY, 0)->arg[0], 0);
	n_heard = 0;
	run(false, "causes", "unread", 0);
	ck_assert_int_eq(diag(ino_of("server"), SONDE_FLAG_COPY, 0)->arg[0], 6);
	ck_assert_int_eq(diag(ino_of("server"), SONDE_FLAG_COPY, 0)->arg[1], 0);
}
END_TEST

/* Every socket that a stimulus names is there with its cookie, and is released. */
START_TEST(every_socket_of_every_stimulus_is_seen)
{
	static const char *const runs[][2] = {
		{ "causes", "half-close" },    { "causes", "refused" },
		{ "causes", "exit" },	       { "causes", "exec" },
		{ "causes", "kill" },	       { "causes", "never-accepted" },
		{ "causes", "passed" },	       { "causes", "lost-in-message" },
		{ "handles", "copies" },       { "handles", "replaced" },
		{ "handles", "range" },	       { "handles", "inherited" },
		{ "handles", "threads" },      { "datagrams", "overflow4" },
		{ "datagrams", "unix-full" },  { "datagrams", "refused-connected" },
		{ "datagrams", "truncated" },  { "datagrams", "disconnect" },
		{ "tracee", "pending-error" }, { "tracee", "spawned" },
		{ "tracee", "thread-exec" },   { "tracee", "leader-ends" },
		{ "tracee", "interrupted" },
	};

	settle(_i % 2);
	for (size_t r = 0; r < sizeof runs / sizeof *runs; r++) {
		char *save = NULL;

		n_heard = 0;
		run(_i / 2, runs[r][0], runs[r][1], 0);
		ck_assert_uint_eq(count(SONDE_EVENT_EXIT, 0, 0) > 0, 1);
		for (char *line = strtok_r(said, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save)) {
			uint64_t ino = strtoull(strchr(line, ' ') + 1, NULL, 10);
			bool known = ino < 1000; /* a count, not a socket */

			for (size_t i = 0; i < n_heard; i++)
				known |= (heard[i].ino == ino && heard[i].cookie) ||
					 (heard[i].ino2 == ino && heard[i].cookie2);
			ck_assert_msg(known, "%s of %s %s was not seen", line, runs[r][0],
				      runs[r][1]);
		}
	}
}
END_TEST

START_TEST(a_passed_descriptor_is_given_before_it_is_taken)
{
	const struct sonde_event *given, *taken;
	uint64_t client;

	settle(_i);
	run(false, "causes", "passed", 0);
	client = ino_of("client");
	given = find(SONDE_EVENT_PASS, 0, client);
	taken = find(SONDE_EVENT_TAKE, 0, client);
	ck_assert(given < taken);
	ck_assert_uint_ne(given->ino2, 0);
	ck_assert_uint_ne(given->ino2, taken->ino2); /* two ends of a pair */
	ck_assert_uint_ne(given->pid, taken->pid);
	ck_assert_uint_eq(count(SONDE_EVENT_CALL, SONDE_CALL_CLOSE, client), 2);
}
END_TEST

static int send_many(void *arg)
{
	enum { EACH = 253 };
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(EACH * sizeof(int))] = { 0 };
	struct iovec byte = { control, 1 };
	struct mmsghdr m[2] = { 0 };
	struct cmsghdr *c;
	int pair[2];

	(void)arg;
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair))
		return 1;
	for (int i = 0; i < 2; i++)
		m[i].msg_hdr = (struct msghdr){ .msg_iov = &byte,
						.msg_iovlen = 1,
						.msg_control = control,
						.msg_controllen = sizeof control };
	c = CMSG_FIRSTHDR(&m[0].msg_hdr);
	*c = (struct cmsghdr){ CMSG_LEN(EACH * sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
	for (int i = 0; i < EACH; i++)
		memcpy(CMSG_DATA(c) + (size_t)i * sizeof(int), &pair[0], sizeof(int));
	return sendmmsg(pair[0], m, 2, 0) == 2 ? 0 : 2;
}

/* As many are told as one message may carry. */
START_TEST(two_messages_full_of_descriptors_are_no_more_than_we_have_room_for)
{
	struct sonde_child_plan plan = { .run = send_many, .out = -1, .prepare = prepare };

	settle(_i);
	sonde_sleep_init();
	open_tracer(false, true);
	plan.arg = tracer;
	ck_assert_int_eq(sonde_child_start(&child, &plan), 0);
	ck_assert_int_eq(sonde_tracer_follow(tracer, child.pid), 0);
	sonde_child_release(&child);
	ck_assert(read_until(child_has_ended, NULL, 15000));
	ck_assert_int_eq(child_status, 0);
	ck_assert_uint_eq(count(SONDE_EVENT_PASS, 0, 0), 253);
	ck_assert_ptr_null(tracer = sonde_tracer_close(tracer));
	sonde_child_done(&child);
	sonde_sleep_done();
}
END_TEST

START_TEST(all_calls_come_with_sizes_addresses_and_payload)
{
	const struct sonde_event *e;

	settle(_i);
	run(true, "causes", "local-first", 0);
	e = CALL(SENDTO, ino_of("client"));
	ck_assert_int_eq(e->ret, 5);
	ck_assert_uint_eq(e->bytes, 5);
	ck_assert_int_eq(e->arg[1], 5);
	ck_assert_str_eq(texts[e - heard], "hello");
	e = CALL(RECVFROM, ino_of("server"));
	ck_assert_uint_eq(e->bytes, 5);
	ck_assert_str_eq(texts[e - heard], "hello");
	n_heard = 0;
	run(true, "datagrams", "refused-unconnected", 0);
	e = CALL(SENDTO, 0);
	ck_assert_uint_eq(e->address.len, sizeof(struct sockaddr_in));
	n_heard = 0;
	run(true, "datagrams", "truncated-msg", 0);
	e = CALL(RECVMSG, ino_of("receiver"));
	ck_assert_uint_ne(e->flags & SONDE_FLAG_TRUNC, 0);
	n_heard = 0;
	run(true, "datagrams", "refused-connected", 0);
	for (e = NULL; n_heard; n_heard--)
		if (heard[n_heard - 1].ret == -ECONNREFUSED)
			e = &heard[n_heard - 1];
	ck_assert_ptr_nonnull(e);
}
END_TEST

START_TEST(an_interrupted_call_is_told_once)
{
	const struct sonde_event *e;

	settle(_i);
	run(false, "tracee", "interrupted", 0);
	ck_assert_uint_eq(count(SONDE_EVENT_CALL, SONDE_CALL_ACCEPT, 0), 1);
	e = CALL(ACCEPT, 0);
	ck_assert_uint_eq(e->ino2, ino_of("accepted"));
}
END_TEST

START_TEST(two_thousand_short_connections_are_all_seen)
{
	size_t sockets, closes = 0;

	settle(_i);
	run(false, "churn", "sockets", 0);
	sockets = count(SONDE_EVENT_CALL, SONDE_CALL_SOCKET, 0) +
		  count(SONDE_EVENT_CALL, SONDE_CALL_ACCEPT, 0) +
		  2 * count(SONDE_EVENT_CALL, SONDE_CALL_SOCKETPAIR, 0);
	closes = count(SONDE_EVENT_CALL, SONDE_CALL_CLOSE, 0);
	ck_assert_uint_ge(sockets, 10000);
	ck_assert_uint_eq(closes + 2, sockets); /* two go by exit */
}
END_TEST

Suite *ptrace_suite(void)
{
	Suite *s = suite_create("ptrace");
	TCase *t = tcase_create("ptrace");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_tcp_session_is_seen_from_socket_to_end, 0, 2);
	tcase_add_loop_test(t, who_closed_first_is_known_from_time_wait, 0, 2);
	tcase_add_loop_test(t, what_a_child_has_inherited_is_looked_at_before_it_ends, 0, 2);
	tcase_add_loop_test(t, what_will_reset_is_seen_before_the_close, 0, 2);
	tcase_add_loop_test(t, every_socket_of_every_stimulus_is_seen, 0, 4);
	tcase_add_loop_test(t, a_passed_descriptor_is_given_before_it_is_taken, 0, 2);
	tcase_add_loop_test(t, two_messages_full_of_descriptors_are_no_more_than_we_have_room_for,
			    0, 2);
	tcase_add_loop_test(t, all_calls_come_with_sizes_addresses_and_payload, 0, 2);
	tcase_add_loop_test(t, an_interrupted_call_is_told_once, 0, 2);
	tcase_add_loop_test(t, two_thousand_short_connections_are_all_seen, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
