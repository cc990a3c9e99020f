/* IPv4, its options, and the control and routing protocols on it. */
#include "tests/fuzz/packet.h"

static const struct fuzz_start starts[] = {
	{ SONDE_SPACE_ipproto, 4 },  { SONDE_SPACE_ipproto, 1 },   { SONDE_SPACE_ipproto, 2 },
	{ SONDE_SPACE_ipproto, 89 }, { SONDE_SPACE_ipproto, 103 }, { SONDE_SPACE_ipproto, 112 },
};

FUZZ_PACKETS(starts)
