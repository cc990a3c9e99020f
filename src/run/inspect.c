#include "run/inspect.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/reason.h"
#include "capture/filter.h"
#include "packet/match.h"
#include "sys/file.h"

enum { OUT_BUFFER = 256 << 10, TEXT_MOST = 4096 };

struct inspect {
	const struct sonde_inspect_plan *plan;
	struct sonde_inspect_end *end;
	struct sonde_text out;
	struct sonde_view view;
	struct sonde_arena arena;
	struct sonde_filter *filter;
	struct sonde_match match;
	const struct sonde_reader *reader;
	const char *file;
	uint64_t number; /* of the packet, before any filter */
	int failed;
	int fd;
	char comment[TEXT_MOST], process[TEXT_MOST]; /* of struct sonde_facts */
};

/* "", where nothing is told. */
static const char *keep(char *at, struct sonde_bytes from)
{
	size_t len = from.len < TEXT_MOST - 1 ? from.len : TEXT_MOST - 1;

	if (!len)
		return NULL;
	memcpy(at, from.at, len);
	at[len] = 0;
	return at;
}

/* What the file says of the frame beyond its bytes. */
static void take_facts(struct inspect *in, const struct sonde_frame *f, struct sonde_facts *facts)
{
	const struct sonde_remark *m = sonde_reader_remark(in->reader);
	const struct sonde_interface *i = sonde_reader_interface(in->reader, m->interface);
	struct sonde_process process;

	sonde_facts_take(facts, f, in->number);
	facts->interface = m->interface;
	if (i && *i->name)
		facts->interface_name = i->name;
	if (m->dropped)
		facts->dropped = m->dropped;
	facts->comment = keep(in->comment, m->comment);
	if (m->processes && sonde_reader_process(in->reader, 0, &process)) {
		facts->pid = process.pid;
		facts->process = keep(in->process, process.name);
	}
	if (in->plan->files > 1)
		facts->file = in->file;
}

/* Evidence has times of CLOCK_MONOTONIC. */
static sonde_ns since_1970(const struct inspect *in, sonde_ns when)
{
	const struct sonde_remark *m = sonde_reader_remark(in->reader);
	const struct sonde_interface *i = sonde_reader_interface(in->reader, m->interface);

	return sonde_reader_ours(in->reader) && i ? when + (sonde_ns)i->clock : when;
}

static void explain_filter(struct inspect *in)
{
	struct sonde_bytes wrong = sonde_filter_wrong(in->filter);
	const char *text = in->plan->filter;
	char *why = in->end->why;
	size_t size = sizeof in->end->why;

	in->failed = -EINVAL;
	if (wrong.at && wrong.len)
		snprintf(why, size, "filter '%s': '%.*s' at byte %zu cannot stand there: %s", text,
			 (int)wrong.len, (const char *)wrong.at,
			 strlen(text) - strlen((const char *)wrong.at) + 1,
			 sonde_filter_error(in->filter));
	else if (wrong.at)
		snprintf(why, size, "filter '%s' ends too early: %s", text,
			 sonde_filter_error(in->filter));
	else
		snprintf(why, size, "filter '%s': %s", text, sonde_filter_error(in->filter));
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
		    struct sonde_facts *facts)
{
	bool yes = sonde_match(&in->match, p, facts);

	sonde_view_show(&in->view, f, p, facts);
	sonde_text_print(&in->out, "packet %llu %s\n", (unsigned long long)in->number,
			 yes ? "matches:" : "does not match:");
	sonde_match_explain(&in->match, p, facts, &in->out);
	in->end->packets++;
}

/* A frame that the filter lets through, decoded. */
static void hear_packet(struct inspect *in, struct sonde_frame *f)
{
	const struct sonde_inspect_plan *plan = in->plan;
	bool facts_needed = plan->match || plan->look.form != SONDE_VIEW_LINE;
	struct sonde_facts facts;
	struct sonde_packet p;

	if (facts_needed)
		take_facts(in, f, &facts);
	facts.number = in->number;
	sonde_decode_link(&p, f->byte.at, (uint32_t)f->byte.len, f->wire, f->link);
	if (plan->explain) {
		explain(in, f, &p, &facts);
		return;
	}
	if (plan->match && !sonde_match(&in->match, &p, &facts))
		return;
	in->end->packets++;
	if (plan->count)
		return;
	f->when = since_1970(in, f->when);
	sonde_view_show(&in->view, f, &p, &facts);
}

static void hear_event(struct inspect *in, const struct sonde_event *e)
{
	in->end->events++;
	if (in->plan->look.tree && in->plan->look.form == SONDE_VIEW_LINE && !in->plan->count)
		sonde_view_event(&in->view, e);
}

/* False when there is nothing more to do. */
static bool hear(struct inspect *in, struct sonde_item *item)
{
	const struct sonde_inspect_plan *plan = in->plan;

	if (item->is != SONDE_ITEM_FRAME) {
		hear_event(in, &item->event);
		return true;
	}
	in->number++;
	if ((plan->explain && plan->explain != in->number) || !passes(in, &item->frame))
		return !in->failed;
	if (plan->count && !plan->match)
		in->end->packets++;
	else
		hear_packet(in, &item->frame);
	return !(plan->most && in->end->packets == plan->most) && !in->out.error && !plan->explain;
}

/* False when there is nothing more to do. */
static bool read_file(struct inspect *in, const struct sonde_inspect_file *file)
{
	struct sonde_reader *reader;
	struct sonde_reader_place place = { 0 };
	struct sonde_item item;
	int fd = file->fd, r = sonde_reader_open(&reader, sonde_file_pull, &fd);
	bool more = true;

	if (r < 0) {
		in->plan->bad(in->plan->arg, file->name, r, &place);
		return true;
	}
	in->reader = reader;
	in->file = file->name;
	while (more && (r = sonde_reader_next(reader, &item)) > 0)
		more = hear(in, &item);
	if (r < 0) {
		sonde_text_flush(&in->out);
		place = sonde_reader_place(reader);
		in->plan->bad(in->plan->arg, file->name, r, &place);
	}
	sonde_reader_close(reader);
	return more;
}

/* The filter and the expression, before anything is read. */
static int prepare(struct inspect *in)
{
	const struct sonde_inspect_plan *plan = in->plan;
	struct sonde_match_error error;

	if (plan->match &&
	    !sonde_match_parse(&in->match, &in->arena, plan->match, &sonde_facts_schema, &error)) {
		snprintf(in->end->why, sizeof in->end->why,
			 "expression '%s': at byte %zu, %s is expected%s%s", plan->match,
			 error.at + 1, error.expected,
			 error.nearest ? "; the nearest name is " : "",
			 error.nearest ? error.nearest : "");
		return -EINVAL;
	}
	in->match.quoted = plan->quoted;
	return plan->filter ? sonde_filter_open(&in->filter, plan->filter) : 0;
}

static void read_all(struct inspect *in)
{
	const struct sonde_inspect_plan *plan = in->plan;

	for (size_t i = 0; i < plan->files && read_file(in, &plan->file[i]); i++)
		;
	if (plan->explain && in->number < plan->explain && !in->failed) {
		snprintf(in->end->why, sizeof in->end->why, "there are only %llu packets",
			 (unsigned long long)in->number);
		in->failed = -EINVAL;
	}
	if (plan->count && !in->failed)
		sonde_text_print(&in->out, "%llu\n", (unsigned long long)in->end->packets);
	sonde_text_flush(&in->out);
}

int sonde_inspect_run(const struct sonde_inspect_plan *plan, struct sonde_inspect_end *ret)
{
	struct inspect *in = calloc(1, sizeof *in);
	char *buffer = malloc(OUT_BUFFER);
	int r;

	if (!in || !buffer) {
		free(in);
		free(buffer);
		return -ENOMEM;
	}
	*ret = (struct sonde_inspect_end){ 0 };
	in->plan = plan;
	in->end = ret;
	in->fd = plan->out;
	sonde_text_init(&in->out, buffer, OUT_BUFFER, sonde_file_sink, &in->fd);
	r = prepare(in);
	if (!r) {
		if (!plan->count)
			sonde_view_init(&in->view, &plan->look, &in->out);
		read_all(in);
		sonde_view_done(&in->view);
		r = in->failed ? in->failed : in->out.error;
	}
	sonde_filter_close(in->filter);
	sonde_arena_done(&in->arena);
	free(buffer);
	free(in);
	return r;
}
