#ifndef SONDE_CAPTURE_BLOCK_H
#define SONDE_CAPTURE_BLOCK_H

/* Blocks of pcapng on their way out, in this machine's byte order. A block that fits into the
 * buffer begins with begin and ends with end, which fills in its length; o is where the writer
 * stands. */

#include "base/text.h"
#include "capture/pcapng.h"

enum { SONDE_BLOCK_MOST = 24 << 10 }; /* bytes between begin and end */

static inline char *sonde_block_put16(char *o, uint16_t v)
{
	memcpy(o, &v, 2);
	return o + 2;
}

static inline char *sonde_block_put32(char *o, uint32_t v)
{
	memcpy(o, &v, 4);
	return o + 4;
}

static inline char *sonde_block_put64(char *o, uint64_t v)
{
	memcpy(o, &v, 8);
	return o + 8;
}

static inline char *sonde_block_time(char *o, uint64_t t)
{
	return sonde_block_put32(sonde_block_put32(o, (uint32_t)(t >> 32)), (uint32_t)t);
}

static inline char *sonde_block_option(char *o, uint16_t code, const void *at, size_t len)
{
	o = sonde_block_put16(sonde_block_put16(o, code), (uint16_t)len);
	memset(o + (len & ~(size_t)3), 0, 4); /* what fills up the last word */
	if (len)
		memcpy(o, at, len);
	return o + ((len + 3) & ~(size_t)3);
}

static inline char *sonde_block_string(char *o, uint16_t code, const char *s)
{
	return sonde_block_option(o, code, s, strlen(s));
}

static inline char *sonde_block_count(char *o, uint16_t code, uint64_t v)
{
	return sonde_block_option(o, code, &v, 8);
}

static inline char *sonde_block_begin(struct sonde_text *t, uint32_t type, char **ret_block)
{
	*ret_block = sonde_text_room(t, SONDE_BLOCK_MOST);
	return sonde_block_put32(*ret_block, type) + 4;
}

static inline void sonde_block_end(struct sonde_text *t, char *block, char *o)
{
	uint32_t len = (uint32_t)(o - block) + 4;

	sonde_block_put32(block + 4, len);
	sonde_text_end(t, sonde_block_put32(o, len));
}

#endif
