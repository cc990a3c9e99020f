#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "life/argument.h"

Suite *argument_suite(void);

static const char *read_as(void (*print)(struct sonde_text *, const struct sonde_event *),
			   struct sonde_event e)
{
	static char buf[4096];
	struct sonde_text t;

	e.kind = SONDE_EVENT_CALL;
	sonde_text_init(&t, buf, sizeof buf, NULL, NULL);
	print(&t, &e);
	buf[t.len] = 0;
	return buf;
}

#define reads(want, ...)                                                                           \
	ck_assert_str_eq(                                                                          \
		read_as(sonde_argument_print, (struct sonde_event){ .fd = 3, __VA_ARGS__ }), want)
#define gives(want, ...)                                                                           \
	ck_assert_str_eq(                                                                          \
		read_as(sonde_argument_result, (struct sonde_event){ .fd = 3, __VA_ARGS__ }),      \
		want)

START_TEST(a_socket_reads_with_its_flags_and_a_protocol_that_was_named)
{
	reads("AF_INET, SOCK_STREAM", .call = SONDE_CALL_SOCKET, .arg = { AF_INET, SOCK_STREAM });
	reads("AF_INET6, SOCK_DGRAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_UDP",
	      .call = SONDE_CALL_SOCKET,
	      .arg = { AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP });
	reads("AF_NETLINK, SOCK_RAW, NETLINK_ROUTE", .call = SONDE_CALL_SOCKET,
	      .arg = { AF_NETLINK, SOCK_RAW, NETLINK_ROUTE });
	reads("99, 9|0x100000, 7", .call = SONDE_CALL_SOCKET, .arg = { 99, 0x100009, 7 });
	reads("AF_UNIX, SOCK_DGRAM, [3, 4]", .call = SONDE_CALL_SOCKETPAIR, .fd2 = 4,
	      .arg = { AF_UNIX, SOCK_DGRAM });
}
END_TEST

START_TEST(an_option_reads_by_level_name_and_value)
{
	reads("3, SOL_SOCKET, SO_REUSEADDR, [1]", .call = SONDE_CALL_SETSOCKOPT,
	      .arg = { SOL_SOCKET, SO_REUSEADDR, 1 });
	reads("3, SOL_TCP, TCP_NODELAY, [0]", .call = SONDE_CALL_SETSOCKOPT,
	      .arg = { IPPROTO_TCP, TCP_NODELAY, 0 });
	reads("3, SOL_IPV6, IPV6_V6ONLY, [1]", .call = SONDE_CALL_SETSOCKOPT,
	      .arg = { IPPROTO_IPV6, IPV6_V6ONLY, 1 });
	reads("3, SOL_SOCKET, SO_ERROR, [ECONNREFUSED]", .call = SONDE_CALL_GETSOCKOPT,
	      .arg = { SOL_SOCKET, SO_ERROR, ECONNREFUSED });
	reads("3, SOL_SOCKET, SO_ERROR, [0]", .call = SONDE_CALL_GETSOCKOPT,
	      .arg = { SOL_SOCKET, SO_ERROR });
	reads("3, SOL_SOCKET, SO_TYPE, [SOCK_DGRAM]", .call = SONDE_CALL_GETSOCKOPT,
	      .arg = { SOL_SOCKET, SO_TYPE, SOCK_DGRAM });
	reads("3, 4711, 12, [5]", .call = SONDE_CALL_SETSOCKOPT, .arg = { 4711, 12, 5 });
}
END_TEST

START_TEST(a_value_of_one_byte_or_of_a_structure_reads_as_what_it_is)
{
	struct sonde_event e = { .arg = { SOL_SOCKET, SO_LINGER } };
	struct linger l = { 1, 30 };
	uint8_t group[8] = { 239, 1, 1, 1, 127, 0, 0, 1 };

	memcpy(&e.arg[2], &l, sizeof l);
	reads("3, SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=30}", .call = SONDE_CALL_SETSOCKOPT,
	      .arg = { SOL_SOCKET, SO_LINGER, e.arg[2] });
	memcpy(&e.arg[2], group, sizeof group);
	reads("3, SOL_IP, IP_ADD_MEMBERSHIP, {imr_multiaddr=239.1.1.1, imr_interface=127.0.0.1}",
	      .call = SONDE_CALL_SETSOCKOPT, .arg = { SOL_IP, IP_ADD_MEMBERSHIP, e.arg[2] });
	reads("3, SOL_IP, IP_MULTICAST_LOOP, [0]", .call = SONDE_CALL_SETSOCKOPT,
	      .arg = { SOL_IP, IP_MULTICAST_LOOP });
}
END_TEST

START_TEST(a_value_that_is_not_known_is_left_out)
{
	reads("3, SOL_SOCKET, SO_LINGER", .call = SONDE_CALL_SETSOCKOPT,
	      .arg = { SOL_SOCKET, SO_LINGER, SONDE_NO_VALUE });
	reads("3, SOL_SOCKET, SO_RCVTIMEO", .call = SONDE_CALL_SETSOCKOPT,
	      .arg = { SOL_SOCKET, SO_RCVTIMEO, 5 });
	reads("3, SOL_TCP, 4711", .call = SONDE_CALL_SETSOCKOPT,
	      .arg = { IPPROTO_TCP, 4711, SONDE_NO_VALUE });
	reads("3, SOL_SOCKET, SO_ERROR", .call = SONDE_CALL_GETSOCKOPT, .ret = -EBADF,
	      .arg = { SOL_SOCKET, SO_ERROR });
	reads("3, SOL_SOCKET, SO_REUSEADDR", .call = SONDE_CALL_SETSOCKOPT,
	      .flags = SONDE_FLAG_ENTERED, .arg = { SOL_SOCKET, SO_REUSEADDR });
}
END_TEST

START_TEST(a_message_reads_with_its_bytes_length_and_flags)
{
	reads("3, \"hi\\x0a\"..., 14, MSG_DONTWAIT|MSG_NOSIGNAL", .call = SONDE_CALL_SENDTO,
	      .bytes = 14, .text = { (const uint8_t *)"hi\n", 3 },
	      .arg = { MSG_DONTWAIT | MSG_NOSIGNAL, 14 });
	reads("3, 1024", .call = SONDE_CALL_RECVFROM, .arg = { 0, 1024 });
	reads("3, MSG_PEEK|MSG_TRUNC", .call = SONDE_CALL_RECVMSG,
	      .arg = { MSG_PEEK | MSG_TRUNC, -1 });
	reads("3, 8 messages, MSG_WAITFORONE", .call = SONDE_CALL_RECVMMSG,
	      .arg = { MSG_WAITFORONE, -1, 8 });
}
END_TEST

START_TEST(what_marks_a_descriptor_reads_by_name)
{
	reads("3, F_SETFL, O_RDWR|O_NONBLOCK", .call = SONDE_CALL_FCNTL,
	      .arg = { F_SETFL, O_RDWR | O_NONBLOCK });
	reads("3, F_SETFL, O_RDONLY|O_NONBLOCK", .call = SONDE_CALL_FCNTL,
	      .arg = { F_SETFL, O_NONBLOCK });
	reads("3, F_SETFD, FD_CLOEXEC", .call = SONDE_CALL_FCNTL, .arg = { F_SETFD, FD_CLOEXEC });
	reads("3, F_SETFD, 0", .call = SONDE_CALL_FCNTL, .arg = { F_SETFD });
	reads("3, F_DUPFD_CLOEXEC, 10", .call = SONDE_CALL_FCNTL, .arg = { F_DUPFD_CLOEXEC, 10 });
	reads("3, F_GETFL", .call = SONDE_CALL_FCNTL, .arg = { F_GETFL, 4711 });
	reads("3, FIONBIO", .call = SONDE_CALL_IOCTL, .arg = { FIONBIO });
	reads("3, 7, O_CLOEXEC", .call = SONDE_CALL_DUP3, .fd2 = 7, .arg = { 0, O_CLOEXEC });
	reads("3, SHUT_WR", .call = SONDE_CALL_SHUTDOWN, .arg = { SHUT_WR });
	reads("3, 4711", .call = SONDE_CALL_SHUTDOWN, .arg = { 4711 });
	reads("3, SOCK_CLOEXEC", .call = SONDE_CALL_ACCEPT4, .arg = { SOCK_CLOEXEC });
	reads("3, 4294967295, CLOSE_RANGE_CLOEXEC", .call = SONDE_CALL_CLOSE_RANGE,
	      .arg = { 3, 4294967295, 4 });
}
END_TEST

START_TEST(a_result_reads_as_what_it_is)
{
	gives("7", .call = SONDE_CALL_FCNTL, .arg = { F_DUPFD }, .ret = 7);
	gives("-1 EAGAIN", .call = SONDE_CALL_RECVFROM, .ret = -EAGAIN);
	gives("0x802 (flags O_RDWR|O_NONBLOCK)", .call = SONDE_CALL_FCNTL, .arg = { F_GETFL },
	      .ret = O_RDWR | O_NONBLOCK);
	gives("0x1 (flags FD_CLOEXEC)", .call = SONDE_CALL_FCNTL, .arg = { F_GETFD }, .ret = 1);
	gives("0", .call = SONDE_CALL_FCNTL, .arg = { F_GETFD });
}
END_TEST

Suite *argument_suite(void)
{
	Suite *s = suite_create("argument");
	TCase *t = tcase_create("argument");

	tcase_add_test(t, a_socket_reads_with_its_flags_and_a_protocol_that_was_named);
	tcase_add_test(t, an_option_reads_by_level_name_and_value);
	tcase_add_test(t, a_value_of_one_byte_or_of_a_structure_reads_as_what_it_is);
	tcase_add_test(t, a_value_that_is_not_known_is_left_out);
	tcase_add_test(t, a_message_reads_with_its_bytes_length_and_flags);
	tcase_add_test(t, what_marks_a_descriptor_reads_by_name);
	tcase_add_test(t, a_result_reads_as_what_it_is);
	suite_add_tcase(s, t);
	return s;
}
