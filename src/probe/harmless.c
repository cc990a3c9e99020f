#include "probe/harmless.h"

#include <sys/socket.h>

struct block {
	uint8_t at[16];
	uint8_t bits;
};

static const struct block four[] = {
	{ { 0 }, 8 },
	{ { 10 }, 8 },
	{ { 100, 64 }, 10 },
	{ { 127 }, 8 },
	{ { 169, 254 }, 16 },
	{ { 172, 16 }, 12 },
	{ { 192, 0, 2 }, 24 },
	{ { 192, 168 }, 16 },
	{ { 198, 18 }, 15 },
	{ { 198, 51, 100 }, 24 },
	{ { 203, 0, 113 }, 24 },
	{ { 224, 0, 0 }, 24 },
	{ { 239, 192 }, 10 }, /* of an organization */
	{ { 239, 255 }, 16 }, /* of a site */
	{ { 255, 255, 255, 255 }, 32 },
};
static const struct block six[] = {
	{ { 0 }, 127 }, /* :: and ::1 */
	{ { 0x20, 1, 0, 2 }, 48 },
	{ { 0x20, 1, 0x0d, 0xb8 }, 32 },
	{ { 0x3f, 0xff }, 20 },
	{ { 0xfc }, 7 },
	{ { 0xfe, 0x80 }, 10 },
};

static bool within(const uint8_t *a, const struct block *b)
{
	for (unsigned i = 0, left = b->bits; left; i++) {
		unsigned n = left < 8 ? left : 8;

		if ((a[i] ^ b->at[i]) >> (8 - n))
			return false;
		left -= n;
	}
	return true;
}

static bool is_local_four(const uint8_t *a)
{
	for (unsigned i = 0; i < sizeof four / sizeof *four; i++)
		if (within(a, &four[i]))
			return true;
	return false;
}

bool sonde_address_is_local(const struct sonde_address *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (a->family == AF_INET)
		return is_local_four(a->ip);
	if (a->family != AF_INET6)
		return false;
	if (!memcmp(a->ip, mapped, sizeof mapped))
		return is_local_four(a->ip + sizeof mapped);
	if (a->ip[0] == 0xff)
		return (a->ip[1] & 15) <= 5; /* up to the site */
	for (unsigned i = 0; i < sizeof six / sizeof *six; i++)
		if (within(a->ip, &six[i]))
			return true;
	return false;
}
