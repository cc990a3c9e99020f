#ifndef SONDE_RUN_CRAFT_SAY_H
#define SONDE_RUN_CRAFT_SAY_H

/* What a run of sonde craft tells, as lines or as JSON:
 *
 *	sends 2 packets of 40 bytes by raw socket on veth0 to 10.0.0.2, as 10.0.0.1
 *	sent   1  IP 10.0.0.1.50000 > 10.0.0.2.80: Flags [S], seq 7, win 65535, length 0
 *	reset  1  IP 10.0.0.2.80 > 10.0.0.1.50000: Flags [R.], seq 0, ack 8, win 0, length 0, 0.043
 *ms sent   2  ... lost   2  no answer within 1 s 2 packets sent, 1 answered: 1 reset; round trip
 *min/avg/max 0.043/0.043/0.043 ms
 */

#include "base/arena.h"
#include "base/record.h"
#include "base/text.h"
#include "packet/packet.h"
#include "probe/answer.h"
#include "probe/stats.h"
#include "run/craft.h"

/* clang-format off */
#define SONDE_CRAFT_COLUMNS(C, x) \
	C(x, started, TEXT, "", "RFC 3339, UTC") \
	C(x, spec, TEXT, "", "the packet in words, as it was given") \
	C(x, by, TEXT, "", "raw socket, packet socket, AF_XDP or file") \
	C(x, why, TEXT, "", "why no raw socket was taken") \
	C(x, interface, TEXT, "", "by which it leaves") \
	C(x, linktype, UINT, "", "LINKTYPE_ number of the packets as they are made") \
	C(x, source, TEXT, "", "address that the first packet is sent as") \
	C(x, destination, TEXT, "", "address that it is sent to") \
	C(x, deaf, BOOL, "", "this machine takes no IPv4 that comes to it so: sysctl net.ipv4.conf.lo, accept_local and route_localnet") \
	C(x, guarded, TEXT, "", "whose resets by this kernel are kept back") \
	C(x, count, UINT, "", "packets that are to be sent; absent: until it is ended") \
	C(x, bytes, UINT, "bytes", "of the first packet") \
	C(x, gap_ns, UINT, "ns", "between two packets; 0: as fast as can be") \
	C(x, seed, UINT, "", "of what is random: with --seed it is the same again")
#define SONDE_CRAFT_PACKET_COLUMNS(C, x) \
	C(x, number, UINT, "", "of the packet that was sent, or that it answers, from 1") \
	C(x, at_ns, UINT, "ns", "since the run began: as the kernel saw it") \
	C(x, kind, TEXT, "", "of what came: reply, reset or error") \
	C(x, rtt_ns, UINT, "ns", "round trip") \
	C(x, again, BOOL, "", "that packet had an answer before") \
	C(x, alike, UINT, "", "further packets without an answer that nothing tells from it: the oldest was taken") \
	C(x, bytes, UINT, "bytes", "of the packet") \
	C(x, line, TEXT, "", "in one line") \
	C(x, hex, TEXT, "", "all bytes, as hex digits") \
	C(x, packet, RAW, "", "all layers and fields, as sonde read --json has them")
#define SONDE_CRAFT_END_COLUMNS(C, x) \
	C(x, sent, UINT, "", "packets; in fragments, still one") \
	C(x, refused, UINT, "", "packets that this machine did not send") \
	C(x, refusal, TEXT, "", "why it did not send the first of them") \
	C(x, answered, UINT, "", "packets that had an answer") \
	C(x, lost, UINT, "", "packets that had none in time") \
	C(x, replies, UINT, "", "answers that were no error and no reset") \
	C(x, resets, UINT, "", "resets of TCP, and ABORT of SCTP") \
	C(x, errors, UINT, "", "errors of ICMP and ICMPv6") \
	C(x, again, UINT, "", "answers to packets that had one before") \
	C(x, dropped, UINT, "", "packets that there was no room for at the tap") \
	C(x, bytes, UINT, "bytes", "of all packets that were sent") \
	C(x, rtt_min_ns, UINT, "ns", "the shortest round trip") \
	C(x, rtt_mean_ns, UINT, "ns", "their mean") \
	C(x, rtt_max_ns, UINT, "ns", "the longest") \
	C(x, duration_ns, UINT, "ns", "of the sending")
/* clang-format on */

struct sonde_craft_record {
	SONDE_CRAFT_COLUMNS(SONDE_MEMBER, )
};
struct sonde_craft_packet_record {
	SONDE_CRAFT_PACKET_COLUMNS(SONDE_MEMBER, )
};
struct sonde_craft_end_record {
	SONDE_CRAFT_END_COLUMNS(SONDE_MEMBER, )
};

extern const struct sonde_schema sonde_craft_schema, sonde_craft_sent_schema,
	sonde_craft_came_schema, sonde_craft_lost_schema, sonde_crafted_schema;

struct sonde_craft_say {
	const struct sonde_craft_plan *plan;
	struct sonde_text out;
	char *room;
	int fd;
	struct sonde_arena aside;
	struct sonde_arena arena; /* of the statistics */
	struct sonde_stats stats;
	struct sonde_craft_end_record end;
	bool numbered;
	unsigned digits;
};

void sonde_craft_say_init(struct sonde_craft_say *s, const struct sonde_craft_plan *plan);

/* What will be done. r->count decides whether packets have numbers. */
void sonde_craft_say_plan(struct sonde_craft_say *s, const struct sonde_craft_record *r);

/* A packet as it leaves. at: since the run began. */
void sonde_craft_say_sent(struct sonde_craft_say *s, uint64_t number, sonde_ns at,
			  const struct sonde_packet *p);

/* An answer. rtt UINT64_MAX: not known. */
void sonde_craft_say_came(struct sonde_craft_say *s, const struct sonde_answers_hit *hit,
			  sonde_ns at, sonde_ns rtt, const struct sonde_packet *p);

/* None came in time. */
void sonde_craft_say_lost(struct sonde_craft_say *s, uint64_t number, sonde_ns timeout);

/* The last. took: from the first packet to the last. */
void sonde_craft_say_end(struct sonde_craft_say *s, sonde_ns took);

/* Lets go of what it took; the first failure of the output, or 0. */
int sonde_craft_say_done(struct sonde_craft_say *s);

#endif
