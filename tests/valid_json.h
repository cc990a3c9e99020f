#ifndef SONDE_TESTS_VALID_JSON_H
#define SONDE_TESTS_VALID_JSON_H

/* Whether bytes are one value of JSON, RFC 8259, and nothing else. Written from the grammar and
 * from nothing of src/. */

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const char *valid_value(const char *s, const char *end, unsigned depth);

static const char *valid_string(const char *s, const char *end)
{
	for (s++; s < end && *s != '"'; s++) {
		unsigned char c = (unsigned char)*s;
		unsigned more = c < 0x80 ? 0 : c < 0xc2 ? 9 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;

		if (c < 0x20 || more > 3 || c > 0xf4)
			return NULL;
		if (c == '\\') {
			if (++s == end || !strchr("\"\\/bfnrtu", *s))
				return NULL;
			if (*s == 'u') {
				if (end - s < 5 || strspn(s + 1, "0123456789abcdefABCDEF") < 4)
					return NULL;
				s += 4;
			}
		}
		for (; more; more--)
			if (++s == end || ((unsigned char)*s & 0xc0) != 0x80)
				return NULL;
	}
	return s < end ? s + 1 : NULL;
}

static const char *valid_digits(const char *s, const char *end)
{
	const char *from = s;

	while (s < end && *s >= '0' && *s <= '9')
		s++;
	return s > from ? s : NULL;
}

static const char *valid_number(const char *s, const char *end)
{
	const char *digits;

	s += *s == '-';
	digits = s;
	s = valid_digits(s, end);
	if (!s || (*digits == '0' && s > digits + 1))
		return NULL;
	if (s < end && *s == '.' && !(s = valid_digits(s + 1, end)))
		return NULL;
	if (s < end && (*s == 'e' || *s == 'E')) {
		s++;
		s += s < end && (*s == '+' || *s == '-');
		s = valid_digits(s, end);
	}
	return s;
}

static const char *valid_members(const char *s, const char *end, char close, unsigned depth)
{
	if (++s < end && *s == close)
		return s + 1;
	while (s && s < end) {
		if (close == '}') {
			s = *s == '"' ? valid_string(s, end) : NULL;
			if (!s || s == end || *s++ != ':')
				return NULL;
		}
		s = valid_value(s, end, depth - 1);
		if (s && s < end && *s == close)
			return s + 1;
		if (!s || s == end || *s++ != ',')
			return NULL;
	}
	return NULL;
}

static const char *valid_value(const char *s, const char *end, unsigned depth)
{
	static const char *const words[] = { "true", "false", "null" };

	if (s == end || !depth)
		return NULL;
	if (*s == '{' || *s == '[')
		return valid_members(s, end, *s == '{' ? '}' : ']', depth);
	if (*s == '"')
		return valid_string(s, end);
	for (unsigned i = 0; i < 3; i++) {
		size_t n = strlen(words[i]);

		if ((size_t)(end - s) >= n && !memcmp(s, words[i], n))
			return s + n;
	}
	return valid_number(s, end);
}

static inline bool valid_json(const char *at, size_t len)
{
	return valid_value(at, at + len, 20) == at + len;
}

#endif
