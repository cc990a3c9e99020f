#ifndef SONDE_TESTS_FUZZ_FUZZ_H
#define SONDE_TESTS_FUZZ_FUZZ_H

/* What the fuzz targets share. A broken promise ends the program. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

/* A target that has one of these mends what the engine did with an input, so that more of its
 * inputs get past the first lengths and sums. most: bytes that there is room for. */
size_t LLVMFuzzerCustomMutator(uint8_t *at, size_t len, size_t most, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *at, size_t len, size_t most); /* the engine's own */

#define stop_unless(promise)                                                                       \
	do {                                                                                       \
		if (!(promise)) {                                                                  \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #promise);      \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* Text for people: nothing in it that a terminal obeys. */
static inline void stop_unless_harmless(const char *at, size_t len, bool lines)
{
	for (size_t i = 0; i < len; i++)
		stop_unless(((uint8_t)at[i] >= 0x20 && at[i] != 0x7f) || (lines && at[i] == '\n') ||
			    (lines && at[i] == '\t'));
}

/* An input as a program: a step after the other, zeros where it has ended. */
struct steps {
	const uint8_t *at;
	size_t len;
};

static inline unsigned next_byte(struct steps *s)
{
	if (!s->len)
		return 0;
	s->len--;
	return *s->at++;
}

static inline unsigned next_short(struct steps *s)
{
	unsigned high = next_byte(s) << 8;

	return high | next_byte(s);
}

#endif
