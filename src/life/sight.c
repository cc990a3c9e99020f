#include "life/sight.h"

#include <string.h>

#include "life/index.h"
#include "packet/packet.h"

enum {
	RING = 8192, /* frames remembered */
	PLACES = 8,  /* where equal frames may be seen */
	DEEP = 512,  /* bytes from the network header that are compared, besides the length */
};

/* Frames that look the same. Those of one place come in the order in which they passed another,
 * so each place has a cursor: all before it are seen there. */
struct group {
	struct group *next; /* in its bucket, or free */
	uint64_t hash;
	uint64_t first, last; /* serials in the ring */
	size_t places;
	struct {
		uint64_t place, cursor; /* serial of the first not seen here; 0: all are */
	} at[PLACES];
};

struct entry {
	sonde_ns when;
	uint64_t number;
	uint64_t next; /* serial of the group's next, 0: none */
	struct group *group;
};

struct sonde_sight_inside {
	struct entry ring[RING]; /* by serial, from 1 */
	struct group group[RING];
	struct group *bucket[RING];
	struct group *free;
	uint64_t serial; /* of the youngest */
};

void sonde_sight_init(struct sonde_sight *s, struct sonde_arena *arena)
{
	*s = (struct sonde_sight){ .inside = sonde_arena_take(arena, sizeof *s->inside) };
	for (size_t i = 0; i < RING; i++) {
		s->inside->group[i].next = s->inside->free;
		s->inside->free = &s->inside->group[i];
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

	sonde_decode_link(&p, f->byte.at, (uint32_t)len, f->wire, f->link);
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

static struct group **find(struct sonde_sight_inside *in, uint64_t hash)
{
	struct group **g = &in->bucket[hash % RING];

	while (*g && (*g)->hash != hash)
		g = &(*g)->next;
	return g;
}

/* The ring is full: its oldest is forgotten, and its group with the last of it. */
static void forget(struct sonde_sight_inside *in, const struct entry *e)
{
	struct group *g = e->group, **at;

	if (!g)
		return;
	for (size_t i = 0; i < g->places; i++)
		if (g->at[i].cursor == g->first)
			g->at[i].cursor = e->next;
	g->first = e->next;
	if (g->first)
		return;
	at = find(in, g->hash);
	*at = g->next;
	g->next = in->free;
	in->free = g;
}

static void remember(struct sonde_sight *s, uint64_t hash, uint64_t place, sonde_ns when)
{
	struct sonde_sight_inside *in = s->inside;
	uint64_t serial = ++in->serial;
	struct entry *e = &in->ring[serial % RING];
	struct group *g;

	forget(in, e);
	g = *find(in, hash);
	if (!g) {
		g = in->free;
		in->free = g->next;
		*g = (struct group){ .next = in->bucket[hash % RING],
				     .hash = hash,
				     .first = serial };
		in->bucket[hash % RING] = g;
	} else {
		in->ring[g->last % RING].next = serial;
	}
	g->last = serial;
	*e = (struct entry){ .when = when, .number = ++s->frames, .group = g };
	for (size_t i = 0; i < g->places; i++) {
		if (g->at[i].place == place)
			place = 0;
		else if (!g->at[i].cursor)
			g->at[i].cursor = serial;
	}
	if (place && g->places < PLACES)
		g->at[g->places++].place = place;
}

/* The frame that is seen again here, or NULL. */
static const struct entry *again(struct sonde_sight_inside *in, uint64_t hash, uint64_t place,
				 sonde_ns when)
{
	struct group *g = *find(in, hash);
	size_t i = 0;

	if (!g)
		return NULL;
	while (i < g->places && g->at[i].place != place)
		i++;
	if (i == g->places) {
		if (i == PLACES)
			return NULL;
		g->places++;
		g->at[i].place = place;
		g->at[i].cursor = g->first;
	}
	while (g->at[i].cursor) {
		const struct entry *e = &in->ring[g->at[i].cursor % RING];

		g->at[i].cursor = e->next;
		if (when < e->when + SONDE_SECOND)
			return e;
	}
	return NULL;
}

void sonde_sight_pass(struct sonde_sight *s, struct sonde_item *io)
{
	struct sonde_frame f;
	const struct entry *e;
	uint64_t hash, place;

	if (io->is != SONDE_ITEM_FRAME)
		return;
	f = io->frame;
	hash = look(&f);
	place = sonde_index_hash(f.dir, (const uint32_t[]){ f.netns, f.ifindex }, 8);
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
