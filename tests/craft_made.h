#ifndef SONDE_TESTS_CRAFT_MADE_H
#define SONDE_TESTS_CRAFT_MADE_H

/* Packets from words and back, for the suites of the crafting language. */

#include <check.h>
#include <string.h>

#include "packet/craft.h"

enum { CRAFT_MOST = 1 << 18 };

static struct sonde_arena craft_arena;
static uint8_t craft_bytes[CRAFT_MOST];
static char craft_words[4 * CRAFT_MOST];

/* Parsed, or why not. */
static inline struct sonde_craft *craft_parsed(const char *text)
{
	struct sonde_craft_error error;
	struct sonde_craft *c = NULL;

	ck_assert_msg(sonde_craft_parse(&c, &craft_arena, text, strlen(text), NULL, NULL, &error),
		      "%.300s: at %zu: expected %s", text, error.at, error.expected);
	return c;
}

/* The packet of turn n, in craft_bytes. */
static inline struct sonde_draft craft_turn(const struct sonde_craft *c, uint64_t n)
{
	struct sonde_craft_turn turn = { .n = n, .seed = 1 };
	struct sonde_draft d;
	int r;

	sonde_draft_init(&d, craft_bytes, CRAFT_MOST);
	r = sonde_craft_encode(c, &turn, &d);
	ck_assert_msg(r == (int)d.p.len, "encode: %s", sonde_reason_text(r));
	return d;
}

static inline struct sonde_draft craft_made(const char *text)
{
	return craft_turn(craft_parsed(text), 0);
}

/* A packet in words, in craft_words. */
static inline const char *craft_said(const struct sonde_packet *p)
{
	struct sonde_text t;

	sonde_text_init(&t, craft_words, sizeof craft_words - 1, NULL, NULL);
	sonde_craft_print(&t, p, &craft_arena);
	ck_assert_int_eq(t.error, 0);
	craft_words[t.len] = 0;
	return craft_words;
}

#endif
