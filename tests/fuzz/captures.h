#ifndef SONDE_TESTS_FUZZ_CAPTURES_H
#define SONDE_TESTS_FUZZ_CAPTURES_H

/* Bytes as a capture file, for the targets that read one. */
#include <stdlib.h>

#include "base/reason.h"
#include "capture/reader.h"

struct input {
	const uint8_t *at;
	size_t len;
};

static inline ssize_t input_pull(void *arg, void *buf, size_t len)
{
	struct input *in = arg;

	len = len < in->len ? len : in->len;
	if (len)
		memcpy(buf, in->at, len);
	in->at += len;
	in->len -= len;
	return (ssize_t)len;
}

static inline struct sonde_reader *input_reader(struct input *in)
{
	struct sonde_reader *r;

	if (sonde_reader_open(&r, input_pull, in) < 0)
		abort();
	return r;
}

static volatile unsigned input_sum; /* so that every byte is truly read */

static inline void touch(struct sonde_bytes b)
{
	unsigned s = 0;

	for (size_t i = 0; i < b.len; i++)
		s += b.at[i];
	input_sum += s;
}

static inline int is_end(int k)
{
	return k == 0 || k == SONDE_CUT || k == SONDE_DAMAGED || k == SONDE_NOT_CAPTURE ||
	       k == SONDE_UNSUPPORTED || k == SONDE_DAMAGED_COMPRESSION || k == SONDE_NO_GZIP ||
	       k == SONDE_NO_ZSTD;
}

#endif
