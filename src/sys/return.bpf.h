#ifndef SONDE_SYS_RETURN_BPF_H
#define SONDE_SYS_RETURN_BPF_H

/* System calls on sockets at their return: the arguments are still in the registers, and what the
 * kernel wrote for the program is in its memory. */

#include "sys/argument.bpf.h"
#include "sys/rights.bpf.h"

/* -ERESTARTSYS and its kin never reach a program: it sees EINTR, or the call again. */
INLINE long returned(long ret)
{
	return ret <= -512 && ret >= -516 ? -4 : ret;
}

/* What a call that moved bytes, or set an option, has to tell beside its result. */
struct move {
	__u32 arg[2]; /* MSG_ and bytes asked for, all ones: not known; level and name */
	__s32 value;
	bool plain; /* and there is nothing else */
};

INLINE void data_end(struct busy *b, long ret, const struct move *v)
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
	d->arg[0] = v->arg[0];
	d->arg[1] = v->arg[1];
	d->value = v->value;
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

/* The call that returns, as it was taken down at its entry, or now if nobody did: it had begun
 * before we came, or nobody tells of beginnings. NULL: none to tell of. */
INLINE struct busy *busy_end(const struct args *r, unsigned call)
{
	bool met, inside;
	struct busy *b = busy_of_task(&met);

	if (!b)
		return NULL;
	if (met && plan.enters) {
		inside = b->inside;
		b->inside = 0;
		return inside && b->call == call ? b : NULL;
	}
	return !IS_COMPAT() && busy_begin(b, r, call) ? b : NULL;
}

INLINE void move_read(struct move *v, struct user_msghdr *m, struct busy *b, const struct args *r,
		      long ret)
{
	v->arg[1] = -1;
	v->plain = true;
	switch (b->call) {
	case SONDE_CALL_READ:
	case SONDE_CALL_WRITE: v->arg[1] = r->a[2]; break;
	case SONDE_CALL_READV:
	case SONDE_CALL_WRITEV: break;
	case SONDE_CALL_SENDTO:
	case SONDE_CALL_RECVFROM:
		v->arg[1] = r->a[2];
		v->arg[0] = r->a[3];
		v->plain = !r->a[4];
		break;
	case SONDE_CALL_SENDMSG:
	case SONDE_CALL_RECVMSG:
		bpf_probe_read_user(m, sizeof *m, (void *)r->a[1]);
		v->arg[0] = r->a[2];
		v->plain = !m->name && !(m->flags & MSG_TRUNC);
		if (b->family == AF_UNIX && m->control && ret >= 0)
			rights_end(b, m, v->arg[0]);
		break;
	case SONDE_CALL_SENDFILE:
		v->arg[1] = r->a[3];
		v->plain = r->a[3] < (__u32)-1;
		break;
	case SONDE_CALL_SETSOCKOPT: /* most are numbers */
		v->arg[0] = r->a[1];
		v->arg[1] = r->a[2];
		v->plain = (int)r->a[4] == sizeof v->value && (int)r->a[1] >= 0 &&
			   (int)r->a[2] >= 0 &&
			   !bpf_probe_read_user(&v->value, sizeof v->value, (void *)r->a[3]);
		break;
	default: v->plain = false;
	}
}

SEC("tp_btf/sys_exit")
int BPF_PROG(sys_exit, struct pt_regs *regs, long ret)
{
	unsigned call = call_of(CALL_NUMBER(regs));
	struct user_msghdr m = {};
	struct move move = {};
	struct busy *b;
	struct sock *sk;
	struct args r;
	__u32 copied;

	if (!call || !maybe_followed())
		return 0;
	r = (struct args)ARGS(regs);
	b = busy_end(&r, call);
	if (!b)
		return 0;
	sk = (void *)b->sk;
	if (!b->cookie && sk)
		b->cookie = SK(sk, skc_cookie.counter);
	if (call == SONDE_CALL_SPLICE && spliced_out(b, &r, ret))
		return 0;
	move_read(&move, &m, b, &r, ret);
	copied = move.arg[0] & MSG_TRUNC ? move.arg[1] : ret;
	if (b->whole && ret >= 0 && copied < b->whole)
		truncated_end(b, copied);
	if (move.plain && !b->fresh && !plan.payload)
		data_end(b, returned(ret), &move);
	else
		call_end(&r, b, &m, ret);
	return 0;
}

#endif
