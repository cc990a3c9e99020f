/* One path, told hop by hop. */
#include <sys/socket.h>

#include "base/text.h"
#include "lab/oracle_inside.h"
#include "lab/sim.h"

struct names {
	const char **at;
	size_t n;
};

struct account {
	struct sonde_oracle *o;
	struct sonde_lab_path_record r;
	struct sonde_text hops;
	unsigned ttl;  /* that gets a probe as far as the last hop told */
	bool forced;   /* a box has set the time to live: */
	unsigned left; /* what is left of it, on the way to the next place */
	bool expired;
	unsigned seen; /* node whose address the packet bears */
	const struct sonde_lab_end *seen_end;
	unsigned mtu;
	struct names nat, bleached, set_ttl, own_rules;
};

static void note(struct account *a, struct names *n, unsigned node)
{
	if (!n->at)
		n->at = sonde_arena_take(a->o->scratch, (SONDE_LAB_NODES + 1) * sizeof *n->at);
	n->at[n->n++] = a->o->lab->node[node].name;
}

static struct sonde_list list_of(const struct names *n)
{
	return (struct sonde_list){ n->n ? n->at : NULL, n->n };
}

static void put_address(struct sonde_text *t, bool first, const struct sonde_address *at)
{
	char *o = sonde_text_room(t, 64);

	o = first ? o : SONDE_PUT_LIT(o, ",");
	*o++ = '"';
	o = at->family == AF_INET ? sonde_put_ip4(o, at->ip) : sonde_put_ip6(o, at->ip);
	*o++ = '"';
	sonde_text_end(t, o);
}

/* The beginning of a hop, up to its node. */
static void open_hop(struct account *a, unsigned node)
{
	sonde_text_print(&a->hops, "%s{\"ttl\":%u,\"node\":\"%s\"", a->hops.len > 1 ? "," : "",
			 ++a->ttl, a->o->lab->node[node].name);
}

/* A kernel answers from the address of the interface by which its answer leaves; of IPv6 also, as
 * Linux 6.18 does, from that of the one by which the packet came. */
static void put_own_addresses(struct account *a, const struct sonde_oracle_place *at)
{
	const struct sonde_lab_link *link = a->o->lab->link;
	struct sonde_edge back[SONDE_LAB_HOPS];
	unsigned n = sonde_oracle_next(a->o, at->node, a->seen, back);
	bool same = false; /* one of these is where it came by */

	sonde_text_str(&a->hops, ",\"v4\":[");
	for (unsigned i = 0; i < n; i++)
		put_address(&a->hops, !i, &link[back[i].link].end[back[i].end].v4);
	sonde_text_str(&a->hops, "],\"v6\":[");
	for (unsigned i = 0; i < n; i++) {
		put_address(&a->hops, !i, &link[back[i].link].end[back[i].end].v6);
		same |= back[i].link == at->link;
	}
	if (n && !same)
		put_address(&a->hops, false, &link[at->link].end[at->end].v6);
	sonde_text_str(&a->hops, "]");
}

static void put_address_pair(struct account *a, const struct sonde_address *v4,
			     const struct sonde_address *v6)
{
	sonde_text_str(&a->hops, ",\"v4\":[");
	put_address(&a->hops, true, v4);
	sonde_text_str(&a->hops, "],\"v6\":[");
	put_address(&a->hops, true, v6);
	sonde_text_str(&a->hops, "]");
}

static void close_hop(struct account *a, const char *more)
{
	sonde_text_str(&a->hops, more);
	sonde_text_str(&a->hops, "}");
}

/* Whether a packet's time to live suffices for a place to forward it. *ret_told: there is a probe
 * that ends here. */
static bool lives(struct account *a, bool *ret_told)
{
	*ret_told = !a->forced || a->left <= 1;
	if (a->forced && a->left-- <= 1)
		a->expired = true;
	return !a->expired;
}

/* A router on the way; false: all packets end here. */
static bool tell_router(struct account *a, const struct sonde_oracle_place *at)
{
	unsigned node = at->node;
	const struct sonde_lab_node *n = &a->o->lab->node[node];
	struct sonde_edge next[SONDE_LAB_HOPS];
	unsigned nexts = sonde_oracle_next(a->o, node, a->o->to, next);
	bool told, lived = lives(a, &told);

	if (!told)
		return true;
	open_hop(a, node);
	put_own_addresses(a, at);
	if (nexts > 1)
		sonde_text_print(&a->hops, ",\"next\":%u,\"hash\":\"l%u\"", nexts, n->hash);
	if (n->icmp_interval)
		sonde_text_print(&a->hops, ",\"icmp_interval_ns\":%llu",
				 (unsigned long long)n->icmp_interval);
	close_hop(a, n->silent ? ",\"silent\":true" : "");
	return lived;
}

/* Whether an error that a router sends back is dropped by a box on any way it may take. */
static bool dropped_back(const struct sonde_oracle *o, unsigned node, unsigned to, bool *seen)
{
	struct sonde_edge back[SONDE_LAB_HOPS];
	unsigned n;

	if (node == to || seen[node])
		return false;
	seen[node] = true;
	n = sonde_oracle_next(o, node, to, back);
	if (!n || o->lab->node[node].drop_too_big)
		return true;
	for (unsigned i = 0; i < n; i++)
		if (dropped_back(o, back[i].other, to, seen))
			return true;
	return false;
}

/* What a router does to the packet that it forwards by the link to the next place. */
static void pass(struct account *a, unsigned node, const struct sonde_oracle_place *to)
{
	const struct sonde_lab *lab = a->o->lab;
	const struct sonde_lab_node *n = &lab->node[node];
	unsigned mtu = lab->link[to->link].mtu ? lab->link[to->link].mtu : 1500;

	if (mtu < a->mtu && node != a->o->from) {
		bool seen[SONDE_LAB_NODES] = { false };
		bool told = !dropped_back(a->o, node, a->seen, seen);

		a->r.mtu_told = a->r.mtu_told == 2 ? told : a->r.mtu_told && told;
	}
	a->mtu = mtu < a->mtu ? mtu : a->mtu;
	if (node == a->o->from)
		return;
	if (n->set_ttl) {
		note(a, &a->set_ttl, node);
		a->forced = true;
		a->left = n->set_ttl;
	}
	if (n->bleach_dscp)
		note(a, &a->bleached, node);
	if (n->nat && n->nat_towards == to->node) {
		note(a, &a->nat, node);
		a->seen = node;
		a->seen_end = &lab->link[to->link].end[1 - to->end];
	}
}

static void end_at(struct account *a, const char *end, unsigned node, const char *v4,
		   const char *v6)
{
	a->r.end = end;
	a->r.end_node = a->o->lab->node[node].name;
	a->r.refused_v4 = v4;
	a->r.refused_v6 = v6;
}

static void put_sim_addresses(struct account *a, const struct sonde_sim_hop *h,
			      const struct sonde_lab_end *end)
{
	for (unsigned f = 0; f < 2; f++) {
		const struct sonde_sim_addresses *list = f ? &h->v6 : &h->v4;

		sonde_text_str(&a->hops, f ? "],\"v6\":[" : ",\"v4\":[");
		for (unsigned i = 0; i < list->n; i++)
			put_address(&a->hops, !i, &list->at[i]);
		if (!list->n)
			put_address(&a->hops, true, f ? &end->v6 : &end->v4);
	}
	sonde_text_str(&a->hops, "]");
}

static void tell_sim_hop(struct account *a, const struct sonde_oracle_place *at, unsigned hop,
			 const struct sonde_sim_hop *h)
{
	open_hop(a, at->node);
	sonde_text_print(&a->hops, ",\"hop\":%u", hop + 1);
	put_sim_addresses(a, h, &a->o->lab->link[at->link].end[at->end]);
	for (unsigned i = 0; i < h->labels; i++)
		sonde_text_print(&a->hops, i ? ",%u" : ",\"mpls\":[%u", h->mpls[i]);
	sonde_text_str(&a->hops, h->labels ? "]" : "");
	close_hop(a, h->silent ? ",\"silent\":true" : "");
}

/* What is behind a sim that the packet has come to. */
static void tell_sim(struct account *a, const struct sonde_oracle_place *at)
{
	static const char *const v4[] = { NULL, "net-unreachable", "host-unreachable",
					  "admin-prohibited", NULL };
	static const char *const v6[] = { NULL, "no-route", "address-unreachable",
					  "admin-prohibited", NULL };
	const struct sonde_sim_profile *p = a->o->lab->node[at->node].sim;

	for (unsigned i = 0; i < p->hops; i++) {
		const struct sonde_sim_hop *h = &p->hop[i];
		bool last = i + 1 == p->hops && !p->loop_to, told;

		if (last) {
			tell_sim_hop(a, at, i, h);
			end_at(a, h->silent ? "dropped" : "reached", at->node, NULL, NULL);
			return;
		}
		lives(a, &told);
		if (told)
			tell_sim_hop(a, at, i, h);
		if (a->expired)
			return;
		if (h->refuse) {
			end_at(a, h->refuse == SONDE_SIM_DROP || h->silent ? "dropped" : "refused",
			       at->node, h->silent ? NULL : v4[h->refuse],
			       h->silent ? NULL : v6[h->refuse]);
			return;
		}
		if (h->mtu && h->mtu < a->mtu) {
			a->mtu = h->mtu;
			a->r.mtu_told = a->r.mtu_told && !h->silent;
		}
		if (i + 1 == p->loop_to) {
			end_at(a, "loop", at->node, NULL, NULL);
			return;
		}
	}
}

/* A router's route that refuses does so before it looks at the time to live. */
static void tell_refusal(struct account *a, const struct sonde_oracle_place *at, const char *kind)
{
	static const struct {
		const char *kind, *v4, *v6, *own;
	} refusals[] = {
		{ "unreachable", "host-unreachable", "no-route", "EHOSTUNREACH" },
		{ "prohibit", "admin-prohibited", "admin-prohibited", "EACCES" },
		{ "blackhole", NULL, NULL, "EINVAL" },
		{ NULL, "net-unreachable", "no-route", "ENETUNREACH" },
	};
	unsigned node = at->node;
	bool own = node == a->o->from;
	unsigned i = 0;

	while (refusals[i].kind && (!kind || strcmp(kind, refusals[i].kind) != 0))
		i++;
	end_at(a,
	       !kind		       ? "no-route"
	       : refusals[i].v4 || own ? "refused"
				       : "dropped",
	       node, own ? refusals[i].own : refusals[i].v4,
	       own ? refusals[i].own : refusals[i].v6);
	if (own || !refusals[i].v4)
		return;
	open_hop(a, node);
	put_own_addresses(a, at);
	close_hop(a, ",\"refuses\":true");
}

/* A firewall looks at what is forwarded, so it has answered for itself already. */
static void tell_firewall(struct account *a, const struct sonde_oracle_place *at)
{
	static const char *const refusals[] = {
		[SONDE_LAB_DROP] = NULL,
		[SONDE_LAB_REJECT] = "admin-prohibited",
		[SONDE_LAB_RESET] = "tcp-reset or admin-prohibited",
	};
	const struct sonde_lab_node *n = &a->o->lab->node[at->node];
	const char *with = refusals[n->firewall];
	const char **port = sonde_arena_take(a->o->scratch, (n->opens + 1) * sizeof *port);

	for (unsigned i = 0; i < n->opens; i++)
		port[i] = sonde_arena_print(a->o->scratch, "%u", n->open[i]);
	a->r.open = (struct sonde_list){ n->opens ? port : NULL, n->opens };
	end_at(a, with ? "refused" : "dropped", at->node, with, with);
	if (!with)
		return;
	open_hop(a, at->node);
	put_own_addresses(a, at);
	close_hop(a, ",\"refuses\":true");
}

static void tell_last(struct account *a, enum sonde_oracle_end end)
{
	const struct sonde_oracle *o = a->o;
	const struct sonde_oracle_place *at = &o->place[o->places - 1];
	const struct sonde_lab_node *n = &o->lab->node[at->node];
	const struct sonde_lab_route *route = o->route[at->node * o->lab->nodes + o->to];

	switch (end) {
	case SONDE_ORACLE_REACHED:
		if (n->kind == SONDE_LAB_SIM) {
			tell_sim(a, at);
			break;
		}
		open_hop(a, at->node);
		put_address_pair(a, &n->v4, &n->v6);
		close_hop(a, "");
		end_at(a, "reached", at->node, NULL, NULL);
		break;
	case SONDE_ORACLE_LOOP: end_at(a, "loop", at->node, NULL, NULL); break;
	case SONDE_ORACLE_NO_FORWARDING: end_at(a, "dropped", at->node, NULL, NULL); break;
	case SONDE_ORACLE_FIREWALL:
		if (tell_router(a, at))
			tell_firewall(a, at);
		break;
	case SONDE_ORACLE_KIND: tell_refusal(a, at, route->kind); break;
	case SONDE_ORACLE_NO_ROUTE: tell_refusal(a, at, NULL); break;
	}
	if (a->expired)
		end_at(a, "expired", at->node, NULL, NULL);
}

static void walk(struct account *a, enum sonde_oracle_end end)
{
	const struct sonde_oracle *o = a->o;

	for (unsigned i = 0; i + 1 < o->places; i++) {
		unsigned node = o->place[i].node;

		if (o->lab->node[node].own_rules)
			note(a, &a->own_rules, node);
		if (i && !tell_router(a, &o->place[i])) {
			end_at(a, "expired", node, NULL, NULL);
			return;
		}
		pass(a, node, &o->place[i + 1]);
	}
	if (o->lab->node[o->place[o->places - 1].node].own_rules)
		note(a, &a->own_rules, o->place[o->places - 1].node);
	tell_last(a, end);
}

static const char *printed(struct sonde_arena *arena, const struct sonde_address *at)
{
	char buf[48 + SONDE_TEXT_SLACK], *o = buf;

	if (!at->family)
		return NULL;
	o = at->family == AF_INET ? sonde_put_ip4(o, at->ip) : sonde_put_ip6(o, at->ip);
	return sonde_arena_string(arena, buf, (size_t)(o - buf));
}

static void finish(struct account *a)
{
	const struct sonde_oracle *o = a->o;
	const struct sonde_lab *lab = o->lab;
	const char **node = sonde_arena_take(o->scratch, o->places * sizeof *node);

	for (unsigned i = 0; i < o->places; i++)
		node[i] = lab->node[o->place[i].node].name;
	a->r.from = lab->node[o->from].name;
	a->r.to = lab->node[o->to].name;
	a->r.to_v4 = printed(o->scratch, &lab->node[o->to].v4);
	a->r.to_v6 = printed(o->scratch, &lab->node[o->to].v6);
	a->r.path = o->found;
	a->r.paths = o->paths < SONDE_ORACLE_PATHS ? o->paths : SONDE_ORACLE_PATHS;
	a->r.more = o->paths > SONDE_ORACLE_PATHS;
	a->r.nodes = (struct sonde_list){ node, o->places };
	if (!strcmp(a->r.end, "reached"))
		a->r.mtu = a->mtu;
	else
		a->r.mtu_told = 2;
	a->r.nat = list_of(&a->nat);
	a->r.bleached = list_of(&a->bleached);
	a->r.set_ttl = list_of(&a->set_ttl);
	a->r.own_rules = list_of(&a->own_rules);
	if (a->seen_end) {
		a->r.seen_v4 = printed(o->scratch, &a->seen_end->v4);
		a->r.seen_v6 = printed(o->scratch, &a->seen_end->v6);
	}
}

void sonde_oracle_path(struct sonde_oracle *o, enum sonde_oracle_end end)
{
	enum { HOP = 256 + 2 * 16 * 50 + 16 * 10 }; /* bytes of JSON at most */
	bool sim = o->lab->node[o->to].kind == SONDE_LAB_SIM;
	size_t room = (o->places + 1 + (sim ? SONDE_SIM_HOPS : 0)) * HOP + 2 * SONDE_TEXT_SLACK;
	struct account a = { .o = o, .seen = o->from, .mtu = -1u };
	char *buf = sonde_arena_take(o->scratch, room + 1);

	sonde_record_clear(&sonde_lab_path_schema, &a.r);
	sonde_text_init(&a.hops, buf, room, NULL, NULL);
	sonde_text_str(&a.hops, "[");
	walk(&a, end);
	sonde_text_str(&a.hops, "]");
	buf[a.hops.len] = 0;
	finish(&a);
	a.r.hops = a.hops.error ? NULL : buf;
	o->tell(o->arg, &sonde_lab_path_schema, &a.r);
}
