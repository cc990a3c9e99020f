#include "life/inside.h"

#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/socket.h>

unsigned sonde_endpoint_kind_of(unsigned family, unsigned type, unsigned protocol)
{
	bool six = family == AF_INET6;

	switch (family) {
	case AF_UNIX:
		return type == SOCK_STREAM  ? SONDE_KIND_UNIX_STREAM
		       : type == SOCK_DGRAM ? SONDE_KIND_UNIX_DGRAM
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

	SONDE_GROW(l->arena, l->endpoint, l->endpoints, l->endpoint_room);
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
	sonde_endpoint_learn(l, p, e);
	return p;
}

void sonde_endpoint_learn(struct sonde_life *l, struct sonde_endpoint *p, const struct sonde_event *e)
{
	if (e->cookie && !p->cookie) {
		p->cookie = e->cookie;
		sonde_index_put(&l->inside->cookie, l->arena, e->cookie, p);
	}
	if (e->ino && !p->ino) {
		p->ino = e->ino;
		sonde_index_put(&l->inside->ino, l->arena, e->ino, p);
	}
	if (e->family && !p->family) {
		p->family = e->family;
		p->type = e->type;
		p->protocol = e->protocol;
		p->kind = (uint8_t)sonde_endpoint_kind_of(e->family, e->type, e->protocol);
	}
	if (e->netns && !p->netns)
		p->netns = e->netns;
	if (e->local.family && (!p->local.family || !p->local.port))
		p->local = e->local;
	if (e->remote.family && e->remote.port && !p->remote.port)
		p->remote = e->remote;
}

void sonde_endpoint_step(struct sonde_life *l, struct sonde_endpoint *p, sonde_ns when,
			 unsigned state, bool inferred)
{
	bool app = state > SONDE_STATE_APP_;
	struct sonde_steps *s = app ? &p->app : &p->kernel;

	SONDE_GROW(l->arena, s->at, s->n, s->room);
	s->at[s->n++] = (struct sonde_step){ .when = when, .state = (uint8_t)state, .inferred = inferred };
	*(app ? &p->app_state : &p->state) = (uint8_t)state;
}
