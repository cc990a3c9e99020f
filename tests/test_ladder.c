#include <check.h>

#include "invented.h"

#include "life/ladder.h"
#include "out/cells.h"

Suite *ladder_suite(void);

static const char *drawn(struct sonde_ladder l, unsigned width, bool utf8, size_t rows)
{
	struct sonde_grid g;

	sonde_ladder_draw(&g, &arena, &life, &story, &l, rows);
	text.len = 0;
	sonde_cells_print(&text, &g, &(struct sonde_cells_style){ .width = width, .utf8 = utf8 });
	return written();
}

START_TEST(a_tcp_session_is_a_ladder_of_five_columns)
{
	struct sonde_ladder l = { .connection = hello_stream() };

	/* clang-format off */
	same(drawn(l, 110, true, 0),
		"tcp4: #2 client[812] 10.0.0.1:41714 → #3 server[810] 10.0.0.2:5000, from listener #1, marked *\n"
		"time 0 is 0.000300 s into the run\n"
		"    us  client app         client TCP   wire                                server TCP   server app\n"
		"-205.0                                                                                   socket = 3 *\n"
		"-192.0                                                                                   bind *\n"
		"-184.0                                                                      LISTEN *     listen *\n"
		"-168.3                                                                                   accept4 …\n"
		"   0.0  socket = 3\n"
		"   9.7  connect …          SYN_SENT     ────────────── SYN ──────────────►\n"
		"  40.9                     ESTABLISHED  ◄──────────── SYN ACK ────────────\n"
		"  54.9                                  ────────────── ACK ──────────────►  SYN_RECV\n"
		"  62.7                                                                      ESTABLISHED\n"
		"  65.7  connect = 0\n"
		"  71.7                                                                                   accept4 = 4\n"
		"  72.0  recvfrom …\n"
		"  84.5                                  ◄───────── PSH ACK 14 B ──────────               sendto 14 B\n"
		"  93.8                                  ────────────── ACK ──────────────►\n"
		" 102.0  recvfrom 14 B\n"
		" 113.0                                                                                   close\n"
		" 113.5  recvfrom …\n"
		" 115.4                     CLOSE_WAIT   ◄──────────── FIN ACK ────────────  FIN_WAIT1\n"
		" 161.0                                  ────────────── ACK ──────────────►  FIN_WAIT2\n"
		" 173.5  recvfrom = 0, end\n"
		" 188.0  close              LAST_ACK     ──────────── FIN ACK ────────────►\n"
		" 194.6                     CLOSE        ◄────────────── ACK ──────────────\n"
		" 201.1                                                                      TIME_WAIT\n"
		"#2 ended: fin-remote\n"
		"#3 ended: fin-local\n");
	/* clang-format on */
}
END_TEST

START_TEST(the_heading_names_the_namespaces)
{
	static struct sonde_netns name = { 7, "server" };
	struct sonde_ladder l = { .connection = hello_stream() };

	life.netns = &name;
	life.named = 1;
	life.endpoint[1]->netns = 8;
	life.endpoint[2]->netns = 7;
	ck_assert_ptr_nonnull(
		strstr(drawn(l, 130, true, 0),
		       "10.0.0.1:41714 in 8 → #3 server[810] 10.0.0.2:5000 in server, "));
	life.endpoint[2]->netns = 8; /* one, and it has no name */
	ck_assert_ptr_null(strstr(drawn(l, 130, true, 0), " in 8"));
}
END_TEST

START_TEST(sixty_columns_hold_the_whole_session_in_short_words)
{
	struct sonde_ladder l = { .connection = hello_stream() };

	/* clang-format off */
	same(drawn(l, 60, false, 0),
		"tcp4: #2 client[812] 10.0.0.1:41714 -> #3 server[810]\n"
		"    10.0.0.2:5000, from listener #1, marked *\n"
		"time 0 is 0.000300 s into the run\n"
		"    us client app TCP      wire         TCP       server app\n"
		"-205.0                                            socket\n"
		"-192.0                                            bind *\n"
		"-184.0                                  LISTEN *  listen *\n"
		"-168.3                                            accept4 ..\n"
		"   0.0 socket = 3\n"
		"   9.7 connect .. SYN_SENT --- SYN --->\n"
		"  40.9            ESTAB    <- SYN ACK -\n"
		"  54.9                     --- ACK ---> SYN_RECV\n"
		"  62.7                                  ESTAB\n"
		"  65.7 connect\n"
		"  71.7                                            accept\n"
		"  72.0 recv ..\n"
		"  84.5                     <-- P. 14 --           send 14\n"
		"  93.8                     --- ACK --->\n"
		" 102.0 recv 14\n"
		" 113.0                                            close\n"
		" 113.5 recv ..\n"
		" 115.4            CLOSE_W  <- FIN ACK - FIN_WAIT1\n"
		" 161.0                     --- ACK ---> FIN_WAIT2\n"
		" 173.5 recv 0\n"
		" 188.0 close      LAST_ACK - FIN ACK ->\n"
		" 194.6            CLOSE    <--- ACK ---\n"
		" 201.1                                  TIME_WAIT\n"
		"#2 ended: fin-remote\n"
		"#3 ended: fin-local\n");
	/* clang-format on */
}
END_TEST

START_TEST(a_lost_datagram_ends_where_it_was_lost_with_the_reason)
{
	struct sonde_ladder l = { .flow = lossy_datagrams() };

	/* clang-format off */
	same(drawn(l, 100, true, 0),
		"udp4: #1 caller[900] 10.0.0.1:40000 → #2 reader[901] 10.0.0.2:7000\n"
		"time 0 is 0.000010 s into the run\n"
		"   us  sender app     sender queue  wire                             receiver queue  receiver app\n"
		" -8.0                                                                                socket = 3\n"
		"  0.0  socket = 3\n"
		" 90.0  sendto 1000 B                ───────── UDP 1000 B ─────────►                  recvfrom 1000 B\n"
		"190.0  sendto 1000 B                ───────── UDP 1000 B ─────────×  × queue full\n"
		"290.0  sendto 1000 B                ───────── UDP 1000 B ─────────►                  recvfrom 1000 B\n");
	/* clang-format on */
}
END_TEST

START_TEST(an_end_that_is_not_followed_has_no_columns)
{
	struct sonde_connection *c = hello_stream();
	struct sonde_ladder l = { .connection = c };
	const char *seen;

	c->server = c->listener = 0;
	seen = drawn(l, 100, true, 0);
	ck_assert_ptr_nonnull(strstr(seen, "10.0.0.2:5000 (not followed)"));
	ck_assert_ptr_nonnull(strstr(seen, "us  client app         client TCP   wire\n"));
	ck_assert_ptr_null(strstr(seen, "server TCP"));
	ck_assert_ptr_null(strstr(seen, "sendto"));
}
END_TEST

START_TEST(remains_in_time_wait_are_shown_though_the_socket_itself_says_close)
{
	struct sonde_ladder l = { .connection = hello_stream() };
	struct sonde_endpoint *s = life.endpoint[2];

	state(s, 520, SONDE_STATE_FIN_WAIT2, SONDE_STATE_CLOSE);
	s->kernel.at[s->kernel.n - 1].state = SONDE_STATE_TIME_WAIT;
	ck_assert_ptr_null(strstr(drawn(l, 110, true, 0), "?"));
	s->kernel.at[s->kernel.n - 1].inferred = true;
	ck_assert_ptr_nonnull(strstr(drawn(l, 110, true, 0), " TIME_WAIT?\n"));
	ck_assert_ptr_nonnull(strstr(drawn(l, 110, true, 0), "\n?: concluded, not seen\n"));
	ck_assert_ptr_nonnull(strstr(drawn(l, 60, true, 0), " TIME_W?"));
}
END_TEST

START_TEST(what_is_more_than_20_us_apart_has_rows_of_its_own)
{
	struct sonde_flow *f = lossy_datagrams();
	struct sonde_ladder l = { .flow = f };

	call(life.endpoint[0], 1009, 9, SONDE_CALL_SENDTO, 3, 900, 0, 0);
	packet(life.endpoint[0], life.endpoint[1], 1003, 0, 900, f, 4, 0);
	call(life.endpoint[1], 1021, 4, SONDE_CALL_RECVFROM, 3, 900, 0, 0);
	ck_assert_ptr_nonnull(strstr(drawn(l, 100, true, 0), "►\n1011.0  "));
}
END_TEST

START_TEST(unix_sockets_have_no_wire)
{
	struct sonde_endpoint *a = endpoint(SONDE_KIND_UNIX_STREAM, SONDE_ROLE_CLIENT, 5, "a");
	struct sonde_endpoint *b = endpoint(SONDE_KIND_UNIX_STREAM, SONDE_ROLE_SERVER, 6, "b");
	struct sonde_connection c = {
		.id = 1, .kind = SONDE_KIND_UNIX_STREAM, .client = a->sid, .server = b->sid
	};

	a->opened = at(3);
	b->path = (struct sonde_bytes){ (const uint8_t *)"\0x\x1b[2J", 6 };
	call(a, 3, 3, SONDE_CALL_SOCKET, 3, 3, SONDE_MILESTONE_MADE, 0);
	call(a, 9, 4, SONDE_CALL_CONNECT, 3, 0, SONDE_MILESTONE_CONNECTED, 0);
	call(a, 24, 4, SONDE_CALL_WRITE, 3, 5, SONDE_MILESTONE_FIRST_SENT, 0);
	call(b, 31, 9, SONDE_CALL_READ, 4, 5, SONDE_MILESTONE_FIRST_RECEIVED, 0);
	same(drawn((struct sonde_ladder){ .connection = &c }, 80, true, 0),
	     "unix-stream: #1 a[5] → #2 b[6] @x\\x1b[2J\n"
	     "time 0 is 0.000000 s into the run\n"
	     "  us  client app   in the kernel                       server app\n"
	     " 0.0  socket = 3\n"
	     " 9.0  connect = 0\n"
	     "20.0  write 5 B    ────────────── 5 B ──────────────►  read 5 B\n");
}
END_TEST

START_TEST(a_long_session_keeps_its_beginning_and_its_end_and_names_the_cut)
{
	struct sonde_ladder l = { .connection = hello_stream() };
	struct sonde_endpoint *c = life.endpoint[1];
	const char *seen;
	unsigned lines = 0;

	for (unsigned i = 0; i < 1000; i++)
		call(c, 600 + i * 30, 2, SONDE_CALL_SENDTO, 3, 1 + i, 0, 0);
	seen = drawn(l, 100, true, 40);
	ck_assert_ptr_nonnull(strstr(seen, "rows left out …"));
	ck_assert_ptr_nonnull(strstr(seen, "sendto 1000 B"));
	ck_assert_ptr_nonnull(strstr(seen, "socket = 3"));
	for (const char *p = seen; (p = strchr(p, '\n')); p++)
		lines++;
	ck_assert_uint_eq(lines, 3 + 40 + 2); /* head, rows, ends */
	seen = drawn(l, 100, true, 1000);
	ck_assert_ptr_nonnull(strstr(seen, "more happened here than is kept"));
	ck_assert_ptr_null(strstr(seen, "sendto 500 B"));
	ck_assert_ptr_nonnull(strstr(seen, "sendto 937 B"));
	ck_assert_uint_le(story.kept, story.most);
}
END_TEST

START_TEST(the_story_never_takes_more_than_it_may)
{
	sonde_story_init(&story, &arena, 100);
	for (unsigned k = 0; k < 50; k++) {
		struct sonde_endpoint *e = endpoint(SONDE_KIND_UDP4, SONDE_ROLE_SENDER, 1, "x");

		for (unsigned i = 0; i < 500; i++)
			call(e, i, 1, SONDE_CALL_SENDTO, 3, 1, 0, 0);
	}
	ck_assert_uint_le(story.kept, 100);
	ck_assert_uint_gt(story.refused, 0);
}
END_TEST

START_TEST(no_ladder_is_wider_than_asked_for)
{
	struct sonde_ladder l[2] = { { .connection = hello_stream() }, { .connection = NULL } };

	l[1].flow = lossy_datagrams();
	for (unsigned width = 60; width <= 200; width++)
		for (unsigned i = 0; i < 4; i++)
			for (const char *p = drawn(l[i / 2], width, i % 2, 0), *end;
			     (end = strchr(p, '\n')); p = end + 1)
				ck_assert_uint_le(sonde_text_columns(p, (size_t)(end - p)), width);
}
END_TEST

START_TEST(both_ways_of_a_datagram_talk_are_one_ladder)
{
	struct sonde_ladder l[4];
	struct sonde_flow *f = lossy_datagrams(), back = *f, third = *f;
	size_t left;

	back.id = 2;
	back.sender = f->receiver;
	back.receiver = f->sender;
	third.id = 3;
	third.receiver = 0;
	third.first = at(9000);
	life.flow = sonde_arena_grow(&arena, life.flow, 1, 2, sizeof *life.flow);
	life.flow[life.flows++] = &back;
	life.flow[life.flows++] = &third;
	ck_assert_uint_eq(sonde_ladder_list(&life, &arena, l, 4, &left), 2);
	ck_assert_ptr_eq(l[0].back, &back);
	ck_assert_ptr_eq(l[1].flow, &third);
	ck_assert_uint_eq(left, 0);
	ck_assert_uint_eq(sonde_ladder_list(&life, &arena, l, 1, &left), 1);
	ck_assert_uint_eq(left, 1); /* ladders, not flows */
}
END_TEST

/* A socket of its own, sends or reads of it: what each says. */
static const char *one_row(unsigned number, long ret, unsigned flags, unsigned release)
{
	struct sonde_endpoint *e = endpoint(SONDE_KIND_TCP4, SONDE_ROLE_CLIENT, 7, "c");
	struct sonde_connection *k = sonde_arena_take(&arena, sizeof *k);
	struct sonde_item i = { .is = SONDE_ITEM_EVENT, .event = event(e, 10, SONDE_EVENT_CALL) };
	struct sonde_heard h = { .sid = e->sid };

	*k = (struct sonde_connection){ .id = 1, .kind = SONDE_KIND_TCP4, .client = e->sid };
	e->release = (uint8_t)release;
	i.event.call = (uint8_t)number;
	i.event.ret = ret;
	i.event.bytes = ret > 0 ? (uint64_t)ret : 0;
	i.event.arg[0] = flags;
	if (!number) {
		i.event.kind = SONDE_EVENT_EXIT;
		h = (struct sonde_heard){ .released = &e->sid, .releases = 1 };
	}
	hear(&i, &h);
	return drawn((struct sonde_ladder){ .connection = k }, 100, true, 0);
}

START_TEST(a_look_at_what_came_is_no_read)
{
	ck_assert_ptr_nonnull(strstr(one_row(SONDE_CALL_RECVFROM, 10, 0, 0), "recvfrom 10 B\n"));
	ck_assert_ptr_nonnull(strstr(one_row(SONDE_CALL_RECVFROM, 10, MSG_PEEK, 0), "peek 10 B\n"));
	ck_assert_ptr_null(strstr(written(), "recv"));
	ck_assert_ptr_nonnull(
		strstr(one_row(SONDE_CALL_RECVMSG, 10, MSG_ERRQUEUE, 0), "errqueue 10 B\n"));
}
END_TEST

START_TEST(a_connect_that_did_not_wait_ends_where_the_program_looks)
{
	struct sonde_connection *k = hello_stream();
	struct sonde_endpoint *c = life.endpoint[k->client - 1];
	struct sonde_item i = { .is = SONDE_ITEM_EVENT, .event = event(c, 366, SONDE_EVENT_CALL) };
	struct sonde_heard h = { .sid = c->sid };
	const char *ladder;

	i.event.call = SONDE_CALL_GETSOCKOPT;
	hear(&i, &h); /* some other option */
	call(c, 366, 2, SONDE_CALL_CONNECT, 3, -EINPROGRESS, 0, 0);
	ladder = drawn((struct sonde_ladder){ .connection = k }, 110, true, 0);
	ck_assert_ptr_null(strstr(ladder, "SO_ERROR"));
	ck_assert_ptr_nonnull(strstr(ladder, "  connect under way\n"));
	h.milestone = SONDE_MILESTONE_CONNECTED;
	hear(&i, &h);
	i.event.arg[2] = ECONNREFUSED;
	h.milestone = SONDE_MILESTONE_FAILED;
	hear(&i, &h);
	ladder = drawn((struct sonde_ladder){ .connection = k }, 110, true, 0);
	ck_assert_ptr_nonnull(strstr(ladder, "  SO_ERROR = 0\n"));
	ck_assert_ptr_nonnull(strstr(ladder, "  SO_ERROR ECONNREFUSED\n"));
}
END_TEST

START_TEST(a_message_read_in_part_arrived_and_says_so)
{
	struct sonde_flow *f = lossy_datagrams();
	struct sonde_item i = { .is = SONDE_ITEM_EVENT,
				.event = event(life.endpoint[1], 323, SONDE_EVENT_CALL) };
	struct sonde_heard h = { .sid = 2, .flow = f, .message = 3 };
	const char *ladder;

	f->loss->first = f->loss->last = 3;
	f->loss->fate = SONDE_FATE_TRUNCATED;
	i.event.call = SONDE_CALL_RECVFROM;
	i.event.ret = i.event.bytes = 7;
	hear(&i, &h);
	ladder = drawn((struct sonde_ladder){ .flow = f }, 110, true, 0);
	ck_assert_ptr_nonnull(strstr(ladder, "recvfrom 7 B, cut\n"));
	ck_assert_ptr_null(strstr(ladder, "─×"));
}
END_TEST

START_TEST(what_let_go_of_a_socket_is_named)
{
	ck_assert_ptr_nonnull(strstr(one_row(0, 0, 0, SONDE_RELEASE_KILL), "  closed (killed)\n"));
	ck_assert_ptr_nonnull(strstr(one_row(0, 0, 0, SONDE_RELEASE_EXIT), "  closed (exit)\n"));
}
END_TEST

START_TEST(bytes_moved_by_io_uring_are_drawn_and_a_call_that_moved_them_takes_their_place)
{
	struct sonde_connection *k = hello_stream();
	struct sonde_endpoint *c = life.endpoint[k->client - 1];
	struct sonde_item i = { .is = SONDE_ITEM_EVENT, .event = event(c, 404, SONDE_EVENT_SENT) };
	struct sonde_heard h = { .sid = c->sid };
	const char *ladder;

	i.event.ret = 77;
	hear(&i, &h);
	i.event.kind = SONDE_EVENT_RECEIVED;
	i.event.ret = 78;
	hear(&i, &h);
	ladder = drawn((struct sonde_ladder){ .connection = k }, 110, true, 0);
	ck_assert_ptr_nonnull(strstr(ladder, " io_uring send 77 B\n"));
	ck_assert_ptr_nonnull(strstr(ladder, " io_uring recv 78 B\n"));
	i.event = event(c, 405, SONDE_EVENT_CALL); /* had begun before we came */
	i.event.call = SONDE_CALL_READ;
	i.event.flags = SONDE_FLAG_BLOCKED;
	i.event.ret = i.event.bytes = 78;
	hear(&i, &h);
	ladder = drawn((struct sonde_ladder){ .connection = k }, 110, true, 0);
	ck_assert_ptr_null(strstr(ladder, "recv 78 B\n"));
	ck_assert_ptr_nonnull(strstr(ladder, " read 78 B\n"));
}
END_TEST

START_TEST(who_takes_a_socket_over_is_drawn)
{
	struct sonde_connection *k = hello_stream();
	struct sonde_endpoint *c = life.endpoint[k->client - 1];
	struct sonde_item i = { .is = SONDE_ITEM_EVENT, .event = event(c, 404, SONDE_EVENT_PASS) };
	struct sonde_heard h = { .sid = c->sid };
	const char *ladder;

	hear(&i, &h);
	i.event.kind = SONDE_EVENT_TAKE;
	i.event.pid = 7;
	memcpy(i.event.comm, "w\x1b", 3);
	hear(&i, &h);
	ladder = drawn((struct sonde_ladder){ .connection = k }, 110, true, 0);
	ck_assert_ptr_nonnull(strstr(ladder, "  passed into a message\n"));
	ck_assert_ptr_nonnull(strstr(ladder, "  taken by w\\x1b[7]\n"));
}
END_TEST

START_TEST(who_resets_is_not_drawn_as_reset)
{
	struct sonde_connection *k = hello_stream();
	struct sonde_endpoint *c = life.endpoint[k->client - 1];
	struct sonde_item i = { .is = SONDE_ITEM_EVENT, .event = event(c, 600, SONDE_EVENT_ERROR) };
	struct sonde_heard h = { .sid = c->sid };

	i.event.ret = -ECONNRESET;
	hear(&i, &h); /* the engine has found nothing in it */
	ck_assert_ptr_null(strstr(drawn((struct sonde_ladder){ .connection = k }, 110, true, 0),
				  "ECONNRESET"));
	h.milestone = SONDE_MILESTONE_ERROR;
	hear(&i, &h);
	ck_assert_ptr_nonnull(strstr(drawn((struct sonde_ladder){ .connection = k }, 110, true, 0),
				     "ECONNRESET"));
}
END_TEST

START_TEST(a_connection_with_message_boundaries_is_drawn_once)
{
	struct sonde_endpoint *c =
		endpoint(SONDE_KIND_UNIX_SEQPACKET, SONDE_ROLE_CLIENT, 900, "client");
	struct sonde_endpoint *s =
		endpoint(SONDE_KIND_UNIX_SEQPACKET, SONDE_ROLE_SERVER, 901, "server");
	struct sonde_connection k = { .id = 1,
				      .kind = SONDE_KIND_UNIX_SEQPACKET,
				      .client = 1,
				      .server = 2,
				      .opened = at(10) },
				*connection[] = { &k };
	struct sonde_flow f = { .id = 1,
				.kind = SONDE_KIND_UNIX_SEQPACKET,
				.sender = 1,
				.receiver = 2,
				.first = at(5) },
			  *flow[] = { &f };
	struct sonde_ladder l[4];
	size_t left;

	c->connection = s->connection = &k;
	life.connection = connection;
	life.flow = flow;
	life.connections = life.flows = 1;
	ck_assert_uint_eq(sonde_ladder_list(&life, &arena, l, 4, &left), 1);
	ck_assert_ptr_eq(l[0].connection, &k);
	ck_assert_uint_eq(left, 0);
	ck_assert_uint_eq(sonde_ladder_list(&life, &arena, l, 0, &left), 0);
	ck_assert_uint_eq(left, 1);
	call(c, 20, 2, SONDE_CALL_SENDTO, 3, 5, 0, 0);
	ck_assert_ptr_nonnull(strstr(drawn(l[0], 100, true, 0), "─ message 5 B ─"));
}
END_TEST

START_TEST(who_reads_what_was_sent_to_a_group_stands_in_the_ladder)
{
	struct sonde_flow *f = lossy_datagrams();
	uint32_t reader[] = { 2, 3 };
	struct sonde_ladder l = { .flow = f };
	const char *ladder;

	f->group = true;
	f->to = (struct sonde_address){ .family = AF_INET, .port = 600, .ip = { 239, 1, 1, 1 } };
	f->reader = reader;
	f->receiver = 0;
	ladder = drawn(l, 120, true, 0);
	ck_assert_ptr_nonnull(strstr(ladder, " → 239.1.1.1:600 (multicast), no reader seen\n"));
	f->receiver = 2;
	f->readers = 1;
	ladder = drawn(l, 120, true, 0);
	ck_assert_ptr_nonnull(strstr(
		ladder, " → 239.1.1.1:600 (multicast), read by #2 reader[901] 10.0.0.2:7000\n"));
	ck_assert_ptr_nonnull(strstr(ladder, "recvfrom 1000 B\n"));
	call(endpoint(SONDE_KIND_UDP4, SONDE_ROLE_RECEIVER, 902, "other"), 123, 3,
	     SONDE_CALL_RECVFROM, 3, 1000, 0, 0);
	f->readers = 2;
	ladder = drawn(l, 120, true, 0);
	ck_assert_ptr_nonnull(strstr(ladder, "#2 recvfrom 1000 B\n"));
	ck_assert_ptr_nonnull(strstr(ladder, "#3 recvfrom 1000 B\n"));
}
END_TEST

Suite *ladder_suite(void)
{
	Suite *s = suite_create("ladder");
	TCase *t = tcase_create("ladder");

	tcase_add_checked_fixture(t, invent, forget);
	tcase_add_test(t, a_tcp_session_is_a_ladder_of_five_columns);
	tcase_add_test(t, the_heading_names_the_namespaces);
	tcase_add_test(t, sixty_columns_hold_the_whole_session_in_short_words);
	tcase_add_test(t, a_lost_datagram_ends_where_it_was_lost_with_the_reason);
	tcase_add_test(t, an_end_that_is_not_followed_has_no_columns);
	tcase_add_test(t, remains_in_time_wait_are_shown_though_the_socket_itself_says_close);
	tcase_add_test(t, what_is_more_than_20_us_apart_has_rows_of_its_own);
	tcase_add_test(t, unix_sockets_have_no_wire);
	tcase_add_test(t, a_long_session_keeps_its_beginning_and_its_end_and_names_the_cut);
	tcase_add_test(t, the_story_never_takes_more_than_it_may);
	tcase_add_test(t, no_ladder_is_wider_than_asked_for);
	tcase_add_test(t, a_look_at_what_came_is_no_read);
	tcase_add_test(t, a_connect_that_did_not_wait_ends_where_the_program_looks);
	tcase_add_test(t, a_message_read_in_part_arrived_and_says_so);
	tcase_add_test(t, what_let_go_of_a_socket_is_named);
	tcase_add_test(
		t, bytes_moved_by_io_uring_are_drawn_and_a_call_that_moved_them_takes_their_place);
	tcase_add_test(t, who_takes_a_socket_over_is_drawn);
	tcase_add_test(t, who_resets_is_not_drawn_as_reset);
	tcase_add_test(t, a_connection_with_message_boundaries_is_drawn_once);
	tcase_add_test(t, who_reads_what_was_sent_to_a_group_stands_in_the_ladder);
	tcase_add_test(t, both_ways_of_a_datagram_talk_are_one_ladder);
	suite_add_tcase(s, t);
	return s;
}
