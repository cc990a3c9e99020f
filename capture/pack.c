#include "capture/pack.h"

#include <errno.h>
#include <stdlib.h>
#ifdef SONDE_HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef SONDE_HAVE_ZSTD
#include <zstd.h>
#endif

#include "base/reason.h"

enum { OUT = 128 << 10 };

enum when { MORE, FLUSH, END };

struct sonde_pack {
	sonde_text_sink sink;
	void *arg;
	int (*step)(struct sonde_pack *p, const char *at, size_t len, enum when when);
#ifdef SONDE_HAVE_ZLIB
	z_stream gzip;
#endif
#ifdef SONDE_HAVE_ZSTD
	ZSTD_CStream *zstd;
#endif
	char out[OUT];
};

#ifdef SONDE_HAVE_ZLIB
static int gzip_step(struct sonde_pack *p, const char *at, size_t len, enum when when)
{
	static const int flush[] = { Z_NO_FLUSH, Z_SYNC_FLUSH, Z_FINISH };
	int r = 0;

	p->gzip.next_in = (Bytef *)at;
	p->gzip.avail_in = (uInt)len;
	do {
		p->gzip.next_out = (Bytef *)p->out;
		p->gzip.avail_out = OUT;
		deflate(&p->gzip, flush[when]);
		if (p->gzip.avail_out < OUT)
			r = p->sink(p->arg, p->out, OUT - p->gzip.avail_out);
	} while (!r && !p->gzip.avail_out);
	return r;
}

/* Level 1: captures shrink nearly as much as by any other, at a third of the cost. */
static int gzip_open(struct sonde_pack *p)
{
	p->step = gzip_step;
	return deflateInit2(&p->gzip, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) ==
			       Z_OK
		       ? 0
		       : -ENOMEM;
}
#else
static int gzip_open(struct sonde_pack *p)
{
	(void)p;
	return SONDE_NO_GZIP;
}
#endif

#ifdef SONDE_HAVE_ZSTD
static int zstd_step(struct sonde_pack *p, const char *at, size_t len, enum when when)
{
	static const ZSTD_EndDirective flush[] = { ZSTD_e_continue, ZSTD_e_flush, ZSTD_e_end };
	ZSTD_inBuffer from = { at, len, 0 };
	size_t left;
	int r = 0;

	do {
		ZSTD_outBuffer to = { p->out, OUT, 0 };

		left = ZSTD_compressStream2(p->zstd, &to, &from, flush[when]);
		if (ZSTD_isError(left))
			return -ENOMEM; /* nothing else can go wrong here */
		if (to.pos)
			r = p->sink(p->arg, p->out, to.pos);
	} while (!r && (from.pos < len || (left && when != MORE)));
	return r;
}

static int zstd_open(struct sonde_pack *p)
{
	p->step = zstd_step;
	p->zstd = ZSTD_createCStream();
	if (!p->zstd)
		return -ENOMEM;
	ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_checksumFlag, 1);
	return 0;
}
#else
static int zstd_open(struct sonde_pack *p)
{
	(void)p;
	return SONDE_NO_ZSTD;
}
#endif

int sonde_pack_open(struct sonde_pack **ret, enum sonde_packing packing, sonde_text_sink sink,
		    void *arg)
{
	struct sonde_pack *p = calloc(1, sizeof *p);
	int r;

	if (!p)
		return -ENOMEM;
	p->sink = sink;
	p->arg = arg;
	r = packing == SONDE_PACKING_GZIP ? gzip_open(p) : zstd_open(p);
	if (r < 0)
		free(p);
	else
		*ret = p;
	return r;
}

int sonde_pack_sink(void *arg, const char *at, size_t len)
{
	struct sonde_pack *p = arg;

	return p->step(p, at, len, MORE);
}

int sonde_pack_flush(struct sonde_pack *p)
{
	return p->step(p, NULL, 0, FLUSH);
}

int sonde_pack_end(struct sonde_pack *p)
{
	return p->step(p, NULL, 0, END);
}

struct sonde_pack *sonde_pack_close(struct sonde_pack *p)
{
	if (!p)
		return NULL;
#ifdef SONDE_HAVE_ZLIB
	if (p->gzip.state)
		deflateEnd(&p->gzip);
#endif
#ifdef SONDE_HAVE_ZSTD
	ZSTD_freeCStream(p->zstd);
#endif
	free(p);
	return NULL;
}
