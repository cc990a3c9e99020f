/* Answers to probes by ARP and neighbour solicitation. */
#include "tests/fuzz/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	return fuzz_reply(SONDE_METHOD_NEIGHBOUR, at, len);
}
