#include "sys/sockaddr.h"

#include <endian.h>
#include <string.h>

socklen_t sonde_sockaddr_put(const struct sonde_address *a, bool port, struct sockaddr_in6 *ret)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ret;

	if (a->family == AF_INET) {
		*in = (struct sockaddr_in){ .sin_family = AF_INET };
		in->sin_port = htobe16(port ? a->port : 0);
		memcpy(&in->sin_addr, a->ip, 4);
		return sizeof *in;
	}
	*ret = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_scope_id = a->scope };
	ret->sin6_port = htobe16(port ? a->port : 0);
	memcpy(&ret->sin6_addr, a->ip, 16);
	return sizeof *ret;
}

struct sonde_address sonde_sockaddr_get(const void *sockaddr)
{
	const struct sockaddr_in *in = sockaddr;
	const struct sockaddr_in6 *six = sockaddr;
	struct sonde_address a = { .family = in->sin_family, .port = be16toh(in->sin_port) };

	if (a.family == AF_INET) {
		memcpy(a.ip, &in->sin_addr, 4);
	} else if (a.family == AF_INET6) {
		memcpy(a.ip, &six->sin6_addr, 16);
		a.scope = six->sin6_scope_id;
	} else {
		a = (struct sonde_address){ 0 };
	}
	return a;
}
