/* Answers to probes by TCP SYN. */
#define FUZZ_METHOD SONDE_METHOD_TCP
#include "tests/fuzz/reply.h"
