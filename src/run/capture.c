#include "run/capture.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/reason.h"
#include "packet/match.h"
#include "run/context.h"
#include "run/owners.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/privilege.h"
#include "sys/sleep.h"

enum {
	PASS = 4096, /* frames worked off before signals and clocks are looked at */
	LINES = 256 << 10,
};

struct capture {
	const struct sonde_capture_plan *plan;
	struct sonde_capture_end *end;
	struct sonde_taps taps;
	struct sonde_album album;
	struct sonde_text lines;
	struct sonde_view view;
	struct sonde_context context;	 /* of packets that are looked at */
	uint64_t number;		 /* of the packet at hand, before any expression */
	struct sonde_arena arena, aside; /* aside: of the packet at hand */
	struct sonde_match match, last;
	struct sonde_owners *owners; /* NULL: nobody asked whose a packet is */
	int64_t clock;		     /* realtime minus monotonic, ns */
	bool without_bpf;
	sonde_ns until; /* frames after this are not taken; since 1970 */
	bool look;	/* into what packets say, beyond whose they are */
	bool found;	/* what was waited for */
	int error;
};

/* A pcap file holds one link type. */
static bool fits(struct capture *c)
{
	const struct sonde_savefile_interface *in = c->taps.interface;

	if (sonde_savefile_named(c->plan->album.name, NULL).format == SONDE_SAVEFILE_PCAPNG)
		return true;
	for (size_t i = 1; i < c->taps.n; i++)
		if (in[i].link != in->link) {
			c->end->told = true;
			snprintf(c->end->doing, sizeof c->end->doing,
				 "%s: %s and %s differ in link type, of which a pcap holds one",
				 c->plan->album.name, in->name, in[i].name);
			return false;
		}
	return true;
}

static int open_output(struct capture *c, sonde_ns now)
{
	char *buffer;

	snprintf(c->end->doing, sizeof c->end->doing, "%s",
		 c->plan->album.name ? c->plan->album.name : "standard output");
	if (c->plan->album.name && !fits(c))
		return -EINVAL;
	if (c->plan->album.name)
		return sonde_album_open(&c->album, &c->plan->album, c->taps.interface,
					c->taps.count, c->taps.n, now);
	buffer = malloc(LINES);
	if (!buffer)
		abort();
	sonde_text_init(&c->lines, buffer, LINES, sonde_file_sink,
			(void *)(uintptr_t)&c->plan->out);
	sonde_view_init(&c->view, &c->plan->look, &c->lines);
	return 0;
}

/* What is known of a frame beside itself, and the space that takes. */
struct beside {
	struct sonde_beside facts;
	struct sonde_savefile_note note;
	struct sonde_owner owner[SONDE_OWNERS_ENDS];
	struct sonde_savefile_task task[SONDE_OWNERS_ENDS];
	struct sonde_beside_process process[SONDE_OWNERS_ENDS];
	char comm[SONDE_OWNERS_ENDS][sizeof((struct sonde_owner *)0)->comm + 1];
	const char *comment;
};

static void find_owners(struct capture *c, const struct sonde_frame *f,
			const struct sonde_packet *p, struct beside *b)
{
	static const char *const how[] = { "", "sonde: how=port", "sonde: how=later",
					   "sonde: how=later-port" };
	struct sonde_tuple t;
	unsigned n;
	uint8_t worst = SONDE_OWNER_EXACT;

	if (!sonde_packet_tuple(p, &t))
		return;
	b->note.task = b->task;
	b->note.tasks = n = sonde_owners_find(c->owners, &t, f->netns, f->dir,
					      f->when - (uint64_t)c->clock, b->owner);
	for (unsigned i = 0; i < n; i++) {
		const struct sonde_owner *w = &b->owner[i];

		b->task[i] = (struct sonde_savefile_task){ w->pid, w->tid ? w->tid : w->pid };
		memcpy(b->comm[i], w->comm, sizeof w->comm);
		b->comm[i][sizeof w->comm] = 0;
		b->process[i] = (struct sonde_beside_process){
			.pid = w->pid,
			.tid = w->tid ? w->tid : SONDE_ABSENT,
			.ppid = SONDE_ABSENT,
			.uid = SONDE_ABSENT,
			.name = *w->comm ? b->comm[i] : NULL,
			.path = sonde_owners_path(c->owners, w->pid),
		};
		worst = w->how > worst ? w->how : worst;
	}
	if (!n)
		return;
	sonde_arena_rewind(&c->aside);
	sonde_beside_processes(&b->facts, &c->aside, b->process, n);
	b->note.comment = (struct sonde_bytes){ (const uint8_t *)how[worst], strlen(how[worst]) };
	b->comment = how[worst];
	if (worst)
		b->facts.comment = (struct sonde_list){ &b->comment, 1 };
}

static void keep(struct capture *c, size_t i, const struct sonde_frame *f, const struct beside *b)
{
	for (unsigned k = 0; k < b->note.tasks; k++)
		sonde_album_tell(&c->album, b->owner[k].pid, b->comm[k], b->process[k].path);
	c->error = sonde_album_put(&c->album, (uint32_t)i, f, &b->note);
}

/* What a packet says, or the datagram that it completes. */
static bool matches(const struct sonde_match *m, const struct sonde_packet *p,
		    const struct sonde_whole *whole, const struct sonde_beside *facts)
{
	return sonde_match(m, p, facts) || (whole && sonde_match(m, &whole->p, facts));
}

/* Looks at the frame as far as somebody asks for it, and shows it or writes it. */
static void pass(struct capture *c, struct sonde_tap *tap)
{
	const struct sonde_capture_plan *plan = c->plan;
	const struct sonde_frame *f = &tap->head;
	size_t i = (size_t)(tap - c->taps.tap);
	struct sonde_whole *whole;
	struct beside b;
	struct sonde_packet p;

	b.note = (struct sonde_savefile_note){ .dropped = tap->gap };
	sonde_beside_take(&b.facts, f, ++c->number);
	b.facts.interface = i;
	b.facts.interface_name = sonde_taps_name(tap, f);
	if (tap->gap)
		b.facts.dropped = tap->gap;
	sonde_decode_frame(&p, f, &plan->look.hint);
	if (c->owners)
		find_owners(c, f, &p, &b);
	whole = c->look ? sonde_context_take(&c->context, f, &p, &b.facts) : NULL;
	if (plan->look.names && !plan->album.name)
		sonde_names_hear(&c->view.names, whole ? &whole->p : &p);
	if (plan->process && *plan->process && !sonde_beside_is_of(&b.facts, plan->process))
		return;
	if (plan->match && !matches(&c->match, &p, whole, &b.facts))
		return;
	c->found = plan->until && matches(&c->last, &p, whole, &b.facts);
	c->end->packets++;
	tap->gap = 0;
	if (plan->album.name) {
		keep(c, i, f, &b);
		return;
	}
	c->view.whole = whole;
	sonde_view_show(&c->view, f, &p, &b.facts);
	c->error = c->lines.error;
}

static void take(struct capture *c, struct sonde_tap *tap)
{
	const struct sonde_capture_plan *plan = c->plan;
	struct sonde_savefile_note note;

	sonde_taps_take(&c->taps, tap);
	if (!plan->album.name || plan->match || plan->until || c->owners) {
		pass(c, tap);
		return;
	}
	note = (struct sonde_savefile_note){ .dropped = tap->gap };
	tap->gap = 0;
	c->end->packets++;
	c->error = sonde_album_put(&c->album, (uint32_t)(tap - c->taps.tap), &tap->head, &note);
}

static bool enough(struct capture *c)
{
	const struct sonde_capture_plan *plan = c->plan;

	return c->error || c->found || (plan->packets && c->end->packets >= plan->packets) ||
	       (plan->bytes && plan->album.name && sonde_album_bytes(&c->album) >= plan->bytes);
}

/* Up to PASS frames. False when none is left that could be taken now. */
static bool pump(struct capture *c)
{
	sonde_ns settled = sonde_clock_real() - SONDE_TAPS_SETTLED, known;
	struct sonde_tap *tap;

	if (c->owners) {
		known = sonde_owners_read(c->owners) + (uint64_t)c->clock;
		settled = settled < known ? settled : known;
	}

	for (unsigned i = 0; i < PASS; i++) {
		if (enough(c) || !(tap = sonde_taps_next(&c->taps, settled, c->owners != NULL)))
			return false;
		if (tap->head.when > c->until)
			return false;
		take(c, tap);
	}
	return true;
}

static void say_statistics(struct capture *c)
{
	uint64_t dropped = sonde_taps_dropped(&c->taps);
	char files[100] = "";

	if (c->plan->album.name)
		snprintf(files, sizeof files, ", %llu bytes in %u file%s",
			 (unsigned long long)sonde_album_bytes(&c->album), c->album.files.number,
			 c->album.files.number == 1 ? "" : "s");
	sonde_voice_say(&c->plan->voice, "%llu packet%s captured, %llu lost for want of room%s",
			(unsigned long long)c->end->packets, c->end->packets == 1 ? "" : "s",
			(unsigned long long)dropped, files);
}

/* When nothing waits: all that is there is shown, and survives us. */
static void rest(struct capture *c)
{
	if (!c->plan->album.name)
		c->error = sonde_text_flush(&c->lines);
	else if (!(c->error = sonde_album_flush(&c->album, sonde_clock_real())))
		c->error = sonde_album_pass(&c->album, sonde_clock_real() - SONDE_TAPS_SETTLED);
}

/* ms until the next thing to do that no packet brings. */
static int patience(const struct capture *c)
{
	sonde_ns now = sonde_clock_real(), next = now + 100 * SONDE_MILLISECOND;

	if (c->taps.n > 1)
		next = now + SONDE_LIVE_LATE * SONDE_MILLISECOND;
	if (c->owners)
		next = now + (sonde_ns)sonde_owners_patience(c->owners) * SONDE_MILLISECOND;
	if (c->plan->album.name && c->album.end && c->album.end + SONDE_TAPS_SETTLED < next)
		next = c->album.end + SONDE_TAPS_SETTLED;
	if (c->until < next)
		next = c->until;
	return next <= now ? 0 : (int)((next - now) / SONDE_MILLISECOND) + 1;
}

static void watch(struct capture *c)
{
	while (!enough(c) && !sonde_sleep_signal() && sonde_clock_real() < c->until &&
	       !sonde_taps_gone(&c->taps)) {
		if (sonde_sleep_counted())
			say_statistics(c);
		if (pump(c))
			continue;
		rest(c);
		if (!enough(c))
			sonde_taps_sleep(&c->taps, patience(c));
	}
}

/* What the kernel has taken up to now is ours still: a block comes when it is old enough. */
static void drain(struct capture *c)
{
	sonde_ns now = sonde_clock_real(), end;

	c->until = now < c->until ? now : c->until;
	for (end = c->until + SONDE_TAPS_SETTLED; !enough(c) && sonde_clock_real() < end;)
		if (!pump(c))
			sonde_sleep(NULL, 0, 2);
	pump(c);
}

static int finish(struct capture *c)
{
	int r;

	c->end->dropped = sonde_taps_dropped(&c->taps);
	if (c->plan->album.name)
		r = sonde_album_close(&c->album, sonde_clock_real());
	else
		r = sonde_text_flush(&c->lines);
	say_statistics(c);
	return r ? r : c->end->dropped || sonde_taps_gone(&c->taps) ? SONDE_LOST : 0;
}

/* A folder of somebody else would be closed to us, root though we are, and so would processes. */
static int needed_later(const struct capture *c)
{
	if (c->plan->album.name && c->album.files.plan.many &&
	    !sonde_rotate_allowed(&c->album.files))
		return CAP_DAC_OVERRIDE;
	return c->owners && c->without_bpf ? CAP_SYS_PTRACE : -1;
}

static void close_all(struct capture *c)
{
	sonde_taps_close(&c->taps);
	if (c->lines.at)
		sonde_view_done(&c->view);
	sonde_arena_done(&c->arena);
	sonde_arena_done(&c->aside);
	sonde_context_done(&c->context);
	sonde_owners_close(c->owners);
	free(c->lines.at);
	sonde_sleep_done();
}

static int open_taps(struct capture *c)
{
	const struct sonde_capture_plan *plan = c->plan;
	const char *which = "";
	int r = sonde_taps_open(&c->taps, plan->from, plan->sources, &plan->live, &plan->voice,
				&which);

	snprintf(c->end->doing, sizeof c->end->doing, "%s", which);
	return r;
}

static int open_owners(struct capture *c)
{
	int netns[SONDE_TAPS], why = 0, r;

	if (!c->plan->process)
		return 0;
	for (size_t i = 0; i < c->taps.n; i++)
		netns[i] = c->plan->from[i].netns;
	snprintf(c->end->doing, sizeof c->end->doing, "processes");
	c->clock = sonde_clock_offset();
	r = sonde_owners_open(&c->owners, netns, c->taps.n, &why);
	if (!r && why)
		sonde_voice_say(
			&c->plan->voice,
			"processes: by asking for them once a packet is seen, which misses those "
			"that end within 250 ms: %s",
			sonde_reason_text(why));
	else if (!r)
		sonde_voice_say(&c->plan->voice, "processes: by the events of sockets");
	c->without_bpf = why;
	return r;
}

static int parse(struct capture *c, struct sonde_match *ret, const char *text)
{
	struct sonde_match_error e;

	if (!text || sonde_match_parse(ret, &c->arena, text, &sonde_beside_schema, &e))
		return 0;
	c->end->told = true;
	snprintf(c->end->doing, sizeof c->end->doing,
		 "expression '%s': at byte %zu, %s is expected%s%s", text, e.at + 1, e.expected,
		 e.nearest ? "; the nearest name is " : "", e.nearest ? e.nearest : "");
	return -EINVAL;
}

int sonde_capture_run(const struct sonde_capture_plan *plan, struct sonde_capture_end *ret)
{
	struct capture *c = calloc(1, sizeof *c);
	sonde_ns now;
	int r;

	if (!c)
		abort();
	*ret = (struct sonde_capture_end){ 0 };
	c->plan = plan;
	c->end = ret;
	sonde_sleep_init();
	sonde_sleep_count(SIGUSR1);
	r = parse(c, &c->match, plan->match);
	if (!r)
		r = parse(c, &c->last, plan->until);
	if (!r)
		r = open_taps(c);
	if (!r)
		r = open_owners(c);
	c->look = !plan->album.name || plan->match || plan->until;
	sonde_context_init(&c->context, plan->look.tree || plan->look.number ||
						plan->look.form != SONDE_VIEW_LINE);
	now = sonde_clock_real();
	c->until = plan->duration ? now + plan->duration : UINT64_MAX;
	if (!r)
		r = open_output(c, now);
	if (!r) {
		sonde_privilege_drop(needed_later(c));
		watch(c);
		drain(c);
		r = finish(c);
	}
	close_all(c);
	free(c);
	return r;
}
