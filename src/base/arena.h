#ifndef SONDE_BASE_ARENA_H
#define SONDE_BASE_ARENA_H

/* The memory of a thinking room. What is taken lives until the arena is done; nothing is given back
 * one by one. Running out of memory ends the program: no caller could go on truthfully. */

#include <stddef.h>

struct sonde_arena {
	struct sonde_arena_block *last; /* zero at first */
	size_t used;			/* bytes taken in all */
};

/* Zeroed memory, aligned for anything. Never NULL. */
void *sonde_arena_take(struct sonde_arena *a, size_t size);

/* The same bytes in n + more places of size each, for a growing array: old may be NULL with n 0.
 * The old place is left to the arena, so grow by doubling. */
void *sonde_arena_grow(struct sonde_arena *a, const void *old, size_t n, size_t more, size_t size);

/* A copy of len bytes with a NUL behind it. */
char *sonde_arena_string(struct sonde_arena *a, const void *at, size_t len);

/* Formatted text with its NUL. */
__attribute__((format(printf, 2, 3))) char *sonde_arena_print(struct sonde_arena *a,
							      const char *fmt, ...);

/* All that was taken is given back; one block stays, so that taking again is cheap. */
void sonde_arena_rewind(struct sonde_arena *a);

/* Everything is freed; the arena may be used again. */
void sonde_arena_done(struct sonde_arena *a);

#endif
