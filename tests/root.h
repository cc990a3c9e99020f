#ifndef TESTS_ROOT_H
#define TESTS_ROOT_H

/* For suites that make network namespaces. */

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/address.h"

static inline bool lacks_root(void)
{
	if (geteuid() == 0)
		return false;
	puts("skipped: network namespaces take root");
	return true;
}

static inline struct sonde_address address(int family, const char *text)
{
	struct sonde_address r = { .family = (uint16_t)family };

	inet_pton(family, text, r.ip);
	return r;
}

#endif
