#ifndef SONDE_PROBE_WATCH_H
#define SONDE_PROBE_WATCH_H

/* Somebody watches a trace on a screen, as with mtr(8): what they chose to see, what a key changes
 * about it, and what is to be seen then. Knows no screen: keys come, and rows of cells go.
 *
 *	wish = sonde_watch_press(w, trace, key);	what is to be done about the trace
 *	sonde_watch_show(w, trace, look, arena, now, &page);
 *	sonde_watch_fit(w, &page, lines, room);		once it is known how many lines that makes
 */

#include "base/key.h"
#include "probe/hop_field.h"
#include "probe/say_trace.h"

enum sonde_watch_view { SONDE_WATCH_TABLE, SONDE_WATCH_HOP, SONDE_WATCH_HELP };

enum { SONDE_WATCH_SETS = 3, SONDE_WATCH_TYPED = 40 };

struct sonde_watch {
	uint8_t view;			/* enum sonde_watch_view */
	uint8_t set;			/* of columns; SONDE_WATCH_SETS: the own order */
	uint8_t back;			/* the set that was there before those of jitter */
	char own[SONDE_HOP_FIELDS + 1]; /* "": none */
	char sort; /* the letter of the column that the hops are sorted by; 0: by hops */
	bool names, paused, typing;
	sonde_ns interval;
	uint32_t host;
	unsigned ttl;  /* the hop that is chosen */
	unsigned top;  /* lines that are scrolled away */
	unsigned page; /* that could be seen, below those that stay */
	char typed[SONDE_WATCH_TYPED];
	unsigned n_typed;
	char said[80]; /* what came of the last key; "": nothing that is to be said */

	/* What the losses were put down to when it was looked last. */
	struct sonde_trace_verdict verdict[SONDE_TRACE_MOST];
	uint32_t judged_host;
	sonde_ns judged;
};

enum sonde_watch_wish {
	SONDE_WATCH_NOTHING, /* beside drawing anew */
	SONDE_WATCH_QUIT,
	SONDE_WATCH_RESET,
	SONDE_WATCH_PAUSED,   /* as w->paused says now */
	SONDE_WATCH_INTERVAL, /* likewise */
	SONDE_WATCH_NAMES,
	SONDE_WATCH_RENEW, /* the screen may have been disturbed */
};

/* order: of columns, as sonde_hop_order gives it; NULL: the usual. */
void sonde_watch_init(struct sonde_watch *w, const struct sonde_trace *p, const char *order,
		      bool names);

/* key: of base/key.h. */
enum sonde_watch_wish sonde_watch_press(struct sonde_watch *w, const struct sonde_trace *p,
					int key);

/* The letters of the columns that are shown. */
const char *sonde_watch_order(const struct sonde_watch *w);

struct sonde_watch_page {
	const char *title, *status; /* of the arena */
	struct sonde_grid grid;
	unsigned fixed; /* first lines that stay when the others are scrolled */
	int marked;	/* the line that stands out, from 0; -1: none */
};

/* *ret is of the arena. now: what hops are blamed for is judged again when a second has gone. */
void sonde_watch_show(struct sonde_watch *w, const struct sonde_trace *p,
		      const struct sonde_say_path_look *look, struct sonde_arena *a, sonde_ns now,
		      struct sonde_watch_page *ret);

/* Scrolls so that the marked line can be seen: the page has made so many lines, and there is room
 * for so many. w->top is right then. */
void sonde_watch_fit(struct sonde_watch *w, const struct sonde_watch_page *page, unsigned lines,
		     unsigned room);

/* The hops in the order in which they are shown: how many. */
unsigned sonde_watch_hops(const struct sonde_watch *w, const struct sonde_trace *p,
			  uint8_t ret[static SONDE_TRACE_MOST]);

/* What is known of the chosen hop: inside of the above. */
void sonde_watch_say_hop(const struct sonde_watch *w, const struct sonde_trace *p,
			 const struct sonde_say_path_look *look, struct sonde_grid *g);

#endif
