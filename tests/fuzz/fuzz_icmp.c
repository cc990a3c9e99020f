/* ICMP and ICMPv6: errors with what they quote, neighbour discovery, listener discovery. */
#include "tests/fuzz/packet.h"

static const struct fuzz_start starts[] = {
	{ SONDE_SPACE_ipproto, 1 },
	{ SONDE_SPACE_ipproto, 58 },
	{ SONDE_SPACE_ipproto, 4 },
	{ SONDE_SPACE_ipproto, 41 },
};

FUZZ_PACKETS(starts)
