#ifndef SONDE_BASE_TEXT_H
#define SONDE_BASE_TEXT_H

/* Text on its way out: one large buffer in front of a sink. Nothing here allocates per line, and
 * nothing is formatted twice.
 *
 *   char *o = sonde_text_room(t, 64);		at least 64 bytes are free at o
 *   o = sonde_put_dec(o, port);		writers return where they ended
 *   sonde_text_end(t, o);
 *
 * A writer may scribble up to SONDE_TEXT_SLACK bytes past its end; room counts that in.
 */

#include "base/address.h"
#include "base/bytes.h"

enum { SONDE_TEXT_SLACK = 64 };

/* Takes all of it or returns -errno; called with whole buffers. */
typedef int (*sonde_text_sink)(void *arg, const char *at, size_t len);

struct sonde_text {
	char *at; /* borrowed buffer of cap bytes */
	size_t len, cap;
	sonde_text_sink sink; /* NULL: what does not fit is dropped and error says so */
	void *arg;
	uint64_t total; /* bytes given to the sink */
	int error;	/* first failure, -errno or SONDE_NO_SPACE; text after it is dropped */
};

void sonde_text_init(struct sonde_text *t, char *buf, size_t cap, sonde_text_sink sink, void *arg);

/* Where there is no room: to the sink, or the failure. */
void sonde_text_make_room(struct sonde_text *t);

/* A place for n bytes and the slack; n must be below cap - SONDE_TEXT_SLACK. Flushes where needed.
 */
SONDE_INLINE char *sonde_text_room(struct sonde_text *t, size_t n)
{
	if (__builtin_expect(t->cap - t->len < n + SONDE_TEXT_SLACK, 0))
		sonde_text_make_room(t);
	return t->at + t->len;
}

SONDE_INLINE void sonde_text_end(struct sonde_text *t, const char *end)
{
	t->len = (size_t)(end - t->at);
}

/* To the sink; returns t->error. */
int sonde_text_flush(struct sonde_text *t);

void sonde_text_str(struct sonde_text *t, const char *s);
void sonde_text_bytes(struct sonde_text *t, const void *at, size_t len);
/* For what is printed once, not once a packet. At most 1,000 bytes. */
__attribute__((format(printf, 2, 3))) void sonde_text_print(struct sonde_text *t, const char *fmt,
							    ...);

/* Bytes from elsewhere made harmless: printable ASCII and well-formed UTF-8 without control and
 * bidirectional characters pass, all else is \xNN, the backslash itself too. */
void sonde_text_escape(struct sonde_text *t, const void *at, size_t len);

/* The same as a string of JSON, quotes and all (RFC 8259 section 7): always well-formed UTF-8. A
 * byte that is not becomes the four characters \xNN, so the backslash is doubled in the JSON text,
 * and a character that a terminal would obey becomes \u00NN. */
void sonde_text_json(struct sonde_text *t, const void *at, size_t len);

/* Most text is plain: printable ASCII without quote and backslash, which nobody escapes. Writers go
 * through it eight bytes at a time: the next ones of a text, the first one lowest, zeros behind its
 * end; and how many of them are plain before one is not. */
SONDE_INLINE uint64_t sonde_text_eight(const uint8_t *text, const uint8_t *at, const uint8_t *end)
{
	size_t left = (size_t)(end - at);
	uint64_t v = 0;

	if (left >= 8) {
		memcpy(&v, at, 8);
		return le64toh(v);
	}
	if (end - text >= 8) {
		memcpy(&v, end - 8, 8);
		return le64toh(v) >> 8 * (8 - left);
	}
	for (size_t i = 0; i < left; i++)
		v |= (uint64_t)at[i] << 8 * i;
	return v;
}

SONDE_INLINE unsigned sonde_text_plain(uint64_t eight)
{
	const uint64_t ones = 0x0101010101010101, high = 0x80 * ones;
	uint64_t quote = eight ^ '"' * ones, slash = eight ^ '\\' * ones;
	/* The first odd byte gets the high bit or has it; carries make of later ones what they may.
	 */
	uint64_t odd =
		(eight | (eight - ' ' * ones) | (eight + ones) | (quote - ones) | (slash - ones)) &
		high;

	return odd ? (unsigned)__builtin_ctzll(odd) / 8 : 8;
}

SONDE_INLINE char *sonde_put_eight(char *o, uint64_t eight)
{
	eight = htole64(eight);
	memcpy(o, &eight, 8);
	return o + 8;
}

/* Length of the well-formed UTF-8 character at the start (RFC 3629 section 4) with its code point;
 * 0 where there is none. len is at least 1. */
unsigned sonde_text_char(const void *at, size_t len, uint32_t *ret_point);

/* Whether a terminal shows this character and does nothing else with it. The backslash is no
 * harm, but is escaped where \xNN is, so that it can be undone. */
bool sonde_text_harmless(uint32_t point);

/* Columns that a terminal gives to these bytes; wide and combining characters counted as such. */
size_t sonde_text_columns(const char *at, size_t len);

/* Writers of values. o has room (above); each returns the end of what it wrote. */

extern const struct sonde_text_tables {
	char octet[256][4];	/* "0." .. "255." */
	uint8_t octet_len[256]; /* with the dot */
	char hex2[512];		/* "00" .. "ff" */
} sonde_text_tables;

#define SONDE_PUT_LIT(o, s) (memcpy(o, s, sizeof(s) - 1), (o) + sizeof(s) - 1)

SONDE_INLINE char *sonde_put_str(char *o, const char *s)
{
	size_t n = strlen(s);

	memcpy(o, s, n);
	return o + n;
}

char *sonde_put_dec(char *o, uint64_t v);
/* The same of a small one, where that is known when compiling. */
SONDE_INLINE char *sonde_put_octet(char *o, uint8_t v)
{
	memcpy(o, sonde_text_tables.octet[v], 4);
	return o + sonde_text_tables.octet_len[v] - 1;
}
char *sonde_put_int(char *o, int64_t v);
char *sonde_put_dec_padded(char *o, uint64_t v, unsigned digits); /* with zeros, exactly so many */
char *sonde_put_eight_digits(char *o, uint32_t v);		  /* the same of v < 100000000 */
char *sonde_put_hex(char *o, uint64_t v);			  /* no prefix, no leading zeros */
char *sonde_put_ip4(char *o, const uint8_t a[4]);
char *sonde_put_ip6(char *o, const uint8_t a[16]); /* RFC 5952 section 4 */
char *sonde_put_mac(char *o, const uint8_t a[6]);

/* "10.0.0.1:80", "[fe80::1%3]:80"; "*:80" for the any address of IPv4, "[::]:80" for IPv6's. */
char *sonde_put_address(char *o, const struct sonde_address *a);

#endif
