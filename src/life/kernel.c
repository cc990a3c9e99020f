#include "life/inside.h"

#include <errno.h>
#include <netinet/in.h>

/* What the kernel told of a socket: the kernel axis. */

static void established(struct sonde_life *l, struct sonde_endpoint *p, sonde_ns when)
{
	struct sonde_connection *c = sonde_connection_of(l, p);
	struct sonde_endpoint *listener = sonde_life_endpoint(l, p->listener);

	p->embryo = false;
	if (!p->inside->established) {
		p->inside->established = when;
		if (p->inside->syn)
			p->timing.handshake = when - p->inside->syn;
	}
	if (c && !c->established)
		c->established = when;
	if (p->role != SONDE_ROLE_SERVER || p->inside->accepted || p->inside->waits)
		return;
	sonde_endpoint_step(l, p, when, SONDE_STATE_QUEUED, true);
	p->inside->waits = true;
	if (listener && ++listener->queued > listener->queued_max)
		listener->queued_max = listener->queued;
}

/* FIN_WAIT2 -> CLOSE is how the kernel's socket makes way for its remains in TIME_WAIT, or, where
 * the program let go before the other's FIN came, in FIN_WAIT2 until that comes. */
static bool leaves_remains(const struct sonde_endpoint *p)
{
	return (p->state == SONDE_STATE_FIN_WAIT2 || p->state == SONDE_STATE_CLOSING) &&
	       !p->inside->rst_in && !p->inside->rst_out;
}

static void closed(struct sonde_life *l, struct sonde_endpoint *p, sonde_ns when)
{
	struct sonde_endpoint_inside *in = p->inside;
	sonde_ns fin = in->fin_out.state;

	if (!in->settled)
		in->settled = when;
	if (in->fin_in.state && (!fin || in->fin_in.state < fin))
		fin = in->fin_in.state;
	if (fin && p->timing.fin_to_close == SONDE_ABSENT)
		p->timing.fin_to_close = when - fin;
	if (p->connection)
		p->connection->closed = when;
	sonde_connection_unqueue(l, p);
}

/* A socket may connect again: how the last attempt ended tells nothing about this one, and the
 * kernel takes another port where the program has not bound one. */
static void begin_again(struct sonde_life *l, struct sonde_endpoint *p, sonde_ns when)
{
	struct sonde_endpoint_inside *in = p->inside;
	bool bound = false;

	in->fin_out = in->fin_in = (struct sonde_ending){ 0 };
	in->settled = in->established = in->reached = in->syn = in->connect_began = 0;
	p->timing.connect = SONDE_ABSENT;
	in->crossed = in->time_wait = false;
	in->failure = 0;
	in->rst_name = NULL;
	in->rst_in = in->rst_in < when ? 0 : in->rst_in;
	in->rst_out = in->rst_out < when ? 0 : in->rst_out;
	for (uint32_t i = 0; i < p->app.n; i++)
		bound |= p->app.at[i].state == SONDE_STATE_BOUND;
	if (!bound)
		p->local = (struct sonde_address){ 0 };
	p->remote = (struct sonde_address){ 0 };
	sonde_place_put(l, p);
	if (p->connection)
		memset(&p->connection->wire, 0, offsetof(struct sonde_wire, packets));
}

void sonde_kernel_enter(struct sonde_life *l, struct sonde_endpoint *p, unsigned state,
			sonde_ns when, bool inferred)
{
	struct sonde_endpoint_inside *in = p->inside;

	if (state == SONDE_STATE_CLOSE && leaves_remains(p)) {
		closed(l, p, when);
		in->time_wait = true;
		if (in->fin_in.state || in->fin_in.frame) {
			in->time_wait = false;
			sonde_endpoint_step(l, p, when, SONDE_STATE_TIME_WAIT, true);
		}
		return;
	}
	sonde_endpoint_step(l, p, when, state, inferred);
	switch (state) {
	case SONDE_STATE_LISTEN: p->role = SONDE_ROLE_LISTENER; break;
	case SONDE_STATE_SYN_SENT:
		in->tried = true;
		if (in->settled)
			begin_again(l, p, when);
		in->syn = in->syn ? in->syn : when;
		p->role = SONDE_ROLE_CLIENT;
		sonde_connection_of(l, p);
		break;
	case SONDE_STATE_SYN_RECV:
		p->embryo = false;
		/* fall through */
	case SONDE_STATE_NEW_SYN_RECV:
		in->syn = in->syn ? in->syn : when;
		sonde_connection_adopt(l, p, when);
		sonde_connection_of(l, p);
		break;
	case SONDE_STATE_ESTABLISHED: established(l, p, when); break;
	case SONDE_STATE_CLOSING: in->crossed = true; /* fall through */
	case SONDE_STATE_CLOSE_WAIT:
		if (!in->fin_in.state && !inferred)
			in->fin_in.state = when;
		break;
	case SONDE_STATE_FIN_WAIT1:
	case SONDE_STATE_LAST_ACK:
		if (!in->fin_out.state && !inferred)
			in->fin_out.state = when;
		if (state == SONDE_STATE_LAST_ACK && !in->fin_in.state && !inferred)
			in->fin_in.state = when;
		break;
	case SONDE_STATE_TIME_WAIT: /* who waits was first */
		if (!in->fin_out.state && !in->fin_in.state && !inferred)
			in->fin_out.state = when;
		in->time_wait = false;
		/* fall through */
	case SONDE_STATE_CLOSE: closed(l, p, when); break;
	}
}

void sonde_kernel_infer(struct sonde_life *l, struct sonde_endpoint *p, unsigned state,
			sonde_ns when)
{
	/* how far along: what is concluded never leads back */
	static const uint8_t rank[] = {
		[SONDE_STATE_LISTEN] = 1,	[SONDE_STATE_SYN_SENT] = 1,
		[SONDE_STATE_NEW_SYN_RECV] = 1, [SONDE_STATE_SYN_RECV] = 2,
		[SONDE_STATE_ESTABLISHED] = 3,	[SONDE_STATE_FIN_WAIT1] = 4,
		[SONDE_STATE_CLOSE_WAIT] = 4,	[SONDE_STATE_FIN_WAIT2] = 5,
		[SONDE_STATE_CLOSING] = 5,	[SONDE_STATE_LAST_ACK] = 5,
		[SONDE_STATE_TIME_WAIT] = 6,	[SONDE_STATE_CLOSE] = 7,
	};

	if (!sonde_endpoint_is_tcp(p) || l->inside->states_seen)
		return;
	if (rank[state] <= rank[p->state] &&
	    !(state == SONDE_STATE_SYN_SENT && p->state == SONDE_STATE_CLOSE))
		return;
	sonde_kernel_enter(l, p, state, when, true);
}

/* The packets of the handshake are seen before the socket that comes of it; in a run whose first
 * state this is, they were taken for the kernel's own account. */
static void take_back(struct sonde_endpoint *p)
{
	while (p->kernel.n && p->kernel.at[p->kernel.n - 1].inferred &&
	       p->kernel.at[p->kernel.n - 1].state == SONDE_STATE_ESTABLISHED) {
		p->kernel.n--;
		p->inside->established = 0;
	}
	p->state = p->kernel.n ? p->kernel.at[p->kernel.n - 1].state : SONDE_STATE_NONE;
}

static void hear_state(struct sonde_life *l, const struct sonde_event *e, struct sonde_endpoint *p)
{
	if (p->state == e->to && e->to != SONDE_STATE_CLOSE) {
		sonde_endpoint_step(l, p, e->when, e->to, false);
		return; /* FIN_WAIT1 -> FIN_WAIT1 after shutdown and close */
	}
	if (e->to == SONDE_STATE_SYN_RECV)
		take_back(p);
	if (e->to == SONDE_STATE_SYN_RECV || (e->from == SONDE_STATE_SYN_RECV && !p->role))
		p->role = SONDE_ROLE_SERVER;
	if (e->from == SONDE_STATE_SYN_SENT && !p->role)
		p->role = SONDE_ROLE_CLIENT;
	sonde_kernel_enter(l, p, e->to, e->when, false);
	if (e->to == SONDE_STATE_SYN_SENT)
		sonde_endpoint_learn(l, p, e);
	sonde_milestone(l, SONDE_MILESTONE_STATE);
}

/* What the kernel told about a reset comes first, a packet may follow. */
static void hear_reset(struct sonde_life *l, const struct sonde_event *e, struct sonde_endpoint *p)
{
	struct sonde_endpoint_inside *in = p->inside;
	bool out = e->kind == SONDE_EVENT_RESET_OUT;
	sonde_ns *at = out ? &in->rst_out : &in->rst_in;

	sonde_milestone(l, SONDE_MILESTONE_RESET);
	if (!*at)
		*at = e->when;
	if (out && e->text.len && !in->rst_name)
		in->rst_name = sonde_arena_string(l->arena, e->text.at, e->text.len);
}

/* A socket that is reset by its owner forgets what it has counted: no total gets smaller. */
static uint64_t more(uint64_t total, uint64_t told)
{
	return total == SONDE_ABSENT || told > total ? told : total;
}

static void keep_totals(struct sonde_endpoint *p, const struct sonde_event *e)
{
	uint64_t received = e->n[1];

	if (!e->n[0] && !e->n[1] && !e->n[2] && !sonde_endpoint_is_tcp(p))
		return;
	/* the kernel counts the FIN; sock_diag's reader has left it out already */
	if (e->kind == SONDE_EVENT_DESTROY && received &&
	    (p->inside->fin_in.state || p->inside->fin_in.frame))
		received--;
	p->inside->total_sent = more(p->inside->total_sent, e->n[0]);
	p->inside->total_received = more(p->inside->total_received, received);
	if (e->flags & SONDE_FLAG_COPY && e->flags & SONDE_FLAG_TASK)
		p->inside->left = (uint64_t)e->arg[0];
	if (e->n[2] > p->retransmits)
		p->retransmits = e->n[2];
}

static void hear_end(struct sonde_life *l, const struct sonde_event *e, struct sonde_endpoint *p)
{
	if (p->gone)
		return;
	p->gone = e->when;
	if (p->release)
		p->timing.orphan = e->when > p->closed ? e->when - p->closed : 0;
	if (leaves_remains(p)) /* who asks instead of watching hears of no CLOSE in between */
		p->inside->time_wait = true;
	sonde_endpoint_step(l, p, e->when, SONDE_STATE_GONE, false);
	sonde_connection_unqueue(l, p);
	sonde_datagram_closed(l, p, e->when);
	sonde_cause_settle(l, p);
	sonde_endpoint_gone(l, p);
	sonde_milestone(l, SONDE_MILESTONE_GONE);
}

static void hear_diag(struct sonde_life *l, const struct sonde_event *e, struct sonde_endpoint *p)
{
	struct sonde_endpoint *peer;

	if (!p->gone) /* else its end has told better: there the FIN is no byte */
		keep_totals(p, e);
	if (sonde_endpoint_is_tcp(p) && e->state && !(e->flags & SONDE_FLAG_LAST) &&
	    (e->state != SONDE_STATE_CLOSE || (p->state && p->state != e->state)) &&
	    !l->inside->states_seen)
		sonde_kernel_enter(l, p, e->state, e->when, false);
	if (e->state == SONDE_STATE_TIME_WAIT && p->inside->time_wait)
		sonde_kernel_enter(l, p, e->state, e->when, false);
	if (e->ino2 && sonde_endpoint_is_unix(p)) {
		peer = sonde_index_get(&l->inside->ino, e->ino2);
		if (peer && peer != p) {
			p->peer = peer->sid;
			peer->peer = p->sid;
		}
	}
	if (e->address.len)
		sonde_place_name(l, p, sonde_place_unix(e->address));
	if (e->flags & SONDE_FLAG_LAST)
		hear_end(l, e, p);
}

static void hear_error(struct sonde_life *l, const struct sonde_event *e, struct sonde_endpoint *p)
{
	/* what the kernel leaves on a socket that it has just reset itself: nobody did that to it
	 */
	if (e->ret == -ECONNRESET && p->inside->rst_out && !p->inside->rst_in)
		return;
	sonde_endpoint_fault(l, p, &(struct sonde_fault){ .when = e->when, .error = (int)-e->ret });
	if (!sonde_endpoint_is_stream(p)) {
		sonde_endpoint_step(l, p, e->when, SONDE_STATE_ERR_PENDING, false);
		p->app_error = (int)-e->ret;
		if (e->ret == -ECONNREFUSED)
			sonde_datagram_refused(l, p, &p->remote, e->when, true);
	} else if (p->state == SONDE_STATE_SYN_SENT ||
		   (p->inside->tried && !p->inside->established)) {
		p->inside->failure = (int)-e->ret;
		p->inside->failure_when = e->when;
	}
	sonde_milestone(l, SONDE_MILESTONE_ERROR);
}

/* A FIN or RST that came over the loopback was dropped before the socket heard of it. */
static void unreach(struct sonde_endpoint_inside *in, sonde_ns when)
{
	if (!in->reached || when > in->reached + SONDE_MILLISECOND)
		return;
	if (in->settled == in->reached) /* concluded from that packet */
		in->settled = 0;
	if (in->settled)
		return;
	if (in->rst_in == in->reached)
		in->rst_in = 0;
	if (in->fin_in.frame == in->reached)
		in->fin_in.frame = 0;
}

void sonde_kernel_event(struct sonde_life *l, const struct sonde_event *e, struct sonde_endpoint *p)
{
	switch (e->kind) {
	case SONDE_EVENT_STATE: hear_state(l, e, p); break;
	case SONDE_EVENT_RESET_OUT:
	case SONDE_EVENT_RESET_IN: hear_reset(l, e, p); break;
	case SONDE_EVENT_RETRANSMIT:
		p->retransmits++;
		l->inside->retransmits_seen = true;
		p->syn_retries += p->state == SONDE_STATE_SYN_SENT;
		sonde_milestone(l, SONDE_MILESTONE_RETRANSMIT);
		break;
	case SONDE_EVENT_DESTROY:
		keep_totals(p, e);
		hear_end(l, e, p);
		break;
	case SONDE_EVENT_DIAG: hear_diag(l, e, p); break;
	case SONDE_EVENT_ERROR: hear_error(l, e, p); break;
	case SONDE_EVENT_DROP:
		sonde_endpoint_drop(l, p, e);
		unreach(p->inside, e->when);
		if (sonde_endpoint_keeps_messages(p))
			sonde_datagram_dropped(l, e, p);
		sonde_milestone(l, SONDE_MILESTONE_DROPPED);
		break;
	}
}
