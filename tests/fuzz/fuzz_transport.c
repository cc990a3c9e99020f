/* TCP, UDP, SCTP and what is like them. */
#include "tests/fuzz/packet.h"

static const struct fuzz_start starts[] = {
	{ SONDE_SPACE_ipproto, 6 },   { SONDE_SPACE_ipproto, 17 }, { SONDE_SPACE_ipproto, 132 },
	{ SONDE_SPACE_ipproto, 136 }, { SONDE_SPACE_ipproto, 33 }, { SONDE_SPACE_ipproto, 4 },
	{ SONDE_SPACE_ipproto, 41 },
};

FUZZ_PACKETS(starts)
