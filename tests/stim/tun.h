#ifndef SONDE_TESTS_STIM_TUN_H
#define SONDE_TESTS_STIM_TUN_H

/* Two hosts whose packets go nowhere until this program carries them: each is a network namespace
 * whose only way out is a TUN device that ends in a descriptor here. So what crosses what on the
 * way is decided by the program, without waiting and without luck. Needs root and /dev/net/tun. */

#include <linux/if_tun.h>
#include <poll.h>

#include "stim.h"

struct host {
	int netns;
	int tun; /* whole IP packets, one per read or write */
};

static inline int name_interface(int control, unsigned long request, struct ifreq *r)
{
	strcpy(r->ifr_name, "tun0");
	return ioctl(control, request, r);
}

/* Moves the program there: sockets that are made from now on belong to this host. 10.7.0.ADDRESS.
 */
static inline struct host host_open(unsigned address)
{
	struct ifreq r = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	struct sockaddr_in *a = (struct sockaddr_in *)&r.ifr_addr;
	struct host h;
	int control;

	must(unshare(CLONE_NEWNET));
	h.netns = must(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
	h.tun = must(open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
	must(name_interface(h.tun, TUNSETIFF, &r));
	control = must(socket(AF_INET, SOCK_DGRAM, 0));
	memset(&r, 0, sizeof r);
	a->sin_family = AF_INET;
	a->sin_addr.s_addr = htonl(0x0a070000 + address);
	must(name_interface(control, SIOCSIFADDR, &r));
	a->sin_addr.s_addr = htonl(0xffffff00);
	must(name_interface(control, SIOCSIFNETMASK, &r));
	memset(&r, 0, sizeof r);
	r.ifr_flags = IFF_UP;
	must(name_interface(control, SIOCSIFFLAGS, &r));
	close(control);
	return h;
}

static inline struct sockaddr_in host_address(unsigned address, uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(port),
				     .sin_addr.s_addr = htonl(0x0a070000 + address) };
}

/* One TCP packet that this host has sent, within a second; what else it says (IPv6's own chatter)
 * is thrown away. Its length. */
static inline size_t host_take(const struct host *h, uint8_t packet[2048])
{
	struct pollfd p = { .fd = h->tun, .events = POLLIN };
	ssize_t n;

	while (poll(&p, 1, 1000) == 1) {
		n = must(read(h->tun, packet, 2048));
		if (n >= 40 && packet[0] >> 4 == 4 && packet[9] == IPPROTO_TCP)
			return (size_t)n;
	}
	fprintf(stderr, "the host has sent nothing\n");
	exit(1);
}

static inline void host_give(const struct host *h, const uint8_t *packet, size_t len)
{
	must(write(h->tun, packet, len));
}

static inline void carry(const struct host *from, const struct host *to)
{
	uint8_t packet[2048];

	host_give(to, packet, host_take(from, packet));
}

#endif
