#ifndef SONDE_LAB_WORD_H
#define SONDE_LAB_WORD_H

/* The text of a description, statement by statement, each a line of words:
 *
 *	link src r1 delay=5ms ->loss=1%		# the rest is a comment
 *	nft r1 { ... }				# a block may span lines
 *
 * and the values behind a "=". What is wrong is said once, with the line. */

#include "lab/lab.h"

enum { SONDE_WORDS = 300 };

struct sonde_word {
	const char *at; /* borrowed from the text */
	size_t len;
};

struct sonde_words {
	const char *at, *end; /* what is left of the text */
	unsigned line;	      /* that at stands in */
	unsigned from;	      /* line where the statement begins */
	bool semicolons;      /* end a statement too */
	bool block;	      /* behind the words comes a block */
	struct sonde_arena *arena;
	struct sonde_lab_error *error;
	struct sonde_word word[SONDE_WORDS]; /* of the statement */
	unsigned n;
};

/* The text is borrowed; its first line has the number given. */
void sonde_words_init(struct sonde_words *w, struct sonde_arena *arena, const char *text,
		      size_t len, unsigned line, struct sonde_lab_error *error);

/* 1: there is a statement, with at least one word; 0: the text has ended; or SONDE_DESCRIPTION. */
int sonde_words_next(struct sonde_words *w);

/* What stands between the braces behind the statement, which may hold braces itself, and comments
 * and strings as nftables has them. *ret_line is where it begins. 0 or SONDE_DESCRIPTION. */
int sonde_words_block(struct sonde_words *w, struct sonde_word *ret, unsigned *ret_line);

/* Fills in the error, a printf format and its values, and gives SONDE_DESCRIPTION. */
#define sonde_words_fail(w, ...)                                                                   \
	((w)->error->line = (w)->from,                                                             \
	 (w)->error->text = sonde_arena_print((w)->arena, __VA_ARGS__), SONDE_DESCRIPTION)

/* The word in quotes, cut and made harmless, for a sentence; in the arena. */
const char *sonde_words_show(const struct sonde_words *w, struct sonde_word word);

/* "; the nearest word is delay", or "" where none is near. names ends with NULL. */
const char *sonde_words_near(const struct sonde_words *w, struct sonde_word word,
			     const char *const *names);

static inline bool sonde_word_is(struct sonde_word word, const char *text)
{
	return !strncmp(word.at, text, word.len) && !text[word.len];
}

/* Parts a word at the first such letter; false, and *ret_rest empty, where it has none. */
bool sonde_word_part(struct sonde_word word, char letter, struct sonde_word *ret_first,
		     struct sonde_word *ret_rest);

/* A thing that may be said of something: "delay=5ms", or "precise", where read is NULL. */
struct sonde_word_key {
	const char *name;
	/* Stores a value to at. NULL, or what was expected instead. */
	const char *(*read)(struct sonde_words *w, struct sonde_word value,
			    const struct sonde_word_key *key, void *at);
	size_t at;	      /* in the struct that is filled: a bool of a word without value */
	unsigned least, most; /* of a number */
};

const char *sonde_word_number(struct sonde_words *w, struct sonde_word value,
			      const struct sonde_word_key *key, void *ret_unsigned);
const char *sonde_word_time(struct sonde_words *w, struct sonde_word value,
			    const struct sonde_word_key *key, void *ret_ns);
const char *sonde_word_chance(struct sonde_words *w, struct sonde_word value,
			      const struct sonde_word_key *key, void *ret_uint32);
const char *sonde_word_rate(struct sonde_words *w, struct sonde_word value,
			    const struct sonde_word_key *key, void *ret_uint64);

/* Reads one word by the keys, of which there are n, into a struct. *said keeps what was said
 * before; twice is an error. 0 or SONDE_DESCRIPTION. */
int sonde_words_set(struct sonde_words *w, struct sonde_word word,
		    const struct sonde_word_key *keys, unsigned n, void *into, uint32_t *said);

/* An address without port, or false. */
bool sonde_word_address(struct sonde_word word, struct sonde_address *ret);

/* "192.0.2.0/24"; false: it is none, or the prefix is longer than the address. */
bool sonde_word_network(struct sonde_word word, struct sonde_address *ret, unsigned *ret_prefix);

#endif
