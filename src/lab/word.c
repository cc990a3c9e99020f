#include "lab/word.h"

#include <arpa/inet.h>

#include "base/near.h"
#include "base/text.h"

void sonde_words_init(struct sonde_words *w, struct sonde_arena *arena, const char *text,
		      size_t len, unsigned line, struct sonde_lab_error *error)
{
	w->at = text;
	w->end = text + len;
	w->line = w->from = line;
	w->semicolons = w->block = false;
	w->arena = arena;
	w->error = error;
	w->n = 0;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool ends_statement(const struct sonde_words *w, char c)
{
	return c == '\n' || (c == ';' && w->semicolons);
}

/* What stands between words. */
static void skip(struct sonde_words *w)
{
	while (w->at < w->end && blank(*w->at))
		w->at++;
	if (w->at < w->end && *w->at == '#')
		while (w->at < w->end && *w->at != '\n')
			w->at++;
}

int sonde_words_next(struct sonde_words *w)
{
	w->n = 0;
	w->block = false;
	for (skip(w); w->at < w->end; skip(w)) {
		const char *from = w->at;

		if (ends_statement(w, *from)) {
			w->at++;
			if (w->n) /* the line is counted with the next statement */
				return w->line += *from == '\n', 1;
			w->line += *from == '\n';
			continue;
		}
		if (!w->n)
			w->from = w->line;
		if (*from == '{') {
			w->block = true;
			return w->n ? 1 : sonde_words_fail(w, "a { without words before it");
		}
		while (w->at < w->end && !blank(*w->at) && !ends_statement(w, *w->at) &&
		       *w->at != '#' && *w->at != '{' && *w->at)
			w->at++;
		if (w->at < w->end && !*w->at)
			return sonde_words_fail(w, "there is a zero byte: this is no text");
		if (w->n == SONDE_WORDS)
			return sonde_words_fail(w, "more than %d words", SONDE_WORDS);
		w->word[w->n++] = (struct sonde_word){ from, (size_t)(w->at - from) };
	}
	return w->n > 0;
}

int sonde_words_block(struct sonde_words *w, struct sonde_word *ret, unsigned *ret_line)
{
	const char *from = w->at + 1;
	unsigned depth = 0, line = w->line;
	bool string = false, comment = false;

	for (; w->at < w->end; w->at++) {
		char c = *w->at;

		if (!c)
			break;
		if (c == '\n') {
			w->line++;
			comment = false;
		}
		if (comment || (string && c != '"'))
			continue;
		comment = c == '#';
		string = c == '"' ? !string : string;
		depth += c == '{';
		if (c != '}' || --depth)
			continue;
		*ret = (struct sonde_word){ from, (size_t)(w->at - from) };
		*ret_line = line;
		w->at++;
		skip(w);
		if (w->at < w->end && *w->at != '\n')
			return sonde_words_fail(w, "something stands behind the }");
		return 0;
	}
	return sonde_words_fail(w, "the { has no }");
}

const char *sonde_words_show(const struct sonde_words *w, struct sonde_word word)
{
	enum { SHOWN = 40 };
	char buf[4 * SHOWN + 2 * SONDE_TEXT_SLACK + 64];
	bool cut = word.len > SHOWN;
	struct sonde_text t;

	sonde_text_init(&t, buf, sizeof buf, NULL, NULL);
	sonde_text_str(&t, "\"");
	sonde_text_escape(&t, word.at, cut ? SHOWN : word.len);
	sonde_text_str(&t, cut ? "...\"" : "\"");
	return sonde_arena_string(w->arena, buf, t.len);
}

const char *sonde_words_near(const struct sonde_words *w, struct sonde_word word,
			     const char *const *names)
{
	unsigned most = (unsigned)(word.len / 3 < 4 ? word.len / 3 : 4) + 1, far;
	const char *best = NULL;

	for (; *names && most; names++)
		if ((far = sonde_near(word.at, word.len, *names, most - 1)) < most) {
			most = far;
			best = *names;
		}
	return best ? sonde_arena_print(w->arena, "; the nearest word is %s", best) : "";
}

bool sonde_word_part(struct sonde_word word, char letter, struct sonde_word *ret_first,
		     struct sonde_word *ret_rest)
{
	const char *at = word.len ? memchr(word.at, letter, word.len) : NULL;
	size_t n = at ? (size_t)(at - word.at) : word.len;

	*ret_first = (struct sonde_word){ word.at, n };
	*ret_rest = at ? (struct sonde_word){ at + 1, word.len - n - 1 }
		       : (struct sonde_word){ word.at + n, 0 };
	return at;
}

/* A decimal number with up to nine digits on each side of its point, in billionths; the word is
 * left with its unit. */
static bool decimal(struct sonde_word *word, uint64_t *ret_whole, uint64_t *ret_billionths)
{
	uint64_t whole = 0, rest = 0, scale = 1000000000;
	const char *from = word->at, *end = from + word->len, *at = from;

	for (; at < end && *at >= '0' && *at <= '9' && at - from < 10; at++)
		whole = 10 * whole + (unsigned)(*at - '0');
	if (at == from || at - from == 10)
		return false;
	if (at < end && *at == '.')
		for (at++; at < end && *at >= '0' && *at <= '9' && scale > 1; at++)
			rest += (scale /= 10) * (unsigned)(*at - '0');
	*word = (struct sonde_word){ at, (size_t)(end - at) };
	*ret_whole = whole;
	*ret_billionths = rest;
	return true;
}

struct unit {
	const char *name;
	uint64_t size;
};

/* The number in its unit, or UINT64_MAX. A 0 needs none. */
static uint64_t measured(struct sonde_word value, const struct unit *unit)
{
	uint64_t whole, rest;

	if (!decimal(&value, &whole, &rest))
		return UINT64_MAX;
	if (!value.len && !whole && !rest)
		return 0;
	for (; unit->name; unit++)
		if (sonde_word_is(value, unit->name))
			return whole * unit->size + rest * unit->size / 1000000000;
	return UINT64_MAX;
}

const char *sonde_word_number(struct sonde_words *w, struct sonde_word value,
			      const struct sonde_word_key *key, void *ret)
{
	static const struct unit none[] = { { "", 1 }, { NULL, 0 } };
	uint64_t v =
		value.len && !memchr(value.at, '.', value.len) ? measured(value, none) : UINT64_MAX;
	unsigned n = (unsigned)v;

	if (v < key->least || v > key->most)
		return sonde_arena_print(w->arena, "a number from %u to %u", key->least, key->most);
	memcpy(ret, &n, sizeof n);
	return NULL;
}

const char *sonde_word_time(struct sonde_words *w, struct sonde_word value,
			    const struct sonde_word_key *key, void *ret)
{
	static const struct unit units[] = { { "ns", 1 },
					     { "us", SONDE_MICROSECOND },
					     { "ms", SONDE_MILLISECOND },
					     { "s", SONDE_SECOND },
					     { NULL, 0 } };
	sonde_ns v = measured(value, units);

	(void)w, (void)key;
	if (v > 3600 * SONDE_SECOND)
		return "a time such as 5ms, at most an hour";
	memcpy(ret, &v, sizeof v);
	return NULL;
}

const char *sonde_word_chance(struct sonde_words *w, struct sonde_word value,
			      const struct sonde_word_key *key, void *ret)
{
	static const struct unit units[] = { { "%", 10000 }, { NULL, 0 } };
	uint64_t v = measured(value, units);
	uint32_t n = (uint32_t)v;

	(void)w, (void)key;
	if (v > 1000000)
		return "a chance such as 1.5%, at most 100%";
	memcpy(ret, &n, sizeof n);
	return NULL;
}

const char *sonde_word_rate(struct sonde_words *w, struct sonde_word value,
			    const struct sonde_word_key *key, void *ret)
{
	static const struct unit units[] = { { "bit", 1 },
					     { "kbit", 1000 },
					     { "mbit", 1000000 },
					     { "gbit", 1000000000 },
					     { NULL, 0 } };
	uint64_t v = measured(value, units);

	(void)w, (void)key;
	if ((v && v < 1000) || v > 1000000000000)
		return "a rate such as 10mbit, from 1kbit to 1000gbit";
	memcpy(ret, &v, sizeof v);
	return NULL;
}

static const char *names_of(struct sonde_words *w, struct sonde_word word,
			    const struct sonde_word_key *keys, unsigned n)
{
	const char *name[33] = { NULL };

	for (unsigned i = 0; i < n && i < 32; i++)
		name[i] = keys[i].name;
	return sonde_words_near(w, word, name);
}

int sonde_words_set(struct sonde_words *w, struct sonde_word word,
		    const struct sonde_word_key *keys, unsigned n, void *into, uint32_t *said)
{
	struct sonde_word name, value;
	bool valued = sonde_word_part(word, '=', &name, &value);

	for (unsigned i = 0; i < n; i++) {
		const struct sonde_word_key *k = &keys[i];
		const char *expected;

		if (!sonde_word_is(name, k->name))
			continue;
		if (*said >> i & 1)
			return sonde_words_fail(w, "%s is said twice", k->name);
		*said |= 1u << i;
		if (valued && !k->read)
			return sonde_words_fail(w, "%s takes no value", k->name);
		if (!k->read) {
			*((bool *)into + k->at) = true;
			return 0;
		}
		expected = k->read(w, value, k, (char *)into + k->at);
		if (!expected)
			return 0;
		return sonde_words_fail(w, "%s=%s: expected %s", k->name,
					value.len ? sonde_words_show(w, value) : "", expected);
	}
	return sonde_words_fail(w, "unknown word %s%s", sonde_words_show(w, name),
				names_of(w, name, keys, n));
}

bool sonde_word_address(struct sonde_word word, struct sonde_address *ret)
{
	char text[INET6_ADDRSTRLEN];
	struct sonde_address a = { .family = 0 };

	if (word.len >= sizeof text)
		return false;
	memcpy(text, word.at, word.len);
	text[word.len] = 0;
	if (inet_pton(AF_INET, text, a.ip) == 1)
		a.family = AF_INET;
	else if (inet_pton(AF_INET6, text, a.ip) == 1)
		a.family = AF_INET6;
	if (!a.family)
		return false;
	*ret = a;
	return true;
}

bool sonde_word_network(struct sonde_word word, struct sonde_address *ret, unsigned *ret_prefix)
{
	static const struct unit none[] = { { "", 1 }, { NULL, 0 } };
	struct sonde_word address, prefix;
	uint64_t bits;

	if (!sonde_word_part(word, '/', &address, &prefix) || !sonde_word_address(address, ret) ||
	    memchr(prefix.at, '.', prefix.len))
		return false;
	bits = measured(prefix, none);
	if (bits > (ret->family == AF_INET ? 32 : 128))
		return false;
	*ret_prefix = (unsigned)bits;
	return true;
}
