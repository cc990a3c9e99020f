#ifndef SONDE_CAPTURE_COPY_H
#define SONDE_CAPTURE_COPY_H

/* What was read, written again: items of one or more readers into one file. Blocks of pcapng pass
 * as they are, with all their options; beside the packets chosen, everything that belongs to none
 * (interfaces, statistics, names, secrets, process information, comments, what is unknown) is
 * copied where it stood.
 *
 * One reader: each section becomes one. Several: all become one section, whose interfaces are
 * numbered anew; comments of the further sections go to their next interface. A section of the
 * other byte order is turned to this machine's. Custom blocks that forbid it are not copied.
 * Into a pcap go the packets; what it cannot keep is counted (sonde_savefile_lost).
 */

#include "capture/reader.h"
#include "capture/savefile.h"

struct sonde_copy;

/* to outlives the copy, and is closed by the caller. -ENOMEM. */
int sonde_copy_open(struct sonde_copy **ret, struct sonde_savefile *to);

/* Before the reader's first item, and for all readers before any first item. Its number, from 0;
 * -ENOMEM. The reader outlives the copy or is read no more. */
int sonde_copy_from(struct sonde_copy *c, struct sonde_reader *r);

/* The item, read last from this reader, goes into the file. As sonde_savefile_frame. */
int sonde_copy_item(struct sonde_copy *c, unsigned from, const struct sonde_item *item);

/* NULL is fine; returns NULL. */
struct sonde_copy *sonde_copy_close(struct sonde_copy *c);

#endif
