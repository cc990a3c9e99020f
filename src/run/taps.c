#include "run/taps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "sys/netns.h"
#include "sys/sleep.h"

enum { DEVICES = 1024 };

/* In the tap's namespace. */
static int open_here(void *arg)
{
	struct sonde_tap *tap = arg;

	tap->device = calloc(DEVICES, sizeof *tap->device);
	if (!tap->device)
		return -ENOMEM;
	if (strcmp(tap->plan.interface, "any"))
		tap->devices = !sonde_device_read(tap->device, tap->plan.interface);
	else
		tap->devices = sonde_device_list(tap->device, DEVICES);
	return sonde_live_open(&tap->live, &tap->plan);
}

static uint32_t own_netns(void)
{
	int fd = sonde_netns_named("/proc/self/ns/net");
	uint32_t inode = fd < 0 ? 0 : sonde_netns_inode(fd);

	if (fd >= 0)
		close(fd);
	return inode;
}

static int open_tap(struct sonde_tap *tap, const struct sonde_taps_from *from,
		    const struct sonde_live_plan *plan)
{
	bool here = from->netns < 0;
	int r;

	tap->from = from;
	tap->plan = *plan;
	tap->plan.interface = from->interface;
	tap->plan.netns = here ? own_netns() : sonde_netns_inode(from->netns);
	r = here ? open_here(tap) : sonde_netns_visit(from->netns, open_here, tap);
	if (!r)
		tap->facts = sonde_live_facts(tap->live);
	return r;
}

static void describe(struct sonde_taps *t, size_t i)
{
	const struct sonde_tap *tap = &t->tap[i];
	char *words = t->description[i];

	snprintf(words, sizeof t->description[i], "netns=%u ifindex=%u", tap->plan.netns,
		 tap->facts.ifindex);
	t->interface[i] = (struct sonde_savefile_interface){
		.name = tap->from->name,
		.description = tap->from->netns < 0 ? NULL : words,
		.filter = tap->plan.filter,
		.os = t->os,
		.unit = 9,
		.link = tap->facts.link,
		.snaplen = tap->facts.snaplen,
	};
	t->count[i].dropped = UINT64_MAX; /* by the device: not known */
}

/* What was set up, and in what the packets differ from those on the wire. */
static void say_setup(const struct sonde_taps *t, const struct sonde_tap *tap)
{
	const struct sonde_live_facts *f = &tap->facts;
	char offload[100] = "", ring[100];
	uint32_t whole = 1518, offloads = 0;
	const char *word;
	size_t len = 0;

	if (f->ifindex && tap->devices) {
		offloads = tap->device->offload;
		whole = tap->device->mtu + 18;
	}
	whole = whole < f->snaplen ? whole : f->snaplen;
	for (unsigned i = 0; (word = sonde_device_offload(offloads, i)); i++)
		len += (size_t)snprintf(offload + len, sizeof offload - len, "%s%s",
					i ? " " : "; not as on the wire: ", word);
	if (f->way == SONDE_LIVE_RING)
		snprintf(ring, sizeof ring, "ring of %u x %u KiB for %u packets of %u bytes",
			 f->blocks, f->block >> 10, f->block / (f->frame + whole) * f->blocks,
			 whole);
	else
		snprintf(ring, sizeof ring, "libpcap's ring of %u KiB", f->block >> 10);
	sonde_voice_say(t->voice, "%s: %s, snaplen %u, times by the %s%s", tap->from->name, ring,
			f->snaplen, tap->plan.hardware ? "device" : "kernel", offload);
}

int sonde_taps_open(struct sonde_taps *t, const struct sonde_taps_from *from, size_t n,
		    const struct sonde_live_plan *plan, const struct sonde_voice *voice,
		    const char **ret_which)
{
	struct utsname u;

	*t = (struct sonde_taps){ .voice = voice };
	if (!uname(&u))
		snprintf(t->os, sizeof t->os, "%s %s %s", u.sysname, u.release, u.machine);
	for (size_t i = 0; i < n; i++) {
		int r = open_tap(&t->tap[t->n++], &from[i], plan);

		if (r < 0) {
			*ret_which = from[i].name;
			return r;
		}
		describe(t, i);
	}
	for (size_t i = 0; i < n; i++)
		say_setup(t, &t->tap[i]);
	return 0;
}

struct sonde_tap *sonde_taps_next(struct sonde_taps *t, sonde_ns settled, bool wait)
{
	struct sonde_tap *best = NULL;
	bool all = !wait;

	for (size_t i = 0; i < t->n; i++) {
		struct sonde_tap *tap = &t->tap[i];

		if (!tap->has)
			tap->has = sonde_live_read(tap->live, &tap->head) > 0;
		if (!tap->has)
			all = tap->gone && all;
		else if (!best || tap->head.when < best->head.when)
			best = tap;
	}
	return best && (all || best->head.when <= settled) ? best : NULL;
}

void sonde_taps_take(struct sonde_taps *t, struct sonde_tap *tap)
{
	struct sonde_savefile_statistics *count = &t->count[tap - t->tap];
	uint32_t gap = sonde_live_gap(tap->live);

	tap->has = false;
	count->delivered++;
	count->received += 1 + gap;
	if (tap->down)
		sonde_voice_say(t->voice, "%s: is up again", tap->from->name);
	tap->down = false;
	if (!gap)
		return;
	tap->gap += gap;
	count->dropped_by_os += gap;
	sonde_voice_say(t->voice, "%s: %u packet%s lost here: the ring was full", tap->from->name,
			gap, gap == 1 ? "" : "s");
}

const char *sonde_taps_name(const struct sonde_tap *tap, const struct sonde_frame *f)
{
	for (int i = 0; !tap->facts.ifindex && i < tap->devices; i++)
		if (tap->device[i].ifindex == f->ifindex)
			return tap->device[i].name;
	return tap->from->name;
}

static void look_at_state(struct sonde_taps *t, struct sonde_tap *tap)
{
	int state = sonde_live_state(tap->live);

	if (state == -ENETDOWN && !tap->down)
		sonde_voice_say(t->voice, "%s: went down; waiting for it", tap->from->name);
	tap->down = tap->down || state == -ENETDOWN;
	tap->gone = state == -ENODEV || state == -EIO;
	if (tap->gone)
		sonde_voice_say(t->voice, "%s: is gone", tap->from->name);
}

void sonde_taps_sleep(struct sonde_taps *t, int ms)
{
	struct pollfd fds[SONDE_TAPS];

	/* What is gone would be ready for ever, and so is a ring whose oldest frame must wait. */
	for (size_t i = 0; i < t->n; i++)
		fds[i] = (struct pollfd){
			.fd = t->tap[i].gone ? -1 : sonde_live_fd(t->tap[i].live),
			.events = t->tap[i].has ? 0 : POLLIN,
		};
	sonde_sleep(fds, (unsigned)t->n, ms);
	/* That an interface has gone which was down already wakes nobody: it is asked for. */
	for (size_t i = 0; i < t->n; i++)
		if (!t->tap[i].gone && (t->tap[i].down || fds[i].revents & POLLERR))
			look_at_state(t, &t->tap[i]);
}

bool sonde_taps_gone(const struct sonde_taps *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (!t->tap[i].gone)
			return false;
	return true;
}

uint64_t sonde_taps_dropped(struct sonde_taps *t)
{
	uint64_t all = 0;

	for (size_t i = 0; i < t->n; i++) {
		struct sonde_savefile_statistics *count = &t->count[i];

		sonde_live_dropped(t->tap[i].live, &count->dropped_by_os);
		count->received = count->delivered + count->dropped_by_os;
		all += count->dropped_by_os;
	}
	return all;
}

void sonde_taps_close(struct sonde_taps *t)
{
	for (size_t i = 0; i < t->n; i++) {
		sonde_live_close(t->tap[i].live);
		free(t->tap[i].device);
	}
	t->n = 0;
}
