/* Runs a session: who meets whom where, and two processes. */
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/demo/demo.h"

enum { PORT = 4242, SECONDS_AT_MOST = 10 };

/* clang-format off */
static const struct over {
	const char *name;
	int family, type;
} overs[] = {
#define O(id, name, family, type) { name, family, type },
	SONDE_DEMO_OVERS(O)
#undef O
};
/* clang-format on */

int sonde_demo_over_find(const char *name)
{
	for (int i = 0; i < SONDE_DEMO_OVER_END_; i++)
		if (!strcmp(overs[i].name, name))
			return i;
	return -1;
}

const char *sonde_demo_over_name(enum sonde_demo_over over)
{
	return overs[over].name;
}

const struct sonde_demo_session *sonde_demo_find(const char *name)
{
	for (const struct sonde_demo_session *const *s = sonde_demo_sessions; *s; s++)
		if (!strcmp((*s)->name, name))
			return *s;
	return NULL;
}

void sonde_demo_ready(const struct sonde_demo_meeting *at)
{
	if (write(at->ready, "", 1) < 0)
		_exit(sonde_demo_fail("the client is gone"));
}

int sonde_demo_fail(const char *what)
{
	char name[16] = "";

	prctl(PR_GET_NAME, name);
	fprintf(stderr, "%s: %s: %s\n", name, what, strerror(errno));
	return 1;
}

/* A /tmp that nobody else sees and that goes with the last process in it. */
static bool hide_tmp(void)
{
	return unshare(CLONE_NEWNS) == 0 &&
	       mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "size=64k,mode=700") == 0;
}

static socklen_t unix_address(struct sockaddr_storage *ret, const char *who, bool path)
{
	struct sockaddr_un *a = (struct sockaddr_un *)ret;
	int n;

	a->sun_family = AF_UNIX;
	/* An abstract name begins with a NUL and has no other: its length is part of it. */
	n = path ? snprintf(a->sun_path, sizeof a->sun_path, "/tmp/%s", who) + 1
		 : snprintf(a->sun_path + 1, sizeof a->sun_path - 1, "sonde-demo-%d/%s", getpid(),
			    who) +
			    1;
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)n);
}

static socklen_t ip_address(struct sockaddr_storage *ret, int family, const char *text,
			    uint16_t port)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;

	ret->ss_family = (sa_family_t)family;
	if (family == AF_INET6) {
		v6->sin6_port = htons(port);
		inet_pton(family, text, &v6->sin6_addr);
		return sizeof *v6;
	}
	v4->sin_port = htons(port);
	inet_pton(family, text, &v4->sin_addr);
	return sizeof *v4;
}

static void agree(struct sonde_demo_meeting *ret, const struct over *over, bool hosts)
{
	const char *server = over->family == AF_INET ? "10.0.0.1" : "2001:db8::1";
	const char *client = over->family == AF_INET ? "10.0.0.2" : "2001:db8::2";

	*ret = (struct sonde_demo_meeting){ .family = over->family, .type = over->type };
	if (over->family == AF_UNIX) {
		bool path = hide_tmp();

		ret->server_len = unix_address(&ret->server, "server", path);
		ret->client_len = unix_address(&ret->client, "client", path);
		return;
	}
	if (!hosts)
		server = client = over->family == AF_INET ? "127.0.0.1" : "::1";
	ret->server_len = ip_address(&ret->server, over->family, server, PORT);
	ret->client_len = ip_address(&ret->client, over->family, client, 0);
}

/* In the child: what makes it a program of its own. */
static void begin(const char *name, int host, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	prctl(PR_SET_NAME, name);
	if (host >= 0 && setns(host, CLONE_NEWNET) < 0)
		_exit(sonde_demo_fail("cannot enter the host"));
	alarm(SECONDS_AT_MOST);
}

static pid_t start_server(const struct sonde_demo_session *session, struct sonde_demo_meeting *at,
			  int host, const int ready[2])
{
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid;
	close(ready[0]);
	at->ready = ready[1];
	begin("server", host, parent);
	_exit(session->server(at));
}

static pid_t start_client(const struct sonde_demo_session *session, struct sonde_demo_meeting *at,
			  int host, const int ready[2])
{
	pid_t parent = getpid(), pid = fork();
	char byte;

	if (pid)
		return pid;
	close(ready[1]);
	begin("client", host, parent);
	/* Nothing comes where the server gave up: it has said why. */
	if (read(ready[0], &byte, 1) != 1)
		_exit(1);
	close(ready[0]);
	_exit(session->client(at));
}

static int wait_for(pid_t pid)
{
	int status;

	if (pid < 0)
		return 1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 1;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int sonde_demo_run(const struct sonde_demo_session *session, enum sonde_demo_over over,
		   int server_host, int client_host)
{
	struct sonde_demo_meeting at;
	int ready[2], server_code, client_code;
	pid_t server, client;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fflush(NULL); /* or the children would write it again */
	agree(&at, &overs[over], server_host >= 0);
	if (pipe(ready) < 0)
		return sonde_demo_fail("pipe");
	server = start_server(session, &at, server_host, ready);
	client = start_client(session, &at, client_host, ready);
	close(ready[0]);
	close(ready[1]);
	client_code = wait_for(client);
	if (client_code && server > 0)
		kill(server, SIGKILL); /* nobody will come any more */
	server_code = wait_for(server);
	return client_code ? client_code : server_code;
}
