#include <errno.h>
#include <stdlib.h>

#include "base/reason.h"
#include "capture/journal.h"
#include "capture/option.h"
#include "capture/pcapng.h"
#include "capture/state.h"
#include "capture/words.h"

enum { COOKED = 276, COOKED_SIZE = 20, RAW = 101 };

static int read_interface_options(struct sonde_reader *r, struct sonde_reader_interface *i,
				  struct sonde_bytes rest)
{
	struct sonde_option o;
	int k;

	while ((k = sonde_option_next(r->swap, &rest, &o)) > 0) {
		if (o.code == SONDE_OPTION_INTERFACE_NAME) {
			size_t most = sizeof i->told.name - 1;

			memcpy(i->told.name, o.value.at, o.value.len < most ? o.value.len : most);
		} else if (o.code == SONDE_OPTION_INTERFACE_DESCRIPTION) {
			i->ours = sonde_words_interface_get(o.value, &i->told.netns,
							    &i->told.ifindex, &i->clock);
			i->told.clock = i->clock;
		} else if (o.code == PCAPNG_TSRESOL && o.value.len) {
			sonde_reader_set_unit(i, *o.value.at);
		} else if (o.code == PCAPNG_FCSLEN && o.value.len) {
			i->told.fcs = *o.value.at;
		} else if (o.code == PCAPNG_TSOFFSET && o.value.len >= 8) {
			i->told.tsoffset = (int64_t)sonde_reader_get64(r, o.value.at);
		}
	}
	return k;
}

static int read_interface(struct sonde_reader *r, struct sonde_bytes body)
{
	struct sonde_reader_interface *i;
	struct sonde_bytes options;
	int k;

	if (body.len < 8)
		return SONDE_DAMAGED;
	if ((k = sonde_reader_interface_add(r, &i)) < 0)
		return k;
	i->told.link = sonde_reader_get16(r, body.at);
	i->told.snaplen = sonde_reader_get32(r, body.at + 4);
	options = (struct sonde_bytes){ body.at + 8, body.len - 8 };
	k = sonde_reader_keep(r, &i->options, options);
	return k < 0 ? k : read_interface_options(r, i, options);
}

static void add(uint64_t *sum, uint64_t n)
{
	*sum = (*sum == UINT64_MAX ? 0 : *sum) + n;
}

/* What lies here, or is of an interface that is not there, is nobody's statistics and no harm. */
static void read_statistics(struct sonde_reader *r, struct sonde_bytes body)
{
	struct sonde_interface *told;
	struct sonde_bytes rest;
	struct sonde_option o;

	if (body.len < 12 || sonde_reader_get32(r, body.at) >= r->n)
		return;
	rest = (struct sonde_bytes){ body.at + 12, body.len - 12 };
	told = &r->interface[sonde_reader_get32(r, body.at)].told;
	told->statistics++;
	told->dropped = UINT64_MAX;
	while (sonde_option_next(r->swap, &rest, &o) > 0) {
		if (o.value.len < 8)
			continue;
		if (o.code == PCAPNG_RECEIVED)
			told->received = sonde_reader_get64(r, o.value.at);
		else if (o.code == PCAPNG_DROPPED || o.code == PCAPNG_DROPPED_BY_OS)
			add(&told->dropped, sonde_reader_get64(r, o.value.at));
	}
}

/* Wireshark's process information; every other custom block says nothing to us. */
static int read_custom(struct sonde_reader *r, struct sonde_bytes body)
{
	uint32_t entry[2];

	if (body.len < 12 || sonde_reader_get32(r, body.at) != PCAPNG_WIRESHARK)
		return 0;
	memcpy(entry, body.at + 4, 8);
	if (le32toh(entry[0]) != SONDE_PROCESS_ENTRY || le32toh(entry[1]) > body.len - 12)
		return 0;
	return sonde_processes_learn(&r->processes,
				     (struct sonde_bytes){ body.at + 12, le32toh(entry[1]) });
}

/* Our own packet: back to what the writer was given. The others stay as they are. */
static void undress(struct sonde_reader *r, const struct sonde_reader_interface *i,
		    struct sonde_frame *f)
{
	struct sonde_bytes comment;

	r->ours = i->ours && f->link == COOKED && f->byte.len >= COOKED_SIZE;
	if (!r->ours)
		return;
	f->when -= (uint64_t)i->clock;
	f->netns = i->told.netns;
	f->ifindex = i->told.ifindex;
	f->link = RAW;
	f->protocol = (uint16_t)sonde_load(f->byte.at, 2);
	for (unsigned n = 0; sonde_reader_option(r, SONDE_OPTION_COMMENT, n, &comment); n++)
		sonde_words_frame_get(comment, f);
	f->gso &= !f->gso_size; /* who was told the size was not told the fact */
	if (f->link != RAW) {
		f->protocol = 0;
		return;
	}
	f->byte = (struct sonde_bytes){ f->byte.at + COOKED_SIZE, f->byte.len - COOKED_SIZE };
	f->wire -= COOKED_SIZE;
}

static void read_flags(uint32_t flags, struct sonde_frame *f, unsigned *fcs)
{
	unsigned dir = flags & 3, told = flags >> PCAPNG_FLAGS_FCS & 15;

	f->dir = dir == PCAPNG_IN    ? SONDE_DIR_IN
		 : dir == PCAPNG_OUT ? SONDE_DIR_OUT
				     : SONDE_DIR_UNKNOWN;
	f->sum = flags & PCAPNG_SUM_NOT_READY ? SONDE_SUM_NOT_READY
		 : flags & PCAPNG_SUM_VALID   ? SONDE_SUM_VALID
					      : SONDE_SUM_UNKNOWN;
	f->gso = flags & PCAPNG_SEGMENTED;
	*fcs = told ? told : *fcs;
}

static int read_options(struct sonde_reader *r, struct sonde_bytes rest, struct sonde_frame *f,
			unsigned *fcs)
{
	struct sonde_remark *m = &r->remark;
	struct sonde_option o;
	int k;

	r->frame_options = rest;
	while ((k = sonde_option_next(r->swap, &rest, &o)) > 0) {
		if (o.code == SONDE_OPTION_COMMENT) {
			if (!m->comments++)
				m->comment = o.value;
		} else if (o.code == PCAPNG_FLAGS && o.value.len >= 4) {
			read_flags(sonde_reader_get32(r, o.value.at), f, fcs);
		} else if (o.code == PCAPNG_DROPCOUNT && o.value.len >= 8) {
			m->dropped = sonde_reader_get64(r, o.value.at);
		} else if (o.code == PCAPNG_PROCESSES && o.value.len >= 8) {
			if (!m->processes++) {
				m->pid = sonde_reader_get32(r, o.value.at);
				m->tid = sonde_reader_get32(r, o.value.at + 4);
			}
		}
	}
	return k;
}

/* Both kinds of packet block, which differ only in how they begin. */
static int read_packet(struct sonde_reader *r, struct sonde_bytes body, bool old,
		       struct sonde_frame *ret)
{
	const struct sonde_reader_interface *i;
	uint32_t n, caplen;
	unsigned fcs;
	size_t data;
	int k = 0;

	if (body.len < 20)
		return SONDE_DAMAGED;
	n = old ? sonde_reader_get16(r, body.at) : sonde_reader_get32(r, body.at);
	if (old && sonde_reader_get16(r, body.at + 2) != UINT16_MAX)
		r->remark.dropped = sonde_reader_get16(r, body.at + 2);
	caplen = sonde_reader_get32(r, body.at + 12);
	if (n >= r->n || caplen > body.len - 20)
		return SONDE_DAMAGED;
	i = &r->interface[n];
	r->remark.interface = n;
	r->when = sonde_reader_time(i, (uint64_t)sonde_reader_get32(r, body.at + 4) << 32 |
					       sonde_reader_get32(r, body.at + 8));
	*ret = (struct sonde_frame){
		.when = r->when,
		.byte = { body.at + 20, caplen },
		.wire = sonde_reader_get32(r, body.at + 16),
		.link = i->told.link,
		.ifindex = n,
	};
	fcs = i->told.fcs;
	data = 20 + (((size_t)caplen + 3) & ~(size_t)3);
	if (data < body.len)
		k = read_options(r, (struct sonde_bytes){ body.at + data, body.len - data }, ret,
				 &fcs);
	if (k < 0)
		return k;
	if (fcs)
		ret->fcs = sonde_reader_fcs(ret, fcs);
	if (i->ours)
		undress(r, i, ret);
	return 1;
}

/* Has neither a time nor options, and always comes from the first interface. */
static int read_simple(struct sonde_reader *r, struct sonde_bytes body, struct sonde_frame *ret)
{
	const struct sonde_interface *i = sonde_reader_interface(r, 0);
	uint32_t wire;
	size_t caplen;

	if (!i || body.len < 4)
		return SONDE_DAMAGED;
	wire = sonde_reader_get32(r, body.at);
	caplen = i->snaplen && i->snaplen < wire ? i->snaplen : wire;
	if (caplen > body.len - 4)
		return SONDE_DAMAGED;
	*ret = (struct sonde_frame){
		.byte = { body.at + 4, caplen },
		.wire = wire,
		.link = i->link,
	};
	ret->fcs = sonde_reader_fcs(ret, i->fcs);
	r->remark.untimed = true;
	r->when = 0;
	return 1;
}

/* The byte order has to be known before the length means anything. */
static int read_order(struct sonde_reader *r)
{
	int k = sonde_feed_need(&r->feed, 16);
	const uint8_t *at = r->feed.at + r->feed.from;

	if (k < 0)
		return k;
	r->swap = false;
	if (sonde_reader_get32(r, at + 8) != PCAPNG_ORDER_MARK)
		r->swap = true;
	if (sonde_reader_get32(r, at + 8) != PCAPNG_ORDER_MARK)
		return r->block == 1 ? SONDE_NOT_CAPTURE : SONDE_DAMAGED;
	return sonde_reader_get32(r, at + 4) < 28 ? SONDE_DAMAGED : 0;
}

static int read_section(struct sonde_reader *r, struct sonde_bytes body)
{
	int k = sonde_reader_tell(r);

	if (k < 0)
		return k;
	sonde_reader_forget(r);
	r->section++;
	r->kind.major = sonde_reader_get16(r, body.at + 4);
	r->kind.minor = sonde_reader_get16(r, body.at + 6);
	if (r->kind.major != 1)
		return SONDE_UNSUPPORTED;
	return sonde_reader_keep(r, &r->options,
				 (struct sonde_bytes){ body.at + 16, body.len - 16 });
}

/* The length at the end of a block that has len bytes; *ret is how many there are. Old writers told
 * a length that is no multiple of 4, and filled the block up without counting that, or did not. */
static int need_end(struct sonde_reader *r, uint32_t len, uint32_t *ret)
{
	uint32_t filled = (len + 3) & ~3u;
	int k = sonde_feed_need(&r->feed, filled);

	*ret = filled;
	if (k > 0 && sonde_reader_get32(r, r->feed.at + r->feed.from + filled - 4) == len)
		return 1;
	if (filled != len)
		k = sonde_feed_need(&r->feed, len);
	if (k <= 0)
		return k;
	*ret = len;
	return sonde_reader_get32(r, r->feed.at + r->feed.from + len - 4) == len ? 1
										 : SONDE_DAMAGED;
}

/* The next whole block, of which nothing is left in the feed. Returns as sonde_reader_next. */
static int next_block(struct sonde_reader *r, struct sonde_bytes *ret_body)
{
	int k = sonde_feed_need(&r->feed, 12);
	const uint8_t *at = r->feed.at + r->feed.from;
	uint32_t len;

	if (k == 0)
		return 0;
	r->block++;
	r->at = r->feed.before + r->feed.from;
	if (k < 0)
		return k;
	r->type = sonde_reader_get32(r, at);
	if (r->type == PCAPNG_SECTION && (k = read_order(r)) < 0)
		return k;
	len = sonde_reader_get32(r, r->feed.at + r->feed.from + 4);
	if (len < 12 || len > SONDE_READER_BLOCK_MOST)
		return SONDE_DAMAGED;
	k = need_end(r, len, &len);
	if (k < 0)
		return k;
	at = r->feed.at + r->feed.from;
	r->whole = (struct sonde_bytes){ at, len };
	*ret_body = (struct sonde_bytes){ at + 8, len - 12 };
	r->feed.from += len;
	__builtin_prefetch(at + len);
	return 1;
}

/* A block that is no item. Names, secrets, other custom and unknown ones are for listeners. */
static int read_other(struct sonde_reader *r, struct sonde_bytes body)
{
	int k = 0;

	switch (r->type) {
	case PCAPNG_SECTION: k = read_section(r, body); break;
	case PCAPNG_INTERFACE: k = read_interface(r, body); break;
	case PCAPNG_STATISTICS: read_statistics(r, body); break;
	case PCAPNG_NAMES: sonde_reader_names(r, body); break;
	case PCAPNG_CUSTOM:
	case PCAPNG_CUSTOM_PRIVATE: k = read_custom(r, body); break;
	}
	return k < 0 || r->type == PCAPNG_SECTION ? k : sonde_reader_tell(r);
}

/* Reading an entry overwrites it, but the block has to stay as it is: somebody may copy it. */
static int read_journal(struct sonde_reader *r, struct sonde_bytes body, struct sonde_event *ret)
{
	if (r->entry_room < body.len) {
		void *more = realloc(r->entry, body.len);

		if (!more)
			return -ENOMEM;
		r->entry = more;
		r->entry_room = body.len;
	}
	if (body.len)
		memcpy(r->entry, body.at, body.len);
	return sonde_journal_read(r->entry, body.len, ret);
}

int sonde_pcapng_next(struct sonde_reader *r, struct sonde_item *ret)
{
	struct sonde_bytes body;
	int k;

	while ((k = next_block(r, &body)) > 0) {
		r->remark = (struct sonde_remark){ 0 };
		r->frame_options = (struct sonde_bytes){ 0 };
		r->ours = false;
		ret->is = SONDE_ITEM_FRAME;
		if (r->type == PCAPNG_PACKET || r->type == PCAPNG_OLD_PACKET) {
			k = read_packet(r, body, r->type == PCAPNG_OLD_PACKET, &ret->frame);
		} else if (r->type == PCAPNG_SIMPLE_PACKET) {
			k = read_simple(r, body, &ret->frame);
		} else if (r->type == PCAPNG_JOURNAL && (k = read_journal(r, body, &ret->event))) {
			ret->is = SONDE_ITEM_EVENT;
			r->ours = true;
		} else {
			k = read_other(r, body);
		}
		if (k)
			break;
	}
	return k;
}
