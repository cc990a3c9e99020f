#include "packet/tuple.h"
#include "probe/answer_inside.h"

enum {
	SLOTS = 5,     /* keys that a packet has at most */
	STEPS = 4096,  /* along a chain */
	REACH = 65535, /* a window, unscaled */
	SCTP_INIT = 1,
	SCTP_ABORT = 6,
};

struct sonde_answers_sent {
	uint64_t number;
	uint32_t seq, end, ack; /* of TCP: end is what acknowledges all of it; of SCTP: seq is the
				 * tag, end that of an INIT, or the same */
	uint16_t flags;
	bool answered, seen;
};

struct sonde_answers_slot {
	uint64_t key, sent, older; /* older: the next of its chain, counted from 1 */
};

static uint64_t key_of(const struct sonde_answers *a, const struct sonde_answers_words *w)
{
	return sonde_secret_hash(&a->secret, w->at, w->n);
}

/* All bytes of the packet from IP on. */
static uint64_t copy_key(const struct sonde_answers *a, const struct sonde_packet *p, unsigned d)
{
	const struct sonde_layer *l = &p->layer[d];
	uint32_t end = l->end < p->len ? l->end : p->len;

	return sonde_secret_hash(&a->secret, p->byte + l->at, end - l->at) ^ SONDE_ANSWERS_KEY_COPY;
}

void sonde_answers_init(struct sonde_answers *a, struct sonde_arena *arena, uint32_t most,
			const struct sonde_secret *secret)
{
	*a = (struct sonde_answers){ .secret = *secret, .most = most };
	a->sent = sonde_arena_take(arena, most * sizeof *a->sent);
	a->slot = sonde_arena_take(arena, SLOTS * (size_t)most * sizeof *a->slot);
	a->head = sonde_arena_take(arena, most * sizeof *a->head);
}

static void add(struct sonde_answers *a, uint64_t key)
{
	struct sonde_answers_slot *s = &a->slot[a->slots % (SLOTS * a->most)];
	uint64_t *head = &a->head[key % a->most];

	*s = (struct sonde_answers_slot){ key, a->sents - 1, *head };
	*head = ++a->slots;
}

static void add_words(struct sonde_answers *a, const struct sonde_answers_words *w)
{
	add(a, key_of(a, w));
}

/* What TCP and SCTP say beside their ports; whether it is TCP. */
static bool take_numbers(struct sonde_answers_sent *s, const struct sonde_packet *p, unsigned d)
{
	struct sonde_tuple t;
	unsigned top;
	uint32_t at;

	sonde_answers_carried(p, d, &top, &at);
	if (top < p->n && p->layer[top].shape == SONDE_sctp) {
		s->seq = s->end = sonde_sctp_tag(sonde_header(p, top, sctp));
		at += SONDE_BYTES_sctp;
		if (at + 8 <= p->len && p->byte[at] == SCTP_INIT)
			s->end = (uint32_t)sonde_load(p->byte + at + 4, 4);
	} else if (top < p->n && p->layer[top].shape == SONDE_tcp && sonde_packet_tuple(p, &t)) {
		s->seq = t.seq;
		s->ack = t.ack;
		s->flags = t.flags;
		s->end = t.seq + t.length + !!(t.flags & SONDE_TCP_SYN) +
			 !!(t.flags & SONDE_TCP_FIN);
		return true;
	}
	return false;
}

static void add_ip(struct sonde_answers *a, const struct sonde_packet *p,
		   const struct sonde_answers_place *at, struct sonde_answers_sent *s)
{
	unsigned inner = (unsigned)at->inner, outer = (unsigned)at->outer;
	struct sonde_answers_words exact = { .n = 0 }, reply = { .n = 0 }, quote = { .n = 0 },
				   beneath = { .n = 0 };

	if (take_numbers(s, p, inner) &&
	    sonde_answers_put_reply(&exact, p, inner, false, false, &s->end))
		add_words(a, &exact);
	if (sonde_answers_put_reply(&reply, p, inner, false, false, NULL))
		add_words(a, &reply);
	if (sonde_answers_put_quote(&quote, p, outer))
		add_words(a, &quote);
	if (inner != outer && sonde_answers_put_quote(&beneath, p, inner))
		add_words(a, &beneath);
	add(a, copy_key(a, p, outer));
}

void sonde_answers_put(struct sonde_answers *a, const struct sonde_packet *p, uint64_t number)
{
	struct sonde_answers_sent *s = &a->sent[a->sents++ % a->most];
	struct sonde_answers_place at = sonde_answers_place(p);
	struct sonde_answers_words w = { .n = 0 };

	*s = (struct sonde_answers_sent){ .number = number };
	if (at.inner >= 0)
		add_ip(a, p, &at, s);
	else if (at.arp >= 0)
		add(a, copy_key(a, p, (unsigned)at.arp));
	if (at.inner < 0 && at.arp >= 0 && sonde_answers_put_arp(&w, p, (unsigned)at.arp, false))
		add_words(a, &w);
}

/* A packet that came, and what TCP and SCTP say in it. */
struct came {
	const struct sonde_packet *p;
	struct sonde_tuple t;
	bool is_tcp, is_sctp, abort;
	uint32_t tag;
};

static bool within(uint32_t v, uint32_t from, uint32_t to)
{
	return v - from <= to - from;
}

/* RFC 9293 section 3.10.7: whether this segment can be about that one. */
static bool in_reach(const struct sonde_answers_sent *s, const struct sonde_tuple *t)
{
	bool acks = t->flags & SONDE_TCP_ACK;

	if (t->flags & SONDE_TCP_RST && !acks)
		return s->flags & SONDE_TCP_ACK && t->seq == s->ack;
	if (s->flags & SONDE_TCP_SYN)
		return acks ? within(t->ack, s->seq + 1, s->end) : t->flags & SONDE_TCP_SYN;
	if (t->flags & SONDE_TCP_RST)
		return t->ack == s->end;
	return acks && within(t->ack, s->seq - REACH, s->end + REACH);
}

static bool accepts(const struct sonde_answers_sent *s, const struct came *c)
{
	if (c->is_tcp)
		return in_reach(s, &c->t);
	if (c->is_sctp && s->end != s->seq)
		return c->tag == s->end || c->tag == s->seq;
	return true;
}

/* The one that a packet with this key answers; NULL c: any of it. */
static bool look(struct sonde_answers *a, uint64_t key, const struct came *c, uint64_t since,
		 struct sonde_answers_hit *ret)
{
	struct sonde_answers_sent *found = NULL, *had = NULL;
	uint64_t at = a->head[key % a->most];

	ret->alike = 0;
	for (unsigned steps = 0; at && a->slots - at < SLOTS * a->most && steps < STEPS; steps++) {
		const struct sonde_answers_slot *slot = &a->slot[(at - 1) % (SLOTS * a->most)];
		struct sonde_answers_sent *s = &a->sent[slot->sent % a->most];

		if (a->sents - slot->sent > a->most || s->number < since)
			break;
		at = slot->older;
		if (slot->key != key || (c && !accepts(s, c)))
			continue;
		if (s->answered) {
			had = had ? had : s;
			continue;
		}
		ret->alike += found != NULL;
		found = s;
	}
	if (!found && !had)
		return false;
	ret->again = !found;
	ret->number = (found ? found : had)->number;
	if (found)
		found->answered = true;
	return true;
}

static void take_came(struct came *c, const struct sonde_packet *p, unsigned d)
{
	unsigned top;
	uint32_t at;

	*c = (struct came){ .p = p };
	sonde_answers_carried(p, d, &top, &at);
	if (top >= p->n || !sonde_packet_tuple(p, &c->t))
		return;
	c->is_tcp = p->layer[top].shape == SONDE_tcp;
	c->is_sctp = p->layer[top].shape == SONDE_sctp;
	if (!c->is_sctp)
		return;
	c->tag = sonde_sctp_tag(sonde_header(p, top, sctp));
	at += SONDE_BYTES_sctp;
	c->abort = at < p->len && p->byte[at] == SCTP_ABORT;
}

static bool find_quote(struct sonde_answers *a, const struct sonde_packet *p, unsigned d,
		       uint64_t since, struct sonde_answers_hit *ret)
{
	struct sonde_answers_words w = { .n = 0 };

	ret->kind = SONDE_ANSWERS_ERROR;
	return sonde_answers_put_quote(&w, p, d) && look(a, key_of(a, &w), NULL, since, ret);
}

/* What was sent and is this to the byte, from its header at layer d on: the oldest that was not
 * seen yet, or else any; NULL: none. */
static struct sonde_answers_sent *find_copy(const struct sonde_answers *a,
					    const struct sonde_packet *p, unsigned d)
{
	uint64_t key = copy_key(a, p, d), at = a->head[key % a->most];
	struct sonde_answers_sent *found = NULL;

	for (unsigned steps = 0; at && a->slots - at < SLOTS * a->most && steps < STEPS; steps++) {
		const struct sonde_answers_slot *slot = &a->slot[(at - 1) % (SLOTS * a->most)];
		struct sonde_answers_sent *s = &a->sent[slot->sent % a->most];

		if (a->sents - slot->sent > a->most)
			break;
		if (slot->key == key && (!found || !s->seen))
			found = s;
		at = slot->older;
	}
	return found;
}

bool sonde_answers_own(struct sonde_answers *a, const struct sonde_packet *p, uint64_t *ret_number)
{
	struct sonde_answers_place at = sonde_answers_place(p);
	int d = at.outer >= 0 ? at.outer : at.arp;
	struct sonde_answers_sent *s = d < 0 ? NULL : find_copy(a, p, (unsigned)d);

	if (!s)
		return false;
	s->seen = true;
	*ret_number = s->number;
	return true;
}

static bool find_reply(struct sonde_answers *a, const struct sonde_packet *p,
		       const struct sonde_answers_place *at, uint64_t since,
		       struct sonde_answers_hit *ret)
{
	unsigned d = (unsigned)at->inner;
	struct came c;

	take_came(&c, p, d);
	if (c.t.fragment == SONDE_FRAGMENT_LATER || find_copy(a, p, (unsigned)at->outer))
		return false;
	ret->kind = (c.is_tcp && c.t.flags & SONDE_TCP_RST) || c.abort ? SONDE_ANSWERS_RESET
								       : SONDE_ANSWERS_REPLY;
	for (unsigned way = 0; way < 3; way++) { /* exact, by the ends, by our end alone */
		struct sonde_answers_words w = { .n = 0 };

		if (!way && !(c.is_tcp && c.t.flags & SONDE_TCP_ACK))
			continue;
		if (sonde_answers_put_reply(&w, p, d, true, way == 2, way ? NULL : &c.t.ack) &&
		    look(a, key_of(a, &w), &c, since, ret))
			return true;
	}
	return false;
}

bool sonde_answers_find(struct sonde_answers *a, const struct sonde_packet *p, uint64_t since,
			struct sonde_answers_hit *ret)
{
	struct sonde_answers_hit hit = { .kind = SONDE_ANSWERS_NONE };
	struct sonde_answers_place at = sonde_answers_place(p);
	struct sonde_answers_words w = { .n = 0 };
	bool found = false;

	if (at.quoted >= 0) {
		found = find_quote(a, p, (unsigned)at.quoted, since, &hit);
	} else if (at.inner >= 0) {
		found = find_reply(a, p, &at, since, &hit);
	} else if (at.arp >= 0 && sonde_answers_put_arp(&w, p, (unsigned)at.arp, true)) {
		hit.kind = SONDE_ANSWERS_REPLY;
		found = look(a, key_of(a, &w), NULL, since, &hit);
	}
	if (found)
		*ret = hit;
	return found;
}
