#include <errno.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "run/fill_inside.h"
#include "sys/way.h"

enum {
	ROOM = 1 << 17,
	IP_MOST = 65535,
	LINK_ETHERNET = 1,
	LINK_RAW = 101,
	LINK_SLL = 113,
	LINK_SLL2 = 276,
	LINK_NULL = 0,
	LINK_LOOP = 108,
	LINK_PPP = 9,
	LINK_CHDLC = 104,
	LINK_WLAN = 105,
	LINK_RADIOTAP = 127,
};

__attribute__((format(printf, 3, 4))) static int wrong(struct sonde_fill *f, int code,
						       const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(f->wrong, sizeof f->wrong, fmt, args);
	va_end(args);
	return code;
}

static bool is_ip(enum sonde_shape shape)
{
	return shape == SONDE_ip || shape == SONDE_ipv6;
}

static void find_layers(struct sonde_filling *g)
{
	enum sonde_shape shape;

	g->ip = g->arp = -1;
	for (g->n = 0; (shape = sonde_craft_layer(g->c, g->n)) != SONDE_NONE; g->n++) {
		if (is_ip(shape) && g->ip < 0)
			g->ip = (int)g->n;
		if (shape == SONDE_arp_ip && g->arp < 0)
			g->arp = (int)g->n;
		if (sonde_quotes(shape))
			break;
	}
	if (g->ip >= 0)
		g->arp = -1;
}

/* In front of all others, where it does not begin so itself. */
static void wrap(struct sonde_filling *g)
{
	sonde_craft_wrap(g->c, SONDE_eth);
	find_layers(g);
}

static sonde_wide wide(const uint8_t *at, unsigned len)
{
	sonde_wide v = 0;

	while (len--)
		v = v << 8 | *at++;
	return v;
}

static int encode(struct sonde_filling *g)
{
	struct sonde_craft_turn turn = { .seed = g->plan->seed, .vars = g->plan->vars };
	int r;

	sonde_draft_init(&g->d, g->room, ROOM);
	r = sonde_craft_encode(g->c, &turn, &g->d);
	if (r == SONDE_NO_SPACE)
		return wrong(g->f, r, "the packet is longer than any link takes");
	if (r == SONDE_TOO_WIDE)
		return wrong(g->f, r, "a $name is not known, or its value is wider than the field");
	if (r < 0)
		return wrong(g->f, r, "%s", sonde_reason_text(r));
	g->f->len = (uint32_t)r;
	return 0;
}

/* ---- where it goes ---- */

/* A host's solicited-node address, RFC 4291 section 2.7.1. */
static void fill_solicited(struct sonde_filling *g)
{
	uint8_t to[16] = { 0xff, 2, [11] = 1, [12] = 0xff };

	for (unsigned i = 0; i < g->n; i++)
		if (sonde_craft_layer(g->c, i) == SONDE_nd_ns &&
		    sonde_filling_layer(g, g->ip) == SONDE_ipv6 &&
		    sonde_filling_says(g, (int)i, SONDE_ROW_nd_ns_target) && i < g->d.p.n) {
			memcpy(to + 13,
			       g->d.p.byte + g->d.p.layer[i].at + SONDE_AT_nd_ns_target / 8 + 13,
			       3);
			sonde_filling_say(g, g->ip, SONDE_ROW_ipv6_dst, wide(to, 16));
		}
}

/* The addresses of the first packet, as it was encoded last. */
static void take_ends(struct sonde_filling *g)
{
	struct sonde_fill *f = g->f;
	int i = g->ip >= 0 ? g->ip : g->arp;
	const struct sonde_layer *l = i < 0 ? NULL : &g->d.p.layer[i];
	const uint8_t *h = l ? g->d.p.byte + l->at : NULL;

	f->src = f->dst = (struct sonde_address){ .family = 0 };
	if (!l)
		return;
	f->src.family = f->dst.family = l->shape == SONDE_ipv6 ? AF_INET6 : AF_INET;
	switch (l->shape) {
	case SONDE_ip:
		memcpy(f->src.ip, h + SONDE_AT_ip_src / 8, 4);
		memcpy(f->dst.ip, h + SONDE_AT_ip_dst / 8, 4);
		break;
	case SONDE_ipv6:
		memcpy(f->src.ip, h + SONDE_AT_ipv6_src / 8, 16);
		memcpy(f->dst.ip, h + SONDE_AT_ipv6_dst / 8, 16);
		break;
	default:
		memcpy(f->src.ip, h + SONDE_AT_arp_ip_spa / 8, 4);
		memcpy(f->dst.ip, h + SONDE_AT_arp_ip_tpa / 8, 4);
		break;
	}
	for (unsigned d = (unsigned)i + 1; d < g->n && d < g->d.p.n; d++) {
		enum sonde_row_id row;
		int protocol;

		h = g->d.p.byte + g->d.p.layer[d].at;
		if (!sonde_filling_port(g->d.p.layer[d].shape, &row, &protocol))
			continue;
		f->src.port = (uint16_t)sonde_load(h, 2);
		f->dst.port = (uint16_t)sonde_load(h + 2, 2);
		break;
	}
}

/* IPv4: RFC 1112 section 6.4, and the limited broadcast; IPv6: RFC 2464 section 7. */
static bool group_mac(const struct sonde_address *to, uint8_t ret[static 6])
{
	if (to->family == AF_INET6 && to->ip[0] == 0xff) {
		ret[0] = ret[1] = 0x33;
		memcpy(ret + 2, to->ip + 12, 4);
		return true;
	}
	if (to->family != AF_INET)
		return false;
	if (to->ip[0] >> 4 == 14) {
		memcpy(ret, (const uint8_t[]){ 1, 0, 0x5e, to->ip[1] & 127, to->ip[2], to->ip[3] },
		       6);
		return true;
	}
	memset(ret, 0xff, 6);
	return !memcmp(to->ip, ret, 4);
}

static bool is_group(const struct sonde_address *to)
{
	uint8_t mac[6];

	return group_mac(to, mac);
}

/* Whether it asks all on the link: ARP, RFC 826. */
static bool asks_all(const struct sonde_filling *g)
{
	sonde_wide op;

	return g->arp > 0 &&
	       (!sonde_filling_says(g, g->arp - 1, SONDE_ROW_arp_op) ||
		(sonde_craft_value(g->c, (unsigned)g->arp - 1, SONDE_ROW_arp_op, &op) && op == 1));
}

/* The one address that the packet goes to, whatever the turn. */
static bool has_one_end(const struct sonde_filling *g)
{
	sonde_wide v;
	enum sonde_row_id row = sonde_filling_layer(g, g->ip) == SONDE_ip ? SONDE_ROW_ip_dst
				: sonde_filling_layer(g, g->ip) == SONDE_ipv6
					? SONDE_ROW_ipv6_dst
					: SONDE_ROW_arp_ip_tpa;

	return sonde_craft_value(g->c, (unsigned)(g->ip >= 0 ? g->ip : g->arp), row, &v) ||
	       !sonde_craft_varies(g->c); /* a $name */
}

static const char *print_address(const struct sonde_address *a, char buf[static 128])
{
	struct sonde_address plain = *a;
	char *o;

	plain.port = 0;
	o = a->family == AF_INET6 ? sonde_put_ip6(buf, plain.ip) : sonde_put_ip4(buf, plain.ip);
	*o = 0;
	return buf;
}

static int explain_way(struct sonde_filling *g, int r)
{
	const char *device = g->plan->device;
	char to[128] = "";

	if (g->f->dst.family)
		print_address(&g->f->dst, to);
	switch (r) {
	case -ENETUNREACH:
		return wrong(g->f, r, "there is no route to %s%s%s", to, device ? " by " : "",
			     device ? device : "");
	case -EHOSTUNREACH:
		return wrong(g->f, r, "no neighbour: nobody answers for %s on %s", to,
			     *g->f->device ? g->f->device : "the link");
	case -ENETDOWN:
		return wrong(g->f, r, "interface %s is down",
			     device	     ? device
			     : *g->f->device ? g->f->device
					     : "of the route");
	case -ENODEV: return wrong(g->f, r, "there is no interface %s here", device ? device : "");
	case -EACCES:
	case -EINVAL: return wrong(g->f, r, "the route to %s forbids to send there", to);
	default: return wrong(g->f, r, "the way to %s: %s", to, sonde_reason_text(r));
	}
}

/* Addresses, of the link and of IP, as far as they were not said. */
static void fill_addresses(struct sonde_filling *g, const struct sonde_way *way)
{
	const struct sonde_address *from = &way->source;
	uint8_t mac[6];

	if (sonde_filling_layer(g, g->ip) == SONDE_ip && from->family == AF_INET)
		sonde_filling_say(g, g->ip, SONDE_ROW_ip_src, wide(from->ip, 4));
	if (sonde_filling_layer(g, g->ip) == SONDE_ipv6 && from->family == AF_INET6)
		sonde_filling_say(g, g->ip, SONDE_ROW_ipv6_src, wide(from->ip, 16));
	if (g->arp >= 0) {
		sonde_filling_say(g, g->arp, SONDE_ROW_arp_ip_sha, wide(way->mac, 6));
		if (from->family == AF_INET)
			sonde_filling_say(g, g->arp, SONDE_ROW_arp_ip_spa, wide(from->ip, 4));
	}
	for (unsigned i = 0; i < g->n && way->hatype == ARPHRD_ETHER;
	     i++) /* RFC 4861 section 4.3 */
		if (sonde_craft_layer(g->c, i) == SONDE_nd_ns && is_group(&g->f->dst))
			sonde_craft_say_option(g->c, i, SONDE_nd_source, SONDE_ROW_nd_source_addr,
					       wide(way->mac, 6));
	if (sonde_filling_layer(g, 0) != SONDE_eth)
		return;
	sonde_filling_say(g, 0, SONDE_ROW_eth_src, wide(way->mac, 6));
	memset(mac, 0xff, 6);
	if (!asks_all(g) && !group_mac(&g->f->dst, mac) && way->has_neighbour)
		memcpy(mac, way->neighbour, 6);
	else if (!asks_all(g) && !is_group(&g->f->dst))
		return;
	sonde_filling_say(g, 0, SONDE_ROW_eth_dst, wide(mac, 6));
}

/* Where it goes, as the tables of the kernel have it. */
static int find_way(struct sonde_filling *g, const char *why, struct sonde_way *ret)
{
	const struct sonde_fill_plan *plan = g->plan;
	struct sonde_fill *f = g->f;
	bool end = f->dst.family && !sonde_address_is_any(&f->dst);
	bool ask = end && has_one_end(g) && !asks_all(g) &&
		   !(sonde_filling_layer(g, 0) == SONDE_eth &&
		     sonde_filling_says(g, 0, SONDE_ROW_eth_dst));
	int r;

	if (!end && !plan->device)
		return wrong(
			f, -EDESTADDRREQ, "where to? %s",
			g->ip >= 0 || g->arp >= 0
				? "the packet has no destination address, and there is no -I "
				  "INTERFACE"
				: "the packet has no address of IP, and there is no -I INTERFACE");
	if (!end || (f->dst.family == AF_INET6 && f->dst.ip[0] == 0xff && plan->device)) {
		r = sonde_way_of_device(ret, plan->device);
		if (!r && end)
			sonde_way_find(ret, &f->dst, plan->device, NULL, 0);
	} else {
		r = sonde_way_find(ret, &f->dst, plan->device, NULL,
				   !ask	       ? 0
				   : plan->dry ? SONDE_WAY_KNOWN
					       : SONDE_WAY_NEIGHBOUR);
		if (r == -ENETUNREACH && why && plan->device) /* the link needs no route */
			r = sonde_way_of_device(ret, plan->device);
	}
	memcpy(f->device, ret->device, sizeof f->device);
	f->ifindex = ret->ifindex;
	f->mtu = ret->mtu;
	f->loopback = ret->loopback;
	return r < 0 ? explain_way(g, r) : 0;
}

/* A hardware address for each of several on the link is more than one header can say. */
static int check_neighbours(const struct sonde_filling *g, const struct sonde_way *way)
{
	if (sonde_filling_layer(g, 0) != SONDE_eth || sonde_filling_says(g, 0, SONDE_ROW_eth_dst) ||
	    way->gateway.family || way->loopback || !g->f->dst.family || has_one_end(g) ||
	    asks_all(g))
		return 0;
	return wrong(g->f, -EDESTADDRREQ,
		     "the destination varies, and each on this link has a hardware address of its "
		     "own: say one, such as eth(dst=ff:ff:ff:ff:ff:ff)");
}

static int check_length(const struct sonde_filling *g)
{
	struct sonde_fill *f = g->f;
	uint32_t link = sonde_filling_layer(g, 0) == SONDE_eth ? SONDE_BYTES_eth : 0;
	uint32_t ip = f->len - (g->ip > 0 ? g->d.p.layer[g->ip].at : link);

	if (is_ip(sonde_filling_layer(g, g->ip)) && ip > IP_MOST && !sonde_craft_fragments(g->c))
		return wrong(
			f, -EMSGSIZE,
			"the packet is %u bytes long from IP on, of which its length field can "
			"say %d",
			ip, IP_MOST);
	if (!f->mtu || ip <= f->mtu || sonde_craft_fragments(g->c))
		return 0;
	return wrong(f, -EMSGSIZE,
		     "the packet is %u bytes long from IP on, of which %s takes %u at most; "
		     "frag(mtu=%u) behind the header of IP sends it in pieces",
		     ip, f->device, f->mtu, f->mtu);
}

static uint16_t linktype_of(const struct sonde_filling *g)
{
	switch (sonde_filling_layer(g, 0)) {
	case SONDE_ip:
	case SONDE_ipv6: return LINK_RAW;
	case SONDE_sll: return LINK_SLL;
	case SONDE_sll2: return LINK_SLL2;
	case SONDE_null: return LINK_NULL;
	case SONDE_loop: return LINK_LOOP;
	case SONDE_ppp: return LINK_PPP;
	case SONDE_chdlc: return LINK_CHDLC;
	case SONDE_wlan: return LINK_WLAN;
	case SONDE_radiotap: return LINK_RADIOTAP;
	default: return LINK_ETHERNET;
	}
}

/* What may begin a packet, in a file or on a link; what lies behind Ethernet gets it in front. */
static int check_first(struct sonde_filling *g)
{
	enum sonde_shape first = sonde_filling_layer(g, 0);

	if (first == SONDE_NONE)
		return g->plan->apart || !g->plan->device ? wrong(g->f, -EDESTADDRREQ,
								  "a packet begins with a header, "
								  "such as eth, ip or ipv6, that "
								  "says what it is")
							  : 0;
	if (is_ip(first) || first == SONDE_eth || linktype_of(g) != LINK_ETHERNET)
		return 0;
	if (sonde_key(SONDE_SPACE_ethertype, first) < 0)
		return wrong(g->f, -EDESTADDRREQ,
			     "%s cannot be the first header: it lies behind another one, such as "
			     "ip(dst=...)/%s",
			     sonde_shapes[first].name, sonde_shapes[first].name);
	wrap(g);
	return 0;
}

static bool value_varies(const struct sonde_filling *g, enum sonde_row_id four,
			 enum sonde_row_id six)
{
	enum sonde_row_id row = sonde_filling_layer(g, g->ip) == SONDE_ip ? four : six;
	sonde_wide v;

	return g->ip >= 0 && sonde_craft_varies(g->c) && sonde_filling_says(g, g->ip, row) &&
	       !sonde_craft_value(g->c, (unsigned)g->ip, row, &v);
}

static int fill_way(struct sonde_filling *g)
{
	struct sonde_fill *f = g->f;
	const char *why = sonde_filling_needs_link(g);
	struct sonde_way way;
	int r = find_way(g, why, &way);

	if (r < 0)
		return r;
	if (why == sonde_filling_together && way.loopback && sonde_filling_layer(g, 0) == SONDE_ip)
		why = NULL; /* what comes to 127.0.0.1 from a packet socket is dropped as martian */
	if (!why && way.hatype == ARPHRD_ETHER &&
	    (g->plan->must || way.gateway.family || has_one_end(g)))
		why = g->plan->link;
	if (!why && g->plan->must)
		return wrong(f, -EOPNOTSUPP, "%s of Ethernet, which %s has not", g->plan->link,
			     f->device);
	if (why && g->ip == 0 && (way.hatype == ARPHRD_ETHER || way.loopback))
		wrap(g); /* the loopback has a header of zeros */
	if ((r = check_neighbours(g, &way)))
		return r;
	f->link = why;
	f->why = why;
	fill_addresses(g, &way);
	if ((r = encode(g)))
		return r;
	take_ends(g);
	f->deaf = g->ip >= 0 && sonde_filling_is_deaf(f);
	f->varied_dst = value_varies(g, SONDE_ROW_ip_dst, SONDE_ROW_ipv6_dst);
	f->spoofed = value_varies(g, SONDE_ROW_ip_src, SONDE_ROW_ipv6_src) ||
		     (f->src.family && !sonde_address_is_any(&f->src) &&
		      sonde_way_is_ours(&f->src) == 0);
	return 0;
}

int sonde_fill_make(struct sonde_fill *ret, struct sonde_craft *c,
		    const struct sonde_fill_plan *plan)
{
	struct sonde_filling g = { .c = c, .plan = plan, .f = ret, .random = plan->seed };
	int r;

	*ret = (struct sonde_fill){ .held = -1 };
	g.room = malloc(ROOM);
	if (!g.room)
		abort();
	find_layers(&g);
	r = check_first(&g);
	if (!r) {
		sonde_filling_numbers(&g);
		r = encode(&g);
	}
	if (!r) {
		fill_solicited(&g);
		r = encode(&g);
	}
	if (!r) {
		take_ends(&g);
		r = plan->apart ? 0 : fill_way(&g);
	}
	if (!r) {
		sonde_filling_ports(&g);
		r = encode(&g);
	}
	if (!r) {
		take_ends(&g);
		ret->linktype = linktype_of(&g);
		r = check_length(&g);
	}
	free(g.room);
	if (r < 0)
		sonde_fill_done(ret);
	return r;
}

void sonde_fill_done(struct sonde_fill *f)
{
	if (f->held >= 0)
		close(f->held);
	f->held = -1;
}
