#ifndef SONDE_CLI_OPTION_H
#define SONDE_CLI_OPTION_H

/* The options of a program: one table that feeds getopt_long, the help, and the check of the man
 * page. Each row names the member of the program's conf struct that it fills; a member of the wrong
 * type does not compile.
 *
 *   static const struct sonde_option options[] = {
 *	SONDE_OPTION(TEXT, 'o', NULL, struct conf, output, "FILE", "write the report to FILE"),
 *	SONDE_OPTION(FLAG, 0, "json", struct conf, json, NULL, "one JSON object a line"),
 *	SONDE_OPTION_CHOICE(0, "color", struct conf, color, "WHEN", sonde_option_when, "colours"),
 *	SONDE_OPTION_END,
 *   };
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

enum { SONDE_OPTION_REPEATS = 64 }; /* how often an option that may be repeated is taken */

struct sonde_option_texts { /* borrowed from argv, in the order given, then NULL */
	const char *at[SONDE_OPTION_REPEATS + 1];
	size_t n;
};

struct sonde_option_numbers {
	unsigned at[SONDE_OPTION_REPEATS];
	size_t n;
};

/* clang-format off */
enum sonde_option_kind {
	SONDE_OPTION_END_,
	SONDE_OPTION_FLAG,
	SONDE_OPTION_COUNT,	/* how often it was given */
	SONDE_OPTION_TEXT,	/* borrowed from argv; the last one counts */
	SONDE_OPTION_UINT,	/* decimal */
	SONDE_OPTION_SECONDS,	/* "2", "0.25", "30ms", "5us", "7ns", "2m", "1h" */
	SONDE_OPTION_BYTES,	/* "96", "64K", "16M", "2G": powers of 1,024 */
	SONDE_OPTION_CHOICE,	/* the place in the list of words */
	SONDE_OPTION_TEXTS,
	SONDE_OPTION_NUMBERS,
	SONDE_OPTION_MAYBE,	/* as TEXT, but --name alone is enough and gives "" */
};

/* What each kind fills. */
#define SONDE_OPTION_TYPE_FLAG		bool
#define SONDE_OPTION_TYPE_COUNT		unsigned
#define SONDE_OPTION_TYPE_TEXT		const char *
#define SONDE_OPTION_TYPE_MAYBE		const char *
#define SONDE_OPTION_TYPE_UINT		unsigned
#define SONDE_OPTION_TYPE_SECONDS	sonde_ns
#define SONDE_OPTION_TYPE_BYTES		uint64_t
#define SONDE_OPTION_TYPE_CHOICE	int
#define SONDE_OPTION_TYPE_TEXTS		struct sonde_option_texts
#define SONDE_OPTION_TYPE_NUMBERS	struct sonde_option_numbers
/* clang-format on */

struct sonde_option {
	const char *name;	   /* long name without dashes, or NULL */
	const char *arg;	   /* what the value is, in capitals; NULL where there is none */
	const char *what;	   /* one phrase */
	const char *const *choice; /* CHOICE: the words, then NULL */
	size_t at;		   /* of the member in the conf */
	char letter;		   /* or 0 */
	uint8_t kind;		   /* enum sonde_option_kind */
};

#define SONDE_OPTION_AT_(conf, member, type)                                                       \
	(offsetof(conf, member) +                                                                  \
	 0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((conf *)0)->member), type)       \
				 ? 1                                                               \
				 : -1]))

#define SONDE_OPTION(kind, letter, name, conf, member, arg, what)                                  \
	{                                                                                          \
		name, arg, what, NULL, SONDE_OPTION_AT_(conf, member, SONDE_OPTION_TYPE_##kind),   \
			letter, SONDE_OPTION_##kind                                                \
	}
#define SONDE_OPTION_CHOICE(letter, name, conf, member, arg, words, what)                          \
	{                                                                                          \
		name, arg, what, words, SONDE_OPTION_AT_(conf, member, int), letter,               \
			SONDE_OPTION_CHOICE                                                        \
	}
#define SONDE_OPTION_END                                                                           \
	{                                                                                          \
		.kind = SONDE_OPTION_END_                                                          \
	}

/* "auto", "always", "never": the words of --color, in the order of this enum. */
enum { SONDE_WHEN_AUTO, SONDE_WHEN_ALWAYS, SONDE_WHEN_NEVER };
extern const char *const sonde_option_when[];

/* Puts one value into its member; arg is NULL for FLAG and COUNT. Returns NULL, or what the value
 * should have been ("a number up to 4294967295"); static, and for CHOICE the caller lists the
 * words. */
const char *sonde_option_store(const struct sonde_option *o, void *conf, const char *arg);

#endif
