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

#define SAYS(x, len, link, text) says(x, len, sizeof(x), link, text)

static void says(const uint8_t *at, size_t len, size_t wire, unsigned link, const char *text)
{
	static char line[SONDE_SUMMARY_MAX];
	uint8_t *x = malloc(len);
	struct sonde_packet p;

	memcpy(x, at, len);
	sonde_decode_link(&p, x, (uint32_t)len, (uint32_t)wire, link);
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

	SAYS(data, sizeof data, 101,
	     "IP 10.0.0.1.1234 > 10.0.0.2.80: Flags [P.], seq 1:4, ack 2, win 256, length 3");
	SAYS(syn, sizeof syn, 101,
	     "IP 10.0.0.1.1234 > 10.0.0.2.80: Flags [SEW], seq 1, win 256, options "
	     "[mss 1460,sackOK,TS val 7 ecr 9,nop,wscale 10], length 0");
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

	SAYS(ask, sizeof ask, 1, "ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28");
	SAYS(lldp, sizeof lldp, 1, "LLDP, length 2");
	SAYS(lldp, sizeof lldp, 147, "link type 147, length 16");
}
END_TEST

START_TEST(cut_and_broken_are_two_words)
{
	static const uint8_t data[] = { IP(43, 0, 6), TCP(5, 0x18), 'h', 'e', 'y' };

	SAYS(data, 39, 101, "IP 10.0.0.1.1234 > 10.0.0.2.80: tcp, seq 1 [truncated]");
	SAYS(data, 24, 101, "IP 10.0.0.1 > 10.0.0.2: ip-proto-6 23 [truncated]");
	says(data, 24, 24, 101, "IP 10.0.0.1 > 10.0.0.2: ip-proto-6 4 [malformed]");
	SAYS(data, 42, 101,
	     "IP 10.0.0.1.1234 > 10.0.0.2.80: Flags [P.], seq 1:4, ack 2, win 256, length 3");
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
	suite_add_tcase(s, c);
	return s;
}
