/* How packets leave a network namespace: a cable, a gateway, and every way that leads nowhere. */
#include <check.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "sys/batch.h"
#include "sys/link.h"
#include "sys/netns.h"
#include "sys/sysctl.h"
#include "sys/way.h"
#include "tests/root.h"

Suite *way_suite(void);

static int near, far;

struct asked {
	const char *to, *device;
	unsigned flags;
	struct sonde_way way;
};

static int family_of(const char *text)
{
	return strchr(text, ':') ? AF_INET6 : AF_INET;
}

static int find(void *arg)
{
	struct asked *a = arg;
	struct sonde_address to = address(family_of(a->to), a->to);

	return sonde_way_find(&a->way, &to, a->device, NULL, a->flags);
}

static int look(void *arg)
{
	struct asked *a = arg;

	return sonde_way_of_device(&a->way, a->device);
}

static int whose(void *arg)
{
	struct asked *a = arg;
	struct sonde_address to = address(family_of(a->to), a->to);

	return sonde_way_is_ours(&to);
}

/* The way from the near end, or the far one. */
static int way(struct asked *a, const char *to, const char *device)
{
	*a = (struct asked){ .to = to, .device = device, .flags = SONDE_WAY_NEIGHBOUR };
	return sonde_netns_visit(near, find, a);
}

static void give(int netns, const char *a, unsigned prefix)
{
	struct sonde_address v = address(family_of(a), a);

	ck_assert_int_eq(sonde_link_add_address(netns, "veth0", &v, prefix), 0);
}

/* Before a link-local address was tried, RFC 4862 section 5.4, nobody solicits from it. */
static int trust_addresses(void *arg, unsigned place)
{
	static const struct sonde_sysctl list[] = {
		{ "ipv6/conf/default/accept_dad", "0", "dad" },
	};
	const struct sonde_sysctl *bad;

	(void)arg, (void)place;
	return sonde_sysctl_put(list, 1, &bad);
}

static void build(void)
{
	int both[2];

	ck_assert_int_eq(sonde_netns_open_many(both, 2, trust_addresses, NULL), 0);
	near = both[0];
	far = both[1];
	ck_assert_int_eq(sonde_link_pair(near, "veth0", far, "veth0"), 0);
	ck_assert_int_eq(sonde_link_up(near, "veth0"), 0);
	ck_assert_int_eq(sonde_link_up(far, "veth0"), 0);
	ck_assert_int_eq(sonde_link_carrier(near, "veth0"), 1);
	give(near, "10.0.0.1", 24);
	give(far, "10.0.0.2", 24);
	give(near, "fd00::1", 64);
	give(far, "fd00::2", 64);
}

static void done(void)
{
	close(near);
	close(far);
}

static void add_route(const char *to, uint8_t kind, const char *via)
{
	struct sonde_batch_route r = { .to = address(AF_INET, to), .prefix = 32, .kind = kind };
	struct sonde_batch *b;

	ck_assert_int_eq(sonde_batch_open(&b, near), 0);
	if (via) {
		r.hops = 1;
		r.hop[0].index = (unsigned)sonde_batch_index(b, "veth0");
		r.hop[0].via = address(AF_INET, via);
	}
	sonde_batch_route(b, &r);
	ck_assert_int_eq(sonde_batch_send(b), 0);
	sonde_batch_close(b);
}

START_TEST(on_the_link_the_neighbour_is_asked_for)
{
	struct asked there = { .device = "veth0" }, here = { .device = "veth0" }, a;

	if (lacks_root())
		return;
	build();
	ck_assert_int_eq(sonde_netns_visit(far, look, &there), 0);
	ck_assert_int_eq(sonde_netns_visit(near, look, &here), 0);
	for (int six = 0; six < 2; six++) {
		struct sonde_address own =
			address(six ? AF_INET6 : AF_INET, six ? "fd00::1" : "10.0.0.1");

		ck_assert_int_eq(way(&a, six ? "fd00::2" : "10.0.0.2", six ? "veth0" : NULL), 0);
		ck_assert_str_eq(a.way.device, "veth0");
		ck_assert_uint_eq(a.way.ifindex, here.way.ifindex);
		ck_assert_uint_eq(a.way.mtu, 1500);
		ck_assert(a.way.has_neighbour && !a.way.loopback && !a.way.gateway.family);
		ck_assert_mem_eq(a.way.neighbour, there.way.mac, 6);
		ck_assert_mem_eq(a.way.mac, here.way.mac, 6);
		ck_assert(sonde_address_equal(&a.way.source, &own));
	}
	done();
}
END_TEST

START_TEST(behind_a_gateway_it_is_the_gateway_who_is_asked_for)
{
	struct sonde_address gateway = address(AF_INET, "10.0.0.2");
	struct asked there = { .device = "veth0" }, a;

	if (lacks_root())
		return;
	build();
	add_route("192.0.2.1", 0, "10.0.0.2");
	ck_assert_int_eq(sonde_netns_visit(far, look, &there), 0);
	ck_assert_int_eq(way(&a, "192.0.2.1", NULL), 0);
	ck_assert(sonde_address_equal(&a.way.gateway, &gateway));
	ck_assert(a.way.has_neighbour);
	ck_assert_mem_eq(a.way.neighbour, there.way.mac, 6);
	done();
}
END_TEST

START_TEST(each_way_that_leads_nowhere_is_known_by_its_reason)
{
	struct asked a;
	struct asked nix = { .device = "nix0" }, lo = { .device = "lo" };

	if (lacks_root())
		return;
	build();
	add_route("192.0.2.2", RTN_UNREACHABLE, NULL);
	add_route("192.0.2.3", RTN_PROHIBIT, NULL);
	add_route("192.0.2.4", RTN_BLACKHOLE, NULL);
	ck_assert_int_eq(way(&a, "192.0.2.1", NULL), -ENETUNREACH);
	ck_assert_int_eq(way(&a, "2001:db8::1", NULL), -ENETUNREACH);
	ck_assert_int_eq(way(&a, "192.0.2.2", NULL), -ENETUNREACH);
	ck_assert_int_eq(way(&a, "192.0.2.3", NULL), -EACCES);
	ck_assert_int_eq(way(&a, "192.0.2.4", NULL), -EINVAL);
	ck_assert_int_eq(way(&a, "10.0.0.2", "nix0"), -ENODEV);
	ck_assert_int_eq(sonde_netns_visit(near, look, &nix), -ENODEV);
	ck_assert_int_eq(sonde_netns_visit(near, look, &lo), 0);
	ck_assert(lo.way.loopback);
	ck_assert_int_eq(way(&a, "10.0.0.77", NULL), -EHOSTUNREACH);
	ck_assert_str_eq(a.way.device, "veth0");
	ck_assert(!a.way.has_neighbour);
	ck_assert_int_eq(way(&a, "10.0.0.2", "veth0"), 0);
	ck_assert_int_eq(sonde_link_pair(near, "veth1", far, "veth1"), 0); /* nobody puts it up */
	ck_assert_int_eq(way(&a, "10.0.0.2", "veth1"), -ENETDOWN);
	done();
}
END_TEST

START_TEST(a_group_has_the_hardware_address_that_its_number_gives)
{
	static const struct {
		const char *to;
		uint8_t mac[6];
	} t[] = {
		{ "224.129.2.3", { 1, 0, 0x5e, 1, 2, 3 } },
		{ "10.0.0.255", { 255, 255, 255, 255, 255, 255 } },
		{ "255.255.255.255", { 255, 255, 255, 255, 255, 255 } },
		{ "ff02::1:ff00:7", { 0x33, 0x33, 0xff, 0, 0, 7 } },
	};
	struct asked a;

	if (lacks_root())
		return;
	build();
	for (unsigned i = 0; i < sizeof t / sizeof *t; i++) {
		ck_assert_msg(way(&a, t[i].to, "veth0") == 0, "%s", t[i].to);
		ck_assert_msg(a.way.has_neighbour, "%s", t[i].to);
		ck_assert_mem_eq(a.way.neighbour, t[i].mac, 6);
	}
	done();
}
END_TEST

START_TEST(an_address_is_ours_or_it_is_not)
{
	static const char *const ours[] = { "10.0.0.1", "fd00::1", "127.0.0.1", "127.9.9.9",
					    "::1" };
	static const char *const others[] = { "10.0.0.2", "fd00::2", "192.0.2.1", "2001:db8::1",
					      "10.0.0.255" };

	if (lacks_root())
		return;
	build();
	for (unsigned i = 0; i < 5; i++) {
		struct asked a = { .to = ours[i] }, b = { .to = others[i] };

		ck_assert_msg(sonde_netns_visit(near, whose, &a) == 1, "%s", ours[i]);
		ck_assert_msg(sonde_netns_visit(near, whose, &b) == 0, "%s", others[i]);
	}
	done();
}
END_TEST

Suite *way_suite(void)
{
	Suite *s = suite_create("way");
	TCase *t = tcase_create("way");

	tcase_add_test(t, on_the_link_the_neighbour_is_asked_for);
	tcase_add_test(t, behind_a_gateway_it_is_the_gateway_who_is_asked_for);
	tcase_add_test(t, each_way_that_leads_nowhere_is_known_by_its_reason);
	tcase_add_test(t, a_group_has_the_hardware_address_that_its_number_gives);
	tcase_add_test(t, an_address_is_ours_or_it_is_not);
	suite_add_tcase(s, t);
	return s;
}
