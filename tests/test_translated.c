/* What the checksum of a quoted probe tells of what is not quoted: translated addresses above all.
 */
#include "tests/quote_made.h"

Suite *translated_suite(void);

START_TEST(a_translated_address_is_certain_with_a_sum_that_fits)
{
	for (unsigned n = 0; n < PROBES; n++) {
		begin(n);
		make(n, (struct made){ .source = 200 }, quote);
		for (uint32_t cut = 0; cut <= len; cut++) {
			bool v6 = sent[0] >> 4 == 6, icmp = n == 2;
			uint32_t end = v6 ? 24 : 16;

			find(cut, false);
			ck_assert_int_eq(sonde_rewrite_nat(&w),
					 cut < end ? SONDE_REWRITE_NAT_UNKNOWN
						   : SONDE_REWRITE_NAT_CERTAIN);
			if (cut < sum_end())
				ck_assert_uint_eq(w.sum, SONDE_REWRITE_SUM_UNKNOWN);
			else
				ck_assert_uint_eq(w.sum, icmp ? SONDE_REWRITE_SUM_KEPT
							      : SONDE_REWRITE_SUM_MADE);
			ck_assert_uint_eq(w.n, cut < end ? 0 : cut < sum_end() || icmp ? 1 : 2);
		}
	}
}
END_TEST

/* It put the address back into the quote, but not the sum. */
START_TEST(a_nat_that_hides_all_but_the_sum_is_inferred)
{
	for (unsigned n = 0; n < PROBES; n++) {
		if (n == 2)
			continue; /* ICMP sums no addresses */
		begin(n);
		make(n, (struct made){ .source = 200 }, quote);
		memcpy(quote, sent, sum_end() - 2);
		for (uint32_t cut = sum_end(); cut <= len; cut++) {
			find(cut, false);
			ck_assert_uint_eq(w.sum, SONDE_REWRITE_SUM_UNEXPLAINED);
			ck_assert_int_eq(sonde_rewrite_nat(&w), SONDE_REWRITE_NAT_INFERRED);
			ck_assert_uint_eq(w.n, 2);
			ck_assert_uint_eq(w.finding[1].is, SONDE_REWRITE_UNSEEN);
			ck_assert_uint_eq(w.finding[1].grade, SONDE_REWRITE_INFERRED);
			ck_assert_uint_eq(w.finding[1].sent, w.finding[0].sent);
		}
	}
}
END_TEST

START_TEST(a_good_nat_hides_itself)
{
	begin(0);
	find(28, false);
	ck_assert_int_eq(sonde_rewrite_nat(&w), SONDE_REWRITE_NAT_NONE);
	ck_assert_ptr_nonnull(
		strstr(sonde_rewrite_nat_text(SONDE_REWRITE_NAT_NONE), "a good NAT hides itself"));
	find(12, false);
	ck_assert_int_eq(sonde_rewrite_nat(&w), SONDE_REWRITE_NAT_UNKNOWN);
}
END_TEST

START_TEST(a_sum_that_was_not_made_anew_is_stale)
{
	begin(0);
	quote[15] = 200;
	find(28, false);
	ck_assert_str_eq(names(), "ip.src");
	ck_assert_uint_eq(w.sum, SONDE_REWRITE_SUM_STALE);
	begin(2); /* ICMP sums its own bytes */
	quote[25] ^= 1;
	find(28, false);
	ck_assert_uint_eq(w.sum, SONDE_REWRITE_SUM_STALE);
	ck_assert_int_eq(sonde_rewrite_nat(&w), SONDE_REWRITE_NAT_CERTAIN);
}
END_TEST

START_TEST(a_sum_that_was_none_or_wrong_says_nothing)
{
	begin(0);
	len = make(0, (struct made){ .no_sum = true }, sent);
	make(0, (struct made){ .source = 200 }, quote);
	find(len, false);
	ck_assert_str_eq(names(), "ip.src udp.checksum");
	ck_assert_uint_eq(w.sum, SONDE_REWRITE_SUM_UNKNOWN);
	begin(0);
	sent[26] ^= 0x55; /* wrong when it was sent */
	find(len, false);
	ck_assert_str_eq(names(), "udp.checksum");
	ck_assert_uint_eq(w.sum, SONDE_REWRITE_SUM_UNKNOWN);
}
END_TEST

/* A probe may lie about its own length; its quote is then the same lie. */
START_TEST(a_length_that_lied_when_it_was_sent_changes_nothing)
{
	for (unsigned n = 0; n < PROBES; n++) {
		begin(n);
		sent[sent[0] >> 4 == 6 ? 5 : 3] += 6;
		memcpy(quote, sent, len);
		for (uint32_t cut = 0; cut <= len; cut++) {
			find(cut, false);
			ck_assert_str_eq(names(), "");
			ck_assert_uint_ne(w.sum, SONDE_REWRITE_SUM_STALE);
		}
	}
}
END_TEST

START_TEST(a_clamped_segment_size_is_told_with_both_values)
{
	for (unsigned n = 1; n < PROBES; n += 3) { /* TCP, both versions, with options too */
		uint32_t mss = 0;

		begin(n);
		make(n, (struct made){ .mss = 1300 }, quote);
		while (memcmp(sent + mss, "\2\4\5\xb4", 4))
			mss++;
		find(mss + 3, false);
		ck_assert_uint_eq(w.sum, SONDE_REWRITE_SUM_UNEXPLAINED);
		ck_assert_str_eq(names(), "tcp.checksum not quoted");
		for (uint32_t cut = mss + 4; cut <= len; cut++) {
			find(cut, false);
			ck_assert_str_eq(names(), "tcp.checksum tcp.options.mss_val");
			ck_assert_uint_eq(w.sum, SONDE_REWRITE_SUM_MADE);
			ck_assert_uint_eq(w.finding[1].sent, 1460);
			ck_assert_uint_eq(w.finding[1].quoted, 1300);
		}
	}
}
END_TEST

Suite *translated_suite(void)
{
	Suite *s = suite_create("translated");
	TCase *c = tcase_create("translated");

	tcase_add_test(c, a_translated_address_is_certain_with_a_sum_that_fits);
	tcase_add_test(c, a_nat_that_hides_all_but_the_sum_is_inferred);
	tcase_add_test(c, a_good_nat_hides_itself);
	tcase_add_test(c, a_sum_that_was_not_made_anew_is_stale);
	tcase_add_test(c, a_sum_that_was_none_or_wrong_says_nothing);
	tcase_add_test(c, a_length_that_lied_when_it_was_sent_changes_nothing);
	tcase_add_test(c, a_clamped_segment_size_is_told_with_both_values);
	suite_add_tcase(s, c);
	return s;
}
