#include "tests/told.h"

Suite *field_suite(void);

START_TEST(fields_come_in_the_order_of_their_bytes_with_their_places)
{
	static const uint8_t eth[] = { 1,  2,  3,  4,	 5, 6,	  7, 8,	   9,
				       10, 11, 12, 0x81, 0, 0xb0, 7, 0x88, 0xcc };

	ck_assert_int_eq(tell(eth, sizeof eth, SONDE_eth, 0), SONDE_STOP_END);
	ck_assert_str_eq(told, "eth.dst=010203040506@0+6 eth.src=0708090a0b0c@6+6 "
			       "eth.type=33024@12+2");
	ck_assert_int_eq(tell(eth, sizeof eth, SONDE_eth, 1), SONDE_STOP_END);
	ck_assert_str_eq(told, "vlan.priority=5@14+1 vlan.dei=1@14+1 vlan.id=7@14+2 "
			       "vlan.etype=35020@16+2");
}
END_TEST

#define TCP(words) 0, 80, 1, 0, 0, 0, 0, 1, 0, 0, 0, 2, (words) << 4 | 1, 0x12, 1, 0, 0, 0, 0, 0

START_TEST(a_span_comes_before_what_it_covers_and_words_are_shown_as_bytes)
{
	static const uint8_t tcp[] = { TCP(5) };

	ck_assert_int_eq(tell(tcp, sizeof tcp, SONDE_tcp, 0), SONDE_STOP_END);
	ck_assert_ptr_nonnull(strstr(told, " tcp.hdr_len=20@12+1 tcp.flags=274@12+2 "
					   "tcp.flags.res=0@12+1 tcp.flags.ae=1@12+1 "));
	ck_assert_ptr_nonnull(strstr(told, " tcp.flags.syn=1@13+1 tcp.flags.fin=0@13+1 "));
}
END_TEST

START_TEST(options_are_elements_known_or_not)
{
	static const uint8_t tcp[] = { TCP(14), 2, 4,	 5,    180,  1,	   5,	18, 0, 0,
				       0,	5, 0,	 0,    0,    9,	   0,	0,  0, 20,
				       0,	0, 0,	 30,   253,  5,	   7,	8,  9, 3,
				       2,	0, 0xaa, 0xbb, 0xcc, 0xdd, 0xee };

	ck_assert_int_eq(tell(tcp, sizeof tcp, SONDE_tcp, 0), SONDE_STOP_END);
	ck_assert_ptr_nonnull(strstr(
		told,
		" tcp.urgent_pointer=0@18+2 "
		"{options mss 2@20+4 tcp.options.mss_val=1460@22+2 } "
		"{options nop 1@24+1 } "
		"{options sack 5@25+18 "
		"{blocks - 0@27+8 tcp.options.sack_le=5@27+4 tcp.options.sack_re=9@31+4 } "
		"{blocks - 1@35+8 tcp.options.sack_le=20@35+4 tcp.options.sack_re=30@39+4 } } "
		"{options - 253@43+5 } "
		"{options wscale 3 bad@48+2 } "
		"{options eol 0@50+6 }"));
}
END_TEST

START_TEST(an_option_that_contradicts_itself_is_the_last_and_is_said_to_be_bad)
{
	static const uint8_t tcp[] = { TCP(7), 1, 1, 8, 0, 7, 7, 7, 7 };

	ck_assert_int_eq(tell(tcp, sizeof tcp, SONDE_tcp, 0), SONDE_STOP_MALFORMED);
	ck_assert_ptr_nonnull(strstr(told, "{options nop 1@21+1 } {options TS 8 bad@22+6 }"));
	ck_assert_ptr_null(strstr(told, "tsval"));
}
END_TEST

START_TEST(elements_of_a_header_itself_are_told)
{
	static const uint8_t routing[] = { 59, 2, 4, 0, 0, 0,  0,  0,  1,  2,  3,  4,
					   5,  6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

	ck_assert_int_eq(tell(routing, sizeof routing, SONDE_ipv6_routing, 0), SONDE_STOP_END);
	ck_assert_ptr_nonnull(strstr(told, "{segments - 0@8+16 ipv6.routing.src.addr="
					   "0102030405060708090a0b0c0d0e0f10@8+16 }"));
}
END_TEST

START_TEST(behind_the_hops_of_segment_routing_are_options)
{
	static const uint8_t srh[] = { 59, 4,  4, 0,  0,  0,  0,    7,	1,  2,	3, 4, 5, 6,
				       7,  8,  9, 10, 11, 12, 13,   14, 15, 16, 0, 4, 1, 0,
				       9,  10, 9, 9,  5,  6,  0x80, 0,	0,  0,	0, 3 };
	static const uint8_t lie[] = { 59, 2, 4, 0, 9, 0,  0,  7,  1,  2,  3,  4,
				       5,  6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

	ck_assert_int_eq(tell(srh, sizeof srh, SONDE_ipv6_routing, 0), SONDE_STOP_END);
	ck_assert_ptr_nonnull(strstr(told, "{segments - 0@8+16 ipv6.routing.src.addr="
					   "0102030405060708090a0b0c0d0e0f10@8+16 } "
					   "{options nop 0@24+1 } {options PadN 4@25+3 } "
					   "{options - 9@28+12 }"));
	ck_assert_int_eq(tell(lie, sizeof lie, SONDE_ipv6_routing, 0), SONDE_STOP_END);
	ck_assert_ptr_nonnull(strstr(told, "{segments - 0@8+16 "));
	ck_assert_ptr_null(strstr(told, "{options"));
}
END_TEST

START_TEST(an_object_about_an_interface_has_what_its_type_says)
{
	static const uint8_t all[] = { 0x20, 0, 0,  0, 0, 24, 2, 15,  0,   0,	0, 7, 0, 1,
				       0,    0, 10, 0, 0, 1,  4, 'e', 't', 'h', 0, 0, 5, 220 };
	static const uint8_t six[] = { 0x20, 0, 0, 0, 0, 24, 2, 4, 0, 2, 0, 0, 0xfe, 0x80,
				       0,    0, 0, 0, 0, 0,  0, 0, 0, 0, 0, 0, 0,    1 };
	static const uint8_t cut[] = { 0x20, 0, 0, 0, 0, 12, 2, 14, 0, 0, 0, 7, 0, 1, 0, 0 };
	static const uint8_t asked[] = { 0x20, 0, 0, 0, 0, 12, 3, 3, 0, 1, 4, 0, 10, 0, 0, 1 };

	tell(all, sizeof all, SONDE_icmp_ext, 0);
	ck_assert_ptr_nonnull(strstr(told, "icmp.int_info.index=7@8+4 icmp.int_info.afi=1@12+2 "
					   "icmp.int_info.ipv4=167772161@16+4 "
					   "icmp.int_info.name=eth@21+3 "
					   "icmp.int_info.mtu=1500@24+4 }"));
	tell(six, sizeof six, SONDE_icmp_ext, 0);
	ck_assert_ptr_nonnull(strstr(told, "icmp.int_info.ipv6=fe800000000000000000000000000001"));
	tell(cut, sizeof cut, SONDE_icmp_ext, 0);
	ck_assert_ptr_nonnull(strstr(told, "icmp.int_info.index=7@8+4 icmp.int_info.afi=1@12+2 }"));
	tell(asked, sizeof asked, SONDE_icmp_ext, 0);
	ck_assert_ptr_nonnull(strstr(told, "icmp.int_ident.afi=1@8+2 "
					   "icmp.int_ident.addr_length=4@10+1 "
					   "icmp.int_ident.ipv4=167772161@12+4 }"));
}
END_TEST

START_TEST(what_a_router_advertises_is_named)
{
	static const uint8_t ra[] = { 64,   0,	  7,  8,    0,	  0, 0,	 0,  0,	   0,
				      0,    0, /* without the first four of ICMPv6 */
				      24,   2,	  48, 0x08, 0,	  0, 0,	 60, 0x20, 1,
				      0xd,  0xb8, 0,  7,    0,	  0, 25, 3,  0,	   0,
				      0,    0,	  0,  30,   0x20, 1, 0,	 0,  0,	   0,
				      0,    0,	  0,  0,    0,	  0, 0,	 0,  0,	   53,
				      31,   2,	  0,  0,    0,	  0, 0,	 30, 3,	   'l',
				      'a',  'n',  0,  0,    0,	  0, 37, 1,  'a',  ':',
				      'b',  0,	  0,  0,    38,	  2, 0,	 8,  0,	   0x64,
				      0xff, 0x9b, 0,  0,    0,	  0, 0,	 0,  0,	   0 };

	ck_assert_int_eq(tell(ra, sizeof ra, SONDE_nd_ra, 0), SONDE_STOP_END);
	ck_assert_ptr_nonnull(strstr(told, "icmpv6.opt.route_info.flag.route_preference=1@"));
	ck_assert_ptr_nonnull(strstr(told, "icmpv6.opt.route_lifetime=60@"));
	ck_assert_ptr_nonnull(strstr(told, "icmpv6.opt.rdnss=20010000000000000000000000000035@"));
	ck_assert_ptr_nonnull(strstr(told, "icmpv6.opt.dnssl.labels=\3lan@"));
	ck_assert_ptr_nonnull(strstr(told, "icmpv6.opt.captive_portal=a:b@"));
	ck_assert_ptr_nonnull(strstr(told, "icmpv6.opt.pref64.scaled_lifetime=1@"));
	ck_assert_ptr_nonnull(strstr(told, "icmpv6.opt.pref64.prefix96=0064ff9b"));
}
END_TEST

START_TEST(a_value_has_its_word)
{
	ck_assert_str_eq(sonde_words(SONDE_ROW_icmp_type, 8), "echo request");
	ck_assert_ptr_null(sonde_words(SONDE_ROW_icmp_type, 99));
	ck_assert_ptr_null(sonde_words(SONDE_ROW_icmp_code, 8));
}
END_TEST

Suite *field_suite(void)
{
	Suite *s = suite_create("field");
	TCase *c = tcase_create("field");

	tcase_add_test(c, fields_come_in_the_order_of_their_bytes_with_their_places);
	tcase_add_test(c, a_span_comes_before_what_it_covers_and_words_are_shown_as_bytes);
	tcase_add_test(c, options_are_elements_known_or_not);
	tcase_add_test(c, an_option_that_contradicts_itself_is_the_last_and_is_said_to_be_bad);
	tcase_add_test(c, elements_of_a_header_itself_are_told);
	tcase_add_test(c, behind_the_hops_of_segment_routing_are_options);
	tcase_add_test(c, an_object_about_an_interface_has_what_its_type_says);
	tcase_add_test(c, what_a_router_advertises_is_named);
	tcase_add_test(c, a_value_has_its_word);
	suite_add_tcase(s, c);
	return s;
}
