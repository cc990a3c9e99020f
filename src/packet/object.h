#ifndef SONDE_PACKET_OBJECT_H
#define SONDE_PACKET_OBJECT_H

/* Objects of ICMP extensions whose parts follow one another as a type says: the interface that an
 * error is about (RFC 5837 section 4), and the one that is asked about (RFC 8335 section 2.1). */

#include "packet/teller.h"

/* The object lies between these bytes of the packet, its fixed rows already told. What is not all
 * there is not told. */
void sonde_interface_tell(struct sonde_teller *t, uint32_t at, uint32_t end);
void sonde_ident_tell(struct sonde_teller *t, uint32_t at, uint32_t end);

#endif
