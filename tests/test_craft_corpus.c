/* Every packet of the captures in words, and from the words again: the same to the byte. */
#include <stdlib.h>

#include "tests/captures.h"
#include "tests/corpus.h"
#include "tests/craft_made.h"

Suite *craft_corpus_suite(void);

static unsigned long packets, early, same, raw;

/* Whether the packet comes out the same; else says how not, for the first few. */
static bool returns(const struct corpus_file *f, const struct sonde_packet *p)
{
	const char *words = craft_said(p);
	struct sonde_craft_error error;
	struct sonde_craft_turn turn = { .n = 0 };
	struct sonde_craft *c;
	struct sonde_draft d;
	static unsigned shown;
	int r = -1;

	sonde_draft_init(&d, craft_bytes, CRAFT_MOST);
	if (!sonde_craft_parse(&c, &craft_arena, words, strlen(words), NULL, NULL, &error))
		printf("%s: %.300s: at %zu: expected %s\n", f->path, words, error.at,
		       error.expected);
	else if ((r = sonde_craft_encode(c, &turn, &d)) < 0)
		printf("%s: %.300s: %s\n", f->path, words, sonde_reason_text(r));
	else if (d.p.len == p->len && !memcmp(craft_bytes, p->byte, p->len))
		return true;
	else if (shown++ < 20) {
		uint32_t i = 0;

		while (i < d.p.len && i < p->len && craft_bytes[i] == p->byte[i])
			i++;
		printf("%s: %.400s: %u bytes of %u, other at %u\n", f->path, words, d.p.len, p->len,
		       i);
	}
	return false;
}

static void each_packet(const struct corpus_file *f)
{
	struct memory m = { f->at, f->len, 0 };
	struct sonde_reader *r = memory_reader(&m);
	struct sonde_item item;

	while (sonde_reader_next(r, &item) > 0) {
		struct sonde_packet p;

		if (item.is != SONDE_ITEM_FRAME || item.frame.byte.len > 65536)
			continue;
		sonde_decode_frame(&p, &item.frame, NULL);
		if (!p.n)
			continue;
		packets++;
		early += p.stop == SONDE_STOP_TRUNCATED || p.stop == SONDE_STOP_MALFORMED;
		same += returns(f, &p);
		raw += strstr(craft_words, "raw(") != NULL;
		sonde_arena_rewind(&craft_arena);
	}
	sonde_reader_close(r);
}

START_TEST(captured_packets_come_back_from_their_words)
{
	if (!corpus_each(each_packet))
		return;
	printf("craft: %lu packets of the corpus in words, %lu the same to the byte again; %lu of "
	       "them "
	       "stop early, %lu have bytes as they are in a header\n",
	       packets, same, early, raw);
	ck_assert_uint_eq(same, packets);
	sonde_arena_done(&craft_arena);
}
END_TEST

Suite *craft_corpus_suite(void)
{
	Suite *s = suite_create("craft_corpus");
	TCase *t = tcase_create("all");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, captured_packets_come_back_from_their_words);
	suite_add_tcase(s, t);
	return s;
}
