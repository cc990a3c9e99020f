#ifndef SONDE_SYS_SOCKADDR_H
#define SONDE_SYS_SOCKADDR_H

/* The same place as the kernel's struct and as ours. */

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/address.h"

/* How many bytes of *ret the kernel is to be given. port: its port too, else 0. */
socklen_t sonde_sockaddr_put(const struct sonde_address *a, bool port, struct sockaddr_in6 *ret);

/* From a struct sockaddr of any family, whole; all zero where that is neither IPv4 nor IPv6. */
struct sonde_address sonde_sockaddr_get(const void *sockaddr);

#endif
