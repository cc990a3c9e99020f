#include <check.h>
#include <stdlib.h>

#include "packet/hint.h"
#include "packet/summary.h"

Suite *hint_suite(void);

static const uint8_t request[] = "GET / HTTP/1.1\r\n\r\n";

/* The shape behind TCP between ports 1234 and port. */
static unsigned follows(const struct sonde_hint *h, uint16_t port, const void *body, size_t len)
{
	uint8_t x[128] = {
		0x45, 0, 0, 0, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 4, 210
	};
	struct sonde_packet p;

	sonde_store(x + 2, 2, 40 + len);
	sonde_store(x + 22, 2, port);
	x[32] = 0x50;
	memcpy(x + 40, body, len);
	sonde_decode_hinted(&p, x, (uint32_t)(40 + len), (uint32_t)(40 + len), 101, h);
	return p.n > 2 ? p.layer[2].shape : SONDE_NONE;
}

START_TEST(a_hint_names_what_a_port_carries)
{
	struct sonde_hint h = { 0 };
	const char *expected;

	ck_assert_uint_eq(follows(NULL, 8042, request, sizeof request - 1), SONDE_NONE);
	ck_assert(sonde_hint_parse(&h, "tcp.port==8042,http", &expected));
	ck_assert_uint_eq(follows(&h, 8042, request, sizeof request - 1), SONDE_http);
	ck_assert_uint_eq(follows(&h, 8043, request, sizeof request - 1), SONDE_NONE);
	ck_assert_uint_eq(follows(&h, 80, request, sizeof request - 1), SONDE_http);
	ck_assert(sonde_hint_parse(&h, "udp.port==5300,dns", &expected));
	ck_assert_uint_eq(h.is[1].shape, SONDE_dns);
	ck_assert(sonde_hint_parse(&h, "tcp.port==5300,dns", &expected));
	ck_assert_uint_eq(h.is[2].shape, SONDE_dns_tcp);
	ck_assert(sonde_hint_parse(&h, "tcp.port==80,ssh", &expected));
	ck_assert_uint_eq(follows(&h, 80, "SSH-2.0-x\r\n", 11), SONDE_ssh);
}
END_TEST

START_TEST(bytes_that_cannot_be_what_the_hint_says_are_body)
{
	struct sonde_hint h = { 0 };
	const char *expected;

	ck_assert(sonde_hint_parse(&h, "tcp.port==8042,tls", &expected));
	ck_assert_uint_eq(follows(&h, 8042, request, sizeof request - 1), SONDE_NONE);
}
END_TEST

START_TEST(a_hint_that_is_not_understood_says_what_is_expected)
{
	static const char *const wrong[][2] = {
		{ "", "tcp.port==NUMBER" },
		{ "tcp.port=80,http", "tcp.port==NUMBER" },
		{ "tcp.port==,http", "tcp.port==NUMBER" },
		{ "tcp.port==80", "tcp.port==NUMBER" },
		{ "tcp.port==80x,http", "tcp.port==NUMBER" },
		{ "tcp.port==65536,http", "a port" },
		{ "tcp.port==99999999999999999999,http", "a port" },
		{ "tcp.port==80,", "a protocol that goes over TCP" },
		{ "tcp.port==80,htt", "a protocol that goes over TCP" },
		{ "tcp.port==80,ntp", "a protocol that goes over TCP" },
		{ "udp.port==80,http", "a protocol that goes over UDP" },
	};
	struct sonde_hint h = { 0 };
	const char *expected;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		ck_assert(!sonde_hint_parse(&h, wrong[i][0], &expected));
		ck_assert_msg(!strncmp(expected, wrong[i][1], strlen(wrong[i][1])), "%s: %s",
			      wrong[i][0], expected);
	}
	ck_assert_uint_eq(h.n, 0);
	for (unsigned i = 0; i < SONDE_HINTS; i++)
		ck_assert(sonde_hint_parse(&h, "tcp.port==80,http", &expected));
	ck_assert(!sonde_hint_parse(&h, "tcp.port==80,http", &expected));
}
END_TEST

Suite *hint_suite(void)
{
	Suite *s = suite_create("hint");
	TCase *c = tcase_create("hint");

	tcase_add_test(c, a_hint_names_what_a_port_carries);
	tcase_add_test(c, bytes_that_cannot_be_what_the_hint_says_are_body);
	tcase_add_test(c, a_hint_that_is_not_understood_says_what_is_expected);
	suite_add_tcase(s, c);
	return s;
}
