#ifndef SONDE_BASE_DATE_H
#define SONDE_BASE_DATE_H

/* A moment as RFC 3339 writes it, in UTC: 2026-01-31T14:03:59.123456789Z. */

#include <stdbool.h>
#include <stdint.h>

enum { SONDE_DATE_MAX = 40 }; /* bytes */

/* ns since 1970, or before that where it is negative. Returns the end of what was written at o. */
char *sonde_date_put(char *o, int64_t ns);

/* The same back; the time, or its fraction, or the seconds may be missing. False where it is no
 * such thing or beyond what 64 bits hold. */
bool sonde_date_parse(const char *text, int64_t *ret_ns);

#endif
