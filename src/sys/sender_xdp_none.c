/* Stands in for sender_xdp.c where this was built without libxdp. */
#include "base/reason.h"
#include "sys/sender_inside.h"

int sonde_sender_xdp_open(struct sonde_sender_xdp **ret, unsigned ifindex)
{
	(void)ret, (void)ifindex;
	return SONDE_NO_XDP;
}

void sonde_sender_xdp_close(struct sonde_sender_xdp *x)
{
	(void)x;
}

uint8_t *sonde_sender_xdp_room(struct sonde_sender_xdp *x, unsigned place)
{
	(void)x, (void)place;
	return NULL;
}

uint32_t sonde_sender_xdp_most(void)
{
	return 0;
}

int sonde_sender_xdp_send(struct sonde_sender_xdp *x, const struct iovec *part, unsigned n)
{
	(void)x, (void)part, (void)n;
	return SONDE_NO_XDP;
}

int sonde_sender_xdp_drain(struct sonde_sender_xdp *x)
{
	(void)x;
	return 0;
}
