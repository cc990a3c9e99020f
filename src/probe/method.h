#ifndef SONDE_PROBE_METHOD_H
#define SONDE_PROBE_METHOD_H

/* How a probe is made and how what comes back is read: ICMP echo, UDP, TCP SYN and ACK, over both
 * versions of IP. Packets are made by packet/draft.h and read by packet/packet.h alone.
 *
 *   what a probe carries      where it stands                       survives a quote of 8 bytes
 *   ident, random a run       ICMP identifier; source port          yes
 *   code, 16 bits a probe     ICMP sequence; UDP checksum; TCP       yes
 *                             sequence, high
 *   tag, 64 bits a probe      payload, bytes 0 to 7; low 16 bits in  TCP
 *                             the TCP sequence, low
 *   serial, 64 bits           payload, bytes 8 to 15                 no
 *   balance                   payload, bytes 16 and 17               no
 *   filling                   the rest of the payload                no
 *
 * Routers choose among equal paths by addresses, protocol and the first four bytes behind them, so
 * all probes of a flow have the same there: ports, or the type and checksum of ICMP (Augustin et
 * al., "Avoiding traceroute anomalies with Paris traceroute", 2006). The balance makes the checksum
 * what it is to be. Another flow has another source port (TCP), destination port (UDP, which one
 * socket can do without privilege, and TCP where ports are asked for) or checksum (ICMP).
 */

#include "base/arrival.h"
#include "packet/packet.h"
#include "probe/secret.h"

enum sonde_method {
	SONDE_METHOD_ICMP,
	SONDE_METHOD_UDP,
	SONDE_METHOD_TCP,	/* SYN: the answer is a SYN-ACK or a RST */
	SONDE_METHOD_ACK,	/* a bare TCP ACK: the answer is a RST whose sequence number is what
				 * was acknowledged, RFC 9293 section 3.5.2 */
	SONDE_METHOD_NEIGHBOUR, /* ARP, or neighbour solicitation over IPv6: it has no secret, so
				 * that one probe may be out to a target at a time */
};

enum {
	SONDE_METHOD_TAG = 8,
	SONDE_METHOD_SERIAL = 16,
	SONDE_METHOD_HEAD = 18,
	SONDE_METHOD_PATTERN = 16
};

struct sonde_method_look {   /* what all probes of a run have in common, per version of IP */
	uint8_t method;	     /* enum sonde_method */
	uint8_t pattern_len; /* 0: the filling is worked out from the tag */
	bool via;	     /* through gates: a quote may have one of them for its destination */
	bool group;	     /* many may answer, each from its own address */
	bool ports;	     /* a flow is another port of the target, of TCP as of UDP */
	uint8_t pattern[SONDE_METHOD_PATTERN];
	uint16_t ident;
	uint16_t sum;	/* ICMP: the checksum of flow 0; random */
	uint16_t flows; /* how many there are; 0 is one */
	uint16_t port;	/* of the target; host order */
	uint8_t mac[6]; /* NEIGHBOUR: ours */
	uint32_t size;	/* bytes of payload, usually */
};

struct sonde_method_probe { /* what one carries */
	uint64_t serial, tag;
	uint32_t size; /* bytes of payload; of NEIGHBOUR 0, of TCP as well, unless it is an ACK */
	uint16_t code, flow;
	uint16_t balance; /* as sonde_method_make has found it */
};

/* Bytes of payload that a probe has, if nobody says otherwise. */
static inline uint32_t sonde_method_size(const struct sonde_method_look *look)
{
	return look->method == SONDE_METHOD_ICMP || look->method == SONDE_METHOD_UDP ? look->size
										     : 0;
}

/* Writes the probe from the header behind that of IP on, and returns its length, or SONDE_NO_SPACE.
 * from is needed for the checksum of UDP, TCP and ICMPv6, and may have family 0 for ICMP. *ret_sum
 * is the checksum as written, where that will be the one on the wire, else 0. */
int sonde_method_make(const struct sonde_method_look *look, struct sonde_method_probe *probe,
		      const struct sonde_address *from, const struct sonde_address *to,
		      uint8_t *buf, uint32_t cap, uint16_t *ret_sum);

/* Bytes of payload as they were sent, from `at` on. */
void sonde_method_payload(const struct sonde_method_look *look,
			  const struct sonde_method_probe *probe, uint8_t *buf, size_t at,
			  size_t len);

/* "icmp", "udp", "tcp", "tcp-ack" or "neighbour". Static. */
const char *sonde_method_word(uint8_t method);

/* Of either kind. */
static inline bool sonde_method_is_tcp(uint8_t method)
{
	return method == SONDE_METHOD_TCP || method == SONDE_METHOD_ACK;
}

/* The checksum of a UDP probe with this code, and back. Codes one after the other are checksums far
 * apart: what is added to one on the way, with a translated address, does not make it that of a
 * neighbour. The factors are odd, and each the inverse of the other. 0 is 0. */
static inline uint16_t sonde_method_spread(uint16_t code)
{
	return (uint16_t)(code * 0x9e37u);
}
static inline uint16_t sonde_method_gather(uint16_t sum)
{
	return (uint16_t)(sum * 0x7787u);
}

enum sonde_answer_is {
	SONDE_ANSWER_NONE, /* nothing that our probes could bring about */
	SONDE_ANSWER_ECHO,
	SONDE_ANSWER_DATA, /* UDP */
	SONDE_ANSWER_SYN_ACK,
	SONDE_ANSWER_RST,
	SONDE_ANSWER_NEIGHBOUR, /* mac */
	SONDE_ANSWER_ERROR,	/* ICMP: type and code */
};

struct sonde_answer {
	uint8_t is;		    /* enum sonde_answer_is */
	uint8_t type, code_of_type; /* ERROR */
	bool bad_sum;		    /* a checksum is wrong */
	bool has_code, has_low, has_sum, has_payload;
	bool other_ident; /* it is not the one of the run */
	int32_t flow;	  /* -1: not told */
	bool has_mac;
	int16_t ttl;	    /* -1: not known */
	int16_t quoted_ttl; /* ERROR: what was left of the probe's; -1: not known */
	uint16_t code, low; /* as it came back */
	uint16_t sum;	    /* ERROR: the probe's, as quoted */
	uint8_t mac[6];
	uint32_t mtu, bytes;		  /* of ERROR; of the IP payload that came */
	struct sonde_address from, asked; /* asked: to whom the probe went, as the answer has it */
	struct sonde_bytes payload;	  /* borrowed from the arrival; may be cut */
	struct sonde_bytes route;	  /* IPv4 addresses of a record route option, likewise */
};

/* Never fails: what cannot be ours is SONDE_ANSWER_NONE. */
void sonde_method_read(const struct sonde_method_look *look, const struct sonde_arrival *a,
		       struct sonde_answer *ret);

/* The packet that came, or for an ERROR what it quotes of ours, decoded; false: it is bare payload.
 */
bool sonde_method_decode(const struct sonde_arrival *a, struct sonde_packet *ret);

/* Whether this is the answer of the host that was asked, and not an error on the way: of UDP, an
 * error that says that its port is closed is one. */
bool sonde_method_is_end(const struct sonde_method_look *look, const struct sonde_answer *answer,
			 const struct sonde_address *to);

#endif
