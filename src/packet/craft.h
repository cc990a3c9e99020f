#ifndef SONDE_PACKET_CRAFT_H
#define SONDE_PACKET_CRAFT_H

/* The crafting language: a packet in words, by the names that `sonde fields` lists. What is not
 *said is worked out, what is said is sent as given, right or wrong.
 *
 *	ip(dst=10.0.0.2, ttl=3)/tcp(dport=80, flags=S, mss=1460, sackok)/"hello"
 *
 *	packet	layer / layer / ...
 *	layer	NAME, NAME(item, ...)	a header: ip, tcp, icmp/icmp_echo, eth, vlan, arp/arp_ip ...
 *		"text" hex(00ff)	bytes; in text \" \\ \n \r \t \xNN
 *		file("name")		the bytes of a file
 *		random(100) zero(100)	so many bytes
 *		frag(mtu=576, order=reverse, overlap=8)
 *					behind a header of IP: what follows goes in fragments
 *		pad(6) pad(hex(..))	at the end: bytes that no header counts
 *		(packet)		several, as one
 *		LAYER*3			so many times
 *		NAME			a packet that was named before
 *	item	field=value		ttl=3, ip.ttl=3; a flag alone is set: df
 *		!field			it stays 0: !sum
 *		option(item, ...)	of the header, in this order: mss(val=1460), nop, sackok,
 *eol option=value		the same, of its first field: mss=1460
 *		raw(hex) raw("text")	bytes of the header behind its fields, as they are; behind
 *the last one nothing is padded name("example.com")	the same, as a name of DNS value	80
 *0x50 10.0.0.1 ::1 02:00:00:00:00:01 "text" "echo reply" tcp FLAGS 1-1024 10.0.0.0/24	each in
 *turn; with /4 behind it, every fourth {22, 80, 1000-2000}	each in turn random random(1-9)
 *another one each time, the same for the same seed
 *		step(4) step(4, 1000)	so much more each time, from 0 or 1000
 *		$name $name+1 $name-1	what a script has learned
 *		VALUE@a			all of one letter go forward together; else each is crossed
 *with each, and the last one varies fastest
 *
 * Values are numbers of up to 128 bits, so addresses of any family vary as numbers do. FLAGS are
 * letters of tcp(flags=...): F S R P A U E C (or W) and N, the accurate ECN bit; "-" is none. */

#include "base/arena.h"
#include "base/text.h"
#include "packet/draft.h"

typedef unsigned __int128 sonde_wide;

struct sonde_craft;

struct sonde_craft_error {
	size_t at;	      /* bytes into the text */
	const char *expected; /* a phrase: "a value"; in the arena, or static */
	const char *nearest;  /* a name that was probably meant; NULL */
};

struct sonde_craft_var { /* $name */
	const char *name;
	bool known;
	sonde_wide value;
};

struct sonde_craft_vars {
	struct sonde_craft_var *of; /* in the arena */
	unsigned n;
};

/* What the text may speak of beside itself. All zero: nothing. */
struct sonde_craft_world {
	void *arg;
	/* The bytes of that file, to outlive what is parsed; false, and *ret_why is a phrase. */
	bool (*file)(void *arg, const char *name, struct sonde_bytes *ret, const char **ret_why);
	/* A packet of that name, or NULL. */
	const struct sonde_craft *(*named)(void *arg, const char *name, size_t len);
	struct sonde_craft_vars *vars; /* grows by each $name; NULL: there are none */
	bool pattern;		       /* it is to be compared, not sent: nothing is worked out, and
					* a $name that is not known is learned */
	const char *end; /* words, a blank between them, one of which may end the packet: "within
			  * every"; NULL: only the text's end does */
};

/* Reads a packet of len bytes of text. All of it lives in the arena; text is copied. False, and
 * *ret_error is set, where it is not understood. ret_len: bytes that were read, up to world->end;
 * may be NULL. */
bool sonde_craft_parse(struct sonde_craft **ret, struct sonde_arena *a, const char *text,
		       size_t len, const struct sonde_craft_world *world, size_t *ret_len,
		       struct sonde_craft_error *ret_error);

/* The headers of it, outermost first; SONDE_NONE beyond the last. */
enum sonde_shape sonde_craft_layer(const struct sonde_craft *c, unsigned layer);

/* Whether this field of a header was said. */
bool sonde_craft_says(const struct sonde_craft *c, unsigned layer, enum sonde_row_id row);

/* The value of a field that was said and does not vary; false otherwise. */
bool sonde_craft_value(const struct sonde_craft *c, unsigned layer, enum sonde_row_id row,
		       sonde_wide *ret);

/* Says a field that was not said. */
void sonde_craft_say(struct sonde_craft *c, unsigned layer, enum sonde_row_id row,
		     sonde_wide value);

/* The same, from that number on, so much more each time. */
void sonde_craft_say_step(struct sonde_craft *c, unsigned layer, enum sonde_row_id row,
			  sonde_wide from, sonde_wide by);

/* An option with the value of one of its fields, to a header that has none; false: it has. */
bool sonde_craft_say_option(struct sonde_craft *c, unsigned layer, enum sonde_shape shape,
			    enum sonde_row_id row, sonde_wide value);

/* A header in front of all others. */
void sonde_craft_wrap(struct sonde_craft *c, enum sonde_shape shape);

/* How many packets there are before all values have been in turn; 1: none is. Saturates. */
uint64_t sonde_craft_count(const struct sonde_craft *c);

/* Whether two of them may differ: then also where only random and step say so. */
bool sonde_craft_varies(const struct sonde_craft *c);

struct sonde_craft_turn {
	uint64_t n;			     /* which packet, from 0 */
	uint64_t seed;			     /* of what is random */
	const struct sonde_craft_vars *vars; /* NULL: none */
};

/* The packet of this turn, whole, into a draft just made. Returns its length;
 * SONDE_NO_SPACE: more than the buffer; SONDE_NO_ROOM_FOR_OPTION; SONDE_TOO_WIDE: a $name is wider
 * than the field, or is not known. */
int sonde_craft_encode(const struct sonde_craft *c, const struct sonde_craft_turn *turn,
		       struct sonde_draft *d);

/* Where the packet, read again, is another one than was said: the layer that is not found, or -1.
 * What is behind one that tells what follows, and was pinned, is not judged. at: bytes into the
 * text. */
int sonde_craft_contradicts(const struct sonde_craft *c, const struct sonde_draft *d,
			    size_t *ret_at);

/* Whether it asks for fragments. */
bool sonde_craft_fragments(const struct sonde_craft *c);

typedef int (*sonde_craft_hear)(void *arg, const uint8_t *byte, uint32_t len);

/* The packet that encode made as its fragments, in their order, each told to hear, which returns
 * below 0 to end it. One packet where nothing is fragmented. Bytes are borrowed until hear returns.
 * 0, or what hear returned, or SONDE_NO_SPACE. RFC 791 section 3.2, RFC 8200 section 4.5. */
int sonde_craft_send(const struct sonde_craft *c, const struct sonde_draft *d,
		     sonde_craft_hear hear, void *arg);

/* Whether a packet is as the pattern says: its headers among those of the packet, in this order,
 * and every field that is said; bytes at its end are those at the packet's. What is learned is
 * known in vars afterwards, and only if all agrees. Where it does not, why, unless NULL, is told
 * the first thing that differs: "tcp.flags is 0x014 (RA), not SA". */
bool sonde_craft_match(const struct sonde_craft *pattern, const struct sonde_packet *p,
		       struct sonde_craft_vars *vars, struct sonde_text *why);

/* A packet in this language, as short as it can be said: parsed and encoded it is the same to the
 * byte, as far as it was captured. The arena is for the moment: whoever calls rewinds it. */
void sonde_craft_print(struct sonde_text *t, const struct sonde_packet *p, struct sonde_arena *a);

#endif
