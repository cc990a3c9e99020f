#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/reason.h"
#include "lab/truth.h"
#include "out/json.h"

Suite *truth_suite(void);

static struct sonde_lab_node node[] = { { .name = "a" }, { .name = "b" } };
static struct sonde_lab_link link_ab = { .end = { { .node = 0 }, { .node = 1 } } };
static const struct sonde_lab lab = { .node = node, .nodes = 2, .link = &link_ab, .links = 1 };

static struct sonde_truth_ring *ring(uint64_t capacity)
{
	struct sonde_truth_ring *r = calloc(1, sonde_truth_size(capacity));

	sonde_truth_init(r, capacity, 1000, 5000);
	return r;
}

START_TEST(the_newest_records_stay)
{
	struct sonde_truth_ring *r = ring(8);
	struct sonde_truth t;

	ck_assert_int_eq(sonde_truth_get(r, 0, &t), 0);
	for (uint64_t i = 0; i < 20; i++)
		sonde_truth_put(r, &(struct sonde_truth){ .number = i });
	/* The oldest of eight may be giving way to the next one just now. */
	ck_assert_int_eq(sonde_truth_get(r, 12, &t), SONDE_LOST);
	for (uint64_t i = 13; i < 20; i++) {
		ck_assert_int_eq(sonde_truth_get(r, i, &t), 1);
		ck_assert_uint_eq(t.number, i);
	}
	ck_assert_int_eq(sonde_truth_get(r, 20, &t), 0);
	free(r);
}
END_TEST

START_TEST(a_ring_is_known_by_its_head_and_believed_within_its_bytes)
{
	struct sonde_truth_ring *r = ring(8);

	ck_assert(sonde_truth_check(r, sonde_truth_size(8)));
	ck_assert(!sonde_truth_check(r, sonde_truth_size(8) - 1));
	ck_assert(!sonde_truth_check(r, 8));
	r->capacity = UINT64_MAX;
	ck_assert(!sonde_truth_check(r, sonde_truth_size(8)));
	r->capacity = 0;
	ck_assert(!sonde_truth_check(r, sonde_truth_size(8)));
	r->capacity = 8;
	r->magic[0] ^= 1;
	ck_assert(!sonde_truth_check(r, sonde_truth_size(8)));
	free(r);
}
END_TEST

static void says(const struct sonde_truth *t, const char *json)
{
	struct sonde_truth_ring *r = ring(1);
	struct sonde_truth_record record;
	struct sonde_text text;
	char buf[1024];

	sonde_truth_tell(&record, &lab, r, t);
	sonde_text_init(&text, buf, sizeof buf, NULL, NULL);
	sonde_json_record(&text, &sonde_truth_schema, &record);
	*sonde_text_room(&text, 1) = 0;
	ck_assert_str_eq(buf, json);
	free(r);
}

START_TEST(a_record_says_what_is_known_and_no_more)
{
	says(&(struct sonde_truth){ .verdict = SONDE_TRUTH_PASS,
				    .number = 7,
				    .in = 1500,
				    .due = 2500,
				    .out = 2600,
				    .len = 98 },
	     "{\"record\":\"truth\",\"v\":1,\"link\":0,\"from\":\"a\",\"to\":\"b\",\"number\":7,"
	     "\"verdict\":\"pass\",\"in_ns\":500,\"due_ns\":1500,\"out_ns\":1600,\"length\":98}\n");
	says(&(struct sonde_truth){ .verdict = SONDE_TRUTH_PASS,
				    .end = 1,
				    .number = 1,
				    .copy = 2,
				    .in = 1500,
				    .due = 1500,
				    .out = 1500,
				    .len = 98,
				    .reordered = 1,
				    .corrupt = 113 },
	     "{\"record\":\"truth\",\"v\":1,\"link\":0,\"from\":\"b\",\"to\":\"a\",\"number\":1,"
	     "\"verdict\":\"pass\",\"in_ns\":500,\"due_ns\":500,\"out_ns\":500,\"length\":98,"
	     "\"copy\":2,\"reordered\":true,\"corrupt_bit\":112}\n");
	says(
		&(struct sonde_truth){
			.verdict = SONDE_TRUTH_LOST, .number = 2, .in = 1500, .len = 98 },
		"{\"record\":\"truth\",\"v\":1,\"link\":0,\"from\":\"a\",\"to\":\"b\",\"number\":2,"
		"\"verdict\":\"lost\",\"in_ns\":500,\"length\":98}\n");
	says(&(struct sonde_truth){ .verdict = SONDE_TRUTH_UNSENT,
				    .number = 3,
				    .in = 1500,
				    .due = 1600,
				    .len = 98,
				    .error = -ENETDOWN },
	     "{\"record\":\"truth\",\"v\":1,\"link\":0,\"from\":\"a\",\"to\":\"b\",\"number\":3,"
	     "\"verdict\":\"unsent\",\"in_ns\":500,\"due_ns\":600,\"length\":98,"
	     "\"error\":\"ENETDOWN\"}\n");
	says(&(struct sonde_truth){ .link = SONDE_TRUTH_ANY,
				    .verdict = SONDE_TRUTH_MISSED,
				    .number = 40 },
	     "{\"record\":\"truth\",\"v\":1,"
	     "\"verdict\":\"missed\",\"packets\":40}\n");
	/* A link of which the lab knows nothing. */
	says(
		&(struct sonde_truth){
			.link = 1, .verdict = SONDE_TRUTH_LOST, .number = 2, .len = 98 },
		"{\"record\":\"truth\",\"v\":1,\"link\":1,\"number\":2,\"verdict\":\"lost\","
		"\"length\":98}\n");
}
END_TEST

START_TEST(what_stands_in_front_says_when_it_began_and_what_is_gone)
{
	struct sonde_truth_ring *r = ring(8);
	struct sonde_truth_run_record run;
	struct sonde_truth t;

	ck_assert_uint_eq(sonde_truth_tell_run(&run, r, "then"), 0);
	ck_assert_str_eq(run.started, "then");
	ck_assert_uint_eq(run.realtime, 2); /* nobody carries yet */
	for (uint64_t i = 0; i < 20; i++) {
		ck_assert_uint_eq(sonde_truth_tell_run(&run, r, "then"), i < 8 ? 0 : i - 7);
		ck_assert_uint_eq(run.records, i);
		ck_assert_uint_eq(run.gone, i < 8 ? 0 : i - 7);
		ck_assert_int_eq(sonde_truth_get(r, run.gone, &t), i > 0);
		sonde_truth_put(r, &(struct sonde_truth){ .number = i });
	}
	free(r);
}
END_TEST

Suite *truth_suite(void)
{
	Suite *s = suite_create("truth");
	TCase *c = tcase_create("truth");

	tcase_add_test(c, the_newest_records_stay);
	tcase_add_test(c, a_ring_is_known_by_its_head_and_believed_within_its_bytes);
	tcase_add_test(c, a_record_says_what_is_known_and_no_more);
	tcase_add_test(c, what_stands_in_front_says_when_it_began_and_what_is_gone);
	suite_add_tcase(s, c);
	return s;
}
