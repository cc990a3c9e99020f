#include "sys/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>

#include "sys/sockaddr.h"

const char *sonde_resolve(const char *name, uint16_t family, struct sonde_address *ret)
{
	struct addrinfo want = { .ai_family = family ? family : AF_UNSPEC,
				 .ai_socktype = SOCK_DGRAM,
				 .ai_flags = AI_IDN },
			*got;
	int r = getaddrinfo(name, NULL, &want, &got);

	if (r == EAI_SYSTEM)
		return strerrordesc_np(errno);
	if (r)
		return gai_strerror(r);
	*ret = sonde_sockaddr_get(got->ai_addr);
	freeaddrinfo(got);
	return NULL;
}
