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
#include "base/event_kind.h"
#include "base/frame.h"
#include "base/time.h"

struct sonde_event {
	sonde_ns when; /* CLOCK_MONOTONIC; of a call: its return */
	sonde_ns took; /* CALL: from entry to return */
	uint64_t cookie, ino;
	uint64_t ino2;	  /* accepted child, second of a pair, Unix peer, carrier */
	uint64_t cookie2; /* accepted child, second of a pair */
	int64_t ret;	  /* result, or -errno */
	uint64_t bytes;	  /* CALL: payload moved, over all messages of sendmmsg and recvmmsg */
	uint64_t n[3];
	int64_t arg[3];	   /* CALL: see below */
	uint32_t netns;	   /* inode of the socket's network namespace */
	uint32_t pid, tid; /* thread group, thread; in the namespace sonde runs in */
	int32_t fd, fd2;   /* fd2: the new one of dup and accept, the second of a pair; else -1 */
	uint32_t reason;
	uint16_t kind;	/* enum sonde_event_kind */
	uint16_t flags; /* SONDE_FLAG_ */
	uint16_t cpu;
	uint16_t family, type, protocol; /* AF_, SOCK_ without its flags, IPPROTO_ */
	uint8_t call;			 /* enum sonde_call */
	uint8_t state;	  /* TCP_ number of the kernel (enum in netinet/tcp.h), also used by UDP */
	uint8_t from, to; /* STATE */
	char comm[16];	  /* NUL-padded */
	struct sonde_address local, remote;
	struct sonde_bytes address; /* a sockaddr as the program gave or got it; borrowed */
	struct sonde_bytes text;    /* see the kind; borrowed */
};

/* arg of a CALL, as the program gave them; what is not listed is 0.
 *
 *   socket socketpair    family, type with its flags, protocol
 *   bind connect         -  (address: what was asked for)
 *   listen               backlog
 *   accept accept4       flags  (address: the peer as told; local, remote, state: the child's;
 *                        n[0]: inode of the peer of a Unix child)
 *   shutdown             how
 *   close_range          first, last, flags
 *   dup2 dup3            -, flags  (ino is 0 where a socket was written over by something else)
 *   fcntl                command, argument (for F_DUPFD, F_DUPFD_CLOEXEC, F_SETFD, F_SETFL)
 *   ioctl                request (only FIOCLEX, FIONCLEX, FIONBIO)
 *   pidfd_getfd          pid it was taken from, its number there
 *   send and recv class  MSG_ flags, bytes asked for (-1: not known), messages asked for
 *   getsockopt setsockopt  level, name, value if it is 1, 4 or 8 bytes long (8: as they lie in
 *                        memory, whatever they are), else SONDE_NO_VALUE
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
