#ifndef TESTS_SCRIPT_STAGE_H
#define TESTS_SCRIPT_STAGE_H

/* Scripts of packets in invented time, with invented answers: nothing is sent, nobody waits. */

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "probe/script.h"

enum { POINTS = 64, BYTES = 70000 };

struct stage {
	struct sonde_arena arena;
	struct sonde_script *s;
	struct sonde_craft_error error;
	sonde_ns now;
	unsigned told;
	struct sonde_script_point point[POINTS]; /* as they were told, texts copied */
	unsigned sent;
	uint8_t last[BYTES]; /* the packet that was sent last */
	uint32_t len;
	sonde_ns at[POINTS]; /* when each was sent */
};

static inline bool no_file(void *arg, const char *name, struct sonde_bytes *ret,
			   const char **ret_why)
{
	static const uint8_t bytes[] = "of a file";

	(void)arg;
	*ret = (struct sonde_bytes){ bytes, sizeof bytes - 1 };
	*ret_why = "there is no such file";
	return !strcmp(name, "there");
}

static inline int parse(struct stage *g, const char *text, const struct sonde_script_given *given,
			unsigned n)
{
	struct sonde_script_world world = { .file = no_file, .given = given, .n = n, .seed = 7 };

	g->now = 1000 * SONDE_SECOND;
	return sonde_script_parse(&g->s, &g->arena, text, strlen(text), &world, &g->error);
}

static inline struct stage *stage_given(const char *text, const struct sonde_script_given *given,
					unsigned n)
{
	struct stage *g = calloc(1, sizeof *g);
	int r;

	ck_assert_ptr_nonnull(g);
	r = parse(g, text, given, n);
	ck_assert_msg(!r, "at %zu: expected %s", g->error.at, g->error.expected);
	return g;
}

static inline struct stage *stage(const char *text)
{
	return stage_given(text, NULL, 0);
}

static inline void leave(struct stage *g)
{
	sonde_script_done(g->s);
	sonde_arena_done(&g->arena);
	free(g);
}

static inline const char *copy(struct stage *g, const char *text)
{
	return text ? sonde_arena_string(&g->arena, text, strlen(text)) : NULL;
}

static inline void note_told(struct stage *g, const struct sonde_script_point *p)
{
	struct sonde_script_point *to = &g->point[g->told];

	ck_assert_uint_lt(g->told++, POINTS);
	*to = *p;
	to->packet = copy(g, p->packet);
	to->nearest = copy(g, p->nearest);
	to->why = copy(g, p->why);
}

/* Until it waits or is done; refuse: why nothing can be sent, or NULL. */
static inline struct sonde_script_step play(struct stage *g, const char *refuse)
{
	for (unsigned i = 0; i < 100000; i++) {
		struct sonde_script_step step = sonde_script_step(g->s, g->now);

		if (step.is == SONDE_STEP_WAIT || step.is == SONDE_STEP_DONE)
			return step;
		if (step.is == SONDE_STEP_TELL) {
			note_told(g, step.point);
			continue;
		}
		g->len = step.packet->p.len;
		memcpy(g->last, step.packet->p.byte, g->len);
		if (g->sent < POINTS)
			g->at[g->sent] = g->now;
		g->sent++;
		sonde_script_sent(g->s, refuse);
	}
	ck_abort_msg("it never waits");
}

/* A packet in words that comes so much after now. */
static inline void hear_at(struct stage *g, const char *words, sonde_ns when, enum sonde_dir dir)
{
	static uint8_t buf[BYTES];
	struct sonde_craft_world world = { 0 };
	struct sonde_craft_turn turn = { 0 };
	struct sonde_craft_error e;
	struct sonde_craft *c;
	struct sonde_draft d;
	int len;

	ck_assert(sonde_craft_parse(&c, &g->arena, words, strlen(words), &world, NULL, &e));
	sonde_draft_init(&d, buf, sizeof buf);
	len = sonde_craft_encode(c, &turn, &d);
	ck_assert_int_gt(len, 0);
	sonde_script_hear(g->s, &(struct sonde_frame){ .when = when,
						       .byte = { buf, (size_t)len },
						       .wire = (uint32_t)len,
						       .link = 101,
						       .dir = (uint8_t)dir });
}

static inline void hear(struct stage *g, const char *words)
{
	hear_at(g, words, g->now, SONDE_DIR_IN);
}

static inline void pass_time(struct stage *g, sonde_ns time)
{
	g->now += time;
}

#endif
