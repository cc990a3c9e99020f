#include "life/ladder.h"

#include <netinet/in.h>
#include <stdlib.h>

#include "life/words.h"
#include "packet/tuple.h"

enum { APP, KERNEL, WIRE, FAR_KERNEL, FAR_APP, PLACES }; /* from the client to the server */

/* One thing to be drawn at one place. */
struct mark {
	sonde_ns when;
	size_t order; /* of equal times */
	struct sonde_cell cell;
	uint8_t place;
	bool arrow, right;
};

/* The ladder at hand. */
struct draw {
	struct sonde_arena *arena;
	const struct sonde_life *life;
	const struct sonde_ladder *what;
	const struct sonde_endpoint *end[2]; /* client or sender, server or receiver; NULL: unseen */
	const struct sonde_endpoint *listener;
	bool is_unix, datagram;
	struct mark *mark;
	size_t marks, room;
	sonde_ns zero;
};

static void add(struct draw *d, sonde_ns when, unsigned place, enum sonde_paint paint,
		const char *text, const char *brief)
{
	if (d->marks == d->room) {
		size_t more = d->room ? d->room : 64;

		d->mark = sonde_arena_grow(d->arena, d->mark, d->marks, more, sizeof *d->mark);
		d->room += more;
	}
	d->mark[d->marks] = (struct mark){
		.when = when,
		.order = d->marks,
		.cell = { .text = text, .brief = brief, .paint = (uint8_t)paint },
		.place = (uint8_t)place,
	};
	d->marks++;
}

static void add_arrow(struct draw *d, sonde_ns when, bool right, bool lost,
		      enum sonde_paint paint, const char *text, const char *brief)
{
	struct mark *m;

	add(d, when, WIRE, lost ? SONDE_PAINT_BAD : paint, text, brief);
	m = &d->mark[d->marks - 1];
	m->arrow = true;
	m->right = right;
	m->cell.shape = lost ? (right ? SONDE_CELL_RIGHT_LOST : SONDE_CELL_LEFT_LOST)
			     : (right ? SONDE_CELL_RIGHT : SONDE_CELL_LEFT);
}

/* The same for a narrow column, without the variant: "recv" for recvfrom and recvmsg. */
static const char *call_brief(unsigned call)
{
	switch (call) {
	case SONDE_CALL_SENDTO:
	case SONDE_CALL_SENDMSG:
	case SONDE_CALL_SENDMMSG: return "send";
	case SONDE_CALL_RECVFROM:
	case SONDE_CALL_RECVMSG:
	case SONDE_CALL_RECVMMSG: return "recv";
	case SONDE_CALL_ACCEPT4: return "accept";
	default: return sonde_call_name(call);
	}
}

/* "sendto 14 B", "connect = 0", "bind EADDRINUSE". */
static const char *call_text(struct draw *d, const struct sonde_story_step *s, bool brief)
{
	static const char *const how[] = { "receive", "send", "both" };
	const char *name = brief ? call_brief(s->call) : sonde_call_name(s->call);
	enum sonde_call_class class = sonde_call_class(s->call);
	struct sonde_phrase p;
	struct sonde_text *t = sonde_phrase_begin(&p);

	sonde_text_str(t, name);
	if (s->ret < 0) {
		sonde_text_str(t, " ");
		sonde_words_errno(t, (int)-s->ret);
	} else if (s->call == SONDE_CALL_SHUTDOWN) {
		sonde_text_print(t, " %s", s->arg >= 0 && s->arg < 3 ? how[s->arg] : "?");
	} else if (class == SONDE_CALL_SEND || (class == SONDE_CALL_RECV && (s->bytes || d->datagram))) {
		sonde_text_print(t, brief ? " %llu" : " %llu B", (unsigned long long)s->bytes);
	} else if (class == SONDE_CALL_RECV) {
		sonde_text_str(t, brief ? " 0" : " = 0, end");
	} else if (brief) {
		;
	} else if (s->call == SONDE_CALL_SOCKET || s->call == SONDE_CALL_ACCEPT ||
		   s->call == SONDE_CALL_ACCEPT4 || s->call == SONDE_CALL_SOCKETPAIR) {
		sonde_text_print(t, " = %lld", (long long)s->ret);
	} else if (s->call == SONDE_CALL_CONNECT) {
		sonde_text_str(t, " = 0");
	}
	return sonde_phrase_end(&p, d->arena);
}

/* Whether something else happened while the call lasted, so that its waiting is worth a row. */
static bool waited(const struct sonde_story_step *s, const struct mark *mark, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (mark[i].when > s->when && mark[i].when < s->until)
			return true;
	return false;
}

static bool at_return(const struct sonde_story_step *s)
{
	return sonde_call_class(s->call) == SONDE_CALL_RECV || s->call == SONDE_CALL_CONNECT ||
	       s->call == SONDE_CALL_ACCEPT || s->call == SONDE_CALL_ACCEPT4;
}

static void draw_call(struct draw *d, const struct sonde_story_step *s, bool far, bool listener)
{
	const char *text = call_text(d, s, false), *brief = call_text(d, s, true);
	unsigned place = far ? FAR_APP : APP;

	if (listener)
		text = sonde_arena_print(d->arena, "%s *", text);
	add(d, at_return(s) ? s->until : s->when, place,
	    s->ret < 0 ? SONDE_PAINT_BAD : SONDE_PAINT_CALL, text, brief);
	if (d->is_unix && s->ret > 0 && sonde_call_class(s->call) == SONDE_CALL_SEND)
		add_arrow(d, s->when, !far, false, SONDE_PAINT_WIRE,
			  sonde_arena_print(d->arena, "%llu B", (unsigned long long)s->bytes), NULL);
}

static void draw_waiting(struct draw *d, const struct sonde_story_step *s, size_t n, bool far)
{
	if (s->what != SONDE_STORY_CALL || !at_return(s) || !waited(s, d->mark, n))
		return;
	add(d, s->when, far ? FAR_APP : APP, SONDE_PAINT_FAINT,
	    sonde_arena_print(d->arena, "%s …", sonde_call_name(s->call)),
	    sonde_arena_print(d->arena, "%s …", call_brief(s->call)));
}

/* "PSH ACK 14 B", in brief as tcpdump has it: "P. 14". */
static void packet_text(struct draw *d, const struct sonde_story_step *s, const char **ret_text,
			const char **ret_brief)
{
	static const struct {
		uint16_t bit;
		char letter;
	} letters[] = { { 2, 'S' }, { 1, 'F' }, { 4, 'R' }, { 8, 'P' }, { 16, '.' } };
	char text[96], brief[64], *o = text, *b = brief;

	if (s->protocol == IPPROTO_TCP) {
		o = sonde_words_flags(o, s->flags);
		for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
			if (s->flags & letters[i].bit)
				*b++ = letters[i].letter;
	} else if (s->protocol == IPPROTO_ICMP || s->protocol == IPPROTO_ICMPV6) {
		o = sonde_put_str(o, "ICMP");
		b = sonde_put_str(b, "ICMP");
	} else {
		o = sonde_put_str(o, s->protocol == IPPROTO_UDP ? "UDP" : "IP");
	}
	if (s->bytes || s->protocol == IPPROTO_UDP) {
		if (b != brief)
			*b++ = ' ';
		b = sonde_put_dec(b, s->bytes);
		o = sonde_words_size(sonde_put_str(o, " "), s->bytes);
	}
	if (s->until > s->when + SONDE_MILLISECOND) {
		o = sonde_words_span(sonde_put_str(o, ", "), s->until - s->when);
		o = sonde_put_str(o, " on the way");
	}
	*ret_text = sonde_arena_string(d->arena, text, (size_t)(o - text));
	*ret_brief = sonde_arena_string(d->arena, brief, (size_t)(b - brief));
}

/* Why message n of the flow never was read, or NULL. */
static const struct sonde_loss *loss_of(const struct sonde_flow *f, uint64_t n)
{
	for (uint32_t i = 0; f && n && i < f->losses; i++)
		if (f->loss[i].first <= n && n <= f->loss[i].last &&
		    (f->loss[i].fate == SONDE_FATE_DROPPED || f->loss[i].fate == SONDE_FATE_REFUSED))
			return &f->loss[i];
	return NULL;
}

static const char *short_reason(const char *name)
{
	if (name && !strncmp(name, "SKB_DROP_REASON_", 16))
		name += 16;
	return name && !strcmp(name, "SOCKET_RCVBUFF") ? "queue full" : name;
}

static void draw_packet(struct draw *d, const struct sonde_story_step *s, bool right)
{
	const struct sonde_flow *f = d->what->flow && s->flow == d->what->flow->id ? d->what->flow
				     : d->what->back && s->flow == d->what->back->id
					     ? d->what->back
					     : NULL;
	const struct sonde_loss *loss = loss_of(f, s->message);
	const char *text, *brief;
	enum sonde_paint paint = s->flags & SONDE_TCP_RST ? SONDE_PAINT_BAD : SONDE_PAINT_WIRE;

	packet_text(d, s, &text, &brief);
	add_arrow(d, s->when, right, loss != NULL, paint, text, brief);
	if (loss) {
		const char *why = loss->fate == SONDE_FATE_REFUSED ? "refused"
								   : short_reason(loss->name);

		add(d, s->when, right ? FAR_KERNEL : KERNEL, SONDE_PAINT_BAD,
		    sonde_arena_print(d->arena, "× %s", why ? why : "dropped"), NULL);
	}
}

static void draw_step(struct draw *d, const struct sonde_story_step *s, bool far, bool listener)
{
	unsigned kernel = far ? FAR_KERNEL : KERNEL;
	const char *why;

	switch (s->what) {
	case SONDE_STORY_CALL: draw_call(d, s, far, listener); break;
	case SONDE_STORY_STATE:
		why = sonde_state_name(s->state);
		add(d, s->when, kernel, SONDE_PAINT_STATE,
		    listener ? sonde_arena_print(d->arena, "%s *", why) : why,
		    sonde_words_state_brief(s->state));
		break;
	case SONDE_STORY_PACKET: draw_packet(d, s, !far); break;
	case SONDE_STORY_ARRIVAL: draw_packet(d, s, far); break;
	case SONDE_STORY_DROP:
		if (d->datagram && s->message)
			break; /* drawn where the message is */
		why = short_reason(s->why);
		add(d, s->when, kernel, SONDE_PAINT_BAD,
		    sonde_arena_print(d->arena, "× %s", why ? why : "dropped"), NULL);
		break;
	case SONDE_STORY_RESET:
		why = sonde_words_reset_means((struct sonde_bytes){
			(const uint8_t *)s->why, s->why ? strlen(s->why) : 0 });
		add(d, s->when, kernel, SONDE_PAINT_BAD,
		    why ? sonde_arena_print(d->arena, "reset: %s", why) : "reset", "reset");
		break;
	case SONDE_STORY_RESET_IN: add(d, s->when, kernel, SONDE_PAINT_BAD, "reset came", "reset"); break;
	case SONDE_STORY_ERROR: {
		struct sonde_phrase p;

		sonde_words_errno(sonde_phrase_begin(&p), (int)-s->ret);
		add(d, s->when, kernel, SONDE_PAINT_BAD, sonde_phrase_end(&p, d->arena), NULL);
		break;
	}
	case SONDE_STORY_RELEASED:
		add(d, s->when, far ? FAR_APP : APP, SONDE_PAINT_CALL, "closed", NULL);
		break;
	default: break;
	}
}

/* Whether a step of this endpoint belongs into this ladder: its own conversation's, and what made
 * the socket. */
static bool belongs(const struct draw *d, const struct sonde_story_step *s, bool listener)
{
	if (listener)
		return s->what == SONDE_STORY_STATE ? s->state == SONDE_STATE_LISTEN
						    : s->what == SONDE_STORY_CALL &&
							      (s->call == SONDE_CALL_SOCKET ||
							       s->call == SONDE_CALL_BIND ||
							       s->call == SONDE_CALL_LISTEN);
	if (!d->datagram || !s->flow)
		return true;
	return s->flow == d->what->flow->id || (d->what->back && s->flow == d->what->back->id);
}

enum { STEPS = SONDE_STORY_HEAD + SONDE_STORY_TAIL };

/* All logs of one endpoint: its own, and of those that were found to be it. */
static void collect(struct draw *d, const struct sonde_story *story, const struct sonde_endpoint *e,
		    bool far, bool listener, sonde_ns gap[2])
{
	struct sonde_story_step *step = sonde_arena_take(d->arena, STEPS * sizeof *step);

	for (size_t i = 0; i < d->life->endpoints; i++) {
		size_t n;

		if (i + 1 != e->sid && sonde_life_endpoint(d->life, (uint32_t)i + 1) != e)
			continue;
		n = sonde_story_read(story, (uint32_t)i + 1, step, STEPS, gap);
		for (size_t k = 0; k < n; k++)
			if (belongs(d, &step[k], listener))
				draw_step(d, &step[k], far, listener);
		for (size_t k = 0, now = d->marks; !listener && k < n; k++)
			if (belongs(d, &step[k], false))
				draw_waiting(d, &step[k], now, far);
	}
}

static int by_time(const void *a, const void *b)
{
	const struct mark *x = a, *y = b;

	return x->when != y->when   ? (x->when < y->when ? -1 : 1)
	       : x->order < y->order ? -1
				     : 1;
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
static bool continues(const struct row *r, const struct mark *m)
{
	int step = m->place > r->last ? 1 : -1;

	if (!r->cell || m->when - r->when > 20 * SONDE_MICROSECOND || m->place == r->last)
		return false;
	if ((r->way && r->way != step) || (m->arrow && m->right != (step > 0)))
		return false;
	return m->arrow || r->crosses || (r->last > WIRE) == (m->place > WIRE);
}

static const char *tenths(struct draw *d, sonde_ns when)
{
	int64_t ns = (int64_t)(when - d->zero), v = (ns < 0 ? -ns : ns) / 100;

	return sonde_arena_print(d->arena, "%s%lld.%lld", ns < 0 && v ? "-" : "", (long long)(v / 10),
				 (long long)(v % 10));
}

/* Which column of the grid each place has, -1: none. */
static void choose_columns(struct draw *d, struct sonde_grid *g, int column[PLACES])
{
	static const char *const title[3][PLACES] = {
		{ "client app", "client TCP", "wire", "server TCP", "server app" },
		{ "sender app", "sender queue", "wire", "receiver queue", "receiver app" },
		{ "client app", "client socket", "in the kernel", "server socket", "server app" },
	};
	static const char *const unix_datagram[] = { "sender app", "sender socket", "in the kernel",
						     "receiver socket", "receiver app" };
	static const char *const brief[3][PLACES] = {
		{ "client", "TCP", "wire", "TCP", "server" },
		{ "sender", "queue", "wire", "queue", "receiver" },
		{ NULL, "socket", "kernel", "socket", NULL },
	};
	const char *const *names = d->is_unix	? (d->datagram ? unix_datagram : title[2])
				   : d->datagram ? title[1]
						 : title[0];
	struct sonde_grid_column col[PLACES + 1] = { { .title = "us", .align = SONDE_ALIGN_RIGHT } };
	unsigned n = 1;

	for (unsigned p = 0; p < PLACES; p++) {
		bool far = p > WIRE, used = p == WIRE || d->end[far];

		if (d->is_unix && used && (p == KERNEL || p == FAR_KERNEL)) {
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
			.weight = p == WIRE ? 2 : 1,
			.least = p == WIRE ? 12 : p == APP || p == FAR_APP ? 8 : 7,
			.fill = p == WIRE,
			.most = p == WIRE ? 34 : 26,
		};
	}
	sonde_grid_init(g, d->arena, col, n);
}

static void fill_rows(struct draw *d, struct sonde_grid *g, const int column[PLACES],
		      const sonde_ns gap[2], size_t rows)
{
	struct row row = { 0 };
	size_t first = g->rows, hidden = 0, kept;
	bool said = gap[0] > gap[1];

	for (size_t i = 0; i < d->marks; i++) {
		const struct mark *m = &d->mark[i];

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
		sonde_grid_wide(g, SONDE_PAINT_WARN, 4, "    … more happened here than is kept for a ladder …");
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

static void put_end(struct draw *d, struct sonde_text *t, unsigned side)
{
	const struct sonde_endpoint *e = d->end[side];
	const struct sonde_address *a = d->what->connection
						? (side ? &d->what->connection->to : &d->what->connection->from)
						: (side ? &d->what->flow->to : &d->what->flow->from);
	size_t before;

	if (!e) {
		if (a->family)
			sonde_text_end(t, sonde_put_address(sonde_text_room(t, 80), a));
		else if (side && d->what->flow && d->what->flow->path.len)
			sonde_words_path(t, d->what->flow->path);
		else
			sonde_text_str(t, "somebody");
		sonde_text_str(t, " (not followed)");
		return;
	}
	sonde_text_print(t, "#%u ", e->sid);
	sonde_words_who(t, e->comm, e->pid);
	sonde_text_str(t, " ");
	before = t->len;
	sonde_words_local(t, e);
	if (t->len == before)
		t->len--;
}

static void put_head(struct draw *d, struct sonde_grid *g)
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

static void put_tail(struct draw *d, struct sonde_grid *g)
{
	for (unsigned side = 0; side < 2; side++) {
		const struct sonde_endpoint *e = d->end[side];

		if (!e || !e->cause || d->datagram)
			continue;
		sonde_grid_wide(g, SONDE_PAINT_FAINT, 4,
				sonde_arena_print(d->arena, "#%u ended: %s%s%s%s", e->sid,
						  sonde_cause_name(e->cause),
						  e->cause_inferred ? " (inferred)" : "",
						  e->detail ? ", " : "", e->detail ? e->detail : ""));
	}
}

/* The client's socket call is time 0; else the first thing that is known of the conversation. */
static void find_zero(struct draw *d)
{
	const struct sonde_endpoint *e = d->end[0] ? d->end[0] : d->end[1];
	sonde_ns opened = e ? e->opened : 0;

	d->zero = d->marks ? d->mark[0].when : opened;
	if (!opened)
		return;
	for (size_t i = 0; i < d->marks; i++)
		if (d->mark[i].place == (d->end[0] ? APP : FAR_APP) && d->mark[i].when <= opened &&
		    !(d->mark[i].cell.text && strchr(d->mark[i].cell.text, '*'))) {
			d->zero = d->mark[i].when;
			return;
		}
	d->zero = opened;
}

void sonde_ladder_draw(struct sonde_grid *ret, struct sonde_arena *arena,
		       const struct sonde_life *life, const struct sonde_story *story,
		       const struct sonde_ladder *ladder, size_t rows)
{
	const struct sonde_connection *c = ladder->connection;
	const struct sonde_flow *f = ladder->flow;
	unsigned kind = c ? c->kind : f->kind;
	struct draw d = { .arena = arena, .life = life, .what = ladder, .datagram = !c };
	sonde_ns gap[2] = { UINT64_MAX, 0 };
	int column[PLACES];

	d.is_unix = sonde_kind_is_unix(kind);
	d.end[0] = sonde_life_endpoint(life, c ? c->client : f->sender);
	d.end[1] = sonde_life_endpoint(life, c ? c->server : f->receiver);
	d.listener = c ? sonde_life_endpoint(life, c->listener) : NULL;
	if (d.listener)
		collect(&d, story, d.listener, true, true, gap);
	gap[0] = UINT64_MAX; /* of a listener only the beginning is wanted */
	gap[1] = 0;
	for (unsigned side = 0; side < 2; side++)
		if (d.end[side])
			collect(&d, story, d.end[side], side, false, gap);
	qsort(d.mark, d.marks, sizeof *d.mark, by_time);
	find_zero(&d);
	choose_columns(&d, ret, column);
	put_head(&d, ret);
	fill_rows(&d, ret, column, gap, rows);
	put_tail(&d, ret);
}

/* The flow the other way between the same two sockets. */
static const struct sonde_flow *back_of(const struct sonde_life *life, const struct sonde_flow *f)
{
	for (size_t i = 0; f->sender && f->receiver && i < life->flows; i++)
		if (life->flow[i]->sender == f->receiver && life->flow[i]->receiver == f->sender &&
		    life->flow[i] != f)
			return life->flow[i];
	return NULL;
}

size_t sonde_ladder_list(const struct sonde_life *life, struct sonde_ladder *ret, size_t most,
			 size_t *ret_left)
{
	size_t n = 0, c = 0, f = 0;

	while (n < most) {
		const struct sonde_connection *stream =
			c < life->connections ? life->connection[c] : NULL;
		const struct sonde_flow *flow = f < life->flows ? life->flow[f] : NULL;
		const struct sonde_flow *back = flow ? back_of(life, flow) : NULL;

		if (!stream && !flow)
			break;
		if (flow && back && back->id < flow->id) {
			f++; /* stands in the other's ladder */
		} else if (!flow || (stream && stream->opened <= flow->first)) {
			ret[n++] = (struct sonde_ladder){ .connection = stream };
			c++;
		} else {
			ret[n++] = (struct sonde_ladder){ .flow = flow, .back = back };
			f++;
		}
	}
	*ret_left = life->connections - c + life->flows - f;
	return n;
}
