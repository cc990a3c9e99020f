/* TLS: fuzz_app.h. */
#include "tests/fuzz/fuzz_app.h"

FUZZ_APPS(SONDE_tls)
