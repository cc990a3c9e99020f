#include "run/trait.h"

#include "base/reason.h"

static uint64_t load(const struct sonde_trait *m, const void *from)
{
	const void *at = (const char *)from + m->at;
	bool minus = m->form == SONDE_TRAIT_INT;
	uint64_t v = 0;

	switch (m->size) {
	case 1: return minus ? (uint64_t) * (const int8_t *)at : *(const uint8_t *)at;
	case 2: return minus ? (uint64_t) * (const int16_t *)at : *(const uint16_t *)at;
	case 4: return minus ? (uint64_t) * (const int32_t *)at : *(const uint32_t *)at;
	default: memcpy(&v, at, sizeof v); return v;
	}
}

static void store(const struct sonde_trait *m, void *to, uint64_t v)
{
	void *at = (char *)to + m->at;

	switch (m->size) {
	case 1: *(uint8_t *)at = (uint8_t)v; break;
	case 2: *(uint16_t *)at = (uint16_t)v; break;
	case 4: *(uint32_t *)at = (uint32_t)v; break;
	default: memcpy(at, &v, sizeof v);
	}
}

static char *put_hex(char *o, const uint8_t *at, size_t len)
{
	for (size_t i = 0; i < len; i++, o += 2)
		memcpy(o, sonde_text_tables.hex2 + 2 * at[i], 2);
	return o;
}

static bool is_zero(const struct sonde_trait *m, const void *from)
{
	static const uint8_t zero[16];

	return !memcmp((const char *)from + m->at, zero, m->size);
}

char *sonde_traits_put(char *o, const struct sonde_trait *table, const void *from)
{
	for (const struct sonde_trait *m = table; m->name; m++) {
		if (is_zero(m, from))
			continue;
		*o++ = ' ';
		o = sonde_put_str(o, m->name);
		*o++ = '=';
		if (m->form == SONDE_TRAIT_HEX)
			o = put_hex(o, (const uint8_t *)from + m->at, m->size);
		else if (m->form == SONDE_TRAIT_INT)
			o = sonde_put_int(o, (int64_t)load(m, from));
		else
			o = sonde_put_dec(o, load(m, from));
	}
	return o;
}

/* The next word and its value; false: none is left, or what is left is no word. */
static bool next(struct sonde_bytes *words, struct sonde_bytes *name, struct sonde_bytes *value)
{
	const uint8_t *at = words->at, *end = at + words->len, *equals, *stop;

	while (at < end && *at == ' ')
		at++;
	if (at == end || !(equals = memchr(at, '=', (size_t)(end - at))))
		return false;
	stop = memchr(equals, ' ', (size_t)(end - equals));
	stop = stop ? stop : end;
	*name = (struct sonde_bytes){ at, (size_t)(equals - at) };
	*value = (struct sonde_bytes){ equals + 1, (size_t)(stop - equals - 1) };
	*words = (struct sonde_bytes){ stop, (size_t)(end - stop) };
	return true;
}

static bool is(struct sonde_bytes b, const char *name)
{
	return b.len == strlen(name) && !memcmp(b.at, name, b.len);
}

static bool get_number(const struct sonde_trait *m, struct sonde_bytes text, void *to)
{
	bool minus = m->form == SONDE_TRAIT_INT && text.len && *text.at == '-';
	unsigned bits = m->form == SONDE_TRAIT_BOOL ? 1 : 8u * m->size;
	uint64_t v = 0, most = UINT64_MAX >> (64 - bits);

	most = m->form == SONDE_TRAIT_INT ? most / 2 + minus : most;
	if (text.len == minus)
		return false;
	for (size_t i = minus; i < text.len; i++) {
		unsigned digit = text.at[i] - (unsigned)'0';

		if (digit > 9 || __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, digit, &v) || v > most)
			return false;
	}
	store(m, to, minus ? 0 - v : v);
	return true;
}

static int digit_of(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool get_hex(const struct sonde_trait *m, struct sonde_bytes text, void *to)
{
	uint8_t *at = (uint8_t *)to + m->at;

	if (text.len != 2u * m->size)
		return false;
	for (size_t i = 0; i < m->size; i++) {
		int high = digit_of(text.at[2 * i]), low = digit_of(text.at[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		at[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

int sonde_traits_get(struct sonde_bytes words, const struct sonde_trait *table, void *to)
{
	struct sonde_bytes name, value;

	while (next(&words, &name, &value))
		for (const struct sonde_trait *m = table; m->name; m++)
			if (is(name, m->name) &&
			    !(m->form == SONDE_TRAIT_HEX ? get_hex(m, value, to)
							 : get_number(m, value, to)))
				return SONDE_DAMAGED;
	return 0;
}

struct sonde_bytes sonde_traits_rest(struct sonde_bytes words, const char *name)
{
	const uint8_t *end = words.at + words.len;
	struct sonde_bytes key, value;

	while (next(&words, &key, &value))
		if (is(key, name))
			return (struct sonde_bytes){ value.at, (size_t)(end - value.at) };
	return (struct sonde_bytes){ 0 };
}
