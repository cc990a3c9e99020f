#include "packet/http.h"

#include "packet/teller.h"

enum { METHOD_LEAST = 3, METHOD_MOST = 17 };
enum { VERSION = 8 }; /* bytes of "HTTP/1.1" */

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
	return len >= VERSION && !memcmp(s, "HTTP/1.", 7);
}

/* Bytes of what may be a method, RFC 9110 section 9.1: those of IANA's registry are of capitals and
 * hyphens. What does not begin so is the middle of a message as a rule, and long. */
static uint32_t method_len(const uint8_t *s, uint32_t len)
{
	uint32_t n = 0;

	while (n < len && n <= METHOD_MOST &&
	       ((s[n] >= 'A' && s[n] <= 'Z') || s[n] == '-' || s[n] == '_'))
		n++;
	return n >= METHOD_LEAST && n <= METHOD_MOST && n < len && s[n] == ' ' ? n : 0;
}

/* "HTTP/1.1 404 Not Found" */
static bool read_answer(const uint8_t *s, uint32_t end, struct sonde_http_first *ret)
{
	if (end < VERSION + 4 || s[VERSION] != ' ' || (end > VERSION + 4 && s[VERSION + 4] != ' '))
		return false;
	ret->answer = true;
	ret->word[0] = (struct sonde_bytes){ s, VERSION };
	ret->word[1] = (struct sonde_bytes){ s + VERSION + 1, 3 };
	if (end > VERSION + 5)
		ret->word[2] = (struct sonde_bytes){ s + VERSION + 5, end - VERSION - 5 };
	return true;
}

/* "GET /index.html HTTP/1.1"; of one that was cut, what there is of it. */
static bool read_request(const uint8_t *s, uint32_t method, uint32_t end,
			 struct sonde_http_first *ret)
{
	uint32_t from = method + 1, to = end;
	const uint8_t *blank;

	if (from >= end)
		return false;
	if (ret->whole) {
		if (end < from + 1 + 1 + VERSION || s[end - VERSION - 1] != ' ' ||
		    !is_version(s + end - VERSION, VERSION))
			return false;
		to = end - VERSION - 1;
		ret->word[2] = (struct sonde_bytes){ s + end - VERSION, VERSION };
	} else if ((blank = memchr(s + from, ' ', end - from))) {
		to = (uint32_t)(blank - s);
		ret->word[2] = (struct sonde_bytes){ blank + 1, end - to - 1 };
	}
	ret->word[0] = (struct sonde_bytes){ s, method };
	ret->word[1] = (struct sonde_bytes){ s + from, to - from };
	return true;
}

bool sonde_http_line(const uint8_t *s, uint32_t len, struct sonde_http_first *ret)
{
	bool answer = is_version(s, len);
	uint32_t method = answer ? 0 : method_len(s, len), lf;

	if (!answer && !method)
		return false;
	lf = line_end(s, 0, len);
	*ret = (struct sonde_http_first){ .whole = lf < len };
	ret->len = without_cr(s, 0, lf);
	return answer ? read_answer(s, ret->len, ret) : read_request(s, method, ret->len, ret);
}

uint32_t sonde_http_line_len(const uint8_t *s, uint32_t len)
{
	return without_cr(s, 0, line_end(s, 0, len));
}

bool sonde_http_is(const struct sonde_range *r)
{
	struct sonde_http_first first;

	return sonde_http_line(r->at, r->len, &first);
}

/* Bytes of an empty line with its end, if that is what stands here; else 0. */
static uint32_t empty_line(const uint8_t *s, uint32_t len)
{
	if (len && s[0] == '\n')
		return 1;
	return len > 1 && s[0] == '\r' && s[1] == '\n' ? 2 : 0;
}

typedef uint8_t sixteen __attribute__((vector_size(16)));

/* Which of the first sixteen bytes here, of seventeen, may end a line before an empty one: the
 * number of the first, or 16. Most of the work on a message is to look for the end of its head. */
static unsigned may_end(const uint8_t *s)
{
	sixteen at, next;
	uint64_t found[2];

	memcpy(&at, s, 16);
	memcpy(&next, s + 1, 16);
	at = (sixteen)((at == '\n') & ((next == '\n') | (next == '\r')));
	memcpy(found, &at, 16);
	return found[0]	  ? (unsigned)__builtin_ctzll(le64toh(found[0])) / 8
	       : found[1] ? 8 + (unsigned)__builtin_ctzll(le64toh(found[1])) / 8
			  : 16;
}

/* Bytes of the head of a message, which ends with an empty line; 0: that is not here. */
static uint32_t head_len(const uint8_t *s, uint32_t len)
{
	uint32_t empty = empty_line(s, len), at = 0;

	while (at < len && !empty) {
		unsigned n = len - at > 16 ? may_end(s + at) : s[at] != '\n';

		at += n;
		if (n == 16 || at == len || s[at] != '\n')
			continue;
		at++;
		empty = empty_line(s + at, len - at);
	}
	return empty ? at + empty : 0;
}

struct sonde_reach sonde_http_reach(const struct sonde_range *r)
{
	uint32_t most = r->len < UINT16_MAX ? r->len : UINT16_MAX;
	uint32_t head = head_len(r->at, most);
	struct sonde_reach to = { .head = head ? head : most, .stop = SONDE_STOP_END };

	if (head)
		return to;
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

/* Whether a field line has this name, in whatever case, and a colon behind it. */
SONDE_INLINE bool is_named(const uint8_t *s, uint32_t len, const char *name)
{
	uint32_t n = (uint32_t)strlen(name);

	if (len <= n || s[n] != ':')
		return false;
	for (uint32_t i = 0; i < n; i++)
		if ((s[i] | 0x20) != name[i])
			return false;
	return true;
}

/* A field line: name, colon, value, RFC 9112 section 5. */
static void tell_field(struct sonde_teller *t, struct told *told, uint32_t at, uint32_t end)
{
	static const char host[] = "host", length[] = "content-length";
	const uint8_t *s = t->p->byte;
	bool is_host = is_named(s + at, end - at, host);
	uint64_t v;

	if (!is_host && !is_named(s + at, end - at, length))
		return;
	at += is_host ? sizeof host : sizeof length; /* with the colon */
	while (at < end && (s[at] == ' ' || s[at] == '\t'))
		at++;
	while (end > at && (s[end - 1] == ' ' || s[end - 1] == '\t'))
		end--;
	if (end == at)
		return;
	if (is_host && !told->host) {
		told->host = true;
		sonde_tell_octets(t, SONDE_ROW_http_host, at, end - at, s + at, end - at);
	} else if (!is_host && !told->length && read_number(s + at, end - at, &v)) {
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
