#include "sys/sleep.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* clang-format off */
static const struct {
	int number;
	bool ends; /* asks the program to end where there is no command to pass it to */
} caught[] = {
	{ SIGHUP, true }, { SIGINT, true }, { SIGQUIT, true }, { SIGTERM, true },
	{ SIGUSR1, false }, { SIGUSR2, false }, { SIGALRM, false },
};
/* clang-format on */
enum { CAUGHT = sizeof caught / sizeof *caught };

static struct sigaction before[CAUGHT], before_child, before_pipe;
static sigset_t before_mask, ends;
static bool ready;
static volatile sig_atomic_t target, wanted, noted, counted;

static void note(int signal, siginfo_t *info, void *context)
{
	int saved = errno;

	(void)context;
	if (!target || (kill(target, 0) && errno == ESRCH)) { /* there is no command any more */
		wanted = signal;
		noted = 1;
	} else if (info->si_code <= 0 && info->si_pid != target) {
		kill(target, signal); /* from kill(2) or the like; the terminal's are SI_KERNEL */
	}
	errno = saved;
}

static void wake(int signal)
{
	(void)signal; /* that ppoll was interrupted is all there is to it */
}

static void count(int signal)
{
	(void)signal;
	counted++;
	noted = 1;
}

static void listen_to(size_t i)
{
	struct sigaction new = { .sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_RESTART };

	new.sa_mask = ends;
	if (before[i].sa_handler != SIG_IGN)
		sigaction(caught[i].number, &new, NULL);
}

void sonde_sleep_init(void)
{
	struct sigaction on_child = { .sa_handler = wake }, ignore = { .sa_handler = SIG_IGN };
	sigset_t child;

	if (ready)
		return;
	wanted = noted = target = 0;
	sigemptyset(&ends);
	for (size_t i = 0; i < CAUGHT; i++) {
		sigaddset(&ends, caught[i].number);
		sigaction(caught[i].number, NULL, &before[i]);
	}
	/* SIGCHLD may only come while we sleep: ptrace sends one for every stop. */
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &before_mask);
	sigaction(SIGCHLD, &on_child, &before_child);
	sigaction(SIGPIPE, &ignore, &before_pipe);
	for (size_t i = 0; i < CAUGHT; i++)
		if (caught[i].ends)
			listen_to(i);
	ready = true;
}

void sonde_sleep_done(void)
{
	if (!ready)
		return;
	for (size_t i = 0; i < CAUGHT; i++)
		sigaction(caught[i].number, &before[i], NULL);
	sigaction(SIGCHLD, &before_child, NULL);
	sigaction(SIGPIPE, &before_pipe, NULL);
	sigprocmask(SIG_SETMASK, &before_mask, NULL);
	target = 0;
	ready = false;
}

void sonde_sleep_forward(pid_t pid)
{
	target = pid;
	for (size_t i = 0; i < CAUGHT; i++)
		if (!caught[i].ends && pid)
			listen_to(i);
		else if (!caught[i].ends)
			sigaction(caught[i].number, &before[i], NULL);
}

void sonde_sleep_count(int signal)
{
	struct sigaction new = { .sa_handler = count, .sa_flags = SA_RESTART };

	new.sa_mask = ends;
	sigaction(signal, &new, NULL);
}

unsigned sonde_sleep_counted(void)
{
	unsigned n = (unsigned)counted;

	counted = 0;
	return n;
}

int sonde_sleep(struct pollfd *fds, unsigned n, int ms)
{
	return sonde_sleep_for(fds, n, ms < 0 ? UINT64_MAX : (sonde_ns)ms * SONDE_MILLISECOND);
}

int sonde_sleep_for(struct pollfd *fds, unsigned n, sonde_ns time)
{
	struct timespec t = { (time_t)(time / SONDE_SECOND), (long)(time % SONDE_SECOND) };
	sigset_t mask, open;
	int got;

	/* Blocked between the look at noted and the sleep, so that none falls between. */
	sigprocmask(SIG_BLOCK, &ends, &mask);
	if (noted)
		t = (struct timespec){ 0 };
	open = mask;
	sigdelset(&open, SIGCHLD);
	got = ppoll(fds, n, time == UINT64_MAX && !noted ? NULL : &t, &open);
	got = got < 0 ? -errno : got;
	noted = 0;
	sigprocmask(SIG_SETMASK, &mask, NULL);
	return got == -EINTR ? 0 : got;
}

int sonde_sleep_aside(struct pollfd *fds, unsigned n, sonde_ns time)
{
	struct timespec t = { (time_t)(time / SONDE_SECOND), (long)(time % SONDE_SECOND) };
	int got = ppoll(fds, n, time == UINT64_MAX ? NULL : &t, NULL);

	return got < 0 ? errno == EINTR ? 0 : -errno : got;
}

int sonde_sleep_signal(void)
{
	return wanted;
}
