#include "life/inside.h"

#include <sys/wait.h>

/* The descriptors of processes: who refers to which socket. A table may be shared. */

enum { FD_LIMIT = 1 << 20 }; /* beyond it a socket is known by its inode alone */

struct slot {
	struct sonde_endpoint *p;
	bool cloexec;
};

struct sonde_fds {
	struct sonde_fds *next; /* spare */
	uint32_t pid;		/* under which owners are entered */
	uint32_t sharers;
	int32_t end, room; /* end: behind the last in use */
	struct slot *at;
};

static struct sonde_fds *make_table(struct sonde_life *l, uint32_t pid)
{
	struct sonde_fds *t = l->inside->spare;

	if (t)
		l->inside->spare = t->next;
	else
		t = sonde_arena_take(l->arena, sizeof *t);
	t->pid = pid;
	t->sharers = 1;
	t->end = 0;
	return t;
}

struct sonde_process *sonde_fds_process(struct sonde_life *l, uint32_t pid, const char *comm)
{
	struct sonde_process *process = l->inside->recent;

	if (!process || process->pid != pid) {
		process = sonde_index_get(&l->inside->process, pid);
		if (!process) {
			process = sonde_arena_take(l->arena, sizeof *process);
			process->pid = pid;
			process->fds = make_table(l, pid);
			sonde_index_put(&l->inside->process, l->arena, pid, process);
		}
		l->inside->recent = process;
	}
	if (comm && comm[0])
		memcpy(process->comm, comm, sizeof process->comm);
	return process;
}

static struct sonde_fds *table_of(struct sonde_life *l, uint32_t pid)
{
	struct sonde_process *process = l->inside->recent;

	if (!process || process->pid != pid)
		process = sonde_index_get(&l->inside->process, pid);
	return process ? process->fds : NULL;
}

struct sonde_endpoint *sonde_fds_get(struct sonde_life *l, uint32_t pid, int32_t fd)
{
	struct sonde_fds *t = table_of(l, pid);

	return t && fd >= 0 && fd < t->end ? t->at[fd].p : NULL;
}

bool sonde_fds_is_younger(struct sonde_life *l, const struct sonde_event *e)
{
	const struct sonde_endpoint *p = sonde_fds_get(l, e->pid, e->fd);

	for (uint32_t i = p ? p->owners : 0; i-- > 0;)
		if (p->owner[i].pid == table_of(l, e->pid)->pid && p->owner[i].fd == e->fd)
			return p->owner[i].since > e->when - e->took;
	return false;
}

static void unrefer(struct sonde_life *l, struct sonde_endpoint *p, sonde_ns when,
		    enum sonde_release how)
{
	if (p->references && !--p->references)
		sonde_app_released(l, p, when, how);
}

static void drop(struct sonde_life *l, struct sonde_fds *t, int32_t fd, sonde_ns when,
		 enum sonde_release how)
{
	struct sonde_endpoint *p = t->at[fd].p;

	t->at[fd].p = NULL;
	while (t->end && !t->at[t->end - 1].p)
		t->end--;
	for (uint32_t i = p->owners; i-- > 0;) {
		struct sonde_owner *o = &p->owner[i];

		if (o->pid == t->pid && o->fd == fd && !o->until) {
			o->until = when;
			o->release = (uint8_t)how;
			break;
		}
	}
	unrefer(l, p, when, how);
}

void sonde_fds_drop(struct sonde_life *l, uint32_t pid, int32_t fd, sonde_ns when,
		    enum sonde_release how)
{
	struct sonde_fds *t = table_of(l, pid);

	if (t && fd >= 0 && fd < t->end && t->at[fd].p)
		drop(l, t, fd, when, how);
}

static void refer(struct sonde_life *l, struct sonde_fds *t, int32_t fd, struct sonde_endpoint *p,
		  bool cloexec, sonde_ns when, const char *comm)
{
	struct sonde_owner *o;

	if (fd >= t->room) {
		int32_t room = t->room ? t->room : 16;

		while (room <= fd)
			room *= 2;
		t->at = sonde_arena_grow(l->arena, t->at, (size_t)t->end, (size_t)(room - t->end),
					 sizeof *t->at);
		t->room = room;
	}
	for (; t->end <= fd; t->end++)
		t->at[t->end] = (struct slot){ 0 };
	t->at[fd] = (struct slot){ p, cloexec };
	SONDE_GROW(l, p->owner, p->owners, p->owner_room);
	o = &p->owner[p->owners++];
	*o = (struct sonde_owner){ .pid = t->pid, .fd = fd, .since = when };
	memcpy(o->comm, comm, sizeof o->comm);
	if (p->release) { /* somebody whom we had not seen still has it */
		p->release = SONDE_RELEASE_NONE;
		p->closed = 0;
	}
	p->references++;
}

void sonde_fds_put(struct sonde_life *l, const struct sonde_event *e, int32_t fd,
		   struct sonde_endpoint *p, bool cloexec)
{
	struct sonde_process *process;
	struct sonde_fds *t;

	if (!e->pid || fd < 0 || fd >= FD_LIMIT)
		return;
	process = sonde_fds_process(l, e->pid, e->comm);
	t = process->fds;
	if (fd < t->end && t->at[fd].p == p)
		return;
	if (fd < t->end && t->at[fd].p)
		drop(l, t, fd, e->when, SONDE_RELEASE_CLOSE);
	refer(l, t, fd, p, cloexec, e->when, process->comm);
	if (!p->pid) {
		p->pid = e->pid;
		memcpy(p->comm, process->comm, sizeof p->comm);
	}
}

void sonde_fds_mark(struct sonde_life *l, uint32_t pid, int32_t fd, bool cloexec)
{
	struct sonde_fds *t = table_of(l, pid);

	if (t && fd >= 0 && fd < t->end)
		t->at[fd].cloexec = cloexec;
}

static struct sonde_fds *copy(struct sonde_life *l, const struct sonde_fds *from, uint32_t pid,
			      sonde_ns when, const char *comm)
{
	struct sonde_fds *t = make_table(l, pid);

	for (int32_t fd = from->end; fd-- > 0;)
		if (from->at[fd].p)
			refer(l, t, fd, from->at[fd].p, from->at[fd].cloexec, when, comm);
	return t;
}

/* One sharer less; the last takes the descriptors along. */
static void leave(struct sonde_life *l, struct sonde_fds *t, sonde_ns when, enum sonde_release how)
{
	if (--t->sharers)
		return;
	while (t->end)
		drop(l, t, t->end - 1, when, how);
	t->next = l->inside->spare;
	l->inside->spare = t;
}

static void unshare(struct sonde_life *l, struct sonde_process *process, sonde_ns when)
{
	struct sonde_fds *old = process->fds;

	if (old->sharers == 1)
		return;
	process->fds = copy(l, old, process->pid, when, process->comm);
	leave(l, old, when, SONDE_RELEASE_CLOSE);
}

void sonde_fds_range(struct sonde_life *l, const struct sonde_event *e)
{
	enum { UNSHARE = 2, CLOEXEC = 4 }; /* CLOSE_RANGE_ of linux/close_range.h */
	struct sonde_process *process = sonde_fds_process(l, e->pid, e->comm);
	int64_t first = e->arg[0] < 0 ? 0 : e->arg[0];

	if (e->ret < 0)
		return;
	if (e->arg[2] & UNSHARE)
		unshare(l, process, e->when);
	for (int64_t fd = process->fds->end; fd-- > first;) {
		if (fd >= process->fds->end || (uint64_t)fd > (uint64_t)e->arg[1])
			continue;
		if (e->arg[2] & CLOEXEC)
			process->fds->at[fd].cloexec = true;
		else if (process->fds->at[fd].p)
			drop(l, process->fds, (int32_t)fd, e->when, SONDE_RELEASE_CLOSE);
	}
}

void sonde_fds_fork(struct sonde_life *l, const struct sonde_event *e)
{
	struct sonde_process *parent, *child;
	uint32_t pid = (uint32_t)e->n[0];

	if (!pid || pid == e->pid)
		return; /* a thread */
	parent = sonde_fds_process(l, e->pid, e->comm);
	child = sonde_arena_take(l->arena, sizeof *child);
	child->pid = pid;
	memcpy(child->comm, parent->comm, sizeof child->comm);
	if (sonde_index_get(&l->inside->process, pid))
		sonde_fds_exit(
			l, &(struct sonde_event){ .when = e->when, .pid = pid, .arg = { 0, 1 } });
	if (e->flags & SONDE_FLAG_SHARED) {
		child->fds = parent->fds;
		child->fds->sharers++;
	} else {
		child->fds = copy(l, parent->fds, pid, e->when, child->comm);
	}
	sonde_index_put(&l->inside->process, l->arena, pid, child);
	l->inside->recent = NULL;
	sonde_milestone(l, SONDE_MILESTONE_PROCESS);
}

void sonde_fds_exec(struct sonde_life *l, const struct sonde_event *e)
{
	struct sonde_process *process = sonde_fds_process(l, e->pid, e->comm);

	unshare(l, process, e->when);
	for (int32_t fd = process->fds->end; fd-- > 0;)
		if (fd < process->fds->end && process->fds->at[fd].p &&
		    process->fds->at[fd].cloexec)
			drop(l, process->fds, fd, e->when, SONDE_RELEASE_EXEC);
	for (int32_t fd = 0; fd < process->fds->end; fd++) {
		struct sonde_endpoint *p = process->fds->at[fd].p;

		for (uint32_t i = p ? p->owners : 0; i-- > 0;)
			if (p->owner[i].pid == e->pid && p->owner[i].fd == fd && !p->owner[i].until)
				memcpy(p->owner[i].comm, process->comm, sizeof process->comm);
	}
	sonde_milestone(l, SONDE_MILESTONE_PROCESS);
}

void sonde_fds_exit(struct sonde_life *l, const struct sonde_event *e)
{
	struct sonde_process *process = sonde_index_get(&l->inside->process, e->pid);

	if (!e->arg[1])
		return; /* a thread of several */
	sonde_milestone(l, SONDE_MILESTONE_PROCESS);
	if (!process)
		return;
	leave(l, process->fds, e->when,
	      WIFSIGNALED((int)e->arg[0]) ? SONDE_RELEASE_KILL : SONDE_RELEASE_EXIT);
	sonde_index_put(&l->inside->process, l->arena, e->pid, NULL);
	l->inside->recent = NULL;
}

void sonde_fds_pass(struct sonde_life *l, const struct sonde_event *e, struct sonde_endpoint *p)
{
	struct sonde_passage **end = &l->inside->passage, *new;

	while (*end)
		end = &(*end)->next;
	new = sonde_arena_take(l->arena, sizeof *new);
	new->what = p;
	new->carrier = sonde_index_get(&l->inside->ino, e->ino2);
	*end = new;
	p->references++;
	p->in_flight++;
	sonde_milestone(l, SONDE_MILESTONE_PASSED);
}

/* The passage no longer holds a reference. */
static void land(struct sonde_passage **at)
{
	(*at)->what->in_flight--;
	*at = (*at)->next;
}

void sonde_fds_take(struct sonde_life *l, const struct sonde_event *e, struct sonde_endpoint *p)
{
	struct sonde_passage **at = &l->inside->passage;

	while (*at && (*at)->what != p)
		at = &(*at)->next;
	sonde_fds_put(l, e, e->fd, p, e->flags & SONDE_FLAG_CLOEXEC);
	if (*at) {
		land(at);
		unrefer(l, p, e->when, SONDE_RELEASE_PASSED);
	}
	sonde_milestone(l, SONDE_MILESTONE_TAKEN);
}

void sonde_fds_unread(struct sonde_life *l, struct sonde_endpoint *receiver, sonde_ns when)
{
	struct sonde_passage **at = &l->inside->passage;

	while (*at) {
		struct sonde_endpoint *what = (*at)->what;

		if (!(*at)->carrier || (*at)->carrier->peer != receiver->sid) {
			at = &(*at)->next;
			continue;
		}
		land(at);
		unrefer(l, what, when, SONDE_RELEASE_PASSED);
		at = &l->inside->passage; /* what went may have carried others */
	}
}
