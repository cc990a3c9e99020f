#include "life/flow.h"

/* Messages of one sender to one destination: the newest are remembered by number. */

enum { REMEMBERED = 256, FEW = 4 };

struct sonde_message *sonde_flow_message(const struct sonde_flow *f, uint64_t number)
{
	return &f->inside->ring[number & (f->inside->room - 1)];
}

bool sonde_flow_remembers(const struct sonde_flow *f, uint64_t number)
{
	return number && number <= f->inside->last && number + REMEMBERED > f->inside->last;
}

uint64_t sonde_flow_add(struct sonde_life *l, struct sonde_flow *f, uint64_t bytes, sonde_ns when,
			uint8_t is)
{
	struct sonde_flow_inside *in = f->inside;
	uint64_t number = ++in->last;

	if (number == in->room && in->room < REMEMBERED) { /* so far each has the place it had */
		in->ring = sonde_life_grow(l, in->ring, in->room, in->room * 2, sizeof *in->ring);
		in->room *= 2;
	}
	*sonde_flow_message(f, number) =
		(struct sonde_message){ .bytes = bytes, .when = when, .is = is };
	return number;
}

/* The next message that was not yet `is`, of that size if any near is; 0: none waits. */
uint64_t sonde_flow_next(const struct sonde_flow *f, uint64_t after, uint64_t bytes, uint8_t is)
{
	uint64_t from = after + 1, end;

	if (from + REMEMBERED <= f->inside->last)
		from = f->inside->last - REMEMBERED + 1;
	end = from + SONDE_FLOW_SEARCH;
	for (uint64_t n = from; n <= f->inside->last && n < end; n++)
		if (!(sonde_flow_message(f, n)->is & is) &&
		    sonde_flow_message(f, n)->bytes == bytes)
			return n;
	return 0;
}

void sonde_flow_lose(struct sonde_life *l, struct sonde_flow *f, uint64_t number, uint8_t fate,
		     const struct sonde_event *e, bool inferred)
{
	uint32_t reason = e ? e->reason : 0;
	struct sonde_loss *last = f->losses ? &f->loss[f->losses - 1] : NULL;

	if (last && last->fate == fate && last->reason == reason && last->last + 1 == number &&
	    !last->told && last->inferred == inferred && fate != SONDE_FATE_REFUSED) {
		last->last = number;
		return;
	}
	SONDE_GROW(l, f->loss, f->losses, f->loss_room);
	last = &f->loss[f->losses++];
	*last = (struct sonde_loss){ .first = number,
				     .last = number,
				     .fate = fate,
				     .reason = reason,
				     .inferred = inferred };
	last->when = e ? e->when : 0;
	if (e && e->text.len && e->kind == SONDE_EVENT_DROP)
		last->name = sonde_arena_string(l->arena, e->text.at, e->text.len);
}

static uint64_t flow_hash(const struct sonde_endpoint *sender, const struct sonde_address *to,
			  struct sonde_bytes path, const struct sonde_endpoint *receiver)
{
	struct sonde_address a = { .family = to ? to->family : 0, .port = to ? to->port : 0 };
	uint64_t h = (uint64_t)(sender ? sender->sid : 0) << 32 | (receiver ? receiver->sid : 0);

	if (to)
		memcpy(a.ip, to->ip, sizeof a.ip);
	return sonde_index_hash(sonde_index_hash(h, &a, sizeof a), path.at, path.len);
}

static struct sonde_flow *flow_make(struct sonde_life *l, struct sonde_endpoint *sender,
				    const struct sonde_address *to, struct sonde_bytes path,
				    struct sonde_endpoint *receiver)
{
	struct sonde_flow *f = sonde_arena_take(l->arena, sizeof *f);

	f->inside = sonde_arena_take(l->arena, sizeof *f->inside);
	f->inside->room = FEW;
	f->inside->ring = sonde_life_grow(l, NULL, 0, FEW, sizeof *f->inside->ring);
	SONDE_GROW(l, l->flow, l->flows, l->flow_room);
	l->flow[l->flows++] = f;
	f->id = (uint32_t)l->flows;
	if (sender) {
		f->sender = sender->sid;
		f->kind = sender->kind;
		f->netns = sender->netns;
		f->connected = sender->remote.port || sender->peer;
		sender->peers++;
		if (!sender->role)
			sender->role = SONDE_ROLE_SENDER;
	} else {
		f->kind = receiver->kind;
		f->netns = receiver->netns;
	}
	if (to)
		f->to = *to;
	f->group = to && sonde_place_is_group(to);
	f->path = path;
	return f;
}

void sonde_flow_receiver_is(struct sonde_flow *f, struct sonde_endpoint *receiver)
{
	if (!receiver || f->group || f->receiver || receiver->release || receiver->gone)
		return;
	f->receiver = receiver->sid;
	f->inside->to = receiver;
	if (!receiver->role)
		receiver->role = SONDE_ROLE_RECEIVER;
}

void sonde_flow_reader_is(struct sonde_life *l, struct sonde_flow *f,
			  const struct sonde_endpoint *reader)
{
	for (uint32_t i = 0; i < f->readers; i++)
		if (f->reader[i] == reader->sid)
			return;
	SONDE_GROW(l, f->reader, f->readers, f->reader_room);
	f->reader[f->readers++] = reader->sid;
	f->receiver = f->reader[0];
}

/* Where it goes, as far as addresses tell; to a receiver in the same namespace, or to the only one
 * anywhere that is bound to that very address. */
static struct sonde_endpoint *guess_receiver(struct sonde_life *l, struct sonde_endpoint *sender,
					     const struct sonde_address *to, sonde_ns when)
{
	unsigned protocol = sonde_place_protocol(sender);
	struct sonde_endpoint *q = NULL;
	bool many;

	if (!to || !to->port || sonde_place_is_group(to) || !sonde_place_is_loopback(to))
		return NULL;
	if (sender->local.port)
		q = sonde_place_exact(l, sender->netns, protocol, to, &sender->local);
	return q ? q : sonde_place_bound(l, sender->netns, protocol, to, when, &many);
}

struct sonde_flow *sonde_flow_of(struct sonde_life *l, struct sonde_endpoint *sender,
				 const struct sonde_address *to, struct sonde_bytes path,
				 struct sonde_endpoint *receiver, sonde_ns when)
{
	uint64_t hash =
		flow_hash(sender, to, path, sonde_endpoint_is_unix(sender) ? receiver : NULL);
	struct sonde_flow *f = sonde_index_get(&l->inside->flow, hash);

	if (!f) {
		path.at =
			(const uint8_t *)(path.len ? sonde_arena_string(l->arena, path.at, path.len)
						   : NULL);
		f = flow_make(l, sender, to, path, receiver);
		f->from = sender->local;
		sonde_index_put(&l->inside->flow, l->arena, hash, f);
		sonde_flow_receiver_is(f,
				       receiver ? receiver : guess_receiver(l, sender, to, when));
	}
	return f;
}

/* From a sender that is not followed, or not known yet. */
struct sonde_flow *sonde_flow_into(struct sonde_life *l, const struct sonde_address *from,
				   struct sonde_endpoint *receiver)
{
	uint64_t hash = flow_hash(NULL, from, (struct sonde_bytes){ 0 }, receiver);
	struct sonde_flow *f = sonde_index_get(&l->inside->flow, hash);

	if (!f) {
		f = flow_make(l, NULL, NULL, (struct sonde_bytes){ 0 }, receiver);
		if (from)
			f->from = *from;
		f->to = receiver->local;
		sonde_flow_receiver_is(f, receiver);
		sonde_index_put(&l->inside->flow, l->arena, hash, f);
	}
	return f;
}
