#ifndef SONDE_RUN_PROBEPACKET_H
#define SONDE_RUN_PROBEPACKET_H

/* What a socket of a measurement was given or gave, as the packet that it was on the wire: the
 * headers that the kernel keeps to itself are written from what it told beside. What it did not
 * tell is 0 there: an identification, an unknown address; 64 hops where it said nothing of them. */

#include "base/arrival.h"
#include "probe/method.h"

enum { SONDE_PROBEPACKET_MOST = 1 << 17 };

struct sonde_probepacket {
	const struct sonde_method_look *look;
	struct sonde_address here, there; /* family 0: not known */
	int hops, tos;			  /* of what is sent; -1: the kernel's own */
};

/* A probe, from the header behind that of IP on. Into buf, of SONDE_PROBEPACKET_MOST bytes; returns
 * the length, or SONDE_NO_SPACE. */
int sonde_probepacket_sent(const struct sonde_probepacket *p, struct sonde_bytes probe,
			   uint8_t *buf);

/* An arrival that is PACKET or ERROR; `there` is not used. *ret_skip: where its own bytes begin. */
int sonde_probepacket_came(const struct sonde_probepacket *p, const struct sonde_arrival *a,
			   uint8_t *buf, uint32_t *ret_skip);

/* Where a probe to that target goes: to itself, or to its solicited-node multicast address. */
struct sonde_address sonde_probepacket_goes(const struct sonde_method_look *look,
					    const struct sonde_address *to);

/* Whether probes of that version are ARP, which has no header of IP. */
bool sonde_probepacket_is_arp(const struct sonde_method_look *look, uint16_t family);

#endif
