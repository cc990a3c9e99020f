/* The whole corpus cut and with flipped bits: what was whole is given, the end is told, and nothing
 * is read that is not there (each file stands alone in memory, so that sanitizers see the rest). */
#include <check.h>
#include <time.h>

#include "base/reason.h"
#include "capture/copy.h"
#include "capture/state.h"
#include "tests/captures.h"
#include "tests/corpus.h"

Suite *bad_files_suite(void);

enum {
	SMALL = 4096,	 /* up to here at every byte */
	OFFSETS = 1000,	 /* of a larger one, beside the boundaries of its records */
	FLIPS = 64,	 /* in each file */
	SECONDS = 20,	 /* for each of the two tests */
	RECORDS = 20000, /* of one file */
};

static uint64_t random_state;

static uint64_t random_below(uint64_t n)
{
	random_state = random_state * 6364136223846793005 + 1442695040888963407;
	return (random_state >> 33) % n;
}

static time_t deadline;

static bool late(void)
{
	return time(NULL) >= deadline;
}

/* Of a whole file: where each record that is an item begins and ends. */
static struct {
	size_t at[RECORDS], behind[RECORDS];
	unsigned n;
	int end;
} whole;

static void walk(const struct corpus_file *f)
{
	struct memory m = { f->at, f->len, 0 };
	struct sonde_reader *r = memory_reader(&m);
	struct sonde_item item;

	whole.n = 0;
	while ((whole.end = sonde_reader_next(r, &item)) > 0 && whole.n < RECORDS) {
		whole.at[whole.n] = r->at;
		whole.behind[whole.n++] = r->at + r->whole.len;
	}
	sonde_reader_close(r);
}

static unsigned sum; /* so that every byte is truly read */

static void touch(struct sonde_bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		sum += b.at[i];
}

/* Items and the end of the first len bytes, which stand alone. Also written again: a copy must
 * never fail for what could be read. */
static unsigned try(const uint8_t *at, size_t len, int *ret_end, struct sonde_reader_place *place)
{
	uint8_t *alone = malloc(len ? len : 1);
	struct memory m = { alone, len, 0 };
	struct sonde_reader *r;
	struct sonde_item item;
	unsigned items = 0;

	memcpy(alone, at, len);
	r = memory_reader(&m);
	while ((*ret_end = sonde_reader_next(r, &item)) > 0) {
		struct sonde_process p;

		items++;
		if (item.is != SONDE_ITEM_FRAME)
			continue;
		touch(item.frame.byte);
		touch(sonde_reader_remark(r)->comment);
		for (unsigned i = 0; sonde_reader_process(r, i, &p); i++) {
			touch(p.name);
			touch(p.command);
		}
	}
	*place = sonde_reader_place(r);
	sonde_reader_close(r);
	free(alone);
	return items;
}

static bool is_end(int end)
{
	return end == 0 || end == SONDE_CUT || end == SONDE_DAMAGED || end == SONDE_NOT_CAPTURE ||
	       end == SONDE_UNSUPPORTED || end == SONDE_DAMAGED_COMPRESSION;
}

static uint64_t cuts, flips;

/* Whole records before the cut are given, no more and no fewer. */
static void cut(const struct corpus_file *f, size_t len)
{
	struct sonde_reader_place place;
	unsigned items, want = 0;
	int end;

	items = try(f->at, len, &end, &place);
	while (want < whole.n && whole.behind[want] <= len)
		want++;
	ck_assert_msg(items == want, "%s cut at %zu: %u items, not %u", f->path, len, items, want);
	ck_assert_msg(is_end(end), "%s cut at %zu: %s", f->path, len, sonde_reason_text(end));
	if (end == SONDE_CUT)
		ck_assert_msg(place.end == len, "%s cut at %zu: ends at %lu", f->path, len,
			      place.end);
	cuts++;
}

static void cut_everywhere(const struct corpus_file *f)
{
	if (late())
		return;
	walk(f);
	if (f->len <= SMALL) {
		for (size_t len = 0; len < f->len; len++)
			cut(f, len);
		return;
	}
	for (unsigned i = 0; i < whole.n && !late(); i++)
		for (size_t k = 0; k < 3; k++)
			cut(f, whole.at[i] - 1 + k);
	for (unsigned i = 0; i < OFFSETS && !late(); i++)
		cut(f, random_below(f->len));
}

START_TEST(a_file_cut_anywhere_gives_what_was_whole)
{
	unsigned files;

	random_state = 3;
	deadline = time(NULL) + SECONDS;
	files = corpus_each(cut_everywhere);
	if (files)
		printf("bad files: %u files, %lu cuts%s\n", files, cuts,
		       late() ? ", and no time for all" : "");
	ck_assert(!files || cuts > 1000);
}
END_TEST

static int drop(void *arg, const char *at, size_t len)
{
	(void)arg;
	touch((struct sonde_bytes){ (const uint8_t *)at, len });
	return 0;
}

static void copy(const uint8_t *at, size_t len, const char *name)
{
	struct sonde_savefile_plan plan = sonde_savefile_named(name, NULL);
	struct memory m = { at, len, 0 };
	struct sonde_reader *r = memory_reader(&m);
	struct sonde_savefile *to;
	struct sonde_copy *c;
	struct sonde_item item;

	ck_assert_int_eq(sonde_savefile_open(&to, &plan, drop, NULL), 0);
	ck_assert_int_eq(sonde_copy_open(&c, to), 0);
	ck_assert_int_eq(sonde_copy_from(c, r), 0);
	while (sonde_reader_next(r, &item) > 0) {
		int k = sonde_copy_item(c, 0, &item);

		ck_assert(k == 0 || k == SONDE_ONE_LINK);
	}
	sonde_copy_close(c);
	ck_assert_int_eq(sonde_savefile_close(to), 0);
	sonde_reader_close(r);
}

/* In the headers more often than elsewhere: a flipped bit of a payload says little. */
static size_t somewhere(const struct corpus_file *f)
{
	size_t at = whole.n && random_below(4) ? whole.at[random_below(whole.n)] + random_below(48)
					       : random_below(f->len);

	return at < f->len ? at : random_below(f->len);
}

static void flip_some(const struct corpus_file *f)
{
	walk(f);
	for (unsigned i = 0; i < FLIPS && !late() && f->len; i++) {
		size_t at[2] = { somewhere(f), i % 2 ? somewhere(f) : 0 };
		uint8_t bit[2] = { (uint8_t)(1 << random_below(8)), (uint8_t)(i % 2) };
		struct sonde_reader_place place;
		int end;

		f->at[at[0]] ^= bit[0];
		f->at[at[1]] ^= bit[1];
		try(f->at, f->len, &end, &place);
		ck_assert_msg(is_end(end), "%s: bit %u at %zu: %s", f->path, bit[0], at[0],
			      sonde_reason_text(end));
		copy(f->at, f->len, i % 4 ? "x.pcapng" : "x.pcap");
		f->at[at[0]] ^= bit[0];
		f->at[at[1]] ^= bit[1];
		flips++;
	}
}

START_TEST(flipped_bits_harm_nothing_else)
{
	unsigned files;

	random_state = 7;
	deadline = time(NULL) + SECONDS;
	files = corpus_each(flip_some);
	if (files)
		printf("bad files: %u files, %lu with flipped bits%s\n", files, flips,
		       late() ? ", and no time for all" : "");
	ck_assert(!files || flips > 1000);
}
END_TEST

Suite *bad_files_suite(void)
{
	Suite *s = suite_create("bad_files");
	TCase *t = tcase_create("bad_files");

	tcase_set_timeout(t, 3 * SECONDS);
	tcase_add_test(t, a_file_cut_anywhere_gives_what_was_whole);
	tcase_add_test(t, flipped_bits_harm_nothing_else);
	suite_add_tcase(s, t);
	return s;
}
