#include "lab/route.h"

void sonde_edges_init(struct sonde_edges *e, struct sonde_arena *arena, const struct sonde_lab *lab)
{
	unsigned *next = sonde_arena_take(arena, (lab->nodes + 1) * sizeof *next);

	e->first = sonde_arena_take(arena, (lab->nodes + 1) * sizeof *e->first);
	e->edge = sonde_arena_take(arena, 2 * lab->links * sizeof *e->edge);
	for (unsigned i = 0; i < lab->links; i++)
		for (unsigned k = 0; k < 2; k++)
			e->first[lab->link[i].end[k].node + 1]++;
	for (unsigned i = 0; i < lab->nodes; i++)
		next[i + 1] = e->first[i + 1] += e->first[i];
	for (unsigned i = 0; i < lab->links; i++)
		for (unsigned k = 0; k < 2; k++) {
			const struct sonde_lab_end *end = lab->link[i].end;

			e->edge[next[end[k].node]++] = (struct sonde_edge){ i, k, end[1 - k].node };
		}
}

enum { FAR = -1U };

/* The distance of every node from one, Dijkstra's way: through routers alone. */
static void distances(const struct sonde_lab *lab, const struct sonde_edges *e, unsigned from,
		      unsigned *far, bool *done)
{
	for (unsigned i = 0; i < lab->nodes; i++) {
		far[i] = FAR;
		done[i] = false;
	}
	far[from] = 0;
	for (;;) {
		unsigned near = lab->nodes;

		for (unsigned i = 0; i < lab->nodes; i++)
			if (!done[i] && far[i] != FAR && (near == lab->nodes || far[i] < far[near]))
				near = i;
		if (near == lab->nodes)
			return;
		done[near] = true;
		if (near != from && lab->node[near].kind != SONDE_LAB_ROUTER)
			continue;
		for (unsigned k = e->first[near]; k < e->first[near + 1]; k++) {
			unsigned d = far[near] + lab->link[e->edge[k].link].metric;

			if (d < far[e->edge[k].other])
				far[e->edge[k].other] = d;
		}
	}
}

/* Next hops from a node on all shortest paths to another, whence the distances are. */
static bool next_hops(const struct sonde_lab *lab, const struct sonde_edges *e, const unsigned *far,
		      struct sonde_lab_route *r)
{
	for (unsigned k = e->first[r->node]; k < e->first[r->node + 1]; k++) {
		unsigned via = e->edge[k].other;

		if (via != r->to && lab->node[via].kind != SONDE_LAB_ROUTER)
			continue;
		if (far[via] == FAR || far[via] + lab->link[e->edge[k].link].metric != far[r->node])
			continue;
		if (r->hops == SONDE_LAB_HOPS)
			return false;
		r->hop[r->hops].link = e->edge[k].link;
		r->hop[r->hops++].end = e->edge[k].end;
	}
	return true;
}

int sonde_route_auto(struct sonde_lab *lab, struct sonde_lab_error *ret_error)
{
	unsigned n = lab->nodes, *far = sonde_arena_take(lab->arena, n * sizeof *far);
	bool *done = sonde_arena_take(lab->arena, n),
	     *by_hand = sonde_arena_take(lab->arena, n * n);
	struct sonde_edges e;

	for (unsigned i = 0; i < lab->routes; i++)
		by_hand[lab->route[i].node * n + lab->route[i].to] = true;
	lab->route =
		sonde_arena_grow(lab->arena, lab->route, lab->routes, n * n, sizeof *lab->route);
	sonde_edges_init(&e, lab->arena, lab);
	for (unsigned to = 0; to < n; to++) {
		distances(lab, &e, to, far, done);
		for (unsigned i = 0; i < n; i++) {
			struct sonde_lab_route r = { .node = i, .to = to };

			if (i == to || far[i] == FAR || by_hand[i * n + to] ||
			    lab->node[i].kind == SONDE_LAB_SIM)
				continue;
			if (!next_hops(lab, &e, far, &r)) {
				ret_error->line = lab->node[i].line;
				ret_error->text = sonde_arena_print(
					lab->arena, "%s has more than %d equal paths to %s",
					lab->node[i].name, SONDE_LAB_HOPS, lab->node[to].name);
				return SONDE_DESCRIPTION;
			}
			lab->route[lab->routes++] = r;
		}
	}
	return 0;
}
