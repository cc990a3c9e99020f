#include "capture/live.h"

#include <errno.h>
#include <stdlib.h>

#include "base/reason.h"
#include "capture/libpcap.h"
#include "capture/ring.h"

struct sonde_live { /* one of both */
	struct sonde_ring *ring;
	struct sonde_libpcap *libpcap;
};

int sonde_live_open(struct sonde_live **ret, const struct sonde_live_plan *plan)
{
	struct sonde_live *l = calloc(1, sizeof *l);
	int r = SONDE_UNSUPPORTED;

	if (!l)
		return -ENOMEM;
	if (plan->way != SONDE_LIVE_LIBPCAP)
		r = sonde_ring_open(&l->ring, plan);
	if (plan->way == SONDE_LIVE_LIBPCAP ||
	    (plan->way == SONDE_LIVE_BEST && r == SONDE_UNSUPPORTED))
		r = sonde_libpcap_open(&l->libpcap, plan);
	if (r < 0)
		sonde_live_close(l);
	else
		*ret = l;
	return r;
}

struct sonde_live_facts sonde_live_facts(const struct sonde_live *l)
{
	return l->ring ? sonde_ring_facts(l->ring) : sonde_libpcap_facts(l->libpcap);
}

int sonde_live_read(struct sonde_live *l, struct sonde_frame *ret)
{
	return l->ring ? sonde_ring_read(l->ring, ret) : sonde_libpcap_read(l->libpcap, ret);
}

uint32_t sonde_live_gap(const struct sonde_live *l)
{
	return l->ring ? sonde_ring_gap(l->ring) : sonde_libpcap_gap(l->libpcap);
}

int sonde_live_state(struct sonde_live *l)
{
	return l->ring ? sonde_ring_state(l->ring) : sonde_libpcap_state(l->libpcap);
}

int sonde_live_fd(const struct sonde_live *l)
{
	return l->ring ? sonde_ring_fd(l->ring) : sonde_libpcap_fd(l->libpcap);
}

int sonde_live_dropped(struct sonde_live *l, uint64_t *ret)
{
	return l->ring ? sonde_ring_dropped(l->ring, ret) : sonde_libpcap_dropped(l->libpcap, ret);
}

struct sonde_live *sonde_live_close(struct sonde_live *l)
{
	if (l) {
		sonde_ring_close(l->ring);
		sonde_libpcap_close(l->libpcap);
	}
	free(l);
	return NULL;
}
