#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "sys/netns.h"
#include "sys/serve.h"
#include "tests/root.h"

/* All services on one host, two on another; both with a loopback, which is network enough. */
static int one, two;
static pid_t server;

static void add(struct sonde_serve *s, int netns, const char *name, bool udp, uint16_t port,
		enum sonde_serve_kind kind)
{
	const struct sonde_serve_plan plan = { name, udp, port, kind };

	ck_assert_int_eq(sonde_serve_add(s, netns, &plan), 0);
}

static void serve(void)
{
	const struct sonde_serve_plan again = { "one", false, 80, SONDE_SERVE_ECHO };
	struct sonde_serve *s;

	one = sonde_netns_open();
	two = sonde_netns_open();
	ck_assert_int_eq(sonde_serve_open(&s), 0);
	add(s, one, "one", false, 7, SONDE_SERVE_ECHO);
	add(s, one, "one", false, 80, SONDE_SERVE_HTTP);
	add(s, one, "one", false, 81, SONDE_SERVE_CLOSE);
	add(s, one, "one", false, 82, SONDE_SERVE_SILENT);
	add(s, one, "one", true, 7, SONDE_SERVE_ECHO);
	add(s, one, "one", true, 82, SONDE_SERVE_SILENT);
	add(s, two, "two", false, 80, SONDE_SERVE_HTTP);
	ck_assert_int_eq(sonde_serve_add(s, one, &again), -EADDRINUSE);
	server = fork();
	if (!server)
		_exit(sonde_serve_run(s) < 0);
	sonde_serve_close(s);
}

static void done(void)
{
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	close(one);
	close(two);
}

/* A socket with its peer on the host's loopback; whatever it waits for comes within a second. */
static int reach(int netns, int family, int type, uint16_t port)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
				   .sin6_port = htons(port),
				   .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in v4 = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval second = { .tv_sec = 5 };
	int fd = sonde_netns_socket(netns, family, type, 0), r;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
	r = family == AF_INET6 ? connect(fd, (struct sockaddr *)&v6, sizeof v6)
			       : connect(fd, (struct sockaddr *)&v4, sizeof v4);
	ck_assert_int_eq(r, 0);
	return fd;
}

/* All that comes until the other end closes. */
static size_t read_all(int fd, char *ret, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while ((n = recv(fd, ret + len, size - 1 - len, 0)) > 0)
		len += (size_t)n;
	ck_assert_int_eq(n, 0);
	ret[len] = 0;
	return len;
}

static const int families[] = { AF_INET, AF_INET6 };

START_TEST(echo_sends_back_every_byte_and_then_the_end)
{
	enum { MANY = 1 << 20 };
	char *sent = malloc(MANY), *got = malloc(MANY + 1);
	pid_t writer;
	int fd;

	if (lacks_root())
		return;
	serve();
	for (size_t i = 0; i < MANY; i++)
		sent[i] = (char)(i * 2654435761u >> 13);
	fd = reach(one, families[_i], SOCK_STREAM, 7);
	writer = fork();
	if (!writer) {
		for (ssize_t at = 0, n; at < MANY; at += n)
			if ((n = send(fd, sent + at, (size_t)(MANY - at), 0)) < 0)
				_exit(1);
		shutdown(fd, SHUT_WR);
		_exit(0);
	}
	ck_assert_uint_eq(read_all(fd, got, MANY + 1), MANY);
	ck_assert_mem_eq(sent, got, MANY);
	waitpid(writer, NULL, 0);
	close(fd);
	free(sent);
	free(got);
	done();
}
END_TEST

static void ask(int netns, int family, const char *request, char *ret, size_t size)
{
	int fd = reach(netns, family, SOCK_STREAM, 80);

	/* In two parts: a request may come in pieces. */
	ck_assert_int_eq(send(fd, request, 5, 0), 5);
	ck_assert_int_eq(send(fd, request + 5, strlen(request) - 5, 0), (int)strlen(request) - 5);
	read_all(fd, ret, size);
	close(fd);
}

START_TEST(a_page_says_who_asked_whom)
{
	static const char *const client[] = { "client 127.0.0.1 port ", "client ::1 port " };
	char text[1000];

	if (lacks_root())
		return;
	serve();
	ask(one, families[_i], "GET / HTTP/1.1\r\nHost: one\r\n\r\n", text, sizeof text);
	ck_assert_ptr_eq(strstr(text, "HTTP/1.1 200 OK\r\n"), text);
	ck_assert_ptr_nonnull(strstr(text, "\r\n\r\nhost one\n"));
	ck_assert_ptr_nonnull(strstr(text, client[_i]));
	ask(two, families[_i], "GET / HTTP/1.1\r\nHost: two\r\n\r\n", text, sizeof text);
	ck_assert_ptr_nonnull(strstr(text, "\r\n\r\nhost two\n"));
	ask(one, families[_i], "HEAD / HTTP/1.1\r\n\r\n", text, sizeof text);
	ck_assert_str_eq(strstr(text, "\r\n\r\n"), "\r\n\r\n");
	done();
}
END_TEST

START_TEST(a_request_without_end_is_given_up)
{
	char block[1000];
	int fd, sent = 0;

	if (lacks_root())
		return;
	serve();
	memset(block, 'x', sizeof block);
	fd = reach(one, families[_i], SOCK_STREAM, 80);
	for (int i = 0; i < 100 && sent >= 0; i++)
		sent = (int)send(fd, block, sizeof block, MSG_NOSIGNAL);
	ck_assert_int_le(recv(fd, block, sizeof block, 0), 0);
	ck_assert_int_ne(errno, EAGAIN);
	close(fd);
	done();
}
END_TEST

START_TEST(closed_and_silent_are_what_they_say)
{
	char text[10];
	int fd;

	if (lacks_root())
		return;
	serve();
	fd = reach(one, families[_i], SOCK_STREAM, 81);
	ck_assert_uint_eq(read_all(fd, text, sizeof text), 0);
	close(fd);
	fd = reach(one, families[_i], SOCK_STREAM, 82);
	ck_assert_int_eq(send(fd, "hello", 5, 0), 5);
	shutdown(fd, SHUT_WR);
	ck_assert_uint_eq(read_all(fd, text, sizeof text), 0);
	close(fd);
	done();
}
END_TEST

START_TEST(datagrams_come_back_from_where_they_went)
{
	char text[2000], got[2000];
	int fd;

	if (lacks_root())
		return;
	serve();
	fd = reach(one, families[_i], SOCK_DGRAM, 7); /* connected: others would not be heard */
	memset(text, 'd', sizeof text);
	for (size_t len = 0; len <= 1400; len += 700) {
		ck_assert_int_eq(send(fd, text, len, 0), (int)len);
		ck_assert_int_eq(recv(fd, got, sizeof got, 0), (int)len);
	}
	close(fd);
	done();
}
END_TEST

/* 127.0.0.2 is the host's too, and no answer may come from 127.0.0.1 instead. */
START_TEST(an_answer_comes_from_the_address_that_was_asked)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(7) }, from;
	struct timeval second = { .tv_sec = 5 };
	socklen_t len = sizeof from;
	char byte;
	int fd;

	if (lacks_root())
		return;
	serve();
	inet_pton(AF_INET, "127.0.0.2", &to.sin_addr);
	fd = sonde_netns_socket(one, AF_INET, SOCK_DGRAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
	ck_assert_int_eq(sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to), 1);
	ck_assert_int_eq(recvfrom(fd, &byte, 1, 0, (struct sockaddr *)&from, &len), 1);
	ck_assert_uint_eq(from.sin_addr.s_addr, to.sin_addr.s_addr);
	close(fd);
	done();
}
END_TEST

START_TEST(silence_over_udp_takes_all_and_answers_nothing)
{
	struct timeval moment = { .tv_usec = 100000 };
	char byte;
	int fd;

	if (lacks_root())
		return;
	serve();
	fd = reach(one, families[_i], SOCK_DGRAM, 82);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment);
	ck_assert_int_eq(send(fd, "x", 1, 0), 1);
	ck_assert_int_eq(recv(fd, &byte, 1, 0), -1);
	ck_assert_int_eq(errno, EAGAIN); /* not ECONNREFUSED: somebody has the port */
	close(fd);
	done();
}
END_TEST

START_TEST(a_hundred_connections_are_served_at_once)
{
	enum { MANY = 100 };
	int fd[MANY];
	char byte;

	if (lacks_root())
		return;
	serve();
	for (int i = 0; i < MANY; i++)
		fd[i] = reach(one, families[_i], SOCK_STREAM, 7);
	for (int i = MANY; i--;)
		ck_assert_int_eq(send(fd[i], &(char){ (char)i }, 1, 0), 1);
	for (int i = 0; i < MANY; i++) {
		ck_assert_int_eq(recv(fd[i], &byte, 1, 0), 1);
		ck_assert_int_eq(byte, i);
		close(fd[i]);
	}
	done();
}
END_TEST

Suite *serve_suite(void);
Suite *serve_suite(void)
{
	Suite *s = suite_create("serve");
	TCase *c = tcase_create("serve");

	tcase_add_loop_test(c, echo_sends_back_every_byte_and_then_the_end, 0, 2);
	tcase_add_loop_test(c, a_page_says_who_asked_whom, 0, 2);
	tcase_add_loop_test(c, a_request_without_end_is_given_up, 0, 2);
	tcase_add_loop_test(c, closed_and_silent_are_what_they_say, 0, 2);
	tcase_add_loop_test(c, datagrams_come_back_from_where_they_went, 0, 2);
	tcase_add_test(c, an_answer_comes_from_the_address_that_was_asked);
	tcase_add_loop_test(c, silence_over_udp_takes_all_and_answers_nothing, 0, 2);
	tcase_add_loop_test(c, a_hundred_connections_are_served_at_once, 0, 2);
	suite_add_tcase(s, c);
	return s;
}
