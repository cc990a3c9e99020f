#include "life/inside.h"

#include <errno.h>
#include <netinet/in.h>

#include "packet/tuple.h"

/* Packets to sockets. What a packet does to the state of a stream is in wire.c. */

enum { REMEMBERED = 4096, FRAGMENTED = 64 };

/* A frame that may yet arrive somewhere else. */
struct seen {
	uint64_t number;
	struct sonde_parcel parcel;
};

/* A datagram whose later fragments carry no ports. */
struct fragmented {
	struct sonde_address src, dst;
	uint32_t id, netns;
	struct sonde_parcel parcel;
};

struct sonde_seen {
	struct seen ring[REMEMBERED];
	struct fragmented part[FRAGMENTED];
	unsigned parts;
};

static bool is_over(const struct sonde_endpoint *p)
{
	return p->gone || p->inside->settled;
}

/* ---- who sent it ---- */

static void learn_sender(struct sonde_life *l, struct sonde_endpoint *p,
			 const struct sonde_tuple *t)
{
	if (!(t->has & SONDE_TUPLE_PORTS) ||
	    (p->local.port && (p->remote.port || t->protocol != IPPROTO_TCP)))
		return;
	if (t->protocol == IPPROTO_TCP) {
		p->local = t->src;
		p->remote = t->dst;
	} else if (!p->local.port) {
		if (!p->local.family || p->remote.port)
			p->local = (struct sonde_address){ .family = t->src.family };
		p->local.port = t->src.port;
		if (p->remote.port)
			p->local = t->src;
		if (p->app_state == SONDE_STATE_CREATED)
			sonde_endpoint_step(l, p, l->ended, SONDE_STATE_AUTOBOUND, false);
	}
	sonde_place_put(l, p);
}

static struct sonde_endpoint *find_bound(struct sonde_life *l, struct sonde_parcel *x,
					 uint32_t netns, const struct sonde_address *local,
					 uint8_t *ret_how)
{
	struct sonde_endpoint *p;
	bool many;

	p = sonde_place_bound(l, netns, x->t.protocol, local, l->ended, &many);
	l->ambiguous += many;
	*ret_how = p ? SONDE_HOW_TUPLE : SONDE_HOW_NONE;
	return p;
}

static struct sonde_endpoint *find_sender(struct sonde_life *l, const struct sonde_frame *f,
					  struct sonde_parcel *x, uint8_t *ret_how)
{
	const struct sonde_tuple *t = &x->t;
	struct sonde_endpoint *p = sonde_index_get(&l->inside->cookie, f->cookie);

	*ret_how = SONDE_HOW_COOKIE;
	if (p) {
		learn_sender(l, p, t);
		return p;
	}
	if (!(t->has & SONDE_TUPLE_PORTS))
		return NULL;
	p = sonde_place_exact(l, f->netns, t->protocol, &t->src, &t->dst);
	*ret_how = p ? SONDE_HOW_TUPLE : SONDE_HOW_NONE;
	if (p && t->protocol == IPPROTO_TCP &&
	    (t->flags & (SONDE_TCP_SYN | SONDE_TCP_RST)) == SONDE_TCP_SYN) {
		if (is_over(p)) /* somebody else's, on the same port */
			return *ret_how = SONDE_HOW_NONE, NULL;
		if (f->cookie && !p->cookie && p->embryo) {
			sonde_endpoint_identify(l, p, f->cookie, 0);
			*ret_how = SONDE_HOW_COOKIE;
		}
	}
	/* a reset of the kernel's own carries the cookie of nobody's socket */
	if (p && f->cookie && p->cookie && p->cookie != f->cookie && !(t->flags & SONDE_TCP_RST))
		return *ret_how = SONDE_HOW_NONE, NULL;
	if (!p && t->protocol == IPPROTO_UDP) {
		p = find_bound(l, x, f->netns, &t->src, ret_how);
		if (p && p->cookie && f->cookie)
			return *ret_how = SONDE_HOW_NONE, NULL;
	}
	return p;
}

/* ---- whom it reaches ---- */

static bool is_reply(const struct sonde_tuple *t)
{
	return t->type == (t->protocol == IPPROTO_ICMP ? 0 : 129);
}

/* A SYN for a followed listener: the socket that will come of it begins here. */
static struct sonde_endpoint *embryo(struct sonde_life *l, struct sonde_parcel *x, uint32_t netns,
				     sonde_ns when)
{
	struct sonde_endpoint *p, *listener;
	uint8_t how;

	listener = find_bound(l, x, netns, &x->t.dst, &how);
	if (!listener)
		return NULL;
	p = sonde_endpoint_make(l, &(struct sonde_event){ .when = when,
							  .family = listener->family,
							  .type = listener->type,
							  .protocol = listener->protocol,
							  .netns = netns,
							  .local = x->t.dst,
							  .remote = x->t.src });
	p->embryo = true;
	p->listener = listener->sid;
	p->role = SONDE_ROLE_SERVER;
	sonde_kernel_enter(l, p, SONDE_STATE_NEW_SYN_RECV, when, true);
	return p;
}

static struct sonde_endpoint *find_receiver(struct sonde_life *l, struct sonde_parcel *x,
					    uint32_t netns, sonde_ns when, uint8_t *ret_how)
{
	const struct sonde_tuple *t = &x->t;
	struct sonde_endpoint *p;
	bool opens = t->protocol == IPPROTO_TCP &&
		     (t->flags & (SONDE_TCP_SYN | SONDE_TCP_ACK)) == SONDE_TCP_SYN;

	*ret_how = SONDE_HOW_TUPLE;
	if (t->has & SONDE_TUPLE_ECHO && is_reply(t)) {
		struct sonde_address id = { .family = t->dst.family, .port = t->id };

		memcpy(id.ip, t->dst.ip, sizeof id.ip);
		return find_bound(l, x, netns, &id, ret_how);
	}
	if (!(t->has & SONDE_TUPLE_PORTS))
		return NULL;
	p = sonde_place_exact(l, netns, t->protocol, &t->dst, &t->src);
	if (p && !(opens && is_over(p)))
		return p;
	if (opens)
		return embryo(l, x, netns, when);
	if (t->protocol == IPPROTO_UDP)
		return find_bound(l, x, netns, &t->dst, ret_how);
	return NULL;
}

static void count(struct sonde_endpoint *p, const struct sonde_parcel *x, bool out)
{
	uint32_t parts = x->segments ? x->segments : 1;

	SONDE_ADD(*(out ? &p->packets_out : &p->packets_in), 1);
	SONDE_ADD(*(out ? &p->wire_out : &p->wire_in), x->wire);
	SONDE_ADD(*(out ? &p->payload_out : &p->payload_in), x->t.length);
	SONDE_ADD(*(out ? &p->segments_out : &p->segments_in), parts);
	SONDE_ADD(*(out ? &p->fragments_out : &p->fragments_in),
		  x->t.fragment != SONDE_FRAGMENT_NONE);
	if (!p->inside->payload_seen && !x->t.length)
		p->packets_before_data++;
	else
		p->inside->payload_seen = true;
}

/* A datagram is in the queue of p; of a group each member gets it, and none is the receiver. */
static void arrive(struct sonde_life *l, struct sonde_parcel *x, struct sonde_endpoint *p,
		   sonde_ns when)
{
	if (!x->flow)
		x->flow = sonde_datagram_wired(l, x->sender, p, &x->t.src, &x->t.dst, x->bytes,
					       when, &x->message);
	sonde_datagram_arrived(l, x->flow, x->message, p, x->bytes, when,
			       sonde_place_is_group(&x->t.dst));
	x->arrived = true;
}

/* The packet is at its receiver: seen coming in, or going over the loopback, where that is one. */
static void reach(struct sonde_life *l, struct sonde_parcel *x, uint32_t netns, sonde_ns when)
{
	struct sonde_endpoint *p = x->receiver;

	if (!p && x->t.fragment != SONDE_FRAGMENT_LATER) {
		p = x->receiver = find_receiver(l, x, netns, when, &x->how2);
		if (p)
			count(p, x, false);
		else
			x->how2 = SONDE_HOW_NONE;
	}
	if (x->t.protocol == IPPROTO_TCP)
		sonde_wire_reached(l, x, when);
	if (x->t.protocol != IPPROTO_UDP || x->t.fragment == SONDE_FRAGMENT_LATER || x->arrived)
		return;
	if (p) {
		arrive(l, x, p, when);
	} else if (sonde_place_is_group(&x->t.dst)) {
		while ((p = sonde_place_member(l, netns, IPPROTO_UDP, &x->t.dst, p)))
			arrive(l, x, p, when);
	}
}

/* ---- ICMP errors ---- */

static int icmp_errno(const struct sonde_tuple *t)
{
	static const int four[] = { ENETUNREACH, EHOSTUNREACH, ENOPROTOOPT, ECONNREFUSED,
				    EMSGSIZE };
	static const int six[] = { ENETUNREACH, EACCES, EHOSTUNREACH, EHOSTUNREACH, ECONNREFUSED };

	if (t->protocol == IPPROTO_ICMP && t->type == 3)
		return t->code < 5 ? four[t->code] : EHOSTUNREACH;
	if (t->protocol == IPPROTO_ICMPV6 && t->type == 1)
		return t->code < 5 ? six[t->code] : EACCES;
	return t->protocol == IPPROTO_ICMPV6 && t->type == 2 ? EMSGSIZE : EHOSTUNREACH;
}

static void hear_icmp(struct sonde_life *l, struct sonde_parcel *x, uint32_t netns, sonde_ns when)
{
	struct sonde_parcel quoted = { .t = x->quoted };
	struct sonde_endpoint *p;
	int error = icmp_errno(&x->t);

	if (x->receiver || !(x->quoted.has & SONDE_TUPLE_PORTS))
		return;
	p = sonde_place_exact(l, netns, x->quoted.protocol, &x->quoted.src, &x->quoted.dst);
	x->how2 = SONDE_HOW_TUPLE;
	if (!p && x->quoted.protocol == IPPROTO_UDP)
		p = find_bound(l, &quoted, netns, &x->quoted.src, &x->how2);
	x->receiver = p;
	if (!p) {
		x->how2 = SONDE_HOW_NONE;
		return;
	}
	p->icmp++;
	sonde_milestone(l, SONDE_MILESTONE_WIRE);
	sonde_endpoint_fault(l, p,
			     &(struct sonde_fault){ .when = when, .error = error, .wire = true });
	if (x->quoted.protocol == IPPROTO_UDP && error == ECONNREFUSED)
		sonde_datagram_refused(l, p, &x->quoted.dst, when, false);
}

/* ---- fragments ---- */

static uint32_t fragment_id(const struct sonde_packet *p)
{
	const struct sonde_ip *ip = sonde_find(p, ip);
	const struct sonde_ipv6_frag *frag = sonde_find(p, ipv6_frag);

	return frag ? (uint32_t)sonde_ipv6_frag_id(frag) : ip ? (uint32_t)sonde_ip_id(ip) : 0;
}

static void join_fragment(struct sonde_life *l, const struct sonde_packet *p, uint32_t netns,
			  struct sonde_parcel *x)
{
	struct sonde_seen *s = l->inside->seen;
	uint32_t id = fragment_id(p);

	if (x->t.fragment == SONDE_FRAGMENT_FIRST) {
		s->part[s->parts++ % FRAGMENTED] =
			(struct fragmented){ x->t.src, x->t.dst, id, netns, *x };
		if (x->flow)
			x->flow->fragments++;
		return;
	}
	for (unsigned i = 0; i < FRAGMENTED; i++) {
		const struct fragmented *f = &s->part[i];

		if (f->id == id && f->netns == netns && f->src.family &&
		    !memcmp(f->src.ip, x->t.src.ip, 16) && !memcmp(f->dst.ip, x->t.dst.ip, 16) &&
		    f->parcel.t.protocol == x->t.protocol) {
			x->sender = f->parcel.sender;
			x->receiver = f->parcel.receiver;
			x->how = x->how2 = SONDE_HOW_TUPLE;
			x->flow = f->parcel.flow;
			x->message = f->parcel.message;
			break;
		}
	}
	if (x->flow)
		x->flow->fragments++;
	if (x->receiver)
		count(x->receiver, x, false);
}

/* ---- */

static void report(struct sonde_life *l, const struct sonde_parcel *x, struct sonde_heard *ret)
{
	const struct sonde_endpoint *child = NULL;

	(void)l;
	if (x->sender) {
		ret->sid = x->sender->sid;
		ret->how = x->how;
		child = x->sender;
	}
	if (x->receiver) {
		ret->sid2 = x->receiver->sid;
		ret->how2 = x->how2;
		if (!child || !child->listener)
			child = x->receiver;
	}
	if (child && child->listener && !child->inside->established && sonde_endpoint_is_tcp(child))
		ret->listener = child->listener;
	if (x->flow) { /* else an ICMP error may have told of one */
		ret->flow = x->flow;
		ret->message = x->message;
	}
}

/* Fills x from the bytes; false where there is nothing to join. */
static bool open_parcel(struct sonde_packet *p, const struct sonde_frame *f, struct sonde_parcel *x)
{
	const struct sonde_udp *udp;
	unsigned d = 0;

	sonde_decode_frame(p, f, NULL);
	if (!sonde_packet_tuple(p, &x->t))
		return false;
	while (d < p->n && p->layer[d].shape != SONDE_ip && p->layer[d].shape != SONDE_ipv6)
		d++;
	x->wire = p->layer[d].end - p->layer[d].at;
	x->segments = f->gso_size ? f->gso_segs : 1;
	x->bytes = x->t.length;
	udp = x->t.fragment == SONDE_FRAGMENT_FIRST ? sonde_find(p, udp) : NULL;
	if (udp && sonde_udp_len(udp) >= 8)
		x->bytes = sonde_udp_len(udp) - 8;
	x->t.body = (struct sonde_bytes){ 0 }; /* does not live as long */
	return true;
}

void sonde_join_frame(struct sonde_life *l, const struct sonde_frame *f, struct sonde_heard *ret)
{
	struct sonde_packet p;
	struct sonde_parcel x = { .number = ret->frame };
	bool loops, out, in;

	if (!open_parcel(&p, f, &x))
		return;
	if (!l->inside->seen)
		l->inside->seen = sonde_arena_take(l->arena, sizeof *l->inside->seen);
	loops = f->ifindex == 1 || sonde_place_is_loopback(&x.t.dst);
	in = f->dir == SONDE_DIR_IN;
	out = !in || loops;
	if (out && x.t.fragment != SONDE_FRAGMENT_LATER)
		x.sender = find_sender(l, f, &x, &x.how);
	if (out && x.t.fragment == SONDE_FRAGMENT_LATER && f->cookie) {
		x.sender = sonde_index_get(&l->inside->cookie, f->cookie);
		x.how = SONDE_HOW_COOKIE;
	}
	if (x.sender && x.t.protocol == IPPROTO_TCP)
		sonde_wire_sent(l, &x, f->when);
	if (x.sender && x.t.protocol == IPPROTO_UDP && x.t.fragment != SONDE_FRAGMENT_LATER)
		x.flow = sonde_datagram_wired(l, x.sender, NULL, &x.t.src, &x.t.dst, x.bytes,
					      f->when, &x.message);
	if (sonde_packet_quoted(&p, &x.quoted))
		x.icmp = true;
	if (x.icmp && (in || loops))
		hear_icmp(l, &x, f->netns, f->when);
	else if (!x.icmp && (in || loops))
		reach(l, &x, f->netns, f->when);
	if (x.t.fragment != SONDE_FRAGMENT_NONE)
		join_fragment(l, &p, f->netns, &x);
	if (x.sender)
		count(x.sender, &x, true);
	if (x.flow)
		x.flow->wire_bytes += x.wire;
	l->inside->seen->ring[x.number % REMEMBERED] = (struct seen){ x.number, x };
	report(l, &x, ret);
	in = x.how2 && (!x.how || x.how2 < x.how);
	l->joined[in ? x.how2 : x.how]++;
}

void sonde_join_arrived(struct sonde_life *l, const struct sonde_event *e, struct sonde_heard *ret)
{
	struct seen *s = l->inside->seen ? &l->inside->seen->ring[e->n[0] % REMEMBERED] : NULL;

	ret->frame = e->n[0];
	if (!s || s->number != e->n[0])
		return;
	if (e->arg[0] == SONDE_DIR_IN) {
		if (s->parcel.icmp)
			hear_icmp(l, &s->parcel, e->netns, e->when);
		else
			reach(l, &s->parcel, e->netns, e->when);
	}
	report(l, &s->parcel, ret);
}
