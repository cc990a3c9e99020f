/* IP in something in IP: GRE, IP in IP, AH, ESP; VXLAN, Geneve and the like behind UDP. */
#include "tests/fuzz/packet.h"

static const struct fuzz_start starts[] = {
	{ SONDE_SPACE_ipproto, 47 }, { SONDE_SPACE_ipproto, 4 },  { SONDE_SPACE_ipproto, 41 },
	{ SONDE_SPACE_ipproto, 51 }, { SONDE_SPACE_ipproto, 50 }, { SONDE_SPACE_ipproto, 17 },
};

FUZZ_PACKETS(starts)
