#ifndef SONDE_SYS_RIGHTS_BPF_H
#define SONDE_SYS_RIGHTS_BPF_H

/* Descriptors that pass through a Unix socket, in the control part of a message (unix(7)). */

#include "sys/call.bpf.h"

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

#endif
