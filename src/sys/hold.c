#include "sys/hold.h"

#include <errno.h>
#include <unistd.h>

#include "sys/sockaddr.h"

int sonde_hold_port(int protocol, const struct sonde_address *at)
{
	int type = protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM;
	int fd = socket(at->family, type | SOCK_CLOEXEC, protocol), r;
	struct sockaddr_in6 address;
	socklen_t len = sonde_sockaddr_put(at, true, &address);

	if (fd < 0)
		return -errno;
	if (!bind(fd, (void *)&address, len))
		return fd;
	r = -errno;
	close(fd);
	return r;
}
