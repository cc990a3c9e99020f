/* A file that claims to be evidence, all the way: reader, engine, and the report as text with
 * ladders or as JSON. What is printed is harmless to a terminal, whatever the file holds. */
#include <stdlib.h>
#include <string.h>

#include "run/session.h"
#include "tests/fuzz/captures.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static int sink(void *arg, const char *at, size_t len)
{
	(void)arg;
	for (size_t i = 0; i < len; i++)
		if ((uint8_t)at[i] < 0x20 && at[i] != '\n')
			abort();
	return 0;
}

static void report(struct input file, bool json)
{
	static char buffer[256 << 10];
	struct sonde_look look = {
		.json = json, .ladder = !json, .classes = ~0u, .style = { .width = 80, .utf8 = 1 }
	};
	struct sonde_session session;
	struct sonde_reader *reader = input_reader(&file);
	struct sonde_text text;
	struct sonde_item item;

	sonde_text_init(&text, buffer, sizeof buffer, sink, NULL);
	sonde_session_init(&session, &look, &text, NULL);
	while (sonde_reader_next(reader, &item) > 0)
		if (sonde_reader_ours(reader))
			sonde_session_hear(&session, &item);
	sonde_session_end(&session);
	sonde_session_done(&session);
	sonde_text_flush(&text);
	sonde_reader_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	report((struct input){ at, len }, false);
	report((struct input){ at, len }, true);
	return 0;
}
