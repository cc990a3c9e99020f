#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "capture/live.h"
#include "capture/savefile.h"
#include "cli/cli.h"
#include "probe/answer.h"
#include "run/craft_inside.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/sender.h"
#include "sys/sleep.h"

enum {
	BURST = 64, /* packets sent, frames read, before the other is looked at */
	LEAST = 64, /* packets that may wait for an answer */
	MOST = 1 << 18,
};

/* Until a frame has surely come from the tap, even where the machine is busy. */
#define SETTLED (SONDE_LIVE_LATENESS + 10 * SONDE_MILLISECOND)
#define BEHIND	(100 * SONDE_MILLISECOND)

struct waiting {       /* for an answer */
	sonde_ns sent; /* since 1970: by our clock, then as the tap saw it */
	bool seen, answered;
};

struct talk {
	struct sonde_crafting *run;
	struct sonde_answers answers;
	struct waiting *wait; /* a ring of `most`, by number */
	uint64_t most;
	uint64_t next;		    /* to be sent */
	uint64_t since;		    /* all before have an answer or are given up */
	uint64_t expired;	    /* for all before the time is over */
	sonde_ns due;		    /* CLOCK_MONOTONIC */
	sonde_ns began, last, real; /* the first packet, the last; when the run began, since 1970 */
	uint8_t *room;
	struct sonde_savefile *save;
	int save_fd;
	bool refused; /* of the packet at hand, some of it */
};

static bool listens(const struct talk *t)
{
	return t->run->tap;
}

static struct waiting *waiting_of(const struct talk *t, uint64_t number)
{
	return &t->wait[number % t->most];
}

static void save(struct talk *t, const struct sonde_frame *f)
{
	int r;

	if (!t->save || t->run->end->saved)
		return;
	r = sonde_savefile_frame(t->save, 0, f, NULL);
	t->run->end->saved = r < 0 ? r : 0;
}

/* ---- out ---- */

static int put(void *arg, const uint8_t *byte, uint32_t len)
{
	struct talk *t = arg;
	int r = sonde_sender_put(t->run->sender, byte, len);

	if (r < 0)
		return r;
	t->run->say.end.bytes += len;
	return 0;
}

/* What was given to the sender has left, or is counted as refused. */
static void flush(struct talk *t)
{
	struct sonde_craft_end_record *e = &t->run->say.end;
	struct sonde_sender_count before = sonde_sender_count(t->run->sender), now;

	sonde_sender_flush(t->run->sender);
	now = sonde_sender_count(t->run->sender);
	if (now.refused > before.refused) {
		e->refused++;
		e->refusal = sonde_reason_text(-now.error);
		t->refused = true;
	}
}

static int send_one(struct talk *t)
{
	struct sonde_crafting *run = t->run;
	uint64_t n = t->next;
	struct sonde_packet p;
	struct sonde_draft d;
	int r = sonde_crafting_make(run, n, t->room, &d);

	if (r < 0)
		return r;
	sonde_decode_link(&p, d.p.byte, d.p.len, d.p.len, run->fill.linktype);
	if (listens(t))
		sonde_answers_put(&t->answers, &p, n);
	t->refused = false;
	*waiting_of(t, n) = (struct waiting){ .sent = sonde_clock_real() };
	if (!run->plan->quiet)
		r = sonde_crafting_show(run, n, waiting_of(t, n)->sent - t->real, &d);
	r = r < 0 ? r : sonde_craft_send(run->craft, &d, put, t);
	flush(t);
	t->next++;
	run->say.end.sent += !t->refused;
	waiting_of(t, n)->answered = t->refused; /* nobody will answer it */
	return r;
}

/* What is due. */
static int send_due(struct talk *t)
{
	sonde_ns now = sonde_clock_now(), gap = t->run->gap;
	int r = 0;

	for (unsigned i = 0; i < BURST && r >= 0 && t->next < t->run->count && t->due <= now &&
			     t->next - t->since < t->most && !sonde_sleep_signal();
	     i++) {
		r = send_one(t);
		/* What was missed for longer than that is not made up for. */
		t->due = now - t->due > BEHIND + gap ? now + gap : t->due + gap;
		t->last = now;
	}
	return r < 0 ? r : 0;
}

/* ---- in ---- */

static void hear(struct talk *t, const struct sonde_frame *f)
{
	struct sonde_answers_hit hit;
	sonde_ns rtt = UINT64_MAX;
	struct sonde_packet p;
	struct waiting *w;
	uint64_t number;

	sonde_decode_frame(&p, f, NULL);
	if (sonde_answers_own(&t->answers, &p, &number)) {
		w = waiting_of(t, number);
		if (!w->seen)
			w->sent = f->when;
		w->seen = true;
		save(t, f);
		return;
	}
	number = t->next > t->most ? t->next - t->most : 0;
	if (f->dir == SONDE_DIR_OUT ||
	    !sonde_answers_find(&t->answers, &p, number > t->expired ? number : t->expired, &hit))
		return;
	w = waiting_of(t, hit.number);
	w->answered = true;
	if (f->when >= w->sent)
		rtt = f->when - w->sent;
	save(t, f);
	sonde_craft_say_came(&t->run->say, &hit, f->when > t->real ? f->when - t->real : 0, rtt,
			     &p);
}

static void hear_all(struct talk *t)
{
	struct sonde_frame f;

	for (unsigned i = 0; i < BURST && sonde_live_read(t->run->tap, &f) > 0; i++)
		hear(t, &f);
}

/* Those whose time is over. */
static void give_up(struct talk *t)
{
	sonde_ns now = sonde_clock_real(), timeout = t->run->plan->timeout;

	while (t->expired < t->next && now > waiting_of(t, t->expired)->sent + timeout + SETTLED)
		t->expired++;
	for (; t->since < t->next; t->since++) {
		if (waiting_of(t, t->since)->answered)
			continue;
		if (t->since >= t->expired)
			break;
		sonde_craft_say_lost(&t->run->say, t->since, timeout);
	}
}

/* ---- ---- */

static bool is_over(const struct talk *t)
{
	const struct sonde_craft_plan *plan = t->run->plan;

	if (t->next < t->run->count)
		return false;
	if (plan->listen == UINT64_MAX)
		return t->since == t->next;
	return sonde_clock_now() >= t->last + plan->listen;
}

/* Until something is due or comes. */
static void rest(struct talk *t)
{
	sonde_ns now = sonde_clock_now(), until = now + 100 * SONDE_MILLISECOND;
	struct pollfd fd = { .fd = t->run->tap ? sonde_live_fd(t->run->tap) : -1,
			     .events = POLLIN };

	sonde_text_flush(&t->run->say.out);
	if (t->next < t->run->count && t->due < until)
		until = t->due;
	if (until > now)
		sonde_sleep_for(&fd, 1, until - now);
}

static int talk(struct talk *t)
{
	int r = 0;

	while (r >= 0 && !sonde_sleep_signal() && !t->run->say.out.error) {
		r = send_due(t);
		if (listens(t)) {
			hear_all(t);
			give_up(t);
		} else {
			t->since = t->next;
		}
		if (is_over(t))
			break;
		rest(t);
	}
	return r;
}

static int open_save(struct talk *t)
{
	const char *name = t->run->plan->save;
	struct sonde_savefile_plan plan;
	struct sonde_savefile_interface interface = { .unit = 9, .name = t->run->fill.device };
	int r;

	if (!name || !t->run->tap)
		return 0;
	plan = sonde_savefile_named(name, "sonde " SONDE_VERSION);
	interface.link = sonde_live_facts(t->run->tap).link;
	snprintf(t->run->end->doing, sizeof t->run->end->doing, "%s", name);
	t->save_fd = sonde_file_make(name);
	if (t->save_fd < 0)
		return t->save_fd;
	r = sonde_savefile_open(&t->save, &plan, sonde_file_sink, &t->save_fd);
	return r < 0 ? r : sonde_savefile_interface(t->save, &interface);
}

static void close_save(struct talk *t)
{
	int r = t->save ? sonde_savefile_close(t->save) : 0;

	if (r < 0 && !t->run->end->saved)
		t->run->end->saved = r;
	if (t->save_fd > STDERR_FILENO)
		close(t->save_fd);
}

/* As many as can be out at a time, and half as many again. */
static uint64_t room_for(const struct sonde_crafting *run)
{
	uint64_t n = MOST;

	if (run->gap)
		n = (run->plan->timeout + SETTLED) / run->gap * 3 / 2 + LEAST;
	n = n < MOST ? n : MOST;
	return n < run->count ? n : run->count;
}

int sonde_crafting_talk(struct sonde_crafting *run)
{
	struct talk t = { .run = run, .save_fd = -1, .most = room_for(run) };
	const struct sonde_secret secret = { { run->plan->seed, ~run->plan->seed } };
	uint64_t dropped;
	int r;

	t.room = sonde_arena_take(&run->arena, SONDE_CRAFTING_ROOM);
	t.wait = sonde_arena_take(&run->arena, t.most * sizeof *t.wait);
	sonde_answers_init(&t.answers, &run->arena, (uint32_t)t.most, &secret);
	r = open_save(&t);
	t.real = sonde_clock_real();
	t.began = t.due = t.last = sonde_clock_now();
	if (r >= 0)
		r = talk(&t);
	if (listens(&t)) {
		hear_all(&t);
		if (!sonde_live_dropped(run->tap, &dropped))
			run->say.end.dropped = dropped;
		run->end->blind = run->say.end.dropped != SONDE_ABSENT && run->say.end.dropped &&
				  run->say.end.answered < run->say.end.sent;
	}
	close_save(&t);
	run->end->met = listens(&t) ? run->say.end.answered > 0
				    : !run->say.end.refused && t.next == run->count;
	sonde_craft_say_end(&run->say, t.last - t.began);
	return r < 0 ? r : 0;
}
