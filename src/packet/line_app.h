#ifndef SONDE_PACKET_LINE_APP_H
#define SONDE_PACKET_LINE_APP_H

/* The part of the line that tells what an application said. Its text comes from the wire, so it is
 * escaped, and there may be any amount of it, so it is cut. */

#include "packet/line.h"

enum { SONDE_LINE_APP_MAX = 2000 }; /* bytes of line after which no more text is begun */

struct sonde_line {
	char *o;
	const char *stop; /* nothing longer than 512 bytes is written behind this */
};

/* Text from the wire, escaped as base/text.h has it; at most as much as there is room for. */
void sonde_line_text(struct sonde_line *l, const void *at, size_t len);

SONDE_INLINE void sonde_line_put(struct sonde_line *l, const char *words)
{
	l->o = sonde_put_str(l->o, words);
}

SONDE_INLINE void sonde_line_put_number(struct sonde_line *l, const char *words, uint64_t v)
{
	l->o = sonde_put_dec(sonde_put_str(l->o, words), v);
}

/* Of layer d, each in its protocol's file. */
void sonde_line_dhcp(struct sonde_line *l, const struct sonde_packet *p, unsigned d);
void sonde_line_dhcpv6(struct sonde_line *l, const struct sonde_packet *p, unsigned d);
void sonde_line_dns(struct sonde_line *l, const struct sonde_packet *p, unsigned d);
void sonde_line_ntp(struct sonde_line *l, const struct sonde_packet *p, unsigned d);
void sonde_line_tls(struct sonde_line *l, const struct sonde_packet *p, unsigned d);

#endif
