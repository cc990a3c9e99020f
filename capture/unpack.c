#include <errno.h>
#include <stdlib.h>
#ifdef SONDE_HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef SONDE_HAVE_ZSTD
#include <zstd.h>
#endif

#include "base/reason.h"
#include "capture/pack.h"

struct sonde_unpack {
	struct sonde_unpack_source source;
	/* Uses some of source and sets between; how many bytes came out goes to *ret_out. 0 or a
	 * reason. */
	int (*step)(struct sonde_unpack *u, void *out, size_t len, size_t *ret_out);
	bool between; /* no member has begun since the last one ended */
	bool full;    /* the last step filled its output: more may come out without more input */
	bool ended;   /* the source */
	int failed;
#ifdef SONDE_HAVE_ZLIB
	z_stream gzip;
#endif
#ifdef SONDE_HAVE_ZSTD
	ZSTD_DStream *zstd;
#endif
};

enum sonde_packing sonde_packing_of(const uint8_t at[4])
{
	static const uint8_t gzip[] = { 0x1f, 0x8b, 8 }, zstd[] = { 0x28, 0xb5, 0x2f, 0xfd };
	static const uint8_t skipped[] = { 0x2a, 0x4d, 0x18 }; /* behind 0x50 to 0x5f */

	if (!memcmp(at, gzip, 3))
		return SONDE_PACKING_GZIP;
	if (!memcmp(at, zstd, 4) || (at[0] >> 4 == 5 && !memcmp(at + 1, skipped, 3)))
		return SONDE_PACKING_ZSTD;
	return SONDE_PACKING_NONE;
}

enum sonde_packing sonde_packing_named(const char *name, size_t *ret_len)
{
	static const struct {
		const char *end;
		enum sonde_packing packing;
	} ends[] = { { ".gz", SONDE_PACKING_GZIP },
		     { ".zst", SONDE_PACKING_ZSTD },
		     { ".zstd", SONDE_PACKING_ZSTD } };
	size_t len = strlen(name);

	for (unsigned i = 0; i < sizeof ends / sizeof *ends; i++) {
		size_t n = strlen(ends[i].end);

		if (len <= n || strcmp(name + len - n, ends[i].end))
			continue;
		*ret_len = len - n;
		return ends[i].packing;
	}
	*ret_len = len;
	return SONDE_PACKING_NONE;
}

#ifdef SONDE_HAVE_ZLIB
static int gzip_step(struct sonde_unpack *u, void *out, size_t len, size_t *ret_out)
{
	struct sonde_unpack_source *s = &u->source;
	int k;

	/* What fills up a tape or a disk block is no member. */
	while (u->between && s->from < s->to && !s->in[s->from])
		s->from++;
	u->between &= s->from == s->to;
	u->gzip.next_in = s->in + s->from;
	u->gzip.avail_in = (uInt)(s->to - s->from);
	u->gzip.next_out = out;
	u->gzip.avail_out = (uInt)len;
	k = inflate(&u->gzip, Z_NO_FLUSH);
	s->from = s->to - u->gzip.avail_in;
	*ret_out = len - u->gzip.avail_out;
	if (k == Z_STREAM_END) {
		u->between = true;
		k = inflateReset(&u->gzip);
	}
	return k == Z_OK || k == Z_BUF_ERROR ? 0 : SONDE_DAMAGED_COMPRESSION;
}

static int gzip_open(struct sonde_unpack *u)
{
	u->step = gzip_step;
	return inflateInit2(&u->gzip, 15 + 16) == Z_OK ? 0 : -ENOMEM; /* gzip alone, any window */
}
#else
static int gzip_open(struct sonde_unpack *u)
{
	(void)u;
	return SONDE_NO_GZIP;
}
#endif

#ifdef SONDE_HAVE_ZSTD
static int zstd_step(struct sonde_unpack *u, void *out, size_t len, size_t *ret_out)
{
	struct sonde_unpack_source *s = &u->source;
	ZSTD_inBuffer from = { s->in, s->to, s->from };
	ZSTD_outBuffer to = { out, len, 0 };
	size_t k = ZSTD_decompressStream(u->zstd, &to, &from);

	u->between = k == 0 || (u->between && from.pos == s->from);
	s->from = from.pos;
	*ret_out = to.pos;
	return ZSTD_isError(k) ? SONDE_DAMAGED_COMPRESSION : 0;
}

static int zstd_open(struct sonde_unpack *u)
{
	u->step = zstd_step;
	u->zstd = ZSTD_createDStream();
	return u->zstd ? 0 : -ENOMEM;
}
#else
static int zstd_open(struct sonde_unpack *u)
{
	(void)u;
	return SONDE_NO_ZSTD;
}
#endif

int sonde_unpack_open(struct sonde_unpack **ret, enum sonde_packing packing,
		      const struct sonde_unpack_source *source)
{
	struct sonde_unpack *u = calloc(1, sizeof *u);
	int r;

	if (!u)
		return -ENOMEM;
	u->between = true;
	r = packing == SONDE_PACKING_GZIP ? gzip_open(u) : zstd_open(u);
	if (r < 0) {
		free(u);
		return r;
	}
	u->source = *source;
	*ret = u;
	return 0;
}

/* 1: there is input; 0: none will come; -errno. */
static int refill(struct sonde_unpack *u)
{
	struct sonde_unpack_source *s = &u->source;
	ssize_t got;

	if (s->from < s->to)
		return 1;
	if (u->ended)
		return 0;
	got = s->pull(s->arg, s->in, s->cap);
	if (got < 0)
		return (int)got;
	u->ended = got == 0;
	s->from = 0;
	s->to = (size_t)got;
	return got > 0;
}

ssize_t sonde_unpack_pull(void *arg, void *buf, size_t len)
{
	struct sonde_unpack *u = arg;
	size_t out = 0;

	while (!out && !u->failed) {
		int k = u->full ? 1 : refill(u);

		if (k < 0)
			return k;
		if (k == 0)
			return u->between ? 0 : SONDE_CUT;
		u->failed = u->step(u, buf, len, &out);
		u->full = out == len && !u->between;
	}
	return out ? (ssize_t)out : u->failed;
}

struct sonde_unpack *sonde_unpack_close(struct sonde_unpack *u)
{
	if (!u)
		return NULL;
#ifdef SONDE_HAVE_ZLIB
	if (u->gzip.state)
		inflateEnd(&u->gzip);
#endif
#ifdef SONDE_HAVE_ZSTD
	ZSTD_freeDStream(u->zstd);
#endif
	free(u->source.in);
	free(u);
	return NULL;
}
