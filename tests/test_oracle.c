#include "tests/lab_read.h"
#include "tests/valid_json.h"

Suite *oracle_suite(void);

/* The line of JSON that says all of these, or NULL. */
static const char *line_with(const char *from, const char *to, const char *const *parts)
{
	char pair[64];

	snprintf(pair, sizeof pair, "\"from\":\"%s\",\"to\":\"%s\"", from, to);
	for (char *line = told, *end; (end = strchr(line, '\n')); line = end + 1) {
		bool all;

		*end = 0;
		all = strstr(line, pair);
		for (unsigned i = 0; all && parts[i]; i++)
			all = strstr(line, parts[i]);
		*end = '\n';
		if (all)
			return line;
	}
	return NULL;
}

static unsigned lines_between(const char *from, const char *to)
{
	unsigned n = 0;
	char pair[64];

	snprintf(pair, sizeof pair, "\"from\":\"%s\",\"to\":\"%s\"", from, to);
	for (const char *at = told; (at = strstr(at, pair)); at++)
		n++;
	return n;
}

static void says(const char *from, const char *to, const char *const *parts)
{
	const char *at;
	char pair[64];

	if (line_with(from, to, parts))
		return;
	snprintf(pair, sizeof pair, "\"from\":\"%s\",\"to\":\"%s\"", from, to);
	at = strstr(told, pair);
	ck_abort_msg("of %s to %s it does not say %s ... but\n%.*s", from, to, parts[0],
		     at ? (int)strcspn(at, "\n") : 0, at ? at : "");
}

#define SAYS(from, to, ...) says(from, to, (const char *const[]){ __VA_ARGS__, NULL })
#define DENIES(from, to, part)                                                                     \
	ck_assert_ptr_null(line_with(from, to, (const char *const[]){ part, NULL }))

static void read_ready(const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "tests/lab/%s.lab", name);
	lab_read_file(path);
	lab_tell_all();
}

static const char *const ready[] = { "chain",  "diamond",     "blackhole", "rate-limit",
				     "silent", "asymmetric",  "nat",	   "firewall",
				     "lossy",  "bufferbloat", "odd",	   "forty" };

START_TEST(every_ready_lab_is_told_as_valid_json)
{
	unsigned lines = 0;

	read_ready(ready[_i]);
	for (char *line = told, *end; (end = strchr(line, '\n')); line = end + 1, lines++) {
		ck_assert_msg(valid_json(line, (size_t)(end - line)), "%.*s", (int)(end - line),
			      line);
		ck_assert_msg(strncmp(line, "{\"record\":\"lab_", 14) == 0, "%.20s", line);
	}
	ck_assert_uint_ge(lines, lab.links * 2);
}
END_TEST

START_TEST(a_chain_answers_hop_by_hop_from_the_side_that_asks)
{
	read_ready("chain");
	ck_assert_uint_eq(lines_between("src", "dst"), 1);
	SAYS("src", "dst", "\"nodes\":[\"src\",\"r1\",\"r2\",\"r3\",\"r4\",\"r5\",\"r6\",\"dst\"]",
	     "\"to_v4\":\"10.0.7.2\"", "\"to_v6\":\"fd00:0:0:7::2\"", "\"end\":\"reached\"",
	     "\"mtu\":1500", "\"paths\":1",
	     "{\"ttl\":1,\"node\":\"r1\",\"v4\":[\"10.0.1.2\"],\"v6\":[\"fd00:0:0:1::2\"]}",
	     "{\"ttl\":6,\"node\":\"r6\",\"v4\":[\"10.0.6.2\"],\"v6\":[\"fd00:0:0:6::2\"]}",
	     "{\"ttl\":7,\"node\":\"dst\",\"v4\":[\"10.0.7.2\"],\"v6\":[\"fd00:0:0:7::2\"]}");
	SAYS("dst", "src", "{\"ttl\":1,\"node\":\"r6\",\"v4\":[\"10.0.7.1\"]");
	DENIES("src", "dst", "\"mtu_told\"");
	DENIES("src", "dst", "\"ttl\":8");
	ck_assert_ptr_nonnull(strstr(told, "\"node\":\"r1\",\"kind\":\"router\",\"interface\":"
					   "\"eth1\",\"link\":\"r1-r2\",\"peer\":\"r2\",\"mac\":"
					   "\"02:00:00:00:02:01\",\"v4\":\"10.0.2.1/24\",\"v6\":"
					   "\"fd00:0:0:2::1/64\",\"mtu\":1500,\"named\":false}"));
}
END_TEST

START_TEST(a_diamond_has_four_paths_there_and_one_back)
{
	read_ready("diamond");
	ck_assert_uint_eq(lines_between("src", "dst"), 4);
	ck_assert_uint_eq(lines_between("dst", "src"), 1);
	SAYS("src", "dst", "\"path\":3,\"paths\":4",
	     "\"nodes\":[\"src\",\"r1\",\"c\",\"r2\",\"dst\"]", "\"next\":4,\"hash\":\"l4\"",
	     "\"ttl\":2,\"node\":\"c\",\"v4\":[\"10.0.4.2\"]");
	/* r2 answers by way of a, whatever the way there */
	SAYS("src", "dst", "\"nodes\":[\"src\",\"r1\",\"d\",",
	     "\"ttl\":3,\"node\":\"r2\",\"v4\":[\"10.0.6.2\"]");
	DENIES("dst", "src", "\"next\"");
}
END_TEST

START_TEST(a_router_with_two_ways_back_answers_from_either_address)
{
	lab_read("host src dst\nrouter a b c\nlink src a\nlink src b\nlink a c\nlink b c\n"
		 "link c dst\nroute * auto\n");
	lab_tell_all();
	SAYS("src", "dst",
	     "\"node\":\"c\",\"v4\":[\"10.0.3.2\",\"10.0.4.2\"],"
	     "\"v6\":[\"fd00:0:0:3::2\",\"fd00:0:0:4::2\"]");
}
END_TEST

START_TEST(a_black_hole_is_not_told_of_and_a_narrow_link_is)
{
	read_ready("blackhole");
	SAYS("src", "dst", "\"mtu\":1300,\"mtu_told\":false");
	SAYS("dst", "src", "\"mtu\":1300,\"mtu_told\":true");
	SAYS("near", "src", "\"mtu\":1300,\"mtu_told\":true");
	SAYS("near", "dst", "\"mtu\":1500");
	DENIES("near", "dst", "mtu_told");
}
END_TEST

START_TEST(a_black_hole_on_the_way_back_of_the_error_hides_it_too)
{
	lab_read("host src dst\nrouter r1 r2 r3\nlink src r1\nlink r1 r2\nlink r2 r3\n"
		 "link r3 dst mtu=1280\nbox r1 drop=icmp-frag-needed\nroute * auto\n");
	lab_tell_all();
	SAYS("src", "dst", "\"mtu\":1280,\"mtu_told\":false");
}
END_TEST

START_TEST(routers_that_answer_seldom_or_never_are_marked)
{
	read_ready("rate-limit");
	SAYS("src", "dst",
	     "\"node\":\"r2\",\"v4\":[\"10.0.2.2\"],\"v6\":[\"fd00:0:0:2::2\"],"
	     "\"icmp_interval_ns\":1000000000}");
	read_ready("silent");
	SAYS("src", "dst",
	     "\"node\":\"r2\",\"v4\":[\"10.0.2.2\"],\"v6\":[\"fd00:0:0:2::2\"],"
	     "\"silent\":true}",
	     "\"node\":\"r3\",\"v4\":[\"10.0.3.2\"]", "\"end\":\"reached\"");
}
END_TEST

START_TEST(an_answer_takes_its_own_way)
{
	read_ready("asymmetric");
	SAYS("src", "dst", "\"nodes\":[\"src\",\"r1\",\"a\",\"r2\",\"dst\"]",
	     "\"node\":\"r2\",\"v4\":[\"10.0.6.2\"],"	      /* towards c */
	     "\"v6\":[\"fd00:0:0:6::2\",\"fd00:0:0:3::2\"]"); /* or whence it came */
	SAYS("dst", "src", "\"nodes\":[\"dst\",\"r2\",\"c\",\"b\",\"r1\",\"src\"]");
}
END_TEST

START_TEST(a_translator_hides_who_sends_and_answers_find_back)
{
	read_ready("nat");
	SAYS("pc", "www",
	     "\"nat\":[\"nat\"],\"seen_v4\":\"203.0.113.1\",\"seen_v6\":"
	     "\"2001:db8:1::1\"",
	     "\"node\":\"isp\",\"v4\":[\"203.0.113.2\"]", "\"end\":\"reached\"");
	DENIES("pc", "tv", "\"nat\":");
	DENIES("www", "pc", "\"nat\":");
	SAYS("www", "pc", "\"end\":\"reached\"");
}
END_TEST

START_TEST(firewalls_refuse_each_in_its_way)
{
	read_ready("firewall");
	SAYS("src", "quiet", "\"end\":\"dropped\",\"end_node\":\"drop\"", "\"open\":[\"80\"]");
	DENIES("src", "quiet", "\"ttl\":3");
	SAYS("src", "polite", "\"end\":\"refused\",\"end_node\":\"reject\"",
	     "\"refused_v4\":\"admin-prohibited\"",
	     "{\"ttl\":3,\"node\":\"reject\",\"v4\":[\"10.0.3.2\"],\"v6\":[\"fd00:0:0:3::2\"],"
	     "\"refuses\":true}");
	SAYS("src", "rude", "\"refused_v6\":\"tcp-reset or admin-prohibited\"");
	DENIES("src", "rude", "\"mtu\"");
}
END_TEST

START_TEST(routes_that_refuse_do_so_in_place_of_the_hop)
{
	lab_read("host src dst net\nrouter r1 r2\nlink src r1\nlink r1 r2\nlink r2 dst\n"
		 "link r2 net\nroute * auto\nroute r2 dst unreachable\nroute r1 net prohibit\n"
		 "route dst src blackhole\nroute net dst via r2\n");
	lab_tell_all();
	SAYS("src", "dst", "\"end\":\"refused\",\"end_node\":\"r2\"",
	     "\"refused_v4\":\"host-unreachable\",\"refused_v6\":\"no-route\"",
	     "\"hops\":[{\"ttl\":1,\"node\":\"r1\"", "{\"ttl\":2,\"node\":\"r2\"",
	     "\"refuses\":true}]");
	SAYS("src", "net",
	     "\"refused_v4\":\"admin-prohibited\",\"refused_v6\":"
	     "\"admin-prohibited\"");
	SAYS("dst", "src", "\"end\":\"refused\",\"end_node\":\"dst\",\"refused_v4\":\"EINVAL\"",
	     "\"hops\":[]");
}
END_TEST

START_TEST(a_way_that_is_not_there_and_one_that_goes_in_circles_are_said)
{
	lab_read("host src dst via\nrouter r1 r2\nlink src r1\nlink r1 r2\nlink r2 dst\n"
		 "link src via\nlink via r1\n"
		 "route src dst via r1\nroute r1 dst via r2\nroute r2 dst via r1\n"
		 "route src via via via\nroute via dst via r1\n");
	lab_tell_all();
	SAYS("src", "dst", "\"end\":\"loop\",\"end_node\":\"r1\"",
	     "\"nodes\":[\"src\",\"r1\",\"r2\",\"r1\"]");
	SAYS("dst", "src",
	     "\"end\":\"no-route\",\"end_node\":\"dst\",\"refused_v4\":"
	     "\"ENETUNREACH\"");
	lab_read("host src via dst\nrouter r\nlink src via\nlink via r\nlink r dst\n"
		 "route src dst via via\nroute via dst via r\n");
	lab_tell_all();
	SAYS("src", "dst", "\"end\":\"dropped\",\"end_node\":\"via\""); /* a host forwards none */
	lab_read("host src dst\nrouter r\nlink src r\nlink r dst\nroute src dst via r\n");
	lab_tell_all();
	SAYS("src", "dst", "\"end\":\"reached\""); /* r and dst share a link */
	lab_read("host src dst\nrouter r s\nlink src r\nlink r s\nlink s dst\n"
		 "route src dst via r\n");
	lab_tell_all();
	SAYS("src", "dst",
	     "\"end\":\"no-route\",\"end_node\":\"r\",\"refused_v4\":"
	     "\"net-unreachable\"");
}
END_TEST

START_TEST(a_time_to_live_written_anew_hides_hops_or_ends_all)
{
	lab_read("host src dst\nrouter a b c d\nlink src a\nlink a b\nlink b c\nlink c d\n"
		 "link d dst\nbox b ttl=40\nroute * auto\n");
	lab_tell_all();
	SAYS("src", "dst", "\"set_ttl\":[\"b\"]", "{\"ttl\":2,\"node\":\"b\"",
	     "{\"ttl\":3,\"node\":\"dst\"", "\"end\":\"reached\"");
	DENIES("src", "dst", "\"node\":\"c\"");
	lab_read("host src dst\nrouter a b c d\nlink src a\nlink a b\nlink b c\nlink c d\n"
		 "link d dst\nbox a ttl=2\nroute * auto\n");
	lab_tell_all();
	SAYS("src", "dst", "{\"ttl\":1,\"node\":\"a\"", "{\"ttl\":2,\"node\":\"c\"",
	     "\"end\":\"expired\",\"end_node\":\"c\"");
	lab_read("host src dst\nrouter a b c\nlink src a\nlink a b\nlink b c\nlink c dst\n"
		 "box a ttl=3\nroute * auto\n");
	lab_tell_all();
	SAYS("src", "dst", "{\"ttl\":2,\"node\":\"dst\"", "\"end\":\"reached\"");
}
END_TEST

START_TEST(what_rules_of_ones_own_do_is_not_claimed)
{
	lab_read("host src dst\nrouter r\nlink src r\nlink r dst\nroute * auto\n"
		 "box r bleach-dscp\nnft r { drop }\n");
	lab_tell_all();
	SAYS("src", "dst", "\"bleached\":[\"r\"]", "\"own_rules\":[\"r\"]");
}
END_TEST

START_TEST(a_sim_is_told_with_its_oddities)
{
	read_ready("odd");
	SAYS("src", "far", "\"to_v4\":\"198.51.100.8\"", "\"end\":\"reached\"",
	     "{\"ttl\":2,\"node\":\"far\",\"hop\":1,\"v4\":[\"10.0.2.2\"],\"v6\":"
	     "[\"fd00:0:0:2::2\"]}",
	     "{\"ttl\":3,\"node\":\"far\",\"hop\":2,\"v4\":[\"198.51.100.2\"],\"v6\":"
	     "[\"2001:db8:64::2\"],\"mpls\":[24001,16004]}",
	     "\"hop\":4,\"v4\":[\"198.51.100.4\"],\"v6\":[\"2001:db8:64::4\"],\"silent\":true}",
	     "{\"ttl\":9,\"node\":\"far\",\"hop\":8,");
	SAYS("src", "loop", "\"end\":\"loop\"", "\"hop\":3");
	SAYS("src", "wall", "\"end\":\"refused\"", "\"refused_v4\":\"admin-prohibited\"");
	DENIES("src", "wall", "\"hop\":3");
}
END_TEST

START_TEST(forty_nodes_have_more_paths_than_are_listed)
{
	read_ready("forty");
	ck_assert_uint_eq(lab.nodes, 40);
	SAYS("h1", "h10", "\"paths\":64,\"more\":true", "\"path\":64");
	ck_assert_uint_eq(lines_between("h1", "h10"), SONDE_ORACLE_PATHS);
	SAYS("h1", "h2",
	     "\"nodes\":[\"h1\",\"r11\",\"r12\",\"r13\",\"r14\",\"r15\",\"r16\",\"h2\"]",
	     "\"paths\":1,\"more\":false");
	ck_assert_uint_eq(lines_between("h1", "h4"), 6); /* one row down, in one of six columns */
	SAYS("h1", "h3", "\"nodes\":[\"h1\",\"r11\",\"r21\",\"h3\"]");
}
END_TEST

START_TEST(impairments_of_the_ready_labs_are_those_of_their_titles)
{
	read_ready("lossy");
	ck_assert_uint_eq(lab.link[1].end[0].impair.loss, 100000);
	ck_assert_uint_eq(lab.link[1].end[1].impair.loss, 50000);
	ck_assert_uint_eq(lab.link[1].end[0].impair.jitter, 2 * SONDE_MILLISECOND);
	ck_assert(lab.link[1].impaired && !lab.link[0].impaired && !lab.link[2].impaired);
	read_ready("bufferbloat");
	ck_assert_uint_eq(lab.link[1].end[0].impair.rate, 2000000);
	ck_assert_uint_eq(lab.link[1].end[0].impair.queue, 100);
	ck_assert_uint_eq(lab.link[1].end[1].impair.rate, 20000000);
}
END_TEST

Suite *oracle_suite(void)
{
	Suite *s = suite_create("oracle");
	TCase *t = tcase_create("oracle");

	tcase_add_loop_test(t, every_ready_lab_is_told_as_valid_json, 0,
			    sizeof ready / sizeof *ready);
	tcase_add_test(t, a_chain_answers_hop_by_hop_from_the_side_that_asks);
	tcase_add_test(t, a_diamond_has_four_paths_there_and_one_back);
	tcase_add_test(t, a_router_with_two_ways_back_answers_from_either_address);
	tcase_add_test(t, a_black_hole_is_not_told_of_and_a_narrow_link_is);
	tcase_add_test(t, a_black_hole_on_the_way_back_of_the_error_hides_it_too);
	tcase_add_test(t, routers_that_answer_seldom_or_never_are_marked);
	tcase_add_test(t, an_answer_takes_its_own_way);
	tcase_add_test(t, a_translator_hides_who_sends_and_answers_find_back);
	tcase_add_test(t, firewalls_refuse_each_in_its_way);
	tcase_add_test(t, routes_that_refuse_do_so_in_place_of_the_hop);
	tcase_add_test(t, a_way_that_is_not_there_and_one_that_goes_in_circles_are_said);
	tcase_add_test(t, a_time_to_live_written_anew_hides_hops_or_ends_all);
	tcase_add_test(t, what_rules_of_ones_own_do_is_not_claimed);
	tcase_add_test(t, a_sim_is_told_with_its_oddities);
	tcase_add_test(t, forty_nodes_have_more_paths_than_are_listed);
	tcase_add_test(t, impairments_of_the_ready_labs_are_those_of_their_titles);
	suite_add_tcase(s, t);
	return s;
}
