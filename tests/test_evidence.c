#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/reason.h"
#include "capture/reader.h"
#include "capture/writer.h"
#include "tests/captures.h"

Suite *evidence_suite(void);

static uint8_t file[8 << 20];
static size_t file_len;
static char buffer[SONDE_WRITER_BUFFER_LEAST];

static int sink(void *arg, const char *at, size_t len)
{
	(void)arg;
	ck_assert_uint_le(len, sizeof file - file_len);
	memcpy(file + file_len, at, len);
	file_len += len;
	return 0;
}

static struct sonde_writer writer;
static struct sonde_text text;

enum { SNAPLEN = 2000 };
static const int64_t clock_offset = 1763700000123456789;

static void write_begin(void)
{
	file_len = 0;
	sonde_text_init(&text, buffer, sizeof buffer, sink, NULL);
	ck_assert_int_eq(sonde_writer_begin(&writer, &text, SNAPLEN, clock_offset, "sonde test"),
			 0);
}

static void put(const struct sonde_item *i, const struct sonde_writer_note *note)
{
	ck_assert_int_eq(sonde_writer_put(&writer, i, note), 0);
}

static void same_bytes(struct sonde_bytes a, struct sonde_bytes b)
{
	ck_assert_uint_eq(a.len, b.len);
	if (a.len)
		ck_assert_mem_eq(a.at, b.at, a.len);
}

/* Every field, those with holes beside them too. */
static void same(const struct sonde_item *a, const struct sonde_item *b)
{
	struct sonde_item x = *a, y = *b;

	ck_assert_int_eq(x.is, y.is);
	if (x.is == SONDE_ITEM_FRAME) {
		same_bytes(x.frame.byte, y.frame.byte);
		x.frame.byte = y.frame.byte = (struct sonde_bytes){ 0 };
		ck_assert_mem_eq(&x.frame, &y.frame, sizeof x.frame);
		return;
	}
	same_bytes(x.event.text, y.event.text);
	same_bytes(x.event.address, y.event.address);
	x.event.text = x.event.address = y.event.text = y.event.address = (struct sonde_bytes){ 0 };
	ck_assert_mem_eq(&x.event, &y.event, offsetof(struct sonde_event, address));
}

static uint64_t seed = 1;

static uint64_t random64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Zero, small, or anything, about as often. */
static uint64_t any(void)
{
	uint64_t v = random64();

	return v % 3 == 0 ? 0 : v % 3 == 1 ? (v >> 8) % 100 : random64();
}

static uint8_t wild[4096];

static struct sonde_bytes wild_bytes(size_t most)
{
	size_t len = any() % (most + 1);

	return (struct sonde_bytes){ len ? wild + random64() % (sizeof wild - most) : NULL, len };
}

static struct sonde_address wild_address(void)
{
	static const uint16_t families[] = { 0, AF_INET, AF_INET6, AF_INET, AF_INET6, 77 };
	struct sonde_address a;

	memset(&a, 0, sizeof a);
	if (random64() % 3 == 0)
		return a;
	a.family = families[random64() % 6];
	a.port = (uint16_t)any();
	a.scope = random64() % 4 ? 0 : (uint32_t)any();
	for (unsigned i = 0; i < (a.family == AF_INET && random64() % 4 ? 4 : 16); i++)
		a.ip[i] = (uint8_t)any();
	return a;
}

static struct sonde_item wild_event(void)
{
	struct sonde_item i;
	struct sonde_event *e = &i.event;

	memset(&i, 0, sizeof i);
	i.is = SONDE_ITEM_EVENT;
	e->when = any(), e->took = any();
	e->cookie = any(), e->ino = any(), e->ino2 = any(), e->cookie2 = any();
	e->ret = (int64_t)any(), e->bytes = any();
	for (unsigned k = 0; k < 3; k++)
		e->n[k] = any(), e->arg[k] = (int64_t)(any() ^ (random64() % 2 ? UINT64_MAX : 0));
	e->netns = (uint32_t)any(), e->pid = (uint32_t)any(), e->tid = (uint32_t)any();
	e->fd = (int32_t)any() - 1, e->fd2 = (int32_t)any() - 1;
	e->reason = (uint32_t)any();
	e->kind = (uint16_t)(1 + random64() % (SONDE_EVENT_END_ - 1));
	e->flags = (uint16_t)any(), e->cpu = (uint16_t)any();
	e->family = (uint16_t)any(), e->type = (uint16_t)any(), e->protocol = (uint16_t)any();
	e->call = (uint8_t)any(), e->state = (uint8_t)any();
	e->from = (uint8_t)any(), e->to = (uint8_t)any();
	for (uint64_t k = 0, n = any() % 17; k < n; k++)
		e->comm[k] = (char)any();
	e->local = wild_address(), e->remote = wild_address();
	e->address = wild_bytes(110);
	e->text = wild_bytes(random64() % 20 ? 200 : 3000);
	return i;
}

static struct sonde_item wild_frame(void)
{
	struct sonde_item i;
	struct sonde_frame *f = &i.frame;

	memset(&i, 0, sizeof i);
	i.is = SONDE_ITEM_FRAME;
	f->when = any();
	f->byte = wild_bytes(SNAPLEN);
	f->wire = (uint32_t)any();
	f->wire = f->wire > UINT32_MAX - 20 ? 5 : f->wire;
	f->link = f->byte.len > 20 && random64() % 8 == 0 ? 276 : 101;
	f->dir = (uint8_t)(random64() % 3), f->sum = (uint8_t)(random64() % 3);
	f->netns = (uint32_t)any() % 500, f->ifindex = (uint32_t)any() % 5;
	f->cookie = any();
	f->gso_size = (uint16_t)any(), f->gso_segs = (uint16_t)any(), f->cpu = (uint16_t)any();
	f->protocol = f->link == 276 ? 0 : random64() % 3 ? 0x0800 : (uint16_t)any();
	return i;
}

static struct sonde_item wild_item(void)
{
	return random64() % 2 ? wild_event() : wild_frame();
}

enum { ITEMS = 3000 };

static void wild_begin(void)
{
	seed = 88172645463325252;
	for (size_t k = 0; k < sizeof wild; k++)
		wild[k] = (uint8_t)random64();
}

static void every_field_of_items_survives(size_t step)
{
	static const struct sonde_writer_note note = {
		"a\nsentence\x01", "o wner", "tup le", 77, 78, 3, 4, 5
	};
	struct memory m = { file, 0, step };
	struct sonde_item want, got;
	struct sonde_reader *r;

	wild_begin();
	write_begin();
	for (int k = 0; k < ITEMS; k++) {
		want = wild_item();
		put(&want, k % 2 ? &note : NULL);
	}
	ck_assert_int_eq(sonde_writer_end(&writer), 0);
	m.len = file_len;
	r = memory_reader(&m);
	wild_begin();
	for (int k = 0; k < ITEMS; k++) {
		want = wild_item();
		ck_assert_int_eq(sonde_reader_next(r, &got), 1);
		ck_assert(sonde_reader_ours(r));
		same(&want, &got);
	}
	ck_assert_int_eq(sonde_reader_next(r, &got), 0);
	sonde_reader_close(r);
}

START_TEST(what_is_written_is_read_back_in_every_field)
{
	every_field_of_items_survives(0);
}
END_TEST

START_TEST(the_size_of_the_pieces_a_file_comes_in_does_not_matter)
{
	every_field_of_items_survives(1);
	every_field_of_items_survives(4099);
}
END_TEST

Suite *evidence_suite(void)
{
	Suite *s = suite_create("evidence");
	TCase *t = tcase_create("evidence");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, what_is_written_is_read_back_in_every_field);
	tcase_add_test(t, the_size_of_the_pieces_a_file_comes_in_does_not_matter);
	suite_add_tcase(s, t);
	return s;
}
