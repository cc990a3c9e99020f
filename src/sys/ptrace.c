/* The ptrace tracer: no capability, one stop for every call that is wanted. */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/kcmp.h>
#include <netinet/in.h>

#include "sys/clock.h"
#include "sys/ptrace_inside.h"

enum { BATCH = 1024, YIELDS = 16, PATIENCE_MS = 50 };

static struct sonde_ptrace *own(struct sonde_tracer *t)
{
	return (struct sonde_ptrace *)t; /* base comes first */
}

long sonde_ptrace_number(pid_t tid, const char *file, const char *name)
{
	char path[80], line[256], *end;
	long v = -1;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/%s", tid, file);
	f = fopen(path, "re");
	while (f && v < 0 && fgets(line, sizeof line, f))
		if (!strncmp(line, name, strlen(name))) {
			v = strtol(line + strlen(name), &end, 10);
			v = end > line + strlen(name) ? v : -1;
		}
	if (f)
		fclose(f);
	return v;
}

/* --- tasks and processes --- */

struct sonde_ptrace_task *sonde_ptrace_task_find(struct sonde_ptrace *t, pid_t tid)
{
	struct sonde_ptrace_task *k = t->task[(unsigned)tid % SONDE_PTRACE_BUCKETS];

	while (k && k->tid != tid)
		k = k->next;
	return k;
}

struct sonde_ptrace_process *sonde_ptrace_process_find(struct sonde_ptrace *t, pid_t pid)
{
	struct sonde_ptrace_process *p = t->process[(unsigned)pid % SONDE_PTRACE_BUCKETS];

	while (p && p->pid != pid)
		p = p->next;
	return p;
}

struct sonde_ptrace_task *sonde_ptrace_task_get(struct sonde_ptrace *t, pid_t tid)
{
	struct sonde_ptrace_task **at = &t->task[(unsigned)tid % SONDE_PTRACE_BUCKETS];
	struct sonde_ptrace_task *k = sonde_ptrace_task_find(t, tid);

	if (k)
		return k;
	k = calloc(1, sizeof *k);
	if (!k)
		return NULL;
	k->tid = tid;
	k->blocked_in = -1;
	k->next = *at;
	*at = k;
	return k;
}

static struct sonde_ptrace_process *process_get(struct sonde_ptrace *t, pid_t pid)
{
	struct sonde_ptrace_process **at = &t->process[(unsigned)pid % SONDE_PTRACE_BUCKETS];
	struct sonde_ptrace_process *p = sonde_ptrace_process_find(t, pid);

	if (p)
		return p;
	p = calloc(1, sizeof *p);
	if (p)
		p->table = calloc(1, sizeof *p->table);
	if (!p || !p->table) {
		free(p);
		return NULL;
	}
	p->pid = pid;
	p->pidfd = -1;
	p->table->shared = 1;
	p->next = *at;
	*at = p;
	t->processes++;
	return p;
}

static void process_drop(struct sonde_ptrace *t, struct sonde_ptrace_process *p)
{
	struct sonde_ptrace_process **at = &t->process[(unsigned)p->pid % SONDE_PTRACE_BUCKETS];

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	if (p->pidfd >= 0)
		close(p->pidfd);
	sonde_ptrace_table_put(p->table);
	free(p);
	t->processes--;
}

void sonde_ptrace_name(struct sonde_ptrace_task *k)
{
	char path[48];
	FILE *f;
	size_t n = 0;

	snprintf(path, sizeof path, "/proc/%d/comm", k->tid);
	memset(k->event.comm, 0, sizeof k->event.comm);
	f = fopen(path, "re");
	if (f)
		n = fread(k->event.comm, 1, sizeof k->event.comm, f);
	if (f)
		fclose(f);
	if (n)
		k->event.comm[n - 1] = 0; /* the line's end */
}

int sonde_ptrace_task_place(struct sonde_ptrace *t, struct sonde_ptrace_task *k, pid_t pid)
{
	k->process = process_get(t, pid);
	if (!k->process)
		return -ENOMEM;
	k->process->tasks++;
	k->process->held++;
	sonde_ptrace_name(k);
	return 0;
}

void sonde_ptrace_task_drop(struct sonde_ptrace *t, struct sonde_ptrace_task *k)
{
	struct sonde_ptrace_task **at = &t->task[(unsigned)k->tid % SONDE_PTRACE_BUCKETS];
	struct sonde_ptrace_process *p = k->process;

	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	if (p && !k->ending)
		p->tasks--;
	if (p && k->unsettled)
		p->unsettled--;
	if (p && !--p->held)
		process_drop(t, p);
	free(k);
}

/* --- telling --- */

struct sonde_event sonde_ptrace_event(const struct sonde_ptrace_task *k, unsigned kind)
{
	struct sonde_event e = {
		.kind = (uint16_t)kind, .fd = -1, .fd2 = -1, .flags = SONDE_FLAG_TASK
	};

	e.when = sonde_clock_now();
	e.tid = (uint32_t)k->tid;
	e.pid = (uint32_t)k->process->pid;
	memcpy(e.comm, k->event.comm, sizeof e.comm);
	return e;
}

void sonde_ptrace_tell(struct sonde_ptrace *t, const struct sonde_event *e)
{
	struct sonde_item item = { .is = SONDE_ITEM_EVENT };

	item.event = *e;
	t->hear(t->arg, &item);
	t->told++;
}

/* Of all sockets of the namespace, those that were looked at, and what a followed listener never
 * handed out. */
static void hear_end(void *arg, const struct sonde_item *item)
{
	struct sonde_event e = item->event;
	struct sonde_ptrace *t = arg;
	const struct sonde_ptrace_met *met = sonde_ptrace_met(t, e.cookie);
	bool ours = met;

	for (size_t i = 0; !ours && e.protocol == IPPROTO_TCP && i < t->ports; i++)
		ours = t->port[i] == e.local.port;
	if (!ours)
		return;
	/* A FIN counts as a byte; nothing else can come in after the last close. */
	if (met && e.n[1] == met->received + 1)
		e.n[1]--;
	if (e.protocol == IPPROTO_TCP && e.remote.port) {
		e.flags = SONDE_FLAG_COPY;
		e.state = (uint8_t)sonde_diag_state(t->diag, &e);
		if (e.state)
			sonde_ptrace_tell(t, &e);
		e.flags = item->event.flags;
		e.state = item->event.state;
	}
	sonde_ptrace_tell(t, &e);
}

/* --- stops --- */

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

void sonde_ptrace_ending(struct sonde_ptrace *t, struct sonde_ptrace_task *k, int status)
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
		sonde_ptrace_ending(t, k, status);
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

static void call_stop(struct sonde_ptrace *t, struct sonde_ptrace_task *k)
{
	struct ptrace_syscall_info i = { 0 };
	const uint64_t *args = NULL;
	uint64_t args_copy[6];
	uint64_t nr = 0;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, k->tid, sizeof i, &i) < 0)
		i.op = PTRACE_SYSCALL_INFO_NONE;
	if (i.op == PTRACE_SYSCALL_INFO_EXIT && k->event.call)
		sonde_ptrace_leave(t, k, i.exit.rval);
	if (i.op == PTRACE_SYSCALL_INFO_SECCOMP) {
		nr = i.seccomp.nr;
		memcpy(args_copy, i.seccomp.args, sizeof args_copy);
		args = args_copy;
	} else if (i.op == PTRACE_SYSCALL_INFO_ENTRY && !k->process->filtered) {
		nr = i.entry.nr;
		memcpy(args_copy, i.entry.args, sizeof args_copy);
		args = args_copy;
	}
	if (args) {
		unsigned call = sonde_ptrace_arch && i.arch != sonde_ptrace_arch
					? SONDE_CALL_NONE
					: sonde_ptrace_wanted(t, nr, args);

		k->event.call = SONDE_CALL_NONE;
		if (call && !sonde_ptrace_enter(t, k, call, args))
			k->event.call = SONDE_CALL_NONE;
		else if (call && k->blocked_in == (int)nr)
			k->event.flags |= SONDE_FLAG_BLOCKED;
		k->blocked_in = -1;
	}
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
		sonde_ptrace_ending(t, k, (int)message);
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

/* A maker that was killed never tells. */
static void free_waiting(struct sonde_ptrace *t)
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

/* --- the backend --- */

int sonde_ptrace_options(bool ours)
{
	return PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
	       PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT |
	       (ours ? PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL : 0);
}

/* Who was just let go is soon to stop again: to yield for a moment costs less than to sleep and be
 * woken by a signal. */
static pid_t next_stop(int *status, bool soon)
{
	pid_t tid = waitpid(-1, status, __WALL | WNOHANG);

	for (int i = 0; !tid && soon && i < YIELDS; i++) {
		sched_yield();
		tid = waitpid(-1, status, __WALL | WNOHANG);
	}
	return tid;
}

static int read_stops(struct sonde_tracer *tracer, sonde_tracer_hear hear, void *arg)
{
	struct sonde_ptrace *t = own(tracer);
	bool served = false;
	int status, r = 0;
	pid_t tid;

	t->hear = hear;
	t->arg = arg;
	t->told = 0;
	while (t->told < BATCH && (tid = next_stop(&status, served)) > 0) {
		sonde_ptrace_serve(t, tid, status);
		served = true;
	}
	if (t->waiting)
		free_waiting(t);
	if (t->seeding)
		sonde_ptrace_tell_seeds(t);
	if (t->diag)
		r = sonde_diag_read(t->diag, hear_end, t);
	return r < 0 ? r : t->told;
}

static struct sonde_tracer *close_tracer(struct sonde_tracer *tracer)
{
	struct sonde_ptrace *t = own(tracer);

	sonde_ptrace_let_go(t);
	for (size_t i = 0; i < SONDE_PTRACE_BUCKETS; i++)
		while (t->task[i])
			sonde_ptrace_task_drop(t, t->task[i]);
	sonde_diag_close(t->diag);
	free(t->cookie);
	free(t->port);
	free(t->end);
	free(t->payload);
	free(t);
	return NULL;
}

static int open_tracer(struct sonde_tracer **ret, const struct sonde_tracer_plan *plan)
{
	struct sonde_ptrace *t;
	struct stat st;

	if (plan->all)
		return -EOPNOTSUPP;
	t = calloc(1, sizeof *t);
	if (t)
		t->payload = malloc(plan->payload ? plan->payload : 1);
	if (!t || !t->payload) {
		free(t);
		return -ENOMEM;
	}
	t->base.kind = &sonde_tracer_ptrace;
	t->plan = *plan;
	if (!stat("/proc/self/ns/net", &st))
		t->netns = (uint32_t)st.st_ino;
	if (sonde_diag_open(&t->diag, -1))
		t->diag = NULL;
	*ret = &t->base;
	return 0;
}

static bool sees_packets(const struct sonde_tracer *t)
{
	(void)t;
	return false;
}

static void tell(struct sonde_tracer *tracer, sonde_tracer_hear hear, void *arg)
{
	struct sonde_ptrace *t = own(tracer);
	const char *const blind[] = {
		"ptrace sees calls, not the kernel: the states of a connection are known where a "
		"call looked at them, not when they changed",
		"the order of the FINs of both sides, resets and retransmissions are not seen",
		"datagrams dropped on their way into a socket are not seen",
		"what io_uring does to sockets is not seen",
		"32-bit programs on a 64-bit kernel are not seen",
		t->plan.calls ? NULL
			      : "calls that send and receive are not seen; --calls stops at them",
		t->plan.started ? "programs that gain privilege when they are started (setuid) run "
				  "without it, unless we may administer the system"
				: "a call that was waiting when we came may have been interrupted",
		t->plan.started ? "the command and all it started are killed if we are killed, and "
				  "waited for: "
				  "its filter of calls needs us"
				: NULL,
		t->diag ? "ends of sockets are told for our own network namespace alone"
			: "the kernel's socket diagnosis is refused: counts are those at the last "
			  "close",
	};

	for (size_t i = 0; i < sizeof blind / sizeof *blind; i++) {
		struct sonde_item item = { .is = SONDE_ITEM_EVENT };

		if (!blind[i])
			continue;
		item.event = (struct sonde_event){ .kind = SONDE_EVENT_BLIND, .fd = -1, .fd2 = -1 };
		item.event.when = sonde_clock_now();
		item.event.text.at = (const uint8_t *)blind[i];
		item.event.text.len = strlen(blind[i]);
		hear(arg, &item);
	}
}

static int prepare_child(struct sonde_tracer *t)
{
	return own(t)->plan.started ? sonde_ptrace_filter(own(t)) : 0;
}

static int patience(const struct sonde_tracer *t)
{
	(void)t;
	return PATIENCE_MS; /* for sock_diag; stops wake by SIGCHLD */
}

static sonde_ns lateness(const struct sonde_tracer *t)
{
	(void)t;
	return 0; /* stamped as it is served */
}

static uint64_t lost(const struct sonde_tracer *t)
{
	const struct sonde_ptrace *own_t = (const struct sonde_ptrace *)t;

	return own_t->diag ? sonde_diag_lost(own_t->diag) : 0;
}

static size_t alive(struct sonde_tracer *tracer, pid_t *ret, size_t n)
{
	struct sonde_ptrace *t = own(tracer);
	size_t found = 0;

	for (size_t i = 0; i < SONDE_PTRACE_BUCKETS && found < n; i++)
		for (struct sonde_ptrace_process *p = t->process[i]; p && found < n; p = p->next)
			ret[found++] = p->pid;
	return t->processes;
}

static int child_ended(struct sonde_tracer *tracer, pid_t pid, int *ret_status)
{
	struct sonde_ptrace *t = own(tracer);

	for (size_t i = 0; i < t->ends; i++)
		if (t->end[i].pid == pid) {
			*ret_status = t->end[i].status;
			return 1;
		}
	return 0;
}

const struct sonde_tracer_kind sonde_tracer_ptrace = {
	.backend = SONDE_BACKEND_PTRACE,
	.open = open_tracer,
	.sees_packets = sees_packets,
	.tell = tell,
	.prepare_child = prepare_child,
	.follow = sonde_ptrace_follow,
	.seed = sonde_ptrace_seed,
	.read = read_stops,
	.patience = patience,
	.lateness = lateness,
	.lost = lost,
	.alive = alive,
	.child_ended = child_ended,
	.close = close_tracer,
};
