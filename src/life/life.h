#ifndef SONDE_LIFE_LIFE_H
#define SONDE_LIFE_LIFE_H

/* The lives of sockets, as a pure function of the one merged stream: what the program asked (app
 * axis), what the kernel did (kernel axis), what crossed the wire, per endpoint. Everything that
 * was concluded and not seen is marked inferred; what is not known is absent, never zero.
 *
 * Memory comes from the arena given to init; all that is pointed to from here lives as long as
 * that arena, names and texts included. Endpoints never move and never go away.
 *
 * A sid is the number of an endpoint, from 1 in the order in which they were met, never reused;
 * 0 is none. Times are those of the events (CLOCK_MONOTONIC); 0: not yet, never, or not known.
 */

#include <stdbool.h>

#include "base/arena.h"
#include "base/event.h"
#include "base/record.h"

/* clang-format off */
#define SONDE_KINDS(K) \
	K(TCP4, "tcp4") K(TCP6, "tcp6") K(UDP4, "udp4") K(UDP6, "udp6") \
	K(UNIX_STREAM, "unix-stream") K(UNIX_DGRAM, "unix-dgram") K(UNIX_SEQPACKET, "unix-seqpacket") \
	K(RAW4, "raw4") K(RAW6, "raw6") K(PING4, "ping4") K(PING6, "ping6") \
	K(NETLINK, "netlink") K(PACKET, "packet")

#define SONDE_ROLES(R) \
	R(LISTENER, "listener") R(CLIENT, "client") R(SERVER, "server") R(PEER, "peer") \
	R(SENDER, "sender") R(RECEIVER, "receiver")

/* How an item is known to belong to its endpoint, surest first. */
#define SONDE_HOWS(H) \
	H(COOKIE, "cookie") H(INO, "ino") H(TUPLE, "tuple") H(INFERRED, "inferred")

#define SONDE_CAUSES(C) \
	C(FIN_LOCAL, "fin-local") C(FIN_REMOTE, "fin-remote") C(FIN_SIMULTANEOUS, "fin-simultaneous") \
	C(RST_SENT, "rst-sent") C(RST_RECEIVED, "rst-received") C(REFUSED, "refused") \
	C(UNREACHABLE, "unreachable") C(TIMEOUT, "timeout") C(NEVER_ACCEPTED, "never-accepted") \
	C(CLOSED, "closed") C(OPEN, "open")

/* How the last reference went. PASSED: with a message that nobody read. */
#define SONDE_RELEASES(R) \
	R(CLOSE, "close") R(EXIT, "exit") R(EXEC, "exec") R(KILL, "kill") R(PASSED, "passed")

/* The states of the app axis; those of the kernel axis keep the kernel's numbers, 1 to 12. */
#define SONDE_APP_STATES(S) \
	S(CREATED, "CREATED") S(BOUND, "BOUND") S(AUTOBOUND, "AUTOBOUND") S(LISTENING, "LISTENING") \
	S(CONNECTING, "CONNECTING") S(CONNECTED, "CONNECTED") S(FAILED, "FAILED") S(QUEUED, "QUEUED") \
	S(WR_SHUT, "WR_SHUT") S(PEER_EOF, "PEER_EOF") S(DRAINED, "DRAINED") S(ERRORED, "ERRORED") \
	S(ERR_PENDING, "ERR_PENDING") S(DISCONNECTED, "DISCONNECTED") S(RELEASED, "RELEASED") S(GONE, "GONE")

/* What an item meant, where it is worth a line as it happens. The item tells the rest. */
#define SONDE_MILESTONES(M) \
	M(MADE, "made")		    /* socket, socketpair */ \
	M(NAMED, "named")	    /* bind */ \
	M(LISTENING, "listening") \
	M(CONNECTING, "connecting") /* connect gave EINPROGRESS, or a SYN went out */ \
	M(CONNECTED, "connected")   /* connect succeeded, also by a later call */ \
	M(ACCEPTED, "accepted")	    /* sid: listener; sid2: child */ \
	M(STATE, "state")	    /* kernel axis */ \
	M(FIRST_SENT, "first-sent") \
	M(FIRST_RECEIVED, "first-received") \
	M(SHUT, "shut") \
	M(END_OF_STREAM, "end-of-stream") /* the first receive of 0 */ \
	M(FAILED, "failed")	    /* a call failed, EAGAIN and EINTR left out */ \
	M(ERROR, "error")	    /* an error was left on the socket */ \
	M(RESET, "reset")	    /* sent or received */ \
	M(RETRANSMIT, "retransmit") \
	M(WIRE, "wire")		    /* the first SYN, SYN-ACK, FIN or RST of a direction; an ICMP error */ \
	M(DROPPED, "dropped") \
	M(TRUNCATED, "truncated") \
	M(PASSED, "passed")	    /* into a message */ \
	M(TAKEN, "taken")	    /* out of it */ \
	M(RELEASED, "released")	    /* the last reference went; see heard.released */ \
	M(GONE, "gone")		    /* the kernel's socket ended */ \
	M(SEEDED, "seeded")	    /* was there before */ \
	M(PROCESS, "process")	    /* fork of a process, exec, exit of a process */ \
	M(NOTE, "note")		    /* run, blind, lost, end */

enum sonde_kind {
	SONDE_KIND_OTHER,
#define K(id, name) SONDE_KIND_##id,
	SONDE_KINDS(K)
#undef K
		SONDE_KIND_END_
};
/* clang-format on */
enum sonde_endpoint_role { /* wire.h has roles of rows */
			   SONDE_ROLE_NONE,
#define R(id, name) SONDE_ROLE_##id,
			   SONDE_ROLES(R)
#undef R
				   SONDE_ROLE_END_
};
/* clang-format off */
enum sonde_how {
	SONDE_HOW_NONE,
#define H(id, name) SONDE_HOW_##id,
	SONDE_HOWS(H)
#undef H
		SONDE_HOW_END_
};
/* clang-format on */
/* clang-format off */
enum sonde_cause {
	SONDE_CAUSE_NONE,
#define C(id, name) SONDE_CAUSE_##id,
	SONDE_CAUSES(C)
#undef C
		SONDE_CAUSE_END_
};
/* clang-format on */
/* clang-format off */
enum sonde_release {
	SONDE_RELEASE_NONE, /* not released */
#define R(id, name) SONDE_RELEASE_##id,
	SONDE_RELEASES(R)
#undef R
		SONDE_RELEASE_END_
};
/* clang-format on */
/* clang-format off */
enum sonde_state {
	SONDE_STATE_NONE,
	SONDE_STATE_ESTABLISHED,
	SONDE_STATE_SYN_SENT,
	SONDE_STATE_SYN_RECV,
	SONDE_STATE_FIN_WAIT1,
	SONDE_STATE_FIN_WAIT2,
	SONDE_STATE_TIME_WAIT,
	SONDE_STATE_CLOSE,
	SONDE_STATE_CLOSE_WAIT,
	SONDE_STATE_LAST_ACK,
	SONDE_STATE_LISTEN,
	SONDE_STATE_CLOSING,
	SONDE_STATE_NEW_SYN_RECV,
	SONDE_STATE_APP_ = 31,
#define S(id, name) SONDE_STATE_##id,
	SONDE_APP_STATES(S)
#undef S
		SONDE_STATE_END_
};
/* clang-format on */
/* clang-format off */
enum sonde_milestone {
	SONDE_MILESTONE_NONE,
#define M(id, name) SONDE_MILESTONE_##id,
	SONDE_MILESTONES(M)
#undef M
		SONDE_MILESTONE_END_
};
/* clang-format on */

/* The words of the lists above; "other" for kind 0, "?" for what is no state, else NULL for 0:
 * absent. Static. */
const char *sonde_kind_name(unsigned kind);
const char *sonde_role_name(unsigned role);
const char *sonde_how_name(unsigned how);
const char *sonde_cause_name(unsigned cause);
const char *sonde_release_name(unsigned release);
const char *sonde_state_name(unsigned state);
const char *sonde_milestone_name(unsigned milestone);

/* One step on an axis. */
struct sonde_step {
	sonde_ns when;
	uint8_t state; /* enum sonde_state */
	bool inferred;
};

struct sonde_steps {
	struct sonde_step *at;
	uint32_t n, room;
};

/* A reference to the socket: a descriptor of a process. */
struct sonde_owner {
	uint32_t pid;
	int32_t fd;
	char comm[16];	       /* as it was last seen; NUL-padded */
	sonde_ns since, until; /* until 0: holds it still (or did at the end) */
	uint8_t release;       /* enum sonde_release: how this one went */
};

/* Calls of one name on one socket. */
struct sonde_tally {
	uint8_t call;	 /* enum sonde_call */
	int16_t error;	 /* -errno of the last that failed, or 0 */
	uint32_t errors; /* that failed, again left out */
	uint64_t n;	 /* in all */
	uint64_t again;	 /* that gave EAGAIN: would have had to wait */
	sonde_ns took;	 /* in all; waiting included */
};

/* An error that the socket met. */
struct sonde_fault {
	sonde_ns when;
	int error;     /* errno, positive */
	sonde_ns told; /* when a call of the program returned it; 0: nobody was told */
	uint8_t call;  /* enum sonde_call that returned it, or 0 */
	bool inferred; /* concluded from the call that failed, or from an ICMP packet */
	bool wire;     /* came with a packet (ICMP error or reset) */
};

/* Datagrams or segments that the kernel dropped on their way in. */
struct sonde_drop {
	uint32_t reason;  /* the kernel's number */
	const char *name; /* its name, or NULL */
	uint64_t n, bytes;
	sonde_ns first, last;
};

/* What a tracer counted, or did not. Absent: SONDE_ABSENT. */
struct sonde_volume {
	uint64_t bytes;	   /* application bytes; absent where neither calls nor totals were seen */
	uint64_t messages; /* calls that moved something; of sendmmsg and recvmmsg each message */
	bool total;	   /* bytes is the kernel's total, not a sum over calls */
	sonde_ns first, last;
};

/* Durations, ns; SONDE_ABSENT where not known. */
struct sonde_timing {
	uint64_t connect;   /* the connect that succeeded; where it did not wait, to ESTABLISHED */
	uint64_t handshake; /* SYN sent (or state SYN_SENT) to ESTABLISHED */
	uint64_t accept_wait;  /* child ESTABLISHED to return of accept */
	uint64_t setup;	       /* first call to first byte moved, either way */
	uint64_t first_byte;   /* connected (accepted) to first byte received */
	uint64_t think;	       /* first byte received to first byte sent after it */
	uint64_t idle_max;     /* longest pause between two data calls */
	uint64_t half_close;   /* between the two FINs (or end of sending and end of receiving) */
	uint64_t fin_to_close; /* first FIN to state CLOSE */
	uint64_t orphan;       /* last reference gone to the kernel's socket gone */
	uint64_t time_wait;    /* not before the kernel tells: absent */
};

struct sonde_endpoint {
	uint32_t sid;
	uint32_t same; /* was later found to be this sid: leave out of reports; else 0 */
	uint8_t kind;  /* enum sonde_kind */
	uint8_t role;  /* enum sonde_endpoint_role */
	bool seeded;   /* was there before the run */
	bool embryo;   /* only a SYN was seen, no socket of its own */
	uint16_t family, type, protocol;

	/* identity */
	uint64_t cookie, ino; /* 0: not known */
	uint32_t netns;
	struct sonde_address local, remote; /* family 0: not known or not an internet socket */
	struct sonde_bytes path;      /* Unix: bound name of this end; abstract ones begin with 0 */
	struct sonde_bytes peer_path; /* Unix: what was connected or sent to */
	uint32_t peer;		      /* sid of the other end, or 0 */
	uint32_t listener;	      /* sid it was accepted from, or 0 */
	struct sonde_connection *connection; /* of a stream or connected pair, or NULL */

	/* who has it */
	struct sonde_owner *owner; /* past ones too, in order of coming */
	uint32_t owners, owner_room;
	uint32_t references; /* descriptors of followed processes, and in flight */
	uint32_t in_flight;  /* of these: in messages not yet read */
	uint32_t pid;	     /* creator (of a child: who accepted it); 0: not known */
	char comm[16];

	/* axes */
	struct sonde_steps kernel; /* TCP alone */
	struct sonde_steps app;
	uint8_t state;	   /* last of kernel */
	uint8_t app_state; /* last of app */
	int app_error;	   /* errno that brought FAILED, ERRORED or ERR_PENDING */

	/* calls and bytes */
	struct sonde_tally *tally; /* by first use */
	uint32_t tallies, tally_room;
	struct sonde_volume sent, received;
	uint64_t truncated;	  /* datagrams read into too small a buffer */
	uint64_t truncated_bytes; /* lost by that; 0 as well if lengths were not known */
	uint64_t short_sends, short_receives; /* less moved than asked for */
	uint64_t peers;			      /* unconnected datagrams: how many other ends */

	/* packets: what is joined to this endpoint. Absent (SONDE_ABSENT) if the run saw none at
	 * all: see sonde_life.frames */
	uint64_t packets_out, packets_in;
	uint64_t wire_out, wire_in; /* their bytes from the network header, as told by its length */
	uint64_t payload_out, payload_in;   /* their bytes behind the transport header */
	uint64_t segments_out, segments_in; /* packets counting each part of a super-packet */
	uint64_t fragments_out, fragments_in;
	uint64_t retransmits; /* events and kernel total, the larger */
	uint64_t syn_retries;
	uint64_t icmp; /* ICMP errors that quoted it */
	uint32_t calls_before_data,
		packets_before_data; /* before the first byte moved either way */

	struct sonde_drop *drop; /* by reason */
	uint32_t drops, drop_room;
	struct sonde_fault *fault; /* in order */
	uint32_t faults, fault_room;

	/* datagrams */
	uint64_t unread; /* discarded at close: messages, or bytes of a stream; absent if not known
			  */

	/* listener */
	uint32_t backlog;	     /* as asked for; 0 with role listener: not known */
	uint32_t queued, queued_max; /* established and not yet accepted */
	uint64_t accepted;

	/* end */
	sonde_ns opened; /* created; 0 for a seeded one: not known */
	sonde_ns met;	 /* first heard of */
	sonde_ns closed; /* last reference gone; of a never accepted child: kernel's end */
	sonde_ns gone;	 /* the kernel's socket ended */
	uint8_t cause;	 /* enum sonde_cause; NONE until known: settled by sonde_life_end at the
			    latest */
	bool cause_inferred;
	const char *detail; /* a short phrase that goes with cause, or NULL */
	uint8_t release;    /* enum sonde_release */
	bool release_inferred;
	struct sonde_timing timing;

	struct sonde_endpoint_inside *inside; /* the engine's own */
};

/* A packet that marks a step of a TCP connection. seen: as it was sent (or first seen);
 * arrived: as it was seen at the other end, 0 if it was not. */
struct sonde_mark {
	sonde_ns seen, arrived;
	uint64_t frame; /* its number, 0: none; then seen is inferred from states */
	uint32_t n;	/* how often */
};

/* The wire's axis. [0]: from the client, [1]: from the server. */
struct sonde_wire {
	struct sonde_mark syn[2]; /* [1]: SYN-ACK */
	struct sonde_mark fin[2];
	struct sonde_mark rst[2];
	sonde_ns fin_acked[2]; /* the FIN of that side was acknowledged */
	sonde_ns done;	       /* the handshake's third packet */
	sonde_ns first_data[2];
	bool resent[2];
	uint64_t packets[2], bytes[2], payload[2]; /* of all attempts; what is above: of the last */
};

/* A stream's two ends (TCP, Unix stream and seqpacket), either may be unseen. */
struct sonde_connection {
	uint32_t id; /* from 1 */
	uint8_t kind;
	uint32_t client, server, listener;    /* sids, or 0; of a socketpair: first, second */
	uint32_t netns;			      /* of the client, else of the server */
	struct sonde_address from, to;	      /* client's and server's address; family 0: none */
	sonde_ns opened, established, closed; /* first and last sign; 0: none */
	struct sonde_wire wire;
};

/* What became of one datagram. */
enum sonde_fate {
	SONDE_FATE_UNKNOWN, /* left the sender; nothing more was seen */
	SONDE_FATE_ARRIVED, /* in the receiver's queue */
	SONDE_FATE_READ,
	SONDE_FATE_TRUNCATED, /* read in part */
	SONDE_FATE_DROPPED,
	SONDE_FATE_REFUSED,   /* an ICMP error came back */
	SONDE_FATE_DISCARDED, /* unread as the receiver went */
};

struct sonde_loss {
	uint64_t first, last; /* message numbers of the flow, from 1, both included */
	uint8_t fate;	      /* DROPPED REFUSED DISCARDED TRUNCATED */
	uint32_t reason;      /* the kernel's number of a drop, else 0 */
	const char *name;     /* its name, or NULL */
	int told;	      /* errno that the sender was told, 0: nobody was told */
	bool inferred;
	sonde_ns when;
};

/* Datagrams from one socket to one place: the ledger. */
struct sonde_flow {
	uint32_t id; /* from 1 */
	uint8_t kind;
	uint32_t sender, receiver; /* sids; 0: not followed (to tells where), or not known; of a
				      group the first that read */
	uint32_t *reader;	   /* of a group: sids of all that read, in that order */
	uint32_t readers, reader_room;
	uint32_t netns;		       /* of the sender, else of the receiver */
	struct sonde_address from, to; /* as known; family 0: none */
	struct sonde_bytes path;       /* Unix: the receiver's name */
	bool connected;		       /* sent by a connected socket */
	bool group;		       /* to a multicast or broadcast address: reads may be many */
	bool inferred;		       /* reads were tied to sends by order alone */
	uint64_t sent, sent_bytes;     /* messages; bytes */
	uint64_t on_wire, fragments, wire_bytes; /* messages seen as packets; packets */
	uint64_t arrived;			 /* of a group: where that is sure */
	uint64_t dropped, dropped_bytes;
	uint64_t refused;
	uint64_t read, read_bytes, truncated;
	uint64_t discarded;
	uint64_t unknown; /* settled by sonde_life_end: sent - all other fates, never negative */
	uint64_t failed;  /* sends that gave an error and put nothing out */
	uint64_t size_min, size_max;
	sonde_ns first, last;
	uint64_t transit_n, transit_sum, transit_min, transit_max; /* send to read, ns */
	struct sonde_loss *loss; /* runs of message numbers, in order of being known */
	uint32_t losses, loss_room;
	struct sonde_flow_inside *inside;
};

/* A namespace that has a name, as a NAME event told. */
struct sonde_netns {
	uint32_t netns;
	const char *name; /* escaped */
};

struct sonde_life {
	struct sonde_arena *arena;
	struct sonde_endpoint **endpoint; /* [sid - 1] */
	size_t endpoints, endpoint_room;
	struct sonde_connection **connection; /* [id - 1] */
	size_t connections, connection_room;
	struct sonde_flow **flow; /* [id - 1] */
	size_t flows, flow_room;
	struct sonde_netns *netns;
	uint32_t named, named_room;
	uint64_t events, frames;	 /* told so far; the number of the last frame */
	uint64_t joined[SONDE_HOW_END_]; /* frames by the surest way their socket is known; [0]:
					    none */
	uint64_t ambiguous; /* frames that could be of several sockets: left without one */
	uint64_t lost, late;
	uint8_t backend; /* enum sonde_backend */
	sonde_ns began, ended;
	struct sonde_life_inside *inside;
};

/* What one item was. */
struct sonde_heard {
	uint32_t sid;  /* the socket; of a packet: the sender. 0: none or not known */
	uint32_t sid2; /* accepted child; a pair's second; a packet's receiver; peer; of a drop or
			  ICMP error: the sender concerned */
	uint32_t listener; /* beside sid or sid2 while it belongs to a handshake */
	uint8_t how, how2; /* enum sonde_how */
	uint8_t milestone; /* enum sonde_milestone */
	uint8_t of;	   /* WIRE milestone: the flag that is first, 1 FIN 2 SYN 4 RST, 0 ICMP */
	uint64_t frame;	   /* number of this frame, or of the one that ARRIVED */
	struct sonde_flow *flow; /* datagrams: the conversation, or NULL */
	uint64_t message;	 /* number of the datagram in it, or 0 */
	const uint32_t
		*released; /* sids whose last reference went with this item; until the next */
	size_t releases;
};

/* life is zeroed; arena outlives it. */
void sonde_life_init(struct sonde_life *life, struct sonde_arena *arena);

/* Items in the stream's order. Copies what it keeps. ret is filled whole. */
void sonde_life_hear(struct sonde_life *life, const struct sonde_item *item,
		     struct sonde_heard *ret);

/* Nothing more comes: settles what is open, the datagrams of which nothing more was seen, and the
 * causes that wait for the other end's. Once. */
void sonde_life_end(struct sonde_life *life);

/* NULL for 0 and for a number that is none; follows `same`. */
struct sonde_endpoint *sonde_life_endpoint(const struct sonde_life *life, uint32_t sid);

/* Its name, or NULL. */
const char *sonde_life_netns(const struct sonde_life *life, uint32_t netns);

/* Whether a socket of that cookie was heard of. */
bool sonde_life_knows(const struct sonde_life *life, uint64_t cookie);

/* The axis that tells most: kernel for TCP, else app. What `states` of the record holds. */
const struct sonde_steps *sonde_endpoint_states(const struct sonde_endpoint *e);

#endif
