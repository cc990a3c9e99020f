#include "life/inside.h"

/* Two ends that belong together: client and server of a stream, the child and its listener. */

static uint64_t pair_hash(const struct sonde_endpoint *p, bool from_client)
{
	const struct sonde_address *from = from_client ? &p->local : &p->remote;
	const struct sonde_address *to = from_client ? &p->remote : &p->local;

	if (!from->port || !to->port)
		return 0;
	/* a loopback address means another host in every namespace */
	return sonde_place_hash(sonde_place_is_loopback(to) ? p->netns : 0, sonde_place_protocol(p),
				from, to);
}

static struct sonde_connection *make(struct sonde_life *l, uint8_t kind)
{
	struct sonde_connection *c = sonde_arena_take(l->arena, sizeof *c);

	SONDE_GROW(l, l->connection, l->connections, l->connection_room);
	l->connection[l->connections++] = c;
	c->id = (uint32_t)l->connections;
	c->kind = kind;
	return c;
}

static void take_side(struct sonde_life *l, struct sonde_connection *c, struct sonde_endpoint *p,
		      bool client)
{
	struct sonde_endpoint *other;

	*(client ? &c->client : &c->server) = p->sid;
	p->connection = c;
	if (p->listener)
		c->listener = p->listener;
	if (!c->netns || client)
		c->netns = p->netns;
	if (!c->opened || p->met < c->opened)
		c->opened = p->met;
	other = sonde_life_endpoint(l, client ? c->server : c->client);
	if (other && other != p) {
		other->peer = p->sid;
		p->peer = other->sid;
	}
}

/* The connection of a TCP endpoint whose role is known, made where it has none; NULL while it has
 * no addresses and no role. */
struct sonde_connection *sonde_connection_of(struct sonde_life *l, struct sonde_endpoint *p)
{
	bool client = p->role == SONDE_ROLE_CLIENT;
	struct sonde_connection *c = p->connection, *known;
	uint64_t hash;

	if (p->role != SONDE_ROLE_CLIENT && p->role != SONDE_ROLE_SERVER)
		return c;
	hash = sonde_endpoint_is_tcp(p) ? pair_hash(p, client) : 0;
	known = sonde_index_get(&l->inside->pair, hash);
	if (known && known != c && !(client ? known->client : known->server) &&
	    (!c || !(client ? c->server : c->client))) {
		/* p's own, if it had one, was made before its port was known: never both sides */
		if (c)
			*(client ? &c->client : &c->server) = 0;
		c = known;
		take_side(l, c, p, client);
	} else if (!c) {
		c = make(l, p->kind);
		take_side(l, c, p, client);
	}
	if (hash && known != c)
		sonde_index_put(&l->inside->pair, l->arena, hash, c);
	if (p->local.port && p->remote.port) {
		c->from = client ? p->local : p->remote;
		c->to = client ? p->remote : p->local;
	}
	if (p->listener)
		c->listener = p->listener;
	return c;
}

void sonde_connection_forget(struct sonde_life *l, struct sonde_endpoint *p)
{
	uint64_t hash = pair_hash(p, p->role == SONDE_ROLE_CLIENT);

	if (p->connection && sonde_index_get(&l->inside->pair, hash) == p->connection)
		sonde_index_put(&l->inside->pair, l->arena, hash, NULL);
}

void sonde_connection_pair(struct sonde_life *l, struct sonde_endpoint *client,
			   struct sonde_endpoint *server)
{
	struct sonde_connection *c = client->connection;

	if (!c)
		c = server->connection ? server->connection : make(l, client->kind);
	take_side(l, c, client, true);
	take_side(l, c, server, false);
	client->peer = server->sid;
	server->peer = client->sid;
}

void sonde_connection_adopt(struct sonde_life *l, struct sonde_endpoint *child, sonde_ns when)
{
	struct sonde_endpoint *listener;
	bool many;

	if (!child->role)
		child->role = SONDE_ROLE_SERVER;
	if (child->listener)
		return;
	listener = sonde_place_bound(l, child->netns, sonde_place_protocol(child), &child->local,
				     when, &many);
	if (listener)
		child->listener = listener->sid;
}

void sonde_connection_unqueue(struct sonde_life *l, struct sonde_endpoint *child)
{
	struct sonde_endpoint *listener = sonde_life_endpoint(l, child->listener);

	if (child->inside->waits && listener && listener->queued)
		listener->queued--;
	child->inside->waits = false;
}

/* Waiting ends of Unix sockets, and TCP children, first come first served. */
static void enqueue(struct sonde_endpoint *listener, struct sonde_endpoint *p)
{
	struct sonde_endpoint_inside *in = listener->inside;

	p->inside->queue_next = NULL;
	p->inside->queued_at = listener;
	if (in->queue)
		in->queue_end->inside->queue_next = p;
	else
		in->queue = p;
	in->queue_end = p;
}

static struct sonde_endpoint *dequeue(struct sonde_endpoint *listener)
{
	struct sonde_endpoint *p = listener->inside->queue;

	if (p) {
		listener->inside->queue = p->inside->queue_next;
		p->inside->queued_at = NULL;
	}
	return p;
}

static void unqueue_client(struct sonde_endpoint *listener, struct sonde_endpoint *client)
{
	struct sonde_endpoint **at = &listener->inside->queue, *before = NULL;

	for (; *at && *at != client; at = &(*at)->inside->queue_next)
		before = *at;
	if (!*at)
		return;
	*at = client->inside->queue_next;
	if (listener->inside->queue_end == client)
		listener->inside->queue_end = before;
	client->inside->queued_at = NULL;
	if (listener->queued)
		listener->queued--;
}

/* A Unix client's connect has succeeded: its server's end is the next that accept gives, or the
 * first that was given and whose connect had not been heard of. */
void sonde_connection_unix(struct sonde_life *l, struct sonde_endpoint *client)
{
	struct sonde_endpoint *listener, *first;

	listener = sonde_place_named(l, client->netns, client->peer_path);
	if (client->peer || !listener || client->inside->queued_at)
		return;
	client->listener = listener->sid;
	first = listener->inside->queue;
	if (first && first->role == SONDE_ROLE_SERVER) {
		sonde_connection_pair(l, client, dequeue(listener));
		return;
	}
	enqueue(listener, client);
	if (++listener->queued > listener->queued_max)
		listener->queued_max = listener->queued;
}

static struct sonde_endpoint *queued_child(struct sonde_life *l, const struct sonde_event *e,
					   struct sonde_endpoint *listener, uint8_t *ret_how)
{
	struct sonde_address peer;
	struct sonde_endpoint *p;
	bool told = sonde_place_parse(&peer, e->address);

	*ret_how = told ? SONDE_HOW_TUPLE : SONDE_HOW_INFERRED;
	for (size_t i = 0; i < l->endpoints; i++) {
		p = l->endpoint[i];
		if (p->listener == listener->sid && p->inside->waits && !p->ino && !p->same &&
		    (!told || p->remote.port == peer.port))
			return p;
	}
	return NULL;
}

struct sonde_endpoint *sonde_connection_accept(struct sonde_life *l, const struct sonde_event *e,
					       struct sonde_endpoint *listener)
{
	struct sonde_event child = { .when = e->when,
				     .netns = e->netns,
				     .family = listener->family,
				     .type = listener->type,
				     .protocol = listener->protocol,
				     .cookie = e->cookie2,
				     .ino = e->ino2,
				     .local = listener->local,
				     .fd = -1,
				     .fd2 = -1 };
	struct sonde_endpoint *p =
		sonde_endpoint_find(l, e->cookie2, e->ino2, &l->inside->heard->how2);
	struct sonde_address peer;

	if (e->remote.port) { /* the tracer saw the child itself */
		child.local = e->local;
		child.remote = e->remote;
	} else if (sonde_place_parse(&peer, e->address)) {
		child.remote = peer;
	}
	if (sonde_address_is_any(&child.local))
		child.local.family = 0;
	if (!p && sonde_endpoint_is_tcp(listener) && !e->cookie2)
		p = queued_child(l, e, listener, &l->inside->heard->how2);
	if (!p && child.remote.port && child.local.port)
		p = sonde_place_exact(l, listener->netns, sonde_place_protocol(listener),
				      &child.local, &child.remote);
	if (!p) {
		p = sonde_endpoint_make(l, &child);
		l->inside->heard->how2 = e->cookie2 ? SONDE_HOW_COOKIE : SONDE_HOW_INO;
	} else {
		sonde_endpoint_learn(l, p, &child);
	}
	p->role = SONDE_ROLE_SERVER;
	p->embryo = false;
	p->listener = listener->sid;
	sonde_connection_unqueue(l, p);
	if (sonde_endpoint_is_unix(p)) {
		struct sonde_endpoint *client = sonde_index_get(&l->inside->ino, e->n[0]);

		p->path = listener->path;
		if (client && client->inside->queued_at == listener)
			unqueue_client(listener, client);
		if (client)
			sonde_connection_pair(l, client, p);
		else if (listener->inside->queue &&
			 listener->inside->queue->role != SONDE_ROLE_SERVER) {
			if (listener->queued)
				listener->queued--;
			sonde_connection_pair(l, dequeue(listener), p);
		} else {
			enqueue(listener, p);
		}
	}
	return p;
}
