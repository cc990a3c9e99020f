#include <sys/socket.h>

#include "base/text.h"
#include "lab/oracle_inside.h"

#define SCHEMA(name_, columns)                                                                     \
	{                                                                                          \
#name_, columns, sizeof columns / sizeof *columns                                  \
	}

static const struct sonde_column address_columns[] = { SONDE_LAB_ADDRESS_COLUMNS(
	SONDE_MEMBER_COLUMN, sonde_lab_address_record) };
static const struct sonde_column path_columns[] = { SONDE_LAB_PATH_COLUMNS(SONDE_MEMBER_COLUMN,
									   sonde_lab_path_record) };

const struct sonde_schema sonde_lab_address_schema = SCHEMA(lab_address, address_columns);
const struct sonde_schema sonde_lab_path_schema = SCHEMA(lab_path, path_columns);

static const char *network(struct sonde_arena *a, const struct sonde_address *at, unsigned prefix)
{
	char buf[64 + SONDE_TEXT_SLACK], *o = buf;

	o = at->family == AF_INET ? sonde_put_ip4(o, at->ip) : sonde_put_ip6(o, at->ip);
	*o++ = '/';
	o = sonde_put_dec(o, prefix);
	return sonde_arena_string(a, buf, (size_t)(o - buf));
}

static const char *mac(struct sonde_arena *a, const uint8_t *at)
{
	char buf[32 + SONDE_TEXT_SLACK];

	return sonde_arena_string(a, buf, (size_t)(sonde_put_mac(buf, at) - buf));
}

static const char *const kinds[] = { "host", "router", "sim" };

static void tell_end(const struct sonde_lab *lab, const struct sonde_lab_link *l, unsigned e,
		     struct sonde_arena *scratch, sonde_oracle_tell tell, void *arg)
{
	const struct sonde_lab_end *end = &l->end[e];
	const struct sonde_lab_node *n = &lab->node[end->node];
	struct sonde_lab_address_record r;

	sonde_record_clear(&sonde_lab_address_schema, &r);
	r.node = n->name;
	r.kind = kinds[n->kind];
	r.interface = end->name;
	r.peer = lab->node[l->end[1 - e].node].name;
	r.link = sonde_arena_print(scratch, "%s-%s", lab->node[l->end[0].node].name,
				   lab->node[l->end[1].node].name);
	r.mac = mac(scratch, end->mac);
	r.v4 = network(scratch, &end->v4, end->v4_prefix);
	r.v6 = network(scratch, &end->v6, end->v6_prefix);
	r.mtu = l->mtu ? l->mtu : 1500;
	r.named = sonde_address_equal(&end->v4, &n->v4);
	tell(arg, &sonde_lab_address_schema, &r);
	sonde_arena_rewind(scratch);
}

void sonde_oracle_addresses(const struct sonde_lab *lab, struct sonde_arena *scratch,
			    sonde_oracle_tell tell, void *arg)
{
	struct sonde_edges edges;

	sonde_edges_init(&edges, lab->arena, lab);
	for (unsigned i = 0; i < lab->nodes; i++) {
		const struct sonde_lab_node *n = &lab->node[i];
		struct sonde_lab_address_record r;

		for (unsigned k = edges.first[i]; k < edges.first[i + 1]; k++)
			tell_end(lab, &lab->link[edges.edge[k].link], edges.edge[k].end, scratch,
				 tell, arg);
		if (n->kind != SONDE_LAB_SIM)
			continue;
		sonde_record_clear(&sonde_lab_address_schema, &r);
		r.node = n->name;
		r.kind = kinds[n->kind];
		r.v4 = network(scratch, &n->net4, n->net4_prefix);
		r.v6 = network(scratch, &n->net6, n->net6_prefix);
		tell(arg, &sonde_lab_address_schema, &r);
		sonde_arena_rewind(scratch);
	}
}

unsigned sonde_oracle_next(const struct sonde_oracle *o, unsigned node, unsigned to,
			   struct sonde_edge *ret)
{
	const struct sonde_lab *lab = o->lab;
	const struct sonde_lab_route *r = o->route[node * lab->nodes + to];
	unsigned n = 0;

	for (unsigned i = 0; r && i < r->hops; i++) {
		unsigned link = r->hop[i].link, end = r->hop[i].end;

		ret[n++] = (struct sonde_edge){ link, end, lab->link[link].end[1 - end].node };
	}
	for (unsigned k = o->edges.first[node]; !r && k < o->edges.first[node + 1]; k++) {
		const struct sonde_edge *e = &o->edges.edge[k];

		if (e->other == to && sonde_address_equal(&lab->link[e->link].end[1 - e->end].v4,
							  &lab->node[to].v4)) {
			ret[n++] = *e;
			break;
		}
	}
	return n;
}

static void leaf(struct sonde_oracle *o, enum sonde_oracle_end end)
{
	o->found++;
	if (o->counting)
		return;
	sonde_oracle_path(o, end);
	sonde_arena_rewind(o->scratch);
}

/* From the last place of the path to all ends that can be had. */
static void visit(struct sonde_oracle *o)
{
	const struct sonde_lab *lab = o->lab;
	unsigned node = o->place[o->places - 1].node, n;
	const struct sonde_lab_route *r = o->route[node * lab->nodes + o->to];
	struct sonde_edge next[SONDE_LAB_HOPS];
	unsigned most = SONDE_ORACLE_PATHS + (o->counting ? 1 : 0); /* one tells of more */

	if (node == o->to)
		return leaf(o, SONDE_ORACLE_REACHED);
	if (o->on_path[node])
		return leaf(o, SONDE_ORACLE_LOOP);
	if (node != o->from && lab->node[node].kind != SONDE_LAB_ROUTER)
		return leaf(o, SONDE_ORACLE_NO_FORWARDING);
	if (r && r->kind)
		return leaf(o, SONDE_ORACLE_KIND);
	if (!(n = sonde_oracle_next(o, node, o->to, next)))
		return leaf(o, SONDE_ORACLE_NO_ROUTE);
	if (node != o->from && lab->node[node].firewall)
		return leaf(o, SONDE_ORACLE_FIREWALL);
	o->on_path[node] = true;
	for (unsigned i = 0; i < n && o->found < most; i++) {
		o->place[o->places++] =
			(struct sonde_oracle_place){ next[i].other, next[i].link, 1 - next[i].end };
		visit(o);
		o->places--;
	}
	o->on_path[node] = false;
}

static void tell_pair(struct sonde_oracle *o, unsigned from, unsigned to)
{
	o->from = from;
	o->to = to;
	for (unsigned counting = 2; counting-- > 0;) {
		o->counting = counting;
		o->found = 0;
		o->place[0] = (struct sonde_oracle_place){ .node = from };
		o->places = 1;
		visit(o);
		o->paths = o->found;
	}
}

void sonde_oracle_paths(const struct sonde_lab *lab, struct sonde_arena *scratch,
			sonde_oracle_tell tell, void *arg)
{
	struct sonde_oracle *o = sonde_arena_take(lab->arena, sizeof *o);

	*o = (struct sonde_oracle){ .lab = lab, .scratch = scratch, .tell = tell, .arg = arg };
	sonde_edges_init(&o->edges, lab->arena, lab);
	o->route = sonde_arena_take(lab->arena, sizeof *o->route * lab->nodes * lab->nodes);
	for (unsigned i = 0; i < lab->routes; i++)
		o->route[lab->route[i].node * lab->nodes + lab->route[i].to] = &lab->route[i];
	for (unsigned from = 0; from < lab->nodes; from++)
		for (unsigned to = 0; lab->node[from].kind == SONDE_LAB_HOST && to < lab->nodes;
		     to++)
			if (to != from && lab->node[to].kind != SONDE_LAB_ROUTER)
				tell_pair(o, from, to);
}
