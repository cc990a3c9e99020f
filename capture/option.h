#ifndef SONDE_CAPTURE_OPTION_H
#define SONDE_CAPTURE_OPTION_H

/* Options of pcapng (draft-ietf-opsawg-pcapng section 3.5): code, length, value, zeros up to a
 * multiple of 4. The end mark may be missing, and so may the zeros of the last one. */

#include "base/bytes.h"

struct sonde_option {
	uint16_t code;
	struct sonde_bytes value;
};

/* 1 and the next option, of which rest has nothing left; 0 at the end of them; SONDE_DAMAGED. */
int sonde_option_next(bool swap, struct sonde_bytes *rest, struct sonde_option *ret);

/* The nth (from 0) of this code. */
bool sonde_option_find(bool swap, struct sonde_bytes options, unsigned code, unsigned n,
		       struct sonde_bytes *ret);

#endif
