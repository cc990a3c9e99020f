#include "life/inside.h"

#include <errno.h>

#include "base/name.h"

/* What ended a connection, from resets, errors and the order of FINs; never from byte counts. May
 * be settled several times: what the other end knew may come later. */

struct verdict {
	enum sonde_cause cause;
	const char *detail;
	bool inferred;
};

static bool says(const char *name, const char *word)
{
	return name && strstr(name, word);
}

static const char *reset_detail(const struct sonde_endpoint_inside *in)
{
	const char *name = in->rst_name;

	if (says(name, "ON_CLOSE"))
		return "unread data";
	if (says(name, "ON_DATA"))
		return "data came after close";
	if (says(name, "LINGER") || says(name, "TCP_STATE"))
		return "linger-0";
	if (says(name, "ON_MEMORY"))
		return "no memory";
	if (says(name, "KEEPALIVE") || says(name, "TIMEOUT"))
		return "gave up";
	if (says(name, "NO_SOCKET"))
		return in->established ? "no socket any more" : "no listener";
	if (name)
		return name;
	return in->linger ? "linger-0" : NULL;
}

/* When one direction ended, from the surest witness; *ret_sure: the kernel or a packet told. */
static sonde_ns ended(const struct sonde_ending *e, bool *ret_sure)
{
	*ret_sure = e->state || e->frame;
	if (e->state && e->frame)
		return e->state < e->frame ? e->state : e->frame;
	return e->state ? e->state : e->frame ? e->frame : e->call;
}

static sonde_ns earlier(sonde_ns a, sonde_ns b)
{
	return a && (!b || a < b) ? a : b;
}

/* What connect said, where no cause of its own tells it. */
static const char *failure(struct sonde_life *l, const struct sonde_endpoint *p)
{
	return p->inside->failure ? sonde_arena_print(l->arena, "connect %s",
						      sonde_name_errno(p->inside->failure))
				  : NULL;
}

static struct verdict connecting(struct sonde_life *l, const struct sonde_endpoint *p)
{
	const struct sonde_endpoint_inside *in = p->inside;

	switch (in->failure) {
	case ECONNREFUSED: return (struct verdict){ SONDE_CAUSE_REFUSED, "no listener", false };
	case ETIMEDOUT: return (struct verdict){ SONDE_CAUSE_TIMEOUT, "no answer to SYN", false };
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EHOSTDOWN:
	case ENETDOWN: return (struct verdict){ SONDE_CAUSE_UNREACHABLE, NULL, false };
	case ECONNRESET:
		return (struct verdict){ SONDE_CAUSE_RST_RECEIVED, "while connecting", false };
	case 0: break;
	default:
		return (struct verdict){ p->release || p->gone ? SONDE_CAUSE_CLOSED
							       : SONDE_CAUSE_OPEN,
					 failure(l, p), false };
	}
	if (in->rst_in)
		return (struct verdict){ SONDE_CAUSE_REFUSED, "no listener", true };
	if (p->icmp && (p->gone || in->settled || p->release))
		return (struct verdict){ SONDE_CAUSE_UNREACHABLE, NULL, true };
	if (!p->release && !p->gone && !in->settled)
		return (struct verdict){ SONDE_CAUSE_OPEN, "connecting", false };
	/* nobody else ends it before the program does */
	if (in->settled && (!p->release || in->settled + SONDE_MILLISECOND < p->closed))
		return (struct verdict){ SONDE_CAUSE_TIMEOUT, "no answer to SYN", true };
	return (struct verdict){ SONDE_CAUSE_CLOSED, "gave up connecting", !p->release };
}

static const struct sonde_fault *fault(const struct sonde_endpoint *p, int error)
{
	for (uint32_t i = 0; i < p->faults; i++)
		if (p->fault[i].error == error)
			return &p->fault[i];
	return NULL;
}

static const char *fin_detail(const struct sonde_life *l, const struct sonde_endpoint *p,
			      const struct sonde_endpoint *q, bool local)
{
	const struct sonde_endpoint_inside *in = p->inside;
	const struct sonde_ending *later = local ? &in->fin_in : &in->fin_out;
	const struct sonde_ending *first = local ? &in->fin_out : &in->fin_in;
	bool sure;

	if (!ended(later, &sure) && !(q && ended(&q->inside->fin_out, &sure)))
		return local && l->inside->ended ? "the peer's FIN was not seen" : NULL;
	if (p->timing.half_close != SONDE_ABSENT && p->sent.last && !local &&
	    p->sent.last > ended(first, &sure))
		return "half-close";
	if (p->received.last && local && p->received.last > ended(first, &sure))
		return "half-close";
	return NULL;
}

enum side { NEITHER, LOCAL, REMOTE };

/* Whose FIN was first, as this end alone knows it; NEITHER where it does not. */
static enum side first_fin(const struct sonde_life *l, const struct sonde_endpoint *p,
			   bool *ret_sure)
{
	const struct sonde_endpoint_inside *in = p->inside;
	bool sure_out, sure_in, local;
	sonde_ns out = ended(&in->fin_out, &sure_out), come = ended(&in->fin_in, &sure_in);

	*ret_sure = true;
	if (!sure_out && !sure_in) /* a program that reads the end and then makes its own knows */
		return come && (!out || come < out) ? REMOTE : NEITHER;
	local = sure_out && (!sure_in || out < come);
	/* where one alone was seen the other may have been first: only a state excludes that */
	*ret_sure = (sure_out && sure_in) || l->inside->states_seen ||
		    (local ? &in->fin_out : &in->fin_in)->state;
	return local ? LOCAL : REMOTE;
}

/* Unix: whoever let go first. */
static struct verdict by_calls(const struct sonde_endpoint *p, const struct sonde_endpoint *q)
{
	sonde_ns out = p->inside->fin_out.call, come = p->inside->fin_in.call;

	if (q && !come)
		come = q->inside->fin_out.call;
	if (!out && !come && !p->gone)
		return (struct verdict){ SONDE_CAUSE_OPEN, NULL, false };
	return (struct verdict){ come && (!out || come < out) ? SONDE_CAUSE_FIN_REMOTE
							      : SONDE_CAUSE_FIN_LOCAL,
				 NULL, !q };
}

/* Both directions as far as they ended; the peer's own account where it is followed too. */
static struct verdict by_fins(struct sonde_life *l, const struct sonde_endpoint *p)
{
	const struct sonde_endpoint *q = sonde_life_endpoint(l, p->peer);
	const struct sonde_endpoint_inside *in = p->inside;
	enum side first, told = NEITHER;
	bool sure, sure_told = false;

	if (in->crossed || (q && q->inside->crossed))
		return (struct verdict){ SONDE_CAUSE_FIN_SIMULTANEOUS, NULL, false };
	if (sonde_endpoint_is_unix(p))
		return by_calls(p, q);
	first = first_fin(l, p, &sure);
	if (q)
		told = first_fin(l, q, &sure_told);
	if (first == told && !l->inside->states_seen) {
		first = NEITHER; /* each knows its own alone */
	} else if (!first && told) {
		first = told == LOCAL ? REMOTE : LOCAL;
		sure = sure_told;
	}
	if (first)
		return (struct verdict){ first == LOCAL ? SONDE_CAUSE_FIN_LOCAL
							: SONDE_CAUSE_FIN_REMOTE,
					 fin_detail(l, p, q, first == LOCAL), !sure };
	if (!in->fin_out.call && !p->gone && !in->settled)
		return (struct verdict){ SONDE_CAUSE_OPEN, NULL, false };
	return (struct verdict){ SONDE_CAUSE_FIN_LOCAL, "order of FINs not seen", true };
}

/* A glance at the socket found it closed while the program still had it and had ended nothing. */
static bool fell(const struct sonde_life *l, const struct sonde_endpoint *p)
{
	const struct sonde_endpoint_inside *in = p->inside;
	bool sure_out, sure_in;

	ended(&in->fin_out, &sure_out);
	ended(&in->fin_in, &sure_in);
	return !l->inside->states_seen && sonde_endpoint_is_tcp(p) && in->settled &&
	       !in->time_wait && p->state == SONDE_STATE_CLOSE && !sure_out && !sure_in &&
	       !in->fin_in.call && !(in->fin_out.call && in->fin_out.call < in->settled);
}

/* When a reset came or went, 0: none did; a guess: what told is not the end itself. */
struct resets {
	sonde_ns in, out;
	bool guess_in, guess_out;
};

/* What the other end, and the calls of both, let conclude where this end's kernel told nothing. */
static void conclude_resets(const struct sonde_life *l, const struct sonde_endpoint *p,
			    const struct sonde_endpoint *q, struct resets *r)
{
	const struct sonde_endpoint_inside *in = p->inside;
	const struct sonde_fault *reset = fault(p, ECONNRESET), *pipe = fault(p, EPIPE);
	const struct sonde_fault *theirs = q ? fault(q, ECONNRESET) : NULL;
	bool sure_out, sure_in, both;
	sonde_ns out = ended(&in->fin_out, &sure_out);

	ended(&in->fin_in, &sure_in);
	both = sure_out && sure_in;
	if (reset && !both)
		r->in = reset->when;
	else if (pipe && sonde_endpoint_is_tcp(p) && !sure_in && !in->fin_in.call && !out)
		r->in = pipe->when;
	else if (theirs && !both) /* nobody else can have sent it */
		r->out = theirs->when;
	else if (fell(l, p))
		r->in = p->retransmits ? 0 : in->settled;
	else if (q && fell(l, q) && !q->retransmits)
		r->out = q->inside->settled;
	r->guess_in = r->in;
	r->guess_out = r->out;
}

static struct resets find_resets(const struct sonde_life *l, const struct sonde_endpoint *p,
				 const struct sonde_endpoint *q)
{
	const struct sonde_endpoint_inside *in = p->inside;
	struct resets r = { .in = in->rst_in, .out = in->rst_out };

	/* a packet went to it, and nothing shows that the kernel acted on it */
	if (r.in && r.in == in->reached)
		r.guess_in = l->inside->states_seen
				     ? !in->settled
				     : !fell(l, p) && !fault(p, ECONNRESET) && !fault(p, EPIPE);
	if (q && !r.in && q->inside->rst_out && !fault(q, ETIMEDOUT)) {
		r.in = q->inside->rst_out;
		r.guess_in = true;
	}
	if (q && !r.out && q->inside->rst_in) {
		r.out = q->inside->rst_in;
		r.guess_out = true;
	}
	if (!r.in && !r.out)
		conclude_resets(l, p, q, &r);
	return r;
}

static struct verdict by_reset(const struct sonde_life *l, const struct sonde_endpoint *p,
			       const struct sonde_endpoint *q, const struct resets *r)
{
	bool local = r->out && (!r->in || (r->guess_in && !r->guess_out) ||
				(r->guess_in == r->guess_out && r->out < r->in));
	bool waited = q && q->listener && !q->inside->accepted && l->inside->calls_seen;

	if (local)
		return (struct verdict){ SONDE_CAUSE_RST_SENT, reset_detail(p->inside),
					 r->guess_out };
	return (struct verdict){ SONDE_CAUSE_RST_RECEIVED,
				 waited ? "the server had not accepted it" : NULL, r->guess_in };
}

static struct verdict connected(struct sonde_life *l, const struct sonde_endpoint *p)
{
	const struct sonde_endpoint *q = sonde_life_endpoint(l, p->peer);
	const struct sonde_endpoint_inside *in = p->inside;
	const struct sonde_fault *late = fault(p, ETIMEDOUT);
	bool sure_out, sure_in;
	sonde_ns out = ended(&in->fin_out, &sure_out), come = ended(&in->fin_in, &sure_in), rst;
	struct resets r = find_resets(l, p, q);

	rst = earlier(r.in, r.out);
	/* it fell after it had sent again; a reset that came later was for a socket that was gone
	 */
	if (fell(l, p) && (p->retransmits ? !rst || in->settled < rst : !rst))
		return (struct verdict){ SONDE_CAUSE_TIMEOUT, "no answer to data", true };
	if (late && !r.in && !come) /* a reset that goes with it is not the cause */
		return (struct verdict){ SONDE_CAUSE_TIMEOUT, "no answer to data", late->inferred };
	/* one that came after both FINs ended nothing any more */
	if (rst && !(sure_out && sure_in && rst > (out > come ? out : come)))
		return by_reset(l, p, q, &r);
	/* the state went to CLOSE, and no FIN was there to bring it there */
	if (l->inside->states_seen && in->settled && !sure_out && !sure_in &&
	    sonde_endpoint_is_tcp(p) && !in->time_wait && p->state == SONDE_STATE_CLOSE)
		return (struct verdict){ SONDE_CAUSE_RST_SENT, reset_detail(in), true };
	return by_fins(l, p);
}

static bool never_accepted(const struct sonde_life *l, const struct sonde_endpoint *p,
			   bool *ret_inferred)
{
	const struct sonde_endpoint *listener = sonde_life_endpoint(l, p->listener);

	*ret_inferred = !l->inside->calls_seen;
	if (p->role == SONDE_ROLE_CLIENT) /* Unix: no endpoint of its own was ever made */
		return p->inside->queued_at && listener && (listener->release || l->inside->ended);
	if (p->role != SONDE_ROLE_SERVER || p->inside->accepted || p->ino ||
	    p->inside->data_called || p->owners || p->seeded)
		return false;
	return p->inside->settled || p->gone || l->inside->ended || (listener && listener->release);
}

/* Whether all is told that decides: what a program let go may yet get a FIN, or a reset. */
static bool is_over(const struct sonde_life *l, const struct sonde_endpoint *p)
{
	if (l->inside->ended)
		return true;
	if (!sonde_endpoint_is_tcp(p))
		return p->release || p->gone;
	return (p->gone || p->inside->settled) && !p->inside->time_wait;
}

static struct verdict judge(struct sonde_life *l, const struct sonde_endpoint *p)
{
	struct verdict v = { SONDE_CAUSE_CLOSED, NULL, false };

	if (!is_over(l, p))
		return (struct verdict){ SONDE_CAUSE_NONE, NULL, false };
	if (!p->release && !p->gone && !p->inside->settled)
		v = (struct verdict){ SONDE_CAUSE_OPEN, NULL, !l->inside->calls_seen };
	if (!sonde_endpoint_is_stream(p) || p->role == SONDE_ROLE_LISTENER) {
		v.detail = failure(l, p);
		return v;
	}
	if (never_accepted(l, p, &v.inferred))
		return (struct verdict){ SONDE_CAUSE_NEVER_ACCEPTED,
					 p->embryo ? "its SYN got no answer" : NULL, v.inferred };
	if (!p->inside->tried && !p->inside->established && !p->seeded &&
	    p->role != SONDE_ROLE_SERVER) {
		v.inferred = p->remote.port; /* it had a peer, and how it got it was not seen */
		return v;
	}
	return p->inside->tried && !p->inside->established ? connecting(l, p) : connected(l, p);
}

void sonde_cause_settle(struct sonde_life *l, struct sonde_endpoint *p)
{
	struct verdict v = judge(l, p);

	if (v.cause == SONDE_CAUSE_NONE || (v.cause == SONDE_CAUSE_OPEN && !l->inside->ended))
		return;
	p->cause = (uint8_t)v.cause;
	p->cause_inferred = v.inferred;
	p->detail = v.detail;
}
