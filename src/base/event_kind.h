#ifndef SONDE_BASE_EVENT_KIND_H
#define SONDE_BASE_EVENT_KIND_H

/* The kinds and flags of events (event.h). Numbers alone, so that programs inside the kernel, which
 * have no C library, share them. */

/* Kinds, their word in files and reports, and what the fields hold. "the socket" is family, type,
 * protocol, state, cookie, ino, netns, local, remote as far as the tracer could see them at that
 * moment; "task" is pid, tid, comm. Kernel kinds fill task only where the kernel was working for
 * that task (FLAG_TASK); never take an owner from a kernel event without it. */
/* clang-format off */
#define SONDE_EVENTS(E) \
	E(RUN,        "run",        "the run begins. text: program and arguments, NUL after each; n[0]: realtime minus monotonic, ns; n[1]: enum sonde_backend") \
	E(BLIND,      "blind",      "text: one thing this run cannot see, a sentence. reason: the denied hook's number plus 1, or 0") \
	E(CALL,       "call",       "a system call on a socket has returned. task, the socket, call, fd, ret, took, arg, bytes, address, text: payload") \
	E(STATE,      "state",      "TCP: from -> to. the socket; FLAG_TASK") \
	E(RETRANSMIT, "retransmit", "TCP sent something again. the socket; n[0]: sequence number") \
	E(RESET_OUT,  "reset-out",  "TCP sent a reset. the socket, or local/remote alone where no socket was there; reason: kernel's number, text: its name") \
	E(RESET_IN,   "reset-in",   "TCP took a reset. the socket") \
	E(DESTROY,    "destroy",    "the kernel's socket ends. the socket; n[0]: bytes sent, n[1]: bytes received, n[2]: segments sent again") \
	E(ERROR,      "error",      "an error was left on the socket. the socket; ret: -errno") \
	E(DROP,       "drop",       "a datagram or segment was dropped on its way into the socket. the socket (the receiver); remote: its source; bytes: payload of a datagram; reason, text: the kernel's name") \
	E(SENT,       "sent",       "bytes left the program for the socket and no call that we saw begin moved them: by io_uring, or by one that had begun before. task, the socket, ret") \
	E(RECEIVED,   "received",   "the same, towards the program. task, the socket, ret; arg[0]: MSG_ flags; fd: they left it by splice") \
	E(TRUNCATED,  "truncated",  "a datagram was longer than the buffer. task, the socket; ret: bytes copied; n[0]: bytes it had") \
	E(FORK,       "fork",       "pid made a task: n[0]: its pid, n[1]: its tid; FLAG_SHARED: it shares the table of descriptors") \
	E(EXEC,       "exec",       "pid runs another program. text: its path; comm: new") \
	E(EXIT,       "exit",       "the task ended. FLAG_TASK; arg[0]: exit code or signal as in wait(2), arg[1]: 1 for the whole process") \
	E(SEED,       "seed",       "a descriptor that was there before. task, the socket, fd; FLAG_CLOEXEC; ino2: Unix peer; address: bound Unix name. fd -1, no task, no inode: a connection that a listener has not handed out yet") \
	E(DIAG,       "diag",       "what the kernel's socket diagnosis tells. the socket; n[0]: bytes sent, n[1]: received, n[2]: segments sent again; ino2: Unix peer; FLAG_LAST: as the socket was destroyed. FLAG_COPY: as the socket is now, before a descriptor of it goes; arg[0]: bytes that came and were not read, arg[1]: 1 if SO_LINGER 0 makes a close reset") \
	E(PASS,       "pass",       "a descriptor went into a message. task; fd: the descriptor; ino: the socket it is; ino2: the Unix socket that carries it") \
	E(TAKE,       "take",       "a descriptor came out of a message. task; fd: its number here; ino: the socket it is; ino2: the carrier; FLAG_CLOEXEC") \
	E(ARRIVED,    "arrived",    "a frame that is in the stream already was seen again elsewhere. n[0]: number of that frame, from 1; netns, n[1]: interface; arg[0]: enum sonde_dir") \
	E(NAME,       "name",       "text is the name of a thing. netns: a namespace; n[1]: an interface of it, or 0; n[2]: what its link carries, ARPHRD_ number") \
	E(LOST,       "lost",       "n[0]: events that one source could not deliver; text: the source. Where in the stream they are missing is not known better than this place") \
	E(MEASURE,    "measure",    "an item of a measurement and of no socket. text: what it is, and its fields as words (run/probefile.h); local, remote: the addresses that belong to it") \
	E(END,        "end",        "the run ends. arg[0]: the command's status as in wait(2), arg[1]: 1 if there was a command; text: pids left running, in words of decimal")

enum sonde_event_kind {
	SONDE_EVENT_NONE,
#define E(id, name, what) SONDE_EVENT_##id,
	SONDE_EVENTS(E)
#undef E
	SONDE_EVENT_END_
};
/* clang-format on */

enum sonde_backend {
	SONDE_BACKEND_NONE,
	SONDE_BACKEND_BPF,
	SONDE_BACKEND_PTRACE,
	SONDE_BACKEND_DIAG
};

enum {
	SONDE_FLAG_TASK = 1,	  /* pid, tid and comm are those of the task it was done for */
	SONDE_FLAG_CLOEXEC = 2,	  /* CALL that makes a descriptor, SEED, TAKE: closed by exec */
	SONDE_FLAG_NONBLOCK = 4,  /* the descriptor does not block (O_NONBLOCK or SOCK_NONBLOCK) */
	SONDE_FLAG_SHARED = 8,	  /* FORK: one table of descriptors */
	SONDE_FLAG_BLOCKED = 16,  /* CALL: had begun before the tracer came; took is not known */
	SONDE_FLAG_LATE = 32,	  /* came behind the watermark; set by the merge */
	SONDE_FLAG_LAST = 64,	  /* DIAG: the socket is being destroyed */
	SONDE_FLAG_TRUNC = 128,	  /* CALL recvmsg: MSG_TRUNC was set on return */
	SONDE_FLAG_ENTERED = 256, /* CALL: at its entry, not its return: ret and took not known */
	SONDE_FLAG_COPY = 512,	  /* the frame or event is a snapshot, not a change */
};

/* For the value of an option that is not known. */
#define SONDE_NO_VALUE (-0x7fffffffffffffffll - 1)

#endif
