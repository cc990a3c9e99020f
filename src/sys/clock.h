#ifndef SONDE_SYS_CLOCK_H
#define SONDE_SYS_CLOCK_H

/* The only place that reads a clock. */

#include "base/time.h"

sonde_ns sonde_clock_now(void);	 /* CLOCK_MONOTONIC */
sonde_ns sonde_clock_real(void); /* CLOCK_REALTIME: since 1970 */

/* CLOCK_REALTIME minus CLOCK_MONOTONIC, ns, right to within half of the shortest of nine windows:
 * tens of nanoseconds on a quiet machine. */
int64_t sonde_clock_offset(void);

#endif
