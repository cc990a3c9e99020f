#ifndef SONDE_SYS_KERNEL_BPF_H
#define SONDE_SYS_KERNEL_BPF_H

/* What the kernel does to sockets, and what becomes of tasks. */

#include "sys/call.bpf.h"
#include "sys/skb.bpf.h"

/* The kernel works for a task or, in the middle of one, for a packet that came in; it does not say
 * which. It is for the task where that is in a call on this very socket; and some states are only
 * ever entered for a task. */
INLINE void event_task_if_its(struct record_event *e, struct sock *sk, bool only_for_tasks)
{
	struct busy *b = current_call();

	if (!only_for_tasks && (!b || b->sk != (__u64)sk))
		return;
	if (!followed())
		return;
	e->flags |= SONDE_FLAG_TASK;
	event_task(e);
}

/* An event about a socket that is ours, else NULL. Asking for the cookie makes the kernel give one.
 */
#define SOCKET_EVENT(kind_, sk)                                                                    \
	({                                                                                         \
		struct record_event *e_ = NULL;                                                    \
		__u64 cookie_ = bpf_get_socket_cookie(sk);                                         \
		struct owned *o_ = socket_known((struct sock *)(sk));                              \
		if ((o_ || plan.all) && (e_ = event_begin(kind_))) {                               \
			e_->cookie = cookie_;                                                      \
			e_->ino = o_ ? o_->ino : 0; /* the socket's own is gone after close */     \
			event_socket(e_, (struct sock *)(sk));                                     \
			event_task_if_its(e_, (struct sock *)(sk), false);                         \
		}                                                                                  \
		e_;                                                                                \
	})

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(inet_sock_set_state, struct sock *sk, int from, int to)
{
	struct record_event *e;
	struct owned *o;

	/* A socket that io_uring made shows itself here first; a child, as the handshake ends. */
	if ((to == TCP_SYN_SENT || to == TCP_LISTEN) && followed()) {
		bpf_get_socket_cookie(sk);
		if (!socket_known(sk))
			socket_add(sk, socket_ino(sk));
	} else if (from == TCP_LISTEN && to == TCP_SYN_RECV &&
		   port_known(sk->__sk_common.skc_net.net->ns.inum, IPPROTO_TCP,
			      sk->__sk_common.skc_num)) {
		bpf_get_socket_cookie(sk);
		socket_add(sk, 0);
	}
	e = SOCKET_EVENT(SONDE_EVENT_STATE, sk);
	if (!e)
		return 0;
	event_task_if_its(e, sk,
			  to == TCP_SYN_SENT || to == TCP_LISTEN || to == TCP_FIN_WAIT1 ||
				  to == TCP_LAST_ACK || (from == TCP_LISTEN && to == TCP_CLOSE));
	e->from = from;
	e->to = e->state = to;
	o = to == TCP_LISTEN || to == TCP_ESTABLISHED ? socket_known(sk) : NULL;
	if (o)
		socket_port(o, e->local.port);
	event_end(e);
	return 0;
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(tcp_retransmit_skb, struct sock *sk, struct sk_buff *skb)
{
	struct record_event *e = SOCKET_EVENT(SONDE_EVENT_RETRANSMIT, sk);

	if (!e)
		return 0;
	e->n[0] = BPF_CORE_READ((struct tcp_skb_cb *)skb->cb, seq);
	event_end(e);
	return 0;
}

SEC("tp_btf/tcp_send_reset")
int tcp_send_reset(unsigned long long *ctx)
{
	struct sock *sk = (void *)ctx[0];
	struct sk_buff *skb = (void *)ctx[1];
	struct record_event *e = NULL;
	struct tuple t = {};

	if (sk) {
		e = SOCKET_EVENT(SONDE_EVENT_RESET_OUT, sk);
	} else if (skb) { /* nobody was there: the segment that is answered tells where */
		__u32 netns = device_netns(BPF_CORE_READ(skb, dev));

		if (!tuple_read(&t, BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, network_header)))
			return 0;
		if (!plan.all && !tuple_known(&t, netns))
			return 0;
		e = event_begin(SONDE_EVENT_RESET_OUT);
		if (e) {
			e->head.netns = netns;
			e->protocol = t.protocol;
			address_put(&e->local, &t, true);
			address_put(&e->remote, &t, false);
		}
	}
	if (!e)
		return 0;
	if (plan.reset_has_reason)
		e->reason = ctx[2];
	event_end(e);
	return 0;
}

SEC("tp_btf/tcp_receive_reset")
int BPF_PROG(tcp_receive_reset, struct sock *sk)
{
	struct record_event *e = SOCKET_EVENT(SONDE_EVENT_RESET_IN, sk);

	if (e)
		event_end(e);
	return 0;
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(tcp_destroy_sock, struct sock *sk)
{
	struct record_event *e = SOCKET_EVENT(SONDE_EVENT_DESTROY, sk);
	struct tcp_sock *tp = (void *)sk;

	if (!e)
		return 0;
	e->n[0] = BPF_CORE_READ(tp, bytes_sent) - BPF_CORE_READ(tp, bytes_retrans);
	e->n[1] = BPF_CORE_READ(tp, bytes_received);
	/* It counts the peer's FIN as a byte; bit 1, SOCK_DONE, tells that one came. */
	if (e->n[1] && BPF_CORE_READ(sk, __sk_common.skc_flags) & 2)
		e->n[1]--;
	e->n[2] = BPF_CORE_READ(tp, total_retrans);
	event_end(e);
	return 0;
}

SEC("tp_btf/inet_sk_error_report")
int BPF_PROG(inet_sk_error_report, struct sock *sk)
{
	struct record_event *e;

	if (!sk->sk_err)
		return 0;
	e = SOCKET_EVENT(SONDE_EVENT_ERROR, sk);
	if (!e)
		return 0;
	e->ret = -sk->sk_err;
	event_end(e);
	return 0;
}

SEC("tp_btf/udp_fail_queue_rcv_skb")
int udp_fail_queue_rcv_skb(unsigned long long *ctx)
{
	struct record_event *e = SOCKET_EVENT(SONDE_EVENT_DROP, (struct sock *)ctx[1]);
	struct tuple t = {};

	if (!e)
		return 0;
	e->reason = (int)ctx[0] == -12 ? plan.reason_rcvbuf : plan.reason_mem; /* -ENOMEM */
	if (plan.queue_has_skb) {
		struct sk_buff *skb = (void *)ctx[2];

		if (tuple_read(&t, skb->head + skb->network_header)) {
			address_put(&e->remote, &t, false);
			e->bytes = t.bytes;
		}
	}
	event_end(e);
	return 0;
}

SEC("tp_btf/kfree_skb")
int kfree_skb(unsigned long long *ctx)
{
	struct sk_buff *skb = (void *)ctx[0];
	__u32 reason = ctx[2], netns;
	struct record_event *e = NULL;
	struct sock *sk = NULL;
	struct tuple t = {};
	__u16 kind;

	if (reason <= plan.reason_unspecified)
		return 0;
	kind = skb->protocol;
	if (kind != bpf_htons(0x0800) && kind != bpf_htons(0x86dd))
		return 0;
	if (plan.drop_has_socket)
		sk = (void *)ctx[3];
	if (sk && !plan.all && !socket_known(sk))
		return 0;
	if (!tuple_read(&t, skb->head + skb->network_header))
		return 0;
	if (plan.queue_hook && t.protocol == IPPROTO_UDP &&
	    (reason == plan.reason_rcvbuf || reason == plan.reason_mem))
		return 0;
	netns = sk ? 0 : device_netns(BPF_CORE_READ(skb, dev));
	/* Without a socket it was on its way to none, or the kernel is too old to say to which. */
	if (!sk && !plan.all &&
	    (!netns || t.fragment || (t.protocol != IPPROTO_UDP && t.protocol != IPPROTO_TCP) ||
	     !tuple_known(&t, netns)))
		return 0;
	e = event_begin(SONDE_EVENT_DROP);
	if (!e)
		return 0;
	if (sk) {
		event_socket(e, sk);
	} else {
		e->head.netns = netns;
		e->protocol = t.protocol;
		address_put(&e->local, &t, true);
	}
	address_put(&e->remote, &t, false);
	e->bytes = t.bytes;
	e->reason = reason;
	event_end(e);
	return 0;
}

/* ---- bytes that no call of the task moves: io_uring ---- */

INLINE int moved(struct sock *sk, int ret, int flags, __u8 kind)
{
	struct record_event *e;
	bool in_call;

	if (!maybe_followed())
		return 0;
	in_call = current_call();
	if ((in_call && sk->__sk_common.skc_cookie.counter) || !followed())
		return 0;
	bpf_get_socket_cookie(sk); /* so that the call's own event carries it */
	if (ret <= 0 || in_call)
		return 0;
	if (!socket_known(sk))
		socket_add(sk, socket_ino(sk));
	e = event_begin(kind);
	if (!e)
		return 0;
	event_task(e);
	event_socket(e, sk);
	e->ret = ret;
	e->arg[0] = kind == SONDE_EVENT_RECEIVED ? flags : 0;
	event_end(e);
	return 0;
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(sock_send_length, struct sock *sk, int ret, int flags)
{
	return moved(sk, ret, flags, SONDE_EVENT_SENT);
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(sock_recv_length, struct sock *sk, int ret, int flags)
{
	return moved(sk, ret, flags, SONDE_EVENT_RECEIVED);
}

/* ---- how long a datagram was that a call receives; for UDP see datagram_waiting ---- */

SEC("tp_btf/skb_copy_datagram_iovec")
int BPF_PROG(skb_copy_datagram_iovec, struct sk_buff *skb)
{
	struct busy *b = maybe_followed() ? current_call() : NULL;

	if (b && call_receives(b->call) && !b->whole && is_message(b->type))
		b->whole = skb->len;
	return 0;
}

/* ---- tasks ---- */

SEC("tp_btf/sched_process_fork")
int BPF_PROG(sched_process_fork, struct task_struct *parent, struct task_struct *child)
{
	__u32 pid = child->tgid, one = 1;
	struct record_event *e;

	if (!followed())
		return 0;
	if (pid != (__u32)parent->tgid) {
		shared.mark[pid % RECORD_MARKS] = 1;
		bpf_map_update_elem(&pids, &pid, &one, BPF_ANY);
	}
	e = event_begin(SONDE_EVENT_FORK);
	if (!e)
		return 0;
	event_task(e);
	e->n[0] = pid;
	e->n[1] = child->pid;
	if (parent->files == child->files)
		e->flags |= SONDE_FLAG_SHARED;
	event_end(e);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(sched_process_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	__u32 zero = 0;
	struct record_event_tail *t = bpf_map_lookup_elem(&scratch, &zero);
	long n;

	if (!t || !followed())
		return 0;
	__builtin_memset(&t->event, 0, sizeof t->event);
	t->event.fd = t->event.fd2 = -1;
	event_task(&t->event);
	n = bpf_probe_read_kernel_str(t->text, RECORD_TEXT, bprm->filename);
	n = at_most(n > 0 ? n : 1, RECORD_TEXT);
	t->event.text_len = n - 1;
	record_begin(&t->event.head, RECORD_EVENT, SONDE_EVENT_EXEC);
	if (bpf_ringbuf_output(&ring, t, sizeof t->event + RECORD_ADDRESS + n, BPF_RB_NO_WAKEUP))
		record_lost(RECORD_LOST_CALLS);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(sched_process_exit, struct task_struct *task)
{
	__u32 pid = task->tgid;
	bool last = !task->signal->live.counter;
	struct record_event *e;

	if (!followed())
		return 0;
	e = event_begin(SONDE_EVENT_EXIT);
	if (e) {
		e->flags = SONDE_FLAG_TASK;
		event_task(e);
		e->arg[0] = task->exit_code;
		e->arg[1] = last;
		event_end(e);
	}
	if (last && !plan.all)
		bpf_map_delete_elem(&pids, &pid);
	return 0;
}

/* ---- what is there already ---- */

SEC("iter/task_file")
int task_file(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *f = ctx->file;
	struct record_event_tail *t;
	struct unix_address *name;
	struct socket *socket;
	struct record_event *e;
	__u64 *bits, word = 0, cookie;
	__u32 one = 1, pid;
	__u64 len = 0, size = sizeof *e;
	struct sock *sk;

	if (!task || !f || task->pid != task->tgid)
		return 0;
	pid = task->tgid;
	if (pid == plan.self || (!plan.all && !bpf_map_lookup_elem(&pids, &pid)))
		return 0;
	socket = bpf_sock_from_file(f);
	t = bpf_map_lookup_elem(&scratch, &one);
	if (!socket || !t || !(sk = socket->sk))
		return 0;
	cookie = bpf_get_socket_cookie(sk);
	e = &t->event;
	__builtin_memset(e, 0, sizeof *e);
	e->fd = ctx->fd;
	e->fd2 = -1;
	e->pid = e->tid = pid;
	BPF_CORE_READ_STR_INTO(&e->comm, task, comm);
	e->cookie = cookie;
	event_socket(e, sk);
	socket_add(sk, e->ino);
	bits = (__u64 *)BPF_CORE_READ(task, files, fdt, close_on_exec);
	bpf_probe_read_kernel(&word, sizeof word, bits + ctx->fd / 64);
	if (word >> ctx->fd % 64 & 1)
		e->flags |= SONDE_FLAG_CLOEXEC;
	if (BPF_CORE_READ(f, f_flags) & O_NONBLOCK)
		e->flags |= SONDE_FLAG_NONBLOCK;
	if (e->family == AF_UNIX) {
		e->ino2 = unix_peer(sk);
		name = BPF_CORE_READ((struct unix_sock *)sk, addr);
		len = at_most(name ? BPF_CORE_READ(name, len) : 0, RECORD_ADDRESS);
		if (len > 0 && !bpf_probe_read_kernel(t->address, len, &name->name)) {
			e->address_len = len;
			size += RECORD_ADDRESS;
		}
	}
	record_begin(&e->head, RECORD_EVENT, SONDE_EVENT_SEED);
	if (bpf_ringbuf_output(&ring, t, size, BPF_RB_NO_WAKEUP))
		record_lost(RECORD_LOST_KERNEL);
	return 0;
}

/* Inet sockets get their cookie at birth, so that even a first datagram carries it. */
SEC("cgroup/sock_create")
int sock_create(struct bpf_sock *sk)
{
	if (followed())
		bpf_get_socket_cookie(sk);
	return 1;
}

#endif
