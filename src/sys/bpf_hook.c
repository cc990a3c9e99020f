/* The hooks, each tried for itself: one that is missing, refused or denied is left out alone, and
 * its sentence tells what is then not seen. */

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/call.h"
#include "sys/bpf.h"

__asm__(".section .rodata\n"
	".balign 8\n"
	".global sonde_bpf_object\n"
	"sonde_bpf_object:\n"
	".incbin \"build/bpf/trace.bpf.o\"\n"
	".global sonde_bpf_object_end\n"
	"sonde_bpf_object_end:\n"
	".previous\n");
extern const char sonde_bpf_object[], sonde_bpf_object_end[];

/* In the order of attaching: a call's return is heard before its entry, so that none is left open.
 * The number of a hook is its place here. */
static const struct {
	const char *name;  /* of the tracepoint and of the program */
	const char *blind; /* what is missed without it */
	bool packets;	   /* only if packets are wanted */
} hooks[SONDE_BPF_HOOKS] = {
	{ "sys_exit", "no system call is seen; sockets are known by what the kernel does to them",
	  false },
	{ "sys_enter", "how long calls took is not known, nor which socket a close ended", false },
	{ "inet_sock_set_state", "states of TCP are inferred from calls and packets", false },
	{ "tcp_retransmit_skb", "retransmissions are known from packets alone", false },
	{ "tcp_send_reset", "resets sent are known from packets alone, their reason is not",
	  false },
	{ "tcp_receive_reset", "resets received are inferred from errors and packets", false },
	{ "tcp_destroy_sock", "when the kernel lets go of a TCP socket is inferred", false },
	{ "inet_sk_error_report", "errors left on a socket are seen only as a call returns them",
	  false },
	{ "udp_fail_queue_rcv_skb",
	  "datagrams lost to a full receive buffer are known only as drops", false },
	{ "kfree_skb", "packets that the kernel dropped are not seen, except for full buffers",
	  false },
	{ "sock_send_length", "bytes sent by io_uring are not seen", false },
	{ "sock_recv_length", "bytes received by io_uring are not seen", false },
	{ "skb_copy_datagram_iovec", "truncated datagrams are known only where a call says so",
	  false },
	{ "sched_process_fork", "processes that a followed one starts are not followed", false },
	{ "sched_process_exec", "what a process executes, and what exec closes, is not seen",
	  false },
	{ "sched_process_exit", "the end of a process, and what it closes, is inferred", false },
	{ "net_dev_start_xmit", "packets sent are not seen", true },
	{ "netif_receive_skb", "packets received are not seen", true },
	{ "task_file", "descriptors that were open before are not known", false },
	{ "sock_create", "first packets of a datagram socket are tied to it by their addresses",
	  false },
};

const char *sonde_bpf_hook_name(unsigned hook)
{
	return hook < SONDE_BPF_HOOKS ? hooks[hook].name : NULL;
}

const char *sonde_bpf_hook_blind(unsigned hook)
{
	return hooks[hook].blind;
}

static uint32_t bit(const char *name)
{
	for (unsigned i = 0; i < SONDE_BPF_HOOKS; i++)
		if (!strcmp(hooks[i].name, name))
			return 1u << i;
	return 0;
}

bool sonde_bpf_hook_wanted(const struct bpf_tracer *t, unsigned hook)
{
	return t->plan.packets || !hooks[hook].packets;
}

int sonde_bpf_hook_iterate(const struct bpf_tracer *t)
{
	int fd = bpf_iter_create(bpf_link__fd(t->link[__builtin_ctz(bit("task_file"))]));

	return fd < 0 ? -errno : fd;
}

bool sonde_bpf_hook_in_use(const struct bpf_tracer *t, const char *name)
{
	return t->hooks & bit(name);
}

void sonde_bpf_hook_calls(uint8_t call[RECORD_CALLS])
{
#define N(number, id) [number] = SONDE_CALL_##id
	static const uint8_t table[RECORD_CALLS] = {
		N(SYS_socket, SOCKET),
		N(SYS_socketpair, SOCKETPAIR),
		N(SYS_bind, BIND),
		N(SYS_listen, LISTEN),
		N(SYS_connect, CONNECT),
		N(SYS_accept, ACCEPT),
		N(SYS_accept4, ACCEPT4),
		N(SYS_shutdown, SHUTDOWN),
		N(SYS_close, CLOSE),
		N(SYS_close_range, CLOSE_RANGE),
		N(SYS_dup, DUP),
		N(SYS_dup3, DUP3),
		N(SYS_fcntl, FCNTL),
		N(SYS_ioctl, IOCTL),
		N(SYS_sendto, SENDTO),
		N(SYS_sendmsg, SENDMSG),
		N(SYS_sendmmsg, SENDMMSG),
		N(SYS_write, WRITE),
		N(SYS_writev, WRITEV),
		N(SYS_sendfile, SENDFILE),
		N(SYS_splice, SPLICE),
		N(SYS_recvfrom, RECVFROM),
		N(SYS_recvmsg, RECVMSG),
		N(SYS_recvmmsg, RECVMMSG),
		N(SYS_read, READ),
		N(SYS_readv, READV),
		N(SYS_getsockname, GETSOCKNAME),
		N(SYS_getpeername, GETPEERNAME),
		N(SYS_getsockopt, GETSOCKOPT),
		N(SYS_setsockopt, SETSOCKOPT),
		N(SYS_pidfd_getfd, PIDFD_GETFD),
#ifdef SYS_dup2
		N(SYS_dup2, DUP2),
#endif
	};
#undef N
	memcpy(call, table, sizeof table);
}

static void plan_put(const struct bpf_tracer *t, uint32_t mask)
{
	struct bpf_map *map = bpf_object__find_map_by_name(t->object, ".rodata");
	size_t size;
	struct record_plan *p = map ? (void *)bpf_map__initial_value(map, &size) : NULL;

	if (!p || size < sizeof *p)
		return;
	sonde_bpf_hook_calls(p->call);
	p->self = (uint32_t)getpid();
	p->payload = t->plan.payload < RECORD_TEXT ? t->plan.payload : RECORD_TEXT;
	p->snaplen = t->plan.snaplen < RECORD_FRAME_MOST ? t->plan.snaplen : RECORD_FRAME_MOST;
	p->headers = t->plan.headers;
	p->all = t->plan.all;
	p->casts = t->kernel.casts;
	p->fragments = t->kernel.fragments;
	p->enters = !!(mask & bit("sys_enter"));
	p->queue_hook = !!(mask & bit("udp_fail_queue_rcv_skb"));
	p->reset_has_reason = t->kernel.reset_args >= 3;
	p->drop_has_socket = t->kernel.drop_args >= 4;
	p->queue_has_skb = t->kernel.queue_args >= 3;
	p->reason_rcvbuf = t->kernel.rcvbuf;
	p->reason_mem = t->kernel.mem;
	p->reason_unspecified = t->kernel.unspecified;
}

/* The object with these hooks alone; -errno if the kernel refuses any of them. */
static int load(struct bpf_tracer *t, uint32_t mask)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "sonde");
	int err;

	t->object = bpf_object__open_mem(
		sonde_bpf_object, (size_t)(sonde_bpf_object_end - sonde_bpf_object), &options);
	if (!t->object)
		return -errno;
	plan_put(t, mask);
	for (unsigned i = 0; i < SONDE_BPF_HOOKS; i++)
		bpf_program__set_autoload(
			bpf_object__find_program_by_name(t->object, hooks[i].name), mask >> i & 1);
	err = bpf_object__load(t->object);
	if (err) {
		bpf_object__close(t->object);
		t->object = NULL;
	}
	return err;
}

/* All at once, as nearly every kernel allows; else without looking into fragments; else without the
 * one that needs more privilege; else each alone, to find those that are refused. */
static int load_what_goes(struct bpf_tracer *t, uint32_t mask)
{
	int err = load(t, mask);

	if (err && t->kernel.fragments) {
		t->kernel.fragments = 0;
		err = load(t, mask);
	}
	if (!err) {
		t->hooks = mask;
		return 0;
	}
	mask &= ~bit("sock_create");
	if (!load(t, mask)) {
		t->hooks = mask;
		return 0;
	}
	for (unsigned i = 0; i < SONDE_BPF_HOOKS; i++) {
		if (!(mask >> i & 1))
			continue;
		if (load(t, 1u << i))
			mask &= ~(1u << i);
		else
			bpf_object__close(t->object), t->object = NULL;
	}
	t->hooks = mask;
	return mask ? load(t, mask) : err;
}

/* A directory of the unified cgroup hierarchy, for the only hook that needs one: a mounted one, or
 * a mount that nobody else sees. */
static int cgroup_open(void)
{
	FILE *f = setmntent("/proc/self/mounts", "re");
	struct mntent *m;
	int fd = -1, fs;

	while (f && fd < 0 && (m = getmntent(f)))
		if (!strcmp(m->mnt_type, "cgroup2"))
			fd = open(m->mnt_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f)
		endmntent(f);
	if (fd >= 0)
		return fd;
	fs = (int)syscall(SYS_fsopen, "cgroup2", FSOPEN_CLOEXEC);
	if (fs < 0)
		return -1;
	if (!syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		fd = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	close(fs);
	return fd;
}

static struct bpf_link *attach(struct bpf_program *p)
{
	struct bpf_link *link;
	int fd;

	if (strcmp(bpf_program__name(p), "sock_create"))
		return bpf_program__attach(p); /* an iterator too: it runs when it is read */
	fd = cgroup_open();
	link = fd < 0 ? NULL : bpf_program__attach_cgroup(p, fd);
	if (fd >= 0)
		close(fd);
	return link;
}

int sonde_bpf_hook_open(struct bpf_tracer *t, const char *const *deny)
{
	uint32_t mask = t->kernel.hooks;
	int err;

	for (; deny && *deny; deny++)
		t->denied |= bit(*deny);
	mask &= ~t->denied;
	for (unsigned i = 0; i < SONDE_BPF_HOOKS; i++)
		if (!sonde_bpf_hook_wanted(t, i))
			mask &= ~(1u << i);
	err = load_what_goes(t, mask);
	if (err)
		return err;
	for (unsigned i = 0; i < SONDE_BPF_HOOKS; i++) {
		if (!(t->hooks >> i & 1))
			continue;
		t->link[i] = attach(bpf_object__find_program_by_name(t->object, hooks[i].name));
		if (!t->link[i])
			t->hooks &= ~(1u << i);
	}
	return t->hooks ? 0 : -EPERM;
}

void sonde_bpf_hook_close(struct bpf_tracer *t)
{
	for (unsigned i = 0; i < SONDE_BPF_HOOKS; i++)
		bpf_link__destroy(t->link[i]);
	bpf_object__close(t->object);
}
