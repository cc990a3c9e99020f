#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/reason.h"
#include "sys/clock.h"
#include "sys/ptrace_inside.h"

/* The number of the call that a thread is waiting in, or -1: it runs. */
static int waiting_in(pid_t tid)
{
	return (int)sonde_ptrace_number(tid, "syscall", "");
}

static int options(bool ours)
{
	return PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
	       PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT |
	       (ours ? PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL : 0);
}

/* Takes hold of one thread. One that was running already is told to stop, so that its calls can be
 * seen; a command of ours still waits to be released. 1: it is new to us. */
static int seize(struct sonde_ptrace *t, pid_t pid, pid_t tid, bool ours)
{
	struct sonde_ptrace_task *k = sonde_ptrace_task_find(t, tid);
	int error;

	if (k)
		return 0;
	if (ptrace(PTRACE_SEIZE, tid, 0, options(ours))) {
		error = errno;
		return error == EPERM && sonde_ptrace_number(tid, "status", "TracerPid:") > 0
			       ? SONDE_TRACED
			       : -error;
	}
	k = sonde_ptrace_task_get(t, tid);
	if (!k || sonde_ptrace_task_place(t, k, pid))
		return -ENOMEM;
	k->process->filtered = ours;
	if (ours)
		return 1;
	k->blocked_in = waiting_in(tid);
	k->unsettled = true;
	k->process->unsettled++;
	ptrace(PTRACE_INTERRUPT, tid, 0, 0);
	return 1;
}

/* Every thread there is, until a look brings no new one: those made by a thread that we hold are
 * held from birth. */
static int seize_all(struct sonde_ptrace *t, pid_t pid, bool ours)
{
	char path[48];
	bool more = true;
	int r = 0, first = 0;

	snprintf(path, sizeof path, "/proc/%d/task", pid);
	for (int tries = 0; more && tries < 100; tries++) {
		DIR *d = opendir(path);
		struct dirent *entry;

		if (!d)
			return -ESRCH;
		for (more = false; (entry = readdir(d));) {
			pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

			if (tid <= 0)
				continue;
			r = seize(t, pid, tid, ours);
			more |= r > 0;
			if (r < 0 && tid == pid)
				first = r;
		}
		closedir(d);
	}
	return first;
}

/* Stops of the terminal reach us as well; see stop_with in ptrace.c. Followed strangers must not
 * stand still because we do. */
static void hold_stops(void)
{
	sigset_t stops;

	sigemptyset(&stops);
	sigaddset(&stops, SIGTSTP);
	sigaddset(&stops, SIGTTIN);
	sigaddset(&stops, SIGTTOU);
	sigprocmask(SIG_BLOCK, &stops, NULL);
}

int sonde_ptrace_follow(struct sonde_tracer *tracer, pid_t pid)
{
	struct sonde_ptrace *t = (struct sonde_ptrace *)tracer;
	bool ours = t->plan.started && sonde_ptrace_number(pid, "status", "PPid:") == getpid();
	int r;

	if (sonde_ptrace_number(pid, "status", "Tgid:") != pid)
		return -ESRCH;
	r = seize_all(t, pid, ours);
	if (r < 0)
		return r;
	t->own |= ours;
	hold_stops();
	return 0;
}

/* The children that all threads of pid have, then theirs. */
static void descend(struct sonde_ptrace *t, pid_t pid)
{
	char path[80];
	DIR *d;
	struct dirent *entry;

	snprintf(path, sizeof path, "/proc/%d/task", pid);
	d = opendir(path);
	while (d && (entry = readdir(d))) {
		FILE *f;
		int child;

		snprintf(path, sizeof path, "/proc/%d/task/%ld/children", pid,
			 strtol(entry->d_name, NULL, 10));
		f = strtol(entry->d_name, NULL, 10) > 0 ? fopen(path, "re") : NULL;
		while (f && fscanf(f, "%d", &child) == 1)
			if (child != getpid() && seize_all(t, child, false) >= 0)
				descend(t, child);
		if (f)
			fclose(f);
	}
	if (d)
		closedir(d);
}

int sonde_ptrace_seed(struct sonde_tracer *tracer, pid_t pid)
{
	struct sonde_ptrace *t = (struct sonde_ptrace *)tracer;
	size_t before;

	do {
		before = t->processes;
		descend(t, pid);
	} while (t->processes != before);
	for (size_t i = 0; i < SONDE_PTRACE_BUCKETS; i++)
		for (struct sonde_ptrace_process *p = t->process[i]; p; p = p->next)
			p->seed = true;
	t->seeding = true;
	return 0;
}

static void tell_seed(struct sonde_ptrace *t, struct sonde_ptrace_task *k, int fd)
{
	struct sonde_event e = sonde_ptrace_event(k, SONDE_EVENT_SEED);
	struct sonde_diag_unix peer = { 0 };

	/* Known ones too: a call that waits on it has been entered again, and was not told yet. */
	if (!sonde_ptrace_look(t, k, fd, &e))
		return;
	e.fd = fd;
	e.flags |= sonde_ptrace_is_cloexec(k, fd) ? SONDE_FLAG_CLOEXEC : 0;
	if (e.family == AF_UNIX && e.netns == t->netns && t->diag &&
	    !sonde_diag_unix(t->diag, e.ino, &peer)) {
		e.ino2 = peer.peer;
		e.state = peer.state;
		e.address = (struct sonde_bytes){ peer.address, peer.address_len };
	}
	sonde_ptrace_tell(t, &e);
}

void sonde_ptrace_tell_seeds(struct sonde_ptrace *t)
{
	t->seeding = false;
	for (size_t i = 0; i < SONDE_PTRACE_BUCKETS; i++)
		for (struct sonde_ptrace_task *k = t->task[i]; k; k = k->next) {
			if (!k->process || !k->process->seed)
				continue;
			/* Only when the calls of all its threads are seen, so that nothing that is
			 * made now falls between. */
			if (k->process->unsettled) {
				t->seeding = true;
				continue;
			}
			k->process->seed = false;
			sonde_ptrace_each(t, k, tell_seed);
		}
}

static void ignore(void *arg, const struct sonde_item *item)
{
	(void)arg, (void)item;
}

/* Whether it stands there because it has made a task that we did not know yet. */
static bool has_made(struct sonde_ptrace *t, pid_t tid, int event)
{
	unsigned long made = 0;

	if (event != PTRACE_EVENT_FORK && event != PTRACE_EVENT_VFORK &&
	    event != PTRACE_EVENT_CLONE)
		return false;
	ptrace(PTRACE_GETEVENTMSG, tid, 0, &made);
	return !sonde_ptrace_task_find(t, (pid_t)made) && sonde_ptrace_task_get(t, (pid_t)made);
}

/* Detaching needs a stop; the signal that a task was about to get is given to it. */
void sonde_ptrace_let_go(struct sonde_ptrace *t)
{
	sonde_ns until = sonde_clock_now() + 2 * SONDE_SECOND;
	struct sonde_ptrace_task *k;
	size_t left = 0;

	t->hear = ignore;
	for (size_t i = 0; i < SONDE_PTRACE_BUCKETS; i++)
		for (k = t->task[i]; k; k = k->next, left++)
			ptrace(PTRACE_INTERRUPT, k->tid, 0, 0);
	while (left && sonde_clock_now() < until) {
		int status, sig = 0;
		pid_t tid = waitpid(-1, &status, __WALL | WNOHANG);

		if (tid < 0)
			break;
		if (!tid) {
			usleep(500);
			continue;
		}
		k = sonde_ptrace_task_find(t, tid);
		if (!WIFSTOPPED(status)) {
			left -= k != NULL;
			if (k)
				sonde_ptrace_task_drop(t, k);
			continue;
		}
		if (!(status >> 16) && WSTOPSIG(status) != (SIGTRAP | 0x80))
			sig = WSTOPSIG(status);
		left += has_made(t, tid, status >> 16);
		ptrace(PTRACE_DETACH, tid, 0, sig);
		left -= k != NULL;
		if (k)
			sonde_ptrace_task_drop(t, k);
	}
}
