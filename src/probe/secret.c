#include "probe/secret.h"

#include <endian.h>
#include <string.h>

#include "base/random.h"

static inline uint64_t rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void mix(uint64_t v[4], unsigned rounds)
{
	while (rounds--) {
		v[0] += v[1];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[0] = rotate(v[0], 32);
		v[2] += v[3];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[2] = rotate(v[2], 32);
	}
}

uint64_t sonde_secret_hash(const struct sonde_secret *s, const void *at, size_t len)
{
	uint64_t v[4] = { s->key[0] ^ 0x736f6d6570736575, s->key[1] ^ 0x646f72616e646f6d,
			  s->key[0] ^ 0x6c7967656e657261, s->key[1] ^ 0x7465646279746573 };
	uint64_t word, last = (uint64_t)len << 56;
	const uint8_t *p = at;
	size_t left = len;

	for (; left >= 8; p += 8, left -= 8) {
		memcpy(&word, p, 8);
		word = le64toh(word);
		v[3] ^= word;
		mix(v, 2);
		v[0] ^= word;
	}
	while (left--)
		last |= (uint64_t)p[left] << 8 * left;
	v[3] ^= last;
	mix(v, 2);
	v[0] ^= last;
	v[2] ^= 0xff;
	mix(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void sonde_secret_fill(uint64_t tag, uint8_t *at, size_t from, size_t len)
{
	for (size_t n; len; at += n, from += n, len -= n) {
		/* the n-th number from tag on */
		uint64_t word = htole64(sonde_random_at(tag + (from / 8 + 1) * SONDE_RANDOM_STEP));

		n = 8 - from % 8 < len ? 8 - from % 8 : len;
		memcpy(at, (const uint8_t *)&word + from % 8, n);
	}
}
