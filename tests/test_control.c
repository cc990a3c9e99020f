#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/control.h"

static char name[64];
static struct sonde_control_message m, got;

static void setup(void)
{
	snprintf(name, sizeof name, "test-%d", (int)getpid());
	memset(&m, 0, sizeof m);
	memset(m.fd, -1, sizeof m.fd);
}

START_TEST(a_name_is_had_by_one_and_is_free_again_afterwards)
{
	int fd = sonde_control_listen(geteuid(), name);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(sonde_control_listen(geteuid(), name), -EADDRINUSE);
	close(fd);
	ck_assert_int_eq(sonde_control_connect(geteuid(), name), -ENOENT);
	fd = sonde_control_listen(geteuid(), name);
	ck_assert_int_ge(fd, 0);
	close(fd);
}
END_TEST

START_TEST(the_name_goes_with_who_has_it_however_that_ends)
{
	int told[2];
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe(told), 0);
	pid = fork();
	if (!pid) {
		if (sonde_control_listen(geteuid(), name) >= 0 && write(told[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	ck_assert_int_eq(read(told[0], &byte, 1), 1);
	ck_assert_int_eq(sonde_control_listen(geteuid(), name), -EADDRINUSE);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ck_assert_int_eq(sonde_control_connect(geteuid(), name), -ENOENT);
}
END_TEST

START_TEST(words_and_descriptors_pass_and_the_end_is_heard)
{
	int listener = sonde_control_listen(geteuid(), name);
	int client = sonde_control_connect(geteuid(), name);
	int server = sonde_control_accept(listener), pipes[2];
	char byte;

	ck_assert_int_ge(client, 0);
	ck_assert_int_ge(server, 0);
	ck_assert_int_eq(pipe(pipes), 0);
	m.code = -ENOLINK;
	snprintf(m.text, sizeof m.text, "hello");
	m.fd[0] = pipes[1];
	ck_assert_int_eq(sonde_control_send(client, &m), 0);
	ck_assert_int_eq(sonde_control_recv(server, &got), 1);
	ck_assert_int_eq(got.code, -ENOLINK);
	ck_assert_str_eq(got.text, "hello");
	ck_assert_int_eq(write(got.fd[0], "y", 1), 1);
	ck_assert_int_eq(read(pipes[0], &byte, 1), 1);
	ck_assert_int_eq(got.fd[1], -1);
	memset(m.text, 'l', sizeof m.text - 1);
	m.fd[0] = -1;
	ck_assert_int_eq(sonde_control_send(server, &m), 0);
	ck_assert_int_eq(sonde_control_recv(client, &got), 1);
	ck_assert_str_eq(got.text, m.text);
	close(server);
	ck_assert_int_eq(sonde_control_recv(client, &got), 0);
	ck_assert_int_eq(sonde_control_send(client, &m), -EPIPE);
	close(client);
	close(listener);
}
END_TEST

/* Somebody else took the name first, or comes to ours. */
START_TEST(another_user_is_found_out)
{
	int told[2], listener, status;
	char byte;
	pid_t pid;

	if (geteuid()) {
		puts("skipped: another user takes root");
		return;
	}
	ck_assert_int_eq(pipe(told), 0);
	listener = sonde_control_listen(0, name);
	pid = fork();
	if (!pid) {
		int fd;

		snprintf(name, sizeof name, "squat-%d", (int)getppid());
		if (setuid(65534) || (fd = sonde_control_listen(0, name)) < 0)
			_exit(1);
		if (write(told[1], "x", 1) != 1)
			_exit(1);
		snprintf(name, sizeof name, "test-%d", (int)getppid());
		_exit(sonde_control_connect(0, name) == -EPERM ? pause() : 2);
	}
	ck_assert_int_eq(read(told[0], &byte, 1), 1);
	ck_assert_int_eq(sonde_control_accept(listener), -EPERM);
	snprintf(name, sizeof name, "squat-%d", (int)getpid());
	ck_assert_int_eq(sonde_control_connect(0, name), -EPERM);
	kill(pid, SIGTERM);
	waitpid(pid, &status, 0);
	ck_assert(WIFSIGNALED(status));
	close(listener);
}
END_TEST

static unsigned seen;

static void see(void *arg, const char *what)
{
	seen += !strcmp(what, arg);
}

START_TEST(names_are_listed_once_while_they_are_had)
{
	int listener = sonde_control_listen(geteuid(), name), client, server;

	client = sonde_control_connect(geteuid(), name);
	server = sonde_control_accept(listener);
	seen = 0;
	ck_assert_int_eq(sonde_control_each(geteuid(), see, name), 0);
	ck_assert_uint_eq(seen, 1);
	ck_assert_int_eq(sonde_control_each(geteuid() + 1, see, name), 0);
	ck_assert_uint_eq(seen, 1);
	close(client);
	close(server);
	close(listener);
	ck_assert_int_eq(sonde_control_each(geteuid(), see, name), 0);
	ck_assert_uint_eq(seen, 1);
}
END_TEST

Suite *control_suite(void);
Suite *control_suite(void)
{
	Suite *s = suite_create("control");
	TCase *c = tcase_create("control");

	tcase_add_checked_fixture(c, setup, NULL);
	tcase_add_test(c, a_name_is_had_by_one_and_is_free_again_afterwards);
	tcase_add_test(c, the_name_goes_with_who_has_it_however_that_ends);
	tcase_add_test(c, words_and_descriptors_pass_and_the_end_is_heard);
	tcase_add_test(c, another_user_is_found_out);
	tcase_add_test(c, names_are_listed_once_while_they_are_had);
	suite_add_tcase(s, c);
	return s;
}
