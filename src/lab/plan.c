#include "lab/lab.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/text.h"
#include "lab/route.h"
#include "lab/rules.h"
#include "lab/sim.h"

static int fail(struct sonde_lab_error *e, unsigned line, const char *text)
{
	e->line = line;
	e->text = text;
	return SONDE_DESCRIPTION;
}

void sonde_lab_network(struct sonde_address *a, unsigned prefix)
{
	for (unsigned i = 0; i < 16; i++, prefix -= prefix < 8 ? prefix : 8)
		a->ip[i] &= (uint8_t)(prefix < 8 ? 0xff00u >> prefix : 0xff);
}

static struct sonde_address v4(unsigned a, unsigned b, unsigned c, unsigned d)
{
	return (struct sonde_address){ .family = AF_INET,
				       .ip = { (uint8_t)a, (uint8_t)b, (uint8_t)c, (uint8_t)d } };
}

/* fd00:X:A:B::N, numbers below 256. */
static struct sonde_address v6(unsigned x, unsigned a, unsigned b, unsigned n)
{
	return (struct sonde_address){ .family = AF_INET6,
				       .ip = { 0xfd, 0, 0, (uint8_t)x, 0, (uint8_t)a, 0,
					       (uint8_t)b, [15] = (uint8_t)n } };
}

/* Links are numbered from 1. */
static void plan_link(struct sonde_lab *lab, unsigned i, unsigned *interfaces)
{
	unsigned number = i + 1;

	for (unsigned e = 0; e < 2; e++) {
		struct sonde_lab_end *end = &lab->link[i].end[e];
		char name[16 + SONDE_TEXT_SLACK] = "eth";

		*sonde_put_dec(name + 3, interfaces[end->node]++) = 0;
		memcpy(end->name, name, sizeof end->name);
		memcpy(end->mac,
		       (const uint8_t[6]){ 2, 0, 0, (uint8_t)(number >> 8), (uint8_t)number,
					   (uint8_t)(e + 1) },
		       6);
		if (!end->v4.family) {
			end->v4 = v4(10, number >> 8, number & 255, e + 1);
			end->v4_prefix = 24;
		}
		if (!end->v6.family) {
			end->v6 = v6(0, number >> 8, number & 255, e + 1);
			end->v6_prefix = 64;
		}
		if (!lab->node[end->node].v4.family) {
			lab->node[end->node].v4 = end->v4;
			lab->node[end->node].v6 = end->v6;
		}
	}
}

/* The K-th address of a network, where no other was said. */
static void number_hop(struct sonde_sim_addresses *a, struct sonde_address net, unsigned k)
{
	unsigned last = net.family == AF_INET ? 3 : 15;

	if (a->n)
		return;
	net.ip[last] = (uint8_t)(net.ip[last] + k);
	a->at[a->n++] = net;
}

static bool within(const struct sonde_address *a, const struct sonde_address *net, unsigned prefix)
{
	struct sonde_address x = *a, y = *net;

	sonde_lab_network(&x, prefix);
	sonde_lab_network(&y, prefix);
	return sonde_address_equal(&x, &y);
}

static int plan_sim(struct sonde_lab *lab, struct sonde_lab_node *n, unsigned number,
		    struct sonde_lab_error *e)
{
	struct sonde_sim_profile *p = sonde_arena_take(lab->arena, sizeof *p);
	struct sonde_sim_hop *last;
	int r = sonde_sim_parse(p, lab->arena, n->profile, n->profile_line, e);

	if (r < 0)
		return r;
	if (number > 127)
		return fail(e, n->line, "more than 128 sims");
	if (!n->net4.family) {
		n->net4 = v4(10, 128 + number, 0, 0);
		n->net4_prefix = 16;
	}
	if (!n->net6.family) {
		n->net6 = v6(1, 0, number, 0);
		n->net6_prefix = 64;
	}
	sonde_lab_network(&n->net4, n->net4_prefix);
	sonde_lab_network(&n->net6, n->net6_prefix);
	for (unsigned k = 1; k < p->hops; k++) { /* the first is the node's own end */
		number_hop(&p->hop[k].v4, n->net4, k + 1);
		number_hop(&p->hop[k].v6, n->net6, k + 1);
	}
	last = &p->hop[p->hops - 1];
	if (p->loop_to) { /* nobody gets to what is behind it */
		n->v4 = n->net4;
		n->v4.ip[3] = (uint8_t)(n->v4.ip[3] + p->hops + 1);
		n->v6 = n->net6;
		n->v6.ip[15] = (uint8_t)(n->v6.ip[15] + p->hops + 1);
	}
	for (unsigned f = 0; f < 2 && !p->loop_to; f++) {
		const struct sonde_sim_addresses *a = f ? &last->v6 : &last->v4;

		if (!a->n)
			continue;
		if (!within(&a->at[0], f ? &n->net6 : &n->net4,
			    f ? n->net6_prefix : n->net4_prefix))
			return fail(e, n->line,
				    "the last hop's address is outside the sim's network: say "
				    "the network, as in v4=198.51.100.0/24");
		*(f ? &n->v6 : &n->v4) = a->at[0];
	}
	n->sim = p;
	return 0;
}

/* A network of the lab, and whose it is. */
struct network {
	struct sonde_address at;
	unsigned prefix, line;
	const char *what;
};

static int compare_networks(const void *a, const void *b)
{
	const struct network *x = a, *y = b;
	int c = (x->at.family > y->at.family) - (x->at.family < y->at.family);

	c = c ? c : memcmp(x->at.ip, y->at.ip, 16);
	return c ? c : (x->prefix > y->prefix) - (x->prefix < y->prefix);
}

static const char *link_name(struct sonde_lab *lab, const struct sonde_lab_link *l)
{
	return sonde_arena_print(lab->arena, "link %s %s", lab->node[l->end[0].node].name,
				 lab->node[l->end[1].node].name);
}

/* In order of address, and the wide before the narrow, a network lies within the one before or in
 * none. */
static int find_clash(struct sonde_lab *lab, struct network *net, size_t n,
		      struct sonde_lab_error *e)
{
	qsort(net, n, sizeof *net, compare_networks);
	for (size_t i = 1; i < n; i++) {
		bool first = net[i - 1].line < net[i].line;
		const struct network *a = &net[i - first], *b = &net[i - !first];

		if (net[i].at.family == net[i - 1].at.family &&
		    within(&net[i].at, &net[i - 1].at, net[i - 1].prefix))
			return fail(e, b->line,
				    sonde_arena_print(lab->arena,
						      "the addresses of %s overlap those of %s in "
						      "line %u",
						      b->what, a->what, a->line));
	}
	return 0;
}

static int check_networks(struct sonde_lab *lab, struct sonde_lab_error *e)
{
	struct network *net =
		sonde_arena_take(lab->arena, 2 * (lab->links + lab->nodes) * sizeof *net);
	size_t n = 0;

	for (unsigned i = 0; i < lab->links; i++) {
		const struct sonde_lab_link *l = &lab->link[i];
		const char *what = link_name(lab, l);

		net[n++] = (struct network){ l->end[0].v4, l->end[0].v4_prefix, l->line, what };
		net[n++] = (struct network){ l->end[0].v6, l->end[0].v6_prefix, l->line, what };
	}
	for (unsigned i = 0; i < lab->nodes; i++) {
		const struct sonde_lab_node *s = &lab->node[i];

		if (s->kind != SONDE_LAB_SIM)
			continue;
		net[n++] = (struct network){ s->net4, s->net4_prefix, s->line, s->name };
		net[n++] = (struct network){ s->net6, s->net6_prefix, s->line, s->name };
	}
	for (size_t i = 0; i < n; i++)
		sonde_lab_network(&net[i].at, net[i].prefix);
	return n ? find_clash(lab, net, n, e) : 0;
}

int sonde_lab_plan(struct sonde_lab *lab, struct sonde_lab_error *ret_error)
{
	unsigned *interfaces = sonde_arena_take(lab->arena, lab->nodes * sizeof *interfaces);
	unsigned sims = 0;
	int r;

	for (unsigned i = 0; i < lab->links; i++)
		plan_link(lab, i, interfaces);
	for (unsigned i = 0; i < lab->nodes; i++) {
		struct sonde_lab_node *n = &lab->node[i];

		if (n->kind == SONDE_LAB_SIM && (r = plan_sim(lab, n, sims++, ret_error)) < 0)
			return r;
		sonde_rules_box(lab, i);
	}
	if ((r = check_networks(lab, ret_error)) < 0)
		return r;
	return lab->auto_routes ? sonde_route_auto(lab, ret_error) : 0;
}
