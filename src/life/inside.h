#ifndef SONDE_LIFE_INSIDE_H
#define SONDE_LIFE_INSIDE_H

/* What the files of the engine share among themselves; nobody else includes it. */

#include "life/index.h"
#include "life/life.h"
#include "packet/tuple.h"

/* The end of one direction of a stream, as one end of it knows: 0 where it does not. */
struct sonde_ending {
	sonde_ns state; /* the kernel's state told */
	sonde_ns frame; /* a packet told */
	sonde_ns call;	/* a call told: shutdown, close, or a receive of 0 */
};

struct sonde_inbox_entry {
	struct sonde_flow *flow;
	uint64_t message, bytes;
	bool maybe; /* sent to a group: this socket may not be in it */
};

/* What was read before the sending of it was heard of. */
struct sonde_inbox_debt {
	sonde_ns when;
	uint64_t bytes, had; /* had: of which the datagram had so many, 0: not known */
	bool any;	     /* of recvmmsg: any length */
};

enum { SONDE_DEBTS = 8 };

struct sonde_endpoint_inside {
	/* places in the packet join, see place.c */
	struct sonde_endpoint *next_exact, *next_bound;
	uint64_t exact, bound;

	/* evidence for the cause of the end */
	struct sonde_ending fin_out, fin_in;
	sonde_ns reached;	  /* the last FIN or RST, by packet: it may yet be dropped */
	bool crossed;		  /* both FINs were under way at once */
	sonde_ns rst_out, rst_in; /* by event or packet */
	const char *rst_name;	  /* the kernel's reason, or NULL */
	sonde_ns syn, established, settled; /* settled: state CLOSE */
	sonde_ns connect_began;		    /* entry of the first connect */
	int failure;			    /* errno that connecting ended with */
	sonde_ns failure_when;
	bool linger;			     /* SO_LINGER was set */
	bool tried;			     /* connect was called, or a SYN went out */
	bool time_wait;			     /* its end waits for the other's FIN */
	bool accepted, waits;		     /* child: accepted; counted in its listener's queue */
	bool payload_seen;		     /* a packet with payload was */
	bool data_called;		     /* a data call or SENT or RECEIVED was seen */
	uint32_t fin_end;		     /* sequence number behind the FIN that was sent */
	uint64_t total_sent, total_received; /* as the kernel told; absent */
	uint64_t left;			     /* of what was received: not read at the last look */

	/* Unix: connected and not accepted, or accepted and not seen connecting */
	struct sonde_endpoint *queue, *queue_end, *queue_next, *queued_at;

	/* datagrams */
	struct sonde_flow *flow;	 /* last sent to */
	struct sonde_inbox_entry *inbox; /* a ring of arrivals not yet read */
	uint32_t inbox_at, inbox_n, inbox_room;
	struct sonde_inbox_debt *debt; /* SONDE_DEBTS, or NULL */
	uint32_t debts;
	uint64_t cut_had; /* TRUNCATED told the length of the datagram that is being read */
	struct sonde_loss_ref {
		struct sonde_flow *flow;
		uint32_t loss;
		bool is;
	} untold; /* the newest loss of which nobody was told */
	sonde_ns last_data;

	/* [1] sent, [0] received: what SENT and RECEIVED told since the thread's last call */
	uint64_t moved[2];
	uint32_t moved_by[2];
};

struct sonde_process {
	uint32_t pid;
	char comm[16];
	struct sonde_fds *fds;
};

struct sonde_passage {
	struct sonde_endpoint *what, *carrier;
	struct sonde_passage *next;
};

enum {
	SONDE_SIZES = 28,
	/* Sockets that are gone and still known by number and address, for what comes late. Their
	 * record stays for ever, their keys do not: a long run has room for those that live. */
	SONDE_LATE = 32768,
};

struct sonde_life_inside {
	struct sonde_index cookie, ino;	 /* to struct sonde_endpoint */
	struct sonde_index exact, bound; /* place.c */
	struct sonde_index process;	 /* pid to struct sonde_process */
	struct sonde_index
		pair; /* both addresses, whatever the namespace: to struct sonde_connection */
	struct sonde_index name;       /* Unix names to the newest endpoint bound to it */
	struct sonde_index flow;       /* sender and destination to struct sonde_flow */
	struct sonde_passage *passage; /* descriptors in flight, oldest first */
	struct sonde_fds *spare;
	struct sonde_process *recent;
	struct sonde_endpoint **late; /* a ring of SONDE_LATE: those that ended last */
	uint64_t lates;		      /* in all */
	void *outgrown[SONDE_SIZES];  /* arrays of 16 << n bytes that may be used again */
	struct sonde_seen *seen;      /* join.c: frames that may yet arrive elsewhere */
	struct sonde_heard *heard;    /* of the item at hand */
	uint32_t *released;	      /* by it */
	size_t released_n, released_room;
	bool states_seen, calls_seen, data_seen, retransmits_seen, ended;
};

/* Room for one more in a growing array of l's own. */
#define SONDE_GROW(l, array, n, room)                                                              \
	do {                                                                                       \
		if ((n) == (room)) {                                                               \
			uint32_t to_ = (room) ? (uint32_t)(room)*2 : sizeof *(array) > 32 ? 1 : 4; \
			(array) = sonde_life_grow(l, array, n, to_, sizeof *(array));              \
			(room) = to_;                                                              \
		}                                                                                  \
	} while (0)

/* life.c: n elements of a size moved to a place for `room`, of which the rest is not zeroed; the
 * old place, which a call of this gave, serves the next that grows. */
void *sonde_life_grow(struct sonde_life *l, void *old, size_t n, size_t room, size_t size);

#define SONDE_ADD(counter, more)                                                                   \
	((counter) = ((counter) == SONDE_ABSENT ? 0 : (counter)) + (uint64_t)(more))

/* endpoint.c */
struct sonde_endpoint *sonde_endpoint_make(struct sonde_life *l, const struct sonde_event *e);
/* By cookie, else by ino; *ret_how says by which. NULL: not known. */
struct sonde_endpoint *sonde_endpoint_find(struct sonde_life *l, uint64_t cookie, uint64_t ino,
					   uint8_t *ret_how);
/* Takes over what the event knows of its socket and p did not. */
void sonde_endpoint_learn(struct sonde_life *l, struct sonde_endpoint *p,
			  const struct sonde_event *e);
void sonde_endpoint_identify(struct sonde_life *l, struct sonde_endpoint *p, uint64_t cookie,
			     uint64_t ino);
/* The next step on the axis that the state is of; a state it is in already is only confirmed. */
void sonde_endpoint_step(struct sonde_life *l, struct sonde_endpoint *p, sonde_ns when,
			 unsigned state, bool inferred);
void sonde_endpoint_fault(struct sonde_life *l, struct sonde_endpoint *p,
			  const struct sonde_fault *f);
/* A call gave this errno: the fault that waited to be told, or a new one. */
void sonde_endpoint_told(struct sonde_life *l, struct sonde_endpoint *p,
			 const struct sonde_event *e);
void sonde_endpoint_drop(struct sonde_life *l, struct sonde_endpoint *p,
			 const struct sonde_event *e);
/* younger turned out to be the same socket as older. */
void sonde_endpoint_absorb(struct sonde_life *l, struct sonde_endpoint *older,
			   struct sonde_endpoint *younger);
/* The kernel's socket is gone: once SONDE_LATE others are gone too, nothing finds it any more. */
void sonde_endpoint_gone(struct sonde_life *l, struct sonde_endpoint *p);
unsigned sonde_endpoint_kind_of(unsigned family, unsigned type, unsigned protocol);
static inline bool sonde_endpoint_is_tcp(const struct sonde_endpoint *p)
{
	return p->kind == SONDE_KIND_TCP4 || p->kind == SONDE_KIND_TCP6;
}
static inline bool sonde_endpoint_is_unix(const struct sonde_endpoint *p)
{
	return p->kind >= SONDE_KIND_UNIX_STREAM && p->kind <= SONDE_KIND_UNIX_SEQPACKET;
}
static inline bool sonde_endpoint_is_stream(const struct sonde_endpoint *p)
{
	return sonde_endpoint_is_tcp(p) || p->kind == SONDE_KIND_UNIX_STREAM ||
	       p->kind == SONDE_KIND_UNIX_SEQPACKET;
}
/* Each send is a message, delivered whole or not at all: all but byte streams. */
static inline bool sonde_endpoint_keeps_messages(const struct sonde_endpoint *p)
{
	return !sonde_endpoint_is_tcp(p) && p->kind != SONDE_KIND_UNIX_STREAM;
}

/* fds.c */
struct sonde_process *sonde_fds_process(struct sonde_life *l, uint32_t pid, const char *comm);
struct sonde_endpoint *sonde_fds_get(struct sonde_life *l, uint32_t pid, int32_t fd);
/* Whether what the descriptor refers to was put there after the call began. */
bool sonde_fds_is_younger(struct sonde_life *l, const struct sonde_event *e);
void sonde_fds_put(struct sonde_life *l, const struct sonde_event *e, int32_t fd,
		   struct sonde_endpoint *p, bool cloexec);
void sonde_fds_drop(struct sonde_life *l, uint32_t pid, int32_t fd, sonde_ns when,
		    enum sonde_release how);
void sonde_fds_mark(struct sonde_life *l, uint32_t pid, int32_t fd, bool cloexec);
void sonde_fds_range(struct sonde_life *l, const struct sonde_event *e);
void sonde_fds_fork(struct sonde_life *l, const struct sonde_event *e);
void sonde_fds_exec(struct sonde_life *l, const struct sonde_event *e);
void sonde_fds_exit(struct sonde_life *l, const struct sonde_event *e);
void sonde_fds_pass(struct sonde_life *l, const struct sonde_event *e, struct sonde_endpoint *p);
void sonde_fds_take(struct sonde_life *l, const struct sonde_event *e, struct sonde_endpoint *p);
/* receiver is gone, and with it the messages that it had not read. */
void sonde_fds_unread(struct sonde_life *l, struct sonde_endpoint *receiver, sonde_ns when);

/* app.c: what a program did. p may be NULL where no socket is known. */
void sonde_app_call(struct sonde_life *l, const struct sonde_event *e, struct sonde_endpoint *p);
void sonde_app_connected(struct sonde_life *l, struct sonde_endpoint *p, sonde_ns when);
/* The call gave an error. */
void sonde_app_failed(struct sonde_life *l, const struct sonde_event *e, struct sonde_endpoint *p);
/* A call that began after the error was left has taken it along, or has met none. */
void sonde_app_cleared(struct sonde_life *l, struct sonde_endpoint *p, const struct sonde_event *e);
/* The last reference of p went. */
void sonde_app_released(struct sonde_life *l, struct sonde_endpoint *p, sonde_ns when,
			enum sonde_release how);

/* transfer.c: a call that sends or receives; SENT and RECEIVED */
void sonde_transfer_call(struct sonde_life *l, const struct sonde_event *e,
			 struct sonde_endpoint *p, bool out);
void sonde_transfer_told(struct sonde_life *l, const struct sonde_event *e,
			 struct sonde_endpoint *p, bool out);

/* kernel.c: what the kernel told */
void sonde_kernel_event(struct sonde_life *l, const struct sonde_event *e,
			struct sonde_endpoint *p);
/* A state that calls or packets let conclude. */
void sonde_kernel_infer(struct sonde_life *l, struct sonde_endpoint *p, unsigned state,
			sonde_ns when);
void sonde_kernel_enter(struct sonde_life *l, struct sonde_endpoint *p, unsigned state,
			sonde_ns when, bool inferred);

/* connection.c: two ends */
struct sonde_connection *sonde_connection_of(struct sonde_life *l, struct sonde_endpoint *p);
void sonde_connection_pair(struct sonde_life *l, struct sonde_endpoint *client,
			   struct sonde_endpoint *server);
/* The listener of a child that no call or packet has named yet. */
void sonde_connection_adopt(struct sonde_life *l, struct sonde_endpoint *child, sonde_ns when);
/* No packet or other end is looked for by its addresses any more. */
void sonde_connection_forget(struct sonde_life *l, struct sonde_endpoint *p);
void sonde_connection_unqueue(struct sonde_life *l, struct sonde_endpoint *child);
struct sonde_endpoint *sonde_connection_accept(struct sonde_life *l, const struct sonde_event *e,
					       struct sonde_endpoint *listener);
void sonde_connection_unix(struct sonde_life *l, struct sonde_endpoint *client);

/* place.c: which socket has an address */
void sonde_place_put(struct sonde_life *l, struct sonde_endpoint *p);
void sonde_place_leave(struct sonde_life *l, struct sonde_endpoint *p);
void sonde_place_name(struct sonde_life *l, struct sonde_endpoint *p, struct sonde_bytes path);
struct sonde_endpoint *sonde_place_named(struct sonde_life *l, uint32_t netns,
					 struct sonde_bytes path);
/* The name in a sockaddr_un, borrowed; empty where there is none. */
struct sonde_bytes sonde_place_unix(struct sonde_bytes sockaddr);
struct sonde_endpoint *sonde_place_exact(struct sonde_life *l, uint32_t netns, unsigned protocol,
					 const struct sonde_address *local,
					 const struct sonde_address *remote);
/* A listener or unconnected datagram socket. Where several could be meant: NULL, *ret_many. */
struct sonde_endpoint *sonde_place_bound(struct sonde_life *l, uint32_t netns, unsigned protocol,
					 const struct sonde_address *local, sonde_ns when,
					 bool *ret_many);
/* Each that may get what is sent to this group: the next after `after`, NULL at first. */
struct sonde_endpoint *sonde_place_member(struct sonde_life *l, uint32_t netns, unsigned protocol,
					  const struct sonde_address *group,
					  const struct sonde_endpoint *after);
uint64_t sonde_place_hash(uint32_t netns, unsigned protocol, const struct sonde_address *a,
			  const struct sonde_address *b);
unsigned sonde_place_protocol(const struct sonde_endpoint *p);
bool sonde_place_is_loopback(const struct sonde_address *a);
bool sonde_place_is_group(const struct sonde_address *a);
/* From a sockaddr in bytes; false where it is none of the internet. */
bool sonde_place_parse(struct sonde_address *ret, struct sonde_bytes sockaddr);

/* datagram.c: the ledger */
void sonde_datagram_sent(struct sonde_life *l, const struct sonde_event *e,
			 struct sonde_endpoint *p);
void sonde_datagram_read(struct sonde_life *l, const struct sonde_event *e,
			 struct sonde_endpoint *p);
void sonde_datagram_dropped(struct sonde_life *l, const struct sonde_event *e,
			    struct sonde_endpoint *p);
void sonde_datagram_refused(struct sonde_life *l, struct sonde_endpoint *p,
			    const struct sonde_address *to, sonde_ns when, bool inferred);
void sonde_datagram_told(struct sonde_life *l, struct sonde_endpoint *p, int error);
/* One of sender and receiver may be NULL. */
struct sonde_flow *sonde_datagram_wired(struct sonde_life *l, struct sonde_endpoint *sender,
					struct sonde_endpoint *receiver,
					const struct sonde_address *from,
					const struct sonde_address *to, uint64_t bytes,
					sonde_ns when, uint64_t *ret_message);
void sonde_datagram_arrived(struct sonde_life *l, struct sonde_flow *f, uint64_t message,
			    struct sonde_endpoint *receiver, uint64_t bytes, sonde_ns when,
			    bool maybe);
void sonde_datagram_closed(struct sonde_life *l, struct sonde_endpoint *p, sonde_ns when);
void sonde_datagram_end(struct sonde_life *l);

/* A packet on its way between two ends, of which either may be unknown. */
struct sonde_parcel {
	struct sonde_tuple t, quoted; /* body is not kept */
	uint64_t number;	      /* of the frame */
	uint32_t wire;		      /* bytes from the network header */
	uint32_t segments;
	uint64_t bytes; /* of the whole datagram, where it is a fragment */
	struct sonde_endpoint *sender, *receiver;
	struct sonde_flow *flow;
	uint64_t message;
	uint8_t how, how2;
	bool icmp, noted, arrived;
};

/* wire.c: what TCP's packets tell */
void sonde_wire_sent(struct sonde_life *l, struct sonde_parcel *x, sonde_ns when);
void sonde_wire_reached(struct sonde_life *l, struct sonde_parcel *x, sonde_ns when);

/* join.c: packets */
void sonde_join_frame(struct sonde_life *l, const struct sonde_frame *f, struct sonde_heard *ret);
void sonde_join_arrived(struct sonde_life *l, const struct sonde_event *e, struct sonde_heard *ret);

/* cause.c */
void sonde_cause_settle(struct sonde_life *l, struct sonde_endpoint *p);

static inline void sonde_milestone(struct sonde_life *l, enum sonde_milestone m)
{
	if (!l->inside->heard->milestone)
		l->inside->heard->milestone = (uint8_t)m;
}

#endif
