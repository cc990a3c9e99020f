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

Suite *ptrace_suite(void);

/* --- what a run leaves behind --- */

enum { EVENTS = 80000 };
static struct sonde_event heard[EVENTS];
static char texts[EVENTS][40]; /* beginning of text, as a string */
static size_t n_heard;
static char said[4096]; /* by the command */
static struct sonde_tracer *tracer;

static void hear(void *arg, const struct sonde_item *item)
{
	(void)arg;
	ck_assert_uint_lt(n_heard, EVENTS);
	heard[n_heard] = item->event;
	snprintf(texts[n_heard], sizeof texts[0], "%.*s", (int)item->event.text.len,
		 (const char *)item->event.text.at);
	n_heard++;
}

/* Loop index 0 is root, 1 is nobody without a capability. */
static void settle(int as_nobody)
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

static const char *stim(const char *name)
{
	static char path[256];
	const char *build = getenv("SONDE_BUILD");

	snprintf(path, sizeof path, "%s/stim/%s", build ? build : "build/cc", name);
	return path;
}

static int prepare(void *arg)
{
	return sonde_tracer_prepare_child(arg);
}

static void open_tracer(bool calls, bool started)
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
static bool read_until(bool (*enough)(void *), void *arg, int ms)
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

static bool wait_for_ends;
static struct sonde_child child;
static int child_status;

static bool child_has_ended(void *arg)
{
	(void)arg;
	return sonde_tracer_child_ended(tracer, child.pid, &child_status);
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

static void start(bool calls, const char *program, const char *act, int out)
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
static bool all_ended(void *arg)
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

static void finish(int out)
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
static void run(bool calls, const char *program, const char *act, int status)
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
static uint64_t ino_of(const char *name)
{
	char want[40];
	const char *at;

	snprintf(want, sizeof want, "%s ", name);
	at = strstr(said, want);
	return at ? strtoull(at + strlen(want), NULL, 10) : 0;
}

/* The next event of the kind about the socket, from *at on; ino 0: any. NULL: none. */
static const struct sonde_event *next(size_t *at, unsigned kind, unsigned call, uint64_t ino)
{
	for (; *at < n_heard; ++*at) {
		const struct sonde_event *e = &heard[*at];

		if (e->kind == kind && (!call || e->call == call) && (!ino || e->ino == ino))
			return &heard[(*at)++];
	}
	return NULL;
}

static const struct sonde_event *find(unsigned kind, unsigned call, uint64_t ino)
{
	size_t at = 0;
	const struct sonde_event *e = next(&at, kind, call, ino);

	ck_assert_msg(e, "no %s %s of inode %lu", sonde_event_name(kind), sonde_call_name(call),
		      (unsigned long)ino);
	return e;
}

static size_t count(unsigned kind, unsigned call, uint64_t ino)
{
	size_t at = 0, n = 0;

	while (next(&at, kind, call, ino))
		n++;
	return n;
}

#define CALL(id, ino) find(SONDE_EVENT_CALL, SONDE_CALL_##id, ino)

/* --- facts --- */

START_TEST(a_tcp_session_is_seen_from_socket_to_end)
{
	const struct sonde_event *e, *accepted;
	uint64_t client, server;

	settle(_i);
	run(false, "causes", "local-first", 0);
	client = ino_of("client");
	server = ino_of("server");
	e = CALL(SOCKET, client);
	ck_assert_int_eq(e->family, AF_INET);
	ck_assert_int_eq(e->type, SOCK_STREAM);
	ck_assert_int_eq(e->protocol, IPPROTO_TCP);
	ck_assert_int_eq(e->fd, e->ret);
	ck_assert_uint_ne(e->cookie, 0);
	ck_assert_uint_ne(e->netns, 0);
	ck_assert_str_eq(e->comm, "causes");
	ck_assert_uint_eq(e->pid, (unsigned)child.pid);
	e = CALL(CONNECT, client);
	ck_assert_int_eq(e->ret, 0);
	ck_assert_uint_eq(e->state, TCP_ESTABLISHED);
	ck_assert_uint_eq(e->address.len, sizeof(struct sockaddr_in));
	ck_assert_uint_ne(e->local.port, 0);
	ck_assert_uint_gt(e->took, 0);
	accepted = CALL(ACCEPT, 0);
	ck_assert_uint_eq(accepted->ino2, server);
	ck_assert_uint_ne(accepted->cookie2, 0);
	ck_assert_int_eq(accepted->fd2, accepted->ret);
	ck_assert_uint_eq(accepted->remote.port, e->local.port);
	e = find(SONDE_EVENT_DIAG, 0, client);
	ck_assert_uint_eq(e->state, TCP_ESTABLISHED);
	ck_assert_uint_eq(e->n[0], 5);
	e = find(SONDE_EVENT_DIAG, 0, server);
	ck_assert_uint_eq(e->state, TCP_CLOSE_WAIT);
	ck_assert_uint_eq(e->n[1], 5);
	ck_assert_uint_eq(e->cookie, accepted->cookie2);
	ck_assert_uint_eq(count(SONDE_EVENT_CALL, SONDE_CALL_CLOSE, client), 1);
	ck_assert_uint_eq(count(SONDE_EVENT_CALL, SONDE_CALL_CLOSE, server), 1);
	e = find(SONDE_EVENT_EXIT, 0, 0);
	ck_assert_int_eq(e->arg[0], 0);
	ck_assert_int_eq(e->arg[1], 1);
	/* Without --calls nothing that sends or receives is stopped at. */
	for (size_t i = 0; i < n_heard; i++)
		ck_assert(heard[i].kind != SONDE_EVENT_CALL ||
			  (sonde_call_class(heard[i].call) != SONDE_CALL_SEND &&
			   sonde_call_class(heard[i].call) != SONDE_CALL_RECV));
}
END_TEST

/* The last DIAG of the socket's cookie that has the flag. */
static const struct sonde_event *diag(uint64_t ino, unsigned flag, unsigned state)
{
	const struct sonde_event *e, *found = NULL;
	uint64_t cookie = 0;
	size_t at = 0;

	for (size_t i = 0; i < n_heard; i++) {
		if (heard[i].ino == ino && heard[i].cookie)
			cookie = heard[i].cookie;
		if (heard[i].ino2 == ino && heard[i].cookie2)
			cookie = heard[i].cookie2;
	}
	while ((e = next(&at, SONDE_EVENT_DIAG, 0, 0)))
		if (e->cookie == cookie && e->flags & flag && (!state || e->state == state))
			found = e;
	return found;
}

static bool waits(uint64_t ino)
{
	return diag(ino, SONDE_FLAG_COPY, TCP_TIME_WAIT) ||
	       diag(ino, SONDE_FLAG_COPY, TCP_FIN_WAIT2);
}

START_TEST(who_closed_first_is_known_from_time_wait)
{
	settle(_i);
	wait_for_ends = true;
	run(false, "causes", "local-first", 0);
	ck_assert(waits(ino_of("client")));
	ck_assert(!waits(ino_of("server")));
	ck_assert_uint_eq(diag(ino_of("client"), SONDE_FLAG_LAST, 0)->n[0], 5);
	ck_assert_uint_eq(diag(ino_of("client"), SONDE_FLAG_LAST, 0)->n[1], 0);
	ck_assert_uint_eq(diag(ino_of("server"), SONDE_FLAG_LAST, 0)->n[1], 5);
	n_heard = 0;
	run(false, "causes", "peer-first", 0);
	ck_assert(!waits(ino_of("client")));
	ck_assert(waits(ino_of("server")));
}
END_TEST

/* The child made no call on it that was stopped at; the FIN is no byte. */
START_TEST(what_a_child_has_inherited_is_looked_at_before_it_ends)
{
	settle(_i);
	wait_for_ends = true;
	run(false, "causes", _i ? "kill" : "exit", 0);
	ck_assert_uint_eq(diag(ino_of("client"), SONDE_FLAG_COPY, TCP_ESTABLISHED)->n[1], 5);
	ck_assert_uint_eq(diag(ino_of("client"), SONDE_FLAG_LAST, 0)->n[1], 5);
}
END_TEST

START_TEST(what_will_reset_is_seen_before_the_close)
{
	settle(_i);
	run(false, "causes", "linger", 0);
	ck_assert_int_eq(diag(ino_of("client"), SONDE_FLAG_COPY, 0)->arg[1], 1);
	ck_assert_int_eq(diag(ino_of("client"), SONDE_FLAG_COPY, 0)->arg[0], 0);
	n_heard = 0;
	run(false, "causes", "unread", 0);
	ck_assert_int_eq(diag(ino_of("server"), SONDE_FLAG_COPY, 0)->arg[0], 6);
	ck_assert_int_eq(diag(ino_of("server"), SONDE_FLAG_COPY, 0)->arg[1], 0);
}
END_TEST

/* Every socket that a stimulus names is there with its cookie, and is released. */
START_TEST(every_socket_of_every_stimulus_is_seen)
{
	static const char *const runs[][2] = {
		{ "causes", "half-close" },    { "causes", "refused" },
		{ "causes", "exit" },	       { "causes", "exec" },
		{ "causes", "kill" },	       { "causes", "never-accepted" },
		{ "causes", "passed" },	       { "causes", "lost-in-message" },
		{ "handles", "copies" },       { "handles", "replaced" },
		{ "handles", "range" },	       { "handles", "inherited" },
		{ "handles", "threads" },      { "datagrams", "overflow4" },
		{ "datagrams", "unix-full" },  { "datagrams", "refused-connected" },
		{ "datagrams", "truncated" },  { "datagrams", "disconnect" },
		{ "tracee", "pending-error" }, { "tracee", "spawned" },
		{ "tracee", "thread-exec" },   { "tracee", "leader-ends" },
		{ "tracee", "interrupted" },
	};

	settle(_i % 2);
	for (size_t r = 0; r < sizeof runs / sizeof *runs; r++) {
		char *save = NULL;

		n_heard = 0;
		run(_i / 2, runs[r][0], runs[r][1], 0);
		ck_assert_uint_eq(count(SONDE_EVENT_EXIT, 0, 0) > 0, 1);
		for (char *line = strtok_r(said, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save)) {
			uint64_t ino = strtoull(strchr(line, ' ') + 1, NULL, 10);
			bool known = ino < 1000; /* a count, not a socket */

			for (size_t i = 0; i < n_heard; i++)
				known |= (heard[i].ino == ino && heard[i].cookie) ||
					 (heard[i].ino2 == ino && heard[i].cookie2);
			ck_assert_msg(known, "%s of %s %s was not seen", line, runs[r][0],
				      runs[r][1]);
		}
	}
}
END_TEST

START_TEST(a_passed_descriptor_is_given_before_it_is_taken)
{
	const struct sonde_event *given, *taken;
	uint64_t client;

	settle(_i);
	run(false, "causes", "passed", 0);
	client = ino_of("client");
	given = find(SONDE_EVENT_PASS, 0, client);
	taken = find(SONDE_EVENT_TAKE, 0, client);
	ck_assert(given < taken);
	ck_assert_uint_ne(given->ino2, 0);
	ck_assert_uint_ne(given->ino2, taken->ino2); /* two ends of a pair */
	ck_assert_uint_ne(given->pid, taken->pid);
	ck_assert_uint_eq(count(SONDE_EVENT_CALL, SONDE_CALL_CLOSE, client), 2);
}
END_TEST

static int send_many(void *arg)
{
	enum { EACH = 253 };
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(EACH * sizeof(int))] = { 0 };
	struct iovec byte = { control, 1 };
	struct mmsghdr m[2] = { 0 };
	struct cmsghdr *c;
	int pair[2];

	(void)arg;
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair))
		return 1;
	for (int i = 0; i < 2; i++)
		m[i].msg_hdr = (struct msghdr){ .msg_iov = &byte,
						.msg_iovlen = 1,
						.msg_control = control,
						.msg_controllen = sizeof control };
	c = CMSG_FIRSTHDR(&m[0].msg_hdr);
	*c = (struct cmsghdr){ CMSG_LEN(EACH * sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
	for (int i = 0; i < EACH; i++)
		memcpy(CMSG_DATA(c) + (size_t)i * sizeof(int), &pair[0], sizeof(int));
	return sendmmsg(pair[0], m, 2, 0) == 2 ? 0 : 2;
}

/* As many are told as one message may carry. */
START_TEST(two_messages_full_of_descriptors_are_no_more_than_we_have_room_for)
{
	struct sonde_child_plan plan = { .run = send_many, .out = -1, .prepare = prepare };

	settle(_i);
	sonde_sleep_init();
	open_tracer(false, true);
	plan.arg = tracer;
	ck_assert_int_eq(sonde_child_start(&child, &plan), 0);
	ck_assert_int_eq(sonde_tracer_follow(tracer, child.pid), 0);
	sonde_child_release(&child);
	ck_assert(read_until(child_has_ended, NULL, 15000));
	ck_assert_int_eq(child_status, 0);
	ck_assert_uint_eq(count(SONDE_EVENT_PASS, 0, 0), 253);
	ck_assert_ptr_null(tracer = sonde_tracer_close(tracer));
	sonde_child_done(&child);
	sonde_sleep_done();
}
END_TEST

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

START_TEST(all_calls_come_with_sizes_addresses_and_payload)
{
	const struct sonde_event *e;

	settle(_i);
	run(true, "causes", "local-first", 0);
	e = CALL(SENDTO, ino_of("client"));
	ck_assert_int_eq(e->ret, 5);
	ck_assert_uint_eq(e->bytes, 5);
	ck_assert_int_eq(e->arg[1], 5);
	ck_assert_str_eq(texts[e - heard], "hello");
	e = CALL(RECVFROM, ino_of("server"));
	ck_assert_uint_eq(e->bytes, 5);
	ck_assert_str_eq(texts[e - heard], "hello");
	n_heard = 0;
	run(true, "datagrams", "refused-unconnected", 0);
	e = CALL(SENDTO, 0);
	ck_assert_uint_eq(e->address.len, sizeof(struct sockaddr_in));
	n_heard = 0;
	run(true, "datagrams", "truncated-msg", 0);
	e = CALL(RECVMSG, ino_of("receiver"));
	ck_assert_uint_ne(e->flags & SONDE_FLAG_TRUNC, 0);
	n_heard = 0;
	run(true, "datagrams", "refused-connected", 0);
	for (e = NULL; n_heard; n_heard--)
		if (heard[n_heard - 1].ret == -ECONNREFUSED)
			e = &heard[n_heard - 1];
	ck_assert_ptr_nonnull(e);
}
END_TEST

START_TEST(an_interrupted_call_is_told_once)
{
	const struct sonde_event *e;

	settle(_i);
	run(false, "tracee", "interrupted", 0);
	ck_assert_uint_eq(count(SONDE_EVENT_CALL, SONDE_CALL_ACCEPT, 0), 1);
	e = CALL(ACCEPT, 0);
	ck_assert_uint_eq(e->ino2, ino_of("accepted"));
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

START_TEST(two_thousand_short_connections_are_all_seen)
{
	size_t sockets, closes = 0;

	settle(_i);
	run(false, "churn", "sockets", 0);
	sockets = count(SONDE_EVENT_CALL, SONDE_CALL_SOCKET, 0) +
		  count(SONDE_EVENT_CALL, SONDE_CALL_ACCEPT, 0) +
		  2 * count(SONDE_EVENT_CALL, SONDE_CALL_SOCKETPAIR, 0);
	closes = count(SONDE_EVENT_CALL, SONDE_CALL_CLOSE, 0);
	ck_assert_uint_ge(sockets, 10000);
	ck_assert_uint_eq(closes + 2, sockets); /* two go by exit */
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

Suite *ptrace_suite(void)
{
	Suite *s = suite_create("ptrace");
	TCase *t = tcase_create("ptrace");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_tcp_session_is_seen_from_socket_to_end, 0, 2);
	tcase_add_loop_test(t, who_closed_first_is_known_from_time_wait, 0, 2);
	tcase_add_loop_test(t, what_a_child_has_inherited_is_looked_at_before_it_ends, 0, 2);
	tcase_add_loop_test(t, what_will_reset_is_seen_before_the_close, 0, 2);
	tcase_add_loop_test(t, every_socket_of_every_stimulus_is_seen, 0, 4);
	tcase_add_loop_test(t, a_passed_descriptor_is_given_before_it_is_taken, 0, 2);
	tcase_add_loop_test(t, two_messages_full_of_descriptors_are_no_more_than_we_have_room_for,
			    0, 2);
	tcase_add_loop_test(t, processes_threads_and_their_ends_are_told, 0, 2);
	tcase_add_loop_test(t, all_calls_come_with_sizes_addresses_and_payload, 0, 2);
	tcase_add_loop_test(t, an_interrupted_call_is_told_once, 0, 2);
	tcase_add_loop_test(t, who_stops_stays_stopped_until_continued, 0, 2);
	tcase_add_loop_test(t, a_running_program_is_seeded_followed_and_let_go, 0, 2);
	tcase_add_loop_test(t, who_cannot_be_followed_is_said, 0, 2);
	tcase_add_loop_test(t, our_sudden_death_ends_the_command, 0, 2);
	tcase_add_loop_test(t, two_thousand_short_connections_are_all_seen, 0, 2);
	tcase_add_loop_test(t, what_it_cannot_see_is_said, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
