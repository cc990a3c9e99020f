/* The ways to connect, to send and to receive, one per subcommand; each moves 10 bytes,
 * "0123456789", from "client" to "server", unless it says otherwise. */
#include <poll.h>
#include <pthread.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "stim.h"

static int client, server;

static void meet(void)
{
	int pair[2];

	tcp_pair(AF_INET, pair);
	client = pair[0];
	server = pair[1];
	tell("client", client);
	tell("server", server);
}

static void meet_udp(void)
{
	server = bound(AF_INET, SOCK_DGRAM);
	client = connected_to(AF_INET, SOCK_DGRAM, port_of(server));
	tell("client", client);
	tell("server", server);
}

static void part(void)
{
	close(client);
	close(server);
}

static void plain(void)
{
	char text[16];

	meet();
	must(write(client, "0123456789", 10));
	must(read(server, text, 10));
	part();
}

static void vectors(void)
{
	char text[10] = { '0', '1', '2', '3', '4', '5', '6', '7', '8', '9' };
	struct iovec v[2] = { { text, 4 }, { text + 4, 6 } };

	meet();
	must(writev(client, v, 2));
	must(readv(server, v, 2));
	part();
}

static void messages(void)
{
	char text[10] = { '0', '1', '2', '3', '4', '5', '6', '7', '8', '9' };
	struct iovec v[2] = { { text, 5 }, { text + 5, 5 } };
	struct mmsghdr m[2] = { { .msg_hdr = { .msg_iov = &v[0], .msg_iovlen = 1 } },
				{ .msg_hdr = { .msg_iov = &v[1], .msg_iovlen = 1 } } };

	meet_udp();
	if (must(sendmmsg(client, m, 2, 0)) != 2 || must(recvmmsg(server, m, 2, 0, NULL)) != 2)
		exit(1);
	part();
}

static void file(void)
{
	char name[] = "/tmp/ways-XXXXXX";
	int fd = must(mkstemp(name));

	unlink(name);
	must(write(fd, "0123456789", 10));
	must(lseek(fd, 0, SEEK_SET));
	meet();
	must(sendfile(client, fd, NULL, 10));
	hear(server, "0123456789");
	part();
}

static void spliced(void)
{
	int way[2];

	must(pipe(way));
	must(write(way[1], "0123456789", 10));
	meet();
	must(splice(way[0], NULL, client, NULL, 10, 0));
	must(splice(server, NULL, way[1], NULL, 10, 0));
	part();
}

/* Looked at twice, read once. */
static void peeked(void)
{
	char text[16];

	meet();
	say(client, "0123456789");
	must(recv(server, text, sizeof text, MSG_PEEK));
	must(recv(server, text, sizeof text, MSG_PEEK));
	hear(server, "0123456789");
	part();
}

/* EINPROGRESS, then poll and SO_ERROR, as event loops do; reads that would have to wait. */
static void nonblocking(void)
{
	int listener = listening(AF_INET), error = -1;
	socklen_t len = sizeof error, size;
	struct sockaddr *a = loopback(AF_INET, port_of(listener), &size);
	struct pollfd p;
	char text[16];

	client = must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	tell("client", client);
	must_fail(connect(client, a, size), EINPROGRESS);
	p = (struct pollfd){ .fd = client, .events = POLLOUT };
	must(poll(&p, 1, 1000));
	must(getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &len));
	if (error)
		exit(1);
	server = must(accept4(listener, NULL, NULL, SOCK_NONBLOCK));
	tell("server", server);
	must_fail(recv(server, text, sizeof text, 0), EAGAIN);
	say(client, "0123456789");
	hear(server, "0123456789");
	part();
	close(listener);
}

/* The first attempt is refused, the second one with the same socket succeeds. */
static void again(void)
{
	int taken = bound(AF_INET, SOCK_STREAM);
	socklen_t size;
	struct sockaddr *a = loopback(AF_INET, port_of(taken), &size);

	client = must(socket(AF_INET, SOCK_STREAM, 0));
	tell("client", client);
	must_fail(connect(client, a, size), ECONNREFUSED);
	must(listen(taken, 1));
	must(connect(client, a, size));
	server = must(accept(taken, NULL, NULL));
	tell("server", server);
	say(client, "0123456789");
	hear(server, "0123456789");
	part();
	close(taken);
}

static void *reader(void *arg)
{
	(void)arg;
	hear(server, "0123456789");
	return NULL;
}

/* A thread that waits in recv long before there is anything. */
static void blocked(void)
{
	pthread_t t;

	meet();
	must(-pthread_create(&t, NULL, reader, NULL));
	usleep(100 * 1000);
	say(client, "0123456789");
	pthread_join(t, NULL);
	part();
}

/* A megabyte: many segments, and reads of other sizes than the writes. */
static void bulk(void)
{
	static char big[1 << 20];
	pid_t pid;
	size_t sum = 0;
	ssize_t n;

	meet();
	pid = must(fork());
	if (!pid) {
		close(server);
		for (size_t at = 0; at < sizeof big; at += (size_t)n)
			n = must(send(client, big + at, sizeof big - at, 0));
		_exit(0);
	}
	close(client);
	while ((n = must(recv(server, big, 30000, 0))) > 0)
		sum += (size_t)n;
	close(server);
	must(waitpid(pid, NULL, 0));
	if (sum != sizeof big)
		exit(1);
}

int main(int argc, char **argv)
{
	static const struct act acts[] = {
		{ "plain", plain },
		{ "vectors", vectors },
		{ "messages", messages },
		{ "file", file },
		{ "splice", spliced },
		{ "peek", peeked },
		{ "nonblocking", nonblocking },
		{ "again", again },
		{ "blocked", blocked },
		{ "bulk", bulk },
		{ NULL, NULL },
	};

	return run_act(argc, argv, acts);
}
