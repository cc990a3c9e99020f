/* Answers to probes by ICMP echo. */
#define FUZZ_METHOD SONDE_METHOD_ICMP
#include "tests/fuzz/reply.h"
