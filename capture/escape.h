#ifndef SONDE_CAPTURE_ESCAPE_H
#define SONDE_CAPTURE_ESCAPE_H

/* Any bytes as one printable word and back: \xNN stands for the backslash and for every byte
 * outside [least, 0x7e], where least is 0x21, or 0x20 if the word may hold spaces. */

#include <sys/types.h>

#include "base/text.h"

SONDE_INLINE size_t sonde_escape_len(const uint8_t *at, size_t len, uint8_t least)
{
	size_t n = len;

	for (size_t i = 0; i < len; i++)
		n += at[i] < least || at[i] > 0x7e || at[i] == '\\' ? 3 : 0;
	return n;
}

/* o has room for four times len. */
SONDE_INLINE char *sonde_escape_put(char *o, const uint8_t *at, size_t len, uint8_t least)
{
	for (size_t i = 0; i < len; i++) {
		if (at[i] >= least && at[i] <= 0x7e && at[i] != '\\') {
			*o++ = (char)at[i];
			continue;
		}
		memcpy(o, "\\x", 2);
		memcpy(o + 2, &sonde_text_tables.hex2[2 * at[i]], 2);
		o += 4;
	}
	return o;
}

SONDE_INLINE int sonde_escape_digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place. The length there is then, or -1 where a backslash begins no escape. */
SONDE_INLINE ssize_t sonde_escape_undo(uint8_t *at, size_t len)
{
	uint8_t *o = at;

	for (size_t i = 0; i < len; i++) {
		if (at[i] != '\\') {
			*o++ = at[i];
			continue;
		}
		int hi = len - i > 3 ? sonde_escape_digit(at[i + 2]) : -1;
		int lo = len - i > 3 ? sonde_escape_digit(at[i + 3]) : -1;

		if (hi < 0 || lo < 0 || at[i + 1] != 'x')
			return -1;
		*o++ = (uint8_t)(hi << 4 | lo);
		i += 3;
	}
	return o - at;
}

#endif
