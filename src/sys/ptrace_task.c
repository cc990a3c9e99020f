#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sys/ptrace_inside.h"

long sonde_ptrace_number(pid_t tid, const char *file, const char *name)
{
	char path[80], line[256], *end;
	long v = -1;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/%s", tid, file);
	f = fopen(path, "re");
	while (f && v < 0 && fgets(line, sizeof line, f))
		if (!strncmp(line, name, strlen(name))) {
			v = strtol(line + strlen(name), &end, 10);
			v = end > line + strlen(name) ? v : -1;
		}
	if (f)
		fclose(f);
	return v;
}

struct sonde_ptrace_task *sonde_ptrace_task_find(struct sonde_ptrace *t, pid_t tid)
{
	struct sonde_ptrace_task *k = t->task[(unsigned)tid % SONDE_PTRACE_BUCKETS];

	while (k && k->tid != tid)
		k = k->next;
	return k;
}

struct sonde_ptrace_task *sonde_ptrace_task_get(struct sonde_ptrace *t, pid_t tid)
{
	struct sonde_ptrace_task **at = &t->task[(unsigned)tid % SONDE_PTRACE_BUCKETS];
	struct sonde_ptrace_task *k = sonde_ptrace_task_find(t, tid);

	if (k)
		return k;
	k = calloc(1, sizeof *k);
	if (!k)
		return NULL;
	k->tid = tid;
	k->blocked_in = -1;
	k->next = *at;
	*at = k;
	return k;
}

static struct sonde_ptrace_process *process_get(struct sonde_ptrace *t, pid_t pid)
{
	struct sonde_ptrace_process **at = &t->process[(unsigned)pid % SONDE_PTRACE_BUCKETS];
	struct sonde_ptrace_process *p = *at;

	while (p && p->pid != pid)
		p = p->next;
	if (p)
		return p;
	p = calloc(1, sizeof *p);
	if (p)
		p->table = calloc(1, sizeof *p->table);
	if (!p || !p->table) {
		free(p);
		return NULL;
	}
	p->pid = pid;
	p->pidfd = -1;
	p->table->shared = 1;
	p->next = *at;
	*at = p;
	t->processes++;
	return p;
}

static void process_drop(struct sonde_ptrace *t, struct sonde_ptrace_process *p)
{
	struct sonde_ptrace_process **at = &t->process[(unsigned)p->pid % SONDE_PTRACE_BUCKETS];

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	if (p->pidfd >= 0)
		close(p->pidfd);
	sonde_ptrace_table_put(p->table);
	free(p);
	t->processes--;
}

void sonde_ptrace_name(struct sonde_ptrace_task *k)
{
	char path[48];
	FILE *f;
	size_t n = 0;

	snprintf(path, sizeof path, "/proc/%d/comm", k->tid);
	memset(k->event.comm, 0, sizeof k->event.comm);
	f = fopen(path, "re");
	if (f)
		n = fread(k->event.comm, 1, sizeof k->event.comm, f);
	if (f)
		fclose(f);
	if (n)
		k->event.comm[n - 1] = 0; /* the line's end */
}

int sonde_ptrace_task_place(struct sonde_ptrace *t, struct sonde_ptrace_task *k, pid_t pid)
{
	k->process = process_get(t, pid);
	if (!k->process)
		return -ENOMEM;
	k->process->tasks++;
	k->process->held++;
	sonde_ptrace_name(k);
	return 0;
}

void sonde_ptrace_task_drop(struct sonde_ptrace *t, struct sonde_ptrace_task *k)
{
	struct sonde_ptrace_task **at = &t->task[(unsigned)k->tid % SONDE_PTRACE_BUCKETS];
	struct sonde_ptrace_process *p = k->process;

	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	if (p && !k->ending)
		p->tasks--;
	if (p && k->unsettled)
		p->unsettled--;
	if (p && !--p->held)
		process_drop(t, p);
	free(k);
}
