#include "sys/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 64 };

/* "@sonde-lab/1000/NAME", as /proc/net/unix shows it. */
static socklen_t name_of(struct sockaddr_un *ret, uid_t uid, const char *name)
{
	int n;

	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	n = snprintf(ret->sun_path + 1, sizeof ret->sun_path - 1, "sonde-lab/%u/%s", uid, name);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
}

static int open_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

int sonde_control_listen(uid_t uid, const char *name)
{
	struct sockaddr_un a;
	socklen_t len = name_of(&a, uid, name);
	int fd = open_socket(), err;

	if (fd < 0)
		return fd;
	if (bind(fd, (struct sockaddr *)&a, len) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* Whether the other one is who we are: as our user namespace sees both. */
static int known(int fd)
{
	struct ucred who;
	socklen_t len = sizeof who;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0 || who.uid != geteuid()) {
		close(fd);
		return -EPERM;
	}
	return fd;
}

int sonde_control_accept(int fd)
{
	int one = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	return one < 0 ? -errno : known(one);
}

int sonde_control_connect(uid_t uid, const char *name)
{
	struct sockaddr_un a;
	socklen_t len = name_of(&a, uid, name);
	int fd = open_socket(), err;

	if (fd < 0)
		return fd;
	if (connect(fd, (struct sockaddr *)&a, len) == 0)
		return known(fd);
	err = errno == ECONNREFUSED ? -ENOENT : -errno;
	close(fd);
	return err;
}

/* Space for the descriptors of one message. */
union control {
	char at[CMSG_SPACE(SONDE_CONTROL_FDS * sizeof(int))];
	struct cmsghdr align;
};

int sonde_control_send(int fd, const struct sonde_control_message *m)
{
	struct iovec data[] = { { (void *)&m->code, sizeof m->code },
				{ (void *)m->text, strlen(m->text) } };
	union control control = { 0 };
	struct msghdr h = { .msg_iov = data, .msg_iovlen = 2 };
	size_t n = 0;

	while (n < SONDE_CONTROL_FDS && m->fd[n] >= 0)
		n++;
	if (n) {
		struct cmsghdr *c;

		h.msg_control = control.at;
		h.msg_controllen = CMSG_SPACE(n * sizeof(int));
		c = CMSG_FIRSTHDR(&h);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(c), m->fd, n * sizeof(int));
	}
	return sendmsg(fd, &h, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int sonde_control_recv(int fd, struct sonde_control_message *ret)
{
	struct iovec data[] = { { &ret->code, sizeof ret->code },
				{ ret->text, sizeof ret->text - 1 } };
	union control control = { 0 };
	struct msghdr h = { .msg_iov = data,
			    .msg_iovlen = 2,
			    .msg_control = control.at,
			    .msg_controllen = sizeof control };
	const struct cmsghdr *c;
	ssize_t n;

	memset(ret->fd, -1, sizeof ret->fd);
	do
		n = recvmsg(fd, &h, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 && errno != ECONNRESET ? -errno : 0;
	c = CMSG_FIRSTHDR(&h);
	if (c && c->cmsg_type == SCM_RIGHTS)
		memcpy(ret->fd, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
	if ((size_t)n < sizeof ret->code)
		return -EPROTO;
	ret->text[(size_t)n - sizeof ret->code] = 0;
	return 1;
}

/* unix(7) tells of /proc/net/unix: the name is the last of eight columns. A listener has flag
 * 00010000. */
int sonde_control_each(uid_t uid, void (*hear)(void *arg, const char *name), void *arg)
{
	FILE *f = fopen("/proc/net/unix", "re");
	char *line = NULL, prefix[64];
	size_t room = 0;

	if (!f)
		return -errno;
	snprintf(prefix, sizeof prefix, " @sonde-lab/%u/", uid);
	while (getline(&line, &room, f) > 0) {
		char *name = strstr(line, prefix);

		if (!name || !strstr(line, " 00010000 "))
			continue;
		name[strcspn(name, "\n")] = 0;
		hear(arg, name + strlen(prefix));
	}
	free(line);
	fclose(f);
	return 0;
}
