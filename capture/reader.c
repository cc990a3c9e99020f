#include "capture/reader.h"

#include <errno.h>
#include <stdlib.h>

#include "base/reason.h"
#include "capture/state.h"

enum { CHUNK = 1 << 16 }; /* longer ones were not faster */

int sonde_feed_need(struct sonde_feed *f, size_t n)
{
	while (f->to - f->from < n) {
		ssize_t got;

		if (f->ended)
			return f->to > f->from ? SONDE_CUT : 0;
		memmove(f->at, f->at + f->from, f->to - f->from);
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

int sonde_reader_interface_add(struct sonde_reader *r, struct sonde_reader_interface **ret)
{
	if (r->n == SONDE_READER_INTERFACES_MOST)
		return SONDE_DAMAGED;
	if (r->n == r->room) {
		size_t room = r->room ? r->room * 2 : 8;
		void *more = reallocarray(r->interface, room, sizeof *r->interface);

		if (!more)
			return -ENOMEM;
		r->interface = more;
		r->room = room;
	}
	*ret = &r->interface[r->n++];
	**ret = (struct sonde_reader_interface){ .mul = 1000, .div = 1 };
	return 0;
}

sonde_ns sonde_reader_time(const struct sonde_reader_interface *i, uint64_t t)
{
	sonde_ns ns = (sonde_ns)((unsigned __int128)t * i->mul / i->div >> i->shift);

	return ns + (uint64_t)i->offset * SONDE_SECOND;
}

int sonde_reader_open(struct sonde_reader **ret, sonde_reader_pull pull, void *arg)
{
	struct sonde_reader *r = calloc(1, sizeof *r);

	if (!r || !(r->feed.at = malloc(CHUNK))) {
		free(r);
		return -ENOMEM;
	}
	r->feed.cap = CHUNK;
	r->feed.pull = pull;
	r->feed.arg = arg;
	*ret = r;
	return 0;
}

/* pcapng begins with the type of a section header, which reads the same in both byte orders. */
static int begin(struct sonde_reader *r)
{
	static const uint8_t section[4] = { 0x0a, 0x0d, 0x0d, 0x0a };
	int k = sonde_feed_need(&r->feed, 4);

	if (k <= 0)
		return k ? k : SONDE_CUT;
	if (memcmp(r->feed.at + r->feed.from, section, 4)) {
		r->next = sonde_pcap_next;
		return sonde_pcap_begin(r);
	}
	r->next = sonde_pcapng_next;
	return 0;
}

int sonde_reader_next(struct sonde_reader *r, struct sonde_item *ret)
{
	int k = r->failed;

	if (!k && !r->next)
		k = begin(r);
	if (!k)
		k = r->next(r, ret);
	if (k < 0)
		r->failed = k;
	return k;
}

uint64_t sonde_reader_block(const struct sonde_reader *r)
{
	return r->block;
}

bool sonde_reader_ours(const struct sonde_reader *r)
{
	return r->ours;
}

const struct sonde_remark *sonde_reader_remark(const struct sonde_reader *r)
{
	return &r->remark;
}

const struct sonde_interface *sonde_reader_interface(const struct sonde_reader *r, uint32_t n)
{
	return n < r->n ? &r->interface[n].told : NULL;
}

struct sonde_reader *sonde_reader_close(struct sonde_reader *r)
{
	if (r) {
		free(r->interface);
		free(r->feed.at);
		free(r);
	}
	return NULL;
}
