#include <check.h>

#include "invented.h"

#include "life/comparison.h"
#include "out/cells.h"

Suite *comparison_suite(void);

static struct sonde_account account;
static struct sonde_comparison made;

static const char *drawn(unsigned width)
{
	struct sonde_grid g;

	sonde_comparison_make(&made, &arena, &life, &account);
	sonde_comparison_draw(&g, &arena, &made);
	text.len = 0;
	sonde_cells_print(&text, &g, &(struct sonde_cells_style){ .width = width });
	return written();
}

static struct sonde_step app[2][3] = {
	{ { .state = SONDE_STATE_CREATED },
	  { .state = SONDE_STATE_CONNECTED },
	  { .state = SONDE_STATE_PEER_EOF } },
	{ { .state = SONDE_STATE_CREATED }, { .state = SONDE_STATE_AUTOBOUND } },
};

/* The hello session, and three datagrams of which one is lost. */
static void a_run(void)
{
	static struct sonde_tally client[] = {
		{ .call = SONDE_CALL_SOCKET, .n = 1, .took = 4000 },
		{ .call = SONDE_CALL_CONNECT, .n = 1, .took = 56000 },
		{ .call = SONDE_CALL_RECVFROM, .n = 2, .took = 90000 }
	};
	static struct sonde_tally sender[] = {
		{ .call = SONDE_CALL_SOCKET, .n = 1, .took = 4000 },
		{ .call = SONDE_CALL_SENDTO, .n = 3, .took = 27000 }
	};
	static struct sonde_tally reader[] = { { .call = SONDE_CALL_BIND, .n = 1 } };
	static struct sonde_drop drop = { .name = "SOCKET_RCVBUFF", .n = 1 };
	struct sonde_connection *c = hello_stream();
	struct sonde_flow *f = lossy_datagrams();
	struct sonde_endpoint **e = life.endpoint;

	account = (struct sonde_account){ 0 };
	life.backend = SONDE_BACKEND_BPF;
	life.joined[SONDE_HOW_COOKIE] = life.frames;
	e[1]->tally = client;
	e[1]->tallies = 3;
	e[1]->calls_before_data = 2;
	e[1]->packets_before_data = 3;
	e[1]->packets_out = 4;
	e[1]->timing.handshake = 37900;
	e[1]->timing.setup = 102000;
	e[1]->received = (struct sonde_volume){ .bytes = 14, .messages = 1, .first = at(402) };
	e[1]->sent = (struct sonde_volume){ .bytes = 0 };
	e[1]->app = (struct sonde_steps){ app[0], 3, 3 };
	e[2]->sent = (struct sonde_volume){ .bytes = 14, .messages = 1, .first = at(398) };
	e[2]->received = (struct sonde_volume){ .bytes = 0 };
	c->wire = (struct sonde_wire){ .packets = { 5, 4 },
				       .bytes = { 264, 222 },
				       .payload = { 0, 14 } };
	e[3]->tally = sender;
	e[3]->tallies = 2;
	e[3]->app = (struct sonde_steps){ app[1], 2, 2 };
	e[3]->calls_before_data = 1;
	e[3]->packets_out = 3;
	e[3]->wire_out = 3084;
	e[3]->payload_out = 3000;
	e[3]->timing.setup = 95000;
	e[3]->closed = at(400);
	e[3]->sent = (struct sonde_volume){ .bytes = 3000, .messages = 3, .first = at(109) };
	e[4]->received = (struct sonde_volume){ .bytes = 2000, .messages = 2, .first = at(120) };
	e[4]->drop = &drop;
	e[4]->drops = 1;
	e[4]->tally = reader;
	e[4]->tallies = 1;
	f->sent_bytes = 3000;
	f->size_min = f->size_max = 1000;
	f->transit_n = 2;
	f->transit_sum = 40000;
	f->transit_min = 19000;
	f->transit_max = 21000;
}

START_TEST(a_stream_and_datagrams_stand_side_by_side)
{
	a_run();
	/* clang-format off */
	same(drawn(100),
		"stream against datagram           tcp4                               udp4\n"
		"1 setup, by the side that begins\n"
		"  calls before the first byte     2                                  1\n"
		"  packets before the first byte   3                                  0\n"
		"  first call to first byte        102 us                             95.0 us\n"
		"2 identity\n"
		"  own address                     1 by connect, 1 from the listener  1 at the first send, 1 by bind\n"
		"  the other end                   1 fixed by connect, 1 fixed by     named in each send\n"
		"                                  accept\n"
		"3 message boundaries\n"
		"  sends and reads                 1 send, 1 read                     3 sends, 2 reads\n"
		"  message boundaries              -                                  kept: one message a read\n"
		"  size of a message               -                                  1000 B\n"
		"4 delivery, and who was told\n"
		"  sent                            14 B                               3000 B\n"
		"  received                        14 B                               2000 B\n"
		"  messages                        -                                  3 sent, 2 read, 1 dropped\n"
		"  of what was lost the sender     -                                  not told of any of 1\n"
		"    was\n"
		"  sent again by the kernel        0 segments                         -\n"
		"5 back-pressure\n"
		"  time of one send call, mean     -                                  9.00 us\n"
		"  dropped on the way in           -                                  1, receive buffer full\n"
		"7 close\n"
		"  ended                           1 fin-remote, 1 fin-local          -\n"
		"  the end is seen                 by a read of 0, at 1 end           nothing told the receiver\n"
		"  TIME_WAIT                       1 end                              -\n"
		"8 cost, both ends together\n"
		"  calls                           4                                  5\n"
		"  time in calls, waiting          150 us                             31.0 us\n"
		"    included\n"
		"  packets                         9                                  3\n"
		"  wire bytes for a byte of        34.71                              1.02\n"
		"    payload\n"
		"9 timing: least / median / 99th percentile (of so many)\n"
		"  connect                         56.0 us                            -\n"
		"  handshake, seen by the client   37.9 us                            -\n"
		"  wait in the accept queue        9.00 us                            -\n"
		"  connected to first byte         36.0 us                            -\n"
		"    received\n"
		"  send to read: least / mean /    -                                  19.0 us / 20.0 us / 21.0 us (2)\n"
		"    most\n"
		"  life                            93.3 us and 201 us                 386 us\n"
		"what only one of them did\n"
		"  only tcp4 shook hands before the first byte (connections: 1)\n"
		"  only udp4 lost messages of which no sender was told (messages: 1)\n"
		"  only tcp4 told a reader that no more would come: a read of 0 (ends: 1)\n"
		"  only tcp4 left a TIME_WAIT behind (ends: 1)\n"
		"packets whose socket is known: 12 of 12\n");
	/* clang-format on */
}
END_TEST

START_TEST(what_a_run_has_no_evidence_of_has_no_row)
{
	struct sonde_endpoint *e = endpoint(SONDE_KIND_UNIX_DGRAM, SONDE_ROLE_SENDER, 1, "x");

	account = (struct sonde_account){ 0 };
	e->cause = SONDE_CAUSE_OPEN;
	e->seeded = true;
	same(drawn(80), "stream against datagram  unix-dgram\n"
			"7 close\n"
			"  ended                  open\n"
			"no packets were seen in this run\n");
}
END_TEST

START_TEST(a_run_without_sockets_compares_nothing)
{
	same(drawn(80), "");
	ck_assert_uint_eq(made.rows, 0);
}
END_TEST

START_TEST(losses_and_blind_spots_are_said)
{
	const char *blind[] = { "the order of FINs" };

	a_run();
	account.lost_all = 7;
	account.blind = blind;
	account.blinds = 1;
	ck_assert_ptr_nonnull(strstr(drawn(100), "events lost: 7; counts are lower bounds\n"));
	ck_assert_ptr_nonnull(strstr(out, "not seen: the order of FINs\n"));
}
END_TEST

START_TEST(no_comparison_is_wider_than_asked_for)
{
	a_run();
	for (unsigned k = SONDE_KIND_TCP4; k <= SONDE_KIND_UNIX_SEQPACKET; k++)
		endpoint(k, SONDE_ROLE_CLIENT, 1, "x")->cause = SONDE_CAUSE_FIN_LOCAL;
	for (unsigned width = 60; width <= 200; width++)
		for (const char *p = drawn(width), *end; (end = strchr(p, '\n')); p = end + 1)
			ck_assert_uint_le(sonde_text_columns(p, (size_t)(end - p)), width);
}
END_TEST

Suite *comparison_suite(void)
{
	Suite *s = suite_create("comparison");
	TCase *t = tcase_create("comparison");

	tcase_add_checked_fixture(t, invent, forget);
	tcase_add_test(t, a_stream_and_datagrams_stand_side_by_side);
	tcase_add_test(t, what_a_run_has_no_evidence_of_has_no_row);
	tcase_add_test(t, a_run_without_sockets_compares_nothing);
	tcase_add_test(t, losses_and_blind_spots_are_said);
	tcase_add_test(t, no_comparison_is_wider_than_asked_for);
	suite_add_tcase(s, t);
	return s;
}
