#include <check.h>
#include <stdlib.h>

#include "packet/summary.h"

Suite *summary_suite(void);

/* IPv4 of 20 bytes from 10.0.0.1 to 10.0.0.2: length, flags and offset, protocol. */
#define IP(len, frag, proto)                                                                       \
	0x45, 0, (len) >> 8, (len)&255, 0, 0, (frag) >> 8, (frag)&255, 64, proto, 0, 0, 10, 0, 0,  \
		1, 10, 0, 0, 2
#define IPV6(plen, nxt)                                                                            \
	0x60, 0, 0, 0, 0, plen, nxt, 64, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,     \
		0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2
#define UDP(len) 0x04, 0xd2, 0, 53, 0, len, 0, 0
#define TCP(words, flags)                                                                          \
	0x04, 0xd2, 0, 80, 0, 0, 0, 1, 0, 0, 0, 2, (words) << 4, flags, 1, 0, 0, 0, 0, 0
#define MAC(n) 2, 0, 0, 0, 0, n
#define SIX(n) 0x20, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, n

static struct sonde_manner manner; /* of the next lines, where it says anything */

static const char *name_host(void *arg, const uint8_t *address, unsigned len)
{
	(void)arg;
	return len == 4 && address[3] == 2 ? "two" : NULL;
}

static const char *name_port(void *arg, uint8_t protocol, uint16_t port)
{
	(void)arg;
	return protocol == 6 && port == 80 ? "http" : NULL;
}

#define SAYS(x, len, link, text) says(x, len, sizeof(x), link, text)

static void says(const uint8_t *at, size_t len, size_t wire, unsigned link, const char *text)
{
	static char line[SONDE_SUMMARY_MAX];
	uint8_t *x = malloc(len);
	struct sonde_packet p;

	memcpy(x, at, len);
	sonde_decode_link(&p, x, (uint32_t)len, (uint32_t)wire, link);
	if (manner.quick || manner.host)
		p.manner = &manner;
	*sonde_summary(line, &p) = 0;
	free(x);
	ck_assert_str_eq(line, text);
}

START_TEST(a_segment_reads_as_tcpdump_prints_it)
{
	static const uint8_t data[] = { IP(43, 0, 6), TCP(5, 0x18), 'h', 'e', 'y' };
	static const uint8_t syn[] = { IP(60, 0, 6),
				       TCP(10, 0xc2),
				       2,
				       4,
				       5,
				       180,
				       4,
				       2,
				       8,
				       10,
				       0,
				       0,
				       0,
				       7,
				       0,
				       0,
				       0,
				       9,
				       1,
				       3,
				       3,
				       10 };
	static const uint8_t sack[] = {
		IP(52, 0, 6), TCP(8, 0x10), 1, 1, 5, 10, 0, 0, 0, 5, 0, 0, 0, 9
	};
	static const uint8_t odd[] = { IP(44, 0, 6), TCP(6, 0), 99, 3, 1, 0 };
	static const uint8_t rare[] = { IP(64, 0, 6), TCP(11, 2), 30,	4, 1,	 0,    34, 2, 34, 4,
					0xab,	      0xcd,	  254,	4, 0xf9, 0x89, 29, 4, 7,  8,
					30,	      3,	  0xf0, 0, 0,	 0 };
	static const uint8_t ecn[] = { IP(40, 0, 6), 4,	   210, 0, 80, 0, 0, 0, 1, 0, 0, 0, 2,
				       0x51,	     0xc2, 1,	0, 0,  0, 0, 0 };

	SAYS(data, sizeof data, 101,
	     "IP 10.0.0.1.1234 > 10.0.0.2.80: Flags [P.], seq 1:4, ack 2, win 256, length 3");
	SAYS(syn, sizeof syn, 101,
	     "IP 10.0.0.1.1234 > 10.0.0.2.80: Flags [SEW], seq 1, win 256, options "
	     "[mss 1460,sackOK,TS val 7 ecr 9,nop,wscale 10], length 0");
	SAYS(rare, sizeof rare, 101,
	     "IP 10.0.0.1.1234 > 10.0.0.2.80: Flags [S], seq 1, win 256, options [mptcp 4 "
	     "capable,tfo cookiereq,tfo cookie abcd,exp-tfo cookiereq,tcp-ao keyid 7 "
	     "rnextkeyid 8,unknown-30,eol], length 0");
	SAYS(ecn, sizeof ecn, 101,
	     "IP 10.0.0.1.1234 > 10.0.0.2.80: Flags [SEWe], seq 1, win 256, length 0");
	SAYS(sack, sizeof sack, 101,
	     "IP 10.0.0.1.1234 > 10.0.0.2.80: Flags [.], ack 2, win 256, options "
	     "[nop,nop,sack 1 {5:9}], length 0");
	SAYS(odd, sizeof odd, 101,
	     "IP 10.0.0.1.1234 > 10.0.0.2.80: Flags [none], win 256, options "
	     "[unknown-99,eol], length 0");
}
END_TEST

START_TEST(datagrams_fragments_and_unknown_protocols_read_as_tcpdump_prints_them)
{
	static const uint8_t udp[] = { IPV6(10, 17), UDP(10), 1, 2 };
	static const uint8_t later[] = { IP(28, 185, 17), UDP(8) };
	static const uint8_t later6[] = { IPV6(16, 44), 17, 0, 0x05, 0xa8, 0, 0, 0, 1, UDP(8) };
	static const uint8_t other[] = { IP(24, 0, 200), 1, 2, 3, 4 };
	static const uint8_t ipip[] = { IP(48, 0, 4), IP(28, 0, 17), UDP(8) };

	SAYS(udp, sizeof udp, 101, "IP6 fe80::1.1234 > fe80::2.53: UDP, length 2");
	SAYS(later, sizeof later, 101, "IP 10.0.0.1 > 10.0.0.2: ip-proto-17");
	SAYS(later6, sizeof later6, 101, "IP6 fe80::1 > fe80::2: frag (1448|8)");
	SAYS(other, sizeof other, 101, "IP 10.0.0.1 > 10.0.0.2: ip-proto-200 4");
	SAYS(ipip, sizeof ipip, 101,
	     "IP 10.0.0.1 > 10.0.0.2: IP 10.0.0.1.1234 > 10.0.0.2.53: UDP, length 0");
}
END_TEST

START_TEST(icmp_names_what_it_is_about)
{
	static const uint8_t echo[] = { IP(28, 0, 1), 8, 0, 0, 0, 0, 7, 0, 3 };
	static const uint8_t port[] = {
		IP(56, 0, 1), 3, 3, 0, 0, 0, 0, 0, 0, IP(60, 0, 17), UDP(8)
	};
	static const uint8_t frag[] = { IP(56, 0, 1),  3,     4, 0, 0, 0, 0, 5, 120,
					IP(60, 0, 17), UDP(8) };
	static const uint8_t late[] = {
		IP(56, 0, 1), 11, 0, 0, 0, 0, 0, 0, 0, IP(60, 0, 17), UDP(8)
	};
	static const uint8_t port6[] = {
		IPV6(56, 58), 1, 4, 0, 0, 0, 0, 0, 0, IPV6(8, 17), UDP(8)
	};

	SAYS(echo, sizeof echo, 101,
	     "IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 7, seq 3, length 8");
	SAYS(port, sizeof port, 101,
	     "IP 10.0.0.1 > 10.0.0.2: ICMP 10.0.0.2 udp port 53 unreachable, length 36");
	SAYS(frag, sizeof frag, 101,
	     "IP 10.0.0.1 > 10.0.0.2: ICMP 10.0.0.2 unreachable - need to frag (mtu 1400), length "
	     "36");
	SAYS(late, sizeof late, 101,
	     "IP 10.0.0.1 > 10.0.0.2: ICMP time exceeded in-transit, length 36");
	SAYS(port6, sizeof port6, 101,
	     "IP6 fe80::1 > fe80::2: ICMP6, destination unreachable, unreachable port, fe80::2 "
	     "udp port 53, length 56");
}
END_TEST

START_TEST(link_layers_without_ip_are_named)
{
	static const uint8_t ask[] = { MAC(1), MAC(2), 8, 6, 0, 1, 8, 0, 6, 4,	0, 1, MAC(2), 10,
				       0,      0,      1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2 };
	static const uint8_t lldp[] = { MAC(1), MAC(2), 0x88, 0xcc, 0, 0 };
	static const uint8_t old_tag[] = { MAC(1), MAC(2), 0x91, 0, 0, 5, 0x88, 0xcc, 0, 0 };
	static const uint8_t alien[] = { MAC(1), MAC(2), 0x30, 0x30, 0, 0 };
	static const uint8_t pap[] = { 0xff, 3, 0xc0, 0x23, 2, 9, 0, 4 };
	static const uint8_t lcp[] = { 0xff, 3, 0xc0, 0x21, 2, 9, 0, 4 };

	SAYS(ask, sizeof ask, 1, "ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28");
	SAYS(lldp, sizeof lldp, 1, "LLDP, length 2");
	SAYS(old_tag, sizeof old_tag, 1, "LLDP, length 2");
	SAYS(alien, sizeof alien, 1,
	     "02:00:00:00:00:02 > 02:00:00:00:00:01, ethertype Unknown (0x3030), length 16");
	SAYS(pap, sizeof pap, 9, "PAP, Auth-ACK (0x02), id 9, length 6");
	SAYS(lcp, sizeof lcp, 9, "LCP, Conf-Ack (0x02), id 9, length 6");
	SAYS(lldp, sizeof lldp, 147, "link type 147, length 16");
}
END_TEST

START_TEST(cut_and_broken_are_two_words)
{
	static const uint8_t data[] = { IP(43, 0, 6), TCP(5, 0x18), 'h', 'e', 'y' };
	static const uint8_t options[] = {
		IP(55, 0, 6), TCP(8, 0x18), 2, 4, 5, 180, 1, 1, 1, 1, 1, 1, 1, 1, 'h', 'e', 'y'
	};

	SAYS(data, 39, 101, "IP 10.0.0.1.1234 > 10.0.0.2.80: tcp, seq 1 [truncated]");
	SAYS(data, 24, 101, "IP 10.0.0.1 > 10.0.0.2: ip-proto-6 23 [truncated]");
	says(data, 24, 24, 101,
	     "IP [total length 43 > length 24] (invalid) 10.0.0.1 > 10.0.0.2: ip-proto-6 4 "
	     "[malformed]");
	SAYS(data, 42, 101,
	     "IP 10.0.0.1.1234 > 10.0.0.2.80: Flags [P.], seq 1:4, ack 2, win 256, length 3");
	SAYS(options, 44, 101,
	     "IP 10.0.0.1.1234 > 10.0.0.2.80: Flags [P.], seq 1:4, ack 2, win 256, length 3 "
	     "[truncated]");
}
END_TEST

START_TEST(lengths_that_contradict_each_other_are_told)
{
	static const uint8_t long_udp[] = { IP(32, 0, 17), UDP(40), 1, 2, 3, 4 };
	static const uint8_t first[] = { IP(32, 0x2000, 17), UDP(40), 1, 2, 3, 4 };
	static const uint8_t long6[] = { IPV6(99, 17), UDP(8) };
	static const uint8_t zero[] = { IP(0, 0, 1), 8, 0, 0, 0, 0, 7, 0, 3 };
	static const uint8_t zero_udp[] = { IP(0, 0, 17), UDP(8) };
	static const uint8_t hop[] = { IPV6(0, 0), 17, 0, 1, 4, 0, 0, 0, 0, UDP(8) };
	static const uint8_t jumbo[] = { IPV6(0, 0), 17, 0, 0xc2, 4, 0, 1, 0, 0, UDP(8) };
	static const uint8_t arp[] = { MAC(1), MAC(2), 8, 6, 0, 1, 8, 0, 6, 36, 0, 1, 0, 0 };

	SAYS(long_udp, sizeof long_udp, 101,
	     "IP 10.0.0.1.1234 > 10.0.0.2.53: UDP, bad length 32 > 4");
	SAYS(first, sizeof first, 101, "IP 10.0.0.1.1234 > 10.0.0.2.53: UDP, length 32");
	SAYS(long6, sizeof long6, 101,
	     "IP6 [header+payload length 139 > length 48] (invalid) fe80::1.1234 > fe80::2.53: "
	     "UDP, length 0");
	SAYS(zero, sizeof zero, 101,
	     "IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 7, seq 3, length 8 [was 0] "
	     "[malformed]");
	SAYS(zero_udp, sizeof zero_udp, 101,
	     "IP 10.0.0.1.1234 > 10.0.0.2.53: UDP, length 0 [was 0, presumed TSO]");
	SAYS(hop, sizeof hop, 101,
	     "IP6 fe80::1 > fe80::2: HBH 1234 > 53: UDP, length 0 [was 0, presumed TSO]");
	SAYS(jumbo, sizeof jumbo, 101,
	     "IP6 fe80::1 > fe80::2: HBH [header+payload length 65576 > length 56] (invalid) "
	     "1234 > 53: UDP, length 0");
	SAYS(arp, sizeof arp, 1,
	     "ARP, hardware 1 (len 6), protocol 0x800 (len 36), op 1, length 10 [malformed]");
}
END_TEST

START_TEST(a_routing_header_lists_its_hops)
{
	static const uint8_t old[] = { IPV6(32, 43), 17, 2, 0, 1, 0, 0, 0, 0, SIX(3), UDP(8) };
	static const uint8_t srh[] = { IPV6(40, 43), 17, 3, 4, 0, 0, 0, 0, 7,
				       SIX(3),	     0,	 4, 5, 0, 0, 0, 0, 0,
				       UDP(8) };

	SAYS(old, sizeof old, 101,
	     "IP6 fe80::1 > fe80::2: RT6 (len=2, type=0 [Deprecated], segleft=1, [0]2001::3) "
	     "1234 > 53: UDP, length 0");
	SAYS(srh, sizeof srh, 101,
	     "IP6 fe80::1 > fe80::2: RT6 (len=3, type=4, segleft=0, last-entry=0, tag=7, "
	     "[0]2001::3, TLV-type=Pad1(0), TLV-type=PadN(4), TLV-len=5) 1234 > 53: UDP, length 0");
}
END_TEST

START_TEST(in_another_manner_a_line_has_names_or_says_less)
{
	static const uint8_t data[] = { IP(43, 0, 6), TCP(5, 0x18), 'h', 'e', 'y' };
	static const uint8_t igmp[] = { IP(28, 0, 2), 0x16, 0, 0, 0, 224, 0, 0, 9 };

	manner = (struct sonde_manner){ .quick = true };
	SAYS(data, sizeof data, 101, "IP 10.0.0.1.1234 > 10.0.0.2.80: tcp 3");
	SAYS(igmp, sizeof igmp, 101, "IP 10.0.0.1 > 10.0.0.2: igmp");
	manner = (struct sonde_manner){ .host = name_host, .port = name_port };
	SAYS(data, sizeof data, 101,
	     "IP 10.0.0.1.1234 > two.http: Flags [P.], seq 1:4, ack 2, win 256, length 3");
	manner = (struct sonde_manner){ 0 };
}
END_TEST

Suite *summary_suite(void)
{
	Suite *s = suite_create("summary");
	TCase *c = tcase_create("summary");

	tcase_add_test(c, a_segment_reads_as_tcpdump_prints_it);
	tcase_add_test(c, datagrams_fragments_and_unknown_protocols_read_as_tcpdump_prints_them);
	tcase_add_test(c, icmp_names_what_it_is_about);
	tcase_add_test(c, link_layers_without_ip_are_named);
	tcase_add_test(c, cut_and_broken_are_two_words);
	tcase_add_test(c, lengths_that_contradict_each_other_are_told);
	tcase_add_test(c, a_routing_header_lists_its_hops);
	tcase_add_test(c, in_another_manner_a_line_has_names_or_says_less);
	suite_add_tcase(s, c);
	return s;
}
