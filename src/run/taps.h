#ifndef SONDE_RUN_TAPS_H
#define SONDE_RUN_TAPS_H

/* Interfaces of one or more namespaces, listened to at once; their frames in one order. */

#include "capture/live.h"
#include "capture/savefile.h"
#include "run/voice.h"
#include "sys/device.h"

enum { SONDE_TAPS = 64 };

/* Until the kernel has surely handed over a block, even where the machine is busy. */
#define SONDE_TAPS_SETTLED (SONDE_LIVE_LATENESS + 10 * SONDE_MILLISECOND)

struct sonde_taps_from {
	const char *name; /* as it is to be shown: "eth0", "blue/eth0"; borrowed */
	const char *interface;
	int netns; /* descriptor; -1: the one we are in */
};

struct sonde_tap {
	const struct sonde_taps_from *from;
	struct sonde_live_plan plan;
	struct sonde_live *live;
	struct sonde_live_facts facts;
	struct sonde_device *device; /* itself; of "any", all there are at first */
	int devices;
	struct sonde_frame head; /* the next one, if there is one */
	bool has, down, gone;
	uint32_t gap; /* frames lost since the one before that was kept */
};

struct sonde_taps {
	const struct sonde_voice *voice; /* borrowed */
	struct sonde_tap tap[SONDE_TAPS];
	size_t n;
	/* As files want them, by the number of the tap. */
	struct sonde_savefile_interface interface[SONDE_TAPS];
	struct sonde_savefile_statistics count[SONDE_TAPS];
	char description[SONDE_TAPS][64], os[200];
};

/* All of them, each by this plan, whose interface and netns are filled in; what was set up is said.
 * *ret_which is the one that failed. As sonde_live_open, and -errno. */
int sonde_taps_open(struct sonde_taps *t, const struct sonde_taps_from *from, size_t n,
		    const struct sonde_live_plan *plan, const struct sonde_voice *voice,
		    const char **ret_which);

/* The one whose head is the oldest frame of all, once no older one can come; NULL: none yet. Frames
 * up to `settled`, since 1970, are known to be all there; without `wait` a single tap need not wait
 * for that: it is in order by itself. */
struct sonde_tap *sonde_taps_next(struct sonde_taps *t, sonde_ns settled, bool wait);

/* Its head is used: counts it, and says what was lost in front of it. */
void sonde_taps_take(struct sonde_taps *t, struct sonde_tap *tap);

/* The name of the interface that the frame came from: "any" gives those of all. */
const char *sonde_taps_name(const struct sonde_tap *tap, const struct sonde_frame *f);

/* Until frames come, for at most so long; says what becomes of the interfaces. */
void sonde_taps_sleep(struct sonde_taps *t, int ms);

bool sonde_taps_gone(const struct sonde_taps *t); /* all */

/* Frames that there was no room for, so far; count is brought up to date. */
uint64_t sonde_taps_dropped(struct sonde_taps *t);

void sonde_taps_close(struct sonde_taps *t);

#endif
