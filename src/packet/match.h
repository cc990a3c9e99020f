#ifndef SONDE_PACKET_MATCH_H
#define SONDE_PACKET_MATCH_H

/* An expression over the fields of a packet, by the names that `sonde fields` lists:
 *
 *	tcp.flags.syn && !tcp.flags.ack && ip.ttl < 10
 *	udp.port in {53, 5353} or ipv6.addr == 2001:db8::/32 or icmp
 *	dns.qry.name contains "example" and frame.len > 100
 *
 * In the words of Wireshark's display filters, and with their meaning: a comparison is true where
 * any field of that name makes it true; != is true where there is such a field and all of them
 * differ; a name alone is true where the packet has such a header or field. One thing differs: a
 * flag alone is true where it is set, so that !tcp.flags.ack says what it seems to say.
 *
 *	a == b  != < > <= >=	eq ne lt gt le ge
 *	a in {1, 5, 80..90}	one of them, ranges with both ends
 *	a & 0x12		any of these bits; a & 0x12 == 0x02 compares them
 *	a contains "x"		of text, octets, or a header with what follows it
 *	eth.src[0:3] == 00:1b:21	part of octets: from, length
 *	! && || ( )		not and or
 *
 * It is evaluated on the decoded packet, so it sees through tags, extension headers and tunnels. */

#include "base/arena.h"
#include "base/text.h"
#include "packet/lookup.h"
#include "packet/packet.h"

struct sonde_match_wanted;
struct sonde_match_test;
struct sonde_match_node;

struct sonde_match {
	const char *text; /* a copy of the expression */
	struct sonde_match_node *node;
	struct sonde_match_test *test;
	struct sonde_match_wanted *wanted;
	uint16_t nodes, tests, wants, root;
	bool quoted; /* the caller's to set: what an ICMP error quotes counts too */
};

struct sonde_match_error {
	size_t at;	      /* bytes into the expression */
	const char *expected; /* a phrase: "a value"; static */
	const char *nearest;  /* a name that was probably meant; NULL */
};

/* beside: the columns of a record that each test is given beside the packet, or NULL. The arena
 * keeps all that the expression needs. False, and *ret_error is set, where it is not understood. */
bool sonde_match_parse(struct sonde_match *ret, struct sonde_arena *a, const char *text,
		       const struct sonde_schema *beside, struct sonde_match_error *ret_error);

/* record is of the schema that was given when parsing; NULL with none. */
bool sonde_match(const struct sonde_match *m, const struct sonde_packet *p, const void *record);

/* Why: a line for each comparison of the expression, in its order: whether it holds, what it says,
 * and what the packet has there. */
void sonde_match_explain(const struct sonde_match *m, const struct sonde_packet *p,
			 const void *record, struct sonde_text *t);

#endif
