#ifndef SONDE_PACKET_SUM_H
#define SONDE_PACKET_SUM_H

/* The Internet checksum, RFC 1071. A running sum is exact: 32-bit words as they lie in memory,
 * added in 64 bits, never folded. So a field can be taken out of it again (see derive.c), and
 * nothing is zeroed, copied or written to compute or to check one. */

#include "base/bytes.h"

/* len may be odd; at need not be aligned; good for 16 GiB. */
static inline uint64_t sonde_sum(const uint8_t *at, uint32_t len)
{
	uint64_t a = 0, b = 0, two[2];
	uint32_t word = 0;

	for (; len >= 16; at += 16, len -= 16) {
		memcpy(two, at, 16);
		a += (two[0] & 0xffffffff) + (two[0] >> 32);
		b += (two[1] & 0xffffffff) + (two[1] >> 32);
	}
	for (; len >= 4; at += 4, len -= 4) {
		memcpy(&word, at, 4);
		a += word;
	}
	word = 0;
	memcpy(&word, at, len);
	return a + b + word;
}

/* The 16-bit field at an even offset of what was summed, as it stands in the sum. */
static inline uint64_t sonde_sum_field(const uint8_t *h, uint32_t offset)
{
	uint16_t half[2] = {0, 0};
	uint32_t word;

	memcpy(&half[offset / 2 % 2], h + offset, 2);
	memcpy(&word, half, 4);
	return word;
}

/* What a checksum field over such a sum ought to hold, in host order. */
static inline uint16_t sonde_sum_end(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return be16toh((uint16_t)~sum);
}

#endif
