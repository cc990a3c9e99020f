#ifndef SONDE_SYS_BPF_H
#define SONDE_SYS_BPF_H

/* The BPF tracer's parts among themselves. */

#include <bpf/libbpf.h>

#include "sys/record.bpf.h"
#include "sys/tracer_kind.h"

enum { SONDE_BPF_HOOKS = 20, SONDE_BPF_REASONS = 512, SONDE_BPF_NETNS = 64 };

/* Names of the numbers that the kernel gives as reasons; NULL where there is none. Owned. */
struct sonde_bpf_reasons {
	char *name[SONDE_BPF_REASONS];
};

/* What the running kernel is like, from its type information. */
struct sonde_bpf_kernel {
	struct sonde_bpf_reasons drop, reset;
	uint32_t rcvbuf, mem, unspecified;	   /* numbers of drop reasons */
	uint8_t drop_args, reset_args, queue_args; /* of kfree_skb, tcp_send_reset, udp_fail... */
	uint8_t casts;				   /* bpf_rdonly_cast is there */
	uint8_t fragments; /* bpf_dynptr_from_skb is there; tracepoints may use it since 6.12 */
	uint32_t hooks;	   /* bit n: hook n has its tracepoint here */
};

struct bpf_tracer {
	struct sonde_tracer base;
	struct sonde_tracer_plan plan; /* deny is not kept */
	struct sonde_bpf_kernel kernel;
	uint32_t hooks, denied; /* bit n: hook n is in use; was denied */
	struct bpf_object *object;
	struct bpf_link *link[SONDE_BPF_HOOKS];
	struct ring_buffer *ring;
	int pids, links;		       /* maps; the object owns them */
	volatile struct record_shared *shared; /* with the kernel */
	struct record_counts told;
	uint32_t netns[SONDE_BPF_NETNS]; /* namespaces whose name was looked for */
	unsigned netns_n;
	/* While reading: */
	sonde_tracer_hear hear;
	void *arg;
	int count;
	struct sonde_item data, event, frame; /* what a kind does not use stays zero */
};

/* bpf_kernel.c. 0, SONDE_NO_BTF or -errno. done also after a failure. */
int sonde_bpf_kernel_init(struct sonde_bpf_kernel *k);
void sonde_bpf_kernel_done(struct sonde_bpf_kernel *k);

/* bpf_hook.c. Loads and attaches what the plan wants and the kernel allows. */
const char *sonde_bpf_hook_name(unsigned hook);
int sonde_bpf_hook_open(struct bpf_tracer *t, const char *const *deny);
void sonde_bpf_hook_close(struct bpf_tracer *t);
bool sonde_bpf_hook_in_use(const struct bpf_tracer *t, const char *name);
/* Whether the plan has a use for it. */
bool sonde_bpf_hook_wanted(const struct bpf_tracer *t, unsigned hook);
/* A descriptor that runs the iterator as it is read, or -errno. */
int sonde_bpf_hook_iterate(const struct bpf_tracer *t);
/* What is missed without the hook, a sentence; static. */
const char *sonde_bpf_hook_blind(unsigned hook);
/* Numbers of system calls on this processor. */
void sonde_bpf_hook_calls(uint8_t call[RECORD_CALLS]);

/* bpf_ring.c. take: one record of the ring, told as an item; tell: what was lost since, and what
 * turned out not to be seen. */
int sonde_bpf_ring_take(void *tracer, void *record, size_t len);
void sonde_bpf_ring_tell(struct bpf_tracer *t);
/* An event that the tracer has to tell of itself, with a text. */
void sonde_bpf_ring_say(struct bpf_tracer *t, struct sonde_event e, const char *text);

/* bpf_name.c. tell: all that has a name now; look: a namespace that was met later. */
void sonde_bpf_name_tell(struct bpf_tracer *t);
void sonde_bpf_name_look(struct bpf_tracer *t, uint32_t netns);

#endif
