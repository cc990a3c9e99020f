/* hail SECONDS RATE ADDRESS: ICMP echo replies that nobody asked for, with every identifier in
 * turn, so many a second, to an IPv4 address. Prints how many left. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { AT_ONCE = 64, SIZE = 64 };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint16_t sum_of(const uint8_t *at, int len)
{
	uint32_t sum = 0;

	for (int i = 0; i < len; i += 2)
		sum += (uint32_t)(at[i] << 8 | at[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

int main(int argc, char **argv)
{
	static uint8_t packet[AT_ONCE][SIZE];
	struct mmsghdr message[AT_ONCE] = { 0 };
	struct iovec part[AT_ONCE];
	struct sockaddr_in to = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), n;
	double begin = now(), seconds, rate;
	uint64_t sent = 0;

	if (argc != 4 || fd < 0 || inet_pton(AF_INET, argv[3], &to.sin_addr) != 1)
		return 1;
	/* What comes back to this socket is nobody's business. */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ 1 }, sizeof(int));
	seconds = atof(argv[1]);
	rate = atof(argv[2]);
	for (int i = 0; i < AT_ONCE; i++) {
		part[i] = (struct iovec){ packet[i], SIZE };
		message[i].msg_hdr = (struct msghdr){ .msg_name = &to,
						      .msg_namelen = sizeof to,
						      .msg_iov = &part[i],
						      .msg_iovlen = 1 };
	}
	for (double t; (t = now() - begin) < seconds;) {
		if ((double)sent > t * rate) {
			nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
			continue;
		}
		for (int i = 0; i < AT_ONCE; i++) {
			uint16_t id = htons((uint16_t)(sent + (unsigned)i)), sum = 0;

			memcpy(packet[i] + 2, &sum, 2);
			memcpy(packet[i] + 4, &id, 2);
			sum = sum_of(packet[i], SIZE);
			memcpy(packet[i] + 2, &sum, 2);
		}
		n = sendmmsg(fd, message, AT_ONCE, 0);
		sent += n > 0 ? (uint64_t)n : 0;
	}
	printf("%llu\n", (unsigned long long)sent);
	return 0;
}
