#ifndef SONDE_BASE_STEP_H
#define SONDE_BASE_STEP_H

/* What a measurement wants next. Its answers come as arrivals (base/arrival.h). */

#include "base/address.h"
#include "base/bytes.h"
#include "base/time.h"

enum sonde_step_is {
	SONDE_STEP_SEND = 1, /* byte to this address */
	SONDE_STEP_WAIT,     /* until this time, or an arrival */
	SONDE_STEP_TELL,     /* record; its type is the measurement's to say */
	SONDE_STEP_DONE,
};

struct sonde_step {
	uint8_t is;			/* enum sonde_step_is */
	uint8_t ttl;			/* SEND: hops; 0: as the socket has it */
	uint32_t label;			/* SEND: flow label of IPv6; 0: the kernel's own */
	uint32_t token;			/* SEND: comes back with SENT and REFUSED */
	sonde_ns until;			/* WAIT: CLOCK_MONOTONIC */
	const struct sonde_address *to; /* SEND; all of these are borrowed until the next step */
	struct sonde_bytes byte;	/* SEND: from the header behind that of IP on */
	const void *record;		/* TELL */
};

#endif
