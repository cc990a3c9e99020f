#ifndef SONDE_BASE_RANDOM_H
#define SONDE_BASE_RANDOM_H

/* SplitMix64, Steele, Lea and Flood: "Fast splittable pseudorandom number generators". The same
 * seed gives the same numbers; for chances and patterns, not for secrets. */

#include "base/bytes.h"

#define SONDE_RANDOM_STEP 0x9e3779b97f4a7c15

/* The number that the generator gives in this state: states are a step apart. */
SONDE_INLINE uint64_t sonde_random_at(uint64_t z)
{
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* The next number; the state begins as the seed. */
SONDE_INLINE uint64_t sonde_random(uint64_t *state)
{
	return sonde_random_at(*state += SONDE_RANDOM_STEP);
}

#endif
