#ifndef SONDE_PACKET_TELLER_H
#define SONDE_PACKET_TELLER_H

/* For the readers of applications: how a protocol's own file tells the fields it finds. A reader
 * is named in the rows, READER(dns), and is
 *
 *	enum sonde_stop sonde_dns_tell(struct sonde_teller *t, uint32_t at, uint32_t end);
 *
 * for a layer that lies between those bytes of the packet, its fixed rows already told. */

#include "packet/field.h"

struct sonde_teller {
	const struct sonde_packet *p;
	sonde_field_hear hear;
	void *arg;
	enum sonde_stop out; /* what it means when the bytes of the layer run out: malformed, or the
			      * capture or the segment ends there */
	struct sonde_field f;
};

/* Fields of the rows that have a place, of the shape that begins at byte at; its REST ends at end.
 */
void sonde_tell_rows(struct sonde_teller *t, enum sonde_shape shape, uint32_t at, uint32_t end);

/* A field that was found in the len bytes from at. */
void sonde_tell_number(struct sonde_teller *t, enum sonde_row_id row, uint32_t at, uint32_t len,
		       uint64_t number);
void sonde_tell_octets(struct sonde_teller *t, enum sonde_row_id row, uint32_t at, uint32_t len,
		       const void *octets, uint32_t octets_len);

/* An element; is, layer are filled in. */
void sonde_tell_open(struct sonde_teller *t, struct sonde_field f);
void sonde_tell_close(struct sonde_teller *t);

#define READER(p)                                                                                  \
	enum sonde_stop sonde_##p##_tell(struct sonde_teller *t, uint32_t at, uint32_t end);
#include "wire/pass.h"

#endif
