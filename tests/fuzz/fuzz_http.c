/* HTTP and SSH, which are lines: fuzz_app.h. */
#include "tests/fuzz/fuzz_app.h"

FUZZ_APPS(SONDE_http, SONDE_ssh)
