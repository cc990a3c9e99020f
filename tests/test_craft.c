/* The crafting language, from words to bytes. What they ought to be was made by another maker of
 * packets, scapy, or by hand from the RFC that is named. */
#include <stdio.h>
#include <stdlib.h>

#include "flow/fragment.h"
#include "tests/craft_made.h"

Suite *craft_suite(void);

/* What a packet's bytes are in hex. */
static const char *hex_of(const uint8_t *at, uint32_t len)
{
	static char text[8192];

	ck_assert_uint_lt(2 * len, sizeof text);
	for (uint32_t i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", at[i]);
	text[2 * len] = 0;
	return text;
}

static void is(const char *spec, const char *hex)
{
	struct sonde_draft d = craft_made(spec);
	const char *got = hex_of(d.p.byte, d.p.len);

	ck_assert_msg(!strcmp(got, hex), "%s\nis       %s\nought to %s", spec, got, hex);
}

/* Another way to say the same. */
static void same(const char *a, const char *b)
{
	struct sonde_draft d = craft_made(a);
	char *first = strdup(hex_of(d.p.byte, d.p.len));

	is(b, first);
	free(first);
}

START_TEST(what_is_not_said_is_worked_out_as_others_do)
{
	/* clang-format off */
	static const struct { const char *spec, *hex; } made[] = {
	{ "ip(src=10.0.0.1, dst=10.0.0.2)/udp(sport=1000, dport=2000)/\"a\"",
	  "4500001d00000000401166ce0a0000010a00000203e807d000097f2161" },
	{ "eth(dst=02:00:00:00:00:01, src=02:00:00:00:00:02)/vlan(id=7, prio=5, dei)/arp(op=2)/arp_ip(sha=02:00:00:00:00:02, spa=10.0.0.1, tpa=10.0.0.2)",
	  "0200000000010200000000028100b007080600010800060400020200000000020a0000010000000000000a000002" },
	{ "ip(src=10.0.0.1, dst=10.0.0.2)/tcp(sport=1, dport=80, flags=S, mss=1460, sackok, wscale=7, ts(val=1, ecr=2))",
	  "4500003c00000000400666ba0a0000010a000002000100500000000000000000a002ffff28b60000020405b40402030307080a000000010000000200" },
	{ "ip(src=10.0.0.1, dst=10.0.0.2)/tcp(sport=1, dport=2, flags=A, nop, nop, sack(block(left=1, right=2), block(left=5, right=9)))",
	  "4500003c00000000400666ba0a0000010a000002000100020000000000000000a010ffff459700000101051200000001000000020000000500000009" },
	{ "ip(src=10.0.0.1, dst=10.0.0.2, ra, rr(hop=1.2.3.4, hop=0.0.0.0))/icmp/icmp_echo(id=1, seq=2)",
	  "4900002c000000004001bdbb0a0000010a00000294040000070b040102030400000000000800f7fc00010002" },
	{ "ip(src=10.0.0.1, dst=10.0.0.2, lsrr(ptr=8, hop=1.1.1.1))/icmp/icmp_echo",
	  "47000024000000004001d7cd0a0000010a00000283070801010101000800f7ff00000000" },
	{ "ipv6(src=fe80::1, dst=ff02::1, hlim=255)/icmpv6/nd_ns(target=fe80::2, source=02:00:00:00:00:01)",
	  "6000000000203afffe800000000000000000000000000001ff0200000000000000000000000000018700799a00000000fe8000000000000000000000000000020101020000000001" },
	{ "ipv6(src=fe80::1, dst=ff02::1, hlim=255)/icmpv6/nd_ra(hlim=64, m, lifetime=1800, mtu=1280, prefix(length=64, l, a, valid=7200, preferred=3600, prefix=2001:db8::))",
	  "6000000000383afffe800000000000000000000000000001ff02000000000000000000000000000186008ed04080070800000000000000000501000000000500030440c000001c2000000e100000000020010db8000000000000000000000000" },
	/* padded with Pad1 to 8 bytes, RFC 8200 section 4.2 */
	{ "ipv6(src=::1, dst=::2)/ipv6_hopopts(ra=0)/ipv6_dstopts(raw(010400000000))/udp(sport=1, dport=2)",
	  "600000000018004000000000000000000000000000000001000000000000000000000000000000023c000502000000001100010400000000000100020008ffd8" },
	{ "ip(src=1.1.1.1, dst=2.2.2.2)/icmp(code=3)/icmp_unreach/ip(src=2.2.2.2, dst=1.1.1.1)/udp(sport=5, dport=6)",
	  "4500003800000000400174c001010101020202020303031c000000004500001c00000000401174cc0202020201010101000500060008f9cd" },
	{ "ip(src=1.1.1.1, dst=2.2.2.2)/gre(sum, key=7, seq=1)/ip(src=3.3.3.3, dst=4.4.4.4)",
	  "4500003800000000402f74920101010102020202b000080047f700000000000700000001450000140000000040006cdd0303030304040404" },
	{ "ip(src=1.1.1.1, dst=2.2.2.2)/ip(src=3.3.3.3, dst=4.4.4.4)/ipv6",
	  "4500005000000000400474a501010101020202024500003c0000000040296c8c030303030404040460000000000000400000000000000000000000000000000000000000000000000000000000000000" },
	{ "ip(src=1.1.1.1, dst=2.2.2.2)/udp(sport=9, dport=4789)/vxlan(vni=5)/eth/ip(src=3.3.3.3, dst=4.4.4.4)",
	  "4500004600000000401174a20101010102020202000912b50032d1c608000000000005000000000000000000000000000800450000140000000040006cdd0303030304040404" },
	{ "ip(src=1.1.1.1, dst=2.2.2.2)/sctp(sport=1, dport=2, tag=0x01020304, data(flags=3, tsn=1, stream=2, raw(\"abc\")))",
	  "45000034000000004084744101010101020202020001000201020304ecf1976d0003001300000001000200000000000061626300" },
	{ "mpls(label=3, tc=2)/mpls(label=4)/ip(src=3.3.3.3, dst=4.4.4.4)",
	  "0000344000004140450000140000000040006cdd0303030304040404" },
	{ "ip(src=1.1.1.1, dst=2.2.2.2, len=9000, !ttl)/udp(sport=1, dport=2, sum=0xbeef, len=3)",
	  "4500232800000000001191c00101010102020202000100020003beef" },
	{ "ipv6(src=::1, dst=::2)/udp(sport=1, dport=2, !sum)/\"hi\"",
	  "60000000000a1140000000000000000000000000000000010000000000000000000000000000000200010002000a00006869" },
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof made / sizeof *made; i++)
		is(made[i].spec, made[i].hex);
}
END_TEST

/* ---- by hand ---- */

START_TEST(a_pinned_field_is_sent_as_given)
{
	is("udp(sport=1, dport=2, sum=0xbeef)", "000100020008beef");
	is("udp(dport=2, sport=1, len=9000, !sum)/\"a\"", "000100022328000061");
	is("eth(type=0x1234)/ip(version=5, ihl=0)/hex(00)",
	   "0000000000000000000000001234"
	   "500000150000000040006fea00000000000000000"
	   "0");
	is("sctp(sum=1, data(len=99, raw(01)))", "0000000000000000000000010000006300000000000000"
						 "000000000001000000");
	is("icmp/icmp_unreach(length=9)/ip(ihl=60, len=1)",
	   "0300fcf600090000"
	   "4f00000100000000400070fe0000000000000000");
}
END_TEST

START_TEST(an_exclamation_mark_leaves_a_field_zero)
{
	same("ip(!ttl)", "ip(ttl=0)");
	same("ip(!checksum)/udp(!sum, !len)", "ip(checksum=0)/udp(checksum=0, len=0)");
	same("tcp(!win)", "tcp(win=0)");
	same("dhcp(!cookie)", "dhcp(cookie=0.0.0.0)");
	same("dhcp(!sname)", "dhcp");
}
END_TEST

START_TEST(a_value_may_be_said_in_many_ways)
{
	same("tcp(dport=80)", "tcp(tcp.dstport=0x50)");
	same("tcp(dport=80)", " tcp ( dport\n=\t0x0050 ) ");
	same("ip(df)", "ip(df=1)");
	same("ip(df)", "ip(ip.flags.df=true)");
	same("ip(dst=10.0.0.1)", "ip(dst=0x0a000001)");
	same("ip(proto=udp)", "ip(proto=17)");
	same("ip(tos=0xb9)", "ip(dscp=46, ecn=1)");
	same("eth(dst=020000000001)", "eth(dst=02:00:00:00:00:01)");
	same("tcp(flags=SAW)", "tcp(cwr, syn, ack)");
	same("tcp(flags=N)", "tcp(ae)");
	same("tcp(syn, flags=-)", "tcp");
	same("ip(ihl=24)", "ip(ihl=24, id=0)");
	same("udp(sport=1,dport=2)/dhcp(sname=\"ab\")", "udp(sport=1,dport=2)/dhcp(sname=6162)");
	same("tcp(mss=5)", "tcp(mss(val=5))");
	same("tcp(sack_ok)", "tcp(sackOK)");
	same("tcp(sack_ok)", "tcp(tcp_sackok)");
	same("icmp(code=1)/icmp_echo", "icmp(icmp.code=1)/icmp_echo()");
	same("arp(op=2)", "arp(opcode=2)");
	same("\"a\\n\\x41\\\\\"", "hex(61 0a 41:5c)");
	same("zero(3)", "hex(000000)");
}
END_TEST

START_TEST(layers_repeat_and_nest)
{
	same("mpls(label=1)*3/ip", "mpls(label=1)/mpls(label=1)/mpls(label=1)/ip");
	same("\"ab\"*3", "\"ababab\"");
	same("(vlan(id=1)/vlan(id=2))*2/arp", "vlan(id=1)/vlan(id=2)/vlan(id=1)/vlan(id=2)/arp");
	same("eth/(ip/udp(sport=1,dport=2)/\"x\")", "eth/ip/udp(sport=1,dport=2)/\"x\"");
	same("(hex(00)/\"a\")*2", "hex(00610061)");
}
END_TEST

START_TEST(options_are_in_the_order_that_was_said)
{
	/* RFC 9293 section 3.2: kinds 8, 1, 3, 2; then zeros up to 4 bytes. */
	is("tcp(sport=1, dport=2, ts(val=1), nop, wscale=3, mss=4)", "00010002000000000000000"
								     "0a000ffff00000000"
								     "080a0000000100000000"
								     "01"
								     "030303"
								     "02040004"
								     "0000");
	is("ip(raw(44080501), raw(00000000))", "470000"
					       "1c"
					       "0000"
					       "0000"
					       "4000"
					       "2fda"
					       "0000000000000000"
					       "44080501"
					       "00000000");
}
END_TEST

/* ---- fragments ---- */

struct heard {
	struct sonde_fragments f;
	enum sonde_shape first;
	unsigned n;
	uint16_t offset[64];
	uint32_t len[64];
	bool whole;
	uint32_t bytes;
	uint8_t byte[70000];
};

static int hear(void *arg, const uint8_t *byte, uint32_t len)
{
	struct heard *h = arg;
	struct sonde_datagram whole;
	struct sonde_verdict v;
	struct sonde_packet p;

	sonde_decode(&p, byte, len, len, h->first);
	sonde_judge(&p, SONDE_JUDGE_SUMS, &v);
	for (unsigned i = 0; i < p.n; i++)
		ck_assert_msg(!v.wrong[i], "fragment %u: layer %u is wrong", h->n, i);
	h->len[h->n] = len;
	for (unsigned i = 0; i < p.n; i++)
		if (p.layer[i].shape == SONDE_ip)
			h->offset[h->n] = sonde_ip_offset(sonde_header(&p, i, ip));
		else if (p.layer[i].shape == SONDE_ipv6_frag)
			h->offset[h->n] = sonde_ipv6_frag_offset(sonde_header(&p, i, ipv6_frag));
	h->n++;
	if (sonde_fragment_put(&h->f, &p, 0, h->n, h->n, &whole) == SONDE_FRAGMENT_COMPLETE) {
		h->whole = true;
		h->bytes = (uint32_t)whole.byte.len;
		memcpy(h->byte, whole.byte.at, whole.byte.len);
	}
	return 0;
}

static struct heard *sent(const char *spec)
{
	static struct heard h;
	struct sonde_craft *c = craft_parsed(spec);
	struct sonde_draft d = craft_turn(c, 0);

	sonde_fragments_done(&h.f);
	memset(&h, 0, sizeof h);
	h.first = d.p.layer[0].shape;
	ck_assert_int_eq(sonde_craft_send(c, &d, hear, &h), 0);
	return &h;
}

/* Put together again, the fragments are the packet that was not cut. */
static void whole(const char *cut, const char *uncut, unsigned n, uint32_t skip)
{
	struct heard *h = sent(cut);
	struct sonde_draft d;

	ck_assert_uint_eq(h->n, n);
	ck_assert(h->whole);
	d = craft_made(uncut);
	ck_assert_uint_eq(h->bytes, d.p.len - skip);
	ck_assert(!memcmp(h->byte + 40, d.p.byte + skip + 40, h->bytes - 40));
}

#define LONG "udp(sport=1, dport=2)/random(3000)"

START_TEST(fragments_put_together_are_the_packet)
{
	whole("ip(id=7)/frag(mtu=576)/" LONG, "ip(id=7)/" LONG, 6, 0);
	whole("ip(id=7)/frag(mtu=576, order=reverse)/" LONG, "ip(id=7)/" LONG, 6, 0);
	whole("eth/ip(id=7)/frag/" LONG, "eth/ip(id=7)/" LONG, 3, 14);
	whole("ipv6(src=::1)/frag(mtu=1280, id=9)/" LONG, "ipv6(src=::1)/" LONG, 3, 0);
	whole("ipv6/frag(mtu=1280, order=reverse)/" LONG, "ipv6/" LONG, 3, 0);
	whole("ip(id=1, proto=253)/frag(mtu=28)/zero(99)", "ip(id=1, proto=253)/zero(99)", 13, 0);
}
END_TEST

START_TEST(fragments_are_as_long_as_the_mtu_lets_them)
{
	struct heard *h = sent("ip(id=7)/frag(mtu=576)/" LONG);

	/* 3,008 bytes in pieces of 552, RFC 791 section 3.2 */
	for (unsigned i = 0; i < h->n; i++) {
		ck_assert_uint_eq(h->offset[i], i * 552 / 8);
		ck_assert_uint_eq(h->len[i], i < 5 ? 572 : 20 + 3008 - 5 * 552);
	}
	h = sent("ip(id=7)/frag(mtu=576, order=reverse)/" LONG);
	ck_assert_uint_eq(h->offset[0], 5 * 552 / 8);
	ck_assert_uint_eq(h->offset[5], 0);
	h = sent("ip(id=7)/frag(mtu=576, overlap=8)/" LONG);
	ck_assert_uint_eq(h->offset[1], 544 / 8);
	ck_assert_uint_eq(h->offset[2], 2 * 544 / 8);
	h = sent("ip(proto=253)/\"whole\"");
	ck_assert_uint_eq(h->n, 1);
}
END_TEST

START_TEST(only_the_first_fragment_has_options_that_are_not_copied)
{
	/* Record route (7) is not copied, loose source route (131) is, RFC 791 section 3.1. */
	struct heard *h =
		sent("ip(id=7, rr(hop=0.0.0.0), lsrr(hop=1.1.1.1))/frag(mtu=100)/zero(100)");

	ck_assert_uint_eq(h->n, 2);
	ck_assert_uint_eq(h->len[0], 36 + 64);
	ck_assert_uint_eq(h->len[1], 28 + 36);
}
END_TEST

START_TEST(what_cannot_be_cut_is_refused)
{
	struct sonde_craft *c = craft_parsed("ip/frag(mtu=27)/zero(100)");
	struct sonde_draft d = craft_turn(c, 0);
	static struct heard h;

	ck_assert_int_eq(sonde_craft_send(c, &d, hear, &h), SONDE_NO_SPACE);
	c = craft_parsed("ip/frag(mtu=100, overlap=80)/zero(200)");
	d = craft_turn(c, 0);
	ck_assert_int_eq(sonde_craft_send(c, &d, hear, &h), SONDE_NO_SPACE);
	ck_assert_uint_eq(h.n, 0);
}
END_TEST

/* ---- padding ---- */

START_TEST(padding_is_counted_by_no_header)
{
	is("ip(src=1.1.1.1, dst=2.2.2.2)/udp(sport=1, dport=2)/\"a\"/pad(3)",
	   "4500001d00000000401174cb0101010102020202"
	   "00010002000998d3"
	   "61"
	   "000000");
	same("ip/pad(2)", "ip/pad(hex(0000))");
}
END_TEST

Suite *craft_suite(void)
{
	Suite *s = suite_create("craft");
	TCase *t = tcase_create("bytes"), *f = tcase_create("fragments");

	tcase_add_test(t, what_is_not_said_is_worked_out_as_others_do);
	tcase_add_test(t, a_pinned_field_is_sent_as_given);
	tcase_add_test(t, an_exclamation_mark_leaves_a_field_zero);
	tcase_add_test(t, a_value_may_be_said_in_many_ways);
	tcase_add_test(t, layers_repeat_and_nest);
	tcase_add_test(t, options_are_in_the_order_that_was_said);
	tcase_add_test(t, padding_is_counted_by_no_header);
	suite_add_tcase(s, t);
	tcase_add_test(f, fragments_put_together_are_the_packet);
	tcase_add_test(f, fragments_are_as_long_as_the_mtu_lets_them);
	tcase_add_test(f, only_the_first_fragment_has_options_that_are_not_copied);
	tcase_add_test(f, what_cannot_be_cut_is_refused);
	suite_add_tcase(s, f);
	return s;
}
