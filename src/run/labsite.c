#include "run/labsite.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/reason.h"
#include "base/text.h"
#include "lab/truth.h"
#include "sys/batch.h"
#include "sys/file.h"
#include "sys/firewall.h"
#include "sys/netns.h"
#include "sys/privilege.h"
#include "sys/sysctl.h"
#include "sys/userns.h"

/* While it is built. */
struct building {
	struct sonde_labsite *site;
	const struct sonde_lab *lab;
	struct sonde_labsite_error *error;
	struct sonde_batch **batch; /* by node */
	unsigned *index;	    /* of the interface at each end of each link */
	unsigned *order;	    /* the nodes that have a namespace */
	unsigned node;		    /* whose turn it is */
	bool filtered; /* new namespaces take packets by the way only that their answers go */
};

__attribute__((format(printf, 4, 5))) static int fail(struct building *b, unsigned line, int code,
						      const char *fmt, ...)
{
	va_list args;

	b->error->line = line;
	va_start(args, fmt);
	vsnprintf(b->error->what, sizeof b->error->what, fmt, args);
	va_end(args);
	return code;
}

int sonde_labsite_privilege(bool *ret_own)
{
	*ret_own = !sonde_privilege_has(CAP_SYS_ADMIN) || !sonde_privilege_has(CAP_NET_ADMIN) ||
		   !sonde_privilege_has(CAP_NET_RAW);
	return *ret_own ? sonde_userns_enter() : 0;
}

/* What differs from what a new namespace has: to open a setting costs tens of us. Nobody looks for
 * routers or waits for addresses to be found free, nobody limits errors unless the description says
 * so, and a packet may come by another way than its answer goes. What is limited is a bit mask: one
 * without any type that there is stands for none. */
static int put_settings(struct building *b, const struct sonde_lab_node *n)
{
	bool router = n->kind == SONDE_LAB_ROUTER, limited = n->icmp_interval;
	const struct sonde_sysctl *bad;
	struct sonde_sysctl list[12];
	char interval[24];
	unsigned many = 0;
	int r;

	snprintf(interval, sizeof interval, "%llu",
		 (unsigned long long)(n->icmp_interval / SONDE_MILLISECOND));
#define PUT(...) (list[many++] = (struct sonde_sysctl){ __VA_ARGS__ })
	PUT("ipv6/conf/default/accept_dad", "0", "IPv6");
	PUT(limited ? "ipv4/icmp_ratelimit" : "ipv4/icmp_ratemask", limited ? interval : "0",
	    "the limit of ICMP errors");
	PUT(limited ? "ipv6/icmp/ratelimit" : "ipv6/icmp/ratemask", limited ? interval : "127",
	    limited ? "the limit of ICMPv6 errors" : NULL);
	if (router) {
		PUT("ipv4/ip_forward", "1", "forwarding");
		PUT("ipv6/conf/all/forwarding", "1", "forwarding of IPv6");
	} else {
		PUT("ipv6/conf/default/router_solicitations", "0", NULL);
	}
	if (n->hash == 4) {
		PUT("ipv4/fib_multipath_hash_policy", "1", "hash=l4");
		PUT("ipv6/fib_multipath_hash_policy", "1", "hash=l4 of IPv6");
	}
	if (b->filtered) {
		PUT("ipv4/conf/all/rp_filter", "0", "packets by any way");
		PUT("ipv4/conf/default/rp_filter", "0", "packets by any way");
	}
#undef PUT
	r = sonde_sysctl_put(list, many, &bad);
	if (r < 0 && strstr(bad->name, "hash_policy"))
		b->error->without = "hash=";
	return r < 0 ? fail(b, n->line, r, "%s on %s, /proc/sys/net/%s", bad->what, n->name,
			    bad->name)
		     : 0;
}

/* IPv4 settings of a new namespace are those of the machine's first one, or the kernel's. */
static bool is_filtered(void)
{
	char all[8], other[8];

	sonde_sysctl_get("ipv4/conf/all/rp_filter", all, sizeof all);
	sonde_sysctl_get("ipv4/conf/default/rp_filter", other, sizeof other);
	return strcmp(all, "0") != 0 || strcmp(other, "0") != 0;
}

/* Inside the new namespace; sims have none, so places are counted without them. */
static int fit_out(void *arg, unsigned place)
{
	struct building *b = arg;
	unsigned node = b->order[place];
	const struct sonde_lab_node *n = &b->lab->node[node];
	int r;

	b->node = node;
	if (!place)
		b->filtered = is_filtered();
	r = put_settings(b, n);
	if (r < 0)
		return r;
	r = sonde_batch_open(&b->batch[node], -1);
	return r < 0 ? fail(b, n->line, r, "%s", n->name) : 0;
}

static int make_nodes(struct building *b)
{
	int *made = calloc(b->lab->nodes + 1, sizeof *made), r;
	unsigned n = 0;

	if (!made)
		abort();
	for (unsigned i = 0; i < b->lab->nodes; i++)
		if (b->lab->node[i].kind != SONDE_LAB_SIM)
			b->order[n++] = i;
	r = sonde_netns_open_many(made, n, fit_out, b);
	for (unsigned i = 0; i < n; i++)
		b->site->netns[b->order[i]] = made[i];
	free(made);
	return r < 0 && !*b->error->what ? fail(b, 0, r, "network namespaces") : r;
}

static struct sonde_batch_port port_of(const struct sonde_lab_link *l, unsigned end)
{
	struct sonde_batch_port p = { .name = l->end[end].name, .mtu = l->mtu };

	memcpy(p.mac, l->end[end].mac, sizeof p.mac);
	return p;
}

static int send_batch(struct building *b, const char *doing)
{
	const struct sonde_lab_node *n = &b->lab->node[b->node];
	int r = sonde_batch_send(b->batch[b->node]);
	const char *said = sonde_batch_said(b->batch[b->node]);

	return r < 0 ? fail(b, n->line, r, "%s of %s%s%s%s", doing, n->name, *said ? " (" : "",
			    said, *said ? ")" : "")
		     : 0;
}

/* The cables that begin here. */
static int make_cables(struct building *b)
{
	for (unsigned i = 0; i < b->lab->links; i++) {
		const struct sonde_lab_link *l = &b->lab->link[i];
		struct sonde_batch_port here = port_of(l, 0), there = port_of(l, 1);

		if (l->end[0].node == b->node && !sonde_labwire_carries(b->lab, i))
			sonde_batch_pair(b->batch[b->node], &here, &there,
					 b->site->netns[l->end[1].node]);
	}
	return send_batch(b, "links");
}

static int make_wire(struct building *b)
{
	bool carried = false;
	int r;

	for (unsigned i = 0; i < b->lab->links && !carried; i++)
		carried = sonde_labwire_carries(b->lab, i);
	if (!carried)
		return 0;
	b->site->truth = memfd_create("truth", MFD_CLOEXEC);
	if (b->site->truth < 0)
		return fail(b, 0, -errno, "memory for the truth");
	r = sonde_labwire_open(&b->site->wire, b->lab, b->site->netns, b->site->truth);
	return r < 0 ? fail(b, 0, r, "links that are impaired") : 0;
}

static int put_ends(struct building *b)
{
	struct sonde_batch *batch = b->batch[b->node];

	for (unsigned i = 0; i < 2 * b->lab->links; i++) {
		const struct sonde_lab_link *l = &b->lab->link[i / 2];
		const struct sonde_lab_end *e = &l->end[i % 2], *peer = &l->end[!(i % 2)];
		int index;

		if (e->node != b->node)
			continue;
		index = sonde_batch_index(batch, e->name);
		if (index < 0)
			return fail(b, l->line, index, "interface %s of %s", e->name,
				    b->lab->node[b->node].name);
		b->index[i] = (unsigned)index;
		sonde_batch_up(batch, b->index[i]);
		sonde_batch_address(batch, b->index[i], &e->v4, e->v4_prefix);
		sonde_batch_address(batch, b->index[i], &e->v6, e->v6_prefix);
		sonde_batch_neighbour(batch, b->index[i], &peer->v4, peer->mac);
		sonde_batch_neighbour(batch, b->index[i], &peer->v6, peer->mac);
	}
	return 0;
}

static uint8_t kind_of(const struct sonde_lab_route *r)
{
	if (!r->kind)
		return 0;
	return !strcmp(r->kind, "unreachable") ? RTN_UNREACHABLE
	       : !strcmp(r->kind, "prohibit")  ? RTN_PROHIBIT
					       : RTN_BLACKHOLE;
}

/* The route to one network. An address at the other end of a link that is among the hops is reached
 * there, as the network of the link says: IPv6 has no route to a gateway by that gateway. */
static void put_route(struct building *b, const struct sonde_lab_route *from,
		      const struct sonde_address *to, unsigned prefix)
{
	struct sonde_batch_route r = { .to = *to, .prefix = prefix, .kind = kind_of(from) };

	for (unsigned i = 0; i < from->hops && !r.kind; i++) {
		const struct sonde_lab_link *l = &b->lab->link[from->hop[i].link];
		const struct sonde_lab_end *peer = &l->end[!from->hop[i].end];

		r.hop[i].index = b->index[2 * from->hop[i].link + from->hop[i].end];
		r.hop[i].via = to->family == AF_INET6 ? peer->v6 : peer->v4;
		r.hops++;
		if (sonde_address_equal(&r.hop[i].via, to))
			return;
	}
	sonde_batch_route(b->batch[b->node], &r);
}

static void put_routes(struct building *b)
{
	for (unsigned i = 0; i < b->lab->routes; i++) {
		const struct sonde_lab_route *from = &b->lab->route[i];
		const struct sonde_lab_node *to = &b->lab->node[from->to];

		if (from->node != b->node)
			continue;
		for (unsigned k = 0; k < 2 * b->lab->links; k++) {
			const struct sonde_lab_end *e = &b->lab->link[k / 2].end[k % 2];

			if (e->node != from->to)
				continue;
			put_route(b, from, &e->v4, 32);
			put_route(b, from, &e->v6, 128);
		}
		if (to->net4.family)
			put_route(b, from, &to->net4, to->net4_prefix);
		if (to->net6.family)
			put_route(b, from, &to->net6, to->net6_prefix);
	}
}

static int fill_node(struct building *b)
{
	int r = put_ends(b);

	if (r)
		return r;
	put_routes(b);
	return send_batch(b, "addresses and routes");
}

/* Once both ends of every link are up. */
static int settle_node(struct building *b)
{
	struct sonde_batch *batch = b->batch[b->node];

	for (unsigned i = 0; i < 2 * b->lab->links; i++) {
		const struct sonde_lab_link *l = &b->lab->link[i / 2];
		const struct sonde_lab_end *e = &l->end[i % 2];
		int r;

		if (e->node != b->node)
			continue;
		r = sonde_batch_settle(batch, e->name);
		if (!r)
			r = sonde_batch_wait(batch, &e->v6);
		if (r < 0)
			return fail(b, l->line, r, "interface %s of %s", e->name,
				    b->lab->node[b->node].name);
	}
	return 0;
}

static int put_rules(struct building *b)
{
	for (unsigned i = 0; i < b->lab->rules; i++) {
		const struct sonde_lab_rule *rule = &b->lab->rule[i];
		const char *name = b->lab->node[rule->node].name;
		char said[200] = "", *text;
		int r;

		if (asprintf(&text, "table inet lab {\n%s\n}\n", rule->text) < 0)
			abort();
		r = sonde_firewall_load(b->site->netns[rule->node], text, said, sizeof said);
		free(text);
		b->error->told = r == SONDE_RULES;
		if (r == SONDE_RULES)
			return fail(b, rule->line, r, "rules of %s: %s", name, said);
		if (r < 0)
			return fail(b, rule->line, r, "rules of %s", name);
	}
	return 0;
}

static int put_services(struct building *b)
{
	int r = b->lab->services ? sonde_serve_open(&b->site->serve) : 0;

	if (r < 0)
		return fail(b, 0, r, "services");
	for (unsigned i = 0; i < b->lab->services; i++) {
		static const enum sonde_serve_kind kind[] = {
			[SONDE_LAB_ECHO] = SONDE_SERVE_ECHO,
			[SONDE_LAB_HTTP] = SONDE_SERVE_HTTP,
			[SONDE_LAB_CLOSE] = SONDE_SERVE_CLOSE,
			[SONDE_LAB_SILENT] = SONDE_SERVE_SILENT,
		};
		const struct sonde_lab_service *s = &b->lab->service[i];
		const struct sonde_lab_node *n = &b->lab->node[s->node];
		struct sonde_serve_plan plan = { n->name, s->udp, s->port, kind[s->kind] };

		r = sonde_serve_add(b->site->serve, b->site->netns[s->node], &plan);
		if (r < 0)
			return fail(b, s->line, r, "%s port %u of %s", s->udp ? "udp" : "tcp",
				    s->port, n->name);
	}
	return 0;
}

/* What the name of a node stands for; its other ends have names of their own: "r1-eth1". */
static int write_names(struct building *b)
{
	char buffer[16 << 10];
	struct sonde_text t;
	int fd = memfd_create("hosts", MFD_CLOEXEC);

	if (fd < 0)
		return fail(b, 0, -errno, "memory for the names");
	b->site->hosts = fd;
	sonde_text_init(&t, buffer, sizeof buffer, sonde_file_sink, &fd);
	sonde_text_str(&t, "127.0.0.1 localhost\n::1 localhost\n");
	for (unsigned i = 0; i < b->lab->nodes; i++) {
		const struct sonde_lab_node *n = &b->lab->node[i];

		for (unsigned v6 = 0; v6 < 2; v6++) {
			const struct sonde_address *a = v6 ? &n->v6 : &n->v4;
			char *o = sonde_text_room(&t, 100);

			if (!a->family)
				continue;
			o = v6 ? sonde_put_ip6(o, a->ip) : sonde_put_ip4(o, a->ip);
			sonde_text_end(&t, o);
			sonde_text_print(&t, " %s\n", n->name);
		}
	}
	for (unsigned i = 0; i < 2 * b->lab->links; i++) {
		const struct sonde_lab_end *e = &b->lab->link[i / 2].end[i % 2];
		const struct sonde_lab_node *n = &b->lab->node[e->node];

		if (n->v4.family && !memcmp(n->v4.ip, e->v4.ip, 4))
			continue;
		sonde_text_end(&t, sonde_put_ip4(sonde_text_room(&t, 100), e->v4.ip));
		sonde_text_print(&t, " %s-%s\n", n->name, e->name);
		sonde_text_end(&t, sonde_put_ip6(sonde_text_room(&t, 100), e->v6.ip));
		sonde_text_print(&t, " %s-%s\n", n->name, e->name);
	}
	return sonde_text_flush(&t);
}

static int settle_wire(struct building *b)
{
	int r = b->site->wire ? sonde_labwire_settle(b->site->wire) : 0;

	return r < 0 ? fail(b, 0, r, "links that are impaired") : 0;
}

/* In this order, once or for each node that has a namespace. */
static const struct step {
	int (*take)(struct building *b);
	bool each;
	const char *without; /* of struct sonde_labsite_error */
} steps[] = {
	{ make_nodes, false, NULL },
	{ make_cables, true, NULL },
	{ make_wire, false, "delay, loss, rate and their like, and without sims" },
	{ fill_node, true, "routes of several next hops" },
	{ settle_node, true, NULL },
	{ settle_wire, false, NULL },
	{ put_rules, false, "box and nft" },
	{ put_services, false, "serve" },
	{ write_names, false, NULL },
};

static int take(struct building *b, const struct step *s)
{
	int r = 0;

	b->error->without = s->without;
	if (!s->each)
		return s->take(b);
	for (b->node = 0; b->node < b->lab->nodes && !r; b->node++)
		if (b->site->netns[b->node] >= 0)
			r = s->take(b);
	return r;
}

int sonde_labsite_open(struct sonde_labsite *ret, const struct sonde_lab *lab,
		       struct sonde_labsite_error *ret_error)
{
	struct building b = { .site = ret, .lab = lab, .error = ret_error };
	int r = 0;

	*ret_error = (struct sonde_labsite_error){ 0 };
	*ret = (struct sonde_labsite){ .lab = lab, .hosts = -1, .truth = -1 };
	ret->netns = calloc(lab->nodes + 1, sizeof *ret->netns);
	b.batch = calloc(lab->nodes + 1, sizeof(struct sonde_batch *));
	b.index = calloc(2 * lab->links + 1, sizeof *b.index);
	b.order = calloc(lab->nodes + 1, sizeof *b.order);
	if (!ret->netns || !b.batch || !b.index || !b.order)
		abort();
	for (unsigned i = 0; i < lab->nodes; i++)
		ret->netns[i] = -1;
	for (size_t i = 0; i < sizeof steps / sizeof *steps && !r; i++)
		r = take(&b, &steps[i]);
	for (unsigned i = 0; i < lab->nodes; i++)
		sonde_batch_close(b.batch[i]);
	free(b.batch);
	free(b.index);
	free(b.order);
	if (r < 0)
		sonde_labsite_close(ret);
	return r;
}

static void close_if_open(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void sonde_labsite_close(struct sonde_labsite *s)
{
	if (!s->netns)
		return;
	s->wire = sonde_labwire_close(s->wire);
	s->serve = sonde_serve_close(s->serve);
	for (unsigned i = 0; i < s->lab->nodes; i++)
		close_if_open(&s->netns[i]);
	close_if_open(&s->hosts);
	close_if_open(&s->truth);
	free(s->netns);
	s->netns = NULL;
}
