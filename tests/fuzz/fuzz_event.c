/* Any bytes as a journal entry: an event that comes out is the same after it has been written and
 * read once more. */
#include <stdlib.h>

#include "capture/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

enum { MOST = 40000, ROOM = 1 << 18 };

static bool same_bytes(struct sonde_bytes a, struct sonde_bytes b)
{
	return a.len == b.len && (!a.len || !memcmp(a.at, b.at, a.len));
}

static bool same(struct sonde_event a, struct sonde_event b)
{
	return same_bytes(a.text, b.text) && same_bytes(a.address, b.address) &&
	       !memcmp(&a, &b, offsetof(struct sonde_event, address));
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	static char again[ROOM];
	struct sonde_event first, second;
	struct sonde_text text;
	uint32_t size;
	uint8_t *copy;

	if (len > MOST)
		return 0;
	copy = malloc(len ? len : 1); /* exact, for ASan; reading overwrites it */
	if (!copy)
		return 0;
	memcpy(copy, at, len);
	if (sonde_journal_read(copy, len, &first) == 1 &&
	    first.address.len <= SONDE_WRITER_ADDRESS_MOST) {
		sonde_text_init(&text, again, sizeof again, NULL, NULL);
		sonde_journal_write(&text, &first, NULL, 77);
		memcpy(&size, again + 4, 4);
		if (text.error || size != text.len || size % 4 ||
		    sonde_journal_read((uint8_t *)again + 8, size - 12, &second) != 1 ||
		    !same(first, second))
			abort();
	}
	free(copy);
	return 0;
}
