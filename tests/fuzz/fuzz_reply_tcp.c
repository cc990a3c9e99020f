/* Answers to probes by TCP SYN. */
#include "tests/fuzz/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	return fuzz_reply(SONDE_METHOD_TCP, at, len);
}
