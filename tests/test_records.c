#include <stdlib.h>

#include "invented.h"

#include "life/comparison.h"
#include "life/records.h"
#include "out/csv.h"
#include "out/json.h"

Suite *records_suite(void);

START_TEST(an_endpoint_is_told_whole_and_nothing_else)
{
	static struct sonde_owner owner = { .pid = 810, .fd = 4, .comm = "ser\"ver" };
	static struct sonde_tally tally = {
		.call = SONDE_CALL_SENDTO, .n = 2, .errors = 1, .took = 9
	};
	static struct sonde_fault fault = { .error = ECONNRESET };
	struct sonde_endpoint_record r;
	struct sonde_endpoint *s;

	hello_stream();
	s = life.endpoint[2];
	s->family = AF_INET;
	s->type = SOCK_STREAM;
	s->cookie = 4711;
	s->cause_inferred = true;
	s->detail = "half-closed first";
	s->owner = &owner;
	s->tally = &tally;
	s->fault = &fault;
	s->owners = s->tallies = s->faults = 1;
	s->sent.bytes = 14;
	text.len = 0;
	sonde_endpoint_record_fill(&r, &arena, &life, s);
	sonde_json_record(&text, &sonde_endpoint_schema, &r);
	same(written(),
	     "{\"record\":\"endpoint\",\"v\":1,\"sid\":3,\"kind\":\"tcp4\",\"role\":\"server\","
	     "\"family\":\"AF_INET\",\"type\":\"SOCK_STREAM\",\"cookie\":4711,"
	     "\"local\":\"10.0.0.2:5000\",\"remote\":\"10.0.0.1:41714\",\"peer\":2,\"listener\":1,"
	     "\"pid\":810,\"comm\":\"server\",\"owners\":[\"ser\\\"ver[810] 4\"],\"seeded\":false,"
	     "\"states\":[\"SYN_RECV\",\"ESTABLISHED\",\"FIN_WAIT1\",\"FIN_WAIT2\",\"TIME_WAIT\"],"
	     "\"close_cause\":\"fin-local\",\"close_detail\":\"half-closed first\","
	     "\"released_by\":\"close\",\"inferred\":[\"close_cause\"],\"bytes_sent\":14,"
	     "\"calls\":{\"sendto\":2},\"call_errors\":{\"sendto\":1},\"call_again\":0,"
	     "\"calls_took\":9,\"faults\":[\"ECONNRESET untold\"],\"opened_ns\":371700,"
	     "\"closed_ns\":465000,\"accept_wait_took\":9000,\"retransmits\":0,\"syn_retries\":0}"
	     "\n");
}
END_TEST

START_TEST(an_unknown_endpoint_says_only_what_it_is)
{
	struct sonde_endpoint_record r;
	struct sonde_endpoint *e = endpoint(SONDE_KIND_OTHER, SONDE_ROLE_NONE, 0, "");

	e->family = 40;
	sonde_endpoint_record_fill(&r, &arena, &life, e);
	sonde_json_record(&text, &sonde_endpoint_schema, &r);
	same(written(), "{\"record\":\"endpoint\",\"v\":1,\"sid\":1,\"kind\":\"other\","
			"\"family\":\"AF_VSOCK\",\"seeded\":false}\n");
}
END_TEST

START_TEST(a_run_has_its_losses_even_when_there_were_none)
{
	static const uint8_t words[] = "curl\0-s\0a b\0";
	struct sonde_event e = event(NULL, 0, SONDE_EVENT_RUN);
	struct sonde_run_record r;
	struct sonde_account a;

	sonde_account_init(&a, &arena);
	e.text = (struct sonde_bytes){ words, sizeof words - 1 };
	e.n[0] = 1700000000123456789 - e.when;
	e.n[1] = SONDE_BACKEND_BPF;
	sonde_account_hear(&a, &e);
	e = event(NULL, 900, SONDE_EVENT_END);
	e.arg[0] = 3 << 8;
	e.arg[1] = 1;
	sonde_account_hear(&a, &e);
	life.ended = e.when;
	life.frames = 5;
	life.joined[SONDE_HOW_COOKIE] = 3;
	life.joined[SONDE_HOW_TUPLE] = 1;
	sonde_run_record_fill(&r, &arena, &life, &a);
	sonde_json_record(&text, &sonde_run_schema, &r);
	same(written(), "{\"record\":\"run\",\"v\":1,\"backend\":\"bpf\",\"blind\":[],\"lost\":0,"
			"\"late\":0,\"events\":0,\"packets\":5,\"joined\":4,"
			"\"joined_by\":{\"cookie\":3,\"tuple\":1},\"ambiguous\":0,\"endpoints\":0,"
			"\"started\":\"2023-11-14T22:13:20.123456789Z\",\"ended_ns\":900000,"
			"\"command\":\"curl -s a b\",\"exit_status\":3}\n");
}
END_TEST

START_TEST(lost_events_are_counted_by_their_source)
{
	struct sonde_event e = event(NULL, 1, SONDE_EVENT_LOST);
	struct sonde_run_record r;
	struct sonde_account a;

	sonde_account_init(&a, &arena);
	for (unsigned i = 1; i <= 3; i++) {
		e.n[0] = i;
		e.text = (struct sonde_bytes){ (const uint8_t *)(i == 2 ? "pcap" : "ring"), 4 };
		sonde_account_hear(&a, &e);
	}
	sonde_run_record_fill(&r, &arena, &life, &a);
	sonde_json_record(&text, &sonde_run_schema, &r);
	ck_assert_ptr_nonnull(strstr(written(), "\"lost\":6,\"lost_by\":{\"ring\":4,\"pcap\":2}"));
}
END_TEST

static void print_event(const struct sonde_event *e, const struct sonde_heard *h)
{
	struct sonde_event_record r;

	sonde_event_record_fill(&r, &arena, &life, e, h);
	sonde_json_record(&text, &sonde_event_schema, &r);
}

START_TEST(events_tell_results_and_errors_apart)
{
	struct sonde_endpoint *e = endpoint(SONDE_KIND_TCP4, SONDE_ROLE_CLIENT, 7, "c");
	struct sonde_heard h = { .sid = 1,
				 .how = SONDE_HOW_COOKIE,
				 .milestone = SONDE_MILESTONE_FAILED };
	struct sonde_event v = event(e, 10, SONDE_EVENT_CALL);

	v.call = SONDE_CALL_SENDTO;
	v.fd = 3;
	v.took = 5000;
	v.arg[0] = MSG_NOSIGNAL;
	v.ret = -EPIPE;
	print_event(&v, &h);
	v.ret = v.bytes = 2;
	v.text = (struct sonde_bytes){ (const uint8_t *)"\0\x1b", 2 };
	h.milestone = 0;
	print_event(&v, &h);
	v = event(e, 20, SONDE_EVENT_STATE);
	v.from = SONDE_STATE_SYN_SENT;
	v.to = SONDE_STATE_ESTABLISHED;
	print_event(&v, &h);
	same(written(),
	     "{\"record\":\"event\",\"v\":1,\"time_ns\":10000,\"event\":\"call\",\"sid\":1,"
	     "\"how\":\"cookie\",\"milestone\":\"failed\",\"pid\":7,\"tid\":7,\"comm\":\"c\","
	     "\"call\":\"sendto\",\"fd\":3,\"error\":\"EPIPE\",\"call_took\":5000,"
	     "\"arguments\":\"3, 0, MSG_NOSIGNAL\"}\n"
	     "{\"record\":\"event\",\"v\":1,\"time_ns\":10000,\"event\":\"call\",\"sid\":1,"
	     "\"how\":\"cookie\",\"pid\":7,\"tid\":7,\"comm\":\"c\",\"call\":\"sendto\",\"fd\":3,"
	     "\"result\":2,\"call_took\":5000,\"bytes\":2,"
	     "\"arguments\":\"3, 0, MSG_NOSIGNAL\",\"text\":\"\\\\x00\\\\x1b\"}\n"
	     "{\"record\":\"event\",\"v\":1,\"time_ns\":20000,\"event\":\"state\",\"sid\":1,"
	     "\"how\":\"cookie\",\"from\":\"SYN_SENT\",\"to\":\"ESTABLISHED\"}\n");
}
END_TEST

START_TEST(a_flow_names_what_was_lost_and_who_was_not_told)
{
	struct sonde_connection_record r;

	sonde_flow_record_fill(&r, &arena, &life, lossy_datagrams());
	text.len = 0;
	sonde_json_record(&text, &sonde_connection_schema, &r);
	ck_assert_ptr_nonnull(strstr(written(),
				     "\"form\":\"datagram\",\"kind\":\"udp4\",\"client\":1,"
				     "\"server\":2,"));
	ck_assert_ptr_nonnull(strstr(out, "\"losses\":[\"2-2 dropped SOCKET_RCVBUFF untold\"]"));
	ck_assert_ptr_nonnull(strstr(out, "\"sent\":3,"));
	ck_assert_ptr_null(strstr(out, "syn_ns"));
}
END_TEST

START_TEST(a_packet_has_its_sockets_and_its_flags)
{
	struct sonde_packet_record r;
	struct sonde_heard h = {
		.sid = 2, .sid2 = 3, .how = SONDE_HOW_COOKIE, .how2 = SONDE_HOW_TUPLE, .frame = 9
	};
	static uint8_t byte[40] = { 0x45, 0,	0,    40,   [8] = 64,	 6,   [12] = 10,
				    0,	  0,	1,    10,   0,		 0,   2,
				    0xa2, 0xf2, 0x13, 0x88, [32] = 0x50, 0x12 };
	struct sonde_frame f = { .when = at(5), .byte = { byte, 40 }, .wire = 40, .link = 101 };

	sonde_packet_record_fill(&r, &arena, &life, &f, &h);
	sonde_json_record(&text, &sonde_packet_schema, &r);
	same(written(),
	     "{\"record\":\"packet\",\"v\":1,\"time_ns\":5000,\"number\":9,\"sid\":2,"
	     "\"how\":\"cookie\",\"sid2\":3,\"how2\":\"tuple\",\"length\":40,\"captured\":40,"
	     "\"protocol\":6,\"src\":\"10.0.0.1:41714\",\"dst\":\"10.0.0.2:5000\","
	     "\"tcp_flags\":\"SYN ACK\",\"payload\":0}\n");
}
END_TEST

/* The documentation is printed from the columns. */
START_TEST(every_column_has_a_name_of_its_own_and_a_meaning)
{
	static const struct sonde_schema *const all[] = {
		&sonde_run_schema,	&sonde_event_schema,	  &sonde_packet_schema,
		&sonde_endpoint_schema, &sonde_connection_schema, &sonde_comparison_schema,
	};

	for (size_t s = 0; s < sizeof all / sizeof *all; s++)
		for (size_t i = 0; i < all[s]->n; i++) {
			ck_assert_int_gt((int)strlen(all[s]->column[i].what), 3);
			for (size_t k = 0; k < i; k++)
				ck_assert_str_ne(all[s]->column[i].name, all[s]->column[k].name);
		}
}
END_TEST

START_TEST(printing_a_record_an_event_costs_no_memory)
{
	struct sonde_endpoint *e = endpoint(SONDE_KIND_TCP4, SONDE_ROLE_CLIENT, 7, "c");
	struct sonde_event v = event(e, 10, SONDE_EVENT_CALL);
	struct sonde_arena scratch = { 0 };
	struct sonde_heard h = { .sid = 1 };
	struct sonde_event_record r;
	const void *first = sonde_arena_take(&scratch, 1);

	sonde_arena_rewind(&scratch);
	for (unsigned i = 0; i < 10000; i++) {
		sonde_event_record_fill(&r, &scratch, &life, &v, &h);
		sonde_arena_rewind(&scratch);
	}
	ck_assert_ptr_eq(sonde_arena_take(&scratch, 1), first);
	sonde_arena_done(&scratch);
}
END_TEST

Suite *records_suite(void)
{
	Suite *s = suite_create("records");
	TCase *t = tcase_create("records");

	tcase_add_checked_fixture(t, invent, forget);
	tcase_add_test(t, an_endpoint_is_told_whole_and_nothing_else);
	tcase_add_test(t, an_unknown_endpoint_says_only_what_it_is);
	tcase_add_test(t, a_run_has_its_losses_even_when_there_were_none);
	tcase_add_test(t, lost_events_are_counted_by_their_source);
	tcase_add_test(t, events_tell_results_and_errors_apart);
	tcase_add_test(t, a_flow_names_what_was_lost_and_who_was_not_told);
	tcase_add_test(t, a_packet_has_its_sockets_and_its_flags);
	tcase_add_test(t, every_column_has_a_name_of_its_own_and_a_meaning);
	tcase_add_test(t, printing_a_record_an_event_costs_no_memory);
	suite_add_tcase(s, t);
	return s;
}
