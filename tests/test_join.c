/* Packets and their sockets: none carries a wrong one. */
#include <check.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include "life/life.h"

Suite *join_suite(void);

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16, FIRST = 0x2000 };

static struct sonde_arena arena;
static struct sonde_life life;
static struct sonde_heard heard;
static sonde_ns now;

static void setup(void)
{
	now = SONDE_SECOND;
	sonde_life_init(&life, &arena);
}

static void teardown(void)
{
	sonde_arena_done(&arena);
}

static void tell(struct sonde_event e)
{
	struct sonde_item item = { .is = SONDE_ITEM_EVENT, .event = e };

	item.event.when = now += 1000;
	sonde_life_hear(&life, &item, &heard);
}

static struct sonde_address ip4(unsigned last, unsigned port)
{
	return (struct sonde_address){ AF_INET, (uint16_t)port, 0, { 10, 0, 0, (uint8_t)last } };
}

static struct sonde_address ip6(unsigned last, unsigned port)
{
	return (struct sonde_address){
		AF_INET6, (uint16_t)port, 0, { 0xfd, [15] = (uint8_t)last }
	};
}

/* A socket as some call on it told it: number n, its cookie 1000 more. Returns its sid. */
static uint32_t have(uint64_t n, uint32_t netns, int type, struct sonde_address local,
		     struct sonde_address remote)
{
	struct sonde_event e = { .kind = SONDE_EVENT_CALL,
				 .call = SONDE_CALL_GETSOCKNAME,
				 .ino = n,
				 .cookie = n + 1000,
				 .netns = netns,
				 .family = local.family,
				 .type = (uint16_t)type,
				 .pid = 1,
				 .fd = (int32_t)n,
				 .fd2 = -1,
				 .local = local,
				 .remote = remote };

	tell(e);
	return heard.sid;
}

static uint32_t listens(uint64_t n, uint32_t netns, struct sonde_address local)
{
	uint32_t sid = have(n, netns, SOCK_STREAM, local, (struct sonde_address){ 0 });

	tell((struct sonde_event){ .kind = SONDE_EVENT_STATE,
				   .cookie = n + 1000,
				   .from = SONDE_STATE_CLOSE,
				   .to = SONDE_STATE_LISTEN });
	return sid;
}

static void gone(uint64_t n)
{
	tell((struct sonde_event){ .kind = SONDE_EVENT_CALL,
				   .call = SONDE_CALL_CLOSE,
				   .ino = n,
				   .pid = 1,
				   .fd = (int)n });
	tell((struct sonde_event){ .kind = SONDE_EVENT_DESTROY, .ino = n, .cookie = n + 1000 });
}

struct packet {
	struct sonde_address from, to;
	uint32_t netns;
	uint8_t protocol, dir;
	uint16_t flags, fragment, id; /* fragment: the field of IPv4 with its flags */
	uint64_t cookie;
};

/* Its bytes from the network header on; returns how many. */
static size_t build(uint8_t *at, const struct packet *p)
{
	bool six = p->from.family == AF_INET6;
	unsigned ip = six ? 40 : 20, size = p->protocol == IPPROTO_TCP ? 20 : 16;
	uint8_t *l4 = at + ip;

	memset(at, 0, 80);
	if (six) {
		at[0] = 0x60;
		sonde_store(at + 4, 2, size);
		at[6] = p->protocol;
		at[7] = 64;
		memcpy(at + 8, p->from.ip, 16);
		memcpy(at + 24, p->to.ip, 16);
	} else {
		at[0] = 0x45;
		sonde_store(at + 2, 2, ip + size);
		sonde_store(at + 4, 2, p->id);
		sonde_store(at + 6, 2, p->fragment);
		at[8] = 64;
		at[9] = p->protocol;
		memcpy(at + 12, p->from.ip, 4);
		memcpy(at + 16, p->to.ip, 4);
	}
	if (p->fragment & 0x1fff)
		return ip + size;
	sonde_store(l4, 2, p->from.port);
	sonde_store(l4 + 2, 2, p->to.port);
	if (p->protocol == IPPROTO_TCP) {
		l4[12] = 0x50;
		l4[13] = (uint8_t)p->flags;
	} else {
		sonde_store(l4 + 4, 2, size);
	}
	return ip + size;
}

static void pass(struct packet p)
{
	uint8_t byte[80];
	struct sonde_item item = { .is = SONDE_ITEM_FRAME };
	size_t n = build(byte, &p);

	item.frame = (struct sonde_frame){ .when = now += 1000,
					   .byte = { byte, n },
					   .wire = (uint32_t)n,
					   .link = 101,
					   .dir = p.dir,
					   .netns = p.netns,
					   .ifindex = 2,
					   .cookie = p.cookie };
	sonde_life_hear(&life, &item, &heard);
}

static void comes(uint32_t netns, int protocol, struct sonde_address from, struct sonde_address to,
		  unsigned flags)
{
	pass((struct packet){ from, to, netns, (uint8_t)protocol, SONDE_DIR_IN, (uint16_t)flags, 0,
			      0, 0 });
}

static void goes(uint32_t netns, int protocol, struct sonde_address from, struct sonde_address to,
		 unsigned flags, uint64_t cookie)
{
	pass((struct packet){ from, to, netns, (uint8_t)protocol, SONDE_DIR_OUT, (uint16_t)flags, 0,
			      0, cookie });
}

static void nobody(void)
{
	ck_assert_uint_eq(heard.sid, 0);
	ck_assert_uint_eq(heard.sid2, 0);
	ck_assert_uint_eq(heard.how, SONDE_HOW_NONE);
	ck_assert_uint_eq(heard.how2, SONDE_HOW_NONE);
}

START_TEST(of_sockets_that_share_a_port_none_is_guessed)
{
	struct sonde_address any = { .family = AF_INET, .port = 53 }, none = { 0 };
	uint32_t third;

	have(1, 1, SOCK_DGRAM, any, none);
	comes(1, IPPROTO_UDP, ip4(9, 4000), ip4(1, 53), 0);
	ck_assert_uint_eq(heard.sid2, 1);
	have(2, 1, SOCK_DGRAM, any, none);
	comes(1, IPPROTO_UDP, ip4(9, 4000), ip4(1, 53), 0);
	nobody();
	ck_assert_uint_eq(life.ambiguous, 1);
	third = have(3, 1, SOCK_DGRAM, ip4(1, 53), none); /* its address fits better */
	comes(1, IPPROTO_UDP, ip4(9, 4000), ip4(1, 53), 0);
	ck_assert_uint_eq(heard.sid2, third);
	comes(1, IPPROTO_UDP, ip4(9, 4000), ip4(2, 53), 0);
	nobody();
	third = have(4, 1, SOCK_DGRAM, ip4(1, 53), ip4(9, 4001)); /* connected: its peer's alone */
	comes(1, IPPROTO_UDP, ip4(9, 4001), ip4(1, 53), 0);
	ck_assert_uint_eq(heard.sid2, third);
	comes(1, IPPROTO_UDP, ip4(9, 4002), ip4(1, 53), 0);
	ck_assert_uint_eq(heard.sid2, 3);
	goes(1, IPPROTO_UDP, ip4(1, 53), ip4(9, 4002), 0, 1001); /* the cookie decides */
	ck_assert_uint_eq(heard.sid, 1);
	ck_assert_uint_eq(heard.how, SONDE_HOW_COOKIE);
	have(5, 1, SOCK_DGRAM, ip4(1, 54), none);
	goes(1, IPPROTO_UDP, ip4(1, 54), ip4(9, 4002), 0, 5555); /* of one that is not followed */
	nobody();
}
END_TEST

START_TEST(listeners_that_share_a_port_make_no_child)
{
	struct sonde_address any = { .family = AF_INET, .port = 80 };

	listens(1, 1, any);
	listens(2, 1, any);
	comes(1, IPPROTO_TCP, ip4(9, 4000), ip4(1, 80), SYN);
	nobody();
	ck_assert_uint_eq(life.endpoints, 2);
}
END_TEST

START_TEST(a_fragment_without_ports_follows_the_first_of_its_id)
{
	struct packet p = {
		ip4(9, 4000), ip4(1, 53), 1, IPPROTO_UDP, SONDE_DIR_IN, 0, FIRST, 77, 0
	};

	have(1, 1, SOCK_DGRAM, ip4(1, 53), (struct sonde_address){ 0 });
	pass(p);
	ck_assert_uint_eq(heard.sid2, 1);
	p.fragment = FIRST | 2;
	pass(p);
	ck_assert_uint_eq(heard.sid2, 1);
	ck_assert_uint_eq(heard.how2, SONDE_HOW_TUPLE);
	p.id = 78; /* the first of that one was not seen */
	pass(p);
	nobody();
	p.id = 77;
	p.netns = 2;
	pass(p);
	nobody();
	p.netns = 1;
	p.from = ip4(8, 4000);
	pass(p);
	nobody();
	ck_assert_uint_eq(life.endpoint[0]->packets_in, 2);
}
END_TEST

START_TEST(ipv6_packets_and_ipv4_ones_of_an_ipv6_socket_are_joined)
{
	struct sonde_address any6 = { .family = AF_INET6, .port = 53 }, none = { 0 };
	struct sonde_address mapped = { AF_INET6, 80, 0, { [10] = 0xff, 0xff, 10, 0, 0, 1 } };
	struct sonde_address peer = { AF_INET6, 4000, 0, { [10] = 0xff, 0xff, 10, 0, 0, 9 } };

	have(1, 1, SOCK_DGRAM, any6, none);
	comes(1, IPPROTO_UDP, ip6(9, 4000), ip6(1, 53), 0);
	ck_assert_uint_eq(heard.sid2, 1);
	comes(1, IPPROTO_UDP, ip4(9, 4000), ip4(1, 53), 0);
	ck_assert_uint_eq(heard.sid2, 1);
	have(2, 1, SOCK_STREAM, mapped, peer);
	comes(1, IPPROTO_TCP, ip4(9, 4000), ip4(1, 80), ACK);
	ck_assert_uint_eq(heard.sid2, 2);
	have(3, 1, SOCK_STREAM, ip6(1, 80), ip6(9, 4000));
	comes(1, IPPROTO_TCP, ip6(9, 4000), ip6(1, 80), ACK);
	ck_assert_uint_eq(heard.sid2, 3);
	comes(1, IPPROTO_TCP, ip6(8, 4000), ip6(1, 80), ACK);
	nobody();
}
END_TEST

START_TEST(packets_of_a_handshake_are_the_childs_with_the_listener_beside)
{
	uint32_t l = listens(1, 1, ip4(1, 80)), child;

	comes(1, IPPROTO_TCP, ip4(9, 4000), ip4(1, 80), SYN);
	child = heard.sid2;
	ck_assert_uint_ne(child, 0);
	ck_assert_uint_ne(child, l);
	ck_assert_uint_eq(heard.listener, l);
	goes(1, IPPROTO_TCP, ip4(1, 80), ip4(9, 4000), SYN | ACK, 0);
	ck_assert_uint_eq(heard.sid, child);
	ck_assert_uint_eq(heard.listener, l);
	comes(1, IPPROTO_TCP, ip4(9, 4000), ip4(1, 80), ACK);
	ck_assert_uint_eq(heard.sid2, child);
	tell((struct sonde_event){ .kind = SONDE_EVENT_STATE,
				   .cookie = 1002,
				   .netns = 1,
				   .family = AF_INET,
				   .type = SOCK_STREAM,
				   .from = SONDE_STATE_SYN_RECV,
				   .to = SONDE_STATE_ESTABLISHED,
				   .local = ip4(1, 80),
				   .remote = ip4(9, 4000) });
	ck_assert_uint_eq(heard.sid, child);
	goes(1, IPPROTO_TCP, ip4(1, 80), ip4(9, 4000), ACK, 1002);
	ck_assert_uint_eq(heard.sid, child);
	ck_assert_uint_eq(heard.listener, 0);
	ck_assert_uint_eq(life.endpoint[l - 1]->packets_in, SONDE_ABSENT);
	comes(1, IPPROTO_TCP, ip4(9, 4000), ip4(1, 81), SYN); /* nobody listens there */
	nobody();
}
END_TEST

START_TEST(what_comes_to_a_closed_socket_is_still_its_own)
{
	uint32_t sid = have(1, 1, SOCK_STREAM, ip4(1, 4000), ip4(9, 80));

	gone(1);
	comes(1, IPPROTO_TCP, ip4(9, 80), ip4(1, 4000), FIN | ACK);
	ck_assert_uint_eq(heard.sid2, sid);
	ck_assert_uint_eq(heard.how2, SONDE_HOW_TUPLE);
	goes(1, IPPROTO_TCP, ip4(1, 4000), ip4(9, 80), RST, 0); /* the kernel's own */
	ck_assert_uint_eq(heard.sid, sid);
	ck_assert_uint_eq(heard.how, SONDE_HOW_TUPLE);
	goes(1, IPPROTO_TCP, ip4(1, 4000), ip4(9, 80), ACK, 5555); /* another socket's */
	nobody();
}
END_TEST

START_TEST(the_same_addresses_in_two_namespaces_are_two_places)
{
	uint32_t one = have(1, 1, SOCK_STREAM, ip4(1, 80), ip4(9, 4000));
	uint32_t two = have(2, 2, SOCK_STREAM, ip4(1, 80), ip4(9, 4000));

	comes(1, IPPROTO_TCP, ip4(9, 4000), ip4(1, 80), ACK);
	ck_assert_uint_eq(heard.sid2, one);
	comes(2, IPPROTO_TCP, ip4(9, 4000), ip4(1, 80), ACK);
	ck_assert_uint_eq(heard.sid2, two);
	comes(3, IPPROTO_TCP, ip4(9, 4000), ip4(1, 80), ACK);
	nobody();
	goes(3, IPPROTO_TCP, ip4(1, 80), ip4(9, 4000), ACK, 0);
	nobody();
}
END_TEST

START_TEST(addresses_used_again_belong_to_the_later_connection)
{
	uint32_t first = have(1, 1, SOCK_STREAM, ip4(1, 4000), ip4(9, 80)), second;

	goes(1, IPPROTO_TCP, ip4(1, 4000), ip4(9, 80), ACK, 1001);
	ck_assert_uint_eq(heard.sid, first);
	gone(1);
	goes(1, IPPROTO_TCP, ip4(1, 4000), ip4(9, 80), SYN, 1002); /* before any call told of it */
	ck_assert_uint_ne(heard.sid, first);
	goes(1, IPPROTO_TCP, ip4(1, 4000), ip4(9, 80), SYN, 0);
	nobody();
	second = have(2, 1, SOCK_STREAM, ip4(1, 4000), ip4(9, 80));
	comes(1, IPPROTO_TCP, ip4(9, 80), ip4(1, 4000), SYN | ACK);
	ck_assert_uint_eq(heard.sid2, second);
	ck_assert_uint_eq(life.endpoint[first - 1]->packets_out, 1);
	ck_assert_uint_eq(life.endpoint[first - 1]->packets_in, SONDE_ABSENT);
}
END_TEST

START_TEST(a_port_of_a_server_used_again_begins_a_new_child)
{
	uint32_t l = listens(1, 1, ip4(1, 80)), first, second;

	comes(1, IPPROTO_TCP, ip4(9, 4000), ip4(1, 80), SYN);
	first = heard.sid2;
	tell((struct sonde_event){ .kind = SONDE_EVENT_STATE,
				   .cookie = 1002,
				   .netns = 1,
				   .family = AF_INET,
				   .type = SOCK_STREAM,
				   .from = SONDE_STATE_SYN_RECV,
				   .to = SONDE_STATE_ESTABLISHED,
				   .local = ip4(1, 80),
				   .remote = ip4(9, 4000) });
	tell((struct sonde_event){ .kind = SONDE_EVENT_DESTROY, .cookie = 1002 });
	comes(1, IPPROTO_TCP, ip4(9, 4000), ip4(1, 80), SYN);
	second = heard.sid2;
	ck_assert_uint_ne(second, 0);
	ck_assert_uint_ne(second, first);
	ck_assert_uint_eq(heard.listener, l);
	comes(1, IPPROTO_TCP, ip4(9, 4000), ip4(1, 80), ACK);
	ck_assert_uint_eq(heard.sid2, second);
}
END_TEST

Suite *join_suite(void)
{
	Suite *s = suite_create("join");
	TCase *t = tcase_create("join");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, of_sockets_that_share_a_port_none_is_guessed);
	tcase_add_test(t, listeners_that_share_a_port_make_no_child);
	tcase_add_test(t, a_fragment_without_ports_follows_the_first_of_its_id);
	tcase_add_test(t, ipv6_packets_and_ipv4_ones_of_an_ipv6_socket_are_joined);
	tcase_add_test(t, packets_of_a_handshake_are_the_childs_with_the_listener_beside);
	tcase_add_test(t, what_comes_to_a_closed_socket_is_still_its_own);
	tcase_add_test(t, the_same_addresses_in_two_namespaces_are_two_places);
	tcase_add_test(t, addresses_used_again_belong_to_the_later_connection);
	tcase_add_test(t, a_port_of_a_server_used_again_begins_a_new_child);
	suite_add_tcase(s, t);
	return s;
}
