#include "probe/method.h"

#include <sys/socket.h>

#include "base/reason.h"
#include "packet/draft.h"

enum { HEADER = 8 }; /* bytes of ICMP echo and of UDP, before the payload */

void sonde_method_payload(const struct sonde_method_look *look,
			  const struct sonde_method_probe *probe, uint8_t *buf, size_t at,
			  size_t len)
{
	uint8_t head[SONDE_METHOD_HEAD];
	size_t n = at < sizeof head ? sizeof head - at : 0;

	sonde_store(head, 8, probe->tag);
	sonde_store(head + SONDE_METHOD_TAG, 8, probe->serial);
	sonde_store(head + SONDE_METHOD_SERIAL, 2, probe->balance);
	n = n < len ? n : len;
	memcpy(buf, head + (n ? at : 0), n);
	if (!look->pattern_len)
		sonde_secret_fill(probe->tag, buf + n, at + n, len - n);
	else
		for (size_t i = n; i < len; i++)
			buf[i] = look->pattern[(at + i - sizeof head) % look->pattern_len];
}

static void push_ip(struct sonde_draft *d, const struct sonde_address *from,
		    const struct sonde_address *to)
{
	if (to->family == AF_INET) {
		sonde_draft_push(d, SONDE_ip);
		sonde_set(d, ip, src, (uint32_t)sonde_load(from->ip, 4));
		sonde_set(d, ip, dst, (uint32_t)sonde_load(to->ip, 4));
	} else {
		sonde_draft_push(d, SONDE_ipv6);
		memcpy(sonde_last(d, ipv6)->byte + SONDE_AT_ipv6_src / 8, from->ip, 16);
		memcpy(sonde_last(d, ipv6)->byte + SONDE_AT_ipv6_dst / 8, to->ip, 16);
	}
}

static void push_icmp(struct sonde_draft *d, const struct sonde_method_look *look, uint16_t code,
		      bool six)
{
	if (six) {
		sonde_draft_push(d, SONDE_icmpv6);
		sonde_draft_push(d, SONDE_icmpv6_echo);
		sonde_set(d, icmpv6_echo, id, look->ident);
		sonde_set(d, icmpv6_echo, seq, code);
	} else {
		sonde_draft_push(d, SONDE_icmp);
		sonde_draft_push(d, SONDE_icmp_echo);
		sonde_set(d, icmp_echo, id, look->ident);
		sonde_set(d, icmp_echo, seq, code);
	}
}

static void push_udp(struct sonde_draft *d, const struct sonde_method_look *look, uint16_t flow)
{
	sonde_draft_push(d, SONDE_udp);
	sonde_set(d, udp, sport, look->ident);
	sonde_set(d, udp, dport, (uint16_t)(look->port + flow));
}

static void push_tcp(struct sonde_draft *d, const struct sonde_method_look *look,
		     const struct sonde_method_probe *probe)
{
	uint32_t code = (uint32_t)probe->code << 16 | (uint16_t)probe->tag;

	sonde_draft_push(d, SONDE_tcp);
	sonde_set(d, tcp, sport, (uint16_t)(look->ident + (look->ports ? 0 : probe->flow)));
	sonde_set(d, tcp, dport, (uint16_t)(look->port + (look->ports ? probe->flow : 0)));
	sonde_set(d, tcp, seq, code);
	if (look->method == SONDE_METHOD_ACK || probe->size) {
		sonde_set(d, tcp, ackseq, code);
		sonde_set(d, tcp, ack, 1);
		return;
	}
	sonde_set(d, tcp, syn, 1);
	sonde_draft_option(d, SONDE_tcp_mss);
}

static void push_arp(struct sonde_draft *d, const struct sonde_method_look *look,
		     const struct sonde_address *from, const struct sonde_address *to)
{
	sonde_draft_push(d, SONDE_arp);
	sonde_draft_push(d, SONDE_arp_ip);
	memcpy(sonde_last(d, arp_ip)->byte + SONDE_AT_arp_ip_sha / 8, look->mac, 6);
	memcpy(sonde_last(d, arp_ip)->byte + SONDE_AT_arp_ip_spa / 8, from->ip, 4);
	memcpy(sonde_last(d, arp_ip)->byte + SONDE_AT_arp_ip_tpa / 8, to->ip, 4);
}

static void push_solicitation(struct sonde_draft *d, const struct sonde_method_look *look,
			      const struct sonde_address *to)
{
	int at;

	sonde_draft_push(d, SONDE_icmpv6);
	sonde_draft_push(d, SONDE_nd_ns);
	memcpy(sonde_last(d, nd_ns)->byte + SONDE_AT_nd_ns_target / 8, to->ip, 16);
	at = sonde_draft_option(d, SONDE_nd_source);
	if (at >= 0)
		memcpy((uint8_t *)(uintptr_t)d->p.byte + at + SONDE_AT_nd_source_addr / 8,
		       look->mac, sizeof look->mac);
}

/* Where the checksum of a probe stands, from the header behind that of IP on. */
static unsigned place_of_sum(enum sonde_method method)
{
	static const uint8_t at[] = { SONDE_AT_icmp_checksum / 8, SONDE_AT_udp_checksum / 8,
				      SONDE_AT_tcp_checksum / 8, SONDE_AT_tcp_checksum / 8 };

	return at[method];
}

/* Writes the balance, so that the checksum becomes what it is to be: RFC 1624, with the balance 0
 * before. Neither of the two zeros: one says that there is none, the other is not written. */
static void balance(const struct sonde_method_look *look, struct sonde_method_probe *probe,
		    uint8_t *h)
{
	unsigned at = place_of_sum(look->method);
	uint16_t was = (uint16_t)sonde_load(h + at, 2);
	uint16_t wanted = look->method == SONDE_METHOD_UDP
				  ? sonde_method_spread(probe->code)
				  : (uint16_t)(1 + (uint32_t)(look->sum + probe->flow) % 0xfffe);
	uint32_t sum = (uint16_t)~wanted + (uint32_t)was;

	probe->balance = (uint16_t)(sum + (sum >> 16));
	sonde_store(h + at, 2, wanted);
	sonde_store(h + HEADER + SONDE_METHOD_SERIAL, 2, probe->balance);
}

int sonde_method_make(const struct sonde_method_look *look, struct sonde_method_probe *probe,
		      const struct sonde_address *from, const struct sonde_address *to,
		      uint8_t *buf, uint32_t cap, uint16_t *ret_sum)
{
	bool six = to->family == AF_INET6, known = from->family || !six;
	bool neighbour = look->method == SONDE_METHOD_NEIGHBOUR;
	bool framed = six || (look->method != SONDE_METHOD_ICMP && !neighbour);
	uint32_t body;
	struct sonde_draft d;
	int at;

	sonde_draft_init(&d, buf, cap);
	if (framed)
		push_ip(&d, from, to);
	body = d.p.len;
	switch (look->method) {
	case SONDE_METHOD_ICMP: push_icmp(&d, look, probe->code, six); break;
	case SONDE_METHOD_UDP: push_udp(&d, look, probe->flow); break;
	case SONDE_METHOD_TCP:
	case SONDE_METHOD_ACK: push_tcp(&d, look, probe); break;
	default:
		if (six)
			push_solicitation(&d, look, to);
		else
			push_arp(&d, look, from, to);
	}
	probe->balance = 0;
	for (uint32_t done = 0, n; done < probe->size; done += n) {
		uint8_t piece[256];

		n = probe->size - done < sizeof piece ? probe->size - done : sizeof piece;
		sonde_method_payload(look, probe, piece, done, n);
		if (sonde_draft_append(&d, piece, n) < 0)
			return SONDE_NO_SPACE;
	}
	at = sonde_draft_encode(&d);
	if (probe->size >= SONDE_METHOD_HEAD && !sonde_method_is_tcp(look->method))
		balance(look, probe, buf + body);
	*ret_sum = 0;
	if (known && !neighbour)
		*ret_sum = (uint16_t)sonde_load(buf + body + place_of_sum(look->method), 2);
	memmove(buf, buf + body, (size_t)at - body);
	return at - (int)body;
}

const char *sonde_method_word(uint8_t method)
{
	static const char *const words[] = { "icmp", "udp", "tcp", "tcp-ack", "neighbour" };

	return words[method];
}
