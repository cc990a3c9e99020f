#include "probe/harmless.h"
#include <sys/socket.h>
bool sonde_address_is_local(const struct sonde_address *a)
{
	const uint8_t *p = a->ip;
	if (a->family == AF_INET)
		return p[0] == 10 || p[0] == 127 || (p[0] == 172 && p[1] >> 4 == 1) || (p[0] == 192 && p[1] == 168) || p[0] >= 224 || (p[0] == 169 && p[1] == 254);
	return p[0] == 0xfc || p[0] == 0xfd || (p[0] == 0xfe && p[1] >> 6 == 2) || p[0] == 0xff || (!p[0] && !p[1]);
}
