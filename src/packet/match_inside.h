#ifndef SONDE_PACKET_MATCH_INSIDE_H
#define SONDE_PACKET_MATCH_INSIDE_H

/* An expression as match.c leaves it and match_test.c evaluates it. */

#include "packet/match.h"

enum sonde_match_op { SONDE_MATCH_TEST, SONDE_MATCH_NOT, SONDE_MATCH_AND, SONDE_MATCH_OR };

struct sonde_match_node {
	uint8_t op;    /* enum sonde_match_op */
	uint16_t a, b; /* nodes; of a test its number */
};

enum sonde_match_how {
	SONDE_MATCH_HAS,      /* there is one */
	SONDE_MATCH_IN,	      /* one of them is among the wanted */
	SONDE_MATCH_DIFFERS,  /* there are some, and none is */
	SONDE_MATCH_CONTAINS, /* one of them has the wanted somewhere inside */
};

enum sonde_match_kind { SONDE_MATCH_NUMBER, SONDE_MATCH_OCTETS, SONDE_MATCH_TEXT };

struct sonde_match_test {
	struct sonde_lookup what;
	uint8_t how, kind;
	uint8_t form;		/* enum sonde_form of the field, for its values */
	bool frame;		/* all bytes of the packet */
	uint64_t mask;		/* of numbers */
	uint32_t slice_at;	/* of octets */
	uint32_t slice_len;	/* 0: all */
	uint16_t wanted, wants; /* in the expression's list */
	uint32_t from, to;	/* where it stands in the expression */
};

/* A value, or all from one to another, both included. */
struct sonde_match_wanted {
	uint64_t least, most;
	struct sonde_bytes low, high; /* of octets and text; the same for a single one */
};

/* The expression that is being read. */
struct sonde_match_parser {
	const char *text, *at;
	struct sonde_arena *arena;
	const struct sonde_schema *beside;
	struct sonde_match *m;
	struct sonde_match_error error;
	unsigned depth;
};

/* Remembers where and what was expected, the first time. Always false. */
bool sonde_match_expected(struct sonde_match_parser *p, const char *what);

/* Takes the sign or the word if it is next; a word must end there. */
bool sonde_match_take(struct sonde_match_parser *p, const char *sign);

void sonde_match_skip_space(struct sonde_match_parser *p);

/* A value for the test, of the kind that it compares; or all from one to another. */
bool sonde_match_value(struct sonde_match_parser *p, const struct sonde_match_test *t,
		       struct sonde_match_wanted *ret);
bool sonde_match_range(struct sonde_match_parser *p, const struct sonde_match_test *t,
		       struct sonde_match_wanted *ret);

#endif
