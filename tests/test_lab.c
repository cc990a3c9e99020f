#include <sys/socket.h>

#include "base/text.h"
#include "tests/lab_read.h"

Suite *lab_suite(void);

/* The address as text; static. */
static const char *ip(const struct sonde_address *a)
{
	static char buf[4][64 + SONDE_TEXT_SLACK];
	static unsigned turn;
	char *to = buf[turn++ % 4];

	*(a->family == AF_INET ? sonde_put_ip4(to, a->ip) : sonde_put_ip6(to, a->ip)) = 0;
	return to;
}

#define ck_assert_ip(a, text) ck_assert_str_eq(ip(&(a)), text)

START_TEST(what_was_said_is_kept_and_what_was_not_is_planned)
{
	lab_read("lab small seed=42\n"
		 "host src dst   # two of them\n"
		 "router r1 hash=l4 icmp-rate=10/s silent\n"
		 "link src r1\n"
		 "link r1 dst\n");
	ck_assert_str_eq(lab.name, "small");
	ck_assert_uint_eq(lab.seed, 42);
	ck_assert_uint_eq(lab.nodes, 3);
	ck_assert_int_eq(lab_node("dst")->kind, SONDE_LAB_HOST);
	ck_assert_int_eq(lab_node("r1")->kind, SONDE_LAB_ROUTER);
	ck_assert_uint_eq(lab_node("r1")->hash, 4);
	ck_assert_uint_eq(lab_node("r1")->icmp_interval, 100 * SONDE_MILLISECOND);
	ck_assert(lab_node("r1")->silent);
	ck_assert_uint_eq(lab_node("r1")->line, 3);
	ck_assert_str_eq(lab.link[0].end[0].name, "eth0");
	ck_assert_str_eq(lab.link[0].end[1].name, "eth0");
	ck_assert_str_eq(lab.link[1].end[0].name, "eth1");
	ck_assert_ip(lab.link[0].end[0].v4, "10.0.1.1");
	ck_assert_ip(lab.link[0].end[1].v4, "10.0.1.2");
	ck_assert_ip(lab.link[1].end[1].v6, "fd00:0:0:2::2");
	ck_assert_uint_eq(lab.link[0].end[0].v4_prefix, 24);
	ck_assert_uint_eq(lab.link[0].end[0].v6_prefix, 64);
	ck_assert(!memcmp(lab.link[1].end[0].mac, (uint8_t[]){ 2, 0, 0, 0, 2, 1 }, 6));
	ck_assert_ip(lab_node("r1")->v4, "10.0.1.2");
	ck_assert(!lab.link[0].impaired);
	ck_assert_uint_eq(lab.routes, 0);
}
END_TEST

START_TEST(statements_may_stand_in_any_order)
{
	lab_read("serve b tcp 80 http\nroute a b via r\nlink r b\nlink a r\nrouter r\nhost a b\n");
	ck_assert_uint_eq(lab.links, 2);
	ck_assert_uint_eq(lab.routes, 1);
	ck_assert(lab.route[0].by_hand);
	ck_assert_uint_eq(lab.route[0].line, 2);
	ck_assert_uint_eq(lab.route[0].hop[0].link, 1);
	ck_assert_uint_eq(lab.route[0].hop[0].end, 0);
	ck_assert_int_eq(lab.service[0].kind, SONDE_LAB_HTTP);
}
END_TEST

START_TEST(impairments_are_of_one_direction_or_of_both)
{
	const struct sonde_lab_impair *to, *fro;

	lab_read("host a b\n"
		 "link a b delay=5ms ->loss=1.5% <-loss=0.01% jitter=250us rate=10mbit "
		 "->queue=50 dup=2% reorder=3% corrupt=100% mtu=1400 precise metric=7\n");
	to = &lab.link[0].end[0].impair;
	fro = &lab.link[0].end[1].impair;
	ck_assert_uint_eq(to->delay, 5 * SONDE_MILLISECOND);
	ck_assert_uint_eq(fro->delay, 5 * SONDE_MILLISECOND);
	ck_assert_uint_eq(to->jitter, 250 * SONDE_MICROSECOND);
	ck_assert_uint_eq(to->loss, 15000);
	ck_assert_uint_eq(fro->loss, 100);
	ck_assert_uint_eq(to->queue, 50);
	ck_assert_uint_eq(fro->queue, 0);
	ck_assert_uint_eq(fro->rate, 10000000);
	ck_assert_uint_eq(to->dup, 20000);
	ck_assert_uint_eq(to->reorder, 30000);
	ck_assert_uint_eq(fro->corrupt, 1000000);
	ck_assert_uint_eq(lab.link[0].mtu, 1400);
	ck_assert_uint_eq(lab.link[0].metric, 7);
	ck_assert(lab.link[0].precise && lab.link[0].impaired);
	lab_read("host a b\nlink a b ->delay=0\n");
	ck_assert(lab.link[0].impaired); /* it can be changed later */
}
END_TEST

START_TEST(addresses_by_hand_are_of_a_link_or_of_its_ends)
{
	lab_read("host a b c d\n"
		 "link a b v4=192.0.2.0/31 v6=2001:db8::/127\n"
		 "link b c v4=198.51.100.0/24 ->v6=2001:db8:1::9/64 <-v6=2001:db8:1::7/64\n"
		 "link c d\n");
	ck_assert_ip(lab.link[0].end[0].v4, "192.0.2.0");
	ck_assert_ip(lab.link[0].end[1].v4, "192.0.2.1");
	ck_assert_ip(lab.link[0].end[0].v6, "2001:db8::");
	ck_assert_ip(lab.link[0].end[1].v6, "2001:db8::1");
	ck_assert_ip(lab.link[1].end[0].v4, "198.51.100.1");
	ck_assert_ip(lab.link[1].end[1].v4, "198.51.100.2");
	ck_assert_ip(lab.link[1].end[0].v6, "2001:db8:1::9");
	ck_assert_ip(lab.link[1].end[1].v6, "2001:db8:1::7");
	ck_assert_ip(lab.link[2].end[0].v4, "10.0.3.1");
	ck_assert_ip(lab_node("b")->v6, "2001:db8::1");
}
END_TEST

/* The route from one to the other, or NULL. */
static const struct sonde_lab_route *route(const char *from, const char *to)
{
	for (unsigned i = 0; i < lab.routes; i++)
		if (lab.node[lab.route[i].node].name == lab_node(from)->name &&
		    lab.node[lab.route[i].to].name == lab_node(to)->name)
			return &lab.route[i];
	return NULL;
}

/* "a b" for the neighbours of its next hops. */
static const char *via(const struct sonde_lab_route *r)
{
	static char names[256];

	names[0] = 0;
	for (unsigned i = 0; r && i < r->hops; i++) {
		const struct sonde_lab_link *l = &lab.link[r->hop[i].link];

		ck_assert_uint_eq(l->end[r->hop[i].end].node, r->node);
		strcat(strcat(names, i ? " " : ""), lab.node[l->end[1 - r->hop[i].end].node].name);
	}
	return names;
}

#define DIAMOND                                                                                    \
	"host src dst\nrouter r1 r2 a b c\nlink src r1\nlink r1 a\nlink r1 b\nlink r1 c\n"         \
	"link a r2\nlink b r2\nlink c r2\nlink r2 dst\n"

START_TEST(automatic_routes_are_all_shortest_paths)
{
	lab_read(DIAMOND "route * auto\n");
	ck_assert_uint_eq(lab.routes, 7 * 6);
	ck_assert_str_eq(via(route("r1", "dst")), "a b c");
	ck_assert_str_eq(via(route("src", "dst")), "r1");
	ck_assert_str_eq(via(route("a", "dst")), "r2");
	ck_assert_str_eq(via(route("a", "b")), "r1 r2");
	ck_assert_str_eq(via(route("r1", "src")), "src");
}
END_TEST

START_TEST(metrics_make_a_way_longer_and_parallel_links_are_equal)
{
	lab_read("host src dst\nrouter a b\nlink src a\nlink src b\nlink a dst metric=3\n"
		 "link b dst metric=2\nlink b dst metric=2\nroute * auto\n");
	ck_assert_str_eq(via(route("src", "dst")), "b");
	ck_assert_str_eq(via(route("b", "dst")), "dst dst");
	ck_assert_str_eq(via(route("a", "dst")), "dst");
	ck_assert_str_eq(via(route("dst", "a")), "a");
}
END_TEST

START_TEST(nothing_is_routed_through_hosts_or_sims)
{
	lab_read("host a b c\nrouter r\nsim s\nlink a b\nlink b c\nlink r a\nlink r s\nroute * "
		 "auto\n");
	ck_assert_ptr_null(route("a", "c"));
	ck_assert_str_eq(via(route("a", "s")), "r");
	ck_assert_ptr_null(route("s", "a"));
	ck_assert_str_eq(via(route("r", "b")), "");
	lab_read("host a x b\nrouter r\nlink a x\nlink x b\nlink a r\nlink r b\nroute * auto\n");
	ck_assert_str_eq(via(route("a", "b")), "r"); /* x is as near */
}
END_TEST

START_TEST(routes_by_hand_stand_before_automatic_ones)
{
	lab_read(DIAMOND "route * auto\nroute r1 dst via c,a\nroute r2 * via b\n"
			 "route r2 src prohibit\nroute a dst unreachable\n");
	ck_assert_str_eq(via(route("r1", "dst")), "c a");
	ck_assert_str_eq(via(route("r2", "dst")), "b");
	ck_assert_str_eq(route("r2", "src")->kind, "prohibit");
	ck_assert_str_eq(route("a", "dst")->kind, "unreachable");
	ck_assert_str_eq(via(route("a", "src")), "r1");
	ck_assert_uint_eq(lab.routes, 7 * 6);
}
END_TEST

START_TEST(two_hundred_and_fifty_nodes_are_planned)
{
	char *text = malloc(1 << 16), *o = text;

	for (unsigned i = 0; i < SONDE_LAB_NODES; i++)
		o += sprintf(o, "%s n%u\n", i % 10 ? "router" : "host", i);
	for (unsigned i = 0; i < SONDE_LAB_NODES; i++) {
		o += sprintf(o, "link n%u n%u\n", i, (i + 1) % SONDE_LAB_NODES);
		/* a way around each host */
		o += sprintf(o, "link n%u n%u\n", i, (i + 2) % SONDE_LAB_NODES);
	}
	sprintf(o, "route * auto\n");
	lab_read(text);
	free(text);
	ck_assert_uint_eq(lab.routes, SONDE_LAB_NODES * (SONDE_LAB_NODES - 1));
	ck_assert_ip(lab.link[499].end[1].v4, "10.1.244.2");
	ck_assert_ip(lab.link[299].end[0].v6, "fd00:0:1:2c::1");
}
END_TEST

static bool has_rule(const char *node, const char *part)
{
	for (unsigned i = 0; i < lab.rules; i++)
		if (!strcmp(lab.node[lab.rule[i].node].name, node) &&
		    strstr(lab.rule[i].text, part))
			return true;
	return false;
}

START_TEST(boxes_become_rules_for_both_families)
{
	lab_read("host in out\nrouter r s\nlink in r\nlink r s\nlink s out\n"
		 "box r nat bleach-dscp ttl=40 drop=icmp-frag-needed mss-clamp=1200\n"
		 "box s firewall=reset open=22,80\n");
	ck_assert(lab_node("r")->nat);
	ck_assert_str_eq(lab.node[lab_node("r")->nat_towards].name, "s");
	ck_assert(has_rule("r", "oifname { \"eth1\" } masquerade"));
	ck_assert(has_rule("r", "ip ttl set 40\nip6 hoplimit set 40"));
	ck_assert(has_rule("r", "ip dscp set cs0\nip6 dscp set cs0"));
	ck_assert(has_rule("r", "icmpv6 type packet-too-big drop"));
	ck_assert(has_rule("r", "maxseg size set 1200"));
	ck_assert(has_rule("s", "tcp dport { 22, 80 } accept"));
	ck_assert(has_rule("s", "reject with tcp reset\nreject with icmpx type admin-prohibited"));
	ck_assert_uint_eq(lab_node("s")->opens, 2);
	ck_assert_int_eq(lab_node("s")->firewall, SONDE_LAB_RESET);
}
END_TEST

START_TEST(raw_rules_are_kept_with_their_braces)
{
	lab_read("host h\nrouter r\nlink h r\n"
		 "nft r {\n  tcp dport { 81, 82 } drop # not }\n  log prefix \"a } b\"\n}\n"
		 "nft h { chain x { type filter hook input priority 0; } }\n");
	ck_assert_uint_eq(lab.rules, 2);
	ck_assert(has_rule("r", "hook forward"));
	ck_assert(has_rule("r", "tcp dport { 81, 82 } drop # not }\n  log prefix \"a } b\"\n"));
	ck_assert(!has_rule("h", "hook forward"));
	ck_assert(has_rule("h", " chain x { type filter hook input priority 0; } "));
	ck_assert(lab_node("r")->own_rules);
}
END_TEST

START_TEST(sims_have_networks_and_profiles)
{
	lab_read("host h\nrouter r\nsim s { hop 1; hop 2 mpls=3,4 }\nsim t v4=198.51.100.0/24\n"
		 "sim u { hop 1 ; hop 2; loop 1 2 }\nlink h r\nlink r s\nlink t r\nlink r u\n");
	ck_assert_ip(lab_node("s")->net4, "10.128.0.0");
	ck_assert_uint_eq(lab_node("s")->net4_prefix, 16);
	ck_assert_ip(lab_node("s")->v4, "10.128.0.2");
	ck_assert_ip(lab_node("s")->v6, "fd00:1::2");
	ck_assert_ip(lab_node("t")->net4, "198.51.100.0");
	ck_assert_ip(lab_node("t")->net6, "fd00:1:0:1::");
	ck_assert_ip(lab_node("t")->v4, "10.0.3.1");
	ck_assert_ip(lab_node("u")->v4, "10.130.0.3"); /* behind the loop */
	ck_assert_uint_eq(lab_node("s")->sim->hops, 2);
}
END_TEST

START_TEST(links_are_found_by_their_ends_or_by_number)
{
	unsigned end;

	lab_read(DIAMOND);
	ck_assert_int_eq(sonde_lab_find_link(&lab, "r1-b", &end), 2);
	ck_assert_uint_eq(end, 0);
	ck_assert_int_eq(sonde_lab_find_link(&lab, "b-r1", &end), 2);
	ck_assert_uint_eq(end, 1);
	ck_assert_int_eq(sonde_lab_find_link(&lab, "8", &end), 7);
	ck_assert_int_eq(sonde_lab_find_link(&lab, "9", &end), -1);
	ck_assert_int_eq(sonde_lab_find_link(&lab, "a-b", &end), -1);
	ck_assert_int_eq(sonde_lab_find(&lab, "c"), 6);
	ck_assert_int_eq(sonde_lab_find(&lab, "d"), -1);
}
END_TEST

static bool set(struct sonde_lab_link *l, const char *text)
{
	return !sonde_lab_impair_parse(l, &arena, text, strlen(text), &error);
}

START_TEST(a_link_is_changed_while_it_runs_or_not_at_all)
{
	struct sonde_lab_link *l;

	lab_read("host a b c\nlink a b delay=5ms loss=1%\nlink b c\n");
	l = &lab.link[0];
	ck_assert(set(l, "delay=20ms <-rate=1mbit"));
	ck_assert_uint_eq(l->end[0].impair.delay, 20 * SONDE_MILLISECOND);
	ck_assert_uint_eq(l->end[0].impair.loss, 10000);
	ck_assert_uint_eq(l->end[0].impair.rate, 0);
	ck_assert_uint_eq(l->end[1].impair.rate, 1000000);
	ck_assert(!set(l, "delay=30ms loss=x"));
	ck_assert_uint_eq(l->end[0].impair.delay, 20 * SONDE_MILLISECOND);
	ck_assert(!set(l, ""));
	ck_assert(!set(l, "mtu=1400"));
	ck_assert(!set(l, "->v4=192.0.2.1/24"));
	ck_assert(!set(l, "delay=1ms\ndelay=2ms"));
	ck_assert(!set(&lab.link[1], "delay=1ms"));
	ck_assert_ptr_nonnull(strstr(error.text, "plain cable"));
}
END_TEST

static const struct {
	const char *text;
	unsigned line;
	const char *says; /* part of the sentence */
} bad[] = {
	{ "", 1, "no node is described" },
	{ "# nothing\n", 1, "no node is described" },
	{ "hots a\n", 1, "unknown statement \"hots\"; the nearest word is host" },
	{ "host a\n\nhost b a\n", 3, "a is there already, since line 1" },
	{ "host\n", 1, "expected: host NAME" },
	{ "host averylongname\n", 1, "at most 11 of them" },
	{ "host 1a\n", 1, "a letter first" },
	{ "host a-b\n", 1, "is no name" },
	{ "host \033[2J\n", 1, "\"\\x1b[2J\" is no name" },
	{ "router r hash=l5\n", 1, "expected l3 or l4" },
	{ "router r icmp-rate=0/s\n", 1, "expected errors in a time" },
	{ "router hash=l3\n", 1, "expected: router NAME" },
	{ "host alpha b\nlink alhpa b\n", 2,
	  "no node is called \"alhpa\"; the nearest word is alpha" },
	{ "host a\nlink a a\n", 2, "a link from a to itself" },
	{ "host a b\nlink a\n", 2, "expected: link NODE NODE" },
	{ "host a b\nlink a b dealy=5ms\n", 2,
	  "unknown word \"dealy\"; the nearest word is delay" },
	{ "host a b\nlink a b delay=5\n", 2, "delay=\"5\": expected a time such as 5ms" },
	{ "host a b\nlink a b delay=\n", 2, "expected a time" },
	{ "host a b\nlink a b delay=2h\n", 2, "expected a time" },
	{ "host a b\nlink a b delay=1ms ->delay=2ms\n", 2, "delay is said twice" },
	{ "host a b\nlink a b loss=101%\n", 2, "at most 100%" },
	{ "host a b\nlink a b loss=1\n", 2, "expected a chance" },
	{ "host a b\nlink a b rate=1mbps\n", 2, "expected a rate" },
	{ "host a b\nlink a b queue=0\n", 2, "expected a number from 1 to 1000" },
	{ "host a b\nlink a b mtu=1279\n", 2, "expected a number from 1280" },
	{ "host a b\nlink a b precise=yes\n", 2, "precise takes no value" },
	{ "host a b\nlink a b v4=192.0.2.1/24\n", 2, "->v4=192.0.2.1/30 for one end" },
	{ "host a b\nlink a b v4=192.0.2.0/33\n", 2, "expected a network" },
	{ "host a b\nlink a b v4=2001:db8::/64\n", 2, "expected a network" },
	{ "host a b\nlink a b v4=127.0.0.0/8\n", 2, "expected a network" },
	{ "host a b\nlink a b v6=fe80::/64\n", 2, "expected a network" },
	{ "host a b\nlink a b ->v4=192.0.2.1/24\n", 2, "of one end alone" },
	{ "host a b\nlink a b ->v4=192.0.2.1/24 <-v4=192.0.2.1/24\n", 2, "the same v4" },
	{ "host a b\nlink a b ->v4=192.0.2.1/24 <-v4=192.0.3.1/24\n", 2, "of two networks" },
	{ "host a b\nlink a b v4=192.0.2.0/24 ->v4=192.0.2.1/24\n", 2,
	  "of the link and of an end" },
	{ "host a b c\nlink a b v4=10.0.0.0/16\nlink b c\n", 3,
	  "the addresses of link b c overlap those of link a b in line 2" },
	{ "host a b c\nlink b c\nlink a b v4=10.0.1.0/30\n", 3,
	  "overlap those of link b c in line 2" },
	{ "host a\nsim s v4=10.0.0.0/16\nlink a s\n", 3, "overlap those of s in line 2" },
	{ "host a b\nlink a b {\n}\n", 2, "link takes no { }" },
	{ "{ }\n", 1, "a { without words" },
	{ "host a b\nroute a b\n", 2, "expected: route" },
	{ "host a b\nroute a b via b\n", 2, "there is no link between a and b" },
	{ "host a b\nlink a b\nroute a b via b,b\n", 3, "b is said twice" },
	{ "host a b\nlink a b\nroute a b via b\nroute a b prohibit\n", 4, "already, in line 3" },
	{ "host a b\nlink a b\nroute a a via b\n", 3, "a route from a to itself" },
	{ "host a\nsim s\nlink a s\nroute s a via a\n", 4, "s is a sim" },
	{ "host a\nbox a nat\n", 2, "a is no router" },
	{ "router r\nbox r\n", 2, "expected: box" },
	{ "router r\nbox r nat\n", 2, "the neighbour outside" },
	{ "router r s t u\nlink r s\nlink r t\nlink r u\nbox r nat\n", 5, "the neighbour outside" },
	{ "router r s\nlink r s\nbox r nat=x\n", 3, "the neighbour outside" },
	{ "router r\nbox r ttl=0\n", 2, "from 1 to 255" },
	{ "router r\nbox r firewall=maybe\n", 2, "expected drop, reject or reset" },
	{ "router r\nbox r open=80\n", 2, "open= without a firewall=" },
	{ "router r\nbox r drop=all\n", 2, "expected icmp-frag-needed" },
	{ "router r\nnft r\n", 2, "expected: nft NODE { RULES }" },
	{ "router r\nnft r { drop\n", 2, "the { has no }" },
	{ "router r\nnft r { drop } more\n", 2, "behind the }" },
	{ "host a\nserve a tcp 80\n", 2, "expected: serve" },
	{ "host a\nserve a sctp 80 echo\n", 2, "expected tcp or udp" },
	{ "host a\nserve a tcp 65536 echo\n", 2, "from 1 to 65535" },
	{ "host a\nserve a tcp 80 htpp\n", 2, "the nearest word is http" },
	{ "host a\nserve a udp 80 http\n", 2, "udp has no http" },
	{ "host a\nserve a tcp 80 http\nserve a tcp 80 echo\n", 3, "since line 2" },
	{ "lab a\nlab b\nhost h\n", 2, "a name already" },
	{ "lab a sede=3\nhost h\n", 1, "the nearest word is seed" },
	{ "sim s profile=x { hop 1 }\n", 1, "a profile and a file" },
	{ "sim s {\n  hop 1\n  hop 3\n}\n", 3, "expected: hop 2" },
	{ "sim s {\n  hop 1 dely=3ms\n}\n", 2, "the nearest word is delay" },
	{ "sim s { hop 1; hop 2 refuse=net }\n", 1, "the last hop forwards nothing" },
	{ "sim s { hop 1 tcp-open=80; hop 2 }\n", 1, "hop 1 is not the last" },
	{ "sim s { hop 1; loop 1 2 }\n", 1, "the loop ends at hop 2" },
	{ "sim s { hop 1; hop 2 addr=192.0.2.1 }\n", 1, "outside the sim's network" },
	{ "sim s t\n", 1, "unknown word \"t\"" },
	{ "sim s\nsim t\nlink s t\n", 3, "between two sims" },
};

START_TEST(what_is_wrong_is_said_with_its_line)
{
	bool ok = lab_try(bad[_i].text);

	ck_assert_msg(!ok, "%s is taken", bad[_i].text);
	ck_assert_msg(strstr(error.text, bad[_i].says), "%s gives: %s", bad[_i].text, error.text);
	ck_assert_msg(error.line == bad[_i].line, "%s: line %u", bad[_i].text, error.line);
}
END_TEST

START_TEST(more_than_there_may_be_is_said)
{
	char *text = calloc(1, 1 << 17), *o = text;

	for (unsigned i = 0; i <= SONDE_LAB_NODES; i++)
		o += sprintf(o, "host n%u\n", i);
	ck_assert(!lab_try(text));
	ck_assert_str_eq(error.text, "more than 250 nodes");
	ck_assert_uint_eq(error.line, 251);
	o = text + sprintf(text, "host a b\n");
	for (unsigned i = 0; i <= SONDE_LAB_LINKS; i++)
		o += sprintf(o, "link a b\n");
	ck_assert(!lab_try(text));
	ck_assert_str_eq(error.text, "more than 1000 links");
	o = text + sprintf(text, "host a b\nroute * auto\n");
	for (unsigned i = 0; i <= SONDE_LAB_HOPS; i++)
		o += sprintf(o, "link a b\n");
	ck_assert(!lab_try(text));
	ck_assert_ptr_nonnull(strstr(error.text, "more than 16 equal paths to"));
	for (o = text; o < text + 700; o += 2)
		memcpy(o, "a ", 2);
	*o = 0;
	ck_assert(!lab_try(text));
	ck_assert_str_eq(error.text, "more than 300 words");
	free(text);
}
END_TEST

START_TEST(a_zero_byte_is_no_text)
{
	ck_assert_int_eq(sonde_lab_parse(&lab, &arena, "host a\0b\n", 9, &error),
			 SONDE_DESCRIPTION);
	ck_assert_ptr_nonnull(strstr(error.text, "zero byte"));
}
END_TEST

Suite *lab_suite(void)
{
	Suite *s = suite_create("lab");
	TCase *t = tcase_create("lab");

	tcase_add_test(t, what_was_said_is_kept_and_what_was_not_is_planned);
	tcase_add_test(t, statements_may_stand_in_any_order);
	tcase_add_test(t, impairments_are_of_one_direction_or_of_both);
	tcase_add_test(t, addresses_by_hand_are_of_a_link_or_of_its_ends);
	tcase_add_test(t, automatic_routes_are_all_shortest_paths);
	tcase_add_test(t, metrics_make_a_way_longer_and_parallel_links_are_equal);
	tcase_add_test(t, nothing_is_routed_through_hosts_or_sims);
	tcase_add_test(t, routes_by_hand_stand_before_automatic_ones);
	tcase_add_test(t, two_hundred_and_fifty_nodes_are_planned);
	tcase_add_test(t, boxes_become_rules_for_both_families);
	tcase_add_test(t, raw_rules_are_kept_with_their_braces);
	tcase_add_test(t, sims_have_networks_and_profiles);
	tcase_add_test(t, links_are_found_by_their_ends_or_by_number);
	tcase_add_test(t, a_link_is_changed_while_it_runs_or_not_at_all);
	tcase_add_loop_test(t, what_is_wrong_is_said_with_its_line, 0, sizeof bad / sizeof *bad);
	tcase_add_test(t, more_than_there_may_be_is_said);
	tcase_add_test(t, a_zero_byte_is_no_text);
	suite_add_tcase(s, t);
	return s;
}
