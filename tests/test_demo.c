#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/demo/demo.h"

/* As sonde-demo does it: the session is a process of its own. */
static int run(const struct sonde_demo_session *session, enum sonde_demo_over over, int server,
	       int client)
{
	pid_t pid;
	int status;

	fflush(NULL);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		if (!freopen("/dev/null", "w", stdout))
			_exit(1);
		exit(sonde_demo_run(session, over, server, client));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

START_TEST(every_session_ends_well_between_two_hosts)
{
	int server, client;

	if (geteuid() != 0) {
		puts("skipped: making hosts takes root");
		return;
	}
	ck_assert_int_eq(sonde_demo_hosts_open(&server, &client), 0);
	ck_assert_int_eq(run(sonde_demo_sessions[_i / SONDE_DEMO_OVER_END_],
			     _i % SONDE_DEMO_OVER_END_, server, client),
			 0);
	close(server);
	close(client);
}
END_TEST

START_TEST(a_session_without_hosts_uses_loopback)
{
	ck_assert_int_eq(run(&sonde_demo_echo, _i, -1, -1), 0);
}
END_TEST

static int give_up(const struct sonde_demo_meeting *at)
{
	(void)at;
	return 7;
}

static int wait_for_ever(const struct sonde_demo_meeting *at)
{
	sonde_demo_ready(at);
	pause();
	return 0;
}

START_TEST(one_end_that_gives_up_ends_the_session)
{
	struct sonde_demo_session s = { .server = give_up, .client = wait_for_ever };

	ck_assert_int_eq(run(&s, SONDE_DEMO_UDP4, -1, -1), 1);
	s = (struct sonde_demo_session){ .server = wait_for_ever, .client = give_up };
	ck_assert_int_eq(run(&s, SONDE_DEMO_UDP4, -1, -1), 7);
}
END_TEST

START_TEST(words_lead_to_sessions_and_kinds_and_back)
{
	ck_assert_ptr_eq(sonde_demo_find("hello"), &sonde_demo_hello);
	ck_assert_ptr_null(sonde_demo_find("hell"));
	for (int i = 0; i < SONDE_DEMO_OVER_END_; i++)
		ck_assert_int_eq(sonde_demo_over_find(sonde_demo_over_name(i)), i);
	ck_assert_int_eq(sonde_demo_over_find("tcp"), -1);
}
END_TEST

Suite *demo_suite(void);
Suite *demo_suite(void)
{
	Suite *s = suite_create("demo");
	TCase *c = tcase_create("demo");

	tcase_set_timeout(c, 15);
	tcase_add_loop_test(c, every_session_ends_well_between_two_hosts, 0,
			    3 * SONDE_DEMO_OVER_END_);
	tcase_add_loop_test(c, a_session_without_hosts_uses_loopback, 0, SONDE_DEMO_OVER_END_);
	tcase_add_test(c, one_end_that_gives_up_ends_the_session);
	tcase_add_test(c, words_lead_to_sessions_and_kinds_and_back);
	suite_add_tcase(s, c);
	return s;
}
