#ifndef SONDE_TESTS_CAPTURES_H
#define SONDE_TESTS_CAPTURES_H

/* Capture files in memory, for the suites of capture/. */

#include <check.h>
#include <string.h>
#include <sys/types.h>

#include "capture/reader.h"

/* A file that comes in pieces of at most step bytes (0: as many as are asked for). */
struct memory {
	const uint8_t *at;
	size_t len, step;
};

static inline ssize_t memory_pull(void *arg, void *buf, size_t len)
{
	struct memory *m = arg;

	len = len < m->len ? len : m->len;
	len = m->step && m->step < len ? m->step : len;
	if (len)
		memcpy(buf, m->at, len);
	m->at += len;
	m->len -= len;
	return (ssize_t)len;
}

static inline struct sonde_reader *memory_reader(struct memory *m)
{
	struct sonde_reader *r;

	ck_assert_int_eq(sonde_reader_open(&r, memory_pull, m), 0);
	return r;
}

/* How the file ends, and how many items come before that. */
static inline int memory_end(const void *at, size_t len, unsigned *ret_items, uint64_t *ret_block)
{
	struct memory m = { at, len, 0 };
	struct sonde_reader *r = memory_reader(&m);
	struct sonde_item item;
	int k;

	*ret_items = 0;
	while ((k = sonde_reader_next(r, &item)) > 0)
		++*ret_items;
	*ret_block = sonde_reader_block(r);
	sonde_reader_close(r);
	return k;
}

#endif
