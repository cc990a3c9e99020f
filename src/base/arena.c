#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sonde_arena_block {
	struct sonde_arena_block *before;
	size_t at, end; /* in byte */
	_Alignas(16) uint8_t byte[];
};

enum { BLOCK = 64 * 1024 };

void *sonde_arena_take(struct sonde_arena *a, size_t size)
{
	struct sonde_arena_block *b = a->last;
	void *taken;

	size = (size + 15) & ~(size_t)15;
	if (!b || b->end - b->at < size) {
		size_t room = size > BLOCK / 4 ? size : BLOCK;

		b = calloc(1, sizeof *b + room);
		if (!b)
			abort();
		b->end = room;
		if (a->last && size == room) { /* a big one stands behind the one in use */
			b->before = a->last->before;
			a->last->before = b;
		} else {
			b->before = a->last;
			a->last = b;
		}
	}
	taken = b->byte + b->at;
	b->at += size;
	a->used += size;
	return taken;
}

void *sonde_arena_grow(struct sonde_arena *a, const void *old, size_t n, size_t more, size_t size)
{
	void *new = sonde_arena_take(a, (n + more) * size);

	if (n)
		memcpy(new, old, n * size);
	return new;
}

char *sonde_arena_string(struct sonde_arena *a, const void *at, size_t len)
{
	char *s = sonde_arena_take(a, len + 1);

	if (len)
		memcpy(s, at, len);
	return s;
}

char *sonde_arena_print(struct sonde_arena *a, const char *fmt, ...)
{
	va_list args, again;
	char *s;
	int n;

	va_start(args, fmt);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, fmt, args);
	s = sonde_arena_take(a, n > 0 ? (size_t)n + 1 : 1);
	if (n > 0)
		vsnprintf(s, (size_t)n + 1, fmt, again);
	va_end(again);
	va_end(args);
	return s;
}

void sonde_arena_rewind(struct sonde_arena *a)
{
	struct sonde_arena_block *b = a->last;
	struct sonde_arena rest = { .last = b ? b->before : NULL };

	if (!b)
		return;
	sonde_arena_done(&rest);
	memset(b->byte, 0, b->at);
	b->before = NULL;
	b->at = 0;
	a->used = 0;
}

void sonde_arena_done(struct sonde_arena *a)
{
	struct sonde_arena_block *b = a->last, *before;

	for (; b; b = before) {
		before = b->before;
		free(b);
	}
	*a = (struct sonde_arena){ 0 };
}
