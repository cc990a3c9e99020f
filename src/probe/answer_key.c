#include "probe/answer_inside.h"

enum { PORT_DNS = 53 };

static void put(struct sonde_answers_words *w, const void *at, uint32_t len)
{
	len = len < sizeof w->at - w->n ? len : (uint32_t)sizeof w->at - w->n;
	memcpy(w->at + w->n, at, len);
	w->n += len;
}

static void put_number(struct sonde_answers_words *w, uint32_t v)
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
static void put_ends(struct sonde_answers_words *w, const struct sonde_packet *p, unsigned d,
		     bool came, bool anybody)
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
static void put_tunnel(struct sonde_answers_words *w, const struct sonde_packet *p, unsigned d,
		       bool came)
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
static void put_around(struct sonde_answers_words *w, const struct sonde_packet *p, unsigned d,
		       bool came)
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

uint8_t sonde_answers_carried(const struct sonde_packet *p, unsigned d, unsigned *ret_top,
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

bool sonde_answers_put_quote(struct sonde_answers_words *w, const struct sonde_packet *p,
			     unsigned d)
{
	unsigned top;
	uint32_t at;
	uint8_t protocol = sonde_answers_carried(p, d, &top, &at);

	if (at + 8 > p->len)
		return false;
	put_number(w, SONDE_ANSWERS_KEY_QUOTE);
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
static bool put_icmp(struct sonde_answers_words *w, const struct sonde_packet *p, unsigned d,
		     uint32_t at, uint8_t type, bool came, bool anybody)
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

static void put_ports(struct sonde_answers_words *w, const uint8_t *h, bool came)
{
	put(w, h + (came ? 0 : 2), 2);
	put(w, h + (came ? 2 : 0), 2);
}

bool sonde_answers_put_reply(struct sonde_answers_words *w, const struct sonde_packet *p,
			     unsigned d, bool came, bool anybody, const uint32_t *end)
{
	unsigned top;
	uint32_t at;
	uint8_t protocol = sonde_answers_carried(p, d, &top, &at), type;
	int reply;

	if (top < p->n && at + 8 > p->len)
		return false;
	put_number(w, end ? SONDE_ANSWERS_KEY_EXACT : SONDE_ANSWERS_KEY_REPLY);
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

bool sonde_answers_put_arp(struct sonde_answers_words *w, const struct sonde_packet *p, unsigned d,
			   bool came)
{
	const struct sonde_arp *arp = sonde_header(p, d, arp);
	const uint8_t *h;

	if (d + 1 >= p->n || p->layer[d + 1].shape != SONDE_arp_ip ||
	    sonde_arp_op(arp) != (came ? 2 : 1))
		return false;
	h = p->byte + p->layer[d + 1].at;
	put_number(w, SONDE_ANSWERS_KEY_REPLY);
	put_around(w, p, d, came);
	put(w, h + (came ? SONDE_AT_arp_ip_spa : SONDE_AT_arp_ip_tpa) / 8, 4);
	put(w, h + (came ? SONDE_AT_arp_ip_tpa : SONDE_AT_arp_ip_spa) / 8, 4);
	return true;
}

struct sonde_answers_place sonde_answers_place(const struct sonde_packet *p)
{
	struct sonde_answers_place at = { -1, -1, -1, -1 };

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
