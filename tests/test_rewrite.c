/* What was changed on the way: every quote length, every field, every kind of change. */
#include "tests/quote_made.h"

Suite *rewrite_suite(void);

START_TEST(a_quote_cut_anywhere_and_unchanged_finds_nothing)
{
	for (unsigned n = 0; n < PROBES; n++) {
		begin(n);
		for (uint32_t cut = 0; cut <= len; cut++) {
			uint32_t ttl = sent[0] >> 4 == 6 ? 7 : 8;

			find(cut, false);
			ck_assert_str_eq(names(), "");
			ck_assert_int_eq(w.ttl, cut > ttl ? 1 : -1);
			ck_assert_uint_eq(w.sum, cut >= sum_end() ? SONDE_REWRITE_SUM_KEPT
								  : SONDE_REWRITE_SUM_UNKNOWN);
		}
	}
}
END_TEST

/* Rows that say where the rest lies; beside them more may be found. */
static bool is_structure(unsigned row)
{
	switch (row) {
	case SONDE_ROW_ip_version:
	case SONDE_ROW_ip_ihl:
	case SONDE_ROW_ip_mf:
	case SONDE_ROW_ip_offset:
	case SONDE_ROW_ip_proto:
	case SONDE_ROW_ip_len:
	case SONDE_ROW_ipv6_version:
	case SONDE_ROW_ipv6_plen:
	case SONDE_ROW_ipv6_nxt:
	case SONDE_ROW_ipv6_hopopts_nxt:
	case SONDE_ROW_ipv6_hopopts_len:
	case SONDE_ROW_tcp_doff: return true;
	}
	return false;
}

static bool is_sum(unsigned row)
{
	return row == SONDE_ROW_udp_checksum || row == SONDE_ROW_tcp_checksum ||
	       row == SONDE_ROW_icmp_checksum || row == SONDE_ROW_icmpv6_checksum;
}

/* One field with another value: found at every cut that holds it, at no other, and nothing else. */
static void check_field(unsigned d, unsigned i)
{
	const struct sonde_row *r = &sonde_rows[i];
	uint32_t end = p.layer[d].at + r->at / 8 + SONDE_SPAN(r->at, r->bits);

	for (uint32_t cut = 0; cut <= len; cut++) {
		bool found = false;

		find(cut, false);
		for (unsigned k = 0; k < w.n; k++)
			found |= w.finding[k].is == SONDE_REWRITE_FIELD && w.finding[k].row == i &&
				 w.finding[k].grade == SONDE_REWRITE_CERTAIN;
		ck_assert_msg(found == (cut >= end), "%s, cut at %u: %s", r->name, cut, names());
		if (!is_structure(i)) {
			ck_assert_msg(w.n == found + (found && is_sum(i)), "%s, cut at %u: %s",
				      r->name, cut, names());
			ck_assert_int_eq(sonde_rewrite_of(&w, (enum sonde_row_id)i),
					 found ? SONDE_REWRITE_CERTAIN : SONDE_REWRITE_NONE);
		}
	}
}

START_TEST(a_changed_field_is_found_where_its_bytes_are_quoted)
{
	unsigned checked = 0;

	srand(1);
	for (unsigned n = 0; n < PROBES; n++) {
		begin(n);
		for (unsigned d = 0; d < p.n; d++) {
			const struct sonde_shape_info *s = &sonde_shapes[p.layer[d].shape];

			if (sonde_is_app((enum sonde_shape)p.layer[d].shape))
				break;
			for (unsigned i = s->row; i < (unsigned)s->row + s->rows; i++) {
				const struct sonde_row *r = &sonde_rows[i];
				unsigned bit = r->at + (r->bits ? (unsigned)rand() % r->bits : 0);
				uint8_t *at = quote + p.layer[d].at + bit / 8;

				if (!r->bits || r->span || i == SONDE_ROW_ip_ttl ||
				    i == SONDE_ROW_ip_checksum || i == SONDE_ROW_ipv6_hlim)
					continue;
				*at ^= (uint8_t)(0x80 >> bit % 8);
				check_field(d, i);
				*at ^= (uint8_t)(0x80 >> bit % 8);
				checked++;
			}
		}
	}
	ck_assert_uint_gt(checked, 100);
}
END_TEST

START_TEST(a_field_is_called_what_it_is)
{
	/* probe, byte, bits turned over; what is to be said, and both values */
	static const struct {
		uint8_t probe, at, bits;
		const char *name;
		uint64_t sent, quoted;
	} cases[] = {
		{ 0, 1, 0xb8, "ip.dsfield.dscp", 46, 0 },
		{ 0, 1, 0x01, "ip.dsfield.ecn", 0, 1 },
		{ 0, 5, 0x01, "ip.id", 0x1234, 0x1235 },
		{ 0, 6, 0x40, "ip.flags.df", 1, 0 },
		{ 0, 15, 0x02, "ip.src", 0x0a000001, 0x0a000003 },
		{ 0, 19, 0x01, "ip.dst", 0x0a000009, 0x0a000008 },
		{ 0, 21, 0x01, "udp.srcport", 40000, 40001 },
		{ 0, 23, 0x01, "udp.dstport", 33434, 33435 },
		{ 0, 25, 0x01, "udp.length", 8 + PAYLOAD, 9 + PAYLOAD - 2 },
		{ 1, 27, 0x01, "tcp.seq_raw", 0x01020304, 0x01020305 },
		{ 1, 33, 0x40, "tcp.flags.ece", 0, 1 },
		{ 1, 35, 0x01, "tcp.window_size_value", 65535, 65534 },
		{ 1, 43, 0x01, "tcp.options.mss_val", 1460, 1461 },
		{ 2, 25, 0x01, "icmp.ident", 77, 76 },
		{ 2, 27, 0x01, "icmp.seq", 3, 2 },
		{ 3, 3, 0x01, "ipv6.flow", 0x12345, 0x12344 },
		{ 3, 1, 0x10, "ipv6.tclass.ecn", 0, 1 },
		{ 3, 0, 0x08, "ipv6.tclass.dscp", 46, 14 },
	};

	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		begin(cases[i].probe);
		quote[cases[i].at] ^= cases[i].bits;
		find(len, false);
		ck_assert_str_eq(names(), cases[i].name);
		ck_assert_uint_eq(w.finding[0].sent, cases[i].sent);
		ck_assert_uint_eq(w.finding[0].quoted, cases[i].quoted);
		ck_assert_uint_eq(w.finding[0].grade, SONDE_REWRITE_CERTAIN);
	}
	begin(3);
	quote[39] ^= 1;
	find(40, false);
	ck_assert_str_eq(names(), "ipv6.dst");
	ck_assert_uint_eq(w.finding[0].sent_bytes.len, 16);
	ck_assert_uint_eq(w.finding[0].sent_bytes.at[15], 9);
	ck_assert_uint_eq(w.finding[0].quoted_bytes.at[15], 8);
}
END_TEST

START_TEST(a_removed_option_is_named)
{
	uint32_t cut;

	begin(1);
	memset(quote + 44, 1, 2); /* sackOK became two nops */
	find(44, false);
	ck_assert_str_eq(names(), "");
	find(45, false); /* half of it: something is there that was not sent */
	ck_assert_str_eq(names(), "options");
	find(46, false);
	ck_assert_str_eq(names(), "sackOK");
	ck_assert_uint_eq(w.finding[0].is, SONDE_REWRITE_REMOVED);
	ck_assert_uint_eq(w.finding[0].sent_bytes.len, 2);
	begin(1); /* or the header became shorter */
	cut = make(1, (struct made){ .no_sackok = true }, quote);
	ck_assert_uint_eq(cut, len - 4);
	find(cut, false);
	ck_assert_str_eq(names(), "ip.len tcp.hdr_len tcp.checksum sackOK");
	ck_assert_uint_eq(w.finding[1].sent, 40); /* bytes */
	ck_assert_uint_eq(w.finding[1].quoted, 36);
	ck_assert_uint_eq(w.sum, SONDE_REWRITE_SUM_MADE);
	for (uint32_t c = 40; c < cut; c++) {
		find(c, false);
		ck_assert_uint_ge(w.n, 3);
		ck_assert_ptr_null(strstr(names(), "payload"));
	}
}
END_TEST

START_TEST(an_added_or_changed_option_is_named)
{
	begin(1);
	quote[44] = 253; /* sackOK became something of length 2 */
	find(len, false);
	ck_assert_str_eq(names(), "sackOK option 253");
	ck_assert_uint_eq(w.finding[1].is, SONDE_REWRITE_ADDED);
	begin(1);
	quote[46] = 0; /* what pads became an end: no option says it */
	find(len, false);
	ck_assert_ptr_nonnull(strstr(names(), "TS"));
	begin(6);
	quote[20 + 3] ^= 1;
	find(len, false);
	ck_assert_str_eq(names(), "ip.opt.ra");
	begin(7);
	quote[40 + 5] ^= 1;
	find(len, false);
	ck_assert_str_eq(names(), "ipv6.opt.router_alert");
}
END_TEST

START_TEST(other_filling_of_the_same_options_is_told_as_such)
{
	begin(1);
	quote[len - PAYLOAD - 2] = 0;
	find(len, false);
	ck_assert_str_eq(names(), "options");
	ck_assert_uint_eq(w.finding[0].sent_bytes.len, w.finding[0].quoted_bytes.len);
	ck_assert_uint_eq(w.finding[0].sent_bytes.at[18], 1);
	ck_assert_uint_eq(w.finding[0].quoted_bytes.at[18], 0);
	find(len - PAYLOAD - 2, false);
	ck_assert_str_eq(names(), "");
}
END_TEST

START_TEST(a_recorded_route_is_no_rewriting)
{
	begin(6);
	len = make(6, (struct made){ .route = true }, sent);
	memcpy(quote, sent, len);
	quote[22] = 8;
	memcpy(quote + 23, "\x0a\0\0\xfe", 4);
	for (uint32_t cut = 0; cut <= len; cut++) {
		find(cut, false);
		ck_assert_str_eq(names(), "");
	}
	ck_assert_uint_eq(w.sum, SONDE_REWRITE_SUM_KEPT);
}
END_TEST

/* 4.2BSD and its heirs, on processors that turn bytes around. */
START_TEST(the_byte_order_of_an_old_bsd_is_no_rewriting)
{
	for (unsigned n = 0; n < 3; n++) {
		begin(n);
		for (unsigned at = 2; at <= 6; at += 2) {
			uint8_t first = quote[at];

			quote[at] = quote[at + 1];
			quote[at + 1] = first;
		}
		for (uint32_t cut = 0; cut <= len; cut++) {
			if (cut == 7)
				continue; /* of flags and offset one byte tells no order */
			find(cut, false);
			for (unsigned i = 0; i < w.n; i++)
				ck_assert_uint_eq(w.finding[i].grade, SONDE_REWRITE_SWAPPED);
			if (cut >= 8) {
				ck_assert_int_eq(sonde_rewrite_of(&w, SONDE_ROW_ip_len),
						 SONDE_REWRITE_SWAPPED);
				ck_assert_int_eq(sonde_rewrite_of(&w, SONDE_ROW_ip_id),
						 SONDE_REWRITE_SWAPPED);
			}
		}
		ck_assert_uint_eq(w.sum, SONDE_REWRITE_SUM_KEPT);
		ck_assert_int_eq(sonde_rewrite_nat(&w), SONDE_REWRITE_NAT_NONE);
	}
}
END_TEST

START_TEST(the_quoted_time_to_live_is_told)
{
	begin(0);
	quote[8] = 0;
	find(28, false);
	ck_assert_int_eq(w.ttl, 0);
	ck_assert_str_eq(names(), "");
	ck_assert_ptr_nonnull(strstr(sonde_rewrite_ttl_text(w.ttl), "zero-TTL"));
	quote[8] = 7;
	find(28, false);
	ck_assert_int_eq(w.ttl, 7);
	ck_assert_ptr_nonnull(sonde_rewrite_ttl_text(7));
	ck_assert_ptr_null(sonde_rewrite_ttl_text(1));
	ck_assert_ptr_null(sonde_rewrite_ttl_text(-1));
}
END_TEST

START_TEST(a_changed_payload_is_told_by_its_first_byte)
{
	for (unsigned n = 0; n < PROBES; n++) {
		begin(n);
		quote[len - 10] ^= 0x40;
		quote[len - 1] ^= 0x40;
		find(len - 10, false);
		ck_assert_uint_eq(w.n, 0);
		find(len - 9, false);
		ck_assert_str_eq(names(), "payload");
		ck_assert_uint_eq(w.finding[0].at, PAYLOAD - 10);
		ck_assert_uint_eq(w.finding[0].sent ^ w.finding[0].quoted, 0x40);
		ck_assert_uint_eq(w.sum, SONDE_REWRITE_SUM_STALE);
	}
}
END_TEST

START_TEST(zeros_that_fill_a_quote_are_not_quoted)
{
	begin(0);
	memset(quote + 28, 0, sizeof quote - 28);
	find(len, true); /* 8 bytes of UDP, and then filling */
	ck_assert_str_eq(names(), "");
	find(len, false);
	ck_assert_str_eq(names(), "payload");
	find(128, true); /* beyond the packet */
	ck_assert_str_eq(names(), "");
	begin(0);
	memset(quote + len, 0, sizeof quote - len);
	find(128, false); /* what lies behind the packet is none of it */
	ck_assert_str_eq(names(), "");
}
END_TEST

START_TEST(another_protocol_ends_the_comparison)
{
	begin(0);
	quote[9] = 6;
	find(len, false);
	ck_assert_str_eq(names(), "ip.proto");
	ck_assert_int_eq(sonde_rewrite_of(&w, SONDE_ROW_udp_sport), SONDE_REWRITE_NONE);
}
END_TEST

/* What it says lies elsewhere is still where it was. */
START_TEST(a_length_that_cannot_be_moves_nothing)
{
	begin(0);
	quote[0] = 0x46;
	find(len, false);
	ck_assert_str_eq(names(), "ip.hdr_len");
	begin(1);
	quote[32] ^= 0x10;
	find(len, false);
	ck_assert_str_eq(names(), "tcp.hdr_len");
	begin(0);
	quote[2] = 0;
	quote[3] = 5;
	find(len, false);
	ck_assert_str_eq(names(), "ip.len");
	ck_assert_int_eq(sonde_rewrite_of(&w, SONDE_ROW_udp_sport), SONDE_REWRITE_SAME);
	begin(4);
	quote[4] = 0;
	quote[5] = 3;
	find(len, false);
	ck_assert_str_eq(names(), "ipv6.plen");
	ck_assert_int_eq(sonde_rewrite_of(&w, SONDE_ROW_tcp_seq), SONDE_REWRITE_SAME);
}
END_TEST

START_TEST(findings_are_bounded)
{
	struct sonde_draft d;
	static const uint8_t nops[40] = { [0 ... 39] = 1 };

	sonde_draft_init(&d, sent, sizeof sent);
	sonde_draft_push(&d, SONDE_ip);
	sonde_draft_raw(&d, nops, 40);
	sonde_draft_push(&d, SONDE_tcp);
	sonde_draft_raw(&d, nops, 40);
	len = (uint32_t)sonde_draft_encode(&d);
	memcpy(quote, sent, len);
	for (uint32_t i = 1; i < len; i++)
		if (i != 9 && i != 32 && (i < 20 || i >= 60) && i < 80)
			quote[i] ^= 0x0f;
	for (unsigned i = 0; i < 20; i++) {
		quote[20 + 2 * i] = quote[80 + 2 * i] = (uint8_t)(100 + i);
		quote[21 + 2 * i] = quote[81 + 2 * i] = 2;
	}
	quote[2] = sent[2];
	quote[3] = sent[3];
	quote[6] = sent[6];
	quote[7] = sent[7];
	quote[72] = sent[72];
	find(len, false);
	ck_assert_uint_eq(w.n, SONDE_REWRITE_MOST);
	ck_assert(w.more);
	/* The last one that had room is an option, but not the last of them. */
	ck_assert_uint_eq(w.finding[SONDE_REWRITE_MOST - 1].is, SONDE_REWRITE_ADDED);
	ck_assert_uint_lt(w.finding[SONDE_REWRITE_MOST - 1].kind, 119);
}
END_TEST

START_TEST(no_bytes_break_it)
{
	srand(2);
	for (unsigned round = 0; round < 20000; round++) {
		uint32_t cut;

		begin((unsigned)rand() % PROBES);
		cut = (uint32_t)rand() % (len + 1);
		for (unsigned i = (unsigned)rand() % 12; i; i--)
			quote[(unsigned)rand() % 60] = (uint8_t)rand();
		for (unsigned i = (unsigned)rand() % 4; i; i--)
			sent[(unsigned)rand() % len] = (uint8_t)rand();
		if (rand() % 8 == 0)
			len = (uint32_t)rand() % (len + 1);
		find(cut, rand() % 2);
		for (unsigned i = 0; i < w.n; i++)
			ck_assert_uint_gt(strlen(name(i)), 0);
	}
	sonde_rewrite_find(&w, (struct sonde_bytes){ NULL, 0 }, (struct sonde_bytes){ NULL, 0 },
			   true);
	ck_assert_uint_eq(w.n, 0);
}
END_TEST

Suite *rewrite_suite(void)
{
	Suite *s = suite_create("rewrite");
	TCase *c = tcase_create("rewrite");

	tcase_add_test(c, a_quote_cut_anywhere_and_unchanged_finds_nothing);
	tcase_add_test(c, a_changed_field_is_found_where_its_bytes_are_quoted);
	tcase_add_test(c, a_field_is_called_what_it_is);
	tcase_add_test(c, a_removed_option_is_named);
	tcase_add_test(c, an_added_or_changed_option_is_named);
	tcase_add_test(c, other_filling_of_the_same_options_is_told_as_such);
	tcase_add_test(c, a_recorded_route_is_no_rewriting);
	tcase_add_test(c, the_byte_order_of_an_old_bsd_is_no_rewriting);
	tcase_add_test(c, the_quoted_time_to_live_is_told);
	tcase_add_test(c, a_changed_payload_is_told_by_its_first_byte);
	tcase_add_test(c, zeros_that_fill_a_quote_are_not_quoted);
	tcase_add_test(c, another_protocol_ends_the_comparison);
	tcase_add_test(c, a_length_that_cannot_be_moves_nothing);
	tcase_add_test(c, findings_are_bounded);
	tcase_add_test(c, no_bytes_break_it);
	suite_add_tcase(s, c);
	return s;
}
