#ifndef SONDE_LIFE_COMPARISON_H
#define SONDE_LIFE_COMPARISON_H

/* Stream against datagram: what each kind of socket of this run did, side by side, in nine groups
 * of rows. Every value comes from the engine's counts and times; where a run has no evidence there
 * is no cell, and where no kind has any there is no row. */

#include "base/cell.h"
#include "life/account.h"
#include "life/life.h"

enum { SONDE_COMPARED = SONDE_KIND_UNIX_SEQPACKET }; /* the kinds 1 to this one are compared */

/* clang-format off */
#define SONDE_COMPARISON_COLUMNS(C, x) \
	C(x, group, TEXT, "", "setup identity boundaries delivery back-pressure errors close cost timing, or only and note") \
	C(x, name, TEXT, "", "what the row is about; of group only and note the sentence itself") \
	C(x, tcp4, TEXT, "", "of TCP over IPv4") \
	C(x, tcp6, TEXT, "", "of TCP over IPv6") \
	C(x, udp4, TEXT, "", "of UDP over IPv4") \
	C(x, udp6, TEXT, "", "of UDP over IPv6") \
	C(x, unix_stream, TEXT, "", "of Unix stream sockets") \
	C(x, unix_dgram, TEXT, "", "of Unix datagram sockets") \
	C(x, unix_seqpacket, TEXT, "", "of Unix seqpacket sockets")
/* clang-format on */

struct sonde_comparison_record {
	SONDE_COMPARISON_COLUMNS(SONDE_MEMBER, )
};
extern const struct sonde_schema sonde_comparison_schema;

struct sonde_comparison {
	bool present[SONDE_COMPARED + 1];    /* by kind */
	struct sonde_comparison_record *row; /* groups in order; then only, then note */
	size_t rows, room;
};

/* After sonde_life_end. Texts live in the arena. No rows where nothing was seen to compare. */
void sonde_comparison_make(struct sonde_comparison *ret, struct sonde_arena *arena,
			   const struct sonde_life *life, const struct sonde_account *account);

void sonde_comparison_draw(struct sonde_grid *ret, struct sonde_arena *arena,
			   const struct sonde_comparison *c);

#endif
