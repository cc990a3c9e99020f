/* What lies below the application, with literal bytes: tunnels, labels, groups, lengths that lie
 * and sums that a device fills in. */
#include <check.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "packet/draft.h"
#include "packet/summary.h"

Suite *below_suite(void);

static struct sonde_packet p;
static struct sonde_verdict v;

#define IP(len, proto)                                                                             \
	0x45, 0, (len) >> 8, (len)&255, 0, 0, 0, 0, 64, proto, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2
#define MAC(n) 2, 0, 0, 0, 0, n

static void layers_are(const uint8_t *at, uint32_t len, unsigned link, const char *text)
{
	char got[400] = "";

	sonde_decode_link(&p, at, len, len, link);
	sonde_judge(&p, SONDE_JUDGE_SUMS, &v);
	for (unsigned d = 0; d < p.n; d++) {
		strcat(got, d ? " " : "");
		strcat(got, sonde_shapes[p.layer[d].shape].name);
	}
	ck_assert_str_eq(got, text);
}

START_TEST(a_length_below_1536_is_no_type)
{
	static const uint8_t cdp[] = { MAC(1), MAC(2), 0,   12, 0xaa, 0xaa, 3, 0, 0, 12, 0x20,
				       0,      2,      180, 0,	0,    9,    9, 9, 9, 9,	 9 };
	static const uint8_t stp[] = { MAC(1), MAC(2), 0, 7, 0x42, 0x42, 3, 0, 0, 0, 0x80, 0, 0 };

	layers_are(cdp, sizeof cdp, 1, "eth llc snap cdp");
	ck_assert_uint_eq(p.layer[1].end, 26); /* the rest is padding */
	ck_assert_uint_eq(v.wrong[0], 0);
	layers_are(stp, sizeof stp, 1, "eth llc stp");
	sonde_decode_link(&p, cdp, 20, 20, 1); /* it says 12 and there are 6 */
	sonde_judge(&p, 0, &v);
	ck_assert(sonde_is_wrong(&v, 0, eth, type));
}
END_TEST

START_TEST(words_of_gre_exist_by_flag)
{
	uint8_t x[] = { IP(48, 47), 0xb0, 0,	0x08, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 7, 0, 0,
			0,	    9,	  0x45, 0,    0, 12,   1,    2, 3, 4, 5, 6, 7, 8 };
	struct sonde_draft d;
	uint8_t again[100];

	layers_are(x, sizeof x, 101, "ip gre");
	ck_assert_uint_eq(p.stop, SONDE_STOP_MALFORMED); /* of what is inside */
	ck_assert_uint_eq(p.layer[1].head, 16);
	ck_assert(v.wrong[1] >> (SONDE_ROW_gre_sum_checksum - SONDE_ROWS_gre) & 1);
	sonde_draft_init(&d, again, sizeof again);
	ck_assert_int_eq(sonde_draft_copy(&d, &p, NULL), sizeof x); /* with the right sum */
	layers_are(again, sizeof x, 101, "ip gre");
	ck_assert_uint_eq(v.wrong[1], 0);
	x[20] = 0x20;
	x[21] = 0x81; /* version 1: key and acknowledgement */
	layers_are(x, sizeof x, 101, "ip gre1");
	ck_assert_uint_eq(p.layer[1].head, 12);
	x[21] = 2;
	layers_are(x, sizeof x, 101, "ip");
	ck_assert_uint_eq(p.stop, SONDE_STOP_UNKNOWN);
}
END_TEST

START_TEST(a_made_key_raises_its_flag)
{
	uint8_t x[64];
	struct sonde_draft d;

	sonde_draft_init(&d, x, sizeof x);
	sonde_draft_push(&d, SONDE_gre);
	sonde_draft_option(&d, SONDE_gre_key);
	sonde_draft_push(&d, SONDE_ip);
	ck_assert_int_eq(sonde_draft_encode(&d), 28);
	ck_assert(x[0] == 0x20 && x[1] == 0 && x[2] == 8 && x[3] == 0);
}
END_TEST

START_TEST(what_labels_lead_to_is_told_by_four_bits)
{
	uint8_t x[] = { MAC(1), MAC(2), 0x88, 0x47, 0, 1, 0, 9, 0, 2, 1, 9, IP(20, 59) };

	layers_are(x, sizeof x, 1, "eth mpls mpls ip");
	x[22] = 0x00;
	layers_are(x, sizeof x, 1, "eth mpls mpls");
	ck_assert_uint_eq(p.stop, SONDE_STOP_UNKNOWN);
}
END_TEST

START_TEST(ports_lead_to_tunnels_where_there_is_room)
{
	static const uint8_t vxlan[] = { IP(50, 17), 9, 9, 0x12,   0xb5,   0,	 30,
					 0,	     0, 8, 0,	   0,	   0,	 0,
					 0,	     5, 0, MAC(1), MAC(2), 0x88, 0xcc };
	static const uint8_t small[] = { IP(32, 17), 9, 9, 0x12, 0xb5, 0, 12, 0, 0, 8, 0, 0, 0 };
	static const uint8_t geneve[] = { IP(56, 17), 0x17, 0xc1, 9, 9,	 0,  36, 0, 0, 2,
					  0x40,	      0x65, 0x58, 0, 0,	 5,  0,	 0, 0, 0x80,
					  1,	      1,    2,	  3, 4,	 1,  2,	 3, 4, 5,
					  6,	      7,    8,	  9, 10, 11, 12 };

	layers_are(vxlan, sizeof vxlan, 101, "ip udp vxlan eth");
	layers_are(small, sizeof small, 101, "ip udp");
	ck_assert_uint_eq(p.stop, SONDE_STOP_END);
	layers_are(geneve, sizeof geneve, 101, "ip udp geneve");
	ck_assert_uint_eq(p.layer[2].head, 16);
	ck_assert_uint_eq(sonde_geneve_vni(sonde_find(&p, geneve)), 5);
}
END_TEST

START_TEST(ppp_is_known_in_all_its_frames)
{
	static const uint8_t hdlc[] = { 0xff, 3, 0, 0x21, IP(20, 59) };
	static const uint8_t plain[] = { 0, 0x21, IP(20, 59) };
	static const uint8_t brief[] = { 0x21, IP(20, 59) };
	static const uint8_t lcp[] = { MAC(1), MAC(2), 0x88, 0x64, 0x11, 0, 0, 7, 0, 10, 0xc0,
				       0x21,   9,      1,    0,	   8,	 1, 2, 3, 4, 0,	 0 };
	static const uint8_t padi[] = { MAC(1), MAC(2), 0x88, 0x63, 0x11, 9, 0, 0, 0, 12, 1, 1,
					0,	0,	1,    3,    0,	  4, 7, 7, 7, 7,  0, 0 };

	layers_are(hdlc, sizeof hdlc, 9, "ppp_hdlc ppp ip");
	layers_are(plain, sizeof plain, 9, "ppp ip");
	layers_are(brief, sizeof brief, 9, "ppp_short ip");
	layers_are(lcp, sizeof lcp, 1, "eth pppoe ppp ppp_cp");
	ck_assert(p.layer[1].end == sizeof lcp - 2 && p.layer[3].end == sizeof lcp - 2);
	ck_assert(!(v.wrong[1] | v.wrong[3]));
	layers_are(padi, sizeof padi, 1, "eth pppoed");
	ck_assert(p.layer[1].head == 18 && p.layer[1].end == sizeof padi - 2 && !v.wrong[1]);
}
END_TEST

START_TEST(a_query_of_version_3_is_one_with_more_behind_it)
{
	static const uint8_t two[] = { IP(28, 2), 0x11, 10, 0, 0, 224, 0, 0, 5 };
	static const uint8_t three[] = { IP(36, 2), 0x11, 10, 0, 0,  224, 0, 0, 5,
					 2,	    125,  0,  1, 10, 0,	  0, 9 };
	static const uint8_t report[] = { IP(40, 2), 0x22, 0,	0, 0, 0, 0,  0, 1, 4, 0,
					  0,	     1,	   224, 0, 0, 5, 10, 0, 0, 9 };

	layers_are(two, sizeof two, 101, "ip igmp igmp_query");
	layers_are(three, sizeof three, 101, "ip igmp igmp_query igmp_query3");
	ck_assert(p.layer[3].head == 8 && !v.wrong[3]);
	ck_assert(sonde_is_wrong(&v, 1, igmp, checksum));
	layers_are(report, sizeof report, 101, "ip igmp igmp_report3");
	ck_assert_uint_eq(p.layer[2].head, 16);
}
END_TEST

/* An error that quotes 128 bytes, then an extension of a label; length in 4-byte words, or 0. */
static uint32_t make_error(uint8_t x[200], uint8_t words)
{
	static const uint8_t ext[] = { 0x20, 0, 0, 0, 0, 8, 1, 1, 0, 1, 0x01, 9 };
	static const uint8_t ip[] = { IP(20 + 8 + 128 + 12, 1) }, quoted[] = { IP(600, 17) };

	memset(x, 0, 200);
	memcpy(x, ip, 20);
	x[20] = 11;
	x[25] = words;
	memcpy(x + 28, quoted, 20);
	memcpy(x + 156, ext, sizeof ext);
	return 168;
}

START_TEST(an_extension_follows_the_quote)
{
	uint8_t x[200];
	uint32_t len = make_error(x, 32);

	layers_are(x, len, 101, "ip icmp icmp_error ip udp icmp_ext");
	ck_assert_uint_eq(p.stop, SONDE_STOP_END);
	ck_assert(p.layer[5].at == 156 && p.layer[5].end == 168 && p.layer[4].end <= 156);
	ck_assert(p.layer[4].part == SONDE_PART_QUOTED && p.layer[5].part == 0);
	ck_assert(!v.wrong[2] && !v.wrong[5]); /* a sum of 0 is none */
	x[159] = 1;
	layers_are(x, len, 101, "ip icmp icmp_error ip udp icmp_ext");
	ck_assert(sonde_is_wrong(&v, 5, icmp_ext, checksum));
	len = make_error(x, 33); /* there is nothing of version 2 */
	layers_are(x, len, 101, "ip icmp icmp_error ip udp");
	ck_assert(sonde_is_wrong(&v, 2, icmp_error, length));
}
END_TEST

START_TEST(an_extension_at_128_needs_a_right_sum)
{
	uint8_t x[200];
	uint32_t len = make_error(x, 0);

	layers_are(x, len, 101, "ip icmp icmp_error ip udp");
	x[158] = 0xdd;
	x[159] = 0xec; /* 0x2000 + 0x0008 + 0x0101 + 0x0001 + 0x0109, and that makes ones */
	layers_are(x, len, 101, "ip icmp icmp_error ip udp icmp_ext");
	ck_assert(!v.wrong[2] && !v.wrong[5]);
}
END_TEST

START_TEST(a_sum_may_cover_a_part)
{
	uint8_t x[] = { IP(32, 136), 0, 9, 0, 9, 0, 8, 0, 0, 1, 2, 3, 4 };
	uint32_t sum = 0x0a00 + 1 + 0x0a00 + 2 + 136 + 12 + 9 + 9 + 8;

	x[26] = (uint8_t)((uint16_t)~sum >> 8);
	x[27] = (uint8_t)~sum;
	layers_are(x, sizeof x, 101, "ip udplite");
	ck_assert_uint_eq(v.wrong[1], 0);
	x[30] ^= 1; /* beyond what is covered */
	layers_are(x, sizeof x, 101, "ip udplite");
	ck_assert_uint_eq(v.wrong[1], 0);
	x[25] = 7; /* less than the header */
	layers_are(x, sizeof x, 101, "ip udplite");
	ck_assert(sonde_is_wrong(&v, 1, udplite, coverage));
}
END_TEST

START_TEST(what_the_device_fills_in_is_not_wrong)
{
	uint8_t x[] = { IP(44, 6), 4,  210, 0, 80, 0, 0, 0, 1,	 0,   0,   0,  2,
			0x50,	   24, 1,   0, 0,  0, 0, 0, 'a', 'b', 'c', 'd' };
	uint16_t partial = 0x0a00 + 1 + 0x0a00 + 2 + 6 + 24;

	x[36] = (uint8_t)(partial >> 8);
	x[37] = (uint8_t)partial;
	layers_are(x, sizeof x, 101, "ip tcp");
	ck_assert(!sonde_is_wrong(&v, 1, tcp, checksum) && v.later[1] && v.presumed[1]);
	p.told = SONDE_TOLD_NOT_READY;
	sonde_judge(&p, SONDE_JUDGE_SUMS, &v);
	ck_assert(v.later[1] && !v.presumed[1]);
	x[37] ^= 4; /* this is no partial sum, but the kernel says that the device will see to it */
	sonde_judge(&p, SONDE_JUDGE_SUMS, &v);
	ck_assert(v.later[1] && !v.presumed[1]);
	p.told = 0;
	sonde_judge(&p, SONDE_JUDGE_SUMS, &v);
	ck_assert(sonde_is_wrong(&v, 1, tcp, checksum) && !v.later[1]);
}
END_TEST

START_TEST(a_length_of_0_is_the_frames_where_segments_are_cut)
{
	static char line[SONDE_SUMMARY_MAX];
	uint8_t x[] = { IP(0, 6), 4,  210, 0, 80, 0, 0, 0, 1,	0,   0,	  0,  2,
			0x50,	  24, 1,   0, 0,  0, 0, 0, 'a', 'b', 'c', 'd' };

	layers_are(x, sizeof x, 101, "ip tcp");
	ck_assert_uint_eq(p.layer[1].end, sizeof x);
	ck_assert(!sonde_is_wrong(&v, 0, ip, len) && v.later[0] && v.presumed[0]);
	*sonde_summary(line, &p) = 0;
	ck_assert_str_eq(line,
			 "IP 10.0.0.1.1234 > 10.0.0.2.80: Flags [P.], seq 1:5, ack 2, win 256, "
			 "length 4 [was 0, presumed TSO]");
	p.told = SONDE_TOLD_SUPER;
	sonde_judge(&p, 0, &v);
	ck_assert(v.later[0] && !v.presumed[0]);
	x[9] = 1;
	layers_are(x, sizeof x, 101, "ip icmp icmp_error");
	ck_assert(sonde_is_wrong(&v, 0, ip, len));
}
END_TEST

START_TEST(no_next_header_ends_a_packet_of_length_0)
{
	static const uint8_t x[60] = { 0x60, [6] = 59, 64 };

	layers_are(x, sizeof x, 101, "ipv6");
	ck_assert(p.layer[0].end == 40 && !v.wrong[0] && p.stop == SONDE_STOP_END);
}
END_TEST

START_TEST(a_jumbo_option_says_where_the_packet_ends)
{
	static uint8_t x[70100] = { 0x60, [6] = 0, 64, [40] = 59, 0, 194, 4, 0, 1, 0x11, 0x70 };

	layers_are(x, sizeof x, 101, "ipv6 ipv6_hopopts");
	ck_assert_uint_eq(p.layer[0].end, 40 + 70000);
	ck_assert(!v.wrong[0] && !v.later[0]);
}
END_TEST

START_TEST(lines_say_what_tcpdump_says)
{
	int status = system("tests/corpus_lines.py"); /* says why where it skips */

	ck_assert(WIFEXITED(status));
	ck_assert(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77);
}
END_TEST

Suite *below_suite(void)
{
	Suite *s = suite_create("below");
	TCase *c = tcase_create("below");

	tcase_add_test(c, a_length_below_1536_is_no_type);
	tcase_add_test(c, words_of_gre_exist_by_flag);
	tcase_add_test(c, a_made_key_raises_its_flag);
	tcase_add_test(c, what_labels_lead_to_is_told_by_four_bits);
	tcase_add_test(c, ports_lead_to_tunnels_where_there_is_room);
	tcase_add_test(c, ppp_is_known_in_all_its_frames);
	tcase_add_test(c, a_query_of_version_3_is_one_with_more_behind_it);
	tcase_add_test(c, an_extension_follows_the_quote);
	tcase_add_test(c, an_extension_at_128_needs_a_right_sum);
	tcase_add_test(c, a_sum_may_cover_a_part);
	tcase_add_test(c, what_the_device_fills_in_is_not_wrong);
	tcase_add_test(c, a_length_of_0_is_the_frames_where_segments_are_cut);
	tcase_add_test(c, no_next_header_ends_a_packet_of_length_0);
	tcase_add_test(c, a_jumbo_option_says_where_the_packet_ends);
	suite_add_tcase(s, c);

	c = tcase_create("programs");
	tcase_set_tags(c, "programs"); /* mutants.sh leaves them out */
	tcase_set_timeout(c, 240);
	tcase_add_test(c, lines_say_what_tcpdump_says);
	suite_add_tcase(s, c);
	return s;
}
