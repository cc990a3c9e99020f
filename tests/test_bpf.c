#include "tests/bpf_run.h"

Suite *bpf_suite(void);

#ifdef SONDE_HAVE_BPF

#include <sys/sendfile.h>

START_TEST(a_tcp_session_is_told_whole)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct sonde_event *made, *accepted, *state;
	uint64_t client, server, listener;

	family = families[_i];
	run_clean(&usual, &(struct deed){ .after = tcp });
	accepted = call(SONDE_CALL_ACCEPT4, 0);
	made = call(SONDE_CALL_SOCKET, 1);
	listener = accepted->cookie;
	server = accepted->cookie2;
	client = call(SONDE_CALL_CONNECT, 0)->cookie;
	ck_assert_uint_ne(client, 0);
	ck_assert_str_eq(story(client, false), "socket connect write read shutdown read close ");
	ck_assert_str_eq(story(client, true), "7>2 2>1 1>4 4>5 5>7 destroy ");
	ck_assert_str_eq(story(server, false), "recvfrom sendto recvfrom close ");
	ck_assert_str_eq(story(server, true), "10>3 3>1 1>8 8>9 9>7 destroy ");
	ck_assert_str_eq(story(listener, false), "socket bind getsockname listen accept4 close ");
	ck_assert_str_eq(story(listener, true), "7>10 10>7 destroy ");
	/* what the fields hold */
	ck_assert_int_eq(made->family, family);
	ck_assert_int_eq(made->type, SOCK_STREAM);
	ck_assert_int_eq(made->protocol, IPPROTO_TCP);
	ck_assert_uint_ne(made->flags & SONDE_FLAG_CLOEXEC, 0);
	ck_assert_uint_eq(made->pid, (uint32_t)child);
	ck_assert_uint_eq(made->netns, netns);
	ck_assert_uint_eq(made->cookie, client);
	ck_assert_uint_ne(made->ino, 0);
	ck_assert_int_eq(accepted->fd2, (int)accepted->ret);
	ck_assert_uint_eq(accepted->ino2, call(SONDE_CALL_RECVFROM, 0)->ino);
	ck_assert_uint_eq(accepted->state, 1);
	ck_assert_int_eq(accepted->local.family, family);
	ck_assert(sonde_address_equal(&accepted->remote, &call(SONDE_CALL_CONNECT, 0)->local));
	ck_assert(sonde_address_equal(&accepted->local, &call(SONDE_CALL_CONNECT, 0)->remote));
	ck_assert_uint_eq(call(SONDE_CALL_BIND, 0)->address.len, family == AF_INET ? 16 : 28);
	ck_assert_uint_eq(call(SONDE_CALL_WRITE, 0)->bytes, 5);
	ck_assert_int_eq(call(SONDE_CALL_RECVFROM, 0)->arg[1], 64);
	ck_assert_int_eq(call(SONDE_CALL_LISTEN, 0)->arg[0], 5);
	ck_assert_int_eq(call(SONDE_CALL_SHUTDOWN, 0)->arg[0], SHUT_WR);
	ck_assert_uint_gt(call(SONDE_CALL_CONNECT, 0)->took, 0);
	state = event(SONDE_EVENT_STATE, 1);
	ck_assert_int_eq(state->to, 2); /* SYN_SENT */
	ck_assert_uint_ne(state->flags & SONDE_FLAG_TASK, 0);
	ck_assert_uint_eq(state->pid, (uint32_t)child);
	EACH_EVENT(e)
	{
		if (e->kind == SONDE_EVENT_STATE && e->from == 10 && e->to == 3)
			ck_assert_uint_eq(e->flags & SONDE_FLAG_TASK, 0);
		if (e->kind == SONDE_EVENT_DESTROY && e->cookie == client) {
			ck_assert_uint_eq(e->n[0], 5);
			ck_assert_uint_eq(e->ino, made->ino);
		}
	}
}
END_TEST

START_TEST(every_tcp_packet_is_seen_once_with_its_socket)
{
	uint64_t client, server;
	unsigned n = 0, syn = 0, fin = 0;
	uint8_t before[64 * 16];

	family = AF_INET;
	run_clean(&usual, &(struct deed){ .after = tcp });
	client = call(SONDE_CALL_CONNECT, 0)->cookie;
	server = call(SONDE_CALL_ACCEPT4, 0)->cookie2;
	EACH_FRAME(f)
	{
		uint8_t flags, id[16];
		bool is_client;

		ck_assert_uint_eq(f->link, 101);
		ck_assert_uint_eq(f->protocol, 0x0800);
		ck_assert_uint_eq(f->netns, netns);
		ck_assert_uint_eq(f->dir, SONDE_DIR_OUT);
		ck_assert_uint_eq(f->sum, SONDE_SUM_NOT_READY);
		ck_assert_uint_ge(f->byte.len, 40);
		ck_assert_uint_ge(f->wire, f->byte.len);
		ck_assert_uint_eq(f->wire, (uint32_t)f->byte.at[2] << 8 | f->byte.at[3]);
		flags = f->byte.at[33];
		/* ports, numbers, flags and length make a segment what it is */
		memcpy(id, f->byte.at + 20, 12);
		memcpy(id + 12, f->byte.at + 32, 2);
		memcpy(id + 14, f->byte.at + 2, 2);
		for (unsigned i = 0; i < n; i++)
			ck_assert(memcmp(before + 16 * i, id, 16));
		ck_assert_uint_lt(n, 64);
		memcpy(before + 16 * n++, id, 16);
		syn += flags >> 1 & 1;
		fin += flags & 1;
		is_client = !memcmp(
			f->byte.at + 22,
			&((struct sockaddr_in *)call(SONDE_CALL_CONNECT, 0)->address.at)->sin_port,
			2);
		if (flags == 0x12) /* the SYN-ACK is sent before there is a socket */
			ck_assert(f->cookie == 0 || f->cookie == server);
		else
			ck_assert_uint_eq(f->cookie, is_client ? client : server);
	}
	ck_assert_uint_eq(syn, 2);
	ck_assert_uint_eq(fin, 2);
	ck_assert_uint_ge(n, 9); /* handshake 3, data 2, their acknowledgements, closing 3 or 4 */
}
END_TEST

static void greeting(void)
{
	char text[] = "Hello, client!", buf[64], big[3000];
	int a, s = bound(SOCK_STREAM), c = socket(family, SOCK_STREAM, 0), u;

	memset(big, 'b', sizeof big);
	must(!listen(s, 1) && !connect(c, (void *)&address, address_len));
	a = accept(s, NULL, NULL);
	must(send(a, text, 14, 0) == 14 && recv(c, buf, sizeof buf, 0) == 14);
	must(send(a, big, sizeof big, 0) == sizeof big);
	must(recv(c, big, sizeof big, MSG_WAITALL) == sizeof big);
	u = bound(SOCK_DGRAM);
	must(sendto(u, text, 14, 0, (void *)&address, address_len) == 14);
	must(recv(u, buf, sizeof buf, 0) == 14);
}

/* The kernel puts what a stream sends into fragments, behind the headers. */
START_TEST(a_packet_brings_its_payload_up_to_the_snapshot_length)
{
	unsigned whole[2] = { 0 }, cut = 0, short_of_it = 0;

	family = _i ? AF_INET6 : AF_INET;
	run_clean(&usual, &(struct deed){ .after = greeting });
	EACH_FRAME(f)
	{
		bool is_udp = f->byte.at[_i ? 6 : 9] == IPPROTO_UDP;

		if (f->byte.len != (f->wire < 128 ? f->wire : 128))
			short_of_it++;
		else if (f->wire > 3000)
			cut += f->byte.at[127] == 'b';
		else
			whole[is_udp] += !memcmp(f->byte.at + f->wire - 14, "Hello, client!", 14);
	}
	ck_assert_uint_eq(short_of_it, 0);
	ck_assert_uint_eq(whole[0], 1);
	ck_assert_uint_eq(whole[1], 1);
	ck_assert_uint_eq(cut, 1);
}
END_TEST

/* What lies behind a header of TCP is in the length alone; a datagram, and its payload, is whole.
 */
START_TEST(of_tcp_the_headers_are_enough_where_no_more_is_wanted)
{
	struct sonde_tracer_plan plan = usual;
	unsigned ip = _i ? 40 : 20, segments = 0, datagrams = 0, bytes = 0;

	plan.headers = true;
	family = _i ? AF_INET6 : AF_INET;
	run_clean(&plan, &(struct deed){ .after = greeting });
	EACH_FRAME(f)
	{
		if (f->byte.at[_i ? 6 : 9] == IPPROTO_UDP) {
			ck_assert_uint_eq(f->byte.len, f->wire);
			datagrams += !memcmp(f->byte.at + f->wire - 14, "Hello, client!", 14);
		} else {
			ck_assert_uint_eq(f->byte.len, ip + (f->byte.at[ip + 12] >> 4) * 4u);
			bytes += f->wire - (unsigned)f->byte.len;
			segments++;
		}
	}
	ck_assert_uint_ge(segments, 6);
	ck_assert_uint_eq(bytes, 14 + 3000);
	ck_assert_uint_eq(datagrams, 1);
}
END_TEST

static void options(void)
{
	int s = bound(SOCK_STREAM), file = open("/proc/self/exe", O_RDONLY), one = 1, a, c;
	struct linger linger = { 1, 0 };
	char buf[100];

	for (int i = 0; i < 2; i++) /* before and after others know of the socket */
		must(!setsockopt(s, SOL_SOCKET, SO_PRIORITY, &one, sizeof one));
	must(setsockopt(s, SOL_SOCKET, 9999, &(int){ -7 }, 4) < 0 && errno == ENOPROTOOPT);
	must(!setsockopt(s, SOL_SOCKET, SO_LINGER, &linger, sizeof linger));
	must(setsockopt(s, SOL_SOCKET, SO_PRIORITY, NULL, sizeof one) < 0 && errno == EFAULT);
	c = socket(family, SOCK_STREAM, 0);
	must(!listen(s, 1) && !connect(c, (void *)&address, address_len));
	a = accept(s, NULL, NULL);
	must(sendfile(a, file, NULL, 100) == 100);
	must(recv(c, buf, sizeof buf, MSG_WAITALL) == 100);
	must(sendfile(a, file, &(off_t){ 1 << 30 }, (size_t)1 << 40) == 0);
}

START_TEST(options_and_files_that_are_sent_are_told_with_all_they_had)
{
	static const struct {
		int64_t ret, name, value;
	} want[] = {
		{ 0, SO_PRIORITY, 1 },
		{ 0, SO_PRIORITY, 1 },
		{ -ENOPROTOOPT, 9999, -7 },
		{ 0, SO_LINGER, 1 },
		{ -EFAULT, SO_PRIORITY, SONDE_NO_VALUE },
	};

	family = AF_INET;
	run_clean(&usual, &(struct deed){ .after = options });
	ck_assert_uint_eq(calls(SONDE_CALL_SETSOCKOPT), 5);
	for (unsigned i = 0; i < 5; i++) {
		const struct sonde_event *e = call(SONDE_CALL_SETSOCKOPT, i);

		ck_assert_int_eq(e->ret, want[i].ret);
		ck_assert_int_eq(e->arg[0], SOL_SOCKET);
		ck_assert_int_eq(e->arg[1], want[i].name);
		ck_assert_int_eq(e->arg[2], want[i].value);
		ck_assert_uint_eq(e->bytes, 0);
	}
	ck_assert_uint_eq(calls(SONDE_CALL_SENDFILE), 2);
	ck_assert_uint_eq(call(SONDE_CALL_SENDFILE, 0)->bytes, 100);
	ck_assert_int_eq(call(SONDE_CALL_SENDFILE, 0)->arg[0], 0);
	ck_assert_int_eq(call(SONDE_CALL_SENDFILE, 0)->arg[1], 100);
	ck_assert_int_eq(call(SONDE_CALL_SENDFILE, 1)->arg[1], (int64_t)1 << 40);
}
END_TEST

START_TEST(an_interface_is_named_before_its_first_packet)
{
	bool named = false;

	run_clean(&usual, &(struct deed){ .after = tcp });
	for (size_t i = 0; i < heard_n; i++) {
		struct sonde_event *e = &heard[i].event;

		if (heard[i].is == SONDE_ITEM_FRAME)
			ck_assert(named);
		else if (e->kind == SONDE_EVENT_NAME && e->netns == netns)
			named = e->n[1] == 1 && e->n[2] == 772 && !strcmp((char *)e->text.at, "lo");
	}
	ck_assert(named);
}
END_TEST

static void udp(void)
{
	char buf[2000] = { 0 };
	int one = 1, s = bound(SOCK_DGRAM), c = socket(family, SOCK_DGRAM, 0);

	must(sendto(c, "0123456789", 10, 0, (void *)&address, address_len) == 10);
	must(recv(s, buf, 4, 0) == 4);
	must(!connect(c, (void *)&address, address_len));
	must(!setsockopt(s, SOL_SOCKET, SO_RCVBUF, &one, sizeof one));
	for (int i = 0; i < 20; i++)
		must(send(c, buf, 1200, 0) == 1200);
	close(s);
	must(send(c, "x", 1, 0) == 1); /* nobody is there now */
	usleep(2000);
	must(send(c, "x", 1, 0) < 0 && errno == ECONNREFUSED);
	close(c);
}

START_TEST(what_happens_to_datagrams_is_told)
{
	struct sonde_event *first;
	unsigned received = 0, full = 0;
	uint64_t server;

	family = _i ? AF_INET6 : AF_INET;
	run_clean(&usual, &(struct deed){ .after = udp });
	server = call(SONDE_CALL_BIND, 0)->cookie;
	first = call(SONDE_CALL_SENDTO, 0);
	ck_assert_uint_ne(first->cookie, 0);
	ck_assert_uint_ne(first->local.port, 0); /* chosen by the kernel in this very call */
	ck_assert_uint_eq(first->address.len, address_len = family == AF_INET ? 16 : 28);
	EACH_FRAME(f)
	{ /* even the first carries its sender */
		if (!received++)
			ck_assert_uint_eq(f->cookie, first->cookie);
	}
	ck_assert_uint_ge(received, 23); /* 22 datagrams and the refusals */
	ck_assert_uint_eq(events(SONDE_EVENT_TRUNCATED), 1);
	ck_assert_int_eq(event(SONDE_EVENT_TRUNCATED, 0)->ret, 4);
	ck_assert_uint_eq(event(SONDE_EVENT_TRUNCATED, 0)->n[0], 10);
	EACH_EVENT(e)
	{
		if (e->kind != SONDE_EVENT_DROP || e->cookie != server)
			continue;
		full++;
		ck_assert_str_eq((char *)e->text.at, "SOCKET_RCVBUFF");
		ck_assert_uint_eq(e->bytes, 1200);
		ck_assert_uint_eq(e->remote.port, first->local.port);
	}
	ck_assert_uint_ge(full, 18); /* each once: the buffer holds one or two */
	ck_assert_uint_le(full, 19);
	ck_assert_uint_ge(events(SONDE_EVENT_ERROR), 1);
	ck_assert_int_eq(event(SONDE_EVENT_ERROR, 0)->ret, -ECONNREFUSED);
	ck_assert_uint_eq(event(SONDE_EVENT_ERROR, 0)->cookie, first->cookie);
}
END_TEST

/* Sends, or with what < 0 receives, a descriptor. */
static int rights(int s, int what, int flags)
{
	char data = 'F', control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec v = { &data, 1 };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof control };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	if (what >= 0) {
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(h), &what, sizeof what);
		must(sendmsg(s, &m, flags) == 1);
	} else {
		must(recvmsg(s, &m, flags) == 1);
		h = CMSG_FIRSTHDR(&m);
		must(h);
		memcpy(&what, CMSG_DATA(h), sizeof what);
	}
	return what;
}

static void unix_sockets(void)
{
	static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM };
	struct sockaddr_un u = { .sun_family = AF_UNIX, .sun_path = "\0sonde test" };
	char buf[16];
	int pair[2], s, c, a, passed;

	for (unsigned i = 0; i < 3; i++) {
		s = socket(AF_UNIX, types[i], 0);
		c = socket(AF_UNIX, types[i], 0);
		must(!bind(s, (void *)&u, 14) && (i == 2 || !listen(s, 1)));
		must(!connect(c, (void *)&u, 14));
		a = i == 2 ? dup(s) : accept(s, NULL, NULL);
		must(a >= 0 && send(c, "12345", 5, 0) == 5);
		must(recv(a, buf, 3, 0) == 3);
		close(a), close(c), close(s);
	}
	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	s = socket(AF_INET, SOCK_DGRAM, 0);
	rights(pair[0], s, 0);
	passed = rights(pair[1], -1, MSG_CMSG_CLOEXEC);
	close(s), close(passed), close(pair[0]), close(pair[1]);
}

START_TEST(unix_sockets_and_what_passes_through_them)
{
	struct sonde_event *pair, *pass, *take, *sent;

	run_clean(&usual, &(struct deed){ .after = unix_sockets });
	pair = call(SONDE_CALL_SOCKETPAIR, 0);
	ck_assert_uint_ne(pair->ino, 0);
	ck_assert_uint_ne(pair->ino2, 0);
	ck_assert_uint_ne(pair->ino, pair->ino2);
	ck_assert_int_eq(pair->family, AF_UNIX);
	for (unsigned i = 0; i < 2; i++) { /* an accepted one tells its peer */
		ck_assert_uint_eq(call(SONDE_CALL_ACCEPT, i)->n[0],
				  call(SONDE_CALL_CONNECT, i)->ino);
		ck_assert_uint_eq(call(SONDE_CALL_CONNECT, i)->address.len, 14);
	}
	ck_assert_uint_eq(call(SONDE_CALL_CONNECT, 2)->ino2, call(SONDE_CALL_BIND, 2)->ino);
	/* messages are cut, streams are not */
	ck_assert_uint_eq(events(SONDE_EVENT_TRUNCATED), 2);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(event(SONDE_EVENT_TRUNCATED, i)->ret, 3);
		ck_assert_uint_eq(event(SONDE_EVENT_TRUNCATED, i)->n[0], 5);
	}
	pass = event(SONDE_EVENT_PASS, 0);
	take = event(SONDE_EVENT_TAKE, 0);
	sent = call(SONDE_CALL_SENDMSG, 0);
	ck_assert(pass && take && !event(SONDE_EVENT_PASS, 1) && !event(SONDE_EVENT_TAKE, 1));
	ck_assert_uint_eq(pass->ino, call(SONDE_CALL_SOCKET, 6)->ino);
	ck_assert_uint_eq(take->ino, pass->ino);
	ck_assert_uint_eq(pass->ino2, pair->ino);
	ck_assert_uint_eq(take->ino2, pair->ino2);
	ck_assert_uint_ne(take->flags & SONDE_FLAG_CLOEXEC, 0);
	ck_assert_uint_eq(pass->when, sent->when - sent->took);
	ck_assert_uint_lt(pass->when, take->when);
}
END_TEST

static void send_text(void)
{
	char buf[8192];
	int pair[2];

	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	memset(buf, 'a', sizeof buf);
	must(write(pair[0], buf, sizeof buf) == sizeof buf && read(pair[1], buf, 3) == 3);
}

START_TEST(the_first_bytes_of_messages_are_told)
{
	struct sonde_tracer_plan plan = usual;

	plan.payload = 5;
	run_clean(&plan, &(struct deed){ .after = send_text });
	ck_assert_uint_eq(call(SONDE_CALL_WRITE, 0)->text.len, 5);
	ck_assert_str_eq((char *)call(SONDE_CALL_WRITE, 0)->text.at, "aaaaa");
	ck_assert_uint_eq(call(SONDE_CALL_WRITE, 0)->bytes, 8192);
	ck_assert_uint_eq(call(SONDE_CALL_READ, 0)->text.len, 3);
}
END_TEST

#endif

Suite *bpf_suite(void)
{
	Suite *s = suite_create("bpf");
	TCase *c = bpf_case(s);

	if (!c)
		return s;
#ifdef SONDE_HAVE_BPF
	tcase_add_loop_test(c, a_tcp_session_is_told_whole, 0, 2);
	tcase_add_test(c, every_tcp_packet_is_seen_once_with_its_socket);
	tcase_add_loop_test(c, a_packet_brings_its_payload_up_to_the_snapshot_length, 0, 2);
	tcase_add_loop_test(c, of_tcp_the_headers_are_enough_where_no_more_is_wanted, 0, 2);
	tcase_add_test(c, options_and_files_that_are_sent_are_told_with_all_they_had);
	tcase_add_test(c, an_interface_is_named_before_its_first_packet);
	tcase_add_loop_test(c, what_happens_to_datagrams_is_told, 0, 2);
	tcase_add_test(c, unix_sockets_and_what_passes_through_them);
	tcase_add_test(c, the_first_bytes_of_messages_are_told);
#endif
	return s;
}
