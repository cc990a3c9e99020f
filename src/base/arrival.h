#ifndef SONDE_BASE_ARRIVAL_H
#define SONDE_BASE_ARRIVAL_H

/* What came to a measurement from outside: an answer, the kernel's word on when a probe left, or
 * that it did not leave at all. A measurement hears nothing else (base/step.h is the way out). */

#include "base/address.h"
#include "base/bytes.h"
#include "base/time.h"

enum sonde_arrival_is {
	SONDE_ARRIVAL_PACKET = 1, /* from the network. byte, begins, from, ttl */
	SONDE_ARRIVAL_ERROR,   /* an ICMP error that the kernel matched to our socket: from is who
				* sent it, to whom the probe went to, type, code, mtu; byte is what
				* it quotes of the probe */
	SONDE_ARRIVAL_SENT,    /* stamp: when the probe of this token left for the device */
	SONDE_ARRIVAL_REFUSED, /* the probe of this token did not leave: error, mtu */
	SONDE_ARRIVAL_QUEUED,  /* stamp: when the probe of this token came to the device's queue */
};

enum sonde_arrival_begins { /* what byte begins with */
			    SONDE_BEGINS_IP,
			    SONDE_BEGINS_ICMP, /* or ICMPv6; of an ERROR, the header of ours that it
						  quotes */
			    SONDE_BEGINS_TCP,
			    SONDE_BEGINS_ARP,
			    SONDE_BEGINS_BODY, /* payload of UDP, whose ports the kernel has matched
						*/
			    SONDE_BEGINS_UDP,
};

struct sonde_arrival {
	uint8_t is;	    /* enum sonde_arrival_is */
	uint8_t begins;	    /* enum sonde_arrival_begins */
	uint8_t type, code; /* ERROR: of the ICMP or ICMPv6 header */
	int16_t ttl;	    /* hops left; -1: not known. Of BEGINS_IP it stands in byte */
	bool checked;	    /* the kernel has verified the checksum */
	uint32_t token;	    /* QUEUED, SENT, REFUSED: of the step that asked */
	uint32_t mtu;	    /* ERROR: of the next hop; REFUSED: of the first link, which it did not
			     * fit into; 0: not told */
	int error;	    /* REFUSED: errno, above 0 */
	sonde_ns now;	    /* CLOCK_MONOTONIC as it was read from the kernel */
	sonde_ns real;	    /* CLOCK_REALTIME at the same moment */
	sonde_ns stamp;	    /* CLOCK_REALTIME, taken by the kernel when it happened; 0: none */
	struct sonde_address from, to;
	struct sonde_bytes byte; /* borrowed until the measurement has heard it */
};

#endif
