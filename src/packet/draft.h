#ifndef SONDE_PACKET_DRAFT_H
#define SONDE_PACKET_DRAFT_H

/* A packet being made, from the outside in: headers, their options, a body, encode. What was not
 * set is worked out by encode; what was set is sent as given, right or wrong.
 *
 *   sonde_draft_init(&d, buf, sizeof buf);
 *   sonde_draft_push(&d, SONDE_ip);
 *   sonde_set(&d, ip, ttl, 1);
 *   sonde_draft_push(&d, SONDE_udp);
 *   sonde_set(&d, udp, checksum, 0xdead);		a lie: it stays
 *   sonde_draft_append(&d, "hi", 2);
 *   len = sonde_draft_encode(&d);
 */

#include "base/reason.h"
#include "packet/packet.h"

struct sonde_draft {
	struct sonde_packet p; /* p.byte is the buffer; p.len what is written so far */
	uint32_t cap;
	uint32_t pinned[SONDE_LAYERS]; /* rows of each layer that encode leaves alone */
	bool open;		       /* the last header may still grow options */
	uint8_t family;		       /* of the last option */
	uint32_t option;	       /* where that is in the packet; 0: there is none */
};

/* buf is borrowed and holds cap bytes, at most 2 GiB. */
void sonde_draft_init(struct sonde_draft *d, uint8_t *buf, uint32_t cap);

/* All of these return the place of what they wrote, from the start of the packet, or
 * SONDE_NO_SPACE: the buffer is full, or there are SONDE_LAYERS headers already. */

/* A header with its usual values. */
int sonde_draft_push(struct sonde_draft *d, enum sonde_shape shape);

/* An option of the last header, or an element of its last option or of itself.
 * SONDE_NO_ROOM_FOR_OPTION: its length could not be said, or there is a body already. */
int sonde_draft_option(struct sonde_draft *d, enum sonde_shape shape);

/* Zeros behind the last option, as far as its family wants; the next option and what follows the
 * header do so by themselves. */
int sonde_draft_align(struct sonde_draft *d);

/* Bytes of the last header as they are, such as an option that nobody knows; errors as above. The
 * second makes the last option longer by them, up to a whole unit of its length. */
int sonde_draft_raw(struct sonde_draft *d, const uint8_t *at, uint32_t len);
int sonde_draft_inside(struct sonde_draft *d, const uint8_t *at, uint32_t len);

/* Bytes of body. */
int sonde_draft_append(struct sonde_draft *d, const void *at, uint32_t len);

/* Lengths, keys and sums, as far as they are not pinned. Returns the length of the packet. The
 * second: its last bytes, so many, are counted by no header. */
int sonde_draft_encode(struct sonde_draft *d);
int sonde_draft_encode_padded(struct sonde_draft *d, uint32_t pad);

/* Says of each layer of a packet how far it reaches in a packet that is encoded, whose last header
 * counts bytes up to end: to there, or, of what is quoted, to the extension behind it. */
void sonde_draft_reach(struct sonde_packet *p, uint32_t end);

/* The same packet again, row by row, into a draft just made. With the verdict of a strict judge
 * with sums as pins it is the same to the byte; with NULL it is as it should have been. Parts of
 * other packets (SONDE_PART_) stay as they are. Returns the length. */
int sonde_draft_copy(struct sonde_draft *d, const struct sonde_packet *from,
		     const struct sonde_verdict *pins);

/* The last header of the draft, to be written through the putters. */
#define sonde_last(d, name)                                                                        \
	((struct sonde_##name *)((uintptr_t)(d)->p.byte + (d)->p.layer[(d)->p.n - 1].at))

/* Sets a field of the last header, and pins it. */
#define sonde_set(d, name, field, value)                                                           \
	(sonde_##name##_##field##_put(sonde_last(d, name), value),                                 \
	 (void)((d)->pinned[(d)->p.n - 1] |= 1u                                                    \
					     << (SONDE_ROW_##name##_##field - SONDE_ROWS_##name)))

#endif
