#ifndef SONDE_PROBE_WISH_H
#define SONDE_PROBE_WISH_H

/* What somebody who watches a measurement asks of it while it runs. */

#include <stdint.h>

enum sonde_wish_is {
	SONDE_WISH_RESET = 1, /* nothing has been counted yet; probes that are out are dropped */
	SONDE_WISH_PAUSE,     /* no more probes */
	SONDE_WISH_RESUME,
	SONDE_WISH_INTERVAL, /* between the beginnings of two rounds from now on: value, ns */
};

struct sonde_wish {
	uint8_t is; /* enum sonde_wish_is */
	uint64_t value;
};

#endif
