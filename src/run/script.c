#include "run/script.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"
#include "probe/harmless.h"
#include "run/fill.h"
#include "run/script_file.h"
#include "run/script_report.h"
#include "run/taps.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/guard.h"
#include "sys/privilege.h"
#include "sys/sender.h"
#include "sys/sleep.h"

enum { BUFFER = 4 << 20, PASS = 256 };

struct way { /* of the packets of one statement */
	struct sonde_script_send send;
	struct sonde_fill fill;
	struct sonde_sender *sender; /* shared by those who leave alike */
};

struct playing {
	const struct sonde_script_plan *plan;
	struct sonde_script_end *end;
	struct sonde_arena arena;
	struct sonde_script *script;
	struct way *way;
	unsigned ways;
	uint8_t *room;		   /* of a packet, before the run */
	struct sonde_guard *guard; /* NULL: nothing is kept back */
	struct sonde_taps_from from[SONDE_TAPS];
	size_t froms;
	struct sonde_taps taps;
	int64_t clock; /* realtime minus monotonic, ns */
	struct sonde_savefile *save;
	int save_fd, saved; /* saved: why it could not be, or 0 */
	struct sonde_script_report report;
};

__attribute__((format(printf, 3, 4))) static int fail(struct playing *p, int code, const char *fmt,
						      ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(p->end->doing, sizeof p->end->doing, fmt, args);
	va_end(args);
	p->end->told = true;
	return code;
}

/* ---- the ways out ---- */

static int refuse_harm(struct playing *p, const struct way *w)
{
	if (p->plan->mean_it || !w->fill.dst.family || sonde_address_is_local(&w->fill.dst) ||
	    !(w->fill.spoofed || w->send.fast))
		return 0;
	return fail(p, -EINVAL,
		    "%s:%u: %s an address that is neither local nor private takes --i-mean-it",
		    p->plan->file, w->send.line,
		    w->fill.spoofed ? "a source that is not this machine's, to"
				    : "more than 1000 packets a second to");
}

/* Whoever reads a packet must find what was said, unless the field that tells was said too. */
static int check_layers(struct playing *p, const struct way *w)
{
	struct sonde_craft_turn turn = { .seed = p->plan->seed,
					 .vars = sonde_script_vars(p->script) };
	struct sonde_draft d;
	size_t at;
	int layer;

	sonde_draft_init(&d, p->room, SONDE_SCRIPT_PACKET);
	if (sonde_craft_encode(w->send.craft, &turn, &d) < 0)
		return 0; /* why is said when the rest of it is filled in */
	layer = sonde_craft_contradicts(w->send.craft, &d, &at);
	if (layer < 0)
		return 0;
	return fail(p, -EINVAL,
		    "%s:%u: %s does not follow %s: whoever reads the packet would find something "
		    "else there; if that is meant, pin the field that tells",
		    p->plan->file, w->send.line, sonde_shapes[d.p.layer[layer].shape].name,
		    sonde_shapes[d.p.layer[layer - 1].shape].name);
}

static int find_way(struct playing *p, struct way *w)
{
	struct sonde_fill_plan how = {
		.device = p->plan->interface,
		.seed = p->plan->seed + w->send.line,
		.vars = sonde_script_vars(p->script),
		.repeated = w->send.repeated,
	};
	int r = check_layers(p, w);

	if (r)
		return r;
	r = sonde_fill_make(&w->fill, w->send.craft, &how);
	if (r < 0)
		return fail(p, r, "%s:%u: %s", p->plan->file, w->send.line, w->fill.wrong);
	return refuse_harm(p, w);
}

static int find_ways(struct playing *p)
{
	struct sonde_script_send send;
	int r = 0;

	while (sonde_script_send(p->script, p->ways, &send))
		p->ways++;
	p->way = sonde_arena_take(&p->arena, (p->ways + 1) * sizeof *p->way);
	p->room = sonde_arena_take(&p->arena, SONDE_SCRIPT_PACKET);
	for (unsigned i = 0; i < p->ways; i++)
		p->way[i].fill.held = -1;
	for (unsigned i = 0; i < p->ways && !r; i++) {
		sonde_script_send(p->script, i, &p->way[i].send);
		r = find_way(p, &p->way[i]);
	}
	return r;
}

static bool has_tcp(const struct sonde_craft *c)
{
	enum sonde_shape shape;

	for (unsigned i = 0; (shape = sonde_craft_layer(c, i)); i++)
		if (shape == SONDE_tcp)
			return true;
	return false;
}

/* Both ends of what is sent; where they vary, all ports. */
static int open_guard(struct playing *p)
{
	struct sonde_guard_end end[SONDE_GUARD_ENDS];
	size_t n = 0;

	if (!p->plan->no_rst && !sonde_script_no_rst(p->script))
		return 0;
	for (unsigned i = 0; i < p->ways; i++) {
		const struct way *w = &p->way[i];
		struct sonde_guard_end e = { w->fill.src, w->fill.dst };
		size_t k = 0;

		if (!e.from.family || !has_tcp(w->send.craft))
			continue;
		if (sonde_craft_varies(w->send.craft))
			e.from.port = e.to.port = 0;
		while (k < n && memcmp(&end[k], &e, sizeof e) != 0)
			k++;
		if (k == SONDE_GUARD_ENDS)
			return fail(p, -E2BIG, "%s: no-rst guards up to %d connections",
				    p->plan->file, SONDE_GUARD_ENDS);
		end[k] = e;
		n += k == n;
	}
	snprintf(p->end->doing, sizeof p->end->doing, "no-rst");
	sonde_voice_say(&p->plan->voice,
			"no-rst: this kernel's resets of %zu connection%s are kept back", n,
			n == 1 ? "" : "s");
	return sonde_guard_open(&p->guard, end, n);
}

/* Those who leave by the same kind of socket on the same interface have one. */
static int open_sender(struct playing *p, unsigned i)
{
	struct way *w = &p->way[i];
	struct sonde_sender_plan plan = {
		.by = w->fill.link ? SONDE_SENDER_LINK : SONDE_SENDER_RAW,
		.device = w->fill.link || p->plan->interface ? w->fill.device : NULL,
		.mark = p->guard ? SONDE_GUARD_MARK : -1,
	};

	for (unsigned k = 0; k < i && !w->sender; k++)
		if (p->way[k].fill.link == w->fill.link &&
		    !strcmp(p->way[k].fill.device, w->fill.device))
			w->sender = p->way[k].sender;
	return w->sender ? 0 : sonde_sender_open(&w->sender, &plan);
}

static void close_ways(struct playing *p)
{
	for (unsigned i = 0; i < p->ways; i++) {
		bool first = true;

		for (unsigned k = 0; k < i; k++)
			first = first && p->way[k].sender != p->way[i].sender;
		if (first)
			sonde_sender_close(p->way[i].sender);
		sonde_fill_done(&p->way[i].fill);
	}
}

/* ---- the taps ---- */

static void add_tap(struct playing *p, const char *interface)
{
	for (size_t i = 0; i < p->froms; i++)
		if (!strcmp(p->from[i].interface, interface))
			return;
	if (*interface && p->froms < SONDE_TAPS)
		p->from[p->froms++] = (struct sonde_taps_from){ interface, interface, -1 };
}

/* As the script or the command line says, or where its packets go. */
static int open_taps(struct playing *p)
{
	struct sonde_live_plan live = { .buffer = BUFFER, .clock = p->clock };
	const char *name, *which = "";
	int r;

	for (unsigned i = 0; (name = sonde_script_capture(p->script, i)); i++)
		add_tap(p, name);
	if (p->plan->interface)
		add_tap(p, p->plan->interface);
	for (unsigned i = 0; i < p->ways && !sonde_script_capture(p->script, 0); i++)
		add_tap(p, p->way[i].fill.device);
	if (!p->froms)
		return fail(p, -EINVAL,
			    "%s sends nothing, so it has to say where it listens: capture IFACE",
			    p->plan->file);
	r = sonde_taps_open(&p->taps, p->from, p->froms, &live, &p->plan->voice, &which);
	if (r)
		snprintf(p->end->doing, sizeof p->end->doing, "%s", which);
	return r;
}

/* ---- the file of the run ---- */

static int open_save(struct playing *p)
{
	struct sonde_savefile_plan plan;
	int r;

	if (!p->plan->save)
		return 0;
	snprintf(p->end->doing, sizeof p->end->doing, "%s", p->plan->save);
	p->save_fd = sonde_file_make(p->plan->save);
	if (p->save_fd < 0)
		return p->save_fd;
	plan = sonde_savefile_named(p->plan->save, "sonde " SONDE_VERSION);
	plan.comment = p->plan->file;
	r = sonde_savefile_open(&p->save, &plan, sonde_file_sink, &p->save_fd);
	for (size_t i = 0; i < p->taps.n && !r; i++) {
		int number = sonde_savefile_interface(p->save, &p->taps.interface[i]);

		r = number < 0 ? number : 0;
	}
	return r;
}

static void keep(struct playing *p, size_t tap, struct sonde_frame f)
{
	int r;

	if (!p->save || p->saved)
		return;
	f.when += (uint64_t)p->clock;
	r = sonde_savefile_frame(p->save, (uint32_t)tap, &f, NULL);
	p->saved = r < 0 && r != SONDE_ONE_LINK ? r : 0;
}

static int close_save(struct playing *p)
{
	int r = p->save ? sonde_savefile_close(p->save) : 0;

	if (p->save_fd > STDERR_FILENO)
		close(p->save_fd);
	return p->saved ? p->saved : r < 0 ? r : 0;
}

/* ---- the run ---- */

static int put(void *arg, const uint8_t *byte, uint32_t len)
{
	return sonde_sender_put(arg, byte, len);
}

static void send_one(struct playing *p, const struct sonde_script_step *step)
{
	struct sonde_sender *sender = NULL;
	struct sonde_sender_count before, now;
	int r;

	for (unsigned i = 0; i < p->ways && !sender; i++)
		if (p->way[i].send.craft == step->craft)
			sender = p->way[i].sender;
	before = sonde_sender_count(sender);
	r = sonde_craft_send(step->craft, step->packet, put, sender);
	sonde_sender_flush(sender);
	now = sonde_sender_count(sender);
	if (r >= 0 && now.refused > before.refused)
		r = -now.error;
	sonde_script_sent(p->script, r < 0 ? sonde_reason_text(r) : NULL);
}

/* Up to so many frames. Whether there were any. */
static bool hear(struct playing *p)
{
	sonde_ns settled = sonde_clock_now() - SONDE_TAPS_SETTLED;
	struct sonde_tap *tap;
	unsigned n = 0;

	while (n < PASS && (tap = sonde_taps_next(&p->taps, settled, false))) {
		sonde_taps_take(&p->taps, tap);
		sonde_script_hear(p->script, &tap->head);
		keep(p, (size_t)(tap - p->taps.tap), tap->head);
		n++;
	}
	return n;
}

/* Until the step's time: by the frames' own stamps where it listens, and these come late. */
static sonde_ns wait(struct playing *p, const struct sonde_script_step *step)
{
	sonde_ns end = step->until + (step->listens ? SONDE_TAPS_SETTLED : 0), now;

	while (!hear(p) && (now = sonde_clock_now()) < end && !sonde_sleep_signal()) {
		sonde_ns left = (end - now) / SONDE_MILLISECOND;

		if (step->listens || left > 1)
			sonde_taps_sleep(&p->taps, left > 100 ? 100 : (int)left + step->listens);
		else
			sonde_sleep_for(NULL, 0, end - now);
	}
	for (unsigned i = 0; i < PASS && step->listens && hear(p); i++)
		continue;
	now = sonde_clock_now();
	return step->listens && now >= step->until && now < end ? step->until - 1 : now;
}

static int play(struct playing *p)
{
	struct sonde_script_step step;
	struct sonde_script_record all;
	sonde_ns now = sonde_clock_now();

	while ((step = sonde_script_step(p->script, now)).is != SONDE_STEP_DONE) {
		switch (step.is) {
		case SONDE_STEP_SEND: send_one(p, &step); break;
		case SONDE_STEP_TELL: sonde_script_report_point(&p->report, step.point); break;
		default:
			now = wait(p, &step);
			if (sonde_sleep_signal())
				sonde_script_stop(p->script, now, "it was interrupted");
			else if (sonde_taps_gone(&p->taps))
				sonde_script_stop(p->script, now, "the interfaces are gone");
			continue;
		}
		hear(p);
		now = sonde_clock_now();
	}
	sonde_script_told(p->script, sonde_clock_now(), &all);
	all.file = p->plan->file;
	p->end->met = !all.failed && !all.unreached && !sonde_sleep_signal();
	return sonde_script_report_end(&p->report, &all);
}

static int open_all(struct playing *p)
{
	int r = find_ways(p);

	if (!r)
		r = open_guard(p);
	if (!r)
		r = open_taps(p);
	for (unsigned i = 0; i < p->ways && !r; i++) {
		r = open_sender(p, i);
		if (r && !p->end->told)
			snprintf(p->end->doing, sizeof p->end->doing, "%s", p->way[i].fill.device);
	}
	if (!r)
		r = open_save(p);
	if (!r) /* else nothing follows but a sentence on what is lacking */
		sonde_privilege_drop(-1);
	return r;
}

static int run(struct playing *p)
{
	int r = sonde_script_read(&p->script, &p->arena, p->plan, p->end);

	if (r || p->plan->dry) {
		p->end->met = !r;
		return r;
	}
	r = open_all(p);
	if (r)
		return r;
	sonde_script_report_open(&p->report, p->plan);
	r = play(p);
	sonde_script_report_done(&p->report);
	return r ? r : sonde_taps_dropped(&p->taps) ? SONDE_LOST : 0;
}

int sonde_script_run(const struct sonde_script_plan *plan, struct sonde_script_end *ret)
{
	struct playing *p = calloc(1, sizeof *p);
	int r, saved;

	if (!p)
		abort();
	*ret = (struct sonde_script_end){ .told = false };
	p->plan = plan;
	p->end = ret;
	p->save_fd = -1;
	p->clock = sonde_clock_offset();
	sonde_sleep_init();
	r = run(p);
	saved = close_save(p);
	sonde_taps_close(&p->taps);
	close_ways(p);
	sonde_guard_close(p->guard);
	sonde_script_done(p->script);
	sonde_arena_done(&p->arena);
	sonde_sleep_done();
	free(p);
	return r ? r : saved;
}
