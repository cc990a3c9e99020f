#include "sys/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct visit {
	int netns; /* -1: a new one */
	int family, type, protocol;
	int ret; /* the descriptor that was asked for, or -errno */
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

	if (v->netns < 0) {
		v->ret = make_netns();
	} else if (setns(v->netns, CLONE_NEWNET) < 0) {
		v->ret = -errno;
	} else {
		v->ret = socket(v->family, v->type | SOCK_CLOEXEC, v->protocol);
		if (v->ret < 0)
			v->ret = -errno;
	}
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

int sonde_netns_socket(int netns, int family, int type, int protocol)
{
	if (netns < 0)
		return -EBADF;
	return send_visitor(&(struct visit){
		.netns = netns, .family = family, .type = type, .protocol = protocol });
}

uint32_t sonde_netns_inode(int netns)
{
	struct stat st;

	return fstat(netns, &st) < 0 ? 0 : (uint32_t)st.st_ino;
}
