#ifndef SONDE_PACKET_DUMP_H
#define SONDE_PACKET_DUMP_H

/* The bytes of a packet as tcpdump shows them. */

#include "base/text.h"

enum sonde_dump { SONDE_DUMP_NONE, SONDE_DUMP_HEX, SONDE_DUMP_HEX_ASCII, SONDE_DUMP_ASCII };

/* Lines of 16 bytes, each with a tab in front and a newline behind; ASCII: the text as it is, with
 * a dot for all that a terminal would obey. */
void sonde_dump(struct sonde_text *t, enum sonde_dump form, struct sonde_bytes bytes);

#endif
