#include <check.h>

#include "invented.h"

#include "life/table.h"
#include "out/cells.h"

Suite *table_suite(void);

static const char *drawn(unsigned width)
{
	struct sonde_grid g;

	sonde_table_draw(&g, &arena, &life);
	text.len = 0;
	sonde_cells_print(&text, &g, &(struct sonde_cells_style){ .width = width });
	return written();
}

static void a_run(void)
{
	static struct sonde_tally tally[] = { { .call = SONDE_CALL_SOCKET, .n = 1 },
					      { .call = SONDE_CALL_RECVFROM, .n = 2 } };
	static struct sonde_owner owner[] = { { .pid = 810, .fd = 4, .comm = "server" },
					      { .pid = 811, .fd = 4, .comm = "worker\x1b" } };
	static struct sonde_drop drop[] = { { .name = "SOCKET_RCVBUFF", .n = 1 } };
	struct sonde_endpoint **e;

	hello_stream();
	lossy_datagrams();
	e = life.endpoint;
	e[0]->accepted = 1;
	e[0]->cause = SONDE_CAUSE_CLOSED;
	e[0]->release = SONDE_RELEASE_KILL;
	e[1]->received = (struct sonde_volume){ .bytes = 14, .messages = 1 };
	e[1]->sent = (struct sonde_volume){ .bytes = 0 };
	e[1]->tally = tally;
	e[1]->tallies = 2;
	e[2]->sent = (struct sonde_volume){ .bytes = 14, .messages = 1 };
	e[2]->received = (struct sonde_volume){ .bytes = 0 };
	e[2]->cause_inferred = true;
	e[2]->owner = owner;
	e[2]->owners = 2;
	e[4]->drop = drop;
	e[4]->drops = 1;
	e[3]->sent = (struct sonde_volume){ .bytes = 3000, .messages = 3 };
	endpoint(SONDE_KIND_TCP4, SONDE_ROLE_CLIENT, 1, "merged")->same = 1;
}

START_TEST(every_endpoint_has_a_line)
{
	a_run();
	/* clang-format off */
	same(drawn(200),
		"5 endpoints: 3 tcp4, 2 udp4\n"
		"#  kind  role      who          local           remote                 sent   received  calls  connect  first byte     life  ended            states\n"
		"1  tcp4  listener  server[810]  10.0.0.2:5000                    1 accepted                                                  closed (killed)  LISTEN\n"
		"2  tcp4  client    client[812]  10.0.0.1:41714  10.0.0.2:5000           0 B  14 B in 1      3  56.0 us     36.0 us   201 us  fin-remote       SYN_SENT > ESTABLISHED > CLOSE_WAIT > LAST_ACK > CLOSE\n"
		"3  tcp4  server    server[810]  10.0.0.2:5000   10.0.0.1:41714    14 B in 1        0 B                              93.3 us  fin-local?       SYN_RECV > ESTABLISHED > FIN_WAIT1 > FIN_WAIT2 > TIME_WAIT\n"
		"     held by server[810] as 4, worker\\x1b[811] as 4\n"
		"4  udp4  sender    caller[900]  10.0.0.1:40000                  3000 B in 3          -                                       -\n"
		"5  udp4  receiver  reader[901]  10.0.0.2:7000                             -          -                                       -\n"
		"     1 dropped on the way in: the receive buffer was full (SOCKET_RCVBUFF)\n"
		"?: concluded, not seen\n");
	/* clang-format on */
}
END_TEST

START_TEST(several_namespaces_are_told_apart)
{
	static struct sonde_netns name = { 7, "server" };

	hello_stream();
	life.netns = &name;
	life.named = 1;
	for (size_t i = 0; i < 3; i++)
		life.endpoint[i]->netns = 7;
	ck_assert_ptr_null(strstr(drawn(200), "netns"));
	life.endpoint[1]->netns = 4026531840;
	ck_assert_ptr_nonnull(strstr(drawn(200), "who          netns       local"));
	ck_assert_ptr_nonnull(strstr(written(), "server[810]  server      10.0.0.2:5000"));
	ck_assert_ptr_nonnull(strstr(written(), "client[812]  4026531840  10.0.0.1:41714"));
}
END_TEST

START_TEST(eighty_columns_keep_who_where_how_much_and_why)
{
	a_run();
	/* clang-format off */
	same(drawn(80),
		"5 endpoints: 3 tcp4, 2 udp4\n"
		"#  kind  who          local           remote            sent  rcvd  ended\n"
		"1  tcp4  server[810]  10.0.0.2:5000                    1 acc        closed\n"
		"2  tcp4  client[812]  10.0.0.1:41714  10.0.0.2:5000      0 B  14 B  fin-remote\n"
		"3  tcp4  server[810]  10.0.0.2:5000   10.0.0.1:41714    14 B   0 B  fin-local?\n"
		"     held by server[810] as 4, worker\\x1b[811] as 4\n"
		"4  udp4  caller[900]  10.0.0.1:40000                  3000 B     -  -\n"
		"5  udp4  reader[901]  10.0.0.2:7000                        -     -  -\n"
		"     1 dropped on the way in: the receive buffer was full (SOCKET_RCVBUFF)\n"
		"?: concluded, not seen\n");
	/* clang-format on */
}
END_TEST

START_TEST(no_table_is_wider_than_asked_for)
{
	a_run();
	life.endpoint[1]->local.family = AF_INET6;
	memset(life.endpoint[1]->local.ip, 0xab, 16);
	for (unsigned width = 60; width <= 200; width++)
		for (const char *p = drawn(width), *end; (end = strchr(p, '\n')); p = end + 1)
			ck_assert_uint_le(sonde_text_columns(p, (size_t)(end - p)), width);
}
END_TEST

Suite *table_suite(void)
{
	Suite *s = suite_create("table");
	TCase *t = tcase_create("table");

	tcase_add_checked_fixture(t, invent, forget);
	tcase_add_test(t, every_endpoint_has_a_line);
	tcase_add_test(t, several_namespaces_are_told_apart);
	tcase_add_test(t, eighty_columns_keep_who_where_how_much_and_why);
	tcase_add_test(t, no_table_is_wider_than_asked_for);
	suite_add_tcase(s, t);
	return s;
}
