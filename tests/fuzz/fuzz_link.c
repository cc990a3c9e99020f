/* Link layers, by the LINKTYPE_ number of a capture; 999 is nobody's. */
#include "tests/fuzz/packet.h"

static const struct fuzz_start starts[] = {
	{ SONDE_SPACE_linktype, 1 },   { SONDE_SPACE_linktype, 0 },   { SONDE_SPACE_linktype, 12 },
	{ SONDE_SPACE_linktype, 14 },  { SONDE_SPACE_linktype, 101 }, { SONDE_SPACE_linktype, 108 },
	{ SONDE_SPACE_linktype, 228 }, { SONDE_SPACE_linktype, 229 }, { SONDE_SPACE_linktype, 113 },
	{ SONDE_SPACE_linktype, 276 }, { SONDE_SPACE_linktype, 9 },   { SONDE_SPACE_linktype, 50 },
	{ SONDE_SPACE_linktype, 51 },  { SONDE_SPACE_linktype, 105 }, { SONDE_SPACE_linktype, 127 },
	{ SONDE_SPACE_linktype, 999 },
};

FUZZ_PACKETS(starts)
