#include <sys/socket.h>

#include "sys/clock.h"
#include "sys/ptrace_inside.h"

/* The descriptors in the control part of a message. */
static size_t read_rights(const struct sonde_ptrace_task *k, const struct msghdr *m,
			  int fds[SONDE_PTRACE_RIGHTS])
{
	size_t len = m->msg_controllen > 4096 ? 4096 : m->msg_controllen, n = 0;
	_Alignas(struct cmsghdr) uint8_t control[4096];
	struct msghdr here = { .msg_control = control };

	here.msg_controllen = sonde_ptrace_peek(k, control, (uint64_t)m->msg_control, len);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&here); c; c = CMSG_NXTHDR(&here, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
		    c->cmsg_len < CMSG_LEN(0) ||
		    CMSG_DATA(c) + (c->cmsg_len - CMSG_LEN(0)) > control + here.msg_controllen)
			continue;
		for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++)
			if (n < SONDE_PTRACE_RIGHTS)
				memcpy(&fds[n++], CMSG_DATA(c) + i * sizeof(int), sizeof(int));
	}
	return n;
}

void sonde_ptrace_pass_rights(struct sonde_ptrace *t, struct sonde_ptrace_task *k)
{
	for (unsigned i = 0; i < k->rights; i++) {
		struct sonde_event e = sonde_ptrace_event(k, SONDE_EVENT_PASS);

		e.fd = k->right[i].fd;
		e.ino = k->right[i].ino;
		e.cookie = k->right[i].cookie;
		e.ino2 = k->event.ino;
		sonde_ptrace_tell(t, &e);
	}
	k->rights = 0;
}

void sonde_ptrace_find_rights(struct sonde_ptrace *t, struct sonde_ptrace_task *k,
			      const struct msghdr *m)
{
	int fds[SONDE_PTRACE_RIGHTS];
	size_t n = m->msg_controllen ? read_rights(k, m, fds) : 0;

	for (size_t i = 0; i < n && k->rights < SONDE_PTRACE_RIGHTS; i++) {
		struct sonde_event e = { 0 };

		if (!sonde_ptrace_recall(t, k, fds[i], &e))
			continue;
		k->right[k->rights].fd = fds[i];
		k->right[k->rights].ino = e.ino;
		k->right[k->rights++].cookie = e.cookie;
	}
}

/* The stop of the taker may come to us before that of the giver. */
static void pass_before(struct sonde_ptrace *t, uint64_t ino)
{
	for (size_t i = 0; i < SONDE_PTRACE_BUCKETS; i++)
		for (struct sonde_ptrace_task *k = t->task[i]; k; k = k->next)
			for (unsigned r = 0; r < k->rights; r++)
				if (k->right[r].ino == ino) {
					sonde_ptrace_pass_rights(t, k);
					break;
				}
}

void sonde_ptrace_take_rights(struct sonde_ptrace *t, struct sonde_ptrace_task *k,
			      const struct msghdr *m, uint64_t flags)
{
	int fds[SONDE_PTRACE_RIGHTS];
	size_t n = m->msg_controllen ? read_rights(k, m, fds) : 0;

	for (size_t i = 0; i < n; i++) {
		struct sonde_event e = sonde_ptrace_event(k, SONDE_EVENT_TAKE);

		if (fds[i] >= 0)
			sonde_ptrace_forget(k->process, (unsigned)fds[i], (unsigned)fds[i]);
		if (!sonde_ptrace_recall(t, k, fds[i], &e))
			continue;
		pass_before(t, e.ino);
		e.when = sonde_clock_now();
		e.fd = fds[i];
		e.ino2 = k->event.ino;
		e.flags |= flags & MSG_CMSG_CLOEXEC ? SONDE_FLAG_CLOEXEC : 0;
		sonde_ptrace_tell(t, &e);
	}
}
