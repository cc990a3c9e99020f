#ifndef SONDE_SYS_ARGUMENT_BPF_H
#define SONDE_SYS_ARGUMENT_BPF_H

/* What a call was asked for: its arguments, and what they point to in the program's memory. */

#include "sys/call.bpf.h"

INLINE void option_argument(struct record_event *e, struct args *r, long ret)
{
	bool got = e->call == SONDE_CALL_GETSOCKOPT;
	int len = r->a[4], value;
	__u8 byte;

	e->arg[0] = (int)r->a[1];
	e->arg[1] = (int)r->a[2];
	e->arg[2] = SONDE_NO_VALUE;
	if (got && (ret < 0 || bpf_probe_read_user(&len, sizeof len, (void *)r->a[4])))
		return;
	if (len == 1 && !bpf_probe_read_user(&byte, 1, (void *)r->a[3]))
		e->arg[2] = byte;
	else if (len == 4 && !bpf_probe_read_user(&value, 4, (void *)r->a[3]))
		e->arg[2] = value;
	else if (len == 8 && bpf_probe_read_user(&e->arg[2], 8, (void *)r->a[3]))
		e->arg[2] = SONDE_NO_VALUE;
}

/* Arguments as base/event.h lists them. */
PART int event_arguments(struct record_event *e, struct args *r, long ret)
{
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
	case SONDE_CALL_SETSOCKOPT: option_argument(e, r, ret); break;
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

#endif
