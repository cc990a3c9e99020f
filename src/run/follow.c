#include <linux/capability.h>
#include "run/follow.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "life/sight.h"
#include "run/sources.h"
#include "sys/child.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/privilege.h"
#include "sys/sleep.h"

enum {
	PASS = 4096, /* items worked off before the sources are emptied again */
	REPORT_BUFFER = 256 << 10,
	SAVE_BUFFER = 1 << 20,
	SURVIVORS = 64,
};

/* A packet may take its time after the program that sent it has ended: the last FINs and ACKs. */
#define QUIET (60 * SONDE_MILLISECOND)

struct follow {
	const struct sonde_follow_plan *plan;
	struct sonde_sources sources;
	struct sonde_child child;
	struct sonde_arena arena;
	struct sonde_sight sight;
	struct sonde_session session;
	struct sonde_text report, evidence;
	struct sonde_writer writer;
	int report_fd, save_fd;
	int status;
	bool ended;	 /* the command */
	sonde_ns looked; /* when it was last seen whether somebody runs */
};

static bool has_child(const struct follow *f)
{
	return f->plan->argv || f->plan->run;
}

static void tell_run(struct follow *f, int64_t clock)
{
	char *const name[] = { (char *)(uintptr_t)f->plan->name, NULL };
	char *const *word = f->plan->argv ? f->plan->argv : name;
	char text[32 << 10];
	size_t len = 0;

	for (; *word; word++) {
		size_t n = strlen(*word) + 1;

		if (len + n > sizeof text)
			break;
		memcpy(text + len, *word, n);
		len += n;
	}
	sonde_sources_tell(
		&f->sources,
		&(struct sonde_event){
			.kind = SONDE_EVENT_RUN,
			.n = { (uint64_t)clock, sonde_tracer_backend(f->sources.tracer) },
		},
		text, len);
}

/* With the pids of those who run on, in words of decimal. */
static void tell_end(struct follow *f)
{
	struct sonde_event e = { .kind = SONDE_EVENT_END };
	char text[SURVIVORS * 12], *o = text;
	pid_t pid[SURVIVORS];
	size_t n = 0;

	if (has_child(f)) {
		e.arg[0] = f->status;
		e.arg[1] = 1;
		n = sonde_tracer_alive(f->sources.tracer, pid, SURVIVORS);
	}
	for (size_t i = 0; i < n && i < SURVIVORS; i++) {
		if (i)
			*o++ = ' ';
		o = sonde_put_dec(o, (uint64_t)pid[i]);
	}
	sonde_sources_tell(&f->sources, &e, text, (size_t)(o - text));
}

/* The ends of other programs' sockets are told to everybody; they are neither heard nor kept. */
static bool concerns(struct follow *f, const struct sonde_item *item)
{
	return item->is == SONDE_ITEM_FRAME || item->event.kind != SONDE_EVENT_DIAG ||
	       item->event.ino || sonde_life_knows(&f->session.life, item->event.cookie);
}

/* Hears what is older than the watermark; false when nothing older waits any more. */
static bool pump(struct follow *f, sonde_ns watermark, unsigned most)
{
	struct sonde_item item;

	for (; most; most--) {
		if (!sonde_sources_pop(&f->sources, watermark, &item))
			return false;
		if (!concerns(f, &item))
			continue;
		sonde_sight_pass(&f->sight, &item);
		sonde_session_hear(&f->session, &item);
	}
	return true;
}

/* One round: the sources are emptied first, so that nothing overflows while we work. */
static bool turn(struct follow *f)
{
	bool more = pump(f, sonde_sources_read(&f->sources), PASS);

	if (!more) { /* nothing waits: show it, and let it survive us */
		sonde_text_flush(&f->report);
		if (f->plan->save >= 0)
			sonde_text_flush(&f->evidence);
	}
	return more;
}

static void drain(struct follow *f)
{
	sonde_ns until = sonde_clock_now() + QUIET;

	while (sonde_clock_now() < until)
		if (!turn(f))
			sonde_sleep(NULL, 0, 2);
	tell_end(f);
	pump(f, UINT64_MAX, UINT32_MAX);
}

/* Asked after each time that the sources were read; looked up less often, for it walks over all who
 * are followed. */
static bool somebody_runs(struct follow *f)
{
	sonde_ns now = sonde_clock_now();

	if (now < f->looked + 100 * SONDE_MILLISECOND)
		return true;
	f->looked = now;
	return sonde_tracer_alive(f->sources.tracer, NULL, 0);
}

static bool finished(struct follow *f)
{
	const struct sonde_follow_plan *plan = f->plan;

	if (!has_child(f))
		return sonde_sleep_signal() || (plan->pids && !somebody_runs(f));
	if (!f->ended)
		f->ended = sonde_tracer_child_ended(f->sources.tracer, f->child.pid, &f->status);
	/* Its filter stays with what a command has started: who has it cannot do without ptrace. */
	bool wait_all =
		plan->wait_all || sonde_tracer_backend(f->sources.tracer) == SONDE_BACKEND_PTRACE;

	return f->ended && (!wait_all || sonde_sleep_signal() || !somebody_runs(f));
}

static void watch(struct follow *f)
{
	while (!finished(f))
		if (!turn(f))
			sonde_sleep(NULL, 0, sonde_tracer_patience(f->sources.tracer));
	drain(f);
}

static int prepare(void *arg)
{
	struct follow *f = arg;

	return sonde_tracer_prepare_child(f->sources.tracer);
}

static int run_child(void *arg)
{
	struct follow *f = arg;

	return f->plan->run(f->plan->arg);
}

static int start_child(struct follow *f)
{
	const struct sonde_child_plan child = {
		.argv = f->plan->argv,
		.run = run_child,
		.out = f->plan->out,
		.prepare = prepare,
		.arg = f,
	};
	int r = sonde_child_start(&f->child, &child);

	return r < 0 ? r : sonde_tracer_follow(f->sources.tracer, f->child.pid);
}

/* Everybody who is to be followed, is: the command waits still, running processes are seeded. */
static int follow_all(struct follow *f, struct sonde_follow_end *ret)
{
	const struct sonde_follow_plan *plan = f->plan;
	int r = 0;

	snprintf(ret->doing, sizeof ret->doing, "start the command");
	if (has_child(f))
		r = start_child(f);
	for (size_t i = 0; i < plan->pids && r >= 0; i++) {
		pid_t pid = (pid_t)plan->pid[i];

		snprintf(ret->doing, sizeof ret->doing, "follow process %u", plan->pid[i]);
		r = sonde_tracer_follow(f->sources.tracer, pid);
		if (r >= 0)
			r = sonde_tracer_seed(f->sources.tracer, pid);
	}
	if (plan->tracer.all && r >= 0)
		r = sonde_tracer_seed(f->sources.tracer, 0);
	return r;
}

static void *buffer(size_t size)
{
	void *at = malloc(size);

	if (!at)
		abort();
	return at;
}

static void open_outputs(struct follow *f, int64_t clock)
{
	const struct sonde_follow_plan *plan = f->plan;

	f->report_fd = plan->report;
	f->save_fd = plan->save;
	sonde_text_init(&f->report, buffer(REPORT_BUFFER), REPORT_BUFFER, sonde_file_sink,
			&f->report_fd);
	if (plan->save >= 0) {
		sonde_text_init(&f->evidence, buffer(SAVE_BUFFER), SAVE_BUFFER, sonde_file_sink,
				&f->save_fd);
		sonde_writer_begin(&f->writer, &f->evidence, plan->tracer.snaplen, clock,
				   "sonde " SONDE_VERSION);
	}
	sonde_sight_init(&f->sight, &f->arena);
	f->sight.loops_once = sonde_tracer_backend(f->sources.tracer) == SONDE_BACKEND_BPF;
	sonde_session_init(&f->session, &plan->look, &f->report,
			   plan->save >= 0 ? &f->writer : NULL);
}

static void close_all(struct follow *f)
{
	sonde_child_done(&f->child);
	sonde_session_done(&f->session);
	sonde_text_flush(&f->report);
	sonde_sources_close(&f->sources);
	sonde_arena_done(&f->arena);
	free(f->report.at);
	free(f->evidence.at);
	sonde_sleep_done();
}

static void tell_begin(struct follow *f, int64_t clock)
{
	const struct sonde_follow_plan *plan = f->plan;

	tell_run(f, clock);
	for (size_t i = 0; i < plan->names; i++)
		sonde_sources_tell(&f->sources,
				   &(struct sonde_event){ .kind = SONDE_EVENT_NAME,
							  .netns = plan->name_of[i].netns },
				   plan->name_of[i].name, strlen(plan->name_of[i].name));
	sonde_sources_tell_limits(&f->sources);
}

int sonde_follow_run(const struct sonde_follow_plan *plan, struct sonde_follow_end *ret)
{
	struct follow f = { .plan = plan, .child = { .release = -1, .report = -1 } };
	int64_t clock = sonde_clock_offset();
	int r;

	*ret = (struct sonde_follow_end){ .doing = "open a tracer" };
	sonde_sleep_init(); /* a signal that comes while the tracer loads ends the run in good order
			     */
	r = sonde_sources_open(&f.sources, &f.arena, &plan->tracer, clock);
	if (r < 0) {
		sonde_arena_done(&f.arena);
		sonde_sleep_done();
		return r;
	}
	open_outputs(&f, clock);
	tell_begin(&f, clock);
	r = follow_all(&f, ret);
	if (r >= 0) {
		/* To have seized a program is not enough: its descriptors (pidfd_getfd, /proc) and
		 * its memory (process_vm_readv) are refused each time to who holds less than it
		 * does, ptrace(2), access mode checking. So one is kept as long as we look. */
		sonde_privilege_drop(sonde_tracer_backend(f.sources.tracer) == SONDE_BACKEND_PTRACE
					     ? CAP_SYS_PTRACE
					     : -1);
		if (has_child(&f))
			sonde_child_release(&f.child);
		watch(&f);
		ret->status = f.status;
		ret->exec = has_child(&f) ? sonde_child_error(&f.child) : 0;
		ret->why = sonde_session_end(&f.session);
		ret->saved = f.session.saved;
	}
	close_all(&f);
	return r < 0 ? r : 0;
}
