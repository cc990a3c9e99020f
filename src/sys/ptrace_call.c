#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "sys/clock.h"
#include "sys/ptrace_inside.h"

/* A restart that the program never sees: ERESTARTSYS to ERESTART_RESTARTBLOCK of the kernel. */
enum { ERESTART_FIRST = 512, ERESTART_LAST = 516, MESSAGES_READ = 1024 };

void sonde_ptrace_part(struct sonde_ptrace *t, struct sonde_ptrace_task *k, int fd)
{
	struct sonde_event e = sonde_ptrace_event(k, SONDE_EVENT_DIAG);

	e.flags |= SONDE_FLAG_COPY;
	k->parted.cookie = 0;
	if (!sonde_ptrace_look(t, k, fd, &e) || e.protocol != IPPROTO_TCP)
		return;
	sonde_ptrace_tell(t, &e);
	if (e.remote.port && e.netns == t->netns)
		k->parted = e;
}

static void part_if_cloexec(struct sonde_ptrace *t, struct sonde_ptrace_task *k, int fd)
{
	if (sonde_ptrace_is_cloexec(k, fd))
		sonde_ptrace_part(t, k, fd);
}

void sonde_ptrace_part_exec(struct sonde_ptrace *t, struct sonde_ptrace_task *k)
{
	sonde_ptrace_each(t, k, part_if_cloexec);
}

/* Stamped as of when the call began, so that it comes before the packets. */
static void tell_connecting(struct sonde_ptrace *t, struct sonde_ptrace_task *k)
{
	struct sonde_event e = sonde_ptrace_event(k, SONDE_EVENT_DIAG);
	struct sockaddr_storage to = { 0 };
	uint64_t ino = k->event.ino;
	size_t len = k->args[2] < sizeof to ? k->args[2] : sizeof to;

	k->connecting = false;
	e.flags = SONDE_FLAG_COPY;
	if (!sonde_ptrace_look(t, k, k->event.fd, &e) || e.ino != ino || !e.local.port)
		return;
	sonde_ptrace_peek(k, &to, k->args[1], len);
	sonde_ptrace_put_address(&e.remote, &to); /* it has no peer yet that it would tell */
	e.when = k->began;
	e.state = 0; /* as it is now */
	sonde_ptrace_tell(t, &e);
}

void sonde_ptrace_tell_connecting(struct sonde_ptrace *t)
{
	sonde_ns now = sonde_clock_now();

	t->connecting = false;
	for (size_t i = 0; i < SONDE_PTRACE_BUCKETS; i++)
		for (struct sonde_ptrace_task *k = t->task[i]; k; k = k->next) {
			if (!k->connecting)
				continue;
			if (now - k->began < SONDE_PTRACE_CONNECTING)
				t->connecting = true;
			else
				tell_connecting(t, k);
		}
}

/* What the kernel still keeps of it tells who was first: FIN_WAIT and TIME_WAIT are of the side
 * that closed before it heard of the other's close. */
static void look_back(struct sonde_ptrace *t, struct sonde_ptrace_task *k)
{
	struct sonde_event e = k->parted;

	e.state = e.cookie && t->diag ? (uint8_t)sonde_diag_state(t->diag, &e) : 0;
	e.when = sonde_clock_now();
	if (e.state)
		sonde_ptrace_tell(t, &e);
	k->parted.cookie = 0;
}

/* Who is at the other end of a Unix socket, of our own namespace. */
static void tell_peer(struct sonde_ptrace *t, struct sonde_ptrace_task *k, int fd)
{
	struct sonde_event e = sonde_ptrace_event(k, SONDE_EVENT_DIAG);
	struct sonde_diag_unix peer;

	e.flags = SONDE_FLAG_COPY;
	if (!t->diag || !sonde_ptrace_recall(t, k, fd, &e) || e.family != AF_UNIX ||
	    e.netns != t->netns || sonde_diag_unix(t->diag, e.ino, &peer) || !peer.peer)
		return;
	e.state = peer.state;
	e.ino2 = peer.peer;
	sonde_ptrace_tell(t, &e);
}

static bool enter_message(struct sonde_ptrace *t, struct sonde_ptrace_task *k, unsigned call)
{
	bool many = call == SONDE_CALL_SENDMMSG || call == SONDE_CALL_RECVMMSG;
	uint64_t n = many ? (uint32_t)k->args[2] : 1;
	struct sonde_event *e = &k->event;
	struct mmsghdr m;
	bool rights = false;

	e->arg[0] = (int64_t)(int32_t)k->args[many ? 3 : 2];
	e->arg[2] = (int64_t)n;
	for (uint64_t i = 0; i < n && i < MESSAGES_READ; i++) {
		size_t size = many ? sizeof m : sizeof m.msg_hdr;
		int64_t bytes;

		if (sonde_ptrace_peek(k, &m, k->args[1] + i * size, size) != size)
			break;
		rights |= m.msg_hdr.msg_controllen > 0;
		if (sonde_call_class(call) == SONDE_CALL_SEND)
			sonde_ptrace_find_rights(t, k, &m.msg_hdr);
		bytes = t->plan.calls ? sonde_ptrace_sum(k, (uint64_t)m.msg_hdr.msg_iov,
							 m.msg_hdr.msg_iovlen)
				      : 0;
		e->arg[1] = bytes < 0 || e->arg[1] < 0 ? -1 : e->arg[1] + bytes;
	}
	return t->plan.calls ||
	       (sonde_call_class(call) == SONDE_CALL_SEND ? k->rights > 0 : rights);
}

/* Arguments into e->arg, as event.h lists them. */
static bool enter_on(struct sonde_ptrace *t, struct sonde_ptrace_task *k, unsigned call)
{
	struct sonde_event *e = &k->event;
	const uint64_t *a = k->args;

	switch (call) {
	case SONDE_CALL_LISTEN:
	case SONDE_CALL_SHUTDOWN: e->arg[0] = (int32_t)a[1]; break;
	case SONDE_CALL_ACCEPT4: e->arg[0] = (int32_t)a[3]; break;
	case SONDE_CALL_DUP3: e->arg[1] = (int32_t)a[2]; break;
	case SONDE_CALL_FCNTL: e->arg[0] = (int32_t)a[1], e->arg[1] = (int64_t)a[2]; break;
	case SONDE_CALL_IOCTL: e->arg[0] = (uint32_t)a[1]; break;
	case SONDE_CALL_SENDTO:
	case SONDE_CALL_RECVFROM: e->arg[0] = (int32_t)a[3]; /* fall through */
	case SONDE_CALL_READ:
	case SONDE_CALL_WRITE: e->arg[1] = (int64_t)a[2]; break;
	case SONDE_CALL_READV:
	case SONDE_CALL_WRITEV: e->arg[1] = sonde_ptrace_sum(k, a[1], a[2]); break;
	case SONDE_CALL_SENDFILE: e->arg[1] = (int64_t)a[3]; break;
	case SONDE_CALL_SPLICE: e->arg[1] = (int64_t)a[4]; break;
	case SONDE_CALL_GETSOCKOPT:
	case SONDE_CALL_SETSOCKOPT: e->arg[0] = (int32_t)a[1], e->arg[1] = (int32_t)a[2]; break;
	case SONDE_CALL_SENDMSG:
	case SONDE_CALL_SENDMMSG:
	case SONDE_CALL_RECVMSG:
	case SONDE_CALL_RECVMMSG: return enter_message(t, k, call);
	default: break;
	}
	return true;
}

static void enter_range(struct sonde_ptrace *t, struct sonde_ptrace_task *k)
{
	struct sonde_ptrace_table *table = k->process->table;
	bool marks = k->args[2] & 4; /* CLOSE_RANGE_CLOEXEC */

	for (int i = 0; i < 3; i++)
		k->event.arg[i] = (uint32_t)k->args[i];
	for (unsigned i = (unsigned)k->args[0]; !marks && i < table->n && i <= (unsigned)k->args[1];
	     i++)
		if (table->at[i].is == SONDE_KNOWN_SOCKET)
			sonde_ptrace_part(t, k, (int)i);
}

/* dup2 and dup3: what stands at the new number is closed. */
static bool enter_over(struct sonde_ptrace *t, struct sonde_ptrace_task *k, unsigned call)
{
	int old = (int)k->args[0], new = (int)k->args[1];
	struct sonde_event other = { 0 };
	bool socket, over = false;

	k->event.fd = old;
	socket = sonde_ptrace_recall(t, k, old, &k->event);
	if (new != old) {
		over = sonde_ptrace_recall(t, k, new, &other);
		if (over)
			sonde_ptrace_part(t, k, new);
		sonde_ptrace_forget(k->process, (unsigned)new, (unsigned)new);
	}
	return (socket || over) && enter_on(t, k, call);
}

bool sonde_ptrace_enter(struct sonde_ptrace *t, struct sonde_ptrace_task *k, unsigned call,
			const uint64_t args[6])
{
	bool again = k->again == call && !memcmp(k->args, args, sizeof k->args);
	struct sonde_event *e = &k->event;
	sonde_ns began = again ? k->began : sonde_clock_now();
	int fd = (int)args[0];

	*e = sonde_ptrace_event(k, SONDE_EVENT_CALL);
	e->call = (uint8_t)call;
	memcpy(k->args, args, sizeof k->args);
	k->began = began;
	k->again = SONDE_CALL_NONE;
	k->rights = 0;
	switch (call) {
	case SONDE_CALL_SOCKET:
	case SONDE_CALL_SOCKETPAIR:
		for (int i = 0; i < 3; i++)
			e->arg[i] = (int32_t)args[i];
		return true;
	case SONDE_CALL_CLOSE_RANGE: enter_range(t, k); return true;
	case SONDE_CALL_PIDFD_GETFD: e->arg[1] = (int32_t)args[1]; return true;
	case SONDE_CALL_CLOSE:
		e->fd = fd;
		if (!sonde_ptrace_look(t, k, fd, e)) {
			sonde_ptrace_forget(k->process, (unsigned)fd, (unsigned)fd);
			return false;
		}
		sonde_ptrace_part(t, k, fd);
		return true;
	case SONDE_CALL_DUP2:
	case SONDE_CALL_DUP3: return enter_over(t, k, call);
	case SONDE_CALL_SPLICE: /* the socket may be either side */
		e->fd = sonde_ptrace_recall(t, k, fd, e) ? fd : (int)args[2];
		return sonde_ptrace_recall(t, k, e->fd, e) && enter_on(t, k, call);
	default:
		e->fd = fd;
		if (!sonde_ptrace_recall(t, k, fd, e))
			return false;
		k->connecting =
			call == SONDE_CALL_CONNECT && e->protocol == IPPROTO_TCP && t->plan.packets;
		t->connecting |= k->connecting;
		return enter_on(t, k, call);
	}
}

/* A new descriptor stands at fd. */
static void made(struct sonde_ptrace_task *k, int fd)
{
	if (fd >= 0)
		sonde_ptrace_forget(k->process, (unsigned)fd, (unsigned)fd);
}

static void leave_accept(struct sonde_ptrace *t, struct sonde_ptrace_task *k, int fd)
{
	struct sonde_event *e = &k->event, child = { .kind = SONDE_EVENT_CALL };
	struct sonde_ptrace_known *known, *listener = sonde_ptrace_known(k->process, e->fd);
	uint32_t netns = listener ? listener->netns : 0;

	sonde_ptrace_take_told_address(t, k, e, k->args[1], k->args[2]);
	made(k, fd);
	e->fd2 = fd;
	if (!sonde_ptrace_look(t, k, fd, &child))
		return;
	known = sonde_ptrace_known(k->process, fd);
	if (known && netns)
		known->netns = netns; /* born in its listener's, wherever the program is now */
	e->ino2 = child.ino;
	e->cookie2 = child.cookie;
	e->state = child.state;
	e->local = child.local;
	e->remote = child.remote;
}

static void leave_pair(struct sonde_ptrace *t, struct sonde_ptrace_task *k)
{
	struct sonde_event *e = &k->event, other = { 0 };
	int pair[2];

	if (sonde_ptrace_peek(k, pair, k->args[3], sizeof pair) != sizeof pair)
		return;
	made(k, pair[0]);
	made(k, pair[1]);
	e->fd = pair[0];
	e->fd2 = pair[1];
	sonde_ptrace_look(t, k, e->fd, e);
	if (sonde_ptrace_look(t, k, e->fd2, &other)) {
		e->ino2 = other.ino;
		e->cookie2 = other.cookie;
	}
}

static void leave_message(struct sonde_ptrace *t, struct sonde_ptrace_task *k, unsigned call)
{
	bool many = call == SONDE_CALL_SENDMMSG || call == SONDE_CALL_RECVMMSG;
	struct sonde_event *e = &k->event;
	struct mmsghdr m = { 0 };

	if (sonde_call_class(call) == SONDE_CALL_SEND)
		sonde_ptrace_pass_rights(t, k);
	for (int64_t i = 0; i < (many ? e->ret : 1) && i < MESSAGES_READ; i++) {
		size_t size = many ? sizeof m : sizeof m.msg_hdr;

		if (sonde_ptrace_peek(k, &m, k->args[1] + (uint64_t)i * size, size) != size)
			return;
		e->bytes += many ? m.msg_len : (uint64_t)e->ret;
		if (m.msg_hdr.msg_flags & MSG_TRUNC && sonde_call_class(call) == SONDE_CALL_RECV)
			e->flags |= SONDE_FLAG_TRUNC;
		if (sonde_call_class(call) == SONDE_CALL_RECV)
			sonde_ptrace_take_rights(t, k, &m.msg_hdr, (uint64_t)e->arg[0]);
		if (i)
			continue;
		if (m.msg_hdr.msg_name)
			sonde_ptrace_take_address(t, k, e, (uint64_t)m.msg_hdr.msg_name,
						  m.msg_hdr.msg_namelen);
		sonde_ptrace_take_parts(t, k, e, (uint64_t)m.msg_hdr.msg_iov, m.msg_hdr.msg_iovlen,
					many ? (int64_t)m.msg_len : e->ret);
	}
}

static void leave_data(struct sonde_ptrace *t, struct sonde_ptrace_task *k, unsigned call)
{
	struct iovec one = { (void *)k->args[1], k->args[2] };
	struct sonde_event *e = &k->event;

	if (call == SONDE_CALL_SENDTO && k->args[4])
		sonde_ptrace_take_address(t, k, e, k->args[4], k->args[5]);
	if (e->ret < 0)
		return;
	switch (call) {
	case SONDE_CALL_SENDMSG:
	case SONDE_CALL_RECVMSG:
	case SONDE_CALL_SENDMMSG:
	case SONDE_CALL_RECVMMSG: leave_message(t, k, call); return;
	case SONDE_CALL_READV:
	case SONDE_CALL_WRITEV:
		sonde_ptrace_take_parts(t, k, e, k->args[1], k->args[2], e->ret);
		break;
	case SONDE_CALL_RECVFROM:
		sonde_ptrace_take_told_address(t, k, e, k->args[4], k->args[5]); /* fall through */
	case SONDE_CALL_READ:
	case SONDE_CALL_WRITE:
	case SONDE_CALL_SENDTO:
		if (t->plan.payload)
			sonde_ptrace_take_payload(t, k, e, &one, 1, e->ret);
		break;
	default: break;
	}
	e->bytes = (uint64_t)e->ret;
}

/* The value of an option that is a number, or as small. */
static void leave_option(struct sonde_ptrace_task *k, unsigned call)
{
	uint32_t len = (uint32_t)k->args[4];
	union {
		uint8_t one;
		int32_t four;
		int64_t eight;
	} value;

	k->event.arg[2] = SONDE_NO_VALUE;
	if (call == SONDE_CALL_GETSOCKOPT &&
	    (k->event.ret < 0 || sonde_ptrace_peek(k, &len, k->args[4], sizeof len) != sizeof len))
		return;
	if ((len == 1 || len == 4 || len == 8) &&
	    sonde_ptrace_peek(k, &value, k->args[3], len) == len)
		k->event.arg[2] = len == 1 ? value.one : len == 4 ? value.four : value.eight;
}

static void leave_made(struct sonde_ptrace *t, struct sonde_ptrace_task *k, unsigned call)
{
	struct sonde_event *e = &k->event;
	int fd = (int)e->ret;

	switch (call) {
	case SONDE_CALL_SOCKET:
		made(k, fd);
		e->fd = fd;
		sonde_ptrace_look(t, k, fd, e);
		break;
	case SONDE_CALL_SOCKETPAIR: leave_pair(t, k); break;
	case SONDE_CALL_ACCEPT:
	case SONDE_CALL_ACCEPT4: leave_accept(t, k, fd); break;
	case SONDE_CALL_PIDFD_GETFD: {
		char line[64];

		/* Whose descriptor it was; the pidfd may be gone by now. */
		snprintf(line, sizeof line, "fdinfo/%d", (int)k->args[0]);
		e->arg[0] = sonde_ptrace_number(k->tid, line, "Pid:");
		made(k, fd);
		e->fd2 = fd;
		e->fd = (int)k->args[0];
		if (!sonde_ptrace_look(t, k, fd, e))
			e->call = SONDE_CALL_NONE; /* not a socket */
		break;
	}
	case SONDE_CALL_FCNTL:
		if (e->arg[0] != F_DUPFD && e->arg[0] != F_DUPFD_CLOEXEC)
			break; /* fall through */
	case SONDE_CALL_DUP:
	case SONDE_CALL_DUP2:
	case SONDE_CALL_DUP3:
		made(k, fd);
		e->fd2 = fd;
		break;
	default: break;
	}
}

/* Whether the descriptor that was made is closed by exec. */
static bool is_cloexec(const struct sonde_event *e)
{
	switch (e->call) {
	case SONDE_CALL_SOCKET:
	case SONDE_CALL_SOCKETPAIR: return e->arg[1] & SOCK_CLOEXEC;
	case SONDE_CALL_ACCEPT4: return e->arg[0] & SOCK_CLOEXEC;
	case SONDE_CALL_DUP3: return e->arg[1] & O_CLOEXEC;
	case SONDE_CALL_FCNTL: return e->arg[0] == F_DUPFD_CLOEXEC;
	case SONDE_CALL_PIDFD_GETFD: return true;
	default: return false;
	}
}

void sonde_ptrace_leave(struct sonde_ptrace *t, struct sonde_ptrace_task *k, int64_t ret)
{
	struct sonde_event *e = &k->event;
	unsigned call = e->call;
	enum sonde_call_class class = sonde_call_class(call);

	if (ret <= -ERESTART_FIRST && ret >= -ERESTART_LAST) { /* it will be entered again */
		k->again = e->call;
		e->call = SONDE_CALL_NONE;
		return;
	}
	e->ret = ret;
	if (k->connecting)
		tell_connecting(t, k);
	if (call == SONDE_CALL_BIND || call == SONDE_CALL_CONNECT)
		sonde_ptrace_take_address(t, k, e, k->args[1], k->args[2]);
	if (class == SONDE_CALL_SEND || class == SONDE_CALL_RECV)
		leave_data(t, k, call);
	else if (ret >= 0 && (call == SONDE_CALL_GETSOCKOPT || call == SONDE_CALL_SETSOCKOPT))
		leave_option(k, call);
	else if (ret >= 0)
		leave_made(t, k, call);
	if (call == SONDE_CALL_BIND || call == SONDE_CALL_CONNECT || call == SONDE_CALL_LISTEN ||
	    call == SONDE_CALL_SHUTDOWN)
		sonde_ptrace_look(t, k, e->fd, e);
	if (call == SONDE_CALL_CLOSE)
		sonde_ptrace_forget(k->process, (unsigned)e->fd, (unsigned)e->fd);
	if (call == SONDE_CALL_CLOSE_RANGE && !(e->arg[2] & 4))
		sonde_ptrace_forget(k->process, (unsigned)e->arg[0], (unsigned)e->arg[1]);
	if (ret >= 0 && is_cloexec(e))
		e->flags |= SONDE_FLAG_CLOEXEC;
	e->when = sonde_clock_now();
	e->took = e->flags & SONDE_FLAG_BLOCKED ? 0 : e->when - k->began;
	/* Without --calls a message is stopped at for its descriptors alone. */
	if (e->call && (t->plan.calls || (class != SONDE_CALL_SEND && class != SONDE_CALL_RECV)))
		sonde_ptrace_tell(t, e);
	if (call == SONDE_CALL_CLOSE)
		look_back(t, k);
	if (ret >= 0 && (call == SONDE_CALL_CONNECT || call == SONDE_CALL_SOCKETPAIR))
		tell_peer(t, k, e->fd);
	if (ret >= 0 && (call == SONDE_CALL_SOCKETPAIR || call == SONDE_CALL_ACCEPT ||
			 call == SONDE_CALL_ACCEPT4))
		tell_peer(t, k, e->fd2);
	e->call = SONDE_CALL_NONE;
}
