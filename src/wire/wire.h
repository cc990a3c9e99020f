#ifndef SONDE_WIRE_WIRE_H
#define SONDE_WIRE_WIRE_H

/* Every protocol, made from the rows. For a header `udp` with a field `dport`:
 *
 *   SONDE_udp                    enum sonde_shape: which protocol
 *   struct sonde_udp             the bytes on the wire; a pointer to it points into a packet
 *   sonde_udp_dport(h)           the value, in host order; octets are borrowed from the packet
 *   sonde_udp_dport_put(h, v)    stores it
 *   SONDE_ROW_udp_dport          its row in sonde_rows[]
 *
 * Read udp.rows and tcp.rows first; pass.h says what each word of a row means.
 */

#include "base/bytes.h"

/* clang-format off */
#if defined SPACE || defined NOTHING || defined PROTOCOL || defined UNDER || defined ALSO || \
	defined AMONG || defined WRITTEN || defined BEGINS || defined TELLS || defined QUOTES || \
	defined CARRIES || defined THEN || defined FIELD || defined SPAN || \
	defined TOLD || defined REST || defined APP || defined READER || defined EITHER || defined VALUE || defined OPTIONS || defined EACH || defined FAMILY || \
	defined OPTION || defined SHAPE || defined END
#error "a macro of this name would be taken for a pass over the rows: include wire.h before it"
#endif

/* Protocols first, so that a set of them is a short bit mask. */
enum sonde_shape {
	SONDE_NONE,
#define PROTOCOL(p, ...) SONDE_##p,
#include "wire/pass.h"
	SONDE_PROTOCOLS,
	SONDE_BEFORE_PARTS_ = SONDE_PROTOCOLS - 1,
#define OPTION(family, p, ...) SONDE_##p,
#define SHAPE(p, ...) SONDE_##p,
#include "wire/pass.h"
	SONDE_SHAPES
};

enum sonde_space {
	SONDE_SPACE_NONE,
#define SPACE(s) SONDE_SPACE_##s,
#include "wire/pass.h"
	SONDE_SPACES
};

enum sonde_family {
	SONDE_FAMILY_NONE,
#define FAMILY(f, ...) SONDE_FAMILY_##f,
#include "wire/pass.h"
	SONDE_FAMILIES
};

/* A length field of Ethernet that says more than this names a protocol, IEEE 802.3 section 3.2.6. */
enum { SONDE_BODY_MOST = 1500 };

/* What a field ought to hold, and the argument of that. */
enum sonde_role {
	SONDE_ROLE_ANY,		 /* the user's */
	SONDE_ROLE_USUALLY,	 /* the user's; starts as arg */
	SONDE_ROLE_PORT,	 /* the user's; may lead to what space arg has for it */
	SONDE_ROLE_PORT_TO,	 /* the same, and is written where neither port does */
	SONDE_ROLE_IS,		 /* arg; anything else is another protocol */
	SONDE_ROLE_KEY,		 /* names the next layer in space arg */
	SONDE_ROLE_WORDS,	 /* this header, in 4-byte units, less arg */
	SONDE_ROLE_EIGHTS,	 /* this header, in 8-byte units, less one */
	SONDE_ROLE_COUNT,	 /* elements after the fields; their shape is arg */
	SONDE_ROLE_OPTIONS,	 /* options after the fields; their family is arg */
	SONDE_ROLE_TOTAL,	 /* this header and all that follows, bytes; 0: not said */
	SONDE_ROLE_BODY,	 /* all that follows, bytes; 0: not said */
	SONDE_ROLE_PAYLOAD,	 /* the same, and 0 is nothing */
	SONDE_ROLE_KEY_OR_BODY,	 /* all that follows, bytes, or above SONDE_BODY_MOST a KEY */
	SONDE_ROLE_TAGS,	 /* options of this header, bytes; nothing follows them */
	SONDE_ROLE_QUOTED,	 /* the quoted packet, in units of arg; icmp_ext comes after it */
	SONDE_ROLE_COVERS,	 /* bytes that the sum covers; 0: all */
	SONDE_ROLE_HAS,		 /* piece arg follows the fields, in the order of these flags */
	SONDE_ROLE_MORE,	 /* another fragment follows this one */
	SONDE_ROLE_OFFSET,	 /* not 0: what follows is the middle of something */
	SONDE_ROLE_SUM_HEADER,	 /* RFC 1071 over this header */
	SONDE_ROLE_SUM_ALL,	 /* RFC 1071 over this header and all that follows */
	SONDE_ROLE_SUM_ALL_OPTIONAL, /* the same; 0 means none was made */
	SONDE_ROLE_SUM_PSEUDO,	 /* over all, with the pseudo-header of the IP below */
	SONDE_ROLE_SUM_COVERED,	 /* the same over so many bytes as the field above it COVERS */
	SONDE_ROLE_SUM_OPTIONAL, /* with the pseudo-header; 0 means none was made */
	SONDE_ROLE_SUM_OSPF,	 /* as RFC 2328 section D.4 has it */
	SONDE_ROLE_SUM_PIM,	 /* as RFC 7761 section 4.9 has it */
	SONDE_ROLE_SUM_CRC32C,	 /* RFC 9260 appendix A, over all */
};
#define SONDE_OUGHT_ANY		 SONDE_ROLE_ANY, 0
#define SONDE_OUGHT_USUALLY(v)	 SONDE_ROLE_USUALLY, v
#define SONDE_OUGHT_PORT(s)	 SONDE_ROLE_PORT, SONDE_SPACE_##s
#define SONDE_OUGHT_PORT_TO(s)	 SONDE_ROLE_PORT_TO, SONDE_SPACE_##s
#define SONDE_OUGHT_IS(v)	 SONDE_ROLE_IS, v
#define SONDE_OUGHT_KEY(s)	 SONDE_ROLE_KEY, SONDE_SPACE_##s
#define SONDE_OUGHT_WORDS	 SONDE_ROLE_WORDS, 0
#define SONDE_OUGHT_COUNT(p)	 SONDE_ROLE_COUNT, SONDE_##p
#define SONDE_OUGHT_COUNT_OPTIONS(f) SONDE_ROLE_OPTIONS, SONDE_FAMILY_##f
#define SONDE_OUGHT_WORDS_LESS_2 SONDE_ROLE_WORDS, 2
#define SONDE_OUGHT_EIGHTS	 SONDE_ROLE_EIGHTS, 0
#define SONDE_OUGHT_TOTAL	 SONDE_ROLE_TOTAL, 0
#define SONDE_OUGHT_BODY	 SONDE_ROLE_BODY, 0
#define SONDE_OUGHT_PAYLOAD	 SONDE_ROLE_PAYLOAD, 0
#define SONDE_OUGHT_KEY_OR_BODY(s) SONDE_ROLE_KEY_OR_BODY, SONDE_SPACE_##s
#define SONDE_OUGHT_TAGS	 SONDE_ROLE_TAGS, 0
#define SONDE_OUGHT_QUOTED(unit) SONDE_ROLE_QUOTED, unit
#define SONDE_OUGHT_COVERS	 SONDE_ROLE_COVERS, 0
#define SONDE_OUGHT_HAS(p)	 SONDE_ROLE_HAS, SONDE_##p
#define SONDE_OUGHT_MORE	 SONDE_ROLE_MORE, 0
#define SONDE_OUGHT_OFFSET	 SONDE_ROLE_OFFSET, 0
#define SONDE_OUGHT_SUM_HEADER	 SONDE_ROLE_SUM_HEADER, 0
#define SONDE_OUGHT_SUM_ALL	 SONDE_ROLE_SUM_ALL, 0
#define SONDE_OUGHT_SUM_ALL_OPTIONAL SONDE_ROLE_SUM_ALL_OPTIONAL, 0
#define SONDE_OUGHT_SUM_PSEUDO	 SONDE_ROLE_SUM_PSEUDO, 0
#define SONDE_OUGHT_SUM_COVERED	 SONDE_ROLE_SUM_COVERED, 0
#define SONDE_OUGHT_SUM_OPTIONAL SONDE_ROLE_SUM_OPTIONAL, 0
#define SONDE_OUGHT_SUM_OSPF	 SONDE_ROLE_SUM_OSPF, 0
#define SONDE_OUGHT_SUM_PIM	 SONDE_ROLE_SUM_PIM, 0
#define SONDE_OUGHT_SUM_CRC32C	 SONDE_ROLE_SUM_CRC32C, 0

/* Whether a field means anything to the packet around it; most do not, and cost nothing. */
#define SONDE_MATTERS(...)	  SONDE_MATTERS_(__VA_ARGS__)
#define SONDE_MATTERS_(role, arg) ((role) > SONDE_ROLE_USUALLY)

/* The head of an option: where kind and length lie in it, in bits, an 8-bit number of 4-byte units
 * that the length leaves out (-1: none), and where its fields begin. Kind or length may be a field
 * too, where it means more than that. */
#define SONDE_HEAD_BYTES   0, 8, 8, 8, -1, 16	 /* TCP, IP, neighbour discovery, PPP, DHCP */
#define SONDE_HEAD_SHORTS  0, 16, 16, 16, -1, 32 /* PPPoE, DHCPv6, TLS, EDNS */
#define SONDE_HEAD_GENEVE  0, 24, 27, 5, -1, 32
#define SONDE_HEAD_OBJECT  16, 8, 0, 16, -1, 24	 /* RFC 4884 section 7: length, class */
#define SONDE_HEAD_CHUNK   0, 8, 16, 16, -1, 8	 /* SCTP: type, flags, length */
#define SONDE_HEAD_RECORD  0, 0, 16, 16, 8, 0	 /* IGMPv3, MLDv2: of one kind, sources are counted */
#define SONDE_FIELDS_FROM(...) SONDE_FIELDS_FROM_(__VA_ARGS__)
#define SONDE_FIELDS_FROM_(kind_at, kind_bits, len_at, len_bits, aux_at, fields) fields
#define FAMILY(f, head, ...) \
	enum { SONDE_FIELDS_FROM_##f = SONDE_FIELDS_FROM(SONDE_HEAD_##head) };
#include "wire/pass.h"

/* Where each field lies: it begins at the bit after the one above it. An END whose sum is not
 * the header it was promised does not compile. */
#define PROTOCOL(p, bytes, ...) enum { SONDE_BYTES_##p = bytes }; enum { SONDE_BEFORE_##p = -1,
#define OPTION(family, p, kind, bytes, ...) \
	enum { SONDE_BYTES_##p = bytes, SONDE_KIND_##p = kind }; \
	enum { SONDE_BEFORE_##p = SONDE_FIELDS_FROM_##family - 1,
#define SHAPE(p, bytes, ...) enum { SONDE_BYTES_##p = bytes }; enum { SONDE_BEFORE_##p = -1,
#define FIELD(p, n, full, bits, form, role, what) \
	SONDE_AT_##p##_##n, SONDE_TO_##p##_##n = SONDE_AT_##p##_##n + (bits) - 1,
#define END(p) \
	SONDE_BITS_##p }; \
	_Static_assert(SONDE_BITS_##p == 8 * SONDE_BYTES_##p, \
		       #p ": the fields do not add up to the header"); \
	struct sonde_##p { uint8_t byte[SONDE_BYTES_##p]; };
#include "wire/pass.h"

/* The number of every row, and where those of a shape begin. */
enum sonde_row_id {
#define PROTOCOL(p, ...) SONDE_ROWS_##p, SONDE_ROWS_BEFORE_##p = SONDE_ROWS_##p - 1,
#define OPTION(family, p, ...) SONDE_ROWS_##p, SONDE_ROWS_BEFORE_##p = SONDE_ROWS_##p - 1,
#define SHAPE(p, ...) SONDE_ROWS_##p, SONDE_ROWS_BEFORE_##p = SONDE_ROWS_##p - 1,
#define FIELD(p, n, ...) SONDE_ROW_##p##_##n,
#define SPAN(p, n, ...) SONDE_ROW_##p##_##n,
#define TOLD(p, n, ...) SONDE_ROW_##p##_##n,
#define REST(p, n, ...) SONDE_ROW_##p##_##n,
#define END(p) SONDE_ROWS_END_##p, SONDE_ROWS_AFTER_##p = SONDE_ROWS_END_##p - 1,
#include "wire/pass.h"
	SONDE_ROWS
};

/* The accessors. The form says how a value is shown, and so what type it has. */
#define SONDE_ACCESS_UINT(T, get, at, bits) \
	_Static_assert(SONDE_FROM(at, bits) + SONDE_WIDTH(at, bits) <= sizeof(T), \
		       #get " has no window inside the header: show it as octets"); \
	static inline SONDE_UINT(bits) get(const T *h) \
	{ return (SONDE_UINT(bits))sonde_get(h->byte, at, bits); } \
	static inline void get##_put(T *h, SONDE_UINT(bits) v) \
	{ sonde_put(h->byte, at, bits, v); }
#define SONDE_ACCESS_BOOL(T, get, at, bits) \
	static inline bool get(const T *h) { return sonde_get(h->byte, at, 1); } \
	static inline void get##_put(T *h, bool v) { sonde_put(h->byte, at, 1, v); }
#define SONDE_ACCESS_OCTETS(T, get, at, bits) \
	_Static_assert((at) % 8 == 0 && (bits) % 8 == 0, #get " is not whole bytes"); \
	static inline const uint8_t *get(const T *h) { return h->byte + (at) / 8; } \
	static inline void get##_put(T *h, const uint8_t v[static (bits) / 8]) \
	{ memcpy(h->byte + (at) / 8, v, (bits) / 8); }
#define SONDE_ACCESS_DEC  SONDE_ACCESS_UINT
#define SONDE_ACCESS_HEX  SONDE_ACCESS_UINT
#define SONDE_ACCESS_X4	  SONDE_ACCESS_UINT
#define SONDE_ACCESS_IP4  SONDE_ACCESS_UINT
#define SONDE_ACCESS_FLAG SONDE_ACCESS_BOOL
#define SONDE_ACCESS_MAC  SONDE_ACCESS_OCTETS
#define SONDE_ACCESS_IP6  SONDE_ACCESS_OCTETS
#define SONDE_ACCESS_BYTES SONDE_ACCESS_OCTETS
#define SONDE_ACCESS_TEXT SONDE_ACCESS_OCTETS
#define SONDE_ACCESS_TIME SONDE_ACCESS_UINT

#define FIELD(p, n, full, bits, form, role, what) \
	SONDE_ACCESS_##form(struct sonde_##p, sonde_##p##_##n, SONDE_AT_##p##_##n, bits)
#define SPAN(p, n, full, first, last, form, what) \
	enum { SONDE_AT_##p##_##n = SONDE_AT_##p##_##first }; \
	SONDE_ACCESS_##form(struct sonde_##p, sonde_##p##_##n, SONDE_AT_##p##_##n, \
			    SONDE_TO_##p##_##last - SONDE_AT_##p##_##first + 1)
#include "wire/pass.h"

/* The same, as tables, for what is known only at run time. */
enum sonde_form {
	SONDE_FORM_DEC, SONDE_FORM_HEX,
	SONDE_FORM_X4,	/* a number of 32-bit words, shown as bytes */
	SONDE_FORM_IP4, SONDE_FORM_FLAG,
	SONDE_FORM_TIME, /* an NTP timestamp, RFC 5905 section 6; told as nanoseconds since 1970 */
	SONDE_FORM_MAC, SONDE_FORM_IP6, /* octets from here on */
	SONDE_FORM_BYTES, /* shown in hex */
	SONDE_FORM_TEXT,  /* shown as text, escaped; zeros at the end are padding */
};

struct sonde_row {
	const char *name;  /* "udp.dstport", as everywhere in output */
	const char *alias; /* "dport", in specs and filters */
	const char *what;  /* one phrase */
	uint16_t at, bits; /* from the start of the header or option; no bits: it is TOLD or a REST */
	uint8_t shape;	   /* enum sonde_shape */
	uint8_t form;	   /* enum sonde_form */
	uint8_t role;	   /* enum sonde_role */
	bool span;	   /* covers other rows */
	uint32_t arg;	   /* of the role */
};

struct sonde_shape_info {
	const char *name, *title, *source;
	uint16_t row, rows; /* its rows in sonde_rows */
	uint8_t bytes;	    /* without options */
	uint32_t kind;	    /* of an option */
	uint8_t family;	    /* of its options; for an option, the one it belongs to */
	uint8_t each;	    /* shape of what repeats after the fields */
	bool pieces;	    /* flags say which pieces follow the fields */
	const char *list;   /* and what those are called together */
	uint8_t grain;	    /* a header with options is a multiple of this; 0: any length */
	uint16_t most;	    /* bytes with options that its length field can say */
};

struct sonde_family_info {
	uint8_t kind_at, kind_bits, len_at, len_bits; /* SONDE_HEAD_ */
	int8_t aux_at;
	uint8_t fields;
	uint8_t unit;	   /* bytes in one unit of length */
	uint8_t uncounted; /* bytes the length leaves out */
	int16_t end, pad;  /* kinds of a single byte; -1 where there is none */
	uint8_t grain;	   /* each option is padded to a multiple of this */
};

/* Bytes that kind and length lie in. */
SONDE_INLINE uint32_t sonde_family_head(const struct sonde_family_info *f)
{
	uint32_t kind = f->kind_at + f->kind_bits, len = f->len_at + f->len_bits;

	return (kind > len ? kind : len) / 8;
}

struct sonde_value {
	uint16_t row, number;
	const char *words;
};

struct sonde_either {
	const char *name, *alias;
	uint16_t a, b; /* rows */
	uint8_t shape;
};

extern const struct sonde_row sonde_rows[SONDE_ROWS];
extern const struct sonde_shape_info sonde_shapes[SONDE_SHAPES];
extern const struct sonde_value sonde_values[];	  /* ends with words == NULL */
extern const struct sonde_either sonde_eithers[]; /* ends with name == NULL */
static const struct sonde_family_info sonde_families[SONDE_FAMILIES] = {
#define FAMILY(f, head, unit, uncounted, end, pad, grain) \
	[SONDE_FAMILY_##f] = { SONDE_HEAD_##head, unit, uncounted, end, pad, grain },
#include "wire/pass.h"
};

/* Keys are up to 40 bits. */
#define SONDE_KEY_(space, key) ((uint64_t)(space) << 48 | (key))

/* What a key leads to, or SONDE_NONE. */
SONDE_INLINE enum sonde_shape sonde_child(enum sonde_space space, uint64_t key)
{
	switch (SONDE_KEY_(space, key)) {
#define UNDER(p, s, k) case SONDE_KEY_(SONDE_SPACE_##s, k): return SONDE_##p;
#define ALSO(p, s, k) case SONDE_KEY_(SONDE_SPACE_##s, k): return SONDE_##p;
#include "wire/pass.h"
	}
	return SONDE_NONE;
}

/* Whether a key leads to several; which, sonde_among tells. */
SONDE_INLINE bool sonde_is_among(enum sonde_space space, uint64_t key)
{
	return false
#define AMONG(p, s, k, ...) || (space == SONDE_SPACE_##s && key == (k))
#include "wire/pass.h"
		;
}

/* The same for a key that leads to several: which, its first bytes at h tell, of which there are
 * so many. Where these are too few the first that may be. */
enum sonde_shape sonde_among(enum sonde_space space, uint64_t key, const uint8_t *h,
			     uint32_t there);

/* Whether it is an application's, so that sonde_app_decode goes on. */
SONDE_INLINE bool sonde_is_app(enum sonde_shape shape)
{
	switch (shape) {
#define APP(p) case SONDE_##p: return true;
#include "wire/pass.h"
	default: return false;
	}
}

/* Whether a key says that nothing follows. */
SONDE_INLINE bool sonde_key_ends(enum sonde_space space, uint64_t key)
{
	switch (SONDE_KEY_(space, key)) {
#define NOTHING(s, k) case SONDE_KEY_(SONDE_SPACE_##s, k): return true;
#include "wire/pass.h"
	}
	return false;
}

/* The key to write for a child, or -1. */
SONDE_INLINE int32_t sonde_key(enum sonde_space space, enum sonde_shape child)
{
	switch (SONDE_KEY_(space, (uint32_t)child)) {
#define WRITTEN(p, s, k) case SONDE_KEY_(SONDE_SPACE_##s, SONDE_##p): return k;
#define UNDER(p, s, k) case SONDE_KEY_(SONDE_SPACE_##s, SONDE_##p): return k;
#define BEGINS(p, whole, s, k) case SONDE_KEY_(SONDE_SPACE_##s, SONDE_##p): return k;
#include "wire/pass.h"
	}
	return -1;
}

/* Whether a packet out of another story follows. */
static inline bool sonde_quotes(enum sonde_shape shape)
{
	switch (shape) {
#define QUOTES(p, s, k) case SONDE_##p: return true;
#include "wire/pass.h"
	default: return false;
	}
}

/* The first bytes of a header, as a header of their own, or SONDE_NONE. */
SONDE_INLINE enum sonde_shape sonde_beginning(enum sonde_shape whole)
{
	switch (whole) {
#define BEGINS(p, whole, s, k) case SONDE_##whole: return SONDE_##p;
#include "wire/pass.h"
	default: return SONDE_NONE;
	}
}

enum sonde_shape sonde_option_shape(enum sonde_family family, uint32_t kind);

/* The same where the family is known when compiling. */
SONDE_INLINE enum sonde_shape sonde_option_shape_(enum sonde_family family, uint32_t kind)
{
	switch (SONDE_KEY_(family, kind)) {
#define OPTION(f, p, k, ...) case SONDE_KEY_(SONDE_FAMILY_##f, k): return SONDE_##p;
#include "wire/pass.h"
	}
	return SONDE_NONE;
}

/* The word for a number of this row, or NULL. */
const char *sonde_words(enum sonde_row_id row, uint32_t number);

/* A row with bits is either a number, read by sonde_get, or octets, which begin at byte at / 8. */
static inline bool sonde_row_is_octets(const struct sonde_row *r)
{
	return r->form >= SONDE_FORM_MAC;
}
/* clang-format on */

#endif
