#ifndef SONDE_CAPTURE_STATE_H
#define SONDE_CAPTURE_STATE_H

/* The inside of a reader, shared by reader.c, pcap.c and pcapng.c. */

#include "capture/reader.h"

/* Bytes from the pull function, as many in a row as a block needs. */
struct sonde_feed {
	sonde_reader_pull pull;
	void *arg;
	uint8_t *at; /* cap bytes, those in [from, to) are not used yet */
	size_t from, to, cap;
	bool ended;
};

/* 1: n bytes are at at + from. 0: the end, nothing left. SONDE_CUT: fewer are left. -errno.
 * What was used before may move away. */
int sonde_feed_need(struct sonde_feed *f, size_t n);

struct sonde_reader_interface {
	struct sonde_interface told;
	bool ours;	   /* evidence, its clock told: */
	int64_t clock;	   /* realtime minus monotonic, ns */
	uint64_t mul, div; /* file units to ns: t * mul / div, then >> shift */
	unsigned shift;
	int64_t offset; /* seconds to add (if_tsoffset) */
};

struct sonde_reader {
	struct sonde_feed feed;
	/* The format's own next, as sonde_reader_next; NULL before the first block. */
	int (*next)(struct sonde_reader *r, struct sonde_item *ret);
	int failed;
	bool swap; /* the file's byte order is not ours */
	bool ours;
	bool modified; /* pcap: 24-byte record headers */
	uint64_t block;
	struct sonde_reader_interface *interface;
	size_t n, room;
	struct sonde_remark remark;
};

int sonde_pcap_begin(struct sonde_reader *r); /* 0, or as sonde_reader_next */
int sonde_pcap_next(struct sonde_reader *r, struct sonde_item *ret);
int sonde_pcapng_next(struct sonde_reader *r, struct sonde_item *ret);

/* A new zeroed interface of microseconds at the end of the list; SONDE_DAMAGED or -ENOMEM. */
int sonde_reader_interface_add(struct sonde_reader *r, struct sonde_reader_interface **ret);

/* Nanoseconds since 1970; wraps beyond 2554. */
sonde_ns sonde_reader_time(const struct sonde_reader_interface *i, uint64_t t);

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
