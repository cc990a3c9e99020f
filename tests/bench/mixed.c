/* A capture of many kinds of packets, the same for the same seed: mixed PACKETS [SEED] >FILE.pcap
 *
 * IPv4 and IPv6 in equal parts; of 100 packets about 62 are TCP (data, acknowledgements, SYNs with
 * their options, selective acknowledgements, FINs and resets, of 4,096 conversations), 22 UDP with
 * a few questions to name servers, 8 echoes, 3 neighbour discovery or ARP, 2 ICMP errors, 3
 * fragments; every sixteenth has a VLAN tag. */
#include <stdio.h>
#include <stdlib.h>

#include "packet/draft.h"

enum { CONVERSATIONS = 4096, CAP = 2048 };

static uint64_t state;

/* A number below n. */
static uint32_t any(uint32_t n)
{
	state = state * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)((state >> 33) % n);
}

struct conversation {
	uint32_t seq[2], host[2];
	uint16_t port[2];
	bool six;
};

static struct conversation conversations[CONVERSATIONS];
static uint8_t buf[CAP], body[CAP];
static struct sonde_draft d;

static void begin(void)
{
	static const uint16_t ports[] = { 80, 443, 443, 22, 8080, 3306 };

	for (unsigned i = 0; i < CONVERSATIONS; i++)
		conversations[i] = (struct conversation){
			.seq = { any(1u << 31), any(1u << 31) },
			.host = { 1 + any(5000), 1 + any(200) },
			.port = { (uint16_t)(1024 + any(60000)), ports[any(6)] },
			.six = i % 2,
		};
	for (unsigned i = 0; i < CAP; i++)
		body[i] = (uint8_t)(' ' + any(95));
}

static void push_eth(void)
{
	static const uint8_t from[6] = { 2, 0, 0, 0, 0, 1 }, to[6] = { 2, 0, 0, 0, 0, 2 };

	sonde_draft_init(&d, buf, sizeof buf);
	sonde_draft_push(&d, SONDE_eth);
	sonde_set(&d, eth, src, from);
	sonde_set(&d, eth, dst, to);
	if (!any(16)) {
		sonde_draft_push(&d, SONDE_vlan);
		sonde_set(&d, vlan, id, (uint16_t)(1 + any(100)));
	}
}

/* The n-th host. They differ in their first octets, or tcpdump would spend most of its time in one
 * chain of its table of names, and the comparison would say nothing. */
static uint32_t address(uint32_t n)
{
	return (20 + n % 80) << 24 | (n * 40503 & 0xffffff);
}

static void push_ip(bool six, uint32_t from, uint32_t to)
{
	if (six) {
		uint8_t a[16] = { 0x20, 1, 0xd, 0xb8, 0, 1 }, b[16] = { 0x20, 1, 0xd, 0xb8, 0, 2 };

		sonde_store(a + 8, 8, from);
		sonde_store(b + 8, 8, to);
		sonde_draft_push(&d, SONDE_ipv6);
		sonde_set(&d, ipv6, src, a);
		sonde_set(&d, ipv6, dst, b);
		return;
	}
	sonde_draft_push(&d, SONDE_ip);
	sonde_set(&d, ip, src, address(from));
	sonde_set(&d, ip, dst, address(10000 + to));
	sonde_set(&d, ip, id, (uint16_t)any(65536));
	sonde_set(&d, ip, df, true);
}

static void add_stamp(void)
{
	static const uint8_t nops[] = { 1, 1 };
	int at;

	sonde_draft_raw(&d, nops, sizeof nops);
	at = sonde_draft_option(&d, SONDE_tcp_ts);
	sonde_tcp_ts_val_put((struct sonde_tcp_ts *)(buf + at), any(1u << 31));
	sonde_tcp_ts_ecr_put((struct sonde_tcp_ts *)(buf + at), any(1u << 31));
}

static void add_syn_options(void)
{
	int at;

	sonde_draft_option(&d, SONDE_tcp_mss);
	sonde_draft_option(&d, SONDE_tcp_sackok);
	at = sonde_draft_option(&d, SONDE_tcp_ts);
	sonde_tcp_ts_val_put((struct sonde_tcp_ts *)(buf + at), any(1u << 31));
	sonde_draft_raw(&d, (const uint8_t *)"\1\3\3\7", 4);
}

static void add_sack(uint32_t seq)
{
	int at;

	sonde_draft_raw(&d, (const uint8_t *)"\1\1", 2);
	sonde_draft_option(&d, SONDE_tcp_sack);
	at = sonde_draft_option(&d, SONDE_tcp_sack_block);
	sonde_tcp_sack_block_left_put((struct sonde_tcp_sack_block *)(buf + at), seq + 1448);
	sonde_tcp_sack_block_right_put((struct sonde_tcp_sack_block *)(buf + at), seq + 2896);
}

static void make_tcp(void)
{
	struct conversation *c = &conversations[any(CONVERSATIONS)];
	unsigned side = any(2), kind = any(40);
	uint32_t len = kind < 20 ? 0 : kind < 30 ? 1 + any(300) : 1 + any(1400);

	push_eth();
	push_ip(c->six, c->host[side], c->host[!side]);
	sonde_draft_push(&d, SONDE_tcp);
	sonde_set(&d, tcp, sport, c->port[side]);
	sonde_set(&d, tcp, dport, c->port[!side]);
	sonde_set(&d, tcp, seq, c->seq[side]);
	sonde_set(&d, tcp, win, (uint16_t)any(65536));
	if (kind == 0) {
		sonde_set(&d, tcp, syn, true);
		add_syn_options();
		return;
	}
	sonde_set(&d, tcp, ack, true);
	sonde_set(&d, tcp, ackseq, c->seq[!side]);
	sonde_set(&d, tcp, fin, kind == 1);
	sonde_set(&d, tcp, rst, kind == 2);
	sonde_set(&d, tcp, psh, len && any(2));
	if (kind == 3)
		add_sack(c->seq[!side]);
	else if (kind != 2)
		add_stamp();
	sonde_draft_append(&d, body + any(CAP - 1448), len);
	c->seq[side] += len;
}

/* Who asks for the addresses of example.com. */
static void append_question(void)
{
	static const uint8_t question[] = "\0\0\1\0\0\1\0\0\0\0\0\0\7example\3com\0\0\1\0\1";
	uint8_t q[sizeof question - 1];

	memcpy(q, question, sizeof q);
	sonde_store(q, 2, any(65536));
	sonde_draft_append(&d, q, sizeof q);
}

static void make_udp(void)
{
	bool ask = !any(8);

	push_eth();
	push_ip(any(2), 1 + any(5000), 1 + any(200));
	sonde_draft_push(&d, SONDE_udp);
	sonde_set(&d, udp, sport, (uint16_t)(1024 + any(60000)));
	sonde_set(&d, udp, dport, ask ? 53 : (uint16_t)(10000 + any(20000)));
	if (ask)
		append_question();
	else
		sonde_draft_append(&d, body, any(400));
}

static void make_echo(void)
{
	bool six = any(2), answer = any(2);

	push_eth();
	push_ip(six, 1 + any(5000), 1 + any(200));
	if (six) {
		sonde_draft_push(&d, SONDE_icmpv6);
		sonde_set(&d, icmpv6, type, answer ? 129 : 128);
		sonde_draft_push(&d, SONDE_icmpv6_echo);
		sonde_set(&d, icmpv6_echo, seq, (uint16_t)any(1000));
	} else {
		sonde_draft_push(&d, SONDE_icmp);
		sonde_set(&d, icmp, type, answer ? 0 : 8);
		sonde_draft_push(&d, SONDE_icmp_echo);
		sonde_set(&d, icmp_echo, seq, (uint16_t)any(1000));
	}
	sonde_draft_append(&d, body, 56);
}

static void make_neighbour(void)
{
	push_eth();
	if (any(2)) {
		sonde_draft_push(&d, SONDE_arp);
		sonde_set(&d, arp, op, (uint16_t)(1 + any(2)));
		sonde_draft_push(&d, SONDE_arp_ip);
		sonde_set(&d, arp_ip, spa, address(any(5000)));
		sonde_set(&d, arp_ip, tpa, address(any(5000)));
		return;
	}
	push_ip(true, 1 + any(5000), 1 + any(200));
	sonde_draft_push(&d, SONDE_icmpv6);
	sonde_set(&d, icmpv6, type, 135);
	sonde_draft_push(&d, SONDE_nd_ns);
}

static void make_error(void)
{
	push_eth();
	push_ip(false, 1 + any(200), 1 + any(5000));
	sonde_draft_push(&d, SONDE_icmp);
	sonde_set(&d, icmp, type, 3);
	sonde_set(&d, icmp, code, 3);
	sonde_draft_push(&d, SONDE_icmp_unreach);
	push_ip(false, 1 + any(5000), 1 + any(200));
	sonde_draft_push(&d, SONDE_udp);
	sonde_set(&d, udp, sport, (uint16_t)(1024 + any(60000)));
	sonde_set(&d, udp, dport, 33434);
	sonde_draft_append(&d, body, 32);
}

static void make_fragment(void)
{
	push_eth();
	push_ip(false, 1 + any(5000), 1 + any(200));
	sonde_set(&d, ip, df, false);
	sonde_set(&d, ip, proto, 17);
	sonde_set(&d, ip, offset, (uint16_t)(185 * (1 + any(4))));
	sonde_set(&d, ip, mf, any(2));
	sonde_draft_append(&d, body, 600);
}

static uint32_t make(void)
{
	unsigned kind = any(100);
	int len;

	if (kind < 62)
		make_tcp();
	else if (kind < 84)
		make_udp();
	else if (kind < 92)
		make_echo();
	else if (kind < 95)
		make_neighbour();
	else if (kind < 97)
		make_error();
	else
		make_fragment();
	len = sonde_draft_encode(&d);
	if (len < 0)
		abort();
	return (uint32_t)len;
}

int main(int argc, char **argv)
{
	const uint32_t head[6] = { 0xa1b2c3d4, 2 | 4 << 16, 0, 0, 262144, 1 };
	uint64_t packets = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000, when = 0;

	state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	begin();
	fwrite(head, sizeof head, 1, stdout);
	for (; packets; packets--) {
		uint32_t len = make();
		uint32_t record[4] = { (uint32_t)(1760000000 + when / 1000000),
				       (uint32_t)(when % 1000000), len, len };

		fwrite(record, sizeof record, 1, stdout);
		fwrite(buf, len, 1, stdout);
		when += any(200);
	}
	return fclose(stdout) ? 1 : 0;
}
