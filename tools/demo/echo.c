/* echo: three messages go and come back; then the client goes. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tools/demo/demo.h"

static const char *const messages[] = { "one", "two", "three" };
enum { MESSAGES = sizeof messages / sizeof *messages };

static int stream_server(const struct sonde_demo_meeting *at)
{
	int listener, connection, on = 1;
	char text[64];
	ssize_t n;

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
	/* 0 bytes: the client has closed its side. */
	while ((n = recv(connection, text, sizeof text, 0)) > 0)
		if (send(connection, text, (size_t)n, 0) < 0)
			return sonde_demo_fail("send");
	if (n < 0)
		return sonde_demo_fail("recv");
	close(connection);
	close(listener);
	return 0;
}

static int datagram_server(const struct sonde_demo_meeting *at)
{
	struct sockaddr_storage client;
	socklen_t client_len;
	char text[64];
	ssize_t n;
	int fd;

	fd = socket(at->family, at->type, 0);
	if (fd < 0)
		return sonde_demo_fail("socket");
	if (bind(fd, (const struct sockaddr *)&at->server, at->server_len) < 0)
		return sonde_demo_fail("bind");
	sonde_demo_ready(at);

	/* Datagrams have no end that could be seen: the server must know how many will come. */
	for (int i = 0; i < MESSAGES; i++) {
		client_len = sizeof client;
		n = recvfrom(fd, text, sizeof text, 0, (struct sockaddr *)&client, &client_len);
		if (n < 0)
			return sonde_demo_fail("recvfrom");
		if (sendto(fd, text, (size_t)n, 0, (struct sockaddr *)&client, client_len) < 0)
			return sonde_demo_fail("sendto");
	}
	close(fd);
	return 0;
}

static int server(const struct sonde_demo_meeting *at)
{
	return at->type == SOCK_DGRAM ? datagram_server(at) : stream_server(at);
}

/* Connected, so that send and recv do for a datagram socket what they do for a stream. */
static int client(const struct sonde_demo_meeting *at)
{
	char text[64];
	int fd;

	fd = socket(at->family, at->type, 0);
	if (fd < 0)
		return sonde_demo_fail("socket");
	if (at->family == AF_UNIX && at->type == SOCK_DGRAM &&
	    bind(fd, (const struct sockaddr *)&at->client, at->client_len) < 0)
		return sonde_demo_fail("bind");
	if (connect(fd, (const struct sockaddr *)&at->server, at->server_len) < 0)
		return sonde_demo_fail("connect");
	for (int i = 0; i < MESSAGES; i++) {
		size_t len = strlen(messages[i]), got = 0;
		ssize_t n;

		if (send(fd, messages[i], len, 0) < 0)
			return sonde_demo_fail("send");
		/* A stream may give it back in pieces. */
		while (got < len && (n = recv(fd, text + got, sizeof text - got, 0)) > 0)
			got += (size_t)n;
		if (got != len || memcmp(text, messages[i], len) != 0) {
			errno = EBADMSG;
			return sonde_demo_fail("echo");
		}
	}
	close(fd);
	return 0;
}

const struct sonde_demo_session sonde_demo_echo = {
	.name = "echo",
	.what = "Three messages go and come back; then the client goes.",
	.server = server,
	.client = client,
};
