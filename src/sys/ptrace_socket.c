#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/ptrace_inside.h"
#include "sys/sockaddr.h"

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL /* Linux 6.9 */
#endif

/* include/net/tcp_states.h */
enum {
	TCP_ESTABLISHED = 1,
	TCP_FIN_WAIT1 = 4,
	TCP_FIN_WAIT2 = 5,
	TCP_TIME_WAIT = 6,
	TCP_CLOSE = 7,
	TCP_CLOSE_WAIT = 8,
	TCP_LAST_ACK = 9,
	TCP_LISTEN = 10,
	TCP_CLOSING = 11,
};
enum { FD_MAX = 1 << 20 };

struct sonde_ptrace_known *sonde_ptrace_known(struct sonde_ptrace_process *p, int fd)
{
	struct sonde_ptrace_table *table = p->table;

	if (fd < 0 || fd >= FD_MAX)
		return NULL;
	if ((unsigned)fd >= table->n) {
		unsigned n = table->n ? table->n : 32;
		struct sonde_ptrace_known *at;

		while (n <= (unsigned)fd)
			n *= 2;
		at = realloc(table->at, n * sizeof *at);
		if (!at)
			return NULL;
		memset(at + table->n, 0, (n - table->n) * sizeof *at);
		table->at = at;
		table->n = n;
	}
	return &table->at[fd];
}

void sonde_ptrace_forget(struct sonde_ptrace_process *p, unsigned first, unsigned last)
{
	for (unsigned fd = first; fd <= last && fd < p->table->n; fd++)
		p->table->at[fd].is = SONDE_KNOWN_NOT;
}

struct sonde_ptrace_table *sonde_ptrace_table_put(struct sonde_ptrace_table *table)
{
	if (table && !--table->shared) {
		free(table->at);
		free(table);
	}
	return NULL;
}

void sonde_ptrace_each(struct sonde_ptrace *t, struct sonde_ptrace_task *k,
		       void (*hear)(struct sonde_ptrace *, struct sonde_ptrace_task *, int fd))
{
	struct dirent *entry;
	char path[48];
	DIR *d;

	snprintf(path, sizeof path, "/proc/%d/fd", k->tid);
	d = opendir(path);
	while (d && (entry = readdir(d)))
		if (entry->d_name[0] != '.')
			hear(t, k, (int)strtol(entry->d_name, NULL, 10));
	if (d)
		closedir(d);
}

bool sonde_ptrace_is_cloexec(const struct sonde_ptrace_task *k, int fd)
{
	char file[32], line[80];
	unsigned flags = 0;
	FILE *f;

	snprintf(file, sizeof file, "/proc/%d/fdinfo/%d", k->tid, fd);
	f = fopen(file, "re");
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "flags: %o", &flags) == 1)
			break;
	if (f)
		fclose(f);
	return flags & O_CLOEXEC;
}

static uint32_t namespace_of(pid_t tid)
{
	char path[48];
	struct stat st;

	snprintf(path, sizeof path, "/proc/%d/ns/net", tid);
	return stat(path, &st) ? 0 : (uint32_t)st.st_ino;
}

/* Reads the name of the link, so that no file system is asked and nothing is opened. */
static struct sonde_ptrace_known *find(struct sonde_ptrace_task *k, int fd)
{
	struct sonde_ptrace_known *known = sonde_ptrace_known(k->process, fd);
	unsigned long long ino;
	char path[48], name[64];
	ssize_t len;

	if (!known || known->is != SONDE_KNOWN_NOT)
		return known && known->is == SONDE_KNOWN_SOCKET ? known : NULL;
	snprintf(path, sizeof path, "/proc/%d/fd/%d", k->tid, fd);
	len = readlink(path, name, sizeof name - 1);
	if (len < 0)
		return NULL;
	name[len] = 0;
	*known = (struct sonde_ptrace_known){ .is = SONDE_KNOWN_OTHER };
	if (sscanf(name, "socket:[%llu]", &ino) != 1)
		return NULL;
	known->is = SONDE_KNOWN_SOCKET;
	known->ino = ino;
	known->netns = namespace_of(k->tid);
	return known;
}

static void fill(struct sonde_event *e, const struct sonde_ptrace_known *known)
{
	e->ino = known->ino;
	e->cookie = known->cookie;
	e->netns = known->netns;
	e->family = known->family;
	e->type = known->type;
	e->protocol = known->protocol;
}

/* A second descriptor of the same socket, ours; it lives only while the program is stopped. */
static int copy(struct sonde_ptrace_task *k, int fd)
{
	struct sonde_ptrace_process *p = k->process;
	int got, pidfd;

	if (p->pidfd < 0)
		p->pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	got = (int)syscall(SYS_pidfd_getfd, p->pidfd, fd, 0);
	if (got >= 0 || errno != EBADF || k->tid == p->pid)
		return got;
	/* The first thread may have ended before the others. */
	pidfd = (int)syscall(SYS_pidfd_open, k->tid, PIDFD_THREAD);
	got = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	close(pidfd);
	return got;
}

static int option(int s, int name)
{
	socklen_t len = sizeof(int);
	int value = 0;

	getsockopt(s, SOL_SOCKET, name, &value, &len);
	return value;
}

void sonde_ptrace_put_address(struct sonde_address *ret, const struct sockaddr_storage *a)
{
	struct sonde_address known = sonde_sockaddr_get(a);

	if (known.family)
		*ret = known;
}

/* Where the cookie is, or would be. Cookies are counted up, from a start of each processor. */
static struct sonde_ptrace_met *slot(const struct sonde_ptrace *t, uint64_t cookie)
{
	size_t i = (size_t)(cookie * 0x9e3779b97f4a7c15u >> 20), mask = t->cookie_cap - 1;

	while (t->cookie[i & mask].cookie && t->cookie[i & mask].cookie != cookie)
		i++;
	return &t->cookie[i & mask];
}

struct sonde_ptrace_met *sonde_ptrace_met(const struct sonde_ptrace *t, uint64_t cookie)
{
	struct sonde_ptrace_met *met = t->cookie_cap && cookie ? slot(t, cookie) : NULL;

	return met && met->cookie ? met : NULL;
}

static void meet(struct sonde_ptrace *t, uint64_t cookie)
{
	if (2 * t->cookies >= t->cookie_cap) {
		struct sonde_ptrace_met *old = t->cookie;
		size_t n = t->cookie_cap, cap = n ? 2 * n : 1024;
		struct sonde_ptrace_met *more = calloc(cap, sizeof *more);

		if (!more)
			return;
		t->cookie = more;
		t->cookie_cap = cap;
		for (size_t i = 0; i < n; i++)
			if (old[i].cookie)
				*slot(t, old[i].cookie) = old[i];
		free(old);
	}
	if (!sonde_ptrace_met(t, cookie)) {
		slot(t, cookie)->cookie = cookie;
		t->cookies++;
	}
}

/* What never changes, once for each descriptor. */
static void identify(struct sonde_ptrace *t, struct sonde_ptrace_known *known, int s)
{
	socklen_t len = sizeof known->cookie;

	if (known->cookie)
		return;
	known->family = (uint16_t)option(s, SO_DOMAIN);
	known->type = (uint16_t)option(s, SO_TYPE);
	known->protocol = (uint16_t)option(s, SO_PROTOCOL);
	if (!getsockopt(s, SOL_SOCKET, SO_COOKIE, &known->cookie, &len) && known->cookie)
		meet(t, known->cookie);
}

static void remember_port(struct sonde_ptrace *t, uint16_t port)
{
	uint16_t *more;

	for (size_t i = 0; i < t->ports; i++)
		if (t->port[i] == port)
			return;
	more = realloc(t->port, (t->ports + 1) * sizeof *more);
	if (more) {
		t->port = more;
		t->port[t->ports++] = port;
	}
}

/* What can only be told from one look to the next. A socket that is held after both have ended is
 * in CLOSE, as after a reset; but what remains of its connection is then in TIME_WAIT. */
static void follow_state(struct sonde_ptrace *t, struct sonde_event *e,
			 struct sonde_ptrace_met *met)
{
	bool waits = met->state == TCP_FIN_WAIT1 || met->state == TCP_FIN_WAIT2;
	bool asks = t->diag && e->netns == t->netns;
	struct sonde_event then = *e;

	then.remote = met->remote;
	switch (e->state) {
	case TCP_CLOSE_WAIT:
	case TCP_LAST_ACK:
	case TCP_CLOSING: met->ended = true; break;
	case TCP_CLOSE:
		if (met->state == TCP_TIME_WAIT ||
		    (waits && asks && sonde_diag_state(t->diag, &then) == TCP_TIME_WAIT))
			e->state = TCP_TIME_WAIT;
		/* What could be shut down was open; where the other had ended that closes it. */
		met->ended |= e->state == TCP_TIME_WAIT || (waits && !asks) ||
			      (e->call == SONDE_CALL_SHUTDOWN && !e->ret);
		break;
	default: break;
	}
	met->state = e->state;
	if (e->remote.port)
		met->remote = e->remote;
}

/* tcp_info shares its first byte, the state, with every kernel there is. */
static void ask_tcp(struct sonde_ptrace *t, struct sonde_event *e, int s)
{
	struct sonde_ptrace_met *met = sonde_ptrace_met(t, e->cookie);
	struct tcp_info info;
	socklen_t len = sizeof info;

	if (getsockopt(s, IPPROTO_TCP, TCP_INFO, &info, &len))
		return;
	e->state = info.tcpi_state;
	if (met)
		follow_state(t, e, met);
	if (e->state == TCP_LISTEN)
		remember_port(t, e->local.port);
	if (e->kind == SONDE_EVENT_DIAG) {
		struct linger linger = { 0 };
		int unread = 0;

		sonde_diag_count(e, &info, len);
		if (met && met->ended && info.tcpi_state == TCP_CLOSE && e->n[1])
			e->n[1]--; /* the FIN */
		if (met)
			met->received = e->n[1];
		len = sizeof linger;
		getsockopt(s, SOL_SOCKET, SO_LINGER, &linger, &len);
		if (e->state != TCP_LISTEN)
			ioctl(s, FIONREAD, &unread);
		e->arg[0] = unread;
		e->arg[1] = linger.l_onoff && !linger.l_linger;
	}
}

static void ask(struct sonde_ptrace *t, struct sonde_event *e, int s)
{
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof a;
	bool peer;

	if (!getsockname(s, (void *)&a, &len))
		sonde_ptrace_put_address(&e->local, &a);
	len = sizeof a;
	peer = !getpeername(s, (void *)&a, &len);
	if (peer)
		sonde_ptrace_put_address(&e->remote, &a);
	if (fcntl(s, F_GETFL) & O_NONBLOCK)
		e->flags |= SONDE_FLAG_NONBLOCK;
	if (e->protocol == IPPROTO_TCP && e->type == SOCK_STREAM)
		ask_tcp(t, e, s);
	else if (option(s, SO_ACCEPTCONN))
		e->state = TCP_LISTEN;
	else
		e->state = peer ? TCP_ESTABLISHED : TCP_CLOSE;
}

bool sonde_ptrace_recall(struct sonde_ptrace *t, struct sonde_ptrace_task *k, int fd,
			 struct sonde_event *e)
{
	struct sonde_ptrace_known *known = find(k, fd);

	if (!known)
		return false;
	if (!known->cookie)
		return sonde_ptrace_look(t, k, fd, e);
	fill(e, known);
	return true;
}

bool sonde_ptrace_look(struct sonde_ptrace *t, struct sonde_ptrace_task *k, int fd,
		       struct sonde_event *e)
{
	struct sonde_ptrace_known *known = find(k, fd);
	int s;

	if (!known)
		return false;
	s = copy(k, fd);
	if (s >= 0) {
		identify(t, known, s);
		fill(e, known);
		ask(t, e, s);
		close(s);
	} else {
		fill(e, known);
	}
	return true;
}
