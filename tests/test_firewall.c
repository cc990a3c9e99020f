#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/reason.h"
#include "sys/firewall.h"
#include "sys/netns.h"
#include "tests/root.h"

/* A datagram over the loopback of the namespace: 0, or the errno of sending. */
static int try(int netns)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(9),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = sonde_netns_socket(netns, AF_INET, SOCK_DGRAM, 0);
	int r = sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to) < 0 ? errno : 0;

	close(fd);
	return r;
}

START_TEST(rules_hold_in_their_namespace_alone)
{
	int a, b;
	char said[200] = "";

	if (lacks_root())
		return;
	a = sonde_netns_open();
	b = sonde_netns_open();
	ck_assert_int_eq(sonde_firewall_load(a,
					     "table inet lab {\nchain out {\ntype filter hook "
					     "output priority 0\nudp dport 9 drop\n}\n}\n",
					     said, sizeof said),
			 0);
	ck_assert_str_eq(said, "");
	ck_assert_int_eq(try(a), EPERM);
	ck_assert_int_eq(try(b), 0);
	close(a);
	close(b);
}
END_TEST

START_TEST(wrong_rules_are_refused_in_nfts_words)
{
	char said[200] = "", brief[10];
	int a;

	if (lacks_root())
		return;
	a = sonde_netns_open();
	ck_assert_int_eq(sonde_firewall_load(a, "table inet lab {\n chain x {\n  bogus\n }\n}\n",
					     said, sizeof said),
			 SONDE_RULES);
	ck_assert_str_eq(said, "syntax error, unexpected newline: 'bogus'");
	ck_assert_int_eq(sonde_firewall_load(a, "bogus\n", brief, sizeof brief), SONDE_RULES);
	ck_assert_uint_eq(strlen(brief), sizeof brief - 1);
	close(a);
}
END_TEST

START_TEST(rules_need_a_namespace)
{
	char said[200] = "";

	if (lacks_root())
		return;
	ck_assert_int_eq(sonde_firewall_load(-1, "table inet lab { }\n", said, sizeof said),
			 -EBADF);
}
END_TEST

Suite *firewall_suite(void);
Suite *firewall_suite(void)
{
	Suite *s = suite_create("firewall");
	TCase *c = tcase_create("firewall");

	tcase_add_test(c, rules_hold_in_their_namespace_alone);
	tcase_add_test(c, wrong_rules_are_refused_in_nfts_words);
	tcase_add_test(c, rules_need_a_namespace);
	suite_add_tcase(s, c);
	return s;
}
