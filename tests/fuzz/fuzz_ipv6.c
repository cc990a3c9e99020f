/* IPv6 and its extension headers. */
#include "tests/fuzz/packet.h"

static const struct fuzz_start starts[] = {
	{ SONDE_SPACE_ipproto, 41 },  { SONDE_SPACE_ipproto, 0 },  { SONDE_SPACE_ipproto, 43 },
	{ SONDE_SPACE_ipproto, 44 },  { SONDE_SPACE_ipproto, 60 }, { SONDE_SPACE_ipproto, 51 },
	{ SONDE_SPACE_ipproto, 135 },
};

FUZZ_PACKETS(starts)
