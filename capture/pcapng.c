#include "base/reason.h"
#include "capture/journal.h"
#include "capture/state.h"
#include "capture/words.h"

/* draft-ietf-opsawg-pcapng. Every block: type, total length, body, options, total length again; all
 * in the byte order of its section. */

enum {
	INTERFACE = 1,
	OLD_PACKET = 2,
	SIMPLE_PACKET = 3,
	PACKET = 6,
	JOURNAL = 9,
	SECTION = 0x0a0d0d0a,
	ORDER_MARK = 0x1a2b3c4d,
};

enum { COOKED = 276, COOKED_SIZE = 20, RAW = 101 };

struct option {
	uint16_t code;
	struct sonde_bytes value;
};

/* 1 and the next option, 0 at the end of them, SONDE_DAMAGED. The end mark may be missing. */
static int option_next(const struct sonde_reader *r, struct sonde_bytes *rest, struct option *ret)
{
	size_t len, whole;

	if (rest->len < 4)
		return 0;
	ret->code = sonde_reader_get16(r, rest->at);
	len = sonde_reader_get16(r, rest->at + 2);
	if (!ret->code)
		return 0;
	if (len > rest->len - 4)
		return SONDE_DAMAGED;
	ret->value = (struct sonde_bytes){ rest->at + 4, len };
	whole = 4 + ((len + 3) & ~(size_t)3);
	whole = whole < rest->len ? whole : rest->len;
	*rest = (struct sonde_bytes){ rest->at + whole, rest->len - whole };
	return 1;
}

static uint64_t power(uint64_t base, unsigned n)
{
	uint64_t v = 1;

	while (n--)
		v *= base;
	return v;
}

/* if_tsresol: 2^-n or 10^-n seconds. Of units below 10^-28 s, 64 bits do not make a nanosecond. */
static void set_unit(struct sonde_reader_interface *i, uint8_t tsresol)
{
	unsigned n = tsresol & 0x7f;

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

static int read_interface(struct sonde_reader *r, struct sonde_bytes body)
{
	struct sonde_reader_interface *i;
	struct sonde_bytes rest = body;
	struct option o;
	int k;

	if (body.len < 8)
		return SONDE_DAMAGED;
	if ((k = sonde_reader_interface_add(r, &i)) < 0)
		return k;
	i->told.link = sonde_reader_get16(r, body.at);
	i->told.snaplen = sonde_reader_get32(r, body.at + 4);
	rest = (struct sonde_bytes){ body.at + 8, body.len - 8 };
	while ((k = option_next(r, &rest, &o)) > 0) {
		if (o.code == 2) {
			size_t most = sizeof i->told.name - 1;

			memcpy(i->told.name, o.value.at, o.value.len < most ? o.value.len : most);
		} else if (o.code == 3) {
			i->ours = sonde_words_interface_get(o.value, &i->told.netns,
							    &i->told.ifindex, &i->clock);
		} else if (o.code == 9 && o.value.len) {
			set_unit(i, *o.value.at);
		} else if (o.code == 14 && o.value.len >= 8) {
			i->offset = (int64_t)sonde_reader_get64(r, o.value.at);
		}
	}
	return k;
}

/* Our own packet: back to what the writer was given. The others stay as they are. */
static void undress(struct sonde_reader *r, const struct sonde_reader_interface *i, uint64_t t,
		    struct sonde_frame *f)
{
	r->ours = i->ours && f->link == COOKED && f->byte.len >= COOKED_SIZE;
	if (!r->ours)
		return;
	f->when = t - (uint64_t)i->clock;
	f->netns = i->told.netns;
	f->ifindex = i->told.ifindex;
	f->link = RAW;
	f->protocol = (uint16_t)sonde_load(f->byte.at, 2);
	sonde_words_frame_get(r->remark.comment, f);
	if (f->link != RAW) {
		f->protocol = 0;
		return;
	}
	f->byte = (struct sonde_bytes){ f->byte.at + COOKED_SIZE, f->byte.len - COOKED_SIZE };
	f->wire -= COOKED_SIZE;
}

static int read_options(struct sonde_reader *r, struct sonde_bytes rest, struct sonde_frame *f)
{
	struct sonde_remark *m = &r->remark;
	struct option o;
	uint32_t flags;
	int k;

	while ((k = option_next(r, &rest, &o)) > 0) {
		if (o.code == 1 && !m->comment.len) {
			m->comment = o.value;
		} else if (o.code == 2 && o.value.len >= 4) {
			flags = sonde_reader_get32(r, o.value.at);
			f->dir = (flags & 3) == 1   ? SONDE_DIR_IN
				 : (flags & 3) == 2 ? SONDE_DIR_OUT
						    : SONDE_DIR_UNKNOWN;
			f->sum = flags & 1 << 9	   ? SONDE_SUM_NOT_READY
				 : flags & 1 << 10 ? SONDE_SUM_VALID
						   : SONDE_SUM_UNKNOWN;
		} else if (o.code == 4 && o.value.len >= 8) {
			m->dropped = sonde_reader_get64(r, o.value.at);
		} else if (o.code == 8 && o.value.len >= 8 && !m->pid) {
			m->pid = sonde_reader_get32(r, o.value.at);
			m->tid = sonde_reader_get32(r, o.value.at + 4);
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
	size_t data;
	uint64_t t;
	int k;

	if (body.len < 20)
		return SONDE_DAMAGED;
	n = old ? sonde_reader_get16(r, body.at) : sonde_reader_get32(r, body.at);
	if (old && sonde_reader_get16(r, body.at + 2) != UINT16_MAX)
		r->remark.dropped = sonde_reader_get16(r, body.at + 2);
	t = (uint64_t)sonde_reader_get32(r, body.at + 4) << 32 | sonde_reader_get32(r, body.at + 8);
	caplen = sonde_reader_get32(r, body.at + 12);
	if (n >= r->n || caplen > body.len - 20)
		return SONDE_DAMAGED;
	i = &r->interface[n];
	*ret = (struct sonde_frame){
		.when = sonde_reader_time(i, t),
		.byte = { body.at + 20, caplen },
		.wire = sonde_reader_get32(r, body.at + 16),
		.link = i->told.link,
		.ifindex = n,
	};
	data = 20 + (((size_t)caplen + 3) & ~(size_t)3);
	data = data < body.len ? data : body.len;
	k = read_options(r, (struct sonde_bytes){ body.at + data, body.len - data }, ret);
	if (k < 0)
		return k;
	undress(r, i, t, ret);
	return 1;
}

/* Has neither a time nor options, and always comes from the first interface. */
static int read_simple(struct sonde_reader *r, struct sonde_bytes body, struct sonde_frame *ret)
{
	uint32_t wire, snaplen;
	size_t caplen;

	if (!r->n || body.len < 4)
		return SONDE_DAMAGED;
	wire = sonde_reader_get32(r, body.at);
	snaplen = r->interface->told.snaplen;
	caplen = snaplen && snaplen < wire ? snaplen : wire;
	if (caplen > body.len - 4)
		return SONDE_DAMAGED;
	*ret = (struct sonde_frame){
		.byte = { body.at + 4, caplen },
		.wire = wire,
		.link = r->interface->told.link,
	};
	return 1;
}

/* The byte order has to be known before the length means anything. */
static int read_section(struct sonde_reader *r)
{
	int k = sonde_feed_need(&r->feed, 16);
	const uint8_t *at = r->feed.at + r->feed.from;

	if (k < 0)
		return k;
	r->swap = false;
	if (sonde_reader_get32(r, at + 8) != ORDER_MARK)
		r->swap = true;
	if (sonde_reader_get32(r, at + 8) != ORDER_MARK)
		return r->block == 1 ? SONDE_NOT_CAPTURE : SONDE_DAMAGED;
	if (sonde_reader_get32(r, at + 4) < 28)
		return SONDE_DAMAGED;
	r->n = 0;
	return sonde_reader_get16(r, at + 12) == 1 ? 0 : SONDE_UNSUPPORTED;
}

/* The next whole block, of which nothing is left in the feed. Returns as sonde_reader_next. */
static int next_block(struct sonde_reader *r, uint32_t *ret_type, struct sonde_bytes *ret_body)
{
	int k = sonde_feed_need(&r->feed, 12);
	const uint8_t *at = r->feed.at + r->feed.from;
	uint32_t len;

	if (k == 0)
		return 0;
	r->block++;
	if (k < 0)
		return k;
	*ret_type = sonde_reader_get32(r, at);
	if (*ret_type == SECTION && (k = read_section(r)) < 0)
		return k;
	len = sonde_reader_get32(r, r->feed.at + r->feed.from + 4);
	if (len < 12 || len % 4 || len > SONDE_READER_BLOCK_MOST)
		return SONDE_DAMAGED;
	k = sonde_feed_need(&r->feed, len);
	if (k < 0)
		return k;
	at = r->feed.at + r->feed.from;
	if (sonde_reader_get32(r, at + len - 4) != len)
		return SONDE_DAMAGED;
	*ret_body = (struct sonde_bytes){ at + 8, len - 12 };
	r->feed.from += len;
	return 1;
}

/* Names, statistics, secrets, custom and unknown blocks are passed over. */
int sonde_pcapng_next(struct sonde_reader *r, struct sonde_item *ret)
{
	struct sonde_bytes body;
	uint32_t type;
	int k;

	while ((k = next_block(r, &type, &body)) > 0) {
		r->remark = (struct sonde_remark){ 0 };
		r->ours = false;
		ret->is = SONDE_ITEM_FRAME;
		if (type == PACKET || type == OLD_PACKET) {
			k = read_packet(r, body, type == OLD_PACKET, &ret->frame);
		} else if (type == SIMPLE_PACKET) {
			k = read_simple(r, body, &ret->frame);
		} else if (type == JOURNAL) {
			ret->is = SONDE_ITEM_EVENT;
			k = sonde_journal_read((uint8_t *)body.at, body.len, &ret->event);
			r->ours = k > 0;
		} else {
			k = type == INTERFACE ? read_interface(r, body) : 0;
		}
		if (k)
			break;
	}
	return k;
}
