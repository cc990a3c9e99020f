#ifndef SONDE_PACKET_FIELD_H
#define SONDE_PACKET_FIELD_H

/* Every field of a layer, one after the other in the order of its bytes, whether it has a fixed
 * place in the header (FIELD, SPAN) or has to be found (TOLD). A span comes before the fields that
 * it covers. What repeats - an option, a record - stands between OPEN and CLOSE, at most
 * SONDE_FIELD_DEPTH deep:
 *
 *   VALUE tcp.srcport ... VALUE tcp.urgent_pointer
 *   OPEN "options" "mss" 2, VALUE tcp.options.mss_val, CLOSE
 *   OPEN "options" "nop" 1, CLOSE
 *   OPEN "options" NULL 253, CLOSE
 */

#include "packet/packet.h"

enum { SONDE_FIELD_DEPTH = 4 };

enum sonde_field_is {
	SONDE_FIELD_VALUE,
	SONDE_FIELD_OPEN,  /* an element of list begins; those of one list come one after the other
			    */
	SONDE_FIELD_CLOSE, /* the innermost element ends; nothing else is said */
};

/* Borrowed until hear returns. What the packet does not say - text of no bytes, a time of 0 - is
 * not told. */
struct sonde_field {
	uint8_t is;	  /* enum sonde_field_is */
	uint8_t layer;	  /* which of the packet */
	uint8_t shape;	  /* VALUE: of the header or element it is part of; OPEN: of the element,
			   * SONDE_NONE where nobody knows what it means */
	bool bad;	  /* OPEN: its length contradicts the bytes around it or its kind */
	uint16_t row;	  /* VALUE: enum sonde_row_id */
	uint32_t at, len; /* the bytes it lies in, from the packet's start; len 0: nowhere in one
			   * piece. Of bits, all the bytes that they touch */
	uint64_t number;  /* VALUE whose form is no octets: as it is shown, so bytes for
			   * SONDE_FORM_X4, nanoseconds since 1970 (an int64_t) for
			   * SONDE_FORM_TIME. OPEN: its kind or type; of an element without one, its
			   * place in the list from 0 */
	const uint8_t *octets; /* VALUE whose form is octets: in wire order. OPEN: what follows kind
				* and length */
	uint32_t octets_len;
	const char *list; /* OPEN: "options", "segments", "answers" ... */
	const char *name; /* OPEN: "mss", "nop", "AAAA"; NULL: it has none */
};

typedef void (*sonde_field_hear)(void *arg, const struct sonde_field *f);

/* Tells all fields of layer d of p, which must be below p->n. SONDE_STOP_END, or why there are no
 * more: SONDE_STOP_TRUNCATED, SONDE_STOP_MALFORMED or SONDE_STOP_MORE inside what the layer holds.
 * Allocates nothing; takes time in proportion to the bytes of the layer. */
enum sonde_stop sonde_field_each(const struct sonde_packet *p, unsigned d, sonde_field_hear hear,
				 void *arg);

#endif
