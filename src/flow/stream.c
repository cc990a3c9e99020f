#include "flow/stream.h"

#include "flow/conversation.h"

struct sonde_stream_seen {
	struct sonde_conversation of;
	uint32_t number;
	uint32_t begin; /* sequence number of its SYN */
	bool used, begun;
};

struct piece {
	uint32_t seq, len;
	uint64_t frame;
};

struct sonde_stream_side {
	bool known;    /* next is */
	uint32_t next; /* sequence number of the first byte that was not told yet */
	uint32_t missing;
	unsigned pieces; /* waiting, in order */
	struct piece piece[SONDE_STREAM_PIECES];
	uint8_t window[SONDE_STREAM_WINDOW]; /* of a byte: its sequence number's place */
};

struct telling {
	sonde_stream_hear hear;
	void *arg;
	struct sonde_stream_side *side;
	bool back;
};

void sonde_stream_init(struct sonde_stream *s, uint32_t wanted)
{
	*s = (struct sonde_stream){ .wanted = wanted };
}

/* ---- which conversation ---- */

static struct sonde_stream_seen *place(struct sonde_stream *s, const struct sonde_conversation *of)
{
	uint32_t i = (uint32_t)sonde_conversation_mix(of->key[0], of->key[1]);

	while (s->seen[i % s->room].used && !sonde_conversation_same(&s->seen[i % s->room].of, of))
		i++;
	return &s->seen[i % s->room];
}

/* Twice the room, when more than half is taken. */
static void grow(struct sonde_stream *s)
{
	struct sonde_stream_seen *old = s->seen;
	uint32_t room = s->room;

	if (s->conversations * 2 < room)
		return;
	s->room = room ? 2 * room : 1024;
	s->seen = sonde_arena_take(&s->arena, s->room * sizeof *s->seen);
	for (uint32_t i = 0; i < room; i++)
		if (old[i].used)
			*place(s, &old[i].of) = old[i];
}

/* Its number, or one that nobody wants. */
static uint32_t number_of(struct sonde_stream *s, const struct sonde_conversation *of,
			  const struct sonde_tcp *tcp)
{
	bool begins = sonde_tcp_syn(tcp) && !sonde_tcp_ack(tcp);
	struct sonde_stream_seen *c;

	grow(s);
	c = place(s, of);
	if (!c->used || (begins && c->begun && c->begin != sonde_tcp_seq(tcp))) {
		if (s->conversations > s->wanted && !c->used)
			return UINT32_MAX;
		*c = (struct sonde_stream_seen){ .of = *of, .used = true, .number = UINT32_MAX };
		if (s->conversations <= s->wanted)
			c->number = s->conversations++;
	}
	if (begins) {
		c->begun = true;
		c->begin = sonde_tcp_seq(tcp);
	}
	return c->number;
}

/* ---- one direction ---- */

static void tell(struct telling *t, const uint8_t *at, uint32_t len, uint64_t frame)
{
	struct sonde_stream_chunk c = { t->back, { at, len }, t->side->missing, frame };

	t->side->missing = 0;
	t->side->next += len;
	t->hear(t->arg, &c);
}

/* What waits and can now be told. */
static void drain(struct telling *t)
{
	struct sonde_stream_side *s = t->side;
	unsigned n = 0;

	for (; n < s->pieces && (int32_t)(s->piece[n].seq - s->next) <= 0; n++) {
		const struct piece *x = &s->piece[n];
		uint32_t left = x->seq + x->len - s->next;

		while ((int32_t)left > 0) { /* twice where it goes over the window's end */
			uint32_t at = s->next % SONDE_STREAM_WINDOW, len = SONDE_STREAM_WINDOW - at;

			len = len < left ? len : left;
			left -= len;
			tell(t, s->window + at, len, x->frame);
		}
	}
	s->pieces -= n;
	memmove(s->piece, s->piece + n, s->pieces * sizeof *s->piece);
}

/* Nobody will bring what is missing before the first piece that waits. */
static void give_up(struct telling *t)
{
	struct sonde_stream_side *s = t->side;

	s->missing += s->piece[0].seq - s->next;
	s->next = s->piece[0].seq;
	drain(t);
}

static void wait(struct sonde_stream_side *s, uint32_t seq, const uint8_t *at, uint32_t len,
		 uint64_t frame)
{
	unsigned i = s->pieces++;

	for (; i && (int32_t)(s->piece[i - 1].seq - seq) > 0; i--)
		s->piece[i] = s->piece[i - 1];
	s->piece[i] = (struct piece){ seq, len, frame };
	for (uint32_t k = 0; k < len; k++)
		s->window[(seq + k) % SONDE_STREAM_WINDOW] = at[k];
}

static void bring(struct telling *t, uint32_t seq, const uint8_t *at, uint32_t len, uint64_t frame)
{
	struct sonde_stream_side *s = t->side;
	uint32_t old = s->next - seq;

	if ((int32_t)old > 0) { /* told already */
		if (old >= len)
			return;
		at += old;
		len -= old;
		seq += old;
	}
	while (seq != s->next && s->pieces &&
	       (seq - s->next + len > SONDE_STREAM_WINDOW || s->pieces == SONDE_STREAM_PIECES))
		give_up(t);
	if ((int32_t)(seq - s->next) < 0) {
		bring(t, seq, at, len, frame); /* what was given up has led into it */
	} else if (seq == s->next || seq - s->next + len > SONDE_STREAM_WINDOW) {
		s->missing += seq - s->next;
		s->next = seq;
		tell(t, at, len, frame);
		drain(t);
	} else {
		wait(s, seq, at, len, frame);
	}
}

/* Who got these bytes says so: what lies before them and is not here was not captured. */
static void acknowledged(struct telling *t, uint32_t ack)
{
	while (t->side->known && t->side->pieces && (int32_t)(ack - t->side->piece[0].seq) > 0)
		give_up(t);
}

/* ---- packets ---- */

static void begin(struct sonde_stream *s, const struct sonde_packet *p, const struct sonde_tcp *tcp,
		  bool back)
{
	bool answer = sonde_tcp_syn(tcp) && sonde_tcp_ack(tcp);
	struct sonde_tuple tuple = { 0 };

	s->side = sonde_arena_take(&s->arena, 2 * sizeof *s->side);
	s->turned = back != answer;
	sonde_packet_tuple(p, &tuple);
	s->end[answer] = tuple.src;
	s->end[!answer] = tuple.dst;
}

bool sonde_stream_put(struct sonde_stream *s, const struct sonde_packet *p, uint64_t number,
		      sonde_stream_hear hear, void *arg)
{
	struct telling t = { .hear = hear, .arg = arg }, other;
	const struct sonde_layer *ip, *l;
	struct sonde_conversation of;
	const struct sonde_tcp *tcp;
	uint32_t seq, from, end;
	unsigned d;
	bool back;

	tcp = sonde_has(p, tcp) ? sonde_conversation_tcp(p, &ip, &d) : NULL;
	if (!tcp)
		return false;
	back = sonde_conversation_find(p, ip, (uint32_t)sonde_load(tcp->byte, 4), &of);
	if (number_of(s, &of, tcp) != s->wanted)
		return false;
	if (!s->side)
		begin(s, p, tcp, back);
	t.back = back != s->turned;
	t.side = &s->side[t.back];
	other = t;
	other.back = !t.back;
	other.side = &s->side[!t.back];
	if (sonde_tcp_ack(tcp))
		acknowledged(&other, sonde_tcp_ackseq(tcp));
	seq = sonde_tcp_seq(tcp) + sonde_tcp_syn(tcp);
	if (!t.side->known) {
		t.side->next = seq;
		t.side->known = true;
	}
	l = &p->layer[d];
	from = l->at + l->head;
	end = l->end < p->len ? l->end : p->len;
	if (end > from)
		bring(&t, seq, p->byte + from, end - from, number);
	return true;
}

void sonde_stream_end(struct sonde_stream *s, sonde_stream_hear hear, void *arg)
{
	for (unsigned i = 0; s->side && i < 2; i++) {
		struct telling t = { hear, arg, &s->side[i], i };

		while (t.side->pieces)
			give_up(&t);
	}
}

void sonde_stream_done(struct sonde_stream *s)
{
	sonde_arena_done(&s->arena);
	*s = (struct sonde_stream){ 0 };
}
