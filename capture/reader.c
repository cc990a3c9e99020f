#include "capture/reader.h"

#include <errno.h>
#include <stdlib.h>

#include "base/reason.h"
#include "capture/option.h"
#include "capture/pcapng.h"
#include "capture/state.h"

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
	**ret = (struct sonde_reader_interface){
		.told = { .tsresol = 6, .received = UINT64_MAX, .dropped = UINT64_MAX },
		.mul = 1000,
		.div = 1,
	};
	return 0;
}

void sonde_reader_forget(struct sonde_reader *r)
{
	while (r->n)
		free(r->interface[--r->n].options.at);
	free(r->options.at);
	r->options = (struct sonde_options){ 0 };
	r->kept = 0;
	sonde_processes_done(&r->processes);
}

int sonde_reader_keep(struct sonde_reader *r, struct sonde_options *o, struct sonde_bytes from)
{
	if (!from.len || from.len > SONDE_READER_KEPT_MOST - r->kept)
		return 0;
	o->at = malloc(from.len);
	if (!o->at)
		return -ENOMEM;
	memcpy(o->at, from.at, from.len);
	o->len = from.len;
	r->kept += from.len;
	return 0;
}

static uint64_t power(uint64_t base, unsigned n)
{
	uint64_t v = 1;

	while (n--)
		v *= base;
	return v;
}

/* 2^-n or 10^-n seconds. Of units below 10^-28 s, 64 bits do not make a nanosecond. */
void sonde_reader_set_unit(struct sonde_reader_interface *i, uint8_t tsresol)
{
	unsigned n = tsresol & 0x7f;

	i->told.tsresol = tsresol;
	i->mul = i->div = 1;
	i->shift = 0;
	if (tsresol & 0x80) {
		i->mul = SONDE_SECOND;
		i->shift = n;
	} else if (n <= 9) {
		i->mul = power(10, 9 - n);
	} else if (n <= 28) {
		i->div = power(10, n - 9);
	} else {
		i->mul = 0;
	}
}

sonde_ns sonde_reader_time(const struct sonde_reader_interface *i, uint64_t t)
{
	uint64_t offset = (uint64_t)i->told.tsoffset * SONDE_SECOND;

	if (i->div == 1 && !i->shift) /* nearly always: no division */
		return t * i->mul + offset;
	return (sonde_ns)((unsigned __int128)t * i->mul / i->div >> i->shift) + offset;
}

void sonde_reader_listen(struct sonde_reader *r, struct sonde_listener *l)
{
	l->next = r->listener;
	r->listener = l;
}

int sonde_reader_tell(const struct sonde_reader *r)
{
	int k = 0;

	for (const struct sonde_listener *l = r->listener; l && k >= 0; l = l->next)
		k = l->hear(l->arg, r->type, r->whole);
	return k < 0 ? k : 0;
}

int sonde_reader_open(struct sonde_reader **ret, sonde_reader_pull pull, void *arg)
{
	struct sonde_reader *r = calloc(1, sizeof *r);

	if (!r || sonde_feed_open(&r->feed, pull, arg) < 0) {
		free(r);
		return -ENOMEM;
	}
	*ret = r;
	return 0;
}

/* pcapng begins with the type of a section header, which reads the same in both byte orders. */
static int begin(struct sonde_reader *r)
{
	static const char *const names[] = { NULL, "gzip", "zstd" };
	static const uint8_t section[4] = { 0x0a, 0x0d, 0x0d, 0x0a };
	int k = sonde_feed_need(&r->feed, 4);
	enum sonde_packing packing = k > 0 ? sonde_packing_of(r->feed.at + r->feed.from) : 0;

	if (packing) {
		r->kind.compression = names[packing];
		k = sonde_feed_unpack(&r->feed, packing);
		k = k < 0 ? k : sonde_feed_need(&r->feed, 4);
	}
	if (k <= 0)
		return k ? k : SONDE_CUT;
	if (memcmp(r->feed.at + r->feed.from, section, 4)) {
		r->next = sonde_pcap_next;
		return sonde_pcap_begin(r);
	}
	r->kind.format = "pcapng";
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
	else
		r->frames += k && ret->is == SONDE_ITEM_FRAME;
	return k;
}

struct sonde_reader_place sonde_reader_place(const struct sonde_reader *r)
{
	return (struct sonde_reader_place){
		.block = r->block,
		.at = r->at,
		.end = r->feed.before + r->feed.to,
		.frames = r->frames,
		.section = r->section,
		.compressed = r->kind.compression,
	};
}

uint64_t sonde_reader_block(const struct sonde_reader *r)
{
	return r->block;
}

struct sonde_reader_kind sonde_reader_kind(const struct sonde_reader *r)
{
	struct sonde_reader_kind kind = r->kind;

	kind.big = r->swap == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
	return kind;
}

bool sonde_reader_ours(const struct sonde_reader *r)
{
	return r->ours;
}

/* One run has one clock, which each of its interfaces tells. */
sonde_ns sonde_reader_when(const struct sonde_reader *r, const struct sonde_item *item)
{
	if (item->is == SONDE_ITEM_FRAME)
		return r->when;
	return item->event.when + (r->n ? (uint64_t)r->interface->clock : 0);
}

const struct sonde_remark *sonde_reader_remark(const struct sonde_reader *r)
{
	return &r->remark;
}

const struct sonde_interface *sonde_reader_interface(const struct sonde_reader *r, uint32_t n)
{
	return n < r->n ? &r->interface[n].told : NULL;
}

bool sonde_reader_option(const struct sonde_reader *r, unsigned code, unsigned n,
			 struct sonde_bytes *ret)
{
	return sonde_option_find(r->swap, r->frame_options, code, n, ret);
}

static struct sonde_bytes as_bytes(const struct sonde_options *o)
{
	return (struct sonde_bytes){ o->at, o->len };
}

bool sonde_reader_interface_option(const struct sonde_reader *r, uint32_t interface, unsigned code,
				   unsigned n, struct sonde_bytes *ret)
{
	return interface < r->n &&
	       sonde_option_find(r->swap, as_bytes(&r->interface[interface].options), code, n, ret);
}

bool sonde_reader_section_option(const struct sonde_reader *r, unsigned code, unsigned n,
				 struct sonde_bytes *ret)
{
	return sonde_option_find(r->swap, as_bytes(&r->options), code, n, ret);
}

bool sonde_reader_process(const struct sonde_reader *r, unsigned n, struct sonde_process *ret)
{
	struct sonde_bytes ids;

	if (!sonde_reader_option(r, PCAPNG_PROCESSES, n, &ids) || ids.len < 8)
		return false;
	*ret = (struct sonde_process){
		.pid = sonde_reader_get32(r, ids.at),
		.tid = sonde_reader_get32(r, ids.at + 4),
		.ppid = -1,
		.uid = -1,
	};
	sonde_processes_find(&r->processes, r->when, ret);
	return true;
}

struct sonde_reader *sonde_reader_close(struct sonde_reader *r)
{
	if (r) {
		sonde_reader_forget(r);
		free(r->interface);
		free(r->entry);
		sonde_feed_close(&r->feed);
		free(r);
	}
	return NULL;
}
