#include "base/reason.h"
#include "capture/block.h"
#include "capture/savefile_inside.h"

/* draft-ietf-opsawg-pcap, in this machine's byte order; see pcap.c. */

enum {
	MICROSECONDS = 0xa1b2c3d4,
	NANOSECONDS = 0xa1b23c4d,
	FCS_TOLD = 1 << 26,
	FCS_SHIFT = 28,
	FCS_MOST = 30,
	SNAPLEN = 262144, /* where none is told, as libpcap has it */
};

/* libpcap cuts packets to the file's snaplen: it must hold for each interface there is. */
static uint32_t snaplen(const struct sonde_savefile *s)
{
	uint32_t most = s->n > 1 ? SNAPLEN : 0;

	for (uint32_t i = 0; i < s->n; i++) {
		uint32_t one = s->interface[i].snaplen ? s->interface[i].snaplen : SNAPLEN;

		most = one > most ? one : most;
	}
	return most ? most : SNAPLEN;
}

int sonde_savefile_record_begin(struct sonde_savefile *s, uint32_t interface)
{
	static const struct sonde_savefile_place none = { .link = 1, .unit = 6 };
	const struct sonde_savefile_place *i = interface < s->n ? &s->interface[interface] : &none;
	bool fcs = i->fcs && i->fcs % 2 == 0 && i->fcs <= FCS_MOST;
	uint32_t told = fcs ? FCS_TOLD | (uint32_t)(i->fcs / 2) << FCS_SHIFT : 0;
	char *o;

	if (s->begun)
		return s->text.error;
	s->begun = true;
	s->link = i->link;
	s->unit = 6;
	for (uint32_t k = 0; k < s->n; k++)
		s->unit = s->interface[k].unit > 6 ? 9 : s->unit;
	o = sonde_text_room(&s->text, 24);
	o = sonde_block_put32(o, s->unit == 9 ? NANOSECONDS : MICROSECONDS);
	o = sonde_block_put16(sonde_block_put16(o, 2), 4);
	o = sonde_block_put64(o, 0);
	o = sonde_block_put32(sonde_block_put32(o, snaplen(s)), i->link | told);
	sonde_text_end(&s->text, o);
	return s->text.error;
}

int sonde_savefile_record(struct sonde_savefile *s, uint32_t interface, sonde_ns when,
			  struct sonde_bytes byte, uint32_t wire)
{
	const struct sonde_savefile_place *i = &s->interface[interface];
	uint64_t seconds = when / SONDE_SECOND;
	uint32_t fraction = (uint32_t)(when % SONDE_SECOND);
	char *o;

	if (!s->begun)
		sonde_savefile_record_begin(s, interface);
	if (i->link != s->link)
		return SONDE_ONE_LINK;
	s->lost.times += seconds > UINT32_MAX || (s->unit == 6 && i->unit > 6 && fraction % 1000);
	seconds = seconds > UINT32_MAX ? UINT32_MAX : seconds;
	sonde_savefile_room(s, 16 + byte.len);
	o = sonde_text_room(&s->text, 16);
	o = sonde_block_put32(o, (uint32_t)seconds);
	o = sonde_block_put32(o, s->unit == 9 ? fraction : fraction / 1000);
	o = sonde_block_put32(sonde_block_put32(o, (uint32_t)byte.len), wire);
	sonde_text_end(&s->text, o);
	sonde_text_bytes(&s->text, byte.at, byte.len);
	return s->text.error;
}
