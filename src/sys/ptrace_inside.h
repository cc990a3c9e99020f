#ifndef SONDE_SYS_PTRACE_INSIDE_H
#define SONDE_SYS_PTRACE_INSIDE_H

/* What the files of the ptrace tracer share; for them alone.
 *
 * ptrace.c		the backend: what it tells, and what it cannot see
 * ptrace_attach.c	taking hold, seeding what runs already, letting go
 * ptrace_stop.c	why a task has stopped: forks, execs, ends, signals, calls
 * ptrace_task.c	the tasks and processes that are held
 * ptrace_call.c	a call's entry and return, as an event
 * ptrace_memory.c	what the arguments of a call point to
 * ptrace_rights.c	descriptors that travel in messages
 * ptrace_socket.c	what a descriptor of a stopped program is
 * ptrace_number.c	which calls are stopped at
 */

#include <sys/ptrace.h>
#include <linux/ptrace.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "sys/diag.h"
#include "sys/tracer_kind.h"

/* What is known of one descriptor number. */
struct sonde_ptrace_known {
	enum { SONDE_KNOWN_NOT, SONDE_KNOWN_OTHER, SONDE_KNOWN_SOCKET } is;
	uint32_t netns;
	uint64_t ino, cookie; /* cookie 0: the socket was not asked yet */
	uint16_t family, type, protocol;
};

/* The descriptors of a process, and of those that share its table. */
struct sonde_ptrace_table {
	unsigned shared; /* by how many processes */
	unsigned n;
	struct sonde_ptrace_known *at;
};

struct sonde_ptrace_process {
	struct sonde_ptrace_process *next;
	pid_t pid;
	int pidfd;	    /* -1: not opened yet */
	unsigned tasks;	    /* threads that have not begun to end */
	unsigned held;	    /* threads, those that end too */
	unsigned unsettled; /* threads that were told to stop for the first time and did not yet */
	bool filtered;	    /* has our seccomp filter: stops only at what is wanted */
	bool seed;	    /* its descriptors are to be told once it is settled */
	struct sonde_ptrace_table *table;
};

enum { SONDE_PTRACE_RIGHTS = 253 }; /* SCM_MAX_FD of the kernel */

struct sonde_ptrace_task {
	struct sonde_ptrace_task *next;
	struct sonde_ptrace_process *process; /* NULL: its maker has not told of it yet */
	pid_t tid;
	bool unsettled;
	bool ending;	  /* its EXIT was told */
	bool connecting;  /* its call is a connect, and the addresses of that are not told yet */
	int blocked_in;	  /* number of the call it was in when we came, -1: none */
	uint8_t again;	  /* call that was broken off by a signal and may be entered again */
	sonde_ns began;	  /* of the call, or since when it waits for its maker */
	uint64_t args[6]; /* of the call */
	struct sonde_event event;  /* the call that is under way; call is NONE: none */
	struct sonde_event parted; /* the connection that is being closed; cookie is 0: none */
	unsigned rights;	   /* descriptors in the message that is being sent */
	struct {
		int fd;
		uint64_t ino, cookie;
	} right[SONDE_PTRACE_RIGHTS];
};

enum { SONDE_PTRACE_BUCKETS = 1024 };

struct sonde_ptrace {
	struct sonde_tracer base;
	struct sonde_tracer_plan plan;
	struct sonde_ptrace_task *task[SONDE_PTRACE_BUCKETS];
	struct sonde_ptrace_process *process[SONDE_PTRACE_BUCKETS];
	size_t processes;
	bool seeding;	 /* some process is to be seeded */
	bool waiting;	 /* some task waits for its maker */
	bool connecting; /* some task is in a connect whose addresses are to be told */
	bool own; /* a command of ours is followed: the terminal's stops are shared with it */
	struct sonde_diag *diag;  /* of our own network namespace; NULL: refused */
	uint32_t netns;		  /* of that */
	struct sonde_ptrace_met { /* sockets that were looked at */
		uint64_t cookie;
		uint8_t state;		     /* when it was last looked at */
		bool ended;		     /* the other's FIN has come */
		uint64_t received;	     /* when it was last looked at before a close */
		struct sonde_address remote; /* a socket in CLOSE tells no more whose it was */
	} * cookie;			     /* open addressing, cookie 0 is empty */
	size_t cookies, cookie_cap;	     /* cap is a power of two */
	uint16_t *port;			     /* local ports of followed TCP listeners */
	size_t ports;
	struct sonde_ptrace_end { /* children that have ended and were waited for */
		pid_t pid;
		int status;
	} * end;
	size_t ends;
	sonde_tracer_hear hear; /* while reading */
	void *arg;
	int told;
	uint8_t *payload;
	uint8_t address[128];
};

/* ptrace.c */
/* One event with the task's names and the time now; kind and the rest are the caller's. */
struct sonde_event sonde_ptrace_event(const struct sonde_ptrace_task *k, unsigned kind);
void sonde_ptrace_tell(struct sonde_ptrace *t, const struct sonde_event *e);

/* ptrace_task.c */
struct sonde_ptrace_task *sonde_ptrace_task_find(struct sonde_ptrace *t, pid_t tid);
/* The task, made if it is new; NULL without memory. */
struct sonde_ptrace_task *sonde_ptrace_task_get(struct sonde_ptrace *t, pid_t tid);
void sonde_ptrace_task_drop(struct sonde_ptrace *t, struct sonde_ptrace_task *k);
/* Makes it a thread of the process pid, which is made if it is new. 0 or -ENOMEM. */
int sonde_ptrace_task_place(struct sonde_ptrace *t, struct sonde_ptrace_task *k, pid_t pid);
/* comm of the task, as /proc tells. */
void sonde_ptrace_name(struct sonde_ptrace_task *k);
/* The number behind name ("Tgid:") in the file /proc/TID/file, or -1. */
long sonde_ptrace_number(pid_t tid, const char *file, const char *name);

/* ptrace_stop.c */
/* What waitpid(2) told of a task; lets it go on. */
void sonde_ptrace_serve(struct sonde_ptrace *t, pid_t tid, int status);
/* Tasks whose maker was killed before it could tell of them go on. */
void sonde_ptrace_free_waiting(struct sonde_ptrace *t);

/* ptrace_attach.c */
int sonde_ptrace_follow(struct sonde_tracer *t, pid_t pid);
int sonde_ptrace_seed(struct sonde_tracer *t, pid_t pid);
/* Tells the descriptors of the processes that are settled and wait for it. */
void sonde_ptrace_tell_seeds(struct sonde_ptrace *t);
void sonde_ptrace_let_go(struct sonde_ptrace *t);

/* ptrace_call.c */
/* Before exec: the last look at the connections that it closes. */
void sonde_ptrace_part_exec(struct sonde_ptrace *t, struct sonde_ptrace_task *k);
/* A connect that took so long has addresses by now. */
#define SONDE_PTRACE_CONNECTING (10 * SONDE_MILLISECOND)
/* Tells the addresses of sockets that are connecting still: their packets are under way before the
 * call returns. */
void sonde_ptrace_tell_connecting(struct sonde_ptrace *t);
/* Before a descriptor goes: the last look at the connection it may have been the last of. */
void sonde_ptrace_part(struct sonde_ptrace *t, struct sonde_ptrace_task *k, int fd);
/* Whether the return is wanted; then the call is in k->event. */
bool sonde_ptrace_enter(struct sonde_ptrace *t, struct sonde_ptrace_task *k, unsigned call,
			const uint64_t args[6]);
void sonde_ptrace_leave(struct sonde_ptrace *t, struct sonde_ptrace_task *k, int64_t ret);

/* ptrace_memory.c */
/* Copies from the stopped program; returns how many bytes, 0 for none. */
size_t sonde_ptrace_peek(const struct sonde_ptrace_task *k, void *ret, uint64_t at, size_t len);
/* Into e->address, borrowed from t. */
void sonde_ptrace_take_address(struct sonde_ptrace *t, const struct sonde_ptrace_task *k,
			       struct sonde_event *e, uint64_t at, uint64_t len);
/* As accept and recvfrom tell it: the length is behind a pointer. */
void sonde_ptrace_take_told_address(struct sonde_ptrace *t, const struct sonde_ptrace_task *k,
				    struct sonde_event *e, uint64_t at, uint64_t len_at);
/* Bytes that n struct iovec hold together; -1: more parts than are read. */
int64_t sonde_ptrace_sum(const struct sonde_ptrace_task *k, uint64_t at, uint64_t n);
/* The first of len bytes in these parts into e->text, borrowed from t. */
void sonde_ptrace_take_payload(struct sonde_ptrace *t, const struct sonde_ptrace_task *k,
			       struct sonde_event *e, const struct iovec *iov, size_t n,
			       int64_t len);
/* The same, of n parts listed at. */
void sonde_ptrace_take_parts(struct sonde_ptrace *t, const struct sonde_ptrace_task *k,
			     struct sonde_event *e, uint64_t at, uint64_t n, int64_t len);

/* ptrace_rights.c */
/* What is about to be passed is looked at before: the sender may close it at once. */
void sonde_ptrace_find_rights(struct sonde_ptrace *t, struct sonde_ptrace_task *k,
			      const struct msghdr *m);
/* Tells what find_rights found. */
void sonde_ptrace_pass_rights(struct sonde_ptrace *t, struct sonde_ptrace_task *k);
/* Tells what came out of a message that was received with these flags. */
void sonde_ptrace_take_rights(struct sonde_ptrace *t, struct sonde_ptrace_task *k,
			      const struct msghdr *m, uint64_t flags);

/* ptrace_socket.c */
/* A slot for fd, or NULL where fd is none or there is no memory. */
struct sonde_ptrace_known *sonde_ptrace_known(struct sonde_ptrace_process *p, int fd);
/* Every descriptor that its process has now, those that no call told of too. */
void sonde_ptrace_each(struct sonde_ptrace *t, struct sonde_ptrace_task *k,
		       void (*hear)(struct sonde_ptrace *, struct sonde_ptrace_task *, int fd));
void sonde_ptrace_forget(struct sonde_ptrace_process *p, unsigned first, unsigned last);
/* Whether fd is a socket; what is known of it without asking the socket goes into e. */
bool sonde_ptrace_recall(struct sonde_ptrace *t, struct sonde_ptrace_task *k, int fd,
			 struct sonde_event *e);
/* The same, and asks the socket for all that may have changed: state, addresses, and for a DIAG
 * event the counts. The socket is not touched: SO_ERROR is never read. */
bool sonde_ptrace_look(struct sonde_ptrace *t, struct sonde_ptrace_task *k, int fd,
		       struct sonde_event *e);
void sonde_ptrace_put_address(struct sonde_address *ret, const struct sockaddr_storage *a);
/* Whether exec closes it. */
bool sonde_ptrace_is_cloexec(const struct sonde_ptrace_task *k, int fd);
/* The socket, if it was ever looked at, else NULL. */
struct sonde_ptrace_met *sonde_ptrace_met(const struct sonde_ptrace *t, uint64_t cookie);
struct sonde_ptrace_table *sonde_ptrace_table_put(struct sonde_ptrace_table *table);

/* ptrace_number.c */
enum { SONDE_PTRACE_EXEC = SONDE_CALL_END_ }; /* stopped at, though it is no call on a socket */
/* enum sonde_call of a call that is to be stopped at, or EXEC, or NONE. */
unsigned sonde_ptrace_wanted(const struct sonde_ptrace *t, uint64_t nr, const uint64_t args[6]);
/* Installs the filter in the caller, async-signal-safe. 0 or -errno. */
int sonde_ptrace_filter(const struct sonde_ptrace *t);
extern const uint32_t sonde_ptrace_arch; /* AUDIT_ARCH_, 0: not checked */

#endif
