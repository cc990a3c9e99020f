#include "flow/fragment.h"

#include "packet/sum.h"

enum { LENGTH_MOST = 65535, HEAD_MOST = 1024 };
static const sonde_ns too_long = 60 * SONDE_SECOND; /* RFC 8200 section 4.5 */

struct piece {
	uint32_t at, len; /* in the datagram's payload */
};

struct key {
	uint8_t src[16], dst[16];
	uint32_t id, where, tag;
	uint8_t protocol, shape;
};

struct sonde_fragment_slot {
	struct key key;
	sonde_ns since;
	uint64_t first;
	bool used, overlap;
	uint32_t total; /* bytes of payload; 0: the last piece has not come */
	uint32_t have;
	uint32_t reach;	   /* the end of the piece that goes furthest */
	uint32_t head_len; /* 0: the first piece has not come */
	unsigned pieces;   /* in order, none touching another's bytes */
	struct piece piece[SONDE_FRAGMENT_PIECES];
	uint8_t head[HEAD_MOST]; /* what stands before the payload in the first piece */
	uint8_t byte[LENGTH_MOST];
};

/* One fragment as the packet tells of it. */
struct fragment {
	struct key key;
	uint32_t at, len; /* of the payload */
	const uint8_t *byte, *head;
	uint32_t head_len;
	uint32_t patch; /* IPv6: in the head, the byte that names what follows */
	bool more;
};

/* Layer d is an IPv4 header of a part of something. */
static bool read_ip(const struct sonde_packet *p, unsigned d, struct fragment *f)
{
	const struct sonde_ip *ip = sonde_header(p, d, ip);

	f->more = sonde_ip_mf(ip);
	f->at = 8u * sonde_ip_offset(ip);
	if (!f->more && !f->at)
		return false;
	memcpy(f->key.src, ip->byte + SONDE_AT_ip_src / 8, 4);
	memcpy(f->key.dst, ip->byte + SONDE_AT_ip_dst / 8, 4);
	f->key.id = sonde_ip_id(ip);
	f->key.protocol = sonde_ip_proto(ip);
	f->key.shape = SONDE_ip;
	f->head = ip->byte;
	f->head_len = p->layer[d].head;
	return true;
}

/* Layer d is a fragment header; its IPv6 header stands before it, maybe with others between. */
static bool read_ipv6(const struct sonde_packet *p, unsigned d, struct fragment *f)
{
	const struct sonde_ipv6_frag *h = sonde_header(p, d, ipv6_frag);
	const struct sonde_ipv6 *ipv6;
	unsigned from = d;

	f->more = sonde_ipv6_frag_more(h);
	f->at = 8u * sonde_ipv6_frag_offset(h);
	while (from && p->layer[from].shape != SONDE_ipv6)
		from--;
	if ((!f->more && !f->at) || p->layer[from].shape != SONDE_ipv6)
		return false;
	ipv6 = sonde_header(p, from, ipv6);
	memcpy(f->key.src, sonde_ipv6_src(ipv6), 16);
	memcpy(f->key.dst, sonde_ipv6_dst(ipv6), 16);
	f->key.id = sonde_ipv6_frag_id(h);
	f->key.shape = SONDE_ipv6;
	f->head = ipv6->byte;
	f->head_len = p->layer[d].at - p->layer[from].at;
	/* Every extension header begins with it; so does none but IPv6's own header, at byte 6. */
	f->patch = d - 1 == from ? SONDE_AT_ipv6_nxt / 8 : p->layer[d - 1].at - p->layer[from].at;
	return true;
}

static bool read_fragment(const struct sonde_packet *p, struct fragment *f)
{
	const struct sonde_layer *l;

	for (unsigned d = p->n; d-- > 0;) {
		l = &p->layer[d];
		if (l->part & SONDE_PART_QUOTED)
			continue;
		if (l->shape == SONDE_ip ? !read_ip(p, d, f)
					 : l->shape != SONDE_ipv6_frag || !read_ipv6(p, d, f))
			continue;
		f->byte = p->byte + l->at + l->head;
		f->len = l->end - l->at - l->head;
		for (unsigned i = 0; i < d; i++)
			if (p->layer[i].shape == SONDE_vlan ||
			    p->layer[i].shape == SONDE_ieee8021ad) /* of the same form */
				f->key.tag =
					f->key.tag << 12 | sonde_vlan_id(sonde_header(p, i, vlan));
		return true;
	}
	return false;
}

static struct sonde_fragment_slot *find(struct sonde_fragments *f, const struct key *key,
					sonde_ns when)
{
	struct sonde_fragment_slot *oldest = f->slot, *free = NULL;

	for (struct sonde_fragment_slot *s = f->slot; s < f->slot + SONDE_FRAGMENT_DATAGRAMS; s++) {
		if (s->used && s->since + too_long < when)
			s->used = false;
		if (s->used && !memcmp(&s->key, key, sizeof *key))
			return s;
		if (!s->used && !free)
			free = s;
		if (s->since < oldest->since)
			oldest = s;
	}
	free = free ? free : oldest;
	memset(free, 0, offsetof(struct sonde_fragment_slot, piece));
	free->key = *key;
	free->since = when;
	free->used = true;
	return free;
}

/* Where a piece belongs among those that are there. */
static unsigned place(const struct sonde_fragment_slot *s, uint32_t at)
{
	unsigned i = s->pieces;

	while (i && s->piece[i - 1].at > at)
		i--;
	return i;
}

/* Whether some of the bytes are there already. */
static bool covers(const struct sonde_fragment_slot *s, uint32_t at, uint32_t len)
{
	for (unsigned i = 0; i < s->pieces; i++)
		if (at < s->piece[i].at + s->piece[i].len && s->piece[i].at < at + len)
			return true;
	return false;
}

static bool is_there(const struct sonde_fragment_slot *s, const struct fragment *f)
{
	for (unsigned i = 0; i < s->pieces; i++)
		if (s->piece[i].at == f->at && s->piece[i].len == f->len)
			return !memcmp(s->byte + f->at, f->byte, f->len);
	return false;
}

static bool insert(struct sonde_fragment_slot *s, uint32_t at, uint32_t len, const uint8_t *byte)
{
	unsigned i = place(s, at);

	if (s->pieces == SONDE_FRAGMENT_PIECES)
		return false;
	memmove(s->piece + i + 1, s->piece + i, (s->pieces++ - i) * sizeof *s->piece);
	s->piece[i] = (struct piece){ at, len };
	memcpy(s->byte + at, byte, len);
	s->have += len;
	return true;
}

/* Of a piece that overlaps, only what nobody brought before. */
static bool insert_gaps(struct sonde_fragment_slot *s, const struct fragment *f)
{
	uint32_t at = f->at, end = f->at + f->len;

	while (at < end) {
		uint32_t to = end, next = end;

		for (unsigned i = 0; i < s->pieces; i++) {
			const struct piece *x = &s->piece[i];

			if (x->at <= at && at < x->at + x->len) {
				to = at;
				next = x->at + x->len;
				break;
			}
			if (x->at > at && x->at < to)
				to = next = x->at;
		}
		if (to > at && !insert(s, at, to - at, f->byte + (at - f->at)))
			return false;
		at = next;
	}
	return true;
}

static void complete(struct sonde_fragments *f, struct sonde_fragment_slot *s, uint64_t number,
		     struct sonde_datagram *ret)
{
	uint8_t *h = f->whole;

	memcpy(h, s->head, s->head_len);
	memcpy(h + s->head_len, s->byte, s->total);
	if (s->key.shape == SONDE_ip) {
		struct sonde_ip *ip = (void *)h;

		sonde_ip_len_put(ip, (uint16_t)(s->head_len + s->total));
		sonde_ip_mf_put(ip, false);
		sonde_ip_checksum_put(ip, 0);
		sonde_ip_checksum_put(ip, sonde_sum_end(sonde_sum(h, s->head_len)));
	} else {
		sonde_ipv6_plen_put((void *)h,
				    (uint16_t)(s->head_len - SONDE_BYTES_ipv6 + s->total));
	}
	*ret = (struct sonde_datagram){
		{ h, s->head_len + s->total }, s->first, number, s->pieces, s->overlap, s->key.shape
	};
	s->used = false;
}

static enum sonde_fragment_fate add(struct sonde_fragment_slot *s, const struct fragment *f)
{
	if (is_there(s, f))
		return SONDE_FRAGMENT_AGAIN;
	if (covers(s, f->at, f->len)) {
		s->overlap = true;
		if (s->key.shape == SONDE_ipv6)
			s->used = false;
		else if (!insert_gaps(s, f))
			return SONDE_FRAGMENT_BAD;
		return SONDE_FRAGMENT_OVERLAP;
	}
	return insert(s, f->at, f->len, f->byte) ? SONDE_FRAGMENT_HELD : SONDE_FRAGMENT_BAD;
}

enum sonde_fragment_fate sonde_fragment_put(struct sonde_fragments *f, const struct sonde_packet *p,
					    uint32_t where, uint64_t number, sonde_ns when,
					    struct sonde_datagram *ret)
{
	struct fragment x = { .key.where = where };
	struct sonde_fragment_slot *s;
	enum sonde_fragment_fate fate;

	if (!read_fragment(p, &x))
		return SONDE_FRAGMENT_NOT_ONE;
	if (x.byte + x.len > p->byte + p->len)
		return SONDE_FRAGMENT_CUT;
	if (!x.len || (x.more && x.len % 8) || x.at + x.len + x.head_len > LENGTH_MOST ||
	    x.head_len > HEAD_MOST)
		return SONDE_FRAGMENT_BAD;
	if (!f->slot) {
		f->slot = sonde_arena_take(&f->arena, SONDE_FRAGMENT_DATAGRAMS * sizeof *f->slot);
		f->whole = sonde_arena_take(&f->arena, LENGTH_MOST + HEAD_MOST);
	}
	s = find(f, &x.key, when);
	if (!s->pieces)
		s->first = number;
	if ((!x.more && (s->total ? s->total != x.at + x.len : s->reach > x.at + x.len)) ||
	    (s->total && x.at + x.len > s->total))
		return SONDE_FRAGMENT_BAD;
	fate = add(s, &x);
	if (fate == SONDE_FRAGMENT_AGAIN || fate == SONDE_FRAGMENT_BAD || !s->used)
		return fate;
	if (s->reach < x.at + x.len)
		s->reach = x.at + x.len;
	if (!x.more)
		s->total = x.at + x.len;
	if (!x.at) {
		s->head_len = x.head_len;
		memcpy(s->head, x.head, x.head_len);
		if (x.key.shape == SONDE_ipv6)
			s->head[x.patch] = sonde_ipv6_frag_nxt((const void *)(x.byte - 8));
	}
	if (!s->total || !s->head_len || s->have < s->total)
		return fate;
	complete(f, s, number, ret);
	return SONDE_FRAGMENT_COMPLETE;
}

void sonde_fragments_done(struct sonde_fragments *f)
{
	sonde_arena_done(&f->arena);
	memset(f, 0, sizeof *f);
}
