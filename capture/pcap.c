#include "base/reason.h"
#include "capture/state.h"

/* draft-ietf-opsawg-pcap: a header of 24 bytes, then records of 16 bytes and a packet.
 *
 *   magic  major minor  reserved reserved  snaplen  linktype      time fraction caplen len
 *
 * The magic's value as the machine that wrote it saw it tells the unit of the fraction and whether
 * the record header has 8 bytes more (ifindex, protocol, packet type, padding; an old Linux patch).
 */

enum {
	MICROSECONDS = 0xa1b2c3d4,
	NANOSECONDS = 0xa1b23c4d,
	MODIFIED = 0xa1b2cd34,
};

int sonde_pcap_begin(struct sonde_reader *r)
{
	struct sonde_reader_interface *i;
	const uint8_t *at = r->feed.at + r->feed.from;
	uint32_t magic = sonde_reader_get32(r, at);
	int k;

	if (magic != MICROSECONDS && magic != NANOSECONDS && magic != MODIFIED) {
		r->swap = true;
		magic = sonde_reader_get32(r, at);
	}
	if (magic != MICROSECONDS && magic != NANOSECONDS && magic != MODIFIED)
		return SONDE_NOT_CAPTURE;
	k = sonde_feed_need(&r->feed, 24);
	if (k < 0)
		return k;
	k = sonde_reader_interface_add(r, &i);
	if (k < 0)
		return k;
	at = r->feed.at + r->feed.from;
	if (sonde_reader_get16(r, at + 4) != 2)
		return SONDE_UNSUPPORTED;
	r->modified = magic == MODIFIED;
	i->mul = magic == NANOSECONDS ? 1 : 1000;
	i->told.snaplen = sonde_reader_get32(r, at + 16);
	i->told.link = sonde_reader_get32(r, at + 20) & 0xffff; /* above: length of the checksum */
	r->feed.from += 24;
	return 0;
}

int sonde_pcap_next(struct sonde_reader *r, struct sonde_item *ret)
{
	const struct sonde_reader_interface *i = r->interface;
	size_t head = r->modified ? 24 : 16;
	int k = sonde_feed_need(&r->feed, head);
	const uint8_t *at;
	uint32_t caplen;

	if (k == 0)
		return 0;
	r->block++;
	if (k < 0)
		return k;
	caplen = sonde_reader_get32(r, r->feed.at + r->feed.from + 8);
	if (caplen > SONDE_READER_BLOCK_MOST)
		return SONDE_DAMAGED;
	k = sonde_feed_need(&r->feed, head + caplen);
	if (k < 0)
		return k;
	at = r->feed.at + r->feed.from;
	r->feed.from += head + caplen;
	*ret = (struct sonde_item){ .is = SONDE_ITEM_FRAME };
	ret->frame = (struct sonde_frame){
		.when = sonde_reader_get32(r, at) * SONDE_SECOND +
			sonde_reader_get32(r, at + 4) * i->mul,
		.byte = { at + head, caplen },
		.wire = sonde_reader_get32(r, at + 12),
		.link = i->told.link,
	};
	return 1;
}
