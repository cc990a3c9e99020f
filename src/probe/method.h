#ifndef SONDE_PROBE_METHOD_H
#define SONDE_PROBE_METHOD_H

/* How a probe is made and how what comes back is read: ICMP echo, UDP, TCP SYN and ACK, over both
 * versions of IP. Packets are made by packet/draft.h and read by packet/packet.h alone.
 *
 *   what a probe carries      where it stands                       survives a quote of 8 bytes
 *   ident, random a run       ICMP identifier; source port          yes
 *   code, 16 bits a probe     ICMP sequence; TCP sequence, high      yes (not of UDP)
 *   tag, 64 bits a probe      payload, bytes 0 to 7; low 16 bits in  TCP, and through the checksum
 *                             the TCP sequence, low                  of ICMP and UDP, which we know
 *   serial, 64 bits           payload, bytes 8 to 15                 no
 *   filling                   the rest of the payload                no
 */

#include "base/arrival.h"
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

enum { SONDE_METHOD_TAG = 8, SONDE_METHOD_HEAD = 16, SONDE_METHOD_PATTERN = 16 };

struct sonde_method_look {   /* what all probes of a run have in common, per version of IP */
	uint8_t method;	     /* enum sonde_method */
	uint8_t pattern_len; /* 0: the filling is worked out from the tag */
	bool group;	     /* many may answer, each from its own address */
	uint8_t pattern[SONDE_METHOD_PATTERN];
	uint16_t ident;
	uint16_t port;	/* of the target; host order */
	uint8_t mac[6]; /* NEIGHBOUR: ours */
	uint32_t size;	/* bytes of payload; of TCP 0 */
};

struct sonde_method_probe { /* what one carries */
	uint64_t serial, tag;
	uint16_t code;
};

/* Writes the probe from the header behind that of IP on, and returns its length, or SONDE_NO_SPACE.
 * from is needed for the checksum of UDP, TCP and ICMPv6, and may have family 0 for ICMP. *ret_sum
 * is the checksum as written, where that will be the one on the wire, else 0. */
int sonde_method_make(const struct sonde_method_look *look, const struct sonde_method_probe *probe,
		      const struct sonde_address *from, const struct sonde_address *to,
		      uint8_t *buf, uint32_t cap, uint16_t *ret_sum);

/* Bytes of payload as they were sent, from `at` on. */
void sonde_method_payload(const struct sonde_method_look *look,
			  const struct sonde_method_probe *probe, uint8_t *buf, size_t at,
			  size_t len);

/* Of either kind. */
static inline bool sonde_method_is_tcp(uint8_t method)
{
	return method == SONDE_METHOD_TCP || method == SONDE_METHOD_ACK;
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

#endif
