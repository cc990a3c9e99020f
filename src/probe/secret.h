#ifndef SONDE_PROBE_SECRET_H
#define SONDE_PROBE_SECRET_H

/* What only this run knows: a key, and what follows from it for every probe. Somebody who sees no
 * probe cannot make an answer. */

#include <stddef.h>
#include <stdint.h>

struct sonde_secret {
	uint64_t key[2]; /* random, from whoever starts the run */
};

/* SipHash-2-4 of len bytes (Aumasson and Bernstein, 2012). */
uint64_t sonde_secret_hash(const struct sonde_secret *s, const void *at, size_t len);

/* len bytes that follow from tag, for the rest of a payload: not secret to whoever has seen tag,
 * but not to be guessed without. `from` is the place of the first one in the sequence. */
void sonde_secret_fill(uint64_t tag, uint8_t *at, size_t from, size_t len);

#endif
