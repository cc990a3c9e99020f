#ifndef SONDE_PROBE_ANSWER_INSIDE_H
#define SONDE_PROBE_ANSWER_INSIDE_H

/* What packets are found by, answer_key.c: bytes that are the same of a packet and of its answer.
 */

#include "probe/answer.h"

enum {
	SONDE_ANSWERS_KEY_EXACT = 1,
	SONDE_ANSWERS_KEY_REPLY,
	SONDE_ANSWERS_KEY_QUOTE,
	SONDE_ANSWERS_KEY_COPY
};

struct sonde_answers_words {
	uint8_t at[512];
	uint32_t n;
};

/* Headers that are not quoted: the outermost of IP and the innermost, and ARP; the outermost of IP
 * that is. -1: none. */
struct sonde_answers_place {
	int outer, inner, arp, quoted;
};
struct sonde_answers_place sonde_answers_place(const struct sonde_packet *p);

/* The protocol that IP at layer d carries, behind its extension headers; ret_top: the layer behind
 * these, which may be beyond the last; ret_at: its bytes. */
uint8_t sonde_answers_carried(const struct sonde_packet *p, unsigned d, unsigned *ret_top,
			      uint32_t *ret_at);

/* The packet at layer d as an error would quote it; false where less than 8 bytes follow its IP. */
bool sonde_answers_put_quote(struct sonde_answers_words *w, const struct sonde_packet *p,
			     unsigned d);

/* What an answer to the packet at layer d of p holds, or, where it came, what p holds as an answer.
 * anybody: whoever it is from. end: of TCP what it acknowledges, and only for an exact key. False
 * where there is none. */
bool sonde_answers_put_reply(struct sonde_answers_words *w, const struct sonde_packet *p,
			     unsigned d, bool came, bool anybody, const uint32_t *end);

/* The same of ARP at layer d, which is no packet of IP. */
bool sonde_answers_put_arp(struct sonde_answers_words *w, const struct sonde_packet *p, unsigned d,
			   bool came);

#endif
