#ifndef SONDE_PACKET_TUPLE_H
#define SONDE_PACKET_TUPLE_H

/* Whose packet it is: what the kernel would look a socket up by, and what TCP says beside it. */

#include "base/address.h"
#include "packet/packet.h"

enum sonde_fragment {
	SONDE_FRAGMENT_NONE,  /* the packet is whole */
	SONDE_FRAGMENT_FIRST, /* offset 0, more follow */
	SONDE_FRAGMENT_LATER, /* no transport header, so no ports */
};

enum { /* tcp.flags, RFC 9293 section 3.1 */
       SONDE_TCP_FIN = 1,
       SONDE_TCP_SYN = 2,
       SONDE_TCP_RST = 4,
       SONDE_TCP_PSH = 8,
       SONDE_TCP_ACK = 16,
       SONDE_TCP_URG = 32,
       SONDE_TCP_ECE = 64,
       SONDE_TCP_CWR = 128,
       SONDE_TCP_AE = 256,
};

enum {			      /* sonde_tuple.has */
       SONDE_TUPLE_PORTS = 1, /* src.port and dst.port: TCP and UDP */
       SONDE_TUPLE_SEQ = 2,   /* seq: TCP, of which 8 bytes suffice */
       SONDE_TUPLE_TCP = 4,   /* ack, flags, window too: the whole TCP header */
       SONDE_TUPLE_ICMP = 8,  /* type and code */
       SONDE_TUPLE_ECHO = 16, /* id: of an ICMP echo, the port of a ping socket */
};

struct sonde_tuple {
	struct sonde_address src, dst; /* port 0 unless SONDE_TUPLE_PORTS; scope 0 */
	uint8_t protocol;	       /* IPPROTO_ number, behind IPv6 extension headers */
	uint8_t fragment;	       /* enum sonde_fragment */
	uint8_t has;		       /* SONDE_TUPLE_ bits: which of the below were there */
	uint8_t type, code;
	uint16_t id;
	uint16_t flags;	 /* SONDE_TCP_ bits */
	uint16_t window; /* unscaled */
	uint32_t seq, ack;
	uint32_t length; /* payload behind the transport header, else behind IP: bytes by the
			  * packet's own account, link padding not counted */
	struct sonde_bytes body; /* of these the captured ones; borrowed from the packet */
};

/* Of the innermost IP packet that is not quoted; false, and *ret untouched, where there is none or
 * its version is wrong. */
bool sonde_packet_tuple(const struct sonde_packet *p, struct sonde_tuple *ret);

/* Of the packet that an ICMP error quotes: src is whom the error is told to, length what is
 * left of the payload in the quote. False where nothing is quoted. */
bool sonde_packet_quoted(const struct sonde_packet *p, struct sonde_tuple *ret);

#endif
