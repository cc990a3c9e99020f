#include "probe/block.h"

#include <arpa/inet.h>
#include <errno.h>

#include "base/bytes.h"

static bool parse_address(const char *at, size_t len, struct sonde_address *ret)
{
	char text[64];

	if (len >= sizeof text)
		return false;
	memcpy(text, at, len);
	text[len] = 0;
	*ret = (struct sonde_address){ .family = AF_INET };
	if (inet_pton(AF_INET, text, ret->ip) == 1)
		return true;
	ret->family = AF_INET6;
	return inet_pton(AF_INET6, text, ret->ip) == 1;
}

/* The last 64 bits of an address: blocks are not larger. */
static uint64_t low(const struct sonde_address *a)
{
	return a->family == AF_INET ? sonde_load(a->ip, 4) : sonde_load(a->ip + 8, 8);
}

static void set_low(struct sonde_address *a, uint64_t v)
{
	if (a->family == AF_INET)
		sonde_store(a->ip, 4, v);
	else
		sonde_store(a->ip + 8, 8, v);
}

static int prefix(struct sonde_block *b, const char *text)
{
	unsigned bits = 0, width = b->first.family == AF_INET ? 32 : 128;
	uint64_t n;

	if (!*text || strlen(text) > 3)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		bits = bits * 10 + (unsigned)(*text - '0');
	}
	if (bits > width)
		return -EINVAL;
	if (width - bits > 20)
		return -E2BIG;
	n = 1ull << (width - bits);
	set_low(&b->first, low(&b->first) & ~(n - 1));
	if (width == 32 && n > 2) {
		set_low(&b->first, low(&b->first) + 1);
		n -= 2;
	}
	b->n = n;
	return 1;
}

int sonde_block_parse(const char *word, struct sonde_block *ret)
{
	const char *slash = strchr(word, '/'), *dash = strchr(word, '-');
	struct sonde_address last;

	if (slash && parse_address(word, (size_t)(slash - word), &ret->first))
		return prefix(ret, slash + 1);
	if (!dash || !parse_address(word, (size_t)(dash - word), &ret->first))
		return slash ? -EINVAL : 0; /* no name has a slash */
	if (!parse_address(dash + 1, strlen(dash + 1), &last) || last.family != ret->first.family ||
	    low(&last) < low(&ret->first) ||
	    (last.family == AF_INET6 && memcmp(last.ip, ret->first.ip, 8)))
		return -EINVAL;
	if (low(&last) - low(&ret->first) >= SONDE_BLOCK_MOST)
		return -E2BIG;
	ret->n = low(&last) - low(&ret->first) + 1;
	return 1;
}

struct sonde_address sonde_block_at(const struct sonde_block *b, uint64_t i)
{
	struct sonde_address a = b->first;

	set_low(&a, low(&a) + i);
	return a;
}
