#ifndef SONDE_BASE_EVENT_H
#define SONDE_BASE_EVENT_H

/* What happened to a socket or to a process that holds one, as one tracer saw it. Events and frames
 * are the items of the one merged stream: the engine hears nothing else, the evidence file holds
 * nothing else, so a replay cannot differ from the live run.
 *
 * A field that a kind does not use is 0 (fd: -1). A field that was not known is 0 as well, except
 * where 0 could be meant: those say so.
 */

#include "base/address.h"
#include "base/call.h"
#include "base/frame.h"
#include "base/time.h"

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
	E(DROP,       "drop",       "a datagram or segment was dropped on its way into the socket. the socket (the receiver); remote: its source; bytes: payload; reason, text: the kernel's name") \
	E(SENT,       "sent",       "bytes left the program for the socket, whatever the call (io_uring too). task, the socket, ret") \
	E(RECEIVED,   "received",   "the same, towards the program. task, the socket, ret; arg[0]: MSG_ flags") \
	E(TRUNCATED,  "truncated",  "a datagram was longer than the buffer. task, the socket; ret: bytes copied; n[0]: bytes it had") \
	E(FORK,       "fork",       "pid made a task: n[0]: its pid, n[1]: its tid; FLAG_SHARED: it shares the table of descriptors") \
	E(EXEC,       "exec",       "pid runs another program. text: its path; comm: new") \
	E(EXIT,       "exit",       "the task ended. FLAG_TASK; arg[0]: exit code or signal as in wait(2), arg[1]: 1 for the whole process") \
	E(SEED,       "seed",       "a descriptor that was there before. task, the socket, fd; FLAG_CLOEXEC; ino2: Unix peer; address: bound Unix name") \
	E(DIAG,       "diag",       "what the kernel's socket diagnosis tells. the socket; n[0]: bytes sent, n[1]: received, n[2]: segments sent again; ino2: Unix peer; FLAG_LAST: as the socket was destroyed") \
	E(PASS,       "pass",       "a descriptor went into a message. task; fd: the descriptor; ino: the socket it is; ino2: the Unix socket that carries it") \
	E(TAKE,       "take",       "a descriptor came out of a message. task; fd: its number here; ino: the socket it is; ino2: the carrier; FLAG_CLOEXEC") \
	E(ARRIVED,    "arrived",    "a frame that is in the stream already was seen again elsewhere. n[0]: number of that frame, from 1; netns, n[1]: interface; arg[0]: enum sonde_dir") \
	E(NAME,       "name",       "text is the name of a thing. netns: a namespace; n[1]: an interface of it, or 0; n[2]: what its link carries, ARPHRD_ number") \
	E(LOST,       "lost",       "n[0]: events that one source could not deliver; text: the source. Where in the stream they are missing is not known better than this place") \
	E(END,        "end",        "the run ends. arg[0]: the command's status as in wait(2), arg[1]: 1 if there was a command; text: pids left running, in words of decimal")
/* clang-format on */

enum sonde_event_kind {
	SONDE_EVENT_NONE,
#define E(id, name, what) SONDE_EVENT_##id,
	SONDE_EVENTS(E)
#undef E
	SONDE_EVENT_END_
};

enum sonde_backend { SONDE_BACKEND_NONE, SONDE_BACKEND_BPF, SONDE_BACKEND_PTRACE, SONDE_BACKEND_DIAG };

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

struct sonde_event {
	sonde_ns when; /* CLOCK_MONOTONIC; of a call: its return */
	sonde_ns took; /* CALL: from entry to return */
	uint64_t cookie, ino;
	uint64_t ino2;	   /* accepted child, second of a pair, Unix peer, carrier */
	uint64_t cookie2;  /* accepted child, second of a pair */
	int64_t ret;	   /* result, or -errno */
	uint64_t bytes;	   /* CALL: payload moved, over all messages of sendmmsg and recvmmsg */
	uint64_t n[3];
	int64_t arg[3];	   /* CALL: see below */
	uint32_t netns;	   /* inode of the socket's network namespace */
	uint32_t pid, tid; /* thread group, thread; in the namespace sonde runs in */
	int32_t fd, fd2;   /* fd2: the new one of dup and accept, the second of a pair; else -1 */
	uint32_t reason;
	uint16_t kind;	   /* enum sonde_event_kind */
	uint16_t flags;	   /* SONDE_FLAG_ */
	uint16_t cpu;
	uint16_t family, type, protocol; /* AF_, SOCK_ without its flags, IPPROTO_ */
	uint8_t call;			 /* enum sonde_call */
	uint8_t state;			 /* TCP_ number of the kernel (enum in netinet/tcp.h), also used by UDP */
	uint8_t from, to;		 /* STATE */
	char comm[16];			 /* NUL-padded */
	struct sonde_address local, remote;
	struct sonde_bytes address; /* a sockaddr as the program gave or got it; borrowed */
	struct sonde_bytes text;    /* see the kind; borrowed */
};

/* arg of a CALL, as the program gave them; what is not listed is 0.
 *
 *   socket socketpair    family, type with its flags, protocol
 *   bind connect         -  (address: what was asked for)
 *   listen               backlog
 *   accept accept4       flags  (address: the peer as told)
 *   shutdown             how
 *   close_range          first, last, flags
 *   dup2 dup3            -, flags
 *   fcntl                command, argument (for F_DUPFD, F_DUPFD_CLOEXEC, F_SETFD, F_SETFL)
 *   ioctl                request (only FIOCLEX, FIONCLEX, FIONBIO)
 *   pidfd_getfd          pid it was taken from, its number there
 *   send and recv class  MSG_ flags, bytes asked for (-1: not known), messages asked for
 *   getsockopt setsockopt  level, name, value if it is 4 bytes long
 */

struct sonde_item {
	enum { SONDE_ITEM_EVENT = 1, SONDE_ITEM_FRAME } is;
	union {
		struct sonde_event event;
		struct sonde_frame frame;
	};
};

static inline sonde_ns sonde_item_when(const struct sonde_item *i)
{
	return i->is == SONDE_ITEM_FRAME ? i->frame.when : i->event.when;
}

/* "state"; "?" for a number that is none. Static. */
const char *sonde_event_name(unsigned kind);
/* enum sonde_event_kind by its word, or SONDE_EVENT_NONE. */
unsigned sonde_event_find(const char *name, unsigned long len);

#endif
