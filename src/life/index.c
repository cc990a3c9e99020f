#include "life/index.h"

#include <string.h>

struct sonde_index_slot {
	uint64_t key;
	void *value;
};

static uint64_t mix(uint64_t x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93u;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93u;
	return x ^ x >> 32;
}

uint64_t sonde_index_hash(uint64_t seed, const void *at, size_t len)
{
	const uint8_t *byte = at;
	uint64_t h = mix(seed) ^ len * 0x9e3779b97f4a7c15u; /* small seeds must not meet words */
	uint64_t word;

	for (; len >= 8; len -= 8, byte += 8) {
		memcpy(&word, byte, 8);
		h = (h ^ word) * 0xd6e8feb86659fd93u;
		h ^= h >> 32;
	}
	if (len) {
		word = 0;
		memcpy(&word, byte, len);
		h = (h ^ word) * 0xd6e8feb86659fd93u;
		h ^= h >> 32;
	}
	h = mix(h);
	return h ? h : 1;
}

/* The key's slot, or the empty one where it would go. */
static struct sonde_index_slot *slot(const struct sonde_index *x, uint64_t key)
{
	size_t i = mix(key) & (x->room - 1);

	while (x->at[i].key && x->at[i].key != key)
		i = (i + 1) & (x->room - 1);
	return &x->at[i];
}

void *sonde_index_get(const struct sonde_index *x, uint64_t key)
{
	return key && x->room ? slot(x, key)->value : NULL;
}

/* Doubles only where live keys need it: many that come and go reuse the same room. */
static void make_room(struct sonde_index *x, struct sonde_arena *a)
{
	struct sonde_index_slot *old = x->at;
	size_t live = 0, before = x->room;

	for (size_t i = 0; i < before; i++)
		live += !!old[i].value;
	while (x->room < 64 || live * 4 > x->room)
		x->room = x->room ? x->room * 2 : 64;
	if (x->room == before && x->spare)
		x->at = memset(x->spare, 0, x->room * sizeof *x->at);
	else
		x->at = sonde_arena_take(a, x->room * sizeof *x->at);
	x->spare = x->room == before ? old : NULL;
	x->used = live;
	for (size_t i = 0; i < before; i++)
		if (old[i].value)
			*slot(x, old[i].key) = old[i];
}

void sonde_index_put(struct sonde_index *x, struct sonde_arena *a, uint64_t key, void *value)
{
	struct sonde_index_slot *s;

	if (!key || (!value && !sonde_index_get(x, key)))
		return;
	if (!x->room || x->used * 2 >= x->room)
		make_room(x, a);
	s = slot(x, key);
	x->used += !s->key;
	s->key = key;
	s->value = value;
}
