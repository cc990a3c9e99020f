/* Capture files of any kind, as evidence too: whatever comes out of the reader can be read to its
 * last byte and written again. The bytes come in pieces, as from a pipe. */
#include <stdlib.h>
#include <string.h>

#include "capture/reader.h"
#include "capture/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

struct source {
	const uint8_t *at;
	size_t len, piece;
};

static ssize_t pull(void *arg, void *buf, size_t len)
{
	struct source *s = arg;
	size_t n = s->len < s->piece ? s->len : s->piece;

	if (n > len)
		n = len;
	if (n)
		memcpy(buf, s->at, n);
	s->at += n;
	s->len -= n;
	return (ssize_t)n;
}

/* Every byte, so that one behind the end is noticed. */
static int sink(void *arg, const char *at, size_t len)
{
	unsigned *sum = arg;

	while (len--)
		*sum += (uint8_t)*at++;
	return 0;
}

static void touch(struct sonde_bytes b, unsigned *sum)
{
	sink(sum, (const char *)b.at, b.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	static char buffer[SONDE_WRITER_BUFFER_LEAST * 4];
	struct source source = { at, len, len % 7 ? 1 << 16 : 11 };
	struct sonde_reader *reader;
	struct sonde_writer writer;
	struct sonde_text text;
	struct sonde_item item;
	unsigned sum = 0;

	if (sonde_reader_open(&reader, pull, &source) < 0)
		abort();
	sonde_text_init(&text, buffer, sizeof buffer, sink, &sum);
	sonde_writer_begin(&writer, &text, 128, 1, "fuzz");
	while (sonde_reader_next(reader, &item) > 0) {
		if (item.is == SONDE_ITEM_FRAME) {
			touch(item.frame.byte, &sum);
			touch(sonde_reader_remark(reader)->comment, &sum);
			sonde_reader_interface(reader, item.frame.ifindex);
		} else {
			touch(item.event.text, &sum);
			touch(item.event.address, &sum);
		}
		sonde_writer_put(&writer, &item, NULL);
	}
	sonde_writer_end(&writer);
	sonde_reader_close(reader);
	return 0;
}
