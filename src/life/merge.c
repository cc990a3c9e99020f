#include "life/merge.h"

#include <stddef.h>
#include <string.h>

/* What waits is kept small, for a millisecond's worth of it has to stay in the cache: of a frame
 * not the room that an event would take, of an event without addresses and texts not theirs. */
struct held {
	struct held *next; /* late */
	uint32_t class;
	uint32_t size;	/* of the item that is kept; the rest of an event is zero */
	uint8_t byte[]; /* the item, then what it borrows */
};

/* An event without addresses and texts. */
#define SHORT offsetof(struct sonde_item, event.local)

enum { CLASSES = 40, AHEAD = 4 };

/* Places of a class that are free. */
struct stock {
	struct held **at;
	size_t n, room;
};

struct place {
	sonde_ns when;
	uint64_t arrival;
	struct held *held;
};

/* What comes in order is appended; what does not goes into a heap. So neither a long queue nor
 * much disorder costs more than a logarithm. */
struct source {
	struct place *row; /* a ring */
	size_t at, n, room;
	struct place *heap;
	size_t stragglers, heap_room;
};

struct sonde_merge_inside {
	struct sonde_arena *arena;
	struct source source[SONDE_MERGE_SOURCES];
	struct stock stock[CLASSES];
	struct held *late, **late_end;
	struct held *lent; /* by the last pop */
	sonde_ns last;	   /* time of the youngest released */
	uint64_t arrivals;
};

void sonde_merge_init(struct sonde_merge *m, struct sonde_arena *arena)
{
	*m = (struct sonde_merge){ .inside = sonde_arena_take(arena, sizeof *m->inside) };
	m->inside->arena = arena;
	m->inside->late_end = &m->inside->late;
}

static struct sonde_bytes keep(uint8_t **to, struct sonde_bytes from)
{
	struct sonde_bytes kept = { *to, from.len };

	if (from.len)
		memcpy(*to, from.at, from.len);
	*to += from.len;
	return kept;
}

static uint32_t size_of(const struct sonde_item *item)
{
	const struct sonde_event *e = &item->event;

	if (item->is == SONDE_ITEM_FRAME)
		return offsetof(struct sonde_item, frame) + sizeof item->frame;
	if (e->local.family || e->remote.family || e->address.len || e->text.len)
		return sizeof *item;
	return SHORT;
}

/* What waited a few milliseconds is in no near cache any more; by the time it is wanted it is. */
static void fetch(const struct held *h)
{
	const char *at = (const char *)h;

	__builtin_prefetch(at);
	__builtin_prefetch(at + 64);
	__builtin_prefetch(at + 128);
}

static struct held *place_take(struct sonde_merge_inside *in, size_t need)
{
	size_t room = 128;
	uint32_t class = 0;
	struct stock *s;
	struct held *h;

	for (; room < need && class < CLASSES - 1; class ++)
		room += room < 1024 ? 64 : room;
	s = &in->stock[class];
	if (s->n) {
		h = s->at[--s->n];
		if (s->n >= AHEAD)
			fetch(s->at[s->n - AHEAD]);
	} else {
		h = sonde_arena_take(in->arena, room);
	}
	h->class = class;
	h->next = NULL;
	return h;
}

static void place_give(struct sonde_merge_inside *in, struct held *h)
{
	struct stock *s = &in->stock[h->class];

	if (s->n == s->room) {
		size_t room = s->room ? s->room * 2 : 64;

		s->at = sonde_arena_grow(in->arena, s->at, s->room, room - s->room, sizeof *s->at);
		s->room = room;
	}
	s->at[s->n++] = h;
}

static struct held *copy(struct sonde_merge_inside *in, const struct sonde_item *item)
{
	bool frame = item->is == SONDE_ITEM_FRAME;
	uint32_t size = size_of(item);
	size_t more = frame ? item->frame.byte.len : item->event.address.len + item->event.text.len;
	struct held *h = place_take(in, sizeof *h + size + more);
	struct sonde_item *kept = (void *)h->byte;
	uint8_t *to = h->byte + size;

	h->size = size;
	memcpy(kept, item, size);
	if (frame) {
		kept->frame.byte = keep(&to, item->frame.byte);
	} else if (size == sizeof *item) {
		kept->event.address = keep(&to, item->event.address);
		kept->event.text = keep(&to, item->event.text);
	}
	return h;
}

static bool before(const struct place *a, const struct place *b)
{
	return a->when != b->when ? a->when < b->when : a->arrival < b->arrival;
}

static void append(struct sonde_merge_inside *in, struct source *s, struct place p)
{
	if (s->n == s->room) {
		size_t room = s->room ? s->room * 2 : 256;
		struct place *row = sonde_arena_take(in->arena, room * sizeof *row);

		for (size_t i = 0; i < s->n; i++)
			row[i] = s->row[(s->at + i) & (s->room - 1)];
		s->row = row;
		s->room = room;
		s->at = 0;
	}
	s->row[(s->at + s->n++) & (s->room - 1)] = p;
}

static void heap_push(struct sonde_merge_inside *in, struct source *s, struct place p)
{
	size_t i = s->stragglers++;

	if (i == s->heap_room) {
		s->heap_room = i ? i * 2 : 64;
		s->heap =
			sonde_arena_grow(in->arena, s->heap, i, s->heap_room - i, sizeof *s->heap);
	}
	for (; i && before(&p, &s->heap[(i - 1) / 2]); i = (i - 1) / 2)
		s->heap[i] = s->heap[(i - 1) / 2];
	s->heap[i] = p;
}

static void heap_pop(struct source *s)
{
	struct place p = s->heap[--s->stragglers];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < s->stragglers) {
		if (child + 1 < s->stragglers && before(&s->heap[child + 1], &s->heap[child]))
			child++;
		if (!before(&s->heap[child], &p))
			break;
		s->heap[i] = s->heap[child];
		i = child;
	}
	s->heap[i] = p;
}

void sonde_merge_push(struct sonde_merge *m, unsigned source, const struct sonde_item *item)
{
	struct sonde_merge_inside *in = m->inside;
	struct source *s = &in->source[source % SONDE_MERGE_SOURCES];
	struct held *h = copy(in, item);
	struct place p = { sonde_item_when(item), in->arrivals++, h };

	m->held++;
	if (p.when < in->last) {
		m->late++;
		if (item->is == SONDE_ITEM_EVENT)
			((struct sonde_item *)(void *)h->byte)->event.flags |= SONDE_FLAG_LATE;
		*in->late_end = h;
		in->late_end = &h->next;
	} else if (s->n && p.when < s->row[(s->at + s->n - 1) & (s->room - 1)].when) {
		heap_push(in, s, p);
	} else {
		append(in, s, p);
	}
}

/* The oldest of a source, and whether it stands in the heap; NULL: it has none. */
static const struct place *oldest(const struct source *s, bool *ret_straggler)
{
	const struct place *row = s->n ? &s->row[s->at] : NULL;
	const struct place *heap = s->stragglers ? &s->heap[0] : NULL;

	*ret_straggler = heap && (!row || before(heap, row));
	return *ret_straggler ? heap : row;
}

static struct held *take(struct sonde_merge_inside *in, sonde_ns watermark)
{
	struct source *from = NULL;
	const struct place *best = NULL;
	bool straggler = false;
	struct held *h = in->late;

	if (h) {
		in->late = h->next;
		if (!in->late)
			in->late_end = &in->late;
		return h;
	}
	for (struct source *s = in->source; s < in->source + SONDE_MERGE_SOURCES; s++) {
		bool in_heap;
		const struct place *p = oldest(s, &in_heap);

		if (p && (!best || p->when < best->when)) {
			best = p;
			from = s;
			straggler = in_heap;
		}
	}
	if (!best || best->when > watermark)
		return NULL;
	in->last = best->when;
	h = best->held;
	if (straggler) {
		heap_pop(from);
	} else {
		from->at = (from->at + 1) & (from->room - 1);
		if (--from->n > AHEAD)
			fetch(from->row[(from->at + AHEAD) & (from->room - 1)].held);
	}
	return h;
}

int sonde_merge_pop(struct sonde_merge *m, sonde_ns watermark, struct sonde_item *ret)
{
	struct sonde_merge_inside *in = m->inside;
	struct held *h = take(in, watermark);

	if (!h)
		return 0;
	if (in->lent)
		place_give(in, in->lent);
	in->lent = h;
	h->next = NULL;
	memcpy(ret, h->byte, h->size);
	if (h->size == SHORT)
		memset((uint8_t *)ret + SHORT, 0, sizeof *ret - SHORT);
	m->held--;
	return 1;
}
