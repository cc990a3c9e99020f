#include "run/paths_report.h"

#include "out/cells.h"
#include "out/csv.h"
#include "out/json.h"
#include "probe/paths_records.h"
#include "probe/say_paths.h"

void sonde_paths_report_begin(struct sonde_route_report *r)
{
	if (r->plan->form == SONDE_ROUTE_CSV)
		sonde_csv_head(&r->text, &sonde_node_schema);
	if (r->plan->form == SONDE_ROUTE_DOT)
		sonde_say_paths_dot_open(&r->text);
}

void sonde_paths_report_names(struct sonde_route_report *r)
{
	const struct sonde_trace *p = r->trace;

	for (uint32_t i = 0; i < p->survey.n; i++) {
		const struct sonde_multipath *m = &p->host[i].paths->m;

		for (uint32_t h = 0; h < m->hops; h++)
			for (uint32_t k = 1; k < m->hop[h].n; k++)
				sonde_whois_name(r->whois, &m->hop[h].node[k].address);
	}
}

static void say_tree(struct sonde_route_report *r, const struct sonde_trace_graph *g)
{
	struct sonde_cells_style style = { .width = r->plan->width,
					   .utf8 = r->plan->utf8,
					   .palette = r->plan->palette };
	struct sonde_grid grid;

	sonde_say_paths_head(&r->text, g);
	if (g->nodes) {
		sonde_say_paths_tree(&grid, &r->arena, g, &r->look);
		sonde_cells_print(&r->text, &grid, &style);
	}
	sonde_say_paths_end(&r->text, g);
}

static void put_records(struct sonde_route_report *r, const struct sonde_trace_graph *g)
{
	bool json = r->plan->form == SONDE_ROUTE_JSON;
	struct sonde_paths_record paths;

	for (uint32_t i = 1; i < g->n; i++) {
		struct sonde_node_record node;

		if (!sonde_trace_graph_has(g, i))
			continue;
		sonde_trace_graph_node(g, &r->arena, i, &node);
		if (node.address)
			node.host = sonde_whois_name(r->whois, &g->node[i].is.address);
		if (json)
			sonde_json_record(&r->text, &sonde_node_schema, &node);
		else
			sonde_csv_row(&r->text, &sonde_node_schema, &node);
	}
	for (uint32_t i = 0; json && i < g->edges; i++) {
		struct sonde_edge_record edge;

		if (g->node[g->edge[i].from].dark)
			continue;
		sonde_trace_graph_edge(g, &r->arena, i, &edge);
		sonde_json_record(&r->text, &sonde_edge_schema, &edge);
	}
	sonde_trace_graph_paths(g, &r->arena, &paths);
	if (json)
		sonde_json_record(&r->text, &sonde_paths_schema, &paths);
}

void sonde_paths_report_put(struct sonde_route_report *r, uint32_t host)
{
	struct sonde_trace_graph g;

	sonde_trace_graph_make(&g, &r->arena, r->trace, host);
	switch (r->plan->form) {
	case SONDE_ROUTE_JSON:
	case SONDE_ROUTE_CSV: put_records(r, &g); break;
	case SONDE_ROUTE_DOT: sonde_say_paths_dot(&r->text, &g, &r->look); break;
	default: say_tree(r, &g);
	}
	sonde_arena_rewind(&r->arena);
}

void sonde_paths_report_end(struct sonde_route_report *r)
{
	if (r->plan->form == SONDE_ROUTE_DOT)
		sonde_say_paths_dot_close(&r->text);
}
