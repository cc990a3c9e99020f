#include "packet/http.h"

#include "packet/teller.h"

enum { METHOD_LEAST = 3, METHOD_MOST = 17, FIELD_NAME_MOST = 14 };

/* Up to the next blank or line end, from at on; len where there is none. */
static uint32_t word_end(const uint8_t *s, uint32_t at, uint32_t len)
{
	while (at < len && s[at] != ' ' && s[at] != '\r' && s[at] != '\n')
		at++;
	return at;
}

static uint32_t line_end(const uint8_t *s, uint32_t at, uint32_t len)
{
	const uint8_t *lf = at < len ? memchr(s + at, '\n', len - at) : NULL;

	return lf ? (uint32_t)(lf - s) : len;
}

static uint32_t without_cr(const uint8_t *s, uint32_t from, uint32_t to)
{
	return to > from && s[to - 1] == '\r' ? to - 1 : to;
}

static bool is_version(const uint8_t *s, uint32_t len)
{
	return len >= 8 && !memcmp(s, "HTTP/1.", 7);
}

/* What is no beginning of a head is the middle of a message as a rule, and long. */
static bool begins_head(const uint8_t *s, uint32_t len)
{
	uint32_t n = 0;

	while (n < len && n <= METHOD_MOST &&
	       ((s[n] >= 'A' && s[n] <= 'Z') || s[n] == '-' || s[n] == '_'))
		n++;
	return is_version(s, len) || (n >= METHOD_LEAST && n < len && s[n] == ' ');
}

bool sonde_http_line(const uint8_t *s, uint32_t len, struct sonde_http_first *ret)
{
	uint32_t lf, end, first, second;

	if (!begins_head(s, len))
		return false;
	lf = line_end(s, 0, len);
	*ret = (struct sonde_http_first){ .whole = lf < len };
	end = without_cr(s, 0, lf);
	ret->len = end;
	first = word_end(s, 0, end);
	ret->word[0] = (struct sonde_bytes){ s, first };
	if (first == end)
		return false;
	ret->answer = is_version(s, len);
	second = word_end(s, first + 1, end);
	ret->word[1] = (struct sonde_bytes){ s + first + 1, second - first - 1 };
	if (second < end)
		ret->word[2] = (struct sonde_bytes){ s + second + 1, end - second - 1 };
	if (ret->answer)
		return ret->word[1].len == 3;
	if (!ret->word[1].len)
		return false;
	return !ret->whole || is_version(ret->word[2].at, (uint32_t)ret->word[2].len);
}

bool sonde_http_is(const struct sonde_range *r)
{
	struct sonde_http_first first;

	return sonde_http_line(r->at, r->len, &first);
}

/* The head of a message ends with an empty line. */
struct sonde_reach sonde_http_reach(const struct sonde_range *r)
{
	uint32_t most = r->len < UINT16_MAX ? r->len : UINT16_MAX;
	struct sonde_reach to = { .head = most, .stop = SONDE_STOP_END };

	for (uint32_t at = 0; at < most;) {
		uint32_t lf = line_end(r->at, at, most);

		if (lf < most && without_cr(r->at, at, lf) == at) {
			to.head = lf + 1;
			return to;
		}
		at = lf + 1;
	}
	if (most == r->len)
		to.stop = r->len < r->all ? SONDE_STOP_TRUNCATED
			  : r->goes_on	  ? SONDE_STOP_MORE
					  : SONDE_STOP_END;
	return to;
}

static void tell_word(struct sonde_teller *t, enum sonde_row_id row, uint32_t at,
		      const uint8_t *message, struct sonde_bytes word)
{
	uint32_t len = (uint32_t)word.len;

	if (len)
		sonde_tell_octets(t, row, at + (uint32_t)(word.at - message), len, word.at, len);
}

/* Digits alone, as many as a length may have; false for anything else. */
static bool read_number(const uint8_t *s, uint32_t len, uint64_t *ret)
{
	*ret = 0;
	for (uint32_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		*ret = *ret * 10 + (s[i] - '0');
	}
	return len > 0 && len <= 18;
}

/* What was told already: a second one is ignored, not believed. */
struct told {
	bool host, length;
};

/* A field line: name, colon, value, RFC 9112 section 5. */
static void tell_field(struct sonde_teller *t, struct told *told, uint32_t at, uint32_t end)
{
	static const char host[] = "host", length[] = "content-length";
	const uint8_t *s = t->p->byte;
	char name[FIELD_NAME_MOST + 1] = "";
	uint32_t n = 0;
	uint64_t v;

	while (n < FIELD_NAME_MOST && at + n < end && s[at + n] != ':') {
		name[n] = (char)(s[at + n] | 0x20);
		n++;
	}
	if (at + n >= end || s[at + n] != ':')
		return;
	at += n + 1;
	while (at < end && (s[at] == ' ' || s[at] == '\t'))
		at++;
	while (end > at && (s[end - 1] == ' ' || s[end - 1] == '\t'))
		end--;
	if (end == at)
		return;
	if (!strcmp(name, host) && !told->host) {
		told->host = true;
		sonde_tell_octets(t, SONDE_ROW_http_host, at, end - at, s + at, end - at);
	} else if (!strcmp(name, length) && !told->length && read_number(s + at, end - at, &v)) {
		told->length = true;
		sonde_tell_number(t, SONDE_ROW_http_length, at, end - at, v);
	}
}

enum sonde_stop sonde_http_tell(struct sonde_teller *t, uint32_t at, uint32_t end)
{
	const uint8_t *s = t->p->byte + at;
	struct sonde_http_first first;
	struct told told = { 0 };
	uint64_t code;

	if (!sonde_http_line(s, end - at, &first))
		return t->out;
	tell_word(t, first.answer ? SONDE_ROW_http_answered : SONDE_ROW_http_method, at, s,
		  first.word[0]);
	if (!first.answer)
		tell_word(t, SONDE_ROW_http_uri, at, s, first.word[1]);
	else if (read_number(first.word[1].at, (uint32_t)first.word[1].len, &code))
		sonde_tell_number(t, SONDE_ROW_http_code, at + (uint32_t)(first.word[1].at - s), 3,
				  code);
	tell_word(t, first.answer ? SONDE_ROW_http_phrase : SONDE_ROW_http_asked, at, s,
		  first.word[2]);
	for (uint32_t from = line_end(s, 0, end - at) + 1; from < end - at;) {
		uint32_t lf = line_end(s, from, end - at);
		uint32_t to = without_cr(s, from, lf);

		if (to == from)
			return SONDE_STOP_END;
		if (lf < end - at) /* the last may be cut anywhere */
			tell_field(t, &told, at + from, at + to);
		from = lf + 1;
	}
	return t->out == SONDE_STOP_MALFORMED ? SONDE_STOP_END : t->out;
}
