#include <check.h>

#include "base/reason.h"
#include "labwire_made.h"

Suite *labwire_set_suite(void);

START_TEST(a_link_changes_while_it_carries)
{
	const struct sonde_lab_impair none[2] = { 0 };
	static uint8_t frame[FRAME_MOST];
	struct sonde_lab_link dead;
	struct made m;

	if (made_may_not())
		return;
	made_open(&m, none, 0);
	made_run(&m);
	made_send(&m, 0, 1, 60);
	ck_assert_int_eq(made_recv(&m, 1, frame, 5000), 60);
	dead = m.link;
	dead.end[0].impair.loss = 1000000;
	ck_assert_int_eq(sonde_labwire_set(m.control, 0, &dead), 0);
	for (uint32_t i = 2; i < 100; i++)
		made_send(&m, 0, i, 60);
	made_send(&m, 1, 100, 61); /* the other direction lives */
	ck_assert_int_eq(made_recv(&m, 0, frame, 5000), 61);
	ck_assert_int_eq(made_recv(&m, 1, frame, 50), 0);
	ck_assert_int_eq(sonde_labwire_set(m.control, 0, &m.link), 0);
	made_send(&m, 0, 101, 62);
	ck_assert_int_eq(made_recv(&m, 1, frame, 5000), 62);
	ck_assert_int_eq(sonde_labwire_set(m.control, 1, &dead), -EOPNOTSUPP);
	made_stop(&m);
	made_close(&m);
}
END_TEST

START_TEST(each_direction_of_each_link_has_its_own_seed)
{
	struct sonde_lab lab = { .seed = 42 };
	uint64_t seed[4];

	for (unsigned i = 0; i < 4; i++) {
		seed[i] = sonde_labwire_seed(&lab, i / 2, i % 2);
		for (unsigned k = 0; k < i; k++)
			ck_assert_uint_ne(seed[i], seed[k]);
	}
	lab.seed = 43;
	ck_assert_uint_ne(seed[0], sonde_labwire_seed(&lab, 0, 0));
}
END_TEST

START_TEST(who_asks_nobody_is_told_so)
{
	const struct sonde_lab_link any = { 0 };
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	close(pair[1]);
	ck_assert_int_eq(sonde_labwire_set(pair[0], 0, &any), -EPIPE);
}
END_TEST

START_TEST(an_answer_that_comes_too_late_is_not_taken_for_the_next)
{
	const struct sonde_lab_link any = { 0 };
	uint64_t request[64], answer[2]; /* both begin with the ticket */
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	if (!fork()) {
		MUST(recv(pair[1], request, sizeof request, 0) > 0);
		answer[0] = request[0] - 1;
		answer[1] = 5;
		MUST(send(pair[1], answer, sizeof answer, 0) == sizeof answer);
		answer[0] = request[0];
		answer[1] = 0;
		MUST(send(pair[1], answer, sizeof answer, 0) == sizeof answer);
		_exit(0);
	}
	ck_assert_int_eq(sonde_labwire_set(pair[0], 0, &any), 0);
}
END_TEST

START_TEST(what_is_no_truth_is_refused)
{
	const struct sonde_truth_ring *truth;
	int fd = memfd_create("empty", MFD_CLOEXEC);

	ck_assert_int_eq(sonde_labwire_truth(&truth, fd), SONDE_DAMAGED);
	ck_assert_int_eq(ftruncate(fd, (off_t)sonde_truth_size(SONDE_TRUTH_RECORDS)), 0);
	ck_assert_int_eq(sonde_labwire_truth(&truth, fd), SONDE_DAMAGED);
	close(fd);
	ck_assert_int_eq(sonde_labwire_truth(&truth, fd), -EBADF);
}
END_TEST

Suite *labwire_set_suite(void)
{
	Suite *s = suite_create("labwire_set");
	TCase *c = tcase_create("labwire_set");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, a_link_changes_while_it_carries);
	tcase_add_test(c, each_direction_of_each_link_has_its_own_seed);
	tcase_add_test(c, who_asks_nobody_is_told_so);
	tcase_add_test(c, an_answer_that_comes_too_late_is_not_taken_for_the_next);
	tcase_add_test(c, what_is_no_truth_is_refused);
	suite_add_tcase(s, c);
	return s;
}
