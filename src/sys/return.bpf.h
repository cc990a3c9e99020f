#ifndef SONDE_SYS_RETURN_BPF_H
#define SONDE_SYS_RETURN_BPF_H

/* System calls on sockets at their return: the arguments are still in the registers, and what the
 * kernel wrote for the program is in its memory. */

#include "sys/call.bpf.h"

/* -ERESTARTSYS and its kin never reach a program: it sees EINTR, or the call again. */
INLINE long returned(long ret)
{
	return ret <= -512 && ret >= -516 ? -4 : ret;
}

/* A call that moved bytes and has nothing else to tell. */
INLINE void data_end(struct busy *b, long ret, __u32 flags, __u32 asked)
{
	struct record_data *d = bpf_ringbuf_reserve(&ring, sizeof *d, 0);
	__u64 id = bpf_get_current_pid_tgid();

	if (!d) {
		record_lost(RECORD_LOST_CALLS);
		return;
	}
	record_begin(&d->head, RECORD_DATA, b->call);
	d->head.netns = b->netns;
	d->pid = id >> 32;
	d->tid = id;
	d->took = b->when ? d->head.when - b->when : 0;
	d->ino = b->ino;
	d->cookie = b->cookie;
	d->ret = ret;
	d->fd = b->fd;
	d->message_flags = flags;
	d->asked = asked;
	d->flags = b->when ? 0 : SONDE_FLAG_BLOCKED;
	d->family = b->family;
	d->protocol = b->protocol;
	d->type = b->type;
	d->state = b->state;
	bpf_get_current_comm(d->comm, sizeof d->comm);
	bpf_ringbuf_submit(d, BPF_RB_NO_WAKEUP);
}

INLINE void event_busy(struct record_event *e, const struct busy *b)
{
	e->head.netns = b->netns;
	e->fd = b->fd;
	e->ino = b->ino;
	e->cookie = b->cookie;
	e->family = b->family;
	e->type = b->type;
	e->protocol = b->protocol;
	e->state = b->state;
}

/* A datagram that did not fit; ret is what was copied. */
INLINE void truncated_end(const struct busy *b, long ret)
{
	struct record_event *e = event_begin(SONDE_EVENT_TRUNCATED);

	if (!e)
		return;
	event_task(e);
	event_busy(e, b);
	e->ret = ret;
	e->n[0] = b->whole;
	event_end(e);
}

/* The control part of a message, while it is walked. */
struct rights {
	__u64 at, end; /* what is left of it */
	__u64 fds;     /* where this block's descriptors are */
	__u64 when;    /* of the call's entry; 0: not known */
	__u64 carrier;
	__u32 netns;
	__u16 flags;
	__u8 kind; /* PASS or TAKE */
};

static long rights_one(__u32 i, struct rights *x)
{
	struct record_event *e;
	__u64 ino = 0;
	int fd;

	if (bpf_probe_read_user(&fd, sizeof fd, (void *)(x->fds + 4ull * i)))
		return 1;
	if (!fd_socket(fd, &ino) && !ino)
		return 0;
	e = event_begin(x->kind);
	if (!e)
		return 1;
	if (x->kind == SONDE_EVENT_PASS)
		e->head.when = x->when && e->head.when - x->when < PASS_EARLIEST
				       ? x->when
				       : e->head.when - PASS_EARLIEST;
	event_task(e);
	e->head.netns = x->netns;
	e->fd = fd;
	e->ino = ino;
	e->ino2 = x->carrier;
	e->flags = x->flags;
	event_end(e);
	return 0;
}

static long rights_block(__u32 i, struct rights *x)
{
	struct user_cmsghdr c;

	if (x->at + sizeof c > x->end || bpf_probe_read_user(&c, sizeof c, (void *)x->at) ||
	    c.len < sizeof c)
		return 1;
	x->fds = x->at + sizeof c;
	if (c.level == SOL_SOCKET && c.type == SCM_RIGHTS)
		bpf_loop(at_most((c.len - sizeof c) / 4, SCM_MOST), rights_one, x, 0);
	x->at += (c.len + 7) & ~7ull;
	return 0;
}

/* Descriptors in a message. Those sent are told as of the call's entry, so that they come before
 * their arrival elsewhere; but no further back than the watermark lets pass. */
PART int rights_end(struct busy *b, struct user_msghdr *m, __u64 flags)
{
	struct rights x = {};

	if (!b || !m)
		return 0;
	x.at = m->control;
	x.end = x.at + m->controllen;
	x.when = b->when;
	x.carrier = b->ino;
	x.netns = b->netns;
	x.kind = call_sends(b->call) ? SONDE_EVENT_PASS : SONDE_EVENT_TAKE;
	if (x.kind == SONDE_EVENT_TAKE && flags & MSG_CMSG_CLOEXEC)
		x.flags = SONDE_FLAG_CLOEXEC;
	bpf_loop(SCM_BLOCKS, rights_block, &x, 0);
	return 0;
}

/* Arguments as base/event.h lists them. */
PART int event_arguments(struct record_event *e, struct args *r, long ret)
{
	int value;

	if (!e || !r)
		return 0;
	switch (e->call) {
	case SONDE_CALL_SOCKET:
	case SONDE_CALL_SOCKETPAIR:
		e->arg[0] = (int)r->a[0];
		e->arg[1] = (int)r->a[1];
		e->arg[2] = (int)r->a[2];
		break;
	case SONDE_CALL_LISTEN:
	case SONDE_CALL_SHUTDOWN: e->arg[0] = (int)r->a[1]; break;
	case SONDE_CALL_ACCEPT4: e->arg[0] = (int)r->a[3]; break;
	case SONDE_CALL_CLOSE_RANGE:
		e->arg[0] = (__u32)r->a[0];
		e->arg[1] = (__u32)r->a[1];
		e->arg[2] = (__u32)r->a[2];
		break;
	case SONDE_CALL_DUP3: e->arg[1] = (int)r->a[2]; break;
	case SONDE_CALL_FCNTL:
		e->arg[0] = (int)r->a[1];
		e->arg[1] = (int)r->a[2];
		break;
	case SONDE_CALL_IOCTL: e->arg[0] = (__u32)r->a[1]; break;
	case SONDE_CALL_SENDTO:
	case SONDE_CALL_RECVFROM:
		e->arg[0] = (__u32)r->a[3];
		e->arg[1] = r->a[2];
		break;
	case SONDE_CALL_READ:
	case SONDE_CALL_WRITE: e->arg[1] = r->a[2]; break;
	case SONDE_CALL_SENDFILE: e->arg[1] = r->a[3]; break;
	case SONDE_CALL_SPLICE: e->arg[1] = r->a[4]; break;
	case SONDE_CALL_SENDMSG:
	case SONDE_CALL_RECVMSG:
		e->arg[0] = (__u32)r->a[2];
		e->arg[1] = -1;
		break;
	case SONDE_CALL_SENDMMSG:
	case SONDE_CALL_RECVMMSG:
		e->arg[0] = (__u32)r->a[3];
		e->arg[1] = -1;
		e->arg[2] = (__u32)r->a[2];
		break;
	case SONDE_CALL_READV:
	case SONDE_CALL_WRITEV: e->arg[1] = -1; break;
	case SONDE_CALL_GETSOCKOPT:
	case SONDE_CALL_SETSOCKOPT: {
		int len = r->a[4];

		e->arg[0] = (int)r->a[1];
		e->arg[1] = (int)r->a[2];
		if (e->call == SONDE_CALL_GETSOCKOPT &&
		    (ret < 0 || bpf_probe_read_user(&len, sizeof len, (void *)r->a[4])))
			break;
		if (len == 4 && !bpf_probe_read_user(&value, sizeof value, (void *)r->a[3]))
			e->arg[2] = value;
		break;
	}
	}
	return 0;
}

/* Sums up what sendmmsg and recvmmsg moved: their return value counts messages. */
struct sum {
	__u64 at, bytes;
	__u32 flags;
};

static long sum_one(__u32 i, struct sum *s)
{
	__u32 tail[2]; /* flags and padding end the msghdr; then the length */

	if (bpf_probe_read_user(&tail, 4, (void *)(s->at + 64ull * i + 56)))
		return 1;
	s->bytes += tail[0];
	if (!bpf_probe_read_user(&tail, 4, (void *)(s->at + 64ull * i + 48)))
		s->flags |= tail[0];
	return 0;
}

/* Where a call keeps its sockaddr, and how long that is. */
INLINE __u64 address_place(unsigned call, const struct args *r, const struct user_msghdr *m,
			   long ret, __u32 *len)
{
	__u64 at = 0, len_at = 0;

	*len = 0;
	switch (call) {
	case SONDE_CALL_BIND:
	case SONDE_CALL_CONNECT: at = r->a[1], *len = r->a[2]; break;
	case SONDE_CALL_SENDTO: at = r->a[4], *len = r->a[5]; break;
	case SONDE_CALL_ACCEPT:
	case SONDE_CALL_ACCEPT4:
	case SONDE_CALL_GETSOCKNAME:
	case SONDE_CALL_GETPEERNAME: at = r->a[1], len_at = r->a[2]; break;
	case SONDE_CALL_RECVFROM: at = r->a[4], len_at = r->a[5]; break;
	case SONDE_CALL_SENDMSG: at = m->name, *len = m->namelen; break;
	case SONDE_CALL_RECVMSG:
		if (ret >= 0)
			at = m->name, *len = m->namelen;
		break;
	}
	if (at && len_at && (ret < 0 || bpf_probe_read_user(len, sizeof *len, (void *)len_at)))
		*len = 0;
	return at && (int)*len > 0 ? at : 0;
}

/* Where the payload begins: the first buffer alone, where there are several. */
INLINE __u64 payload_place(unsigned call, const struct args *r, const struct user_msghdr *m,
			   long ret, __u32 *len)
{
	struct user_iovec v;
	__u64 at = 0;

	*len = ret > 0 ? ret : 0;
	switch (call) {
	case SONDE_CALL_READ:
	case SONDE_CALL_WRITE:
	case SONDE_CALL_SENDTO:
	case SONDE_CALL_RECVFROM: return r->a[1];
	case SONDE_CALL_READV:
	case SONDE_CALL_WRITEV: at = r->a[1]; break;
	case SONDE_CALL_SENDMSG:
	case SONDE_CALL_RECVMSG: at = m->iov; break;
	}
	if (!at || bpf_probe_read_user(&v, sizeof v, (void *)at))
		return 0;
	if (*len > v.len)
		*len = v.len;
	return v.base;
}

/* What a call made: descriptors, sockets, their addresses. False: nothing to tell. */
PART int event_result(struct record_event *e, struct busy *b, struct args *r, long ret)
{
	struct sock *sk, *made = NULL;
	int fds[2] = { -1, -1 };

	if (!e || !b || !r)
		return 0;
	sk = (void *)b->sk;
	switch (e->call) {
	case SONDE_CALL_CLOSE:
	case SONDE_CALL_CLOSE_RANGE: return true; /* the socket may be gone */
	case SONDE_CALL_SOCKET:
		if (ret >= 0)
			e->fd = ret, sk = fd_socket(ret, &e->ino);
		else
			e->family = r->a[0], e->type = r->a[1] & 15, e->protocol = r->a[2];
		break;
	case SONDE_CALL_SOCKETPAIR:
		if (ret < 0 || bpf_probe_read_user(fds, sizeof fds, (void *)r->a[3]))
			break;
		e->fd = fds[0];
		e->fd2 = fds[1];
		sk = fd_socket(fds[0], &e->ino);
		made = fd_socket(fds[1], &e->ino2);
		break;
	case SONDE_CALL_ACCEPT:
	case SONDE_CALL_ACCEPT4:
		if (ret >= 0)
			e->fd2 = ret, made = fd_socket(ret, &e->ino2);
		break;
	case SONDE_CALL_DUP2:
	case SONDE_CALL_DUP3: e->fd = r->a[0]; /* fall through */
	case SONDE_CALL_DUP: e->fd2 = ret >= 0 ? ret : -1; break;
	case SONDE_CALL_FCNTL:
		if (ret >= 0 && (r->a[1] == F_DUPFD || r->a[1] == F_DUPFD_CLOEXEC))
			e->fd2 = ret;
		break;
	case SONDE_CALL_PIDFD_GETFD: {
		struct file *f = fd_file(r->a[0]);
		struct pid *pid = f ? BPF_CORE_READ(f, private_data) : NULL;

		if (ret < 0 || (!(sk = fd_socket(ret, &e->ino)) && !e->ino))
			return false;
		if (f && !pid) /* since Linux 6.9 it hangs on the inode */
			pid = BPF_CORE_READ(f, f_inode, i_private);
		e->fd = e->fd2 = ret;
		e->arg[0] = BPF_CORE_READ(pid, numbers[0].nr);
		e->arg[1] = (int)r->a[1];
		break;
	}
	}
	if (made) {
		e->cookie2 = SK(made, skc_cookie.counter);
		socket_add(made, e->ino2);
	}
	if (!sk)
		return true;
	if (!b->sk)
		socket_add(sk, e->ino);
	event_socket(e, sk);
	if (e->call == SONDE_CALL_CONNECT && e->family == AF_UNIX && !ret)
		e->ino2 = unix_peer(sk);
	if (made && e->call != SONDE_CALL_SOCKETPAIR) {
		e->state = SK(made, skc_state);
		event_tuple(e, made);
		if (e->family == AF_UNIX)
			e->n[0] = unix_peer(made);
	}
	return true;
}

INLINE void event_send(struct record_event_tail *t, __u64 text, __u64 text_len)
{
	__u64 size = sizeof t->event;

	text_len = at_most(text_len, RECORD_TEXT);
	if (text && text_len > 0 && !bpf_probe_read_user(t->text, text_len, (void *)text)) {
		t->event.text_len = text_len;
		size = sizeof t->event + RECORD_ADDRESS + text_len;
	} else if (t->event.address_len) {
		size += RECORD_ADDRESS;
	}
	if (bpf_ringbuf_output(&ring, t, at_most(size, sizeof *t), BPF_RB_NO_WAKEUP))
		record_lost(RECORD_LOST_CALLS);
}

PART int call_end(struct args *r, struct busy *b, struct user_msghdr *m, long ret)
{
	__u32 zero = 0, len, text_len = 0;
	__u64 room;
	struct record_event_tail *t = bpf_map_lookup_elem(&scratch, &zero);
	struct record_event *e;
	struct file *f;
	__u64 at, text = 0;

	if (!t || !r || !b || !m)
		return 0;
	e = &t->event;
	__builtin_memset(e, 0, sizeof *e);
	e->fd2 = -1;
	e->call = b->call;
	e->ret = returned(ret);
	event_task(e);
	event_busy(e, b);
	event_arguments(e, r, ret);
	if (!event_result(e, b, r, ret))
		return 0;
	if (e->call == SONDE_CALL_SENDMMSG || e->call == SONDE_CALL_RECVMMSG) {
		struct sum sum = { .at = r->a[1] };

		if (ret > 0)
			bpf_loop(ret > 1024 ? 1024 : ret, sum_one, &sum, 0);
		e->bytes = sum.bytes;
		if (e->call == SONDE_CALL_RECVMMSG && sum.flags & MSG_TRUNC)
			e->flags |= SONDE_FLAG_TRUNC;
	} else if ((call_sends(e->call) || call_receives(e->call)) && ret > 0) {
		e->bytes = ret;
	}
	if (e->call == SONDE_CALL_RECVMSG && ret >= 0 && m->flags & MSG_TRUNC)
		e->flags |= SONDE_FLAG_TRUNC;
	f = e->call == SONDE_CALL_CLOSE ? NULL : fd_file(e->fd);
	if (f && BPF_CORE_READ(f, f_flags) & O_NONBLOCK)
		e->flags |= SONDE_FLAG_NONBLOCK;
	at = address_place(e->call, r, m, ret, &len);
	room = at_most(len, RECORD_ADDRESS);
	if (at && room > 0 && !bpf_probe_read_user(t->address, room, (void *)at))
		e->address_len = room;
	if (plan.payload) {
		text = payload_place(e->call, r, m, ret, &text_len);
		if (text_len > plan.payload)
			text_len = plan.payload;
	}
	record_begin(&e->head, RECORD_EVENT, SONDE_EVENT_CALL);
	if (b->when)
		e->took = e->head.when - b->when;
	else
		e->flags |= SONDE_FLAG_BLOCKED;
	event_send(t, text, text_len);
	return 0;
}

/* Bytes that left a socket by splice: no call of the receiving class, so they are told as such. */
INLINE bool spliced_out(struct busy *b, const struct args *r, long ret)
{
	struct record_event *e;

	if (b->fd != (int)r->a[0])
		return false;
	e = ret > 0 ? event_begin(SONDE_EVENT_RECEIVED) : NULL;
	if (e) {
		event_task(e);
		event_busy(e, b);
		e->ret = ret;
		event_end(e);
	}
	return true;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(sys_exit, struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct busy *p = bpf_task_storage_get(&calls, task, 0, 0), b = {};
	struct user_msghdr m = {};
	struct sock *sk;
	struct args r;
	__u32 flags = 0, asked = -1;
	bool plain = true;

	if (p && plan.enters) {
		if (!p->call)
			return 0;
		b = *p;
		p->call = 0;
		if (call_of(CALL_NUMBER(regs)) != b.call)
			return 0;
	} else { /* it had begun before we came; or nobody tells of beginnings */
		unsigned call = call_of(CALL_NUMBER(regs));

		if (!followed())
			return 0;
		if (!p)
			bpf_task_storage_get(&calls, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
		r = (struct args)ARGS(regs);
		if (!call || IS_COMPAT() || !busy_begin(&b, &r, call))
			return 0;
		b.when = 0;
	}
	r = (struct args)ARGS(regs);
	sk = (void *)b.sk;
	if (!b.cookie && sk)
		b.cookie = SK(sk, skc_cookie.counter);

	switch (b.call) {
	case SONDE_CALL_READ:
	case SONDE_CALL_WRITE: asked = r.a[2]; break;
	case SONDE_CALL_READV:
	case SONDE_CALL_WRITEV: break;
	case SONDE_CALL_SENDTO:
	case SONDE_CALL_RECVFROM:
		asked = r.a[2];
		flags = r.a[3];
		plain = !r.a[4];
		break;
	case SONDE_CALL_SENDMSG:
	case SONDE_CALL_RECVMSG:
		bpf_probe_read_user(&m, sizeof m, (void *)r.a[1]);
		flags = r.a[2];
		plain = !m.name && !(m.flags & MSG_TRUNC);
		if (b.family == AF_UNIX && m.control && ret >= 0)
			rights_end(&b, &m, flags);
		break;
	case SONDE_CALL_SPLICE:
		if (spliced_out(&b, &r, ret))
			return 0;
		plain = false;
		break;
	default: plain = false;
	}
	if (b.whole && ret >= 0) {
		__u32 copied = flags & MSG_TRUNC ? asked : ret;

		if (copied < b.whole)
			truncated_end(&b, copied);
	}
	if (plain && !b.fresh && !plan.payload)
		data_end(&b, returned(ret), flags, asked);
	else
		call_end(&r, &b, &m, ret);
	return 0;
}

#endif
