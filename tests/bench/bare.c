/* bare INTERFACE SECONDS [bypass]: what sonde craft --flood is held against. One frame, sent again
 * and again by sendmmsg(2) on a packet socket, 64 at a time, with nothing in it that varies.
 * bypass: past the queue of the interface, PACKET_QDISC_BYPASS. Prints how many the kernel took. */
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum { AT_ONCE = 64, FRAME = 64 };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	/* A datagram of 22 bytes from 10.77.0.1 to port 9 of 10.77.0.2, without a checksum. */
	static uint8_t frame[FRAME] = { 2,  0, 0,  0,  0, 2, 2, 0, 0,  0,  0,	 1,    8,  0,
					69, 0, 0,  50, 0, 0, 0, 0, 64, 17, 0x66, 0x1d, 10, 77,
					0,  1, 10, 77, 0, 2, 4, 0, 0,  9,  0,	 30 };
	struct sockaddr_ll to = { .sll_family = AF_PACKET };
	int fd = socket(AF_PACKET, SOCK_RAW, 0), one = 1, size = 8 << 20, n;
	struct mmsghdr message[AT_ONCE] = { 0 };
	struct iovec part = { frame, sizeof frame };
	uint64_t sent = 0;

	if (argc < 3 || fd < 0)
		return 1;
	to.sll_ifindex = (int)if_nametoindex(argv[1]);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
	if (argc > 3 && setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof one))
		return 1;
	if (bind(fd, (struct sockaddr *)&to, sizeof to))
		return 1;
	for (int i = 0; i < AT_ONCE; i++) {
		message[i].msg_hdr.msg_iov = &part;
		message[i].msg_hdr.msg_iovlen = 1;
	}
	for (double end = now() + atof(argv[2]); now() < end; sent += (uint64_t)n) {
		n = sendmmsg(fd, message, AT_ONCE, 0);
		if (n < 0 && errno != ENOBUFS && errno != EAGAIN)
			return 1;
		n = n < 0 ? 0 : n;
	}
	printf("%llu\n", (unsigned long long)sent);
	return 0;
}
