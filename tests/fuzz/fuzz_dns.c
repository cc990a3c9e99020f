/* DNS, over UDP and TCP: fuzz_app.h. */
#include "tests/fuzz/fuzz_app.h"

FUZZ_APPS(SONDE_dns, SONDE_dns_tcp)
