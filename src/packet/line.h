#ifndef SONDE_PACKET_LINE_H
#define SONDE_PACKET_LINE_H

/* The parts of sonde_summary, one file a family. Each writes what its layer d has to say at o, in
 * tcpdump's words, and returns the end of it. */

#include "base/text.h"
#include "packet/packet.h"

/* summary.c: the packet whose IP is layer d, from "IP 10.0.0.1" on. */
char *sonde_line_ip(char *o, const struct sonde_packet *p, unsigned d);
/* summary_tcp.c */
char *sonde_line_tcp(char *o, const struct sonde_packet *p, unsigned d);
/* summary_icmp.c */
char *sonde_line_icmp(char *o, const struct sonde_packet *p, unsigned d);
char *sonde_line_icmpv6(char *o, const struct sonde_packet *p, unsigned d);
/* summary_app.c: what the application of layer d says, with what goes before it */
char *sonde_line_app(char *o, const struct sonde_packet *p, unsigned d);
/* summary_sctp.c */
char *sonde_line_sctp(char *o, const struct sonde_packet *p, unsigned d);
/* summary_routing.c */
char *sonde_line_igmp(char *o, const struct sonde_packet *p, unsigned d);
char *sonde_line_routing(char *o, const struct sonde_packet *p, unsigned d);
/* summary_tunnel.c; sonde_line_tunnel: of those in UDP */
char *sonde_line_gre(char *o, const struct sonde_packet *p, unsigned d);
char *sonde_line_esp(char *o, const struct sonde_packet *p, unsigned d);
char *sonde_line_ah(char *o, const struct sonde_packet *p, unsigned d);
char *sonde_line_tunnel(char *o, const struct sonde_packet *p, unsigned d);
/* summary_link.c; sonde_line_from: whatever comes from layer d on, which need not be there */
char *sonde_line_arp(char *o, const struct sonde_packet *p, unsigned d);
char *sonde_line_from(char *o, const struct sonde_packet *p, unsigned d);

SONDE_INLINE char *sonde_line_say(char *o, const char *words)
{
	return sonde_put_str(o, words);
}

SONDE_INLINE char *sonde_line_number(char *o, const char *words, uint32_t v)
{
	return sonde_put_dec(sonde_put_str(o, words), v);
}

/* What a number is called, or "type-" and the number. */
char *sonde_line_value(char *o, enum sonde_row_id row, uint32_t v);

/* Source or destination of the IP header that layer l is. */
char *sonde_line_address(char *o, const struct sonde_packet *p, const struct sonde_layer *l,
			 bool dst);

/* Bytes of layer d with all that follows, and of what follows alone. */
static inline uint32_t sonde_line_total(const struct sonde_packet *p, unsigned d)
{
	return p->layer[d].end - p->layer[d].at;
}

static inline uint32_t sonde_line_body(const struct sonde_packet *p, unsigned d)
{
	return sonde_line_total(p, d) - p->layer[d].head;
}

#endif
