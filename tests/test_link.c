#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/link.h"
#include "sys/netns.h"
#include "tests/root.h"

static int a, b;

static void cable(void)
{
	a = sonde_netns_open();
	b = sonde_netns_open();
	ck_assert_int_ge(a, 0);
	ck_assert_int_ge(b, 0);
	ck_assert_int_eq(sonde_link_pair(a, "eth0", b, "eth1"), 0);
	ck_assert_int_eq(sonde_link_plain(a, "eth0"), 0);
	ck_assert_int_eq(sonde_link_plain(b, "eth1"), 0);
	ck_assert_int_eq(sonde_link_up(a, "eth0"), 0);
	ck_assert_int_eq(sonde_link_carrier(a, "eth0"), 0);
	ck_assert_int_eq(sonde_link_up(b, "eth1"), 0);
	ck_assert_int_eq(sonde_link_carrier(a, "eth0"), 1);
	ck_assert_int_eq(sonde_link_carrier(b, "eth1"), 1);
}

static void uncable(void)
{
	close(a);
	close(b);
}

/* The first datagram from one end to the other arrives, and not only after a second. */
static void cross(int family, const char *from, const char *to, struct sockaddr *dst, socklen_t len)
{
	struct sonde_address one = address(family, from), two = address(family, to);
	unsigned prefix = family == AF_INET ? 24 : 64;
	struct timeval moment = { .tv_usec = 500000 };
	int tx, rx;
	char byte;

	ck_assert_int_eq(sonde_link_add_address(a, "eth0", &one, prefix), 0);
	ck_assert_int_eq(sonde_link_add_address(a, "eth0", &one, prefix), -EEXIST);
	ck_assert_int_eq(sonde_link_add_address(b, "eth1", &two, prefix), 0);
	tx = sonde_netns_socket(a, family, SOCK_DGRAM, 0);
	rx = sonde_netns_socket(b, family, SOCK_DGRAM, 0);
	ck_assert_int_eq(bind(rx, dst, len), 0);
	setsockopt(rx, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment);
	ck_assert_int_eq(sendto(tx, "x", 1, 0, dst, len), 1);
	ck_assert_int_eq(recv(rx, &byte, 1, 0), 1);
	close(tx);
	close(rx);
}

START_TEST(a_datagram_crosses_the_cable_at_once)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(9) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(9) };

	if (lacks_root())
		return;
	inet_pton(AF_INET, "10.0.0.2", &v4.sin_addr);
	inet_pton(AF_INET6, "2001:db8::2", &v6.sin6_addr);
	cable();
	cross(AF_INET, "10.0.0.1", "10.0.0.2", (struct sockaddr *)&v4, sizeof v4);
	cross(AF_INET6, "2001:db8::1", "2001:db8::2", (struct sockaddr *)&v6, sizeof v6);
	uncable();
}
END_TEST

START_TEST(failures_are_the_kernels_own)
{
	struct sonde_address one = address(AF_INET, "10.0.0.1");

	if (lacks_root())
		return;
	cable();
	ck_assert_int_eq(sonde_link_pair(a, "eth0", b, "eth2"), -EEXIST);
	ck_assert_int_eq(sonde_link_up(a, "none"), -ENODEV);
	ck_assert_int_eq(sonde_link_add_address(a, "none", &one, 24), -ENODEV);
	ck_assert_int_eq(sonde_link_plain(a, "none"), -ENODEV);
	ck_assert_int_eq(sonde_netns_socket(-1, AF_INET, SOCK_DGRAM, 0), -EBADF);
	uncable();
}
END_TEST

static int open_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

START_TEST(the_caller_stays_where_it_was_and_keeps_nothing_open)
{
	struct stat before, after;
	int open = open_descriptors();

	if (lacks_root())
		return;
	stat("/proc/self/ns/net", &before);
	cable();
	stat("/proc/self/ns/net", &after);
	ck_assert_uint_eq(before.st_ino, after.st_ino);
	ck_assert_uint_ne(sonde_netns_inode(a), before.st_ino);
	ck_assert_uint_ne(sonde_netns_inode(a), sonde_netns_inode(b));
	uncable();
	ck_assert_int_eq(open_descriptors(), open);
}
END_TEST

Suite *link_suite(void);
Suite *link_suite(void)
{
	Suite *s = suite_create("link");
	TCase *c = tcase_create("link");

	/* More than once: what could make it late is a race in the kernel. */
	tcase_add_loop_test(c, a_datagram_crosses_the_cable_at_once, 0, 10);
	tcase_add_test(c, failures_are_the_kernels_own);
	tcase_add_test(c, the_caller_stays_where_it_was_and_keeps_nothing_open);
	suite_add_tcase(s, c);
	return s;
}
