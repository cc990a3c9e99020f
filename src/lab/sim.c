#include "base/random.h"
#include "lab/sim_inside.h"

static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

void sonde_sim_init(struct sonde_sim *s, struct sonde_arena *arena, const struct sonde_lab *lab,
		    unsigned node)
{
	*s = (struct sonde_sim){ .lab = lab,
				 .node = node,
				 .random = lab->seed ^ ((uint64_t)node + 1) << 32,
				 .buf = sonde_arena_take(arena, SONDE_SIM_ROOM) };
}

bool sonde_sim_chance(struct sonde_sim *s, uint32_t chance)
{
	return (sonde_random(&s->random) >> 32) * 1000000 >> 32 < chance;
}

void sonde_sim_begin(struct sonde_sim_packet *x, struct sonde_draft *d,
		     const struct sonde_address *from, unsigned ttl)
{
	const struct sonde_eth *eth = sonde_header(x->p, 0, eth);
	struct sonde_sim *s = x->sim;

	sonde_draft_init(d, s->buf, SONDE_SIM_ROOM);
	sonde_draft_push(d, SONDE_eth);
	sonde_set(d, eth, dst, sonde_eth_src(eth));
	sonde_set(d, eth, src, x->end->mac);
	if (from->family == AF_INET6) {
		sonde_draft_push(d, SONDE_ipv6);
		sonde_set(d, ipv6, src, from->ip);
		sonde_set(d, ipv6, dst, x->t.src.ip);
		sonde_set(d, ipv6, hlim, (uint8_t)ttl);
	} else {
		sonde_draft_push(d, SONDE_ip);
		sonde_set(d, ip, id, (uint16_t)s->number);
		sonde_set(d, ip, src, (uint32_t)sonde_load(from->ip, 4));
		sonde_set(d, ip, dst, (uint32_t)sonde_load(x->t.src.ip, 4));
		sonde_set(d, ip, ttl, (uint8_t)ttl);
	}
}

void sonde_sim_send(struct sonde_sim_packet *x, struct sonde_draft *d,
		    const struct sonde_sim_hop *h)
{
	int len = sonde_draft_encode(d);

	if (len < 0 || sonde_sim_chance(x->sim, h->loss))
		return;
	if (h->bad_sum && d->p.n > 2 && sonde_has(&d->p, icmp))
		x->sim->buf[d->p.layer[2].at + SONDE_AT_icmp_checksum / 8] ^= 0x55;
	if (h->bad_sum && d->p.n > 2 && sonde_has(&d->p, icmpv6))
		x->sim->buf[d->p.layer[2].at + SONDE_AT_icmpv6_checksum / 8] ^= 0x55;
	for (unsigned i = 0; i < h->dup; i++, x->emitted++)
		x->emit(x->arg, x->due, x->sim->buf, (size_t)len);
}

/* One of the hop's addresses: the same for all packets of a flow, or each in turn. */
static struct sonde_address address_of(const struct sonde_sim_packet *x,
				       const struct sonde_sim_hop *h)
{
	const struct sonde_sim_addresses *a = sonde_sim_is_v6(x) ? &h->v6 : &h->v4;
	const struct sonde_tuple *t = &x->t;
	uint64_t hash = t->protocol;

	if (!a->n)
		return sonde_sim_is_v6(x) ? x->end->v6 : x->end->v4;
	if (a->n == 1)
		return a->at[0];
	if (h->by_packet)
		return a->at[x->sim->number % a->n];
	for (unsigned i = 0; i < 16; i++)
		hash = (hash ^ t->src.ip[i] ^ (uint64_t)t->dst.ip[i] << 8) * 0x100000001b3;
	hash = (hash ^ (t->src.port | (uint64_t)t->dst.port << 16 | (uint64_t)t->id << 32)) *
	       0x9e3779b97f4a7c15;
	return a->at[(hash ^ hash >> 29) % a->n];
}

static bool same_ip(const struct sonde_address *a, const struct sonde_address *b)
{
	return a->family == b->family && !memcmp(a->ip, b->ip, 16);
}

/* The node's end that has this address, or NULL. */
static const struct sonde_lab_end *end_of(const struct sonde_sim *s, const void *ip, size_t len)
{
	const struct sonde_lab *lab = s->lab;

	for (unsigned i = 0; i < lab->links; i++)
		for (unsigned e = 0; e < 2; e++) {
			const struct sonde_lab_end *end = &lab->link[i].end[e];
			const void *has = len == 6   ? (const void *)end->mac
					  : len == 4 ? end->v4.ip
						     : end->v6.ip;

			if (end->node == s->node && !memcmp(has, ip, len))
				return end;
		}
	return NULL;
}

/* Whether the packet ends here: the first hop has the node's own ends. */
static bool is_for(const struct sonde_sim_packet *x, const struct sonde_sim_hop *h)
{
	const struct sonde_sim_addresses *a = sonde_sim_is_v6(x) ? &h->v6 : &h->v4;

	for (unsigned i = 0; i < a->n; i++)
		if (same_ip(&a->at[i], &x->t.dst))
			return true;
	return !x->hops && end_of(x->sim, x->t.dst.ip, sonde_sim_is_v6(x) ? 16 : 4);
}

/* Hop by hop until one answers, or drops it. */
static void walk(struct sonde_sim_packet *x)
{
	static const enum sonde_sim_error refusals[] = {
		[SONDE_SIM_NET] = SONDE_SIM_NET_UNREACHABLE,
		[SONDE_SIM_HOST] = SONDE_SIM_HOST_UNREACHABLE,
		[SONDE_SIM_ADMIN] = SONDE_SIM_PROHIBITED,
	};
	const struct sonde_sim_profile *p = x->sim->lab->node[x->sim->node].sim;
	const struct sonde_ip *ip = sonde_find(x->p, ip);
	bool whole = sonde_sim_is_v6(x) || (ip && sonde_ip_df(ip));

	for (x->hops = 0;; x->hops++) {
		unsigned i = sonde_sim_reaches(p, x->hops + 1);
		const struct sonde_sim_hop *h = &p->hop[i];
		struct sonde_address from = address_of(x, h);

		x->due += 2 * h->delay;
		if (is_for(x, h) || (i + 1 == p->hops && !p->loop_to)) {
			sonde_sim_serve(x, h);
			return;
		}
		if (x->ttl <= x->hops + 1) {
			sonde_sim_tell(x, h, &from, SONDE_SIM_TIME_EXCEEDED);
			return;
		}
		if (h->refuse) {
			if (h->refuse != SONDE_SIM_DROP)
				sonde_sim_tell(x, h, &from, refusals[h->refuse]);
			return;
		}
		if (h->mtu && x->len > h->mtu && whole) {
			sonde_sim_tell(x, h, &from, SONDE_SIM_TOO_BIG);
			return;
		}
	}
}

/* RFC 826: who has one of ours is told. */
static void answer_arp(struct sonde_sim_packet *x)
{
	const struct sonde_arp *arp = sonde_find(x->p, arp);
	const struct sonde_arp_ip *ask = sonde_find(x->p, arp_ip);
	struct sonde_draft d;
	uint8_t ip[4];

	sonde_store(ip, 4, sonde_arp_ip_tpa(ask));
	if (sonde_arp_op(arp) != 1 || !(x->end = end_of(x->sim, ip, 4)))
		return;
	sonde_draft_init(&d, x->sim->buf, SONDE_SIM_ROOM);
	sonde_draft_push(&d, SONDE_eth);
	sonde_set(&d, eth, dst, sonde_arp_ip_sha(ask));
	sonde_set(&d, eth, src, x->end->mac);
	sonde_draft_push(&d, SONDE_arp);
	sonde_set(&d, arp, op, 2);
	sonde_draft_push(&d, SONDE_arp_ip);
	sonde_set(&d, arp_ip, sha, x->end->mac);
	sonde_set(&d, arp_ip, spa, sonde_arp_ip_tpa(ask));
	sonde_set(&d, arp_ip, tha, sonde_arp_ip_sha(ask));
	sonde_set(&d, arp_ip, tpa, sonde_arp_ip_spa(ask));
	sonde_sim_send(x, &d, &(struct sonde_sim_hop){ .dup = 1 });
}

/* RFC 4861 section 7.2.4, and section 7.1.1 for what is no solicitation. */
static void answer_neighbour(struct sonde_sim_packet *x)
{
	static const struct sonde_address all = { .family = AF_INET6, .ip = { 0xff, 2, [15] = 1 } };
	const struct sonde_nd_ns *ask = sonde_find(x->p, nd_ns);
	bool asked = !sonde_address_is_any(&x->t.src);
	struct sonde_draft d;
	int at;

	if (x->ttl != 255 || !(x->end = end_of(x->sim, sonde_nd_ns_target(ask), 16)))
		return;
	if (!asked)
		x->t.src = all;
	sonde_sim_begin(x, &d, &x->end->v6, 255);
	sonde_draft_push(&d, SONDE_icmpv6);
	sonde_draft_push(&d, SONDE_nd_na);
	sonde_set(&d, nd_na, r, true);
	sonde_set(&d, nd_na, s, asked);
	sonde_set(&d, nd_na, o, true);
	sonde_set(&d, nd_na, target, sonde_nd_ns_target(ask));
	if ((at = sonde_draft_option(&d, SONDE_nd_target)) >= 0)
		sonde_nd_target_addr_put((struct sonde_nd_target *)(x->sim->buf + at), x->end->mac);
	sonde_sim_send(x, &d, &(struct sonde_sim_hop){ .dup = 1 });
}

/* Whether every sum that this packet has is right; those of a fragment and of what is quoted are
 * not known. */
static bool sums_are_right(const struct sonde_packet *p)
{
	struct sonde_verdict v;

	sonde_judge(p, SONDE_JUDGE_SUMS, &v);
	for (unsigned d = 0; d < p->n; d++) {
		uint32_t sums = 0;

		switch (p->layer[d].shape) {
		case SONDE_ip: sums = 1u << (SONDE_ROW_ip_checksum - SONDE_ROWS_ip); break;
		case SONDE_icmp: sums = 1u << (SONDE_ROW_icmp_checksum - SONDE_ROWS_icmp); break;
		case SONDE_icmpv6:
			sums = 1u << (SONDE_ROW_icmpv6_checksum - SONDE_ROWS_icmpv6);
			break;
		case SONDE_udp: sums = 1u << (SONDE_ROW_udp_checksum - SONDE_ROWS_udp); break;
		case SONDE_tcp: sums = 1u << (SONDE_ROW_tcp_checksum - SONDE_ROWS_tcp); break;
		default: break;
		}
		if (v.wrong[d] & sums)
			return false;
	}
	return true;
}

static bool is_unicast(const struct sonde_address *a)
{
	return !sonde_address_is_any(a) &&
	       (a->family == AF_INET ? a->ip[0] < 224 && a->ip[0] != 127 : a->ip[0] != 0xff);
}

static void hear_ip(struct sonde_sim_packet *x)
{
	const struct sonde_packet *p = x->p;
	const struct sonde_layer *l = &p->layer[1];
	const struct sonde_eth *eth = sonde_header(p, 0, eth);

	x->len = l->end - l->at;
	if (l->end > p->len || l->end < l->at + l->head || !sonde_packet_tuple(p, &x->t) ||
	    !sums_are_right(p))
		return;
	x->ttl = l->shape == SONDE_ip ? sonde_ip_ttl(sonde_header(p, 1, ip))
				      : sonde_ipv6_hlim(sonde_header(p, 1, ipv6));
	if (sonde_has(p, nd_ns) && p->n > 2 && p->layer[2].shape == SONDE_icmpv6) {
		answer_neighbour(x);
		return;
	}
	x->end = end_of(x->sim, sonde_eth_dst(eth), 6);
	if (x->end && x->ttl && is_unicast(&x->t.src) && is_unicast(&x->t.dst))
		walk(x);
}

int sonde_sim_hear(struct sonde_sim *s, sonde_ns now, const uint8_t *frame, size_t len,
		   sonde_sim_emit emit, void *arg)
{
	struct sonde_packet p;
	struct sonde_sim_packet x = { .sim = s, .p = &p, .due = now, .emit = emit, .arg = arg };
	const uint8_t *to = frame;

	if (len < SONDE_BYTES_eth || len > SONDE_SIM_ROOM)
		return 0;
	sonde_decode(&p, frame, (uint32_t)len, (uint32_t)len, SONDE_eth);
	if (p.n < 2 || (memcmp(to, broadcast, 6) != 0 && !(*to & 1) && !end_of(s, to, 6)))
		return 0;
	s->number++;
	if (p.layer[1].shape == SONDE_arp && sonde_has(&p, arp_ip))
		answer_arp(&x);
	else if (p.layer[1].shape == SONDE_ip || p.layer[1].shape == SONDE_ipv6)
		hear_ip(&x);
	return x.emitted;
}
