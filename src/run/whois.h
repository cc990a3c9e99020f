#ifndef SONDE_RUN_WHOIS_H
#define SONDE_RUN_WHOIS_H

/* What is known of an address beside itself: its name, asked for without waiting, and the number
 * of its autonomous system, from a file. */

#include <poll.h>

#include "base/address.h"
#include "base/time.h"

struct sonde_whois;

/* names: ask for them. as_table: a file, NULL: none. 0, -errno, or SONDE_NOT_ASTABLE. */
int sonde_whois_open(struct sonde_whois **ret, bool names, const char *as_table);
struct sonde_whois *sonde_whois_close(struct sonde_whois *w); /* NULL is fine; returns NULL */

/* Its name as far as it is known; asks for it where it is not. NULL: there is none, so far. Bytes
 * from the network, borrowed until the next call of anything here. */
const char *sonde_whois_name(struct sonde_whois *w, const struct sonde_address *a);

/* While it is so, no address has a name, and none is asked for. */
void sonde_whois_hush(struct sonde_whois *w, bool hush);

/* The number of its system; 0: not known. */
uint32_t sonde_whois_as_number(struct sonde_whois *w, const struct sonde_address *a);

/* "AS64500", borrowed until the next call; NULL: not known. */
const char *sonde_whois_as(struct sonde_whois *w, const struct sonde_address *a);

/* Whether names are still being asked for. */
bool sonde_whois_waits(struct sonde_whois *w);

/* As sonde_reverse_fds, _until and _recv. */
unsigned sonde_whois_fds(struct sonde_whois *w, struct pollfd *ret);
sonde_ns sonde_whois_until(struct sonde_whois *w, sonde_ns now);
void sonde_whois_recv(struct sonde_whois *w);

#endif
