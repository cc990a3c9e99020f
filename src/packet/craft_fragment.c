#include "packet/craft_inside.h"
#include "packet/derive.h"
#include "packet/option.h"

/* A packet that goes in pieces. */
struct cutting {
	const struct sonde_craft *c;
	const struct sonde_draft *d;
	uint32_t head, body; /* where the header ends that stands in front of each; where the packet
				ends */
	uint32_t room;	     /* bytes of body that one of them may carry, a multiple of 8 */
	bool six;
	uint8_t buf[65536 + 256];
};

/* Options that later fragments have too, RFC 791 section 3.1: those with the copied bit. */
static uint32_t copied_options(const uint8_t *head, uint32_t len, uint8_t *to)
{
	enum { COPIED = 0x80 };
	struct sonde_walk w = { head + SONDE_BYTES_ip, head + len };
	uint32_t n = SONDE_BYTES_ip;
	struct sonde_option o;

	while (sonde_option_next(&w, SONDE_FAMILY_ipopt, &o))
		if (*o.at & COPIED) {
			memcpy(to + n, o.at, o.len);
			n += o.len;
		}
	for (; n % 4; n++)
		to[n] = 0;
	return n;
}

/* The headers in front of a fragment's body; its layer is the draft's. Returns their length. */
static uint32_t put_heads(struct cutting *t, uint32_t at, bool more)
{
	const struct sonde_craft_cut *cut = &t->c->cut;
	const struct sonde_layer *l = &t->d->p.layer[cut->layer];
	uint8_t *ip = t->buf + l->at;
	uint32_t n = t->head;
	struct sonde_ipv6_frag *six = (void *)(t->buf + t->head);
	unsigned next;

	memcpy(t->buf, t->d->p.byte, t->head);
	if (!t->six) {
		struct sonde_ip *four = (void *)ip;

		if (at)
			n = l->at + copied_options(t->d->p.byte + l->at, l->head, ip);
		sonde_ip_ihl_put(four, (uint8_t)((n - l->at) / 4));
		sonde_ip_offset_put(four, (uint16_t)(at / 8));
		sonde_ip_mf_put(four, more);
		if (cut->has_id)
			sonde_ip_id_put(four, (uint16_t)cut->id);
		return n;
	}
	next = l->shape == SONDE_ipv6 ? SONDE_AT_ipv6_nxt / 8
				      : 0; /* the first byte of each extension */
	memset(six, 0, SONDE_BYTES_ipv6_frag);
	sonde_ipv6_frag_nxt_put(six, ip[next]);
	sonde_ipv6_frag_offset_put(six, (uint16_t)(at / 8));
	sonde_ipv6_frag_more_put(six, more);
	sonde_ipv6_frag_id_put(six, cut->id);
	ip[next] = 44; /* RFC 8200 section 4.5 */
	return n + SONDE_BYTES_ipv6_frag;
}

/* Lengths and sums of what lies outside of the cut, as far as nobody pinned them. */
static void work_out(struct cutting *t, uint32_t len)
{
	struct sonde_packet p = t->d->p;

	p.byte = t->buf;
	p.len = p.wire = len;
	p.n = (uint8_t)(t->c->cut.layer + 1);
	if (!t->six) {
		struct sonde_layer *l = &p.layer[p.n - 1];

		l->head = (uint16_t)(4 * sonde_ip_ihl((void *)(t->buf + l->at)));
	}
	for (unsigned i = 0; i < p.n; i++)
		p.layer[i].end = len;
	sonde_fill(&p, t->buf, t->d->pinned);
}

static int send_one(struct cutting *t, uint32_t at, uint32_t len, sonde_craft_hear hear, void *arg)
{
	uint32_t n = put_heads(t, at, t->head + at + len < t->body);

	memcpy(t->buf + n, t->d->p.byte + t->head + at, len);
	work_out(t, n + len);
	return hear(arg, t->buf, n + len);
}

/* The i-th fragment's place in the body; those behind the first begin overlap bytes early. */
static uint32_t place(const struct cutting *t, unsigned i)
{
	return i * (t->room - t->c->cut.overlap);
}

static int cut(struct cutting *t, sonde_craft_hear hear, void *arg)
{
	const struct sonde_craft_cut *want = &t->c->cut;
	uint32_t all = t->body - t->head, n = 1;
	int r = 0;

	while (place(t, n - 1) + t->room < all)
		n++;
	for (unsigned i = 0; i < n && r >= 0; i++) {
		uint32_t at = place(t, want->reverse ? n - 1 - i : i);
		uint32_t len = all - at < t->room ? all - at : t->room;

		r = send_one(t, at, len, hear, arg);
	}
	return r < 0 ? r : 0;
}

int sonde_craft_send(const struct sonde_craft *c, const struct sonde_draft *d,
		     sonde_craft_hear hear, void *arg)
{
	const struct sonde_layer *l = &d->p.layer[c->cut.layer];
	struct cutting t = { .c = c, .d = d };
	uint32_t heads;
	int r;

	if (!c->cut.asked) {
		r = hear(arg, d->p.byte, d->p.len);
		return r < 0 ? r : 0;
	}
	t.six = l->shape != SONDE_ip;
	t.head = l->at + l->head;
	t.body = l->end;
	/* The MTU counts from the header of IP on. */
	for (unsigned i = c->cut.layer; l->shape != SONDE_ip && l->shape != SONDE_ipv6 && i > 0;)
		l = &d->p.layer[--i];
	heads = t.head - l->at + (t.six ? SONDE_BYTES_ipv6_frag : 0);
	if (d->p.len > 65536 || c->cut.mtu < heads + 8)
		return SONDE_NO_SPACE;
	t.room = (c->cut.mtu - heads) & ~7u;
	if (c->cut.overlap >= t.room)
		return SONDE_NO_SPACE;
	return cut(&t, hear, arg);
}
