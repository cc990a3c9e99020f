#ifndef SONDE_PACKET_VALUE_H
#define SONDE_PACKET_VALUE_H

#include "base/text.h"
#include "packet/field.h"

/* The value of a field as people read it: 80, 0x0800, 10.0.0.1, 00:1b:21:00:00:01, true. Octets
 * without a form of their own are hex pairs, text is escaped, times are seconds since 1970. */
void sonde_value_print(struct sonde_text *t, const struct sonde_field *f);

#endif
