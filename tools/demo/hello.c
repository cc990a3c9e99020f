/* hello: the server waits, the client comes, the server says hello, both go. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tools/demo/demo.h"

static const char hello[] = "Hello, client!";
static const char greeting[] = "Hello, server!";

static int check(const char *text, size_t len)
{
	if (len == strlen(hello) && !memcmp(text, hello, len))
		return 0;
	errno = EBADMSG;
	return sonde_demo_fail("hello");
}

static int stream_server(const struct sonde_demo_meeting *at)
{
	int listener, connection, on = 1;

	listener = socket(at->family, at->type, 0);
	if (listener < 0)
		return sonde_demo_fail("socket");
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(listener, (const struct sockaddr *)&at->server, at->server_len) < 0)
		return sonde_demo_fail("bind");
	if (listen(listener, 1) < 0)
		return sonde_demo_fail("listen");
	sonde_demo_ready(at);

	connection = accept(listener, NULL, NULL);
	if (connection < 0)
		return sonde_demo_fail("accept");
	if (send(connection, hello, strlen(hello), 0) < 0)
		return sonde_demo_fail("send");
	close(connection);
	close(listener);
	return 0;
}

static int stream_client(const struct sonde_demo_meeting *at)
{
	char text[64];
	size_t len = 0;
	ssize_t n;
	int fd;

	fd = socket(at->family, at->type, 0);
	if (fd < 0)
		return sonde_demo_fail("socket");
	if (connect(fd, (const struct sockaddr *)&at->server, at->server_len) < 0)
		return sonde_demo_fail("connect");
	/* A stream has no messages: it is read until its end. */
	while ((n = recv(fd, text + len, sizeof text - len, 0)) > 0)
		len += (size_t)n;
	if (n < 0)
		return sonde_demo_fail("recv");
	close(fd);
	return check(text, len);
}

static int datagram_server(const struct sonde_demo_meeting *at)
{
	struct sockaddr_storage client;
	socklen_t client_len = sizeof client;
	char text[64];
	int fd;

	fd = socket(at->family, at->type, 0);
	if (fd < 0)
		return sonde_demo_fail("socket");
	if (bind(fd, (const struct sockaddr *)&at->server, at->server_len) < 0)
		return sonde_demo_fail("bind");
	sonde_demo_ready(at);

	if (recvfrom(fd, text, sizeof text, 0, (struct sockaddr *)&client, &client_len) < 0)
		return sonde_demo_fail("recvfrom");
	if (sendto(fd, hello, strlen(hello), 0, (struct sockaddr *)&client, client_len) < 0)
		return sonde_demo_fail("sendto");
	close(fd);
	return 0;
}

static int datagram_client(const struct sonde_demo_meeting *at)
{
	char text[64];
	ssize_t len;
	int fd;

	fd = socket(at->family, at->type, 0);
	if (fd < 0)
		return sonde_demo_fail("socket");
	/* UDP finds a port by itself; a Unix socket without a name cannot be answered. */
	if (at->family == AF_UNIX &&
	    bind(fd, (const struct sockaddr *)&at->client, at->client_len) < 0)
		return sonde_demo_fail("bind");
	if (sendto(fd, greeting, strlen(greeting), 0, (const struct sockaddr *)&at->server,
		   at->server_len) < 0)
		return sonde_demo_fail("sendto");
	len = recvfrom(fd, text, sizeof text, 0, NULL, NULL);
	if (len < 0)
		return sonde_demo_fail("recvfrom");
	close(fd);
	return check(text, (size_t)len);
}

static int server(const struct sonde_demo_meeting *at)
{
	return at->type == SOCK_DGRAM ? datagram_server(at) : stream_server(at);
}

static int client(const struct sonde_demo_meeting *at)
{
	return at->type == SOCK_DGRAM ? datagram_client(at) : stream_client(at);
}

const struct sonde_demo_session sonde_demo_hello = {
	.name = "hello",
	.what = "The server waits, the client comes, the server says hello, both go.",
	.server = server,
	.client = client,
};
