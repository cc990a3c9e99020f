#include <check.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "sys/batch.h"
#include "sys/netns.h"
#include "sys/sysctl.h"
#include "tests/root.h"

/* Three nodes in a row, one between: a - b - c; and a second cable between a and b. */
enum { A, B, C, NODES };
static int netns[NODES];
static struct sonde_batch *batch[NODES];

static const struct {
	int node[2];
	const char *name[2];
	const char *v4[2], *v6[2];
} cable[] = {
	{ { A, B }, { "eth0", "eth0" }, { "10.0.1.1", "10.0.1.2" }, { "fd00:1::1", "fd00:1::2" } },
	{ { B, C }, { "eth1", "eth0" }, { "10.0.2.1", "10.0.2.2" }, { "fd00:2::1", "fd00:2::2" } },
	{ { A, B }, { "eth1", "eth2" }, { "10.0.3.1", "10.0.3.2" }, { "fd00:3::1", "fd00:3::2" } },
};
enum { CABLES = sizeof cable / sizeof *cable };

static struct sonde_batch_port port(unsigned c, unsigned end)
{
	return (struct sonde_batch_port){ .name = cable[c].name[end],
					  .mac = { 2, 0, 0, 0, (uint8_t)c, (uint8_t)end },
					  .mtu = 1400 };
}

static int forward(void *arg)
{
	static const struct sonde_sysctl list[] = {
		{ "ipv6/conf/default/accept_dad", "0", "dad" },
		{ "ipv4/ip_forward", "1", "forwarding" },
		{ "ipv6/conf/all/forwarding", "1", "forwarding" },
		{ "ipv4/conf/all/rp_filter", "0", "rp" },
		{ "ipv4/conf/default/rp_filter", "0", "rp" },
	};
	const struct sonde_sysctl *bad;

	(void)arg;
	return sonde_sysctl_put(list, sizeof list / sizeof *list, &bad);
}

static int prepare(void *arg, unsigned place)
{
	int r = forward(arg);

	return r < 0 ? r : sonde_batch_open(&batch[place], -1);
}

static unsigned index_of(unsigned c, unsigned end)
{
	int i = sonde_batch_index(batch[cable[c].node[end]], cable[c].name[end]);

	ck_assert_int_gt(i, 1);
	return (unsigned)i;
}

static void lay_cables(void)
{
	ck_assert_int_eq(sonde_netns_open_many(netns, NODES, prepare, NULL), 0);
	for (unsigned i = 0; i < CABLES; i++) {
		struct sonde_batch_port here = port(i, 0), there = port(i, 1);

		sonde_batch_pair(batch[cable[i].node[0]], &here, &there, netns[cable[i].node[1]]);
	}
	for (unsigned i = 0; i < NODES; i++)
		ck_assert_int_eq(sonde_batch_send(batch[i]), 0);
}

static void give_addresses(void)
{
	for (unsigned i = 0; i < 2 * CABLES; i++) {
		unsigned c = i / 2, end = i % 2, index = index_of(c, end);
		struct sonde_batch *b = batch[cable[c].node[end]];
		struct sonde_address v4 = address(AF_INET, cable[c].v4[end]);
		struct sonde_address v6 = address(AF_INET6, cable[c].v6[end]);
		struct sonde_address peer = address(AF_INET, cable[c].v4[!end]);

		sonde_batch_up(b, index);
		sonde_batch_address(b, index, &v4, 24);
		sonde_batch_address(b, index, &v6, 64);
		sonde_batch_neighbour(b, index, &peer, port(c, !end).mac);
	}
}

static void send_all(void)
{
	for (unsigned i = 0; i < NODES; i++)
		ck_assert_int_eq(sonde_batch_send(batch[i]), 0);
	for (unsigned i = 0; i < 2 * CABLES; i++) {
		unsigned c = i / 2, end = i % 2;
		struct sonde_address v6 = address(AF_INET6, cable[c].v6[end]);

		ck_assert_int_eq(sonde_batch_settle(batch[cable[c].node[end]], cable[c].name[end]),
				 0);
		ck_assert_int_eq(sonde_batch_wait(batch[cable[c].node[end]], &v6), 0);
	}
}

static struct sonde_batch_route route(int family, const char *to)
{
	return (struct sonde_batch_route){ .to = address(family, to),
					   .prefix = family == AF_INET ? 32 : 128 };
}

static void add_hop(struct sonde_batch_route *r, unsigned index, const char *via)
{
	r->hop[r->hops].index = index;
	r->hop[r->hops++].via = address(r->to.family, via);
}

static void give_routes(void)
{
	struct sonde_batch_route there4 = route(AF_INET, "10.0.2.2");
	struct sonde_batch_route there6 = route(AF_INET6, "fd00:2::2");
	struct sonde_batch_route back4 = route(AF_INET, "10.0.1.1");
	struct sonde_batch_route back6 = route(AF_INET6, "fd00:1::1");

	add_hop(&there4, index_of(0, 0), "10.0.1.2");
	add_hop(&there4, index_of(2, 0), "10.0.3.2");
	add_hop(&there6, index_of(0, 0), "fd00:1::2");
	add_hop(&there6, index_of(2, 0), "fd00:3::2");
	sonde_batch_route(batch[A], &there4);
	sonde_batch_route(batch[A], &there6);
	add_hop(&back4, index_of(1, 1), "10.0.2.1");
	add_hop(&back6, index_of(1, 1), "fd00:2::1");
	sonde_batch_route(batch[C], &back4);
	sonde_batch_route(batch[C], &back6);
}

static void done(void)
{
	for (unsigned i = 0; i < NODES; i++) {
		batch[i] = sonde_batch_close(batch[i]);
		close(netns[i]);
	}
}

static void build(void)
{
	lay_cables();
	give_addresses();
	give_routes();
	send_all();
}

/* A datagram from A to C, sent from the given address. */
static void cross(int family, const char *from, const char *to)
{
	struct sonde_address a = address(family, from), b = address(family, to);
	struct sockaddr_in6 src6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in6 dst6 = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
	struct sockaddr_in src4 = { .sin_family = AF_INET };
	struct sockaddr_in dst4 = { .sin_family = AF_INET, .sin_port = htons(9) };
	struct sockaddr *src = (struct sockaddr *)&src4, *dst = (struct sockaddr *)&dst4;
	socklen_t len = sizeof dst4;
	struct timeval moment = { .tv_usec = 500000 };
	int tx = sonde_netns_socket(netns[A], family, SOCK_DGRAM, 0);
	int rx = sonde_netns_socket(netns[C], family, SOCK_DGRAM, 0);
	char byte;

	memcpy(&src4.sin_addr, a.ip, 4);
	memcpy(&dst4.sin_addr, b.ip, 4);
	memcpy(&src6.sin6_addr, a.ip, 16);
	memcpy(&dst6.sin6_addr, b.ip, 16);
	if (family == AF_INET6) {
		src = (struct sockaddr *)&src6;
		dst = (struct sockaddr *)&dst6;
		len = sizeof dst6;
	}
	ck_assert_int_eq(bind(tx, src, len), 0);
	ck_assert_int_eq(bind(rx, dst, len), 0);
	setsockopt(rx, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment);
	ck_assert_int_eq(sendto(tx, "x", 1, 0, dst, len), 1);
	ck_assert_int_eq(recv(rx, &byte, 1, 0), 1);
	close(tx);
	close(rx);
}

START_TEST(the_first_packet_crosses_a_router_at_once)
{
	if (lacks_root())
		return;
	build();
	cross(AF_INET, "10.0.1.1", "10.0.2.2");
	cross(AF_INET6, "fd00:1::1", "fd00:2::2");
	done();
}
END_TEST

/* What the kernel would do with a datagram: an errno, or 0. */
static int try(int from, int family, const char *to)
{
	struct sonde_address b = address(family, to);
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(9) };
	int fd = sonde_netns_socket(from, family, SOCK_DGRAM, 0), r;

	memcpy(&v4.sin_addr, b.ip, 4);
	memcpy(&v6.sin6_addr, b.ip, 16);
	r = family == AF_INET ? connect(fd, (struct sockaddr *)&v4, sizeof v4)
			      : connect(fd, (struct sockaddr *)&v6, sizeof v6);
	r = r < 0 ? errno : 0;
	close(fd);
	return r;
}

START_TEST(routes_that_lead_nowhere_say_so)
{
	static const struct {
		uint8_t kind;
		int error4, error6;
	} row[] = {
		{ RTN_UNREACHABLE, EHOSTUNREACH, EHOSTUNREACH },
		{ RTN_PROHIBIT, EACCES, EACCES },
		{ RTN_BLACKHOLE, EINVAL, EINVAL },
	};

	if (lacks_root())
		return;
	build();
	for (unsigned i = 0; i < sizeof row / sizeof *row; i++) {
		char v4[32], v6[32];
		struct sonde_batch_route r;

		snprintf(v4, sizeof v4, "192.0.2.%u", i + 1);
		snprintf(v6, sizeof v6, "2001:db8::%u", i + 1);
		r = route(AF_INET, v4);
		r.kind = row[i].kind;
		sonde_batch_route(batch[A], &r);
		r = route(AF_INET6, v6);
		r.kind = row[i].kind;
		sonde_batch_route(batch[A], &r);
		ck_assert_int_eq(sonde_batch_send(batch[A]), 0);
		ck_assert_int_eq(try(netns[A], AF_INET, v4), row[i].error4);
		ck_assert_int_eq(try(netns[A], AF_INET6, v6), row[i].error6);
	}
	done();
}
END_TEST

START_TEST(the_first_failure_is_told_in_the_kernels_words_and_the_rest_is_done)
{
	struct sonde_batch_route bad = route(AF_INET, "192.0.2.1");
	struct sonde_batch_route good = route(AF_INET, "192.0.2.2");

	if (lacks_root())
		return;
	build();
	add_hop(&bad, index_of(0, 0), "203.0.113.1");
	add_hop(&good, index_of(0, 0), "10.0.1.2");
	sonde_batch_route(batch[A], &bad);
	sonde_batch_route(batch[A], &good);
	sonde_batch_route(batch[A], &good); /* fails too: -EEXIST */
	ck_assert_int_eq(sonde_batch_send(batch[A]), -ENETUNREACH);
	ck_assert_str_eq(sonde_batch_said(batch[A]), "Nexthop has invalid gateway");
	ck_assert_int_eq(try(netns[A], AF_INET, "192.0.2.2"), 0);
	ck_assert_int_eq(try(netns[A], AF_INET, "192.0.2.1"), ENETUNREACH);
	ck_assert_int_eq(sonde_batch_send(batch[A]), 0);
	ck_assert_str_eq(sonde_batch_said(batch[A]), "");
	done();
}
END_TEST

START_TEST(more_than_one_message_can_hold_is_sent_too)
{
	enum { ROUTES = 3000 };

	if (lacks_root())
		return;
	build();
	for (unsigned i = 0; i < ROUTES; i++) {
		struct sonde_batch_route r = route(AF_INET, "172.16.0.0");

		r.to.ip[2] = (uint8_t)(i >> 8);
		r.to.ip[3] = (uint8_t)i;
		add_hop(&r, index_of(0, 0), "10.0.1.2");
		sonde_batch_route(batch[A], &r);
	}
	ck_assert_int_eq(sonde_batch_send(batch[A]), 0);
	ck_assert_int_eq(try(netns[A], AF_INET, "172.16.0.0"), 0);
	ck_assert_int_eq(try(netns[A], AF_INET, "172.16.11.183"), 0);
	ck_assert_int_eq(try(netns[A], AF_INET, "172.16.11.184"), ENETUNREACH);
	done();
}
END_TEST

static int read_mtu(void *arg)
{
	char text[32] = "";

	(void)arg;
	sonde_sysctl_get("ipv6/conf/eth0/mtu", text, sizeof text);
	return !strcmp(text, "1400");
}

static int put_unknown(void *arg)
{
	static const struct sonde_sysctl list[] = {
		{ "ipv4/no_such_setting", "1", NULL },
		{ "ipv4/ip_forward", "0", "forwarding" },
		{ "ipv4/another_one", "1", "what it is for" },
		{ "ipv4/ip_forward", "1", "forwarding" },
	};
	const struct sonde_sysctl *bad = NULL;
	char text[8];

	(void)arg;
	ck_assert_int_eq(sonde_sysctl_put(list, 4, &bad), -ENOENT);
	ck_assert_ptr_eq(bad, &list[2]);
	sonde_sysctl_get("ipv4/ip_forward", text, sizeof text);
	ck_assert_str_eq(text, "0");
	sonde_sysctl_get("ipv4/no_such_setting", text, sizeof text);
	ck_assert_str_eq(text, "");
	return 7;
}

START_TEST(settings_are_those_of_the_namespace)
{
	char before[8], after[8];

	if (lacks_root())
		return;
	build();
	ck_assert_int_eq(sonde_netns_visit(netns[A], read_mtu, NULL), 1);
	sonde_sysctl_get("ipv4/ip_forward", before, sizeof before);
	ck_assert_int_eq(sonde_netns_visit(netns[A], put_unknown, NULL), 7);
	sonde_sysctl_get("ipv4/ip_forward", after, sizeof after);
	ck_assert_str_eq(before, after);
	done();
}
END_TEST

static int refuse_second(void *arg, unsigned place)
{
	(void)arg;
	return place == 1 ? -ENOLINK : 0;
}

START_TEST(many_namespaces_end_with_the_first_that_fails)
{
	int made[3] = { 0, 0, 0 };

	if (lacks_root())
		return;
	ck_assert_int_eq(sonde_netns_open_many(made, 3, refuse_second, NULL), -ENOLINK);
	ck_assert_int_ge(made[0], 0);
	ck_assert_int_ge(made[1], 0);
	ck_assert_int_eq(made[2], -1);
	ck_assert_uint_ne(sonde_netns_inode(made[0]), sonde_netns_inode(made[1]));
	close(made[0]);
	close(made[1]);
}
END_TEST

Suite *batch_suite(void);
Suite *batch_suite(void)
{
	Suite *s = suite_create("batch");
	TCase *c = tcase_create("batch");

	/* More than once: what could make it late is a race in the kernel. */
	tcase_add_loop_test(c, the_first_packet_crosses_a_router_at_once, 0, 10);
	tcase_add_test(c, routes_that_lead_nowhere_say_so);
	tcase_add_test(c, the_first_failure_is_told_in_the_kernels_words_and_the_rest_is_done);
	tcase_add_test(c, more_than_one_message_can_hold_is_sent_too);
	tcase_add_test(c, settings_are_those_of_the_namespace);
	tcase_add_test(c, many_namespaces_end_with_the_first_that_fails);
	suite_add_tcase(s, c);
	return s;
}
