#ifndef SONDE_CAPTURE_RING_H
#define SONDE_CAPTURE_RING_H

/* The kernel's own ring of received packets, packet(7) with TPACKET_V3: blocks that the kernel
 * fills and we give back, without a call or a copy for a packet. Used through live.h. */

#include "capture/live.h"

struct sonde_ring;

/* As sonde_live_open. SONDE_UNSUPPORTED: there is no such ring here, or no such network interface.
 */
int sonde_ring_open(struct sonde_ring **ret, const struct sonde_live_plan *plan);
struct sonde_live_facts sonde_ring_facts(const struct sonde_ring *r);
int sonde_ring_read(struct sonde_ring *r, struct sonde_frame *ret);
uint32_t sonde_ring_gap(const struct sonde_ring *r);
int sonde_ring_state(struct sonde_ring *r);
int sonde_ring_fd(const struct sonde_ring *r);
int sonde_ring_dropped(struct sonde_ring *r, uint64_t *ret);
struct sonde_ring *sonde_ring_close(struct sonde_ring *r);

/* ring_filter.c: what the plan lets through is decided and cut in the kernel, before a byte is
 * copied. link: of the frames as the kernel has them, 276 where it has none of their own. */
int sonde_ring_filter(int fd, const struct sonde_live_plan *plan, uint16_t link, uint16_t hatype);

#endif
