#include "capture/option.h"

#include "base/reason.h"

int sonde_option_next(bool swap, struct sonde_bytes *rest, struct sonde_option *ret)
{
	uint16_t head[2];
	size_t len, whole;

	if (rest->len < 4)
		return 0;
	memcpy(head, rest->at, 4);
	ret->code = swap ? __builtin_bswap16(head[0]) : head[0];
	len = swap ? __builtin_bswap16(head[1]) : head[1];
	if (!ret->code)
		return 0;
	if (len > rest->len - 4)
		return SONDE_DAMAGED;
	ret->value = (struct sonde_bytes){ rest->at + 4, len };
	whole = 4 + ((len + 3) & ~(size_t)3);
	whole = whole < rest->len ? whole : rest->len;
	*rest = (struct sonde_bytes){ rest->at + whole, rest->len - whole };
	return 1;
}

bool sonde_option_find(bool swap, struct sonde_bytes options, unsigned code, unsigned n,
		       struct sonde_bytes *ret)
{
	struct sonde_option o;

	while (sonde_option_next(swap, &options, &o) > 0) {
		if (o.code != code || n--)
			continue;
		*ret = o.value;
		return true;
	}
	return false;
}
