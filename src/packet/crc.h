#ifndef SONDE_PACKET_CRC_H
#define SONDE_PACKET_CRC_H

/* CRC32c as SCTP has it, RFC 9260 appendix A: reflected, the polynomial 0x1edc6f41, and its bytes
 * on the wire from the lowest on. */

#include "base/bytes.h"

/* A running value, which begins as UINT32_MAX, over len more bytes: four bits at a time, which is
 * enough for the packets that have such a sum. */
static inline uint32_t sonde_crc32c(uint32_t crc, const uint8_t *at, uint32_t len)
{
	static const uint32_t nibble[16] = {
		0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
		0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
		0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
	};

	for (; len; len--) {
		crc ^= *at++;
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
	return crc;
}

/* The field of a packet over which the running value is this, in host order. */
static inline uint32_t sonde_crc32c_end(uint32_t crc)
{
	return __builtin_bswap32(~crc);
}

#endif
