#ifndef SONDE_TESTS_PTRACE_RUN_H
#define SONDE_TESTS_PTRACE_RUN_H

/* What the suites of the ptrace tracer share: a run of a stimulus, and what it leaves behind. */

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/reason.h"
#include "sys/child.h"
#include "sys/clock.h"
#include "sys/netns.h"
#include "sys/sleep.h"
#include "sys/tracer.h"

#define UNUSED __attribute__((unused))

enum { EVENTS = 80000 };
static struct sonde_event heard[EVENTS];
UNUSED static char texts[EVENTS][40]; /* beginning of text, as a string */
static size_t n_heard;
static char said[4096]; /* by the command */
static struct sonde_tracer *tracer;

static inline void hear(void *arg, const struct sonde_item *item)
{
	(void)arg;
	ck_assert_uint_lt(n_heard, EVENTS);
	heard[n_heard] = item->event;
	snprintf(texts[n_heard], sizeof texts[0], "%.*s", (int)item->event.text.len,
		 (const char *)item->event.text.at);
	n_heard++;
}

/* Loop index 0 is root, 1 is nobody without a capability. */
static inline void settle(int as_nobody)
{
	int netns;

	n_heard = 0;
	said[0] = 0;
	if (geteuid()) {
		fprintf(stderr, "not root: on plain loopback, and as the one we are\n");
		return;
	}
	netns = sonde_netns_open();
	ck_assert_int_ge(netns, 0);
	ck_assert_int_eq(setns(netns, CLONE_NEWNET), 0);
	close(netns);
	if (as_nobody) {
		ck_assert_int_eq(setresgid(65534, 65534, 65534), 0);
		ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
		prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* as after an exec */
	}
}

static inline const char *stim(const char *name)
{
	static char path[256];
	const char *build = getenv("SONDE_BUILD");

	snprintf(path, sizeof path, "%s/stim/%s", build ? build : "build/cc", name);
	return path;
}

static inline int prepare(void *arg)
{
	return sonde_tracer_prepare_child(arg);
}

static inline void open_tracer(bool calls, bool started)
{
	struct sonde_tracer_plan plan = { .backend = SONDE_BACKEND_PTRACE,
					  .calls = calls,
					  .started = started,
					  .payload = calls ? 16 : 0 };
	int why = -1;

	ck_assert_int_eq(sonde_tracer_open(&tracer, &plan, &why), 0);
	ck_assert_int_eq(why, 0);
	ck_assert_int_eq(sonde_tracer_backend(tracer), SONDE_BACKEND_PTRACE);
}

/* Reads and sleeps until what is asked for, or the time is up. */
static inline bool read_until(bool (*enough)(void *), void *arg, int ms)
{
	sonde_ns end = sonde_clock_now() + (sonde_ns)ms * SONDE_MILLISECOND;

	do {
		ck_assert_int_ge(sonde_tracer_read(tracer, hear, NULL), 0);
		if (enough(arg))
			return true;
		sonde_sleep(NULL, 0, sonde_tracer_patience(tracer));
	} while (sonde_clock_now() < end);
	return false;
}

UNUSED static bool wait_for_ends;
static struct sonde_child child;
UNUSED static int child_status;

static inline bool child_has_ended(void *arg)
{
	(void)arg;
	return sonde_tracer_child_ended(tracer, child.pid, &child_status);
}

static inline bool never(void *arg)
{
	(void)arg;
	return false;
}

static inline void start(bool calls, const char *program, const char *act, int out)
{
	const char *argv[] = { program, act, NULL };
	struct sonde_child_plan plan = { .argv = (char *const *)argv,
					 .out = out,
					 .prepare = prepare };

	sonde_sleep_init();
	open_tracer(calls, true);
	plan.arg = tracer;
	ck_assert_int_eq(sonde_child_start(&child, &plan), 0);
	ck_assert_int_eq(sonde_tracer_follow(tracer, child.pid), 0);
	sonde_child_release(&child);
}

/* Whether the kernel has told the end of every TCP socket; it does so from a work queue. */
static inline bool all_ended(void *arg)
{
	size_t calls = 0, ends = 0;

	(void)arg;
	for (size_t i = 0; i < n_heard; i++) {
		const struct sonde_event *e = &heard[i];

		calls += e->kind == SONDE_EVENT_CALL && e->protocol == IPPROTO_TCP && e->ret >= 0 &&
			 (e->call == SONDE_CALL_SOCKET || e->call == SONDE_CALL_ACCEPT);
		ends += e->kind == SONDE_EVENT_DIAG && e->flags & SONDE_FLAG_LAST;
	}
	return ends >= calls;
}

static inline void finish(int out)
{
	ssize_t n;

	for (size_t i = 1; i < n_heard; i++)
		ck_assert_uint_ge(heard[i].when, heard[i - 1].when);
	ck_assert_uint_eq(sonde_tracer_alive(tracer, NULL, 0), 0);
	ck_assert_uint_eq(sonde_tracer_lost(tracer), 0);
	ck_assert_ptr_null(tracer = sonde_tracer_close(tracer));
	sonde_child_done(&child);
	sonde_sleep_done();
	n = pread(out, said, sizeof said - 1, 0);
	said[n > 0 ? n : 0] = 0;
	close(out);
}

/* A whole run of a stimulus; its status must be this. */
static inline void run(bool calls, const char *program, const char *act, int status)
{
	int out = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	ck_assert_int_ge(out, 0);
	start(calls, stim(program), act, out);
	ck_assert_msg(read_until(child_has_ended, NULL, 15000), "%s %s does not end", program, act);
	ck_assert_msg(child_status == status, "%s %s ended with %x", program, act, child_status);
	if (wait_for_ends)
		ck_assert(read_until(all_ended, NULL, 5000));
	finish(out);
}

/* The inode that the command said belongs to the name, or 0. */
static inline uint64_t ino_of(const char *name)
{
	char want[40];
	const char *at;

	snprintf(want, sizeof want, "%s ", name);
	at = strstr(said, want);
	return at ? strtoull(at + strlen(want), NULL, 10) : 0;
}

/* The next event of the kind about the socket, from *at on; ino 0: any. NULL: none. */
static inline const struct sonde_event *next(size_t *at, unsigned kind, unsigned call, uint64_t ino)
{
	for (; *at < n_heard; ++*at) {
		const struct sonde_event *e = &heard[*at];

		if (e->kind == kind && (!call || e->call == call) && (!ino || e->ino == ino))
			return &heard[(*at)++];
	}
	return NULL;
}

static inline const struct sonde_event *find(unsigned kind, unsigned call, uint64_t ino)
{
	size_t at = 0;
	const struct sonde_event *e = next(&at, kind, call, ino);

	ck_assert_msg(e, "no %s %s of inode %lu", sonde_event_name(kind), sonde_call_name(call),
		      (unsigned long)ino);
	return e;
}

static inline size_t count(unsigned kind, unsigned call, uint64_t ino)
{
	size_t at = 0, n = 0;

	while (next(&at, kind, call, ino))
		n++;
	return n;
}

#define CALL(id, ino) find(SONDE_EVENT_CALL, SONDE_CALL_##id, ino)

#endif
