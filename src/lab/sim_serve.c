#include <netinet/in.h>

#include "lab/sim_inside.h"

static bool listed(const struct sonde_sim_ports *p, uint16_t port)
{
	for (unsigned i = 0; i < p->n; i++)
		if (p->at[i] == port)
			return true;
	return false;
}

/* Echo reply, RFC 792 page 14 and RFC 4443 section 4.2: identifier, number and data come back. */
static void answer_echo(struct sonde_sim_packet *x, struct sonde_draft *d)
{
	if (sonde_sim_is_v6(x)) {
		sonde_draft_push(d, SONDE_icmpv6);
		sonde_set(d, icmpv6, type, 129);
	} else {
		sonde_draft_push(d, SONDE_icmp);
		sonde_set(d, icmp, type, 0);
	}
	sonde_draft_append(d, x->t.body.at, (uint32_t)x->t.body.len);
}

/* Without a connection to remember, RFC 9293 section 3.10.7.1; of an open port, section 3.10.7.2.
 */
static bool answer_segment(struct sonde_sim_packet *x, struct sonde_draft *d, bool open)
{
	const struct sonde_tuple *t = &x->t;
	bool syn = t->flags & SONDE_TCP_SYN, ack = t->flags & SONDE_TCP_ACK;

	if (t->flags & SONDE_TCP_RST || (open && !syn))
		return false;
	sonde_draft_push(d, SONDE_tcp);
	sonde_set(d, tcp, sport, t->dst.port);
	sonde_set(d, tcp, dport, t->src.port);
	if (open && !ack) {
		sonde_set(d, tcp, syn, 1);
		sonde_set(d, tcp, ack, 1);
		sonde_set(d, tcp, seq, t->seq ^ 0x5eed5eed);
		sonde_set(d, tcp, ackseq, t->seq + 1);
		sonde_draft_option(d, SONDE_tcp_mss);
		return true;
	}
	sonde_set(d, tcp, rst, 1);
	sonde_set(d, tcp, win, 0);
	if (ack) {
		sonde_set(d, tcp, seq, t->ack);
	} else {
		bool fin = t->flags & SONDE_TCP_FIN;

		sonde_set(d, tcp, ack, 1);
		sonde_set(d, tcp, ackseq, t->seq + t->length + syn + fin);
	}
	return true;
}

static void answer_datagram(struct sonde_sim_packet *x, struct sonde_draft *d)
{
	sonde_draft_push(d, SONDE_udp);
	sonde_set(d, udp, sport, x->t.dst.port);
	sonde_set(d, udp, dport, x->t.src.port);
	sonde_draft_append(d, x->t.body.at, (uint32_t)x->t.body.len);
}

void sonde_sim_serve(struct sonde_sim_packet *x, const struct sonde_sim_hop *h)
{
	unsigned ttl = h->ttl ? h->ttl : 64, type = sonde_sim_is_v6(x) ? 128 : 8;
	const struct sonde_tuple *t = &x->t;
	struct sonde_address me = t->dst;
	struct sonde_draft d;

	me.port = 0;
	if (h->silent || t->fragment)
		return;
	sonde_sim_begin(x, &d, &me, ttl > x->hops ? ttl - x->hops : 1);
	switch (t->protocol) {
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		if (!(t->has & SONDE_TUPLE_ECHO) || t->type != type)
			return;
		answer_echo(x, &d);
		break;
	case IPPROTO_TCP:
		if (!(t->has & SONDE_TUPLE_TCP) ||
		    !answer_segment(x, &d, listed(&h->tcp_open, t->dst.port)))
			return;
		break;
	case IPPROTO_UDP:
		if (!(t->has & SONDE_TUPLE_PORTS))
			return;
		if (!listed(&h->udp_echo, t->dst.port)) {
			sonde_sim_tell(x, h, &me, SONDE_SIM_PORT_UNREACHABLE);
			return;
		}
		answer_datagram(x, &d);
		break;
	default: sonde_sim_tell(x, h, &me, SONDE_SIM_PROTOCOL_UNREACHABLE); return;
	}
	sonde_sim_send(x, &d, h);
}
