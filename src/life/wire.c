#include "life/inside.h"

#include "packet/tuple.h"

/* What TCP's packets tell of the two ends: the wire axis, and the states where the kernel's own
 * account is missing. */

static bool before(uint32_t a, uint32_t b) /* RFC 9293 section 3.4 */
{
	return (int32_t)(a - b) < 0;
}

/* Nothing of the socket is left: packets to and from its address are the kernel's own. */
static bool is_over(const struct sonde_endpoint *p)
{
	return (p->inside->settled || p->gone) && !p->inside->time_wait;
}

/* The connection and who of it sent: 0 the client, 1 the server. */
static struct sonde_wire *wire_of(struct sonde_life *l, const struct sonde_parcel *x,
				  unsigned *ret_side)
{
	struct sonde_endpoint *p = x->sender ? x->sender : x->receiver;
	struct sonde_connection *c;

	if (!p)
		return NULL;
	c = sonde_connection_of(l, p);
	*ret_side = (p->role == SONDE_ROLE_SERVER) == !!x->sender;
	return c ? &c->wire : NULL;
}

static struct sonde_mark *mark_of(struct sonde_wire *w, const struct sonde_parcel *x, unsigned side)
{
	return x->t.flags & SONDE_TCP_RST   ? &w->rst[side]
	       : x->t.flags & SONDE_TCP_SYN ? &w->syn[side]
	       : x->t.flags & SONDE_TCP_FIN ? &w->fin[side]
					    : NULL;
}

static void note(struct sonde_life *l, struct sonde_parcel *x, sonde_ns when)
{
	unsigned side;
	struct sonde_wire *w = wire_of(l, x, &side);
	struct sonde_mark *m;

	if (!w || x->noted)
		return;
	x->noted = true;
	w->packets[side]++;
	w->bytes[side] += x->wire;
	w->payload[side] += x->t.length;
	if (x->t.length && !w->first_data[side])
		w->first_data[side] = when;
	if (!side && w->syn[1].n && !w->done && x->t.flags & SONDE_TCP_ACK)
		w->done = when;
	m = mark_of(w, x, side);
	if (!m)
		return;
	if (!m->n++) {
		m->seen = when;
		m->frame = x->number;
		sonde_milestone(l, SONDE_MILESTONE_WIRE);
		l->inside->heard->of = x->t.flags & (SONDE_TCP_SYN | SONDE_TCP_FIN | SONDE_TCP_RST);
	} else {
		w->resent[side] = true;
	}
}

void sonde_wire_sent(struct sonde_life *l, struct sonde_parcel *x, sonde_ns when)
{
	struct sonde_endpoint *p = x->sender;
	struct sonde_endpoint_inside *in = p->inside;
	uint16_t flags = x->t.flags;

	if (flags & SONDE_TCP_SYN && !(flags & SONDE_TCP_ACK)) {
		if (in->tried && x->t.protocol && p->connection && p->connection->wire.syn[0].n &&
		    !l->inside->retransmits_seen)
			p->syn_retries++;
		in->tried = true;
		in->syn = in->syn ? in->syn : when;
		if (!p->role)
			p->role = SONDE_ROLE_CLIENT;
		sonde_kernel_infer(l, p, SONDE_STATE_SYN_SENT, when);
		if (!p->remote.port) { /* it connects again */
			p->local = x->t.src;
			p->remote = x->t.dst;
			sonde_place_put(l, p);
		}
	}
	if (flags & SONDE_TCP_RST) {
		if (!in->rst_out && !is_over(p)) /* what is closed has its cause already */
			in->rst_out = when;
		sonde_kernel_infer(l, p, SONDE_STATE_CLOSE, when);
	} else if (flags & SONDE_TCP_FIN && !in->fin_out.frame) {
		in->fin_out.frame = when;
		in->fin_end = x->t.seq + x->t.length + 1;
		sonde_kernel_infer(l, p,
				   p->state == SONDE_STATE_CLOSE_WAIT || in->fin_in.frame
					   ? SONDE_STATE_LAST_ACK
					   : SONDE_STATE_FIN_WAIT1,
				   when);
	}
	note(l, x, when);
}

static void fin_arrived(struct sonde_life *l, struct sonde_parcel *x, sonde_ns when)
{
	struct sonde_endpoint *p = x->receiver;
	struct sonde_endpoint_inside *in = p->inside;

	if (in->fin_in.frame || is_over(p))
		return;
	in->fin_in.frame = in->reached = when;
	/* sent without knowing of ours */
	if (in->fin_out.frame && before(x->t.ack, in->fin_end)) {
		in->crossed = true;
		if (x->sender)
			x->sender->inside->crossed = true;
	}
	if (in->fin_out.frame && p->timing.half_close == SONDE_ABSENT)
		p->timing.half_close = when - in->fin_out.frame;
	if (in->time_wait) {
		in->time_wait = false;
		sonde_endpoint_step(l, p, when, SONDE_STATE_TIME_WAIT, true);
	}
	sonde_kernel_infer(l, p,
			   !in->fin_out.frame		   ? SONDE_STATE_CLOSE_WAIT
			   : before(x->t.ack, in->fin_end) ? SONDE_STATE_CLOSING
							   : SONDE_STATE_TIME_WAIT,
			   when);
}

static void ack_arrived(struct sonde_life *l, struct sonde_parcel *x, sonde_ns when)
{
	struct sonde_endpoint *p = x->receiver;
	struct sonde_connection *c = p->connection;

	if (p->state == SONDE_STATE_NEW_SYN_RECV && !(x->t.flags & SONDE_TCP_SYN))
		sonde_kernel_infer(l, p, SONDE_STATE_ESTABLISHED, when);
	if (!p->inside->fin_out.frame || before(x->t.ack, p->inside->fin_end))
		return;
	if (c && !c->wire.fin_acked[p->role == SONDE_ROLE_SERVER])
		c->wire.fin_acked[p->role == SONDE_ROLE_SERVER] = when;
	if (p->state == SONDE_STATE_FIN_WAIT1)
		sonde_kernel_infer(l, p, SONDE_STATE_FIN_WAIT2, when);
	else if (p->state == SONDE_STATE_CLOSING)
		sonde_kernel_infer(l, p, SONDE_STATE_TIME_WAIT, when);
	else if (p->state == SONDE_STATE_LAST_ACK)
		sonde_kernel_infer(l, p, SONDE_STATE_CLOSE, when);
}

void sonde_wire_reached(struct sonde_life *l, struct sonde_parcel *x, sonde_ns when)
{
	struct sonde_endpoint *p = x->receiver;
	uint16_t flags = x->t.flags;
	struct sonde_wire *w;
	struct sonde_mark *m;
	unsigned side;

	if (!p)
		return;
	note(l, x, when);
	w = wire_of(l, x, &side);
	m = w ? mark_of(w, x, side) : NULL;
	if (m && !m->arrived)
		m->arrived = when;
	if (flags & SONDE_TCP_RST) {
		if (!p->inside->rst_in && !is_over(p))
			p->inside->rst_in = p->inside->reached = when;
		sonde_kernel_infer(l, p, SONDE_STATE_CLOSE, when);
		return;
	}
	if ((flags & (SONDE_TCP_SYN | SONDE_TCP_ACK)) == (SONDE_TCP_SYN | SONDE_TCP_ACK)) {
		sonde_kernel_infer(l, p, SONDE_STATE_ESTABLISHED, when);
		if (!l->inside->states_seen && !p->inside->established)
			p->inside->established = when;
	}
	if (flags & SONDE_TCP_ACK)
		ack_arrived(l, x, when);
	if (flags & SONDE_TCP_FIN)
		fin_arrived(l, x, when);
}
