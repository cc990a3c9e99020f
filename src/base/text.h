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

/* A place for n bytes and the slack; n must be below cap - SONDE_TEXT_SLACK. Flushes where needed.
 */
char *sonde_text_room(struct sonde_text *t, size_t n);

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
char *sonde_put_int(char *o, int64_t v);
char *sonde_put_dec_padded(char *o, uint64_t v, unsigned digits); /* with zeros, exactly so many */
char *sonde_put_hex(char *o, uint64_t v);			  /* no prefix, no leading zeros */
char *sonde_put_ip4(char *o, const uint8_t a[4]);
char *sonde_put_ip6(char *o, const uint8_t a[16]); /* RFC 5952 section 4 */
char *sonde_put_mac(char *o, const uint8_t a[6]);

/* "10.0.0.1:80", "[fe80::1%3]:80"; "*:80" for the any address of IPv4, "[::]:80" for IPv6's. */
char *sonde_put_address(char *o, const struct sonde_address *a);

#endif
