#include "capture/facts.h"

#include "capture/option.h"
#include "capture/pcapng.h"
#include "capture/state.h"

struct sonde_facts_source {
	struct sonde_facts *facts;
	struct sonde_reader *reader;
	struct sonde_listener listener;
	unsigned number;
	size_t *row; /* of each interface of the section being read; SIZE_MAX: it has none */
	size_t n, room;
	struct sonde_facts_source *next;
};

void sonde_facts_init(struct sonde_facts *f)
{
	*f = (struct sonde_facts){ .ordered = true };
}

static struct sonde_facts_interface *rows(const struct sonde_facts *f)
{
	return (struct sonde_facts_interface *)f->interface;
}

static uint64_t count_comments(const struct sonde_reader *r, struct sonde_bytes options)
{
	struct sonde_option o;
	uint64_t n = 0;

	while (sonde_option_next(r->swap, &options, &o) > 0)
		n += o.code == SONDE_OPTION_COMMENT;
	return n;
}

static const char *told(struct sonde_facts *f, const struct sonde_reader *r, uint32_t interface,
			unsigned code, unsigned skip)
{
	struct sonde_bytes b;

	if (!sonde_reader_interface_option(r, interface, code, 0, &b) || b.len < skip)
		return NULL;
	return sonde_arena_string(&f->arena, (const char *)b.at + skip, b.len - skip);
}

static void add_interface(struct sonde_facts_source *s)
{
	struct sonde_facts *f = s->facts;
	struct sonde_reader *r = s->reader;
	uint32_t number = (uint32_t)r->n - 1;
	struct sonde_bytes options = { r->interface[number].options.at,
				       r->interface[number].options.len };
	struct sonde_bytes filter;
	struct sonde_facts_interface i = { .file = s->number,
					   .section = r->section,
					   .number = number };

	if (s->n == s->room) {
		s->row = sonde_arena_grow(&f->arena, s->row, s->n, s->n + 8, sizeof *s->row);
		s->room = 2 * s->n + 8;
	}
	f->interfaces++;
	i.comments = count_comments(r, options);
	f->comments += i.comments;
	s->row[s->n++] = f->n < SONDE_FACTS_INTERFACES_MOST ? f->n : SIZE_MAX;
	if (f->n == SONDE_FACTS_INTERFACES_MOST)
		return;
	if (f->n == f->room) {
		f->interface = sonde_arena_grow(&f->arena, f->interface, f->n, f->n + 8, sizeof i);
		f->room = 2 * f->n + 8;
	}
	i.told = r->interface[number].told;
	i.description = told(f, r, number, SONDE_OPTION_INTERFACE_DESCRIPTION, 0);
	i.os = told(f, r, number, SONDE_OPTION_INTERFACE_OS, 0);
	if (sonde_reader_interface_option(r, number, SONDE_OPTION_INTERFACE_FILTER, 0, &filter) &&
	    filter.len > 1 && !filter.at[0])
		i.filter = told(f, r, number, SONDE_OPTION_INTERFACE_FILTER, 1);
	rows(f)[f->n++] = i;
}

static void end_section(struct sonde_facts_source *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->row[i] != SIZE_MAX)
			rows(s->facts)[s->row[i]].told = s->reader->interface[i].told;
	s->n = 0;
}

static int hear(void *arg, uint32_t type, struct sonde_bytes whole)
{
	struct sonde_facts_source *s = arg;
	struct sonde_bytes options = { whole.at + 24, whole.len - 28 };

	if (s->reader->head) {
		add_interface(s);
	} else if (type == PCAPNG_SECTION) {
		end_section(s);
		s->facts->sections++;
		s->facts->comments += count_comments(s->reader, options);
	} else if (type == PCAPNG_INTERFACE) {
		add_interface(s);
	}
	return 0;
}

unsigned sonde_facts_from(struct sonde_facts *f, struct sonde_reader *r)
{
	struct sonde_facts_source *s = sonde_arena_take(&f->arena, sizeof *s);

	*s = (struct sonde_facts_source){
		.facts = f,
		.reader = r,
		.listener = { .hear = hear, .arg = s },
		.number = f->source ? f->source->number + 1 : 0,
		.next = f->source,
	};
	f->source = s;
	sonde_reader_listen(r, &s->listener);
	return s->number;
}

static void hear_time(struct sonde_facts *f, sonde_ns when)
{
	f->ordered &= !f->timed || when >= f->before;
	f->before = when;
	f->first = f->timed && f->first <= when ? f->first : when;
	f->last = f->timed && f->last >= when ? f->last : when;
	f->timed = true;
}

/* What the snapshot length was, where none is told. */
static void hear_length(struct sonde_facts *f, const struct sonde_frame *frame)
{
	uint32_t len = (uint32_t)frame->byte.len;

	f->bytes += frame->wire;
	f->captured += len;
	if (len >= frame->wire)
		return;
	f->cut_least = f->cut_most && f->cut_least < len ? f->cut_least : len;
	f->cut_most = f->cut_most > len ? f->cut_most : len;
}

void sonde_facts_hear(struct sonde_facts *f, unsigned from, const struct sonde_item *item)
{
	struct sonde_facts_source *s = f->source;
	const struct sonde_remark *m;
	size_t row;

	while (s->number != from)
		s = s->next;
	f->events += item->is == SONDE_ITEM_EVENT;
	if (item->is != SONDE_ITEM_FRAME)
		return;
	m = &s->reader->remark;
	f->packets++;
	hear_length(f, &item->frame);
	f->comments += m->comments;
	f->dropped += m->dropped;
	f->untimed += m->untimed;
	f->odd_times += m->odd_time;
	if (!m->untimed)
		hear_time(f, s->reader->when);
	row = s->row[m->interface];
	if (row != SIZE_MAX) {
		rows(f)[row].packets++;
		rows(f)[row].bytes += item->frame.wire;
	}
}

void sonde_facts_end(struct sonde_facts *f)
{
	for (struct sonde_facts_source *s = f->source; s; s = s->next)
		end_section(s);
}

void sonde_facts_done(struct sonde_facts *f)
{
	sonde_arena_done(&f->arena);
}
