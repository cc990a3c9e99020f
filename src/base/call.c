#include "base/call.h"

#include <string.h>

/* clang-format off */
static const struct {
	const char *name;
	enum sonde_call_class class;
} calls[] = {
	[SONDE_CALL_NONE] = { "?", SONDE_CALL_ASK },
#define C(id, name, class) [SONDE_CALL_##id] = { name, SONDE_CALL_##class },
	SONDE_CALLS(C)
#undef C
};
/* clang-format on */

const char *sonde_call_name(unsigned call)
{
	return calls[call < SONDE_CALL_END_ ? call : SONDE_CALL_NONE].name;
}

unsigned sonde_call_find(const char *name, unsigned long len)
{
	for (unsigned i = SONDE_CALL_NONE + 1; i < SONDE_CALL_END_; i++)
		if (strlen(calls[i].name) == len && !memcmp(calls[i].name, name, len))
			return i;
	return SONDE_CALL_NONE;
}

enum sonde_call_class sonde_call_class(unsigned call)
{
	return calls[call < SONDE_CALL_END_ ? call : SONDE_CALL_NONE].class;
}
