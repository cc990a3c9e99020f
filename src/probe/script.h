#ifndef SONDE_PROBE_SCRIPT_H
#define SONDE_PROBE_SCRIPT_H

/* A small script of packets: what is sent, what must come, and what must not. A statement a line;
 * # begins a comment; a line that ends with \ goes on in the next one.
 *
 *	let NAME = PACKET		a packet with a name, for use in others
 *	set $name = VALUE		one that is given from outside wins
 *	send PACKET [xN] [every TIME]	without xN: each that its values make, once
 *	expect PATTERN [within TIME]	it must come; without TIME, in a second
 *	expect nothing PATTERN within TIME
 *	check VALUE OP VALUE		OP is == != < <= > >=
 *	wait TIME
 *	repeat N ... end		lines in between, N times; up to 8 deep
 *	capture IFACE...		where packets are heard; without, where routes lead
 *	no-rst				the kernel may not reset what is crafted here
 *
 * PACKET and PATTERN are of packet/craft.h. TIME is 5ms, 1.5s, 250us, 2m; a number alone is
 * seconds. VALUE is a number, an address of IP or Ethernet, a $name, or a sum or difference of
 * these, modulo 2^32 as sequence numbers are; of set, also random or random(1-9).
 *
 * Packets that come are kept in their order, so an answer that is faster than the script is not
 * missed. An expect takes the first that agrees behind the one that was taken before it; those in
 * between are passed over and counted. With expect nothing, none may have come since the last send
 * (the first of several in a row). What was sent is no answer, where it is seen as well. Names that
 * an expect inside of a repeat is the first to learn are learned anew in each round.
 *
 * Told times and packets, the engine says what to do next; it reads no clock and sends nothing:
 *
 *	sonde_script_parse(&s, ...);
 *	for (;;) {
 *		step = sonde_script_step(s, now);	SEND, TELL, WAIT or DONE
 *		...
 *		sonde_script_hear(s, &frame);		then step until it no longer tells
 *	}
 */

#include "base/record.h"
#include "base/step.h"
#include "base/text.h"
#include "packet/craft.h"

enum {
	SONDE_SCRIPT_TEXT_MOST = 1 << 20, /* bytes of a script */
	SONDE_SCRIPT_DEPTH = 8,		  /* of repeat in repeat */
	SONDE_SCRIPT_TIMES = 1000000,	  /* of one repeat, and packets of one send */
	SONDE_SCRIPT_POINTS = 100000,	  /* statements that are run */
	SONDE_SCRIPT_HEARD = 4096,	  /* packets kept that may still be answers */
	SONDE_SCRIPT_CAPTURES = 16,
	SONDE_SCRIPT_PACKET = 65536 + 64, /* bytes of a packet */
};
#define SONDE_SCRIPT_WAIT_MOST (3600 * SONDE_SECOND) /* of one wait, within or every */

struct sonde_script;

struct sonde_script_given { /* a variable from outside */
	const char *name;   /* without $ */
	const char *value;  /* a number or an address, as text */
};

/* What a script may speak of beside itself. */
struct sonde_script_world {
	void *arg;
	/* As that of struct sonde_craft_world; NULL: there are no files. */
	bool (*file)(void *arg, const char *name, struct sonde_bytes *ret, const char **ret_why);
	const struct sonde_script_given *given;
	unsigned n;
	uint64_t seed; /* of what is random */
};

/* Reads a whole script; text is copied, all of it lives in the arena. -EINVAL, and *ret_error is
 * set with a place in the text; a given value that is none is at SIZE_MAX, and nearest its name. */
int sonde_script_parse(struct sonde_script **ret, struct sonde_arena *a, const char *text,
		       size_t len, const struct sonde_script_world *world,
		       struct sonde_craft_error *ret_error);

/* Line and column of a place in the text, both from 1; the column counts bytes. */
void sonde_script_place(const char *text, size_t len, size_t at, unsigned *ret_line,
			unsigned *ret_column);

struct sonde_script_send {
	struct sonde_craft *craft; /* what was not said may be filled in before the run */
	unsigned line;
	bool repeated; /* several of it are sent */
	bool fast;     /* more than a thousand, at more than a thousand a second */
};

/* The i-th statement that sends, from 0; false: there are no more. */
bool sonde_script_send(const struct sonde_script *s, unsigned i, struct sonde_script_send *ret);

/* Values as they are known before the run; what will be learned is 0. */
const struct sonde_craft_vars *sonde_script_vars(const struct sonde_script *s);

/* The i-th interface that is captured, or NULL. */
const char *sonde_script_capture(const struct sonde_script *s, unsigned i);

bool sonde_script_no_rst(const struct sonde_script *s);

/* clang-format off */
#define SONDE_SCRIPT_POINT_COLUMNS(C, x) \
	C(x, n, UINT, "", "which point of the run, from 1") \
	C(x, line, UINT, "", "of the script") \
	C(x, kind, TEXT, "", "send, expect, expect nothing, check") \
	C(x, text, TEXT, "", "the statement") \
	C(x, status, TEXT, "", "ok; not ok; not reached: an earlier point failed") \
	C(x, start_ns, UINT, "ns", "when it began, since the run's start") \
	C(x, took_ns, UINT, "ns", "of an expect: from the last packet that was sent until the one that was expected came, absent where it came before; of all else: from the start to the end") \
	C(x, sent, UINT, "", "packets that were sent") \
	C(x, refused, UINT, "", "packets that could not be sent") \
	C(x, passed, UINT, "", "packets that came and were not the one") \
	C(x, packet, TEXT, "", "in words: the last that was sent, the one that came, or the one that should not have") \
	C(x, nearest, TEXT, "", "in words: of those that came, the one that agreed in most") \
	C(x, why, TEXT, "", "what first differs in the nearest, or what else went wrong")

#define SONDE_SCRIPT_COLUMNS(C, x) \
	C(x, file, TEXT, "", "the script") \
	C(x, points, UINT, "", "points in all") \
	C(x, ok, UINT, "", "points that were ok") \
	C(x, failed, UINT, "", "points that were not") \
	C(x, unreached, UINT, "", "points that were not reached") \
	C(x, sent, UINT, "", "packets that were sent") \
	C(x, heard, UINT, "", "packets that came") \
	C(x, took_ns, UINT, "ns", "the whole run")
/* clang-format on */

struct sonde_script_point {
	SONDE_SCRIPT_POINT_COLUMNS(SONDE_MEMBER, )
};
struct sonde_script_record {
	SONDE_SCRIPT_COLUMNS(SONDE_MEMBER, )
};

extern const struct sonde_schema sonde_script_point_schema, sonde_script_schema;

struct sonde_script_step {
	uint8_t is; /* enum sonde_step_is */
	/* WAIT: for packets, up to that time by their own stamps: do not step beyond it before all
	 * that were stamped so far have been heard. */
	bool listens;
	sonde_ns until;			  /* WAIT */
	const struct sonde_draft *packet; /* SEND: as it was made; borrowed until the next step */
	const struct sonde_craft *craft;  /* SEND: what it was made of: how it goes in fragments */
	const struct sonde_script_point *point; /* TELL: borrowed until the next step */
};

/* now: CLOCK_MONOTONIC, never less than before. */
struct sonde_script_step sonde_script_step(struct sonde_script *s, sonde_ns now);

/* The packet of the last step has left, in its fragments; or it has not, and why is a phrase. */
void sonde_script_sent(struct sonde_script *s, const char *why);

/* A frame that was seen, its time on CLOCK_MONOTONIC: copied where it is kept. What leaves, and
 * what is older than the run, is passed by. */
void sonde_script_hear(struct sonde_script *s, const struct sonde_frame *f);

/* It cannot go on: the point at hand failed, and the rest is not reached. why: a phrase, borrowed
 * until that is told. */
void sonde_script_stop(struct sonde_script *s, sonde_ns now, const char *why);

/* What there is to say of the whole, at this time; file is left to the caller. */
void sonde_script_told(const struct sonde_script *s, sonde_ns now, struct sonde_script_record *ret);

/* Forgets what came. NULL is fine. */
void sonde_script_done(struct sonde_script *s);

#endif
