#include "lab/sim_inside.h"

#include "packet/sum.h"

/* ICMP types and codes: RFC 792, RFC 1812 section 5.2.7.1, RFC 4443 section 3. */
static const struct {
	uint8_t type4, code4, type6, code6;
} errors[] = {
	[SONDE_SIM_TIME_EXCEEDED] = { 11, 0, 3, 0 },
	[SONDE_SIM_TOO_BIG] = { 3, 4, 2, 0 },
	[SONDE_SIM_NET_UNREACHABLE] = { 3, 0, 1, 0 },
	[SONDE_SIM_HOST_UNREACHABLE] = { 3, 1, 1, 3 },
	[SONDE_SIM_PROHIBITED] = { 3, 13, 1, 1 },
	[SONDE_SIM_PORT_UNREACHABLE] = { 3, 3, 1, 4 },
	[SONDE_SIM_PROTOCOL_UNREACHABLE] = { 3, 2, 4, 1 },
};

enum {
	QUOTED4 = 576 - 28,  /* RFC 1812 section 4.3.2.3 */
	QUOTED6 = 1280 - 48, /* RFC 4443 section 2.4 */
	EXTENDED = 128,	     /* RFC 4884 section 4.1 and on: what is quoted before an extension */
};

static bool tells_interface(const struct sonde_sim_hop *h)
{
	return h->if_index || h->if_name || h->if_addr || h->if_mtu;
}

/* Whether there is something to tell, and this error can: RFC 4884 section 4. */
static bool extends(const struct sonde_sim_packet *x, const struct sonde_sim_hop *h,
		    enum sonde_sim_error error)
{
	return (h->labels || tells_interface(h)) && error != SONDE_SIM_TOO_BIG &&
	       !(sonde_sim_is_v6(x) && error == SONDE_SIM_PROTOCOL_UNREACHABLE);
}

/* The quoted packet as the hop saw it, or says that it did, into at, which holds QUOTED6 bytes.
 * Returns how many are quoted. */
static uint32_t quote(const struct sonde_sim_packet *x, const struct sonde_sim_hop *h,
		      bool extended, uint8_t *at)
{
	const struct sonde_layer *l = &x->p->layer[1];
	bool v6 = sonde_sim_is_v6(x);
	uint32_t len = v6 ? QUOTED6 : QUOTED4, head = l->head;
	unsigned ttl = h->quote_ttl ? h->quote_ttl : x->ttl - x->hops;

	if (h->cut && len > head + h->quote)
		len = head + h->quote;
	if (extended && len > EXTENDED)
		len = EXTENDED;
	if (len > x->len)
		len = x->len;
	memcpy(at, x->p->byte + l->at, len);
	if (v6) {
		struct sonde_ipv6 *ip = (struct sonde_ipv6 *)at;

		sonde_ipv6_hlim_put(ip, (uint8_t)ttl);
		if (h->quote_src.family == AF_INET6)
			sonde_ipv6_src_put(ip, h->quote_src.ip);
	} else {
		struct sonde_ip *ip = (struct sonde_ip *)at;

		sonde_ip_ttl_put(ip, (uint8_t)ttl);
		if (h->quote_src.family == AF_INET)
			sonde_ip_src_put(ip, (uint32_t)sonde_load(h->quote_src.ip, 4));
		sonde_ip_checksum_put(ip,
				      sonde_sum_end(sonde_sum(at, head) -
						    sonde_sum_field(at, SONDE_AT_ip_checksum / 8)));
	}
	return len;
}

/* The word behind the ICMP header, which says more of some errors. */
static void push_error(struct sonde_sim_packet *x, struct sonde_draft *d,
		       const struct sonde_sim_hop *h, enum sonde_sim_error error)
{
	if (sonde_sim_is_v6(x)) {
		sonde_draft_push(d, SONDE_icmpv6);
		sonde_set(d, icmpv6, type, errors[error].type6);
		sonde_set(d, icmpv6, code, errors[error].code6);
		if (error == SONDE_SIM_TOO_BIG) {
			sonde_draft_push(d, SONDE_icmpv6_toobig);
			sonde_set(d, icmpv6_toobig, mtu, h->mtu);
		} else if (error == SONDE_SIM_PROTOCOL_UNREACHABLE) {
			sonde_draft_push(d, SONDE_icmpv6_param);
			sonde_set(d, icmpv6_param, pointer, SONDE_AT_ipv6_nxt / 8);
		} else {
			sonde_draft_push(d, SONDE_icmpv6_error);
		}
		return;
	}
	sonde_draft_push(d, SONDE_icmp);
	sonde_set(d, icmp, type, errors[error].type4);
	sonde_set(d, icmp, code, errors[error].code4);
	if (error == SONDE_SIM_TIME_EXCEEDED) {
		sonde_draft_push(d, SONDE_icmp_error);
		return;
	}
	sonde_draft_push(d, SONDE_icmp_unreach);
	if (error == SONDE_SIM_TOO_BIG)
		sonde_set(d, icmp_unreach, mtu, (uint16_t)h->mtu);
}

static void push_labels(struct sonde_draft *d, const struct sonde_sim_hop *h)
{
	if (sonde_draft_option(d, SONDE_icmp_mpls) < 0)
		return;
	for (unsigned i = 0; i < h->labels; i++) {
		int at = sonde_draft_option(d, SONDE_icmp_label);
		struct sonde_icmp_label *label;

		if (at < 0)
			return;
		label = (struct sonde_icmp_label *)((uintptr_t)d->p.byte + (unsigned)at);
		sonde_icmp_label_label_put(label, h->mpls[i]);
		sonde_icmp_label_s_put(label, i + 1 == h->labels);
		sonde_icmp_label_ttl_put(label, 1);
	}
}

/* What follows the flags, in this order: RFC 5837 section 4.1. */
static uint32_t put_interface(const struct sonde_sim_hop *h, const struct sonde_address *a,
			      uint8_t *to)
{
	uint32_t n = 0, ip = a->family == AF_INET ? 4 : 16, name;

	if (h->if_index) {
		sonde_store(to, 4, h->if_index);
		n += 4;
	}
	if (h->if_addr) { /* address family numbers of IANA */
		sonde_store(to + n, 4, (a->family == AF_INET ? 1u : 2u) << 16);
		memcpy(to + n + 4, a->ip, ip);
		n += 4 + ip;
	}
	if (h->if_name) { /* its length counts itself and what pads it to a word */
		name = (uint32_t)strlen(h->if_name);
		memset(to + n, 0, 64);
		memcpy(to + n + 1, h->if_name, name);
		name = (1 + name + 3) & ~3u;
		to[n] = (uint8_t)name;
		n += name;
	}
	if (h->if_mtu) {
		sonde_store(to + n, 4, h->if_mtu);
		n += 4;
	}
	return n;
}

static void push_interface(struct sonde_draft *d, const struct sonde_sim_hop *h,
			   const struct sonde_address *a)
{
	uint8_t rest[96];
	uint32_t n = put_interface(h, a, rest);
	int at = sonde_draft_option(d, SONDE_icmp_interface);
	struct sonde_icmp_interface *o;

	if (at < 0 || sonde_draft_raw(d, rest, n) < 0)
		return;
	o = (struct sonde_icmp_interface *)((uintptr_t)d->p.byte + (unsigned)at);
	sonde_icmp_interface_index_put(o, h->if_index);
	sonde_icmp_interface_addr_put(o, h->if_addr);
	sonde_icmp_interface_name_put(o, h->if_name);
	sonde_icmp_interface_mtu_put(o, h->if_mtu);
	sonde_put(o->byte, 0, 16, SONDE_BYTES_icmp_interface + n);
}

static void push_extension(struct sonde_draft *d, const struct sonde_sim_hop *h,
			   const struct sonde_address *from, uint32_t quoted)
{
	static const uint8_t zero[EXTENDED];

	sonde_draft_append(d, zero, EXTENDED - quoted);
	sonde_draft_push(d, SONDE_icmp_ext);
	if (h->labels)
		push_labels(d, h);
	if (tells_interface(h))
		push_interface(d, h, from);
}

/* An answer to a packet that was never sent, from who never saw it. */
static void forge(struct sonde_sim_packet *x, const struct sonde_sim_hop *h,
		  enum sonde_sim_error error, const uint8_t *quoted, uint32_t len)
{
	const struct sonde_address *from = sonde_sim_is_v6(x) ? &h->spoof6 : &h->spoof4;
	bool ports = x->t.has & SONDE_TUPLE_PORTS; /* else the identifier of an echo request */
	uint32_t at = x->p->layer[1].head + (ports ? 0 : 4);
	uint8_t other[QUOTED6];
	struct sonde_draft d;

	if (!from->family)
		return;
	memcpy(other, quoted, len);
	if (at + 2 <= len)
		other[at] ^= 0x55;
	sonde_sim_begin(x, &d, from, 255 - x->hops);
	push_error(x, &d, h, error);
	sonde_draft_append(&d, other, len);
	sonde_sim_send(x, &d, &(struct sonde_sim_hop){ .dup = 1 });
}

void sonde_sim_tell(struct sonde_sim_packet *x, const struct sonde_sim_hop *h,
		    const struct sonde_address *from, enum sonde_sim_error error)
{
	uint8_t quoted[QUOTED6];
	unsigned ttl = h->ttl ? h->ttl : error >= SONDE_SIM_PORT_UNREACHABLE ? 64 : 255;
	bool extended = extends(x, h, error);
	struct sonde_tuple inner;
	struct sonde_draft d;
	uint32_t len;

	/* RFC 1122 section 3.2.2: never about an error, nor about what is no first fragment. */
	if (h->silent || x->t.fragment == SONDE_FRAGMENT_LATER || sonde_packet_quoted(x->p, &inner))
		return;
	len = quote(x, h, extended, quoted);
	forge(x, h, error, quoted, len);
	sonde_sim_begin(x, &d, from, ttl > x->hops ? ttl - x->hops : 1);
	push_error(x, &d, h, error);
	sonde_draft_append(&d, quoted, len);
	if (extended)
		push_extension(&d, h, from, len);
	sonde_sim_send(x, &d, h);
}
