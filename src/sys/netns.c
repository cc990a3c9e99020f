#include "sys/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct visit {
	int netns; /* -1: a new one */
	int (*call)(void *arg);
	void *arg;
	int ret;
};

static int loopback_up(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		err = -errno;
	close(fd);
	return err;
}

static int make_netns(void)
{
	int err, fd;

	if (unshare(CLONE_NEWNET) < 0)
		return -errno;
	err = loopback_up();
	if (err)
		return err;
	fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static void *visit(void *arg)
{
	struct visit *v = arg;

	if (v->netns < 0)
		v->ret = make_netns();
	else if (setns(v->netns, CLONE_NEWNET) < 0)
		v->ret = -errno;
	else
		v->ret = v->call(v->arg);
	return NULL;
}

static int send_visitor(struct visit *v)
{
	pthread_t thread;
	int err = pthread_create(&thread, NULL, visit, v);

	if (err)
		return -err;
	pthread_join(thread, NULL);
	return v->ret;
}

int sonde_netns_open(void)
{
	return send_visitor(&(struct visit){ .netns = -1 });
}

struct many {
	int *ret;
	unsigned n;
	int (*call)(void *arg, unsigned place);
	void *arg;
	int result;
};

static void *make_many(void *arg)
{
	struct many *m = arg;

	for (unsigned i = 0; i < m->n && m->result >= 0; i++) {
		m->result = m->ret[i] = make_netns();
		if (m->result >= 0)
			m->result = m->call(m->arg, i);
	}
	return NULL;
}

int sonde_netns_open_many(int *ret, unsigned n, int (*call)(void *arg, unsigned place), void *arg)
{
	struct many m = { ret, n, call, arg, 0 };
	pthread_t thread;
	int err;

	for (unsigned i = 0; i < n; i++)
		ret[i] = -1;
	err = pthread_create(&thread, NULL, make_many, &m);
	if (err)
		return -err;
	pthread_join(thread, NULL);
	for (unsigned i = 0; i < n; i++)
		ret[i] = ret[i] < 0 ? -1 : ret[i];
	return m.result < 0 ? m.result : 0;
}

int sonde_netns_named(const char *name)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof path, "%s%s", strchr(name, '/') ? "" : "/run/netns/", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sonde_netns_visit(int netns, int (*call)(void *arg), void *arg)
{
	if (netns < 0)
		return -EBADF;
	return send_visitor(&(struct visit){ .netns = netns, .call = call, .arg = arg });
}

struct wanted {
	int family, type, protocol;
};

static int open_socket(void *arg)
{
	const struct wanted *w = arg;
	int fd = socket(w->family, w->type | SOCK_CLOEXEC, w->protocol);

	return fd < 0 ? -errno : fd;
}

int sonde_netns_socket(int netns, int family, int type, int protocol)
{
	return sonde_netns_visit(netns, open_socket, &(struct wanted){ family, type, protocol });
}

uint32_t sonde_netns_inode(int netns)
{
	struct stat st;

	return fstat(netns, &st) < 0 ? 0 : (uint32_t)st.st_ino;
}
