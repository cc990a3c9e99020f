/* Paths in the language of dot(1): https://graphviz.org/doc/info/lang.html. */
#include "probe/say_paths.h"
#include "probe/say_value.h"

void sonde_say_paths_dot_open(struct sonde_text *t)
{
	sonde_text_str(t, "digraph paths {\n\trankdir=LR;\n\tnode [shape=box];\n");
}

void sonde_say_paths_dot_close(struct sonde_text *t)
{
	sonde_text_str(t, "}\n");
}

/* Text that is escaped for a terminal, within quotes: there a backslash and a quote begin something
 * else. */
static void quote(struct sonde_text *t, const struct sonde_text *text)
{
	for (size_t i = 0; i < text->len; i++) {
		if (text->at[i] == '"' || text->at[i] == '\\')
			sonde_text_str(t, "\\");
		sonde_text_bytes(t, text->at + i, 1);
	}
}

static void say_name(struct sonde_text *t, const struct sonde_trace_graph *g, uint32_t node)
{
	sonde_text_print(t, "t%u_%u_%u", g->host, g->node[node].ttl, g->node[node].number);
}

static void say_node(struct sonde_text *t, const struct sonde_trace_graph *g, uint32_t node,
		     const struct sonde_say_path_look *look)
{
	const struct sonde_trace_node *n = &g->node[node];
	struct sonde_text who;
	char buf[600];

	sonde_text_init(&who, buf, sizeof buf, NULL, NULL);
	if (n->number != SONDE_MULTIPATH_STAR)
		sonde_say_path_who(&who, &n->is.address, look);
	else if (!node && g->trace->survey.from[g->host].family)
		sonde_say_path_who(&who, &g->trace->survey.from[g->host], look);
	else if (!node)
		sonde_text_str(&who, "source");
	else
		sonde_text_str(&who, "*");
	sonde_text_str(t, "\t\t");
	say_name(t, g, node);
	sonde_text_str(t, " [label=\"");
	quote(t, &who);
	if (node)
		sonde_text_print(t, "\\nhop %u, %u flow%s", n->ttl, n->flows,
				 n->flows == 1 ? "" : "s");
	if (n->sight) {
		sonde_text_str(t, ", ");
		sonde_say_ms(t, n->sight->least);
		sonde_text_str(t, " ms");
	}
	sonde_text_print(t, "\"%s];\n",
			 n->is.is == SONDE_MULTIPATH_END	     ? ",peripheries=2"
			 : n->is.is == SONDE_MULTIPATH_BARRED	     ? ",color=red"
			 : n->number == SONDE_MULTIPATH_STAR && node ? ",style=dashed"
								     : "");
}

static void say_edges(struct sonde_text *t, const struct sonde_trace_graph *g, uint32_t node)
{
	const struct sonde_trace_node *n = &g->node[node];

	for (uint32_t i = 0; i < n->edges; i++) {
		const struct sonde_trace_edge *e = &g->edge[n->edge + i];

		sonde_text_str(t, "\t\t");
		say_name(t, g, node);
		sonde_text_str(t, " -> ");
		say_name(t, g, e->to);
		sonde_text_print(t, " [label=\"%u\"%s];\n", e->flows + e->inferred,
				 n->is.varies ? ",style=dotted" : "");
	}
}

void sonde_say_paths_dot(struct sonde_text *t, const struct sonde_trace_graph *g,
			 const struct sonde_say_path_look *look)
{
	const struct sonde_survey *s = &g->trace->survey;
	struct sonde_text name;
	char buf[2048], text[64];

	sonde_text_init(&name, buf, sizeof buf, NULL, NULL);
	sonde_say_name(&name, s->name[g->host]);
	sonde_text_print(t, "\tsubgraph cluster_%u {\n\t\tlabel=\"", g->host);
	quote(t, &name);
	sonde_text_print(t, " (%s)\";\n", sonde_survey_put_host(text, &s->to[g->host]));
	for (uint32_t i = 0; i < g->n; i++)
		if (sonde_trace_graph_has(g, i))
			say_node(t, g, i, look);
	for (uint32_t i = 0; i < g->n; i++)
		if (sonde_trace_graph_has(g, i))
			say_edges(t, g, i);
	sonde_text_str(t, "\t}\n");
}
