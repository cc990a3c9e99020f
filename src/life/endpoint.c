#include "life/inside.h"

#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/socket.h>

unsigned sonde_endpoint_kind_of(unsigned family, unsigned type, unsigned protocol)
{
	bool six = family == AF_INET6;

	switch (family) {
	case AF_UNIX:
		return type == SOCK_STREAM	? SONDE_KIND_UNIX_STREAM
		       : type == SOCK_DGRAM	? SONDE_KIND_UNIX_DGRAM
		       : type == SOCK_SEQPACKET ? SONDE_KIND_UNIX_SEQPACKET
						: SONDE_KIND_OTHER;
	case AF_NETLINK: return SONDE_KIND_NETLINK;
	case AF_PACKET: return SONDE_KIND_PACKET;
	case AF_INET:
	case AF_INET6: break;
	default: return SONDE_KIND_OTHER;
	}
	if (type == SOCK_STREAM && (!protocol || protocol == IPPROTO_TCP))
		return six ? SONDE_KIND_TCP6 : SONDE_KIND_TCP4;
	if (type == SOCK_DGRAM && (!protocol || protocol == IPPROTO_UDP))
		return six ? SONDE_KIND_UDP6 : SONDE_KIND_UDP4;
	if (type == SOCK_DGRAM && (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6))
		return six ? SONDE_KIND_PING6 : SONDE_KIND_PING4;
	if (type == SOCK_RAW)
		return six ? SONDE_KIND_RAW6 : SONDE_KIND_RAW4;
	return SONDE_KIND_OTHER;
}

struct sonde_endpoint *sonde_life_endpoint(const struct sonde_life *l, uint32_t sid)
{
	struct sonde_endpoint *p;

	if (!sid || sid > l->endpoints)
		return NULL;
	p = l->endpoint[sid - 1];
	while (p->same)
		p = l->endpoint[p->same - 1];
	return p;
}

const struct sonde_steps *sonde_endpoint_states(const struct sonde_endpoint *p)
{
	return p->kind == SONDE_KIND_TCP4 || p->kind == SONDE_KIND_TCP6 ? &p->kernel : &p->app;
}

struct sonde_endpoint *sonde_endpoint_find(struct sonde_life *l, uint64_t cookie, uint64_t ino,
					   uint8_t *ret_how)
{
	struct sonde_endpoint *p = sonde_index_get(&l->inside->cookie, cookie);

	*ret_how = SONDE_HOW_COOKIE;
	if (!p) {
		p = sonde_index_get(&l->inside->ino, ino);
		*ret_how = p ? SONDE_HOW_INO : SONDE_HOW_NONE;
	}
	return p;
}

struct sonde_endpoint *sonde_endpoint_make(struct sonde_life *l, const struct sonde_event *e)
{
	struct sonde_endpoint *p = sonde_arena_take(l->arena, sizeof *p);

	SONDE_GROW(l, l->endpoint, l->endpoints, l->endpoint_room);
	l->endpoint[l->endpoints++] = p;
	p->sid = (uint32_t)l->endpoints;
	p->inside = sonde_arena_take(l->arena, sizeof *p->inside);
	p->met = e->when;
	p->sent.bytes = p->received.bytes = p->unread = SONDE_ABSENT;
	p->sent.messages = p->received.messages = SONDE_ABSENT;
	p->packets_out = p->packets_in = p->wire_out = p->wire_in = SONDE_ABSENT;
	p->payload_out = p->payload_in = p->segments_out = p->segments_in = SONDE_ABSENT;
	p->fragments_out = p->fragments_in = SONDE_ABSENT;
	memset(&p->timing, 0xff, sizeof p->timing);
	p->inside->total_sent = p->inside->total_received = SONDE_ABSENT;
	sonde_endpoint_learn(l, p, e);
	return p;
}

void sonde_endpoint_identify(struct sonde_life *l, struct sonde_endpoint *p, uint64_t cookie,
			     uint64_t ino)
{
	if (cookie && p->cookie != cookie && !p->cookie) {
		p->cookie = cookie;
		sonde_index_put(&l->inside->cookie, l->arena, cookie, p);
	}
	if (ino && !p->ino) {
		p->ino = ino;
		sonde_index_put(&l->inside->ino, l->arena, ino, p);
	}
}

void sonde_endpoint_gone(struct sonde_life *l, struct sonde_endpoint *p)
{
	struct sonde_life_inside *in = l->inside;
	struct sonde_endpoint **at;

	if (!in->late)
		in->late = sonde_arena_take(l->arena, SONDE_LATE * sizeof(struct sonde_endpoint *));
	at = &in->late[in->lates++ % SONDE_LATE];
	if (*at) {
		struct sonde_endpoint *old = *at;

		sonde_place_leave(l, old);
		sonde_connection_forget(l, old);
		if (sonde_index_get(&in->cookie, old->cookie) == old)
			sonde_index_put(&in->cookie, l->arena, old->cookie, NULL);
		if (sonde_index_get(&in->ino, old->ino) == old)
			sonde_index_put(&in->ino, l->arena, old->ino, NULL);
	}
	*at = p;
}

/* Addresses come bit by bit: a port first, the rest at connect; what is any is no news. */
static bool better(const struct sonde_address *new, const struct sonde_address *old)
{
	if (!new->family || sonde_address_equal(new, old))
		return false;
	return !old->family || (!old->port && new->port) ||
	       (sonde_address_is_any(old) && !sonde_address_is_any(new) && new->port == old->port);
}

void sonde_endpoint_learn(struct sonde_life *l, struct sonde_endpoint *p,
			  const struct sonde_event *e)
{
	bool moved = false;

	sonde_endpoint_identify(l, p, e->cookie, e->ino);
	if (e->netns && !p->netns) {
		p->netns = e->netns;
		moved = true;
	}
	if (!e->family)
		return;
	if (!p->family) {
		p->family = e->family;
		p->type = e->type;
		p->protocol = e->protocol;
		p->kind = (uint8_t)sonde_endpoint_kind_of(e->family, e->type, e->protocol);
	}
	if (better(&e->local, &p->local)) {
		p->local = e->local;
		moved = true;
	}
	if (e->remote.port && !p->remote.port) {
		p->remote = e->remote;
		moved = true;
	}
	if (moved)
		sonde_place_put(l, p);
}

void sonde_endpoint_step(struct sonde_life *l, struct sonde_endpoint *p, sonde_ns when,
			 unsigned state, bool inferred)
{
	bool app = state > SONDE_STATE_APP_;
	struct sonde_steps *s = app ? &p->app : &p->kernel;
	struct sonde_step *last = s->n ? &s->at[s->n - 1] : NULL;

	if (last && last->state == state) {
		last->inferred &= inferred;
		return;
	}
	SONDE_GROW(l, s->at, s->n, s->room);
	s->at[s->n++] =
		(struct sonde_step){ .when = when, .state = (uint8_t)state, .inferred = inferred };
	*(app ? &p->app_state : &p->state) = (uint8_t)state;
}

void sonde_endpoint_fault(struct sonde_life *l, struct sonde_endpoint *p,
			  const struct sonde_fault *f)
{
	for (uint32_t i = p->faults; i-- > 0;) {
		struct sonde_fault *old = &p->fault[i];

		/* a packet, the kernel's report and the call are three sights of one fault */
		if (old->error == f->error && !old->told && !(old->wire && f->wire) &&
		    f->when - old->when < SONDE_SECOND) {
			old->inferred &= f->inferred;
			old->wire |= f->wire;
			if (f->told) {
				old->told = f->told;
				old->call = f->call;
			}
			return;
		}
	}
	SONDE_GROW(l, p->fault, p->faults, p->fault_room);
	p->fault[p->faults++] = *f;
}

void sonde_endpoint_told(struct sonde_life *l, struct sonde_endpoint *p,
			 const struct sonde_event *e)
{
	int error = (int)-e->ret;

	for (uint32_t i = 0; i < p->faults; i++) {
		struct sonde_fault *f = &p->fault[i];

		if (f->error == error && !f->told) {
			f->told = e->when;
			f->call = e->call;
			return;
		}
	}
	sonde_endpoint_fault(l, p,
			     &(struct sonde_fault){ .when = e->when,
						    .error = error,
						    .told = e->when,
						    .call = e->call,
						    .inferred = true });
}

void sonde_endpoint_drop(struct sonde_life *l, struct sonde_endpoint *p,
			 const struct sonde_event *e)
{
	struct sonde_drop *d = NULL;

	for (uint32_t i = 0; i < p->drops && !d; i++)
		if (p->drop[i].reason == e->reason)
			d = &p->drop[i];
	if (!d) {
		SONDE_GROW(l, p->drop, p->drops, p->drop_room);
		d = &p->drop[p->drops++];
		*d = (struct sonde_drop){ .reason = e->reason, .first = e->when };
		if (e->text.len)
			d->name = sonde_arena_string(l->arena, e->text.at, e->text.len);
	}
	d->n++;
	d->bytes += e->bytes;
	d->last = e->when;
}

static void add_volume(struct sonde_volume *to, const struct sonde_volume *from)
{
	if (from->bytes != SONDE_ABSENT)
		SONDE_ADD(to->bytes, from->bytes);
	if (from->messages != SONDE_ABSENT)
		SONDE_ADD(to->messages, from->messages);
	to->first =
		to->first && (!from->first || to->first < from->first) ? to->first : from->first;
	to->last = to->last > from->last ? to->last : from->last;
}

void sonde_endpoint_absorb(struct sonde_life *l, struct sonde_endpoint *older,
			   struct sonde_endpoint *younger)
{
	uint64_t cookie = younger->cookie, ino = younger->ino;

	younger->same = older->sid;
	younger->cookie = younger->ino = 0;
	if (!older->cookie || cookie == older->cookie) {
		older->cookie = 0;
		sonde_endpoint_identify(l, older, cookie, 0);
	}
	if (!older->ino || ino == older->ino) {
		older->ino = 0;
		sonde_endpoint_identify(l, older, 0, ino);
	}
	add_volume(&older->sent, &younger->sent);
	add_volume(&older->received, &younger->received);
	for (uint32_t i = 0; i < younger->tallies; i++) {
		SONDE_GROW(l, older->tally, older->tallies, older->tally_room);
		older->tally[older->tallies++] = younger->tally[i];
	}
	for (uint32_t i = 0; i < younger->kernel.n; i++)
		sonde_endpoint_step(l, older, younger->kernel.at[i].when,
				    younger->kernel.at[i].state, younger->kernel.at[i].inferred);
	if (!older->opened || (younger->opened && younger->opened < older->opened))
		older->opened = younger->opened;
	if (younger->met < older->met)
		older->met = younger->met;
}
