#ifndef SONDE_PROBE_EXTENSION_H
#define SONDE_PROBE_EXTENSION_H

/* What a router adds to an ICMP error: the labels the packet had when it came in (RFC 4950), and
 * the interface it came in by (RFC 5837), in an extension structure behind the quote (RFC 4884). It
 * lies where the length field of the error says, or behind 128 bytes where an older router says
 * nothing. What contradicts itself is named, and nothing of it is believed. */

#include "base/address.h"
#include "base/text.h"
#include "packet/packet.h"

enum {
	SONDE_EXTENSION_LABELS = 16,
	SONDE_EXTENSION_INTERFACES = 4, /* one of each role */
	SONDE_EXTENSION_OTHERS = 4,
	SONDE_EXTENSION_NAME = 63, /* bytes; RFC 5837 section 4.3 */
	SONDE_EXTENSION_DATA = 32,
};

enum sonde_extension_is {
	SONDE_EXTENSION_NONE,
	SONDE_EXTENSION_GOOD,
	SONDE_EXTENSION_CUT,	 /* the capture ends before it does */
	SONDE_EXTENSION_SUM,	 /* its checksum is wrong */
	SONDE_EXTENSION_VERSION, /* there is something, but of no version that is known */
	SONDE_EXTENSION_LIES,	 /* a length or a flag contradicts the bytes around it */
};

struct sonde_extension_label { /* RFC 4950 section 3 */
	uint32_t label;
	uint8_t tc;  /* traffic class, the former experimental bits */
	bool bottom; /* of the stack */
	uint8_t ttl;
};

enum sonde_extension_role { /* RFC 5837 section 4 */
			    SONDE_EXTENSION_CAME_IN,
			    SONDE_EXTENSION_PART_OF_IT,
			    SONDE_EXTENSION_GOES_OUT,
			    SONDE_EXTENSION_NEXT_HOP,
};

struct sonde_extension_interface {
	uint8_t role; /* enum sonde_extension_role */
	bool has_index, has_mtu;
	uint8_t name_len; /* 0: not told */
	uint32_t index, mtu;
	struct sonde_address address;	 /* family 0: not told */
	char name[SONDE_EXTENSION_NAME]; /* as it came, without NUL: to be escaped */
};

struct sonde_extension_other { /* an object that nobody here knows */
	uint8_t class, type;
	uint16_t len; /* bytes; the first ones are in data */
	uint8_t data[SONDE_EXTENSION_DATA];
};

struct sonde_extension {
	uint8_t is;						    /* enum sonde_extension_is */
	uint8_t labels, interfaces, others;			    /* what there is of each */
	bool more;						    /* than has room here */
	struct sonde_extension_label label[SONDE_EXTENSION_LABELS]; /* the outermost first */
	struct sonde_extension_interface interface[SONDE_EXTENSION_INTERFACES];
	struct sonde_extension_other other[SONDE_EXTENSION_OTHERS];
};

/* Of an ICMP or ICMPv6 error, decoded from its own or an outer header on; of anything else,
 * SONDE_EXTENSION_NONE. Keeps nothing of p. Never fails. */
void sonde_extension_read(struct sonde_extension *ret, const struct sonde_packet *p);

/* "<MPLS:L=16001,E=0,S=0,T=1/L=16002,E=0,S=1,T=1;INC:7,10.0.0.1,"xe-0",mtu=1500>", as by
 * `traceroute -e`: objects in angle brackets, escaped; those that nobody knows as class/type:hex.
 * Nothing where there is none, and a phrase in the brackets where it is not good. At most some
 * 2,000 bytes. */
void sonde_extension_print(struct sonde_text *t, const struct sonde_extension *e);

/* A phrase for an enum sonde_extension_is. Static. */
const char *sonde_extension_text(unsigned is);

#endif
