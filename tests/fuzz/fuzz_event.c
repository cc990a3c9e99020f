/* An event as a journal entry: what is understood is written again, read again, and is the same. */
#include <stdlib.h>
#include <string.h>

#include "capture/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static int keep(void *arg, const char *at, size_t len)
{
	(void)arg, (void)at, (void)len;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	static char block[1 << 20], again[1 << 20];
	uint8_t *copy = malloc(len ? len : 1); /* to the byte, so that ASan guards the end */
	struct sonde_text text;
	struct sonde_event event, same;

	if (!copy || len > 100000)
		return free(copy), 0;
	if (len)
		memcpy(copy, at, len);
	if (sonde_journal_read(copy, len, &event) == 1 && event.text.len <= SONDE_WRITER_TEXT_MOST &&
	    event.address.len <= SONDE_WRITER_ADDRESS_MOST) {
		sonde_text_init(&text, block, sizeof block, keep, NULL);
		sonde_journal_write(&text, &event, NULL, 0);
		memcpy(again, block, text.len);
		/* type and length in front, length behind */
		if (sonde_journal_read((uint8_t *)again + 8, text.len - 12, &same) != 1)
			abort();
		if (same.kind != event.kind || same.cookie != event.cookie || same.ret != event.ret ||
		    same.text.len != event.text.len || same.address.len != event.address.len)
			abort();
	}
	free(copy);
	return 0;
}
