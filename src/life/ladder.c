#include "life/ladder.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "life/index.h"
#include "life/rung.h"
#include "life/words.h"

enum { READERS = 4 }; /* of a group that are drawn */

static int by_time(const void *a, const void *b)
{
	const struct sonde_rung *x = a, *y = b;

	return x->when != y->when ? (x->when < y->when ? -1 : 1) : x->order < y->order ? -1 : 1;
}

/* A row under construction. */
struct row {
	struct sonde_cell *cell;
	sonde_ns when;
	uint8_t last; /* place of the last mark */
	bool crosses; /* an arrow stands in it */
	int way;      /* 1: to the right, -1: to the left, 0: not yet known */
};

/* Whether the mark goes on where the row is: further along its way, soon enough. */
static bool continues(const struct row *r, const struct sonde_rung *m)
{
	int step = m->place > r->last ? 1 : -1;

	if (!r->cell || m->when - r->when > 20 * SONDE_MICROSECOND || m->place == r->last)
		return false;
	if ((r->way && r->way != step) || (m->arrow && m->right != (step > 0)))
		return false;
	return m->arrow || r->crosses ||
	       (r->last > SONDE_RUNG_WIRE) == (m->place > SONDE_RUNG_WIRE);
}

static const char *tenths(struct sonde_rungs *d, sonde_ns when)
{
	int64_t ns = (int64_t)(when - d->zero), v = (ns < 0 ? -ns : ns) / 100;

	return sonde_arena_print(d->arena, "%s%lld.%lld", ns < 0 && v ? "-" : "",
				 (long long)(v / 10), (long long)(v % 10));
}

/* Which column of the grid each place has, -1: none. */
static void choose_columns(struct sonde_rungs *d, struct sonde_grid *g,
			   int column[SONDE_RUNG_PLACES])
{
	static const char *const title[3][SONDE_RUNG_PLACES] = {
		{ "client app", "client TCP", "wire", "server TCP", "server app" },
		{ "sender app", "sender queue", "wire", "receiver queue", "receiver app" },
		{ "client app", "client socket", "in the kernel", "server socket", "server app" },
	};
	static const char *const unix_datagram[] = { "sender app", "sender socket", "in the kernel",
						     "receiver socket", "receiver app" };
	static const char *const brief[3][SONDE_RUNG_PLACES] = {
		{ "client", "TCP", "wire", "TCP", "server" },
		{ "sender", "queue", "wire", "queue", "receiver" },
		{ NULL, "socket", "kernel", "socket", NULL },
	};
	const char *const *names = d->is_unix	 ? (d->datagram ? unix_datagram : title[2])
				   : d->datagram ? title[1]
						 : title[0];
	struct sonde_grid_column col[SONDE_RUNG_PLACES + 1] = { { .title = "us",
								  .align = SONDE_ALIGN_RIGHT } };
	unsigned n = 1;

	for (unsigned p = 0; p < SONDE_RUNG_PLACES; p++) {
		bool far = p > SONDE_RUNG_WIRE, used = p == SONDE_RUNG_WIRE || d->end[far];

		if (d->is_unix && used && (p == SONDE_RUNG_KERNEL || p == SONDE_RUNG_FAR_KERNEL)) {
			used = false; /* only if there is something to say */
			for (size_t i = 0; i < d->marks; i++)
				used |= d->mark[i].place == p;
		}
		column[p] = used ? (int)n : -1;
		if (!used)
			continue;
		col[n++] = (struct sonde_grid_column){
			.title = names[p],
			.brief = brief[d->is_unix ? 2 : d->datagram][p],
			.weight = p == SONDE_RUNG_WIRE ? 2 : 1,
			.least = p == SONDE_RUNG_WIRE				  ? 12
				 : p == SONDE_RUNG_APP || p == SONDE_RUNG_FAR_APP ? 8
										  : 7,
			.fill = p == SONDE_RUNG_WIRE,
			.most = p == SONDE_RUNG_WIRE ? 34 : 26,
		};
	}
	sonde_grid_init(g, d->arena, col, n);
}

static void fill_rows(struct sonde_rungs *d, struct sonde_grid *g,
		      const int column[SONDE_RUNG_PLACES], const sonde_ns gap[2], size_t rows)
{
	struct row row = { 0 };
	size_t first = g->rows, hidden = 0, kept;
	bool said = gap[0] > gap[1];

	for (size_t i = 0; i < d->marks; i++) {
		const struct sonde_rung *m = &d->mark[i];

		if (column[m->place] < 0)
			continue;
		if (gap[0] <= gap[1] && m->when > gap[0] && m->when < gap[1])
			continue;
		if (!said && m->when >= gap[1]) {
			sonde_grid_wide(g, SONDE_PAINT_WARN, 4,
					"    … more happened here than is kept for a ladder …");
			said = true;
			row.cell = NULL;
		}
		if (!continues(&row, m)) {
			row = (struct row){ .cell = sonde_grid_row(g), .when = m->when };
			row.cell[0] = (struct sonde_cell){ .text = tenths(d, m->when),
							   .paint = SONDE_PAINT_FAINT };
		} else {
			row.way = m->place > row.last ? 1 : -1;
		}
		if (m->arrow) {
			row.way = m->right ? 1 : -1;
			row.crosses = true;
		}
		row.last = m->place;
		row.cell[column[m->place]] = m->cell;
	}
	if (!said)
		sonde_grid_wide(g, SONDE_PAINT_WARN, 4,
				"    … more happened here than is kept for a ladder …");
	rows = rows ? (rows < 8 ? 8 : rows) : 120;
	kept = g->rows - first;
	if (kept <= rows)
		return;
	/* the beginning and the end tell most */
	hidden = kept - rows + 1;
	g->row[first + rows * 2 / 3] = (struct sonde_grid_row){
		.wide = true,
		.indent = 4,
		.cell = sonde_arena_take(d->arena, sizeof(struct sonde_cell)),
	};
	g->row[first + rows * 2 / 3].cell->paint = SONDE_PAINT_WARN;
	g->row[first + rows * 2 / 3].cell->text =
		sonde_arena_print(d->arena, "    … %zu rows left out …", hidden);
	memmove(&g->row[first + rows * 2 / 3 + 1], &g->row[first + rows * 2 / 3 + hidden],
		(kept - rows * 2 / 3 - hidden) * sizeof *g->row);
	g->rows = first + rows;
}

static void put_endpoint(struct sonde_rungs *d, struct sonde_text *t,
			 const struct sonde_endpoint *e, const struct sonde_endpoint *other)
{
	size_t before;

	sonde_text_print(t, "#%u ", e->sid);
	sonde_words_owner(t, e);
	sonde_text_str(t, " ");
	before = t->len;
	sonde_words_local(t, e);
	if (t->len == before)
		t->len--;
	if (e->netns &&
	    (sonde_life_netns(d->life, e->netns) || (other && other->netns != e->netns))) {
		sonde_text_str(t, " in ");
		sonde_words_netns(t, d->life, e->netns);
	}
}

static const char *group_word(const struct sonde_address *a)
{
	return a->family != AF_INET || (a->ip[0] & 0xf0) == 0xe0 ? "multicast" : "broadcast";
}

/* Where datagrams to many go, and who of those that are followed read them. */
static void put_group(struct sonde_rungs *d, struct sonde_text *t, const struct sonde_flow *f)
{
	sonde_text_end(t, sonde_put_address(sonde_text_room(t, 80), &f->to));
	sonde_text_print(t, " (%s), %s", group_word(&f->to),
			 f->readers ? "read by " : "no reader seen");
	for (uint32_t i = 0; i < f->readers; i++) {
		if (i == READERS) {
			sonde_text_print(t, " and %u more, not drawn", f->readers - i);
			break;
		}
		sonde_text_str(t, i ? ", " : "");
		put_endpoint(d, t, sonde_life_endpoint(d->life, f->reader[i]), d->end[0]);
	}
}

static void put_end(struct sonde_rungs *d, struct sonde_text *t, unsigned side)
{
	const struct sonde_connection *c = d->what->connection;
	const struct sonde_flow *f = d->what->flow;
	const struct sonde_address *a = c ? (side ? &c->to : &c->from) : side ? &f->to : &f->from;

	if (side && f && f->group) {
		put_group(d, t, f);
		return;
	}
	if (d->end[side]) {
		put_endpoint(d, t, d->end[side], d->end[!side]);
		return;
	}
	if (a->family)
		sonde_text_end(t, sonde_put_address(sonde_text_room(t, 80), a));
	else if (side && f && f->path.len)
		sonde_words_path(t, f->path);
	else
		sonde_text_str(t, "somebody");
	sonde_text_str(t, " (not followed)");
}

static void put_head(struct sonde_rungs *d, struct sonde_grid *g)
{
	const char *kind = sonde_kind_name(d->what->connection ? d->what->connection->kind
							       : d->what->flow->kind);
	struct sonde_phrase p;
	struct sonde_text *t = sonde_phrase_begin(&p);
	char stamp[64];

	sonde_text_print(t, "%s: ", kind);
	put_end(d, t, 0);
	sonde_text_str(t, " → ");
	put_end(d, t, 1);
	if (d->listener)
		sonde_text_print(t, ", from listener #%u, marked *", d->listener->sid);
	sonde_grid_wide(g, SONDE_PAINT_TITLE, 4, sonde_phrase_end(&p, d->arena));
	*sonde_words_stamp(stamp, (int64_t)(d->zero - d->life->began)) = 0;
	sonde_grid_wide(g, SONDE_PAINT_FAINT, 4,
			sonde_arena_print(d->arena, "time 0 is %s s into the run", stamp));
}

static void put_tail(struct sonde_rungs *d, struct sonde_grid *g)
{
	for (unsigned side = 0; side < 2; side++) {
		const struct sonde_endpoint *e = d->end[side];
		struct sonde_phrase p;

		if (!e || !e->cause || d->datagram)
			continue;
		sonde_text_print(sonde_phrase_begin(&p), "#%u ended: ", e->sid);
		sonde_words_end(&p.text, e, " (inferred)");
		sonde_grid_wide(g, SONDE_PAINT_FAINT, 4, sonde_phrase_end(&p, d->arena));
	}
	if (d->inferred)
		sonde_grid_wide(g, SONDE_PAINT_FAINT, 4, "?: concluded, not seen");
}

/* The client's socket call is time 0; else the first thing that is known of the conversation. */
static void find_zero(struct sonde_rungs *d)
{
	const struct sonde_endpoint *e = d->end[0] ? d->end[0] : d->end[1];
	sonde_ns opened = e ? e->opened : 0;

	d->zero = d->marks ? d->mark[0].when : opened;
	if (!opened)
		return;
	for (size_t i = 0; i < d->marks; i++)
		if (d->mark[i].place == (d->end[0] ? SONDE_RUNG_APP : SONDE_RUNG_FAR_APP) &&
		    d->mark[i].when <= opened &&
		    !(d->mark[i].cell.text && strchr(d->mark[i].cell.text, '*'))) {
			d->zero = d->mark[i].when;
			return;
		}
	d->zero = opened;
}

/* Of a group each that read has its steps on the far side. */
static void collect_far(struct sonde_rungs *d, const struct sonde_story *story, sonde_ns gap[2])
{
	const struct sonde_flow *f = d->what->flow;
	struct sonde_rung_side side = { .of = d->end[1], .far = true, .lead = "" };

	for (uint32_t i = 0; f && f->readers > 1 && i < f->readers && i < READERS; i++) {
		side.of = sonde_life_endpoint(d->life, f->reader[i]);
		side.lead = sonde_arena_print(d->arena, "#%u ", f->reader[i]);
		sonde_rungs_collect(d, story, &side, gap);
	}
	if (side.of && !*side.lead)
		sonde_rungs_collect(d, story, &side, gap);
}

void sonde_ladder_draw(struct sonde_grid *ret, struct sonde_arena *arena,
		       const struct sonde_life *life, const struct sonde_story *story,
		       const struct sonde_ladder *ladder, size_t rows)
{
	const struct sonde_connection *c = ladder->connection;
	const struct sonde_flow *f = ladder->flow;
	unsigned kind = c ? c->kind : f->kind;
	struct sonde_rungs d = { .arena = arena, .life = life, .what = ladder, .datagram = !c };
	struct sonde_rung_side side = { .far = true, .listener = true, .lead = "" };
	sonde_ns gap[2] = { UINT64_MAX, 0 };
	int column[SONDE_RUNG_PLACES];

	d.is_unix = sonde_kind_is_unix(kind);
	d.end[0] = sonde_life_endpoint(life, c ? c->client : f->sender);
	d.end[1] = sonde_life_endpoint(life, c ? c->server : f->receiver);
	side.of = d.listener = c ? sonde_life_endpoint(life, c->listener) : NULL;
	if (side.of)
		sonde_rungs_collect(&d, story, &side, gap);
	gap[0] = UINT64_MAX; /* of a listener only the beginning is wanted */
	gap[1] = 0;
	side = (struct sonde_rung_side){ .of = d.end[0], .lead = "" };
	if (side.of)
		sonde_rungs_collect(&d, story, &side, gap);
	collect_far(&d, story, gap);
	if (d.marks)
		qsort(d.mark, d.marks, sizeof *d.mark, by_time);
	find_zero(&d);
	choose_columns(&d, ret, column);
	put_head(&d, ret);
	fill_rows(&d, ret, column, gap, rows);
	put_tail(&d, ret);
}

/* Of the flows, which goes from whom to whom. */
static uint64_t ways(uint32_t sender, uint32_t receiver)
{
	return (uint64_t)sender << 32 | receiver;
}

/* What a connection with message boundaries sends stands in the connection's ladder. */
static bool is_of_connection(const struct sonde_life *life, const struct sonde_flow *f)
{
	const struct sonde_endpoint *e =
		sonde_life_endpoint(life, f->sender ? f->sender : f->receiver);

	return sonde_kind_is_stream(f->kind) && e && e->connection;
}

size_t sonde_ladder_list(const struct sonde_life *life, struct sonde_arena *scratch,
			 struct sonde_ladder *ret, size_t most, size_t *ret_left)
{
	struct sonde_index first = { 0 }; /* ladder of these two ends */
	struct sonde_ladder beyond = { 0 };
	size_t n = 0, c = 0;

	*ret_left = 0;
	for (size_t f = 0; f < life->flows || c < life->connections;) {
		struct sonde_flow *flow = f < life->flows ? life->flow[f] : NULL;
		const struct sonde_connection *stream =
			c < life->connections ? life->connection[c] : NULL;
		struct sonde_ladder l = { .connection = stream }, *forth = NULL;

		if (stream && (!flow || stream->opened <= flow->first)) {
			c++;
		} else {
			f++;
			if (is_of_connection(life, flow))
				continue;
			if (flow->sender && flow->receiver)
				forth = sonde_index_get(&first, ways(flow->receiver, flow->sender));
			if (forth && !forth->back) { /* stands in the other's ladder */
				forth->back = forth == &beyond ? NULL : flow;
				continue;
			}
			l = (struct sonde_ladder){ .flow = flow };
		}
		if (l.flow && flow->sender && flow->receiver)
			sonde_index_put(&first, scratch, ways(flow->sender, flow->receiver),
					n < most ? &ret[n] : &beyond);
		if (n < most)
			ret[n++] = l;
		else
			++*ret_left;
	}
	return n;
}
