#ifndef SONDE_TESTS_STIM_H
#define SONDE_TESTS_STIM_H

/* What the stimulus programs share. Each does a few things with sockets, in an order that does not
 * depend on luck, and tells on standard output which socket played which part:
 *
 *   NAME INODE		one line per socket, the number that fstat(2) gives
 *
 * so that a test can find the endpoint that must have come out of it. They are plain programs: a
 * call that fails ends them with 1 and a sentence.
 *
 *   PROGRAM [-n] SUBCOMMAND	-n: in a network namespace of its own
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* The value of a call that must not fail. */
#define must(call)                                                                                 \
	({                                                                                         \
		long must_ = (call);                                                               \
		if (must_ < 0) {                                                                   \
			fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call,              \
				strerror(errno));                                                  \
			exit(1);                                                                   \
		}                                                                                  \
		(int)must_;                                                                        \
	})

#define must_fail(call, error)                                                                     \
	do {                                                                                       \
		if ((call) >= 0 || errno != (error)) {                                             \
			fprintf(stderr, "%s:%d: %s: not %s\n", __FILE__, __LINE__, #call, #error); \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

static inline void tell(const char *name, int fd)
{
	struct stat st;

	must(fstat(fd, &st));
	printf("%s %llu\n", name, (unsigned long long)st.st_ino);
	fflush(stdout);
}

static inline void loopback_up(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = must(socket(AF_UNIX, SOCK_DGRAM, 0));

	must(ioctl(fd, SIOCSIFFLAGS, &lo));
	close(fd);
}

static inline struct sockaddr *loopback(int family, uint16_t port, socklen_t *ret_len)
{
	static struct sockaddr_storage store[4];
	static unsigned turn;
	struct sockaddr_storage *s = &store[turn++ % 4];

	memset(s, 0, sizeof *s);
	s->ss_family = (sa_family_t)family;
	if (family == AF_INET6) {
		((struct sockaddr_in6 *)s)->sin6_addr = in6addr_loopback;
		((struct sockaddr_in6 *)s)->sin6_port = htons(port);
		*ret_len = sizeof(struct sockaddr_in6);
	} else {
		((struct sockaddr_in *)s)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		((struct sockaddr_in *)s)->sin_port = htons(port);
		*ret_len = sizeof(struct sockaddr_in);
	}
	return (struct sockaddr *)s;
}

static inline uint16_t port_of(int fd)
{
	struct sockaddr_in6 a;
	socklen_t len = sizeof a;

	must(getsockname(fd, (struct sockaddr *)&a, &len));
	return ntohs(a.sin6_port); /* where sin_port is, too */
}

/* A socket bound to a port of loopback that the kernel chose. */
static inline int bound(int family, int type)
{
	int fd = must(socket(family, type, 0));
	struct sockaddr *a;
	socklen_t len;

	a = loopback(family, 0, &len);
	must(bind(fd, a, len));
	return fd;
}

static inline int listening(int family)
{
	int fd = bound(family, SOCK_STREAM);

	must(listen(fd, 16));
	return fd;
}

static inline int connected_to(int family, int type, uint16_t port)
{
	int fd = must(socket(family, type, 0));
	struct sockaddr *a;
	socklen_t len;

	a = loopback(family, port, &len);
	must(connect(fd, a, len));
	return fd;
}

/* A TCP connection to itself: pair[0] connected, pair[1] was accepted. */
static inline void tcp_pair(int family, int pair[2])
{
	int listener = listening(family);

	pair[0] = connected_to(family, SOCK_STREAM, port_of(listener));
	pair[1] = must(accept(listener, NULL, NULL));
	close(listener);
}

static inline void say(int fd, const char *text)
{
	must(send(fd, text, strlen(text), 0));
}

/* Reads what must come: exactly this text. */
static inline void hear(int fd, const char *text)
{
	char got[256];
	size_t len = strlen(text);

	if ((size_t)must(recv(fd, got, len, MSG_WAITALL)) != len || memcmp(got, text, len) != 0) {
		fprintf(stderr, "heard something else than \"%s\"\n", text);
		exit(1);
	}
}

static inline void hear_end(int fd)
{
	char byte;

	if (must(recv(fd, &byte, 1, 0)) != 0) {
		fprintf(stderr, "heard more instead of the end\n");
		exit(1);
	}
}

/* The table of a program's subcommands, and its main. */
struct act {
	const char *name;
	void (*run)(void);
};

static inline int run_act(int argc, char **argv, const struct act *acts)
{
	int at = 1;

	if (at < argc && !strcmp(argv[at], "-n")) {
		must(unshare(CLONE_NEWNET));
		loopback_up();
		at++;
	}
	alarm(20);
	for (; at < argc && acts->name; acts++) {
		if (!strcmp(acts->name, argv[at])) {
			acts->run();
			return 0;
		}
	}
	fprintf(stderr, "no such subcommand\n");
	return 2;
}

#endif
