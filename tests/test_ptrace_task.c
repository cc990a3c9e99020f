#include "tests/ptrace_run.h"

Suite *ptrace_task_suite(void);

START_TEST(processes_threads_and_their_ends_are_told)
{
	const struct sonde_event *e;
	size_t at = 0;

	settle(_i);
	run(false, "causes", "kill", 0);
	e = find(SONDE_EVENT_FORK, 0, 0);
	ck_assert_uint_eq(e->pid, (unsigned)child.pid);
	ck_assert_uint_eq(e->n[0], e->n[1]);
	ck_assert_uint_eq(e->flags & SONDE_FLAG_SHARED, 0);
	e = find(SONDE_EVENT_EXIT, 0, 0);
	ck_assert_int_eq(e->arg[0], SIGKILL);
	n_heard = 0;
	run(false, "handles", "threads", 0);
	e = find(SONDE_EVENT_FORK, 0, 0);
	ck_assert_uint_eq(e->n[0], e->pid);
	ck_assert_uint_ne(e->n[1], e->pid);
	ck_assert_uint_ne(e->flags & SONDE_FLAG_SHARED, 0);
	ck_assert_uint_eq(count(SONDE_EVENT_EXIT, 0, 0), 2);
	ck_assert_int_eq(next(&at, SONDE_EVENT_EXIT, 0, 0)->arg[1], 0);
	ck_assert_int_eq(next(&at, SONDE_EVENT_EXIT, 0, 0)->arg[1], 1);
	n_heard = 0;
	run(false, "tracee", "spawned", 0);
	ck_assert_uint_eq(count(SONDE_EVENT_FORK, 0, 0), 2);
	ck_assert_uint_eq(count(SONDE_EVENT_EXEC, 0, 0), 3);
	ck_assert_uint_eq(count(SONDE_EVENT_EXIT, 0, 0), 3);
	n_heard = 0;
	run(false, "tracee", "thread-exec", 0);
	ck_assert_uint_eq(count(SONDE_EVENT_EXEC, 0, 0), 2);
	at = 0;
	next(&at, SONDE_EVENT_EXEC, 0, 0);
	e = next(&at, SONDE_EVENT_EXEC, 0, 0);
	ck_assert_uint_eq(e->tid, e->pid);
	ck_assert_ptr_nonnull(strstr(texts[e - heard], "/"));
}
END_TEST

/* The letter of the state in /proc/PID/stat. */
static char state_of(pid_t pid)
{
	char path[40], state = '?';
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	f = fopen(path, "r");
	if (f && fscanf(f, "%*d %*s %c", &state) != 1)
		state = '?';
	if (f)
		fclose(f);
	return state;
}

START_TEST(who_stops_stays_stopped_until_continued)
{
	int out = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	settle(_i);
	start(false, stim("tracee"), "stops", out);
	ck_assert(!read_until(child_has_ended, NULL, 300));
	ck_assert_int_eq(state_of(child.pid), 't');
	ck_assert_uint_eq(count(SONDE_EVENT_CALL, SONDE_CALL_CLOSE, 0), 0);
	kill(child.pid, SIGCONT);
	ck_assert(read_until(child_has_ended, NULL, 5000));
	ck_assert_int_eq(child_status, 0);
	finish(out);
	CALL(CLOSE, ino_of("socket"));
}
END_TEST

struct held {
	pid_t pid;
	int in;
};

/* The program that holds sockets, not started by the tracer's user. */
static struct held hold(void)
{
	struct held h;
	int in[2], out = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
	h.pid = fork();
	if (!h.pid) {
		dup2(in[0], 0);
		dup2(out, 1);
		execl(stim("tracee"), "tracee", "holds", NULL);
		_exit(99);
	}
	close(in[0]);
	h.in = in[1];
	for (int i = 0; i < 100 && !strstr(said, "listener"); i++) {
		ssize_t n;

		usleep(20000);
		n = pread(out, said, sizeof said - 1, 0);
		said[n > 0 ? n : 0] = 0;
	}
	usleep(50000); /* it forks now */
	close(out);
	return h;
}

static bool is_seeded(void *arg)
{
	return count(SONDE_EVENT_SEED, 0, 0) >= *(size_t *)arg;
}

START_TEST(a_running_program_is_seeded_followed_and_let_go)
{
	static const char *const names[] = { "client", "server", "one", "two", "udp", "listener" };
	const struct sonde_event *e;
	size_t want = 12; /* six sockets, held by two processes */
	struct held h;
	int st;

	settle(_i);
	h = hold();
	sonde_sleep_init();
	open_tracer(true, false);
	ck_assert_int_eq(sonde_tracer_follow(tracer, h.pid), 0);
	ck_assert_int_eq(sonde_tracer_seed(tracer, h.pid), 0);
	ck_assert(read_until(is_seeded, &want, 3000));
	ck_assert_uint_eq(count(SONDE_EVENT_SEED, 0, 0), want);
	for (size_t i = 0; i < 6; i++)
		ck_assert_uint_eq(count(SONDE_EVENT_SEED, 0, ino_of(names[i])), 2);
	e = find(SONDE_EVENT_SEED, 0, ino_of("one"));
	ck_assert_uint_eq(e->ino2, ino_of("two"));
	ck_assert_uint_eq(find(SONDE_EVENT_SEED, 0, ino_of("listener"))->state, TCP_LISTEN);
	ck_assert_uint_ne(find(SONDE_EVENT_SEED, 0, ino_of("udp"))->flags & SONDE_FLAG_CLOEXEC, 0);
	ck_assert_uint_eq(find(SONDE_EVENT_SEED, 0, ino_of("client"))->flags & SONDE_FLAG_CLOEXEC,
			  0);
	ck_assert_uint_eq(sonde_tracer_alive(tracer, NULL, 0), 2);
	sonde_tracer_close(tracer);
	ck_assert_msg(strchr("SR", state_of(h.pid)), "left in %c", state_of(h.pid));
	/* It goes on as if nothing had been. */
	ck_assert_int_eq(write(h.in, "xx", 2), 2);
	close(h.in);
	ck_assert_int_eq(waitpid(h.pid, &st, 0), h.pid);
	ck_assert_int_eq(st, 0);
	sonde_sleep_done();
}
END_TEST

START_TEST(who_cannot_be_followed_is_said)
{
	pid_t pid = fork(), held;

	settle(_i);
	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	open_tracer(false, false);
	ck_assert_int_eq(sonde_tracer_follow(tracer, pid), -ESRCH);
	if (geteuid())
		ck_assert_int_eq(sonde_tracer_follow(tracer, 1), -EPERM);
	held = fork();
	if (!held) {
		pause();
		_exit(0);
	}
	ck_assert_int_eq(sonde_tracer_follow(tracer, held), 0);
	pid = fork();
	if (!pid) {
		struct sonde_tracer *other;
		struct sonde_tracer_plan plan = { .backend = SONDE_BACKEND_PTRACE };
		int why;

		if (sonde_tracer_open(&other, &plan, &why))
			_exit(1);
		_exit(sonde_tracer_follow(other, held) == SONDE_TRACED ? 0 : 2);
	}
	for (int st = 0, i = 0; !sonde_tracer_child_ended(tracer, pid, &st); i++) {
		ck_assert_int_lt(i, 500);
		sonde_tracer_read(tracer, hear, NULL);
		usleep(10000);
		if (sonde_tracer_child_ended(tracer, pid, &st))
			ck_assert_int_eq(st, 0);
	}
	kill(held, SIGKILL);
	sonde_tracer_close(tracer);
}
END_TEST

START_TEST(our_sudden_death_ends_the_command)
{
	int out = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), told[2];
	pid_t follower, command = 0;

	settle(_i);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	ck_assert_int_eq(pipe(told), 0);
	follower = fork();
	if (!follower) {
		start(false, stim("tracee"), "stops", out);
		if (write(told[1], &child.pid, sizeof child.pid) < 0)
			_exit(1);
		read_until(never, NULL, 10000);
		_exit(1);
	}
	ck_assert_int_eq(read(told[0], &command, sizeof command), sizeof command);
	usleep(200000);
	kill(follower, SIGKILL);
	waitpid(follower, NULL, 0);
	for (int i = 0; i < 100 && waitpid(command, NULL, WNOHANG) != command; i++)
		usleep(20000);
	ck_assert_int_eq(kill(command, 0), -1);
	ck_assert_int_eq(errno, ESRCH);
}
END_TEST

START_TEST(what_it_cannot_see_is_said)
{
	settle(_i);
	open_tracer(false, true);
	sonde_tracer_tell(tracer, hear, NULL);
	ck_assert_uint_ge(n_heard, 5);
	for (size_t i = 0; i < n_heard; i++) {
		ck_assert_uint_eq(heard[i].kind, SONDE_EVENT_BLIND);
		ck_assert_uint_gt(strlen(texts[i]), 20);
	}
	ck_assert(!sonde_tracer_sees_packets(tracer));
	sonde_tracer_close(tracer);
}
END_TEST

Suite *ptrace_task_suite(void)
{
	Suite *s = suite_create("ptrace_task");
	TCase *t = tcase_create("ptrace_task");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, processes_threads_and_their_ends_are_told, 0, 2);
	tcase_add_loop_test(t, who_stops_stays_stopped_until_continued, 0, 2);
	tcase_add_loop_test(t, a_running_program_is_seeded_followed_and_let_go, 0, 2);
	tcase_add_loop_test(t, who_cannot_be_followed_is_said, 0, 2);
	tcase_add_loop_test(t, our_sudden_death_ends_the_command, 0, 2);
	tcase_add_loop_test(t, what_it_cannot_see_is_said, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
