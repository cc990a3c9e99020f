#include <errno.h>
#include <stdlib.h>

#include "base/reason.h"
#include "capture/state.h"

enum { CHUNK = 1 << 17 }; /* longer ones were not faster */

int sonde_feed_open(struct sonde_feed *f, sonde_reader_pull pull, void *arg)
{
	*f = (struct sonde_feed){ .pull = pull, .arg = arg, .cap = CHUNK };
	f->at = malloc(CHUNK);
	return f->at ? 0 : -ENOMEM;
}

void sonde_feed_close(struct sonde_feed *f)
{
	sonde_unpack_close(f->unpack);
	free(f->at);
}

int sonde_feed_fetch(struct sonde_feed *f, size_t n)
{
	while (f->to - f->from < n) {
		ssize_t got;

		if (f->ended)
			return f->to > f->from ? SONDE_CUT : 0;
		memmove(f->at, f->at + f->from, f->to - f->from);
		f->before += f->from;
		f->to -= f->from;
		f->from = 0;
		/* Grown by what has come, never by what a length promises. */
		if (f->to == f->cap) {
			uint8_t *more = realloc(f->at, f->cap * 2);

			if (!more)
				return -ENOMEM;
			f->at = more;
			f->cap *= 2;
		}
		got = f->pull(f->arg, f->at + f->to, f->cap - f->to);
		if (got < 0)
			return (int)got;
		f->ended = got == 0;
		f->to += (size_t)got;
	}
	return 1;
}

int sonde_feed_unpack(struct sonde_feed *f, enum sonde_packing packing)
{
	struct sonde_unpack_source source = { f->pull, f->arg, f->at, f->from, f->to, f->cap };
	uint8_t *at = malloc(CHUNK);
	int r = at ? sonde_unpack_open(&f->unpack, packing, &source) : -ENOMEM;

	if (r < 0) {
		free(at);
		return r;
	}
	f->pull = sonde_unpack_pull;
	f->arg = f->unpack;
	f->at = at;
	f->cap = CHUNK;
	f->from = f->to = 0;
	f->before = 0;
	f->ended = false;
	return 0;
}
