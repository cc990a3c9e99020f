#ifndef SONDE_RUN_REMARK_H
#define SONDE_RUN_REMARK_H

/* What a file says of a packet, as the facts beside it. */

#include "base/arena.h"
#include "base/text.h"
#include "capture/reader.h"
#include "packet/beside.h"

/* Adds to b, which has what the frame tells, what the reader tells of the frame that it gave last:
 * interface, losses, comments, processes. The texts are the arena's. */
void sonde_remark_take(struct sonde_beside *b, struct sonde_arena *a, const struct sonde_reader *r);

/* "curl[3412], nginx[7]", escaped; no name where none is known. */
void sonde_remark_put_processes(struct sonde_text *t, const struct sonde_beside *b);

/* The line below a packet for each comment and each process, with all that is known of it. */
void sonde_remark_tree(struct sonde_text *t, const struct sonde_beside *b);

/* The members frame.comments and frame.processes of JSON, each behind a comma. */
void sonde_remark_json(struct sonde_text *t, const struct sonde_beside *b);

#endif
