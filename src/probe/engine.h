#ifndef SONDE_PROBE_ENGINE_H
#define SONDE_PROBE_ENGINE_H

/* A measurement of any kind, as whoever drives it sees it: asked at a moment what to do, and told
 * what came. */

#include "probe/survey.h"

struct sonde_engine {
	struct sonde_survey *survey;
	void *of;
	struct sonde_step (*step)(void *of, sonde_ns now);
	void (*hear)(void *of, const struct sonde_arrival *a);
};

#endif
