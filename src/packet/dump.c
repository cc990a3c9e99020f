#include "packet/dump.h"

enum { ROW = 16, HEX_COLUMNS = 40 };

static bool graphic(uint8_t c)
{
	return c > 0x20 && c < 0x7f;
}

static char *hex_row(char *o, size_t at, const uint8_t *byte, size_t n, bool ascii)
{
	char *from;

	o = SONDE_PUT_LIT(o, "\t0x");
	for (unsigned shift = at > 0xffff ? 24 : 8;; shift -= 8) {
		memcpy(o, &sonde_text_tables.hex2[2 * (at >> shift & 255)], 2);
		o += 2;
		if (!shift)
			break;
	}
	o = SONDE_PUT_LIT(o, ": ");
	from = o;
	for (size_t i = 0; i < n; i++) {
		if (i % 2 == 0)
			*o++ = ' ';
		memcpy(o, &sonde_text_tables.hex2[2 * byte[i]], 2);
		o += 2;
	}
	if (ascii) {
		memset(o, ' ', (size_t)(from + HEX_COLUMNS + 2 - o));
		o = from + HEX_COLUMNS + 2;
		for (size_t i = 0; i < n; i++)
			*o++ = graphic(byte[i]) ? (char)byte[i] : '.';
	}
	*o++ = '\n';
	return o;
}

/* Line ends stay, or the text would not be readable; a carriage return before one goes. */
static char *text_row(char *o, const uint8_t *byte, size_t n, const uint8_t *end)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t c = byte[i];

		if (c == '\r' && byte + i + 1 < end && byte[i + 1] == '\n')
			continue;
		*o++ = graphic(c) || c == ' ' || c == '\t' || c == '\n' ? (char)c : '.';
	}
	return o;
}

void sonde_dump(struct sonde_text *t, enum sonde_dump form, struct sonde_bytes bytes)
{
	for (size_t at = 0; at < bytes.len && form; at += ROW) {
		size_t n = bytes.len - at < ROW ? bytes.len - at : ROW;
		char *o = sonde_text_room(t, 128);

		o = form == SONDE_DUMP_ASCII
			    ? text_row(o, bytes.at + at, n, bytes.at + bytes.len)
			    : hex_row(o, at, bytes.at + at, n, form == SONDE_DUMP_HEX_ASCII);
		sonde_text_end(t, o);
	}
	if (form == SONDE_DUMP_ASCII)
		sonde_text_str(t, "\n");
}
