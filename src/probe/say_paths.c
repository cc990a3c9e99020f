#include "probe/say_paths.h"

#include <sys/socket.h>

#include "probe/say_value.h"
#include "probe/words.h"

/* ---- head and end ---- */

void sonde_say_paths_head(struct sonde_text *t, const struct sonde_trace_graph *g)
{
	const struct sonde_survey *s = &g->trace->survey;
	const struct sonde_method_look *look = &s->look[s->to[g->host].family == AF_INET6];
	char text[64];

	sonde_text_str(t, "paths to ");
	sonde_say_name(t, s->name[g->host]);
	sonde_text_print(t, " (%s), %u hops max; flow n is ",
			 sonde_survey_put_host(text, &s->to[g->host]), g->trace->plan.most);
	if (look->method == SONDE_METHOD_UDP)
		sonde_text_print(t, "UDP to port %u + n\n", look->port);
	else if (sonde_method_is_tcp(look->method))
		sonde_text_print(t, "TCP from port %u + n\n", look->ident);
	else
		sonde_text_str(t, "ICMP with checksum number n\n");
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void say_lengths(struct sonde_text *t, const struct sonde_trace_graph *g)
{
	if (!g->least)
		sonde_text_str(t, ", none to the target");
	else if (g->least == g->most)
		sonde_text_print(t, " of %u hop%s", g->most, plural(g->most));
	else
		sonde_text_print(t, " of %u to %u hops", g->least, g->most);
}

void sonde_say_paths_end(struct sonde_text *t, const struct sonde_trace_graph *g)
{
	const struct sonde_multipath *m = &g->trace->host[g->host].paths->m;

	if (!g->paths) {
		sonde_text_print(t, "nothing answers, %u probe%s\n", m->sent, plural(m->sent));
		return;
	}
	sonde_text_print(t, "%s%llu path%s", g->whole ? "" : "at least ",
			 (unsigned long long)g->paths, plural(g->paths));
	say_lengths(t, g);
	sonde_text_print(t, ", %u probe%s; ", m->sent, plural(m->sent));
	if (g->whole)
		sonde_text_print(t, "no further path with %u %% confidence a node\n",
				 g->trace->plan.paths);
	else
		sonde_text_print(t, "it ended before the rule for %u %% confidence was met%s\n",
				 g->trace->plan.paths, m->full ? ": it takes too many probes" : "");
	if (g->varies)
		sonde_text_str(t, "packets of one flow take several ways: not each way that can be "
				  "drawn need be a path\n");
}

/* ---- the tree ---- */

enum { BAR = sizeof "│  " - 1, DEEP = 24 }; /* levels that are drawn; what is deeper is not */

struct tree {
	const struct sonde_trace_graph *g;
	const struct sonde_say_path_look *look;
	struct sonde_grid *grid;
	bool *drawn;
	bool more[SONDE_TRACE_MOST + 1]; /* by levels: further branches follow */
	unsigned level;
	bool begins; /* the next line is the first of its branch */
};

static void say_stem(struct sonde_text *t, struct tree *tree)
{
	unsigned level = tree->level < DEEP ? tree->level : DEEP;

	for (unsigned i = 1; i <= level; i++)
		if (i == tree->level && tree->begins)
			sonde_text_str(t, tree->more[i] ? "├─ " : "└─ ");
		else
			sonde_text_str(t, tree->more[i] ? "│  " : "   ");
	tree->begins = false;
}

static void say_node(struct sonde_text *t, const struct sonde_trace_node *n,
		     const struct sonde_say_path_look *look)
{
	if (n->number == SONDE_MULTIPATH_STAR)
		sonde_text_str(t, n->dark ? "* nothing answers from here on" : "*");
	else
		sonde_say_path_who(t, &n->is.address, look);
}

static void say_remarks(struct sonde_text *t, const struct tree *tree,
			const struct sonde_trace_node *n)
{
	const char *between = "";
	char mark[SONDE_WORDS_MARK] = "";

	if (n->sight && n->sight->is == SONDE_ANSWER_ERROR)
		sonde_words_mark(tree->g->trace->survey.to[tree->g->host].family, n->sight->type,
				 n->sight->code, n->sight->mtu, mark);
	const char *remark[] = { n->is.is == SONDE_MULTIPATH_END ? "target" : NULL,
				 *mark ? mark : NULL,
				 n->is.varies ? "spreads packets, not flows" : NULL,
				 n->is.unsure ? "few flows come here: may lead elsewhere too"
					      : NULL,
				 n->known ? NULL : "what leads here is not known" };

	for (unsigned i = 0; i < sizeof remark / sizeof *remark; i++)
		if (remark[i]) {
			sonde_text_print(t, "%s%s", between, remark[i]);
			between = ", ";
		}
}

static const char *text_of(struct tree *tree, const struct sonde_text *t)
{
	return sonde_arena_string(tree->grid->arena, t->at, t->len);
}

static void draw_node(struct tree *tree, uint32_t at)
{
	const struct sonde_trace_node *n = &tree->g->node[at];
	bool again = tree->drawn[at];
	char buf[DEEP * BAR + 600];
	struct sonde_cell *c = sonde_grid_row(tree->grid);
	struct sonde_text t;

	sonde_text_init(&t, buf, sizeof buf, NULL, NULL);
	say_stem(&t, tree);
	sonde_text_str(&t, again ? "→ " : "");
	say_node(&t, n, tree->look);
	sonde_say_cell(tree->grid, &c[0], n->ttl, SONDE_PAINT_PLAIN, sonde_say_dec);
	c[1] = (struct sonde_cell){ .text = text_of(tree, &t),
				    .paint = again || !n->sight ? SONDE_PAINT_FAINT
								: SONDE_PAINT_PLAIN };
	if (again)
		return;
	tree->drawn[at] = true;
	sonde_say_cell(tree->grid, &c[2], n->flows, SONDE_PAINT_PLAIN, sonde_say_dec);
	if (n->sight)
		sonde_say_cell(tree->grid, &c[3], n->sight->least, SONDE_PAINT_PLAIN, sonde_say_ms);
	t.len = 0;
	say_remarks(&t, tree, n);
	c[4] = (struct sonde_cell){ .text = text_of(tree, &t),
				    .paint = n->is.is == SONDE_MULTIPATH_END ? SONDE_PAINT_PLAIN
									     : SONDE_PAINT_WARN };
	c[5] = (struct sonde_cell){ .text = sonde_trace_graph_flows(tree->g, tree->grid->arena, at),
				    .paint = SONDE_PAINT_FAINT };
}

/* From this node on, up to the one where other branches come in. */
static void draw(struct tree *tree, uint32_t at, uint32_t until)
{
	const struct sonde_trace_graph *g = tree->g;

	while (at != until && at < g->n) {
		const struct sonde_trace_node *n = &g->node[at];
		bool again = tree->drawn[at];

		if (at)
			draw_node(tree, at);
		if (again)
			return;
		tree->level += n->edges > 1;
		for (uint32_t i = 0; n->edges > 1 && i < n->edges; i++) {
			tree->more[tree->level] = i + 1 < n->edges;
			tree->begins = true;
			draw(tree, g->edge[n->edge + i].to, n->join);
		}
		tree->level -= n->edges > 1;
		at = n->join;
	}
}

void sonde_say_paths_tree(struct sonde_grid *grid, struct sonde_arena *a,
			  const struct sonde_trace_graph *g, const struct sonde_say_path_look *look)
{
	/* clang-format off */
	static const struct sonde_grid_column columns[] = {
		{ .title = "HOP", .align = SONDE_ALIGN_RIGHT, .least = 3 },
		{ .title = "NODE", .align = SONDE_ALIGN_LEFT, .least = 15, .good = 24, .weight = 1 },
		{ .title = "FLOWS", .align = SONDE_ALIGN_RIGHT, .least = 5, .rank = 1 },
		{ .title = "RTT ms", .brief = "RTT", .align = SONDE_ALIGN_RIGHT, .least = 5, .rank = 2 },
		{ .title = "REMARK", .align = SONDE_ALIGN_LEFT, .least = 6, .weight = 1 },
		{ .title = "WHICH", .align = SONDE_ALIGN_LEFT, .least = 8, .good = 12, .most = 40, .weight = 4, .rank = 3 },
	};
	/* clang-format on */
	struct tree tree = { .g = g, .look = look, .grid = grid };

	sonde_grid_init(grid, a, columns, sizeof columns / sizeof *columns);
	grid->head_first = true;
	tree.drawn = sonde_arena_take(a, g->n * sizeof *tree.drawn);
	draw(&tree, 0, g->n);
	for (uint32_t i = 1; i < g->n; i++)
		if (!tree.drawn[i] && sonde_trace_graph_has(g, i))
			draw(&tree, i, g->n);
}
