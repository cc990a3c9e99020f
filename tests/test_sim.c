#include <check.h>
#include <netinet/in.h>

#include "packet/derive.h"
#include "packet/sum.h"
#include "tests/sim_asked.h"

Suite *sim_suite(void);

#define THREE "hop 1 delay=1ms\nhop 2 delay=500us\nhop 3 tcp-open=80,443 udp-echo=7"

START_TEST(who_has_the_sim_s_own_address_is_told_by_arp)
{
	begin(THREE);
	for (unsigned own = 0; own < 2; own++) {
		sonde_draft_init(&d, buf, sizeof buf);
		sonde_draft_push(&d, SONDE_eth);
		sonde_set(&d, eth, src, asker);
		sonde_set(&d, eth, dst, ((const uint8_t[]){ 255, 255, 255, 255, 255, 255 }));
		sonde_draft_push(&d, SONDE_arp);
		sonde_draft_push(&d, SONDE_arp_ip);
		sonde_set(&d, arp_ip, sha, asker);
		sonde_set(&d, arp_ip, spa, 0x0a000101);
		sonde_set(&d, arp_ip, tpa, own ? 0x0a000102 : 0x0a000103);
		ck_assert_uint_eq(probe(), own);
	}
	ck_assert_right(0);
	ck_assert_uint_eq(sonde_arp_op(sonde_find(&answer[0].p, arp)), 2);
	ck_assert_uint_eq(sonde_arp_ip_spa(sonde_find(&answer[0].p, arp_ip)), 0x0a000102);
	ck_assert(!memcmp(sonde_arp_ip_sha(sonde_find(&answer[0].p, arp_ip)),
			  lab.link[0].end[1].mac, 6));
	ck_assert_uint_eq(answer[0].due, 1000);
}
END_TEST

static unsigned solicit(const uint8_t *src, unsigned hlim)
{
	sonde_draft_init(&d, buf, sizeof buf);
	sonde_draft_push(&d, SONDE_eth);
	sonde_set(&d, eth, src, asker);
	sonde_set(&d, eth, dst, ((const uint8_t[]){ 0x33, 0x33, 0xff, 0, 0, 2 }));
	sonde_draft_push(&d, SONDE_ipv6);
	sonde_set(&d, ipv6, src, src);
	sonde_set(&d, ipv6, dst, ((const uint8_t[16]){ 0xff, 2, [11] = 1, 0xff, 0, 0, 2 }));
	sonde_set(&d, ipv6, hlim, (uint8_t)hlim);
	sonde_draft_push(&d, SONDE_icmpv6);
	sonde_draft_push(&d, SONDE_nd_ns);
	sonde_set(&d, nd_ns, target, lab.link[0].end[1].v6.ip);
	return probe();
}

START_TEST(who_has_it_is_told_by_neighbour_discovery)
{
	const struct sonde_nd_na *na;

	begin(THREE);
	ck_assert_uint_eq(solicit(lab.link[0].end[0].v6.ip, 64), 0); /* RFC 4861 section 7.1.1 */
	ck_assert_uint_eq(solicit(lab.link[0].end[0].v6.ip, 255), 1);
	ck_assert_right(0);
	na = sonde_find(&answer[0].p, nd_na);
	ck_assert(na && sonde_nd_na_s(na) && sonde_nd_na_o(na) && sonde_nd_na_r(na));
	ck_assert(!memcmp(sonde_nd_na_target(na), lab.link[0].end[1].v6.ip, 16));
	ck_assert(!memcmp(answer[0].byte + answer[0].len - 6, lab.link[0].end[1].mac, 6));
	ck_assert_uint_eq(solicit((const uint8_t[16]){ 0 }, 255), 1); /* is it taken? */
	na = sonde_find(&answer[0].p, nd_na);
	ck_assert(!sonde_nd_na_s(na));
	ck_assert_uint_eq(answer[0].t.dst.ip[0], 0xff);
}
END_TEST

START_TEST(each_hop_answers_when_the_time_to_live_runs_out_there)
{
	begin(THREE);
	ck_assert_uint_eq(trace(false, 1), 1);
	ck_assert_str_eq(from(0), "10.0.1.2");
	ck_assert_uint_eq(answer[0].t.type, 11);
	ck_assert_uint_eq(answer[0].due, 1000 + 2 * SONDE_MILLISECOND);
	ck_assert_right(0);
	ck_assert_uint_eq(sonde_ip_ttl(sonde_find(&answer[0].p, ip)), 255);
	ck_assert_uint_eq(trace(false, 2), 1);
	ck_assert_str_eq(from(0), "10.128.0.2");
	ck_assert_uint_eq(answer[0].due, 1000 + 3 * SONDE_MILLISECOND);
	ck_assert_uint_eq(sonde_ip_ttl(sonde_find(&answer[0].p, ip)), 254);
	ck_assert_uint_eq(trace(true, 2), 1);
	ck_assert_str_eq(from(0), "fd00:1::2");
	ck_assert_uint_eq(answer[0].t.type, 3);
	ck_assert_right(0);
	ck_assert_uint_eq(trace(false, 3), 1);
	ck_assert_str_eq(from(0), "10.128.0.99"); /* the last has every address */
	ck_assert_uint_eq(answer[0].t.type, 3);
	ck_assert_uint_eq(answer[0].t.code, 3);
	ck_assert_uint_eq(sonde_ip_ttl(sonde_find(&answer[0].p, ip)), 62);
	ck_assert_uint_eq(trace(true, 64), 1);
	ck_assert_uint_eq(answer[0].t.type, 1);
	ck_assert_uint_eq(answer[0].t.code, 4);
	ck_assert_right(0);
}
END_TEST

START_TEST(an_error_quotes_the_packet_as_the_hop_saw_it)
{
	const struct sonde_layer *l;
	struct sonde_tuple q;

	begin(THREE);
	trace(false, 2);
	ck_assert(sonde_packet_quoted(&answer[0].p, &q));
	ck_assert_uint_eq(q.dst.port, 33434);
	ck_assert_uint_eq(q.src.port, 40000);
	ck_assert_uint_eq(q.src.ip[3], 1);
	l = &answer[0].p.layer[4];
	ck_assert_uint_eq(l->shape, SONDE_ip);
	ck_assert_uint_eq(answer[0].byte[l->at + 8], 1); /* time to live */
	ck_assert_uint_eq(sonde_sum_end(sonde_sum(answer[0].byte + l->at, 20)), 0);
	ck_assert_uint_eq(answer[0].len, 14 + 20 + 8 + 48);
	to(false, 99, 1);
	udp(33434, 1200);
	probe();
	ck_assert_uint_eq(answer[0].len, 14 + 576);
	to(true, 99, 1);
	udp(33434, 1400);
	probe();
	ck_assert_uint_eq(answer[0].len, 14 + 1280);
	ck_assert_right(0);
}
END_TEST

START_TEST(labels_and_interfaces_come_in_extensions)
{
	/* Version, sum; 12 bytes of class 1, two labels: RFC 4950 section 3. */
	static const uint8_t mpls[] = { 0x20, 0,    0,	  0,	0,    12,   1,	  1,
					0x05, 0xdc, 0x10, 0x01, 0x03, 0xe8, 0x41, 0x01 };
	/* An index, an address, a name padded to 8 bytes, an MTU: RFC 5837 section 4. */
	static const uint8_t interface[] = {
		0, 32, 2, 0x0f, 0,   0,	  0,   7, 0, 1, 0, 0, 10, 128,
		0, 3,  8, 'x',	'e', '-', '0', 0, 0, 0, 0, 0, 5,  0xdc
	};
	const uint8_t *end;

	begin("hop 1\nhop 2 mpls=24001,16004\n"
	      "hop 3 if-index=7 if-addr if-name=xe-0 if-mtu=1500\nhop 4");
	for (unsigned v6 = 0; v6 < 2; v6++) {
		ck_assert_uint_eq(trace(v6, 2), 1);
		ck_assert_right(0);
		ck_assert_uint_eq(answer[0].len, 14 + (v6 ? 40 : 20) + 8 + 128 + 16);
		end = answer[0].byte + answer[0].len - 16;
		ck_assert(!memcmp(end, mpls, 2) && !memcmp(end + 4, mpls + 4, 12));
		ck_assert_uint_eq(sonde_sum_end(sonde_sum(end, 16)), 0);
		ck_assert_uint_eq(answer[0].byte[14 + (v6 ? 40 + 4 : 20 + 5)], 128 / (v6 ? 8 : 4));
	}
	ck_assert_uint_eq(trace(false, 3), 1);
	ck_assert_right(0);
	end = answer[0].byte + answer[0].len - sizeof interface;
	ck_assert_mem_eq(end + 2, interface + 2, 14);
	ck_assert_uint_eq(answer[0].byte[answer[0].len - 1], 0xdc);
}
END_TEST

START_TEST(a_short_quote_has_eight_bytes_behind_its_header)
{
	struct sonde_tuple q;

	begin("hop 1 quote=8 quote-ttl=9 quote-src=203.0.113.9\nhop 2");
	trace(false, 1);
	ck_assert_uint_eq(answer[0].len, 14 + 20 + 8 + 28);
	ck_assert(sonde_packet_quoted(&answer[0].p, &q));
	ck_assert_uint_eq(q.src.ip[0], 203);
	ck_assert_uint_eq(q.dst.port, 33434);
	ck_assert_uint_eq(answer[0].byte[14 + 28 + 8], 9);
	ck_assert_uint_eq(sonde_sum_end(sonde_sum(answer[0].byte + 14 + 28, 20)), 0);
	trace(true, 1);
	ck_assert_uint_eq(answer[0].len, 14 + 40 + 8 + 48);
}
END_TEST

START_TEST(wrong_sums_forgeries_and_duplicates_are_sent_when_asked_for)
{
	struct sonde_tuple q;

	begin("hop 1 bad-sum\nhop 2 dup=3\nhop 3 spoof=203.0.113.66,2001:db8::66\nhop 4");
	for (unsigned v6 = 0; v6 < 2; v6++) {
		ck_assert_uint_eq(trace(v6, 1), 1);
		if (v6)
			ck_assert(sonde_is_wrong(&answer[0].v, 2, icmpv6, checksum));
		else
			ck_assert(sonde_is_wrong(&answer[0].v, 2, icmp, checksum));
		ck_assert_uint_eq(trace(v6, 2), 3);
		ck_assert_right(2);
		ck_assert_uint_eq(trace(v6, 3), 2);
		ck_assert_str_eq(from(0), v6 ? "2001:db8::66" : "203.0.113.66");
		ck_assert_right(0);
		ck_assert(sonde_packet_quoted(&answer[0].p, &q));
		ck_assert_uint_ne(q.src.port, 40000);
		ck_assert_str_eq(from(1), v6 ? "fd00:1::3" : "10.128.0.3");
		ck_assert(sonde_packet_quoted(&answer[1].p, &q));
		ck_assert_uint_eq(q.src.port, 40000);
	}
}
END_TEST

START_TEST(silent_hops_loops_and_refusals)
{
	begin("hop 1\nhop 2 silent\nhop 3\nloop 2 3");
	ck_assert_uint_eq(trace(false, 2), 0);
	for (unsigned ttl = 3; ttl < 12; ttl += 2) {
		ck_assert_uint_eq(trace(false, ttl), 1);
		ck_assert_str_eq(from(0), "10.128.0.3");
		ck_assert_uint_eq(answer[0].t.type, 11);
		ck_assert_uint_eq(trace(false, ttl + 1), 0);
	}
	begin("hop 1\nhop 2 refuse=admin\nhop 3");
	trace(false, 2);
	ck_assert_uint_eq(answer[0].t.type, 11);
	trace(false, 3);
	ck_assert_str_eq(from(0), "10.128.0.2");
	ck_assert_uint_eq(answer[0].t.type, 3);
	ck_assert_uint_eq(answer[0].t.code, 13);
	trace(true, 30);
	ck_assert_uint_eq(answer[0].t.type, 1);
	ck_assert_uint_eq(answer[0].t.code, 1);
	begin("hop 1\nhop 2 refuse=drop\nhop 3");
	ck_assert_uint_eq(trace(false, 2), 1);
	ck_assert_uint_eq(trace(false, 3), 0);
	begin("hop 1 refuse=net\nhop 2");
	trace(false, 2);
	ck_assert_uint_eq(answer[0].t.code, 0);
	begin("hop 1 refuse=host\nhop 2");
	trace(true, 2);
	ck_assert_uint_eq(answer[0].t.code, 3);
}
END_TEST

START_TEST(what_is_too_big_is_told_the_mtu)
{
	begin("hop 1\nhop 2 mtu=1400 mpls=5\nhop 3");
	for (unsigned df = 0; df < 2; df++) {
		to(false, 99, 64);
		sonde_set(&d, ip, df, df);
		udp(33434, 1400);
		ck_assert_uint_eq(probe(), 1);
		ck_assert_uint_eq(answer[0].t.code, df ? 4 : 3); /* else it gets there */
	}
	to(false, 99, 64);
	sonde_set(&d, ip, df, 1);
	udp(33434, 1400);
	probe();
	ck_assert_right(0);
	ck_assert_uint_eq(sonde_icmp_unreach_mtu(sonde_find(&answer[0].p, icmp_unreach)), 1400);
	to(true, 99, 64);
	udp(33434, 1400);
	probe();
	ck_assert_uint_eq(answer[0].t.type, 2);
	ck_assert_uint_eq(sonde_icmpv6_toobig_mtu(sonde_find(&answer[0].p, icmpv6_toobig)), 1400);
	ck_assert_right(0);
	to(true, 99, 64);
	udp(33434, 1400 - 48);
	probe();
	ck_assert_uint_eq(answer[0].t.type, 1);
}
END_TEST

START_TEST(a_flow_keeps_its_way_and_packets_take_turns)
{
	unsigned seen[4] = { 0 };

	begin("hop 1\nhop 2 addr=10.9.0.0,10.9.0.1,10.9.0.2,10.9.0.3,fd09::1\nhop 3");
	for (unsigned port = 0; port < 64; port++)
		for (unsigned again = 0; again < 3; again++) {
			static unsigned before;

			to(false, 99, 2);
			udp(33434 + port, 8);
			ck_assert_uint_eq(probe(), 1);
			ck_assert(!again || answer[0].t.src.ip[3] == before);
			before = answer[0].t.src.ip[3];
			seen[before]++;
		}
	for (unsigned i = 0; i < 4; i++)
		ck_assert_msg(seen[i] >= 3 * 6, "%u: %u", i, seen[i]);
	trace(true, 2);
	ck_assert_str_eq(from(0), "fd09::1");
	begin("hop 1\nhop 2 addr=10.9.0.0,10.9.0.1,10.9.0.2,10.9.0.3 balance=packet\nhop 3");
	memset(seen, 0, sizeof seen);
	for (unsigned i = 0; i < 8; i++) {
		trace(false, 2);
		seen[answer[0].t.src.ip[3]]++;
	}
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_eq(seen[i], 2);
}
END_TEST

START_TEST(the_last_hop_answers_echo_as_a_host_does)
{
	begin(THREE);
	for (unsigned v6 = 0; v6 < 2; v6++)
		for (unsigned k = 0; k < 4; k++) { /* every hop, by its own address, is one too */
			to(v6, k, 64);
			echo(v6, 300 + k);
			ck_assert_uint_eq(probe(), 1);
			ck_assert_right(0);
			ck_assert_uint_eq(answer[0].t.type, v6 ? 129 : 0);
			ck_assert_uint_eq(answer[0].t.id, 77);
			ck_assert_uint_eq(answer[0].t.body.len, 4 + 7);
			ck_assert_mem_eq(answer[0].t.body.at + 4, "payload", 7);
		}
	to(false, 99, 2);
	echo(false, 1);
	probe();
	ck_assert_uint_eq(answer[0].t.type, 11);
	to(false, 2, 2); /* it gets there, but not further */
	echo(false, 1);
	probe();
	ck_assert_uint_eq(answer[0].t.type, 0);
	ck_assert_str_eq(from(0), "10.128.0.2");
}
END_TEST

static unsigned segment(unsigned port, unsigned flags, unsigned body)
{
	to(false, 99, 64);
	sonde_draft_push(&d, SONDE_tcp);
	sonde_set(&d, tcp, sport, 40000);
	sonde_set(&d, tcp, dport, (uint16_t)port);
	sonde_set(&d, tcp, seq, 1000);
	sonde_set(&d, tcp, ackseq, 2000);
	sonde_set(&d, tcp, flags, (uint16_t)flags);
	sonde_draft_append(&d, "0123456789", body);
	return probe();
}

START_TEST(ports_are_open_or_reset_as_rfc_9293_has_it)
{
	begin(THREE);
	ck_assert_uint_eq(segment(443, SONDE_TCP_SYN, 0), 1);
	ck_assert_right(0);
	ck_assert_uint_eq(answer[0].t.flags, SONDE_TCP_SYN | SONDE_TCP_ACK);
	ck_assert_uint_eq(answer[0].t.ack, 1001);
	ck_assert_uint_eq(answer[0].t.src.port, 443);
	ck_assert_uint_eq(segment(81, SONDE_TCP_SYN, 0), 1);
	ck_assert_right(0);
	ck_assert_uint_eq(answer[0].t.flags, SONDE_TCP_RST | SONDE_TCP_ACK);
	ck_assert_uint_eq(answer[0].t.ack, 1001);
	ck_assert_uint_eq(segment(81, SONDE_TCP_FIN, 5), 1);
	ck_assert_uint_eq(answer[0].t.ack, 1006);
	ck_assert_uint_eq(segment(81, SONDE_TCP_ACK, 5), 1);
	ck_assert_uint_eq(answer[0].t.flags, SONDE_TCP_RST);
	ck_assert_uint_eq(answer[0].t.seq, 2000);
	ck_assert_uint_eq(segment(81, SONDE_TCP_RST, 0), 0);
	ck_assert_uint_eq(segment(80, SONDE_TCP_ACK, 0), 0);
	to(true, 99, 64);
	udp(7, 33);
	ck_assert_uint_eq(probe(), 1);
	ck_assert_right(0);
	ck_assert_uint_eq(answer[0].t.protocol, IPPROTO_UDP);
	ck_assert_uint_eq(answer[0].t.src.port, 7);
	ck_assert_uint_eq(answer[0].t.body.len, 33);
	to(false, 99, 64);
	sonde_set(&d, ip, proto, 89);
	ck_assert_uint_eq(probe(), 1);
	ck_assert_uint_eq(answer[0].t.code, 2);
	to(true, 99, 64);
	sonde_set(&d, ipv6, nxt, 89);
	ck_assert_uint_eq(probe(), 1);
	ck_assert_uint_eq(answer[0].t.type, 4);
	ck_assert_uint_eq(sonde_icmpv6_param_pointer(sonde_find(&answer[0].p, icmpv6_param)), 6);
}
END_TEST

START_TEST(what_no_node_would_answer_is_not_answered)
{
	static const uint8_t other[6] = { 2, 9, 9, 9, 9, 9 };
	uint8_t before;

	begin(THREE);
	to(false, 99, 1); /* for another */
	d.pinned[0] = 0;
	((struct sonde_eth *)buf)->byte[5] = 99;
	udp(1, 8);
	ck_assert_uint_eq(probe(), 0);
	to(false, 99, 0);
	udp(1, 8);
	ck_assert_uint_eq(probe(), 0);
	to(false, 99, 1); /* a wrong sum */
	sonde_set(&d, ip, checksum, 0xdead);
	udp(1, 8);
	ck_assert_uint_eq(probe(), 0);
	to(false, 99, 64);
	udp(1, 8);
	sonde_set(&d, udp, checksum, 0xdead);
	ck_assert_uint_eq(probe(), 0);
	to(false, 99, 1); /* an error about an error */
	sonde_draft_push(&d, SONDE_icmp);
	sonde_draft_push(&d, SONDE_icmp_error);
	sonde_draft_push(&d, SONDE_ip);
	sonde_draft_push(&d, SONDE_udp);
	ck_assert_uint_eq(probe(), 0);
	to(false, 99, 1); /* not the first fragment */
	sonde_set(&d, ip, offset, 100);
	sonde_draft_append(&d, "12345678", 8);
	ck_assert_uint_eq(probe(), 0);
	to(false, 99, 64); /* a part of a datagram, at its end */
	sonde_set(&d, ip, mf, 1);
	udp(1, 8);
	ck_assert_uint_eq(probe(), 0);
	to(false, 99, 1); /* cut short */
	udp(1, 8);
	ck_assert_int_gt(sonde_draft_encode(&d), 0);
	ck_assert_uint_eq(send_raw(buf, d.p.len - 1), 0);
	ck_assert_uint_eq(send_raw(buf, d.p.len), 1);
	before = buf[26];
	buf[26] = 224; /* from a group */
	sonde_fill(&d.p, buf, d.pinned);
	ck_assert_uint_eq(send_raw(buf, d.p.len), 0);
	buf[26] = before;
	ck_assert_uint_eq(send_raw(buf, 13), 0);
	memcpy(buf, other, 6);
	ck_assert_uint_eq(send_raw(buf, d.p.len), 0);
}
END_TEST

START_TEST(answers_are_lost_as_often_as_it_says)
{
	unsigned got = 0;

	begin("hop 1 loss=30%\nhop 2");
	for (unsigned i = 0; i < 10000; i++)
		got += trace(false, 1);
	ck_assert_msg(got > 7000 - 184 && got < 7000 + 184, "%u", got); /* 4 sigma */
}
END_TEST

START_TEST(a_profile_without_hops_is_a_host)
{
	begin("");
	to(false, 0, 1);
	echo(false, 1);
	ck_assert_uint_eq(probe(), 1);
	ck_assert_uint_eq(answer[0].t.type, 0);
	ck_assert_uint_eq(sonde_sim_reaches(lab.node[1].sim, 9), 0);
}
END_TEST

Suite *sim_suite(void)
{
	Suite *s = suite_create("sim");
	TCase *t = tcase_create("sim");

	tcase_add_test(t, who_has_the_sim_s_own_address_is_told_by_arp);
	tcase_add_test(t, who_has_it_is_told_by_neighbour_discovery);
	tcase_add_test(t, each_hop_answers_when_the_time_to_live_runs_out_there);
	tcase_add_test(t, an_error_quotes_the_packet_as_the_hop_saw_it);
	tcase_add_test(t, labels_and_interfaces_come_in_extensions);
	tcase_add_test(t, a_short_quote_has_eight_bytes_behind_its_header);
	tcase_add_test(t, wrong_sums_forgeries_and_duplicates_are_sent_when_asked_for);
	tcase_add_test(t, silent_hops_loops_and_refusals);
	tcase_add_test(t, what_is_too_big_is_told_the_mtu);
	tcase_add_test(t, a_flow_keeps_its_way_and_packets_take_turns);
	tcase_add_test(t, the_last_hop_answers_echo_as_a_host_does);
	tcase_add_test(t, ports_are_open_or_reset_as_rfc_9293_has_it);
	tcase_add_test(t, what_no_node_would_answer_is_not_answered);
	tcase_add_test(t, answers_are_lost_as_often_as_it_says);
	tcase_add_test(t, a_profile_without_hops_is_a_host);
	suite_add_tcase(s, t);
	return s;
}
