#include "life/flow.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* The ledger: what became of each datagram. Of one sender to one destination the calls, the
 * packets, the arrivals and the reads come in the same order, each at its own pace and none of
 * them always first: a packet is seen before its call returns, and the receiver may have read it
 * by then. So each of them only says "the next one". */

static void tell(struct sonde_life *l, struct sonde_flow *f, uint64_t number)
{
	l->inside->heard->flow = f;
	l->inside->heard->message = number;
	if (!l->inside->heard->sid2)
		l->inside->heard->sid2 = f->receiver;
}

/* ---- reading ---- */

static void settle_read(struct sonde_life *l, struct sonde_flow *f, uint64_t number, uint64_t bytes,
			bool cut, sonde_ns when, const struct sonde_endpoint *reader)
{
	struct sonde_message *m =
		sonde_flow_remembers(f, number) ? sonde_flow_message(f, number) : NULL;
	sonde_ns took = m && when > m->when ? when - m->when : 0;

	f->read++;
	f->read_bytes += bytes;
	if (f->group)
		sonde_flow_reader_is(l, f, reader);
	if (cut) {
		f->truncated++;
		sonde_flow_lose(l, f, number, SONDE_FATE_TRUNCATED, NULL, false);
		f->loss[f->losses - 1].when = when;
	}
	if (m) {
		m->is |= SONDE_MESSAGE_SETTLED | SONDE_MESSAGE_ARRIVED;
		m->fate = cut ? SONDE_FATE_TRUNCATED : SONDE_FATE_READ;
	}
	if (took) {
		f->transit_min = !f->transit_n || took < f->transit_min ? took : f->transit_min;
		f->transit_max = took > f->transit_max ? took : f->transit_max;
		f->transit_sum += took;
		f->transit_n++;
	}
	if (l->inside->heard)
		tell(l, f, number);
}

static struct sonde_inbox_entry *inbox(struct sonde_endpoint *p, uint32_t i)
{
	struct sonde_endpoint_inside *in = p->inside;

	return &in->inbox[(in->inbox_at + i) & (in->inbox_room - 1)];
}

static void inbox_add(struct sonde_life *l, struct sonde_endpoint *p, struct sonde_inbox_entry e)
{
	struct sonde_endpoint_inside *in = p->inside;

	if (in->inbox_n == in->inbox_room) {
		uint32_t room = in->inbox_room ? in->inbox_room * 2 : 4;
		struct sonde_inbox_entry *to = sonde_arena_take(l->arena, room * sizeof *to);

		for (uint32_t i = 0; i < in->inbox_n; i++)
			to[i] = *inbox(p, i);
		in->inbox = to;
		in->inbox_at = 0;
		in->inbox_room = room;
	}
	in->inbox_n++;
	*inbox(p, in->inbox_n - 1) = e;
}

static void inbox_take(struct sonde_endpoint *p, uint32_t i)
{
	struct sonde_endpoint_inside *in = p->inside;

	for (; i; i--)
		*inbox(p, i) = *inbox(p, i - 1);
	in->inbox_at = (in->inbox_at + 1) & (in->inbox_room - 1);
	in->inbox_n--;
}

/* The message that a read of so many bytes, of `had` there were if known, took. */
static int inbox_find(struct sonde_endpoint *p, uint64_t bytes, uint64_t had, bool cut)
{
	struct sonde_endpoint_inside *in = p->inside;
	uint32_t near = in->inbox_n < SONDE_FLOW_SEARCH ? in->inbox_n : SONDE_FLOW_SEARCH;

	for (uint32_t i = 0; i < near; i++)
		if (inbox(p, i)->bytes == (had ? had : bytes) && !(cut && !had))
			return (int)i;
	for (uint32_t i = 0; i < near; i++)
		if (inbox(p, i)->bytes > bytes)
			return (int)i;
	return -1;
}

void sonde_datagram_read(struct sonde_life *l, const struct sonde_event *e,
			 struct sonde_endpoint *p)
{
	struct sonde_endpoint_inside *in = p->inside;
	bool many = e->call == SONDE_CALL_RECVMMSG, flagged = e->flags & SONDE_FLAG_TRUNC;
	bool told = in->cut_had; /* TRUNCATED has its own line */
	uint64_t n = many ? (uint64_t)e->ret : 1, bytes = (uint64_t)e->ret, had = in->cut_had;

	in->cut_had = 0;
	if (e->arg[0] & MSG_TRUNC && e->arg[1] >= 0 && e->ret > e->arg[1] && !many) {
		had = bytes; /* it was asked to tell the whole length */
		bytes = (uint64_t)e->arg[1];
	}
	if ((flagged || had > bytes) && !many) {
		p->truncated++;
		p->truncated_bytes += had > bytes ? had - bytes : 0;
		if (!told)
			sonde_milestone(l, SONDE_MILESTONE_TRUNCATED);
	}
	if (!p->role)
		p->role = SONDE_ROLE_RECEIVER;
	for (; n; n--) {
		int i = many ? (in->inbox_n ? 0 : -1) : inbox_find(p, bytes, had, flagged);
		struct sonde_inbox_entry *got = i < 0 ? NULL : inbox(p, (uint32_t)i);
		struct sonde_inbox_entry entry;

		if (!got) {
			if (!in->debt)
				in->debt =
					sonde_arena_take(l->arena, SONDE_DEBTS * sizeof *in->debt);
			if (in->debts < SONDE_DEBTS)
				in->debt[in->debts++] =
					(struct sonde_inbox_debt){ e->when, bytes, had, many };
			continue;
		}
		entry = *got;
		inbox_take(p, (uint32_t)i);
		if (many)
			bytes = entry.bytes;
		if (!had && entry.bytes > bytes && !flagged) {
			p->truncated++;
			p->truncated_bytes += entry.bytes - bytes;
			sonde_milestone(l, SONDE_MILESTONE_TRUNCATED);
		}
		settle_read(l, entry.flow, entry.message, bytes,
			    flagged || had > bytes || entry.bytes > bytes, e->when, p);
	}
}

void sonde_datagram_arrived(struct sonde_life *l, struct sonde_flow *f, uint64_t number,
			    struct sonde_endpoint *p, uint64_t bytes, sonde_ns when, bool maybe)
{
	struct sonde_endpoint_inside *in = p->inside;
	struct sonde_message *m =
		sonde_flow_remembers(f, number) ? sonde_flow_message(f, number) : NULL;

	(void)when;
	if (p->release || p->gone) /* joined to a socket that is there no more */
		return;
	if (m && !f->group) {
		if (m->is & (SONDE_MESSAGE_ARRIVED | SONDE_MESSAGE_SETTLED))
			return;
		m->is |= SONDE_MESSAGE_ARRIVED;
		m->fate = SONDE_FATE_ARRIVED;
	}
	sonde_flow_receiver_is(f, p);
	f->arrived += !maybe;
	for (uint32_t i = 0; i < in->debts; i++) {
		struct sonde_inbox_debt d = in->debt[i];
		uint64_t had = d.had ? d.had : bytes;

		if (!d.any && (had != bytes || d.bytes > bytes))
			continue;
		memmove(&in->debt[i], &in->debt[i + 1], (--in->debts - i) * sizeof d);
		settle_read(l, f, number, d.any ? bytes : d.bytes, !d.any && bytes > d.bytes,
			    d.when, p);
		if (!d.any && !d.had && bytes > d.bytes) {
			p->truncated++;
			p->truncated_bytes += bytes - d.bytes;
		}
		return;
	}
	inbox_add(l, p, (struct sonde_inbox_entry){ f, number, bytes, maybe });
}

/* ---- sending ---- */

static void sent_one(struct sonde_life *l, struct sonde_flow *f, const struct sonde_event *e,
		     uint64_t bytes)
{
	struct sonde_flow_inside *in = f->inside;
	uint64_t number = sonde_flow_next(f, in->called, bytes, SONDE_MESSAGE_CALLED);
	sonde_ns began = e->when - e->took;
	struct sonde_message *m;

	if (!number)
		number = sonde_flow_add(l, f, bytes, began, 0);
	m = sonde_flow_message(f, number);
	m->is |= SONDE_MESSAGE_CALLED;
	m->when = began < m->when ? began : m->when;
	if (in->called < number)
		in->called = number;
	f->sent++;
	f->sent_bytes += bytes;
	f->size_min = f->sent == 1 || bytes < f->size_min ? bytes : f->size_min;
	f->size_max = bytes > f->size_max ? bytes : f->size_max;
	f->first = f->first ? f->first : began;
	f->last = e->when;
	/* without packets the sending is the only sign of an arrival */
	if (in->to &&
	    !(m->is & (SONDE_MESSAGE_WIRED | SONDE_MESSAGE_ARRIVED | SONDE_MESSAGE_SETTLED)) &&
	    (sonde_endpoint_is_unix(in->to) || !l->frames)) {
		f->inferred |= !sonde_endpoint_is_unix(in->to);
		sonde_datagram_arrived(l, f, number, in->to, bytes, e->when, false);
	}
	tell(l, f, number);
}

static struct sonde_flow *flow_sent(struct sonde_life *l, const struct sonde_event *e,
				    struct sonde_endpoint *p)
{
	struct sonde_bytes path = sonde_place_unix(e->address), none = { 0 };
	struct sonde_address a;
	struct sonde_endpoint *q;

	if (sonde_endpoint_is_unix(p)) {
		q = path.len ? sonde_place_named(l, p->netns, path)
			     : sonde_life_endpoint(l, p->peer);
		return sonde_flow_of(l, p, NULL, path.len ? path : p->peer_path, q, e->when);
	}
	if (sonde_place_parse(&a, e->address))
		return sonde_flow_of(l, p, &a, none, NULL, e->when);
	if (p->remote.port)
		return sonde_flow_of(l, p, &p->remote, none, NULL, e->when);
	/* a call whose destination the tracer did not tell: its packet, seen before, did */
	return p->inside->flow;
}

void sonde_datagram_sent(struct sonde_life *l, const struct sonde_event *e,
			 struct sonde_endpoint *p)
{
	bool many = e->call == SONDE_CALL_SENDMMSG;
	uint64_t n = many ? (uint64_t)e->ret : 1;
	struct sonde_flow *f;

	if (p->kind == SONDE_KIND_NETLINK || p->kind == SONDE_KIND_OTHER ||
	    p->kind == SONDE_KIND_PACKET)
		return;
	if (p->app_state == SONDE_STATE_CREATED && !sonde_endpoint_is_unix(p))
		sonde_endpoint_step(l, p, e->when, SONDE_STATE_AUTOBOUND, !p->local.port);
	f = flow_sent(l, e, p);
	if (!f)
		return;
	p->inside->flow = f;
	for (uint64_t i = 0; i < n; i++)
		sent_one(l, f, e, many ? e->bytes / n : (uint64_t)e->ret);
}

struct sonde_flow *sonde_datagram_wired(struct sonde_life *l, struct sonde_endpoint *sender,
					struct sonde_endpoint *receiver,
					const struct sonde_address *from,
					const struct sonde_address *to, uint64_t bytes,
					sonde_ns when, uint64_t *ret_message)
{
	struct sonde_bytes none = { 0 };
	struct sonde_flow *f = sender ? sonde_flow_of(l, sender, to, none, NULL, when)
				      : sonde_flow_into(l, from, receiver);
	uint64_t number = sonde_flow_next(f, f->inside->wired, bytes, SONDE_MESSAGE_WIRED);

	if (sender)
		sender->inside->flow = f;
	if (!f->from.port)
		f->from = *from;
	if (!number)
		number = sonde_flow_add(l, f, bytes, when, 0);
	sonde_flow_message(f, number)->is |= SONDE_MESSAGE_WIRED;
	if (f->inside->wired < number)
		f->inside->wired = number;
	f->on_wire++;
	f->first = f->first ? f->first : when;
	f->last = when;
	*ret_message = number;
	return f;
}

/* ---- losing ---- */

void sonde_datagram_dropped(struct sonde_life *l, const struct sonde_event *e,
			    struct sonde_endpoint *p)
{
	struct sonde_endpoint *sender = NULL;
	struct sonde_flow *f = NULL;
	uint64_t number = 0;
	bool many;

	for (uint32_t i = p->inside->inbox_n; i-- > 0 && !number;) {
		struct sonde_inbox_entry *entry = inbox(p, i);

		/* without packets what is in the inbox was sent before the drop */
		if (!entry->flow->inferred && entry->bytes == e->bytes &&
		    (!e->remote.port || entry->flow->from.port == e->remote.port)) {
			f = entry->flow;
			number = entry->message;
			inbox_take(p, i);
		}
	}
	if (!number && e->remote.port) {
		unsigned protocol = sonde_place_protocol(p);

		if (p->local.port)
			sender = sonde_place_exact(l, p->netns, protocol, &e->remote, &p->local);
		if (!sender)
			sender = sonde_place_bound(l, p->netns, protocol, &e->remote, e->when,
						   &many);
		if (sender && sender != p && sender->inside->flow)
			f = sender->inside->flow;
		else
			f = sonde_flow_into(l, &e->remote, p);
		number = sonde_flow_next(f, f->inside->called, e->bytes,
					 SONDE_MESSAGE_ARRIVED | SONDE_MESSAGE_SETTLED);
		if (!number)
			number = sonde_flow_add(l, f, e->bytes, e->when, 0);
	}
	if (!number)
		return;
	f->dropped++;
	f->dropped_bytes += e->bytes;
	if (sonde_flow_remembers(f, number)) {
		sonde_flow_message(f, number)->is |= SONDE_MESSAGE_SETTLED | SONDE_MESSAGE_ARRIVED;
		sonde_flow_message(f, number)->fate = SONDE_FATE_DROPPED;
	}
	sonde_flow_receiver_is(f, p);
	sonde_flow_lose(l, f, number, SONDE_FATE_DROPPED, e, false);
	tell(l, f, number);
	l->inside->heard->sid2 = f->sender;
}

/* An ICMP error came back, or the kernel says so: of the last that was sent there. */
void sonde_datagram_refused(struct sonde_life *l, struct sonde_endpoint *p,
			    const struct sonde_address *to, sonde_ns when, bool inferred)
{
	struct sonde_flow *f = p->inside->flow;
	struct sonde_event e = { .when = when };
	struct sonde_loss *last;
	uint64_t number;

	for (size_t i = 0; i < l->flows && to->port && (!f || f->to.port != to->port); i++)
		if (l->flow[i]->sender == p->sid && l->flow[i]->to.port == to->port)
			f = l->flow[i];
	if (!f || !f->inside->last)
		return;
	number = f->inside->wired ? f->inside->wired : f->inside->last;
	last = f->losses ? &f->loss[f->losses - 1] : NULL;
	if (last && last->fate == SONDE_FATE_REFUSED && last->last == number) {
		last->inferred &= inferred;
		return; /* the packet and the kernel's report of it */
	}
	if (sonde_flow_message(f, number)->is & SONDE_MESSAGE_SETTLED)
		return;
	sonde_flow_message(f, number)->is |= SONDE_MESSAGE_SETTLED;
	sonde_flow_message(f, number)->fate = SONDE_FATE_REFUSED;
	f->refused++;
	sonde_flow_lose(l, f, number, SONDE_FATE_REFUSED, &e, inferred);
	p->inside->untold = (struct sonde_loss_ref){ f, f->losses - 1, true };
	tell(l, f, number);
}

void sonde_datagram_told(struct sonde_life *l, struct sonde_endpoint *p, int error)
{
	struct sonde_loss_ref *r = &p->inside->untold;

	if (error != ECONNREFUSED && error != EHOSTUNREACH && error != ENETUNREACH)
		return;
	if (!r->is && error == ECONNREFUSED && p->remote.port && !sonde_endpoint_is_stream(p))
		sonde_datagram_refused(l, p, &p->remote, p->inside->last_data, true);
	if (r->is)
		r->flow->loss[r->loss].told = error;
	r->is = false;
}

/* What lies unread as the socket goes is thrown away, if reads were seen to be told of at all. */
void sonde_datagram_closed(struct sonde_life *l, struct sonde_endpoint *p, sonde_ns when)
{
	struct sonde_event e = { .when = when };

	if (!sonde_endpoint_keeps_messages(p) || !l->inside->data_seen || p->unread != SONDE_ABSENT)
		return;
	p->unread = 0;
	for (uint32_t i = 0; i < p->inside->inbox_n; i++) {
		struct sonde_inbox_entry *entry = inbox(p, i);

		if (entry->maybe ||
		    (sonde_flow_remembers(entry->flow, entry->message) &&
		     sonde_flow_message(entry->flow, entry->message)->is & SONDE_MESSAGE_SETTLED))
			continue;
		p->unread++;
		entry->flow->discarded++;
		if (sonde_flow_remembers(entry->flow, entry->message)) {
			sonde_flow_message(entry->flow, entry->message)->is |=
				SONDE_MESSAGE_SETTLED;
			sonde_flow_message(entry->flow, entry->message)->fate =
				SONDE_FATE_DISCARDED;
		}
		sonde_flow_lose(l, entry->flow, entry->message, SONDE_FATE_DISCARDED, &e,
				entry->flow->inferred);
	}
	p->inside->inbox_n = 0;
}

void sonde_datagram_end(struct sonde_life *l)
{
	for (size_t i = 0; i < l->flows; i++) {
		struct sonde_flow *f = l->flow[i];
		uint64_t known = f->read + f->dropped + f->refused + f->discarded;
		struct sonde_endpoint *to = f->inside->to;

		for (uint32_t k = 0; to && k < to->inside->inbox_n; k++)
			known += inbox(to, k)->flow == f;
		f->unknown = f->sent > known ? f->sent - known : 0;
	}
}
