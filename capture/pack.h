#ifndef SONDE_CAPTURE_PACK_H
#define SONDE_CAPTURE_PACK_H

/* Compression of whole files: gzip (RFC 1952) by zlib and zstd (RFC 8878) by libzstd. Either
 * library may be missing; then opening says so. */

#include "base/text.h"
#include "capture/reader.h"

enum sonde_packing { SONDE_PACKING_NONE, SONDE_PACKING_GZIP, SONDE_PACKING_ZSTD };

/* By the first four bytes of a file. */
enum sonde_packing sonde_packing_of(const uint8_t at[4]);

/* By the end of a file's name; *ret_len is the name's length without it. */
enum sonde_packing sonde_packing_named(const char *name, size_t *ret_len);

/* Writing. SONDE_NO_GZIP, SONDE_NO_ZSTD, -ENOMEM. The sink is that of base/text.h. */
struct sonde_pack;

int sonde_pack_open(struct sonde_pack **ret, enum sonde_packing packing, sonde_text_sink sink,
		    void *arg);

/* A sonde_text_sink; arg is the struct sonde_pack. */
int sonde_pack_sink(void *arg, const char *at, size_t len);

/* Gives the sink all that is needed to read what came so far; costs compression. */
int sonde_pack_flush(struct sonde_pack *p);
/* The last bytes of the file. */
int sonde_pack_end(struct sonde_pack *p);

/* NULL is fine; returns NULL. Writes nothing. */
struct sonde_pack *sonde_pack_close(struct sonde_pack *p);

/* Reading. What is there already: in + [from, to) of cap bytes, taken over (free) on success.
 * SONDE_NO_GZIP, SONDE_NO_ZSTD, -ENOMEM. */
struct sonde_unpack;

struct sonde_unpack_source {
	sonde_reader_pull pull;
	void *arg;
	uint8_t *in;
	size_t from, to, cap;
};

int sonde_unpack_open(struct sonde_unpack **ret, enum sonde_packing packing,
		      const struct sonde_unpack_source *source);

/* A sonde_reader_pull; arg is the struct sonde_unpack. Several members or frames one after the
 * other are one file. SONDE_CUT: the source ends inside one. SONDE_DAMAGED_COMPRESSION. */
ssize_t sonde_unpack_pull(void *arg, void *buf, size_t len);

/* NULL is fine; returns NULL. */
struct sonde_unpack *sonde_unpack_close(struct sonde_unpack *u);

#endif
