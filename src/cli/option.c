#include "cli/option.h"

#include <string.h>

const char *const sonde_option_when[] = { "auto", "always", "never", NULL };

struct unit {
	const char *name;
	uint64_t worth;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits, with up to nine more behind a point where a unit allows it, then a unit of the list. The
 * product is exact; false where it does not fit or is no such thing. */
static bool number(const char *s, const struct unit *unit, uint64_t *ret)
{
	uint64_t whole = 0, part = 0, scale = 1, v;

	if (!is_digit(*s) && !(*s == '.' && is_digit(s[1])))
		return false;
	for (; is_digit(*s); s++)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, (uint64_t)(*s - '0'), &whole))
			return false;
	if (*s == '.' && is_digit(s[1]))
		for (s++; is_digit(*s); s++, scale *= 10) {
			if (scale == SONDE_SECOND)
				return false;
			part = part * 10 + (uint64_t)(*s - '0');
		}
	while (unit->name && strcmp(unit->name, s))
		unit++;
	if (!unit->name || unit->worth % scale || __builtin_mul_overflow(whole, unit->worth, &v) ||
	    __builtin_add_overflow(v, unit->worth / scale * part, &v))
		return false;
	*ret = v;
	return true;
}

static bool plain(const char *s, unsigned *ret)
{
	static const struct unit one[] = { { "", 1 }, { NULL, 0 } };
	uint64_t v;

	if (!number(s, one, &v) || v > UINT32_MAX)
		return false;
	*ret = (unsigned)v;
	return true;
}

const char *sonde_option_store(const struct sonde_option *o, void *conf, const char *arg)
{
	static const struct unit seconds[] = { { "", SONDE_SECOND },
					       { "s", SONDE_SECOND },
					       { "ms", SONDE_MILLISECOND },
					       { "us", SONDE_MICROSECOND },
					       { "ns", 1 },
					       { "m", 60 * SONDE_SECOND },
					       { "h", 3600 * SONDE_SECOND },
					       { NULL, 0 } };
	static const struct unit bytes[] = {
		{ "", 1 }, { "K", 1 << 10 }, { "M", 1 << 20 }, { "G", 1 << 30 }, { NULL, 0 }
	};
	void *at = (char *)conf + o->at;
	struct sonde_option_texts *texts = at;
	struct sonde_option_numbers *numbers = at;

	switch ((enum sonde_option_kind)o->kind) {
	case SONDE_OPTION_END_: break;
	case SONDE_OPTION_FLAG: *(bool *)at = true; break;
	case SONDE_OPTION_COUNT: ++*(unsigned *)at; break;
	case SONDE_OPTION_MAYBE: *(const char **)at = arg ? arg : ""; break;
	case SONDE_OPTION_TEXT: *(const char **)at = arg; break;
	case SONDE_OPTION_UINT: return plain(arg, at) ? NULL : "a number up to 4294967295";
	case SONDE_OPTION_SECONDS:
		return number(arg, seconds, at) ? NULL : "a time such as 2, 0.25 or 30ms";
	case SONDE_OPTION_BYTES:
		return number(arg, bytes, at) ? NULL : "a number of bytes such as 96, 64K or 16M";
	case SONDE_OPTION_CHOICE:
		for (int i = 0; o->choice[i]; i++)
			if (!strcmp(o->choice[i], arg)) {
				*(int *)at = i;
				return NULL;
			}
		return "one of ";
	case SONDE_OPTION_TEXTS:
		if (texts->n == SONDE_OPTION_REPEATS)
			return "taken more than 64 times";
		texts->at[texts->n++] = arg;
		break;
	case SONDE_OPTION_NUMBERS:
		if (numbers->n == SONDE_OPTION_REPEATS)
			return "taken more than 64 times";
		if (!plain(arg, &numbers->at[numbers->n]))
			return "a number up to 4294967295";
		numbers->n++;
		break;
	}
	return NULL;
}
