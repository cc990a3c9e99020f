#ifndef SONDE_LAB_SIM_H
#define SONDE_LAB_SIM_H

/* A chain of strange routers and a host at its end, answered by one node on layer 2. A packet that
 * comes with a time to live of N is answered by hop N, or by the last hop where there are fewer.
 * The profile has a hop a line (or between semicolons):
 *
 *	hop 2 addr=198.51.100.7 delay=2ms mpls=24001,16004 quote=8 dup=2
 *	hop 3 silent
 *	loop 2 3
 *
 * of a hop:
 *	addr=A,B..	it answers from these, one for each flow (or packet: balance=packet); an
 *IPv4 and an IPv6 address, or several; else the K-th of the sim's network delay=TIME	of the way
 *from the hop before, each way loss=CHANCE	of its answers silent		answers nothing,
 *forwards refuse=W	forwards nothing, and says so: net, host, admin; or drop: says nothing mtu=N
 *forwards only what is no longer, and says so
 *	ttl=N		its answers begin with this time to live; 255, of the last hop 64
 *	mpls=L,L..	label stack of the packet as it came, RFC 4950
 *	if-index=N if-name=W if-addr if-mtu=N	the interface it came by, RFC 5837
 *	quote=N		bytes quoted behind the IP header; else as many as allowed
 *	quote-ttl=N quote-src=A	what the quoted header says instead of the truth
 *	bad-sum		its ICMP checksum is wrong
 *	spoof=A		each answer is preceded by a forged one from A that quotes another packet
 *	dup=N		each answer comes N times
 * of the last:
 *	tcp-open=P,P..	ports that answer SYN with SYN ACK; all others reset
 *	udp-echo=P,P..	ports that send back what comes; all others are unreachable
 * loop A B: behind hop B comes hop A again, for ever.
 *
 * RFC 792, 4443, 4884, 4950, 5837. It does not put fragments together: those that are not the first
 * are never answered, and the last hop answers whole packets alone. */

#include "lab/lab.h"

enum { SONDE_SIM_HOPS = 64, SONDE_SIM_LIST = 16 };

enum sonde_sim_refusal {
	SONDE_SIM_FORWARDS,
	SONDE_SIM_NET,
	SONDE_SIM_HOST,
	SONDE_SIM_ADMIN,
	SONDE_SIM_DROP,
};

struct sonde_sim_ports {
	uint16_t at[SONDE_SIM_LIST];
	unsigned n;
};

struct sonde_sim_addresses {
	struct sonde_address at[SONDE_SIM_LIST];
	unsigned n;
};

struct sonde_sim_hop {
	struct sonde_sim_addresses v4, v6; /* at least one each, once planned */
	bool by_packet;			   /* else by flow */
	sonde_ns delay;
	uint32_t loss; /* parts of a million */
	bool silent, bad_sum, if_addr;
	enum sonde_sim_refusal refuse;
	unsigned mtu, ttl; /* 0: none; unsaid */
	uint32_t mpls[SONDE_SIM_LIST];
	unsigned labels;
	unsigned if_index, if_mtu; /* 0: unsaid */
	const char *if_name;
	bool cut; /* quote was said */
	unsigned quote;
	unsigned quote_ttl;				/* 0: the truth */
	struct sonde_address quote_src, spoof4, spoof6; /* family 0: none */
	unsigned dup;
	struct sonde_sim_ports tcp_open, udp_echo;
};

struct sonde_sim_profile {
	struct sonde_sim_hop *hop; /* hop[0] is the first */
	unsigned hops;
	unsigned loop_from, loop_to; /* counted from 1; 0: no loop */
};

/* Reads a profile that begins in the given line. NULL or empty: one hop without oddities. 0, or
 * SONDE_DESCRIPTION with *ret_error. */
int sonde_sim_parse(struct sonde_sim_profile *ret, struct sonde_arena *arena, const char *text,
		    unsigned line, struct sonde_lab_error *ret_error);

/* The hop, counted from 0, that a packet of this time to live gets to; loops are unrolled. */
unsigned sonde_sim_reaches(const struct sonde_sim_profile *p, unsigned ttl);

struct sonde_sim {
	const struct sonde_lab *lab;
	unsigned node;
	uint64_t random;
	uint64_t number; /* packets answered so far */
	uint8_t *buf;	 /* of the answer being made */
};

/* Called for each frame that the sim sends, with the time when it leaves, on the clock of now. The
 * frame is borrowed for the call, and leaves by the link on which the one came that was heard. */
typedef void (*sonde_sim_emit)(void *arg, sonde_ns due, const uint8_t *frame, size_t len);

/* lab is planned, node a sim in it; both are borrowed. Memory is taken here alone. */
void sonde_sim_init(struct sonde_sim *s, struct sonde_arena *arena, const struct sonde_lab *lab,
		    unsigned node);

/* A frame that came to any of the node's links. Answers ARP (RFC 826) and neighbour solicitations
 * (RFC 4861 section 7.2.4) for the node's own ends by itself. Returns how many frames it sent. */
int sonde_sim_hear(struct sonde_sim *s, sonde_ns now, const uint8_t *frame, size_t len,
		   sonde_sim_emit emit, void *arg);

#endif
