#ifndef SONDE_LIFE_RECORDS_H
#define SONDE_LIFE_RECORDS_H

/* The records of follow: what --json prints, one a line. Every time is nanoseconds since the run's
 * start and ends in _ns; every duration ends in _took. What is not known is absent.
 *
 * A filled record borrows from life, account and item, and its texts from scratch, which the
 * caller rewinds when it has printed the record. */

#include "life/account.h"
#include "life/life.h"

/* clang-format off */
#define SONDE_RUN_COLUMNS(C, x) \
	C(x, backend, TEXT, "", "who watched: bpf, ptrace or diag") \
	C(x, blind, LIST, "", "what this run could not see, a sentence each") \
	C(x, lost, UINT, "", "events that could not be delivered") \
	C(x, lost_by, MAP, "", "the same by source") \
	C(x, late, UINT, "", "items that came behind the watermark") \
	C(x, events, UINT, "", "events heard") \
	C(x, packets, UINT, "", "packets heard, each counted once however often it was seen") \
	C(x, joined, UINT, "", "of these, with a known socket") \
	C(x, joined_by, MAP, "", "the same by how the socket is known") \
	C(x, ambiguous, UINT, "", "packets that could be of several sockets, left without one") \
	C(x, endpoints, UINT, "", "endpoints reported") \
	C(x, started, TEXT, "", "RFC 3339, UTC") \
	C(x, ended_ns, UINT, "ns", "the end of the run") \
	C(x, command, TEXT, "", "what was run, escaped") \
	C(x, exit_status, UINT, "", "of the command, if it exited") \
	C(x, exit_signal, TEXT, "", "that ended the command, if one did") \
	C(x, left_running, TEXT, "", "pids that outlived the command")

#define SONDE_EVENT_COLUMNS(C, x) \
	C(x, time_ns, UINT, "ns", "when; of a call: its return") \
	C(x, event, TEXT, "", "kind, as in the evidence file") \
	C(x, sid, UINT, "", "the endpoint") \
	C(x, sid2, UINT, "", "the other one concerned: accepted, second of a pair, peer, sender") \
	C(x, how, TEXT, "", "how the endpoint is known: cookie, ino, tuple or inferred") \
	C(x, milestone, TEXT, "", "what it meant") \
	C(x, pid, UINT, "", "process") \
	C(x, tid, UINT, "", "thread") \
	C(x, comm, TEXT, "", "its name") \
	C(x, call, TEXT, "", "system call") \
	C(x, fd, INT, "", "descriptor") \
	C(x, result, INT, "", "what the call gave back, not negative") \
	C(x, error, TEXT, "", "errno by name") \
	C(x, call_took, UINT, "ns", "from entry to return") \
	C(x, bytes, UINT, "bytes", "moved or dropped") \
	C(x, from, TEXT, "", "state before") \
	C(x, to, TEXT, "", "state after") \
	C(x, local, TEXT, "", "address of the socket") \
	C(x, remote, TEXT, "", "address of the other end") \
	C(x, address, TEXT, "", "address the program gave or got") \
	C(x, flags, LIST, "", "blocked, nonblock, cloexec, truncated, late") \
	C(x, arguments, TEXT, "", "of the call, much as strace writes them; a payload stands in text") \
	C(x, message, UINT, "", "number of the datagram in its flow") \
	C(x, frame, UINT, "", "number of the packet that arrived") \
	C(x, netns, UINT, "", "network namespace, its inode") \
	C(x, reason, TEXT, "", "the kernel's word for it") \
	C(x, text, TEXT, "", "payload, path or sentence, escaped")

#define SONDE_PACKET_COLUMNS(C, x) \
	C(x, time_ns, UINT, "ns", "first sight") \
	C(x, number, UINT, "", "of the packet, from 1") \
	C(x, sid, UINT, "", "endpoint that sent it") \
	C(x, how, TEXT, "", "how that is known: cookie, tuple or inferred") \
	C(x, sid2, UINT, "", "endpoint it is for") \
	C(x, how2, TEXT, "", "how that is known") \
	C(x, listener, UINT, "", "listener it also belongs to, during a handshake") \
	C(x, dir, TEXT, "", "in or out, at the place of first sight") \
	C(x, netns, UINT, "", "network namespace, its inode") \
	C(x, interface, UINT, "", "index in that namespace") \
	C(x, length, UINT, "bytes", "on the wire, as it was seen") \
	C(x, captured, UINT, "bytes", "of these") \
	C(x, protocol, UINT, "", "IP protocol number") \
	C(x, src, TEXT, "", "source address") \
	C(x, dst, TEXT, "", "destination address") \
	C(x, tcp_flags, TEXT, "", "of TCP") \
	C(x, payload, UINT, "bytes", "behind the transport header") \
	C(x, message, UINT, "", "number of the datagram in its flow") \
	C(x, layers, RAW, "", "the whole packet, if asked for")

#define SONDE_ENDPOINT_COLUMNS(C, x) \
	C(x, sid, UINT, "", "number of the endpoint in this run, from 1") \
	C(x, kind, TEXT, "", "tcp4 tcp6 udp4 udp6 unix-stream unix-dgram unix-seqpacket raw4 raw6 ping4 ping6 netlink packet other") \
	C(x, role, TEXT, "", "listener client server peer sender receiver") \
	C(x, family, TEXT, "", "AF_ name") \
	C(x, type, TEXT, "", "SOCK_ name") \
	C(x, netns, UINT, "", "network namespace, its inode") \
	C(x, cookie, UINT, "", "the kernel's number of the socket") \
	C(x, ino, UINT, "", "inode of the socket") \
	C(x, local, TEXT, "", "address or path of this end") \
	C(x, remote, TEXT, "", "address or path of the other end") \
	C(x, peer, UINT, "", "sid of the other end") \
	C(x, listener, UINT, "", "sid it was accepted from") \
	C(x, pid, UINT, "", "who made it, or accepted it") \
	C(x, comm, TEXT, "", "its name") \
	C(x, owners, LIST, "", "everybody who had it: name[pid] fd") \
	C(x, seeded, BOOL, "", "was there before the run") \
	C(x, states, LIST, "", "in order: the kernel's of TCP, else the program's view") \
	C(x, app_states, LIST, "", "the program's view") \
	C(x, close_cause, TEXT, "", "what ended it: fin-local fin-remote fin-simultaneous rst-sent rst-received refused unreachable timeout never-accepted closed open") \
	C(x, close_detail, TEXT, "", "more about that; of a connect that failed its error") \
	C(x, released_by, TEXT, "", "how the last reference went: close exit exec kill passed") \
	C(x, inferred, LIST, "", "columns that were concluded, not seen") \
	C(x, bytes_sent, UINT, "bytes", "application bytes") \
	C(x, bytes_received, UINT, "bytes", "application bytes") \
	C(x, messages_sent, UINT, "", "sends that moved something") \
	C(x, messages_received, UINT, "", "receives that moved something") \
	C(x, calls, MAP, "", "calls by name") \
	C(x, call_errors, MAP, "", "calls that failed, by name; EAGAIN is not one") \
	C(x, call_again, UINT, "", "calls that gave EAGAIN") \
	C(x, calls_took, UINT, "ns", "in all calls, waiting included") \
	C(x, faults, LIST, "", "errors the socket met: ENAME told-by-call, or ENAME untold") \
	C(x, opened_ns, UINT, "ns", "created") \
	C(x, closed_ns, UINT, "ns", "last reference gone") \
	C(x, gone_ns, UINT, "ns", "the kernel's socket ended") \
	C(x, connect_took, UINT, "ns", "the connect that succeeded; where the call did not wait, until the kernel had done it") \
	C(x, handshake_took, UINT, "ns", "SYN to ESTABLISHED") \
	C(x, accept_wait_took, UINT, "ns", "ESTABLISHED to the return of accept") \
	C(x, setup_took, UINT, "ns", "first call to first byte, either way") \
	C(x, first_byte_took, UINT, "ns", "connected to first byte received") \
	C(x, think_took, UINT, "ns", "first byte received to the first sent after it") \
	C(x, idle_max_took, UINT, "ns", "longest pause between two data calls") \
	C(x, half_close_took, UINT, "ns", "between the two FINs") \
	C(x, fin_to_close_took, UINT, "ns", "first FIN to CLOSE") \
	C(x, orphan_took, UINT, "ns", "last reference gone to the socket gone") \
	C(x, packets_out, UINT, "", "packets sent") \
	C(x, packets_in, UINT, "", "packets received") \
	C(x, wire_out, UINT, "bytes", "IP bytes sent") \
	C(x, wire_in, UINT, "bytes", "IP bytes received") \
	C(x, payload_out, UINT, "bytes", "payload in packets sent") \
	C(x, payload_in, UINT, "bytes", "payload in packets received") \
	C(x, retransmits, UINT, "", "segments sent again") \
	C(x, syn_retries, UINT, "", "SYNs sent again") \
	C(x, icmp, UINT, "", "ICMP errors that quoted it") \
	C(x, drops, MAP, "", "dropped on the way in, by the kernel's reason") \
	C(x, truncated, UINT, "", "datagrams cut to the buffer given") \
	C(x, unread, UINT, "", "discarded at close: messages, or bytes of a stream") \
	C(x, backlog, UINT, "", "of a listener, as asked for") \
	C(x, queued_max, UINT, "", "of a listener: most waiting to be accepted") \
	C(x, accepted, UINT, "", "of a listener: connections accepted")

#define SONDE_CONNECTION_COLUMNS(C, x) \
	C(x, id, UINT, "", "number within its form, from 1") \
	C(x, form, TEXT, "", "stream: a connection; datagram: messages one way, from a socket to a place") \
	C(x, kind, TEXT, "", "as of its endpoints") \
	C(x, client, UINT, "", "sid; of datagrams: the sender") \
	C(x, server, UINT, "", "sid; of datagrams: the receiver, of a group the first that read") \
	C(x, readers, LIST, "", "of datagrams to a group: sids of all that read") \
	C(x, listener, UINT, "", "sid it was accepted from") \
	C(x, netns, UINT, "", "network namespace of the client, its inode") \
	C(x, from, TEXT, "", "the client's address") \
	C(x, to, TEXT, "", "the server's address or path") \
	C(x, opened_ns, UINT, "ns", "first sign") \
	C(x, established_ns, UINT, "ns", "both ends may send") \
	C(x, closed_ns, UINT, "ns", "last sign") \
	C(x, syn_ns, UINT, "ns", "SYN of the client") \
	C(x, syn_ack_ns, UINT, "ns", "SYN ACK of the server") \
	C(x, fin_client_ns, UINT, "ns", "FIN of the client") \
	C(x, fin_server_ns, UINT, "ns", "FIN of the server") \
	C(x, rst_client_ns, UINT, "ns", "RST of the client") \
	C(x, rst_server_ns, UINT, "ns", "RST of the server") \
	C(x, packets_client, UINT, "", "sent by the client") \
	C(x, packets_server, UINT, "", "sent by the server") \
	C(x, payload_client, UINT, "bytes", "sent by the client") \
	C(x, payload_server, UINT, "bytes", "sent by the server") \
	C(x, sent, UINT, "", "messages sent") \
	C(x, sent_bytes, UINT, "bytes", "in them") \
	C(x, failed, UINT, "", "sends that gave an error and put nothing out") \
	C(x, on_wire, UINT, "", "messages seen as packets") \
	C(x, arrived, UINT, "", "messages in the receiver's queue") \
	C(x, dropped, UINT, "", "messages dropped on the way in") \
	C(x, refused, UINT, "", "messages answered by an ICMP error") \
	C(x, read, UINT, "", "messages read") \
	C(x, read_bytes, UINT, "bytes", "in them") \
	C(x, truncated, UINT, "", "messages read in part") \
	C(x, discarded, UINT, "", "messages unread as the receiver went") \
	C(x, unknown, UINT, "", "messages of which nothing more was seen") \
	C(x, losses, LIST, "", "first-last fate reason told") \
	C(x, transit_min_took, UINT, "ns", "send to read, least") \
	C(x, transit_max_took, UINT, "ns", "send to read, most") \
	C(x, inferred, BOOL, "", "reads were tied to sends by order alone")
/* clang-format on */

struct sonde_run_record {
	SONDE_RUN_COLUMNS(SONDE_MEMBER, )
};
struct sonde_event_record {
	SONDE_EVENT_COLUMNS(SONDE_MEMBER, )
};
struct sonde_packet_record {
	SONDE_PACKET_COLUMNS(SONDE_MEMBER, )
};
struct sonde_endpoint_record {
	SONDE_ENDPOINT_COLUMNS(SONDE_MEMBER, )
};
struct sonde_connection_record {
	SONDE_CONNECTION_COLUMNS(SONDE_MEMBER, )
};

extern const struct sonde_schema sonde_run_schema, sonde_event_schema, sonde_packet_schema,
	sonde_endpoint_schema, sonde_connection_schema;

void sonde_run_record_fill(struct sonde_run_record *r, struct sonde_arena *scratch,
			   const struct sonde_life *life, const struct sonde_account *account);
void sonde_event_record_fill(struct sonde_event_record *r, struct sonde_arena *scratch,
			     const struct sonde_life *life, const struct sonde_event *e,
			     const struct sonde_heard *heard);
/* layers is left absent: the caller may set it. */
void sonde_packet_record_fill(struct sonde_packet_record *r, struct sonde_arena *scratch,
			      const struct sonde_life *life, const struct sonde_frame *f,
			      const struct sonde_heard *heard);
void sonde_endpoint_record_fill(struct sonde_endpoint_record *r, struct sonde_arena *scratch,
				const struct sonde_life *life, const struct sonde_endpoint *e);
void sonde_connection_record_fill(struct sonde_connection_record *r, struct sonde_arena *scratch,
				  const struct sonde_life *life, const struct sonde_connection *c);
void sonde_flow_record_fill(struct sonde_connection_record *r, struct sonde_arena *scratch,
			    const struct sonde_life *life, const struct sonde_flow *f);

/* Whether an endpoint is one to report: not merged into another, not a mere SYN. */
bool sonde_endpoint_counts(const struct sonde_endpoint *e);

#endif
