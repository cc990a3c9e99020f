/* Whose answer a packet is: of every method, forged, changed, cut and quoted. */
#include "tests/probe_world.h"

Suite *reply_suite(void);

/* All identifiers, with the right sequence number, or without: as a blind spoofer does. */
START_TEST(a_blind_spoofer_moves_nothing)
{
	struct world *w = world_new((struct sonde_ping_plan){ .count = 1, .quiet = true }, 1);
	uint8_t buf[WORLD_BYTES];
	struct sonde_target_record r;
	uint32_t len;

	world_step(w);
	w->now += MS;
	for (unsigned id = 0; id < 65536; id++) {
		/* a good checksum, and a payload of its own */
		len = world_make(w, 0, &(struct world_answer){ .ident = (uint16_t)id }, buf);
		for (unsigned i = 28; i < len; i++)
			buf[i] ^= 0x5a;
		sonde_store(buf + 22, 2, 0);
		sonde_store(buf + 22, 2, sonde_sum_end(sonde_sum(buf + 20, len - 20)));
		world_hear(w, buf, len);
	}
	r = world_target(w, 0);
	ck_assert_uint_eq(r.received, 0);
	ck_assert_uint_eq(r.duplicates, 0);
	ck_assert_uint_eq(r.spoofed,
			  1); /* the one that has our identifier; the rest are nobody's */
	ck_assert_uint_eq(w->p.survey.foreign, 65535);
	world_answer(w, 0, (struct world_answer){ 0 });
	ck_assert_uint_eq(world_target(w, 0).received, 1);
	world_close(w);
}
END_TEST

START_TEST(what_another_run_sent_is_not_ours)
{
	struct world *a = world_new((struct sonde_ping_plan){ .count = 1 }, 1);
	struct world *b = world_new((struct sonde_ping_plan){ .count = 1 }, 1);
	uint8_t buf[WORLD_BYTES];
	uint32_t len;

	/* the same identifier and the same sequence number, but another key */
	b->p.survey.flight.secret.key[1] ^= 1;
	world_step(a);
	world_step(b);
	len = world_make(b, 0, &(struct world_answer){ 0 }, buf);
	world_hear(a, buf, len);
	ck_told(a, "spoofed");
	ck_assert_uint_eq(world_target(a, 0).received, 0);
	world_hear(b, buf, len);
	ck_told(b, "reply");
	world_close(a);
	world_close(b);
}
END_TEST

START_TEST(a_wrong_checksum_is_corrupted_and_no_reply)
{
	struct world *w = world_new((struct sonde_ping_plan){ .count = 1 }, 1);

	world_step(w);
	world_answer(w, 0, (struct world_answer){ .sum = 0x100 });
	ck_told(w, "corrupted");
	ck_assert_uint_eq(world_target(w, 0).received, 0);
	world_answer(w, 0, (struct world_answer){ 0 });
	ck_told(w, "reply"); /* the probe was still out */
	ck_assert_uint_eq(world_target(w, 0).corrupted, 1);
	world_close(w);
}
END_TEST

/* One byte behind the secret, and a checksum that fits it. */
START_TEST(a_byte_that_is_not_as_it_was_sent_is_corrupted)
{
	for (int at = 17; at <= 56; at++) {
		struct world *w = world_new((struct sonde_ping_plan){ .count = 1 }, 1);
		uint8_t buf[WORLD_BYTES];
		uint32_t len;

		world_step(w);
		len = world_make(w, 0, &(struct world_answer){ 0 }, buf);
		buf[27 + at] ^= 0x80;
		sonde_store(buf + 22, 2, 0);
		sonde_store(buf + 22, 2, sonde_sum_end(sonde_sum(buf + 20, len - 20)));
		world_hear(w, buf, len);
		ck_told(w, "corrupted");
		world_close(w);
	}
}
END_TEST

START_TEST(an_answer_cut_anywhere_is_never_a_reply)
{
	struct world *w = world_new((struct sonde_ping_plan){ .count = 1 }, 1);

	world_step(w);
	for (uint32_t cut = 1; cut <= 84; cut++)
		world_answer(w, 0, (struct world_answer){ .cut = cut });
	ck_assert_uint_eq(world_target(w, 0).received, 0);
	ck_assert_uint_eq(world_target(w, 0).duplicates, 0);
	world_close(w);
}
END_TEST

START_TEST(an_answer_with_the_secret_and_another_address_is_rewritten)
{
	static const struct sonde_address other = { .family = AF_INET, .ip = { 10, 9, 9, 9 } };
	struct world *w = world_new((struct sonde_ping_plan){ .count = 1 }, 1);

	world_step(w);
	world_answer(w, 0, (struct world_answer){ .from = &other });
	ck_told(w, "reply");
	ck_assert_uint_eq(w->tell[0].rewritten, 1);
	ck_assert_str_eq(w->tell[0].from, "10.9.9.9");
	ck_assert_uint_eq(world_target(w, 0).rewritten, 1);
	world_close(w);
}
END_TEST

START_TEST(a_rewritten_identifier_is_known_by_the_secret)
{
	struct world *w = world_new((struct sonde_ping_plan){ .count = 1 }, 1);

	world_step(w);
	world_answer(w, 0, (struct world_answer){ .ident = 0x0101 });
	ck_told(w, "reply");
	ck_assert_uint_eq(w->tell[0].rewritten, 1);
	ck_assert_uint_eq(w->tell[0].bits, 80);
	world_close(w);
}
END_TEST

START_TEST(a_quoted_port_that_was_written_anew_is_known_by_the_secret)
{
	struct sonde_ping_plan plan = { .count = 1, .look = { { .method = SONDE_METHOD_UDP } } };
	struct world *w = world_new(plan, 1);

	world_step(w);
	sonde_store(w->sent[0].byte + 2, 2, 40000);
	world_answer(w, 0, (struct world_answer){ .error = 11, .quote = 8 });
	ck_assert_uint_eq(w->told, 0);
	world_answer(w, 0, (struct world_answer){ .error = 11 });
	ck_told(w, "error");
	ck_assert_uint_eq(w->tell[0].rewritten, 1);
	world_close(w);
}
END_TEST

START_TEST(an_error_is_told_with_its_words)
{
	static const struct sonde_address router = { .family = AF_INET, .ip = { 10, 0, 0, 254 } };
	struct world *w = world_new((struct sonde_ping_plan){ .count = 1 }, 1);

	world_step(w);
	world_answer(w, 0, (struct world_answer){ .from = &router, .error = 3, .code = 1 });
	ck_told(w, "error");
	ck_assert_str_eq(w->tell[0].answer, "Destination Host Unreachable");
	ck_assert_str_eq(w->tell[0].from, "10.0.0.254");
	ck_assert_uint_eq(w->tell[0].rewritten, 0);
	ck_assert_uint_eq(w->tell[0].bits, 112); /* all of it was quoted */
	ck_assert_uint_eq(world_target(w, 0).errors, 1);
	ck_assert_uint_eq(world_target(w, 0).lost, 1);
	world_close(w);
}
END_TEST

START_TEST(eight_bytes_of_a_quote_are_enough_and_less_are_not)
{
	for (uint32_t quote = 1; quote <= 24; quote++) {
		struct world *w = world_new((struct sonde_ping_plan){ .count = 1 }, 1);

		world_step(w);
		world_answer(w, 0, (struct world_answer){ .error = 11, .code = 0, .quote = quote });
		if (quote < 8) {
			ck_assert_uint_eq(w->told, 0);
		} else {
			ck_told(w, "error");
			ck_assert_uint_eq(w->tell[0].bits, 48 + 8 * (quote < 16 ? quote - 8 : 8));
		}
		world_close(w);
	}
}
END_TEST

/* Both of the independent fields must fit: the identifiers, and the checksum over the secret. */
START_TEST(a_quote_with_a_wrong_checksum_or_address_is_not_believed)
{
	for (unsigned at = 0; at < 28; at++) {
		struct world *w = world_new((struct sonde_ping_plan){ .count = 1 }, 1);
		uint8_t buf[WORLD_BYTES];
		uint32_t len;
		bool matters = at >= 16 && at != 21; /* the code of an echo request means nothing */

		world_step(w);
		len = world_make(w, 0, &(struct world_answer){ .error = 3, .code = 1, .quote = 8 },
				 buf);
		buf[28 + at] ^= 0x40;
		sonde_store(buf + 22, 2, 0);
		sonde_store(buf + 22, 2, sonde_sum_end(sonde_sum(buf + 20, len - 20)));
		world_hear(w, buf, len);
		if (matters)
			ck_assert_uint_eq(world_target(w, 0).errors, 0);
		world_close(w);
	}
}
END_TEST

static void hear_tcp(struct world *w, uint64_t n, unsigned flags, uint32_t off)
{
	const struct world_sent *s = &w->sent[n % WORLD_SENT];
	uint8_t buf[WORLD_BYTES];
	struct sonde_draft d;

	sonde_draft_init(&d, buf, sizeof buf);
	push_addresses(&d, &s->to, &world_here);
	sonde_draft_push(&d, SONDE_tcp);
	sonde_set(&d, tcp, sport, (uint16_t)sonde_load(s->byte + 2, 2));
	sonde_set(&d, tcp, dport, (uint16_t)sonde_load(s->byte, 2));
	sonde_set(&d, tcp, seq, (uint32_t)sonde_load(s->byte + 8, 4) + off);
	sonde_set(&d, tcp, ackseq, (uint32_t)sonde_load(s->byte + 4, 4) + 1 + off);
	sonde_tcp_flags_put(sonde_last(&d, tcp), flags);
	world_hear(w, buf, (size_t)sonde_draft_encode(&d));
}

START_TEST(tcp_is_answered_by_a_syn_ack_or_a_reset_that_acknowledges_the_secret)
{
	struct sonde_ping_plan plan = { .count = 9, .look = { { .method = SONDE_METHOD_TCP } } };
	struct world *w = world_new(plan, 1);

	world_step(w);
	hear_tcp(w, 0, 0x12, 1);
	ck_told(w, "spoofed");
	hear_tcp(w, 0, 0x04, 0); /* acknowledges nothing */
	ck_assert_uint_eq(w->told, 1);
	hear_tcp(w, 0, 0x12, 0);
	ck_told(w, "reply");
	ck_assert_str_eq(w->tell[1].answer, "syn-ack");
	ck_assert_uint_eq(w->tell[1].bits, 48);
	world_pass(w, SONDE_SECOND);
	hear_tcp(w, 1, 0x14, 0);
	ck_assert_str_eq(w->tell[w->told - 1].answer, "rst");
	world_answer(w, 1, (struct world_answer){ .error = 3, .code = 13, .quote = 8 });
	ck_told(w, "duplicate");
	world_close(w);
}
END_TEST

/* RFC 9293 section 3.1: a header is 20 to 60 bytes, all of them there. */
START_TEST(a_segment_whose_data_offset_lies_is_no_answer)
{
	for (unsigned words = 0; words < 16; words++) {
		struct sonde_ping_plan plan = { .count = 1,
						.look = { { .method = SONDE_METHOD_TCP } } };
		struct world *w = world_new(plan, 1);
		uint8_t buf[WORLD_BYTES];
		struct sonde_draft d;

		world_step(w);
		sonde_draft_init(&d, buf, sizeof buf);
		push_addresses(&d, &w->sent[0].to, &world_here);
		sonde_draft_push(&d, SONDE_tcp);
		sonde_set(&d, tcp, sport, 7);
		sonde_set(&d, tcp, dport, 0x4711);
		sonde_set(&d, tcp, ackseq, (uint32_t)sonde_load(w->sent[0].byte + 4, 4) + 1);
		sonde_set(&d, tcp, ack, 1);
		sonde_set(&d, tcp, rst, 1);
		sonde_set(&d, tcp, doff, (uint8_t)words);
		world_hear(w, buf, (size_t)sonde_draft_encode(&d));
		ck_assert_uint_eq(world_target(w, 0).received, words == 5);
		ck_assert_uint_eq(w->told, words == 5);
		world_close(w);
	}
}
END_TEST

/* RFC 9293 section 3.5.2: the reset's sequence number is what was acknowledged. */
START_TEST(an_ack_is_answered_by_a_reset_with_its_number)
{
	struct sonde_ping_plan plan = { .count = 9, .look = { { .method = SONDE_METHOD_ACK } } };
	struct world *w = world_new(plan, 1);

	world_step(w);
	ck_assert_uint_eq(w->sent[0].byte[13], 0x10);
	hear_tcp(w, 0, 0x04, 1);
	ck_told(w, "spoofed");
	hear_tcp(w, 0, 0x12, 0); /* no answer to a bare ACK */
	ck_assert_uint_eq(w->told, 1);
	hear_tcp(w, 0, 0x04, 0);
	ck_told(w, "reply");
	ck_assert_str_eq(w->tell[1].answer, "rst");
	ck_assert_uint_eq(w->tell[1].bits, 48);
	world_answer(w, 0, (struct world_answer){ .error = 3, .code = 13, .quote = 8 });
	ck_told(w, "duplicate");
	world_close(w);
}
END_TEST

static void hear_udp_error(struct world *w, uint64_t n, unsigned code, size_t len)
{
	struct world_sent *s = &w->sent[n % WORLD_SENT];
	struct sonde_arrival a = { .is = SONDE_ARRIVAL_ERROR,
				   .begins = SONDE_BEGINS_BODY,
				   .type = 3,
				   .code = (uint8_t)code,
				   .from = s->to,
				   .to = s->to,
				   .ttl = -1,
				   .byte = { s->byte + 8, len } };

	world_clocks(w, &a);
	sonde_ping_hear(&w->p, &a);
	world_step(w);
}

START_TEST(a_closed_port_of_udp_is_an_answer_and_no_error)
{
	struct sonde_ping_plan plan = { .count = 9, .look = { { .method = SONDE_METHOD_UDP } } };
	struct world *w = world_new(plan, 1);

	world_step(w);
	hear_udp_error(w, 0, 3, 56);
	ck_told(w, "reply");
	ck_assert_uint_eq(w->tell[0].bits, 80);
	world_pass(w, SONDE_SECOND);
	hear_udp_error(w, 1, 13, 56);
	ck_told(w, "error");
	world_pass(w, SONDE_SECOND);
	hear_udp_error(w, 2, 3, 0); /* nothing is quoted: the only one that is out is meant */
	ck_told(w, "reply");
	ck_assert_uint_eq(w->tell[w->told - 1].bits, 16);
	world_close(w);
}
END_TEST

START_TEST(a_quote_without_payload_means_nobody_where_several_are_out)
{
	struct sonde_ping_plan plan = { .count = 9,
					.preload = 2,
					.look = { { .method = SONDE_METHOD_UDP } } };
	struct world *w = world_new(plan, 1);

	world_step(w);
	ck_assert_uint_eq(w->n, 2);
	hear_udp_error(w, 1, 3, 0);
	ck_assert_uint_eq(w->told, 0);
	ck_assert_uint_eq(w->p.survey.foreign, 1);
	world_close(w);
}
END_TEST

static void hear_udp(struct world *w, const uint8_t *at, size_t len, uint16_t port)
{
	struct sonde_arrival a = { .is = SONDE_ARRIVAL_PACKET,
				   .begins = SONDE_BEGINS_BODY,
				   .from = world_host(0),
				   .ttl = 60,
				   .byte = { at, len } };

	a.from.port = port;
	world_clocks(w, &a);
	sonde_ping_hear(&w->p, &a);
	world_step(w);
}

START_TEST(what_a_service_of_udp_says_without_the_secret_is_no_answer)
{
	struct sonde_ping_plan plan = { .count = 9, .look = { { .method = SONDE_METHOD_UDP } } };
	struct world *w = world_new(plan, 1);
	const uint8_t *sent;

	world_step(w);
	sent = w->sent[0].byte + 8;
	hear_udp(w, sent, 56, 8); /* from another port */
	ck_assert_uint_eq(w->told, 0);
	hear_udp(w, (const uint8_t *)"no thank you, not today", 23, 7);
	ck_told(w, "spoofed");
	hear_udp(w, sent, 56, 7);
	ck_told(w, "reply");
	ck_assert_uint_eq(w->tell[w->told - 1].bits, 80);
	world_close(w);
}
END_TEST

static void hear_arp(struct world *w, unsigned host, unsigned op)
{
	struct sonde_address from = world_host(host);
	struct sonde_arrival a = { .is = SONDE_ARRIVAL_PACKET,
				   .begins = SONDE_BEGINS_ARP,
				   .ttl = -1 };
	uint8_t buf[64];
	struct sonde_draft d;

	sonde_draft_init(&d, buf, sizeof buf);
	sonde_draft_push(&d, SONDE_arp);
	sonde_set(&d, arp, op, op);
	sonde_draft_push(&d, SONDE_arp_ip);
	memcpy(buf + 8 + SONDE_AT_arp_ip_spa / 8, from.ip, 4);
	memset(buf + 8 + SONDE_AT_arp_ip_sha / 8, 0x42, 6);
	a.byte = (struct sonde_bytes){ buf, (size_t)sonde_draft_encode(&d) };
	world_clocks(w, &a);
	sonde_ping_hear(&w->p, &a);
	world_step(w);
}

START_TEST(a_neighbour_answers_for_itself_and_twice_is_a_duplicate)
{
	struct sonde_ping_plan plan = { .count = 2,
					.look = { { .method = SONDE_METHOD_NEIGHBOUR } } };
	struct world *w = world_new(plan, 2);

	world_step(w);
	ck_assert_uint_eq(w->sent[0].len, 28);
	hear_arp(w, 0, 1); /* asks, and does not answer */
	hear_arp(w, 7, 2); /* nobody asked for it */
	ck_assert_uint_eq(w->told, 0);
	hear_arp(w, 0, 2);
	ck_told(w, "reply");
	ck_assert_str_eq(w->tell[0].answer, "neighbour");
	ck_assert_uint_eq(w->tell[0].bits, 0);
	hear_arp(w, 0, 2);
	ck_told(w, "duplicate");
	world_pass(w, 600 * MS);
	hear_arp(w, 1, 2);
	ck_told(w, "reply");
	world_pass(w, SONDE_SECOND);
	ck_assert_uint_eq(world_target(w, 0).duplicates, 1);
	ck_assert_uint_eq(world_target(w, 1).received, 1);
	world_close(w);
}
END_TEST

/* Eight bytes of UDP have no sequence number: the checksum over the secret tells which it is. */
START_TEST(a_quote_of_a_udp_header_is_known_by_its_checksum)
{
	struct sonde_ping_plan plan = { .count = 9,
					.preload = 4,
					.look = { { .method = SONDE_METHOD_UDP } } };
	struct world *w = world_new(plan, 1);
	struct world_answer how = { .error = 3, .code = 1, .quote = 8 };

	world_step(w);
	ck_assert_uint_eq(w->n, 4);
	world_answer(w, 2, how);
	ck_told(w, "error");
	ck_assert_uint_eq(w->tell[0].seq, 3);
	ck_assert_uint_eq(w->tell[0].bits, 32);
	w->sent[1].byte[7] ^= 1; /* another checksum is nobody's */
	world_answer(w, 1, how);
	ck_assert_uint_eq(w->told, 1);
	world_close(w);
}
END_TEST

START_TEST(small_payloads_carry_as_much_of_the_secret_as_has_room)
{
	for (uint32_t size = 1; size <= 20; size++) {
		struct sonde_ping_plan plan = { .count = 1, .look = { { .size = size } } };
		struct world *w = world_new(plan, 1);

		world_step(w);
		ck_assert_uint_eq(w->sent[0].len, 8 + size);
		world_answer(w, 0, (struct world_answer){ 0 });
		ck_told(w, "reply");
		ck_assert_uint_eq(w->tell[0].bits, 32 + 8 * (size < 8 ? size : 8));
		world_close(w);
	}
}
END_TEST

START_TEST(siphash_is_that_of_its_authors)
{
	/* Appendix A of the paper: the key 00..0f, the input 00..0e. */
	struct sonde_secret s = { { 0x0706050403020100, 0x0f0e0d0c0b0a0908 } };
	uint8_t in[15];

	for (unsigned i = 0; i < sizeof in; i++)
		in[i] = (uint8_t)i;
	ck_assert_uint_eq(sonde_secret_hash(&s, in, sizeof in), 0xa129ca6149be45e5);
}
END_TEST

START_TEST(a_filling_is_the_same_in_pieces_and_whole)
{
	uint8_t whole[100], pieces[100];

	sonde_secret_fill(42, whole, 3, sizeof whole);
	for (size_t at = 0, n = 1; at < sizeof pieces; at += n, n = n % 13 + 1) {
		n = sizeof pieces - at < n ? sizeof pieces - at : n;
		sonde_secret_fill(42, pieces + at, 3 + at, n);
	}
	ck_assert_mem_eq(whole, pieces, sizeof whole);
}
END_TEST

Suite *reply_suite(void)
{
	Suite *s = suite_create("reply");
	TCase *t = tcase_create("");

	tcase_add_test(t, a_blind_spoofer_moves_nothing);
	tcase_add_test(t, what_another_run_sent_is_not_ours);
	tcase_add_test(t, a_wrong_checksum_is_corrupted_and_no_reply);
	tcase_add_test(t, a_byte_that_is_not_as_it_was_sent_is_corrupted);
	tcase_add_test(t, an_answer_cut_anywhere_is_never_a_reply);
	tcase_add_test(t, an_answer_with_the_secret_and_another_address_is_rewritten);
	tcase_add_test(t, a_rewritten_identifier_is_known_by_the_secret);
	tcase_add_test(t, a_quoted_port_that_was_written_anew_is_known_by_the_secret);
	tcase_add_test(t, an_error_is_told_with_its_words);
	tcase_add_test(t, eight_bytes_of_a_quote_are_enough_and_less_are_not);
	tcase_add_test(t, a_quote_with_a_wrong_checksum_or_address_is_not_believed);
	tcase_add_test(t, tcp_is_answered_by_a_syn_ack_or_a_reset_that_acknowledges_the_secret);
	tcase_add_test(t, a_segment_whose_data_offset_lies_is_no_answer);
	tcase_add_test(t, an_ack_is_answered_by_a_reset_with_its_number);
	tcase_add_test(t, a_closed_port_of_udp_is_an_answer_and_no_error);
	tcase_add_test(t, a_quote_without_payload_means_nobody_where_several_are_out);
	tcase_add_test(t, what_a_service_of_udp_says_without_the_secret_is_no_answer);
	tcase_add_test(t, a_neighbour_answers_for_itself_and_twice_is_a_duplicate);
	tcase_add_test(t, a_quote_of_a_udp_header_is_known_by_its_checksum);
	tcase_add_test(t, small_payloads_carry_as_much_of_the_secret_as_has_room);
	tcase_add_test(t, siphash_is_that_of_its_authors);
	tcase_add_test(t, a_filling_is_the_same_in_pieces_and_whole);
	suite_add_tcase(s, t);
	return s;
}
