/* realtime: numbered messages at a steady pace, 2,000 a second, into a reader that now and then has
 * something else to do and a receive buffer that holds only a few. What a stream does then, and
 * what datagrams do, is what the session is for. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "tools/demo/demo.h"

enum {
	MESSAGES = 200,
	SIZE = 64,		 /* bytes of a message; the number in words, then zeros */
	PACE = 500 * 1000,	 /* ns from one message to the next */
	BUSY_EVERY = 20,	 /* messages read */
	BUSY = 10 * 1000 * 1000, /* ns of work then */
	QUIET = 200 * 1000,	 /* us without a message: the sender has gone */
};

static void rest(long ns)
{
	nanosleep(&(struct timespec){ .tv_nsec = ns }, NULL);
}

/* Which numbers are missing, as 12-15 31-33. */
static void tell_missing(const bool *seen)
{
	int arrived = 0;

	for (int i = 0; i < MESSAGES; i++)
		arrived += seen[i];
	printf("server: %d of %d messages arrived%s", arrived, MESSAGES,
	       arrived < MESSAGES ? ", missing:" : "");
	for (int i = 0, from; i < MESSAGES; i++) {
		if (seen[i])
			continue;
		for (from = i; i + 1 < MESSAGES && !seen[i + 1];)
			i++;
		printf(from < i ? " %d-%d" : " %d", from + 1, i + 1);
	}
	printf("\n");
	fflush(stdout);
}

static int open_server(const struct sonde_demo_meeting *at)
{
	int fd = socket(at->family, at->type, 0), on = 1, small = 4096;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	if (bind(fd, (const struct sockaddr *)&at->server, at->server_len) < 0)
		return -1;
	if (at->type != SOCK_DGRAM && listen(fd, 1) < 0)
		return -1;
	return fd;
}

static int server(const struct sonde_demo_meeting *at)
{
	struct timeval quiet = { .tv_usec = QUIET };
	bool seen[MESSAGES] = { false };
	int first, fd, number, reads = 0;
	char text[SIZE];
	ssize_t n;

	first = fd = open_server(at);
	if (fd < 0)
		return sonde_demo_fail("cannot serve");
	sonde_demo_ready(at);
	if (at->type != SOCK_DGRAM && (fd = accept(first, NULL, NULL)) < 0)
		return sonde_demo_fail("accept");

	/* A stream ends; datagrams only stop coming. */
	for (;;) {
		n = recv(fd, text, sizeof text, MSG_WAITALL);
		if (n <= 0)
			break;
		if (sscanf(text, "message %d", &number) == 1 && number > 0 && number <= MESSAGES)
			seen[number - 1] = true;
		if (at->type == SOCK_DGRAM)
			setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &quiet, sizeof quiet);
		if (++reads % BUSY_EVERY == 0)
			rest(BUSY);
	}
	if (n < 0 && errno != EAGAIN)
		return sonde_demo_fail("recv");
	tell_missing(seen);
	if (fd != first)
		close(fd);
	close(first);
	return 0;
}

static int client(const struct sonde_demo_meeting *at)
{
	struct timespec next;
	int fd;

	fd = socket(at->family, at->type, 0);
	if (fd < 0)
		return sonde_demo_fail("socket");
	if (connect(fd, (const struct sockaddr *)&at->server, at->server_len) < 0)
		return sonde_demo_fail("connect");
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (int i = 0; i < MESSAGES; i++) {
		char text[SIZE] = "";

		snprintf(text, sizeof text, "message %d of %d", i + 1, MESSAGES);
		if (send(fd, text, sizeof text, 0) < 0)
			return sonde_demo_fail("send");
		next.tv_nsec += PACE;
		if (next.tv_nsec >= 1000 * 1000 * 1000) {
			next.tv_nsec -= 1000 * 1000 * 1000;
			next.tv_sec++;
		}
		/* Until a point in time, not for a while: what is late does not add up. */
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	close(fd);
	return 0;
}

const struct sonde_demo_session sonde_demo_realtime = {
	.name = "realtime",
	.what = "Messages at a steady pace into a slow reader: what a stream does, what datagrams "
		"do.",
	.server = server,
	.client = client,
};
