/* hail SECONDS RATE ADDRESS [IDENTIFIER]: ICMP echo replies that nobody asked for, so many a
 * second, to an IPv4 address on a link of ours: with every identifier in turn and another sequence
 * each time around, or with one identifier and every sequence. Prints how many left. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ALL = 65536, AT_ONCE = 64, IP = ETH_HLEN, ICMP = IP + 20, SIZE = ICMP + 64, NEAR_MS = 1000 };

static uint8_t frame[ALL][SIZE];

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void put(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint16_t sum_of(const uint8_t *at, int len)
{
	uint32_t sum = 0;

	for (int i = 0; i < len; i += 2)
		sum += (uint32_t)(at[i] << 8 | at[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* The address that packets to `to` have here, and the interface that has it. */
static int find_way(struct sockaddr_in *to, struct sockaddr_in *from, struct ifreq *ret)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t len = sizeof *from;
	struct ifaddrs *all, *a;

	if (connect(fd, (struct sockaddr *)to, sizeof *to) ||
	    getsockname(fd, (struct sockaddr *)from, &len) || getifaddrs(&all))
		return -1;
	for (a = all; a; a = a->ifa_next) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)a->ifa_addr;

		if (in && in->sin_family == AF_INET && in->sin_addr.s_addr == from->sin_addr.s_addr)
			snprintf(ret->ifr_name, sizeof ret->ifr_name, "%s", a->ifa_name);
	}
	freeifaddrs(all);
	return ioctl(fd, SIOCGIFHWADDR, ret) ? -1 : fd;
}

/* The link address of a neighbour, which a datagram makes the kernel ask for. */
static int find_neighbour(int fd, const struct sockaddr_in *to, const char *dev, uint8_t *ret)
{
	struct arpreq asked = { 0 };

	memcpy(&asked.arp_pa, to, sizeof *to);
	snprintf(asked.arp_dev, sizeof asked.arp_dev, "%s", dev);
	for (int i = 0; i < NEAR_MS; i++) {
		if (i % 100 == 0)
			send(fd, "", 1, 0);
		if (!ioctl(fd, SIOCGARP, &asked) && asked.arp_flags & ATF_COM) {
			memcpy(ret, asked.arp_ha.sa_data, ETH_ALEN);
			return 0;
		}
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	return -1;
}

/* One for each number at that place of the ICMP header, each with its sum. */
static void make_frames(const uint8_t *to_mac, const uint8_t *from_mac,
			const struct sockaddr_in *from, const struct sockaddr_in *to, int turning)
{
	for (unsigned i = 0; i < ALL; i++) {
		uint8_t *f = frame[i];

		memcpy(f, to_mac, ETH_ALEN);
		memcpy(f + ETH_ALEN, from_mac, ETH_ALEN);
		put(f + 2 * ETH_ALEN, ETHERTYPE_IP);
		put(f + IP, 0x4500);
		put(f + IP + 2, SIZE - IP);
		put(f + IP + 8, 64 << 8 | IPPROTO_ICMP);
		memcpy(f + IP + 12, &from->sin_addr, 4);
		memcpy(f + IP + 16, &to->sin_addr, 4);
		put(f + IP + 10, sum_of(f + IP, 20));
		put(f + ICMP + turning, i);
		put(f + ICMP + 8,
		    0xffff); /* makes up for the other number, so that the sum holds */
		put(f + ICMP + 2, sum_of(f + ICMP, SIZE - ICMP));
	}
}

/* other: the place of the number that is `given`, or if that is negative how often all were sent.
 */
static uint64_t send_all(int fd, double seconds, double rate, int other, int given)
{
	struct mmsghdr message[AT_ONCE] = { 0 };
	struct iovec part[AT_ONCE];
	double begin = now();
	uint64_t sent = 0;

	for (int i = 0; i < AT_ONCE; i++)
		message[i].msg_hdr = (struct msghdr){ .msg_iov = &part[i], .msg_iovlen = 1 };
	for (double t; (t = now() - begin) < seconds;) {
		int n;

		if ((double)sent > t * rate) {
			nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
			continue;
		}
		for (unsigned i = 0; i < AT_ONCE; i++) {
			uint64_t turn = sent + i;
			unsigned number = given < 0 ? (unsigned)(turn / ALL) : (unsigned)given;
			uint8_t *f = frame[turn % ALL];

			put(f + ICMP + other, number);
			put(f + ICMP + 8, ~number);
			part[i] = (struct iovec){ f, SIZE };
		}
		n = sendmmsg(fd, message, AT_ONCE, 0);
		sent += n > 0 ? (uint64_t)n : 0;
	}
	return sent;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) }, from;
	struct sockaddr_ll link = { .sll_family = AF_PACKET };
	int fd = socket(AF_PACKET, SOCK_RAW, 0), way;
	uint8_t mac[ETH_ALEN];
	struct ifreq dev = { 0 };
	int given = argc > 4 ? atoi(argv[4]) : -1, turning = given < 0 ? 4 : 6;

	if (argc < 4 || fd < 0 || inet_pton(AF_INET, argv[3], &to.sin_addr) != 1 ||
	    (way = find_way(&to, &from, &dev)) < 0 || find_neighbour(way, &to, dev.ifr_name, mac))
		return 1;
	link.sll_ifindex = (int)if_nametoindex(dev.ifr_name);
	if (bind(fd, (struct sockaddr *)&link, sizeof link))
		return 1;
	close(way);
	make_frames(mac, (const uint8_t *)dev.ifr_hwaddr.sa_data, &from, &to, turning);
	printf("%llu\n",
	       (unsigned long long)send_all(fd, atof(argv[1]), atof(argv[2]), 10 - turning, given));
	return 0;
}
