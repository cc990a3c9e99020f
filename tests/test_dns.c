/* DNS: bytes of the corpus (dns_udp.pcap, edns-opts.pcap of tcpdump) and messages that lie. */
#include "tests/told.h"

#include "packet/app.h"
#include "packet/dns.h"
#include "packet/summary.h"

Suite *dns_suite(void);

/* A message from hex digits; each suite's own storage. */
static uint8_t bytes[4096];

static size_t hex(const char *digits)
{
	size_t n = 0;
	unsigned v;

	for (; *digits; digits += 2, n++) {
		ck_assert_int_eq(sscanf(digits, "%2x", &v), 1);
		bytes[n] = (uint8_t)v;
	}
	return n;
}

static enum sonde_stop tell_hex(const char *digits)
{
	return tell(bytes, hex(digits), SONDE_dns, 0);
}

/* The line of a datagram between ports 1234 and port. */
static const char *line_of(const uint8_t *message, size_t len, uint16_t port)
{
	static char line[SONDE_SUMMARY_MAX];
	uint8_t *x = malloc(28 + len);
	struct sonde_packet p;

	memcpy(x, (const uint8_t[28]){ 0x45, 0,	 0, 0, 0, 0,  0, 0, 64, 17, 0,
				       0,    10, 0, 0, 1, 10, 0, 0, 2,	4,  210 },
	       28);
	sonde_store(x + 2, 2, 28 + len);
	sonde_store(x + 22, 2, port);
	sonde_store(x + 24, 2, 8 + len);
	memcpy(x + 28, message, len);
	sonde_decode(&p, x, (uint32_t)(28 + len), (uint32_t)(28 + len), SONDE_ip);
	*sonde_summary(line, &p) = 0;
	free(x);
	ck_assert_int_eq(strncmp(line, "IP 10.0.0.1.1234 > 10.0.0.2.", 28), 0);
	return strchr(line, ':') + 2;
}

#define QUERY                                                                                      \
	"593401200001000000000001037777770774637064756d70036f72670000010001"                       \
	"000029100000000000000c000a000842f5d00996f90b13"
#define ANSWER                                                                                     \
	"593485000001000200020005037777770774637064756d70036f72670000010001c00c000100010000003c00" \
	"04"                                                                                       \
	"c08b2e42c00c000100010000003c0004c6c75868c0100002000100015180001203736e7308636f6f70657269" \
	"78"                                                                                       \
	"036e657400c01000020001000151800012036e69630973616e64656c6d616e02636100c06b00010001000001" \
	"2c"                                                                                       \
	"0004d157f912c06b001c00010000012c00102607f0b0000f000000000000babef00dc04d0001000100001c20" \
	"00"                                                                                       \
	"04616b850fc04d001c000100001c20001026003c0300000000f03c91fffe96e8ef0000291000000000000000"

START_TEST(a_question_and_its_edns_options_are_told)
{
	ck_assert_int_eq(tell_hex(QUERY), SONDE_STOP_END);
	ck_told("dns.id=22836@0+2 dns.flags=288@2+2 dns.flags.response=0@2+1");
	ck_told("dns.count.add_rr=1@10+2 {queries A 1@12+21 dns.qry.name=www.tcpdump.org@12+17 "
		"dns.qry.type=1@29+2 dns.qry.class=1@31+2 } {additionals OPT 41@33+23 "
		"dns.resp.name=.@33+1 dns.resp.type=41@34+2 dns.rr.udp_payload_size=4096@36+2 "
		"dns.resp.ext_rcode=0@38+1 dns.resp.edns0_version=0@39+1 dns.resp.z=0@40+2 "
		"dns.resp.z.do=0@40+1 dns.resp.z.reserved=0@40+2 dns.resp.len=12@42+2 "
		"{options COOKIE 10@44+12 dns.opt.code=10@44+2 dns.opt.len=8@46+2 "
		"dns.opt.data=42f5d00996f90b13@48+8 } }");
}
END_TEST

START_TEST(answers_are_told_section_by_section_with_names_decompressed)
{
	ck_assert_int_eq(tell_hex(ANSWER), SONDE_STOP_END);
	ck_told("{answers A 1@33+16 dns.resp.name=www.tcpdump.org@33+2 dns.resp.type=1@35+2 "
		"dns.resp.class=1@37+2 dns.resp.ttl=60@39+4 dns.resp.len=4@43+2 "
		"dns.a=3230346818@45+4 } {answers A 1@49+16 ");
	ck_told("{authorities NS 2@65+30 dns.resp.name=tcpdump.org@65+2 dns.resp.type=2@67+2 "
		"dns.resp.class=1@69+2 dns.resp.ttl=86400@71+4 dns.resp.len=18@75+2 "
		"dns.ns=sns.cooperix.net@77+18 }");
	ck_told("{additionals AAAA 28@141+28 dns.resp.name=nic.sandelman.ca@141+2 ");
	ck_told("dns.aaaa=2607f0b0000f000000000000babef00d@153+16 }");
}
END_TEST

/* The answer section alone: one record for the root with this data. */
static enum sonde_stop tell_record(const char *type, const char *len, const char *data)
{
	char digits[2048];

	snprintf(digits, sizeof digits,
		 "000080000000000100000000"
		 "00%s000100000001%s%s",
		 type, len, data);
	return tell_hex(digits);
}

START_TEST(the_common_types_are_told_by_their_parts)
{
	ck_assert_int_eq(tell_record("000f", "0006", "000a026d7800"), SONDE_STOP_END);
	ck_told("{answers MX 15@12+17 ");
	ck_told("dns.mx.preference=10@23+2 dns.mx.mail_exchange=mx@25+4 }");
	ck_assert_int_eq(tell_record("0010", "0008", "0361623d0363645c"), SONDE_STOP_END);
	ck_told("{strings - 0@23+4 dns.txt.length=3@23+1 dns.txt=ab=@24+3 } "
		"{strings - 1@27+4 dns.txt.length=3@27+1 dns.txt=cd\\@28+3 } }");
	ck_assert_int_eq(tell_record("0006", "001a",
				     "016d000172000000000100000002000000030000000400"
				     "000005"),
			 SONDE_STOP_END);
	ck_told("dns.soa.mname=m@23+3 dns.soa.rname=r@26+3 dns.soa.serial_number=1@29+4 "
		"dns.soa.refresh_interval=2@33+4 dns.soa.retry_interval=3@37+4 "
		"dns.soa.expire_limit=4@41+4 dns.soa.minimum_ttl=5@45+4 }");
	ck_assert_int_eq(tell_record("0021", "0009",
				     "0001000200500174"
				     "00"),
			 SONDE_STOP_END);
	ck_told("dns.srv.priority=1@23+2 dns.srv.weight=2@25+2 dns.srv.port=80@27+2 "
		"dns.srv.target=t@29+3 }");
	ck_assert_int_eq(tell_record("0101", "0011", "8005697373756563612e6578616d706c65"),
			 SONDE_STOP_END);
	ck_told("{answers CAA 257@12+28 ");
	ck_told("dns.caa.flags=128@23+1 dns.caa.tag=issue@25+5 dns.caa.value=ca.example@30+10 }");
	ck_assert_int_eq(tell_record("0041", "000a",
				     "000100000100030268"
				     "32"),
			 SONDE_STOP_END);
	ck_told("dns.svcb.svcpriority=1@23+2 dns.svcb.targetname=.@25+1 "
		"{params alpn 1@26+7 dns.svcb.svcparam.key=1@26+2 "
		"dns.svcb.svcparam.value.length=3@28+2 dns.svcb.svcparam.value=026832@30+3 } }");
	ck_assert_int_eq(tell_record("0005", "0003", "016300"), SONDE_STOP_END);
	ck_told("dns.cname=c@23+3 }");
	ck_assert_int_eq(tell_record("000c", "0003", "017000"), SONDE_STOP_END);
	ck_told("dns.ptr.domain_name=p@23+3 }");
}
END_TEST

START_TEST(a_name_ends_where_the_data_of_its_record_does)
{
	ck_assert_int_eq(tell_record("0005", "0002", "016300"), SONDE_STOP_MALFORMED);
	ck_assert_ptr_null(strstr(told, "dns.cname"));
	ck_assert_int_eq(tell_record("0006", "0004", "016d0001720000000001"), SONDE_STOP_MALFORMED);
	ck_assert_ptr_null(strstr(told, "dns.soa.rname"));
}
END_TEST

START_TEST(a_type_that_nobody_knows_is_its_number_and_its_octets)
{
	ck_assert_int_eq(tell_record("ff01", "0003", "aabbcc"), SONDE_STOP_END);
	ck_told("{answers - 65281@12+14 ");
	ck_told("dns.resp.len=3@21+2 dns.data=aabbcc@23+3 }");
}
END_TEST

START_TEST(by_multicast_the_top_bits_of_the_class_mean_something_else)
{
	static const uint8_t ask[] = {
		0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 12, 0x80, 1
	};
	static const uint8_t say[] = { 0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0,  0, 1, 'a', 0,
				       0, 1, 0x80, 1, 0, 0, 0, 9, 0, 4, 10, 0, 0, 1 };

	ck_assert_str_eq(line_of(ask, sizeof ask, 5353), "0 PTR (QU)? a. (19)");
	ck_assert_str_eq(line_of(say, sizeof say, 5353),
			 "0*- [0q] 1/0/0 (Cache flush) A 10.0.0.1 (29)");
	ck_assert_str_eq(line_of(ask, sizeof ask, 53), "0 PTR (Class 32769)? a. (19)");
}
END_TEST

START_TEST(lines_read_as_tcpdump_prints_them)
{
	ck_assert_str_eq(line_of(bytes, hex(QUERY), 53), "22836+ [1au] A? www.tcpdump.org. (56)");
	ck_assert_str_eq(line_of(bytes, hex(ANSWER), 53),
			 "22836*- 2/2/5 A 192.139.46.66, A 198.199.88.104 (224)");
	/* dns-badcookie.pcap: what EDNS adds to the code of the answer */
	ck_assert_str_eq(line_of(bytes,
				 hex("f6ab81870001000000000001000006000100002905c801000000"
				     "0000"),
				 53),
			 "63147 BadCookie 0/0/1 (28)");
	bytes[22] = 0;
	ck_assert_str_eq(line_of(bytes, 28, 53), "63147 YXRRSet 0/0/1 (28)");
}
END_TEST

/* Header with one question, then the name given. */
static enum sonde_stop question(const char *name)
{
	char digits[2048];

	snprintf(digits, sizeof digits, "000000000001000000000000%s", name);
	return tell_hex(digits);
}

START_TEST(pointers_that_do_not_point_backwards_are_malformed)
{
	ck_assert_int_eq(question("c00c00010001"), SONDE_STOP_MALFORMED);     /* to itself */
	ck_assert_int_eq(question("c00e00010001"), SONDE_STOP_MALFORMED);     /* forwards */
	ck_assert_int_eq(question("0161c00c00010001"), SONDE_STOP_MALFORMED); /* round and round */
	ck_assert_int_eq(question("c00000010001"), SONDE_STOP_MALFORMED);     /* into the header */
	ck_not_told("{queries");
}
END_TEST

START_TEST(labels_above_63_and_names_above_255_bytes_are_malformed)
{
	char name[1024] = "";

	ck_assert_int_eq(question("40"
				  "616161610000010001"),
			 SONDE_STOP_MALFORMED);
	for (unsigned i = 0; i < 127; i++)
		strcat(name, "0161");
	strcat(name, "0000010001");
	ck_assert_int_eq(question(name), SONDE_STOP_END); /* 254 and the root */
	memmove(name + 4, name, strlen(name) + 1);
	memcpy(name, "0161", 4);
	ck_assert_int_eq(question(name), SONDE_STOP_MALFORMED);
}
END_TEST

START_TEST(a_dot_inside_a_label_is_told_apart)
{
	ck_assert_int_eq(question("03612e620163"
				  "0000010001"),
			 SONDE_STOP_END);
	ck_told("dns.qry.name=a\\.b.c@12+7");
}
END_TEST

START_TEST(cut_and_malformed_are_two_words)
{
	size_t len = hex(ANSWER);

	for (size_t n = SONDE_BYTES_dns; n < len; n++) {
		ck_assert_int_eq(tell_cut(bytes, n, len, SONDE_dns, 0), SONDE_STOP_TRUNCATED);
		ck_assert_int_eq(tell_cut(bytes, n, n, SONDE_dns, 0), SONDE_STOP_MALFORMED);
	}
	tell_cut(bytes, 47, len, SONDE_dns, 0);
	ck_told("{answers A 1@33+14 ");
	ck_not_told("dns.a=");
	tell(bytes, 47, SONDE_dns, 0);
	ck_told("{answers A 1 bad@33+14 ");
}
END_TEST

static bool is(const char *digits, uint32_t all)
{
	size_t len = hex(digits);

	return sonde_app_is(SONDE_dns, &(struct sonde_range){ bytes, (uint32_t)len,
							      all ? all : (uint32_t)len, false });
}

START_TEST(a_port_alone_makes_no_dns)
{
	ck_assert(is(QUERY, 0));
	ck_assert(is(ANSWER, 0));
	ck_assert(!is("485454502f312e3120323030204f4b0d0a", 0));
	ck_assert(!is("593401200001000000000001", 0)); /* no room for what it counts */
	ck_assert(is("593401200001000000000001", 28)); /* but not captured */
	ck_assert(!is("000000000000000000000000", 0));
	ck_assert_str_eq(line_of((const uint8_t *)"GET / HTTP/1.1\r\n\r\n", 18, 53),
			 "UDP, length 18");
}
END_TEST

/* A segment from port 53 whose payload is these digits; how many layers. */
static unsigned segment(struct sonde_packet *p, const char *digits)
{
	static uint8_t x[4096];
	size_t len = hex(digits);

	memcpy(x, (const uint8_t[20]){ 0, 53, 4, 210, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18 }, 20);
	memcpy(x + 20, bytes, len);
	sonde_decode(p, x, (uint32_t)(20 + len), (uint32_t)(20 + len), SONDE_tcp);
	return p->n;
}

#define ASK                                                                                        \
	"000101000001000000000000"                                                                 \
	"00"                                                                                       \
	"00010001"

START_TEST(over_tcp_each_message_has_its_length_and_may_go_on)
{
	struct sonde_packet p;

	ck_assert_uint_eq(segment(&p, "0011" ASK "0011" ASK), 5);
	ck_assert_uint_eq(p.stop, SONDE_STOP_END);
	ck_assert_uint_eq(p.layer[1].shape, SONDE_dns_tcp);
	ck_assert_uint_eq(p.layer[2].shape, SONDE_dns);
	ck_assert_uint_eq(p.layer[2].head, 17);
	ck_assert_uint_eq(p.layer[4].at, 20 + 19 + 2);
	ck_assert_uint_eq(segment(&p, "0011" ASK "0011000101"), 3);
	ck_assert_uint_eq(segment(&p, "0014" ASK), 3);
	ck_assert_uint_eq(p.stop, SONDE_STOP_MORE);
	ck_assert_uint_eq(sonde_field_each(&p, 2, told_hear, told), SONDE_STOP_END);
	ck_assert_uint_eq(segment(&p, "0011000101000001000000000000"), 3);
	ck_assert_uint_eq(p.stop, SONDE_STOP_MORE);
	ck_assert_uint_eq(sonde_field_each(&p, 2, told_hear, told), SONDE_STOP_MORE);
	ck_assert_uint_eq(segment(&p, "0011"), 2);
	ck_assert_uint_eq(p.stop, SONDE_STOP_MORE);
	ck_assert_uint_eq(segment(&p, "0005" ASK), 1);
}
END_TEST

START_TEST(text_of_a_name_is_escaped_in_the_line)
{
	ck_assert_str_eq(line_of(bytes,
				 hex("000101000001000000000000"
				     "041b5d303b"
				     "0000010001"),
				 53),
			 "1+ A? \\x1b]0;. (22)");
}
END_TEST

Suite *dns_suite(void)
{
	Suite *s = suite_create("dns");
	TCase *c = tcase_create("dns");

	tcase_add_test(c, a_question_and_its_edns_options_are_told);
	tcase_add_test(c, answers_are_told_section_by_section_with_names_decompressed);
	tcase_add_test(c, the_common_types_are_told_by_their_parts);
	tcase_add_test(c, a_name_ends_where_the_data_of_its_record_does);
	tcase_add_test(c, a_type_that_nobody_knows_is_its_number_and_its_octets);
	tcase_add_test(c, by_multicast_the_top_bits_of_the_class_mean_something_else);
	tcase_add_test(c, lines_read_as_tcpdump_prints_them);
	tcase_add_test(c, pointers_that_do_not_point_backwards_are_malformed);
	tcase_add_test(c, labels_above_63_and_names_above_255_bytes_are_malformed);
	tcase_add_test(c, a_dot_inside_a_label_is_told_apart);
	tcase_add_test(c, cut_and_malformed_are_two_words);
	tcase_add_test(c, a_port_alone_makes_no_dns);
	tcase_add_test(c, over_tcp_each_message_has_its_length_and_may_go_on);
	tcase_add_test(c, text_of_a_name_is_escaped_in_the_line);
	suite_add_tcase(s, c);
	return s;
}
