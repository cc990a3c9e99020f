#ifndef SONDE_PACKET_LOOKUP_H
#define SONDE_PACKET_LOOKUP_H

/* The names that people write, and what they stand for: `tcp.dstport`, its alias `tcp.dport`,
 * `tcp.port` for either, `tcp` for the header, and the columns of a record that is told beside the
 * packet, such as `frame.len`. */

#include "base/record.h"
#include "wire/wire.h"

enum { SONDE_LOOKUP_ROWS = 32 };

struct sonde_lookup {
	uint16_t
		row[SONDE_LOOKUP_ROWS]; /* every row of that name: several protocols may share it */
	unsigned rows;
	enum sonde_shape shape;		   /* or the header, option or element, else SONDE_NONE */
	const struct sonde_column *column; /* or the column of beside; borrowed, else NULL */
};

/* len bytes at name. beside may be NULL. False where nothing is called that. */
bool sonde_lookup(struct sonde_lookup *ret, const char *name, size_t len,
		  const struct sonde_schema *beside);

/* What was probably meant: the name with the fewest letters added, left out or changed. NULL where
 * none is near. Static, or borrowed from beside. */
const char *sonde_lookup_nearest(const char *name, size_t len, const struct sonde_schema *beside);

#endif
