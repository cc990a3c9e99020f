#ifndef SONDE_TESTS_PCAPNG_MADE_H
#define SONDE_TESTS_PCAPNG_MADE_H

/* A pcapng being made, number by number, in either byte order. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static uint8_t made[16384];
static size_t made_len;
static bool made_big;

static inline void made_begin(bool big)
{
	made_len = 0;
	made_big = big;
}

static inline void put(unsigned width, uint64_t v)
{
	for (unsigned i = 0; i < width; i++)
		made[made_len++] = (uint8_t)(v >> 8 * (made_big ? width - 1 - i : i));
}

static inline void put_bytes(const void *at, size_t n)
{
	memcpy(made + made_len, at, n);
	made_len += n;
	while (made_len % 4)
		made[made_len++] = 0;
}

static inline size_t block(uint32_t type)
{
	put(4, type);
	put(4, 0);
	return made_len - 8;
}

static inline void block_end(size_t at)
{
	uint32_t size = (uint32_t)(made_len - at) + 4;
	size_t end;

	put(4, size);
	end = made_len;
	made_len = at + 4;
	put(4, size);
	made_len = end;
}

static inline void option(unsigned code, const void *at, size_t n)
{
	put(2, code);
	put(2, n);
	put_bytes(at, n);
}

/* Of n numbers of width bytes. */
static inline void option_numbers(unsigned code, unsigned width, unsigned n, const uint64_t *v)
{
	put(2, code);
	put(2, (uint64_t)width * n);
	for (unsigned i = 0; i < n; i++)
		put(width, v[i]);
}

static inline void section(void)
{
	size_t at = block(0x0a0d0d0a);

	put(4, 0x1a2b3c4d);
	put(2, 1);
	put(2, 0);
	put(8, UINT64_MAX);
	option(1, "a section", 9);
	put(4, 0);
	block_end(at);
}

static inline size_t interface_begin(unsigned link, unsigned snaplen)
{
	size_t at = block(1);

	put(2, link);
	put(2, 0);
	put(4, snaplen);
	return at;
}

static inline size_t packet_begin(unsigned interface, uint64_t t, const char *bytes)
{
	size_t at = block(6);

	put(4, interface);
	put(4, t >> 32);
	put(4, t & UINT32_MAX);
	put(4, strlen(bytes));
	put(4, strlen(bytes) + 100);
	put_bytes(bytes, strlen(bytes));
	return at;
}

#endif
