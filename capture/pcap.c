#include "base/reason.h"
#include "capture/state.h"

/* draft-ietf-opsawg-pcap: a header of 24 bytes, then records of 16 bytes and a packet.
 *
 *   magic  major minor  reserved reserved  snaplen  linktype      time fraction caplen len
 *
 * The magic's value as the machine that wrote it saw it tells the unit of the fraction and whether
 * the record header has 8 bytes more (ifindex, protocol, packet type, padding; an old Linux patch).
 *
 * linktype: 16 bits; above them, where bit 26 is set, bits 28 to 31 are the length of the frame
 * check sequence in units of 16 bits. Whatever else is up there says nothing.
 */

enum {
	MICROSECONDS = 0xa1b2c3d4,
	NANOSECONDS = 0xa1b23c4d,
	MODIFIED = 0xa1b2cd34,
};

enum { FCS_TOLD = 1 << 26, FCS_SHIFT = 28 };

static const char *format(uint32_t magic)
{
	return magic == MICROSECONDS  ? "pcap"
	       : magic == NANOSECONDS ? "pcap with nanoseconds"
	       : magic == MODIFIED    ? "modified pcap"
				      : NULL;
}

/* libpcap's sf-pcap.c: before 2.3 the record's lengths stood the other way round, in 2.3 in the
 * files of some programs; 543 is DG/UX. */
static int read_version(struct sonde_reader *r, const uint8_t *at)
{
	unsigned major = r->kind.major = sonde_reader_get16(r, at);
	unsigned minor = r->kind.minor = sonde_reader_get16(r, at + 2);

	if (major != 2 && major != 543)
		return SONDE_UNSUPPORTED;
	r->lengths = major == 543 || minor < 3 ? TURNED : minor == 3 ? MAYBE_TURNED : STRAIGHT;
	return 0;
}

int sonde_pcap_begin(struct sonde_reader *r)
{
	struct sonde_reader_interface *i;
	const uint8_t *at = r->feed.at + r->feed.from;
	uint32_t magic = sonde_reader_get32(r, at), link;
	int k;

	if (!format(magic)) {
		r->swap = true;
		magic = sonde_reader_get32(r, at);
	}
	if (!format(magic))
		return SONDE_NOT_CAPTURE;
	r->kind.format = format(magic);
	k = sonde_feed_need(&r->feed, 24);
	if (k < 0)
		return k;
	at = r->feed.at + r->feed.from;
	k = read_version(r, at + 4);
	if (k < 0 || (k = sonde_reader_interface_add(r, &i)) < 0)
		return k;
	r->head = magic == MODIFIED ? 24 : 16;
	sonde_reader_set_unit(i, magic == NANOSECONDS ? 9 : 6);
	i->told.snaplen = sonde_reader_get32(r, at + 16);
	link = sonde_reader_get32(r, at + 20);
	i->told.link = link & 0xffff;
	if (link & FCS_TOLD)
		i->told.fcs = (uint8_t)(link >> FCS_SHIFT) * 2;
	r->feed.from += 24;
	r->whole = (struct sonde_bytes){ at, 24 };
	return sonde_reader_tell(r);
}

/* The packet type of a modified pcap is that of a cooked header. */
static uint8_t direction(uint8_t type)
{
	return type == 4 ? SONDE_DIR_OUT : type < 3 ? SONDE_DIR_IN : SONDE_DIR_UNKNOWN;
}

/* Into *f: the captured length, and the length on the wire. */
static void read_lengths(const struct sonde_reader *r, const uint8_t *at, struct sonde_frame *f)
{
	uint32_t first = sonde_reader_get32(r, at), second = sonde_reader_get32(r, at + 4);
	bool turned = r->lengths == TURNED || (r->lengths == MAYBE_TURNED && first > second);

	f->byte.len = turned ? second : first;
	f->wire = turned ? first : second;
}

int sonde_pcap_next(struct sonde_reader *r, struct sonde_item *ret)
{
	const struct sonde_reader_interface *i = r->interface;
	int k = sonde_feed_need(&r->feed, r->head);
	struct sonde_frame *f = &ret->frame;
	uint64_t fraction;
	const uint8_t *at;

	if (k == 0)
		return 0;
	r->block++;
	r->at = r->feed.before + r->feed.from;
	if (k < 0)
		return k;
	ret->is = SONDE_ITEM_FRAME;
	*f = (struct sonde_frame){ .link = i->told.link };
	read_lengths(r, r->feed.at + r->feed.from + 8, f);
	if (f->byte.len > SONDE_READER_BLOCK_MOST)
		return SONDE_DAMAGED;
	k = sonde_feed_need(&r->feed, r->head + f->byte.len);
	if (k < 0)
		return k;
	at = r->feed.at + r->feed.from;
	r->whole = (struct sonde_bytes){ at, r->head + f->byte.len };
	r->feed.from += r->whole.len;
	__builtin_prefetch(at + r->whole.len);
	fraction = sonde_reader_get32(r, at + 4) * i->mul;
	r->when = f->when = sonde_reader_get32(r, at) * SONDE_SECOND + fraction;
	r->remark.odd_time = fraction >= SONDE_SECOND;
	f->byte.at = at + r->head;
	if (r->head == 24)
		f->dir = direction(at[22]);
	if (i->told.fcs)
		f->fcs = sonde_reader_fcs(f, i->told.fcs);
	return 1;
}
