#ifndef SONDE_SYS_GROUND_BPF_H
#define SONDE_SYS_GROUND_BPF_H

/* What all programs stand on: whom they follow, which sockets are theirs, how a record is made. */

#include "sys/mini.bpf.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "sys/event.bpf.h"
#include "sys/record.bpf.h"

#define INLINE static __always_inline
/* A function that the verifier looks at once, for whatever it may be called with: what it is
 * pointed to may be NULL. Large parts must be such, or the time of loading grows with every path to
 * them. */
#define PART __noinline

const volatile struct record_plan plan = {};

struct record_shared shared = {};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, __u32);
} pids SEC(".maps");

/* A socket that a followed task has touched. Pointers are used again at once, so an entry counts
 * only while the cookie is the same; before there is a cookie, while the inode is. */
struct owned {
	__u64 cookie, ino;
	__u32 netns;
	__u16 family, type, protocol, port;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 131072);
	__type(key, __u64);
	__type(value, struct owned);
} sockets SEC(".maps");

/* Local ports of those sockets, which outlive them: packets to a closed socket and the kernel's own
 * resets are tied by these. Port 0 stands for a protocol without ports; protocol and port 0 for any
 * of the namespace. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 131072);
	__type(key, __u64);
	__type(value, __u8);
} ports SEC(".maps");

/* Too large for the stack. 0: sys_exit and exec, which cannot interrupt each other; 1: seeding. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct record_event_tail);
} scratch SEC(".maps");

/* A length that the verifier will believe: clang must neither leave the check out, because it knows
 * better, nor check one copy and use another. */
INLINE __u64 at_most(__u64 len, __u64 most)
{
	asm volatile("" : "+r"(len));
	if (len > most)
		len = most;
	asm volatile("" : "+r"(len));
	return len;
}

extern void *bpf_rdonly_cast(void *at, __u32 type) __ksym __weak;

/* A member of a kernel's struct, from a pointer of any origin. Since Linux 6.2 by one load; before,
 * by a call that costs ten times as much. at is a plain variable: a member of our own struct would
 * be looked for in the kernel too. */
#define READ(type, at, member)                                                                     \
	(plan.casts ? ((struct type *)bpf_rdonly_cast((void *)(at),                                \
						      bpf_core_type_id_kernel(struct type)))       \
			      ->member                                                             \
		    : BPF_CORE_READ((struct type *)(at), member))

/* ---- whom ---- */

/* Never false of a followed task, nearly always of another, and next to free. */
INLINE bool maybe_followed(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 pid = task->tgid;

	if (plan.all)
		return pid != plan.self && !(task->flags & PF_KTHREAD);
	return shared.mark[pid % RECORD_MARKS];
}

INLINE bool followed(void)
{
	__u32 pid = bpf_get_current_task_btf()->tgid;

	return maybe_followed() && (plan.all || bpf_map_lookup_elem(&pids, &pid));
}

/* ---- which sockets ---- */

#define SK(sk, member) READ(sock, sk, __sk_common.member)

INLINE __u64 port_key(__u32 netns, __u32 protocol, __u32 port)
{
	return (__u64)netns << 32 | protocol << 16 | port;
}

INLINE bool port_known(__u32 netns, __u32 protocol, __u32 port)
{
	__u64 key = port_key(netns, protocol, port);

	return shared.port[port % RECORD_MARKS] && bpf_map_lookup_elem(&ports, &key);
}

INLINE void port_add(__u32 netns, __u32 protocol, __u32 port)
{
	__u64 key = port_key(netns, protocol, port), any = port_key(netns, 0, 0);
	__u8 one = 1;

	shared.port[port % RECORD_MARKS] = shared.port[0] = 1;
	bpf_map_update_elem(&ports, &key, &one, BPF_ANY);
	if (!bpf_map_lookup_elem(&ports, &any))
		bpf_map_update_elem(&ports, &any, &one, BPF_ANY);
}

INLINE bool is_inet(__u16 family)
{
	return family == AF_INET || family == AF_INET6;
}

/* Its local port, or what stands for it, if the entry does not know it yet. Raw sockets keep their
 * protocol where others keep the port. */
INLINE void socket_port(struct owned *o, __u16 num)
{
	__u16 port = o->protocol == IPPROTO_TCP || o->protocol == IPPROTO_UDP ? num : 0;

	if (o->type == SOCK_RAW)
		port = 0;
	if (!is_inet(o->family) || !num || o->port == num)
		return;
	o->port = num;
	port_add(o->netns, o->protocol, port);
}

INLINE __u64 socket_ino(struct sock *sk)
{
	struct socket_alloc *a = (void *)READ(sock, sk, sk_socket);

	return a ? READ(socket_alloc, a, vfs_inode.i_ino) : 0;
}

/* The entry of a socket that is ours, else NULL. */
INLINE struct owned *socket_known(struct sock *sk)
{
	__u64 key = (__u64)sk, cookie;
	struct owned *o = bpf_map_lookup_elem(&sockets, &key);

	if (!o)
		return NULL;
	cookie = SK(sk, skc_cookie.counter);
	if (o->cookie == cookie && cookie)
		return o;
	if (!o->cookie && o->ino && o->ino == socket_ino(sk)) {
		o->cookie = cookie;
		return o;
	}
	bpf_map_delete_elem(&sockets, &key);
	return NULL;
}

/* Makes a socket ours. ino may be 0: not accepted yet. */
INLINE void socket_add(struct sock *sk, __u64 ino)
{
	__u64 key = (__u64)sk;
	struct owned o = {
		.cookie = SK(sk, skc_cookie.counter),
		.ino = ino,
		.netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum),
		.family = SK(sk, skc_family),
		.type = READ(sock, sk, sk_type),
		.protocol = READ(sock, sk, sk_protocol),
	};

	socket_port(&o, SK(sk, skc_num));
	bpf_map_update_elem(&sockets, &key, &o, BPF_ANY);
}

/* ---- records ---- */

INLINE void record_lost(int cause)
{
	__sync_fetch_and_add(&shared.counts.lost[cause], 1);
}

INLINE void record_begin(struct record *r, __u8 is, __u8 kind)
{
	r->when = bpf_ktime_get_ns(); /* after the place is taken: so order is that of time */
	r->cpu = bpf_get_smp_processor_id();
	r->is = is;
	r->kind = kind;
}

/* A zeroed event in the ring, or NULL, which is counted. */
INLINE struct record_event *event_begin(__u8 kind)
{
	struct record_event *e = bpf_ringbuf_reserve(&ring, sizeof *e, 0);

	if (!e) {
		record_lost(RECORD_LOST_KERNEL);
		return NULL;
	}
	__builtin_memset(e, 0, sizeof *e);
	e->fd = e->fd2 = -1;
	record_begin(&e->head, RECORD_EVENT, kind);
	return e;
}

INLINE void event_end(struct record_event *e)
{
	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
}

INLINE void event_task(struct record_event *e)
{
	__u64 id = bpf_get_current_pid_tgid();

	e->pid = id >> 32;
	e->tid = id;
	bpf_get_current_comm(e->comm, sizeof e->comm);
}

INLINE void event_tuple(struct record_event *e, struct sock *sk)
{
	struct record_address *l = &e->local, *r = &e->remote;

	if (!is_inet(e->family))
		return;
	l->family = e->family;
	l->port = SK(sk, skc_num);
	if (e->type == SOCK_RAW)
		l->port = 0;
	r->port = bpf_ntohs(SK(sk, skc_dport));
	if (e->family == AF_INET) {
		*(__u32 *)l->ip = SK(sk, skc_rcv_saddr);
		*(__u32 *)r->ip = SK(sk, skc_daddr);
		if (r->port || *(__u32 *)r->ip)
			r->family = AF_INET;
	} else {
		BPF_CORE_READ_INTO(&l->ip, sk, __sk_common.skc_v6_rcv_saddr.in6_u);
		BPF_CORE_READ_INTO(&r->ip, sk, __sk_common.skc_v6_daddr.in6_u);
		if (r->port || *(__u64 *)r->ip || *(__u64 *)(r->ip + 8))
			r->family = AF_INET6;
		if (l->ip[0] == 0xfe && (l->ip[1] & 0xc0) == 0x80)
			l->scope = SK(sk, skc_bound_dev_if);
		if (r->ip[0] == 0xfe && (r->ip[1] & 0xc0) == 0x80)
			r->scope = SK(sk, skc_bound_dev_if);
	}
}

/* The socket as it is now. sk may be of the short kinds (time-wait, request), which have nothing
 * behind the part that all share. */
INLINE void event_socket(struct record_event *e, struct sock *sk)
{
	e->family = SK(sk, skc_family);
	e->state = SK(sk, skc_state);
	e->head.netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	if (!e->cookie)
		e->cookie = SK(sk, skc_cookie.counter);
	if (e->state == TCP_TIME_WAIT || e->state == TCP_NEW_SYN_RECV) {
		e->type = SOCK_STREAM;
		e->protocol = IPPROTO_TCP;
	} else {
		e->type = READ(sock, sk, sk_type);
		e->protocol = READ(sock, sk, sk_protocol);
		if (!e->ino)
			e->ino = socket_ino(sk);
	}
	event_tuple(e, sk);
}

/* Inode of the socket that a Unix socket is connected to, or 0. */
INLINE __u64 unix_peer(struct sock *sk)
{
	struct sock *peer = BPF_CORE_READ((struct unix_sock *)sk, peer);

	return peer ? socket_ino(peer) : 0;
}

#endif
