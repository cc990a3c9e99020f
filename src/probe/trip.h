#ifndef SONDE_PROBE_TRIP_H
#define SONDE_PROBE_TRIP_H

/* A round trip, from the best two times that are known of it. */

#include "base/arrival.h"
#include "probe/flight.h"

enum sonde_trip_clock {			      /* whose times it is made of */
			SONDE_TRIP_KERNEL,    /* both of the kernel's stamps */
			SONDE_TRIP_KERNEL_RX, /* ours before sending, the kernel's of the arrival */
			SONDE_TRIP_KERNEL_TX, /* the kernel's of sending, ours when it was read */
			SONDE_TRIP_USER
};

struct sonde_trip {
	sonde_ns rtt;
	sonde_ns uncertainty; /* by how much it may be off; SONDE_ABSENT: not known */
	sonde_ns wake;	      /* from the arrival until it was read; SONDE_ABSENT: not known */
	uint8_t clock;	      /* enum sonde_trip_clock */
};

/* Of a probe and what answers it. False: the arrival's stamp could not be so, and was not used. */
bool sonde_trip_measure(struct sonde_trip *t, const struct sonde_wall *w,
			const struct sonde_probe *probe, const struct sonde_arrival *a);

/* "kernel", "kernel-rx", "kernel-tx" or "user". Static. */
const char *sonde_trip_word(uint8_t clock);

/* Of several, a bit for each: the one, or "mixed"; NULL: none. */
const char *sonde_trip_words(uint8_t clocks);

#endif
