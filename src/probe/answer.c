#include "probe/answer.h"

#include "packet/tuple.h"

enum {
	SLOTS = 5,     /* keys that a packet has at most */
	STEPS = 4096,  /* along a chain */
	REACH = 65535, /* a window, unscaled */
	PORT_DNS = 53,
	SCTP_INIT = 1,
	SCTP_ABORT = 6,
};

enum key { KEY_EXACT = 1, KEY_REPLY, KEY_QUOTE, KEY_COPY };

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

/* What a key is made of. */
struct words {
	uint8_t at[512];
	uint32_t n;
};

static void put(struct words *w, const void *at, uint32_t len)
{
	len = len < sizeof w->at - w->n ? len : (uint32_t)sizeof w->at - w->n;
	memcpy(w->at + w->n, at, len);
	w->n += len;
}

static void put_number(struct words *w, uint32_t v)
{
	put(w, &v, sizeof v);
}

static bool is_ip(const struct sonde_layer *l)
{
	return l->shape == SONDE_ip || l->shape == SONDE_ipv6;
}

static bool is_extension(const struct sonde_layer *l)
{
	return l->shape == SONDE_ipv6_hopopts || l->shape == SONDE_ipv6_dstopts ||
	       l->shape == SONDE_ipv6_routing || l->shape == SONDE_ipv6_frag ||
	       l->shape == SONDE_ah;
}

static const uint8_t *src_of(const struct sonde_packet *p, unsigned d)
{
	return p->byte + p->layer[d].at +
	       (p->layer[d].shape == SONDE_ip ? SONDE_AT_ip_src / 8 : SONDE_AT_ipv6_src / 8);
}

static const uint8_t *dst_of(const struct sonde_packet *p, unsigned d)
{
	return p->byte + p->layer[d].at +
	       (p->layer[d].shape == SONDE_ip ? SONDE_AT_ip_dst / 8 : SONDE_AT_ipv6_dst / 8);
}

static uint32_t size_of(const struct sonde_packet *p, unsigned d)
{
	return p->layer[d].shape == SONDE_ip ? 4 : 16;
}

/* RFC 1112 section 4, RFC 919 section 7, RFC 4291 section 2.7. */
static bool is_many(const uint8_t *a, uint32_t size)
{
	return size == 16 ? a[0] == 0xff : a[0] >> 4 == 14 || (a[0] & a[1] & a[2] & a[3]) == 0xff;
}

/* The other end of the packet at layer d, and ours; sent or came. anybody: whoever it was. */
static void put_ends(struct words *w, const struct sonde_packet *p, unsigned d, bool came,
		     bool anybody)
{
	static const uint8_t zero[16];
	const uint8_t *other = came ? src_of(p, d) : dst_of(p, d);
	uint32_t size = size_of(p, d);

	if (anybody || (!came && is_many(other, size)))
		other = zero;
	put(w, other, size);
	put(w, came ? dst_of(p, d) : src_of(p, d), size);
}

/* What says which tunnel a header is of. */
static void put_tunnel(struct words *w, const struct sonde_packet *p, unsigned d, bool came)
{
	const uint8_t *h = p->byte + p->layer[d].at;
	uint32_t key_at = 4;

	switch (p->layer[d].shape) {
	case SONDE_ip:
	case SONDE_ipv6: put_ends(w, p, d, came, false); break;
	case SONDE_vlan:
	case SONDE_ieee8021ad: put_number(w, sonde_vlan_id(sonde_header(p, d, vlan))); break;
	case SONDE_vxlan: put_number(w, sonde_vxlan_vni(sonde_header(p, d, vxlan))); break;
	case SONDE_geneve: put_number(w, sonde_geneve_vni(sonde_header(p, d, geneve))); break;
	case SONDE_gre:
		key_at += sonde_gre_c(sonde_header(p, d, gre)) ? SONDE_BYTES_gre_sum : 0;
		if (sonde_gre_k(sonde_header(p, d, gre)) && key_at + 4 <= p->layer[d].head)
			put(w, h + key_at, SONDE_BYTES_gre_key);
		break;
	}
}

/* The headers around the packet at layer d, but for that of the link. */
static void put_around(struct words *w, const struct sonde_packet *p, unsigned d, bool came)
{
	for (unsigned i = 0; i < d; i++) {
		uint8_t shape = p->layer[i].shape;

		if (shape == SONDE_eth || shape == SONDE_sll || shape == SONDE_sll2 ||
		    shape == SONDE_null || shape == SONDE_loop || shape == SONDE_mpls ||
		    is_extension(&p->layer[i]))
			continue;
		put_number(w, shape);
		put_tunnel(w, p, i, came);
	}
}

/* The protocol that IP at layer d carries, behind its extension headers; ret_top: the layer behind
 * these, which may be beyond the last; ret_at: its bytes. */
static uint8_t carried(const struct sonde_packet *p, unsigned d, unsigned *ret_top,
		       uint32_t *ret_at)
{
	const uint8_t *h = p->byte + p->layer[d].at;
	uint8_t protocol =
		p->layer[d].shape == SONDE_ip ? h[SONDE_AT_ip_proto / 8] : h[SONDE_AT_ipv6_nxt / 8];

	for (d++; d < p->n && is_extension(&p->layer[d]); d++)
		protocol = p->byte[p->layer[d].at]; /* the first field of each */
	*ret_top = d;
	*ret_at = p->layer[d - 1].at + p->layer[d - 1].head;
	return protocol;
}

/* The packet at layer d as an error would quote it; false where less than 8 bytes follow its IP. */
static bool put_quote(struct words *w, const struct sonde_packet *p, unsigned d)
{
	unsigned top;
	uint32_t at;
	uint8_t protocol = carried(p, d, &top, &at);

	if (at + 8 > p->len)
		return false;
	put_number(w, KEY_QUOTE);
	put(w, src_of(p, d), size_of(p, d));
	put(w, dst_of(p, d), size_of(p, d));
	put_number(w, protocol);
	switch (protocol) {
	case 6: put(w, p->byte + at, 8); break;
	case 17:
	case 132:
	case 136: put(w, p->byte + at, 4); break;
	case 1:
	case 58:
		put(w, p->byte + at, 2);
		put(w, p->byte + at + 4, 4);
		break;
	}
	return true;
}

/* The type that answers a request of ICMP or ICMPv6, or -1. */
static int reply_type(bool six, uint8_t type)
{
	switch (type | six << 8) {
	case 8: return 0;
	case 13: return 14;
	case 15: return 16;
	case 17: return 18;
	case 42: return 43;
	case 0x100 | 128: return 129;
	case 0x100 | 160: return 161;
	case 0x100 | 133: return 134;
	case 0x100 | 135: return 136;
	default: return -1;
	}
}

/* ICMP whose answer, or which itself, has this type; at: its bytes, of which there are 8. */
static bool put_icmp(struct words *w, const struct sonde_packet *p, unsigned d, uint32_t at,
		     uint8_t type, bool came, bool anybody)
{
	const uint8_t *h = p->byte + at;
	bool six = p->layer[d].shape == SONDE_ipv6;

	put_number(w, type);
	if (six && type == 134)
		return true;
	if (six && type == 136) {
		if (at + 24 > p->len)
			return false;
		put(w, h + 8, 16); /* the target of either */
		put(w, came ? dst_of(p, d) : src_of(p, d), 16);
		return true;
	}
	put_ends(w, p, d, came, anybody);
	put(w, h + 4, type == 43 || (six && type == 161) ? 3 : 4); /* identifier and sequence */
	return true;
}

static void put_ports(struct words *w, const uint8_t *h, bool came)
{
	put(w, h + (came ? 0 : 2), 2);
	put(w, h + (came ? 2 : 0), 2);
}

/* What an answer to the packet at layer d of p holds, or what p holds as an answer. end: of TCP
 * what it acknowledges, and only for an exact key. False where there is none. */
static bool put_reply(struct words *w, const struct sonde_packet *p, unsigned d, bool came,
		      bool anybody, const uint32_t *end)
{
	unsigned top;
	uint32_t at;
	uint8_t protocol = carried(p, d, &top, &at), type;
	int reply;

	if (top < p->n && at + 8 > p->len)
		return false;
	put_number(w, end ? KEY_EXACT : KEY_REPLY);
	put_around(w, p, d, came);
	put_number(w, protocol);
	if (top < p->n &&
	    (p->layer[top].shape == SONDE_icmp || p->layer[top].shape == SONDE_icmpv6)) {
		type = p->byte[at];
		reply = came ? type : reply_type(size_of(p, d) == 16, type);
		return reply >= 0 && put_icmp(w, p, d, at, (uint8_t)reply, came, anybody);
	}
	if (top + 1 < p->n && p->layer[top + 1].shape == SONDE_dhcp) {
		const struct sonde_dhcp *dhcp = sonde_header(p, top + 1, dhcp);

		put_number(w, sonde_dhcp_xid(dhcp));
		return (sonde_dhcp_op(dhcp) == 2) == came;
	}
	put_ends(w, p, d, came, anybody);
	if (top == p->n)
		return !is_many(dst_of(p, d), size_of(p, d));
	switch (p->layer[top].shape) {
	case SONDE_tcp:
		if (end)
			put_number(w, *end); /* fall through */
	case SONDE_udp:
	case SONDE_udplite:
	case SONDE_sctp:
		put_ports(w, p->byte + at, came);
		if (protocol == 17 && sonde_load(p->byte + at + (came ? 0 : 2), 2) == PORT_DNS &&
		    at + SONDE_BYTES_udp + 2 <= p->len)
			put(w, p->byte + at + SONDE_BYTES_udp, 2);
		return true;
	case SONDE_tcp_start: return false;
	default: return !is_many(dst_of(p, d), size_of(p, d));
	}
}

/* The same of ARP at layer d, which is no packet of IP. */
static bool put_arp(struct words *w, const struct sonde_packet *p, unsigned d, bool came)
{
	const struct sonde_arp *arp = sonde_header(p, d, arp);
	const uint8_t *h;

	if (d + 1 >= p->n || p->layer[d + 1].shape != SONDE_arp_ip ||
	    sonde_arp_op(arp) != (came ? 2 : 1))
		return false;
	h = p->byte + p->layer[d + 1].at;
	put_number(w, KEY_REPLY);
	put_around(w, p, d, came);
	put(w, h + (came ? SONDE_AT_arp_ip_spa : SONDE_AT_arp_ip_tpa) / 8, 4);
	put(w, h + (came ? SONDE_AT_arp_ip_tpa : SONDE_AT_arp_ip_spa) / 8, 4);
	return true;
}

/* Of headers that are not quoted: the outermost of IP and the innermost, and ARP; -1: none. */
struct place {
	int outer, inner, arp, quoted;
};

static struct place find_place(const struct sonde_packet *p)
{
	struct place at = { -1, -1, -1, -1 };

	for (unsigned d = 0; d < p->n; d++) {
		bool quoted = p->layer[d].part & SONDE_PART_QUOTED;

		if (p->layer[d].shape == SONDE_arp)
			at.arp = (int)d;
		if (!is_ip(&p->layer[d]))
			continue;
		if (quoted && at.quoted < 0)
			at.quoted = (int)d;
		if (quoted)
			continue;
		at.inner = (int)d;
		at.outer = at.outer < 0 ? (int)d : at.outer;
	}
	return at;
}

static uint64_t key_of(const struct sonde_answers *a, const struct words *w)
{
	return sonde_secret_hash(&a->secret, w->at, w->n);
}

/* All bytes of the packet from IP on. */
static uint64_t copy_key(const struct sonde_answers *a, const struct sonde_packet *p, unsigned d)
{
	const struct sonde_layer *l = &p->layer[d];
	uint32_t end = l->end < p->len ? l->end : p->len;

	return sonde_secret_hash(&a->secret, p->byte + l->at, end - l->at) ^ KEY_COPY;
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

static void add_words(struct sonde_answers *a, const struct words *w)
{
	add(a, key_of(a, w));
}

/* What TCP and SCTP say beside their ports; whether it is TCP. */
static bool take_numbers(struct sonde_answers_sent *s, const struct sonde_packet *p, unsigned d)
{
	struct sonde_tuple t;
	unsigned top;
	uint32_t at;

	carried(p, d, &top, &at);
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

static void add_ip(struct sonde_answers *a, const struct sonde_packet *p, const struct place *at,
		   struct sonde_answers_sent *s)
{
	unsigned inner = (unsigned)at->inner, outer = (unsigned)at->outer;
	struct words exact = { .n = 0 }, reply = { .n = 0 }, quote = { .n = 0 },
		     beneath = { .n = 0 };

	if (take_numbers(s, p, inner) && put_reply(&exact, p, inner, false, false, &s->end))
		add_words(a, &exact);
	if (put_reply(&reply, p, inner, false, false, NULL))
		add_words(a, &reply);
	if (put_quote(&quote, p, outer))
		add_words(a, &quote);
	if (inner != outer && put_quote(&beneath, p, inner))
		add_words(a, &beneath);
	add(a, copy_key(a, p, outer));
}

void sonde_answers_put(struct sonde_answers *a, const struct sonde_packet *p, uint64_t number)
{
	struct sonde_answers_sent *s = &a->sent[a->sents++ % a->most];
	struct place at = find_place(p);
	struct words w = { .n = 0 };

	*s = (struct sonde_answers_sent){ .number = number };
	if (at.inner >= 0)
		add_ip(a, p, &at, s);
	else if (at.arp >= 0)
		add(a, copy_key(a, p, (unsigned)at.arp));
	if (at.inner < 0 && at.arp >= 0 && put_arp(&w, p, (unsigned)at.arp, false))
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
	carried(p, d, &top, &at);
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
	struct words w = { .n = 0 };

	ret->kind = SONDE_ANSWERS_ERROR;
	return put_quote(&w, p, d) && look(a, key_of(a, &w), NULL, since, ret);
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
	struct place at = find_place(p);
	int d = at.outer >= 0 ? at.outer : at.arp;
	struct sonde_answers_sent *s = d < 0 ? NULL : find_copy(a, p, (unsigned)d);

	if (!s)
		return false;
	s->seen = true;
	*ret_number = s->number;
	return true;
}

static bool find_reply(struct sonde_answers *a, const struct sonde_packet *p,
		       const struct place *at, uint64_t since, struct sonde_answers_hit *ret)
{
	unsigned d = (unsigned)at->inner;
	struct came c;

	take_came(&c, p, d);
	if (c.t.fragment == SONDE_FRAGMENT_LATER || find_copy(a, p, (unsigned)at->outer))
		return false;
	ret->kind = (c.is_tcp && c.t.flags & SONDE_TCP_RST) || c.abort ? SONDE_ANSWERS_RESET
								       : SONDE_ANSWERS_REPLY;
	for (unsigned way = 0; way < 3; way++) { /* exact, by the ends, by our end alone */
		struct words w = { .n = 0 };

		if (!way && !(c.is_tcp && c.t.flags & SONDE_TCP_ACK))
			continue;
		if (put_reply(&w, p, d, true, way == 2, way ? NULL : &c.t.ack) &&
		    look(a, key_of(a, &w), &c, since, ret))
			return true;
	}
	return false;
}

bool sonde_answers_find(struct sonde_answers *a, const struct sonde_packet *p, uint64_t since,
			struct sonde_answers_hit *ret)
{
	struct sonde_answers_hit hit = { .kind = SONDE_ANSWERS_NONE };
	struct place at = find_place(p);
	struct words w = { .n = 0 };
	bool found = false;

	if (at.quoted >= 0) {
		found = find_quote(a, p, (unsigned)at.quoted, since, &hit);
	} else if (at.inner >= 0) {
		found = find_reply(a, p, &at, since, &hit);
	} else if (at.arp >= 0 && put_arp(&w, p, (unsigned)at.arp, true)) {
		hit.kind = SONDE_ANSWERS_REPLY;
		found = look(a, key_of(a, &w), NULL, since, &hit);
	}
	if (found)
		*ret = hit;
	return found;
}
