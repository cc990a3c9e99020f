#ifndef SONDE_CAPTURE_JOURNAL_H
#define SONDE_CAPTURE_JOURNAL_H

/* An event as pcapng's journal block (type 9), whose body is a systemd journal entry in its Journal
 * Export Format: lines of NAME=value. Its fields are listed in journal.c. */

#include "base/event.h"
#include "base/text.h"
#include "capture/writer.h"

/* The whole block; clock as in sonde_writer_begin. note may be NULL. */
void sonde_journal_write(struct sonde_text *t, const struct sonde_event *e,
			 const struct sonde_writer_note *note, int64_t clock);

/* Of a block's body. 1: an event of ours, in *ret, which borrows from at; 0: somebody else's entry.
 * SONDE_DAMAGED: ours, but a value is none. SONDE_UNSUPPORTED: an event of a later sonde. The bytes
 * at at are overwritten. */
int sonde_journal_read(uint8_t *at, size_t len, struct sonde_event *ret);

#endif
