#include "capture/files.h"

#include <errno.h>
#include <stdlib.h>

#include "capture/state.h"

struct file {
	struct sonde_reader *reader;
	struct sonde_item item; /* not given yet */
	sonde_ns when; /* since 1970; of an item without time 0, so that it comes at once */
	int ended;
};

struct sonde_files {
	struct file **file;
	unsigned n;
	unsigned *heap; /* files that have an item, the earliest first */
	unsigned waiting;
	bool begun;
	bool given; /* the item of the first in the heap is the caller's: read the next */
};

int sonde_files_open(struct sonde_files **ret)
{
	*ret = calloc(1, sizeof **ret);
	return *ret ? 0 : -ENOMEM;
}

int sonde_files_add(struct sonde_files *f, struct sonde_reader *r)
{
	struct file *new = malloc(sizeof *new);
	struct file **file = reallocarray(f->file, f->n + 1, sizeof *f->file);
	unsigned *heap;

	if (file)
		f->file = file;
	heap = reallocarray(f->heap, f->n + 1, sizeof *f->heap);
	if (heap)
		f->heap = heap;
	if (!new || !file || !heap) {
		free(new);
		return -ENOMEM;
	}
	*new = (struct file){ .reader = r, .ended = 1 };
	f->file[f->n] = new;
	return (int)f->n++;
}

static bool is_before(const struct sonde_files *f, unsigned a, unsigned b)
{
	sonde_ns x = f->file[a]->when, y = f->file[b]->when;

	return x != y ? x < y : a < b;
}

static void sink(struct sonde_files *f, unsigned at)
{
	for (unsigned child; (child = 2 * at + 1) < f->waiting; at = child) {
		unsigned here = f->heap[at];

		child += child + 1 < f->waiting && is_before(f, f->heap[child + 1], f->heap[child]);
		if (is_before(f, here, f->heap[child]))
			return;
		f->heap[at] = f->heap[child];
		f->heap[child] = here;
	}
}

/* Whether there is another item. An event's time is turned to 1970 by what the reader knows. */
static bool pull(struct file *file)
{
	file->ended = sonde_reader_next(file->reader, &file->item);
	if (file->ended > 0)
		file->when = sonde_reader_when(file->reader, &file->item);
	return file->ended > 0;
}

static void begin(struct sonde_files *f)
{
	f->begun = true;
	for (unsigned i = 0; i < f->n; i++)
		if (pull(f->file[i]))
			f->heap[f->waiting++] = i;
	for (unsigned i = f->waiting / 2; i--;)
		sink(f, i);
}

int sonde_files_next(struct sonde_files *f, struct sonde_item *ret, unsigned *ret_from)
{
	const struct sonde_item *from;

	if (f->n == 1) { /* nothing to compare, nothing to copy */
		*ret_from = 0;
		f->file[0]->ended = sonde_reader_next(f->file[0]->reader, ret);
		return f->file[0]->ended > 0;
	}
	if (!f->begun) {
		begin(f);
	} else if (f->given) {
		if (!pull(f->file[f->heap[0]]))
			f->heap[0] = f->heap[--f->waiting];
		sink(f, 0);
	}
	f->given = f->waiting > 0;
	if (!f->given)
		return 0;
	*ret_from = f->heap[0];
	from = &f->file[f->heap[0]]->item;
	ret->is = from->is;
	if (from->is == SONDE_ITEM_FRAME) /* an event is much larger */
		ret->frame = from->frame;
	else
		ret->event = from->event;
	return 1;
}

struct sonde_reader *sonde_files_reader(const struct sonde_files *f, unsigned n)
{
	return n < f->n ? f->file[n]->reader : NULL;
}

int sonde_files_ended(const struct sonde_files *f, unsigned n)
{
	return f->file[n]->ended;
}

struct sonde_files *sonde_files_close(struct sonde_files *f)
{
	if (!f)
		return NULL;
	for (unsigned i = 0; i < f->n; i++) {
		sonde_reader_close(f->file[i]->reader);
		free(f->file[i]);
	}
	free(f->file);
	free(f->heap);
	free(f);
	return NULL;
}
