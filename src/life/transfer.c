#include "life/inside.h"

#include <sys/socket.h>

/* Bytes that a program moved: the calls that do it, and what the socket tells of them. */

static void end_of_stream(struct sonde_life *l, struct sonde_endpoint *p, sonde_ns when)
{
	struct sonde_endpoint_inside *in = p->inside;

	if (in->fin_in.call)
		return;
	in->fin_in.call = when;
	sonde_endpoint_step(l, p, when,
			    p->app_state == SONDE_STATE_WR_SHUT ? SONDE_STATE_DRAINED
								: SONDE_STATE_PEER_EOF,
			    false);
	sonde_kernel_infer(l, p, in->fin_out.call ? SONDE_STATE_TIME_WAIT : SONDE_STATE_CLOSE_WAIT,
			   when);
	sonde_milestone(l, SONDE_MILESTONE_END_OF_STREAM);
}

static void moved(struct sonde_life *l, struct sonde_endpoint *p, sonde_ns when, bool out,
		  uint64_t bytes, uint64_t messages)
{
	struct sonde_volume *v = out ? &p->sent : &p->received;
	struct sonde_endpoint_inside *in = p->inside;

	SONDE_ADD(v->bytes, bytes);
	SONDE_ADD(v->messages, messages);
	if (!v->first) {
		v->first = when;
		if (p->timing.setup == SONDE_ABSENT && p->opened)
			p->timing.setup = when - p->opened;
		if (!out && in->established && p->timing.first_byte == SONDE_ABSENT)
			p->timing.first_byte = when > in->established ? when - in->established : 0;
		if (out && p->received.first)
			p->timing.think = when - p->received.first;
		sonde_milestone(l,
				out ? SONDE_MILESTONE_FIRST_SENT : SONDE_MILESTONE_FIRST_RECEIVED);
	}
	if (in->last_data && when > in->last_data &&
	    (p->timing.idle_max == SONDE_ABSENT || when - in->last_data > p->timing.idle_max))
		p->timing.idle_max = when - in->last_data;
	in->last_data = v->last = when;
	if (p->app_state == SONDE_STATE_CONNECTING)
		sonde_app_connected(l, p, when);
	if (p->inside->failure && !out)
		p->inside->failure = 0;
}

/* Who moves its bytes has it, and had accepted it, if by no call that we saw. */
static void has(struct sonde_life *l, struct sonde_endpoint *p, const struct sonde_event *e)
{
	struct sonde_endpoint *listener = sonde_life_endpoint(l, p->listener);

	if (!p->pid) {
		p->pid = e->pid;
		memcpy(p->comm, e->comm, sizeof p->comm);
	}
	if (p->role != SONDE_ROLE_SERVER || p->inside->accepted)
		return;
	p->inside->accepted = true;
	sonde_connection_unqueue(l, p);
	if (listener)
		listener->accepted++;
}

void sonde_transfer_told(struct sonde_life *l, const struct sonde_event *e,
			 struct sonde_endpoint *p, bool out)
{
	struct sonde_event like = *e;

	l->inside->data_seen = p->inside->data_called = true;
	if (e->ret < 0 || (!out && e->arg[0] & MSG_PEEK))
		return;
	if (!out && !e->ret && sonde_endpoint_is_stream(p)) {
		end_of_stream(l, p, e->when);
		return;
	}
	if (p->inside->moved_by[out] != e->tid)
		p->inside->moved[out] = 0;
	has(l, p, e);
	p->inside->moved_by[out] = e->tid;
	p->inside->moved[out] += (uint64_t)e->ret;
	moved(l, p, e->when, out, (uint64_t)e->ret, 1);
	like.bytes = (uint64_t)e->ret;
	like.arg[1] = -1;
	if (sonde_endpoint_keeps_messages(p))
		(out ? sonde_datagram_sent : sonde_datagram_read)(l, &like, p);
}

/* The return of a call whose entry was not seen: SENT and RECEIVED have told of its bytes. */
static bool is_counted(struct sonde_endpoint *p, const struct sonde_event *e, bool out,
		       uint64_t bytes)
{
	struct sonde_endpoint_inside *in = p->inside;

	if (!(e->flags & SONDE_FLAG_BLOCKED) || in->moved_by[out] != e->tid ||
	    in->moved[out] < bytes)
		return false;
	in->moved[out] = 0;
	in->moved_by[out] = 0;
	return true;
}

void sonde_transfer_call(struct sonde_life *l, const struct sonde_event *e,
			 struct sonde_endpoint *p, bool out)
{
	bool many = e->call == SONDE_CALL_SENDMMSG || e->call == SONDE_CALL_RECVMMSG;
	uint64_t bytes = e->bytes ? e->bytes : many ? 0 : (uint64_t)e->ret;
	bool stream = p->kind == SONDE_KIND_UNIX_STREAM || sonde_endpoint_is_tcp(p);

	l->inside->data_seen = p->inside->data_called = true;
	if (e->flags & SONDE_FLAG_ENTERED)
		return;
	if (e->ret < 0) {
		sonde_app_failed(l, e, p);
		return;
	}
	if (!out && e->arg[0] & (MSG_PEEK | MSG_ERRQUEUE))
		return;
	if (!out && !e->ret && sonde_endpoint_is_stream(p)) {
		if (e->arg[1] || e->call == SONDE_CALL_READ)
			end_of_stream(l, p, e->when);
		return;
	}
	if (stream && e->arg[1] > 0 && e->ret < e->arg[1])
		++*(out ? &p->short_sends : &p->short_receives);
	if (!bytes && stream)
		return;
	sonde_app_cleared(l, p, e);
	if (is_counted(p, e, out, bytes))
		return;
	moved(l, p, e->when, out, bytes, many ? (uint64_t)e->ret : 1);
	if (!stream)
		(out ? sonde_datagram_sent : sonde_datagram_read)(l, e, p);
}
