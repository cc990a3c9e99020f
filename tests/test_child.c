#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "sys/child.h"
#include "sys/sleep.h"
#include "sys/tracer.h"

Suite *child_suite(void);

#define COMMAND(...) ((char *const *)(const char *const[]){ __VA_ARGS__, NULL })

/* A terminal, a shell with job control on it, and as its one job a follower with a command. The
 * test sits at the keyboard. The shell tells of its job on `told`: 's' and the signal, 'c', 'e' and
 * exit code, 'k' and signal; it takes 'f' and 'b' as fg and bg. */
static struct {
	int keys, told, order;
	pid_t shell, job; /* the follower, leader of its group */
	char screen[8192];
	size_t len, seen;
} tty;

/* Loop index 0: nobody watches the command. 1: ptrace does. */
static bool traced;

static int prepare(void *arg)
{
	return sonde_tracer_prepare_child(arg);
}

static void ignore(void *arg, const struct sonde_item *item)
{
	(void)arg, (void)item;
}

static void follow(char *const *argv)
{
	const struct sonde_tracer_plan ptrace = { .backend = SONDE_BACKEND_PTRACE,
						  .started = true };
	struct sonde_child_plan plan = { .argv = argv, .out = -1 };
	struct sonde_tracer *tracer = NULL;
	struct sonde_child child;
	int status = 0, why;

	sonde_sleep_init();
	if (traced && sonde_tracer_open(&tracer, &ptrace, &why))
		_exit(99);
	plan.prepare = traced ? prepare : NULL;
	plan.arg = tracer;
	if (sonde_child_start(&child, &plan) || (traced && sonde_tracer_follow(tracer, child.pid)))
		_exit(98);
	sonde_child_release(&child);
	if (traced)
		while (!sonde_tracer_child_ended(tracer, child.pid, &status))
			if (!sonde_tracer_read(tracer, ignore, NULL))
				sonde_sleep(NULL, 0, sonde_tracer_patience(tracer));
	while (!traced && waitpid(child.pid, &status, WNOHANG) != child.pid)
		sonde_sleep(NULL, 0, -1);
	sonde_tracer_close(tracer);
	sonde_child_done(&child);
	_exit(sonde_child_leave(status));
}

static void tell(int fd, char what, int n)
{
	char text[2] = { what, (char)n };

	if (write(fd, text, 2) != 2)
		_exit(1);
}

static void shell(int told, int order, char *const *argv)
{
	pid_t job;
	char go;
	int st;

	signal(SIGTTOU, SIG_IGN);
	job = fork();
	if (!job) {
		setpgid(0, 0);
		tcsetpgrp(0, getpid());
		signal(SIGTTOU, SIG_DFL);
		follow(argv);
	}
	setpgid(job, job);
	if (write(told, &job, sizeof job) != sizeof job)
		_exit(1);
	while (waitpid(job, &st, WUNTRACED) == job && WIFSTOPPED(st)) {
		tcsetpgrp(0, getpgrp());
		tell(told, 's', WSTOPSIG(st));
		if (read(order, &go, 1) != 1)
			break;
		if (go == 'f')
			tcsetpgrp(0, job);
		kill(-job, SIGCONT);
	}
	if (WIFEXITED(st))
		tell(told, 'e', WEXITSTATUS(st));
	else
		tell(told, 'k', WTERMSIG(st));
	_exit(0);
}

static void sit_down(char *const *argv)
{
	int told[2], order[2], slave;

	tty.len = tty.seen = 0;
	tty.keys = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert_int_ge(tty.keys, 0);
	ck_assert_int_eq(grantpt(tty.keys), 0);
	ck_assert_int_eq(unlockpt(tty.keys), 0);
	ck_assert_int_eq(pipe2(told, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(order, O_CLOEXEC), 0);
	tty.shell = fork();
	if (!tty.shell) {
		setsid();
		slave = open(ptsname(tty.keys), O_RDWR);
		ioctl(slave, TIOCSCTTY, 0);
		for (int fd = 0; fd < 3; fd++)
			dup2(slave, fd);
		close(told[0]);
		close(order[1]);
		shell(told[1], order[0], argv);
	}
	close(told[1]);
	close(order[0]);
	tty.told = told[0];
	tty.order = order[1];
	ck_assert_int_eq(read(tty.told, &tty.job, sizeof tty.job), sizeof tty.job);
}

static void stand_up(void)
{
	kill(-tty.job, SIGKILL);
	kill(tty.shell, SIGKILL);
	waitpid(tty.shell, NULL, 0);
	close(tty.keys);
	close(tty.told);
	close(tty.order);
}

/* Looks at the screen for at most ms until the text is on it, behind what was waited for before. */
static bool shows_within(const char *text, int ms)
{
	struct timespec now;
	long end;
	char *at;

	clock_gettime(CLOCK_MONOTONIC, &now);
	end = now.tv_sec * 1000 + now.tv_nsec / 1000000 + ms;
	for (;;) {
		struct pollfd p = { .fd = tty.keys, .events = POLLIN };
		ssize_t got = 0;

		tty.screen[tty.len] = 0;
		at = strstr(tty.screen + tty.seen, text);
		if (at) {
			tty.seen = (size_t)(at - tty.screen) + strlen(text);
			return true;
		}
		clock_gettime(CLOCK_MONOTONIC, &now);
		ms = (int)(end - now.tv_sec * 1000 - now.tv_nsec / 1000000);
		if (ms > 0 && poll(&p, 1, ms) > 0)
			got = read(tty.keys, tty.screen + tty.len, sizeof tty.screen - tty.len - 1);
		if (got <= 0)
			return false;
		tty.len += (size_t)got;
	}
}

#define SHOWS(text)	ck_assert_msg(shows_within(text, 5000), "no \"%s\" in:\n%s", text, tty.screen)
#define SHOWS_NOT(text) ck_assert_msg(!shows_within(text, 200), "\"%s\" in:\n%s", text, tty.screen)

static void type(const char *text)
{
	ck_assert_int_eq(write(tty.keys, text, strlen(text)), (ssize_t)strlen(text));
}

/* What the shell tells of its job next: the letter << 8 | the number. */
static int job_is(void)
{
	struct pollfd p = { .fd = tty.told, .events = POLLIN };
	char text[2];

	if (poll(&p, 1, 5000) != 1 || read(tty.told, text, 2) != 2)
		return -1;
	return text[0] << 8 | (unsigned char)text[1];
}

#define JOB(what, n) ck_assert_int_eq(job_is(), (what) << 8 | (n))

static void order(char what)
{
	ck_assert_int_eq(write(tty.order, &what, 1), 1);
}

static char *const *stim(const char *how)
{
	static char path[256], word[32];
	static char *argv[] = { path, word, NULL };
	const char *build = getenv("SONDE_BUILD");

	snprintf(path, sizeof path, "%s/stim/child", build ? build : "build/cc");
	snprintf(word, sizeof word, "%s", how);
	return argv;
}

START_TEST(input_and_its_end_reach_the_command)
{
	traced = _i;
	sit_down(stim(""));
	SHOWS("ready");
	type("hello\n");
	SHOWS("line hello");
	type("\x04");
	SHOWS("end");
	JOB('e', 0);
	stand_up();
}
END_TEST

START_TEST(the_command_keeps_terminal_group_mask_and_dispositions)
{
	int group, front;
	unsigned long long blocked, ignored, handled;
	char *at;

	traced = _i;
	sit_down(stim(""));
	SHOWS("\n");
	at = strstr(tty.screen, "ready");
	ck_assert_ptr_nonnull(at);
	ck_assert_int_eq(sscanf(at, "ready %d %d %llx %llx %llx", &group, &front, &blocked,
				&ignored, &handled),
			 5);
	ck_assert_int_eq(group, tty.job);
	ck_assert_int_eq(front, tty.job);
	ck_assert_uint_eq(blocked, 0);
	ck_assert_uint_eq(ignored & (1ULL << (SIGPIPE - 1) | 1ULL << (SIGINT - 1)), 0);
	ck_assert_uint_eq(handled, 0);
	stand_up();
}
END_TEST

START_TEST(ctrl_c_reaches_the_command_once_and_us_not)
{
	traced = _i;
	sit_down(stim(""));
	SHOWS("ready");
	type("\x03");
	SHOWS("signal 02");
	SHOWS_NOT("signal 02");
	type("exit 5\n");
	JOB('e', 5);
	stand_up();
}
END_TEST

START_TEST(a_command_that_ignores_ctrl_c_goes_on)
{
	traced = _i;
	sit_down(stim("ignore"));
	SHOWS("ready");
	type("\x03");
	type("still\n");
	SHOWS("line still");
	type("\x04");
	JOB('e', 0);
	stand_up();
}
END_TEST

START_TEST(ctrl_c_kills_both_alike)
{
	traced = _i;
	sit_down(stim("default"));
	SHOWS("ready");
	type("\x03");
	JOB('k', SIGINT);
	stand_up();
}
END_TEST

START_TEST(ctrl_z_then_fg_goes_on_where_it_was)
{
	traced = _i;
	sit_down(stim(""));
	SHOWS("ready");
	for (int i = 0; i < 3; i++) {
		type("\x1a");
		JOB('s', SIGTSTP);
		type("later\n");
		SHOWS_NOT("line later");
		order('f');
		SHOWS("line later");
	}
	type("exit 0\n");
	JOB('e', 0);
	stand_up();
}
END_TEST

START_TEST(bg_runs_until_it_wants_to_read)
{
	traced = _i;
	sit_down(stim(""));
	SHOWS("ready");
	type("\x1a");
	JOB('s', SIGTSTP);
	order('b');
	JOB('s', SIGTTIN);
	order('f');
	type("again\n");
	SHOWS("line again");
	type("\x04");
	JOB('e', 0);
	stand_up();
}
END_TEST

START_TEST(a_signal_sent_to_us_is_passed_on_once)
{
	static const struct {
		int number;
		const char *shown;
	} sent[] = { { SIGHUP, "signal 01" },
		     { SIGTERM, "signal 15" },
		     { SIGINT, "signal 02" },
		     { SIGUSR1, "signal 10" },
		     { SIGUSR2, "signal 12" } };

	traced = _i;
	sit_down(stim(""));
	SHOWS("ready");
	for (size_t i = 0; i < sizeof sent / sizeof *sent; i++) {
		kill(tty.job, sent[i].number);
		SHOWS(sent[i].shown);
		SHOWS_NOT(sent[i].shown);
	}
	type("\x04");
	JOB('e', 0);
	stand_up();
}
END_TEST

START_TEST(we_die_of_what_the_command_died_of)
{
	static const int deaths[] = { SIGTERM, SIGKILL, SIGSEGV, SIGINT, SIGPIPE };
	char line[16];

	traced = _i;
	for (size_t i = 0; i < sizeof deaths / sizeof *deaths; i++) {
		sit_down(stim("default"));
		SHOWS("ready");
		snprintf(line, sizeof line, "die %d\n", deaths[i]);
		type(line);
		JOB('k', deaths[i]);
		stand_up();
	}
	sit_down(stim("default"));
	SHOWS("ready");
	kill(tty.job, SIGTERM); /* as timeout(1) does */
	JOB('k', SIGTERM);
	stand_up();
}
END_TEST

START_TEST(exit_codes_are_those_of_the_command)
{
	static const int codes[] = { 0, 1, 5, 77, 125, 126, 127, 200, 255 };
	char line[16];

	traced = _i;
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		sit_down(stim(""));
		SHOWS("ready");
		snprintf(line, sizeof line, "exit %d\n", codes[i]);
		type(line);
		JOB('e', codes[i]);
		stand_up();
	}
	ck_assert_int_eq(sonde_child_code(SIGINT), 130);
	ck_assert_int_eq(sonde_child_code(5 << 8), 5);
}
END_TEST

START_TEST(what_cannot_be_executed_is_126_or_127)
{
	traced = _i;
	sit_down(COMMAND("./no-such-command-anywhere"));
	JOB('e', 127);
	stand_up();
	sit_down(COMMAND("/"));
	JOB('e', 126);
	stand_up();
}
END_TEST

static int refuse(void *arg)
{
	return *(int *)arg;
}

/* Runs a command to its end without a terminal; returns its status. */
static int run(struct sonde_child *c, const struct sonde_child_plan *plan)
{
	int status = -1;

	ck_assert_int_eq(sonde_child_start(c, plan), 0);
	sonde_child_release(c);
	ck_assert_int_eq(waitpid(c->pid, &status, 0), c->pid);
	return status;
}

START_TEST(why_it_could_not_start_is_known)
{
	int error = -ENOSYS;
	struct sonde_child_plan plan = { .argv = COMMAND("/no/such"), .out = -1 };
	struct sonde_child c;

	sonde_sleep_init();
	ck_assert_int_eq(sonde_child_code(run(&c, &plan)), 127);
	ck_assert_int_eq(sonde_child_error(&c), -ENOENT);
	sonde_child_done(&c);
	plan.argv = COMMAND("/");
	ck_assert_int_eq(sonde_child_code(run(&c, &plan)), 126);
	ck_assert_int_eq(sonde_child_error(&c), -EACCES);
	sonde_child_done(&c);
	plan.argv = COMMAND("true");
	ck_assert_int_eq(sonde_child_code(run(&c, &plan)), 0);
	ck_assert_int_eq(sonde_child_error(&c), 0);
	sonde_child_done(&c);
	plan.prepare = refuse;
	plan.arg = &error;
	ck_assert_int_eq(sonde_child_code(run(&c, &plan)), 125);
	ck_assert_int_eq(sonde_child_error(&c), -ENOSYS);
	sonde_child_done(&c);
	sonde_sleep_done();
}
END_TEST

START_TEST(nothing_runs_before_it_is_released_or_when_we_die)
{
	static const char ran[] = "/tmp/sonde-test-child-ran";
	struct sonde_child_plan plan = { .argv = COMMAND("touch", ran), .out = -1 };
	struct sonde_child c;
	int status;

	unlink(ran);
	sonde_sleep_init();
	ck_assert_int_eq(sonde_child_start(&c, &plan), 0);
	sonde_sleep(NULL, 0, 100);
	ck_assert_int_eq(access(ran, F_OK), -1);
	sonde_child_done(&c); /* as our death would */
	ck_assert_int_eq(waitpid(c.pid, &status, 0), c.pid);
	ck_assert_int_eq(sonde_child_code(status), 125);
	ck_assert_int_eq(access(ran, F_OK), -1);
	sonde_sleep_done();
}
END_TEST

START_TEST(signals_are_ours_again_when_the_command_is_gone)
{
	struct sonde_child_plan plan = { .argv = COMMAND("true"), .out = -1 };
	struct sonde_child c;

	sonde_sleep_init();
	run(&c, &plan);
	kill(getpid(), SIGTERM);
	ck_assert_int_eq(sonde_sleep_signal(), SIGTERM);
	sonde_child_done(&c);
	sonde_sleep_done();
}
END_TEST

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

START_TEST(a_sleeper_wakes_for_children_and_signals_also_those_before)
{
	double from;
	pid_t pid;

	sonde_sleep_init();
	from = now();
	pid = fork();
	if (!pid)
		_exit(0);
	sonde_sleep(NULL, 0, 5000);
	ck_assert(now() - from < 2);
	waitpid(pid, NULL, 0);
	kill(getpid(), SIGTERM); /* before the sleep */
	ck_assert_int_eq(sonde_sleep_signal(), SIGTERM);
	ck_assert_int_eq(sonde_sleep(NULL, 0, 5000), 0);
	ck_assert(now() - from < 2);
	from = now();
	sonde_sleep(NULL, 0, 100); /* told once, not for ever */
	ck_assert(now() - from > 0.09);
	sonde_sleep_done();
}
END_TEST

Suite *child_suite(void)
{
	Suite *s = suite_create("child");
	TCase *t = tcase_create("child");

	tcase_set_timeout(t, 30);
	tcase_add_loop_test(t, input_and_its_end_reach_the_command, 0, 2);
	tcase_add_loop_test(t, the_command_keeps_terminal_group_mask_and_dispositions, 0, 2);
	tcase_add_loop_test(t, ctrl_c_reaches_the_command_once_and_us_not, 0, 2);
	tcase_add_loop_test(t, a_command_that_ignores_ctrl_c_goes_on, 0, 2);
	tcase_add_loop_test(t, ctrl_c_kills_both_alike, 0, 2);
	tcase_add_loop_test(t, ctrl_z_then_fg_goes_on_where_it_was, 0, 2);
	tcase_add_loop_test(t, bg_runs_until_it_wants_to_read, 0, 2);
	tcase_add_loop_test(t, a_signal_sent_to_us_is_passed_on_once, 0, 2);
	tcase_add_loop_test(t, we_die_of_what_the_command_died_of, 0, 2);
	tcase_add_loop_test(t, exit_codes_are_those_of_the_command, 0, 2);
	tcase_add_loop_test(t, what_cannot_be_executed_is_126_or_127, 0, 2);
	tcase_add_test(t, why_it_could_not_start_is_known);
	tcase_add_test(t, nothing_runs_before_it_is_released_or_when_we_die);
	tcase_add_test(t, signals_are_ours_again_when_the_command_is_gone);
	tcase_add_test(t, a_sleeper_wakes_for_children_and_signals_also_those_before);
	suite_add_tcase(s, t);
	return s;
}
