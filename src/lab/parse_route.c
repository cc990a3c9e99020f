#include "lab/parse_inside.h"

/* Every link to that neighbour is a next hop. */
static int add_hops(struct sonde_parse *p, struct sonde_lab_route *r, struct sonde_word via)
{
	const struct sonde_lab *lab = p->lab;
	int to = sonde_parse_node(p, via);
	unsigned before = r->hops;

	if (to < 0)
		return to;
	for (unsigned i = 0; i < lab->links; i++)
		for (unsigned e = 0; e < 2; e++) {
			const struct sonde_lab_end *end = lab->link[i].end;

			if (end[e].node != r->node || end[1 - e].node != (unsigned)to)
				continue;
			if (r->hops == SONDE_LAB_HOPS)
				return sonde_words_fail(&p->words, "more than %d next hops",
							SONDE_LAB_HOPS);
			r->hop[r->hops].link = i;
			r->hop[r->hops++].end = e;
		}
	if (r->hops == before)
		return sonde_words_fail(&p->words, "there is no link between %s and %s",
					lab->node[r->node].name, lab->node[to].name);
	return 0;
}

static int parse_next(struct sonde_parse *p, struct sonde_lab_route *r)
{
	static const char *const kinds[] = { "unreachable", "prohibit", "blackhole", NULL };
	struct sonde_words *w = &p->words;
	struct sonde_word one, rest = w->word[4];
	bool more = true;
	int bad = 0;

	if (w->n == 4)
		for (unsigned i = 0; kinds[i]; i++)
			if (sonde_word_is(w->word[3], kinds[i])) {
				r->kind = kinds[i];
				return 0;
			}
	if (w->n != 5 || !sonde_word_is(w->word[3], "via"))
		return sonde_words_fail(
			w, "expected: route NODE TO via NEIGHBOUR,NEIGHBOUR..., "
			   "or route NODE TO unreachable|prohibit|blackhole, or route * auto");
	while (more && !bad) {
		more = sonde_word_part(rest, ',', &one, &rest);
		for (unsigned i = 0; i < r->hops && !bad; i++) {
			const struct sonde_lab_link *l = &p->lab->link[r->hop[i].link];
			const char *name = p->lab->node[l->end[1 - r->hop[i].end].node].name;

			if (sonde_word_is(one, name))
				bad = sonde_words_fail(w, "%s is said twice", name);
		}
		if (!bad)
			bad = add_hops(p, r, one);
	}
	return bad;
}

static int add(struct sonde_parse *p, const struct sonde_lab_route *r)
{
	struct sonde_lab *lab = p->lab;
	unsigned *line = &p->routed[r->node * lab->nodes + r->to];

	if (*line && p->pass == SONDE_PASS_REST)
		return sonde_words_fail(&p->words, "there is that route already, in line %u",
					*line);
	if (*line || r->node == r->to)
		return 0;
	*line = r->line;
	lab->route = sonde_parse_more(lab->arena, lab->route, lab->routes, sizeof *r);
	lab->route[lab->routes++] = *r;
	return 0;
}

int sonde_parse_route(struct sonde_parse *p)
{
	struct sonde_words *w = &p->words;
	struct sonde_lab *lab = p->lab;
	struct sonde_lab_route route = { .by_hand = true, .line = w->from };
	bool star = w->n > 2 && sonde_word_is(w->word[2], "*");
	int node, to = 0, r;

	if (w->n == 3 && sonde_word_is(w->word[1], "*") && sonde_word_is(w->word[2], "auto")) {
		lab->auto_routes = true;
		return 0;
	}
	if (w->n < 4)
		return parse_next(p, &route);
	if (star != (p->pass == SONDE_PASS_STARS))
		return 0;
	if ((node = sonde_parse_node(p, w->word[1])) < 0 ||
	    (!star && (to = sonde_parse_node(p, w->word[2])) < 0))
		return SONDE_DESCRIPTION;
	if (lab->node[node].kind == SONDE_LAB_SIM)
		return sonde_words_fail(w, "%s is a sim: it answers whence it was asked",
					lab->node[node].name);
	if (!star && node == to)
		return sonde_words_fail(w, "a route from %s to itself", lab->node[node].name);
	route.node = (unsigned)node;
	if ((r = parse_next(p, &route)) < 0)
		return r;
	if (!p->routed)
		p->routed =
			sonde_arena_take(lab->arena, sizeof *p->routed * lab->nodes * lab->nodes);
	for (route.to = star ? 0 : (unsigned)to; route.to < (star ? lab->nodes : (unsigned)to + 1);
	     route.to++)
		if ((r = add(p, &route)) < 0)
			return r;
	return 0;
}
