/* What may stand between Ethernet and IP: tags, labels, PPPoE, ARP. */
#include "tests/fuzz/packet.h"

static const struct fuzz_start starts[] = {
	{ SONDE_SPACE_ethertype, 0x8100 }, { SONDE_SPACE_ethertype, 0x88a8 },
	{ SONDE_SPACE_ethertype, 0x8847 }, { SONDE_SPACE_ethertype, 0x8863 },
	{ SONDE_SPACE_ethertype, 0x8864 }, { SONDE_SPACE_ethertype, 0x0806 },
	{ SONDE_SPACE_ethertype, 0x88cc }, { SONDE_SPACE_ethertype, 0x880b },
};

FUZZ_PACKETS(starts)
