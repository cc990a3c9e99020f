#ifndef SONDE_PACKET_OPTION_H
#define SONDE_PACKET_OPTION_H

/* Options, one after the other: kind, length, data. How far each reaches is the family's business;
 * with a family known when compiling, the walk is as short as one written by hand. */

#include "wire/wire.h"

struct sonde_walk {
	const uint8_t *at, *to; /* what is left; not empty after a walk: an end, or nonsense */
};

struct sonde_option {
	const uint8_t *at;
	uint32_t len; /* with kind and length */
	uint8_t kind;
};

SONDE_INLINE bool sonde_option_next(struct sonde_walk *w, enum sonde_family family,
				    struct sonde_option *o)
{
	const struct sonde_family_info f = sonde_families[family];
	uint32_t left = (uint32_t)(w->to - w->at), len = 1;

	if (!left || *w->at == f.end)
		return false;
	if (*w->at != f.pad) {
		if (left < 2)
			return false;
		len = w->at[1] * (uint32_t)f.unit + f.uncounted;
		if (len < 2 || len > left)
			return false;
	}
	*o = (struct sonde_option){ w->at, len, *w->at };
	w->at += len;
	return true;
}

#endif
