#ifndef SONDE_TOOLS_DEMO_H
#define SONDE_TOOLS_DEMO_H

/* The demo's client-server sessions: small programs with plain socket calls, as one would write
 * them to learn. They know nothing of sonde, which follows them like any other program.
 *
 * To add one: a file with its struct sonde_demo_session, and a line in sonde_demo_sessions[]. */

#include <sys/socket.h>

/* What a session runs over, and its word on the command line: the words of an endpoint's kind. */
#define SONDE_DEMO_OVERS(O)                                                                        \
	O(TCP4, "tcp4", AF_INET, SOCK_STREAM)                                                      \
	O(TCP6, "tcp6", AF_INET6, SOCK_STREAM)                                                     \
	O(UDP4, "udp4", AF_INET, SOCK_DGRAM)                                                       \
	O(UDP6, "udp6", AF_INET6, SOCK_DGRAM)                                                      \
	O(UNIX_STREAM, "unix-stream", AF_UNIX, SOCK_STREAM)                                        \
	O(UNIX_DGRAM, "unix-dgram", AF_UNIX, SOCK_DGRAM)                                           \
	O(UNIX_SEQPACKET, "unix-seqpacket", AF_UNIX, SOCK_SEQPACKET)

/* clang-format off */
enum sonde_demo_over {
#define O(id, name, family, type) SONDE_DEMO_##id,
	SONDE_DEMO_OVERS(O)
#undef O
		SONDE_DEMO_OVER_END_
};
/* clang-format on */

/* What server and client agreed on before they began. */
struct sonde_demo_meeting {
	int family, type; /* for socket(2) */
	struct sockaddr_storage server, client;
	socklen_t server_len, client_len;
	int ready; /* sonde_demo_ready */
};

struct sonde_demo_session {
	const char *name;
	const char *what; /* one sentence */
	/* Each is the main of a process of its own and returns its exit code. */
	int (*server)(const struct sonde_demo_meeting *at);
	int (*client)(const struct sonde_demo_meeting *at);
};

/* All there are, then NULL; the first one is run where none is named. */
extern const struct sonde_demo_session *const sonde_demo_sessions[];

extern const struct sonde_demo_session sonde_demo_hello, sonde_demo_echo, sonde_demo_realtime;

/* NULL where there is none of that name. */
const struct sonde_demo_session *sonde_demo_find(const char *name);

/* enum sonde_demo_over, or -1. */
int sonde_demo_over_find(const char *name);
const char *sonde_demo_over_name(enum sonde_demo_over over);

/* Two hosts with a cable between them: network namespaces in which eth0 has 10.0.0.1 and
 * 2001:db8::1 (the server), 10.0.0.2 and 2001:db8::2 (the client). Two descriptors that are closed
 * by exec; they, and the programs that run in them, are all that keeps the hosts. 0 or -errno. */
int sonde_demo_hosts_open(int *ret_server, int *ret_client);

/* Runs the session: server and client as children of this process, named so, each on its host; with
 * -1 for the hosts both stay in the namespace of the caller and use its loopback. Unix sockets are
 * in a /tmp that only these processes see, or, where that is not allowed, have abstract names.
 *
 * Meant for a process of its own, as it waits for all its children, sees another /tmp afterwards,
 * and dies with its parent. Returns an exit code: 0 when both were content, 128 and the signal when
 * one was killed, else 1. Ends after 10 s at most. */
int sonde_demo_run(const struct sonde_demo_session *session, enum sonde_demo_over over,
		   int server_host, int client_host);

/* For the sessions. */

/* The server can be reached now: the client may begin. */
void sonde_demo_ready(const struct sonde_demo_meeting *at);

/* Tells what failed, and why (errno), on standard error. Returns the exit code for it, 1. */
int sonde_demo_fail(const char *what);

#endif
