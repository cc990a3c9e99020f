/* One fact about datagrams per subcommand. */
#include <poll.h>

#include "stim.h"

static int sender, receiver;

static void meet(int family)
{
	receiver = bound(family, SOCK_DGRAM);
	sender = connected_to(family, SOCK_DGRAM, port_of(receiver));
	tell("sender", sender);
	tell("receiver", receiver);
}

static void part(void)
{
	close(sender);
	close(receiver);
}

/* Reads what has been kept and says how many that was, of 20. */
static void count_kept(void)
{
	char byte[2048];
	int kept = 0;

	while (recv(receiver, byte, sizeof byte, MSG_DONTWAIT) >= 0)
		kept++;
	if (errno != EAGAIN)
		exit(1);
	printf("kept %d\nlost %d\n", kept, 20 - kept);
	if (kept == 0 || kept == 20)
		exit(1);
}

static void overflow(int family)
{
	char byte[1200] = "";
	int small = 1; /* the kernel makes it as small as it may be */

	meet(family);
	must(setsockopt(receiver, SOL_SOCKET, SO_RCVBUF, &small, sizeof small));
	for (int i = 0; i < 20; i++)
		must(send(sender, byte, sizeof byte, 0));
	count_kept();
	part();
}

static void overflow4(void)
{
	overflow(AF_INET);
}

static void overflow6(void)
{
	overflow(AF_INET6);
}

/* Unix datagrams are not dropped: the sender is told to wait. */
static void unix_full(void)
{
	int pair[2], sent = 0;

	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	tell("sender", pair[0]);
	tell("receiver", pair[1]);
	while (send(pair[0], "x", 1, MSG_DONTWAIT) == 1)
		sent++;
	if (errno != EAGAIN)
		exit(1);
	for (int i = 0; i < sent; i++)
		hear(pair[1], "x");
	printf("sent %d\n", sent);
	close(pair[0]);
	close(pair[1]);
}

/* The next call on a connected socket hears of it. */
static void refused_connected(void)
{
	char byte;

	meet(AF_INET);
	close(receiver);
	say(sender, "anybody?");
	must_fail(recv(sender, &byte, 1, 0), ECONNREFUSED);
	close(sender);
}

/* Nobody tells an unconnected one. */
static void refused_unconnected(void)
{
	int taken = bound(AF_INET, SOCK_DGRAM);
	struct sockaddr *a;
	socklen_t len;
	char byte;

	a = loopback(AF_INET, port_of(taken), &len);
	close(taken);
	sender = must(socket(AF_INET, SOCK_DGRAM, 0));
	tell("sender", sender);
	for (int i = 0; i < 3; i++)
		must(sendto(sender, "anybody?", 8, 0, a, len));
	must_fail(recv(sender, &byte, 1, MSG_DONTWAIT), EAGAIN);
	close(sender);
}

static void truncated(void)
{
	int dgram[2], seqpacket[2];

	meet(AF_INET);
	say(sender, "0123456789");
	hear(receiver, "0123");
	say(sender, "whole");
	hear(receiver, "whole");
	part();

	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, dgram));
	tell("unix-dgram", dgram[1]);
	say(dgram[0], "0123456789");
	hear(dgram[1], "0123");
	must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, seqpacket));
	tell("unix-seqpacket", seqpacket[1]);
	say(seqpacket[0], "0123456789");
	hear(seqpacket[1], "0123");
}

/* recvmsg is told in its flags. */
static void truncated_msg(void)
{
	char byte[4];
	struct iovec one = { .iov_base = byte, .iov_len = sizeof byte };
	struct msghdr m = { .msg_iov = &one, .msg_iovlen = 1 };

	meet(AF_INET);
	say(sender, "0123456789");
	if (must(recvmsg(receiver, &m, 0)) != 4 || !(m.msg_flags & MSG_TRUNC))
		exit(1);
	part();
}

static void disconnect(void)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };

	meet(AF_INET);
	say(sender, "connected");
	hear(receiver, "connected");
	must(connect(sender, &none, sizeof none));
	must_fail(send(sender, "x", 1, 0), EDESTADDRREQ);
	part();
}

/* To a group that the receiver is a member of, over the loopback interface. */
static void multicast(void)
{
	struct in_addr lo = { .s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in a = { .sin_family = AF_INET };
	struct ip_mreq group = { .imr_interface = lo };

	group.imr_multiaddr.s_addr = a.sin_addr.s_addr = htonl(0xe9fc0001); /* 233.252.0.1 */
	receiver = must(socket(AF_INET, SOCK_DGRAM, 0));
	tell("receiver", receiver);
	must(bind(receiver, (struct sockaddr *)&a, sizeof a));
	a.sin_port = htons(port_of(receiver));
	must(setsockopt(receiver, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group));
	sender = must(socket(AF_INET, SOCK_DGRAM, 0));
	tell("sender", sender);
	must(setsockopt(sender, IPPROTO_IP, IP_MULTICAST_IF, &lo, sizeof lo));
	must(sendto(sender, "to all", 6, 0, (struct sockaddr *)&a, sizeof a));
	hear(receiver, "to all");
	part();
}

static void broadcast(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int on = 1;

	receiver = must(socket(AF_INET, SOCK_DGRAM, 0));
	tell("receiver", receiver);
	must(bind(receiver, (struct sockaddr *)&a, sizeof a));
	a.sin_addr.s_addr = htonl(0x7fffffff); /* 127.255.255.255 */
	a.sin_port = htons(port_of(receiver));
	sender = must(socket(AF_INET, SOCK_DGRAM, 0));
	tell("sender", sender);
	must_fail(sendto(sender, "to all", 6, 0, (struct sockaddr *)&a, sizeof a), EACCES);
	must(setsockopt(sender, SOL_SOCKET, SO_BROADCAST, &on, sizeof on));
	must(sendto(sender, "to all", 6, 0, (struct sockaddr *)&a, sizeof a));
	hear(receiver, "to all");
	part();
}

int main(int argc, char **argv)
{
	static const struct act acts[] = {
		{ "overflow4", overflow4 },
		{ "overflow6", overflow6 },
		{ "unix-full", unix_full },
		{ "refused-connected", refused_connected },
		{ "refused-unconnected", refused_unconnected },
		{ "truncated", truncated },
		{ "truncated-msg", truncated_msg },
		{ "disconnect", disconnect },
		{ "multicast", multicast },
		{ "broadcast", broadcast },
		{ NULL, NULL },
	};

	return run_act(argc, argv, acts);
}
