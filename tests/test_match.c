#include <check.h>
#include <stdlib.h>

#include "tests/match_beside.h"

Suite *match_suite(void);

static struct sonde_arena arena;

#define IP(len, ttl, proto)                                                                        \
	0x45, 0, 0, len, 0, 0, 0, 0, ttl, proto, 0, 0, 10, 0, 0, 1, 192, 168, 7, 9
#define ETH(type) 2, 0, 0, 0, 0, 2, 0, 0x1b, 0x21, 0, 0, 1, (type) >> 8, (type)&255

static const uint8_t syn[] = {
	ETH(0x0800), IP(48, 9, 6), 0x9c, 0x40, 1, 0xbb, 0, 0, 0, 5, 0,	  0, 0, 0, 0x70,
	2,	     0xff,	   0xff, 0,    0, 0,	0, 2, 4, 5, 0xb4, 1, 1, 4, 2
};
static const uint8_t tagged[] = { ETH(0x88a8), 0x20, 5, 0x81, 0, 0,  6, 8, 0,	IP(32, 64, 17),
				  0,	       53,   4, 0xd2, 0, 12, 0, 0, 'p', 'i',
				  'n',	       'g' };
static const uint8_t quoting[] = { ETH(0x0800),	  IP(56, 250, 1), 3,	3,    0,    0, 0,  0, 0, 0,
				   IP(40, 1, 17), 0x30,		  0x39, 0x82, 0x9a, 0, 20, 0, 0 };
static const uint8_t six[] = { ETH(0x86dd), 0x60, 0, 0, 0, 0, 12, 0,   64, 0x20, 1, 0xd,  0xb8, 0,
			       0,	    0,	  0, 0, 0, 0, 0,  0,   0,  0,	 1, 0xfe, 0x80, 0,
			       0,	    0,	  0, 0, 0, 0, 0,  0,   0,  0,	 0, 0,	  2,	58,
			       0,	    5,	  2, 0, 0, 1, 0,  128, 0,  0,	 0 };

static struct sonde_match parsed(const char *text)
{
	struct sonde_match_error error;
	struct sonde_match m;

	ck_assert_msg(sonde_match_parse(&m, &arena, text, &schema, &error),
		      "%s: at %zu: expected %s", text, error.at, error.expected);
	return m;
}

static void expect(const char *text, const uint8_t *at, size_t len, bool want)
{
	struct sonde_match m = parsed(text);
	struct sonde_packet p;
	uint8_t *x = malloc(len);

	memcpy(x, at, len);
	sonde_decode(&p, x, (uint32_t)len, (uint32_t)len, SONDE_eth);
	ck_assert_msg(sonde_match(&m, &p, &beside) == want, "%s is %s", text,
		      want ? "false" : "true");
	free(x);
	sonde_arena_rewind(&arena);
}

#define HOLDS(text, packet) expect(text, packet, sizeof packet, true)
#define FAILS(text, packet) expect(text, packet, sizeof packet, false)

START_TEST(flags_and_numbers_read_as_they_say)
{
	HOLDS("tcp.flags.syn && !tcp.flags.ack && ip.ttl < 10", syn);
	FAILS("tcp.flags.syn && !tcp.flags.ack && ip.ttl < 9", syn);
	FAILS("tcp.flags.ack", syn);
	HOLDS("tcp.flags.syn == 1 and tcp.flags.ack == false", syn);
	HOLDS("tcp.flags & 0x12", syn);
	HOLDS("tcp.flags & 0x12 == 0x02", syn);
	FAILS("tcp.flags & 0x12 == 0x12", syn);
	HOLDS("tcp.hdr_len == 28", syn);
}
END_TEST

START_TEST(relations_hold_at_their_edges)
{
	HOLDS("ip.ttl <= 9 && ip.ttl >= 9 && ip.ttl == 9 && ip.ttl eq 9", syn);
	FAILS("ip.ttl < 9 || ip.ttl > 9 || ip.ttl != 9", syn);
	HOLDS("ip.ttl > 8 && ip.ttl lt 10", syn);
	FAILS("tcp.urgent_pointer < 0", syn);
	FAILS("ip.ttl > 18446744073709551615", syn);
	HOLDS("tcp.dstport in {80, 443}", syn);
	HOLDS("tcp.dstport in {80 400..500}", syn);
	HOLDS("tcp.dstport in {443..443}", syn);
	FAILS("tcp.dstport in {80, 444..500}", syn);
}
END_TEST

START_TEST(a_name_of_two_fields_is_true_by_either)
{
	HOLDS("tcp.port == 443 && tcp.port == 40000", syn);
	FAILS("tcp.port != 443", syn);
	HOLDS("tcp.port != 80", syn);
	HOLDS("ip.addr == 10.0.0.1 and ip.addr == 192.168.0.0/16", syn);
	HOLDS("tcp.dport == 443", syn);
}
END_TEST

START_TEST(what_is_absent_is_neither_equal_nor_different)
{
	FAILS("udp.dstport == 443", syn);
	FAILS("udp.dstport != 443", syn);
	HOLDS("!(udp.dstport == 443)", syn);
	FAILS("frame.pid == 1 || frame.pid != 1", syn);
	HOLDS("tcp && ip.ttl && !udp && !icmp && !frame.pid", syn);
}
END_TEST

START_TEST(addresses_have_prefixes)
{
	HOLDS("ip.src == 10.0.0.0/8 && ip.dst == 192.168.7.9/32", syn);
	FAILS("ip.src == 10.0.0.2/31", syn);
	HOLDS("ip.src == 10.0.0.2/30 && ip.src == 0.0.0.0/0", syn);
	HOLDS("ip.src in {9.0.0.0..10.0.0.1}", syn);
	HOLDS("ipv6.src == 2001:db8::/32 && ipv6.dst == fe80::2", six);
	FAILS("ipv6.src == 2001:db9::/32 || ipv6.dst == fe80::3", six);
	HOLDS("ipv6.src in {2001:db8::..2001:db8::f}", six);
	HOLDS("eth.src == 00:1b:21:00:00:01 && eth.src[0:3] == 00-1b-21", syn);
	FAILS("eth.src[1:3] == 00:1b:21 || eth.src[4:3] == 00:01:02", syn);
	HOLDS("eth.src[1] == 1b", syn);
}
END_TEST

START_TEST(it_sees_through_tags_and_extension_headers)
{
	HOLDS("udp.srcport == 53 && ieee8021ad.id == 5 && vlan.id == 6", tagged);
	HOLDS("ieee8021ad && vlan && ieee8021ad.priority == 1", tagged);
	HOLDS("icmpv6 && ipv6.nxt == 0", six);
}
END_TEST

START_TEST(options_are_fields_too)
{
	HOLDS("tcp.options.mss_val == 1460", syn);
	FAILS("tcp.options.mss_val != 1460 || tcp.options.wscale.shift == 7", syn);
	HOLDS("tcp_sackok && !tcp_wscale", syn);
}
END_TEST

START_TEST(a_quoted_packet_counts_on_request_alone)
{
	struct sonde_match m = parsed("udp.dstport == 33434");
	struct sonde_packet p;

	sonde_decode(&p, quoting, sizeof quoting, sizeof quoting, SONDE_eth);
	ck_assert(!sonde_match(&m, &p, &beside));
	m.quoted = true;
	ck_assert(sonde_match(&m, &p, &beside));
	FAILS("udp", quoting);
	FAILS("ip.ttl == 1", quoting);
	HOLDS("icmp.type == \"unreachable\"", quoting);
	sonde_arena_rewind(&arena);
}
END_TEST

START_TEST(bytes_are_found_inside)
{
	HOLDS("udp contains \"ping\" && frame contains 00:1b:21 && udp[8:2] == 70:69", tagged);
	FAILS("udp contains \"pong\"", tagged);
	HOLDS("udp[8:4] == \"ping\" && frame contains \"\\x69ng\"", tagged);
}
END_TEST

START_TEST(text_that_a_reader_found_is_compared_as_text)
{
	static const uint8_t query[] = { ETH(0x0800),
					 IP(57, 64, 17),
					 4,
					 0xd2,
					 0,
					 53,
					 0,
					 37,
					 0,
					 0,
					 0,
					 7,
					 1,
					 0,
					 0,
					 1,
					 0,
					 0,
					 0,
					 0,
					 0,
					 0,
					 3,
					 'w',
					 'w',
					 'w',
					 7,
					 'e',
					 'x',
					 'a',
					 'm',
					 'p',
					 'l',
					 'e',
					 0,
					 0,
					 28,
					 0,
					 1 };

	HOLDS("dns.qry.name == www.example && dns.qry.name contains \"exam\"", query);
	HOLDS("dns.qry.name != \"www\" && dns.qry.name in {a, \"www.example\"}", query);
	FAILS("dns.qry.name == example || dns.resp.name || dns.a == 10.0.0.1", query);
	HOLDS("dns && dns.flags.recdesired && dns.qry.type == 28", query);
	FAILS("dns.qry.name != \"x\"", tagged);
}
END_TEST

START_TEST(what_is_told_beside_the_packet_counts)
{
	HOLDS("frame.number == 7 && frame.comment contains \"\\\"late\\\"\" && !frame.late", syn);
	HOLDS("frame.names == nginx && frame.names == \"curl\"", syn);
	FAILS("frame.names == curl && frame.names != nginx", syn);
}
END_TEST

START_TEST(and_binds_closer_than_or)
{
	HOLDS("tcp || udp && icmp", syn);
	FAILS("(tcp || udp) && icmp", syn);
	HOLDS("not udp and not (icmp or arp)", syn);
}
END_TEST

static void refused(const char *text, size_t at, const char *expected, const char *nearest)
{
	struct sonde_match_error error = { 0 };
	struct sonde_match m;

	ck_assert_msg(!sonde_match_parse(&m, &arena, text, &schema, &error), "%s", text);
	ck_assert_msg(error.at == at, "%s: at %zu, not %zu: %s", text, error.at, at,
		      error.expected);
	ck_assert_str_eq(error.expected, expected);
	ck_assert_pstr_eq(error.nearest, nearest);
	sonde_arena_rewind(&arena);
}

START_TEST(what_is_not_understood_is_pointed_at)
{
	static const char name[] = "the name of a field or protocol";

	refused("", 0, name, NULL);
	refused("tcp.dstprt == 80", 0, name, "tcp.dstport");
	refused("tcp && ip.tll < 3", 7, name, "ip.ttl");
	refused("frame.nunber == 1", 0, name, "frame.number");
	refused("zzzzzzzzzz", 0, name, NULL);
	refused("ip.ttl < ", 9, "a value", NULL);
	refused("ip.ttl < ten", 12, "a number", NULL);
	refused("ip.src == 10.0.0.300", 20, "an IPv4 address or prefix", NULL);
	refused("ip.src == 10.0.0.0/33", 21, "an IPv4 address or prefix", NULL);
	refused("ipv6.src == 10.0.0.1", 20, "an IPv6 address or prefix", NULL);
	refused("tcp.port in {80", 15, "}", NULL);
	refused("(tcp", 4, ") or && or ||", NULL);
	refused("tcp udp", 4, "a comparison, && or ||", NULL);
	refused("tcp == 80", 9, "contains: a whole header equals nothing", NULL);
	refused("frame.comment == \"x", 19, "a closing quote", NULL);
	refused("ip.ttl contains 3", 15, "a comparison: a number contains nothing", NULL);
	refused("eth.src > 00:01:02:03:04:05", 27, "== or !=, or a number on the left", NULL);
}
END_TEST

START_TEST(nesting_and_length_have_bounds)
{
	static char deep[20001];

	memset(deep, '(', 100);
	refused(deep, 64, "fewer parentheses within each other", NULL);
	for (size_t i = 0; i + 1 < sizeof deep; i++)
		deep[i] = "ip&&"[i % 4];
	refused(deep, 0, "a shorter expression", NULL);
	deep[14998] = 0;
	HOLDS(deep, syn);
}
END_TEST

START_TEST(an_explanation_shows_what_each_comparison_met)
{
	static const char want[] =
		"  true   tcp.flags.syn                         true\n"
		"  false  tcp.port in {80, 8080}                40000, 443\n"
		"  false  udp.length > 8                        absent\n"
		"  true   tcp.options.mss_val == 1460           1460\n"
		"  true   eth.src[0:3] == 00:1b:21              00:1b:21:00:00:01\n"
		"  true   tcp                                   present\n"
		"  true   frame.comment contains late           a \"late\" one\n"
		"so it does not match\n";
	struct sonde_match m =
		parsed("tcp.flags.syn && (tcp.port in {80, 8080} || udp.length > 8) && "
		       "tcp.options.mss_val == 1460 && eth.src[0:3] == 00:1b:21 && tcp"
		       " && frame.comment contains late");
	struct sonde_packet p;
	struct sonde_text t;
	char buf[4096];

	sonde_decode(&p, syn, sizeof syn, sizeof syn, SONDE_eth);
	sonde_text_init(&t, buf, sizeof buf, NULL, NULL);
	sonde_match_explain(&m, &p, &beside, &t);
	buf[t.len] = 0;
	ck_assert_str_eq(buf, want);
	sonde_arena_rewind(&arena);
}
END_TEST

Suite *match_suite(void)
{
	Suite *s = suite_create("match");
	TCase *t = tcase_create("match");

	tcase_add_test(t, flags_and_numbers_read_as_they_say);
	tcase_add_test(t, relations_hold_at_their_edges);
	tcase_add_test(t, a_name_of_two_fields_is_true_by_either);
	tcase_add_test(t, what_is_absent_is_neither_equal_nor_different);
	tcase_add_test(t, addresses_have_prefixes);
	tcase_add_test(t, it_sees_through_tags_and_extension_headers);
	tcase_add_test(t, options_are_fields_too);
	tcase_add_test(t, a_quoted_packet_counts_on_request_alone);
	tcase_add_test(t, bytes_are_found_inside);
	tcase_add_test(t, text_that_a_reader_found_is_compared_as_text);
	tcase_add_test(t, what_is_told_beside_the_packet_counts);
	tcase_add_test(t, and_binds_closer_than_or);
	tcase_add_test(t, what_is_not_understood_is_pointed_at);
	tcase_add_test(t, an_explanation_shows_what_each_comparison_met);
	tcase_add_test(t, nesting_and_length_have_bounds);
	suite_add_tcase(s, t);
	return s;
}
