#include "capture/reader.h"
#include "base/reason.h"
#include "run/follow.h"
#include "sys/file.h"

int sonde_follow_replay(int file, const struct sonde_look *look, int report)
{
	static char buffer[256 << 10];
	struct sonde_session session;
	struct sonde_reader *reader;
	struct sonde_text text;
	struct sonde_item item;
	bool any = false;
	int r = sonde_reader_open(&reader, sonde_file_pull, &file), why = 0;

	if (r < 0)
		return r;
	sonde_text_init(&text, buffer, sizeof buffer, sonde_file_sink, &report);
	sonde_session_init(&session, look, &text, NULL);
	while ((r = sonde_reader_next(reader, &item)) > 0)
		if (sonde_reader_ours(reader)) {
			if (item.is == SONDE_ITEM_EVENT && item.event.kind == SONDE_EVENT_MEASURE) {
				r = SONDE_OTHER_RUN;
				break;
			}
			sonde_session_hear(&session, &item);
			any = true;
		}
	if (any)
		why = sonde_session_end(&session);
	else if (!r)
		r = SONDE_NOT_EVIDENCE;
	sonde_session_done(&session);
	sonde_text_flush(&text);
	sonde_reader_close(reader);
	return r < 0 ? r : why;
}
