#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "sys/diag.h"
#include "sys/netns.h"

Suite *diag_suite(void);

static struct sonde_event heard[64];
static size_t n_heard;

static void hear(void *arg, const struct sonde_item *item)
{
	(void)arg;
	if (n_heard < sizeof heard / sizeof *heard)
		heard[n_heard++] = item->event;
}

static uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof cookie;

	ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len), 0);
	return cookie;
}

static uint64_t inode_of(int fd)
{
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	return st.st_ino;
}

/* A namespace of our own where that is allowed, and nobody's rights where asked for: what is left
 * has to do. */
static void settle(int as_nobody)
{
	n_heard = 0;
	if (geteuid()) {
		if (as_nobody)
			fprintf(stderr, "skipped becoming nobody: not root, so it is as it is\n");
		return;
	}
	int netns = sonde_netns_open();

	ck_assert_int_ge(netns, 0);
	ck_assert_int_eq(setns(netns, CLONE_NEWNET), 0);
	if (as_nobody) {
		ck_assert_int_eq(setresgid(65534, 65534, 65534), 0);
		ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
	}
}

/* fd[0] listens, fd[1] connected, fd[2] accepted. */
static void connect_tcp(int fd[3])
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;

	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(fd[0], (void *)&a, len), 0);
	ck_assert_int_eq(listen(fd[0], 4), 0);
	getsockname(fd[0], (void *)&a, &len);
	fd[1] = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(fd[1], (void *)&a, len), 0);
	fd[2] = accept(fd[0], NULL, NULL);
	ck_assert_int_ge(fd[2], 0);
}

/* What was heard of that socket last, or NULL. */
static const struct sonde_event *about(uint64_t cookie)
{
	for (size_t i = n_heard; i-- > 0;)
		if (heard[i].cookie == cookie)
			return &heard[i];
	return NULL;
}

/* The loop index 0 is root, 1 nobody. */
START_TEST(every_end_of_an_internet_socket_is_told_with_its_counts)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	static const uint64_t sent[] = { 0, 5, 2 };
	uint64_t cookies[3], udp;
	const struct sonde_event *e;
	struct sonde_diag *d;
	struct pollfd p = { .events = POLLIN };
	char buf[16];
	int fd[3], u;

	settle(_i);
	ck_assert_int_eq(sonde_diag_open(&d, -1), 0);
	connect_tcp(fd);
	u = socket(AF_INET6, SOCK_DGRAM, 0);
	ck_assert_int_eq(bind(u, (void *)&a, sizeof a), 0);
	for (int i = 0; i < 3; i++)
		cookies[i] = cookie_of(fd[i]);
	udp = cookie_of(u);
	ck_assert_int_eq(write(fd[1], "hello", 5), 5);
	ck_assert_int_eq(read(fd[2], buf, sizeof buf), 5);
	ck_assert_int_eq(write(fd[2], "ok", 2), 2);
	ck_assert_int_eq(read(fd[1], buf, sizeof buf), 2);
	close(fd[1]);
	ck_assert_int_eq(read(fd[2], buf, sizeof buf), 0);
	close(fd[2]);
	close(fd[0]);
	close(u);
	p.fd = sonde_diag_fd(d);
	for (int i = 0;
	     i < 50 && !(about(cookies[0]) && about(cookies[1]) && about(cookies[2]) && about(udp));
	     i++) {
		poll(&p, 1, 100);
		ck_assert_int_ge(sonde_diag_read(d, hear, NULL), 0);
	}
	for (int i = 0; i < 3; i++) {
		e = about(cookies[i]);
		ck_assert_ptr_nonnull(e);
		ck_assert_uint_eq(e->kind, SONDE_EVENT_DIAG);
		ck_assert_uint_eq(e->flags & SONDE_FLAG_LAST, SONDE_FLAG_LAST);
		ck_assert_uint_eq(e->family, AF_INET);
		ck_assert_uint_eq(e->protocol, IPPROTO_TCP);
		ck_assert_uint_ne(e->netns, 0);
		ck_assert_uint_eq(e->n[0], sent[i]);
		ck_assert_uint_eq(e->n[2], 0);
	}
	ck_assert_uint_eq(about(cookies[1])->remote.port, about(cookies[0])->local.port);
	e = about(udp);
	ck_assert_ptr_nonnull(e);
	ck_assert_uint_eq(e->family, AF_INET6);
	ck_assert_uint_eq(e->protocol, IPPROTO_UDP);
	ck_assert_uint_eq(e->type, SOCK_DGRAM);
	ck_assert_uint_eq(sonde_diag_lost(d), 0);
	ck_assert_ptr_null(sonde_diag_close(d));
}
END_TEST

START_TEST(sockets_are_found_by_port_state_inode_and_cookie)
{
	struct sonde_diag_want want = { .family = AF_INET, .protocol = IPPROTO_TCP };
	struct sonde_diag *d;
	uint64_t closed;
	char c;
	int fd[3];

	settle(_i);
	ck_assert_int_eq(sonde_diag_open(&d, -1), 0);
	connect_tcp(fd);
	want.ino = inode_of(fd[2]);
	ck_assert_int_eq(sonde_diag_dump(d, &want, hear, NULL), 1);
	ck_assert_uint_eq(heard[0].cookie, cookie_of(fd[2]));
	ck_assert_uint_eq(heard[0].state, TCP_ESTABLISHED);
	want.port = heard[0].local.port;
	want.ino = 0;
	ck_assert_int_eq(sonde_diag_dump(d, &want, hear, NULL), 2); /* listener and accepted */
	want.states = 1 << TCP_LISTEN;
	ck_assert_int_eq(sonde_diag_dump(d, &want, hear, NULL), 1);
	want.states = 0;
	want.cookie = closed = cookie_of(fd[1]);
	want.port = 0;
	close(fd[1]);
	ck_assert_int_eq(read(fd[2], &c, 1), 0);
	close(fd[2]);
	ck_assert_int_eq(sonde_diag_dump(d, &want, hear, NULL), 1);
	ck_assert_uint_eq(about(closed)->state, TCP_TIME_WAIT);
	want.cookie = 1ULL << 60;
	ck_assert_int_eq(sonde_diag_dump(d, &want, hear, NULL), 0);
	sonde_diag_close(d);
}
END_TEST

START_TEST(a_unix_socket_is_found_by_its_inode_until_it_is_gone)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "\0sonde-test-diag" };
	socklen_t len = offsetof(struct sockaddr_un, sun_path) + 16;
	struct sonde_diag_unix u = { 0 };
	struct sonde_diag *d;
	uint64_t ino;
	int fd[2], s;

	settle(_i);
	ck_assert_int_eq(sonde_diag_open(&d, -1), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
	ck_assert_int_eq(sonde_diag_unix(d, inode_of(fd[0]), &u), 0);
	ck_assert_uint_eq(u.peer, inode_of(fd[1]));
	ck_assert_uint_eq(u.type, SOCK_SEQPACKET);
	ck_assert_uint_eq(u.state, TCP_ESTABLISHED);
	ck_assert_uint_eq(u.address_len, 0);
	s = socket(AF_UNIX, SOCK_DGRAM, 0);
	ck_assert_int_eq(bind(s, (void *)&a, len), 0);
	ino = inode_of(s);
	ck_assert_int_eq(sonde_diag_unix(d, ino, &u), 0);
	ck_assert_uint_eq(u.address_len, len);
	ck_assert_mem_eq(u.address, &a, len);
	ck_assert_uint_eq(u.peer, 0);
	ck_assert_uint_eq(u.cookie, cookie_of(s));
	close(s);
	ck_assert_int_eq(sonde_diag_unix(d, ino, &u), -ENOENT);
	sonde_diag_close(d);
}
END_TEST

START_TEST(another_namespace_is_asked_without_going_there)
{
	struct sonde_diag_want want = { .family = AF_INET,
					.protocol = IPPROTO_TCP,
					.states = 1 << TCP_LISTEN };
	struct pollfd p = { .events = POLLIN };
	struct sonde_diag *d;
	int netns, s;

	if (geteuid()) {
		fprintf(stderr, "skipped: not root, so no namespace can be made\n");
		return;
	}
	n_heard = 0;
	netns = sonde_netns_open();
	ck_assert_int_ge(netns, 0);
	s = sonde_netns_socket(netns, AF_INET, SOCK_STREAM, 0);
	ck_assert_int_ge(s, 0);
	ck_assert_int_eq(listen(s, 1), 0);
	ck_assert_int_eq(sonde_diag_open(&d, netns), 0);
	ck_assert_int_eq(sonde_diag_dump(d, &want, hear, NULL), 1);
	ck_assert_uint_eq(heard[0].cookie, cookie_of(s));
	ck_assert_uint_eq(heard[0].netns, sonde_netns_inode(netns));
	close(s);
	p.fd = sonde_diag_fd(d);
	ck_assert_int_eq(poll(&p, 1, 5000), 1); /* the kernel tells it from a work queue */
	ck_assert_int_eq(sonde_diag_read(d, hear, NULL), 1);
	sonde_diag_close(d);
}
END_TEST

Suite *diag_suite(void)
{
	Suite *s = suite_create("diag");
	TCase *t = tcase_create("diag");

	tcase_set_timeout(t, 20);
	tcase_add_loop_test(t, every_end_of_an_internet_socket_is_told_with_its_counts, 0, 2);
	tcase_add_loop_test(t, sockets_are_found_by_port_state_inode_and_cookie, 0, 2);
	tcase_add_loop_test(t, a_unix_socket_is_found_by_its_inode_until_it_is_gone, 0, 2);
	tcase_add_test(t, another_namespace_is_asked_without_going_there);
	suite_add_tcase(s, t);
	return s;
}
