#ifndef SONDE_PACKET_CRAFT_INSIDE_H
#define SONDE_PACKET_CRAFT_INSIDE_H

/* A packet in words as craft_parse.c leaves it: steps, one after the other, that craft_encode.c
 * takes with a draft, and craft_match.c with a packet that came. */

#include "packet/craft.h"

struct sonde_craft_range {
	sonde_wide least, by;
	uint64_t n; /* least, least + by, ... so many */
};

enum sonde_craft_how {
	SONDE_CRAFT_FIXED,  /* number, or octets where they are set */
	SONDE_CRAFT_RANGES, /* one after the other */
	SONDE_CRAFT_RANDOM, /* one of the ranges, or with none of the whole width */
	SONDE_CRAFT_STEP,   /* from + number for each turn before */
	SONDE_CRAFT_VAR,    /* that of the name, plus number */
};

struct sonde_craft_value {
	uint8_t how;   /* enum sonde_craft_how */
	char group;    /* goes forward with all others of it; 0: alone */
	uint16_t var;  /* VAR */
	uint16_t bits; /* of the field */
	uint16_t dial; /* RANGES: which of the packet's */
	unsigned ranges;
	struct sonde_craft_range *range;
	uint64_t n;    /* of all ranges */
	uint64_t salt; /* RANDOM: so that no two go together */
	sonde_wide number, from;
	struct sonde_bytes octets; /* FIXED, wider than any number; padded to the field's width */
};

enum sonde_craft_op {
	SONDE_CRAFT_HEADER, /* shape */
	SONDE_CRAFT_OPTION, /* shape; or an element, or a piece, of what lies one less deep */
	SONDE_CRAFT_FIELD,  /* row, value: of what was begun last at that depth */
	SONDE_CRAFT_RAW,    /* bytes of a header (depth 0) or an option */
	SONDE_CRAFT_BODY,   /* bytes */
	SONDE_CRAFT_NOISE,  /* len bytes of body, random */
	SONDE_CRAFT_PAD,    /* bytes that no header counts */
};

struct sonde_craft_step {
	uint8_t op;    /* enum sonde_craft_op */
	uint8_t depth; /* 0: of the header; 1: of an option of it; 2: of an element of that */
	uint8_t shape;
	bool exact; /* RAW: nothing is padded behind it */
	uint16_t row;
	uint32_t at; /* bytes into the text; of a packet that was named: where the name stands */
	uint32_t len;
	struct sonde_bytes bytes;
	struct sonde_craft_value value;
};

enum {
	SONDE_CRAFT_DEPTH = 3,
	SONDE_CRAFT_STEPS = 1 << 18, /* an option for each byte of the longest packet */
	SONDE_CRAFT_DIALS = 64,
	SONDE_CRAFT_NAMES = 128
};

struct sonde_craft_cut { /* into fragments */
	bool asked, reverse;
	uint8_t layer; /* the header in front of what is cut */
	uint32_t mtu, overlap, id;
	bool has_id;
};

struct sonde_craft {
	struct sonde_arena *arena;
	struct sonde_craft_step *step;
	unsigned steps, room;
	uint64_t dial[SONDE_CRAFT_DIALS]; /* how many positions each has; the last goes fastest */
	unsigned dials;
	bool varies;
	struct sonde_craft_cut cut;
};

/* The text that is being read. */
struct sonde_craft_parser {
	const char *text, *at, *to; /* a copy, which ends in NUL */
	struct sonde_arena *arena;
	const struct sonde_craft_world *world;
	struct sonde_craft *c;
	struct sonde_craft_error error;
	unsigned depth;
};

/* ---- craft_read.c ---- */

/* Remembers where and what was expected, the first time; always false. The second takes the place
 * from at, and what is formatted; the third a name that was probably meant, or NULL. */
bool sonde_craft_expected(struct sonde_craft_parser *p, const char *what);
__attribute__((format(printf, 3, 4))) bool sonde_craft_wrong(struct sonde_craft_parser *p,
							     const char *at, const char *fmt, ...);
bool sonde_craft_wrong_name(struct sonde_craft_parser *p, const char *at, const char *what,
			    const char *nearest);

void sonde_craft_skip_space(struct sonde_craft_parser *p);

/* Takes the sign if it is next, behind blanks. The second expects it. */
bool sonde_craft_take(struct sonde_craft_parser *p, char sign);
bool sonde_craft_want(struct sonde_craft_parser *p, char sign);

static inline bool sonde_craft_is_letter(char c)
{
	return ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_';
}

/* Bytes of the name that begins there, with dots and hyphens inside where joined; 0: there is none.
 */
size_t sonde_craft_name_length(const char *at, bool joined);

/* Whether a name is that word. */
bool sonde_craft_is_word(const char *name, size_t len, const char *word);

/* A step more, which was said at that place of the text; NULL: there are too many. */
struct sonde_craft_step *sonde_craft_add(struct sonde_craft_parser *p, enum sonde_craft_op op,
					 unsigned depth, const char *at);
bool sonde_craft_add_bytes(struct sonde_craft_parser *p, enum sonde_craft_op op, unsigned depth,
			   const char *at, struct sonde_bytes bytes);

/* How many headers there are so far. */
unsigned sonde_craft_headers(const struct sonde_craft *c);

/* ---- craft_item.c ---- */

/* A header whose name was read, at that place, and what is said of it. */
bool sonde_craft_read_header(struct sonde_craft_parser *p, enum sonde_shape shape, const char *at);

/* ---- craft_value.c ---- */

/* A value for that field. */
bool sonde_craft_read_value(struct sonde_craft_parser *p, const struct sonde_row *r,
			    struct sonde_craft_value *ret);

/* A number of up to 64 bits, decimal or 0x. */
bool sonde_craft_read_number(struct sonde_craft_parser *p, uint64_t *ret);

/* ---- craft_text.c ---- */

/* What a hex digit stands for, or -1. */
int sonde_craft_digit(char c);

/* "text", or hex digits up to a sign of the language; hex: only those. */
bool sonde_craft_read_text(struct sonde_craft_parser *p, struct sonde_bytes *ret);
bool sonde_craft_read_hex(struct sonde_craft_parser *p, struct sonde_bytes *ret);

/* ---- craft_encode.c ---- */

/* What the values are for once, by step, and where the header or option of each field lies. */
struct sonde_craft_trial {
	bool *forced;
	sonde_wide *value;
	uint32_t *at;
};

/* As sonde_craft_encode. trial may be NULL. */
int sonde_craft_try(const struct sonde_craft *c, const struct sonde_craft_turn *turn,
		    struct sonde_draft *d, struct sonde_craft_trial *trial);

/* ---- craft_pins.c ---- */

/* The fields of a packet, whose headers count bytes up to end, that encode would write otherwise:
 * a bit for each row, of a piece's those behind its header's. */
void sonde_craft_pins(const struct sonde_packet *p, uint32_t end, uint32_t pinned[SONDE_LAYERS],
		      struct sonde_arena *a);

/* Where the outermost header ends that does not reach to the packet's end: what follows is padding.
 */
uint32_t sonde_craft_counted(const struct sonde_packet *p);

/* ---- craft_turn.c ---- */

/* Counts the dials of all values; false: there are too many. */
bool sonde_craft_wind(struct sonde_craft *c);

/* The value of this turn. False: it is a name that is not known, or does not fit. */
bool sonde_craft_turn_value(const struct sonde_craft *c, const struct sonde_craft_value *v,
			    const struct sonde_craft_turn *turn, sonde_wide *ret);

/* Whether that number is among those of a value that is fixed or has ranges. */
bool sonde_craft_among(const struct sonde_craft_value *v, sonde_wide number);

/* ---- craft_word.c ---- */

/* What a header, option or element may hold by that name. */
enum sonde_craft_word_is {
	SONDE_CRAFT_IS_NONE,
	SONDE_CRAFT_IS_FIELD,  /* row */
	SONDE_CRAFT_IS_REST,   /* row: all bytes behind the fields */
	SONDE_CRAFT_IS_OPTION, /* shape */
	SONDE_CRAFT_IS_SINGLE, /* an option of one byte: number */
	SONDE_CRAFT_IS_EITHER, /* row or other */
	SONDE_CRAFT_IS_TOLD,   /* a field that has no fixed place */
};

struct sonde_craft_word {
	uint8_t is;
	uint8_t shape;
	uint8_t number;
	uint16_t row, other;
};

/* within: the shape whose items are read; header: that of the layer. */
struct sonde_craft_word sonde_craft_word(enum sonde_shape header, enum sonde_shape within,
					 const char *name, size_t len);
const char *sonde_craft_word_near(enum sonde_shape header, enum sonde_shape within,
				  const char *name, size_t len);

/* A header of that name, or SONDE_NONE; and what was probably meant. */
enum sonde_shape sonde_craft_header(const char *name, size_t len);
const char *sonde_craft_header_near(const char *name, size_t len);

/* What an option or element is called inside of that: the shortest name that leads back to it.
 * Static. */
const char *sonde_craft_option_name(enum sonde_shape header, enum sonde_shape within,
				    enum sonde_shape option);

/* The first field of a shape that is not reserved, which NAME=VALUE sets; NULL: it has none. */
const struct sonde_row *sonde_craft_first_row(enum sonde_shape shape);

/* ---- of a field's bytes ---- */

/* The number in a field of a header at h; of octets, up to 16 of them. */
sonde_wide sonde_craft_get(const uint8_t *h, const struct sonde_row *r);
void sonde_craft_put(uint8_t *h, const struct sonde_row *r, sonde_wide v);

/* Whether a field is too wide for a number. */
static inline bool sonde_craft_is_wide(const struct sonde_row *r)
{
	return r->bits > 128;
}

/* Whether it is all that follows the fields; what has no bits otherwise has no fixed place. */
static inline bool sonde_craft_is_rest(const struct sonde_row *r)
{
	return !r->bits && r->at && r->at == 8 * sonde_shapes[r->shape].bytes;
}

/* Letters of tcp.flags, the lowest bit first. */
#define SONDE_CRAFT_FLAGS "FSRPAUECN"

#endif
