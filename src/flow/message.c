#include "flow/message.h"

#include "flow/conversation.h"
#include "packet/app.h"

enum {
	WAYS = 8, /* slots that share a place */
	PLACES = SONDE_MESSAGES / WAYS,
	WHOLE = 256 << 10, /* bytes of a frame and a message */
};

struct kept {
	struct sonde_message of;
	uint8_t byte[SONDE_MESSAGE_MOST];
};

struct sonde_message_slot {
	struct sonde_conversation of;
	struct kept *kept;
	uint64_t since; /* number of the first frame */
	uint32_t next;	/* sequence number of the byte that is wanted */
	uint32_t len;
	uint8_t shape; /* of the message's first layer */
	bool used, back;
};

/* What a TCP segment carries. */
struct segment {
	struct sonde_conversation of;
	bool back;
	uint8_t layer;
	uint32_t at, len; /* in the packet */
	uint32_t seq;
};

/* False where it carries nothing, or not all of it is here. */
static bool read_segment(const struct sonde_packet *p, struct segment *ret)
{
	const struct sonde_layer *ip, *l;
	const struct sonde_tcp *tcp;
	unsigned d;

	tcp = sonde_has(p, tcp) ? sonde_conversation_tcp(p, &ip, &d) : NULL;
	if (!tcp)
		return false;
	l = &p->layer[d];
	ret->layer = (uint8_t)d;
	ret->at = l->at + l->head;
	if (l->end <= ret->at || l->end > p->len || l->part & SONDE_PART_FRAGMENT)
		return false;
	ret->len = l->end - ret->at;
	ret->seq = sonde_tcp_seq(tcp) + sonde_tcp_syn(tcp);
	ret->back = sonde_conversation_find(p, ip, (uint32_t)sonde_load(tcp->byte, 4), &ret->of);
	return true;
}

/* ---- what is held ---- */

static struct sonde_message_slot *place(struct sonde_messages *m, const struct segment *s)
{
	uint64_t mixed = sonde_conversation_mix(s->of.key[0], s->of.key[1] + s->back);

	return &m->slot[(mixed >> 32) % PLACES * WAYS]; /* the lowest bits are mixed least */
}

static struct sonde_message_slot *find(struct sonde_messages *m, const struct segment *s)
{
	struct sonde_message_slot *x = m->held ? place(m, s) : NULL;

	for (unsigned i = 0; x && i < WAYS; i++)
		if (x[i].used && x[i].back == s->back && sonde_conversation_same(&x[i].of, &s->of))
			return &x[i];
	return NULL;
}

static void drop(struct sonde_messages *m, struct sonde_message_slot *x)
{
	m->held -= x->used;
	x->used = false;
}

/* One for a message of this direction, instead of the one that was held longest if need be. */
static struct sonde_message_slot *vacate(struct sonde_messages *m, const struct segment *s)
{
	struct sonde_message_slot *x, *ret;

	if (!m->slot) {
		m->slot = sonde_arena_take(&m->arena, SONDE_MESSAGES * sizeof *m->slot);
		m->whole = sonde_arena_take(&m->arena, WHOLE);
	}
	x = ret = place(m, s);
	for (unsigned i = 0; i < WAYS && ret->used; i++)
		if (!x[i].used || x[i].since < ret->since)
			ret = &x[i];
	drop(m, ret);
	ret->of = s->of;
	ret->back = s->back;
	return ret;
}

/* False: it would be too long, and is given up. */
static bool keep(struct sonde_messages *m, struct sonde_message_slot *x, const uint8_t *at,
		 uint32_t len, uint32_t next, uint64_t number)
{
	struct sonde_message *of;

	if (len > SONDE_MESSAGE_MOST - x->len ||
	    (x->used && x->kept->of.frames + 1 == SONDE_MESSAGE_FRAMES)) {
		drop(m, x);
		return false;
	}
	if (!x->kept)
		x->kept = sonde_arena_take(&m->arena, sizeof *x->kept);
	of = &x->kept->of;
	memcpy(x->kept->byte + x->len, at, len);
	x->len += len;
	x->next = next;
	of->frame[of->frames++] = number;
	m->held += !x->used;
	x->used = true;
	return true;
}

/* Holds what begins at p->more and goes on behind next. */
static bool hold(struct sonde_messages *m, struct sonde_message_slot *x,
		 const struct sonde_packet *p, uint32_t end, uint32_t next, uint64_t number)
{
	unsigned d = p->n - 1u;

	while (d && p->layer[d].at > p->more)
		d--;
	drop(m, x);
	x->shape = p->layer[d].shape;
	x->since = number;
	x->len = 0;
	if (x->kept)
		x->kept->of.frames = 0;
	return keep(m, x, p->byte + p->more, end - p->more, next, number);
}

/* ---- packets ---- */

/* Takes the layers from byte at on away. */
static void cut(struct sonde_packet *p, uint32_t at)
{
	struct sonde_layer *l;

	while (p->n && p->layer[p->n - 1].at >= at)
		p->n--;
	p->has[0] = p->has[1] = 0;
	for (unsigned d = 0; d < p->n; d++)
		p->has[p->layer[d].shape / 64] |= 1ULL << p->layer[d].shape % 64;
	l = &p->layer[p->n - 1];
	if (l->at + l->head > at)
		l->head = (uint16_t)(at - l->at);
	p->stop = SONDE_STOP_MORE;
	p->more = at;
}

/* The packet with what is held before its own data, decoded anew. False: it is too long, or no such
 * message any more. */
static bool decode(struct sonde_messages *m, const struct sonde_message_slot *x,
		   const struct segment *s, const struct sonde_packet *p, struct sonde_packet *ret)
{
	if (p->len + x->len + s->len > WHOLE)
		return false;
	*ret = *p;
	cut(ret, s->at);
	memcpy(m->whole, p->byte, p->len);
	memcpy(m->whole + p->len, x->kept->byte, x->len);
	memcpy(m->whole + p->len + x->len, p->byte + s->at, s->len);
	ret->byte = m->whole;
	ret->len = p->len + x->len + s->len;
	sonde_app_decode(ret, x->shape, p->len, ret->len, 0);
	return ret->n > s->layer + 1u;
}

/* The segment follows what is held. */
static bool join(struct sonde_messages *m, struct sonde_message_slot *x, const struct segment *s,
		 struct sonde_packet *p, uint64_t number, struct sonde_message *ret)
{
	uint32_t next = s->seq + s->len;
	struct sonde_packet whole;

	if (!decode(m, x, s, p, &whole)) {
		drop(m, x);
		return false;
	}
	if (whole.stop == SONDE_STOP_MORE && whole.more == p->len) {
		if (keep(m, x, p->byte + s->at, s->len, next, number))
			cut(p, s->at);
		return false;
	}
	*ret = x->kept->of;
	ret->frame[ret->frames++] = number;
	if (whole.stop != SONDE_STOP_MORE)
		drop(m, x);
	else if (hold(m, x, &whole, whole.len, next, number))
		cut(&whole, whole.more);
	*p = whole;
	return true;
}

/* Whether these bytes are held already. */
static bool is_there(const struct sonde_message_slot *x, uint32_t from, uint32_t end)
{
	return x->next - from <= x->len && x->next - end <= x->len;
}

/* Whether who sends has left behind what is wanted: it came in another way, or will not come. */
static bool is_past(const struct sonde_message_slot *x, const struct segment *s)
{
	int32_t from = (int32_t)(s->seq - x->next), to = (int32_t)(s->seq + s->len - x->next);

	return from > SONDE_MESSAGE_MOST || from < -SONDE_MESSAGE_MOST || (from < 0 && to > 0);
}

bool sonde_message_put_(struct sonde_messages *m, struct sonde_packet *p, uint64_t number,
			struct sonde_message *ret)
{
	struct sonde_message_slot *x;
	struct segment s;
	uint32_t end;

	if (!read_segment(p, &s))
		return false;
	x = find(m, &s);
	if (x && s.seq == x->next)
		return join(m, x, &s, p, number, ret);
	end = s.seq + s.len;
	if (p->stop == SONDE_STOP_MORE && p->more >= s.at) {
		if ((x && is_there(x, s.seq + (p->more - s.at), end)) ||
		    hold(m, x ? x : vacate(m, &s), p, s.at + s.len, end, number))
			cut(p, p->more);
	} else if (x && is_past(x, &s)) {
		drop(m, x);
	}
	return false;
}

void sonde_messages_done(struct sonde_messages *m)
{
	sonde_arena_done(&m->arena);
	*m = (struct sonde_messages){ 0 };
}
