#include "life/inside.h"

bool sonde_life_knows(const struct sonde_life *life, uint64_t cookie)
{
	return cookie && sonde_index_get(&life->inside->cookie, cookie);
}
