/* Answers to probes by UDP. */
#define FUZZ_METHOD SONDE_METHOD_UDP
#include "tests/fuzz/reply.h"
