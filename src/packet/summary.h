#ifndef SONDE_PACKET_SUMMARY_H
#define SONDE_PACKET_SUMMARY_H

#include "packet/packet.h"

/* One line for a person, in the words and the order of `tcpdump -nn -S`; with p->start set, of
 * `tcpdump -nn`. */

enum { SONDE_SUMMARY_MAX = 4096 }; /* bytes to keep free at o, slack of text.h included */

/* Returns the end of what was written at o; no newline. What comes from the wire as
 * text is escaped. */
char *sonde_summary(char *o, const struct sonde_packet *p);

#endif
