#include "life/sight.h"

#include <string.h>

#include "life/index.h"
#include "packet/packet.h"

enum {
	LOOPBACK = 1,	    /* ifindex of the loopback in every namespace */
	RING = 8192,	    /* frames remembered */
	BUCKETS = 4 * RING, /* so that most that are looked up in vain cost no look at a group */
	PLACES = 8,	    /* where equal frames may be seen */
	DEEP = 512, /* bytes from the network header that are compared, besides the length */
};

/* Frames that look the same. Those of one place come in the order in which they passed another,
 * so each place has a cursor: all before it are seen there. Entries and groups are named by their
 * number, from 1, so that a group fills one line of the cache: each frame touches one long unseen.
 */
struct group {
	uint64_t hash;
	uint16_t next;	      /* group in its bucket, or free */
	uint16_t first, last; /* entries */
	uint16_t places;
	uint32_t place[PLACES];
	uint16_t cursor[PLACES]; /* the first entry not seen there; 0: all are */
};
_Static_assert(sizeof(struct group) == 64, "a line of the cache");

struct entry {
	sonde_ns when;
	uint64_t number; /* of the frame; 0: none yet */
	uint16_t next;	 /* entry of the group, 0: none */
	uint16_t group;
};

struct sonde_sight_inside {
	_Alignas(64) struct group group[RING + 1];
	struct entry ring[RING + 1];
	uint16_t bucket[BUCKETS];
	uint16_t free;
	uint16_t youngest; /* entry */
};

void sonde_sight_init(struct sonde_sight *s, struct sonde_arena *arena)
{
	size_t at = (size_t)sonde_arena_take(arena, sizeof *s->inside + 64);

	*s = (struct sonde_sight){ .inside = (void *)((at + 63) & ~(size_t)63) };
	for (uint16_t i = 1; i <= RING; i++) {
		s->inside->group[i].next = s->inside->free;
		s->inside->free = i;
	}
}

/* Where a header holds what differs from place to place: its time to live, and checksums, which
 * are not there yet before transmit offload has filled them in. Bytes from its start. */
static void blank(uint8_t *h, size_t len, unsigned shape)
{
	size_t at = shape == SONDE_tcp ? 16 : shape == SONDE_udp ? 6 : shape == SONDE_ip ? 10 : 2;

	if (shape == SONDE_ip && len > 8)
		h[8] = 0;
	if (shape == SONDE_ipv6 && len > 7)
		h[7] = 0;
	if (shape != SONDE_ipv6 && len > at + 1)
		h[at] = h[at + 1] = 0;
}

/* Of what is the same wherever the packet is seen. */
static uint64_t look(const struct sonde_frame *f)
{
	struct sonde_packet p;
	uint8_t byte[DEEP];
	size_t len = f->byte.len, from = 0, end = f->wire;
	unsigned d = 0;

	sonde_decode_frame(&p, f, NULL);
	while (d < p.n && p.layer[d].shape != SONDE_ip && p.layer[d].shape != SONDE_ipv6)
		d++;
	if (d < p.n) {
		from = p.layer[d].at;
		end = p.layer[d].end;
	}
	len = (len < end ? len : end) - from;
	len = len < DEEP ? len : DEEP;
	memcpy(byte, f->byte.at + from, len);
	for (; d < p.n; d++) {
		size_t at = p.layer[d].at - from;

		switch (p.layer[d].shape) {
		case SONDE_ip:
		case SONDE_ipv6:
		case SONDE_tcp:
		case SONDE_udp:
		case SONDE_icmp:
		case SONDE_icmpv6:
			if (at < len)
				blank(byte + at, len - at, p.layer[d].shape);
		}
	}
	return sonde_index_hash(end - from, byte, len);
}

/* Where the number of the group stands, or would stand. */
static uint16_t *find(struct sonde_sight_inside *in, uint64_t hash)
{
	uint16_t *g = &in->bucket[hash % BUCKETS];

	while (*g && in->group[*g].hash != hash)
		g = &in->group[*g].next;
	return g;
}

/* The ring is full: its oldest is forgotten, and its group with the last of it. */
static void forget(struct sonde_sight_inside *in, const struct entry *e)
{
	struct group *g = &in->group[e->group];
	uint16_t *at;

	for (size_t i = 0; i < g->places; i++)
		if (g->cursor[i] == g->first)
			g->cursor[i] = e->next;
	g->first = e->next;
	if (g->first)
		return;
	at = find(in, g->hash);
	*at = g->next;
	g->next = in->free;
	in->free = e->group;
}

static struct group *make(struct sonde_sight_inside *in, uint64_t hash, uint16_t first)
{
	uint16_t number = in->free;
	struct group *g = &in->group[number];

	in->free = g->next;
	*g = (struct group){ .next = in->bucket[hash % BUCKETS], .hash = hash, .first = first };
	in->bucket[hash % BUCKETS] = number;
	return g;
}

static void remember(struct sonde_sight *s, uint64_t hash, uint32_t place, sonde_ns when)
{
	struct sonde_sight_inside *in = s->inside;
	uint16_t youngest = in->youngest = in->youngest % RING + 1;
	struct entry *e = &in->ring[youngest], *soon = &in->ring[(youngest + 1) % RING + 1];
	struct group *g;
	bool known = false;

	__builtin_prefetch(&in->group[soon->group]);
	if (e->number)
		forget(in, e);
	g = &in->group[*find(in, hash)];
	if (g == in->group)
		g = make(in, hash, youngest);
	else
		in->ring[g->last].next = youngest;
	g->last = youngest;
	*e = (struct entry){ .when = when,
			     .number = ++s->frames,
			     .group = (uint16_t)(g - in->group) };
	for (size_t i = 0; i < g->places; i++) {
		if (g->place[i] == place)
			known = true;
		else if (!g->cursor[i])
			g->cursor[i] = youngest;
	}
	if (!known && g->places < PLACES) {
		g->place[g->places] = place;
		g->cursor[g->places++] = 0;
	}
}

/* The frame that is seen again here, or NULL. */
static const struct entry *again(struct sonde_sight_inside *in, uint64_t hash, uint32_t place,
				 sonde_ns when)
{
	uint16_t number = *find(in, hash);
	struct group *g = &in->group[number];
	size_t i = 0;

	if (!number)
		return NULL;
	while (i < g->places && g->place[i] != place)
		i++;
	if (i == PLACES)
		return NULL;
	if (i == g->places) {
		g->places++;
		g->place[i] = place;
		g->cursor[i] = g->first;
	}
	while (g->cursor[i]) {
		const struct entry *e = &in->ring[g->cursor[i]];

		g->cursor[i] = e->next;
		if (when < e->when + SONDE_SECOND)
			return e;
	}
	return NULL;
}

void sonde_sight_pass(struct sonde_sight *s, struct sonde_item *io)
{
	struct sonde_frame f;
	const struct entry *e;
	uint64_t hash;
	uint32_t place;

	if (io->is != SONDE_ITEM_FRAME)
		return;
	f = io->frame;
	if (s->loops_once && f.ifindex == LOOPBACK && f.dir == SONDE_DIR_OUT) {
		s->frames++;
		return;
	}
	hash = look(&f);
	place = (uint32_t)sonde_index_hash(f.dir, (const uint32_t[]){ f.netns, f.ifindex }, 8);
	e = again(s->inside, hash, place, f.when);
	if (!e) {
		remember(s, hash, place, f.when);
		return;
	}
	s->again++;
	io->is = SONDE_ITEM_EVENT;
	io->event = (struct sonde_event){
		.when = f.when,
		.kind = SONDE_EVENT_ARRIVED,
		.n = { e->number, f.ifindex },
		.arg = { f.dir },
		.netns = f.netns,
		.cpu = f.cpu,
		.fd = -1,
		.fd2 = -1,
	};
}
