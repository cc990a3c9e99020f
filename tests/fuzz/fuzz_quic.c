/* QUIC and NTP: fuzz_app.h. */
#include "tests/fuzz/fuzz_app.h"

FUZZ_APPS(SONDE_quic, SONDE_ntp, SONDE_ntp_control)
