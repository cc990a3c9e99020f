#include "sys/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/sleep.h"

/* A program with capabilities is started in secure mode: the loader has taken LD_PRELOAD,
 * LD_LIBRARY_PATH, TMPDIR and others out of our environment, but the command is to have them
 * (ld.so(8), "Secure-execution mode"). The kernel still shows what came with exec. NULL: it does
 * not. */
static char **whole_environment(void)
{
	size_t len = 0, cap = 0, n = 0;
	char *text = NULL, **list;
	ssize_t got = 1;
	int fd = open("/proc/self/environ", O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && got > 0) {
		if (cap - len < 2) {
			char *more = realloc(text, cap = cap ? cap * 2 : 16384);

			if (!more)
				break;
			text = more;
		}
		got = read(fd, text + len, cap - len - 1);
		len += got > 0 ? (size_t)got : 0;
	}
	if (fd >= 0)
		close(fd);
	if (!len)
		return NULL;
	text[len] = 0;
	for (size_t i = 0; i < len; i++)
		n += !text[i];
	list = calloc(n + 2, sizeof *list);
	n = 0;
	for (char *at = text; list && at < text + len; at += strlen(at) + 1)
		list[n++] = at;
	return list;
}

/* Tells the parent why, and ends. */
static _Noreturn void fail(int report, int error, int code)
{
	ssize_t told = write(report, &error, sizeof error);

	(void)told;
	_exit(code);
}

static _Noreturn void become(const struct sonde_child_plan *plan, int wait, int report)
{
	char **environment = NULL, go;
	int r;

	if (getauxval(AT_SECURE))
		environment = whole_environment();
	do
		r = (int)read(wait, &go, 1);
	while (r < 0 && errno == EINTR);
	if (r != 1)
		_exit(125);
	if (plan->out >= 0 && dup2(plan->out, STDOUT_FILENO) < 0)
		fail(report, -errno, 125);
	r = plan->prepare ? plan->prepare(plan->arg) : 0;
	if (r < 0)
		fail(report, r, 125);
	if (!plan->argv) {
		close(wait);
		close(report);
		_exit(plan->run(plan->arg));
	}
	execvpe(plan->argv[0], plan->argv, environment ? environment : environ);
	fail(report, -errno, errno == ENOENT ? 127 : 126);
}

/* fork(2), but for the namespace. */
static pid_t fork_as_first(void)
{
	struct clone_args how = { .flags = CLONE_NEWPID, .exit_signal = SIGCHLD };

	return (pid_t)syscall(SYS_clone3, &how, sizeof how);
}

int sonde_child_start(struct sonde_child *ret, const struct sonde_child_plan *plan)
{
	struct sonde_child c = { .release = -1, .report = -1 };
	int release[2], report[2], error = 0;
	sigset_t all, mask;

	if (pipe2(release, O_CLOEXEC))
		return -errno;
	if (pipe2(report, O_CLOEXEC)) {
		error = -errno;
		close(release[0]);
		close(release[1]);
		return error;
	}
	/* A signal must meet either our handlers here or the old dispositions there. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &mask);
	c.pid = plan->first ? fork_as_first() : fork();
	if (!c.pid) {
		close(release[1]);
		close(report[0]);
		sonde_sleep_done();
		become(plan, release[0], report[1]);
	}
	error = -errno;
	if (c.pid > 0) {
		sonde_sleep_forward(c.pid);
		if (sonde_sleep_signal()) /* came while there was nobody yet to pass it on to */
			kill(c.pid, sonde_sleep_signal());
	}
	sigprocmask(SIG_SETMASK, &mask, NULL);
	close(release[0]);
	close(report[1]);
	c.release = release[1];
	c.report = report[0];
	if (c.pid < 0) {
		sonde_child_done(&c);
		return error;
	}
	*ret = c;
	return 0;
}

void sonde_child_release(struct sonde_child *c)
{
	ssize_t told = write(c->release, "x", 1);

	(void)told; /* it is gone already, then: its status will tell */
	close(c->release);
	c->release = -1;
}

int sonde_child_error(struct sonde_child *c)
{
	int error;

	if (c->report >= 0 && read(c->report, &error, sizeof error) == sizeof error)
		c->error = error;
	if (c->report >= 0)
		close(c->report);
	c->report = -1;
	return c->error;
}

void sonde_child_done(struct sonde_child *c)
{
	if (c->release >= 0)
		close(c->release);
	if (c->report >= 0)
		close(c->report);
	c->release = c->report = -1;
	sonde_sleep_forward(0);
}

int sonde_child_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int sonde_child_leave(int status)
{
	if (WIFSIGNALED(status)) {
		struct sigaction plain = { .sa_handler = SIG_DFL };
		struct rlimit none = { 0 };
		sigset_t one;

		setrlimit(RLIMIT_CORE, &none);
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
		sigaction(WTERMSIG(status), &plain, NULL);
		sigemptyset(&one);
		sigaddset(&one, WTERMSIG(status));
		sigprocmask(SIG_UNBLOCK, &one, NULL);
		raise(WTERMSIG(status));
	}
	return sonde_child_code(status);
}
