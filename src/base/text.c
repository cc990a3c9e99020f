#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/reason.h"

void sonde_text_init(struct sonde_text *t, char *buf, size_t cap, sonde_text_sink sink, void *arg)
{
	*t = (struct sonde_text){ .at = buf, .cap = cap, .sink = sink, .arg = arg };
}

int sonde_text_flush(struct sonde_text *t)
{
	if (t->len && !t->error && t->sink) {
		int r = t->sink(t->arg, t->at, t->len);

		if (r < 0)
			t->error = r;
		else
			t->total += t->len;
	}
	if (t->sink || t->error)
		t->len = 0;
	return t->error;
}

void sonde_text_make_room(struct sonde_text *t)
{
	if (!t->sink && !t->error)
		t->error = SONDE_NO_SPACE;
	sonde_text_flush(t);
}

void sonde_text_bytes(struct sonde_text *t, const void *at, size_t len)
{
	const char *from = at;
	size_t most = t->cap - SONDE_TEXT_SLACK;

	for (size_t part; len; from += part, len -= part) {
		char *o = sonde_text_room(t, part = len < most ? len : most);

		memcpy(o, from, part);
		sonde_text_end(t, o + part);
	}
}

void sonde_text_str(struct sonde_text *t, const char *s)
{
	sonde_text_bytes(t, s, strlen(s));
}

void sonde_text_print(struct sonde_text *t, const char *fmt, ...)
{
	char line[1024];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(line, sizeof line, fmt, args);
	va_end(args);
	if (n > 0)
		sonde_text_bytes(t, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

unsigned sonde_text_char(const void *at, size_t len, uint32_t *ret_point)
{
	const uint8_t *s = at;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned n = s[0] < 0x80       ? 1
		     : s[0] >> 5 == 6  ? 2
		     : s[0] >> 4 == 14 ? 3
		     : s[0] >> 3 == 30 ? 4
				       : 0;
	uint32_t c;

	if (!n || n > len)
		return 0;
	c = n == 1 ? s[0] : s[0] & (0xffu >> (n + 1));
	for (unsigned i = 1; i < n; i++) {
		if (s[i] >> 6 != 2)
			return 0;
		c = c << 6 | (s[i] & 63);
	}
	if (n > 1 && (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)))
		return 0;
	*ret_point = c;
	return n;
}

bool sonde_text_harmless(uint32_t c)
{
	return c >= 0x20 && !(c >= 0x7f && c < 0xa0) && c != 0x61c &&
	       !(c >= 0x200b && c <= 0x200f) && !(c >= 0x2028 && c <= 0x202e) &&
	       !(c >= 0x2060 && c <= 0x206f) && c != 0xfeff && !(c >= 0xe0000 && c <= 0xe0fff);
}

void sonde_text_escape(struct sonde_text *t, const void *at, size_t len)
{
	const uint8_t *s = at;

	while (len) {
		uint32_t c = 0;
		unsigned n = sonde_text_char(s, len, &c);
		char *o = sonde_text_room(t, 16);

		if (n && c != '\\' && sonde_text_harmless(c)) {
			memcpy(o, s, n);
			o += n;
		} else {
			n = n ? n : 1;
			for (unsigned i = 0; i < n; i++) {
				o = SONDE_PUT_LIT(o, "\\x");
				memcpy(o, &sonde_text_tables.hex2[2 * s[i]], 2);
				o += 2;
			}
		}
		sonde_text_end(t, o);
		s += n;
		len -= n;
	}
}

static char *put_u16(char *o, uint32_t v)
{
	o = SONDE_PUT_LIT(o, "\\u");
	memcpy(o, &sonde_text_tables.hex2[v >> 8 << 1], 2);
	memcpy(o + 2, &sonde_text_tables.hex2[(v & 255) << 1], 2);
	return o + 4;
}

/* One character that cannot stand as it is, or can only because it is harmless UTF-8. */
static char *put_special(char *o, const uint8_t *s, unsigned n, uint32_t c)
{
	if (!n) {
		o = SONDE_PUT_LIT(o, "\\\\x");
		memcpy(o, &sonde_text_tables.hex2[*s << 1], 2);
		return o + 2;
	}
	if (c == '"' || c == '\\') {
		*o++ = '\\';
		*o++ = (char)c;
		return o;
	}
	if (sonde_text_harmless(c)) {
		memcpy(o, s, n);
		return o + n;
	}
	if (c == '\n')
		return SONDE_PUT_LIT(o, "\\n");
	if (c == '\t')
		return SONDE_PUT_LIT(o, "\\t");
	if (c < 0x10000)
		return put_u16(o, c);
	o = put_u16(o, 0xd800 + ((c - 0x10000) >> 10)); /* a surrogate pair, RFC 8259 section 7 */
	return put_u16(o, 0xdc00 + ((c - 0x10000) & 0x3ff));
}

void sonde_text_json(struct sonde_text *t, const void *at, size_t len)
{
	const uint8_t *s = at, *end = s + len;
	char *o = SONDE_PUT_LIT(sonde_text_room(t, 1), "\"");

	for (sonde_text_end(t, o); s < end; sonde_text_end(t, o)) {
		uint64_t eight = sonde_text_eight(at, s, end);
		unsigned n = sonde_text_plain(eight);
		uint32_t c = 0;

		o = sonde_text_room(t, 16);
		if (n) {
			sonde_put_eight(o, eight);
			o += n;
		} else {
			n = sonde_text_char(s, (size_t)(end - s), &c);
			o = put_special(o, s, n, c);
			n = n ? n : 1;
		}
		s += n;
	}
	sonde_text_end(t, SONDE_PUT_LIT(sonde_text_room(t, 1), "\""));
}

size_t sonde_text_columns(const char *at, size_t len)
{
	const uint8_t *s = (const uint8_t *)at;
	size_t columns = 0;

	while (len) {
		uint32_t c = 0;
		unsigned n = sonde_text_char(s, len, &c);
		bool combining = c >= 0x300 && c < 0x370;
		bool wide = (c >= 0x1100 && c < 0x1160) || (c >= 0x2e80 && c < 0xa4d0) ||
			    (c >= 0xac00 && c < 0xd7a4) || (c >= 0xf900 && c < 0xfb00) ||
			    (c >= 0xfe30 && c < 0xfe70) || (c >= 0xff00 && c < 0xff61) ||
			    (c >= 0x1f300 && c < 0x1fb00);

		n = n ? n : 1;
		columns += combining ? 0 : wide ? 2 : 1;
		s += n;
		len -= n;
	}
	return columns;
}

/* Tables written by the preprocessor, so that they are constants. */
#define DIGIT(n, by) (char)('0' + (n) / (by) % 10)
#define O(n)                                                                                       \
	(n) > 99  ? DIGIT(n, 100)                                                                  \
	: (n) > 9 ? DIGIT(n, 10)                                                                   \
		  : DIGIT(n, 1),                                                                   \
		(n) > 99  ? DIGIT(n, 10)                                                           \
		: (n) > 9 ? DIGIT(n, 1)                                                            \
			  : '.',                                                                   \
		(n) > 99  ? DIGIT(n, 1)                                                            \
		: (n) > 9 ? '.'                                                                    \
			  : 0,                                                                     \
		(n) > 99 ? '.' : 0
#define L(n)		(n) > 99 ? 4 : (n) > 9 ? 3 : 2
#define X1(n)		(char)((n) < 10 ? '0' + (n) : 'a' + (n)-10)
#define X(n)		X1((n) / 16), X1((n) % 16)
#define FOUR(F, n)	F(n), F(n + 1), F(n + 2), F(n + 3)
#define SIXTEEN(F, n)	FOUR(F, n), FOUR(F, n + 4), FOUR(F, n + 8), FOUR(F, n + 12)
#define SIXTYFOUR(F, n) SIXTEEN(F, n), SIXTEEN(F, n + 16), SIXTEEN(F, n + 32), SIXTEEN(F, n + 48)
#define ALL(F)		SIXTYFOUR(F, 0), SIXTYFOUR(F, 64), SIXTYFOUR(F, 128), SIXTYFOUR(F, 192)
#define OCTET(n)                                                                                   \
	{                                                                                          \
		O(n)                                                                               \
	}

const struct sonde_text_tables sonde_text_tables = {
	.octet = { ALL(OCTET) },
	.octet_len = { ALL(L) },
	.hex2 = { ALL(X) },
};

/* The eight decimal digits of v < 100000000, one a byte, first digit in the lowest byte. */
static inline uint64_t digits8(uint32_t v)
{
	uint64_t x = v / 10000 | (uint64_t)(v % 10000) << 32, hi;

	hi = (x * 10486 >> 20) & 0x0000007f0000007f;
	x = hi | (x - hi * 100) << 16;
	hi = (x * 103 >> 10) & 0x000f000f000f000f;
	return hi | (x - hi * 10) << 8;
}

char *sonde_put_eight_digits(char *o, uint32_t v)
{
	return sonde_put_eight(o, digits8(v) | 0x3030303030303030);
}

/* Below 100. */
static inline char *two_digits(char *o, uint32_t v)
{
	static const char pairs[200] = "0 1 2 3 4 5 6 7 8 9 10111213141516171819"
				       "2021222324252627282930313233343536373839"
				       "4041424344454647484950515253545556575859"
				       "6061626364656667686970717273747576777879"
				       "8081828384858687888990919293949596979899";

	memcpy(o, &pairs[2 * v], 2);
	return o + 1 + (v > 9);
}

char *sonde_put_dec(char *o, uint64_t v)
{
	uint64_t x;
	unsigned skip;

	if (v < 100)
		return two_digits(o, (uint32_t)v);
	if (v >= 100000000) {
		o = v < 10000000000 ? two_digits(o, (uint32_t)(v / 100000000))
				    : sonde_put_dec(o, v / 100000000);
		return sonde_put_eight_digits(o, (uint32_t)(v % 100000000));
	}
	x = digits8((uint32_t)v);
	skip = (unsigned)__builtin_ctzll(x | 1ULL << 56) & ~7u;
	x = htole64((x | 0x3030303030303030) >> skip);
	memcpy(o, &x, 8);
	return o + 8 - skip / 8;
}

char *sonde_put_int(char *o, int64_t v)
{
	if (v < 0)
		*o++ = '-';
	return sonde_put_dec(o, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

char *sonde_put_dec_padded(char *o, uint64_t v, unsigned digits)
{
	uint64_t x;

	if (digits > 8) {
		o = sonde_put_dec_padded(o, v / 100000000, digits - 8);
		digits = 8;
	}
	x = htole64((digits8((uint32_t)(v % 100000000)) | 0x3030303030303030) >> (8 - digits) * 8);
	memcpy(o, &x, 8);
	return o + digits;
}

char *sonde_put_hex(char *o, uint64_t v)
{
	unsigned n = v ? (67 - (unsigned)__builtin_clzll(v)) / 4 : 1;

	for (unsigned i = n; i--; v >>= 4)
		o[i] = "0123456789abcdef"[v & 15];
	return o + n;
}

/* "255." */
static inline char *octet_dot(char *o, uint8_t v)
{
	memcpy(o, sonde_text_tables.octet[v], 4);
	return o + sonde_text_tables.octet_len[v];
}

char *sonde_put_ip4(char *o, const uint8_t a[4])
{
	o = octet_dot(octet_dot(o, a[0]), a[1]);
	return octet_dot(octet_dot(o, a[2]), a[3]) - 1;
}

/* "ff:" */
static inline void hex_colon(char *o, uint8_t v)
{
	memcpy(o, &sonde_text_tables.hex2[2 * v], 2);
	o[2] = ':';
}

char *sonde_put_mac(char *o, const uint8_t a[6])
{
	hex_colon(o, a[0]);
	hex_colon(o + 3, a[1]);
	hex_colon(o + 6, a[2]);
	hex_colon(o + 9, a[3]);
	hex_colon(o + 12, a[4]);
	hex_colon(o + 15, a[5]);
	return o + 17;
}

/* One word in hex without leading zeros: all four digits, the first ones shifted out. */
static inline char *hex_word(char *o, const uint8_t w[2])
{
	unsigned skip = w[0] ? w[0] < 16 : 2 + (w[1] < 16);
	uint16_t high, low;
	uint32_t four;

	memcpy(&high, &sonde_text_tables.hex2[2 * w[0]], 2);
	memcpy(&low, &sonde_text_tables.hex2[2 * w[1]], 2);
	four = htole32((le16toh(high) | (uint32_t)le16toh(low) << 16) >> 8 * skip);
	memcpy(o, &four, 4);
	return o + 4 - skip;
}

/* Bit i: word i of these four is zero. A word's high bit is left where nothing carries into it; the
 * multiplication gathers the four. */
static inline unsigned zero_words(const uint8_t a[8])
{
	const uint64_t low = 0x7fff7fff7fff7fff;
	uint64_t v;

	memcpy(&v, a, 8);
	v = le64toh(v);
	v = ~(((v & low) + low) | v | low) >> 15;
	return (unsigned)(v * 0x0001000200040008 >> 48) & 15;
}

/* The longest run of zero words, two or more, the first of equals, becomes "::". */
char *sonde_put_ip6(char *o, const uint8_t a[16])
{
	unsigned zero = zero_words(a) | zero_words(a + 8) << 4, from = 8, to = 8;

	if (zero & zero >> 1) {
		unsigned run = zero, more, len = 1;

		while ((more = run & zero >> len)) /* runs longer than len begin at these */
			run = more, len++;
		from = (unsigned)__builtin_ctz(run);
		to = from + len;
		if (from == 0 && len == 5 && a[10] == 0xff && a[11] == 0xff)
			return sonde_put_ip4(SONDE_PUT_LIT(o, "::ffff:"), a + 12);
	}
	for (unsigned i = 0; i < from; i++, *o++ = ':')
		o = hex_word(o, a + 2 * i);
	if (from == 0)
		*o++ = ':';
	if (from < 8)
		*o++ = ':';
	if (from < 8 && to == 8)
		return o;
	for (unsigned i = to; i < 8; i++, *o++ = ':')
		o = hex_word(o, a + 2 * i);
	return o - 1;
}

char *sonde_put_address(char *o, const struct sonde_address *a)
{
	if (a->family == 2 /* AF_INET */) {
		if (sonde_address_is_any(a))
			*o++ = '*';
		else
			o = sonde_put_ip4(o, a->ip);
	} else {
		*o++ = '[';
		o = sonde_put_ip6(o, a->ip);
		if (a->scope) {
			*o++ = '%';
			o = sonde_put_dec(o, a->scope);
		}
		*o++ = ']';
	}
	*o++ = ':';
	return sonde_put_dec(o, a->port);
}
