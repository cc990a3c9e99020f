/* One way for a TCP connection to end per subcommand. "client" connected, "server" was accepted. */
#include <linux/filter.h>
#include <signal.h>

#include "stim.h"
#include "tun.h"

static int client, server;

static void meet(void)
{
	int pair[2];

	tcp_pair(AF_INET, pair);
	client = pair[0];
	server = pair[1];
	tell("client", client);
	tell("server", server);
	say(client, "hello");
	hear(server, "hello");
}

static void local_first(void)
{
	meet();
	close(client);
	hear_end(server);
	close(server);
}

static void peer_first(void)
{
	meet();
	close(server);
	hear_end(client);
	close(client);
}

static void half_close(void)
{
	meet();
	shutdown(client, SHUT_WR);
	hear_end(server);
	say(server, "late");
	close(server);
	hear(client, "late");
	hear_end(client);
	close(client);
}

static void linger(void)
{
	struct linger none = { .l_onoff = 1 };
	char byte;

	meet();
	must(setsockopt(client, SOL_SOCKET, SO_LINGER, &none, sizeof none));
	close(client);
	must_fail(recv(server, &byte, 1, 0), ECONNRESET);
	close(server);
}

static void unread(void)
{
	char byte;

	meet();
	say(client, "unread");
	/* Until it is there. */
	must(recv(server, &byte, 1, MSG_PEEK));
	close(server);
	must_fail(recv(client, &byte, 1, 0), ECONNRESET);
	close(client);
}

static void refused(void)
{
	int taken = bound(AF_INET, SOCK_STREAM); /* and not listening */
	struct sockaddr *a;
	socklen_t len;

	client = must(socket(AF_INET, SOCK_STREAM, 0));
	tell("client", client);
	a = loopback(AF_INET, port_of(taken), &len);
	must_fail(connect(client, a, len), ECONNREFUSED);
	close(client);
	close(taken);
}

/* No connection is made to a broadcast address: the kernel says so without sending anything. */
static void unreachable(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(9),
				 .sin_addr.s_addr = htonl(0x7fffffff) };

	client = must(socket(AF_INET, SOCK_STREAM, 0));
	tell("client", client);
	must_fail(connect(client, (struct sockaddr *)&a, sizeof a), ENETUNREACH);
	close(client);
}

/* Internet checksum, RFC 1071, over an even number of bytes. */
static uint16_t checksum(const uint8_t *at, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)at[i] << 8 | at[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

/* A router, 10.7.0.9, that answers the connection request with host unreachable, RFC 792. */
static void unreachable_icmp(void)
{
	uint8_t packet[2048],
		answer[20 + 8 + 28] = { 0x45, 0, 0,  56, 0, 0, 0,  0, 64, IPPROTO_ICMP,
					0,    0, 10, 7,	 0, 9, 10, 7, 0,  1 };
	struct sockaddr_in a = host_address(2, 9);
	struct host h = host_open(1);
	uint16_t sum;
	int error;
	socklen_t len = sizeof error;
	struct pollfd p;

	client = must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	tell("client", client);
	must_fail(connect(client, (struct sockaddr *)&a, sizeof a), EINPROGRESS);
	host_take(&h, packet);
	sum = checksum(answer, 20);
	answer[10] = (uint8_t)(sum >> 8);
	answer[11] = (uint8_t)sum;
	answer[20] = 3; /* destination unreachable */
	answer[21] = 1; /* host */
	memcpy(answer + 28, packet, 28);
	sum = checksum(answer + 20, 36);
	answer[22] = (uint8_t)(sum >> 8);
	answer[23] = (uint8_t)sum;
	host_give(&h, answer, sizeof answer);
	p = (struct pollfd){ .fd = client, .events = POLLOUT };
	must(poll(&p, 1, 1000));
	must(getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &len));
	if (error != EHOSTUNREACH)
		exit(1);
	close(client);
}

/* A listener whose queue is full drops what else comes: a black hole that needs no privilege. */
static void timed_out(void)
{
	int listener = bound(AF_INET, SOCK_STREAM), filler, once = 1, ms = 1500;
	struct sockaddr *a;
	socklen_t len;

	must(listen(listener, 0));
	filler = connected_to(AF_INET, SOCK_STREAM, port_of(listener));
	client = must(socket(AF_INET, SOCK_STREAM, 0));
	tell("client", client);
	must(setsockopt(client, IPPROTO_TCP, TCP_SYNCNT, &once, sizeof once));
	must(setsockopt(client, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms));
	a = loopback(AF_INET, port_of(listener), &len);
	must_fail(connect(client, a, len), ETIMEDOUT);
	close(client);
	close(filler);
	close(listener);
}

/* Data that is never acknowledged: the server's kernel throws away whatever comes. Needs root. */
static void timed_out_data(void)
{
	struct sock_filter none = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog all = { .len = 1, .filter = &none };
	int ms = 600;
	char byte;

	meet();
	must(setsockopt(client, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms));
	must(setsockopt(server, SOL_SOCKET, SO_ATTACH_FILTER, &all, sizeof all));
	say(client, "lost");
	must_fail(recv(client, &byte, 1, 0), ETIMEDOUT);
	close(client);
	/* It never hears that either, so it goes without a trace. */
	close(server);
}

/* What follows happens to the client in a child that holds it alone. */
static pid_t client_in_child(void)
{
	pid_t pid;

	meet();
	pid = must(fork());
	if (pid) {
		close(client);
		say(server, "alone");
		hear(server, "yes");
	} else {
		close(server);
		hear(client, "alone");
		say(client, "yes");
	}
	return pid;
}

static void peer_is_gone(pid_t pid)
{
	hear_end(server);
	close(server);
	must(waitpid(pid, NULL, 0));
}

static void exits(void)
{
	pid_t pid = client_in_child();

	if (!pid)
		_exit(0);
	peer_is_gone(pid);
}

static void execs(void)
{
	pid_t pid = client_in_child();

	if (!pid) {
		must(fcntl(client, F_SETFD, FD_CLOEXEC));
		execl("/bin/sleep", "sleep", "0.1", NULL);
		_exit(1);
	}
	peer_is_gone(pid);
}

static void killed(void)
{
	pid_t pid = client_in_child();

	if (!pid) {
		pause();
		_exit(0);
	}
	must(kill(pid, SIGKILL));
	peer_is_gone(pid);
}

static void never_accepted(void)
{
	int listener = listening(AF_INET);
	char byte;

	tell("listener", listener);
	client = connected_to(AF_INET, SOCK_STREAM, port_of(listener));
	tell("client", client);
	close(listener);
	must_fail(recv(client, &byte, 1, 0), ECONNRESET);
	close(client);
}

static void send_fd(int over, int fd)
{
	union {
		struct cmsghdr align;
		char byte[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char byte = 'f';
	struct iovec one = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr m = { .msg_iov = &one,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof control };

	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.align), &fd, sizeof fd);
	must(sendmsg(over, &m, 0));
}

static int recv_fd(int over)
{
	union {
		struct cmsghdr align;
		char byte[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char byte;
	struct iovec one = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr m = { .msg_iov = &one,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof control };
	int fd;

	must(recvmsg(over, &m, 0));
	memcpy(&fd, CMSG_DATA(&control.align), sizeof fd);
	return fd;
}

/* The client's descriptor goes to another process, which says a last word and closes it. */
static void passed(void)
{
	int way[2], fd;
	pid_t pid;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, way));
	pid = must(fork());
	if (!pid) {
		close(way[0]);
		fd = recv_fd(way[1]);
		say(fd, "passed");
		close(fd);
		_exit(0);
	}
	close(way[1]);
	meet();
	send_fd(way[0], client);
	close(client);
	hear(server, "passed");
	peer_is_gone(pid);
	close(way[0]);
}

/* It goes into a message that nobody takes: the connection ends as the message is thrown away. */
static void lost_in_message(void)
{
	int way[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, way));
	meet();
	send_fd(way[0], client);
	close(client);
	close(way[0]);
	close(way[1]);
	hear_end(server);
	close(server);
}

/* Each FIN is on its way before the other one has arrived: the packets are carried by hand. */
static void simultaneous(void)
{
	struct sockaddr_in a = host_address(2, 4242);
	struct host one, two;
	int listener;

	two = host_open(2);
	listener = must(socket(AF_INET, SOCK_STREAM, 0));
	must(bind(listener, (struct sockaddr *)&a, sizeof a));
	must(listen(listener, 1));
	one = host_open(1);
	client = must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	tell("client", client);
	must_fail(connect(client, (struct sockaddr *)&a, sizeof a), EINPROGRESS);
	carry(&one, &two); /* SYN */
	carry(&two, &one); /* SYN ACK */
	carry(&one, &two); /* ACK */
	server = must(accept(listener, NULL, NULL));
	tell("server", server);
	close(listener);

	close(client);
	close(server);
	carry(&one, &two); /* FIN */
	carry(&two, &one); /* FIN */
	carry(&one, &two); /* ACK */
	carry(&two, &one); /* ACK */
}

int main(int argc, char **argv)
{
	static const struct act acts[] = {
		{ "local-first", local_first },
		{ "peer-first", peer_first },
		{ "simultaneous", simultaneous },
		{ "half-close", half_close },
		{ "linger", linger },
		{ "unread", unread },
		{ "refused", refused },
		{ "unreachable", unreachable },
		{ "unreachable-icmp", unreachable_icmp },
		{ "timeout", timed_out },
		{ "timeout-data", timed_out_data },
		{ "exit", exits },
		{ "exec", execs },
		{ "kill", killed },
		{ "never-accepted", never_accepted },
		{ "passed", passed },
		{ "lost-in-message", lost_in_message },
		{ NULL, NULL },
	};

	return run_act(argc, argv, acts);
}
