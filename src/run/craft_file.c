#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "capture/savefile.h"
#include "cli/cli.h"
#include "packet/mold.h"
#include "run/craft_inside.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/sleep.h"

enum { LOOK = 4096 }; /* packets written before signals are looked at */

struct writing {
	struct sonde_crafting *run;
	struct sonde_savefile *file;
	sonde_ns when; /* of the packet at hand, since 1970 */
};

static int put(void *arg, const uint8_t *byte, uint32_t len)
{
	struct writing *w = arg;
	struct sonde_frame f = {
		.when = w->when,
		.byte = { byte, len },
		.wire = len,
		.link = w->run->fill.linktype,
		.dir = SONDE_DIR_OUT,
	};

	w->run->say.end.bytes += len;
	return sonde_savefile_frame(w->file, 0, &f, NULL);
}

static int write_all(struct writing *w, uint8_t *room)
{
	struct sonde_crafting *run = w->run;
	struct sonde_mold *mold = sonde_mold_make(run->craft, run->plan->seed, room,
						  SONDE_CRAFTING_ROOM, &run->arena);
	sonde_ns began = sonde_clock_real();
	int r = 0;

	for (uint64_t n = 0; n < run->count && r >= 0; n++) {
		struct sonde_draft d;

		if (n % LOOK == 0 && sonde_sleep_signal())
			break;
		w->when = began + n * run->gap;
		if (mold) {
			sonde_mold_cast(mold, n, room);
			r = put(w, room, sonde_mold_length(mold));
		} else if ((r = sonde_crafting_make(run, n, room, &d)) >= 0) {
			r = sonde_craft_send(run->craft, &d, put, w);
		}
		run->say.end.sent += r >= 0;
	}
	return r < 0 ? r : 0;
}

int sonde_crafting_write(struct sonde_crafting *run)
{
	const char *name = run->plan->write;
	struct sonde_savefile_plan plan = sonde_savefile_named(name, "sonde " SONDE_VERSION);
	struct sonde_savefile_interface interface = { .link = run->fill.linktype, .unit = 9 };
	struct writing w = { .run = run };
	sonde_ns began = sonde_clock_now();
	uint8_t *room = sonde_arena_take(&run->arena, SONDE_CRAFTING_ROOM);
	int fd = sonde_file_make(name), r = fd, closed;

	snprintf(run->end->doing, sizeof run->end->doing, "%s", name);
	if (fd < 0)
		return fd;
	r = sonde_savefile_open(&w.file, &plan, sonde_file_sink, &fd);
	if (!r)
		r = sonde_savefile_interface(w.file, &interface);
	if (r >= 0)
		r = write_all(&w, room);
	closed = sonde_savefile_close(w.file);
	if (fd > STDERR_FILENO)
		close(fd);
	run->end->saved = r ? r : closed;
	run->end->met = run->say.end.sent == run->count;
	sonde_craft_say_end(&run->say, sonde_clock_now() - began);
	return 0;
}
