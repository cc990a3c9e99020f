#include "run/probepacket.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "packet/draft.h"

enum { HOPS = 64 };

bool sonde_probepacket_is_arp(const struct sonde_method_look *look, uint16_t family)
{
	return look->method == SONDE_METHOD_NEIGHBOUR && family != AF_INET6;
}

static uint8_t icmp_of(uint16_t family)
{
	return family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
}

static uint8_t protocol_of(const struct sonde_method_look *look, uint16_t family)
{
	switch (look->method) {
	case SONDE_METHOD_ICMP:
	case SONDE_METHOD_NEIGHBOUR: return icmp_of(family);
	case SONDE_METHOD_UDP: return IPPROTO_UDP;
	default: return IPPROTO_TCP;
	}
}

struct ip {
	const struct sonde_address *from, *to;
	uint8_t protocol;
	int hops, tos; /* -1: not known */
	uint32_t body; /* bytes behind it that are written elsewhere */
};

static void push_ip(struct sonde_draft *d, const struct ip *ip, bool six)
{
	uint8_t hops = (uint8_t)(ip->hops < 0 ? HOPS : ip->hops);
	uint8_t tos = (uint8_t)(ip->tos < 0 ? 0 : ip->tos);

	if (six) {
		sonde_draft_push(d, SONDE_ipv6);
		sonde_set(d, ipv6, nxt, ip->protocol);
		sonde_set(d, ipv6, hlim, hops);
		sonde_set(d, ipv6, dscp, tos >> 2);
		sonde_set(d, ipv6, ecn, tos & 3);
		if (ip->body)
			sonde_set(d, ipv6, plen, (uint16_t)ip->body);
		memcpy(sonde_last(d, ipv6)->byte + SONDE_AT_ipv6_src / 8, ip->from->ip, 16);
		memcpy(sonde_last(d, ipv6)->byte + SONDE_AT_ipv6_dst / 8, ip->to->ip, 16);
	} else {
		sonde_draft_push(d, SONDE_ip);
		sonde_set(d, ip, proto, ip->protocol);
		sonde_set(d, ip, ttl, hops);
		sonde_set(d, ip, dscp, tos >> 2);
		sonde_set(d, ip, ecn, tos & 3);
		if (ip->body)
			sonde_set(d, ip, len, (uint16_t)(sizeof(struct sonde_ip) + ip->body));
		memcpy(sonde_last(d, ip)->byte + SONDE_AT_ip_src / 8, ip->from->ip, 4);
		memcpy(sonde_last(d, ip)->byte + SONDE_AT_ip_dst / 8, ip->to->ip, 4);
	}
}

static void push_udp(struct sonde_draft *d, uint16_t from, uint16_t to)
{
	sonde_draft_push(d, SONDE_udp);
	sonde_set(d, udp, sport, from);
	sonde_set(d, udp, dport, to);
}

/* The body, and the whole. *ret_skip: where the body begins. */
static int finish(struct sonde_draft *d, struct sonde_bytes body, uint32_t *ret_skip)
{
	int at = sonde_draft_append(d, body.at, (uint32_t)body.len);

	if (at < 0)
		return at;
	*ret_skip = d->p.len - (uint32_t)body.len;
	return sonde_draft_encode(d);
}

struct sonde_address sonde_probepacket_goes(const struct sonde_method_look *look,
					    const struct sonde_address *to)
{
	/* RFC 4291 section 2.7.1: the solicited-node multicast address */
	static const uint8_t group[13] = { 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff };
	struct sonde_address ret = *to;

	if (look->method == SONDE_METHOD_NEIGHBOUR && to->family == AF_INET6)
		memcpy(ret.ip, group, sizeof group);
	return ret;
}

/* RFC 4861 section 4.3: 255 hops. The checksum of the probe as it was handed over counted neither
 * the address that it goes to nor the one that it comes from. */
static int sent_solicitation(struct sonde_draft *d, uint8_t *buf)
{
	uint8_t made[512];
	struct sonde_packet p;
	struct sonde_draft right;
	int len = sonde_draft_encode(d);

	if (len > (int)sizeof made)
		return SONDE_NO_SPACE;
	memcpy(made, buf, (size_t)len);
	made[SONDE_AT_ipv6_hlim / 8] = 255;
	sonde_decode(&p, made, (uint32_t)len, (uint32_t)len, SONDE_ipv6);
	sonde_draft_init(&right, buf, SONDE_PROBEPACKET_MOST);
	return sonde_draft_copy(&right, &p, NULL);
}

int sonde_probepacket_sent(const struct sonde_probepacket *p, struct sonde_bytes probe,
			   uint8_t *buf)
{
	bool six = p->there.family == AF_INET6;
	struct sonde_address to = sonde_probepacket_goes(p->look, &p->there);
	struct ip ip = { .from = &p->here,
			 .to = &to,
			 .protocol = protocol_of(p->look, p->there.family),
			 .hops = p->hops,
			 .tos = p->tos };
	struct sonde_draft d;
	uint32_t skip;
	int len;

	sonde_draft_init(&d, buf, SONDE_PROBEPACKET_MOST);
	if (!sonde_probepacket_is_arp(p->look, p->there.family))
		push_ip(&d, &ip, six);
	len = finish(&d, probe, &skip);
	if (len > 0 && six && p->look->method == SONDE_METHOD_NEIGHBOUR)
		len = sent_solicitation(&d, buf);
	return len;
}

/* The headers of ours that an error quotes, without the body. Returns their length. */
static int quote(const struct sonde_probepacket *p, const struct sonde_arrival *a, uint8_t *buf,
		 uint32_t cap)
{
	bool udp = a->begins == SONDE_BEGINS_BODY;
	uint32_t len = (uint32_t)a->byte.len + (udp ? sizeof(struct sonde_udp) : 0);
	struct ip ip = { .from = &p->here,
			 .to = &a->to,
			 .protocol = protocol_of(p->look, a->to.family),
			 .hops = -1,
			 .tos = -1,
			 .body = len };
	struct sonde_draft d;

	sonde_draft_init(&d, buf, cap);
	push_ip(&d, &ip, a->to.family == AF_INET6);
	if (udp) {
		push_udp(&d, p->look->ident, p->look->port);
		sonde_set(&d, udp, len, (uint16_t)len);
		sonde_set(&d, udp, checksum, 0); /* not known */
	}
	return sonde_draft_encode(&d);
}

/* An ICMP error, of which the kernel gave what it quotes behind the headers that it knew already.
 */
static int came_error(const struct sonde_probepacket *p, const struct sonde_arrival *a,
		      struct sonde_draft *d, uint32_t *ret_skip)
{
	bool six = a->to.family == AF_INET6;
	struct ip ip = { .from = &a->from,
			 .to = &p->here,
			 .protocol = icmp_of(a->to.family),
			 .hops = a->ttl,
			 .tos = -1 };
	uint8_t quoted[128], mtu[4];
	int len = quote(p, a, quoted, sizeof quoted);

	push_ip(d, &ip, six);
	if (six) {
		sonde_draft_push(d, SONDE_icmpv6);
		sonde_set(d, icmpv6, type, a->type);
		sonde_set(d, icmpv6, code, a->code);
	} else {
		sonde_draft_push(d, SONDE_icmp);
		sonde_set(d, icmp, type, a->type);
		sonde_set(d, icmp, code, a->code);
	}
	sonde_store(mtu, sizeof mtu, a->mtu);
	if (len < 0 || sonde_draft_append(d, mtu, sizeof mtu) < 0 ||
	    sonde_draft_append(d, quoted, (uint32_t)len) < 0)
		return SONDE_NO_SPACE;
	return finish(d, a->byte, ret_skip);
}

int sonde_probepacket_came(const struct sonde_probepacket *p, const struct sonde_arrival *a,
			   uint8_t *buf, uint32_t *ret_skip)
{
	bool six = a->from.family == AF_INET6;
	struct ip ip = { .from = &a->from,
			 .to = &p->here,
			 .protocol = icmp_of(a->from.family),
			 .hops = a->ttl,
			 .tos = -1 };
	struct sonde_draft d;

	sonde_draft_init(&d, buf, SONDE_PROBEPACKET_MOST);
	if (a->is == SONDE_ARRIVAL_ERROR)
		return came_error(p, a, &d, ret_skip);
	switch (a->begins) {
	case SONDE_BEGINS_ICMP: push_ip(&d, &ip, six); break;
	case SONDE_BEGINS_TCP:
		ip.protocol = IPPROTO_TCP;
		push_ip(&d, &ip, six);
		break;
	case SONDE_BEGINS_UDP:
		ip.protocol = IPPROTO_UDP;
		push_ip(&d, &ip, six);
		break;
	case SONDE_BEGINS_BODY:
		ip.protocol = IPPROTO_UDP;
		push_ip(&d, &ip, six);
		push_udp(&d, a->from.port, p->look->ident);
		break;
	}
	return finish(&d, a->byte, ret_skip);
}
