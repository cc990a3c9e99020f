#include "run/inspect.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/reason.h"
#include "capture/copy.h"
#include "capture/files.h"
#include "capture/facts.h"
#include "capture/filter.h"
#include "cli/cli.h"
#include "packet/match.h"
#include "run/dialogue.h"
#include "run/remark.h"
#include "run/stats.h"
#include "sys/file.h"

enum { OUT_BUFFER = 256 << 10 };

struct inspect {
	const struct sonde_inspect_plan *plan;
	struct sonde_inspect_end *end;
	struct sonde_text out;
	struct sonde_view view;
	struct sonde_arena arena;
	struct sonde_filter *filter;
	struct sonde_match match;
	struct sonde_context context;
	struct sonde_dialogue dialogue;
	struct sonde_files *files;
	int *in;			   /* descriptors: a reader keeps the place of its own */
	const struct sonde_reader *reader; /* of the item at hand */
	unsigned from;			   /* its number */
	struct sonde_reader *only;	   /* the one of a single file */
	int ended;			   /* how that has ended */
	struct sonde_savefile *save;
	struct sonde_copy *copy;
	struct sonde_facts facts;
	int save_fd;
	uint64_t number; /* of the packet, before any filter */
	bool quiet;	 /* nothing is shown */
	bool beside;	 /* what is said beside a packet is asked for, for more than its line */
	int failed;
	int fd;
	struct sonde_arena aside; /* what is said beside the packet at hand */
};

/* What the file says of the frame beyond its bytes. */
static void take_beside(struct inspect *in, const struct sonde_frame *f, struct sonde_beside *b)
{
	sonde_beside_take(b, f, in->number);
	sonde_arena_rewind(&in->aside);
	sonde_remark_take(b, &in->aside, in->reader);
	in->end->told_processes |= b->processes > 0;
	if (in->plan->files > 1)
		b->file = in->plan->file[in->from].name;
}

static void explain_filter(struct inspect *in)
{
	in->failed = -EINVAL;
	sonde_filter_explain(in->filter, in->end->why, sizeof in->end->why);
}

static bool passes(struct inspect *in, const struct sonde_frame *f)
{
	int r = in->filter ? sonde_filter_match(in->filter, f) : 1;

	if (r == SONDE_FILTER)
		explain_filter(in);
	else if (r < 0)
		in->failed = r;
	return r == 1;
}

static void explain(struct inspect *in, const struct sonde_frame *f, struct sonde_packet *p,
		    struct sonde_beside *beside)
{
	bool yes = sonde_match(&in->match, p, beside);

	sonde_view_show(&in->view, f, p, beside);
	sonde_text_print(&in->out, "packet %llu %s\n", (unsigned long long)in->number,
			 yes ? "matches:" : "does not match:");
	sonde_match_explain(&in->match, p, beside, &in->out);
}

/* Evidence has times of CLOCK_MONOTONIC. */
static void show(struct inspect *in, const struct sonde_frame *f, struct sonde_packet *p,
		 struct sonde_beside *beside)
{
	const struct sonde_interface *i;
	struct sonde_frame ours;

	if (!sonde_reader_ours(in->reader)) {
		sonde_view_show(&in->view, f, p, beside);
		return;
	}
	ours = *f;
	i = sonde_reader_interface(in->reader, sonde_reader_remark(in->reader)->interface);
	ours.when += i ? (sonde_ns)i->clock : 0;
	sonde_view_show(&in->view, &ours, p, beside);
}

/* A frame that the filter lets through. Whether it is one of those that are asked for. */
static bool hear_packet(struct inspect *in, const struct sonde_frame *f)
{
	const struct sonde_inspect_plan *plan = in->plan;
	struct sonde_beside beside;
	struct sonde_whole *whole;
	struct sonde_packet p;

	if (in->beside) {
		take_beside(in, f, &beside);
	} else { /* all that a line needs */
		beside.number = in->number;
		beside.interface = sonde_reader_remark(in->reader)->interface;
		beside.cause = SONDE_ABSENT;
	}
	sonde_decode_frame(&p, f, &plan->look.hint);
	whole = sonde_context_take(&in->context, f, &p, &beside);
	in->view.whole = whole;
	if (plan->look.names && in->view.names.entry)
		sonde_names_hear(&in->view.names, whole ? &whole->p : &p);
	if (plan->process && *plan->process && !sonde_beside_is_of(&beside, plan->process))
		return false;
	if (plan->explain) {
		if (plan->explain == in->number)
			explain(in, f, &p, &beside);
		return plan->explain == in->number;
	}
	if (plan->match && !sonde_match(&in->match, &p, &beside) &&
	    !(whole && sonde_match(&in->match, &whole->p, &beside)))
		return false;
	if (plan->dialogue)
		return sonde_dialogue_put(&in->dialogue, whole ? &whole->p : &p, in->number);
	if (!in->quiet)
		show(in, f, &p, &beside);
	return true;
}

/* A frame that the filter leaves out may still say what another is called. */
static void learn_names(struct inspect *in, const struct sonde_frame *f)
{
	struct sonde_packet p;

	if (!in->view.names.entry)
		return;
	sonde_decode_frame(&p, f, &in->plan->look.hint);
	sonde_names_hear(&in->view.names, &p);
}

static void hear_event(struct inspect *in, const struct sonde_event *e)
{
	in->end->events++;
	in->end->measured += e->kind == SONDE_EVENT_MEASURE;
	if (in->plan->look.tree && in->plan->look.form == SONDE_VIEW_LINE && !in->plan->count)
		sonde_view_event(&in->view, e);
}

/* Into the copy, which fails alone: what is shown goes on. */
static void copy(struct inspect *in, const struct sonde_item *item)
{
	int r;

	if (!in->copy || in->end->saved)
		return;
	r = sonde_copy_item(in->copy, in->from, item);
	if (r >= 0 && in->plan->save_at_once)
		r = sonde_savefile_flush(in->save);
	if (r < 0)
		in->end->saved = r;
}

/* False when there is nothing more to do. */
static bool hear(struct inspect *in, const struct sonde_item *item)
{
	const struct sonde_inspect_plan *plan = in->plan;

	if (plan->stats)
		sonde_facts_hear(&in->facts, in->from, item);
	if (item->is != SONDE_ITEM_FRAME) {
		hear_event(in, &item->event);
		copy(in, item);
		return true;
	}
	in->number++;
	if (!passes(in, &item->frame)) {
		learn_names(in, &item->frame);
		return !in->failed;
	}
	if (!(in->quiet && !plan->match && !plan->process) && !hear_packet(in, &item->frame))
		return true;
	copy(in, item);
	in->end->packets++;
	return in->end->packets != plan->most && in->number != plan->explain && !in->out.error;
}

static int open_files(struct inspect *in)
{
	int r = sonde_files_open(&in->files);

	in->in = calloc(in->plan->files, sizeof *in->in);
	if (!in->in)
		return -ENOMEM;
	for (size_t i = 0; i < in->plan->files && r >= 0; i++) {
		struct sonde_reader *reader;

		in->in[i] = in->plan->file[i].fd;
		r = sonde_reader_open(&reader, sonde_file_pull, &in->in[i]);
		if (r < 0 || (r = sonde_files_add(in->files, reader)) < 0)
			return r;
		if (in->plan->stats)
			sonde_facts_from(&in->facts, reader);
		if (in->copy)
			r = sonde_copy_from(in->copy, reader);
		in->reader = in->only = reader;
	}
	return r < 0 ? r : 0;
}

static void hear_name(void *arg, const uint8_t *address, size_t len, struct sonde_bytes name)
{
	struct inspect *in = arg;

	if (in->view.names.entry)
		sonde_names_learn(&in->view.names, SONDE_NAMES_FILE, address, len, name);
}

static int open_copy(struct inspect *in)
{
	struct sonde_savefile_plan plan;
	int r;

	in->save_fd = in->plan->save;
	if (in->save_fd < 0)
		return 0;
	plan = sonde_savefile_named(in->plan->save_name, "sonde " SONDE_VERSION);
	r = sonde_savefile_open(&in->save, &plan, sonde_file_sink, &in->save_fd);
	return r < 0 ? r : sonde_copy_open(&in->copy, in->save);
}

static int open_match(struct inspect *in)
{
	const struct sonde_inspect_plan *plan = in->plan;
	struct sonde_match_error error;

	if (!plan->match)
		return 0;
	if (!sonde_match_parse(&in->match, &in->arena, plan->match, &sonde_beside_schema, &error)) {
		snprintf(in->end->why, sizeof in->end->why,
			 "expression '%s': at byte %zu, %s is expected%s%s", plan->match,
			 error.at + 1, error.expected,
			 error.nearest ? "; the nearest name is " : "",
			 error.nearest ? error.nearest : "");
		return -EINVAL;
	}
	in->match.quoted = plan->quoted;
	return 0;
}

/* All that can fail, before anything is read. */
static int open_all(struct inspect *in)
{
	const struct sonde_inspect_plan *plan = in->plan;
	int r = open_match(in);

	if (!r && plan->filter)
		r = sonde_filter_open(&in->filter, plan->filter);
	if (!r)
		r = open_copy(in);
	if (plan->stats)
		sonde_facts_init(&in->facts);
	if (!r)
		r = open_files(in);
	if (!r && plan->look.names)
		for (unsigned i = 0; i < plan->files; i++)
			sonde_reader_hear_names(sonde_files_reader(in->files, i), hear_name, in);
	in->beside = plan->match || plan->process || plan->look.tree ||
		     plan->look.form != SONDE_VIEW_LINE;
	in->quiet = plan->quiet || plan->count || plan->stats;
	sonde_context_init(&in->context, plan->look.tree || plan->look.number ||
						 plan->look.form != SONDE_VIEW_LINE);
	if (!r && plan->dialogue)
		sonde_dialogue_init(&in->dialogue, plan->stream, &in->out, plan->look.dump,
				    plan->look.palette);
	else if (!r && !in->quiet)
		sonde_view_init(&in->view, &plan->look, &in->out);
	return r;
}

static void end_dialogue(struct inspect *in)
{
	uint32_t seen = in->dialogue.stream.conversations;

	sonde_dialogue_done(&in->dialogue);
	if (in->failed || seen > in->plan->stream)
		return;
	snprintf(in->end->why, sizeof in->end->why, "TCP conversations here: %u, numbered from 0",
		 seen);
	in->failed = -EINVAL;
}

/* The next item of all files. One alone has nothing to be merged with. */
static bool next(struct inspect *in, struct sonde_item *ret)
{
	if (in->plan->files > 1) {
		if (sonde_files_next(in->files, ret, &in->from) <= 0)
			return false;
		in->reader = sonde_files_reader(in->files, in->from);
		return true;
	}
	in->ended = sonde_reader_next(in->only, ret);
	return in->ended > 0;
}

static void read_all(struct inspect *in)
{
	const struct sonde_inspect_plan *plan = in->plan;
	struct sonde_item item;

	while (next(in, &item) && hear(in, &item))
		;
	if (plan->explain && in->number < plan->explain && !in->failed) {
		snprintf(in->end->why, sizeof in->end->why, "there are only %llu packets",
			 (unsigned long long)in->number);
		in->failed = -EINVAL;
	}
	if (plan->dialogue)
		end_dialogue(in);
	if (plan->count && !in->failed)
		sonde_text_print(&in->out, "%llu\n", (unsigned long long)in->end->packets);
	if (plan->stats) {
		sonde_facts_end(&in->facts);
		for (unsigned i = 0; i < plan->files; i++)
			sonde_stats_file(&in->out, plan->file[i].name,
					 sonde_files_reader(in->files, i));
		sonde_stats_print(&in->out, &in->facts, plan->look.stamp.utc);
	}
	sonde_text_flush(&in->out);
	for (unsigned i = 0; i < plan->files; i++) {
		const struct sonde_reader *reader = sonde_files_reader(in->files, i);
		struct sonde_reader_place place = sonde_reader_place(reader);
		int r = plan->files > 1 ? sonde_files_ended(in->files, i) : in->ended;

		if (r < 0)
			plan->bad(plan->arg, plan->file[i].name, r, &place);
	}
}

static void close_all(struct inspect *in)
{
	int r;

	sonde_copy_close(in->copy);
	if (in->save) {
		in->end->lost = *sonde_savefile_lost(in->save);
		r = sonde_savefile_close(in->save);
		if (r < 0 && !in->end->saved)
			in->end->saved = r;
	}
	sonde_view_done(&in->view);
	sonde_context_done(&in->context);
	sonde_filter_close(in->filter);
	sonde_files_close(in->files);
	if (in->plan->stats)
		sonde_facts_done(&in->facts);
	sonde_arena_done(&in->arena);
	sonde_arena_done(&in->aside);
	free(in->in);
}

int sonde_inspect_run(const struct sonde_inspect_plan *plan, struct sonde_inspect_end *ret)
{
	struct inspect *in = calloc(1, sizeof *in);
	char *buffer = malloc(OUT_BUFFER);
	int r = -ENOMEM;

	*ret = (struct sonde_inspect_end){ 0 };
	if (in && buffer) {
		in->plan = plan;
		in->end = ret;
		in->fd = plan->out;
		sonde_text_init(&in->out, buffer, OUT_BUFFER, sonde_file_sink, &in->fd);
		r = open_all(in);
		if (!r)
			read_all(in);
		close_all(in);
		r = r ? r : in->failed ? in->failed : in->out.error;
	}
	free(buffer);
	free(in);
	return r;
}
