#include <check.h>
#include <stdlib.h>

#include "invented.h"

Suite *line_suite(void);

START_TEST(a_session_reads_as_it_happens)
{
	hello_stream();
	/* clang-format off */
	same(written(),
		"   0.000100  #1   server[810]       socket = 3: tcp4\n"
		"   0.000110  #1   server[810]       bind\n"
		"   0.000117  #1   server[810]       CLOSE -> LISTEN  waits for connections\n"
		"   0.000120  #1   server[810]       listen, backlog 5\n"
		"   0.000304  #2   client[812]       socket = 3: tcp4\n"
		"   0.000313  #2   client[812]       CLOSE -> SYN_SENT  asked for a connection\n"
		"   0.000325  #2   client[812]       wire: SYN 10.0.0.1:41714 -> 10.0.0.2:5000, to #1\n"
		"   0.000340  #3   server[810]       wire: SYN ACK 10.0.0.2:5000 -> 10.0.0.1:41714, to #2\n"
		"   0.000350  #2   client[812]       SYN_SENT -> ESTABLISHED  both may send\n"
		"   0.000358  #3   server[810]       LISTEN -> SYN_RECV  was asked, and answered\n"
		"   0.000362  #3   server[810]       SYN_RECV -> ESTABLISHED  both may send\n"
		"   0.000365  #2   client[812]       connect 10.0.0.2:5000, took 56.0 us\n"
		"   0.000371  #3   server[810]       accept4 = 4: 10.0.0.2:5000 <- 10.0.0.1:41714, from listener #1, waited 9.00 us in the queue\n"
		"   0.000398  #3   server[810]       first bytes sent: sendto 14 B\n"
		"   0.000402  #2   client[812]       first bytes received: recvfrom 14 B, 36.0 us after connecting\n"
		"   0.000415  #3   server[810]       ESTABLISHED -> FIN_WAIT1  sent its FIN: will send no more\n"
		"   0.000417  #3   server[810]       wire: FIN ACK 10.0.0.2:5000 -> 10.0.0.1:41714, to #2\n"
		"   0.000419  #2   client[812]       ESTABLISHED -> CLOSE_WAIT  the peer's FIN came: it will send no more\n"
		"   0.000463  #3   server[810]       FIN_WAIT1 -> FIN_WAIT2  its FIN was acknowledged; the peer may still send\n"
		"   0.000465  #3   server[810]       closed after 93.3 us, its FIN is sent\n"
		"   0.000473  #2   client[812]       recvfrom = 0: end of stream, the peer sends no more\n"
		"   0.000490  #2   client[812]       CLOSE_WAIT -> LAST_ACK  sent its FIN too, waits for the last ACK\n"
		"   0.000491  #2   client[812]       wire: FIN ACK 10.0.0.1:41714 -> 10.0.0.2:5000, to #3\n"
		"   0.000497  #2   client[812]       LAST_ACK -> CLOSE\n"
		"   0.000501  #3   server[810]       FIN_WAIT2 -> TIME_WAIT  keeps the port from late segments\n"
		"   0.000505  #2   client[812]       closed after 201 us, fin-remote\n");
	/* clang-format on */
}
END_TEST

START_TEST(a_drop_says_who_is_not_told)
{
	line.classes = SONDE_LINE_DROPS;
	lossy_datagrams();
	same(written(), "   0.000205  #2   reader[901]       dropped 1000 B from 10.0.0.1:40000: "
			"the receive buffer was full (SOCKET_RCVBUFF); the sender #1 "
			"caller[900] is not told\n");
}
END_TEST

START_TEST(a_segment_that_was_dropped_has_no_invented_length)
{
	struct sonde_endpoint *e = endpoint(SONDE_KIND_TCP4, SONDE_ROLE_CLIENT, 7, "c");
	struct sonde_item i = { .is = SONDE_ITEM_EVENT, .event = event(e, 10, SONDE_EVENT_DROP) };
	struct sonde_heard h = { .sid = 1, .milestone = SONDE_MILESTONE_DROPPED };

	i.event.protocol = IPPROTO_TCP;
	i.event.remote = ip4(2, 80);
	i.event.text = (struct sonde_bytes){ (const uint8_t *)"TCP_ABORT_ON_DATA", 17 };
	hear(&i, &h);
	same(written(), "   0.000010  #1   c[7]              dropped a segment from 10.0.0.2:80: "
			"data came after the close (TCP_ABORT_ON_DATA)\n");
}
END_TEST

START_TEST(calls_are_written_as_strace_writes_them_and_replace_what_they_mean)
{
	line.classes = SONDE_LINE_APP | SONDE_LINE_CALLS;
	hello_stream();
	/* clang-format off */
	same(written(),
		"   0.000100  #1   server[810]       socket(AF_INET, SOCK_STREAM) = 3 <5.00 us>\n"
		"   0.000110  #1   server[810]       bind(3) = 0 <2.00 us>\n"
		"   0.000120  #1   server[810]       listen(3, 5) = 0 <4.00 us>\n"
		"   0.000304  #2   client[812]       socket(AF_INET, SOCK_STREAM) = 3 <4.00 us>\n"
		"   0.000365  #2   client[812]       connect(3) = 0 <56.0 us>\n"
		"   0.000371  #1   server[810]       accept4(3) = 4 <240 us> #3 10.0.0.2:5000 <- 10.0.0.1:41714\n"
		"   0.000398  #3   server[810]       sendto(4) = 14 <14.0 us>\n"
		"   0.000402  #2   client[812]       recvfrom(3) = 14 <30.0 us>\n"
		"   0.000465  #3   server[810]       close(4) = 0 <52.0 us>\n"
		"   0.000473  #2   client[812]       recvfrom(3) = 0 <60.0 us>\n"
		"   0.000505  #2   client[812]       close(3) = 0 <17.0 us>\n");
	/* clang-format on */
}
END_TEST

START_TEST(every_packet_has_a_line_with_its_sockets)
{
	line.classes = SONDE_LINE_PACKETS;
	lossy_datagrams();
	same(written(), "   0.000103  #1   caller[900]       wire: IP 10.0.0.1.40000 > "
			"10.0.0.2.7000: UDP, length 1000, to #2, message 1\n"
			"   0.000203  #1   caller[900]       wire: IP 10.0.0.1.40000 > "
			"10.0.0.2.7000: UDP, length 1000, to #2, message 2\n"
			"   0.000303  #1   caller[900]       wire: IP 10.0.0.1.40000 > "
			"10.0.0.2.7000: UDP, length 1000, to #2, message 3\n");
}
END_TEST

static void say(struct sonde_event e, unsigned milestone, uint32_t sid, uint32_t sid2)
{
	struct sonde_item i = { .is = SONDE_ITEM_EVENT, .event = e };
	struct sonde_heard h = { .sid = sid, .sid2 = sid2, .milestone = (uint8_t)milestone };

	sonde_line_print(&line, &i, &h);
}

START_TEST(failures_resets_and_ends_are_named_with_their_meaning)
{
	struct sonde_endpoint *e = endpoint(SONDE_KIND_TCP4, SONDE_ROLE_CLIENT, 7, "c");
	struct sonde_event v = event(e, 10, SONDE_EVENT_CALL);

	line.classes |= SONDE_LINE_PROCESS;
	e->remote = ip4(3, 9);
	v.call = SONDE_CALL_CONNECT;
	v.ret = -ECONNREFUSED;
	say(v, SONDE_MILESTONE_FAILED, 1, 0);
	v = event(e, 20, SONDE_EVENT_RESET_OUT);
	v.text = (struct sonde_bytes){ (const uint8_t *)"TCP_ABORT_ON_CLOSE", 18 };
	say(v, SONDE_MILESTONE_RESET, 1, 0);
	v = event(e, 30, SONDE_EVENT_RESET_IN);
	say(v, SONDE_MILESTONE_RESET, 1, 0);
	v = event(e, 40, SONDE_EVENT_EXIT);
	v.arg[0] = 9;
	say(v, SONDE_MILESTONE_PROCESS, 0, 0);
	v = event(NULL, 50, SONDE_EVENT_LOST);
	v.n[0] = 12;
	v.text = (struct sonde_bytes){ (const uint8_t *)"ring", 4 };
	say(v, SONDE_MILESTONE_NOTE, 0, 0);
	e->cause = SONDE_CAUSE_RST_SENT;
	e->cause_inferred = true;
	e->detail = "unread data";
	v = event(e, 60, SONDE_EVENT_DESTROY);
	say(v, SONDE_MILESTONE_GONE, 1, 0);
	same(written(), "   0.000010  #1   c[7]              connect 10.0.0.3:9 = ECONNREFUSED: "
			"nobody listens there\n"
			"   0.000020  #1   c[7]              reset sent: closed with unread data\n"
			"   0.000030  #1   c[7]              reset received\n"
			"   0.000040       c[7]              was killed by SIGKILL\n"
			"   0.000050                         12 events lost before here, by ring\n"
			"   0.000060  #1   c[7]              the kernel's socket ends: rst-sent "
			"(inferred), unread data\n");
}
END_TEST

START_TEST(a_long_name_is_cut_and_the_words_keep_their_column)
{
	struct sonde_endpoint *e =
		endpoint(SONDE_KIND_UDP4, SONDE_ROLE_SENDER, 4194304, "systemd-resolve");
	struct sonde_event v = event(e, 10, SONDE_EVENT_CALL);

	v.call = SONDE_CALL_BIND;
	say(v, SONDE_MILESTONE_NAMED, 1, 0);
	memcpy(v.comm, "r\xc3\xa9solveur-d\xc3\xa9n\0", 16);
	say(v, SONDE_MILESTONE_NAMED, 1, 0);
	memcpy(v.comm, "nginx\0", 6);
	v.pid = 30000;
	say(v, SONDE_MILESTONE_NAMED, 123456, 0);
	same(written(), "   0.000010  #1   system..[4194304] bind\n"
			"   0.000010  #1   r\xc3\xa9sol..[4194304]  bind\n"
			"   0.000010  #123456 nginx[30000]   bind\n");
}
END_TEST

START_TEST(a_reset_says_what_made_the_kernel_send_it)
{
	struct sonde_endpoint *e = endpoint(SONDE_KIND_TCP4, SONDE_ROLE_SERVER, 0, "");
	struct sonde_event v = event(e, 20, SONDE_EVENT_RESET_OUT);

	v.text = (struct sonde_bytes){ (const uint8_t *)"TCP_STATE", 9 };
	say(v, SONDE_MILESTONE_RESET, 1, 0); /* nobody had accepted it */
	e->opened = at(4);
	say(v, SONDE_MILESTONE_RESET, 1, 0);
	same(written(),
	     "   0.000020  #1                     reset sent: its listener closed before "
	     "it was accepted\n"
	     "   0.000020  #1                     reset sent: closed with linger 0, or "
	     "disconnected\n");
}
END_TEST

START_TEST(a_connect_that_failed_late_says_when_and_why)
{
	struct sonde_endpoint *e = endpoint(SONDE_KIND_TCP4, SONDE_ROLE_CLIENT, 7, "c");
	struct sonde_event v = event(e, 5000000, SONDE_EVENT_CALL);

	v.call = SONDE_CALL_CONNECT;
	v.ret = -ETIMEDOUT;
	v.took = 3 * SONDE_SECOND;
	say(v, SONDE_MILESTONE_FAILED, 1, 0);
	ck_assert_ptr_nonnull(
		strstr(written(), "connect = ETIMEDOUT: no answer in time, after 3.00 s\n"));
	v.call = SONDE_CALL_GETSOCKOPT; /* it did not wait, and asked */
	v.ret = 0;
	v.arg[2] = ECONNREFUSED;
	say(v, SONDE_MILESTONE_FAILED, 1, 0);
	ck_assert_ptr_nonnull(strstr(written(), "SO_ERROR = ECONNREFUSED: nobody listens there\n"));
}
END_TEST

START_TEST(bytes_that_no_call_moved_say_by_what)
{
	struct sonde_endpoint *e = endpoint(SONDE_KIND_TCP4, SONDE_ROLE_CLIENT, 7, "c");
	struct sonde_event v = event(e, 10, SONDE_EVENT_SENT);

	v.ret = 5;
	say(v, SONDE_MILESTONE_FIRST_SENT, 1, 0);
	v.kind = SONDE_EVENT_RECEIVED;
	v.fd = 3;
	say(v, SONDE_MILESTONE_FIRST_RECEIVED, 1, 0);
	same(written(),
	     "   0.000010  #1   c[7]              first bytes sent: 5 B by io_uring\n"
	     "   0.000010  #1   c[7]              first bytes received: 5 B by splice\n");
}
END_TEST

START_TEST(an_exit_ends_several_sockets_each_with_a_line)
{
	struct sonde_endpoint *a = endpoint(SONDE_KIND_UDP4, SONDE_ROLE_SENDER, 7, "c");
	struct sonde_endpoint *b = endpoint(SONDE_KIND_UDP4, SONDE_ROLE_SENDER, 7, "c");
	struct sonde_item i = { .is = SONDE_ITEM_EVENT, .event = event(a, 10, SONDE_EVENT_EXIT) };
	uint32_t released[] = { a->sid, b->sid };
	struct sonde_heard h = { .milestone = SONDE_MILESTONE_PROCESS,
				 .released = released,
				 .releases = 2 };

	a->release = b->release = SONDE_RELEASE_EXIT;
	b->opened = at(4);
	ck_assert_uint_eq(sonde_line_print(&line, &i, &h), 3);
	same(written(), "   0.000010       c[7]              exited with 0\n"
			"   0.000010  #1   c[7]              closed (exit)\n"
			"   0.000010  #2   c[7]              closed (exit) after 6.00 us\n");
}
END_TEST

START_TEST(processes_without_sockets_are_silent_unless_asked_for)
{
	struct sonde_endpoint *e = endpoint(SONDE_KIND_TCP4, SONDE_ROLE_CLIENT, 7, "c");

	say(event(e, 10, SONDE_EVENT_EXIT), SONDE_MILESTONE_PROCESS, 0, 0);
	ck_assert_uint_eq(text.len, 0);
	line.classes |= SONDE_LINE_PROCESS;
	say(event(e, 10, SONDE_EVENT_EXIT), SONDE_MILESTONE_PROCESS, 0, 0);
	ck_assert_uint_gt(text.len, 0);
}
END_TEST

START_TEST(the_end_of_a_run_says_how_the_command_ended_and_what_is_left)
{
	struct sonde_event v = event(NULL, 10, SONDE_EVENT_END);

	v.arg[0] = 3 << 8;
	v.arg[1] = 1;
	v.text = (struct sonde_bytes){ (const uint8_t *)"812 813", 7 };
	say(v, SONDE_MILESTONE_NOTE, 0, 0);
	ck_assert_ptr_nonnull(strstr(written(), "run ends: the command exited with 3; "
						"still running: 812 813\n"));
}
END_TEST

START_TEST(hostile_names_are_harmless)
{
	struct sonde_endpoint *e =
		endpoint(SONDE_KIND_UNIX_DGRAM, SONDE_ROLE_RECEIVER, 7, "\x1b[2J\xff\\");
	struct sonde_event v = event(e, 10, SONDE_EVENT_CALL);
	static const uint8_t name[] = { AF_UNIX & 255, AF_UNIX >> 8, 0, 'a', 7, 0x9b, 0 };

	v.call = SONDE_CALL_BIND;
	v.address = (struct sonde_bytes){ name, sizeof name };
	say(v, SONDE_MILESTONE_NAMED, 1, 0);
	same(written(), "   0.000010  #1   \\x1b[2J\\xff\\..[7] bind @a\\x07\\x9b\\x00\n");
	v = event(NULL, 20, SONDE_EVENT_BLIND);
	v.text = (struct sonde_bytes){ (const uint8_t *)"\x1b]0;x\a", 6 };
	say(v, SONDE_MILESTONE_NOTE, 0, 0);
	line.classes = SONDE_LINE_ALL;
	v = event(e, 30, SONDE_EVENT_CALL);
	v.call = SONDE_CALL_SENDTO;
	v.text = (struct sonde_bytes){ (const uint8_t *)"\x1b[2J", 4 };
	say(v, 0, 1, 0);
	v = event(e, 40, SONDE_EVENT_EXEC);
	v.text = (struct sonde_bytes){ (const uint8_t *)"/\x1b[m", 4 };
	say(v, SONDE_MILESTONE_PROCESS, 0, 0);
	for (const char *p = written(); *p; p++)
		ck_assert(*p == '\n' || (*p >= ' ' && *p < 127));
}
END_TEST

START_TEST(what_was_there_before_is_told_as_far_as_it_is_known)
{
	struct sonde_endpoint *named = endpoint(SONDE_KIND_TCP4, SONDE_ROLE_LISTENER, 7, "srv");
	struct sonde_endpoint *unnamed =
		endpoint(SONDE_KIND_UNIX_STREAM, SONDE_ROLE_PEER, 7, "srv");
	struct sonde_event a = event(named, 10, SONDE_EVENT_SEED);
	struct sonde_event b = event(unnamed, 11, SONDE_EVENT_SEED);

	named->local = ip4(1, 80);
	a.fd = 4;
	b.fd = 5;
	say(a, SONDE_MILESTONE_SEEDED, 1, 0);
	say(b, SONDE_MILESTONE_SEEDED, 2, 0);
	same(written(),
	     "   0.000010  #1   srv[7]            was there before: tcp4, descriptor 4, "
	     "10.0.0.1:80\n"
	     "   0.000011  #2   srv[7]            was there before: unix-stream, descriptor 5\n");
}
END_TEST

START_TEST(classes_are_chosen_by_their_words)
{
	unsigned bits = 99;
	const char *bad = NULL, *words = "kernel,drop";

	ck_assert_int_eq(sonde_line_classes("kernel,drops", &bits, &bad), 0);
	ck_assert_uint_eq(bits, SONDE_LINE_KERNEL | SONDE_LINE_DROPS);
	ck_assert_int_eq(sonde_line_classes(words, &bits, &bad), -EINVAL);
	ck_assert_ptr_eq(bad, words + 7);
	ck_assert_int_eq(sonde_line_classes("", &bits, &bad), -EINVAL);
	ck_assert_int_eq(sonde_line_classes("app,,wire", &bits, &bad), -EINVAL);
	ck_assert_int_eq(sonde_line_classes("none", &bits, &bad), 0);
	ck_assert_uint_eq(bits, 0);
	hello_stream();
	ck_assert_uint_gt(text.len, 0);
	text.len = 0;
	line.classes = 0;
	lossy_datagrams();
	ck_assert_uint_eq(text.len, 0);
}
END_TEST

Suite *line_suite(void)
{
	Suite *s = suite_create("line");
	TCase *t = tcase_create("line");

	tcase_add_checked_fixture(t, invent, forget);
	tcase_add_test(t, a_session_reads_as_it_happens);
	tcase_add_test(t, a_drop_says_who_is_not_told);
	tcase_add_test(t, a_segment_that_was_dropped_has_no_invented_length);
	tcase_add_test(t, calls_are_written_as_strace_writes_them_and_replace_what_they_mean);
	tcase_add_test(t, every_packet_has_a_line_with_its_sockets);
	tcase_add_test(t, failures_resets_and_ends_are_named_with_their_meaning);
	tcase_add_test(t, a_long_name_is_cut_and_the_words_keep_their_column);
	tcase_add_test(t, a_reset_says_what_made_the_kernel_send_it);
	tcase_add_test(t, a_connect_that_failed_late_says_when_and_why);
	tcase_add_test(t, bytes_that_no_call_moved_say_by_what);
	tcase_add_test(t, an_exit_ends_several_sockets_each_with_a_line);
	tcase_add_test(t, processes_without_sockets_are_silent_unless_asked_for);
	tcase_add_test(t, the_end_of_a_run_says_how_the_command_ended_and_what_is_left);
	tcase_add_test(t, hostile_names_are_harmless);
	tcase_add_test(t, what_was_there_before_is_told_as_far_as_it_is_known);
	tcase_add_test(t, classes_are_chosen_by_their_words);
	suite_add_tcase(s, t);
	return s;
}
