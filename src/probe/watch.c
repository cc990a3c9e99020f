#include "probe/watch.h"

#include <string.h>

/* Intervals that + and - lead to. */
static const sonde_ns intervals[] = {
	100 * SONDE_MILLISECOND, 200 * SONDE_MILLISECOND,
	500 * SONDE_MILLISECOND, SONDE_SECOND,
	2 * SONDE_SECOND,	 5 * SONDE_SECOND,
	10 * SONDE_SECOND,	 30 * SONDE_SECOND,
	60 * SONDE_SECOND,
};
enum { INTERVALS = sizeof intervals / sizeof *intervals };

enum { USUAL, JITTER, PERCENTILES };
static const char *const sets[SONDE_WATCH_SETS] = {
	[USUAL] = "LSNABWV", [JITTER] = "DRAJMXI", [PERCENTILES] = "LSB59PW"
};

void sonde_watch_init(struct sonde_watch *w, const struct sonde_trace *p, const char *order,
		      bool names)
{
	*w = (struct sonde_watch){ .names = names,
				   .interval = p->plan.interval,
				   .ttl = p->plan.first };
	if (order) {
		memcpy(w->own, order, strlen(order) + 1);
		w->set = w->back = SONDE_WATCH_SETS;
	}
}

const char *sonde_watch_order(const struct sonde_watch *w)
{
	return w->set == SONDE_WATCH_SETS ? w->own : sets[w->set];
}

static void say(struct sonde_watch *w, const char *sentence)
{
	strncpy(w->said, sentence, sizeof w->said - 1);
}

/* ---- the hops in their order ---- */

/* What a hop is sorted by; SONDE_ABSENT: unknown, and then it is last. */
static uint64_t weight_of(const struct sonde_watch *w, const struct sonde_trace *p, unsigned ttl)
{
	struct sonde_trace_texts texts;
	struct sonde_hop_record r;

	sonde_trace_hop(p, w->host, ttl, NULL, &r, &texts);
	return sonde_hop_field_value(sonde_hop_field(w->sort), &r);
}

static bool is_before(uint64_t a, uint64_t b)
{
	return a != SONDE_ABSENT && (b == SONDE_ABSENT || a > b);
}

unsigned sonde_watch_hops(const struct sonde_watch *w, const struct sonde_trace *p,
			  uint8_t ret[static SONDE_TRACE_MOST])
{
	unsigned n = 0, hops = sonde_trace_hops(p, w->host);
	uint64_t weight[SONDE_TRACE_MOST];

	for (unsigned ttl = p->plan.first; ttl <= hops; ttl++, n++) {
		uint64_t is = w->sort ? weight_of(w, p, ttl) : 0;
		unsigned at = n;

		/* The greatest first; of those that are the same, the nearer one. */
		for (; w->sort && at && is_before(is, weight[at - 1]); at--) {
			weight[at] = weight[at - 1];
			ret[at] = ret[at - 1];
		}
		weight[at] = is;
		ret[at] = (uint8_t)ttl;
	}
	return n;
}

/* ---- keys ---- */

/* So many rows down from the chosen hop. */
static void choose(struct sonde_watch *w, const struct sonde_trace *p, int by)
{
	uint8_t ttl[SONDE_TRACE_MOST];
	int n = (int)sonde_watch_hops(w, p, ttl), at = 0;

	if (!n)
		return;
	while (at < n - 1 && ttl[at] != w->ttl)
		at++;
	at += by;
	w->ttl = ttl[at < 0 ? 0 : at >= n ? n - 1 : at];
}

/* So many hops, or else lines, down. */
static void go(struct sonde_watch *w, const struct sonde_trace *p, int by, bool hops)
{
	int top = (int)w->top + by;

	if (hops)
		choose(w, p, by);
	else
		w->top = top > 0 ? (unsigned)top : 0; /* not too far: fit sees to that */
}

static void turn(struct sonde_watch *w, const struct sonde_trace *p, uint32_t by)
{
	w->host = (w->host + by) % p->survey.n;
	w->ttl = p->plan.first;
	w->top = 0;
	w->judged = 0;
}

static void look_at(struct sonde_watch *w, enum sonde_watch_view view)
{
	w->view = (uint8_t)view;
	w->top = 0;
	w->judged = 0;
}

static void sort_by_next(struct sonde_watch *w)
{
	const char *order = sonde_watch_order(w), *now = w->sort ? strchr(order, w->sort) : NULL;

	w->sort = now ? now[1] : order[0]; /* behind the last one: by hops again */
}

static void take_set(struct sonde_watch *w, uint8_t set)
{
	w->set = set;
	if (w->sort && !strchr(sonde_watch_order(w), w->sort))
		w->sort = 0;
}

static void next_set(struct sonde_watch *w)
{
	unsigned n = *w->own ? SONDE_WATCH_SETS + 1 : SONDE_WATCH_SETS;

	take_set(w, (uint8_t)((w->set + 1) % n));
}

static void toggle_jitter(struct sonde_watch *w)
{
	if (w->set == JITTER) {
		take_set(w, w->back == JITTER ? USUAL : w->back);
	} else {
		w->back = w->set;
		take_set(w, JITTER);
	}
}

static enum sonde_watch_wish pause_or_not(struct sonde_watch *w, bool paused)
{
	if (w->paused == paused)
		return SONDE_WATCH_NOTHING;
	w->paused = paused;
	return SONDE_WATCH_PAUSED;
}

static enum sonde_watch_wish change_interval(struct sonde_watch *w, bool longer)
{
	unsigned i = 0;

	if (longer)
		while (i < INTERVALS - 1 && intervals[i] <= w->interval)
			i++;
	else
		for (unsigned k = 0; k < INTERVALS; k++)
			i = intervals[k] < w->interval ? k : i;
	if (longer ? intervals[i] <= w->interval : intervals[i] >= w->interval)
		return SONDE_WATCH_NOTHING;
	w->interval = intervals[i];
	return SONDE_WATCH_INTERVAL;
}

/* A line is being typed: an order of columns. */
static void type(struct sonde_watch *w, int key)
{
	char order[SONDE_HOP_FIELDS + 1], wrong = 0;

	if (key == SONDE_KEY_ESCAPE) {
		w->typing = false;
	} else if (key == SONDE_KEY_BACKSPACE) {
		w->n_typed -= w->n_typed > 0;
	} else if (key >= ' ' && key < SONDE_KEY_BACKSPACE) {
		if (w->n_typed < SONDE_WATCH_TYPED - 1)
			w->typed[w->n_typed++] = (char)key;
	} else if (key == SONDE_KEY_ENTER) {
		w->typing = false;
		w->typed[w->n_typed] = 0;
		switch (sonde_hop_order(order, w->typed, &wrong)) {
		case SONDE_HOP_ORDER_FITS:
			memcpy(w->own, order, sizeof order);
			take_set(w, SONDE_WATCH_SETS);
			break;
		case SONDE_HOP_ORDER_EMPTY: break;
		case SONDE_HOP_ORDER_MANY: say(w, "these are too many columns"); break;
		case SONDE_HOP_ORDER_LETTER:
			say(w, "there is no column  ; h lists them");
			w->said[strlen("there is no column ")] = wrong;
			break;
		}
	}
}

/* Keys that choose what is seen; false: it is none of them. */
static bool move(struct sonde_watch *w, const struct sonde_trace *p, int key)
{
	bool table = w->view == SONDE_WATCH_TABLE;
	int page = w->page > 1 ? (int)w->page - 1 : 1;

	switch (key) {
	case SONDE_KEY_UP: go(w, p, -1, w->view != SONDE_WATCH_HELP); break;
	case SONDE_KEY_DOWN: go(w, p, 1, w->view != SONDE_WATCH_HELP); break;
	case SONDE_KEY_HOME: choose(w, p, -SONDE_TRACE_MOST); break;
	case SONDE_KEY_END: choose(w, p, SONDE_TRACE_MOST); break;
	case SONDE_KEY_PAGE_UP: go(w, p, -page, table); break;
	case SONDE_KEY_PAGE_DOWN: go(w, p, page, table); break;
	case SONDE_KEY_TAB: turn(w, p, 1); break;
	case SONDE_KEY_BACK_TAB: turn(w, p, p->survey.n - 1); break;
	case SONDE_KEY_ENTER: look_at(w, table ? SONDE_WATCH_HOP : SONDE_WATCH_TABLE); break;
	case SONDE_KEY_ESCAPE:
	case SONDE_KEY_LEFT: look_at(w, SONDE_WATCH_TABLE); break;
	case SONDE_KEY_RIGHT: look_at(w, SONDE_WATCH_HOP); break;
	case 'h':
	case '?':
		look_at(w, w->view == SONDE_WATCH_HELP ? SONDE_WATCH_TABLE : SONDE_WATCH_HELP);
		break;
	default: return false;
	}
	return true;
}

enum sonde_watch_wish sonde_watch_press(struct sonde_watch *w, const struct sonde_trace *p, int key)
{
	memset(w->said, 0, sizeof w->said);
	if (key == 'L' - '@' || key == SONDE_KEY_RESIZE) /* Ctrl-L */
		return SONDE_WATCH_RENEW;
	if (w->typing) {
		type(w, key);
		return SONDE_WATCH_NOTHING;
	}
	if (move(w, p, key))
		return SONDE_WATCH_NOTHING;
	switch (key) {
	case 'q': return SONDE_WATCH_QUIT;
	case 'p': return pause_or_not(w, true);
	case ' ': return pause_or_not(w, false);
	case '+': return change_interval(w, true);
	case '-': return change_interval(w, false);
	case 'r':
		w->judged = 0;
		say(w, "statistics begin anew");
		return SONDE_WATCH_RESET;
	case 'n': w->names = !w->names; return SONDE_WATCH_NAMES;
	case 'd': next_set(w); break;
	case 'j': toggle_jitter(w); break;
	case 's':
	case '>': sort_by_next(w); break;
	case 'o':
		w->typing = true;
		w->n_typed = 0;
		break;
	}
	return SONDE_WATCH_NOTHING;
}

void sonde_watch_fit(struct sonde_watch *w, const struct sonde_watch_page *page, unsigned lines,
		     unsigned room)
{
	unsigned body = lines > page->fixed ? lines - page->fixed : 0;

	w->page = room > page->fixed ? room - page->fixed : 1;
	if (page->marked >= (int)page->fixed) {
		unsigned at = (unsigned)page->marked - page->fixed;

		w->top = at < w->top ? at : w->top;
		w->top = at >= w->top + w->page ? at - w->page + 1 : w->top;
	}
	if (w->top + w->page > body)
		w->top = body > w->page ? body - w->page : 0;
}
