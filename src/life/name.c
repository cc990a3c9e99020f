#include "life/life.h"

/* One static list per enumeration; 0 is NULL: absent. */
#define NAMES(noun, LIST, END)                                                                     \
	const char *sonde_##noun##_name(unsigned n)                                                \
	{                                                                                          \
		static const char *const name[] = { NULL, LIST(N) };                               \
		return n < END ? name[n] : NULL;                                                   \
	}
#define N(id, name) name,

NAMES(role, SONDE_ROLES, SONDE_ROLE_END_)
NAMES(how, SONDE_HOWS, SONDE_HOW_END_)
NAMES(cause, SONDE_CAUSES, SONDE_CAUSE_END_)
NAMES(release, SONDE_RELEASES, SONDE_RELEASE_END_)
NAMES(milestone, SONDE_MILESTONES, SONDE_MILESTONE_END_)

const char *sonde_kind_name(unsigned kind)
{
	static const char *const name[] = { "other", SONDE_KINDS(N) };

	return kind < SONDE_KIND_END_ ? name[kind] : "other";
}

const char *sonde_state_name(unsigned state)
{
	static const char *const kernel[] = {
		"?",	     "ESTABLISHED", "SYN_SENT",	    "SYN_RECV",	  "FIN_WAIT1",
		"FIN_WAIT2", "TIME_WAIT",   "CLOSE",	    "CLOSE_WAIT", "LAST_ACK",
		"LISTEN",    "CLOSING",	    "NEW_SYN_RECV",
	};
	static const char *const app[] = { SONDE_APP_STATES(N) };

	if (state > SONDE_STATE_APP_ && state < SONDE_STATE_END_)
		return app[state - SONDE_STATE_APP_ - 1];
	return state < sizeof kernel / sizeof *kernel ? kernel[state] : "?";
}
