#ifndef SONDE_CAPTURE_STATE_H
#define SONDE_CAPTURE_STATE_H

/* The inside of a reader, shared by what makes it up (reader.c, feed.c, pcap.c, pcapng.c) and by
 * what listens to it (copy.c, facts.c). */

#include "capture/pack.h"
#include "capture/process.h"
#include "capture/reader.h"

/* Bytes from the pull function, as many in a row as a block needs. */
struct sonde_feed {
	sonde_reader_pull pull;
	void *arg;
	uint8_t *at; /* cap bytes, those in [from, to) are not used yet */
	size_t from, to, cap;
	uint64_t before; /* bytes of the file that came before at */
	bool ended;
	struct sonde_unpack *unpack; /* NULL: the file is not compressed */
};

int sonde_feed_open(struct sonde_feed *f, sonde_reader_pull pull, void *arg);
void sonde_feed_close(struct sonde_feed *f);

/* sonde_feed_need where it has to be asked for. */
int sonde_feed_fetch(struct sonde_feed *f, size_t n);

/* 1: n bytes are at at + from. 0: the end, nothing left. SONDE_CUT: fewer are left. -errno.
 * What was used before may move away. */
static inline int sonde_feed_need(struct sonde_feed *f, size_t n)
{
	return __builtin_expect(f->to - f->from >= n, 1) ? 1 : sonde_feed_fetch(f, n);
}

/* What has not been used is compressed: from now on the feed gives what it means. */
int sonde_feed_unpack(struct sonde_feed *f, enum sonde_packing packing);

/* Options that outlive their block. */
struct sonde_options {
	uint8_t *at;
	size_t len;
};

struct sonde_reader_interface {
	struct sonde_interface told;
	struct sonde_options options;
	bool ours;	   /* evidence, its clock told: */
	int64_t clock;	   /* realtime minus monotonic, ns */
	uint64_t mul, div; /* file units to ns: t * mul / div, then >> shift */
	unsigned shift;
};

/* Hears every block of pcapng that is no item once the reader has taken it in, and a section header
 * before that, while the interfaces of the section before are still there. Of a pcap (head is not
 * 0) it hears the header. A negative answer ends the reading with it. */
struct sonde_listener {
	int (*hear)(void *arg, uint32_t type, struct sonde_bytes whole);
	void *arg;
	struct sonde_listener *next;
};

struct sonde_reader {
	struct sonde_feed feed;
	/* The format's own next, as sonde_reader_next; NULL before the first block. */
	int (*next)(struct sonde_reader *r, struct sonde_item *ret);
	int failed;
	bool swap; /* the file's byte order is not ours */
	bool ours;
	struct sonde_reader_kind kind;
	size_t head;					 /* pcap: bytes of a record's header */
	enum { STRAIGHT, MAYBE_TURNED, TURNED } lengths; /* pcap: captured comes after wire */
	uint64_t block, at, frames;
	uint32_t section;
	uint32_t type;		  /* of the block read last */
	struct sonde_bytes whole; /* the record or block read last; lives as what it gave */
	struct sonde_reader_interface *interface;
	size_t n, room;
	size_t kept; /* bytes of options kept */
	struct sonde_options options;
	struct sonde_processes processes;
	struct sonde_remark remark;
	struct sonde_bytes frame_options;
	sonde_ns when;	/* the frame's, since 1970 */
	uint8_t *entry; /* the journal entry being read */
	size_t entry_room;
	struct sonde_listener *listener;
	sonde_reader_name *hear_name; /* NULL: nobody */
	void *hear_name_arg;
};

int sonde_pcap_begin(struct sonde_reader *r); /* 0, or as sonde_reader_next */
int sonde_pcap_next(struct sonde_reader *r, struct sonde_item *ret);
int sonde_pcapng_next(struct sonde_reader *r, struct sonde_item *ret);

/* A new zeroed interface of microseconds at the end of the list; SONDE_DAMAGED or -ENOMEM. */
int sonde_reader_interface_add(struct sonde_reader *r, struct sonde_reader_interface **ret);
/* A new section: no interfaces, no processes, nothing kept. */
void sonde_reader_forget(struct sonde_reader *r);
/* 0 or -ENOMEM; beyond SONDE_READER_KEPT_MOST nothing is kept. */
int sonde_reader_keep(struct sonde_reader *r, struct sonde_options *o, struct sonde_bytes from);

void sonde_reader_listen(struct sonde_reader *r, struct sonde_listener *l);
/* The body of a name resolution block. */
void sonde_reader_names(const struct sonde_reader *r, struct sonde_bytes body);
int sonde_reader_tell(const struct sonde_reader *r);

/* if_tsresol. */
void sonde_reader_set_unit(struct sonde_reader_interface *i, uint8_t tsresol);
/* Nanoseconds since 1970; wraps beyond 2554. */
sonde_ns sonde_reader_time(const struct sonde_reader_interface *i, uint64_t t);

/* The frame's check sequence, of so many bytes on the wire, as far as it was captured. */
static inline uint8_t sonde_reader_fcs(const struct sonde_frame *f, unsigned fcs)
{
	size_t cut = f->wire > f->byte.len ? f->wire - f->byte.len : 0;
	size_t n = fcs > cut ? fcs - cut : 0;

	return (uint8_t)(n < f->byte.len ? n : f->byte.len);
}

static inline uint16_t sonde_reader_get16(const struct sonde_reader *r, const uint8_t *at)
{
	uint16_t v;

	memcpy(&v, at, 2);
	return r->swap ? __builtin_bswap16(v) : v;
}

static inline uint32_t sonde_reader_get32(const struct sonde_reader *r, const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, 4);
	return r->swap ? __builtin_bswap32(v) : v;
}

static inline uint64_t sonde_reader_get64(const struct sonde_reader *r, const uint8_t *at)
{
	uint64_t v;

	memcpy(&v, at, 8);
	return r->swap ? __builtin_bswap64(v) : v;
}

#endif
