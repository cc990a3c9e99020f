#ifndef SONDE_SYS_TRACER_KIND_H
#define SONDE_SYS_TRACER_KIND_H

/* Between tracer.c and its backends: one function for each of tracer.h, with the same promises. A
 * backend's own struct begins with a struct sonde_tracer. */

#include "sys/tracer.h"

struct sonde_tracer_kind {
	const char *(*hook)(unsigned n); /* NULL: it has none to be denied */
	bool (*uses)(const struct sonde_tracer *t, const char *hook); /* as hook */
	const char *(*blind)(unsigned n);			      /* as hook */
	enum sonde_backend backend;
	/* Sets kind in what it gives. */
	int (*open)(struct sonde_tracer **ret, const struct sonde_tracer_plan *plan);
	bool (*sees_packets)(const struct sonde_tracer *t);
	void (*tell)(struct sonde_tracer *t, sonde_tracer_hear hear, void *arg);
	int (*prepare_child)(struct sonde_tracer *t);
	int (*follow)(struct sonde_tracer *t, pid_t pid);
	int (*seed)(struct sonde_tracer *t, pid_t pid);
	int (*read)(struct sonde_tracer *t, sonde_tracer_hear hear, void *arg);
	int (*patience)(const struct sonde_tracer *t);
	sonde_ns (*lateness)(const struct sonde_tracer *t);
	uint64_t (*lost)(const struct sonde_tracer *t);
	size_t (*alive)(struct sonde_tracer *t, pid_t *ret, size_t n);
	int (*child_ended)(struct sonde_tracer *t, pid_t pid, int *ret_status);
	struct sonde_tracer *(*close)(struct sonde_tracer *t);
};

struct sonde_tracer {
	const struct sonde_tracer_kind *kind;
};

/* Opens with SONDE_NO_BPF where clang or libbpf was missing (bpf_none.c). */
extern const struct sonde_tracer_kind sonde_tracer_bpf;
extern const struct sonde_tracer_kind sonde_tracer_ptrace;

#endif
