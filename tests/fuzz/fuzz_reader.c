/* Any bytes as a capture file, compressed ones too: every byte that a frame, an event or a remark
 * claims is there to be read, and no more comes out of a plain file than went in. */
#include "tests/fuzz/captures.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

enum { UNPACKED_MOST = 8 << 20 }; /* some bytes of zstd are a gigabyte of zeros */

static void touch_told(struct sonde_reader *r)
{
	const struct sonde_remark *m = sonde_reader_remark(r);
	struct sonde_process p;
	struct sonde_bytes b;

	touch(m->comment);
	for (unsigned i = 0; sonde_reader_option(r, SONDE_OPTION_COMMENT, i, &b); i++)
		touch(b);
	for (unsigned i = 0; sonde_reader_process(r, i, &p); i++) {
		touch(p.name), touch(p.path), touch(p.command), touch(p.user), touch(p.uuid);
	}
	if (!sonde_reader_interface(r, m->interface))
		abort();
	for (unsigned code = 0; code < 16; code++)
		if (sonde_reader_interface_option(r, m->interface, code, 0, &b) ||
		    sonde_reader_section_option(r, code, 0, &b))
			touch(b);
}

static void hear_name(void *arg, const uint8_t *address, size_t len, struct sonde_bytes name)
{
	(void)arg;
	touch((struct sonde_bytes){ address, len });
	touch(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct input in = { at, len };
	struct sonde_reader *r = input_reader(&in);
	size_t bytes = 0;
	struct sonde_item i;
	int k;

	sonde_reader_hear_names(r, hear_name, NULL);
	while ((k = sonde_reader_next(r, &i)) > 0) {
		if (i.is == SONDE_ITEM_FRAME) {
			bytes += i.frame.byte.len;
			if (i.frame.fcs > i.frame.byte.len)
				abort();
			touch(i.frame.byte);
			touch_told(r);
		} else {
			bytes += i.event.text.len + i.event.address.len;
			touch(i.event.text);
			touch(i.event.address);
		}
		if (!sonde_reader_kind(r).compression && bytes > len)
			abort();
		if (sonde_reader_place(r).end > UNPACKED_MOST)
			break;
	}
	if (k <= 0 && !is_end(k))
		abort();
	sonde_reader_close(r);
	return 0;
}
