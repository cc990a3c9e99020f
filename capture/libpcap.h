#ifndef SONDE_CAPTURE_LIBPCAP_H
#define SONDE_CAPTURE_LIBPCAP_H

/* Capture through libpcap, for what ring.h does not reach. Used through live.h; tells no checksum
 * verdicts, no tags and no directions, and places what was dropped only roughly. */

#include "capture/live.h"

struct sonde_libpcap;

/* As sonde_live_open; a plan of network headers is SONDE_UNSUPPORTED. */
int sonde_libpcap_open(struct sonde_libpcap **ret, const struct sonde_live_plan *plan);
struct sonde_live_facts sonde_libpcap_facts(const struct sonde_libpcap *l);
int sonde_libpcap_read(struct sonde_libpcap *l, struct sonde_frame *ret);
uint32_t sonde_libpcap_gap(const struct sonde_libpcap *l);
int sonde_libpcap_state(struct sonde_libpcap *l);
int sonde_libpcap_fd(const struct sonde_libpcap *l);
int sonde_libpcap_dropped(struct sonde_libpcap *l, uint64_t *ret);
struct sonde_libpcap *sonde_libpcap_close(struct sonde_libpcap *l);

#endif
