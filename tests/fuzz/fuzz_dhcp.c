/* DHCP of both versions: fuzz_app.h. */
#include "tests/fuzz/fuzz_app.h"

FUZZ_APPS(SONDE_dhcp, SONDE_dhcpv6, SONDE_dhcpv6_relay)
