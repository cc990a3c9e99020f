#include "run/capture.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/reason.h"
#include "packet/match.h"
#include "run/owners.h"
#include "sys/clock.h"
#include "sys/device.h"
#include "sys/file.h"
#include "sys/netns.h"
#include "sys/privilege.h"
#include "sys/sleep.h"

enum {
	PASS = 4096, /* frames worked off before signals and clocks are looked at */
	LINES = 256 << 10,
	DEVICES = 1024,
	LINE_MOST = 400, /* of what is said */
};

/* Until the kernel has surely handed over a block, even where the machine is busy. */
#define SETTLED (SONDE_LIVE_LATENESS + 10 * SONDE_MILLISECOND)

struct source {
	const struct sonde_capture_from *from;
	struct sonde_live_plan plan;
	struct sonde_live *live;
	struct sonde_live_facts facts;
	struct sonde_device *device; /* itself; of "any", all there are now */
	int devices;
	struct sonde_frame head; /* the next one, if */
	bool has, down, gone;
};

struct capture {
	const struct sonde_capture_plan *plan;
	struct sonde_capture_end *end;
	struct source source[SONDE_CAPTURE_SOURCES];
	struct sonde_savefile_interface interface[SONDE_CAPTURE_SOURCES];
	struct sonde_savefile_statistics count[SONDE_CAPTURE_SOURCES];
	char description[SONDE_CAPTURE_SOURCES][64], os[200];
	struct sonde_album album;
	struct sonde_text lines;
	struct sonde_view view;
	struct sonde_arena arena;
	struct sonde_match match, last;
	struct sonde_owners *owners; /* NULL: nobody asked whose a packet is */
	int64_t clock;		     /* realtime minus monotonic, ns */
	int own_netns;		     /* descriptor */
	bool without_bpf;
	sonde_ns until; /* frames after this are not taken; since 1970 */
	bool found;	/* what was waited for */
	int error;
};

__attribute__((format(printf, 2, 3))) static void say(struct capture *c, const char *fmt, ...)
{
	char line[LINE_MOST];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof line, fmt, args);
	va_end(args);
	c->plan->say(c->plan->arg, line);
}

/* In the source's namespace. */
static int open_here(void *arg)
{
	struct source *s = arg;

	s->device = calloc(DEVICES, sizeof *s->device);
	if (!s->device)
		return -ENOMEM;
	if (strcmp(s->plan.interface, "any"))
		s->devices = !sonde_device_read(s->device, s->plan.interface);
	else
		s->devices = sonde_device_list(s->device, DEVICES);
	return sonde_live_open(&s->live, &s->plan);
}

static int open_source(struct capture *c, size_t i)
{
	const struct sonde_capture_from *from = &c->plan->from[i];
	struct source *s = &c->source[i];
	int r;

	s->from = from;
	s->plan = c->plan->live;
	s->plan.interface = from->interface;
	s->plan.netns = sonde_netns_inode(from->netns < 0 ? c->own_netns : from->netns);
	snprintf(c->end->doing, sizeof c->end->doing, "%s", from->name);
	r = from->netns < 0 ? open_here(s) : sonde_netns_visit(from->netns, open_here, s);
	if (r < 0)
		return r;
	s->facts = sonde_live_facts(s->live);
	snprintf(c->description[i], sizeof c->description[i], "netns=%u ifindex=%u", s->plan.netns,
		 s->facts.ifindex);
	c->interface[i] = (struct sonde_savefile_interface){
		.name = from->name,
		.description = from->netns < 0 ? NULL : c->description[i],
		.filter = s->plan.filter,
		.os = c->os,
		.unit = 9,
		.link = s->facts.link,
		.snaplen = s->facts.snaplen
	};
	c->count[i].dropped = UINT64_MAX; /* by the device: not known */
	return 0;
}

/* What was set up, and in what the packets differ from those on the wire. */
static void say_source(struct capture *c, const struct source *s)
{
	const struct sonde_live_facts *f = &s->facts;
	char offload[100] = "", ring[100];
	uint32_t whole = 1518, offloads = 0;
	const char *word;
	size_t len = 0;

	if (f->ifindex && s->devices) {
		offloads = s->device->offload;
		whole = s->device->mtu + 18;
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
	say(c, "%s: %s, snaplen %u, times by the %s%s", s->from->name, ring, f->snaplen,
	    s->plan.hardware ? "device" : "kernel", offload);
}

static int open_sources(struct capture *c)
{
	struct utsname u;
	int r = 0;

	if (!uname(&u))
		snprintf(c->os, sizeof c->os, "%s %s %s", u.sysname, u.release, u.machine);
	for (size_t i = 0; i < c->plan->sources && !r; i++)
		r = open_source(c, i);
	for (size_t i = 0; i < c->plan->sources && !r; i++)
		say_source(c, &c->source[i]);
	return r;
}

/* A pcap file holds one link type. */
static bool fits(struct capture *c)
{
	const struct sonde_savefile_interface *in = c->interface;

	if (sonde_savefile_named(c->plan->album.name, NULL).format == SONDE_SAVEFILE_PCAPNG)
		return true;
	for (size_t i = 1; i < c->plan->sources; i++)
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
		return sonde_album_open(&c->album, &c->plan->album, c->interface, c->count,
					c->plan->sources, now);
	buffer = malloc(LINES);
	if (!buffer)
		abort();
	sonde_text_init(&c->lines, buffer, LINES, sonde_file_sink,
			(void *)(uintptr_t)&c->plan->out);
	sonde_view_init(&c->view, &c->plan->look, &c->lines);
	return 0;
}

static void say_gap(struct capture *c, const struct source *s, uint32_t gap)
{
	say(c, "%s: %u packet%s lost here: the ring was full", s->from->name, gap,
	    gap == 1 ? "" : "s");
}

/* "any" gives the frames of all: whose it is, by its number. */
static const char *name_of(const struct source *s, const struct sonde_frame *f)
{
	for (int i = 0; !s->facts.ifindex && i < s->devices; i++)
		if (s->device[i].ifindex == f->ifindex)
			return s->device[i].name;
	return s->from->name;
}

/* What is known of a frame beside itself, and the space that takes. */
struct beside {
	struct sonde_beside facts;
	struct sonde_savefile_note note;
	struct sonde_owner owner[SONDE_OWNERS_ENDS];
	struct sonde_savefile_task task[SONDE_OWNERS_ENDS];
	char comm[sizeof((struct sonde_owner *)0)->comm + 1];
};

static void find_owners(struct capture *c, const struct sonde_frame *f,
			const struct sonde_packet *p, struct beside *b)
{
	static const char *const how[] = { "", "sonde: how=port", "sonde: how=later",
					   "sonde: how=later-port" };
	struct sonde_tuple t;
	uint8_t worst = SONDE_OWNER_EXACT;

	if (!sonde_packet_tuple(p, &t))
		return;
	b->note.task = b->task;
	b->note.tasks = sonde_owners_find(c->owners, &t, f->netns, f->dir,
					  f->when - (uint64_t)c->clock, b->owner);
	for (unsigned i = 0; i < b->note.tasks; i++) {
		const struct sonde_owner *w = &b->owner[i];

		b->task[i] = (struct sonde_savefile_task){ w->pid, w->tid ? w->tid : w->pid };
		worst = w->how > worst ? w->how : worst;
	}
	if (!b->note.tasks)
		return;
	memcpy(b->comm, b->owner->comm, sizeof b->owner->comm);
	b->facts.pid = b->owner->pid;
	b->facts.process = *b->comm ? b->comm : NULL;
	b->note.comment = (struct sonde_bytes){ (const uint8_t *)how[worst], strlen(how[worst]) };
	b->facts.comment = worst ? how[worst] : NULL;
}

static void keep(struct capture *c, size_t i, const struct sonde_frame *f, const struct beside *b)
{
	for (unsigned k = 0; k < b->note.tasks; k++) {
		char comm[sizeof b->comm] = "";

		memcpy(comm, b->owner[k].comm, sizeof b->owner[k].comm);
		sonde_album_tell(&c->album, b->owner[k].pid, comm,
				 sonde_owners_path(c->owners, b->owner[k].pid));
	}
	c->error = sonde_album_put(&c->album, (uint32_t)i, f, &b->note);
}

/* Looks at the frame as far as somebody asks for it, and shows it or writes it. */
static void pass(struct capture *c, const struct source *s, uint32_t gap)
{
	const struct sonde_capture_plan *plan = c->plan;
	const struct sonde_frame *f = &s->head;
	struct beside b;
	struct sonde_packet p;

	b.note = (struct sonde_savefile_note){ .dropped = gap };
	sonde_beside_take(&b.facts, f, c->end->packets + 1);
	b.facts.interface = (uint64_t)(s - c->source);
	b.facts.interface_name = name_of(s, f);
	if (gap)
		b.facts.dropped = gap;
	sonde_decode_link(&p, f->byte.at, (uint32_t)f->byte.len, f->wire, f->link);
	if (c->owners)
		find_owners(c, f, &p, &b);
	if (plan->match && !sonde_match(&c->match, &p, &b.facts))
		return;
	c->found = plan->until && sonde_match(&c->last, &p, &b.facts);
	c->end->packets++;
	if (plan->album.name) {
		keep(c, (size_t)(s - c->source), f, &b);
		return;
	}
	sonde_view_show(&c->view, f, &p, &b.facts);
	c->error = c->lines.error;
}

static void take(struct capture *c, struct source *s)
{
	const struct sonde_capture_plan *plan = c->plan;
	struct sonde_savefile_note note = { .dropped = sonde_live_gap(s->live) };
	size_t i = (size_t)(s - c->source);

	s->has = false;
	if (s->down)
		say(c, "%s: is up again", s->from->name);
	s->down = false;
	c->count[i].delivered++;
	c->count[i].dropped_by_os += note.dropped;
	if (note.dropped)
		say_gap(c, s, (uint32_t)note.dropped);
	if (plan->album.name && !plan->match && !plan->until && !c->owners) {
		c->end->packets++;
		c->error = sonde_album_put(&c->album, (uint32_t)i, &s->head, &note);
	} else {
		pass(c, s, (uint32_t)note.dropped);
	}
}

/* The oldest frame, once no older one can come: one source alone is in order by itself. Whose a
 * packet is can be told when the calls that sent it have returned. */
static struct source *oldest(struct capture *c, sonde_ns settled)
{
	struct source *best = NULL;
	bool all = true;

	for (size_t i = 0; i < c->plan->sources; i++) {
		struct source *s = &c->source[i];

		if (!s->has && !s->gone)
			s->has = sonde_live_read(s->live, &s->head) > 0;
		if (!s->has)
			all = s->gone && all;
		else if (!best || s->head.when < best->head.when)
			best = s;
	}
	return best && ((all && !c->owners) || best->head.when <= settled) ? best : NULL;
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
	sonde_ns settled = sonde_clock_real() - SETTLED, known;
	struct source *s;

	if (c->owners) {
		known = sonde_owners_read(c->owners) + (uint64_t)c->clock;
		settled = settled < known ? settled : known;
	}

	for (unsigned i = 0; i < PASS; i++) {
		if (enough(c) || !(s = oldest(c, settled)))
			return false;
		if (s->head.when > c->until)
			return false;
		take(c, s);
	}
	return true;
}

/* That an interface has gone which was down already wakes nobody: it is asked for. */
static void look_at_state(struct capture *c, struct source *s)
{
	int state = sonde_live_state(s->live);

	if (state == -ENETDOWN && !s->down)
		say(c, "%s: went down; waiting for it", s->from->name);
	s->down = s->down || state == -ENETDOWN;
	s->gone = state == -ENODEV || state == -EIO;
	if (s->gone)
		say(c, "%s: is gone", s->from->name);
}

static bool all_gone(const struct capture *c)
{
	for (size_t i = 0; i < c->plan->sources; i++)
		if (!c->source[i].gone)
			return false;
	return true;
}

static uint64_t count_dropped(struct capture *c)
{
	uint64_t all = 0, n;

	for (size_t i = 0; i < c->plan->sources; i++)
		if (!sonde_live_dropped(c->source[i].live, &n))
			all += n;
	return all;
}

static void say_statistics(struct capture *c)
{
	uint64_t dropped = count_dropped(c);
	char files[100] = "";

	if (c->plan->album.name)
		snprintf(files, sizeof files, ", %llu bytes in %u file%s",
			 (unsigned long long)sonde_album_bytes(&c->album), c->album.files.number,
			 c->album.files.number == 1 ? "" : "s");
	say(c, "%llu packet%s captured, %llu lost for want of room%s",
	    (unsigned long long)c->end->packets, c->end->packets == 1 ? "" : "s",
	    (unsigned long long)dropped, files);
}

/* When nothing waits: all that is there is shown, and survives us. */
static void rest(struct capture *c)
{
	if (!c->plan->album.name)
		c->error = sonde_text_flush(&c->lines);
	else if (!(c->error = sonde_album_flush(&c->album, sonde_clock_real())))
		c->error = sonde_album_pass(&c->album, sonde_clock_real() - SETTLED);
}

/* ms until the next thing to do that no packet brings. */
static int patience(const struct capture *c)
{
	sonde_ns now = sonde_clock_real(), next = now + 100 * SONDE_MILLISECOND;

	if (c->plan->sources > 1)
		next = now + SONDE_LIVE_LATE * SONDE_MILLISECOND;
	if (c->owners)
		next = now + (sonde_ns)sonde_owners_patience(c->owners) * SONDE_MILLISECOND;
	if (c->plan->album.name && c->album.end && c->album.end + SETTLED < next)
		next = c->album.end + SETTLED;
	if (c->until < next)
		next = c->until;
	return next <= now ? 0 : (int)((next - now) / SONDE_MILLISECOND) + 1;
}

static void sleep_on_sources(struct capture *c)
{
	struct pollfd fds[SONDE_CAPTURE_SOURCES];
	unsigned n = (unsigned)c->plan->sources;

	/* What is gone would be ready for ever. */
	for (size_t i = 0; i < n; i++)
		fds[i] = (struct pollfd){
			.fd = c->source[i].gone ? -1 : sonde_live_fd(c->source[i].live),
			.events = c->source[i].has ? 0 : POLLIN,
		};
	sonde_sleep(fds, n, patience(c));
	for (size_t i = 0; i < n; i++)
		if (!c->source[i].gone && (c->source[i].down || fds[i].revents & POLLERR))
			look_at_state(c, &c->source[i]);
}

static void watch(struct capture *c)
{
	while (!enough(c) && !sonde_sleep_signal() && sonde_clock_real() < c->until &&
	       !all_gone(c)) {
		if (sonde_sleep_counted())
			say_statistics(c);
		if (pump(c))
			continue;
		rest(c);
		if (!enough(c))
			sleep_on_sources(c);
	}
}

/* What the kernel has taken up to now is ours still: a block comes when it is old enough. */
static void drain(struct capture *c)
{
	sonde_ns now = sonde_clock_real(), end;

	c->until = now < c->until ? now : c->until;
	for (end = c->until + SETTLED; !enough(c) && sonde_clock_real() < end;)
		if (!pump(c))
			sonde_sleep(NULL, 0, 2);
	pump(c);
}

static int finish(struct capture *c)
{
	int r;

	c->end->dropped = count_dropped(c);
	for (size_t i = 0; i < c->plan->sources; i++) {
		sonde_live_dropped(c->source[i].live, &c->count[i].dropped_by_os);
		c->count[i].received = c->count[i].delivered + c->count[i].dropped_by_os;
	}
	if (c->plan->album.name)
		r = sonde_album_close(&c->album, sonde_clock_real());
	else
		r = sonde_text_flush(&c->lines);
	say_statistics(c);
	return r ? r : c->end->dropped || all_gone(c) ? SONDE_LOST : 0;
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
	for (size_t i = 0; i < c->plan->sources; i++) {
		c->source[i].live = sonde_live_close(c->source[i].live);
		free(c->source[i].device);
	}
	if (c->lines.at)
		sonde_view_done(&c->view);
	sonde_arena_done(&c->arena);
	sonde_owners_close(c->owners);
	if (c->own_netns >= 0)
		close(c->own_netns);
	free(c->lines.at);
	sonde_sleep_done();
}

static int open_owners(struct capture *c)
{
	int netns[SONDE_CAPTURE_SOURCES], why = 0, r;

	if (!c->plan->process)
		return 0;
	for (size_t i = 0; i < c->plan->sources; i++)
		netns[i] = c->plan->from[i].netns;
	snprintf(c->end->doing, sizeof c->end->doing, "processes");
	c->clock = sonde_clock_offset();
	r = sonde_owners_open(&c->owners, netns, c->plan->sources, &why);
	if (!r && why)
		say(c,
		    "processes: by asking for them once a packet is seen, which misses those "
		    "that end within 250 ms: %s",
		    sonde_reason_text(why));
	else if (!r)
		say(c, "processes: by the events of sockets");
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
	c->own_netns = sonde_netns_named("/proc/self/ns/net");
	sonde_sleep_init();
	sonde_sleep_count(SIGUSR1);
	r = parse(c, &c->match, plan->match);
	if (!r)
		r = parse(c, &c->last, plan->until);
	if (!r)
		r = open_sources(c);
	if (!r)
		r = open_owners(c);
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
