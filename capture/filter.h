#ifndef SONDE_CAPTURE_FILTER_H
#define SONDE_CAPTURE_FILTER_H

/* pcap-filter(7) expressions on frames, as tcpdump has them: libpcap compiles one program for each
 * link type met. What libpcap does with names (it resolves them, blocking), VLAN tags and tunnels
 * it does here. */

#include "base/frame.h"

struct sonde_filter;
struct bpf_program;

/* Compiles nothing yet. -ENOMEM. */
int sonde_filter_open(struct sonde_filter **ret, const char *expression);

/* 1: the frame is meant, 0: it is not. SONDE_FILTER: the expression is none for frames of this link
 * type, see sonde_filter_error; -ENOMEM. */
int sonde_filter_match(struct sonde_filter *f, const struct sonde_frame *frame);

/* Compiles for this link type (LINKTYPE_ number), unless that is done. 0, or as above; ret may be
 * NULL. The program is borrowed from f. */
int sonde_filter_program(struct sonde_filter *f, uint16_t link, const struct bpf_program **ret);

/* Why: libpcap's words. "" where nothing failed. Quotes the expression as it is. */
const char *sonde_filter_error(const struct sonde_filter *f);

/* The first word of the expression that cannot stand where it stands, as found by trying; len 0:
 * not found, or the expression ends too early, which at tells: it is behind the last word then. */
struct sonde_bytes sonde_filter_wrong(const struct sonde_filter *f);

/* The same as a sentence: what cannot stand where, or that the expression ends too early. Returns
 * why, which has room for size bytes. */
const char *sonde_filter_explain(const struct sonde_filter *f, char *why, size_t size);

/* NULL is fine; returns NULL. */
struct sonde_filter *sonde_filter_close(struct sonde_filter *f);

#endif
