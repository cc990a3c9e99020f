#ifndef SONDE_TESTS_FUZZ_CRAFT_H
#define SONDE_TESTS_FUZZ_CRAFT_H

/* Packets in words, for the targets of the crafting language. */

#include "packet/craft.h"
#include "tests/fuzz/fuzz.h"

enum { BYTES_MOST = 1 << 17, WORDS_MOST = 1 << 20 };

static struct sonde_arena arena;
static uint8_t again[BYTES_MOST];
static char words[WORDS_MOST], more_words[WORDS_MOST];

/* The packet in words, at ret; how long that is. */
static inline size_t say(char *ret, const struct sonde_packet *p)
{
	struct sonde_text t;

	sonde_text_init(&t, ret, WORDS_MOST, NULL, NULL);
	sonde_craft_print(&t, p, &arena);
	stop_unless(t.error == 0);
	stop_unless_harmless(ret, t.len, false);
	return t.len;
}

/* The packet that a text says, in room; the text is known to be right. */
static inline struct sonde_draft make_again(const char *text, size_t len, uint8_t *room)
{
	struct sonde_craft_turn turn = { .n = 0 };
	struct sonde_craft_error error;
	struct sonde_craft *c = NULL;
	struct sonde_draft d;

	if (!sonde_craft_parse(&c, &arena, text, len, NULL, NULL, &error)) {
		fprintf(stderr, "%.*s: at %zu: expected %s\n", (int)len, text, error.at,
			error.expected);
		abort();
	}
	sonde_draft_init(&d, room, BYTES_MOST);
	if (sonde_craft_encode(c, &turn, &d) < 0) {
		fprintf(stderr, "%.*s: not encoded\n", (int)len, text);
		abort();
	}
	return d;
}

/* Words that can be a pattern are one that the packet fits, whatever else of it they leave out. */
static inline void stop_unless_fits(const char *text, size_t len, const struct sonde_packet *p)
{
	struct sonde_craft_world world = { .pattern = true };
	struct sonde_craft_error error;
	struct sonde_craft *c;
	struct sonde_text why;

	if (!sonde_craft_parse(&c, &arena, text, len, &world, NULL, &error))
		return;
	sonde_text_init(&why, more_words, sizeof more_words, NULL, NULL);
	if (sonde_craft_match(c, p, NULL, &why))
		return;
	fprintf(stderr, "%.*s: no pattern of its own: %.*s\n", (int)len, text, (int)why.len,
		more_words);
	abort();
}

/* Words, bytes of them, and words of those: the same packet. */
static inline void stop_unless_returns(const struct sonde_packet *p)
{
	size_t len = say(words, p);
	struct sonde_draft d = make_again(words, len, again);

	stop_unless_fits(words, len, p);
	if (d.p.len == p->len && !memcmp(d.p.byte, p->byte, p->len))
		return;
	fprintf(stderr, "%.*s: %u bytes came back as %u\n", (int)len, words, p->len, d.p.len);
	abort();
}

#endif
