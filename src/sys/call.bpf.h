#ifndef SONDE_SYS_CALL_BPF_H
#define SONDE_SYS_CALL_BPF_H

/* System calls on sockets at their entry: which socket, before a close takes it away. All else is
 * told at the return (return.bpf.h). */

#include "sys/ground.bpf.h"

/* The last call of a followed task that was one on a socket. */
struct busy {
	__u64 when, sk, cookie, ino;
	__u32 netns;
	__s32 fd;
	__u32 whole; /* length of the datagram that is being received, if that was seen */
	__u16 family, protocol;
	__u8 type, state;
	__u8 call;   /* enum sonde_call */
	__u8 inside; /* it has not returned yet */
	__u8 known;  /* so many calls more that need not look it up */
	__u8 fresh;  /* nobody was told of this socket or of its port yet */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct busy);
} calls SEC(".maps");

/* The six arguments; copied, because the verifier tells registers from memory where clang does not.
 */
struct args {
	__u64 a[6];
};

#if defined(__TARGET_ARCH_x86)
#define ARGS(r)                                                                                    \
	{                                                                                          \
		{                                                                                  \
			(r)->di, (r)->si, (r)->dx, (r)->r10, (r)->r8, (r)->r9                      \
		}                                                                                  \
	}
#define CALL_NUMBER(r) ((long)(r)->orig_ax)
/* TS_COMPAT: a 32-bit program, whose calls have other numbers */
#define IS_COMPAT() (bpf_get_current_task_btf()->thread_info.status & 2)
#elif defined(__TARGET_ARCH_arm64)
#define ARGS(r)                                                                                    \
	{                                                                                          \
		{                                                                                  \
			(r)->orig_x0, (r)->regs[1], (r)->regs[2], (r)->regs[3], (r)->regs[4],      \
				(r)->regs[5]                                                       \
		}                                                                                  \
	}
#define CALL_NUMBER(r) ((long)(r)->syscallno)
#define IS_COMPAT()    (bpf_get_current_task_btf()->thread_info.flags & (1 << 22)) /* TIF_32BIT */
#endif

enum { O_NONBLOCK = 04000, MSG_TRUNC = 0x20, MSG_CMSG_CLOEXEC = 0x40000000 };
enum { SOL_SOCKET = 1, SCM_RIGHTS = 1, SCM_MOST = 16, SCM_BLOCKS = 4 };
enum { KNOWN = 64 };
enum { PASS_EARLIEST = 2000000 }; /* ns */
enum { F_DUPFD, F_SETFD = 2, F_SETFL = 4, F_DUPFD_CLOEXEC = 1030 };
enum { FIONBIO = 0x5421, FIONCLEX = 0x5450, FIOCLEX };

INLINE struct busy *current_call(void)
{
	struct busy *b = bpf_task_storage_get(&calls, bpf_get_current_task_btf(), 0, 0);

	return b && b->inside ? b : NULL;
}

/* What is kept for the current task, if it is followed, else NULL; none stays followed for less
 * than its life. *ret_met: it was kept before. */
INLINE struct busy *busy_of_task(bool *ret_met)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct busy *b = bpf_task_storage_get(&calls, task, 0, 0);

	*ret_met = b;
	if (b || !followed())
		return b;
	return bpf_task_storage_get(&calls, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
}

INLINE unsigned call_of(long nr)
{
	return (unsigned long)nr < RECORD_CALLS ? plan.call[nr] : 0;
}

INLINE bool call_sends(unsigned c)
{
	return c >= SONDE_CALL_SENDTO && c <= SONDE_CALL_SPLICE;
}

INLINE bool call_receives(unsigned c)
{
	return c >= SONDE_CALL_RECVFROM && c <= SONDE_CALL_READV;
}

INLINE bool is_message(__u8 type)
{
	return type == SOCK_DGRAM || type == SOCK_SEQPACKET || type == SOCK_RAW;
}

/* The verifier trusts a pointer to the current task, and looks up by name each pointer that is read
 * through such a one: a tenth of a millisecond for every path to here. So it goes without trust. */
INLINE struct fdtable *fd_table(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct files_struct *files;

	if (!plan.casts)
		return task->files->fdt;
	files = READ(task_struct, task, files);
	return READ(files_struct, files, fdt);
}

INLINE struct file *fd_file(int fd)
{
	struct fdtable *table = fd_table();
	struct file **all;

	if (fd < 0 || (unsigned)fd >= READ(fdtable, table, max_fds))
		return NULL;
	all = READ(fdtable, table, fd);
	/* One of an array of pointers; any struct that begins with a pointer will do. */
	return (struct file *)READ(hlist_head, all + fd, first);
}

/* The socket behind a descriptor of the current task, or NULL. */
INLINE struct sock *fd_socket(int fd, __u64 *ret_ino)
{
	struct file *f = fd_file(fd);
	struct inode *i;

	if (!f)
		return NULL;
	i = READ(file, f, f_inode);
	if ((READ(inode, i, i_mode) & 0170000) != 0140000)
		return NULL;
	*ret_ino = READ(inode, i, i_ino);
	/* The inode of a socket lies in one struct with it. */
	return READ(socket_alloc, (char *)i - bpf_core_field_offset(struct socket_alloc, vfs_inode),
		    socket.sk);
}

/* Length of the datagram that is first in the queue of a UDP socket, or 0. UDP passes no hook as it
 * copies a datagram, so whether the buffer was too short can be told only of one that waited. */
INLINE __u32 datagram_waiting(struct sock *sk)
{
	struct udp_sock *u = (void *)sk;
	struct sk_buff *skb = READ(udp_sock, u, reader_queue.next);

	if ((void *)skb == (char *)u + bpf_core_field_offset(struct udp_sock, reader_queue)) {
		skb = READ(sock, sk, sk_receive_queue.next);
		if ((void *)skb ==
		    (char *)sk + bpf_core_field_offset(struct sock, sk_receive_queue))
			return 0;
	}
	return READ(sk_buff, skb, len);
}

INLINE void busy_forget(struct busy *b)
{
	b->sk = b->cookie = b->ino = 0;
	b->netns = 0;
	b->family = b->protocol = 0;
	b->type = b->state = b->known = 0;
}

/* Takes down a socket and makes it ours. */
INLINE void busy_take(struct busy *b, struct sock *sk, __u64 ino)
{
	__u64 key = (__u64)sk;
	struct owned *o;
	__u16 num;

	busy_forget(b);
	b->ino = ino;
	if (!sk)
		return; /* it is being made or released, or is none */
	b->sk = key;
	o = bpf_map_lookup_elem(&sockets, &key);
	if (!o || o->ino != ino) {
		b->fresh = 1;
		socket_add(sk, ino);
		o = bpf_map_lookup_elem(&sockets, &key);
		if (!o)
			return;
	}
	if (!o->cookie)
		o->cookie = SK(sk, skc_cookie.counter);
	if (!o->port && is_inet(o->family)) {
		num = SK(sk, skc_num);
		socket_port(o, num);
		b->fresh |= !num;
	}
	b->cookie = o->cookie;
	b->netns = o->netns;
	b->family = o->family;
	b->type = o->type;
	b->protocol = o->protocol;
	b->known = o->port || !is_inet(o->family) ? KNOWN : 0;
}

/* Takes down the socket of a descriptor. Where it is that of the call before, of which all is
 * known, it need not be looked up; but now and then, for the map forgets what nobody asks for. */
INLINE bool busy_socket(struct busy *b, int fd)
{
	__u64 ino = 0;
	struct sock *sk = fd_socket(fd, &ino);

	b->fd = fd;
	if (sk && b->known && b->sk == (__u64)sk && b->ino == ino && b->cookie &&
	    b->cookie == SK(sk, skc_cookie.counter))
		b->known--;
	else
		busy_take(b, sk, ino);
	if (!sk)
		return ino;
	b->state = SK(sk, skc_state);
	if (b->protocol == IPPROTO_UDP && is_inet(b->family) && call_receives(b->call) &&
	    b->call != SONDE_CALL_RECVMMSG)
		b->whole = datagram_waiting(sk);
	return true;
}

/* Whether this call is one to tell of; then what is known of its socket before it has run. */
INLINE bool busy_begin(struct busy *b, const struct args *r, unsigned call)
{
	unsigned long second = r->a[1];

	b->call = call;
	b->fd = -1;
	b->when = b->whole = b->fresh = 0;
	switch (call) {
	case SONDE_CALL_SOCKET:
	case SONDE_CALL_SOCKETPAIR:
	case SONDE_CALL_CLOSE_RANGE:
	case SONDE_CALL_PIDFD_GETFD: busy_forget(b); return true;
	case SONDE_CALL_FCNTL:
		if (second != F_DUPFD && second != F_DUPFD_CLOEXEC && second != F_SETFD &&
		    second != F_SETFL)
			return false;
		break;
	case SONDE_CALL_IOCTL:
		second &= 0xffffffff;
		if (second != FIOCLEX && second != FIONCLEX && second != FIONBIO)
			return false;
		break;
	}
	if (busy_socket(b, r->a[0]))
		return true;
	/* The other descriptor may be the socket: written over, or spliced into. */
	if (call == SONDE_CALL_DUP2 || call == SONDE_CALL_DUP3)
		return fd_socket(second, &b->cookie) ? (b->cookie = 0, true) : false;
	if (call == SONDE_CALL_SPLICE)
		return busy_socket(b, r->a[2]);
	return false;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(sys_enter, struct pt_regs *regs, long nr)
{
	unsigned call = call_of(nr);
	struct args r;
	struct busy *b;
	bool met;

	if (!call || !maybe_followed() || !(b = busy_of_task(&met)))
		return 0;
	if (IS_COMPAT()) {
		shared.counts.foreign = 1;
		return 0;
	}
	r = (struct args)ARGS(regs);
	if (!busy_begin(b, &r, call))
		return 0;
	b->when = bpf_ktime_get_ns();
	b->inside = 1;
	return 0;
}

#endif
