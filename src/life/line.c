#include "life/line.h"

#include <errno.h>

#include "life/pen.h"

int sonde_line_classes(const char *words, unsigned *ret, const char **ret_bad)
{
	/* clang-format off */
	static const struct {
		const char *name;
		unsigned bits;
	} known[] = {
#define L(id, name, what) { name, SONDE_LINE_##id },
		SONDE_LINES(L)
#undef L
		{ "all", SONDE_LINE_ALL },
		{ "usual", SONDE_LINE_USUAL },
		{ "none", 0 },
	};
	/* clang-format on */
	unsigned bits = 0;

	for (const char *at = words, *end;; at = end + 1) {
		size_t i = 0, n = sizeof known / sizeof *known;

		end = at + strcspn(at, ",");
		while (i < n &&
		       (strncmp(known[i].name, at, (size_t)(end - at)) || known[i].name[end - at]))
			i++;
		if (i == n || end == at) {
			*ret_bad = at;
			return -EINVAL;
		}
		bits |= known[i].bits;
		if (!*end)
			break;
	}
	*ret = bits;
	return 0;
}

static unsigned class_of(const struct sonde_heard *h)
{
	switch (h->milestone) {
	case SONDE_MILESTONE_NONE: return 0;
	case SONDE_MILESTONE_STATE:
	case SONDE_MILESTONE_ERROR:
	case SONDE_MILESTONE_RESET:
	case SONDE_MILESTONE_RETRANSMIT:
	case SONDE_MILESTONE_GONE: return SONDE_LINE_KERNEL;
	case SONDE_MILESTONE_WIRE: return SONDE_LINE_WIRE;
	case SONDE_MILESTONE_DROPPED:
	case SONDE_MILESTONE_TRUNCATED: return SONDE_LINE_DROPS;
	case SONDE_MILESTONE_PROCESS: return SONDE_LINE_PROCESS;
	case SONDE_MILESTONE_NOTE: return SONDE_LINE_NOTES;
	default: return SONDE_LINE_APP;
	}
}

/* An exit, an exec or a close_range can end several sockets at once: a line for each. */
static unsigned print_released(struct sonde_pen *p, const struct sonde_event *e,
			       const struct sonde_heard *h)
{
	unsigned lines = 0;

	if (!(p->line->classes & (SONDE_LINE_APP | SONDE_LINE_CALLS)))
		return 0;
	for (size_t i = 0; i < h->releases; i++) {
		const struct sonde_endpoint *s = sonde_life_endpoint(p->line->life, h->released[i]);

		if (!s || (h->milestone == SONDE_MILESTONE_RELEASED && s->sid == h->sid))
			continue;
		sonde_pen_begin(p, e->when, s->sid, e->comm, e->pid);
		sonde_pen_released(p, s, e->when);
		sonde_pen_end(p);
		lines++;
	}
	return lines;
}

static unsigned print_event(struct sonde_pen *p, const struct sonde_event *e,
			    const struct sonde_heard *h)
{
	unsigned class = class_of(h), classes = p->line->classes;
	bool drop = class & classes & SONDE_LINE_DROPS;
	bool call = e->kind == SONDE_EVENT_CALL && classes & SONDE_LINE_CALLS && !drop;
	bool own = e->kind == SONDE_EVENT_CALL || e->flags & SONDE_FLAG_TASK || e->pid;
	const struct sonde_endpoint *s;
	uint32_t sid = h->sid;

	if (class == SONDE_LINE_PROCESS && h->releases && classes & SONDE_LINE_APP)
		classes |= class; /* why the sockets below end */
	if (classes & SONDE_LINE_PACKETS && class == SONDE_LINE_WIRE)
		class = 0; /* the packet had its line at first sight */
	if (!call && !(class & classes))
		return h->releases ? print_released(p, e, h) : 0;
	s = sonde_life_endpoint(p->line->life, h->sid);
	if (h->milestone == SONDE_MILESTONE_ACCEPTED && !call && h->sid2)
		sid = h->sid2;
	own |= !s;
	sonde_pen_begin(p, e->when, sid, own ? e->comm : s->comm, own ? e->pid : s->pid);
	if (call)
		sonde_pen_call(p, e, h);
	else if (class == SONDE_LINE_APP)
		sonde_pen_app(p, e, h, s);
	else if (class == SONDE_LINE_KERNEL)
		sonde_pen_kernel(p, e, h, s);
	else if (class == SONDE_LINE_DROPS)
		sonde_pen_drop(p, e, h, s);
	else if (class == SONDE_LINE_PROCESS)
		sonde_pen_process(p, e);
	else if (class == SONDE_LINE_NOTES)
		sonde_pen_note(p, e);
	else
		sonde_pen_arrival(p, h);
	sonde_pen_end(p);
	return 1 + print_released(p, e, h);
}

unsigned sonde_line_print(const struct sonde_line *l, const struct sonde_item *item,
			  const struct sonde_heard *h)
{
	static const char nobody[16];
	struct sonde_pen p = { .line = l, .t = l->text };
	const struct sonde_endpoint *s;
	bool whole = l->classes & SONDE_LINE_PACKETS;

	if (item->is == SONDE_ITEM_EVENT)
		return print_event(&p, &item->event, h);
	if (!whole && !(l->classes & SONDE_LINE_WIRE && h->milestone == SONDE_MILESTONE_WIRE))
		return 0;
	s = sonde_life_endpoint(l->life, h->sid);
	sonde_pen_begin(&p, item->frame.when, h->sid, s ? s->comm : nobody, s ? s->pid : 0);
	sonde_pen_packet(&p, &item->frame, h, whole);
	sonde_pen_end(&p);
	return 1;
}
