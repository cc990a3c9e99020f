/* The BPF tracer: programs at the kernel's tracepoints fill one ring, which is read without being
 * woken. All of it hangs on file descriptors of this process, so it is gone when the process is,
 * however that ends; and capabilities may be given up once it is open. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/reason.h"
#include "sys/bpf.h"

enum { PATIENCE_MS = 2, INITIAL_PID_NAMESPACE = 0xEFFFFFFC };

static struct bpf_tracer *own(struct sonde_tracer *t)
{
	return (struct bpf_tracer *)t;
}

static struct sonde_tracer *close_tracer(struct sonde_tracer *tracer)
{
	struct bpf_tracer *t = own(tracer);

	if (!t)
		return NULL;
	if (t->shared)
		munmap((void *)t->shared, sizeof *t->shared);
	ring_buffer__free(t->ring);
	sonde_bpf_hook_close(t);
	sonde_bpf_kernel_done(&t->kernel);
	free(t);
	return NULL;
}

static int find_maps(struct bpf_tracer *t)
{
	struct bpf_map *shared = bpf_object__find_map_by_name(t->object, ".bss");
	void *at;

	t->pids = bpf_object__find_map_fd_by_name(t->object, "pids");
	t->links = bpf_object__find_map_fd_by_name(t->object, "links");
	at = mmap(NULL, sizeof *t->shared, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(shared),
		  0);
	if (at == MAP_FAILED)
		return -errno;
	t->shared = at;
	t->ring = ring_buffer__new(bpf_object__find_map_fd_by_name(t->object, "ring"),
				   sonde_bpf_ring_take, t, NULL);
	return t->ring ? 0 : -errno;
}

/* The kernel counts pids from its first namespace; inside another, ours would mean other processes.
 */
static bool pids_are_ours(void)
{
	struct stat st;

	return !stat("/proc/self/ns/pid", &st) && st.st_ino == INITIAL_PID_NAMESPACE;
}

static int open_tracer(struct sonde_tracer **ret, const struct sonde_tracer_plan *plan)
{
	struct bpf_tracer *t;
	int err;

	if (!pids_are_ours())
		return SONDE_NO_BPF;
	t = calloc(1, sizeof *t);
	if (!t)
		return -ENOMEM;
	t->base.kind = &sonde_tracer_bpf;
	t->plan = *plan;
	t->plan.deny = NULL;
	libbpf_set_print(NULL);
	err = sonde_bpf_kernel_init(&t->kernel);
	if (!err)
		err = sonde_bpf_hook_open(t, plan->deny);
	if (!err)
		err = find_maps(t);
	if (err) {
		close_tracer(&t->base);
		return err == -EPERM || err == -EACCES ? SONDE_NO_PRIVILEGE
		       : err == -ENOSYS		       ? SONDE_NO_BPF
						       : err;
	}
	*ret = &t->base;
	return 0;
}

static bool sees_packets(const struct sonde_tracer *tracer)
{
	const struct bpf_tracer *t = (const struct bpf_tracer *)tracer;

	return sonde_bpf_hook_in_use(t, "net_dev_start_xmit") ||
	       sonde_bpf_hook_in_use(t, "netif_receive_skb");
}

static bool uses(const struct sonde_tracer *t, const char *hook)
{
	return sonde_bpf_hook_in_use((const struct bpf_tracer *)t, hook);
}

static void tell(struct sonde_tracer *tracer, sonde_tracer_hear hear, void *arg)
{
	struct bpf_tracer *t = own(tracer);

	t->hear = hear;
	t->arg = arg;
	for (unsigned i = 0; i < SONDE_BPF_HOOKS; i++) {
		struct sonde_event e = { .kind = SONDE_EVENT_BLIND,
					 .reason = t->denied >> i & 1 ? i + 1 : 0 };
		char text[160];

		if (t->hooks >> i & 1 || !sonde_bpf_hook_wanted(t, i))
			continue;
		snprintf(text, sizeof text, "without the hook %s, %s", sonde_bpf_hook_name(i),
			 sonde_bpf_hook_blind(i));
		sonde_bpf_ring_say(t, e, text);
	}
	sonde_bpf_name_tell(t);
}

static int prepare_child(struct sonde_tracer *t)
{
	(void)t;
	return 0;
}

static int add(struct bpf_tracer *t, uint32_t pid, uint64_t how)
{
	uint32_t one = 1;

	t->shared->mark[pid % RECORD_MARKS] = 1;
	return bpf_map_update_elem(t->pids, &pid, &one, how);
}

static int follow(struct sonde_tracer *tracer, pid_t pid)
{
	if (kill(pid, 0) && errno == ESRCH)
		return -ESRCH;
	return add(own(tracer), (uint32_t)pid, BPF_ANY);
}

/* Follows the children of pid that are not followed yet; returns how many. */
static int follow_children(struct bpf_tracer *t, uint32_t pid)
{
	char path[64];
	uint32_t child;
	int added = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%u/task/%u/children", pid, pid);
	f = fopen(path, "re");
	while (f && fscanf(f, "%u", &child) == 1)
		if (child != (uint32_t)getpid()) /* our maker is followed, we are not */
			added += !add(t, child, BPF_NOEXIST);
	if (f)
		fclose(f);
	return added;
}

/* Runs the iterator over all descriptors of the machine; its records come through the ring. */
static int seed(struct sonde_tracer *tracer, pid_t pid)
{
	struct bpf_tracer *t = own(tracer);
	uint32_t key, next;
	char none[64];
	int fd, added = 1;

	if (!t->plan.all && kill(pid, 0) && errno == ESRCH)
		return -ESRCH;
	while (added && !t->plan.all) { /* what is forked from now on is followed by its hook */
		added = 0;
		for (int end = bpf_map_get_next_key(t->pids, NULL, &next); !end;
		     end = bpf_map_get_next_key(t->pids, &key, &next)) {
			key = next;
			added += follow_children(t, key);
		}
	}
	if (!sonde_bpf_hook_in_use(t, "task_file"))
		return 0;
	fd = sonde_bpf_hook_iterate(t);
	if (fd < 0)
		return fd;
	while (read(fd, none, sizeof none) > 0)
		;
	close(fd);
	return 0;
}

static int read_tracer(struct sonde_tracer *tracer, sonde_tracer_hear hear, void *arg)
{
	struct bpf_tracer *t = own(tracer);
	int err;

	t->hear = hear;
	t->arg = arg;
	t->count = 0;
	err = ring_buffer__consume(t->ring);
	sonde_bpf_ring_tell(t);
	return err < 0 ? err : t->count;
}

static int patience(const struct sonde_tracer *t)
{
	(void)t;
	return PATIENCE_MS;
}

static sonde_ns lateness(const struct sonde_tracer *t)
{
	(void)t;
	return 5 * SONDE_MILLISECOND;
}

static uint64_t lost(const struct sonde_tracer *tracer)
{
	const struct bpf_tracer *t = (const struct bpf_tracer *)tracer;
	uint64_t n = 0;

	for (unsigned i = 0; i < RECORD_LOST_END_; i++)
		n += t->shared->counts.lost[i];
	return n;
}

/* A process that has ended but was not waited for does not run. */
static bool runs(uint32_t pid)
{
	char path[64], text[512], *paren;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%u/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	text[fread(text, 1, sizeof text - 1, f)] = 0;
	fclose(f);
	paren = strrchr(text, ')'); /* a name may hold anything */
	return paren && paren[1] == ' ' && paren[2] != 'Z' && paren[2] != 'X';
}

static size_t alive(struct sonde_tracer *tracer, pid_t *ret, size_t n)
{
	struct bpf_tracer *t = own(tracer);
	uint32_t key, next;
	size_t found = 0;

	for (int end = bpf_map_get_next_key(t->pids, NULL, &next); !end;
	     end = bpf_map_get_next_key(t->pids, &key, &next)) {
		key = next;
		if (!runs(key))
			continue;
		if (found < n)
			ret[found] = (pid_t)key;
		found++;
	}
	return found;
}

static int child_ended(struct sonde_tracer *t, pid_t pid, int *ret_status)
{
	(void)t;
	return waitpid(pid, ret_status, WNOHANG) == pid;
}

const struct sonde_tracer_kind sonde_tracer_bpf = {
	.hook = sonde_bpf_hook_name,
	.uses = uses,
	.blind = sonde_bpf_hook_blind,
	.backend = SONDE_BACKEND_BPF,
	.open = open_tracer,
	.sees_packets = sees_packets,
	.tell = tell,
	.prepare_child = prepare_child,
	.follow = follow,
	.seed = seed,
	.read = read_tracer,
	.patience = patience,
	.lateness = lateness,
	.lost = lost,
	.alive = alive,
	.child_ended = child_ended,
	.close = close_tracer,
};
