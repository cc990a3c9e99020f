/* What is to be seen of a trace that somebody watches. */
#include <string.h>

#include "probe/rewrite.h"
#include "probe/say_value.h"
#include "probe/watch.h"

enum { LINE = 1024 }; /* bytes that are longer than any sentence here; what is beyond is dropped */

#define JUDGE_EVERY SONDE_SECOND

/* A sentence that is being written: its text is taken with keep. */
struct line {
	char buf[LINE];
	struct sonde_text text;
};

static struct sonde_text *begin(struct line *l)
{
	sonde_text_init(&l->text, l->buf, sizeof l->buf, NULL, NULL);
	return &l->text;
}

static const char *keep(struct line *l, struct sonde_arena *a)
{
	return sonde_arena_string(a, l->text.at, l->text.len);
}

/* A row of two: what it is, and what is to be said of it. */
static void put(struct sonde_grid *g, const char *label, const char *text)
{
	struct sonde_cell *c = sonde_grid_row(g);

	c[0] = (struct sonde_cell){ .text = label, .paint = SONDE_PAINT_FAINT };
	c[1].text = text;
}

static void begin_sheet(struct sonde_grid *g, struct sonde_arena *a)
{
	static const struct sonde_grid_column columns[] = {
		{ .align = SONDE_ALIGN_LEFT, .least = 12 },
		{ .align = SONDE_ALIGN_LEFT, .least = 20, .weight = 1, .wrap = true },
	};

	sonde_grid_init(g, a, columns, sizeof columns / sizeof *columns);
}

/* ---- one hop ---- */

static void put_who(const struct sonde_trace_hop *hop, const struct sonde_say_path_look *look,
		    struct sonde_grid *g)
{
	struct line l;

	for (unsigned i = 0; i < hop->n_who; i++) {
		sonde_say_path_who(begin(&l), &hop->who[i].address, look);
		sonde_text_print(&l.text, ": %llu answer%s", (unsigned long long)hop->who[i].n,
				 hop->who[i].n == 1 ? "" : "s");
		put(g, i ? "" : "answered by", keep(&l, g->arena));
	}
	if (hop->more_who)
		put(g, "", "and more than are remembered");
	if (!hop->n_who)
		put(g, "answered by", "nobody so far");
}

static void put_counts(const struct sonde_hop_record *r, struct sonde_grid *g)
{
	const struct {
		uint64_t n;
		const char *what;
	} odd[] = {
		{ r->late, "of the lost, answered later" },
		{ r->duplicates, "further answers" },
		{ r->corrupted, "answers that were not what was sent" },
		{ r->spoofed, "answers without the secret" },
		{ r->local_errors, "probes that never left" },
	};
	struct line l;

	sonde_text_print(begin(&l), "%llu sent, %llu received, %llu lost",
			 (unsigned long long)r->sent, (unsigned long long)r->received,
			 (unsigned long long)r->lost);
	if (r->loss_ppm != SONDE_ABSENT) {
		sonde_text_str(&l.text, " (");
		sonde_say_percent(&l.text, r->loss_ppm);
		sonde_text_str(&l.text, ")");
	}
	if (r->pending)
		sonde_text_print(&l.text, ", %llu out", (unsigned long long)r->pending);
	put(g, "probes", keep(&l, g->arena));
	for (unsigned i = 0; i < sizeof odd / sizeof *odd; i++) {
		if (!odd[i].n)
			continue;
		sonde_text_print(begin(&l), "%llu %s", (unsigned long long)odd[i].n, odd[i].what);
		put(g, "", keep(&l, g->arena));
	}
	if (r->last_error)
		put(g, "", r->last_error);
}

static void put_times(const struct sonde_hop_record *r, struct sonde_grid *g)
{
	const struct {
		const char *label, *letters;
	} rows[] = { { "round trips", "NBAWV" }, { "percentiles", "59P" }, { "jitter", "JMXI" } };
	struct line l;

	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		begin(&l);
		for (const char *at = rows[i].letters; *at; at++) {
			const struct sonde_hop_field *f = sonde_hop_field(*at);
			uint64_t v = sonde_hop_field_value(f, r);

			sonde_text_print(&l.text, "%s%s ", l.text.len ? ", " : "",
					 f->brief ? f->brief : f->title);
			if (v == SONDE_ABSENT)
				sonde_text_str(&l.text, "-");
			else
				f->say(&l.text, v);
		}
		sonde_text_str(&l.text, " ms");
		put(g, rows[i].label, keep(&l, g->arena));
	}
	if (r->clock) {
		sonde_text_print(begin(&l), "%s stamps", r->clock);
		put(g, "clock", keep(&l, g->arena));
	}
}

static void say_limit(struct sonde_text *t, const struct sonde_limit_fit *f)
{
	sonde_text_print(t, "limited: it answers %.3g times a second at most", f->rate);
	if (f->burst)
		sonde_text_print(t, ", %u at once", f->burst);
	sonde_text_print(t, "; that is no loss. Of the last %u probes %u have no answer", f->n,
			 f->missing);
}

/* The verdict with its reason. */
static void say_blame(struct sonde_text *t, const struct sonde_trace_verdict *v)
{
	const struct sonde_blame_hop *b = &v->blame;

	switch (b->verdict) {
	case SONDE_BLAME_NONE: sonde_text_str(t, "nothing is missing"); return;
	case SONDE_BLAME_LIMITED: say_limit(t, &v->limit); return;
	case SONDE_BLAME_SILENT:
		sonde_text_str(t, "silent: it never answers, but later hops do");
		return;
	case SONDE_BLAME_DARK: sonde_text_str(t, "dark: nothing from here on answers"); return;
	case SONDE_BLAME_ANSWERS:
		sonde_text_print(t,
				 "its own answers: %u of %u are missing, and later hops lose "
				 "less%s",
				 b->lost, b->sent, b->sure ? "" : "; that may be chance");
		break;
	case SONDE_BLAME_WAY:
	case SONDE_BLAME_END:
		sonde_text_print(t, "%s: %u of %u are lost%s",
				 b->verdict == SONDE_BLAME_WAY ? "on the way there" : "end to end",
				 b->lost, b->sent,
				 b->begins ? ", and no earlier hop shares it"
					   : ", and earlier hops share it");
		break;
	default:
		sonde_text_str(t, "unclear: nothing was sent, or nobody behind it answers who "
				  "could bear witness");
		return;
	}
	sonde_text_print(t,
			 ". In %u rounds it was silent together with all later ones, in %u one "
			 "of them answered",
			 b->together, b->apart);
}

static void put_answer(const struct sonde_hop_record *r, struct sonde_grid *g)
{
	struct line l;

	if (!r->answer)
		return;
	sonde_text_str(begin(&l), r->answer);
	if (r->mark && *r->mark)
		sonde_text_print(&l.text, " (%s)", r->mark);
	if (r->back_ttl != SONDE_ABSENT)
		sonde_text_print(&l.text, "; came with ttl %llu, so perhaps over %llu hops",
				 (unsigned long long)r->back_ttl, (unsigned long long)r->back_hops);
	if (r->quoted_ttl != SONDE_ABSENT)
		sonde_text_print(&l.text, "; the probe had ttl %llu left there",
				 (unsigned long long)r->quoted_ttl);
	put(g, "last answer", keep(&l, g->arena));
	if (r->mtu != SONDE_ABSENT) {
		sonde_text_print(begin(&l), "%llu bytes on the next link",
				 (unsigned long long)r->mtu);
		put(g, "MTU", keep(&l, g->arena));
	}
}

static void put_seen(const struct sonde_trace_hop *hop, struct sonde_grid *g)
{
	struct line l;

	for (unsigned i = 0; i < hop->n_change; i++) {
		sonde_text_print(begin(&l), "%s, in %llu answers", hop->change[i].text,
				 (unsigned long long)hop->change[i].n);
		put(g, i ? "" : "changed", keep(&l, g->arena));
	}
	if (hop->nat)
		put(g, "translation", sonde_rewrite_nat_text(hop->nat));
	if (hop->extension)
		put(g, "extensions", hop->extension);
}

void sonde_watch_say_hop(const struct sonde_watch *w, const struct sonde_trace *p,
			 const struct sonde_say_path_look *look, struct sonde_grid *g)
{
	const struct sonde_trace_hop *hop = &p->host[w->host].hop[w->ttl - 1];
	struct sonde_trace_texts texts;
	struct sonde_hop_record r;
	struct line l;

	sonde_trace_hop(p, w->host, w->ttl, &w->verdict[w->ttl - 1], &r, &texts);
	sonde_text_print(begin(&l), "%llu of %u: %s", (unsigned long long)r.ttl,
			 sonde_trace_hops(p, w->host), r.status);
	put(g, "hop", keep(&l, g->arena));
	put_who(hop, look, g);
	put_counts(&r, g);
	say_blame(begin(&l), &w->verdict[w->ttl - 1]);
	put(g, "loss", keep(&l, g->arena));
	put_times(&r, g);
	put_answer(&r, g);
	put_seen(hop, g);
}

/* ---- help ---- */

static void say_help(struct sonde_grid *g)
{
	/* clang-format off */
	static const struct { const char *key, *what; } keys[] = {
		{ "q", "quit; the table is printed then" },
		{ "p, space", "pause: no more probes; resume" },
		{ "r", "statistics begin anew" },
		{ "up, down", "choose a hop; Page Up, Page Down, Home and End too" },
		{ "Enter", "all that is known of it, and back" },
		{ "d, j", "another set of columns; those of jitter" },
		{ "o", "type the letters of columns, in their order" },
		{ "s, >", "sort by the next column; behind the last one by hops" },
		{ "n", "names on and off" },
		{ "+, -", "longer and shorter interval" },
		{ "Tab", "the next target" },
		{ "h, ?", "this, and back" },
	};
	/* clang-format on */
	struct line l;

	for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++)
		put(g, keys[i].key, keys[i].what);
	for (const struct sonde_hop_field *f = sonde_hop_fields; f->letter; f++) {
		sonde_text_print(begin(&l), "%c %s: %s", f->letter, f->brief ? f->brief : f->title,
				 f->what);
		put(g, f == sonde_hop_fields ? "columns" : "", keep(&l, g->arena));
	}
}

/* ---- all hops ---- */

/* What is lost there is no loss on the path, or may be none. */
static enum sonde_paint paint_of(const struct sonde_trace_verdict *v)
{
	return v->blame.verdict >= SONDE_BLAME_WAY || v->blame.verdict == SONDE_BLAME_DARK
		       ? SONDE_PAINT_BAD
		       : SONDE_PAINT_WARN;
}

static const struct sonde_address *most_often(const struct sonde_trace_hop *hop)
{
	unsigned most = 0;

	for (unsigned i = 1; i < hop->n_who; i++)
		most = hop->who[i].n > hop->who[most].n ? i : most;
	return hop->n_who ? &hop->who[most].address : NULL;
}

static void say_table(const struct sonde_watch *w, const struct sonde_trace *p,
		      const struct sonde_say_path_look *look, struct sonde_watch_page *ret,
		      struct sonde_arena *a)
{
	const char *order = sonde_watch_order(w);
	uint8_t ttl[SONDE_TRACE_MOST];
	unsigned n = sonde_watch_hops(w, p, ttl);
	struct sonde_trace_texts texts;
	struct sonde_hop_record r;
	struct line l;

	sonde_hop_table(&ret->grid, a, order);
	ret->fixed = 1;
	for (unsigned i = 0; i < n; i++) {
		const struct sonde_trace_hop *hop = &p->host[w->host].hop[ttl[i] - 1];
		const struct sonde_trace_verdict *v = &w->verdict[ttl[i] - 1];
		const struct sonde_address *who = most_often(hop);

		begin(&l);
		if (who)
			sonde_say_path_who(&l.text, who, look);
		else
			sonde_text_str(&l.text, "*");
		if (hop->n_who > 1)
			sonde_text_print(&l.text, " and %u more", hop->n_who - 1u);
		if (v->blame.verdict == SONDE_BLAME_LIMITED)
			sonde_text_str(&l.text, ", limited");
		sonde_trace_hop(p, w->host, ttl[i], NULL, &r, &texts);
		sonde_hop_table_row(&ret->grid, order, &r, keep(&l, a), paint_of(v));
		if (ttl[i] == w->ttl)
			ret->marked = (int)(1 + i);
	}
	if (!n)
		sonde_grid_wide(&ret->grid, SONDE_PAINT_FAINT, 0, "no probe has left yet");
}

/* ---- the page ---- */

static const char *say_title(const struct sonde_watch *w, const struct sonde_trace *p,
			     struct sonde_arena *a)
{
	const struct sonde_survey *s = &p->survey;
	char text[64];
	struct line l;

	sonde_say_name(begin(&l), s->name[w->host]);
	sonde_survey_put_host(text, &s->to[w->host]);
	if (strcmp(text, s->name[w->host]))
		sonde_text_print(&l.text, " (%s)", text);
	if (w->paused)
		sonde_text_str(&l.text, ": paused,");
	sonde_text_print(&l.text, "%s round %llu, every %.3g s", w->paused ? "" : ":",
			 (unsigned long long)p->round + 1,
			 (double)w->interval / (double)SONDE_SECOND);
	if (w->sort) {
		const struct sonde_hop_field *f = sonde_hop_field(w->sort);

		sonde_text_print(&l.text, ", by %s", f->brief ? f->brief : f->title);
	}
	if (s->n > 1)
		sonde_text_print(&l.text, "; target %u of %u", w->host + 1, s->n);
	return keep(&l, a);
}

static const char *say_status(const struct sonde_watch *w, struct sonde_arena *a)
{
	struct line l;

	if (w->typing) {
		sonde_text_str(begin(&l), "columns: ");
		sonde_text_escape(&l.text, w->typed, w->n_typed);
		sonde_text_str(&l.text, "_");
		return keep(&l, a);
	}
	if (*w->said)
		return sonde_arena_string(a, w->said, strlen(w->said));
	return "q quit  ? help  p pause  r reset  Enter hop  d o columns  s sort  n names  "
	       "+ - interval";
}

static void judge(struct sonde_watch *w, const struct sonde_trace *p, sonde_ns now)
{
	if (w->judged && w->judged_host == w->host && now < w->judged + JUDGE_EVERY)
		return;
	memset(w->verdict, 0, sizeof w->verdict);
	sonde_trace_judge(p, w->host, w->verdict);
	w->judged_host = w->host;
	w->judged = now;
}

void sonde_watch_show(struct sonde_watch *w, const struct sonde_trace *p,
		      const struct sonde_say_path_look *look, struct sonde_arena *a, sonde_ns now,
		      struct sonde_watch_page *ret)
{
	unsigned hops = sonde_trace_hops(p, w->host);

	w->ttl = hops >= p->plan.first && w->ttl > hops ? hops : w->ttl; /* the path is shorter */
	judge(w, p, now);
	*ret = (struct sonde_watch_page){ .title = say_title(w, p, a),
					  .status = say_status(w, a),
					  .marked = -1 };
	if (w->view == SONDE_WATCH_TABLE) {
		say_table(w, p, look, ret, a);
		return;
	}
	begin_sheet(&ret->grid, a);
	if (w->view == SONDE_WATCH_HOP)
		sonde_watch_say_hop(w, p, look, &ret->grid);
	else
		say_help(&ret->grid);
}
