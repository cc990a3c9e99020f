/* Answers to probes by TCP ACK. */
#define FUZZ_METHOD SONDE_METHOD_ACK
#include "tests/fuzz/reply.h"
