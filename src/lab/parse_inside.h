#ifndef SONDE_LAB_PARSE_INSIDE_H
#define SONDE_LAB_PARSE_INSIDE_H

/* What the files parse*.c share. The text is read several times, each time for statements of one
 * kind, so that they may stand in any order. */

#include "lab/word.h"

enum sonde_parse_pass {
	SONDE_PASS_NODES = 1,
	SONDE_PASS_LINKS = 2,
	SONDE_PASS_REST = 4,
	SONDE_PASS_STARS = 8, /* routes to "*": to whom nothing else was said */
	SONDE_PASS_END = 16,
};

struct sonde_parse {
	struct sonde_words words; /* the first member: readers of values get at the rest by it */
	struct sonde_lab *lab;
	enum sonde_parse_pass pass;
	unsigned *routed; /* line of the route from node i to node k, at i * nodes + k; 0: none */
};

/* Room for one more behind n: arrays double when they are full. */
static inline void *sonde_parse_more(struct sonde_arena *arena, const void *old, unsigned n,
				     size_t size)
{
	return n & (n - 1) ? (void *)(uintptr_t)old
			   : sonde_arena_grow(arena, old, n, n ? n : 1, size);
}

/* The node of that name, or SONDE_DESCRIPTION. */
int sonde_parse_node(struct sonde_parse *p, struct sonde_word name);

int sonde_parse_link(struct sonde_parse *p);
int sonde_parse_route(struct sonde_parse *p);
int sonde_parse_box(struct sonde_parse *p);

#endif
