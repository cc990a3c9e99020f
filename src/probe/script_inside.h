#ifndef SONDE_PROBE_SCRIPT_INSIDE_H
#define SONDE_PROBE_SCRIPT_INSIDE_H

/* A script as script_parse.c leaves it, and as script.c goes through it. */

#include "probe/script.h"

enum sonde_script_line_is {
	SONDE_SCRIPT_SENDS,
	SONDE_SCRIPT_EXPECT,
	SONDE_SCRIPT_NOTHING,
	SONDE_SCRIPT_CHECK,
	SONDE_SCRIPT_WAIT,
	SONDE_SCRIPT_SET,
	SONDE_SCRIPT_REPEAT,
	SONDE_SCRIPT_END,
};

enum sonde_script_op {
	SONDE_SCRIPT_EQ,
	SONDE_SCRIPT_NE,
	SONDE_SCRIPT_LE,
	SONDE_SCRIPT_GE,
	SONDE_SCRIPT_LT,
	SONDE_SCRIPT_GT,
};

struct sonde_script_term {
	bool minus, named;
	uint16_t var;	   /* named */
	sonde_wide number; /* else */
};

struct sonde_script_sum {
	struct sonde_script_term *term;
	unsigned n;
};

struct sonde_script_line {
	uint8_t is;			/* enum sonde_script_line_is */
	uint8_t op;			/* CHECK: enum sonde_script_op */
	bool random;			/* SET: from least to most */
	unsigned number;		/* from 1 */
	const char *text;		/* without comments, blanks at its ends, and line ends */
	struct sonde_craft *craft;	/* SEND, EXPECT, NOTHING */
	uint64_t times;			/* SEND, REPEAT */
	uint64_t turns;			/* SEND: packets made so far */
	sonde_ns time;			/* SEND: every; EXPECT, NOTHING: within; WAIT */
	struct sonde_script_sum sum[2]; /* CHECK: both sides; SET: [0] */
	sonde_wide least, most;		/* SET */
	unsigned var;			/* SET */
	unsigned other;			/* REPEAT: its END; END: its REPEAT */
};

struct sonde_script_origin {
	bool said;	  /* whatever comes behind may use it */
	bool given;	  /* from outside: set does not change it */
	bool learned;	  /* first by an expect */
	unsigned learner; /* that line */
};

struct sonde_script_seen { /* a packet that came */
	uint8_t *byte;
	uint32_t len, wire;
	uint16_t link;
	sonde_ns when;
};

enum { SONDE_SCRIPT_OWN = 4096, SONDE_SCRIPT_WORDS = 16384, SONDE_SCRIPT_VARS = 1025 };

struct sonde_script {
	struct sonde_arena *arena;
	struct sonde_script_line *line;
	unsigned lines;
	struct sonde_craft_vars vars;
	struct sonde_craft_vars before;	    /* as they are before the run; what is not known is 0 */
	struct sonde_script_origin *origin; /* of each variable */
	const char *capture[SONDE_SCRIPT_CAPTURES];
	unsigned captures;
	bool no_rst;
	uint64_t seed;

	/* The run. */
	sonde_ns began;	      /* UINT64_MAX: not yet */
	unsigned at;	      /* the line */
	bool entered;	      /* that line has begun, at start */
	bool failed, stopped; /* stopped: from outside, and the point at hand is to be told */
	sonde_ns start, next; /* of the line; when a send sends its next */
	uint64_t made;	      /* packets of the send so far */
	uint64_t left[SONDE_SCRIPT_DEPTH]; /* rounds of each repeat that is being run */
	unsigned depth;
	struct sonde_draft draft;
	uint8_t *buffer; /* of the draft */

	/* What came, as long as an expect may still take it. */
	struct sonde_arena kept[2]; /* the first holds it */
	struct sonde_script_seen *seen;
	unsigned seens, taken; /* all before taken are passed */
	unsigned looked;       /* the line at hand has looked at those before it */
	uint64_t overflow;     /* came in this exchange, and there was no room to keep them */
	uint64_t passed;       /* came in it, were passed over, and are not kept any more */
	bool answered;	       /* an expect came since: the next send begins another exchange */
	sonde_ns exchange;     /* when that was */
	sonde_ns last;	       /* when the last packet was sent; 0: none was */
	unsigned best;	       /* how near the nearest is, and 0: there is none */

	/* What was sent and has not been seen since, by a hash; a ring. */
	uint64_t own[SONDE_SCRIPT_OWN];
	unsigned own_from, own_to;

	struct sonde_script_point point;
	char *words[3]; /* of the point: packet, nearest, why */
	uint64_t heard, sent, ok, bad, unreached;
};

/* ---- script_heard.c ---- */

/* A packet of the draft is about to leave: what is seen of it is no answer. */
void sonde_script_remember(struct sonde_script *s, const struct sonde_craft *c);

/* What was taken or passed is forgotten; the rest may still be an answer. */
void sonde_script_forget(struct sonde_script *s);

/* How much of what a pattern says the packet has; 0: not one header. */
unsigned sonde_script_nearness(const struct sonde_craft *pattern, const struct sonde_packet *p);

/* ---- script_value.c ---- */

/* What is left of a line, and what is wrong with it. */
struct sonde_script_reader {
	const char *at, *to; /* the line's end; what stands there may be read */
	const char *text;    /* all of it */
	struct sonde_script *s;
	struct sonde_craft_error error;
};

/* Notes what was expected at this place, the first time; always false. nearest: of these words,
 * which end with NULL; or NULL. */
bool sonde_script_expected(struct sonde_script_reader *r, const char *at, const char *what,
			   const char *const *nearest);

/* The word here, behind blanks: letters, digits and "-_"; its length. */
size_t sonde_script_word(struct sonde_script_reader *r);
/* The name right here: letters, digits and "_"; its length. */
size_t sonde_script_name(const struct sonde_script_reader *r);
/* Takes that sign, behind blanks, if it is next. */
bool sonde_script_take(struct sonde_script_reader *r, const char *sign);
/* Takes the word if it is next. */
bool sonde_script_take_word(struct sonde_script_reader *r, const char *word);
bool sonde_script_ends(struct sonde_script_reader *r);

bool sonde_script_read_count(struct sonde_script_reader *r, uint64_t *ret); /* 1 to 1000000 */
bool sonde_script_read_time(struct sonde_script_reader *r, sonde_ns *ret);
/* A number, or an address of IP or Ethernet as one. */
bool sonde_script_read_value(struct sonde_script_reader *r, sonde_wide *ret);
bool sonde_script_read_sum(struct sonde_script_reader *r, struct sonde_script_sum *ret);
/* $name, whose number it gives; new ones are added. */
bool sonde_script_read_name(struct sonde_script_reader *r, unsigned *ret);

/* The number of a variable, or -1. */
int sonde_script_find(const struct sonde_script *s, const char *name, size_t len);

/* The next value of a SET; all names in it are known. */
sonde_wide sonde_script_set(struct sonde_script_line *l, const struct sonde_craft_vars *vars,
			    uint64_t seed);
/* Likewise. */
sonde_wide sonde_script_sum(const struct sonde_script_sum *sum,
			    const struct sonde_craft_vars *vars);

#endif
