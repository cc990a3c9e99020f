#include "tests/bpf_run.h"

Suite *bpf_task_suite(void);

#ifdef SONDE_HAVE_BPF

#include <sys/syscall.h>

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

START_TEST(nobody_is_followed_who_is_not_there)
{
	struct sonde_tracer *t = open_tracer(&usual);
	pid_t pid = fork(), alive;
	siginfo_t info;

	if (!pid)
		_exit(0);
	ck_assert_int_eq(t->kind->follow(t, pid), 0);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
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

#endif

Suite *bpf_task_suite(void)
{
	Suite *s = suite_create("bpf_task");
	TCase *c = bpf_case(s);

	if (!c)
		return s;
#ifdef SONDE_HAVE_BPF
	tcase_add_test(c, descriptors_and_tasks_are_followed);
	tcase_add_test(c, io_uring_is_seen_by_what_the_kernel_does);
	tcase_add_test(c, two_thousand_connections_are_told_once_each);
	tcase_add_test(c, what_is_lost_is_counted);
	tcase_add_test(c, what_was_open_before_is_told);
	tcase_add_test(c, a_call_that_had_begun_before_is_told);
	tcase_add_test(c, nobody_is_followed_who_is_not_there);
#endif
	return s;
}
