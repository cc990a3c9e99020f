#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

Suite *bpf_suite(void);

#ifndef SONDE_HAVE_BPF

Suite *bpf_suite(void)
{
	puts("bpf: skipped: built without clang or libbpf");
	return suite_create("bpf");
}

#else

#include <cap-ng.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "sys/bpf.h"
#include "sys/clock.h"
#include "sys/netns.h"

/* One run: a child in a network namespace of its own does something, and what was heard of it. */
static struct sonde_item *heard;
static size_t heard_n;
static uint64_t lost;
static int status;
static pid_t child;
static uint32_t netns;
static const struct sonde_tracer_plan usual = { .packets = true, .snaplen = 128 };

/* With a NUL behind it, and never NULL. */
static const uint8_t *copied(struct sonde_bytes b)
{
	return b.len ? memcpy(calloc(1, b.len + 1), b.at, b.len) : (const void *)"";
}

static void hear(void *arg, const struct sonde_item *item)
{
	struct sonde_item *i;

	(void)arg;
	if (!(heard_n & (heard_n - 1))) /* a power of two: full */
		heard = realloc(heard, (heard_n ? 2 * heard_n : 1) * sizeof *heard);
	i = &heard[heard_n++];
	*i = *item;
	if (i->is == SONDE_ITEM_FRAME) {
		i->frame.byte.at = copied(item->frame.byte);
		return;
	}
	ck_assert_uint_lt(i->event.kind, SONDE_EVENT_END_);
	i->event.address.at = copied(item->event.address);
	i->event.text.at = copied(item->event.text);
}

/* What the child does before it is followed, and after. */
struct deed {
	void (*before)(void);
	void (*after)(void);
	void (*meanwhile)(struct sonde_tracer *t); /* in the test, once the tracer is open */
	bool seed, late; /* late: nothing is read before the child has ended */
};

static struct sonde_tracer *open_tracer(const struct sonde_tracer_plan *plan)
{
	struct sonde_tracer *t = NULL;

	ck_assert_int_eq(sonde_tracer_bpf.open(&t, plan), 0);
	return t;
}

static void run(const struct sonde_tracer_plan *plan, const struct deed *deed)
{
	const struct sonde_tracer_kind *k = &sonde_tracer_bpf;
	int go[2], ready[2], ns = sonde_netns_open();
	sonde_ns end = sonde_clock_now() + 20 * SONDE_SECOND;
	struct sonde_tracer *t = open_tracer(plan);
	char c;

	ck_assert_int_ge(ns, 0);
	netns = sonde_netns_inode(ns);
	heard_n = 0;
	k->tell(t, hear, NULL);
	ck_assert_int_eq(pipe(go) | pipe(ready), 0);
	child = fork();
	if (!child) {
		close(go[1]);
		close(ready[0]);
		if (setns(ns, CLONE_NEWNET))
			_exit(99);
		close(ns);
		if (deed->before)
			deed->before();
		if (write(ready[1], "", 1) != 1 || read(go[0], &c, 1))
			_exit(98);
		close(go[0]);
		deed->after();
		_exit(0);
	}
	close(go[0]);
	close(ready[1]);
	close(ns);
	ck_assert_int_eq(read(ready[0], &c, 1), 1);
	close(ready[0]);
	if (deed->meanwhile)
		deed->meanwhile(t);
	ck_assert_int_eq(k->follow(t, child), 0);
	if (deed->seed)
		ck_assert_int_eq(k->seed(t, child), 0);
	close(go[1]);
	while (!k->child_ended(t, child, &status)) {
		ck_assert_uint_lt(sonde_clock_now(), end);
		if (!deed->late)
			ck_assert_int_ge(k->read(t, hear, NULL), 0);
		usleep((useconds_t)k->patience(t) * 1000);
	}
	usleep(10000);
	ck_assert_int_ge(k->read(t, hear, NULL), 0);
	lost = k->lost(t);
	ck_assert_ptr_null(k->close(t));
}

static void run_clean(const struct sonde_tracer_plan *plan, const struct deed *deed)
{
	run(plan, deed);
	ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(lost, 0);
}

/* ---- looking at what was heard ---- */

#define EACH_EVENT(e)                                                                              \
	for (struct sonde_item *i_ = heard; i_ < heard + heard_n; i_++)                            \
		for (struct sonde_event *e = i_->is == SONDE_ITEM_EVENT ? &i_->event : NULL; e;    \
		     e = NULL)
#define EACH_FRAME(f)                                                                              \
	for (struct sonde_item *i_ = heard; i_ < heard + heard_n; i_++)                            \
		for (struct sonde_frame *f = i_->is == SONDE_ITEM_FRAME ? &i_->frame : NULL; f;    \
		     f = NULL)

/* The nth (from 0) event of a kind, or call; NULL if there is none. */
static struct sonde_event *event(unsigned kind, unsigned n)
{
	EACH_EVENT(e)
	if (e->kind == kind && !n--)
		return e;
	return NULL;
}

static struct sonde_event *call(unsigned name, unsigned n)
{
	EACH_EVENT(e)
	if (e->kind == SONDE_EVENT_CALL && e->call == name && !n--)
		return e;
	return NULL;
}

static unsigned calls(unsigned name)
{
	unsigned n = 0;

	EACH_EVENT(e)
	n += e->kind == SONDE_EVENT_CALL && e->call == name;
	return n;
}

static unsigned events(unsigned kind)
{
	unsigned n = 0;

	EACH_EVENT(e)
	n += e->kind == kind;
	return n;
}

/* The calls, or the states and other kernel events, of one socket: "socket connect close". */
static const char *story(uint64_t cookie, bool kernel)
{
	static char text[4096];
	char *o = text;

	*o = 0;
	EACH_EVENT(e)
	{
		if (e->cookie != cookie || kernel == (e->kind == SONDE_EVENT_CALL))
			continue;
		if (e->kind == SONDE_EVENT_STATE)
			o += sprintf(o, "%u>%u ", e->from, e->to);
		else
			o += sprintf(o, "%s ",
				     kernel ? sonde_event_name(e->kind) : sonde_call_name(e->call));
	}
	return text;
}

/* ---- deeds ---- */

static void must(bool yes)
{
	if (!yes) {
		perror("child");
		_exit(97);
	}
}

static struct sockaddr_storage address;
static socklen_t address_len;
static int family = AF_INET;

/* A socket bound to a port of the loopback; address is where it is. */
static int bound(int type)
{
	struct sockaddr_in six_or_four = { .sin_family = AF_INET,
					   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int s = socket(family, type, 0);

	address_len = family == AF_INET ? sizeof six_or_four : sizeof six;
	must(s >= 0 &&
	     !bind(s, family == AF_INET ? (void *)&six_or_four : (void *)&six, address_len));
	must(!getsockname(s, (void *)&address, &address_len));
	return s;
}

static void tcp(void)
{
	char buf[64];
	int l = bound(SOCK_STREAM), c = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), a;

	must(!listen(l, 5));
	must(!connect(c, (void *)&address, address_len));
	a = accept4(l, NULL, NULL, SOCK_CLOEXEC);
	must(a >= 0 && write(c, "hello", 5) == 5 && recv(a, buf, sizeof buf, 0) == 5);
	must(send(a, "world!", 6, 0) == 6 && read(c, buf, sizeof buf) == 6);
	must(!shutdown(c, SHUT_WR) && !recv(a, buf, sizeof buf, 0));
	close(a);
	must(!read(c, buf, sizeof buf));
	close(c);
	close(l);
}

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

static void tasks(void)
{
	int s = socket(AF_INET, SOCK_STREAM, 0), f = open("/dev/null", O_RDWR), st;
	pid_t pid;
	char c;

	must(dup(f) >= 0 && fcntl(f, F_DUPFD, 150) == 150 &&
	     !read(f, &c, 1)); /* not a socket: silence */
	must(dup(s) >= 0 && dup2(s, 140) == 140 && dup3(s, 141, O_CLOEXEC) == 141);
	must(fcntl(s, F_DUPFD_CLOEXEC, 142) == 142 && !fcntl(s, F_SETFD, FD_CLOEXEC));
	must(!fcntl(s, F_SETFL, O_NONBLOCK) && dup2(f, 140) == 140);
	must(!close_range(141, 142, 0));
	pid = fork();
	if (!pid) {
		close(s);
		execl("/bin/sh", "sh", "-c", "exit 7", NULL);
		_exit(96);
	}
	must(waitpid(pid, &st, 0) == pid && WEXITSTATUS(st) == 7);
	pid = fork();
	if (!pid) {
		raise(SIGKILL);
		_exit(95);
	}
	must(waitpid(pid, &st, 0) == pid);
}

START_TEST(descriptors_and_tasks_are_followed)
{
	struct sonde_event *e, *fork_, *exec;

	run_clean(&usual, &(struct deed){ .after = tasks });
	ck_assert_uint_eq(calls(SONDE_CALL_READ), 0);
	ck_assert_uint_eq(calls(SONDE_CALL_DUP), 1);
	ck_assert_int_eq(call(SONDE_CALL_DUP, 0)->fd2, (int)call(SONDE_CALL_DUP, 0)->ret);
	ck_assert_int_eq(call(SONDE_CALL_DUP2, 0)->fd2, 140);
	e = call(SONDE_CALL_DUP3, 0);
	ck_assert(e->fd2 == 141 && e->flags & SONDE_FLAG_CLOEXEC && e->arg[1] == O_CLOEXEC);
	e = call(SONDE_CALL_FCNTL, 0);
	ck_assert(e->fd2 == 142 && e->flags & SONDE_FLAG_CLOEXEC && e->arg[0] == F_DUPFD_CLOEXEC);
	e = call(SONDE_CALL_FCNTL, 1);
	ck_assert(e->arg[0] == F_SETFD && e->arg[1] == FD_CLOEXEC);
	e = call(SONDE_CALL_FCNTL, 2);
	ck_assert(e->arg[0] == F_SETFL && e->flags & SONDE_FLAG_NONBLOCK);
	e = call(SONDE_CALL_DUP2, 1); /* a file took the socket's place */
	ck_assert(e && e->fd2 == 140 && e->ino == 0);
	e = call(SONDE_CALL_CLOSE_RANGE, 0);
	ck_assert(e && e->arg[0] == 141 && e->arg[1] == 142);
	fork_ = event(SONDE_EVENT_FORK, 0);
	exec = event(SONDE_EVENT_EXEC, 0);
	ck_assert_uint_eq(fork_->pid, (uint32_t)child);
	ck_assert_uint_eq(fork_->n[0], exec->pid);
	ck_assert_uint_eq(fork_->flags & SONDE_FLAG_SHARED, 0);
	ck_assert_str_eq((char *)exec->text.at, "/bin/sh");
	ck_assert_str_eq(exec->comm, "sh");
	ck_assert_uint_eq(call(SONDE_CALL_CLOSE, 0)->pid, exec->pid);
	e = event(SONDE_EVENT_EXIT, 0);
	ck_assert(e->pid == exec->pid && e->arg[0] == 7 << 8 && e->arg[1] == 1);
	ck_assert_int_eq(event(SONDE_EVENT_EXIT, 1)->arg[0], SIGKILL);
	ck_assert_uint_eq(events(SONDE_EVENT_EXIT), 3);
}
END_TEST

static void uring(void)
{
	char path[256];

	snprintf(path, sizeof path, "%s/stim/uring", getenv("SONDE_BUILD") ?: "build/cc");
	must(freopen("/dev/null", "w", stdout));
	execl(path, "uring", NULL);
	_exit(94);
}

START_TEST(io_uring_is_seen_by_what_the_kernel_does)
{
	uint64_t sent = 0, received = 0;

	run(&usual, &(struct deed){ .after = uring });
	if (WEXITSTATUS(status) == 77 || WEXITSTATUS(status) == 94) {
		puts("bpf: io_uring: skipped: not allowed, or tests/stim/uring is not built");
		return;
	}
	ck_assert_int_eq(status, 0);
	EACH_EVENT(e)
	{
		ck_assert(e->kind != SONDE_EVENT_CALL || e->call != SONDE_CALL_CONNECT);
		if (e->kind == SONDE_EVENT_SENT)
			sent += (uint64_t)e->ret;
		if (e->kind == SONDE_EVENT_RECEIVED)
			received += (uint64_t)e->ret;
		if (e->kind == SONDE_EVENT_SENT || (e->kind == SONDE_EVENT_STATE && e->to == 2)) {
			ck_assert_uint_eq(e->pid, (uint32_t)child);
			ck_assert_uint_ne(e->cookie, 0);
		}
	}
	ck_assert_uint_gt(sent, 0);
	ck_assert_uint_eq(sent, received);
}
END_TEST

enum { MANY = 2000 };

static void many(void)
{
	int l = bound(SOCK_STREAM);

	must(!listen(l, 5));
	for (int i = 0; i < MANY; i++) {
		struct linger none = { 1, 0 }; /* no port is kept back */
		int c = socket(AF_INET, SOCK_STREAM, 0), a;

		must(!connect(c, (void *)&address, address_len));
		a = accept(l, NULL, NULL);
		must(a >= 0);
		close(a);
		setsockopt(c, SOL_SOCKET, SO_LINGER, &none, sizeof none);
		close(c);
	}
	close(l);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

START_TEST(two_thousand_connections_are_told_once_each)
{
	static uint64_t made[2 * MANY + 2], closed[2 * MANY + 2];
	size_t made_n = 0, closed_n = 0;

	family = AF_INET;
	run_clean(&usual, &(struct deed){ .after = many });
	EACH_EVENT(e)
	{
		if (e->kind != SONDE_EVENT_CALL)
			continue;
		if (e->call == SONDE_CALL_SOCKET || e->call == SONDE_CALL_ACCEPT) {
			ck_assert_uint_lt(made_n, 2 * MANY + 1);
			made[made_n++] = e->call == SONDE_CALL_SOCKET ? e->ino : e->ino2;
		} else if (e->call == SONDE_CALL_CLOSE) {
			ck_assert_uint_lt(closed_n, 2 * MANY + 1);
			closed[closed_n++] = e->ino;
		}
	}
	ck_assert_uint_eq(made_n, 2 * MANY + 1);
	ck_assert_uint_eq(closed_n, made_n);
	qsort(made, made_n, sizeof *made, compare);
	qsort(closed, closed_n, sizeof *closed, compare);
	ck_assert(!memcmp(made, closed, made_n * sizeof *made));
	for (size_t i = 1; i < made_n; i++)
		ck_assert_uint_ne(made[i - 1], made[i]);
	ck_assert_uint_eq(events(SONDE_EVENT_DESTROY), made_n);
}
END_TEST

enum { FLOOD = 250000 };

static void flood(void)
{
	char c = 0;
	int pair[2];

	must(!socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	for (int i = 0; i < FLOOD; i++)
		must(write(pair[0], &c, 1) == 1 && read(pair[1], &c, 1) == 1);
}

START_TEST(what_is_lost_is_counted)
{
	struct sonde_event *e;

	run(&usual, &(struct deed){ .after = flood, .late = true });
	e = event(SONDE_EVENT_LOST, 0);
	ck_assert_ptr_nonnull(e);
	ck_assert_str_eq((char *)e->text.at, "system calls");
	ck_assert_uint_eq(e->n[0] + calls(SONDE_CALL_READ) + calls(SONDE_CALL_WRITE), 2 * FLOOD);
}
END_TEST

START_TEST(any_hook_can_be_denied_and_is_missed_aloud)
{
	const char *deny[] = { sonde_bpf_hook_name((unsigned)_i), NULL };
	struct sonde_tracer_plan plan = usual;
	bool said = false;

	plan.deny = deny;
	family = AF_INET;
	run_clean(&plan, &(struct deed){ .after = tcp });
	EACH_EVENT(e)
	{
		if (e->kind != SONDE_EVENT_BLIND)
			continue;
		ck_assert_uint_eq(e->reason, (uint32_t)_i + 1);
		ck_assert_ptr_nonnull(strstr((char *)e->text.at, deny[0]));
		said = true;
	}
	ck_assert(said);
	ck_assert(calls(SONDE_CALL_CONNECT) == 1 || !strcmp(deny[0], "sys_exit"));
	ck_assert_uint_eq(events(SONDE_EVENT_STATE) > 0,
			  strcmp(deny[0], "inet_sock_set_state") != 0);
}
END_TEST

START_TEST(with_all_hooks_nothing_is_missed)
{
	run_clean(&usual, &(struct deed){ .after = tcp });
	ck_assert_uint_eq(events(SONDE_EVENT_BLIND), 0);
}
END_TEST

static int held[4];

static void hold(void)
{
	struct sockaddr_un u = { .sun_family = AF_UNIX, .sun_path = "\0held" };

	held[0] = bound(SOCK_DGRAM);
	must(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, held + 1));
	held[3] = socket(AF_UNIX, SOCK_DGRAM, 0);
	must(!bind(held[3], (void *)&u, 7));
}

static void block(void)
{
	usleep(20000);
}

START_TEST(what_was_open_before_is_told)
{
	unsigned found = 0;
	uint64_t ino[4] = { 0 }, peer[4] = { 0 };

	run_clean(&usual, &(struct deed){ .before = hold, .after = block, .seed = true });
	EACH_EVENT(e)
	{
		if (e->kind != SONDE_EVENT_SEED)
			continue;
		ck_assert_uint_eq(e->pid, (uint32_t)child);
		ck_assert_uint_ne(e->cookie, 0);
		ck_assert_uint_ne(e->ino, 0);
		if (e->family == AF_INET && e->type == SOCK_DGRAM) {
			ck_assert_uint_ne(e->local.port, 0);
		} else if (e->family == AF_UNIX && e->type == SOCK_DGRAM) {
			ck_assert_uint_eq(e->address.len, 7);
			ck_assert(!memcmp(e->address.at + 2, "\0held", 5));
		} else if (e->flags & SONDE_FLAG_CLOEXEC) {
			ck_assert_uint_lt(found, 4);
			ino[found] = e->ino;
			peer[found++] = e->ino2;
		}
	}
	ck_assert_uint_eq(found, 2);
	ck_assert(ino[0] == peer[1] && ino[1] == peer[0]);
}
END_TEST

/* Another process sits in recv when it is followed; the child wakes it. */
static int wire[2];
static pid_t sleeper;

static void sleep_in_recv(void)
{
	sonde_ns end = sonde_clock_now() + 5 * SONDE_SECOND;
	char path[64], c;
	int in = -1;

	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, wire));
	sleeper = fork();
	if (!sleeper) {
		must(recv(wire[1], &c, 1, 0) == 1);
		_exit(0);
	}
	snprintf(path, sizeof path, "/proc/%d/syscall", sleeper);
	while (in != SYS_recvfrom && sonde_clock_now() < end) {
		FILE *f = fopen(path, "r");

		if (!f || fscanf(f, "%d", &in) != 1)
			in = -1;
		if (f)
			fclose(f);
		usleep(1000);
	}
	must(in == SYS_recvfrom);
}

static void wake(void)
{
	must(send(wire[0], "x", 1, 0) == 1);
	waitpid(sleeper, NULL, 0);
}

START_TEST(a_call_that_had_begun_before_is_told)
{
	struct sonde_event *e;

	run_clean(&usual, &(struct deed){ .before = sleep_in_recv, .after = wake, .seed = true });
	e = call(SONDE_CALL_RECVFROM, 0);
	ck_assert_ptr_nonnull(e);
	ck_assert_uint_ne(e->pid, (uint32_t)child); /* a descendant, found by seed */
	ck_assert_uint_ne(e->flags & SONDE_FLAG_BLOCKED, 0);
	ck_assert_uint_eq(e->took, 0);
	ck_assert_int_eq(e->ret, 1);
	ck_assert_uint_eq(call(SONDE_CALL_SENDTO, 0)->flags & SONDE_FLAG_BLOCKED, 0);
}
END_TEST

static void without_capabilities(struct sonde_tracer *t)
{
	(void)t;
	capng_clear(CAPNG_SELECT_BOTH);
	ck_assert_int_eq(capng_apply(CAPNG_SELECT_BOTH), 0);
}

static void fork_tcp(void)
{
	pid_t pid = fork();
	int st;

	if (!pid) {
		tcp();
		_exit(0);
	}
	must(waitpid(pid, &st, 0) == pid && !st);
}

START_TEST(it_lives_on_without_any_capability)
{
	run_clean(&usual, &(struct deed){ .before = hold,
					  .after = fork_tcp,
					  .seed = true,
					  .meanwhile = without_capabilities });
	ck_assert_uint_ge(events(SONDE_EVENT_SEED), 4);
	ck_assert_uint_eq(calls(SONDE_CALL_CONNECT), 1);
	ck_assert_uint_ne(call(SONDE_CALL_CONNECT, 0)->pid, (uint32_t)child);
}
END_TEST

/* In a process of its own, for the change of user is for good. */
START_TEST(two_capabilities_are_enough)
{
	pid_t pid = fork();
	int st;

	if (!pid) {
		struct sonde_tracer *t = NULL;
		unsigned blind = 0;

		capng_clear(CAPNG_SELECT_BOTH);
		capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_BPF, CAP_PERFMON,
			      -1);
		if (capng_change_id(65534, 65534, CAPNG_DROP_SUPP_GRP))
			_exit(1);
		heard_n = 0;
		if (sonde_tracer_bpf.open(&t, &usual))
			_exit(2);
		sonde_tracer_bpf.tell(t, hear, NULL);
		EACH_EVENT(e)
		blind += e->kind == SONDE_EVENT_BLIND;
		if (blind != 1 || sonde_bpf_hook_in_use((struct bpf_tracer *)t, "sock_create"))
			_exit(3);
		child = fork();
		if (!child) {
			usleep(20000);
			tcp();
			_exit(0);
		}
		if (sonde_tracer_bpf.follow(t, child))
			_exit(4);
		while (!sonde_tracer_bpf.child_ended(t, child, &status))
			usleep(1000);
		usleep(10000);
		sonde_tracer_bpf.read(t, hear, NULL);
		st = calls(SONDE_CALL_CONNECT) == 1 && events(SONDE_EVENT_STATE) == 12 &&
		     events(SONDE_EVENT_DESTROY) == 3;
		sonde_tracer_bpf.close(t);
		_exit(st ? 0 : 5);
	}
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	ck_assert_int_eq(st, 0);
}
END_TEST

/* A neighbour that is not followed does the same in the same namespace. */
static void with_a_neighbour(void)
{
	family = AF_INET;
	tcp();
}

static void neighbour(void)
{
	if (!fork()) {
		for (int i = 0; i < 200; i++)
			tcp();
		_exit(0);
	}
}

START_TEST(a_neighbour_is_not_heard)
{
	family = AF_INET;
	run_clean(&usual, &(struct deed){ .before = neighbour, .after = with_a_neighbour });
	EACH_EVENT(e)
	{
		if (e->kind == SONDE_EVENT_CALL || e->flags & SONDE_FLAG_TASK)
			ck_assert_uint_eq(e->pid, (uint32_t)child);
	}
	ck_assert_uint_eq(calls(SONDE_CALL_CONNECT), 1);
	ck_assert_uint_eq(events(SONDE_EVENT_DESTROY), 3);
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

static unsigned descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

START_TEST(closing_leaves_nothing)
{
	unsigned before = descriptors();
	struct sonde_tracer *t = open_tracer(&usual);

	ck_assert_uint_gt(descriptors(), before + 20);
	ck_assert_ptr_null(t->kind->close(t));
	ck_assert_ptr_null(sonde_tracer_bpf.close(NULL));
	ck_assert_uint_eq(descriptors(), before);
}
END_TEST

START_TEST(nobody_is_followed_who_is_not_there)
{
	struct sonde_tracer *t = open_tracer(&usual);
	pid_t pid = fork(), alive;

	if (!pid)
		_exit(0);
	ck_assert_int_eq(t->kind->follow(t, pid), 0);
	usleep(20000);
	ck_assert_uint_eq(t->kind->alive(t, &alive, 1), 0); /* ended, if not waited for */
	ck_assert_int_eq(t->kind->child_ended(t, pid, &status), 1);
	ck_assert_int_eq(t->kind->follow(t, pid), -ESRCH);
	ck_assert_int_eq(t->kind->seed(t, pid), -ESRCH);
	ck_assert_int_eq(t->kind->follow(t, getpid()), 0);
	ck_assert_uint_eq(t->kind->alive(t, &alive, 1), 1);
	ck_assert_int_eq(alive, getpid());
	t->kind->close(t);
}
END_TEST

Suite *bpf_suite(void)
{
	Suite *s = suite_create("bpf");
	TCase *c = tcase_create("bpf");
	struct sonde_tracer *t = NULL;
	int err = geteuid() ? -EPERM : sonde_tracer_bpf.open(&t, &usual);

	suite_add_tcase(s, c);
	if (err) {
		printf("bpf: skipped: %s\n",
		       geteuid() ? "only root makes network namespaces" : strerror(-err));
		return s;
	}
	sonde_tracer_bpf.close(t);
	tcase_set_timeout(c, 30);
	tcase_add_loop_test(c, a_tcp_session_is_told_whole, 0, 2);
	tcase_add_test(c, every_tcp_packet_is_seen_once_with_its_socket);
	tcase_add_loop_test(c, a_packet_brings_its_payload_up_to_the_snapshot_length, 0, 2);
	tcase_add_test(c, an_interface_is_named_before_its_first_packet);
	tcase_add_loop_test(c, what_happens_to_datagrams_is_told, 0, 2);
	tcase_add_test(c, unix_sockets_and_what_passes_through_them);
	tcase_add_test(c, descriptors_and_tasks_are_followed);
	tcase_add_test(c, io_uring_is_seen_by_what_the_kernel_does);
	tcase_add_test(c, two_thousand_connections_are_told_once_each);
	tcase_add_test(c, what_is_lost_is_counted);
	tcase_add_loop_test(c, any_hook_can_be_denied_and_is_missed_aloud, 0, SONDE_BPF_HOOKS);
	tcase_add_test(c, with_all_hooks_nothing_is_missed);
	tcase_add_test(c, what_was_open_before_is_told);
	tcase_add_test(c, a_call_that_had_begun_before_is_told);
	tcase_add_test(c, it_lives_on_without_any_capability);
	tcase_add_test(c, two_capabilities_are_enough);
	tcase_add_test(c, a_neighbour_is_not_heard);
	tcase_add_test(c, the_first_bytes_of_messages_are_told);
	tcase_add_test(c, closing_leaves_nothing);
	tcase_add_test(c, nobody_is_followed_who_is_not_there);
	return s;
}

#endif
