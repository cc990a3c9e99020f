#ifndef SONDE_BASE_BYTES_H
#define SONDE_BASE_BYTES_H

/* Borrowed bytes, and numbers inside byte arrays. Nothing here needs alignment, and nothing
 * depends on the machine's own byte order. */

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SONDE_INLINE static inline __attribute__((always_inline))

struct sonde_bytes {
	const uint8_t *at; /* borrowed; may be NULL where len is 0 */
	size_t len;
};

/* A field of a header is read through one window of 1, 2, 4 or 8 bytes that ends with the
 * field's last byte, or begins with the header where that is too far back: one load, one swap, one
 * shift, one mask. Positions count bits from the start of the header.
 *
 *   ipv6.flow: bit 12, 20 bits    |....|....:....|....:....:....:....|
 *   window: 4 bytes from byte 0   '----------------------------------'
 */
#define SONDE_SPAN(at, bits) (((at) % 8 + (bits) + 7) / 8)
#define SONDE_WIDTH(at, bits)                                                                      \
	(SONDE_SPAN(at, bits) > 4 ? 8 : SONDE_SPAN(at, bits) > 2 ? 4 : SONDE_SPAN(at, bits))
#define SONDE_TO(at, bits) (((at) + (bits) + 7) / 8)
#define SONDE_FROM(at, bits)                                                                       \
	(SONDE_TO(at, bits) < SONDE_WIDTH(at, bits) ? 0                                            \
						    : SONDE_TO(at, bits) - SONDE_WIDTH(at, bits))
#define SONDE_SHIFT(at, bits) (8 * (SONDE_FROM(at, bits) + SONDE_WIDTH(at, bits)) - (at) - (bits))
#define SONDE_MASK(bits)      (~0ULL >> (64 - (bits)))

/* The unsigned type that fits so many bits, as a type name. */
#define SONDE_UINT(bits)                                                                           \
	__typeof__(__builtin_choose_expr(                                                          \
		(bits) <= 8, (uint8_t)0,                                                           \
		__builtin_choose_expr(                                                             \
			(bits) <= 16, (uint16_t)0,                                                 \
			__builtin_choose_expr((bits) <= 32, (uint32_t)0, (uint64_t)0))))

/* Big-endian (network order) number of width 1, 2, 4 or 8 bytes. */
SONDE_INLINE uint64_t sonde_load(const uint8_t *at, unsigned width)
{
	uint16_t h;
	uint32_t w;
	uint64_t d;

	switch (width) {
	case 1: return *at;
	case 2: memcpy(&h, at, 2); return be16toh(h);
	case 4: memcpy(&w, at, 4); return be32toh(w);
	default: memcpy(&d, at, 8); return be64toh(d);
	}
}

SONDE_INLINE void sonde_store(uint8_t *at, unsigned width, uint64_t v)
{
	uint16_t h = htobe16((uint16_t)v);
	uint32_t w = htobe32((uint32_t)v);
	uint64_t d = htobe64(v);

	switch (width) {
	case 1: *at = (uint8_t)v; break;
	case 2: memcpy(at, &h, 2); break;
	case 4: memcpy(at, &w, 4); break;
	default: memcpy(at, &d, 8); break;
	}
}

SONDE_INLINE uint64_t sonde_get(const uint8_t *h, unsigned at, unsigned bits)
{
	return sonde_load(h + SONDE_FROM(at, bits), SONDE_WIDTH(at, bits)) >>
		       SONDE_SHIFT(at, bits) &
	       SONDE_MASK(bits);
}

SONDE_INLINE void sonde_put(uint8_t *h, unsigned at, unsigned bits, uint64_t v)
{
	unsigned width = SONDE_WIDTH(at, bits), shift = SONDE_SHIFT(at, bits);
	uint8_t *w = h + SONDE_FROM(at, bits);

	sonde_store(w, width,
		    (sonde_load(w, width) & ~(SONDE_MASK(bits) << shift)) | (v & SONDE_MASK(bits))
										    << shift);
}

#endif
