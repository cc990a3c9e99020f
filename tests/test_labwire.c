#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>

#include "lab/fate.h"
#include "labwire_made.h"
#include "sys/clock.h"

Suite *labwire_suite(void);

/* One run: what was sent, what arrived, and what the truth must say. */
enum { WINDOW = 300, ARRIVALS = 60000 };

struct arrival {
	uint32_t len;
	uint32_t hash; /* of the bytes */
};

struct crossing {
	struct made made;
	const struct sonde_truth_ring *truth;
	struct sonde_fate foretold[2]; /* what happens by chance, at no time in particular */
	uint64_t records;	       /* that the truth will have of what was sent */
	sonde_ns began;
	struct arrival *at[2]; /* in order */
	unsigned arrived[2];
};

static uint32_t hash_of(const uint8_t *at, size_t len)
{
	uint32_t h = 2166136261;

	for (size_t i = 0; i < len; i++)
		h = (h ^ at[i]) * 16777619;
	return h;
}

static uint32_t length_of(uint32_t number)
{
	return 60 + number % 1400;
}

static void cross_open(struct crossing *c, const struct sonde_lab_impair impair[2])
{
	*c = (struct crossing){ .began = sonde_clock_now() };
	made_open(&c->made, impair, 0);
	ck_assert_int_eq(sonde_labwire_truth(&c->truth, c->made.truth), 0);
	for (unsigned e = 0; e < 2; e++) {
		c->at[e] = calloc(ARRIVALS, sizeof *c->at[e]);
		sonde_fate_init(&c->foretold[e], &impair[e],
				sonde_labwire_seed(&c->made.lab, 0, e));
	}
	made_run(&c->made);
}

static void cross_read(struct crossing *c)
{
	static uint8_t frame[FRAME_MOST];
	ssize_t n;

	for (unsigned e = 0; e < 2; e++)
		while ((n = made_recv(&c->made, e, frame, 0))) {
			ck_assert_uint_lt(c->arrived[e], ARRIVALS);
			c->at[e][c->arrived[e]++] =
				(struct arrival){ (uint32_t)n, hash_of(frame, (size_t)n) };
		}
}

/* Reads until the truth lacks at most so many records of what was sent. */
static void cross_wait(struct crossing *c, uint64_t lacking)
{
	sonde_ns patience = sonde_clock_now() + 15 * SONDE_SECOND;

	while (__atomic_load_n(&c->truth->written, __ATOMIC_ACQUIRE) + lacking < c->records) {
		cross_read(c);
		ck_assert_uint_lt(sonde_clock_now(), patience);
		nanosleep(&(struct timespec){ .tv_nsec = 50000 }, NULL);
	}
	cross_read(c);
}

/* A frame from that end; never more than WINDOW are on their way, so that no buffer of the test's
 * own is too small. */
static void cross_send(struct crossing *c, unsigned end)
{
	struct sonde_fate_decision d;
	uint32_t number = (uint32_t)c->foretold[end].number + 1, len = length_of(number);

	sonde_fate_decide(&c->foretold[end], SONDE_SECOND, len, &d);
	c->records += d.verdict == SONDE_FATE_PASS ? d.copies : 1;
	made_send(&c->made, end, number, len);
	cross_wait(c, WINDOW);
}

/* All of it, and what comes although nothing should. */
static void cross_finish(struct crossing *c)
{
	cross_wait(c, 0);
	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	cross_read(c);
}

static void cross_close(struct crossing *c)
{
	made_stop(&c->made);
	sonde_labwire_truth_done(c->truth);
	for (unsigned e = 0; e < 2; e++)
		free(c->at[e]);
	made_close(&c->made);
}

/* The truth of one direction, sorted by number and copy. */
struct sorted {
	struct sonde_truth *at;
	unsigned n;
};

static int by_number(const void *a, const void *b)
{
	const struct sonde_truth *x = a, *y = b;

	return x->number != y->number ? (x->number < y->number ? -1 : 1)
				      : (int)x->copy - (int)y->copy;
}

/* What left for the other end arrived there, whole, in the order in which it left, and nothing
 * else did; a bit that was flipped is the only one. Keeps all records. */
static struct sorted check_arrivals(const struct crossing *c, unsigned end)
{
	static uint8_t frame[FRAME_MOST];
	struct sorted s = { calloc(c->records, sizeof *s.at), 0 };
	unsigned arrived = 0;
	struct sonde_truth t;

	for (uint64_t i = 0; sonde_truth_get(c->truth, i, &t) > 0; i++) {
		ck_assert_uint_eq(t.link, 0);
		ck_assert_uint_le(t.verdict, SONDE_TRUTH_FULL);
		if (t.end != end)
			continue;
		s.at[s.n++] = t;
		if (t.verdict != SONDE_TRUTH_PASS)
			continue;
		ck_assert_uint_eq(t.len, length_of((uint32_t)t.number));
		ck_assert_uint_ge(t.in, c->began);
		ck_assert_uint_ge(t.due, t.in);
		ck_assert_uint_ge(t.out, t.due);
		ck_assert_uint_lt(arrived, c->arrived[!end]);
		made_frame(frame, (uint32_t)t.number, t.len);
		if (t.corrupt)
			frame[(t.corrupt - 1) / 8] ^= (uint8_t)(0x80 >> (t.corrupt - 1) % 8);
		ck_assert_uint_eq(c->at[!end][arrived].len, t.len);
		ck_assert_uint_eq(c->at[!end][arrived++].hash, hash_of(frame, t.len));
	}
	ck_assert_uint_eq(arrived, c->arrived[!end]);
	qsort(s.at, s.n, sizeof *s.at, by_number);
	return s;
}

/* The same seed, asked for the same packets at the times when they came, says the same of each. */
static void check_fate(const struct crossing *c, unsigned end, const struct sorted *s,
		       uint64_t packets)
{
	struct sonde_fate_decision d;
	struct sonde_fate fate;
	unsigned k = 0;

	sonde_fate_init(&fate, &c->made.link.end[end].impair,
			sonde_labwire_seed(&c->made.lab, 0, end));
	for (uint64_t i = 1; i <= packets; i++) {
		sonde_fate_decide(&fate, s->at[k].in, s->at[k].len, &d);
		for (unsigned copy = 0; copy < (d.verdict ? 1 : d.copies); copy++, k++) {
			const struct sonde_truth *t = &s->at[k];

			ck_assert_uint_lt(k, s->n);
			ck_assert_uint_eq(t->number, i);
			ck_assert_int_eq(t->verdict == SONDE_TRUTH_LOST,
					 d.verdict == SONDE_FATE_LOST);
			ck_assert_int_eq(t->verdict == SONDE_TRUTH_FULL,
					 d.verdict == SONDE_FATE_FULL);
			ck_assert_uint_eq(t->due, d.verdict ? 0 : d.due[copy]);
			ck_assert_uint_eq(t->copy, d.copies > 1 && !d.verdict ? copy + 1 : 0);
			ck_assert_uint_eq(t->reordered, !d.verdict && d.reordered);
			ck_assert_uint_eq(t->corrupt,
					  !d.verdict && d.corrupt ? 112 + d.corrupt : 0);
		}
	}
	ck_assert_uint_eq(k, s->n);
}

/* Sends so many frames each way and holds all that became of them against what was asked for. */
static void cross(const struct sonde_lab_impair impair[2], unsigned packets)
{
	struct sorted s;
	struct crossing c;

	cross_open(&c, impair);
	for (unsigned i = 0; i < packets; i++)
		for (unsigned e = 0; e < 2; e++)
			cross_send(&c, e);
	cross_finish(&c);
	for (unsigned e = 0; e < 2; e++) {
		s = check_arrivals(&c, e);
		check_fate(&c, e, &s, packets);
		free(s.at);
	}
	cross_close(&c);
}

/* Chances that all happen, in each direction its own. */
static const struct sonde_lab_impair rough[2] = {
	{ .delay = 2 * SONDE_MILLISECOND,
	  .jitter = SONDE_MILLISECOND,
	  .loss = 100000,
	  .dup = 20000,
	  .reorder = 30000,
	  .corrupt = 10000 },
	{ .delay = SONDE_MILLISECOND / 2, .loss = 20000, .dup = 50000, .corrupt = 50000 },
};

START_TEST(what_is_asked_for_happens_and_nothing_else)
{
	if (!made_may_not())
		cross(rough, 10000);
}
END_TEST

START_TEST(a_link_that_is_asked_for_nothing_does_nothing)
{
	const struct sonde_lab_impair none[2] = { 0 };

	if (!made_may_not())
		cross(none, 3000);
}
END_TEST

/* Here frames are read some time after they came, and leave when they should for all that. */
START_TEST(a_link_that_makes_all_wait_does_the_same)
{
	const struct sonde_lab_impair far[2] = {
		{ .delay = 5000000, .jitter = 1000000, .loss = 50000 },
		{ .delay = 3000000, .dup = 50000, .corrupt = 20000 }
	};

	const struct sonde_lab_impair dead[2] = { { .delay = 5000000, .loss = 1000000 },
						  { .delay = 5000000, .loss = 1000000 } };

	if (made_may_not())
		return;
	cross(far, 5000);
	cross(dead, 1000); /* nothing is ever due: what comes is read nevertheless */
}
END_TEST

/* 8 ms for each 1000 bytes, and then there is no room: which of the frames finds none depends on
 * when they come, and the fate is asked again for just those times. */
START_TEST(a_rate_spaces_packets_and_its_queue_fills)
{
	const struct sonde_lab_impair slow[2] = { { .rate = 1000000, .queue = 5 }, { 0 } };
	struct sonde_truth t;
	struct crossing c;
	struct sorted s;
	unsigned full = 0;

	if (made_may_not())
		return;
	cross_open(&c, slow);
	c.records = 30;
	for (uint32_t i = 1; i <= 30; i++)
		made_send(&c.made, 0, i, length_of(i));
	cross_finish(&c);
	for (unsigned i = 0; sonde_truth_get(c.truth, i, &t) > 0; i++)
		full += t.verdict == SONDE_TRUTH_FULL;
	ck_assert_uint_gt(full, 0);
	ck_assert_uint_lt(full, 30);
	s = check_arrivals(&c, 0);
	check_fate(&c, 0, &s, 30);
	free(s.at);
	cross_close(&c);
}
END_TEST

START_TEST(the_largest_frames_cross_until_too_many_are_on_their_way)
{
	const struct sonde_lab_impair long_way[2] = { { .delay = 3600 * SONDE_SECOND }, { 0 } };
	enum { MTU = 65535, SENT = 1040 };
	static uint8_t frame[FRAME_MOST];
	const struct sonde_truth_ring *truth;
	struct sonde_truth t;
	struct made m;

	if (made_may_not())
		return;
	made_open(&m, long_way, MTU);
	ck_assert_int_eq(sonde_labwire_truth(&truth, m.truth), 0);
	made_run(&m);
	made_send(&m, 1, 7, HEADER + MTU);
	ck_assert_int_eq(made_recv(&m, 0, frame, 5000), HEADER + MTU);
	for (uint32_t i = 0; i < SENT;
	     i++) { /* one by one: the ring holds little more than a hundred */
		made_send(&m, 0, i, HEADER + MTU);
		made_send(&m, 1, i, 60);
		ck_assert_int_eq(made_recv(&m, 0, frame, 5000), 60);
	}
	made_stop(&m);
	/* 64 MB are 1,023 such frames, less what keeping takes; of those that wait there is no
	 * record yet. */
	ck_assert_uint_ge(truth->written, 1 + SENT + SENT - 1023);
	ck_assert_uint_lt(truth->written, 1 + SENT + SENT - 1000);
	ck_assert_int_eq(sonde_truth_get(truth, truth->written - 2, &t), 1);
	ck_assert_uint_eq(t.verdict, SONDE_TRUTH_OVERFLOW);
	ck_assert_uint_eq(t.number, SENT);
	ck_assert_uint_eq(t.out, 0);
	sonde_labwire_truth_done(truth);
	made_close(&m);
}
END_TEST

/* What the truth has of frames from a: how many left, and how many were missed. */
static void count_from_a(const struct sonde_truth_ring *truth, uint64_t *ret_seen,
			 uint64_t *ret_missed)
{
	struct sonde_truth t;

	*ret_seen = *ret_missed = 0;
	for (uint64_t i = 0; sonde_truth_get(truth, i, &t) > 0; i++) {
		*ret_seen += t.end == 0 && t.verdict == SONDE_TRUTH_PASS;
		*ret_missed += t.verdict == SONDE_TRUTH_MISSED ? t.number : 0;
	}
}

/* As long as nobody carries, what comes waits in the ring, and then there is no room. */
START_TEST(what_was_missed_is_counted)
{
	const struct sonde_lab_impair none[2] = { 0 };
	const struct sonde_truth_ring *truth;
	uint64_t sent = 60000, seen = 0, missed = 0;
	struct made m;

	if (made_may_not())
		return;
	made_open(&m, none, 0);
	ck_assert_int_eq(sonde_labwire_truth(&truth, m.truth), 0);
	for (uint32_t i = 0; i < sent; i++)
		made_send(&m, 0, i, 60);
	made_run(&m);
	for (unsigned i = 0; seen + missed < sent && i < 1000; i++) {
		if (!missed) { /* the next frame for which there is room tells */
			made_send(&m, 0, 0, 60);
			sent++;
		}
		nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
		count_from_a(truth, &seen, &missed);
	}
	ck_assert_uint_gt(missed, 0);
	ck_assert_uint_eq(seen + missed, sent);
	made_stop(&m);
	sonde_labwire_truth_done(truth);
	made_close(&m);
}
END_TEST

static int open_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* The far sides are in a namespace that nobody else holds: a cable ends with either end. */
START_TEST(close_leaves_no_namespace_and_no_interface)
{
	const struct sonde_lab_impair none[2] = { 0 };
	int before = open_descriptors();
	struct made m;

	if (made_may_not())
		return;
	made_open(&m, none, 0);
	made_run(&m);
	made_stop(&m);
	ck_assert_int_eq(sonde_link_carrier(m.netns[0], "eth0"), 1);
	sonde_labwire_close(m.wire);
	m.wire = NULL;
	for (int i = 0; i < 1000 && sonde_link_carrier(m.netns[0], "eth0") != -ENODEV; i++)
		nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	ck_assert_int_eq(sonde_link_carrier(m.netns[0], "eth0"), -ENODEV);
	made_close(&m);
	ck_assert_int_eq(open_descriptors(), before);
	ck_assert_ptr_null(sonde_labwire_close(NULL));
}
END_TEST

START_TEST(nobody_may_do_the_same_in_a_user_namespace)
{
	if (made_nobody())
		cross(rough, 3000);
}
END_TEST

Suite *labwire_suite(void)
{
	Suite *s = suite_create("labwire");
	TCase *c = tcase_create("labwire");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, what_is_asked_for_happens_and_nothing_else);
	tcase_add_test(c, a_link_that_is_asked_for_nothing_does_nothing);
	tcase_add_test(c, a_link_that_makes_all_wait_does_the_same);
	tcase_add_test(c, a_rate_spaces_packets_and_its_queue_fills);
	tcase_add_test(c, the_largest_frames_cross_until_too_many_are_on_their_way);
	tcase_add_test(c, what_was_missed_is_counted);
	tcase_add_test(c, close_leaves_no_namespace_and_no_interface);
	tcase_add_test(c, nobody_may_do_the_same_in_a_user_namespace);
	suite_add_tcase(s, c);
	return s;
}
