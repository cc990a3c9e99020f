#ifndef SONDE_TESTS_BPF_RUN_H
#define SONDE_TESTS_BPF_RUN_H

/* What the suites of the BPF tracer share: a run, what was heard in it, and a session to follow. */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef SONDE_HAVE_BPF

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/bpf.h"
#include "sys/clock.h"
#include "sys/netns.h"

#define UNUSED __attribute__((unused))

/* One run: a child in a network namespace of its own does something, and what was heard of it. */
static struct sonde_item *heard;
static size_t heard_n;
UNUSED static uint64_t lost;
UNUSED static int status;
UNUSED static pid_t child;
UNUSED static uint32_t netns;
UNUSED static const struct sonde_tracer_plan usual = { .packets = true, .snaplen = 128 };

/* With a NUL behind it, and never NULL. */
static inline const uint8_t *copied(struct sonde_bytes b)
{
	return b.len ? memcpy(calloc(1, b.len + 1), b.at, b.len) : (const void *)"";
}

static inline void hear(void *arg, const struct sonde_item *item)
{
	struct sonde_item *i;

	(void)arg;
	if (!(heard_n & (heard_n - 1))) /* a power of two: full */
		heard = realloc(heard, (heard_n ? 2 * heard_n : 1) * sizeof *heard);
	i = &heard[heard_n++];
	*i = *item;
	if (i->is == SONDE_ITEM_FRAME) {
		i->frame.byte.at = copied(item->frame.byte);
		return;
	}
	ck_assert_uint_lt(i->event.kind, SONDE_EVENT_END_);
	i->event.address.at = copied(item->event.address);
	i->event.text.at = copied(item->event.text);
}

/* What the child does before it is followed, and after. */
struct deed {
	void (*before)(void);
	void (*after)(void);
	void (*meanwhile)(struct sonde_tracer *t); /* in the test, once the tracer is open */
	bool seed, late; /* late: nothing is read before the child has ended */
};

static inline struct sonde_tracer *open_tracer(const struct sonde_tracer_plan *plan)
{
	struct sonde_tracer *t = NULL;

	ck_assert_int_eq(sonde_tracer_bpf.open(&t, plan), 0);
	return t;
}

static inline void run(const struct sonde_tracer_plan *plan, const struct deed *deed)
{
	const struct sonde_tracer_kind *k = &sonde_tracer_bpf;
	int go[2], ready[2], ns = sonde_netns_open();
	sonde_ns end = sonde_clock_now() + 20 * SONDE_SECOND;
	struct sonde_tracer *t = open_tracer(plan);
	char c;

	ck_assert_int_ge(ns, 0);
	netns = sonde_netns_inode(ns);
	heard_n = 0;
	k->tell(t, hear, NULL);
	ck_assert_int_eq(pipe(go) | pipe(ready), 0);
	child = fork();
	if (!child) {
		close(go[1]);
		close(ready[0]);
		if (setns(ns, CLONE_NEWNET))
			_exit(99);
		close(ns);
		if (deed->before)
			deed->before();
		if (write(ready[1], "", 1) != 1 || read(go[0], &c, 1))
			_exit(98);
		close(go[0]);
		deed->after();
		_exit(0);
	}
	close(go[0]);
	close(ready[1]);
	close(ns);
	ck_assert_int_eq(read(ready[0], &c, 1), 1);
	close(ready[0]);
	if (deed->meanwhile)
		deed->meanwhile(t);
	ck_assert_int_eq(k->follow(t, child), 0);
	if (deed->seed)
		ck_assert_int_eq(k->seed(t, child), 0);
	close(go[1]);
	while (!k->child_ended(t, child, &status)) {
		ck_assert_uint_lt(sonde_clock_now(), end);
		if (!deed->late)
			ck_assert_int_ge(k->read(t, hear, NULL), 0);
		usleep((useconds_t)k->patience(t) * 1000);
	}
	usleep(10000);
	ck_assert_int_ge(k->read(t, hear, NULL), 0);
	lost = k->lost(t);
	ck_assert_ptr_null(k->close(t));
}

static inline void run_clean(const struct sonde_tracer_plan *plan, const struct deed *deed)
{
	run(plan, deed);
	ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(lost, 0);
}

/* ---- looking at what was heard ---- */

#define EACH_EVENT(e)                                                                              \
	for (struct sonde_item *i_ = heard; i_ < heard + heard_n; i_++)                            \
		for (struct sonde_event *e = i_->is == SONDE_ITEM_EVENT ? &i_->event : NULL; e;    \
		     e = NULL)
#define EACH_FRAME(f)                                                                              \
	for (struct sonde_item *i_ = heard; i_ < heard + heard_n; i_++)                            \
		for (struct sonde_frame *f = i_->is == SONDE_ITEM_FRAME ? &i_->frame : NULL; f;    \
		     f = NULL)

/* The nth (from 0) event of a kind, or call; NULL if there is none. */
static inline struct sonde_event *event(unsigned kind, unsigned n)
{
	EACH_EVENT(e)
	if (e->kind == kind && !n--)
		return e;
	return NULL;
}

static inline struct sonde_event *call(unsigned name, unsigned n)
{
	EACH_EVENT(e)
	if (e->kind == SONDE_EVENT_CALL && e->call == name && !n--)
		return e;
	return NULL;
}

static inline unsigned calls(unsigned name)
{
	unsigned n = 0;

	EACH_EVENT(e)
	n += e->kind == SONDE_EVENT_CALL && e->call == name;
	return n;
}

static inline unsigned events(unsigned kind)
{
	unsigned n = 0;

	EACH_EVENT(e)
	n += e->kind == kind;
	return n;
}

/* The calls, or the states and other kernel events, of one socket: "socket connect close". */
static inline const char *story(uint64_t cookie, bool kernel)
{
	static char text[4096];
	char *o = text;

	*o = 0;
	EACH_EVENT(e)
	{
		if (e->cookie != cookie || kernel == (e->kind == SONDE_EVENT_CALL))
			continue;
		if (e->kind == SONDE_EVENT_STATE)
			o += sprintf(o, "%u>%u ", e->from, e->to);
		else
			o += sprintf(o, "%s ",
				     kernel ? sonde_event_name(e->kind) : sonde_call_name(e->call));
	}
	return text;
}

/* ---- deeds ---- */

static inline void must(bool yes)
{
	if (!yes) {
		perror("child");
		_exit(97);
	}
}

static struct sockaddr_storage address;
static socklen_t address_len;
UNUSED static int family = AF_INET;

/* A socket bound to a port of the loopback; address is where it is. */
static inline int bound(int type)
{
	struct sockaddr_in six_or_four = { .sin_family = AF_INET,
					   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int s = socket(family, type, 0);

	address_len = family == AF_INET ? sizeof six_or_four : sizeof six;
	must(s >= 0 &&
	     !bind(s, family == AF_INET ? (void *)&six_or_four : (void *)&six, address_len));
	must(!getsockname(s, (void *)&address, &address_len));
	return s;
}

static inline void tcp(void)
{
	char buf[64];
	int l = bound(SOCK_STREAM), c = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), a;

	must(!listen(l, 5));
	must(!connect(c, (void *)&address, address_len));
	a = accept4(l, NULL, NULL, SOCK_CLOEXEC);
	must(a >= 0 && write(c, "hello", 5) == 5 && recv(a, buf, sizeof buf, 0) == 5);
	must(send(a, "world!", 6, 0) == 6 && read(c, buf, sizeof buf) == 6);
	must(!shutdown(c, SHUT_WR) && !recv(a, buf, sizeof buf, 0));
	close(a);
	must(!read(c, buf, sizeof buf));
	close(c);
	close(l);
}

/* Sockets of several kinds, kept. */
UNUSED static int held[4];

static inline void hold(void)
{
	struct sockaddr_un u = { .sun_family = AF_UNIX, .sun_path = "\0held" };

	held[0] = bound(SOCK_DGRAM);
	must(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, held + 1));
	held[3] = socket(AF_UNIX, SOCK_DGRAM, 0);
	must(!bind(held[3], (void *)&u, 7));
}

/* The suite and its case; NULL, and a word why, where nothing can be run. */
static inline TCase *bpf_case(Suite *s)
{
	TCase *c = tcase_create("bpf");
	struct sonde_tracer *t = NULL;
	int err = geteuid() ? -EPERM : sonde_tracer_bpf.open(&t, &usual);

	suite_add_tcase(s, c);
	if (err) {
		printf("bpf: skipped: %s\n",
		       geteuid() ? "only root makes network namespaces" : strerror(-err));
		return NULL;
	}
	sonde_tracer_bpf.close(t);
	tcase_set_timeout(c, 30);
	return c;
}

#else

static inline TCase *bpf_case(Suite *s)
{
	(void)s;
	puts("bpf: skipped: built without clang or libbpf");
	return NULL;
}

#endif
#endif
