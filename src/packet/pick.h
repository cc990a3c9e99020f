#ifndef SONDE_PACKET_PICK_H
#define SONDE_PACKET_PICK_H

/* The values that a packet has under one name (lookup.h): of every layer and element, in order. */

#include "packet/field.h"
#include "packet/lookup.h"

/* Tells each of them as a VALUE. Of a name that is a header, an element or a record's column,
 * nothing. */
void sonde_pick_each(const struct sonde_lookup *l, const struct sonde_packet *p,
		     sonde_field_hear hear, void *arg);

#endif
