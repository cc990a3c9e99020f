#include "run/route_screen.h"

#include <string.h>

#include "out/cells.h"

enum { ROOM = 1 << 16 }; /* bytes of what is seen at a time */

#define DRAW_EVERY (SONDE_SECOND / 4)

int sonde_route_screen_open(struct sonde_route_screen *r,
			    const struct sonde_route_screen_plan *plan)
{
	int k;

	*r = (struct sonde_route_screen){ .trace = plan->trace,
					  .whois = plan->whois,
					  .drive = plan->drive,
					  .look = *plan->look,
					  .utf8 = plan->utf8 };
	sonde_watch_init(&r->watch, plan->trace, plan->order, plan->names);
	sonde_whois_hush(r->whois, !plan->names);
	k = sonde_screen_open(&r->screen, plan->out, plan->color);
	if (!k)
		r->columns = sonde_screen_columns(r->screen);
	return k;
}

void sonde_route_screen_close(struct sonde_route_screen *r)
{
	r->screen = sonde_screen_close(r->screen);
	sonde_arena_done(&r->arena);
}

/* ---- drawing ---- */

static unsigned lines_of(const struct sonde_text *t)
{
	unsigned n = 0;

	for (size_t i = 0; i < t->len; i++)
		n += t->at[i] == '\n';
	return n;
}

/* Rows of the screen from `row` to below `end`, filled with lines from `at` on; returns where the
 * next line begins. */
static const char *put_lines(struct sonde_route_screen *r, unsigned row, unsigned end,
			     const char *at, const char *stop, int marked)
{
	for (; row < end; row++) {
		const char *nl = at < stop ? memchr(at, '\n', (size_t)(stop - at)) : NULL;

		sonde_screen_put(r->screen, row, at, nl ? (size_t)(nl - at) : 0,
				 (int)row == marked);
		at = nl ? nl + 1 : at;
	}
	return at;
}

static const char *skip_lines(const char *at, const char *stop, unsigned n)
{
	const char *nl;

	while (n-- && (nl = memchr(at, '\n', (size_t)(stop - at))))
		at = nl + 1;
	return at;
}

/* A sentence on a row of its own, as much as fits. */
static void put_sentence(struct sonde_route_screen *r, unsigned row, const char *sentence,
			 const struct sonde_cells_style *style)
{
	char *buf = sonde_arena_take(&r->arena, ROOM);
	struct sonde_text t;

	sonde_text_init(&t, buf, ROOM, NULL, NULL);
	sonde_cells_paragraph(&t, sentence, 0, style);
	put_lines(r, row, row + 1, t.at, t.at + t.len, -1);
}

/* The title, what is looked at, and what keys there are; where there is little room, the middle
 * alone. */
static void draw(struct sonde_route_screen *r, sonde_ns now)
{
	unsigned rows = sonde_screen_rows(r->screen), edge = rows >= 5;
	struct sonde_cells_style style = { .width = sonde_screen_columns(r->screen),
					   .utf8 = r->utf8,
					   .palette = sonde_screen_palette };
	char *buf = sonde_arena_take(&r->arena, ROOM);
	struct sonde_watch *w = &r->watch;
	struct sonde_watch_page page;
	const char *at, *stop;
	struct sonde_text t;
	unsigned fixed;

	sonde_watch_show(w, r->trace, &r->look, &r->arena, now, &page);
	sonde_text_init(&t, buf, ROOM, NULL, NULL);
	sonde_cells_print(&t, &page.grid, &style);
	sonde_watch_fit(w, &page, lines_of(&t), rows - 2 * edge);
	if (edge)
		put_sentence(r, 0, page.title, &style);
	fixed = edge + page.fixed;
	stop = t.at + t.len;
	at = put_lines(r, edge, fixed, t.at, stop, -1);
	put_lines(r, fixed, rows - edge, skip_lines(at, stop, w->top), stop,
		  page.marked < 0 ? -1 : page.marked + (int)edge - (int)w->top);
	if (edge)
		put_sentence(r, rows - 1, page.status, &style);
	sonde_screen_show(r->screen);
	sonde_arena_rewind(&r->arena);
	r->drawn = now;
}

/* ---- keys ---- */

static void ask(struct sonde_route_screen *r, sonde_ns now, enum sonde_wish_is is, uint64_t value)
{
	struct sonde_wish wish = { .is = (uint8_t)is, .value = value };

	sonde_keep_wish(r->drive->keep, now, &wish);
	sonde_trace_wish(r->trace, &wish);
}

/* True: the engine may have something to do now. */
static bool take(struct sonde_route_screen *r, int key, sonde_ns now)
{
	struct sonde_watch *w = &r->watch;

	switch (sonde_watch_press(w, r->trace, key)) {
	case SONDE_WATCH_QUIT: r->quit = true; return true;
	case SONDE_WATCH_RESET: ask(r, now, SONDE_WISH_RESET, 0); return true;
	case SONDE_WATCH_PAUSED:
		ask(r, now, w->paused ? SONDE_WISH_PAUSE : SONDE_WISH_RESUME, 0);
		return true;
	case SONDE_WATCH_INTERVAL: ask(r, now, SONDE_WISH_INTERVAL, w->interval); return true;
	case SONDE_WATCH_NAMES: sonde_whois_hush(r->whois, !w->names); break;
	case SONDE_WATCH_RENEW: sonde_screen_renew(r->screen); break;
	case SONDE_WATCH_NOTHING: break;
	}
	return false;
}

sonde_ns sonde_route_screen_look(struct sonde_route_screen *r, sonde_ns now)
{
	bool pressed = false, asked = false;
	int key;

	while ((key = sonde_screen_key(r->screen)) > 0) {
		asked |= take(r, key, now);
		pressed = true;
	}
	r->quit |= key < 0;
	if (pressed || now >= r->drawn + DRAW_EVERY)
		draw(r, now);
	return asked || r->quit ? now : r->drawn + DRAW_EVERY;
}
