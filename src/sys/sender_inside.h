#ifndef SONDE_SYS_SENDER_INSIDE_H
#define SONDE_SYS_SENDER_INSIDE_H

/* What sender.c shares with sender_xdp.c. */

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "sys/sender.h"

struct sonde_sender_xdp;

struct sonde_sender {
	struct sonde_sender_plan plan;
	struct sonde_sender_count count;
	int fd[2];     /* of RAW: IPv4 and IPv6; else the first alone. -1: none */
	unsigned n;    /* in the batch */
	uint32_t slot; /* bytes of room for each */
	uint8_t *byte;
	uint32_t used; /* bytes of it, of the batch */
	struct iovec part[SONDE_SENDER_BATCH];
	struct mmsghdr message[SONDE_SENDER_BATCH];
	struct sockaddr_in6 to[SONDE_SENDER_BATCH]; /* of RAW; IPv4 begins alike */
	struct sonde_sender_xdp *xdp;
};

/* sender_xdp.c, or sender_xdp_none.c in its stead. Errors as sonde_sender_open. */
int sonde_sender_xdp_open(struct sonde_sender_xdp **ret, unsigned ifindex);
void sonde_sender_xdp_close(struct sonde_sender_xdp *x);

/* Where the packet of that place of the next batch is made; bytes there are for one. */
uint8_t *sonde_sender_xdp_room(struct sonde_sender_xdp *x, unsigned place);
uint32_t sonde_sender_xdp_most(void);

/* Sends the first n places; returns n, or -errno, and then nothing of them is sent. */
int sonde_sender_xdp_send(struct sonde_sender_xdp *x, const struct iovec *part, unsigned n);

/* Waits until all has left, up to a second. 0 or -errno. */
int sonde_sender_xdp_drain(struct sonde_sender_xdp *x);

#endif
