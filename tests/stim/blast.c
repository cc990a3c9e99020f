/* blast INTERFACE SECONDS [BYTES]: Ethernet frames at the highest rate that one core reaches, past
 * the queues of the kernel. Each has a number, from 0. Prints how many the kernel took. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { AT_ONCE = 64, MOST = 1514, HEAD = 14 + 20 + 8 };

static uint8_t frame[AT_ONCE][MOST];

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A datagram from 10.77.0.1 to 10.77.0.2, port 9. */
static void fill(uint8_t *f, unsigned size)
{
	static const uint8_t head[HEAD] = { 2,	  0, 0,	 0,  0, 2, 2, 0, 0,  0,	 0, 1, 8,  0,
					    0x45, 0, 0,	 0,  0, 0, 0, 0, 64, 17, 0, 0, 10, 77,
					    0,	  1, 10, 77, 0, 2, 0, 9, 0,  9,	 0, 0, 0,  0 };
	uint16_t len = htons((uint16_t)(size - 14)), udp = htons((uint16_t)(size - 34));

	memcpy(f, head, HEAD);
	memcpy(f + 16, &len, 2);
	memcpy(f + 38, &udp, 2);
}

int main(int argc, char **argv)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET };
	int fd = socket(AF_PACKET, SOCK_RAW, 0), one = 1, n;
	unsigned size = argc > 3 ? (unsigned)atoi(argv[3]) : 64;
	struct mmsghdr message[AT_ONCE] = { 0 };
	struct iovec part[AT_ONCE];
	uint64_t sent = 0;

	if (argc < 3 || fd < 0 || size < HEAD + 8 || size > MOST)
		return 1;
	to.sll_ifindex = (int)if_nametoindex(argv[1]);
	if (setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof one) ||
	    bind(fd, (struct sockaddr *)&to, sizeof to))
		return 1;
	for (int i = 0; i < AT_ONCE; i++) {
		fill(frame[i], size);
		part[i] = (struct iovec){ frame[i], size };
		message[i].msg_hdr.msg_iov = &part[i];
		message[i].msg_hdr.msg_iovlen = 1;
	}
	for (double end = now() + atof(argv[2]); now() < end; sent += (uint64_t)n) {
		for (uint64_t i = 0; i < AT_ONCE; i++)
			memcpy(frame[i] + HEAD, &(uint64_t){ sent + i }, 8);
		n = sendmmsg(fd, message, AT_ONCE, 0);
		if (n < 0 && errno != ENOBUFS && errno != EAGAIN)
			return 1;
		n = n < 0 ? 0 : n;
	}
	printf("%llu\n", (unsigned long long)sent);
	return 0;
}
