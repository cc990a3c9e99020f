/* One socket of every kind and every form of name, told by its kind. */
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

#include "stim.h"

static void exchange(const char *name, int pair[2])
{
	tell(name, pair[0]);
	say(pair[0], "hello");
	hear(pair[1], "hello");
	close(pair[0]);
	close(pair[1]);
}

static void internet(int family, const char *tcp, const char *udp)
{
	int pair[2];

	tcp_pair(family, pair);
	exchange(tcp, pair);
	pair[1] = bound(family, SOCK_DGRAM);
	pair[0] = connected_to(family, SOCK_DGRAM, port_of(pair[1]));
	exchange(udp, pair);
}

/* name: a path, or a NUL and an abstract name. */
static void named(const char *word, int type, const char *name, size_t len)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	int server = must(socket(AF_UNIX, type, 0)), pair[2];

	memcpy(a.sun_path, name, len);
	must(bind(server, (struct sockaddr *)&a, size));
	pair[0] = must(socket(AF_UNIX, type, 0));
	if (type != SOCK_DGRAM)
		must(listen(server, 1));
	must(connect(pair[0], (struct sockaddr *)&a, size));
	pair[1] = type == SOCK_DGRAM ? server : must(accept(server, NULL, NULL));
	exchange(word, pair);
	if (type != SOCK_DGRAM)
		close(server);
	if (*name)
		unlink(name);
}

static void unix_kinds(void)
{
	static const struct {
		const char *path, *abstract, *pair;
		int type;
	} of[] = {
		{ "unix-stream-path", "unix-stream-abstract", "unix-stream-pair", SOCK_STREAM },
		{ "unix-dgram-path", "unix-dgram-abstract", "unix-dgram-pair", SOCK_DGRAM },
		{ "unix-seqpacket-path", "unix-seqpacket-abstract", "unix-seqpacket-pair",
		  SOCK_SEQPACKET },
	};
	char name[64];
	int pair[2], n;

	for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
		n = snprintf(name, sizeof name, "/tmp/kinds-%d", getpid());
		named(of[i].path, of[i].type, name, (size_t)n + 1);
		n = snprintf(name + 1, sizeof name - 1, "kinds-%d", getpid());
		name[0] = '\0';
		named(of[i].abstract, of[i].type, name, (size_t)n + 1);
		must(socketpair(AF_UNIX, of[i].type, 0, pair));
		exchange(of[i].pair, pair);
	}
}

/* An echo request to ourselves; the answer to it need not be read. */
static void ping(const char *name, int family, int type)
{
	int fd = socket(family, type, family == AF_INET ? (int)IPPROTO_ICMP : (int)IPPROTO_ICMPV6);
	struct icmphdr v4 = { .type = ICMP_ECHO, .checksum = htons(0xf7ff) };
	struct icmp6_hdr v6 = { .icmp6_type = ICMP6_ECHO_REQUEST };
	struct sockaddr *a;
	socklen_t len;

	if (fd < 0)
		return; /* not allowed: then it is not told */
	tell(name, fd);
	a = loopback(family, 0, &len);
	must(sendto(fd, family == AF_INET ? (void *)&v4 : (void *)&v6, 8, 0, a, len));
	close(fd);
}

static void netlink(void)
{
	struct {
		struct nlmsghdr head;
		struct rtgenmsg body;
	} ask = { .head = { .nlmsg_len = sizeof ask,
			    .nlmsg_type = RTM_GETLINK,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP } };
	int fd = must(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
	char answer[8192];

	tell("netlink", fd);
	must(send(fd, &ask, sizeof ask, 0));
	must(recv(fd, answer, sizeof answer, 0));
	close(fd);
}

static void others(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));

	if (fd >= 0) {
		tell("packet", fd);
		close(fd);
	}
	fd = socket(AF_ALG, SOCK_SEQPACKET, 0);
	if (fd >= 0) {
		tell("other", fd);
		close(fd);
	}
}

static void all(void)
{
	int group;

	/* In a namespace of our own we may allow ourselves ping sockets. */
	group = open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY);
	if (group >= 0) {
		if (write(group, "0 0", 3) < 0)
			errno = 0;
		close(group);
	}
	internet(AF_INET, "tcp4", "udp4");
	internet(AF_INET6, "tcp6", "udp6");
	unix_kinds();
	ping("raw4", AF_INET, SOCK_RAW);
	ping("raw6", AF_INET6, SOCK_RAW);
	ping("ping4", AF_INET, SOCK_DGRAM);
	ping("ping6", AF_INET6, SOCK_DGRAM);
	netlink();
	others();
}

int main(int argc, char **argv)
{
	static const struct act acts[] = { { "all", all }, { NULL, NULL } };

	return run_act(argc, argv, acts);
}
