/* The ptrace tracer: no capability, one stop for every call that is wanted. */
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "sys/clock.h"
#include "sys/ptrace_inside.h"

enum { BATCH = 1024, YIELDS = 16, PATIENCE_MS = 50, CONNECTING_MS = 10 };

/* Who never rests makes one stop after the other: now and then there is something else to do. */
#define SERVE (20 * SONDE_MILLISECOND)

static struct sonde_ptrace *own(struct sonde_tracer *t)
{
	return (struct sonde_ptrace *)t; /* base comes first */
}

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
	sonde_ns until = sonde_clock_now() + SERVE;
	bool served = false;
	int status, r = 0;
	pid_t tid;

	t->hear = hear;
	t->arg = arg;
	t->told = 0;
	while (t->told < BATCH && sonde_clock_now() < until &&
	       (tid = next_stop(&status, served)) > 0) {
		sonde_ptrace_serve(t, tid, status);
		served = true;
	}
	if (t->waiting)
		sonde_ptrace_free_waiting(t);
	if (t->connecting)
		sonde_ptrace_tell_connecting(t);
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
	if (((const struct sonde_ptrace *)t)->connecting)
		return CONNECTING_MS;
	return PATIENCE_MS; /* for sock_diag; stops wake by SIGCHLD */
}

static sonde_ns lateness(const struct sonde_tracer *t)
{
	/* Stamped as it is served; but what connects, as of when it began. */
	return ((const struct sonde_ptrace *)t)->plan.packets ? 50 * SONDE_MILLISECOND : 0;
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
