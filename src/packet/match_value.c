#include "packet/match_inside.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "base/date.h"

enum { VALUE_MOST = 256 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static uint8_t *copy(struct sonde_match_parser *p, const void *at, size_t len)
{
	return (uint8_t *)sonde_arena_string(p->arena, at, len);
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "text" with \" \\ \n \r \t and \xNN. */
static bool quoted_text(struct sonde_match_parser *p, struct sonde_bytes *ret)
{
	static const char letters[] = "nrt", meant[] = "\n\r\t";
	uint8_t *out = copy(p, p->at, strlen(p->at));
	size_t n = 0;

	for (p->at++; *p->at && *p->at != '"'; p->at++) {
		const char *known;

		if (*p->at != '\\') {
			out[n++] = (uint8_t)*p->at;
			continue;
		}
		p->at++;
		if (*p->at == 'x' && hex_digit(p->at[1]) >= 0 && hex_digit(p->at[2]) >= 0) {
			out[n++] = (uint8_t)(hex_digit(p->at[1]) << 4 | hex_digit(p->at[2]));
			p->at += 2;
		} else if (*p->at && (known = strchr(letters, *p->at))) {
			out[n++] = (uint8_t)meant[known - letters];
		} else if (*p->at == '"' || *p->at == '\\') {
			out[n++] = (uint8_t)*p->at;
		} else {
			return sonde_match_expected(p, "one of \\\" \\\\ \\n \\r \\t \\xNN");
		}
	}
	if (*p->at != '"')
		return sonde_match_expected(p, "a closing quote");
	p->at++;
	*ret = (struct sonde_bytes){ out, n };
	return true;
}

/* A value without quotes: up to a space, a range's dots, or a sign of the language. */
static bool bare_word(struct sonde_match_parser *p, char word[static VALUE_MOST])
{
	size_t n = 0;

	while (p->at[n] && !strchr(" \t\n,{}()&|!=<>\"", p->at[n]) && strncmp(p->at + n, "..", 2))
		n++;
	if (!n || n >= VALUE_MOST)
		return sonde_match_expected(p, "a value");
	memcpy(word, p->at, n);
	word[n] = 0;
	p->at += n;
	return true;
}

/* All addresses that begin with the first bits of a: a becomes the lowest. */
static void prefix(uint8_t *low, uint8_t *high, size_t len, unsigned bits)
{
	for (size_t i = 0; i < len; i++) {
		unsigned keep = bits > 8 * i + 8 ? 8 : bits > 8 * i ? bits - 8 * (unsigned)i : 0;
		uint8_t mask = (uint8_t)(0xff00 >> keep);

		low[i] &= mask;
		high[i] = (uint8_t)(low[i] | ~mask);
	}
}

/* An address, with a prefix length or not. */
static bool read_address(int family, char *word, uint8_t low[16], uint8_t high[16])
{
	size_t len = family == AF_INET ? 4 : 16;
	char *slash = strchr(word, '/'), *end;
	unsigned long bits = 8 * len;

	if (slash) {
		*slash = 0;
		bits = strtoul(slash + 1, &end, 10);
		if (!is_digit(slash[1]) || *end || bits > 8 * len)
			return false;
	}
	if (inet_pton(family, word, low) != 1)
		return false;
	prefix(low, high, len, (unsigned)bits);
	return true;
}

/* 00:1b:21, 00-1b-21, 001b21: their number, 0 if it is none of these. */
static size_t read_octets(const char *word, uint8_t *ret)
{
	size_t n = 0;

	for (; hex_digit(word[0]) >= 0 && hex_digit(word[1]) >= 0; n++) {
		ret[n] = (uint8_t)(hex_digit(word[0]) << 4 | hex_digit(word[1]));
		word += 2;
		if ((*word == ':' || *word == '-' || *word == '.') && word[1])
			word++;
	}
	return *word ? 0 : n;
}

/* A number, or the word for it: icmp.type == "echo request". */
static bool read_number(const struct sonde_match_test *t, const char *word, uint64_t *ret)
{
	char *end;

	if (!strcmp(word, "true") || !strcmp(word, "false")) {
		*ret = *word == 't';
		return true;
	}
	for (const struct sonde_value *v = sonde_values; v->words; v++)
		for (unsigned i = 0; i < t->what.rows; i++)
			if (v->row == t->what.row[i] && !strcmp(v->words, word)) {
				*ret = v->number;
				return true;
			}
	*ret = strtoull(word, &end, 0);
	return is_digit(*word) && !*end;
}

static bool number_value(struct sonde_match_parser *p, const struct sonde_match_test *t,
			 struct sonde_match_wanted *w)
{
	uint8_t low[16], high[16];
	struct sonde_bytes quoted;
	char word[VALUE_MOST];
	int64_t time;

	if (*p->at == '"') {
		if (!quoted_text(p, &quoted))
			return false;
		if (quoted.len >= VALUE_MOST)
			return sonde_match_expected(p, "a shorter word");
		memcpy(word, quoted.at, quoted.len);
		word[quoted.len] = 0;
	} else if (!bare_word(p, word)) {
		return false;
	}
	if (read_number(t, word, &w->least)) {
		w->most = w->least;
		return true;
	}
	if (t->form == SONDE_FORM_TIME) {
		if (!sonde_date_parse(word, &time))
			return sonde_match_expected(p,
						    "a time such as \"2026-01-31 14:03:59\", UTC");
		w->least = w->most = (uint64_t)time;
		return true;
	}
	if (t->form != SONDE_FORM_IP4)
		return sonde_match_expected(p, t->form == SONDE_FORM_FLAG ? "true or false"
									  : "a number");
	if (!read_address(AF_INET, word, low, high))
		return sonde_match_expected(p, "an IPv4 address or prefix");
	w->least = sonde_load(low, 4);
	w->most = sonde_load(high, 4);
	return true;
}

static bool octets_value(struct sonde_match_parser *p, const struct sonde_match_test *t,
			 struct sonde_match_wanted *w)
{
	uint8_t low[VALUE_MOST], high[VALUE_MOST];
	char word[VALUE_MOST];
	size_t len;

	if (*p->at == '"') {
		if (!quoted_text(p, &w->low))
			return false;
		w->high = w->low;
		return true;
	}
	if (!bare_word(p, word))
		return false;
	if (t->form == SONDE_FORM_IP6 && !t->slice_len) {
		if (!read_address(AF_INET6, word, low, high))
			return sonde_match_expected(p, "an IPv6 address or prefix");
		len = 16;
	} else {
		len = read_octets(word, low);
		if (!len)
			return sonde_match_expected(p, "octets such as 00:1b:21");
		memcpy(high, low, len);
	}
	w->low = (struct sonde_bytes){ copy(p, low, len), len };
	w->high = (struct sonde_bytes){ copy(p, high, len), len };
	return true;
}

static bool text_value(struct sonde_match_parser *p, struct sonde_match_wanted *w)
{
	char word[VALUE_MOST];

	if (*p->at != '"') {
		if (!bare_word(p, word))
			return false;
		w->low = (struct sonde_bytes){ copy(p, word, strlen(word)), strlen(word) };
	} else if (!quoted_text(p, &w->low)) {
		return false;
	}
	w->high = w->low;
	return true;
}

bool sonde_match_value(struct sonde_match_parser *p, const struct sonde_match_test *t,
		       struct sonde_match_wanted *w)
{
	sonde_match_skip_space(p);
	switch (t->kind) {
	case SONDE_MATCH_NUMBER: return number_value(p, t, w);
	case SONDE_MATCH_OCTETS: return octets_value(p, t, w);
	default: return text_value(p, w);
	}
}

bool sonde_match_range(struct sonde_match_parser *p, const struct sonde_match_test *t,
		       struct sonde_match_wanted *w)
{
	struct sonde_match_wanted to;

	if (!sonde_match_value(p, t, w))
		return false;
	if (!sonde_match_take(p, ".."))
		return true;
	if (!sonde_match_value(p, t, &to))
		return false;
	w->most = to.most;
	w->high = to.high;
	return true;
}
