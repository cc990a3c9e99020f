#ifndef SONDE_PROBE_PORTSCAN_H
#define SONDE_PROBE_PORTSCAN_H

/* Which ports of one or several hosts are open: a probe for each, again where nothing came, by TCP
 *SYN or UDP. How many are out at once follows from what comes back: more with each answer, half of
 *them when a second probe is answered where the first was not, which is loss (RFC 5681
 *section 3.1).
 *
 *	open		a SYN-ACK, or a datagram
 *	closed		a RST; of UDP, the target's own port unreachable
 *	filtered	no answer to any probe of TCP, or an ICMP error that says prohibited
 *	unreachable	another ICMP error that says unreachable
 *	open|filtered	no answer to any probe of UDP: a server need not answer what it does not
 *know
 */

#include "probe/engine.h"

enum sonde_port_state {
	SONDE_PORT_UNKNOWN,
	SONDE_PORT_OPEN,
	SONDE_PORT_CLOSED,
	SONDE_PORT_FILTERED,
	SONDE_PORT_UNREACHABLE,
	SONDE_PORT_OPEN_OR_FILTERED,
	SONDE_PORT_STATES
};

struct sonde_port {    /* what is known of one port of one target */
	uint8_t state; /* enum sonde_port_state */
	uint8_t probes;
	uint8_t answer;	    /* enum sonde_answer_is; NONE: nothing came */
	uint8_t type, code; /* of an ICMP error */
	int16_t ttl;	    /* of the answer; -1: not known */
	uint32_t from;	    /* of an ICMP error: which of sonde_portscan.router */
	sonde_ns rtt;	    /* UINT64_MAX: not known */
};

struct sonde_portscan_plan {
	struct sonde_method_look
		look[2]; /* for IPv4 and IPv6; sonde_portscan_open sets port and flows */
	struct sonde_secret secret;
	const uint16_t *port; /* n of them, none twice; borrowed until the end */
	uint32_t n;
	unsigned retries; /* probes beside the first, where nothing came */
	sonde_ns gap;	  /* between two probes, at least; 0: as the window has it */
	sonde_ns
		timeout; /* the longest wait for an answer; it is shorter where answers are quick */
};

enum { SONDE_PORTSCAN_ROUTERS = 256 };

struct sonde_portscan {
	struct sonde_portscan_plan plan;
	struct sonde_arena arena;
	struct sonde_survey survey;
	struct sonde_pace pace;
	struct sonde_port *of; /* of every target, plan.n each */
	uint32_t *again;       /* a ring of ports to be asked again */
	uint64_t again_at, again_n, jobs, next;
	uint16_t *index; /* of a port in plan.port */
	uint64_t stride; /* ports are asked in no order that a firewall could see */
	struct sonde_address router[SONDE_PORTSCAN_ROUTERS];
	uint32_t routers;
	uint32_t out; /* probes on their way */
	double window, threshold;
	uint64_t cut;	       /* the window was halved for probes before this serial */
	sonde_ns srtt, rttvar; /* RFC 6298 section 2; 0: no answer yet */
	bool denied;	       /* some port was said to be closed */
	unsigned patience;     /* further probes that loss has earned */
	uint64_t sent, repeated, losses, refused, open;
};

/* given: n targets, at least 1. now and real: both clocks. *p is big; its memory is its own. */
void sonde_portscan_open(struct sonde_portscan *p, const struct sonde_portscan_plan *plan,
			 const struct sonde_given *given, uint32_t n, sonde_ns now, sonde_ns real);

/* SEND, WAIT or DONE. */
struct sonde_step sonde_portscan_step(struct sonde_portscan *p, sonde_ns now);
void sonde_portscan_hear(struct sonde_portscan *p, const struct sonde_arrival *a);

/* What is known of the i-th port of a target. */
const struct sonde_port *sonde_portscan_port(const struct sonde_portscan *p, uint32_t target,
					     uint32_t i);

/* How many ports of a target are in each state. */
void sonde_portscan_count(const struct sonde_portscan *p, uint32_t target,
			  uint64_t ret[static SONDE_PORT_STATES]);

/* "open", "open|filtered" ... Static. */
const char *sonde_port_word(uint8_t state);

struct sonde_engine sonde_portscan_engine(struct sonde_portscan *p);
void sonde_portscan_close(struct sonde_portscan *p);

#endif
