/* Answers to probes by ARP and neighbour solicitation. */
#define FUZZ_METHOD SONDE_METHOD_NEIGHBOUR
#include "tests/fuzz/reply.h"
