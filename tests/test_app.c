/* What applications say, but DNS: bytes of the corpus and of a real handshake, and bytes that lie.
 */
#include "tests/told.h"

#include "packet/app.h"
#include "packet/summary.h"

Suite *app_suite(void);

/* clang-format off */
static const uint8_t client_hello[] = { 22,3,1,0,195,1,0,0,191,3,3,25,9,241,10,52,49,173,124,85,121,47,42,148,231,153,43,176,43,213,206,153,237,218,128,180,86,97,156,63,217,128,135,0,0,30,192,44,192,48,192,43,192,47,204,169,204,168,192,36,192,40,192,35,192,39,0,159,0,158,0,107,0,103,0,255,1,0,0,120,0,0,0,16,0,14,0,0,11,101,120,97,109,112,108,101,46,99,111,109,0,11,0,4,3,0,1,2,0,10,0,12,0,10,0,29,0,23,0,30,0,25,0,24,0,35,0,0,0,16,0,14,0,12,2,104,50,8,104,116,116,112,47,49,46,49,0,22,0,0,0,23,0,0,0,13,0,42,0,40,4,3,5,3,6,3,8,7,8,8,8,9,8,10,8,11,8,4,8,5,8,6,4,1,5,1,6,1,3,3,3,1,3,2,4,2,5,2,6,2 };
static const uint8_t server_hello[] = { 22,3,3,0,122,2,0,0,118,3,3,225,95,109,2,209,122,173,154,228,194,79,214,5,92,21,96,73,236,95,149,234,44,210,253,95,229,201,63,6,32,179,2,32,87,118,160,0,97,85,154,11,136,120,217,127,62,138,64,92,222,160,143,222,66,166,248,124,103,105,29,189,146,60,1,151,19,2,0,0,46,0,43,0,2,3,4,0,51,0,36,0,29,0,32,207,223,77,46,238,125,36,37,42,240,169,136,5,20,144,199,239,80,147,214,75,185,109,148,80,176,185,101,104,50,147,105 };
static const uint8_t dhcp_message[] = { 1,1,6,0,6,227,40,100,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,12,41,31,116,6,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,99,130,83,99,53,1,1,50,4,192,168,1,4,55,7,1,28,2,3,15,6,12,77,37,7,115,117,98,111,112,116,49,17,115,117,98,111,112,116,50,45,49,50,51,52,53,54,55,56,57,10,115,117,98,111,112,116,51,45,49,50,255,0,0 };
static const uint8_t ntp_message[] = { 35,0,0,32,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,164,179,156,209,1,251,36,191,0,0,0,8,87,234,83,15,109,116,53,12,197,40,107,254,193,171,140,167,71,199,53,132 };
static const uint8_t quic_packet[] = { 206,0,0,0,1,8,132,172,172,6,180,46,216,99,0,0,68,158,191,141,236,30,34,236,3,40,143,134,75,22,73,91,180,6,109,211,158,145,162,141,194,76,132,159,246,187,16,97,63,249,36,37,223,103,61,23,38,134 };
/* clang-format on */

/* The line of these bytes behind a port, from the last ": " of the transport on; how the packet was
 * decoded is left in p. */
static struct sonde_packet p;

static const char *line_of(enum sonde_shape transport, uint16_t port, const void *at, size_t len)
{
	static char line[SONDE_SUMMARY_MAX];
	static uint8_t x[70000];
	uint32_t head = transport == SONDE_tcp ? 40 : 28;
	const char *from;

	memset(x, 0, head);
	memcpy(x, (const uint8_t[22]){ 0x45, 0,	 0, 0, 0, 0,  0, 0, 64, 17, 0,
				       0,    10, 0, 0, 1, 10, 0, 0, 2,	4,  210 },
	       22);
	sonde_store(x + 2, 2, head + len);
	sonde_store(x + 22, 2, port);
	if (transport == SONDE_tcp) {
		x[9] = 6;
		x[32] = 0x50;
	} else {
		sonde_store(x + 24, 2, 8 + len);
	}
	memcpy(x + head, at, len);
	sonde_decode(&p, x, (uint32_t)(head + len), (uint32_t)(head + len), SONDE_ip);
	*sonde_summary(line, &p) = 0;
	from = strstr(line, transport == SONDE_tcp ? "length " : ": ");
	ck_assert_ptr_nonnull(from);
	return from;
}

#define TCP_SAYS(port, x, text) ck_assert_str_eq(line_of(SONDE_tcp, port, x, sizeof(x)), text)
#define UDP_SAYS(port, x, text) ck_assert_str_eq(line_of(SONDE_udp, port, x, sizeof(x)), text)
#define LINE(port, s, text)	ck_assert_str_eq(line_of(SONDE_tcp, port, s, strlen(s)), text)

START_TEST(a_client_hello_says_whom_it_wants_and_what_it_offers)
{
	TCP_SAYS(443, client_hello, "length 200: TLS ClientHello example.com h2,http/1.1");
	ck_assert_int_eq(tell(client_hello, sizeof client_hello, SONDE_tls, 0), SONDE_STOP_END);
	ck_told("{records handshake 22@0+200 tls.record.content_type=22@0+1 "
		"tls.record.version=769@1+2 "
		"tls.record.length=195@3+2 {handshakes ClientHello 1@5+195 "
		"tls.handshake.type=1@5+1 "
		"tls.handshake.length=191@6+3 tls.handshake.version=771@9+2 tls.handshake.random=");
	ck_told("tls.handshake.cipher_suites_length=30@44+2 {ciphersuites "
		"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 49196@46+2 "
		"tls.handshake.ciphersuite=49196@46+2 }");
	ck_told("{extensions server_name 0@80+20 tls.handshake.extension.type=0@80+2 "
		"tls.handshake.extension.len=16@82+2 "
		"tls.handshake.extensions_server_name=example.com@89+11 }");
	ck_told("{protocols - 0@");
	ck_told("tls.handshake.extensions_alpn_str_len=2@");
	ck_told("tls.handshake.extensions_alpn_str=h2@");
	ck_told("tls.handshake.extensions_alpn_str=http/1.1@");
	ck_told("{groups - 29@");
}
END_TEST

START_TEST(a_server_hello_says_what_was_chosen)
{
	TCP_SAYS(443, server_hello, "length 127: TLS ServerHello TLSv1.3 TLS_AES_256_GCM_SHA384");
	ck_assert_int_eq(tell(server_hello, sizeof server_hello, SONDE_tls, 0), SONDE_STOP_END);
	ck_told("tls.handshake.ciphersuite=4866@");
	ck_told("{extensions supported_versions 43@");
	ck_told("tls.handshake.extensions.supported_version=772@");
}
END_TEST

START_TEST(numbers_that_mean_nothing_are_grease)
{
	uint8_t x[sizeof client_hello];

	memcpy(x, client_hello, sizeof x);
	x[46] = x[47] = 0x3a;
	tell(x, sizeof x, SONDE_tls, 0);
	ck_told("{ciphersuites GREASE 14906@46+2 ");
	x[47] = 0x4a;
	tell(x, sizeof x, SONDE_tls, 0);
	ck_told("{ciphersuites - 14922@46+2 ");
}
END_TEST

START_TEST(a_hello_cut_by_a_segment_goes_on_and_one_that_lies_is_malformed)
{
	uint8_t x[sizeof client_hello];

	ck_assert_str_eq(line_of(SONDE_tcp, 443, client_hello, 100),
			 "length 100: TLS ClientHello example.com [continues]");
	ck_assert_uint_eq(p.stop, SONDE_STOP_MORE);
	ck_assert_uint_eq(p.layer[2].part, SONDE_PART_FRAGMENT);
	for (size_t n = 6; n < sizeof x; n++) {
		line_of(SONDE_tcp, 443, client_hello, n);
		ck_assert_uint_eq(p.stop, SONDE_STOP_MORE);
		told_len = 0;
		ck_assert_int_eq(sonde_field_each(&p, 2, told_hear, told), SONDE_STOP_MORE);
		ck_assert_int_eq(tell_cut(client_hello, n, sizeof x, SONDE_tls, 0),
				 SONDE_STOP_TRUNCATED);
	}
	memcpy(x, client_hello, sizeof x);
	sonde_store(x + 82, 2, 300); /* an extension longer than the message */
	ck_assert_int_eq(tell(x, sizeof x, SONDE_tls, 0), SONDE_STOP_MALFORMED);
	TCP_SAYS(443, x, "length 200: TLS ClientHello [malformed]");
}
END_TEST

START_TEST(what_is_encrypted_is_not_taken_apart)
{
	static const uint8_t data[] = { 23, 3, 3, 0x40, 0, 1, 2, 3 };
	static const uint8_t sealed[] = { 20, 3, 3, 0, 1, 1, 22, 3, 3, 0, 5, 1, 0, 0, 1, 9 };
	static const uint8_t noise[] = { 22, 3, 3, 0, 8, 0x77, 1, 2, 3, 4, 5, 6, 7 };
	static const uint8_t alert[] = { 21, 3, 3, 0, 2, 2, 40 };

	TCP_SAYS(443, data, "length 8");
	ck_assert_uint_eq(p.layer[2].shape, SONDE_tls);
	ck_assert_uint_eq(p.stop, SONDE_STOP_END);
	TCP_SAYS(443, sealed, "length 16");
	TCP_SAYS(443, noise, "length 13");
	TCP_SAYS(443, alert, "length 7: TLS Alert handshake_failure");
	tell(sealed, sizeof sealed, SONDE_tls, 0);
	ck_not_told("{handshakes");
}
END_TEST

START_TEST(other_bytes_behind_these_ports_are_body)
{
	LINE(443, "GET / HTTP/1.1\r\n\r\n", "length 18");
	LINE(80, "and so on, the rest of a page", "length 29");
	LINE(80, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "length 24");
	LINE(22, "220 ready\r\n", "length 11");
	ck_assert_uint_eq(p.n, 2);
	ck_assert_str_eq(line_of(SONDE_udp, 123, "GET / HTTP/1.1\r\n\r\n", 18), ": UDP, length 18");
	ck_assert_str_eq(line_of(SONDE_udp, 443, "\x40short header", 13), ": UDP, length 13");
	ck_assert_str_eq(line_of(SONDE_udp, 67, dhcp_message, 236), ": UDP, length 236");
}
END_TEST

START_TEST(the_first_line_of_http_is_told_with_host_and_length)
{
	static const char ask[] = "POST /a?b HTTP/1.1\r\nUser-Agent: x\r\nHOST:  example.com \r\n"
				  "Content-Length: 5\r\nHost: other\r\n\r\nhello";
	static const char say[] = "HTTP/1.0 404 Not Found\r\nContent-Length: x\r\n\r\n";

	LINE(80, ask, "length 95: HTTP: POST /a?b HTTP/1.1");
	ck_assert_uint_eq(p.layer[2].head, sizeof ask - 1 - 5);
	tell((const uint8_t *)ask, sizeof ask - 1, SONDE_http, 0);
	ck_assert_str_eq(told, "http.request.method=POST@0+4 http.request.uri=/a?b@5+4 "
			       "http.request.version=HTTP/1.1@10+8 http.host=example.com@42+11 "
			       "http.content_length=5@72+1");
	LINE(8080, say, "length 45: HTTP: HTTP/1.0 404 Not Found");
	tell((const uint8_t *)say, sizeof say - 1, SONDE_http, 0);
	ck_assert_str_eq(told, "http.response.version=HTTP/1.0@0+8 http.response.code=404@9+3 "
			       "http.response.phrase=Not Found@13+9");
}
END_TEST

START_TEST(a_head_without_its_empty_line_goes_on)
{
	LINE(80, "GET / HTTP/1.1\r\nHost: exam", "length 26: HTTP: GET / HTTP/1.1 [continues]");
	told_len = 0;
	ck_assert_int_eq(sonde_field_each(&p, 2, told_hear, told), SONDE_STOP_MORE);
	ck_not_told("http.host");
	ck_assert_int_eq(tell_cut((const uint8_t *)"GET / HTTP/1.1\r\nHo", 18, 40, SONDE_http, 0),
			 SONDE_STOP_TRUNCATED);
}
END_TEST

START_TEST(the_empty_line_is_found_wherever_it_stands)
{
	static const char *const ends[] = { "\r\n\r\n", "\n\n", "\n\r\n", "\r\n\n" };
	static const char body[] = "\n\nand more than sixteen bytes";
	char ask[128];

	for (unsigned i = 0; i < sizeof ends / sizeof *ends; i++)
		for (int n = 1; n < 50; n++) {
			int head = snprintf(ask, sizeof ask, "GET /%.*s HTTP/1.1\nX: \n\rb%s", n,
					    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
					    ends[i]);

			strcpy(ask + head, body);
			line_of(SONDE_tcp, 80, ask, (size_t)head + (n % 2 ? sizeof body - 1 : 0));
			ck_assert_uint_eq(p.layer[2].head, (unsigned)head);
			ck_assert_uint_eq(p.stop, SONDE_STOP_END);
		}
}
END_TEST

START_TEST(a_line_from_the_wire_is_escaped)
{
	LINE(80, "GET /\033[2J HTTP/1.1\r\n\r\n", "length 22: HTTP: GET /\\x1b[2J HTTP/1.1");
	LINE(22, "SSH-2.0-a\tb\r\n", "length 13: SSH: SSH-2.0-a\\x09b");
}
END_TEST

START_TEST(a_long_line_is_cut)
{
	static char ask[9000];

	memset(ask, 0xff, sizeof ask);
	memcpy(ask, "GET /", 5);
	ck_assert_uint_lt(strlen(line_of(SONDE_tcp, 80, ask, sizeof ask)),
			  SONDE_SUMMARY_MAX - 1000);
	ck_assert_ptr_nonnull(strstr(line_of(SONDE_tcp, 80, ask, sizeof ask), "\\xff..."));
}
END_TEST

START_TEST(ssh_tells_its_version)
{
	static const char hello[] = "SSH-2.0-OpenSSH_7.8\r\nmore";

	LINE(22, hello, "length 25: SSH: SSH-2.0-OpenSSH_7.8");
	tell((const uint8_t *)hello, sizeof hello - 1, SONDE_ssh, 0);
	ck_assert_str_eq(told, "ssh.protocol=SSH-2.0-OpenSSH_7.8@0+19");
}
END_TEST

START_TEST(dhcp_is_a_header_and_options)
{
	uint8_t x[sizeof dhcp_message];

	UDP_SAYS(67, dhcp_message,
		 ": BOOTP/DHCP, Request from 00:0c:29:1f:74:06, length 300, Discover");
	ck_assert_int_eq(tell(dhcp_message, sizeof dhcp_message, SONDE_dhcp, 0), SONDE_STOP_END);
	ck_told("dhcp.type=1@0+1 dhcp.hw.type=1@1+1 dhcp.hw.len=6@2+1 dhcp.hops=0@3+1 ");
	ck_told("{options DHCP-Message 53@240+3 dhcp.option.dhcp=");
	ck_told("{options eol 255@");
	ck_not_told("dhcp.server="); /* no name: absent */
	memcpy(x, dhcp_message, sizeof x);
	memcpy(x + 44, "boot", 4);
	x[239]++; /* another cookie */
	UDP_SAYS(67, x, ": UDP, length 300");
	x[239]--;
	x[241] = 200; /* as long as all the options */
	ck_assert_int_eq(tell(x, sizeof x, SONDE_dhcp, 0), SONDE_STOP_MALFORMED);
	ck_told("dhcp.server=boot@44+64");
}
END_TEST

START_TEST(a_list_of_addresses_is_a_list)
{
	uint8_t x[252] = { 1, 1, 6 };

	memcpy(x + 236, (const uint8_t[16]){ 99, 130, 83, 99, 6, 8, 10, 0, 0, 1, 10, 0, 0, 2, 255 },
	       16);
	ck_assert_int_eq(tell(x, sizeof x, SONDE_dhcp, 0), SONDE_STOP_END);
	ck_told("{options Domain-Name-Server 6@240+10 "
		"{servers - 0@242+4 dhcp.option.domain_name_server=167772161@242+4 } "
		"{servers - 1@246+4 dhcp.option.domain_name_server=167772162@246+4 } }");
}
END_TEST

START_TEST(a_time_of_ntp_is_nanoseconds_since_1970_and_none_is_absent)
{
	static const uint8_t control[] = { 0x16, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0 };
	uint8_t x[48] = { 0x24, 2 };

	UDP_SAYS(123, ntp_message, ": NTPv4, Client, length 72");
	UDP_SAYS(123, control, ": NTPv2, Control Message, length 12");
	sonde_store(x + 40, 8, 0xe4e1000080000000); /* half a second past the full one */
	ck_assert_int_eq(tell(x, sizeof x, SONDE_ntp, 0), SONDE_STOP_END);
	ck_told("ntp.flags.mode=4@0+1 ntp.stratum=2@1+1 ");
	ck_told("ntp.xmt=1630962048500000000@40+8");
	ck_not_told("ntp.org");
	sonde_store(x + 40, 8, 0x0000000100000000); /* the era that began in 2036 */
	tell(x, sizeof x, SONDE_ntp, 0);
	ck_told("ntp.xmt=2085978497000000000@40+8");
}
END_TEST

START_TEST(a_long_header_of_quic_is_told)
{
	uint8_t x[sizeof quic_packet];

	UDP_SAYS(443, quic_packet, ": quic, initial, dcid 84acac06b42ed863, length 1182");
	tell(quic_packet, sizeof quic_packet, SONDE_quic, 0);
	ck_told("quic.version=1@1+4 quic.dcil=8@5+1 quic.dcid=84acac06b42ed863@6+8 "
		"quic.scil=0@14+1 "
		"quic.length=1182@16+2");
	memcpy(x, quic_packet, sizeof x);
	x[5] = 21;
	x[6 + 21] = 0; /* or else nothing would be wrong with it */
	UDP_SAYS(443, x, ": UDP, length 58");
}
END_TEST

Suite *app_suite(void)
{
	Suite *s = suite_create("app");
	TCase *c = tcase_create("app");

	tcase_add_test(c, a_client_hello_says_whom_it_wants_and_what_it_offers);
	tcase_add_test(c, a_server_hello_says_what_was_chosen);
	tcase_add_test(c, numbers_that_mean_nothing_are_grease);
	tcase_add_test(c, a_hello_cut_by_a_segment_goes_on_and_one_that_lies_is_malformed);
	tcase_add_test(c, what_is_encrypted_is_not_taken_apart);
	tcase_add_test(c, other_bytes_behind_these_ports_are_body);
	tcase_add_test(c, the_first_line_of_http_is_told_with_host_and_length);
	tcase_add_test(c, a_head_without_its_empty_line_goes_on);
	tcase_add_test(c, the_empty_line_is_found_wherever_it_stands);
	tcase_add_test(c, a_line_from_the_wire_is_escaped);
	tcase_add_test(c, a_long_line_is_cut);
	tcase_add_test(c, ssh_tells_its_version);
	tcase_add_test(c, dhcp_is_a_header_and_options);
	tcase_add_test(c, a_list_of_addresses_is_a_list);
	tcase_add_test(c, a_time_of_ntp_is_nanoseconds_since_1970_and_none_is_absent);
	tcase_add_test(c, a_long_header_of_quic_is_told);
	suite_add_tcase(s, c);
	return s;
}
