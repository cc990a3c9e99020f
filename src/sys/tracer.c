#include "sys/tracer_kind.h"

/* What works is found by trying, not by asking for versions or capabilities. */
int sonde_tracer_open(struct sonde_tracer **ret, const struct sonde_tracer_plan *plan, int *ret_why)
{
	int r = -1, why = 0;

	if (plan->backend != SONDE_BACKEND_PTRACE)
		r = sonde_tracer_bpf.open(ret, plan);
	if (r < 0 && plan->backend != SONDE_BACKEND_BPF && !plan->all) { /* ptrace has no -a */
		why = plan->backend == SONDE_BACKEND_PTRACE ? 0 : r;
		r = sonde_tracer_ptrace.open(ret, plan);
	}
	if (r >= 0)
		*ret_why = why;
	return r;
}

const char *sonde_tracer_hook(unsigned n)
{
	return sonde_tracer_bpf.hook ? sonde_tracer_bpf.hook(n) : NULL;
}

const char *sonde_tracer_blind(unsigned n)
{
	return sonde_tracer_hook(n) ? sonde_tracer_bpf.blind(n) : NULL;
}

bool sonde_tracer_uses(const struct sonde_tracer *t, const char *hook)
{
	return t->kind->uses && t->kind->uses(t, hook);
}

enum sonde_backend sonde_tracer_backend(const struct sonde_tracer *t)
{
	return t->kind->backend;
}

bool sonde_tracer_sees_packets(const struct sonde_tracer *t)
{
	return t->kind->sees_packets(t);
}

void sonde_tracer_tell(struct sonde_tracer *t, sonde_tracer_hear hear, void *arg)
{
	t->kind->tell(t, hear, arg);
}

int sonde_tracer_prepare_child(struct sonde_tracer *t)
{
	return t->kind->prepare_child(t);
}

int sonde_tracer_follow(struct sonde_tracer *t, pid_t pid)
{
	return t->kind->follow(t, pid);
}

int sonde_tracer_seed(struct sonde_tracer *t, pid_t pid)
{
	return t->kind->seed(t, pid);
}

int sonde_tracer_read(struct sonde_tracer *t, sonde_tracer_hear hear, void *arg)
{
	return t->kind->read(t, hear, arg);
}

int sonde_tracer_patience(const struct sonde_tracer *t)
{
	return t->kind->patience(t);
}

sonde_ns sonde_tracer_lateness(const struct sonde_tracer *t)
{
	return t->kind->lateness(t);
}

uint64_t sonde_tracer_lost(const struct sonde_tracer *t)
{
	return t->kind->lost(t);
}

size_t sonde_tracer_alive(struct sonde_tracer *t, pid_t *ret, size_t n)
{
	return t->kind->alive(t, ret, n);
}

int sonde_tracer_child_ended(struct sonde_tracer *t, pid_t pid, int *ret_status)
{
	return t->kind->child_ended(t, pid, ret_status);
}

struct sonde_tracer *sonde_tracer_close(struct sonde_tracer *t)
{
	return t ? t->kind->close(t) : NULL;
}
