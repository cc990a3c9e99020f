#include <arpa/inet.h>
#include <check.h>
#include <stdlib.h>

#include "packet/derive.h"
#include "packet/draft.h"
#include "packet/option.h"
#include "packet/sum.h"

Suite *packet_suite(void);

static uint8_t buf[2048];
static struct sonde_draft d;
static struct sonde_packet p;
static struct sonde_verdict v;

static void begin(void)
{
	memset(buf, 0xa5, sizeof buf);
	sonde_draft_init(&d, buf, sizeof buf);
}

static void read_back(uint32_t len, uint32_t wire, enum sonde_shape first)
{
	sonde_decode(&p, buf, len, wire, first);
	sonde_judge(&p, SONDE_JUDGE_SUMS, &v);
}

static uint32_t finish(enum sonde_shape first)
{
	int len = sonde_draft_encode(&d);

	ck_assert_int_gt(len, 0);
	read_back((uint32_t)len, (uint32_t)len, first);
	return (uint32_t)len;
}

static void ip(uint32_t src, uint32_t dst)
{
	sonde_draft_push(&d, SONDE_ip);
	sonde_set(&d, ip, src, src);
	sonde_set(&d, ip, dst, dst);
}

static void ipv6(const char *src, const char *dst)
{
	uint8_t a[16];

	sonde_draft_push(&d, SONDE_ipv6);
	inet_pton(AF_INET6, src, a);
	sonde_set(&d, ipv6, src, a);
	inet_pton(AF_INET6, dst, a);
	sonde_set(&d, ipv6, dst, a);
}

START_TEST(a_made_syn_is_the_captured_one)
{
	static const uint8_t captured[] = {
		/* as Linux 6.18 sent it */
		0xba, 0x75, 0x16, 0x62, 0x8f, 0xd5, 0x9a, 0x09, 0x86, 0x47, 0x4f, 0x0e, 0x08,
		0x00, 0x45, 0x00, 0x00, 0x3c, 0x3b, 0xe7, 0x40, 0x00, 0x40, 0x06, 0xea, 0x0c,
		0x0a, 0x63, 0x00, 0x01, 0x0a, 0x63, 0x00, 0x02, 0xc5, 0x3a, 0x18, 0xeb, 0x55,
		0xa8, 0x87, 0xb2, 0x00, 0x00, 0x00, 0x00, 0xa0, 0x02, 0xfa, 0xf0, 0x71, 0x37,
		0x00, 0x00, 0x02, 0x04, 0x05, 0xb4, 0x04, 0x02, 0x08, 0x0a, 0x35, 0xfe, 0xd5,
		0x8d, 0x00, 0x00, 0x00, 0x00, 0x01, 0x03, 0x03, 0x0a,
	};
	int at;

	begin();
	sonde_draft_push(&d, SONDE_eth);
	sonde_set(&d, eth, dst, ((const uint8_t[]){ 0xba, 0x75, 0x16, 0x62, 0x8f, 0xd5 }));
	sonde_set(&d, eth, src, ((const uint8_t[]){ 0x9a, 0x09, 0x86, 0x47, 0x4f, 0x0e }));
	ip(0x0a630001, 0x0a630002);
	sonde_set(&d, ip, id, 0x3be7);
	sonde_set(&d, ip, df, 1);
	sonde_draft_push(&d, SONDE_tcp);
	sonde_set(&d, tcp, sport, 50490);
	sonde_set(&d, tcp, dport, 6379);
	sonde_set(&d, tcp, seq, 1437108146);
	sonde_set(&d, tcp, syn, 1);
	sonde_set(&d, tcp, win, 64240);
	sonde_draft_option(&d, SONDE_tcp_mss);
	sonde_draft_option(&d, SONDE_tcp_sackok);
	at = sonde_draft_option(&d, SONDE_tcp_ts);
	sonde_tcp_ts_val_put((struct sonde_tcp_ts *)(buf + at), 905893261);
	sonde_draft_raw(&d, (const uint8_t *)"\1", 1);
	at = sonde_draft_option(&d, SONDE_tcp_wscale);
	sonde_tcp_wscale_shift_put((struct sonde_tcp_wscale *)(buf + at), 10);
	ck_assert(finish(SONDE_eth) == sizeof captured);
	ck_assert(!memcmp(buf, captured, sizeof captured));
	read_back(sizeof captured, sizeof captured, SONDE_eth);
	ck_assert(p.n == 3 && !(v.wrong[0] | v.wrong[1] | v.wrong[2]));
}
END_TEST

START_TEST(a_pinned_lie_is_sent_and_seen)
{
	begin();
	ip(1, 2);
	sonde_draft_push(&d, SONDE_udp);
	sonde_set(&d, udp, checksum, 0xdead);
	sonde_draft_append(&d, "hi", 2);
	finish(SONDE_ip);
	ck_assert(sonde_udp_checksum(sonde_find(&p, udp)) == 0xdead);
	ck_assert(sonde_is_wrong(&v, 1, udp, checksum) && !sonde_is_wrong(&v, 1, udp, len));
	ck_assert(v.wrong[0] == 0);
}
END_TEST

START_TEST(a_udp_sum_of_nothing_is_sent_as_ones_and_a_tcp_one_as_it_is)
{
	uint16_t sum;

	for (int tcp = 0; tcp < 2; tcp++) {
		begin();
		ip(0, 0);
		sonde_draft_push(&d, tcp ? SONDE_tcp : SONDE_udp);
		sonde_draft_append(&d, "\0", 2);
		finish(SONDE_ip);
		sum = tcp ? sonde_tcp_checksum(sonde_find(&p, tcp))
			  : sonde_udp_checksum(sonde_find(&p, udp));
		sonde_store(buf + p.len - 2, 2, sum); /* makes all the rest add up to ones */
		sonde_fill(&d.p, buf, d.pinned);
		sum = tcp ? sonde_tcp_checksum(sonde_find(&p, tcp))
			  : sonde_udp_checksum(sonde_find(&p, udp));
		ck_assert(sum == (tcp ? 0 : 0xffff));
		if (tcp) /* as skb_checksum_help() leaves it: right too */
			sonde_tcp_checksum_put((struct sonde_tcp *)(buf + 20), 0xffff);
		read_back(p.len, p.len, SONDE_ip);
		ck_assert(v.wrong[1] == 0);
	}
}
END_TEST

START_TEST(extension_headers_lead_to_the_checksum)
{
	begin();
	ipv6("fe80::1", "ff02::16");
	sonde_draft_push(&d, SONDE_ipv6_hopopts);
	sonde_draft_option(&d, SONDE_ipv6_ra);
	sonde_draft_push(&d, SONDE_ipv6_dstopts);
	sonde_draft_push(&d, SONDE_ipv6_routing);
	sonde_set(&d, ipv6_routing, segleft, 1);
	sonde_draft_option(&d, SONDE_ipv6_segment);
	sonde_draft_push(&d, SONDE_icmpv6);
	sonde_draft_push(&d, SONDE_icmpv6_echo);
	sonde_draft_append(&d, "odd", 3);
	finish(SONDE_ipv6);
	ck_assert(p.n == 6 && p.stop == SONDE_STOP_END);
	ck_assert(sonde_ipv6_plen(sonde_find(&p, ipv6)) == p.len - 40);
	ck_assert(sonde_ipv6_nxt(sonde_find(&p, ipv6)) == 0 && buf[40] == 60 && buf[41] == 0);
	ck_assert(p.layer[1].head == 8 && p.layer[2].head == 8 && p.layer[3].head == 24);
	for (unsigned i = 0; i < p.n; i++)
		ck_assert(v.wrong[i] == 0);
	buf[p.layer[3].at + 8] ^= 1; /* the last hop is the one that is summed */
	read_back(p.len, p.len, SONDE_ipv6);
	ck_assert(sonde_is_wrong(&v, 4, icmpv6, checksum));
	buf[p.layer[3].at + 8] ^= 1;
	buf[24] ^= 1; /* and the next hop is not */
	read_back(p.len, p.len, SONDE_ipv6);
	ck_assert(!sonde_is_wrong(&v, 4, icmpv6, checksum));
}
END_TEST

START_TEST(the_middle_of_a_datagram_has_no_ports)
{
	begin();
	ip(1, 2);
	sonde_set(&d, ip, offset, 185);
	sonde_set(&d, ip, proto, 17);
	sonde_draft_append(&d, "not a port", 10);
	finish(SONDE_ip);
	ck_assert(p.n == 1 && p.stop == SONDE_STOP_FRAGMENT && !sonde_find(&p, udp));

	begin();
	ipv6("::1", "::2");
	sonde_draft_push(&d, SONDE_ipv6_frag);
	sonde_set(&d, ipv6_frag, more, 1);
	sonde_draft_push(&d, SONDE_udp);
	finish(SONDE_ipv6);
	ck_assert(p.n == 3 && p.layer[2].part == SONDE_PART_FRAGMENT); /* the first part has */

	begin();
	ip(1, 2);
	sonde_set(&d, ip, mf, 1);
	sonde_draft_push(&d, SONDE_udp);
	sonde_set(&d, udp, len, 1480); /* of the whole datagram: right, and not to be judged here */
	finish(SONDE_ip);
	ck_assert(p.n == 2 && p.layer[1].part == SONDE_PART_FRAGMENT && v.wrong[1] == 0);
}
END_TEST

START_TEST(an_error_quotes_a_packet_that_is_not_judged)
{
	begin();
	ip(1, 2);
	sonde_draft_push(&d, SONDE_icmp);
	sonde_draft_push(&d, SONDE_icmp_error);
	ip(2, 3);
	sonde_set(&d, ip, len, 1500);
	sonde_draft_push(&d, SONDE_udp);
	sonde_set(&d, udp, dport, 33434);
	sonde_set(&d, udp, len, 1480);
	finish(SONDE_ip);
	ck_assert(p.n == 5 && p.stop == SONDE_STOP_END &&
		  sonde_icmp_type(sonde_find(&p, icmp)) == 11);
	ck_assert(p.layer[3].part == SONDE_PART_QUOTED && p.layer[4].part == SONDE_PART_QUOTED);
	ck_assert(sonde_udp_dport(sonde_find(&p, udp)) == 33434);
	for (unsigned i = 0; i < p.n; i++)
		ck_assert(v.wrong[i] == 0);
}
END_TEST

START_TEST(eight_bytes_of_a_quoted_segment_still_have_its_ports)
{
	begin();
	ip(1, 2);
	sonde_draft_push(&d, SONDE_icmp);
	sonde_draft_push(&d, SONDE_icmp_error);
	ip(2, 3);
	sonde_set(&d, ip, len, 60);
	sonde_draft_push(&d, SONDE_tcp_start);
	sonde_set(&d, tcp_start, dport, 443);
	sonde_set(&d, tcp_start, seq, 0xfeedface);
	ck_assert(finish(SONDE_ip) == 20 + 4 + 4 + 20 + 8);
	ck_assert(buf[28 + 9] == 6 && p.stop == SONDE_STOP_TRUNCATED && p.n == 5);
	ck_assert(!sonde_find(&p, tcp) && sonde_tcp_start_dport(sonde_find(&p, tcp_start)) == 443);
	ck_assert(sonde_tcp_start_seq(sonde_find(&p, tcp_start)) == 0xfeedface);
	for (unsigned i = 0; i < p.n; i++)
		ck_assert(v.wrong[i] == 0);
	read_back(p.len - 1, p.len, SONDE_ip); /* seven bytes do not */
	ck_assert(p.n == 4 && p.stop == SONDE_STOP_TRUNCATED);
}
END_TEST

START_TEST(tags_nest)
{
	begin();
	sonde_draft_push(&d, SONDE_eth);
	sonde_set(&d, eth, type, 0x88a8);
	sonde_draft_push(&d, SONDE_vlan);
	sonde_set(&d, vlan, id, 100);
	sonde_draft_push(&d, SONDE_vlan);
	sonde_set(&d, vlan, prio, 7);
	sonde_draft_push(&d, SONDE_arp);
	finish(SONDE_eth);
	ck_assert(p.n == 4 && buf[12] == 0x88 && buf[16] == 0x81 && buf[17] == 0 && buf[14] == 0 &&
		  buf[15] == 100);
	ck_assert(buf[18] == 0xe0 && buf[20] == 0x08 && buf[21] == 0x06);
	ck_assert(sonde_has(&p, ieee8021ad) && sonde_has(&p, vlan));
}
END_TEST

START_TEST(blocks_count_in_their_option)
{
	struct sonde_option o;
	struct sonde_walk w;
	int at;

	begin();
	ip(1, 2);
	sonde_draft_push(&d, SONDE_tcp);
	sonde_draft_option(&d, SONDE_tcp_sack);
	for (uint32_t i = 0; i < 2; i++) {
		at = sonde_draft_option(&d, SONDE_tcp_sack_block);
		sonde_tcp_sack_block_right_put((struct sonde_tcp_sack_block *)(buf + at),
					       0xffffffff - i);
	}
	finish(SONDE_ip);
	ck_assert(p.layer[1].head == 40 && sonde_tcp_doff(sonde_find(&p, tcp)) == 10);
	w = (struct sonde_walk){ buf + p.layer[1].at + 20, buf + p.layer[1].at + 40 };
	ck_assert(sonde_option_next(&w, SONDE_FAMILY_tcpopt, &o) && o.kind == 5 && o.len == 18);
	ck_assert(!sonde_option_next(&w, SONDE_FAMILY_tcpopt, &o) &&
		  w.to - w.at == 2); /* padding */
}
END_TEST

START_TEST(a_header_longer_than_the_packet_is_malformed)
{
	begin();
	ip(1, 2);
	sonde_draft_push(&d, SONDE_tcp);
	sonde_set(&d, tcp, doff, 15);
	finish(SONDE_ip);
	ck_assert(p.n == 2 && p.stop == SONDE_STOP_MALFORMED && sonde_is_wrong(&v, 1, tcp, doff));
}
END_TEST

START_TEST(every_cut_is_called_truncated)
{
	uint32_t len;

	begin();
	sonde_draft_push(&d, SONDE_eth);
	ip(1, 2);
	sonde_draft_push(&d, SONDE_tcp);
	sonde_draft_option(&d, SONDE_tcp_ts);
	len = finish(SONDE_eth);
	for (uint32_t cut = 0; cut < len; cut++) {
		read_back(cut, len, SONDE_eth);
		ck_assert(p.stop == SONDE_STOP_TRUNCATED);
		for (unsigned i = 0; i < p.n; i++)
			ck_assert(v.wrong[i] == 0 || p.layer[i].shape == SONDE_tcp);
		read_back(cut, cut, SONDE_eth); /* but here the packet itself is short */
		ck_assert(p.stop == SONDE_STOP_MALFORMED);
	}
}
END_TEST

/* RFC 1071 section 3, and the same without its last three bytes. */
START_TEST(another_port_that_leads_there_stays)
{
	static uint8_t again[2048];
	struct sonde_draft copy;
	uint32_t len;

	begin();
	ip(0x0a000001, 0x0a000002);
	sonde_draft_push(&d, SONDE_udp);
	sonde_set(&d, udp, dport, 8472);
	sonde_draft_push(&d, SONDE_vxlan);
	sonde_draft_push(&d, SONDE_eth);
	len = finish(SONDE_ip);
	ck_assert(sonde_find(&p, vxlan));
	sonde_judge(&p, SONDE_JUDGE_SUMS | SONDE_JUDGE_STRICT, &v);
	sonde_draft_init(&copy, again, sizeof again);
	ck_assert_int_eq(sonde_draft_copy(&copy, &p, &v), (int)len);
	ck_assert_mem_eq(again, buf, len);
}
END_TEST

START_TEST(every_header_can_stand_at_the_very_end)
{
	for (unsigned shape = 1; shape < SONDE_PROTOCOLS; shape++) {
		uint32_t len = sonde_shapes[shape].bytes;
		uint8_t *x = calloc(1, len ? len : 1); /* exact, for ASan */

		for (unsigned fill = 0; fill < 256; fill++) {
			memset(x, (int)fill, len);
			sonde_decode(&p, x, len, len, shape);
			sonde_judge(&p, SONDE_JUDGE_SUMS | SONDE_JUDGE_STRICT, &v);
			for (unsigned i = 0; i < p.n; i++)
				ck_assert_uint_le(p.layer[i].at + p.layer[i].head, len);
		}
		free(x);
	}
}
END_TEST

START_TEST(sums_are_those_of_the_rfc)
{
	static const uint8_t x[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };

	ck_assert(sonde_sum_end(sonde_sum(x, 8)) == (uint16_t)~0xddf2);
	ck_assert(sonde_sum_end(sonde_sum(x, 5)) == (uint16_t)~0xe605);
}
END_TEST

START_TEST(what_the_link_padded_is_no_payload)
{
	uint32_t len;

	begin();
	sonde_draft_push(&d, SONDE_eth);
	ip(1, 2);
	sonde_draft_push(&d, SONDE_udp);
	len = finish(SONDE_eth);
	read_back(60, 60, SONDE_eth);
	ck_assert(p.n == 3 && p.layer[0].end == 60 && p.layer[1].end == len &&
		  p.layer[2].end == len);
	ck_assert(v.wrong[1] == 0 && v.wrong[2] == 0);
}
END_TEST

Suite *packet_suite(void)
{
	Suite *s = suite_create("packet");
	TCase *c = tcase_create("packet");

	tcase_add_test(c, a_made_syn_is_the_captured_one);
	tcase_add_test(c, a_pinned_lie_is_sent_and_seen);
	tcase_add_test(c, a_udp_sum_of_nothing_is_sent_as_ones_and_a_tcp_one_as_it_is);
	tcase_add_test(c, extension_headers_lead_to_the_checksum);
	tcase_add_test(c, the_middle_of_a_datagram_has_no_ports);
	tcase_add_test(c, an_error_quotes_a_packet_that_is_not_judged);
	tcase_add_test(c, eight_bytes_of_a_quoted_segment_still_have_its_ports);
	tcase_add_test(c, tags_nest);
	tcase_add_test(c, blocks_count_in_their_option);
	tcase_add_test(c, a_header_longer_than_the_packet_is_malformed);
	tcase_add_test(c, every_cut_is_called_truncated);
	tcase_add_test(c, another_port_that_leads_there_stays);
	tcase_add_test(c, every_header_can_stand_at_the_very_end);
	tcase_add_test(c, sums_are_those_of_the_rfc);
	tcase_add_test(c, what_the_link_padded_is_no_payload);
	suite_add_tcase(s, c);
	return s;
}
