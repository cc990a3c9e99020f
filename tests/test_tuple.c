#include <check.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "packet/tuple.h"

Suite *tuple_suite(void);

/* Linux 6.18: the SYN of a connection from 10.99.0.1:50490 to 10.99.0.2:6379, behind Ethernet. */
static const uint8_t syn[] = {
	0xba, 0x75, 0x16, 0x62, 0x8f, 0xd5, 0x9a, 0x09, 0x86, 0x47, 0x4f, 0x0e, 0x08, 0x00, 0x45,
	0x00, 0x00, 0x3c, 0x3b, 0xe7, 0x40, 0x00, 0x40, 0x06, 0xea, 0x0c, 0x0a, 0x63, 0x00, 0x01,
	0x0a, 0x63, 0x00, 0x02, 0xc5, 0x3a, 0x18, 0xeb, 0x55, 0xa8, 0x87, 0xb2, 0x00, 0x00, 0x00,
	0x00, 0xa0, 0x02, 0xfa, 0xf0, 0x71, 0x37, 0x00, 0x00, 0x02, 0x04, 0x05, 0xb4, 0x04, 0x02,
	0x08, 0x0a, 0x35, 0xfe, 0xd5, 0x8d, 0x00, 0x00, 0x00, 0x00, 0x01, 0x03, 0x03, 0x0a,
};

/* IPv4 of 20 bytes from 10.0.0.1 to 10.0.0.2: length, flags and offset, protocol. */
#define IP(len, frag, proto)                                                                       \
	0x45, 0, (len) >> 8, (len)&255, 0, 0, (frag) >> 8, (frag)&255, 64, proto, 0, 0, 10, 0, 0,  \
		1, 10, 0, 0, 2
/* IPv6 from fe80::1 to fe80::2. */
#define IPV6(plen, nxt)                                                                            \
	0x60, 0, 0, 0, 0, plen, nxt, 64, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,     \
		0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2
#define UDP(len) 0x04, 0xd2, 0, 53, 0, len, 0, 0

static struct sonde_tuple t;

/* Bytes of exact size, so that a sanitizer sees a byte too far. */
static bool read_link(const uint8_t *at, uint32_t len, uint32_t wire, unsigned link, bool quoted)
{
	struct sonde_packet p;
	uint8_t *x = malloc(len);
	bool r;

	memcpy(x, at, len);
	memset(&t, 0xa5, sizeof t);
	sonde_decode_link(&p, x, len, wire, link);
	r = quoted ? sonde_packet_quoted(&p, &t) : sonde_packet_tuple(&p, &t);
	free(x);
	return r;
}

#define READ(x, link) read_link(x, sizeof(x), sizeof(x), link, false)

START_TEST(a_syn_is_read_the_same_behind_every_link_layer)
{
	static const uint8_t cooked2[20] = { 8, 0, [9] = 1, [11] = 6 }, cooked1[16] = { [14] = 8 };
	static const uint8_t little[4] = { 2 }, big[4] = { 0, 0, 0, 2 }, tag[4] = { 0, 5, 8, 0 };
	static const uint8_t eth[14] = { [12] = 0x81, 0 };
	static const struct {
		unsigned link;
		const uint8_t *at;
		size_t len;
	} links[] = {
		{ 1, syn, 14 },	  { 101, NULL, 0 },	{ 12, NULL, 0 },      { 14, NULL, 0 },
		{ 228, NULL, 0 }, { 276, cooked2, 20 }, { 113, cooked1, 16 }, { 0, little, 4 },
		{ 0, big, 4 },	  { 108, big, 4 },
	};
	uint8_t x[200];

	for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
		if (links[i].len)
			memcpy(x, links[i].at, links[i].len);
		memcpy(x + links[i].len, syn + 14, sizeof syn - 14);
		ck_assert(read_link(x, (uint32_t)(links[i].len + sizeof syn - 14), 0, links[i].link,
				    false));
		ck_assert_uint_eq(t.src.port, 50490);
		ck_assert_uint_eq(t.dst.port, 6379);
		ck_assert_uint_eq(t.seq, 1437108146);
		ck_assert_uint_eq(t.flags, SONDE_TCP_SYN);
	}
	memcpy(x, eth, 14);
	memcpy(x + 14, tag, 4);
	memcpy(x + 18, syn + 14, sizeof syn - 14);
	ck_assert(read_link(x, sizeof syn + 4, sizeof syn + 4, 1, false));
	ck_assert_uint_eq(t.dst.port, 6379);
	ck_assert(!READ(syn, 147));
}
END_TEST

START_TEST(a_segment_says_all_that_tcp_says)
{
	static const uint8_t dst[16] = { 10, 99, 0, 2 };

	ck_assert(READ(syn, 1));
	ck_assert_uint_eq(t.src.family, AF_INET);
	ck_assert_mem_eq(t.dst.ip, dst, 16);
	ck_assert_uint_eq(t.protocol, 6);
	ck_assert_uint_eq(t.has, SONDE_TUPLE_PORTS | SONDE_TUPLE_SEQ | SONDE_TUPLE_TCP);
	ck_assert_uint_eq(t.window, 64240);
	ck_assert_uint_eq(t.ack, 0);
	ck_assert_uint_eq(t.length, 0);
	ck_assert_uint_eq(t.fragment, SONDE_FRAGMENT_NONE);
}
END_TEST

START_TEST(a_payload_ends_where_ip_says_and_not_where_the_link_padded)
{
	static const uint8_t x[] = { IP(30, 0, 17), UDP(10), 'h', 'i', 0, 0, 0, 0 };

	ck_assert(READ(x, 101));
	ck_assert_uint_eq(t.length, 2);
	ck_assert_uint_eq(t.body.len, 2);
	ck_assert(read_link(x, 29, sizeof x, 101, false));
	ck_assert_uint_eq(t.length, 2);
	ck_assert_uint_eq(t.body.len, 1);
}
END_TEST

START_TEST(a_later_fragment_has_no_ports)
{
	static const uint8_t first[] = { IP(28, 0x2000, 17), UDP(200) };
	static const uint8_t later[] = { IP(28, 185, 17), UDP(200) };
	static const uint8_t six[] = { IPV6(16, 44), 17, 0, 0x05, 0xc8, 0, 0, 0, 1, UDP(200) };
	static const uint8_t atomic[] = { IPV6(16, 44), 17, 0, 0, 0, 0, 0, 0, 1, UDP(8) };

	ck_assert(READ(first, 101));
	ck_assert_uint_eq(t.fragment, SONDE_FRAGMENT_FIRST);
	ck_assert_uint_eq(t.dst.port, 53);
	ck_assert(READ(later, 101));
	ck_assert_uint_eq(t.fragment, SONDE_FRAGMENT_LATER);
	ck_assert_uint_eq(t.has, 0);
	ck_assert_uint_eq(t.src.port, 0);
	ck_assert_uint_eq(t.protocol, 17);
	ck_assert_uint_eq(t.length, 8);
	ck_assert(READ(six, 101));
	ck_assert_uint_eq(t.fragment, SONDE_FRAGMENT_LATER);
	ck_assert_uint_eq(t.has, 0);
	ck_assert_uint_eq(t.protocol, 17);
	ck_assert(READ(atomic, 101));
	ck_assert_uint_eq(t.fragment, SONDE_FRAGMENT_NONE);
	ck_assert_uint_eq(t.dst.port, 53);
}
END_TEST

START_TEST(extension_headers_are_stepped_over)
{
	static const uint8_t x[] = { IPV6(24, 0), 60, 0, 5, 2, 0, 0, 1, 0,
				     17,	  0,  1, 4, 0, 0, 0, 0, UDP(8) };

	ck_assert(READ(x, 101));
	ck_assert_uint_eq(t.protocol, 17);
	ck_assert_uint_eq(t.dst.port, 53);
	ck_assert_uint_eq(t.src.family, AF_INET6);
	ck_assert_uint_eq(t.src.ip[15], 1);
	ck_assert_uint_eq(t.dst.ip[15], 2);
	ck_assert_uint_eq(t.length, 0);
}
END_TEST

START_TEST(an_error_tells_whose_packet_it_quotes)
{
	static const uint8_t x[] = { IP(56, 0, 1), 3,	 3,    0,    0,	   0, 0, 0, 0,
				     IP(60, 0, 6), 0xc5, 0x3a, 0x01, 0xbb, 1, 2, 3, 4 };

	ck_assert(READ(x, 101));
	ck_assert_uint_eq(t.protocol, 1);
	ck_assert_uint_eq(t.has, SONDE_TUPLE_ICMP);
	ck_assert_uint_eq(t.type, 3);
	ck_assert_uint_eq(t.code, 3);
	ck_assert(read_link(x, sizeof x, sizeof x, 101, true));
	ck_assert_uint_eq(t.protocol, 6);
	ck_assert_uint_eq(t.has, SONDE_TUPLE_PORTS | SONDE_TUPLE_SEQ);
	ck_assert_uint_eq(t.src.port, 50490);
	ck_assert_uint_eq(t.dst.port, 443);
	ck_assert_uint_eq(t.seq, 0x01020304);
	ck_assert(!read_link(syn, sizeof syn, sizeof syn, 1, true));
}
END_TEST

START_TEST(an_echo_tells_its_identifier)
{
	static const uint8_t x[] = { IP(28, 0, 1), 8, 0, 0, 0, 0x12, 0x34, 0, 1 };

	ck_assert(READ(x, 101));
	ck_assert_uint_eq(t.has, SONDE_TUPLE_ICMP | SONDE_TUPLE_ECHO);
	ck_assert_uint_eq(t.id, 0x1234);
}
END_TEST

START_TEST(an_unknown_transport_still_has_addresses)
{
	static const uint8_t x[] = { IP(24, 0, 132), 1, 2, 3, 4 };

	ck_assert(READ(x, 101));
	ck_assert_uint_eq(t.protocol, 132);
	ck_assert_uint_eq(t.has, 0);
	ck_assert_uint_eq(t.length, 4);
}
END_TEST

START_TEST(a_tunnel_is_looked_through)
{
	static const uint8_t x[] = { IP(48, 0, 4), IP(28, 0, 17), UDP(8) };

	ck_assert(READ(x, 101));
	ck_assert_uint_eq(t.protocol, 17);
	ck_assert_uint_eq(t.dst.port, 53);
}
END_TEST

START_TEST(another_version_behind_a_known_number_is_no_tuple)
{
	static const uint8_t x[] = { IPV6(8, 17), UDP(8) };

	ck_assert(!READ(x, 228));
	ck_assert(READ(x, 229));
}
END_TEST

START_TEST(no_bytes_are_no_tuple)
{
	static const unsigned links[] = { 0, 1, 12, 14, 101, 108, 113, 228, 229, 276, 9999 };

	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		ck_assert(!read_link(syn, 0, 60, links[i], false));
}
END_TEST

Suite *tuple_suite(void)
{
	Suite *s = suite_create("tuple");
	TCase *c = tcase_create("tuple");

	tcase_add_test(c, a_syn_is_read_the_same_behind_every_link_layer);
	tcase_add_test(c, a_segment_says_all_that_tcp_says);
	tcase_add_test(c, a_payload_ends_where_ip_says_and_not_where_the_link_padded);
	tcase_add_test(c, a_later_fragment_has_no_ports);
	tcase_add_test(c, extension_headers_are_stepped_over);
	tcase_add_test(c, an_error_tells_whose_packet_it_quotes);
	tcase_add_test(c, an_echo_tells_its_identifier);
	tcase_add_test(c, an_unknown_transport_still_has_addresses);
	tcase_add_test(c, a_tunnel_is_looked_through);
	tcase_add_test(c, another_version_behind_a_known_number_is_no_tuple);
	tcase_add_test(c, no_bytes_are_no_tuple);
	suite_add_tcase(s, c);
	return s;
}
