#include "capture/copy.h"

#include <errno.h>
#include <stdlib.h>

#include "base/reason.h"
#include "capture/block.h"
#include "capture/option.h"
#include "capture/order.h"
#include "capture/savefile_inside.h"
#include "capture/state.h"

struct source {
	struct sonde_copy *copy;
	struct sonde_reader *reader;
	struct sonde_listener listener;
	uint32_t *number; /* in the copy, of each interface of the section being read */
	size_t n, room;
	uint8_t *comments; /* options that wait for the next interface */
	size_t comments_len;
	struct source *next;
};

struct sonde_copy {
	struct sonde_savefile *to;
	struct source *first;
	unsigned sources;
	uint8_t *block; /* one that had to be changed */
	size_t room;
};

int sonde_copy_open(struct sonde_copy **ret, struct sonde_savefile *to)
{
	struct sonde_copy *c = calloc(1, sizeof *c);

	if (!c)
		return -ENOMEM;
	c->to = to;
	*ret = c;
	return 0;
}

static bool is_pcap(const struct sonde_copy *c)
{
	return c->to->plan.format == SONDE_SAVEFILE_PCAP;
}

/* The block, with room for more behind it, in this machine's order, its length a multiple of 4. 1,
 * 0: it cannot be had so, or -ENOMEM. */
static int own_block(struct source *s, struct sonde_bytes whole, size_t more,
		     struct sonde_bytes *ret)
{
	struct sonde_copy *c = s->copy;
	size_t body = whole.len - 4, len = ((body + 3) & ~(size_t)3) + 4;
	uint32_t told = (uint32_t)len;

	if (c->room < len + more) {
		uint8_t *block = realloc(c->block, len + more);

		if (!block)
			return -ENOMEM;
		c->block = block;
		c->room = len + more;
	}
	memcpy(c->block, whole.at, body);
	memset(c->block + body, 0, len - body);
	if (s->reader->swap && !sonde_order_turn(c->block, len))
		return 0;
	memcpy(c->block + 4, &told, 4);
	memcpy(c->block + len - 4, &told, 4);
	*ret = (struct sonde_bytes){ c->block, len };
	return 1;
}

static int put_block(struct sonde_copy *c, struct sonde_bytes block)
{
	sonde_savefile_room(c->to, block.len);
	sonde_text_bytes(&c->to->text, block.at, block.len);
	return c->to->text.error;
}

/* The block as it is, but for the number of its interface, which stands first in its body. */
static int put_numbered(struct sonde_copy *c, struct sonde_bytes block, uint32_t number,
			unsigned width)
{
	uint16_t narrow = (uint16_t)number;
	char *o;

	sonde_savefile_room(c->to, block.len);
	o = sonde_text_room(&c->to->text, 12);
	memcpy(o, block.at, 12);
	memcpy(o + 8, width == 2 ? (void *)&narrow : (void *)&number, width);
	sonde_text_end(&c->to->text, o + 12);
	sonde_text_bytes(&c->to->text, block.at + 12, block.len - 12);
	return c->to->text.error;
}

/* What may pass as it is. */
static bool is_plain(const struct source *s, struct sonde_bytes whole)
{
	return !s->reader->swap && whole.len % 4 == 0 &&
	       sonde_reader_get32(s->reader, whole.at + 4) == whole.len;
}

static int copy_plain(struct source *s, struct sonde_bytes whole)
{
	struct sonde_bytes block = whole;
	int k = is_plain(s, whole) ? 1 : own_block(s, whole, 0, &block);

	if (k == 0)
		s->copy->to->lost.others++;
	return k > 0 ? put_block(s->copy, block) : k;
}

static int remember(struct source *s, int number)
{
	if (number < 0)
		return number;
	if (s->n == s->room) {
		size_t room = s->room ? s->room * 2 : 8;
		void *more = reallocarray(s->number, room, sizeof *s->number);

		if (!more)
			return -ENOMEM;
		s->number = more;
		s->room = room;
	}
	s->number[s->n++] = (uint32_t)number;
	return 0;
}

/* Of a section that does not become one: they are put together until an interface comes. */
static int keep_comments(struct source *s, struct sonde_bytes options)
{
	struct sonde_option o;

	while (sonde_option_next(false, &options, &o) > 0) {
		uint8_t *more;

		if (o.code != SONDE_OPTION_COMMENT)
			continue;
		more = realloc(s->comments, s->comments_len + o.value.len + 8);
		if (!more)
			return -ENOMEM;
		s->comments = more;
		s->comments_len =
			(size_t)((uint8_t *)sonde_block_option((char *)more + s->comments_len,
							       o.code, o.value.at, o.value.len) -
				 more);
	}
	return 0;
}

/* The reader has not taken the header in: it may be of the other order than what was before. */
static int copy_section(struct source *s, struct sonde_bytes whole)
{
	struct sonde_savefile *to = s->copy->to;
	struct sonde_bytes block, options;
	int k = own_block(s, whole, 0, &block);

	s->n = 0;
	if (k < 0)
		return k;
	options = (struct sonde_bytes){ block.at + 24, block.len - 28 };
	if (s->copy->sources == 1 || !to->begun)
		return sonde_savefile_section(to, options);
	return keep_comments(s, options);
}

static struct sonde_savefile_place place_of(const struct sonde_interface *i)
{
	return (struct sonde_savefile_place){
		.link = i->link,
		.fcs = i->fcs,
		.unit = i->tsresol <= 9 ? i->tsresol : 9,
		.snaplen = i->snaplen,
	};
}

static int copy_interface(struct source *s, struct sonde_bytes whole)
{
	struct sonde_savefile *to = s->copy->to;
	const struct sonde_interface *told = &s->reader->interface[s->reader->n - 1].told;
	struct sonde_savefile_place place = place_of(told);
	size_t more = s->comments_len;
	struct sonde_bytes block;
	uint32_t len;
	int k = remember(s, sonde_savefile_count(to, &place));

	if (k < 0 || is_pcap(s->copy))
		return k;
	if (!more)
		return copy_plain(s, whole);
	k = own_block(s, whole, more, &block);
	if (k < 0)
		return k;
	memmove(s->copy->block + 16 + more, block.at + 16, block.len - 16);
	memcpy(s->copy->block + 16, s->comments, more);
	s->comments_len = 0;
	block.len += more;
	len = (uint32_t)block.len;
	memcpy(s->copy->block + 4, &len, 4);
	memcpy(s->copy->block + len - 4, &len, 4);
	return put_block(s->copy, block);
}

static int copy_statistics(struct source *s, struct sonde_bytes whole)
{
	struct sonde_bytes block;
	int k = own_block(s, whole, 0, &block);
	uint32_t n;

	if (k <= 0 || block.len < 24)
		return k;
	memcpy(&n, block.at + 8, 4);
	return n < s->n ? put_numbered(s->copy, block, s->number[n], 4) : 0; /* else nobody's */
}

static int lose(const struct source *s, uint32_t type, struct sonde_bytes whole)
{
	struct sonde_savefile_lost *l = &s->copy->to->lost;
	bool process = type == PCAPNG_CUSTOM && whole.len > 20 &&
		       sonde_reader_get32(s->reader, whole.at + 8) == PCAPNG_WIRESHARK;

	switch (type) {
	case PCAPNG_STATISTICS: l->statistics++; break;
	case PCAPNG_NAMES: l->names++; break;
	case PCAPNG_SECRETS: l->secrets++; break;
	default: l->processes += process; l->others += !process;
	}
	return 0;
}

static int hear(void *arg, uint32_t type, struct sonde_bytes whole)
{
	struct source *s = arg;
	struct sonde_copy *c = s->copy;

	if (s->reader->head) {
		struct sonde_savefile_place p = place_of(&s->reader->interface->told);
		struct sonde_savefile_interface i = {
			.link = p.link, .fcs = p.fcs, .unit = p.unit, .snaplen = p.snaplen
		};

		return remember(s, sonde_savefile_interface(c->to, &i));
	}
	if (type == PCAPNG_SECTION)
		return copy_section(s, whole);
	if (type == PCAPNG_INTERFACE)
		return copy_interface(s, whole);
	if (is_pcap(c))
		return lose(s, type, whole);
	if (type == PCAPNG_STATISTICS)
		return copy_statistics(s, whole);
	return type == PCAPNG_CUSTOM_PRIVATE ? 0 : copy_plain(s, whole);
}

int sonde_copy_from(struct sonde_copy *c, struct sonde_reader *r)
{
	struct source *s = calloc(1, sizeof *s), **last = &c->first;

	if (!s)
		return -ENOMEM;
	*s = (struct source){ .copy = c, .reader = r, .listener = { .hear = hear, .arg = s } };
	while (*last)
		last = &(*last)->next;
	*last = s;
	sonde_reader_listen(r, &s->listener);
	return (int)c->sources++;
}

/* As it is in the file: the item of evidence is undressed, and its clock is another. */
static struct sonde_frame raw_frame(const struct sonde_reader *r, const struct sonde_frame *frame)
{
	struct sonde_frame f = *frame;

	f.when = r->when;
	if (!r->head && r->type != PCAPNG_SIMPLE_PACKET) {
		f.byte.at = r->whole.at + 28;
		f.byte.len = sonde_reader_get32(r, r->whole.at + 20);
		f.wire = sonde_reader_get32(r, r->whole.at + 24);
	}
	return f;
}

static int copy_to_pcap(struct source *s, uint32_t number, const struct sonde_frame *f)
{
	const struct sonde_remark *m = &s->reader->remark;
	struct sonde_savefile_lost *l = &s->copy->to->lost;
	int k = sonde_savefile_record(s->copy->to, number, f->when, f->byte, f->wire);

	if (k == SONDE_ONE_LINK)
		return k;
	l->comments += m->comments;
	l->drops += m->dropped;
	l->processes += m->processes > 0;
	l->directions += f->dir != SONDE_DIR_UNKNOWN;
	l->verdicts += f->sum != SONDE_SUM_UNKNOWN || f->gso;
	return k;
}

/* A simple packet has no number: it belongs to interface 0. */
static int copy_packet(struct source *s, uint32_t number)
{
	const struct sonde_reader *r = s->reader;
	struct sonde_bytes block = r->whole;
	int k = is_plain(s, block) ? 1 : own_block(s, block, 0, &block);

	if (k < 0)
		return k;
	if (r->type == PCAPNG_PACKET)
		return put_numbered(s->copy, block, number, 4);
	if (r->type == PCAPNG_SIMPLE_PACKET)
		return put_block(s->copy, block);
	return number > UINT16_MAX ? SONDE_UNSUPPORTED : put_numbered(s->copy, block, number, 2);
}

int sonde_copy_item(struct sonde_copy *c, unsigned from, const struct sonde_item *item)
{
	struct source *s = c->first;
	const struct sonde_reader *r;
	struct sonde_frame f;
	uint32_t number;

	while (from--)
		s = s->next;
	r = s->reader;
	if (item->is == SONDE_ITEM_EVENT) {
		c->to->lost.events += is_pcap(c);
		return is_pcap(c) ? 0 : copy_plain(s, r->whole);
	}
	number = s->number[r->remark.interface];
	if (!is_pcap(c) && !r->head && (r->type != PCAPNG_SIMPLE_PACKET || number == 0))
		return copy_packet(s, number);
	f = raw_frame(r, &item->frame);
	return is_pcap(c) ? copy_to_pcap(s, number, &f)
			  : sonde_savefile_frame(c->to, number, &f, NULL);
}

struct sonde_copy *sonde_copy_close(struct sonde_copy *c)
{
	while (c && c->first) {
		struct source *s = c->first;

		c->first = s->next;
		free(s->number);
		free(s->comments);
		free(s);
	}
	if (c)
		free(c->block);
	free(c);
	return NULL;
}
