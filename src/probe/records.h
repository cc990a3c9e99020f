#ifndef SONDE_PROBE_RECORDS_H
#define SONDE_PROBE_RECORDS_H

/* What a measurement tells: one record for each thing that happened to a probe, and one for each
 * target with its statistics. */

#include "base/record.h"

/* clang-format off */
#define SONDE_PROBE_COLUMNS(C, x) \
	C(x, target, TEXT, "", "the address that was asked") \
	C(x, name, TEXT, "", "the target as it was given") \
	C(x, seq, UINT, "", "which probe of this target, from 1") \
	C(x, hops, UINT, "", "of a trace: how many it was given") \
	C(x, flow, UINT, "", "of a trace: which of the flows") \
	C(x, size, UINT, "bytes", "of a search for the MTU, whose probes count for no hop and have numbers of their own: the payload") \
	C(x, status, TEXT, "", "reply; lost: no answer in time; late: an answer after that; duplicate: another answer; error: an ICMP error came; local: it never left this machine; corrupted: an answer that is not what was sent; spoofed: an answer without the secret, so not from whoever got the probe") \
	C(x, answer, TEXT, "", "what it was: echo-reply, data, syn-ack, rst, neighbour, or the ICMP error in words") \
	C(x, rtt_ns, UINT, "ns", "the round trip") \
	C(x, clock, TEXT, "", "whose times the round trip is made of: kernel: both of the kernel's stamps; kernel-rx: ours before sending, the kernel's of the arrival; kernel-tx: the kernel's of sending, ours when it was read; user: ours alone") \
	C(x, uncertainty_ns, UINT, "ns", "by how much the times may be off; absent where that is not known") \
	C(x, from, TEXT, "", "who answered") \
	C(x, ttl, UINT, "", "hops left in the answer") \
	C(x, bytes, UINT, "bytes", "of the answer, behind its IP header") \
	C(x, auth_bits, UINT, "bits", "of secrets that the answer gave back") \
	C(x, rewritten, BOOL, "", "it has the secret, but an address or identifier is not as it was sent") \
	C(x, mac, TEXT, "", "the link address of who answered") \
	C(x, route, LIST, "", "the addresses that a record route option came back with") \
	C(x, type, UINT, "", "of the ICMP error") \
	C(x, code, UINT, "", "of the ICMP error") \
	C(x, mtu, UINT, "bytes", "of the next hop, as the error tells it") \
	C(x, quoted_ttl, UINT, "", "hops the probe had left, as the ICMP error quotes it") \
	C(x, asked_ns, UINT, "ns", "when the probe was handed to the kernel, since the run's start") \
	C(x, stack_ns, UINT, "ns", "from there to the device: the kernel, finding the neighbour, and the device's queue") \
	C(x, queue_ns, UINT, "ns", "of that, in the device's queue; with --split") \
	C(x, wake_ns, UINT, "ns", "from the answer's arrival until it was read")

#define SONDE_TARGET_COLUMNS(C, x) \
	C(x, target, TEXT, "", "the address that was asked") \
	C(x, name, TEXT, "", "the target as it was given") \
	C(x, sent, UINT, "", "probes that left") \
	C(x, received, UINT, "", "of these, answered in time") \
	C(x, lost, UINT, "", "of these, not answered in time") \
	C(x, pending, UINT, "", "of these, still out when the run ended: neither received nor lost") \
	C(x, late, UINT, "", "of the lost, answered later") \
	C(x, duplicates, UINT, "", "further answers") \
	C(x, errors, UINT, "", "of the lost, those for which an ICMP error came") \
	C(x, local_errors, UINT, "", "probes that never left; not in sent") \
	C(x, corrupted, UINT, "", "answers that were not what was sent") \
	C(x, spoofed, UINT, "", "answers without the secret") \
	C(x, rewritten, UINT, "", "answers with the secret and with another address or identifier") \
	C(x, reordered, UINT, "", "answers behind that of a later probe, RFC 4737") \
	C(x, loss_ppm, UINT, "ppm", "lost of received and lost, in millionths") \
	C(x, loss_bursts, UINT, "", "how often there was loss, in a row counting once") \
	C(x, loss_single, UINT, "", "of these, of one probe alone") \
	C(x, loss_longest, UINT, "", "most probes lost in a row") \
	C(x, rtt_min_ns, UINT, "ns", "the least round trip") \
	C(x, rtt_mean_ns, UINT, "ns", "their mean") \
	C(x, rtt_max_ns, UINT, "ns", "the greatest") \
	C(x, rtt_deviation_ns, UINT, "ns", "their standard deviation") \
	C(x, rtt_p50_ns, UINT, "ns", "half are not above; exact up to 64 round trips, else within 0.8 %") \
	C(x, rtt_p90_ns, UINT, "ns", "90 % are not above") \
	C(x, rtt_p95_ns, UINT, "ns", "95 %") \
	C(x, rtt_p99_ns, UINT, "ns", "99 %") \
	C(x, rtt_p999_ns, UINT, "ns", "99.9 %") \
	C(x, jitter_rfc3550_ns, UINT, "ns", "smoothed difference of round trips one after the other, RFC 3550 appendix A.8") \
	C(x, jitter_ns, UINT, "ns", "mean difference of the round trips of probes one after the other, both answered") \
	C(x, last_error, TEXT, "", "the last ICMP error or local error, in words") \
	C(x, clock, TEXT, "", "whose times the round trips are made of; mixed: not all of the same")
#define SONDE_PING_COLUMNS(C, x) \
	C(x, started, TEXT, "", "RFC 3339, UTC") \
	C(x, duration_ns, UINT, "ns", "of the run") \
	C(x, method, TEXT, "", "icmp, udp, tcp, tcp-ack or neighbour") \
	C(x, sockets, TEXT, "", "what was sent by: raw socket, ping socket, udp socket or packet socket") \
	C(x, targets, UINT, "", "how many were asked") \
	C(x, answered, UINT, "", "how many of them answered at least once") \
	C(x, dropped, UINT, "", "answers that this machine dropped: not taken in time, or with a wrong checksum") \
	C(x, foreign, UINT, "", "packets that came to our sockets and are about none of our probes") \
	C(x, forgotten, UINT, "", "answers with the secret to probes of too long ago; in no target's late") \
	C(x, unlikely_stamps, UINT, "", "of the kernel, which did not fit what was known, and were not used") \
	C(x, clock_steps, UINT, "", "how often the time of day was set meanwhile")
/* clang-format on */

struct sonde_probe_record {
	SONDE_PROBE_COLUMNS(SONDE_MEMBER, )
};
struct sonde_target_record {
	SONDE_TARGET_COLUMNS(SONDE_MEMBER, )
};

struct sonde_ping_record { /* one for the run, the last */
	SONDE_PING_COLUMNS(SONDE_MEMBER, )
};

/* A trace ends with the same, named trace; answered: targets that were reached. */
extern const struct sonde_schema sonde_probe_schema, sonde_target_schema, sonde_ping_schema,
	sonde_trace_schema;

#endif
