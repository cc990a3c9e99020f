#ifndef SONDE_PROBE_TRACE_RECORDS_H
#define SONDE_PROBE_TRACE_RECORDS_H

/* What a trace tells at its end: one record for each hop, one for each path, and one for the run.
 * What happens to a probe meanwhile is a probe's record (records.h). */

#include "base/record.h"

/* clang-format off */
#define SONDE_HOP_COLUMNS(C, x) \
	C(x, target, TEXT, "", "the address that the path leads to") \
	C(x, name, TEXT, "", "the target as it was given") \
	C(x, ttl, UINT, "", "which hop, from 1") \
	C(x, status, TEXT, "", "answers; silent: it never answered, though later hops did; unknown: nothing came from here on; end: the path ends here, though this is not the target; target: this is it; local: nothing left this machine") \
	C(x, from, TEXT, "", "who answered most often") \
	C(x, host, TEXT, "", "the name of who answered most often, where one is known") \
	C(x, as, UINT, "", "with --as-table: the number of the autonomous system of who answered most often") \
	C(x, addresses, LIST, "", "everybody who answered, in the order of their first answers") \
	C(x, answer, TEXT, "", "the last answer: time exceeded or another ICMP error in words, echo-reply, data, syn-ack or rst") \
	C(x, mark, TEXT, "", "of that answer, as traceroute has it: !H, !N, !X ...") \
	C(x, sent, UINT, "", "probes that left with so many hops") \
	C(x, received, UINT, "", "of these, answered in time") \
	C(x, lost, UINT, "", "of these, not answered in time") \
	C(x, pending, UINT, "", "of these, still out when the run ended") \
	C(x, late, UINT, "", "of the lost, answered later") \
	C(x, duplicates, UINT, "", "further answers") \
	C(x, corrupted, UINT, "", "answers that were not what was sent") \
	C(x, spoofed, UINT, "", "answers without the secret") \
	C(x, local_errors, UINT, "", "probes that never left; not in sent") \
	C(x, loss_ppm, UINT, "ppm", "lost of received and lost, in millionths") \
	C(x, rtt_ns, UINT, "ns", "the last round trip") \
	C(x, rtt_min_ns, UINT, "ns", "the least") \
	C(x, rtt_mean_ns, UINT, "ns", "their mean") \
	C(x, rtt_max_ns, UINT, "ns", "the greatest") \
	C(x, rtt_deviation_ns, UINT, "ns", "their standard deviation") \
	C(x, rtt_p50_ns, UINT, "ns", "half are not above; exact up to 64 round trips, else within 0.8 %") \
	C(x, rtt_p90_ns, UINT, "ns", "90 % are not above") \
	C(x, rtt_p99_ns, UINT, "ns", "99 %") \
	C(x, jitter_ns, UINT, "ns", "mean difference of the round trips of probes one after the other, both answered") \
	C(x, jitter_last_ns, UINT, "ns", "the last of these differences") \
	C(x, jitter_max_ns, UINT, "ns", "the greatest of them") \
	C(x, jitter_rfc3550_ns, UINT, "ns", "smoothed, RFC 3550 appendix A.8") \
	C(x, clock, TEXT, "", "whose times the round trips are made of, as in probe; mixed: not all of the same") \
	C(x, back_ttl, UINT, "", "hops left in the answer") \
	C(x, back_hops, UINT, "", "so many hops it has come back, if it began with 64, 128 or 255 as hosts do") \
	C(x, quoted_ttl, UINT, "", "hops the probe had left there, as quoted: 1 is usual") \
	C(x, mtu, UINT, "bytes", "of the next link, as the answer tells it") \
	C(x, pmtu, UINT, "bytes", "with --mtu: the largest packet that is known to get here") \
	C(x, mtu_doubt, TEXT, "", "why mtu, as the hop told it, is not believed") \
	C(x, loss, TEXT, "", "what is missing: none; limited: it answers only so often, which is no loss; silent; dark: nothing answers from here on; answers: its own answers, later hops do not lose; way: on the way there, later hops lose as well; end: end to end; unclear") \
	C(x, loss_begins, BOOL, "", "of way and end: no earlier hop shares it") \
	C(x, limit_rate, TEXT, "", "of limited: answers a second") \
	C(x, limit_burst, UINT, "", "of limited: answers at once, where that was seen") \
	C(x, changes, LIST, "", "what was changed of the probe when it got there, by what the hop quotes") \
	C(x, nat, TEXT, "", "what the quote says of a translated address or port") \
	C(x, extensions, TEXT, "", "what the hop says of itself: labels of MPLS, interfaces; as of traceroute -e") \
	C(x, last_error, TEXT, "", "why the last one did not leave this machine")
#define SONDE_PATH_COLUMNS(C, x) \
	C(x, target, TEXT, "", "the address that the path leads to") \
	C(x, name, TEXT, "", "the target as it was given") \
	C(x, reached, BOOL, "", "the target answered") \
	C(x, hops, UINT, "", "to the end, where it is known") \
	C(x, source, TEXT, "", "the address that probes came from") \
	C(x, mtu, UINT, "bytes", "with --mtu: the largest packet that reaches the target") \
	C(x, mtu_confirmed, BOOL, "", "it passed twice, and the next larger one did not") \
	C(x, mtu_from, TEXT, "", "who said that the next link takes no more; absent: nobody had to, or nobody did") \
	C(x, mtu_from_ttl, UINT, "", "which hop that is, where it is known") \
	C(x, black_hole_after, UINT, "", "the last hop that packets reach which then vanish for their size, and nobody says so; 0: this machine")
/* clang-format on */

struct sonde_hop_record {
	SONDE_HOP_COLUMNS(SONDE_MEMBER, )
};
struct sonde_path_record {
	SONDE_PATH_COLUMNS(SONDE_MEMBER, )
};

extern const struct sonde_schema sonde_hop_schema, sonde_path_schema;

#endif
