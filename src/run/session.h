#ifndef SONDE_RUN_SESSION_H
#define SONDE_RUN_SESSION_H

/* What is done with the one stream of a run, whether it is happening or read back from a file: the
 * engine hears each item, the report shows it, the evidence file keeps it. Nothing else taps the
 * stream, so a replay prints what the live run printed.
 *
 *	sonde_session_init(&s, &look, &report, &writer or NULL);
 *	sonde_session_hear(&s, &item);		in the stream's order
 *	sonde_session_end(&s);
 *	sonde_session_done(&s);
 */

#include <stdbool.h>

#include "base/text.h"
#include "capture/writer.h"
#include "life/account.h"
#include "life/life.h"
#include "life/line.h"
#include "life/story.h"
#include "out/cells.h"

/* How a run is shown. */
struct sonde_look {
	bool json;	  /* records, one a line, instead of text */
	bool ladder;	  /* the ladders at the end */
	unsigned classes; /* which lines: SONDE_LINE_ bits */
	struct sonde_cells_style style;
};

struct sonde_session {
	struct sonde_look look;
	struct sonde_text *report; /* borrowed */
	struct sonde_writer *save; /* borrowed; NULL: no evidence is kept */
	struct sonde_arena arena, scratch;
	struct sonde_life life;
	struct sonde_account account;
	struct sonde_story story;
	struct sonde_line line;
	int saved; /* 0, or the code with which the evidence ended */
};

void sonde_session_init(struct sonde_session *s, const struct sonde_look *look,
			struct sonde_text *report, struct sonde_writer *save);

void sonde_session_hear(struct sonde_session *s, const struct sonde_item *item);

/* Settles the lives, prints the end of the report and ends the evidence. 0, or the reason why the
 * report is not complete. */
int sonde_session_end(struct sonde_session *s);

void sonde_session_done(struct sonde_session *s);

#endif
