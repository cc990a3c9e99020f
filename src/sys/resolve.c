#include "sys/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

const char *sonde_resolve(const char *name, uint16_t family, struct sonde_address *ret)
{
	struct addrinfo want = { .ai_family = family ? family : AF_UNSPEC,
				 .ai_socktype = SOCK_DGRAM,
				 .ai_flags = AI_IDN },
			*got;
	const struct sockaddr_in6 *six;
	int r = getaddrinfo(name, NULL, &want, &got);

	if (r == EAI_SYSTEM)
		return strerrordesc_np(errno);
	if (r)
		return gai_strerror(r);
	*ret = (struct sonde_address){ .family = (uint16_t)got->ai_family };
	if (got->ai_family == AF_INET) {
		memcpy(ret->ip, &((const struct sockaddr_in *)(const void *)got->ai_addr)->sin_addr,
		       4);
	} else {
		six = (const struct sockaddr_in6 *)(const void *)got->ai_addr;
		memcpy(ret->ip, &six->sin6_addr, 16);
		ret->scope = six->sin6_scope_id;
	}
	freeaddrinfo(got);
	return NULL;
}
