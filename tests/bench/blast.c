/* The least that sending frames can cost: blast INTERFACE, until it is ended. The same frame of 64
 * bytes again and again, by a packet socket, 64 a call; nothing in it varies. */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { BATCH = 64, LEN = 64, BUFFER = 8 << 20 };

int main(int argc, char **argv)
{
	/* UDP from 10.78.0.1 to port 9 of 10.78.0.2, which drops it */
	static uint8_t frame[LEN] = { 2,    0, 0,  0,  0, 2, 2,	   0, 0,  0,  0, 1, 8,	0,
				      0x45, 0, 0,  50, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 78,
				      0,    1, 10, 78, 0, 2, 4,	   0, 0,  9,  0, 30 };
	struct sockaddr_ll to = { .sll_family = AF_PACKET };
	struct iovec part = { frame, LEN };
	struct mmsghdr m[BATCH];
	int fd = socket(AF_PACKET, SOCK_RAW, 0), size = BUFFER;

	if (argc != 2 || fd < 0 || !(to.sll_ifindex = (int)if_nametoindex(argv[1])) ||
	    bind(fd, (struct sockaddr *)&to, sizeof to)) {
		fprintf(stderr, "blast INTERFACE\n");
		return 1;
	}
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
	memset(m, 0, sizeof m);
	for (int i = 0; i < BATCH; i++) {
		m[i].msg_hdr.msg_iov = &part;
		m[i].msg_hdr.msg_iovlen = 1;
	}
	for (;;)
		(void)sendmmsg(fd, m, BATCH, 0);
}
