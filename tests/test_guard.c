/* Which of the kernel's resets a guard keeps back: on the loopback of a namespace, where nobody
 * listens, each connection is refused by one. */
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/guard.h"
#include "sys/netns.h"
#include "tests/root.h"

Suite *guard_suite(void);

enum { GUARDED = 7, OTHER = 8, PATIENCE = 200 }; /* ports; ms */

struct guarding {
	struct sonde_guard_end end;
	struct sonde_guard *guard;
};

static int open_here(void *arg)
{
	struct guarding *g = arg;

	return sonde_guard_open(&g->guard, &g->end, 1);
}

/* Whether somebody says no to a connection there. */
static bool is_refused(int netns, int family, uint16_t port)
{
	struct sockaddr_in four = { .sin_family = AF_INET,
				    .sin_port = htons(port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
				    .sin6_port = htons(port),
				    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = sonde_netns_socket(netns, family, SOCK_STREAM | SOCK_NONBLOCK, 0), error = 0;
	struct pollfd ready = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof error;

	ck_assert_int_ge(fd, 0);
	if (connect(fd, family == AF_INET ? (void *)&four : (void *)&six,
		    family == AF_INET ? sizeof four : sizeof six) < 0)
		error = errno;
	if (error == EINPROGRESS && poll(&ready, 1, PATIENCE) == 1)
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	close(fd);
	return error == ECONNREFUSED;
}

static struct sonde_guard_end ends(int family)
{
	const char *loopback = family == AF_INET ? "127.0.0.1" : "::1";
	struct sonde_guard_end e = { address(family, loopback), address(family, loopback) };

	e.from.port = GUARDED; /* the reset comes from there; to any port */
	return e;
}

START_TEST(only_its_own_connection_is_guarded)
{
	int family = _i ? AF_INET6 : AF_INET;
	struct guarding g = { ends(family), NULL };
	int netns;

	if (lacks_root())
		return;
	netns = sonde_netns_open();
	ck_assert(is_refused(netns, family, GUARDED));
	ck_assert_int_eq(sonde_netns_visit(netns, open_here, &g), 0);
	ck_assert(!is_refused(netns, family, GUARDED));
	ck_assert(is_refused(netns, family, OTHER));
	ck_assert(is_refused(netns, family == AF_INET ? AF_INET6 : AF_INET, GUARDED));
	ck_assert_ptr_null(sonde_guard_close(g.guard));
	ck_assert(is_refused(netns, family, GUARDED));
	close(netns);
}
END_TEST

START_TEST(addresses_count_unless_they_are_any)
{
	struct guarding g = { ends(AF_INET), NULL };
	int netns;

	if (lacks_root())
		return;
	netns = sonde_netns_open();
	memset(g.end.from.ip, 0, 16);
	memcpy(g.end.from.ip, (const uint8_t[]){ 127, 0, 0, 2 }, 4);
	ck_assert_int_eq(sonde_netns_visit(netns, open_here, &g), 0);
	ck_assert(is_refused(netns, AF_INET, GUARDED));
	sonde_guard_close(g.guard);
	memset(g.end.from.ip, 0, 16);
	ck_assert_int_eq(sonde_netns_visit(netns, open_here, &g), 0);
	ck_assert(!is_refused(netns, AF_INET, GUARDED));
	sonde_guard_close(g.guard);
	close(netns);
}
END_TEST

START_TEST(two_guards_do_not_disturb_each_other)
{
	struct guarding a = { ends(AF_INET), NULL }, b = a;
	int netns;

	if (lacks_root())
		return;
	netns = sonde_netns_open();
	ck_assert_int_eq(sonde_netns_visit(netns, open_here, &a), 0);
	ck_assert_int_eq(sonde_netns_visit(netns, open_here, &b), 0);
	sonde_guard_close(a.guard);
	ck_assert(!is_refused(netns, AF_INET, GUARDED));
	sonde_guard_close(b.guard);
	ck_assert(is_refused(netns, AF_INET, GUARDED));
	close(netns);
}
END_TEST

START_TEST(what_is_marked_passes)
{
	struct guarding g = { ends(AF_INET), NULL };
	static const uint8_t reset[40] = { 0x45, 0, 0, 40, 0,	1, 0, 0, 64,   6, 0, 0,
					   127,	 0, 0, 1,  127, 0, 0, 1, 0,    7, 0, 9,
					   0,	 0, 0, 0,  0,	0, 0, 0, 0x50, 4 };
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int netns, fd, mark = SONDE_GUARD_MARK;

	if (lacks_root())
		return;
	netns = sonde_netns_open();
	ck_assert_int_eq(sonde_netns_visit(netns, open_here, &g), 0);
	fd = sonde_netns_socket(netns, AF_INET, SOCK_RAW, IPPROTO_RAW);
	ck_assert_int_lt(sendto(fd, reset, sizeof reset, 0, (void *)&to, sizeof to), 0);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark), 0);
	ck_assert_int_eq(sendto(fd, reset, sizeof reset, 0, (void *)&to, sizeof to), 40);
	close(fd);
	sonde_guard_close(g.guard);
	close(netns);
}
END_TEST

START_TEST(too_many_ends_are_refused)
{
	static struct sonde_guard_end many[SONDE_GUARD_ENDS + 1];
	struct sonde_guard *g = NULL;

	ck_assert_int_eq(sonde_guard_open(&g, many, SONDE_GUARD_ENDS + 1), -E2BIG);
	ck_assert_ptr_null(sonde_guard_close(NULL));
}
END_TEST

static int open_many(void *arg)
{
	static struct sonde_guard_end many[SONDE_GUARD_ENDS];

	for (unsigned i = 0; i < SONDE_GUARD_ENDS; i++) {
		many[i] = ends(AF_INET6);
		memset(many[i].from.ip, 0xfe, 16);
		many[i].to = many[i].from;
		many[i].from.port = many[i].to.port = (uint16_t)(60000 + i);
	}
	return sonde_guard_open(arg, many, SONDE_GUARD_ENDS);
}

START_TEST(as_many_as_are_allowed_have_room)
{
	struct sonde_guard *g = NULL;
	int netns;

	if (lacks_root())
		return;
	netns = sonde_netns_open();
	ck_assert_int_eq(sonde_netns_visit(netns, open_many, &g), 0);
	sonde_guard_close(g);
	close(netns);
}
END_TEST

Suite *guard_suite(void)
{
	Suite *s = suite_create("guard");
	TCase *t = tcase_create("guard");

	tcase_add_loop_test(t, only_its_own_connection_is_guarded, 0, 2);
	tcase_add_test(t, addresses_count_unless_they_are_any);
	tcase_add_test(t, two_guards_do_not_disturb_each_other);
	tcase_add_test(t, what_is_marked_passes);
	tcase_add_test(t, too_many_ends_are_refused);
	tcase_add_test(t, as_many_as_are_allowed_have_room);
	suite_add_tcase(s, t);
	return s;
}
