#include "sys/clock.h"

#include <time.h>

static sonde_ns read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (sonde_ns)t.tv_sec * SONDE_SECOND + (sonde_ns)t.tv_nsec;
}

sonde_ns sonde_clock_now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

sonde_ns sonde_clock_real(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t sonde_clock_offset(void)
{
	sonde_ns best = UINT64_MAX;
	int64_t offset = 0;

	for (int i = 0; i < 9; i++) {
		sonde_ns before = read_clock(CLOCK_MONOTONIC);
		sonde_ns real = read_clock(CLOCK_REALTIME);
		sonde_ns window = read_clock(CLOCK_MONOTONIC) - before;

		if (window < best) {
			best = window;
			offset = (int64_t)(real - (before + window / 2));
		}
	}
	return offset;
}
