#include "base/event.h"

/* clang-format off */
static const char *const names[] = {
	[SONDE_EVENT_NONE] = "?",
#define E(id, name, what) [SONDE_EVENT_##id] = name,
	SONDE_EVENTS(E)
#undef E
};
/* clang-format on */

const char *sonde_event_name(unsigned kind)
{
	return names[kind < SONDE_EVENT_END_ ? kind : SONDE_EVENT_NONE];
}

unsigned sonde_event_find(const char *name, unsigned long len)
{
	for (unsigned i = SONDE_EVENT_NONE + 1; i < SONDE_EVENT_END_; i++)
		if (strlen(names[i]) == len && !memcmp(names[i], name, len))
			return i;
	return SONDE_EVENT_NONE;
}
