#ifndef SONDE_BASE_TIME_H
#define SONDE_BASE_TIME_H

/* Times are nanoseconds. Which clock they are on is said where they are stored: CLOCK_MONOTONIC in
 * events, nanoseconds since 1970 in capture files. Reading a clock is the business of src/sys. */

#include <stdint.h>

typedef uint64_t sonde_ns;

#define SONDE_MICROSECOND ((sonde_ns)1000)
#define SONDE_MILLISECOND ((sonde_ns)1000000)
#define SONDE_SECOND	  ((sonde_ns)1000000000)

#endif
