#ifndef SONDE_SYS_TRACER_H
#define SONDE_SYS_TRACER_H

/* Who watches the sockets of other programs: BPF where it may, else ptrace. Both give the same
 * events (base/event.h) and say of themselves what they cannot see. */

#include <stdbool.h>
#include <sys/types.h>

#include "base/event.h"

struct sonde_tracer;

struct sonde_tracer_plan {
	enum sonde_backend backend; /* SONDE_BACKEND_NONE: the best that works */
	bool all;		    /* the whole machine, sonde's own threads left out */
	bool calls;	  /* every call on a socket; else ptrace stops for lifecycle calls alone */
	bool packets;	  /* frames of the followed sockets, if the backend sees packets */
	bool started;	  /* sonde starts the command itself: seccomp may be used */
	unsigned payload; /* first bytes of each message to put into event.text; 0: none */
	unsigned snaplen; /* bytes of each packet from the network header */
	bool headers;	  /* what lies behind a header of TCP is not needed */
	const char *const *deny; /* names of hooks not to use, then NULL; or NULL */
};

/* Takes one item; what it borrows lives until it returns. */
typedef void (*sonde_tracer_hear)(void *arg, const struct sonde_item *item);

/* The backend loads and attaches, and follows nobody yet. *ret_why gets the reason (a code of
 * base/reason.h) for which BPF was passed over, or 0. Needs its privilege only here. */
int sonde_tracer_open(struct sonde_tracer **ret, const struct sonde_tracer_plan *plan,
		      int *ret_why);

/* The name of the n-th hook that can be denied, from 0; NULL: there are no more. Static. */
const char *sonde_tracer_hook(unsigned n);

/* What is missed without that hook, a sentence without a capital or a full stop. Static. */
const char *sonde_tracer_blind(unsigned n);

/* Whether the hook of this name was loaded and attached. */
bool sonde_tracer_uses(const struct sonde_tracer *t, const char *hook);

enum sonde_backend sonde_tracer_backend(const struct sonde_tracer *t);
bool sonde_tracer_sees_packets(const struct sonde_tracer *t);

/* One sentence after another of what this run cannot see, as BLIND events; NAME events of the
 * namespaces and interfaces that are known. Call once, before anything is followed. */
void sonde_tracer_tell(struct sonde_tracer *t, sonde_tracer_hear hear, void *arg);

/* To be run in the child between fork and exec (seccomp of ptrace); async-signal-safe; 0 or -errno.
 */
int sonde_tracer_prepare_child(struct sonde_tracer *t);

/* From now on this process, and all it forks, is followed. The child of sonde is still waiting to
 * exec. For a process that runs already call seed as well. -ESRCH, -EPERM, SONDE_TRACED. */
int sonde_tracer_follow(struct sonde_tracer *t, pid_t pid);

/* Follows the descendants that pid has by now, and tells every socket that any followed process
 * holds as SEED events (through read). Call after follow. */
int sonde_tracer_seed(struct sonde_tracer *t, pid_t pid);

/* Hands out all that is there, without waiting; returns how many items, or -errno. */
int sonde_tracer_read(struct sonde_tracer *t, sonde_tracer_hear hear, void *arg);

/* How long the caller may sleep before the next read, ms. A tracer that must be served at once
 * (ptrace) wakes the caller by SIGCHLD. */
int sonde_tracer_patience(const struct sonde_tracer *t);

/* The event of each source is at most this far behind the clock when it comes: the watermark. */
sonde_ns sonde_tracer_lateness(const struct sonde_tracer *t);

uint64_t sonde_tracer_lost(const struct sonde_tracer *t);

/* Whether any followed process still runs; pids of up to n of them into ret. Returns how many. */
size_t sonde_tracer_alive(struct sonde_tracer *t, pid_t *ret, size_t n);

/* wait(2) status of the child once it has ended: 1, else 0. With ptrace, waiting is the tracer's.
 */
int sonde_tracer_child_ended(struct sonde_tracer *t, pid_t pid, int *ret_status);

/* Lets everybody go on unharmed. NULL is fine; returns NULL. */
struct sonde_tracer *sonde_tracer_close(struct sonde_tracer *t);

#endif
