#include "probe/script_inside.h"

/* ---- what was sent ---- */

/* From the header of the network on: the link's may be another one where it is seen. FNV-1a, never
 * 0. */
static uint64_t hash(const struct sonde_packet *p)
{
	uint64_t h = 0xcbf29ce484222325;
	unsigned d = 0;

	while (d < p->n && p->layer[d].shape != SONDE_ip && p->layer[d].shape != SONDE_ipv6 &&
	       p->layer[d].shape != SONDE_arp)
		d++;
	for (uint32_t i = d < p->n ? p->layer[d].at : 0; i < p->len; i++)
		h = (h ^ p->byte[i]) * 0x100000001b3;
	return h | 1;
}

struct leaving {
	struct sonde_script *s;
	enum sonde_shape first;
};

static int leave(void *arg, const uint8_t *byte, uint32_t len)
{
	struct leaving *l = arg;
	struct sonde_script *s = l->s;
	struct sonde_packet p;

	sonde_decode(&p, byte, len, len, l->first);
	s->own[s->own_to++ % SONDE_SCRIPT_OWN] = hash(&p);
	if (s->own_to - s->own_from > SONDE_SCRIPT_OWN)
		s->own_from = s->own_to - SONDE_SCRIPT_OWN;
	return 0;
}

void sonde_script_remember(struct sonde_script *s, const struct sonde_craft *c)
{
	struct leaving l = { s, sonde_craft_layer(c, 0) };

	sonde_craft_send(c, &s->draft, leave, &l);
}

/* Whether we sent it and have not seen it since. */
static bool is_own(struct sonde_script *s, const struct sonde_packet *p)
{
	uint64_t h = hash(p);
	unsigned i = s->own_from;

	while (i != s->own_to && s->own[i % SONDE_SCRIPT_OWN] != h)
		i++;
	if (i == s->own_to)
		return false;
	s->own[i % SONDE_SCRIPT_OWN] = 0;
	while (s->own_from != s->own_to && !s->own[s->own_from % SONDE_SCRIPT_OWN])
		s->own_from++;
	return true;
}

/* ---- what came ---- */

static void keep(struct sonde_script *s, const struct sonde_script_seen *from)
{
	struct sonde_script_seen *to = &s->seen[s->seens++];

	*to = *from;
	to->byte = sonde_arena_grow(&s->kept[0], from->byte, from->len, 0, 1);
}

/* What an expect at hand has passed over is of no use to another one; to an expect nothing it would
 * be. */
static void make_room(struct sonde_script *s)
{
	if (s->entered && s->line[s->at].is == SONDE_SCRIPT_EXPECT && s->looked > s->taken) {
		s->passed += s->looked - s->taken;
		s->taken = s->looked;
	}
	if (s->taken)
		sonde_script_forget(s);
}

void sonde_script_hear(struct sonde_script *s, const struct sonde_frame *f)
{
	struct sonde_packet p;
	bool own;

	if (s->began == UINT64_MAX)
		return;
	sonde_decode_frame(&p, f, NULL);
	own = is_own(s, &p);
	if (own || f->dir == SONDE_DIR_OUT || f->when < s->began)
		return;
	s->heard++;
	if (s->seens == SONDE_SCRIPT_HEARD)
		make_room(s);
	if (s->seens == SONDE_SCRIPT_HEARD) {
		s->overflow++;
		return;
	}
	keep(s, &(struct sonde_script_seen){
			.byte = (uint8_t *)(uintptr_t)f->byte.at, /* only to be copied */
			.len = f->byte.len < SONDE_SCRIPT_PACKET ? (uint32_t)f->byte.len
								 : SONDE_SCRIPT_PACKET,
			.wire = f->wire,
			.link = f->link,
			.when = f->when,
		});
}

void sonde_script_forget(struct sonde_script *s)
{
	struct sonde_arena old = s->kept[0];
	unsigned from = s->taken, to = s->seens;

	s->kept[0] = s->kept[1];
	s->kept[1] = old;
	s->seens = s->taken = 0;
	s->looked -= from < s->looked ? from : s->looked;
	while (from < to) {
		struct sonde_script_seen seen = s->seen[from++];

		keep(s, &seen);
	}
	sonde_arena_rewind(&s->kept[1]);
}

/* ---- how near it is ---- */

/* The number in a field that lies within the packet, or false. */
static bool get(const struct sonde_packet *p, unsigned d, const struct sonde_row *r,
		sonde_wide *ret)
{
	const uint8_t *h = p->byte + p->layer[d].at;

	if (!r->bits || r->bits > 128 || p->layer[d].at + (r->at + r->bits + 7u) / 8 > p->len)
		return false;
	if (r->bits <= 64) {
		*ret = sonde_get(h, r->at, r->bits);
		return true;
	}
	*ret = (sonde_wide)sonde_get(h, r->at, r->bits - 64u) << 64 |
	       sonde_get(h, r->at + r->bits - 64u, 64);
	return true;
}

unsigned sonde_script_nearness(const struct sonde_craft *pattern, const struct sonde_packet *p)
{
	enum { HEADER = 64 };
	unsigned near = 0, d = 0;
	enum sonde_shape shape;

	for (unsigned i = 0; (shape = sonde_craft_layer(pattern, i)); i++) {
		const struct sonde_shape_info *info = &sonde_shapes[shape];
		sonde_wide want, got;

		while (d < p->n && p->layer[d].shape != shape)
			d++;
		if (d == p->n)
			break;
		near += shape == SONDE_eth ? 0 : HEADER; /* all have that */
		for (unsigned k = 0; k < info->rows; k++)
			near += sonde_craft_value(pattern, i, info->row + k, &want) &&
				get(p, d, &sonde_rows[info->row + k], &got) && got == want;
		d++;
	}
	return near;
}
