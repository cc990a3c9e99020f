#include <arpa/inet.h>
#include <check.h>

#include "probe/harmless.h"

Suite *harmless_suite(void);

static bool is_local(const char *text)
{
	struct sonde_address a = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	ck_assert_int_eq(inet_pton(a.family, text, a.ip), 1);
	return sonde_address_is_local(&a);
}

/* The first and the last of each block, and the neighbours of these. */
START_TEST(local_blocks_end_where_they_end)
{
	static const struct {
		const char *before, *first, *last, *after;
	} block[] = {
		{ NULL, "0.0.0.0", "0.255.255.255", "1.0.0.0" },
		{ "9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0" },
		{ "100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0" },
		{ "126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0" },
		{ "169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0" },
		{ "172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0" },
		{ "192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0" },
		{ "192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0" },
		{ "198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0" },
		{ "198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0" },
		{ "203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0" },
		{ "223.255.255.255", "224.0.0.0", "224.0.0.255", "224.0.1.0" },
		{ "239.191.255.255", "239.192.0.0", "239.255.255.255", "240.0.0.0" },
		{ "255.255.255.254", "255.255.255.255", "255.255.255.255", NULL },
		{ NULL, "::", "::1", "::2" },
		{ "2001:1:ffff::", "2001:2::", "2001:2:0:ffff::", "2001:2:1::" },
		{ "2001:db7:ffff::", "2001:db8::", "2001:db8:ffff::", "2001:db9::" },
		{ "3ffe:ffff::", "3fff::", "3fff:0fff:ffff::", "3fff:1000::" },
		{ "fbff:ffff::", "fc00::", "fdff:ffff::", "fe00::" },
		{ "fe7f:ffff::", "fe80::", "febf:ffff::", "fec0::" },
		{ NULL, "ff02::1", "ff05::2", "ff08::1" },
	};

	for (size_t i = 0; i < sizeof block / sizeof *block; i++) {
		ck_assert_msg(is_local(block[i].first), "%s", block[i].first);
		ck_assert_msg(is_local(block[i].last), "%s", block[i].last);
		if (block[i].before)
			ck_assert_msg(!is_local(block[i].before), "%s", block[i].before);
		if (block[i].after)
			ck_assert_msg(!is_local(block[i].after), "%s", block[i].after);
	}
}
END_TEST

START_TEST(an_ipv4_address_in_one_of_ipv6_is_that_address)
{
	ck_assert(is_local("::ffff:10.0.0.1"));
	ck_assert(!is_local("::ffff:8.8.8.8"));
}
END_TEST

START_TEST(others_are_strangers)
{
	static const char *const public[] = { "8.8.8.8", "224.0.1.1", "ff0e::1", "2001:4860::1",
					      "64:ff9b::a00:1" };
	struct sonde_address none = { .family = 0 };

	for (size_t i = 0; i < sizeof public / sizeof *public; i++)
		ck_assert_msg(!is_local(public[i]), "%s", public[i]);
	ck_assert(!sonde_address_is_local(&none));
}
END_TEST

Suite *harmless_suite(void)
{
	Suite *s = suite_create("harmless");
	TCase *t = tcase_create("harmless");

	tcase_add_test(t, local_blocks_end_where_they_end);
	tcase_add_test(t, an_ipv4_address_in_one_of_ipv6_is_that_address);
	tcase_add_test(t, others_are_strangers);
	suite_add_tcase(s, t);
	return s;
}
