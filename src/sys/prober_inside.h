#ifndef SONDE_SYS_PROBER_INSIDE_H
#define SONDE_SYS_PROBER_INSIDE_H

/* What the files of the prober share. */

#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "sys/prober.h"

enum {
	SONDE_PROBER_CONTROL = 256,    /* bytes beside a packet */
	SONDE_PROBER_TOKENS = 1 << 16, /* stamps that may be out */
};

struct sonde_prober_channel {
	int fd;
	uint8_t begins; /* enum sonde_arrival_begins, of what it receives */
	bool errors;	/* ICMP errors are taken from its error queue; else that has them in vain */
};

struct sonde_prober_batch {
	struct mmsghdr m[SONDE_PROBER_BATCH];
	struct iovec v[SONDE_PROBER_BATCH];
	union {
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_ll ll;
	} name[SONDE_PROBER_BATCH];
	uint8_t control[SONDE_PROBER_BATCH][SONDE_PROBER_CONTROL];
	uint8_t *byte; /* of `each` bytes for each */
	uint32_t each;
};

struct sonde_prober {
	struct sonde_prober_plan plan;
	struct sonde_prober_channel data, icmp; /* icmp.fd -1: errors come through data */
	int asker;				/* a UDP socket that is asked for sources */
	int keeper;				/* holds the port of TCP, or -1 */
	const char *mode;
	uint16_t ident;
	uint32_t ifindex; /* neighbour: of the device, and its link address */
	uint8_t mac[6];
	bool stamps;
	uint32_t fits; /* bytes of the longest packet, as the kernel last said of one too long */
	uint32_t key;  /* of the next packet that leaves, as the kernel counts */
	uint32_t token[SONDE_PROBER_TOKENS]; /* by key */
	uint32_t put_token[SONDE_PROBER_BATCH];
	unsigned n;
	struct sonde_prober_batch out, in, err;
};

/* ARP, and neighbour solicitation: opened, and to whom a probe goes. */
int sonde_prober_open_neighbour(struct sonde_prober *p);
socklen_t sonde_prober_aim_neighbour(const struct sonde_prober *p, const struct sonde_address *to,
				     void *ret);

/* The count of packets that leave begins anew. */
void sonde_prober_restart(struct sonde_prober *p);

/* Both let only through what can be about our probes; 0 or -errno. protocol: IPPROTO_ICMP,
 * IPPROTO_ICMPV6, IPPROTO_UDP or IPPROTO_TCP, that of the probes. */
int sonde_prober_filter_icmp(int fd, const struct sonde_prober *p, uint8_t protocol);
int sonde_prober_filter_ports(int fd, const struct sonde_prober *p);

#endif
