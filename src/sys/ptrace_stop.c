#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/kcmp.h>

#include "sys/clock.h"
#include "sys/ptrace_inside.h"

static void resume(struct sonde_ptrace_task *k, int sig)
{
	bool steps = k->event.call || !k->process->filtered;

	ptrace(steps ? PTRACE_SYSCALL : PTRACE_CONT, k->tid, 0, sig);
}

static void tell_fork(struct sonde_ptrace *t, const struct sonde_ptrace_task *maker,
		      struct sonde_ptrace_task *k)
{
	struct sonde_event e = sonde_ptrace_event(maker, SONDE_EVENT_FORK);

	e.n[0] = (uint64_t)k->process->pid;
	e.n[1] = (uint64_t)k->tid;
	if (k->process == maker->process || k->process->table == maker->process->table)
		e.flags |= SONDE_FLAG_SHARED;
	sonde_ptrace_tell(t, &e);
}

/* The new task is known by number; it belongs to its maker's process or to one of its own. */
static void place(struct sonde_ptrace *t, struct sonde_ptrace_task *k,
		  const struct sonde_ptrace_task *maker)
{
	long pid = sonde_ptrace_number(k->tid, "status", "Tgid:");
	struct sonde_ptrace_process *p;

	if (pid <= 0)
		pid = k->tid;
	if (sonde_ptrace_task_place(t, k, (pid_t)pid))
		return;
	p = k->process;
	if (!maker) { /* it died before it could tell; ours are the only ones with a filter */
		p->filtered = t->own;
		return;
	}
	p->filtered = maker->process->filtered;
	if (p != maker->process && p->tasks == 1 &&
	    !syscall(SYS_kcmp, maker->tid, k->tid, KCMP_FILES, 0, 0)) {
		sonde_ptrace_table_put(p->table);
		p->table = maker->process->table;
		p->table->shared++;
	}
	tell_fork(t, maker, k);
}

static void forked(struct sonde_ptrace *t, struct sonde_ptrace_task *maker)
{
	struct sonde_ptrace_task *k;
	unsigned long tid = 0;

	ptrace(PTRACE_GETEVENTMSG, maker->tid, 0, &tid);
	k = sonde_ptrace_task_find(t, (pid_t)tid);
	if (k && k->process)
		return;
	if (k) { /* its first stop came first, and it still stands there */
		place(t, k, maker);
		if (k->process)
			resume(k, 0);
		return;
	}
	k = sonde_ptrace_task_get(t, (pid_t)tid);
	if (k)
		place(t, k, maker);
}

/* All other threads are gone; the one that called exec, whichever it was, is now the first. */
static void executed(struct sonde_ptrace *t, struct sonde_ptrace_task *k)
{
	struct sonde_ptrace_process *p = k->process;
	char path[48], program[PATH_MAX];
	struct sonde_event e;
	ssize_t len;

	for (size_t i = 0; i < SONDE_PTRACE_BUCKETS; i++)
		for (struct sonde_ptrace_task *other = t->task[i], *next; other; other = next) {
			next = other->next;
			if (other->process == p && other != k)
				sonde_ptrace_task_drop(t, other);
		}
	k->event.call = k->again = SONDE_CALL_NONE;
	k->rights = 0;
	k->ending = false;
	p->tasks = 1;
	if (p->table->shared > 1) { /* exec parts what was shared */
		struct sonde_ptrace_table *table = calloc(1, sizeof *table);

		if (table) {
			sonde_ptrace_table_put(p->table);
			table->shared = 1;
			p->table = table;
		}
	}
	sonde_ptrace_forget(p, 0, ~0u);
	sonde_ptrace_name(k);
	e = sonde_ptrace_event(k, SONDE_EVENT_EXEC);
	snprintf(path, sizeof path, "/proc/%d/exe", k->tid);
	len = readlink(path, program, sizeof program);
	if (len > 0)
		e.text = (struct sonde_bytes){ (const uint8_t *)program, (size_t)len };
	sonde_ptrace_tell(t, &e);
}

/* Its EXIT, once; status as in wait(2). */
static void ending(struct sonde_ptrace *t, struct sonde_ptrace_task *k, int status)
{
	struct sonde_ptrace_process *p = k->process;
	struct sonde_event e;

	if (k->ending)
		return;
	k->ending = true;
	p->tasks--;
	if (!p->tasks && p->table->shared == 1)
		sonde_ptrace_each(t, k, sonde_ptrace_part);
	e = sonde_ptrace_event(k, SONDE_EVENT_EXIT);
	e.arg[0] = status;
	e.arg[1] = !p->tasks;
	sonde_ptrace_tell(t, &e);
}

/* Its own parent, if that is us, has no other way to hear it: waiting is the tracer's. */
static void gone(struct sonde_ptrace *t, pid_t tid, int status)
{
	struct sonde_ptrace_task *k = sonde_ptrace_task_find(t, tid);
	bool child = !k || (k->process && k->process->pid == tid);

	if (k && k->process)
		ending(t, k, status);
	if (k)
		sonde_ptrace_task_drop(t, k);
	if (child) {
		struct sonde_ptrace_end *more = realloc(t->end, (t->ends + 1) * sizeof *more);

		if (!more)
			return;
		t->end = more;
		t->end[t->ends++] = (struct sonde_ptrace_end){ tid, status };
	}
}

/* A stop of the whole process group by the terminal is ours too, but we waited with it: the
 * program may have had to put the terminal in order first. */
static void stop_with(struct sonde_ptrace *t)
{
	static const int stops[] = { SIGTSTP, SIGTTIN, SIGTTOU };
	sigset_t pending, one;

	sigpending(&pending);
	for (size_t i = 0; t->own && i < 3; i++) {
		if (!sigismember(&pending, stops[i]))
			continue;
		sigemptyset(&one);
		sigaddset(&one, stops[i]);
		sigprocmask(SIG_UNBLOCK, &one, NULL); /* here we stand until somebody says CONT */
		sigprocmask(SIG_BLOCK, &one, NULL);
		return;
	}
}

static void halted(struct sonde_ptrace *t, struct sonde_ptrace_task *k, int sig)
{
	if (k->unsettled) {
		k->unsettled = false;
		k->process->unsettled--;
	}
	if (sig == SIGTRAP) { /* new, or interrupted by us, or going on after a stop */
		resume(k, 0);
		return;
	}
	/* Stopped as by SIGSTOP; it stays so, and hears SIGCONT. */
	ptrace(PTRACE_LISTEN, k->tid, 0, 0);
	stop_with(t);
}

static void enter(struct sonde_ptrace *t, struct sonde_ptrace_task *k, uint64_t nr,
		  const uint64_t args[6])
{
	unsigned call = sonde_ptrace_wanted(t, nr, args);

	k->event.call = SONDE_CALL_NONE;
	k->connecting = false;
	if (call == SONDE_PTRACE_EXEC)
		sonde_ptrace_part_exec(t, k);
	else if (call && !sonde_ptrace_enter(t, k, call, args))
		k->event.call = SONDE_CALL_NONE;
	else if (call && k->blocked_in == (int)nr)
		k->event.flags |= SONDE_FLAG_BLOCKED;
	k->blocked_in = -1;
}

static void call_stop(struct sonde_ptrace *t, struct sonde_ptrace_task *k)
{
	struct ptrace_syscall_info i = { 0 };
	bool entry, known;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, k->tid, sizeof i, &i) < 0)
		i.op = PTRACE_SYSCALL_INFO_NONE;
	entry = i.op == PTRACE_SYSCALL_INFO_SECCOMP ||
		(i.op == PTRACE_SYSCALL_INFO_ENTRY && !k->process->filtered);
	known = !sonde_ptrace_arch || i.arch == sonde_ptrace_arch;
	if (i.op == PTRACE_SYSCALL_INFO_EXIT && k->event.call)
		sonde_ptrace_leave(t, k, i.exit.rval);
	else if (entry && known) /* both begin with the number and the arguments */
		enter(t, k, i.entry.nr, (const uint64_t *)i.entry.args);
	resume(k, 0);
}

void sonde_ptrace_serve(struct sonde_ptrace *t, pid_t tid, int status)
{
	struct sonde_ptrace_task *k;
	unsigned long message = 0;
	int sig = WSTOPSIG(status);

	if (!WIFSTOPPED(status)) {
		gone(t, tid, status);
		return;
	}
	k = sonde_ptrace_task_get(t, tid);
	if (!k)
		return;
	if (!k->process) { /* new, and seen before its maker told: see forked */
		k->began = sonde_clock_now();
		t->waiting = true;
		return;
	}
	switch (status >> 16) {
	case PTRACE_EVENT_SECCOMP: call_stop(t, k); return;
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE: forked(t, k); break;
	case PTRACE_EVENT_EXEC: executed(t, k); break;
	case PTRACE_EVENT_EXIT:
		ptrace(PTRACE_GETEVENTMSG, tid, 0, &message);
		ending(t, k, (int)message);
		break;
	case PTRACE_EVENT_STOP: halted(t, k, sig); return;
	case 0:
		if (sig == (SIGTRAP | 0x80))
			call_stop(t, k);
		else
			resume(k, sig);
		return;
	default: break;
	}
	resume(k, 0);
}

void sonde_ptrace_free_waiting(struct sonde_ptrace *t)
{
	t->waiting = false;
	for (size_t i = 0; i < SONDE_PTRACE_BUCKETS; i++)
		for (struct sonde_ptrace_task *k = t->task[i]; k; k = k->next) {
			if (k->process)
				continue;
			if (sonde_clock_now() - k->began < 100 * SONDE_MILLISECOND) {
				t->waiting = true;
				continue;
			}
			place(t, k, NULL);
			if (k->process)
				resume(k, 0);
		}
}
