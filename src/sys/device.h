#ifndef SONDE_SYS_DEVICE_H
#define SONDE_SYS_DEVICE_H

/* The network interfaces of the namespace that the caller is in (sonde_netns_visit enters another),
 * and what they do to packets between the program and the wire. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { /* what is done behind or in front of a capture, so that its packets are not the wire's */
       SONDE_DEVICE_SUMS_OUT = 1, /* checksums are filled in later */
       SONDE_DEVICE_SUMS_IN = 2,
       SONDE_DEVICE_TSO = 4, /* TCP is cut into segments later */
       SONDE_DEVICE_GSO = 8,
       SONDE_DEVICE_GRO = 16, /* segments were put together before */
       SONDE_DEVICE_LRO = 32,
       SONDE_DEVICE_TAGS_OUT = 64, /* VLAN tags are put in later */
       SONDE_DEVICE_TAGS_IN = 128,
};

enum {				     /* where the times of packets can come from */
       SONDE_DEVICE_TX_SOFTWARE = 1, /* the driver, as it hands the packet over */
       SONDE_DEVICE_RX_SOFTWARE = 2, /* the kernel, as it gets it */
       SONDE_DEVICE_TX_HARDWARE = 4,
       SONDE_DEVICE_RX_HARDWARE = 8,
       SONDE_DEVICE_NO_STAMPS = 16, /* the driver does not tell */
};

struct sonde_device {
	char name[16];
	uint32_t ifindex, mtu;
	uint16_t hatype; /* ARPHRD_ number */
	bool up, running, loopback;
	bool hardware;	  /* it can take the time of every packet itself */
	uint32_t offload; /* SONDE_DEVICE_ bits */
	uint32_t stamps;  /* likewise */
};

/* 0; -ENODEV: there is none of this name; -errno. What it cannot tell is 0. */
int sonde_device_read(struct sonde_device *ret, const char *name);

/* Up to n of them, by number; returns how many there are, or -errno. */
int sonde_device_list(struct sonde_device *ret, size_t n);

/* The n-th word, from 0, of what is in offload, or NULL: "tx-checksum", "tso" ... as ethtool(8) has
 * them, "rx-checksum" left out: it changes no packet. Static. */
const char *sonde_device_offload(uint32_t offload, unsigned n);

#endif
