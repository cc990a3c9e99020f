#include "life/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* What a program did with a socket: the app axis. */

static struct sonde_tally *tally_of(struct sonde_life *l, struct sonde_endpoint *p, uint8_t call)
{
	for (uint32_t i = 0; i < p->tallies; i++)
		if (p->tally[i].call == call)
			return &p->tally[i];
	SONDE_GROW(l, p->tally, p->tallies, p->tally_room);
	p->tally[p->tallies] = (struct sonde_tally){ .call = call };
	return &p->tally[p->tallies++];
}

static bool again(int64_t ret)
{
	return ret == -EAGAIN || ret == -EINTR;
}

static void count(struct sonde_life *l, struct sonde_endpoint *p, const struct sonde_event *e)
{
	struct sonde_tally *t = tally_of(l, p, e->call);

	t->n++;
	t->took += e->took;
	if (e->flags & SONDE_FLAG_ENTERED)
		return;
	t->again += e->ret == -EAGAIN;
	if (e->ret < 0 && !again(e->ret)) {
		t->errors += e->ret != -EINPROGRESS;
		t->error = (int16_t)e->ret;
	}
	if (!p->sent.first && !p->received.first)
		p->calls_before_data++;
}

void sonde_app_connected(struct sonde_life *l, struct sonde_endpoint *p, sonde_ns when)
{
	sonde_ns done = p->inside->established;
	bool waited = p->app_state != SONDE_STATE_CONNECTING;

	if (p->app_state == SONDE_STATE_CONNECTED)
		return;
	sonde_endpoint_step(l, p, when, SONDE_STATE_CONNECTED, false);
	p->inside->failure = 0;
	/* who did not wait in connect may look long after the kernel has done it */
	if (p->inside->connect_began && p->timing.connect == SONDE_ABSENT)
		p->timing.connect = (waited || !done ? when : done) - p->inside->connect_began;
	if (sonde_endpoint_is_stream(p) && p->role != SONDE_ROLE_SERVER) {
		p->role = SONDE_ROLE_CLIENT;
		sonde_connection_of(l, p);
		sonde_kernel_infer(l, p, SONDE_STATE_ESTABLISHED, when);
		p->inside->established = p->inside->established ? p->inside->established : when;
	}
	sonde_milestone(l, SONDE_MILESTONE_CONNECTED);
}

/* A call that began after the error was left has taken it along, or has met none. */
void sonde_app_cleared(struct sonde_life *l, struct sonde_endpoint *p, const struct sonde_event *e)
{
	if (p->app_state != SONDE_STATE_ERR_PENDING ||
	    e->when - e->took < p->app.at[p->app.n - 1].when)
		return;
	sonde_endpoint_step(l, p, e->when,
			    p->remote.port ? SONDE_STATE_CONNECTED : SONDE_STATE_BOUND,
			    e->ret >= 0);
}

void sonde_app_failed(struct sonde_life *l, const struct sonde_event *e, struct sonde_endpoint *p)
{
	if (again(e->ret))
		return;
	sonde_endpoint_told(l, p, e);
	sonde_datagram_told(l, p, (int)-e->ret);
	sonde_app_cleared(l, p, e);
	if (sonde_endpoint_is_stream(p))
		sonde_endpoint_step(l, p, e->when, SONDE_STATE_ERRORED, false);
	p->app_error = (int)-e->ret;
	sonde_milestone(l, SONDE_MILESTONE_FAILED);
}

static struct sonde_endpoint *made(struct sonde_life *l, const struct sonde_event *e,
				   uint64_t cookie, uint64_t ino, int32_t fd, uint8_t *ret_how)
{
	struct sonde_event own = *e;
	struct sonde_endpoint *p = sonde_endpoint_find(l, cookie, ino, ret_how);

	own.cookie = cookie;
	own.ino = ino;
	if (!own.family) {
		own.family = (uint16_t)e->arg[0];
		own.type = (uint16_t)(e->arg[1] & 0xff);
		own.protocol = (uint16_t)e->arg[2];
	}
	if (p && (p->opened || p->release || p->gone) && *ret_how == SONDE_HOW_INO) {
		p->ino = 0; /* the number is used again */
		p = NULL;
	}
	if (!p)
		p = sonde_endpoint_make(l, &own);
	if (!*ret_how)
		*ret_how = cookie ? SONDE_HOW_COOKIE : SONDE_HOW_INO;
	p->opened = e->when;
	count(l, p, e);
	sonde_fds_put(l, e, fd, p, e->flags & SONDE_FLAG_CLOEXEC);
	sonde_endpoint_step(l, p, e->when, SONDE_STATE_CREATED, false);
	return p;
}

static void call_socket(struct sonde_life *l, const struct sonde_event *e)
{
	struct sonde_heard *heard = l->inside->heard;
	struct sonde_endpoint *p, *q;

	sonde_milestone(l, e->ret < 0 ? SONDE_MILESTONE_FAILED : SONDE_MILESTONE_MADE);
	if (e->ret < 0)
		return;
	p = made(l, e, e->cookie, e->ino, e->fd >= 0 ? e->fd : (int32_t)e->ret, &heard->how);
	heard->sid = p->sid;
	if (e->call != SONDE_CALL_SOCKETPAIR)
		return;
	q = made(l, e, e->cookie2, e->ino2, e->fd2, &heard->how2);
	heard->sid2 = q->sid;
	p->role = q->role = SONDE_ROLE_PEER;
	p->peer = q->sid;
	q->peer = p->sid;
	if (sonde_endpoint_is_stream(p))
		sonde_connection_pair(l, p, q);
	p->inside->established = q->inside->established = e->when;
	sonde_endpoint_step(l, p, e->when, SONDE_STATE_CONNECTED, false);
	sonde_endpoint_step(l, q, e->when, SONDE_STATE_CONNECTED, false);
}

static void call_bind(struct sonde_life *l, const struct sonde_event *e, struct sonde_endpoint *p)
{
	struct sonde_bytes path = sonde_place_unix(e->address);
	struct sonde_address a;

	if (e->ret < 0) {
		sonde_app_failed(l, e, p);
		return;
	}
	if (path.len)
		sonde_place_name(l, p, path);
	if (!p->local.port && sonde_place_parse(&a, e->address)) {
		p->local = a;
		sonde_place_put(l, p);
	}
	sonde_endpoint_step(l, p, e->when, SONDE_STATE_BOUND, false);
	sonde_milestone(l, SONDE_MILESTONE_NAMED);
}

static void call_listen(struct sonde_life *l, const struct sonde_event *e, struct sonde_endpoint *p)
{
	if (e->ret < 0) {
		sonde_app_failed(l, e, p);
		return;
	}
	p->role = SONDE_ROLE_LISTENER;
	p->backlog = (uint32_t)e->arg[0];
	sonde_endpoint_step(l, p, e->when, SONDE_STATE_LISTENING, false);
	sonde_kernel_infer(l, p, SONDE_STATE_LISTEN, e->when);
	sonde_milestone(l, SONDE_MILESTONE_LISTENING);
}

static bool dissolves(struct sonde_bytes sockaddr)
{
	uint16_t family = AF_UNSPEC;

	if (sockaddr.len < sizeof family)
		return false;
	memcpy(&family, sockaddr.at, sizeof family);
	return family == AF_UNSPEC;
}

static void connect_failed(struct sonde_life *l, const struct sonde_event *e,
			   struct sonde_endpoint *p)
{
	if (e->ret == -EALREADY || e->ret == -EISCONN)
		return;
	p->inside->failure = (int)-e->ret;
	p->inside->failure_when = e->when;
	p->inside->connect_began = 0;
	sonde_endpoint_told(l, p, e);
	sonde_endpoint_step(l, p, e->when, SONDE_STATE_FAILED, false);
	p->app_error = (int)-e->ret;
	sonde_kernel_infer(l, p, SONDE_STATE_CLOSE, e->when);
	sonde_milestone(l, SONDE_MILESTONE_FAILED);
}

static void call_connect(struct sonde_life *l, const struct sonde_event *e,
			 struct sonde_endpoint *p)
{
	struct sonde_bytes path = sonde_place_unix(e->address);
	struct sonde_endpoint_inside *in = p->inside;
	struct sonde_address a;

	if (dissolves(e->address)) {
		if (e->ret)
			return;
		p->remote = (struct sonde_address){ 0 };
		p->peer = 0;
		sonde_place_put(l, p);
		sonde_endpoint_step(l, p, e->when, SONDE_STATE_DISCONNECTED, false);
		sonde_milestone(l, SONDE_MILESTONE_CONNECTED);
		return;
	}
	if (path.len)
		p->peer_path = (struct sonde_bytes){
			(const uint8_t *)sonde_arena_string(l->arena, path.at, path.len), path.len
		};
	if (sonde_endpoint_is_stream(p)) {
		in->tried = true;
		if (p->role != SONDE_ROLE_SERVER)
			p->role = SONDE_ROLE_CLIENT;
		/* unless it has ended during this very call */
		if (p->state != SONDE_STATE_CLOSE || in->settled < e->when - e->took)
			sonde_kernel_infer(l, p, SONDE_STATE_SYN_SENT, e->when - e->took);
		sonde_endpoint_learn(l, p, e);
	}
	if (!in->connect_began)
		in->connect_began = e->when - e->took;
	if ((!e->ret || sonde_endpoint_is_tcp(p)) && sonde_place_parse(&a, e->address) &&
	    (!p->remote.port || !sonde_endpoint_is_stream(p))) {
		p->remote = a;
		sonde_place_put(l, p);
	}
	if (e->ret == 0 || e->ret == -EISCONN) {
		if (!sonde_endpoint_is_stream(p))
			p->app_state = 0; /* may be to another peer */
		sonde_app_connected(l, p, e->when);
		if (p->kind == SONDE_KIND_UNIX_STREAM || p->kind == SONDE_KIND_UNIX_SEQPACKET) {
			sonde_connection_unix(l, p);
		} else if (sonde_endpoint_is_unix(p)) {
			struct sonde_endpoint *q = sonde_place_named(l, p->netns, p->peer_path);

			p->peer = q ? q->sid : 0;
		}
	} else if (e->ret == -EINPROGRESS || e->ret == -EINTR || e->ret == -EAGAIN) {
		if (sonde_endpoint_is_tcp(p))
			sonde_endpoint_step(l, p, e->when, SONDE_STATE_CONNECTING, false);
		sonde_milestone(l, SONDE_MILESTONE_CONNECTING);
	} else {
		connect_failed(l, e, p);
	}
}

static void call_accept(struct sonde_life *l, const struct sonde_event *e, struct sonde_endpoint *p)
{
	struct sonde_endpoint *child;
	int32_t fd = e->fd2 >= 0 ? e->fd2 : (int32_t)e->ret;

	if (e->ret < 0) {
		sonde_app_failed(l, e, p);
		return;
	}
	p->role = SONDE_ROLE_LISTENER;
	p->accepted++;
	child = sonde_connection_accept(l, e, p);
	child->inside->accepted = true;
	child->opened = e->when;
	if (!child->inside->established)
		child->inside->established = e->when;
	else if (!child->seeded) /* else it waited before we came */
		child->timing.accept_wait = e->when > child->inside->established
						    ? e->when - child->inside->established
						    : 0;
	sonde_kernel_infer(l, child, SONDE_STATE_ESTABLISHED, e->when);
	sonde_fds_put(l, e, fd, child, e->flags & SONDE_FLAG_CLOEXEC);
	sonde_endpoint_step(l, child, e->when, SONDE_STATE_CONNECTED, false);
	sonde_connection_of(l, child);
	l->inside->heard->sid2 = child->sid;
	sonde_milestone(l, SONDE_MILESTONE_ACCEPTED);
}

static void write_end(struct sonde_life *l, struct sonde_endpoint *p, sonde_ns when)
{
	struct sonde_endpoint_inside *in = p->inside;

	if (in->fin_out.call || !in->established)
		return;
	in->fin_out.call = when;
	if (in->fin_in.call && p->timing.half_close == SONDE_ABSENT)
		p->timing.half_close = when - in->fin_in.call;
	sonde_kernel_infer(l, p,
			   p->state == SONDE_STATE_CLOSE_WAIT ? SONDE_STATE_LAST_ACK
							      : SONDE_STATE_FIN_WAIT1,
			   when);
}

static void call_shutdown(struct sonde_life *l, const struct sonde_event *e,
			  struct sonde_endpoint *p)
{
	if (e->ret < 0) {
		sonde_app_failed(l, e, p);
		return;
	}
	if (e->arg[0] == SHUT_WR || e->arg[0] == SHUT_RDWR) {
		sonde_endpoint_step(
			l, p, e->when,
			p->inside->fin_in.call ? SONDE_STATE_DRAINED : SONDE_STATE_WR_SHUT, false);
		write_end(l, p, e->when);
	}
	sonde_milestone(l, SONDE_MILESTONE_SHUT);
}

static void call_option(struct sonde_life *l, const struct sonde_event *e, struct sonde_endpoint *p)
{
	if (e->ret < 0 || e->arg[0] != SOL_SOCKET)
		return;
	if (e->call == SONDE_CALL_SETSOCKOPT && e->arg[1] == SO_LINGER) {
		struct linger v;

		memcpy(&v, &e->arg[2], sizeof v);
		p->inside->linger = e->arg[2] == SONDE_NO_VALUE || (v.l_onoff && !v.l_linger);
	}
	if (e->call != SONDE_CALL_GETSOCKOPT || e->arg[1] != SO_ERROR)
		return;
	if (e->arg[2] && e->arg[2] != SONDE_NO_VALUE) {
		struct sonde_event told = *e;

		told.ret = -e->arg[2];
		if (p->app_state == SONDE_STATE_CONNECTING)
			connect_failed(l, &told, p);
		else
			sonde_app_failed(l, &told, p);
	} else if (p->app_state == SONDE_STATE_CONNECTING) {
		sonde_app_connected(l, p, e->when);
	}
}

static void call_copy(struct sonde_life *l, const struct sonde_event *e, struct sonde_endpoint *p)
{
	int32_t fd = e->fd2 >= 0 ? e->fd2 : (int32_t)e->ret;
	bool cloexec = e->flags & SONDE_FLAG_CLOEXEC;

	if (e->ret < 0)
		return;
	switch (e->call) {
	case SONDE_CALL_FCNTL:
		if (e->arg[0] == F_SETFD)
			sonde_fds_mark(l, e->pid, e->fd, e->arg[1] & FD_CLOEXEC);
		if (e->arg[0] != F_DUPFD && e->arg[0] != F_DUPFD_CLOEXEC)
			return;
		cloexec |= e->arg[0] == F_DUPFD_CLOEXEC;
		break;
	case SONDE_CALL_IOCTL:
		if (e->arg[0] == FIOCLEX || e->arg[0] == FIONCLEX)
			sonde_fds_mark(l, e->pid, e->fd, e->arg[0] == FIOCLEX);
		return;
	case SONDE_CALL_DUP3: cloexec |= !!(e->arg[1] & O_CLOEXEC); break;
	}
	if (p)
		sonde_fds_put(l, e, fd, p, cloexec);
	else if (e->call == SONDE_CALL_DUP2 || e->call == SONDE_CALL_DUP3)
		sonde_fds_drop(l, e->pid, fd, e->when, SONDE_RELEASE_CLOSE);
}

/* The kernel had ended it before the process ended: by a close that was not seen. However little
 * before: a process lets go of what it has only after its end is told. Exec is told when it is done
 * with that. */
static bool ended_before(const struct sonde_endpoint *p, sonde_ns when, enum sonde_release how)
{
	const struct sonde_endpoint_inside *in = p->inside;
	sonde_ns margin = how == SONDE_RELEASE_EXEC ? 10 * SONDE_MICROSECOND : 0;
	sonde_ns end = p->gone;

	if (!end && !in->fin_out.call)
		end = in->fin_out.state ? in->fin_out.state : in->rst_out;
	return end && end + margin < when;
}

void sonde_app_released(struct sonde_life *l, struct sonde_endpoint *p, sonde_ns when,
			enum sonde_release how)
{
	struct sonde_life_inside *in = l->inside;

	p->release_inferred = how != SONDE_RELEASE_CLOSE && ended_before(p, when, how);
	/* who only looks now and then may learn of an end late */
	if (p->release_inferred && p->gone && how != SONDE_RELEASE_EXEC &&
	    l->backend != SONDE_BACKEND_PTRACE) {
		how = SONDE_RELEASE_CLOSE;
		when = p->gone;
	}
	p->release = (uint8_t)how;
	p->closed = when;
	if (p->gone) /* the call returns after the kernel has done it */
		p->timing.orphan = 0;
	write_end(l, p, when);
	sonde_endpoint_step(l, p, when, SONDE_STATE_RELEASED, false);
	if (sonde_endpoint_is_unix(p))
		sonde_fds_unread(l, p, when);
	if (sonde_endpoint_keeps_messages(p))
		sonde_datagram_closed(l, p, when);
	sonde_cause_settle(l, p);
	SONDE_GROW(l, in->released, in->released_n, in->released_room);
	in->released[in->released_n++] = p->sid;
	sonde_milestone(l, SONDE_MILESTONE_RELEASED);
}

/* Whatever the call was, it shows that this process has the socket. */
static void confirm(struct sonde_life *l, const struct sonde_event *e, struct sonde_endpoint *p)
{
	if (e->fd < 0 || sonde_fds_get(l, e->pid, e->fd) == p)
		return;
	/* not if another thread closed it while the call was under way */
	for (uint32_t i = p->owners; i-- > 0;)
		if (p->owner[i].pid == e->pid && p->owner[i].fd == e->fd)
			if (e->when - e->took <= p->owner[i].until)
				return;
	sonde_fds_put(l, e, e->fd, p, false);
}

void sonde_app_call(struct sonde_life *l, const struct sonde_event *e, struct sonde_endpoint *p)
{
	l->inside->calls_seen = true;
	switch (e->call) {
	case SONDE_CALL_SOCKET:
	case SONDE_CALL_SOCKETPAIR: call_socket(l, e); return;
	case SONDE_CALL_CLOSE_RANGE: sonde_fds_range(l, e); return;
	case SONDE_CALL_PIDFD_GETFD:
		if (e->ret >= 0 && p)
			sonde_fds_put(l, e, (int32_t)e->ret, p, true);
		return;
	case SONDE_CALL_DUP2:
	case SONDE_CALL_DUP3:
		if (!p)
			call_copy(l, e, NULL);
		break;
	}
	if (!p)
		return;
	if (e->call != SONDE_CALL_CLOSE || (e->ret == 0 && !sonde_fds_get(l, e->pid, e->fd)))
		confirm(l, e, p);
	count(l, p, e);
	switch (sonde_call_class(e->call)) {
	case SONDE_CALL_SEND: sonde_transfer_call(l, e, p, true); return;
	case SONDE_CALL_RECV: sonde_transfer_call(l, e, p, false); return;
	default: break;
	}
	if (e->flags & SONDE_FLAG_ENTERED)
		return;
	switch (e->call) {
	case SONDE_CALL_BIND: call_bind(l, e, p); break;
	case SONDE_CALL_LISTEN: call_listen(l, e, p); break;
	case SONDE_CALL_CONNECT: call_connect(l, e, p); break;
	case SONDE_CALL_ACCEPT:
	case SONDE_CALL_ACCEPT4: call_accept(l, e, p); break;
	case SONDE_CALL_SHUTDOWN: call_shutdown(l, e, p); break;
	case SONDE_CALL_CLOSE:
		/* as it returns, another thread may have got the number for another socket */
		if (e->ret != -EBADF && sonde_fds_get(l, e->pid, e->fd) == p &&
		    !sonde_fds_is_younger(l, e))
			sonde_fds_drop(l, e->pid, e->fd, e->when, SONDE_RELEASE_CLOSE);
		break;
	case SONDE_CALL_GETSOCKOPT:
	case SONDE_CALL_SETSOCKOPT: call_option(l, e, p); break;
	case SONDE_CALL_GETSOCKNAME:
	case SONDE_CALL_GETPEERNAME: break;
	default: call_copy(l, e, p); break;
	}
}
