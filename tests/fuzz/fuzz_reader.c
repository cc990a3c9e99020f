/* Any bytes as a capture file: every byte that a frame or event claims is there to be read, and no
 * more comes out of a file than went in. */
#include <stdlib.h>

#include "base/reason.h"
#include "capture/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

struct input {
	const uint8_t *at;
	size_t len;
};

static ssize_t pull(void *arg, void *buf, size_t len)
{
	struct input *in = arg;

	len = len < in->len ? len : in->len;
	if (len)
		memcpy(buf, in->at, len);
	in->at += len;
	in->len -= len;
	return (ssize_t)len;
}

static volatile unsigned all; /* so that every byte is truly read */

static unsigned sum(struct sonde_bytes b)
{
	unsigned s = 0;

	for (size_t i = 0; i < b.len; i++)
		s += b.at[i];
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct input in = { at, len };
	struct sonde_reader *r;
	struct sonde_item i;
	size_t bytes = 0;
	int k;

	if (sonde_reader_open(&r, pull, &in) < 0)
		abort();
	while ((k = sonde_reader_next(r, &i)) > 0) {
		if (i.is == SONDE_ITEM_FRAME) {
			bytes += i.frame.byte.len;
			all += sum(i.frame.byte) + sum(sonde_reader_remark(r)->comment);
		} else {
			bytes += i.event.text.len + i.event.address.len;
			all += sum(i.event.text) + sum(i.event.address);
		}
		if (bytes > len)
			abort();
	}
	if (k && k != SONDE_CUT && k != SONDE_DAMAGED && k != SONDE_NOT_CAPTURE &&
	    k != SONDE_UNSUPPORTED)
		abort();
	sonde_reader_close(r);
	return 0;
}
